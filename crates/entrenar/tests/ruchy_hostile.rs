//! Recordings that are damaged, odd or hostile.

#![cfg(feature = "ruchy-sessions")]
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::path::PathBuf;

use entrenar::bridge::{self, BridgeError, Limits, SourceContext};
use entrenar::session::{EntrenarSession, TimeSource, WarningKind};
use proptest::prelude::*;
use serde_json::{Value, json};

fn real(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/ruchy");
    std::fs::read(folder.join(name)).unwrap()
}

fn try_read(bytes: &[u8]) -> Result<EntrenarSession, BridgeError> {
    bridge::read(bytes, &SourceContext::default())
}

fn read(recording: &Value) -> EntrenarSession {
    try_read(recording.to_string().as_bytes()).unwrap()
}

/// A recording of one cell in the shape that Ruchy 4.2.1 writes.
fn recording() -> Value {
    json!({
        "version": {"major": 1, "minor": 0, "patch": 0},
        "metadata": {"session_id": "s", "created_at": "2026-01-01T00:00:00Z", "ruchy_version": "4.2.1",
            "student_id": null, "assignment_id": null, "tags": []},
        "environment": {"seed": u64::MAX, "feature_flags": [],
            "resource_limits": {"heap_mb": 100, "stack_kb": 8192, "cpu_ms": 5000}},
        "timeline": [
            {"id": 1, "timestamp_ns": 1_000_000, "event": {"Input": {"text": "losses", "mode": "Interactive"}}, "causality": []},
            {"id": 2, "timestamp_ns": 3_500_000, "event": {"Output": {"result": {"Success": {"value": "String(\"[0.5, 0.25]\")"}},
                "stdout": [], "stderr": []}}, "causality": []},
        ],
        "checkpoints": {},
    })
}

fn warnings(session: &EntrenarSession) -> Vec<(WarningKind, &str)> {
    session
        .warnings
        .iter()
        .map(|warning| (warning.kind, warning.place.path.as_deref().unwrap_or("")))
        .collect()
}

#[test]
fn the_recording_of_these_tests_is_whole() {
    let session = read(&recording());
    assert_eq!(session.warnings, []);
    assert_eq!(session.code_history[0].duration_ms, Some(2));
    assert_eq!(session.metrics.total_steps(), 2);
}

/// A recording of Ruchy 4.2.1 cut off at every byte: an error with its place, or the whole events
/// with a warning.
#[test]
fn cut_off_at_every_byte() {
    let bytes = real("lib421_rec_errors.replay");
    let whole = try_read(&bytes).unwrap();
    let mut most = 0;
    for end in 0..bytes.len() {
        match try_read(&bytes[..end]) {
            Ok(session) => {
                let cells = session.code_history.len();
                assert!(cells >= most, "{end}");
                most = cells;
                let mut found = warnings(&session);
                // One of its inputs prints.
                found.retain(|(_, place)| *place != "cells[7]");
                assert_eq!(found, [(WarningKind::Missing, "")], "{end}");
                assert_eq!(session.warnings[0].place.byte, u64::try_from(end).ok());
                for (cell, whole) in session.code_history.iter().zip(&whole.code_history) {
                    assert_eq!(cell.source, whole.source);
                    assert!(cell.output.is_none() || cell.output == whole.output);
                }
            }
            Err(BridgeError::Json { position, .. }) => assert_eq!(position.byte, end),
            Err(BridgeError::Empty) => assert_eq!(end, 0),
            Err(other) => panic!("{end}: {other}"),
        }
    }
    assert_eq!(most, whole.code_history.len());
}

#[test]
fn malformed_json_is_an_error_with_its_place() {
    let bytes = real("lib421_rec_errors.replay");
    let text = String::from_utf8(bytes).unwrap();
    let at = text.find("\"x / 0\"").unwrap();
    let mut broken = text.clone();
    broken.replace_range(at..=at, "?");
    let Err(BridgeError::Json { position, .. }) = try_read(broken.as_bytes()) else {
        panic!("read");
    };
    assert_eq!(position.byte, at);
    assert_eq!(position.line, text[..at].lines().count());
    let marked = [b"\xEF\xBB\xBF", broken.as_bytes()].concat();
    let Err(BridgeError::Json { position, .. }) = try_read(&marked) else {
        panic!("read");
    };
    assert_eq!(position.byte, at + 3);
}

/// The placeholder that Ruchy's repository once held in place of a recording.
#[test]
fn a_placeholder_is_an_error() {
    let context = SourceContext {
        name: Some("basic-math.replay".into()),
        ..SourceContext::default()
    };
    let error = bridge::read(
        b"# This is a placeholder file - will be replaced with actual recorded session\n",
        &context,
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("# This is a placeholder"),
        "{error}"
    );
}

#[test]
fn a_recording_without_a_timeline_of_events_is_an_error() {
    let mut odd = recording();
    odd["timeline"] = json!({});
    let error = try_read(odd.to_string().as_bytes()).unwrap_err();
    assert!(error.to_string().starts_with("timeline: "), "{error}");
}

#[test]
fn too_many_cells_are_an_error_with_its_place() {
    let within = |max_values| SourceContext {
        limits: Limits {
            max_values,
            ..Limits::default()
        },
        ..SourceContext::default()
    };
    // Two events are one cell.
    let mut bytes = recording().to_string();
    assert!(bridge::read(bytes.as_bytes(), &within(8)).is_ok());
    bytes = bytes.replace("\"Output\"", "\"Other\"");
    let error = bridge::read(bytes.as_bytes(), &within(8)).unwrap_err();
    let BridgeError::TooManyCells { position, .. } = error else {
        panic!("{error}");
    };
    assert!(bytes[position.byte..].starts_with("{\"id\":2"));
}

#[test]
fn values_beyond_the_limit_are_kept_as_text() {
    let mut odd = recording();
    odd["timeline"][1] = json!({"id": 2, "timestamp_ns": 2, "event": {"StateChange": {
        "bindings_delta": {"x": vec![0; 100]}, "state_hash": "h", "partial": false}}, "causality": []});
    odd["checkpoints"] = json!({"1": vec![0; 1000]});
    let context = SourceContext {
        limits: Limits {
            max_values: 200,
            ..Limits::default()
        },
        ..SourceContext::default()
    };
    let session = bridge::read(odd.to_string().as_bytes(), &context).unwrap();
    let state = &session.document.metadata["checkpoints"]["1"];
    assert_eq!(state.as_str().unwrap().len(), 2001);
    let limits = session
        .warnings
        .iter()
        .filter(|w| w.kind == WarningKind::Limit);
    assert_eq!(limits.count(), 1);
}

#[test]
fn an_audit_entry_with_too_many_values_is_an_error_before_it_takes_memory() {
    let entry = json!({"path": {"command": "x", "sequence": 1}, "sequence": 1, "x": vec![0; 100]});
    let context = SourceContext {
        limits: Limits {
            max_values: 100,
            ..Limits::default()
        },
        ..SourceContext::default()
    };
    let error = bridge::read(entry.to_string().as_bytes(), &context).unwrap_err();
    assert!(
        matches!(error, BridgeError::TooManyValues { .. }),
        "{error}"
    );
}

#[test]
fn times_that_cannot_be_are_warned_of_and_kept() {
    for created_at in [
        "0000-01-01T00:00:00Z",
        "99999-01-01T00:00:00Z",
        "yesterday",
        "",
    ] {
        let mut odd = recording();
        odd["metadata"]["created_at"] = json!(created_at);
        let session = read(&odd);
        assert_eq!(
            warnings(&session),
            [(WarningKind::Time, "metadata.created_at")]
        );
        assert_eq!(
            session.document.metadata["metadata"]["created_at"],
            created_at
        );
        assert_eq!((session.started_at, session.ended_at), (None, None));
        assert_eq!(session.cell_records[0].time_source, TimeSource::Derived);
        // How long a cell ran needs no wall clock.
        assert_eq!(session.code_history[0].duration_ms, Some(2));
        assert_eq!(session.metrics.total_steps(), 2);
    }
}

#[test]
fn enormous_times_do_not_overflow() {
    let mut odd = recording();
    odd["timeline"][1]["timestamp_ns"] = json!(u64::MAX);
    let session = read(&odd);
    assert_eq!(
        session.ended_at.unwrap().to_rfc3339(),
        "2610-07-22T23:34:33.709551615+00:00"
    );
    assert_eq!(
        session.code_history[0].duration_ms,
        Some(18_446_744_073_708)
    );

    odd["metadata"]["created_at"] = json!("9999-12-31T23:59:59Z");
    odd["timeline"][0]["timestamp_ns"] = json!(2_000_000_000_u64);
    let session = read(&odd);
    assert_eq!(session.ended_at, None);
    assert_eq!(session.cell_records[0].time_source, TimeSource::Derived);
}

#[test]
fn times_that_go_back_are_warned_of() {
    let mut odd = recording();
    odd["timeline"][1]["timestamp_ns"] = json!(5);
    let session = read(&odd);
    assert_eq!(
        warnings(&session),
        [
            (WarningKind::Time, "timeline[1].timestamp_ns"),
            (WarningKind::Time, "cells[0]")
        ]
    );
    assert_eq!(session.code_history[0].duration_ms, None);
    assert_eq!(
        session.ended_at.unwrap().timestamp_subsec_nanos(),
        1_000_000
    );
}

#[test]
fn what_the_format_does_not_have_is_kept_and_warned_of() {
    let mut odd = recording();
    odd["host"] = json!("h");
    odd["version"]["major"] = json!(2);
    odd["metadata"]["course"] = json!([1]);
    odd["metadata"]["student_id"] = json!(7);
    odd["environment"]["seed"] = json!(-1);
    odd["timeline"][0]["clock"] = json!(3);
    odd["timeline"][0]["id"] = json!("one");
    odd["timeline"][1]["event"]["Output"]["stdout"] = json!([104, 105, 999]);
    odd["timeline"][1]["event"]["Output"]["result"] = json!({"Timeout": {}});
    let list = odd["timeline"].as_array_mut().unwrap();
    list.push(json!({"id": 3, "timestamp_ns": 4_000_000, "event": {"Plot": {"svg": "<svg/>"}}, "causality": [2]}));
    list.push(json!(17));
    let session = read(&odd);
    let mut found = warnings(&session);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            (WarningKind::UnknownField, "host"),
            (WarningKind::UnknownField, "metadata.course"),
            (WarningKind::UnknownField, "timeline[0].clock"),
            (WarningKind::UnknownField, "timeline[2].event"),
            (WarningKind::InvalidValue, "environment.seed"),
            (WarningKind::InvalidValue, "metadata.student_id"),
            (WarningKind::InvalidValue, "timeline[0].id"),
            (WarningKind::InvalidValue, "timeline[1].event.Output.result"),
            (WarningKind::InvalidValue, "timeline[1].event.Output.stdout"),
            (WarningKind::InvalidValue, "timeline[3].event"),
            (WarningKind::InvalidValue, "version"),
        ]
    );
    let kept = &session.document;
    assert_eq!(kept.extra["host"], "h");
    assert_eq!(kept.metadata["metadata"]["course"], json!([1]));
    assert_eq!(kept.metadata["metadata"]["student_id"], 7);
    assert_eq!(kept.metadata["environment"]["seed"], -1);
    let cell = &session.cell_records[0];
    assert_eq!(
        (&cell.extra["clock"], &cell.extra["id"]),
        (&json!(3), &json!("one"))
    );
    assert_eq!(cell.extra["stdout"], json!([104, 105, 999]));
    assert_eq!(cell.metadata["events"][0]["event"]["Plot"]["svg"], "<svg/>");
    assert_eq!(cell.metadata["events"][1]["event"][""], 17);
    assert!(
        session.code_history[0]
            .output
            .as_deref()
            .unwrap()
            .starts_with("hi\u{FFFD}")
    );
    assert_eq!(session.user, None);
}

#[test]
fn keys_that_are_there_twice_lose_nothing() {
    let text = recording().to_string();
    let twice = text.replacen("\"checkpoints\":{}", "\"timeline\":[{\"id\":9,\"timestamp_ns\":9000000,\"event\":{\"Input\":{\"text\":\"w\",\"mode\":\"File\"}},\"causality\":[]}]", 1);
    assert_ne!(text, twice);
    let session = try_read(twice.as_bytes()).unwrap();
    assert_eq!(session.code_history.len(), 2);
    assert_eq!(
        warnings(&session),
        [(WarningKind::InvalidValue, "timeline")]
    );
}

#[test]
fn printed_bytes_need_not_be_text() {
    let mut odd = recording();
    odd["timeline"][1]["event"]["Output"]["stdout"] = json!(b"caf\xE9 \x1B[31mred");
    odd["timeline"][1]["event"]["Output"]["stderr"] = json!(b"oh");
    let session = read(&odd);
    let record = &session.cell_records[0];
    assert_eq!(record.outputs[0]["text"], "caf\u{FFFD} \u{1B}[31mred");
    assert_eq!(
        record.metadata["stdout_bytes"],
        json!(b"caf\xE9 \x1B[31mred")
    );
    assert_eq!(record.outputs[1]["name"], "stderr");
    assert_eq!(record.outputs.len(), 3);
    assert_eq!(
        warnings(&session),
        [(WarningKind::Encoding, "cells[0].stdout")]
    );
}

#[test]
fn outputs_without_inputs_are_cells() {
    let mut odd = recording();
    odd["timeline"].as_array_mut().unwrap().remove(0);
    let session = read(&odd);
    assert_eq!(session.code_history[0].source, "");
    assert_eq!(
        session.code_history[0].output.as_deref(),
        Some("[0.5, 0.25]")
    );
    assert_eq!(warnings(&session)[0].0, WarningKind::Missing);
    assert!(session.metrics.is_empty(), "no one knows what the list is");
}

#[test]
fn deep_nesting_is_kept_as_text() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let text = recording().to_string().replacen(
        "\"checkpoints\":{}",
        &format!("\"checkpoints\":{{\"1\":{deep}}}"),
        1,
    );
    let session = try_read(text.as_bytes()).unwrap();
    assert_eq!(session.document.metadata["checkpoints"]["1"], deep);
    assert_eq!(session.code_history.len(), 1);
}

#[test]
fn ids_and_names_are_texts_and_nothing_else() {
    let mut odd = recording();
    odd["metadata"]["session_id"] = json!("../../etc/passwd\u{1B}]0;x\u{7}");
    let session = read(&odd);
    assert_eq!(
        session.foreign_id.as_deref(),
        Some("../../etc/passwd\u{1B}]0;x\u{7}")
    );
    assert!(session.id.bytes().all(|b| b.is_ascii_hexdigit()));
    assert_eq!(session.name, session.id);
}

#[test]
fn many_odd_fields_give_few_warnings() {
    let mut odd = recording();
    let list = odd["timeline"].as_array_mut().unwrap();
    for id in 3..5000 {
        list.push(
            json!({"id": id, "timestamp_ns": 1, "event": {format!("E{id}"): {}}, "causality": []}),
        );
    }
    let session = read(&odd);
    assert_eq!(session.warnings.len(), 1001);
    assert_eq!(session.warnings[1000].kind, WarningKind::Limit);
    assert_eq!(
        session.cell_records[0].metadata["events"]
            .as_array()
            .unwrap()
            .len(),
        4997
    );
}

#[test]
fn other_encodings_are_read() {
    let text = recording().to_string();
    let mut utf16 = vec![0xFF, 0xFE];
    utf16.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    for bytes in [[b"\xEF\xBB\xBF", text.as_bytes()].concat(), utf16] {
        let session = try_read(&bytes).unwrap();
        assert_eq!(session.code_history[0].source, "losses");
        assert_eq!(session.warnings[0].kind, WarningKind::Encoding);
    }
}

proptest! {
    /// A real recording with bytes changed or cut out: an error or a session, never a panic.
    #[test]
    fn damage_is_no_panic(at in 0_usize..5000, length in 0_usize..40, new in prop::collection::vec(any::<u8>(), 0..6)) {
        let mut bytes = real("lib421_apihost.replay");
        bytes.splice(at..at + length, new);
        let _read = try_read(&bytes);
    }

    /// The same for an audit stream, a notebook and a history.
    #[test]
    fn damage_of_the_other_formats_is_no_panic(at in 0_usize..600, length in 0_usize..20, new in prop::collection::vec(any::<u8>(), 0..6)) {
        for name in ["lib421_audit.jsonl", "ruchy421_notebook_train.rnb", "ruchy421_repl_train_gd.history.txt"] {
            let mut bytes = real(name);
            bytes.splice(at..at + length, new.clone());
            let _read = try_read(&bytes);
        }
    }
}
