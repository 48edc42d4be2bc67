//! Real exports against `docs/session.schema.json`, judged by Python's jsonschema.
//!
//! `ENTRENAR_PYTHON` names the interpreter (default `python3`).

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::path::{Path, PathBuf};
use std::process::Command;

use entrenar::bridge::{Limits, read_file};
use entrenar::export::session_json::{Times, to_vec};
use entrenar::session::*;

fn corpus() -> PathBuf {
    std::env::var_os("ENTRENAR_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    )
}

/// A session that uses every field, with the numbers and times that JSON finds hard.
fn everything() -> EntrenarSession {
    let mut session = EntrenarSession::new("id", "name")
        .with_user("u")
        .with_config("a", "b")
        .with_tag("t")
        .with_notes("n");
    session.end();
    session.foreign_id = Some("x".into());
    session.metrics.add_loss(f64::NAN);
    for (value, time_us) in [(f64::INFINITY, i64::MAX), (-0.0, -1), (1e300, 0)] {
        session.metrics.push(
            SeriesKey {
                name: "acc".into(),
                run: Some(0),
                rank: Some(3),
            },
            Point {
                value,
                step: Some(i64::MIN),
                epoch: Some(f64::NEG_INFINITY),
                time_us: Some(time_us),
                origin: Some(Origin {
                    kind: OriginKind::Evaluated,
                    cell: 0,
                    output: 0,
                    span: 0..u32::MAX,
                    rule: "r".into(),
                }),
            },
        );
    }
    session.runs.push(TrainingRun::default());
    let cell = CodeCell {
        execution_order: 1,
        source: String::new(),
        output: None,
        timestamp: chrono::DateTime::from_timestamp(3_000_000_000_000, 5).unwrap(),
        duration_ms: Some(u64::MAX),
    };
    let record = CellRecord {
        error: Some(CellError::default()),
        outputs: vec![output::stream("stdout", "x")],
        ..CellRecord::default()
    };
    let index = session.add_recorded_cell(cell.clone(), record);
    session.add_code_cell(cell);
    session.document.cells = vec![
        DocumentCell::Code(index),
        DocumentCell::Markdown(TextCell::default()),
        DocumentCell::Raw(TextCell::default()),
    ];
    session
        .warnings
        .push(ImportWarning::new(WarningKind::Limit, Place::byte(3), "m"));
    session
}

#[test]
fn exports_are_valid_by_the_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = tempfile::tempdir().unwrap();
    let mut sessions = vec![everything(), EntrenarSession::empty("", "")];
    let mut files = Vec::new();
    for part in ["notebooks", "ruchy"] {
        let Ok(entries) = std::fs::read_dir(corpus().join(part)) else {
            println!("SKIPPED: no {part}; set ENTRENAR_CORPUS");
            continue;
        };
        files.extend(entries.map(|entry| entry.unwrap().path()));
    }
    files.sort();
    sessions.extend(
        files
            .iter()
            .filter_map(|file| Some(read_file(file, Limits::default()).ok()?.session)),
    );
    let mut paths = Vec::new();
    for (index, session) in sessions.iter().enumerate() {
        for times in [Times::Recorded, Times::All] {
            let path = folder.path().join(format!("{index}-{times:?}.json"));
            entrenar::files::write_atomic(&path, &to_vec(session, times)).unwrap();
            paths.push(path);
        }
    }
    let python = std::env::var_os("ENTRENAR_PYTHON").unwrap_or_else(|| "python3".into());
    let Ok(output) = Command::new(python)
        .arg(root.join("scripts/oracle/check_session_schema.py"))
        .arg(root.join("docs/session.schema.json"))
        .args(&paths)
        .output()
    else {
        println!("SKIPPED: no Python; set ENTRENAR_PYTHON");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    if output.status.code() == Some(77) {
        println!("SKIPPED: {said}");
        return;
    }
    println!("{said}");
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
