use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::bridge;
use crate::session::{
    CellError, CellRecord, CodeCell, EntrenarSession, ImportWarning, Place, Sha256Hash, TimeSource,
    WarningKind, output,
};

use super::session::{RuchyCell, RuchyEvent, RuchyResult, RuchySession};
use super::values;

impl From<RuchySession> for EntrenarSession {
    /// Makes a session of a recording; see [`RuchySession`] for what becomes of each part.
    fn from(recording: RuchySession) -> Self {
        let mut session = begin(&recording);
        set_metadata(&mut session, &recording);
        add_cells(&mut session, recording);
        values::apply(&mut session);
        session
    }
}

/// An empty session with the id and the name of the recording.
fn begin(recording: &RuchySession) -> EntrenarSession {
    if let Some(source) = &recording.source {
        return bridge::session_of(source.clone());
    }
    let id = bridge::session_id(&Sha256Hash::of(content(recording).to_string().as_bytes()));
    let (name, rule) = match &recording.metadata.session_id {
        Some(name) => (name.clone(), "the recording's session_id"),
        None => (id.clone(), "the session's id"),
    };
    let mut session = EntrenarSession::empty(id, name);
    session.derived.insert("name".into(), rule.into());
    session
}

/// All that a recording holds, in one value.
fn content(recording: &RuchySession) -> Value {
    let document: Vec<String> = recording
        .document
        .cells
        .iter()
        .map(|cell| format!("{cell:?}"))
        .collect();
    json!({
        "version": recording.version,
        "metadata": recording.metadata,
        "environment": recording.environment,
        "cells": recording.cells,
        "events": recording.events,
        "checkpoints": recording.checkpoints,
        "document": document,
    })
}

fn set_metadata(session: &mut EntrenarSession, recording: &RuchySession) {
    let metadata = &recording.metadata;
    session.foreign_id.clone_from(&metadata.session_id);
    session.user.clone_from(&metadata.student_id);
    for tag in &metadata.tags {
        session.add_tag(tag.clone());
    }
    session.started_at = metadata.created_at;
    session.ended_at = recording.end_ns().and_then(|ns| recording.time_at(ns));
    if session.ended_at.is_some() {
        let how = "the time of the last event";
        session.derived.insert("ended_at".into(), how.into());
    }
    session.document = recording.document.clone();
    let facts = &mut session.document.metadata;
    let mut add = |key: &str, value: Value| {
        if !is_empty(&value) {
            facts.entry(key).or_insert(value);
        }
    };
    add("version", json!(recording.version));
    add("metadata", without_empty(json!(metadata)));
    add("environment", without_empty(json!(recording.environment)));
    add("checkpoints", json!(recording.checkpoints));
    let loose = recording.events.iter().filter(|event| event.cell.is_none());
    add("events", loose.map(event_value).collect());
    session.warnings.clone_from(&recording.warnings);
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Without the fields that are not known; those that the format does not have stand beside the
/// others, as in the file.
fn without_empty(value: Value) -> Value {
    let Value::Object(mut fields) = value else {
        return value;
    };
    let extra = fields.shift_remove("extra");
    fields.retain(|_, value| !is_empty(value));
    if let Some(Value::Object(extra)) = extra {
        fields.extend(extra);
    }
    Value::Object(fields)
}

fn event_value(event: &RuchyEvent) -> Value {
    json!({
        "id": event.id,
        "timestamp_ns": event.timestamp_ns,
        "event": { event.kind.as_str(): event.data },
        "causality": event.causality,
    })
}

fn add_cells(session: &mut EntrenarSession, mut recording: RuchySession) {
    let mut events: Vec<Vec<Value>> = Vec::new();
    events.resize_with(recording.cells.len(), Vec::new);
    for event in &recording.events {
        if let Some(list) = event.cell.and_then(|cell| events.get_mut(cell)) {
            list.push(event_value(event));
        }
    }
    let stand_in = recording.file_modified.unwrap_or(DateTime::UNIX_EPOCH);
    let mut stood_in = false;
    let cells = std::mem::take(&mut recording.cells);
    for (index, (cell, events)) in cells.into_iter().zip(events).enumerate() {
        let time = |ns: Option<u64>| recording.time_at(ns?);
        let (begin, end) = (time(cell.start_ns), time(cell.end_ns));
        stood_in |= begin.is_none();
        let timing = Timing {
            begin,
            end,
            stand_in,
        };
        add_cell(session, cell, index, &timing, events);
    }
    if stood_in {
        session
            .derived
            .insert("cells.timestamp".into(), bridge::STAND_IN_TIME.into());
    }
}

struct Timing {
    begin: Option<DateTime<Utc>>,
    end: Option<DateTime<Utc>>,
    stand_in: DateTime<Utc>,
}

fn add_cell(
    session: &mut EntrenarSession,
    cell: RuchyCell,
    index: usize,
    timing: &Timing,
    events: Vec<Value>,
) {
    const NS_PER_MS: u64 = 1_000_000;
    let duration_ns = cell
        .start_ns
        .zip(cell.end_ns)
        .and_then(|(start, end)| end.checked_sub(start));
    let mut metadata = cell.metadata;
    if !events.is_empty() {
        metadata.insert("events".into(), events.into());
    }
    let mut outputs = Vec::new();
    for (name, bytes) in [("stdout", &cell.stdout), ("stderr", &cell.stderr)] {
        if bytes.is_empty() {
            continue;
        }
        if std::str::from_utf8(bytes).is_err() {
            session.warnings.push(ImportWarning::new(
                WarningKind::Encoding,
                Place::path(format!("cells[{index}].{name}")),
                "what the cell printed is not UTF-8; it is kept as bytes beside the text",
            ));
            metadata.insert(format!("{name}_bytes"), json!(bytes));
        }
        outputs.push(output::stream(name, String::from_utf8_lossy(bytes)));
    }
    let mut error = None;
    match &cell.result {
        Some(RuchyResult::Error { message }) => {
            outputs.push(output::error("", message, &[]));
            error = Some(CellError {
                message: message.clone(),
                ..CellError::default()
            });
        }
        Some(result) => {
            if let Some(text) = result.shown() {
                outputs.push(output::result(cell.execution_count, text));
            }
        }
        None => {}
    }
    let code = CodeCell {
        execution_order: u32::try_from(index + 1).unwrap_or(u32::MAX),
        source: cell.source,
        output: output::joined_text(&outputs),
        timestamp: timing.begin.unwrap_or(timing.stand_in),
        duration_ms: duration_ns.map(|ns| ns / NS_PER_MS),
    };
    let record = CellRecord {
        id: cell.id,
        execution_count: cell.execution_count,
        mode: cell.mode,
        outputs,
        error,
        metadata,
        extra: cell.extra,
        time_source: match timing.begin {
            Some(_) => TimeSource::Recorded,
            None => TimeSource::Derived,
        },
        ended_at: timing.end,
    };
    session.add_recorded_cell(code, record);
}
