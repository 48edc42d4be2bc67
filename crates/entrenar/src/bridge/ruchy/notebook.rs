//! `.rnb`: notebooks of Ruchy's notebook server.
//!
//! A JSON object with `cells` (`cell_type`, `source`, `output`, `execution_count`; source and
//! output are strings) and `metadata`. There are no times and there is no mark for a cell that
//! failed. `output` holds what the cell printed and then the value that it showed.

use serde_json::{Map, Value};

use crate::bridge::{BridgeError, Limits, json};
use crate::session::{Document, DocumentCell, Place, TextCell, WarningKind, output};

use super::raw::Warnings;
use super::session::{RuchyCell, RuchyResult, RuchySession};
use super::values;

/// Reads a notebook.
pub(super) fn read(bytes: &[u8], limits: Limits) -> Result<RuchySession, BridgeError> {
    let mut notes = Warnings::default();
    let warnings = &mut notes;
    let parsed = json::parse(bytes, limits)?;
    let mut session = RuchySession {
        warnings: parsed.warnings,
        ..RuchySession::default()
    };
    let Value::Object(mut top) = parsed.value else {
        return Err(invalid("the document", "a notebook is a JSON object"));
    };
    let Some(Value::Array(cells)) = top.shift_remove("cells") else {
        return Err(invalid("cells", "a notebook has a list of cells"));
    };
    if let Some(Value::Object(metadata)) = top.get("metadata") {
        session.document.metadata = metadata.clone();
        top.shift_remove("metadata");
    }
    for key in top.keys() {
        warnings.add(
            WarningKind::UnknownField,
            Place::path(key),
            format!("the field {key:?} is not one of the format's; it is kept"),
        );
    }
    session.document.extra = top;
    let mut code = Vec::new();
    for (index, cell) in cells.into_iter().enumerate() {
        let path = format!("cells[{index}]");
        let Value::Object(fields) = cell else {
            warnings.add(
                WarningKind::InvalidValue,
                Place::path(path),
                "a cell is not an object; it is kept as raw text",
            );
            push_text(&mut session.document, DocumentCell::Raw, text_cell(cell));
            continue;
        };
        match fields.get("cell_type").and_then(Value::as_str) {
            Some("code") => {
                session.document.cells.push(DocumentCell::Code(code.len()));
                code.push(code_cell(fields, &path, warnings));
            }
            Some("markdown") => push_text(
                &mut session.document,
                DocumentCell::Markdown,
                text_fields(fields, &path, warnings),
            ),
            kind => {
                if kind != Some("raw") {
                    warnings.add(
                        WarningKind::InvalidValue,
                        Place::path(format!("{path}.cell_type")),
                        "a cell of a kind that the format does not have; it is kept as raw text",
                    );
                }
                let cell = text_fields(fields, &path, warnings);
                push_text(&mut session.document, DocumentCell::Raw, cell);
            }
        }
    }
    order(&mut session, code, warnings);
    session.warnings.extend(notes.finish());
    Ok(session)
}

fn invalid(place: &str, message: &str) -> BridgeError {
    BridgeError::Invalid {
        place: place.to_owned(),
        message: message.to_owned(),
    }
}

fn push_text(document: &mut Document, kind: fn(TextCell) -> DocumentCell, cell: TextCell) {
    document.cells.push(kind(cell));
}

fn text_cell(value: Value) -> TextCell {
    TextCell {
        source: match value {
            Value::String(text) => text,
            other => other.to_string(),
        },
        ..TextCell::default()
    }
}

fn text_fields(mut fields: Map<String, Value>, path: &str, warnings: &mut Warnings) -> TextCell {
    let source = take_source(&mut fields, path, warnings);
    if matches!(
        fields.get("cell_type").and_then(Value::as_str),
        Some("markdown" | "raw")
    ) {
        fields.shift_remove("cell_type");
    }
    let metadata = take_metadata(&mut fields);
    note_unknown(&fields, path, warnings);
    TextCell {
        source,
        metadata,
        extra: fields,
        ..TextCell::default()
    }
}

fn code_cell(mut fields: Map<String, Value>, path: &str, warnings: &mut Warnings) -> RuchyCell {
    fields.shift_remove("cell_type");
    let mut cell = RuchyCell::new(take_source(&mut fields, path, warnings));
    cell.metadata = take_metadata(&mut fields);
    cell.execution_count = fields.get("execution_count").and_then(Value::as_i64);
    if cell.execution_count.is_some() || fields.get("execution_count").is_some_and(Value::is_null) {
        fields.shift_remove("execution_count");
    }
    match fields.shift_remove("output") {
        None | Some(Value::Null) => {}
        Some(shown) => match output::multiline(&shown) {
            Some(text) if text.is_empty() => cell.result = Some(RuchyResult::Unit),
            Some(text) if values::is_value(&text) && !cell.source.contains("print") => {
                cell.result = Some(RuchyResult::Success { value: text });
            }
            Some(text) => cell.stdout = text.into_bytes(),
            None => {
                warnings.add(
                    WarningKind::InvalidValue,
                    Place::path(format!("{path}.output")),
                    "an output is not a text; it is kept",
                );
                cell.result = Some(RuchyResult::Unknown(shown));
            }
        },
    }
    note_unknown(&fields, path, warnings);
    cell.extra = fields;
    cell
}

fn take_source(fields: &mut Map<String, Value>, path: &str, warnings: &mut Warnings) -> String {
    match fields.shift_remove("source") {
        None => String::new(),
        Some(source) => output::multiline(&source).unwrap_or_else(|| {
            warnings.add(
                WarningKind::InvalidValue,
                Place::path(format!("{path}.source")),
                "a source is not a text; its JSON is taken",
            );
            source.to_string()
        }),
    }
}

fn take_metadata(fields: &mut Map<String, Value>) -> Map<String, Value> {
    if !fields.get("metadata").is_some_and(Value::is_object) {
        return Map::new();
    }
    match fields.shift_remove("metadata") {
        Some(Value::Object(metadata)) => metadata,
        _ => Map::new(),
    }
}

fn note_unknown(fields: &Map<String, Value>, path: &str, warnings: &mut Warnings) {
    for key in fields.keys() {
        warnings.add(
            WarningKind::UnknownField,
            Place::path(format!("{path}.{key}")),
            format!("the field {key:?} is not one of the format's; it is kept"),
        );
    }
}

/// Puts the cells in the order of their execution counts, those without one behind; the
/// document keeps its own order.
fn order(session: &mut RuchySession, code: Vec<RuchyCell>, warnings: &mut Warnings) {
    if !code.is_empty() && code.iter().all(|cell| cell.execution_count.is_none()) {
        warnings.add(
            WarningKind::Order,
            Place::path("cells"),
            "no cell has an execution count; the order of the file stands for the order in \
             which they ran",
        );
    }
    let mut ran: Vec<(usize, RuchyCell)> = code.into_iter().enumerate().collect();
    ran.sort_by_key(|(_, cell)| cell.execution_count.unwrap_or(i64::MAX));
    let mut place = vec![0; ran.len()];
    for (order, (index, _)) in ran.iter().enumerate() {
        if let Some(place) = place.get_mut(*index) {
            *place = order;
        }
    }
    for cell in &mut session.document.cells {
        if let DocumentCell::Code(index) = cell {
            *index = place.get(*index).copied().unwrap_or(*index);
        }
    }
    session.cells = ran.into_iter().map(|(_, cell)| cell).collect();
}
