//! `session.json`: what is written reads back as an equal session.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

use chrono::{DateTime, Utc};
use entrenar::bridge::{self, BridgeError, SourceContext, session_json as reader};
use entrenar::export::session_json::{Times, to_value, to_vec};
use entrenar::session::*;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn times() -> impl Strategy<Value = DateTime<Utc>> {
    // Years 0 to 99999.
    (-62_167_219_200_i64..3_093_527_980_800, 0_u32..1_000_000_000)
        .prop_map(|(s, ns)| DateTime::from_timestamp(s, ns).unwrap())
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(number::to_json),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((".*", inner), 0..4).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn maps() -> impl Strategy<Value = Map<String, Value>> {
    vec((".*", values()), 0..3).prop_map(|pairs| pairs.into_iter().collect())
}

prop_compose! {
    fn origins()(
        kind in 0..3_usize,
        cell in any::<u32>(),
        output in any::<u32>(),
        span in any::<(u32, u32)>(),
        rule in ".*",
    ) -> Origin {
        let kinds = [OriginKind::Printed, OriginKind::Evaluated, OriginKind::File];
        Origin { kind: kinds[kind], cell, output, span: span.0..span.1, rule: rule.into() }
    }
}

prop_compose! {
    fn points()(
        value in proptest::num::f64::ANY,
        step in option::of(any::<i64>()),
        epoch in option::of(proptest::num::f64::ANY),
        time_us in option::of(any::<i64>()),
        origin in option::of(origins()),
    ) -> Point {
        Point { value, step, epoch, time_us, origin }
    }
}

prop_compose! {
    fn series()(
        name in ".*",
        run in option::of(any::<u32>()),
        rank in option::of(any::<u32>()),
        points in vec(points(), 0..6),
    ) -> Series {
        let mut series = Series::new(SeriesKey { name, run, rank });
        for point in points {
            series.push(point);
        }
        series
    }
}

prop_compose! {
    fn runs()(
        name in option::of(".*"),
        config in btree_map(".*", ".*", 0..3),
        first_cell in option::of(any::<u32>()),
        last_cell in option::of(any::<u32>()),
        started_at in option::of(times()),
        ended_at in option::of(times()),
        status in 0..3_usize,
    ) -> TrainingRun {
        let statuses = [RunStatus::Finished, RunStatus::Failed, RunStatus::Unknown];
        TrainingRun {
            name, config, first_cell, last_cell, started_at, ended_at, status: statuses[status],
        }
    }
}

prop_compose! {
    fn code_cells()(
        execution_order in any::<u32>(),
        source in ".*",
        output in option::of(".*"),
        timestamp in times(),
        duration_ms in option::of(any::<u64>()),
    ) -> CodeCell {
        CodeCell { execution_order, source, output, timestamp, duration_ms }
    }
}

prop_compose! {
    fn records()(
        id in option::of(".*"),
        execution_count in option::of(any::<i64>()),
        mode in option::of(".*"),
        outputs in vec(values(), 0..3),
        error in option::of((".*", ".*", vec(".*", 0..3))),
        metadata in maps(),
        extra in maps(),
        derived in any::<bool>(),
        ended_at in option::of(times()),
    ) -> CellRecord {
        CellRecord {
            id,
            execution_count,
            mode,
            outputs,
            error: error.map(|(name, message, traceback)| CellError { name, message, traceback }),
            metadata,
            extra,
            time_source: if derived { TimeSource::Derived } else { TimeSource::Recorded },
            ended_at,
        }
    }
}

prop_compose! {
    fn text_cells()(
        id in option::of(".*"),
        source in ".*",
        metadata in maps(),
        attachments in maps(),
        extra in maps(),
    ) -> TextCell {
        TextCell { id, source, metadata, attachments, extra }
    }
}

fn warnings() -> impl Strategy<Value = ImportWarning> {
    (option::of(".*"), option::of(any::<u64>()), ".*").prop_map(|(path, byte, message)| {
        ImportWarning::new(WarningKind::Encoding, Place { path, byte }, message)
    })
}

prop_compose! {
    fn sessions()(
        texts in vec(option::of(".*"), 7),
        config in btree_map(".*", ".*", 0..3),
        tags in vec(".*", 0..3),
        derived in btree_map(".*", ".*", 0..3),
        span in (option::of(times()), option::of(times())),
        runs in vec(runs(), 0..3),
        series in vec(series(), 0..4),
        cells in vec((code_cells(), records()), 0..4),
        by_hand in vec(code_cells(), 0..2),
        between in vec(text_cells(), 0..3),
        document in (maps(), maps()),
        warnings in vec(warnings(), 0..3),
        source in option::of((option::of(".*"), any::<[u8; 32]>(), any::<u64>())),
    ) -> EntrenarSession {
        let text = |index: usize| texts[index].clone();
        let mut session =
            EntrenarSession::empty(text(0).unwrap_or_default(), text(1).unwrap_or_default());
        session.user = text(2);
        session.architecture = text(3);
        session.dataset = text(4);
        session.notes = text(5);
        session.foreign_id = text(6);
        session.config = config;
        session.tags = tags;
        session.derived = derived;
        (session.started_at, session.ended_at) = span;
        session.runs = runs;
        for one in series {
            session.metrics.insert(one);
        }
        for (mut cell, record) in cells {
            if record.time_source == TimeSource::Derived {
                cell.timestamp = DateTime::UNIX_EPOCH;
            }
            let index = session.add_recorded_cell(cell, record);
            session.document.cells.push(DocumentCell::Code(index));
        }
        for cell in by_hand {
            session.add_code_cell(cell);
        }
        for (index, cell) in between.into_iter().enumerate() {
            session.document.cells.push(if index % 2 == 0 {
                DocumentCell::Markdown(cell)
            } else {
                DocumentCell::Raw(cell)
            });
        }
        (session.document.metadata, session.document.extra) = document;
        session.warnings = warnings;
        session.source = source.map(|(name, sha256, size)| SourceInfo {
            name,
            format: SourceFormat::Jupyter,
            sha256: Sha256Hash::from_bytes(sha256),
            size,
        });
        session
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_session_reads_back_equal(session in sessions()) {
        for times in [Times::Recorded, Times::All] {
            let bytes = to_vec(&session, times);
            let back = reader::read(&bytes, &SourceContext::default()).unwrap();
            prop_assert_eq!(&back, &session);
            prop_assert_eq!(ContentDigest::of(&back), ContentDigest::of(&session));
            prop_assert_eq!(SessionChain::of_import(&session).differences(&back), []);
            prop_assert_eq!(to_vec(&back, times), bytes);
        }
    }

    #[test]
    fn value_and_text_agree(session in sessions()) {
        let text: Value = serde_json::from_slice(&to_vec(&session, Times::All)).unwrap();
        prop_assert_eq!(text, to_value(&session, Times::All));
    }
}

fn small() -> EntrenarSession {
    let mut session = EntrenarSession::empty("sess-001", "LoRA")
        .with_user("alice")
        .with_config("rank", "64")
        .with_tag("lora");
    session
        .derived
        .insert("name".into(), "the file's name".into());
    session.metrics.log(1, "loss", 0.5);
    session.metrics.push(
        SeriesKey::named("loss"),
        Point {
            value: f64::NAN,
            step: Some(2),
            epoch: Some(0.5),
            time_us: Some(1_700_000_000_123_456),
            origin: Some(Origin {
                kind: OriginKind::Printed,
                cell: 0,
                output: 0,
                span: 5..8,
                rule: "key-value".into(),
            }),
        },
    );
    session.runs.push(TrainingRun {
        first_cell: Some(0),
        last_cell: Some(0),
        status: RunStatus::Finished,
        ..TrainingRun::default()
    });
    let index = session.add_recorded_cell(
        CodeCell {
            execution_order: 1,
            source: "train()".into(),
            output: Some("loss=nan".into()),
            timestamp: DateTime::UNIX_EPOCH,
            duration_ms: Some(12),
        },
        CellRecord {
            execution_count: Some(3),
            outputs: vec![output::stream("stdout", "loss=nan")],
            time_source: TimeSource::Derived,
            ..CellRecord::default()
        },
    );
    session.document.cells = vec![
        DocumentCell::Markdown(TextCell {
            source: "# Title".into(),
            ..TextCell::default()
        }),
        DocumentCell::Code(index),
    ];
    session
}

#[test]
fn the_shape_is_as_documented() {
    let text = String::from_utf8(to_vec(&small(), Times::Recorded)).unwrap();
    insta::assert_snapshot!(text);
}

#[test]
fn stand_in_times_are_written_only_when_asked_for() {
    let session = small();
    let cell = |times| to_value(&session, times)["cells"][0].clone();
    assert_eq!(cell(Times::Recorded)["timestamp"], Value::Null);
    assert_eq!(cell(Times::All)["timestamp"], "1970-01-01T00:00:00Z");
    assert_eq!(cell(Times::Recorded)["timestamp_derived"], true);
}

#[test]
fn the_format_is_found_by_its_content() {
    let bytes = to_vec(&small(), Times::Recorded);
    let session = bridge::read(&bytes, &SourceContext::default()).unwrap();
    assert_eq!(session, small());
}

fn invalid(document: &Value) -> (String, String) {
    let bytes = serde_json::to_vec(document).unwrap();
    match reader::read(&bytes, &SourceContext::default()) {
        Err(BridgeError::Invalid { place, message }) => (place, message),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_newer_version_is_refused() {
    let mut document = to_value(&small(), Times::Recorded);
    document["entrenar_session"] = json!(2);
    let (place, message) = invalid(&document);
    assert_eq!(place, "$.entrenar_session");
    assert!(
        message.contains("version 2") && message.contains("newer"),
        "{message}"
    );
}

#[test]
fn a_wrong_type_is_named_with_its_path() {
    let mut document = to_value(&small(), Times::Recorded);
    document["metrics"][0]["points"][1]["step"] = json!("two");
    assert_eq!(
        invalid(&document),
        (
            "$.metrics[0].points[1].step".into(),
            "a signed 64-bit integer is needed, not a string".into()
        )
    );
}

#[test]
fn unknown_fields_and_bad_times_are_listed() {
    let mut document = to_value(&small(), Times::Recorded);
    document["colour"] = json!("blue");
    document["cells"][0]["x"] = json!(1);
    document["metadata"]["started_at"] = json!("yesterday");
    let bytes = serde_json::to_vec(&document).unwrap();
    let session = reader::read(&bytes, &SourceContext::default()).unwrap();
    let found: Vec<_> = session
        .warnings
        .iter()
        .map(|w| (w.kind, w.place.path.clone().unwrap()))
        .collect();
    assert_eq!(
        found,
        [
            (WarningKind::Time, "$.metadata.started_at".into()),
            (WarningKind::UnknownField, "$.cells[0].x".into()),
            (WarningKind::UnknownField, "$.colour".into()),
        ]
    );
}

#[test]
fn no_prefix_of_a_document_panics_or_passes() {
    let bytes = to_vec(&small(), Times::Recorded);
    for end in 0..bytes.len() - 2 {
        assert!(reader::read(&bytes[..end], &SourceContext::default()).is_err());
    }
}
