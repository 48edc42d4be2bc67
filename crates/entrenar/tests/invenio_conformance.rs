//! One list of requests, sent to a real InvenioRDM and to the fake of the tests: both must say the same.
//!
//! `tests/data/invenio-transcript.json` is what a real InvenioRDM said, recorded by this test. It runs
//! against a server where `scripts/invenio/run.sh env` names one (`scripts/full.sh invenio`):
//!
//! * `ENTRENAR_INVENIO`: its address, with `/api`
//! * `ENTRENAR_INVENIO_TOKEN`, `…_OTHER`, `…_NOSCOPE`, `…_EXPIRED`: tokens of two users
//! * `ENTRENAR_INVENIO_VERSION`: what is recorded as the server's version
//! * `ENTRENAR_INVENIO_RECORD`: if set, the transcript is written instead of compared

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of a test"
)]

mod conformance;
#[cfg(feature = "deposit")]
mod fake_archive;

use conformance::step::Server;
use serde_json::{Value, json};

const TRANSCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/data/invenio-transcript.json"
);

fn recorded() -> Value {
    serde_json::from_slice(&std::fs::read(TRANSCRIPT).unwrap()).unwrap()
}

/// The steps that differ, each with both replies.
fn differences(found: &[Value]) -> Vec<(String, String)> {
    let recorded = recorded();
    let wanted = recorded["steps"].as_array().unwrap();
    let step = |entry: &Value| entry["step"].as_str().unwrap().to_owned();
    assert_eq!(
        found.iter().map(step).collect::<Vec<_>>(),
        wanted.iter().map(step).collect::<Vec<_>>(),
        "the list changed: record it again"
    );
    let pairs = found
        .iter()
        .zip(wanted)
        .filter(|(found, wanted)| found != wanted);
    pairs
        .map(|(found, wanted)| {
            (
                step(found),
                format!("says     {found}\nrecorded {wanted}\n"),
            )
        })
        .collect()
}

#[test]
fn a_real_server_says_what_was_recorded() {
    let Ok(base) = std::env::var("ENTRENAR_INVENIO") else {
        println!(
            "SKIPPED: a real InvenioRDM: ENTRENAR_INVENIO is not set (scripts/full.sh invenio)"
        );
        return;
    };
    let token = |suffix: &str| std::env::var(format!("ENTRENAR_INVENIO_TOKEN{suffix}")).unwrap();
    let server = Server {
        base,
        tester: token(""),
        other: token("_OTHER"),
        noscope: token("_NOSCOPE"),
        expired: token("_EXPIRED"),
    };
    let found = conformance::transcript(&server);
    if std::env::var_os("ENTRENAR_INVENIO_RECORD").is_some() {
        let version = std::env::var("ENTRENAR_INVENIO_VERSION").unwrap();
        // One line a reply.
        let lines: Vec<String> = found.iter().map(Value::to_string).collect();
        let head = json!(version);
        let text = format!(
            "{{\"server\": {head}, \"steps\": [\n{}\n]}}\n",
            lines.join(",\n")
        );
        entrenar::files::write_atomic(std::path::Path::new(TRANSCRIPT), text.as_bytes()).unwrap();
    } else {
        let differences = differences(&found);
        assert!(differences.is_empty(), "{differences:#?}");
    }
}

#[cfg(feature = "deposit")]
#[test]
fn the_fake_says_what_was_recorded() {
    use fake_archive::{Behaviour, FakeArchive};

    let fake = FakeArchive::start(Behaviour {
        empty_files: true,
        ..Behaviour::default()
    });
    let server = Server {
        base: format!("{}/api", fake.url()),
        tester: fake_archive::TOKEN.to_owned(),
        other: fake_archive::OTHER_TOKEN.to_owned(),
        noscope: fake_archive::TOKEN.to_owned(),
        expired: "anExpiredToken".to_owned(),
    };
    let found = conformance::transcript(&server);
    for (step, replies) in &differences(&found) {
        println!("{step}\n{replies}");
    }
    let steps: Vec<String> = differences(&found)
        .into_iter()
        .map(|(step, _)| step)
        .collect();
    assert!(
        steps.is_empty(),
        "{} replies differ: {steps:?}",
        steps.len()
    );
}
