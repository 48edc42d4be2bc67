//! Recordings that real Ruchy wrote, and what each must become.

#![cfg(feature = "ruchy-sessions")]
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use entrenar::bridge::{self, Limits};
use entrenar::ecosystem::{EntrenarSession, RuchySession};
use entrenar::session::{OriginKind, SeriesKey, TimeSource, WarningKind, output};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/ruchy")
        .join(name)
}

fn read(name: &str) -> EntrenarSession {
    bridge::read_file(&path(name), Limits::default())
        .unwrap()
        .session
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn values(session: &EntrenarSession, name: &str) -> Vec<f64> {
    let series = session.metrics.get(&SeriesKey::named(name)).unwrap();
    series.values().to_vec()
}

/// Ruchy 4.2.1, library recorder: the recording that a training leaves.
#[test]
fn ruchy_421_recorder_training() {
    let session = read("lib421_rec_train_gd.replay");
    assert_eq!(session.name, "lib421_rec_train_gd");
    assert_eq!(session.foreign_id.unwrap(), "ruchy-session-1795343018");
    assert_eq!((session.user, session.notes), (None, None));
    assert_eq!(session.tags, ["interactive"]);
    assert_eq!(
        session.started_at.unwrap(),
        time("2026-11-22T10:23:38.473489488Z")
    );
    // The last event is the input `:quit`.
    assert_eq!(
        session.ended_at.unwrap(),
        time("2026-11-22T10:23:46.288779897Z")
    );
    assert!(session.derived["ended_at"].contains("last event"));
    assert_eq!(session.derived["name"], "the file's name");
    // Its loop prints, and the recorder keeps nothing of that.
    let [warning] = &session.warnings[..] else {
        panic!("{:?}", session.warnings);
    };
    assert_eq!(warning.kind, WarningKind::Missing);
    assert_eq!(warning.place.path.as_deref(), Some("cells[10]"));
    assert!(warning.message.contains("does not hold what was printed"));
    assert_eq!(
        session.document.metadata["environment"]["seed"],
        2_141_822_392_479_315_436_u64
    );

    assert_eq!(session.code_history.len(), 18);
    let training = &session.code_history[10];
    assert!(training.source.starts_with("for epoch in 1..21 {"));
    assert_eq!(training.execution_order, 11);
    assert_eq!(training.timestamp, time("2026-11-22T10:23:43.404642457Z"));
    // 4_944_629_647 - 4_931_152_969 ns
    assert_eq!(training.duration_ms, Some(13));
    assert_eq!(training.output, None);
    let record = &session.cell_records[10];
    assert_eq!(record.time_source, TimeSource::Recorded);
    assert_eq!(record.mode.as_deref(), Some("Interactive"));
    assert_eq!(record.id.as_deref(), Some("21"));
    assert_eq!(
        record.ended_at.unwrap(),
        time("2026-11-22T10:23:43.418119135Z")
    );
}

/// Ruchy 4.2.1, library recorder: `losses` is the only series; `w`, `b`, `lr`, the definitions,
/// the call of `mse` and `:history` give no points.
#[test]
fn ruchy_421_recorder_evaluated_losses() {
    let session = read("lib421_rec_train_gd.replay");
    let names: Vec<_> = session.metrics.series().iter().map(|s| s.name()).collect();
    assert_eq!(names, ["losses"]);
    assert_eq!(session.metrics.total_steps(), 20);
    assert_eq!(session.metrics.best_loss(), Some(0.038_133_380_340_493_836));
    let series = &session.metrics.series()[0];
    assert_eq!(series.values()[..1], [1.158_671_874_999_999_6]);
    for point in series.points() {
        assert_eq!((point.step, point.epoch, point.time_us), (None, None, None));
        let origin = point.origin.unwrap();
        assert_eq!(origin.kind, OriginKind::Evaluated);
        assert_eq!(
            (origin.cell, origin.output, &*origin.rule),
            (11, 0, "ruchy-list")
        );
        let shown = output::plain_text(&session.cell_records[11].outputs[0]).unwrap();
        let span = origin.span.start as usize..origin.span.end as usize;
        assert_eq!(shown[span].parse(), Ok(point.value));
    }
}

/// Ruchy 4.2.1, library recorder: a bracketed paste is one input of several lines.
#[test]
fn ruchy_421_recorder_bracketed_paste() {
    let session = read("lib421_rec_train_bracketed_paste.replay");
    assert_eq!(session.code_history.len(), 8);
    let function = &session.code_history[3];
    assert_eq!(function.source.lines().count(), 10);
    assert_eq!(function.output.as_deref(), Some("<function>"));
    assert_eq!(
        values(&session, "losses"),
        [
            29.905_000_000_000_005,
            20.755_000_000_000_003,
            13.275_000_000_000_004,
            7.465_000_000_000_002_5,
            3.325_000_000_000_001
        ]
    );
    assert_eq!(session.metrics.point_count(), 5);
}

/// Ruchy 4.2.1, library recorder: `:env` shows every variable, and gives no points.
#[test]
fn ruchy_421_recorder_commands_give_no_points() {
    let session = read("lib421_rec_train_oneline.replay");
    let environment = &session.code_history[8];
    assert_eq!(environment.source, ":env");
    let shown = environment.output.as_deref().unwrap();
    assert!(shown.starts_with("=== REPL Environment ===\n\nMode: Normal\n"));
    assert!(shown.contains("ys: Array = [3.1, 4.9, 7.2, 8.8]"));
    assert!(session.metrics.is_empty());
}

/// Ruchy 4.2.1, library recorder: cells that failed are kept with their errors.
#[test]
fn ruchy_421_recorder_errors() {
    let session = read("lib421_rec_errors.replay");
    let failed: Vec<_> = session
        .cells()
        .filter_map(|(cell, record)| Some((&*cell.source, record?.error.as_ref()?)))
        .map(|(source, error)| (source, &*error.message))
        .collect();
    assert_eq!(
        failed,
        [
            ("x / 0", "Evaluation error: Division by zero"),
            (
                "undefined_variable",
                "Evaluation error: Runtime error: Undefined variable: undefined_variable"
            ),
            (
                "let y = ",
                "Evaluation error: Unexpected end of input - expected expression"
            ),
            (
                "fun broken( {",
                "Evaluation error: Expected identifier or '..' in struct pattern"
            ),
            (
                "[1,2,3][10]",
                "Evaluation error: Runtime error: Index 10 out of bounds for array of length 3"
            ),
        ]
    );
    let (cell, record) = session.cells().nth(1).unwrap();
    assert_eq!(record.unwrap().outputs[0]["output_type"], "error");
    assert_eq!(
        cell.output.as_deref(),
        Some("Evaluation error: Division by zero")
    );
    assert_eq!(session.code_history[6].output.as_deref(), Some("\"10a\""));
    assert_eq!(session.code_history.len(), 11);
    assert!(session.metrics.is_empty());
}

/// A program that calls `SessionRecorder` of Ruchy 4.2.1: values are Rust's Debug forms, nothing
/// is `"Unit"`, the mode is `Script`, the seed needs all 64 bits.
#[test]
fn ruchy_421_library_debug_values() {
    let recording = RuchySession::from_path(path("lib421_apihost.replay")).unwrap();
    assert_eq!(recording.environment.seed, Some(17_265_209_136_325_935_606));
    assert_eq!(
        recording.environment.resource_limits.unwrap().stack_kb,
        8192
    );
    let session = EntrenarSession::from(recording);
    assert_eq!(session, read("lib421_apihost.replay"));
    assert_eq!(values(&session, "losses"), [1.0, 0.5, 1.0 / 3.0]);
    assert_eq!(session.metrics.point_count(), 3);
    assert_eq!(
        session.cell_records[2].outputs,
        [] as [serde_json::Value; 0]
    );
    assert_eq!(session.code_history[8].source, r#""a\"b\n""#);
    assert_eq!(session.code_history[8].output.as_deref(), Some("a\"b\n"));
    assert!(
        session
            .cells()
            .all(|(_, r)| r.unwrap().mode.as_deref() == Some("Script"))
    );
}

/// All kinds of events, as the types of Ruchy 4.2.1 serialise them, with times that go back.
#[test]
fn ruchy_421_all_event_kinds() {
    let recording =
        RuchySession::from_path(path("lib421_synthetic_all_event_kinds.replay")).unwrap();
    assert_eq!(recording.cells[0].stdout, b"hi\n");
    let kinds: Vec<_> = recording.events.iter().map(|event| &*event.kind).collect();
    assert_eq!(kinds, ["StateChange", "ResourceUsage"]);
    assert_eq!(recording.events[0].causality, [1]);
    assert_eq!(recording.checkpoints["1"]["resource_usage"]["cpu_ns"], 3);

    let session = EntrenarSession::from(recording);
    assert_eq!(session.code_history[0].output.as_deref(), Some("hi\n"));
    assert_eq!(session.cell_records[0].mode.as_deref(), Some("File"));
    let event = &session.cell_records[0].metadata["events"][0];
    assert_eq!(
        event["event"]["StateChange"]["bindings_delta"]["a"],
        "Integer(1)"
    );
    assert_eq!(
        session.document.metadata["checkpoints"]["1"]["state_hash"],
        "h"
    );
    assert_eq!(session.code_history[0].duration_ms, None);
    let kinds: Vec<_> = session
        .warnings
        .iter()
        .map(|warning| warning.kind)
        .collect();
    assert_eq!(kinds, [WarningKind::Time, WarningKind::Time]);
}

/// Ruchy 1.30.1, command line: strings of any script, values with quotes and tabs in them.
#[test]
fn ruchy_1301_unicode() {
    let session = read("cli1301_unicode.replay");
    assert_eq!(
        session.document.metadata["metadata"]["ruchy_version"],
        "1.30.1"
    );
    assert_eq!(
        session.code_history[0].output.as_deref(),
        Some("\"Ünïcödé 学習 🚀\"")
    );
    assert_eq!(
        session.code_history[5].output.as_deref(),
        Some("\"tab\tquote\"backslash\\newline\n\"")
    );
    let error = session.cell_records[2].error.as_ref().unwrap();
    assert_eq!(error.message, "Failed to parse input");
    assert_eq!(session.document.metadata["environment"]["seed"], 0);
}

/// Ruchy 1.30.1, command line: each line of a multi-line input is recorded by itself, then an
/// empty one; a cell begins to run when the empty line was entered.
#[test]
fn ruchy_1301_lines_of_a_multi_line_input() {
    let session = read("cli1301_train_multiline.replay");
    assert_eq!(session.code_history.len(), 13);
    let function = &session.code_history[1];
    assert_eq!(
        function.source,
        "fun mse(w, b) {\n    let e = w * 2.0 + b - 5.0\n    e * e\n}"
    );
    assert_eq!(function.output.as_deref(), Some("fn mse(w, b)"));
    let record = &session.cell_records[1];
    assert_eq!(record.mode.as_deref(), Some("Interactive"));
    let recording = RuchySession::from_path(path("cli1301_train_multiline.replay")).unwrap();
    let last_line = recording.cells[1].start_ns.unwrap();
    assert!(recording.cells[0].end_ns.unwrap() < last_line);
    assert!(last_line < recording.cells[1].end_ns.unwrap());
    assert_eq!(recording.time_at(last_line), Some(function.timestamp));

    assert_eq!(
        values(&session, "losses"),
        [
            10.240_000_000_000_002,
            5.76,
            2.559_999_999_999_998_7,
            0.639_999_999_999_999_7,
            0.0
        ]
    );
    assert_eq!(values(&session, "history.accuracy"), [0.5, 0.75]);
    let names: Vec<_> = session.metrics.series().iter().map(|s| s.name()).collect();
    assert_eq!(names, ["losses", "history.accuracy", "history.loss"]);
    assert_eq!(session.metrics.total_steps(), 5);
}

/// Ruchy 1.30.1, command line: a multi-line input that was never ended swallows `:quit`.
#[test]
fn ruchy_1301_input_that_was_never_ended() {
    let session = read("cli1301_unterminated.replay");
    let (cell, record) = session.cells().last().unwrap();
    assert_eq!(cell.source, "fun broken(a) {\n    a + 1\n:quit");
    assert_eq!((cell.duration_ms, &cell.output), (None, &None));
    assert_eq!(record.unwrap().error, None, "nothing tells that it failed");
    let errors = session
        .cell_records
        .iter()
        .filter(|record| record.error.is_some());
    assert_eq!(errors.count(), 2);
}

/// Sessions in which nothing ran, by Ruchy 1.30.1 and 4.2.1: left with Ctrl-D or `:quit`.
#[test]
fn sessions_in_which_nothing_ran() {
    for program in ["cli1301", "lib421_rec"] {
        let session = read(&format!("{program}_empty_ctrld.replay"));
        assert_eq!(session.code_history, []);
        assert!(session.started_at.is_some());
        assert_eq!(session.ended_at, None, "no event tells when it ended");

        let session = read(&format!("{program}_empty_quit.replay"));
        assert_eq!(session.code_history.len(), 1);
        assert_eq!(session.code_history[0].source, ":quit");
        assert_eq!(session.code_history[0].duration_ms, None);
        assert_eq!(
            session.cell_records[0].outputs,
            [] as [serde_json::Value; 0]
        );
    }
}

/// Ruchy 1.30.1 and 4.2.1: Ctrl-C and Ctrl-D leave no event.
#[test]
fn interrupted_sessions() {
    for name in [
        "cli1301_ctrlc",
        "cli1301_ctrld",
        "lib421_rec_ctrlc",
        "lib421_rec_ctrld",
    ] {
        let session = read(&format!("{name}.replay"));
        assert_eq!(session.code_history[0].source, "let a = 1", "{name}");
        assert_eq!(session.warnings, [], "{name}");
        assert!(session.metrics.is_empty(), "{name}");
    }
}

/// All recordings keep their ids apart, though some share the `session_id`'s second.
#[test]
fn ids_are_made_of_the_content() {
    let folder = path("");
    let mut ids = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "replay") {
            ids.push(
                bridge::read_file(&path, Limits::default())
                    .unwrap()
                    .session
                    .id,
            );
        }
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count);
    assert!(count >= 15, "{count}");
}
