//! Other people's clients, unchanged but for the address, deposit at the archive of the tests:
//! what they need of InvenioRDM and Zenodo, it does as the real ones do.
//!
//! `ENTRENAR_CLIENTS_PYTHON` is a Python with all of `scripts/python/clients.txt`.
#![cfg(feature = "deposit")]

mod fake_archive;

use std::process::Command;

use fake_archive::{Behaviour, FakeArchive};

#[test]
fn other_clients_deposit_at_the_fake() {
    let Ok(python) = std::env::var("ENTRENAR_CLIENTS_PYTHON") else {
        println!("SKIPPED: other clients: ENTRENAR_CLIENTS_PYTHON is not set");
        return;
    };
    let fake = FakeArchive::start(Behaviour::default());
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../scripts/oracle/check_clients.py"
    );
    let done = Command::new(python)
        .args([script, &fake.url()])
        .args(["inveniordm-py", "rocrate-inveniordm", "zenodo-client"])
        .env("ENTRENAR_CLIENTS_TOKEN", fake_archive::TOKEN)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}\n{errors}");
    print!("{said}");
    let inside = fake.inside();
    // zenodo-client publishes a second version.
    assert_eq!(inside.published().len(), 4);
    assert!(inside.drafts().is_empty());
}
