//! The secret gate on a corpus of planted credentials, which `scripts/oracle/plant_secrets.py` makes
//! at run time, and on public notebooks.

#![cfg(all(feature = "ro-crate", feature = "ruchy-sessions"))]
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::NaiveDate;
use entrenar::bridge::{self, Imported, Limits};
use entrenar::preserve::{self, Parts, PreserveOptions};
use entrenar::secrets::gate::SecretGate;
use entrenar::session::{EntrenarSession, SessionChain};
use serde_json::Value;

/// The corpus, or `None` where no Python is.
fn corpus() -> Option<tempfile::TempDir> {
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/oracle/plant_secrets.py");
    let dir = tempfile::tempdir().unwrap();
    let made = Command::new("python3")
        .arg(script)
        .arg(dir.path())
        .args(["--rounds", "1", "--seed", "7"])
        .output();
    match made {
        Ok(made) => {
            let error = String::from_utf8_lossy(&made.stderr);
            assert!(made.status.success(), "{error}");
            Some(dir)
        }
        Err(error) => {
            println!("SKIPPED: python3 makes the planted corpus: {error}");
            None
        }
    }
}

fn notebooks(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "ipynb"))
        .collect();
    files.sort();
    files
}

fn read(path: &Path) -> Imported {
    bridge::read_file(path, Limits::default()).unwrap()
}

/// Fingerprints of what blocks in a session and in its document.
fn blocking(read: &Imported) -> BTreeSet<String> {
    let gate = SecretGate::new();
    let mut check = gate.check();
    check.session(&read.session);
    check.bytes("source", &read.source);
    let report = check.finish();
    let found = report.blocking().map(|one| one.fingerprint.to_string());
    found.collect()
}

fn truth(dir: &Path) -> Vec<(String, String, String, String)> {
    let bytes = fs::read(dir.join("truth.json")).unwrap();
    let list: Vec<Value> = serde_json::from_slice(&bytes).unwrap();
    let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    list.iter()
        .map(|one| {
            let what = format!("{} {}", text(one, "family"), text(one, "form"));
            let print = text(one, "fingerprint");
            (text(one, "file"), what, print, text(one, "secret"))
        })
        .collect()
}

#[test]
fn planted_credentials_are_found_and_clean_notebooks_pass() {
    let Some(dir) = corpus() else { return };
    let truth = truth(dir.path());
    assert!(truth.len() > 900, "{}", truth.len());
    let mut missed = Vec::new();
    for path in notebooks(&dir.path().join("planted")) {
        let found = blocking(&read(&path));
        let name = path.file_name().unwrap().to_str().unwrap();
        for (_, what, print, _) in truth.iter().filter(|one| one.0 == name) {
            if !found.contains(print) {
                missed.push(what.as_str());
            }
        }
    }
    assert!(
        missed.len() * 100 <= truth.len(),
        "{} of {}: {missed:?}",
        missed.len(),
        truth.len()
    );
    for path in notebooks(&dir.path().join("clean")) {
        assert_eq!(blocking(&read(&path)), BTreeSet::new(), "{path:?}");
    }
}

#[test]
fn public_notebooks_pass() {
    let folder = match std::env::var_os("ENTRENAR_CORPUS") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
    }
    .join("notebooks");
    if !folder.is_dir() {
        println!(
            "SKIPPED: no folder of public notebooks at {}",
            folder.display()
        );
        return;
    }
    let files = notebooks(&folder);
    let blocked: Vec<_> = files
        .iter()
        .filter(|path| {
            let read = bridge::read_file(path, Limits::default());
            read.is_ok_and(|read| !blocking(&read).is_empty())
        })
        .collect();
    assert!(!files.is_empty());
    assert!(blocked.len() * 100 <= files.len(), "{blocked:?}");
}

#[test]
fn a_redacted_copy_holds_nothing_of_it_and_is_whole() {
    let Some(dir) = corpus() else { return };
    let truth = truth(dir.path());
    let files = notebooks(&dir.path().join("planted"));
    for path in files.iter().step_by(6) {
        let Imported {
            session, source, ..
        } = read(path);
        let options = PreserveOptions {
            date: NaiveDate::from_ymd_opt(2026, 11, 22),
            ..PreserveOptions::default()
        };
        let artifact = preserve::describe(&session, &options);
        let chain = SessionChain::of_import(&session);
        let parts = Parts {
            source: Some(&source),
            chain: Some(&chain),
            ..Parts::default()
        };
        let gate = SecretGate::new();
        let gated = preserve::gate::build(&session, &artifact, &parts, &gate, true).unwrap();
        let left: Vec<_> = gated.report.blocking().collect();
        assert!(!gated.report.blocks(), "{path:?}: {left:?}");
        assert!(!gated.redactions.is_empty());
        let name = path.file_name().unwrap().to_str().unwrap();
        let complete = gated.folder.complete().unwrap();
        for (file, bytes) in &complete {
            let text = String::from_utf8_lossy(bytes);
            for (_, what, _, secret) in truth.iter().filter(|one| one.0 == name) {
                assert!(
                    !text.contains(secret.as_str()),
                    "{what} in {file} of {name}"
                );
            }
        }
        // The copy is as good as any: its document is the one it names, its chain ends with it.
        let copy: &EntrenarSession = gated.session.as_ref().unwrap();
        let document = complete
            .iter()
            .find(|(path, _)| path.starts_with("source/"))
            .unwrap();
        assert!(
            serde_json::from_slice::<Value>(document.1).is_ok(),
            "{name}"
        );
        assert_eq!(
            copy.source.as_ref().unwrap().sha256,
            entrenar::session::Sha256Hash::of(document.1)
        );
        let chain = SessionChain::parse(&copy.id, &complete["events.jsonl"]).unwrap();
        assert_eq!(chain.differences(copy), []);
        assert_eq!(chain.events().last().unwrap().kind, "redact");
        assert_eq!(copy.metrics.point_count(), session.metrics.point_count());
    }
}
