//! Arbitrary sessions.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;

use chrono::{DateTime, Timelike as _, Utc};
use entrenar::session::*;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Text of every kind that could be awkward to keep.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z ]{0,12}",
        2 => any::<String>(),
        1 => Just(String::new()),
        1 => Just("a\0b\u{1b}[31m\u{7f}\u{fffd}\u{202e}".to_owned()),
        1 => Just("'; DROP TABLE sessions; --".to_owned()),
    ]
}

fn time() -> impl Strategy<Value = DateTime<Utc>> {
    let at = |seconds: i64, nanos: u32| {
        DateTime::from_timestamp(seconds, 0)
            .unwrap()
            .with_nanosecond(nanos)
            .unwrap()
    };
    prop_oneof![
        (1_500_000_000..1_900_000_000_i64, 0..1_000_000_000_u32)
            .prop_map(move |(seconds, nanos)| at(seconds, nanos)),
        (
            -8_000_000_000_000..8_000_000_000_000_i64,
            0..2_000_000_000_u32
        )
            .prop_map(move |(seconds, nanos)| at(seconds, nanos)),
        Just(DateTime::UNIX_EPOCH),
        Just(DateTime::<Utc>::MIN_UTC),
        Just(DateTime::<Utc>::MAX_UTC),
    ]
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        0.0..10.0_f64,
        proptest::num::f64::ANY,
        Just(-0.0),
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
    ]
}

fn step() -> impl Strategy<Value = i64> {
    prop_oneof![0..1000_i64, any::<i64>(), Just(i64::MIN), Just(i64::MAX)]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        proptest::num::f64::NORMAL.prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((text(), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn json_map() -> impl Strategy<Value = Map<String, Value>> {
    prop_oneof![
        Just(Map::new()),
        vec((text(), json_value()), 0..4).prop_map(|fields| fields.into_iter().collect()),
    ]
}

fn names() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map(text(), text(), 0..4)
}

fn an_output() -> impl Strategy<Value = Value> {
    prop_oneof![
        text().prop_map(|text| output::stream("stdout", text)),
        (option::of(any::<i64>()), text()).prop_map(|(count, text)| output::result(count, text)),
        (text(), text(), vec(text(), 0..3))
            .prop_map(|(name, message, traceback)| output::error(&name, &message, &traceback)),
        json_value(),
        // Larger than what is kept in the row.
        Just(json!({"output_type": "stream", "name": "stdout", "text": "x".repeat(20_000)})),
    ]
}

fn code_cell() -> impl Strategy<Value = CodeCell> {
    (
        any::<u32>(),
        text(),
        option::of(text()),
        time(),
        option::of(any::<u64>()),
    )
        .prop_map(
            |(execution_order, source, output, timestamp, duration_ms)| CodeCell {
                execution_order,
                source,
                output,
                timestamp,
                duration_ms,
            },
        )
}

fn cell_record() -> impl Strategy<Value = CellRecord> {
    let error =
        (text(), text(), vec(text(), 0..3)).prop_map(|(name, message, traceback)| CellError {
            name,
            message,
            traceback,
        });
    (
        (
            option::of(text()),
            option::of(any::<i64>()),
            option::of(text()),
        ),
        (vec(an_output(), 0..4), option::of(error)),
        (json_map(), json_map()),
        (any::<bool>(), option::of(time())),
    )
        .prop_map(
            |(
                (id, execution_count, mode),
                (outputs, error),
                (metadata, extra),
                (derived, ended_at),
            )| CellRecord {
                id,
                execution_count,
                mode,
                outputs,
                error,
                metadata,
                extra,
                time_source: if derived {
                    TimeSource::Derived
                } else {
                    TimeSource::Recorded
                },
                ended_at,
            },
        )
}

fn document_cell() -> impl Strategy<Value = DocumentCell> {
    let text_cell = || {
        (
            option::of(text()),
            text(),
            json_map(),
            json_map(),
            json_map(),
        )
            .prop_map(|(id, source, metadata, attachments, extra)| TextCell {
                id,
                source,
                metadata,
                attachments,
                extra,
            })
    };
    prop_oneof![
        any::<usize>().prop_map(DocumentCell::Code),
        text_cell().prop_map(DocumentCell::Markdown),
        text_cell().prop_map(DocumentCell::Raw),
    ]
}

fn run() -> impl Strategy<Value = TrainingRun> {
    let status = prop_oneof![
        Just(RunStatus::Finished),
        Just(RunStatus::Failed),
        Just(RunStatus::Unknown)
    ];
    (
        option::of(text()),
        names(),
        option::of(any::<u32>()),
        option::of(any::<u32>()),
        option::of(time()),
        option::of(time()),
        status,
    )
        .prop_map(
            |(name, config, first_cell, last_cell, started_at, ended_at, status)| TrainingRun {
                name,
                config,
                first_cell,
                last_cell,
                started_at,
                ended_at,
                status,
            },
        )
}

fn point() -> impl Strategy<Value = Point> {
    let kind = prop_oneof![
        Just(OriginKind::Printed),
        Just(OriginKind::Evaluated),
        Just(OriginKind::File)
    ];
    let origin = (
        kind,
        any::<u32>(),
        any::<u32>(),
        any::<u32>(),
        any::<u32>(),
        text(),
    )
        .prop_map(|(kind, cell, output, start, end, rule)| Origin {
            kind,
            cell,
            output,
            span: start..end,
            rule: rule.into(),
        });
    (
        number(),
        option::of(step()),
        option::of(number()),
        option::of(step()),
        option::of(origin),
    )
        .prop_map(|(value, step, epoch, time_us, origin)| Point {
            value,
            step,
            epoch,
            time_us,
            origin,
        })
}

fn metrics() -> impl Strategy<Value = SessionMetrics> {
    let name = prop_oneof![Just("loss".to_owned()), Just("accuracy".to_owned()), text()];
    let key = (name, option::of(0..3_u32), option::of(any::<u32>()))
        .prop_map(|(name, run, rank)| SeriesKey { name, run, rank });
    vec((key, vec(point(), 0..40)), 0..5).prop_map(|series| {
        let mut metrics = SessionMetrics::new();
        for (key, points) in series {
            let mut series = Series::new(key);
            for point in points {
                series.push(point);
            }
            metrics.insert(series);
        }
        metrics
    })
}

fn source_info() -> impl Strategy<Value = SourceInfo> {
    let format = prop_oneof![
        Just(SourceFormat::RuchyReplay),
        Just(SourceFormat::Jupyter),
        Just(SourceFormat::SessionJson)
    ];
    (option::of(text()), format, any::<[u8; 32]>(), any::<u64>()).prop_map(
        |(name, format, sha256, size)| SourceInfo {
            name,
            format,
            sha256: Sha256Hash::from_bytes(sha256),
            size,
        },
    )
}

fn warning() -> impl Strategy<Value = ImportWarning> {
    let kind = prop_oneof![
        Just(WarningKind::Encoding),
        Just(WarningKind::Time),
        Just(WarningKind::Limit)
    ];
    (kind, option::of(text()), option::of(any::<u64>()), text()).prop_map(
        |(kind, path, byte, message)| ImportWarning {
            kind,
            place: Place { path, byte },
            message,
        },
    )
}

type Recording = (Option<SessionState>, Option<ForkOrigin>, Map<String, Value>);

fn recording() -> impl Strategy<Value = Recording> {
    let state = prop_oneof![
        Just(None),
        Just(Some(SessionState::Live)),
        Just(Some(SessionState::Interrupted))
    ];
    let fork =
        (text(), option::of(any::<i64>())).prop_map(|(session, step)| ForkOrigin { session, step });
    (state, option::of(fork), json_map())
}

/// A session with anything in any field.
pub(crate) fn session() -> impl Strategy<Value = EntrenarSession> {
    let texts = (
        text(),
        text(),
        option::of(text()),
        option::of(text()),
        option::of(text()),
        option::of(text()),
        option::of(text()),
    );
    let lists = (names(), vec(text(), 0..4), names(), vec(warning(), 0..3));
    let times = (option::of(time()), option::of(time()));
    let cells = (
        vec(code_cell(), 0..4),
        vec(cell_record(), 0..5),
        any::<bool>(),
        vec(document_cell(), 0..4),
        json_map(),
        json_map(),
    );
    let data = (
        metrics(),
        vec(run(), 0..4),
        option::of(source_info()),
        recording(),
    );
    (texts, lists, times, cells, data).prop_map(|(texts, lists, times, cells, data)| {
        let (id, name, user, architecture, dataset, notes, foreign_id) = texts;
        let (config, tags, derived, warnings) = lists;
        let (started_at, ended_at) = times;
        let (mut code_history, cell_records, joined, document, metadata, extra) = cells;
        let (metrics, runs, source, (state, forked_from, environment)) = data;
        if joined {
            for (cell, record) in code_history.iter_mut().zip(&cell_records) {
                cell.output = output::joined_text(&record.outputs);
            }
        }
        EntrenarSession {
            id,
            name,
            user,
            architecture,
            dataset,
            config,
            tags,
            notes,
            started_at,
            ended_at,
            metrics,
            code_history,
            cell_records,
            document: Document {
                cells: document,
                metadata,
                extra,
            },
            runs,
            foreign_id,
            source,
            derived,
            warnings,
            state,
            forked_from,
            environment,
        }
    })
}
