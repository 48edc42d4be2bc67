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

use conformance::step::Server;
use serde_json::{Value, json};

const TRANSCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/data/invenio-transcript.json"
);

fn recorded() -> Value {
    serde_json::from_slice(&std::fs::read(TRANSCRIPT).unwrap()).unwrap()
}

/// Every step that differs, with both replies.
fn compare(found: &[Value], wanted: &Value) {
    let wanted = wanted["steps"].as_array().unwrap();
    let mut differences = Vec::new();
    for (found, wanted) in found.iter().zip(wanted) {
        if found != wanted {
            differences.push(format!("said     {found}\nrecorded {wanted}\n"));
        }
    }
    assert!(
        differences.is_empty(),
        "{} of {} replies differ:\n{}",
        differences.len(),
        wanted.len(),
        differences.join("\n")
    );
    assert_eq!(
        found.len(),
        wanted.len(),
        "the list changed: record it again"
    );
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
        compare(&found, &recorded());
    }
}
