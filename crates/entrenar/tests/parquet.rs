//! Parquet read back by pyarrow (tried with 26.0.1): `ENTRENAR_TABLES_PYTHON` names its Python.
#![cfg(feature = "parquet")]
#![expect(
    clippy::disallowed_methods,
    reason = "a torn file is no loss to a test"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use entrenar::export::parquet;
use entrenar::session::{EntrenarSession, SeriesKey, number};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::json;

mod store_sessions;

/// All points, a JSON object a line, times in microseconds.
fn points(session: &EntrenarSession) -> String {
    let mut out = String::new();
    for series in session.metrics.series() {
        let SeriesKey { name, run, rank } = series.key();
        for point in series.points() {
            let line = json!({
                "name": name, "run": run, "rank": rank, "step": point.step,
                "epoch": point.epoch.map(number::to_json), "time": point.time_us,
                "value": number::to_json(point.value),
            });
            out.push_str(&format!("{line}\n"));
        }
    }
    out
}

#[test]
fn pyarrow_reads_what_was_written() {
    let Some(python) = std::env::var_os("ENTRENAR_TABLES_PYTHON") else {
        println!("SKIPPED: pyarrow: ENTRENAR_TABLES_PYTHON is not set");
        return;
    };
    let root = tempfile::tempdir().unwrap();
    let mut runner = TestRunner::deterministic();
    let mut sessions = vec![EntrenarSession::empty("empty", "")];
    for _ in 0..100 {
        sessions.push(
            store_sessions::session()
                .new_tree(&mut runner)
                .unwrap()
                .current(),
        );
    }
    let mut long = EntrenarSession::empty("long", "");
    for step in 0..50_000_i32 {
        long.metrics
            .log(i64::from(step), "loss", 1.0 / f64::from(step));
    }
    sessions.push(long);
    let mut folders = Vec::new();
    for (number, session) in sessions.iter().enumerate() {
        let folder = root.path().join(number.to_string());
        fs::create_dir(&folder).unwrap();
        fs::write(
            folder.join("metrics.parquet"),
            parquet::metrics(session).unwrap(),
        )
        .unwrap();
        fs::write(folder.join("points.jsonl"), points(session)).unwrap();
        folders.push(folder);
    }
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/oracle/check_parquet.py");
    let done = Command::new(python)
        .arg(script)
        .args(&folders)
        .output()
        .unwrap();
    println!("{}", String::from_utf8_lossy(&done.stdout));
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

#[test]
fn the_same_session_gives_the_same_bytes() {
    let mut session = EntrenarSession::empty("s", "S");
    session.metrics.log(i64::MIN, "loss", f64::NAN);
    session.metrics.add_custom("a", 0.5);
    let bytes = parquet::metrics(&session).unwrap();
    assert_eq!(parquet::metrics(&session).unwrap(), bytes);
    // A change of these bytes is a change of published checksums.
    insta::assert_snapshot!(entrenar::session::Sha256Hash::of(&bytes).to_string());
}
