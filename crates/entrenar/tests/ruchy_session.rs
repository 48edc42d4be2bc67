//! `RuchySession` made by hand, and what becomes of it.

#![cfg(feature = "ruchy-sessions")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

use entrenar::bridge::ruchy::{
    RuchyCell, RuchyEnvironment, RuchyEvent, RuchyFormatVersion, RuchyLimits, RuchyMetadata,
    RuchyResult,
};
use entrenar::ecosystem::{EntrenarSession, RuchySession};
use entrenar::session::{OriginKind, TimeSource};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A session of cells with the values that they show.
fn session(cells: &[(&str, &str)]) -> EntrenarSession {
    let recording = RuchySession {
        cells: cells
            .iter()
            .map(|(source, value)| RuchyCell::new(*source).with_value(*value))
            .collect(),
        ..RuchySession::default()
    };
    recording.into()
}

/// All series as `name: values`.
fn series(session: &EntrenarSession) -> Vec<String> {
    session
        .metrics
        .series()
        .iter()
        .map(|series| format!("{}: {:?}", series.name(), series.values()))
        .collect()
}

#[test]
fn nothing_is_invented() {
    let session: EntrenarSession = RuchySession::default().into();
    assert_eq!(
        (&session.user, &session.notes, &session.foreign_id),
        (&None, &None, &None)
    );
    assert_eq!((session.started_at, session.ended_at), (None, None));
    assert_eq!(session.name, session.id);
    assert!(session.derived.contains_key("name"));
    assert!(session.code_history.is_empty() && !session.has_training_data());
}

#[test]
fn what_is_recorded_is_taken() {
    let mut recording = RuchySession {
        metadata: RuchyMetadata {
            session_id: Some("ruchy-session-1795343018".into()),
            created_at: "2026-11-22T10:00:00Z".parse().ok(),
            student_id: Some("alice".into()),
            assignment_id: Some("hw-3".into()),
            tags: vec!["lora".into(), "lora".into()],
            ..RuchyMetadata::default()
        },
        ..RuchySession::default()
    };
    recording.cells.push(
        RuchyCell::new("train()")
            .with_stdout("epoch 1\n")
            .with_error("out of memory")
            .with_times(1_500_000_000, 4_000_000_000),
    );
    let session = EntrenarSession::from(recording.clone());
    assert_eq!(
        session.foreign_id.as_deref(),
        Some("ruchy-session-1795343018")
    );
    assert_eq!(session.name, "ruchy-session-1795343018");
    assert_eq!(session.user.as_deref(), Some("alice"));
    assert_eq!(
        session.document.metadata["metadata"]["assignment_id"],
        "hw-3"
    );
    assert_eq!(session.tags, ["lora"]);
    assert_eq!(session.duration().unwrap().num_seconds(), 4);
    assert!(session.derived.contains_key("ended_at"));
    let (cell, record) = session.cells().next().unwrap();
    assert_eq!(cell.duration_ms, Some(2500));
    assert_eq!(cell.output.as_deref(), Some("epoch 1\nout of memory"));
    let record = record.unwrap();
    assert_eq!(record.error.as_ref().unwrap().message, "out of memory");
    assert_eq!(record.time_source, TimeSource::Recorded);
    assert_eq!(record.ended_at, session.ended_at);

    // Two sessions that began in the same second have one session_id, and two ids.
    let same = EntrenarSession::from(recording.clone());
    assert_eq!(same, session);
    recording.cells[0].source.push(' ');
    let other = EntrenarSession::from(recording);
    assert_eq!(other.foreign_id, session.foreign_id);
    assert_ne!(other.id, session.id);
}

#[test]
fn a_list_that_grows_is_extended_and_never_doubled() {
    let session = session(&[
        ("losses", "[3.0, 2.0]"),
        ("losses", "[3.0, 2.0]"),
        ("for e in 1..2 { losses.push(step()) }", ""),
        ("losses", "[3.0, 2.0, 1.0]"),
    ]);
    assert_eq!(series(&session), ["losses: [3.0, 2.0, 1.0]"]);
    let cells: Vec<_> = session.metrics.series()[0]
        .points()
        .map(|point| point.origin.unwrap().cell)
        .collect();
    assert_eq!(cells, [0, 0, 3], "a point stays where it was seen first");
}

#[test]
fn a_list_that_began_anew_is_replaced() {
    let session = session(&[
        ("losses", "[3.0, 2.0]"),
        ("losses", "[]"),
        ("losses", "[9.0]"),
    ]);
    assert_eq!(series(&session), ["losses: [9.0]"]);
}

#[test]
fn input_data_is_no_metric() {
    let session = session(&[
        ("let xs = [1.0, 2.0]", "[1.0, 2.0]"),
        ("xs", "[1.0, 2.0]"),
        ("let doubled = xs.map(x => x * 2.0)", "[2.0, 4.0]"),
        ("doubled", "[2.0, 4.0]"),
        ("let losses = [0.5, 0.25]", "[0.5, 0.25]"),
        ("losses", "[0.5, 0.25]"),
        ("let curve = train(xs)", "[0.75]"),
        ("curve", "[0.75]"),
    ]);
    assert_eq!(series(&session), ["losses: [0.5, 0.25]", "curve: [0.75]"]);
    assert_eq!(session.metrics.total_steps(), 2);
}

#[test]
fn objects_name_their_lists() {
    let session = session(&[
        (
            "history",
            "{accuracy: [0.5, 0.75], epoch: [1, 2], loss: [2.0, inf]}",
        ),
        ("history.loss", "[2.0, inf, 1.0]"),
    ]);
    assert_eq!(
        series(&session),
        [
            "history.accuracy: [0.5, 0.75]",
            "history.loss: [2.0, inf, 1.0]"
        ]
    );
    assert_eq!(session.metrics.total_steps(), 3);
    assert_eq!(session.metrics.best_loss(), Some(1.0));
    assert_eq!(session.metrics.best_accuracy(), Some(0.75));
    let epochs: Vec<_> = session.metrics.series()[1]
        .points()
        .map(|p| p.epoch)
        .collect();
    assert_eq!(epochs, [Some(1.0), Some(2.0), None]);
}

#[test]
fn single_numbers_count_once_for_each_time_that_something_ran() {
    let session = session(&[
        ("loss", "2.0"),
        ("loss", "2.0"),
        (":env", "loss: Float = 2.0"),
        ("loss", "2.0"),
        ("step()", "nil"),
        ("loss", "1.0"),
        ("w", "0.5"),
        ("lr", "0.1"),
        ("mse(w, b)", "0.3"),
        ("val_loss", "NaN"),
    ]);
    assert_eq!(series(&session), ["loss: [2.0, 1.0]", "val_loss: [NaN]"]);
}

#[test]
fn a_number_that_was_typed_in_is_no_measurement() {
    let session = session(&[
        ("let mut loss = 0.0", "0.0"),
        ("loss", "0.0"),
        ("for e in 1..3 { loss = loss + step(e) }", ""),
        ("loss", "1.5"),
    ]);
    assert_eq!(series(&session), ["loss: [1.5]"]);
}

#[test]
fn commands_and_failed_cells_give_no_points() {
    let mut recording = RuchySession::default();
    for command in [":vars", ":env", ":history", ":type losses"] {
        recording.cells.push(
            RuchyCell::new(command).with_value("String(\"epoch 1 loss=0.5\\nlosses = [0.5]\")"),
        );
    }
    recording
        .cells
        .push(RuchyCell::new("losses").with_error("[0.5]"));
    let session: EntrenarSession = recording.into();
    assert_eq!(series(&session), [""; 0]);
    assert_eq!(
        session.code_history[0].output.as_deref(),
        Some("epoch 1 loss=0.5\nlosses = [0.5]")
    );
    assert_eq!(session.cell_records[0].outputs.len(), 1);
}

/// In the form of Ruchy 4.2.1 and in that of Ruchy 1.30.1, which quotes keys.
#[test]
fn values_are_no_printed_text() {
    for value in [
        "{epoch: 3, loss: 0.5, lr: 0.1}",
        "{\"epoch\": 3, \"loss\": 0.5, \"lr\": 0.1}",
    ] {
        let shown = session(&[("evaluate(m)", value), ("last", value)]);
        assert_eq!(series(&shown), ["last.loss: [0.5]"]);
        let point = shown.metrics.series()[0].point(0).unwrap();
        assert_eq!((point.epoch, point.origin.unwrap().cell), (Some(3.0), 1));
        let defined = session(&[(&format!("let config = {value}"), value), ("config", value)]);
        assert_eq!(series(&defined), [""; 0]);
        assert_eq!(
            defined.cell_records[1].outputs[0]["data"]["text/plain"],
            value
        );
    }
}

#[test]
fn printed_and_evaluated_points_of_one_name_are_not_added() {
    let log = "epoch 1 loss=0.5\nepoch 2 loss=0.25\n";
    let train = RuchyCell::new("train()").with_stdout(log);
    let with = |value: &str| -> EntrenarSession {
        RuchySession {
            cells: vec![train.clone(), RuchyCell::new("loss").with_value(value)],
            ..RuchySession::default()
        }
        .into()
    };
    let printed = with("[0.5, 0.25]");
    assert_eq!(series(&printed), ["loss: [0.5, 0.25]"]);
    assert_eq!(
        printed.metrics.series()[0].point(1).unwrap().epoch,
        Some(2.0)
    );
    assert_eq!(series(&with("0.25")), ["loss: [0.5, 0.25]"]);
    // The list knows more than was printed.
    assert_eq!(
        series(&with("[0.5, 0.3, 0.25]")),
        ["loss: [0.5, 0.3, 0.25]"]
    );
}

#[test]
fn evaluated_points_name_their_place() {
    let session = session(&[("losses", "Array([Float(0.5), Integer(2)])")]);
    let series = &session.metrics.series()[0];
    let origins: Vec<_> = series.points().map(|p| p.origin.unwrap().clone()).collect();
    assert!(
        origins
            .iter()
            .all(|origin| origin.kind == OriginKind::Evaluated)
    );
    assert_eq!(
        (origins[0].span.clone(), origins[1].span.clone()),
        (13..16, 27..28)
    );
}

/// The events that the recorder of Ruchy 3.7.0 and later makes of two functions that are entered
/// one behind the other: the first line is a `Paste` too.
#[test]
fn multi_line_inputs_that_begin_with_a_paste() {
    let input = |text: &str, mode: &str| json!({"Input": {"text": text, "mode": mode}});
    let output = |value: &str| json!({"Output": {"result": {"Success": {"value": value}}, "stdout": [], "stderr": []}});
    let events = [
        input("fun f() {", "Paste"),
        input("  1", "Paste"),
        input("}", "Paste"),
        input("", "Paste"),
        output("String(\"fn f()\")"),
        input("fun g() {", "Paste"),
        input("  2 }", "Paste"),
        input(" ", "Paste"),
        output("String(\"fn g()\")"),
        input("", "Interactive"),
        input("f()", "Interactive"),
        output("String(\"1\")"),
        input(":quit", "Interactive"),
        input("stray", "Paste"),
    ];
    let mut made = replay(&RuchySession::default());
    made["timeline"] = events
        .into_iter()
        .enumerate()
        .map(|(index, event)| json!({"id": index + 1, "timestamp_ns": index * 10, "event": event, "causality": []}))
        .collect();
    let read = RuchySession::from_slice(made.to_string().as_bytes()).unwrap();
    let cells: Vec<_> = read
        .cells
        .iter()
        .map(|cell| {
            (
                &*cell.source,
                cell.result.as_ref().and_then(RuchyResult::shown),
                cell.start_ns,
                cell.end_ns,
            )
        })
        .collect();
    assert_eq!(
        cells,
        [
            (
                "fun f() {\n  1\n}",
                Some("fn f()".to_owned()),
                Some(30),
                Some(40)
            ),
            (
                "fun g() {\n  2 }",
                Some("fn g()".to_owned()),
                Some(70),
                Some(80)
            ),
            ("f()", Some("1".to_owned()), Some(100), Some(110)),
            (":quit", None, Some(120), None),
            ("stray", None, Some(130), None),
        ]
    );
}

/// The content of a `.replay` file with the events of `recording`.
fn replay(recording: &RuchySession) -> Value {
    let mut timeline = Vec::new();
    let add_events = |cell: Option<usize>, timeline: &mut Vec<Value>| {
        for event in recording.events.iter().filter(|event| event.cell == cell) {
            timeline.push(json!({"id": event.id, "timestamp_ns": event.timestamp_ns,
                "event": {event.kind.as_str(): event.data}, "causality": event.causality}));
        }
    };
    add_events(None, &mut timeline);
    for (index, cell) in recording.cells.iter().enumerate() {
        let id: u64 = cell.id.as_deref().unwrap().parse().unwrap();
        timeline.push(json!({"id": id, "timestamp_ns": cell.start_ns,
            "event": {"Input": {"text": cell.source, "mode": cell.mode}}, "causality": []}));
        if let Some(result) = &cell.result {
            let result = match result {
                RuchyResult::Success { value } => json!({"Success": {"value": value}}),
                RuchyResult::Error { message } => json!({"Error": {"message": message}}),
                RuchyResult::Unit => json!("Unit"),
                _ => panic!("no such result is made here"),
            };
            timeline.push(json!({"id": id + 1, "timestamp_ns": cell.end_ns,
                "event": {"Output": {"result": result, "stdout": cell.stdout, "stderr": cell.stderr}},
                "causality": []}));
        }
        add_events(Some(index), &mut timeline);
    }
    let metadata = &recording.metadata;
    json!({
        "version": recording.version,
        "metadata": {"session_id": metadata.session_id, "created_at": metadata.created_at,
            "ruchy_version": metadata.ruchy_version, "student_id": metadata.student_id,
            "assignment_id": metadata.assignment_id, "tags": metadata.tags},
        "environment": {"seed": recording.environment.seed,
            "feature_flags": recording.environment.feature_flags,
            "resource_limits": recording.environment.resource_limits},
        "timeline": timeline,
        "checkpoints": recording.checkpoints,
    })
}

prop_compose! {
    fn cell()(
        source in "[ \\n]{0,2}[^ \\n\\t\\r\\x0b\\x0c\\x85\u{a0}][\\PC\\n\"\\\\]{0,20}",
        mode in prop::sample::select(vec!["Interactive", "File", "Script"]),
        result in prop_oneof![
            Just(None),
            Just(Some(RuchyResult::Unit)),
            any::<String>().prop_map(|value| Some(RuchyResult::Success { value })),
            any::<String>().prop_map(|value| Some(RuchyResult::Success { value: format!("String({value:?})") })),
            any::<String>().prop_map(|message| Some(RuchyResult::Error { message })),
        ],
        stdout in prop::collection::vec(any::<u8>(), 0..8),
        stderr in prop::collection::vec(any::<u8>(), 0..8),
        start in 0..u64::MAX / 2,
        ran in 0..u64::MAX / 2,
    ) -> RuchyCell {
        let ran_whole = result.is_some();
        RuchyCell {
            source,
            mode: Some(mode.to_owned()),
            result,
            stdout: if ran_whole { stdout } else { Vec::new() },
            stderr: if ran_whole { stderr } else { Vec::new() },
            start_ns: Some(start),
            end_ns: ran_whole.then(|| start + ran),
            ..RuchyCell::default()
        }
    }
}

prop_compose! {
    fn recording()(
        cells in prop::collection::vec(cell(), 0..6),
        events in prop::collection::vec((any::<u64>(), prop::sample::select(vec!["StateChange", "ResourceUsage"])), 0..4),
        texts in prop::collection::vec(prop::option::of(any::<String>()), 4..5),
        tags in prop::collection::vec(any::<String>(), 0..3),
        seed in any::<Option<u64>>(),
        seconds in prop::option::of(0_i64..4_000_000_000),
        heap_mb in any::<u64>(),
    ) -> RuchySession {
        let mut recording = RuchySession {
            version: Some(RuchyFormatVersion { major: 1, minor: 0, patch: 0 }),
            metadata: RuchyMetadata {
                session_id: texts[0].clone(),
                ruchy_version: texts[1].clone(),
                student_id: texts[2].clone(),
                assignment_id: texts[3].clone(),
                created_at: seconds.and_then(|s| chrono::DateTime::from_timestamp(s, 123_456_789)),
                tags,
                ..RuchyMetadata::default()
            },
            environment: RuchyEnvironment {
                seed,
                resource_limits: Some(RuchyLimits { heap_mb, stack_kb: 1, cpu_ms: u64::MAX }),
                ..RuchyEnvironment::default()
            },
            cells,
            ..RuchySession::default()
        };
        for (index, (ns, kind)) in events.into_iter().enumerate() {
            let cell = if recording.cells.is_empty() { None } else { Some(index % recording.cells.len()) };
            recording.events.push(RuchyEvent {
                id: Some(ns),
                timestamp_ns: Some(ns),
                cell,
                kind: kind.to_owned(),
                data: json!({"state_hash": "h"}),
                causality: vec![1, u64::MAX],
            });
        }
        recording.events.sort_by_key(|event| event.cell);
        for (index, cell) in recording.cells.iter_mut().enumerate() {
            cell.id = Some((index * 2 + 1).to_string());
        }
        recording
    }
}

proptest! {
    /// Whatever a session holds, its recording gives it back.
    #[test]
    fn a_recording_gives_the_session_back(made in recording()) {
        let bytes = serde_json::to_vec_pretty(&replay(&made)).unwrap();
        let mut read = RuchySession::from_slice(&bytes).unwrap();
        prop_assert_eq!(read.end_ns(), made.end_ns());
        read.source = None;
        read.last_event_ns = None;
        read.warnings.clear();
        prop_assert_eq!(&read, &made);

        let session = EntrenarSession::from(read);
        prop_assert_eq!(session.code_history.len(), made.cells.len());
        prop_assert_eq!(&session.foreign_id, &made.metadata.session_id);
    }
}
