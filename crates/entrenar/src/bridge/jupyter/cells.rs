//! Cells of a notebook, of any version.

use serde_json::{Map, Value};

use crate::session::{CellError, CellRecord, DocumentCell, TextCell};

use super::notes::Notes;
use super::outputs;
use super::times::{self, CellTimes};

/// A cell of the document in its order.
pub(super) enum ReadCell {
    Code(CodeDraft),
    /// A markdown or raw cell.
    Text(DocumentCell),
}

/// A code cell whose place in the order of execution is not known yet.
pub(super) struct CodeDraft {
    pub(super) source: String,
    pub(super) record: CellRecord,
    pub(super) times: CellTimes,
}

/// The fields of a cell, as they are in the file.
#[derive(Default)]
struct Fields {
    kind: Option<String>,
    id: Option<String>,
    source: Option<Value>,
    metadata: Map<String, Value>,
    attachments: Map<String, Value>,
    outputs: Option<Value>,
    count: Option<Value>,
    level: Option<Value>,
    extra: Map<String, Value>,
}

/// Reads the cell at `path` (`cells[3]`). In a notebook before nbformat 4 (`legacy`) a code cell
/// has `input` and `prompt_number`, and its outputs have another form.
pub(super) fn read(cell: Value, legacy: bool, path: &str, notes: &mut Notes) -> ReadCell {
    let Value::Object(cell) = cell else {
        notes.invalid(
            || path.to_owned(),
            "a cell is an object; this value is kept as a raw cell's field `value`",
        );
        let extra = Map::from_iter([("value".to_owned(), cell)]);
        return ReadCell::Text(DocumentCell::Raw(TextCell {
            extra,
            ..TextCell::default()
        }));
    };
    let mut fields = fields(cell, path, notes);
    let kind = fields.kind.take().unwrap_or_default();
    let has_run = fields.outputs.is_some() || fields.count.is_some();
    match kind.as_str() {
        "code" => ReadCell::Code(code(fields, legacy, path, notes)),
        "markdown" => ReadCell::Text(DocumentCell::Markdown(text(fields, path, notes))),
        "raw" => ReadCell::Text(DocumentCell::Raw(text(fields, path, notes))),
        "heading" if legacy => {
            let level = fields.level.as_ref().and_then(Value::as_u64).unwrap_or(1);
            let mut cell = text(fields, path, notes);
            let hashes = "#".repeat(usize::try_from(level.clamp(1, 6)).unwrap_or(1));
            let line = cell.source.lines().collect::<Vec<_>>().join(" ");
            cell.source = format!("{hashes} {line}");
            ReadCell::Text(DocumentCell::Markdown(cell))
        }
        "html" if legacy => ReadCell::Text(DocumentCell::Markdown(text(fields, path, notes))),
        kind => {
            let taken_as = if has_run { "a code cell" } else { "a raw cell" };
            let shown: String = kind.chars().take(60).collect();
            let message = if kind.is_empty() {
                format!("the cell has no cell_type; it was read as {taken_as}")
            } else {
                format!("the cell_type `{shown}` is not known; it was read as {taken_as}")
            };
            notes.invalid(|| path.to_owned(), &message);
            if !kind.is_empty() {
                fields.extra.insert("cell_type".into(), kind.into());
            }
            if has_run {
                ReadCell::Code(code(fields, legacy, path, notes))
            } else {
                ReadCell::Text(DocumentCell::Raw(text(fields, path, notes)))
            }
        }
    }
}

/// Sorts the entries of a cell; what has the wrong type is kept in `extra`.
fn fields(cell: Map<String, Value>, path: &str, notes: &mut Notes) -> Fields {
    let mut fields = Fields::default();
    let mut old_source = None;
    let mut collapsed = None;
    for (key, value) in cell {
        let odd = match (key.as_str(), value) {
            ("cell_type", Value::String(kind)) => {
                fields.kind = Some(kind);
                continue;
            }
            ("id", Value::String(id)) => {
                fields.id = Some(id);
                continue;
            }
            ("metadata", Value::Object(metadata)) => {
                fields.metadata = metadata;
                continue;
            }
            ("attachments", Value::Object(attachments)) => {
                fields.attachments = attachments;
                continue;
            }
            ("source", value) => {
                fields.source = Some(value);
                continue;
            }
            ("input" | "code", value) if old_source.is_none() => {
                old_source = Some((key, value));
                continue;
            }
            ("outputs", value) => {
                fields.outputs = Some(value);
                continue;
            }
            ("execution_count", value) => {
                // An old name beside it is kept as a field of its own.
                if let Some(old) = fields.count.replace(value) {
                    fields.extra.insert("prompt_number".into(), old);
                }
                continue;
            }
            ("prompt_number", value) if fields.count.is_none() => {
                fields.count = Some(value);
                continue;
            }
            ("level", value) => {
                fields.level = Some(value.clone());
                value
            }
            ("collapsed", value @ Value::Bool(_)) => {
                collapsed = Some(value);
                continue;
            }
            ("language", value @ Value::String(_)) => {
                // nbformat 2 and 3: the language of the cell.
                fields.extra.insert(key, value);
                continue;
            }
            ("cell_type" | "id" | "metadata" | "attachments", value) => {
                let message = format!("the cell's `{key}` is not of the right type; it is kept");
                notes.invalid(|| format!("{path}.{key}"), &message);
                value
            }
            (_, value) => {
                notes.unknown(|| path.to_owned(), &key);
                value
            }
        };
        fields.extra.insert(key, odd);
    }
    match (old_source, &fields.source) {
        (Some((_, value)), None) => fields.source = Some(value),
        (Some((key, value)), Some(_)) => {
            fields.extra.insert(key, value);
        }
        (None, _) => {}
    }
    if let Some(collapsed) = collapsed {
        fields.metadata.entry("collapsed").or_insert(collapsed);
    }
    fields
}

fn code(mut fields: Fields, legacy: bool, path: &str, notes: &mut Notes) -> CodeDraft {
    let source = source(&mut fields, path, notes);
    let outputs = match fields.outputs.take() {
        Some(outputs) => outputs::read(outputs, legacy, path, notes),
        None => {
            notes.invalid(|| path.to_owned(), "the code cell has no `outputs`");
            Vec::new()
        }
    };
    let execution_count = match fields.count.take() {
        None | Some(Value::Null) => None,
        Some(value) => {
            let count = whole(&value).filter(|count| *count >= 0);
            if !value.is_u64() {
                notes.invalid(
                    || format!("{path}.execution_count"),
                    "an execution count is a whole number; this value is kept",
                );
                fields.extra.insert("execution_count".into(), value);
            }
            count
        }
    };
    if !fields.attachments.is_empty() {
        notes.unknown(|| path.to_owned(), "attachments");
        let attachments = Value::Object(fields.attachments);
        fields.extra.insert("attachments".into(), attachments);
    }
    let times = times::read(&fields.metadata, path, notes);
    let record = CellRecord {
        id: fields.id,
        execution_count,
        error: outputs.iter().find_map(error),
        outputs,
        metadata: fields.metadata,
        extra: fields.extra,
        ended_at: times.end,
        ..CellRecord::default()
    };
    CodeDraft {
        source,
        record,
        times,
    }
}

fn text(mut fields: Fields, path: &str, notes: &mut Notes) -> TextCell {
    let source = source(&mut fields, path, notes);
    // The schema has no outputs here, but some writers leave empty ones behind.
    for (key, value) in [
        ("outputs", fields.outputs.take()),
        ("execution_count", fields.count.take()),
    ] {
        if let Some(value) = value {
            notes.unknown(|| path.to_owned(), key);
            fields.extra.insert(key.into(), value);
        }
    }
    TextCell {
        id: fields.id,
        source,
        metadata: fields.metadata,
        attachments: fields.attachments,
        extra: fields.extra,
    }
}

fn source(fields: &mut Fields, path: &str, notes: &mut Notes) -> String {
    match fields.source.take() {
        Some(Value::String(source)) => source,
        Some(Value::Array(lines)) => {
            if lines.iter().all(Value::is_string) {
                return join(lines);
            }
            let source = lines.iter().filter_map(Value::as_str).collect();
            notes.invalid(
                || format!("{path}.source"),
                "the source has lines that are not text; it is kept beside the text of the others",
            );
            fields.extra.insert("source".into(), Value::Array(lines));
            source
        }
        Some(value) => {
            notes.invalid(
                || format!("{path}.source"),
                "the source is not text; it is kept",
            );
            fields.extra.insert("source".into(), value);
            String::new()
        }
        None => {
            notes.invalid(|| path.to_owned(), "the cell has no `source`");
            String::new()
        }
    }
}

/// Joins lines; the first one's memory is used where it is the only one.
fn join(lines: Vec<Value>) -> String {
    let length: usize = lines.iter().filter_map(Value::as_str).map(str::len).sum();
    let mut joined = String::new();
    for line in lines {
        if let Value::String(line) = line {
            if joined.capacity() == 0 {
                joined = line;
                joined.reserve(length - joined.len());
            } else {
                joined.push_str(&line);
            }
        }
    }
    joined
}

/// A whole number, also where it is written `3.0`.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the range is checked and the value is whole"
)]
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let float = value.as_f64()?;
        (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64)
    })
}

/// The error that an `error` output tells.
fn error(output: &Value) -> Option<CellError> {
    if output.get("output_type")?.as_str()? != "error" {
        return None;
    }
    let text = |key: &str| {
        let value = output.get(key).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    let traceback = match output.get("traceback") {
        Some(Value::Array(lines)) => lines
            .iter()
            .filter_map(Value::as_str)
            .map(ToOwned::to_owned)
            .collect(),
        Some(Value::String(text)) => vec![text.clone()],
        _ => Vec::new(),
    };
    Some(CellError {
        name: text("ename"),
        message: text("evalue"),
        traceback,
    })
}
