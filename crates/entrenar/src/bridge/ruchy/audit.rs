//! Audit streams (`runtime::audit` of Ruchy's feature `training`): one JSON object for each
//! evaluation, on lines of their own (`JsonLines`) or one behind the other (`Json`).
//!
//! Times are nanoseconds since the collector was made; nothing tells when that was.

use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::bridge::{BridgeError, Limits, json};
use crate::session::{Place, WarningKind};

use super::raw::{self, Warnings};
use super::session::{RuchyCell, RuchyResult, RuchySession};

/// Fields of an entry and of its `path` that are kept as metadata of the cell.
const FACTS: [&str; 11] = [
    "timestamp_ns",
    "sequence",
    "input_hash",
    "latency_ns",
    "eval_type",
    "bindings_changed",
    "memory_bytes",
    "execution_ns",
    "ast_depth",
    "confidence_score",
    "output",
];

/// Reads an audit stream. A line that is not JSON is skipped with a warning.
pub(super) fn read(
    text: &str,
    limits: Limits,
    warnings: &mut Warnings,
) -> Result<RuchySession, BridgeError> {
    let mut session = RuchySession::default();
    let mut at = 0;
    let mut first_error = None;
    let mut left = limits.max_values;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.trim().is_empty()) {
        match next_entry(rest, &mut left) {
            Some(Ok((Some(entry), length))) => {
                add(&mut session, entry, at, warnings);
                at += length;
            }
            Some(Ok((None, _))) => {
                return Err(BridgeError::TooManyValues {
                    limit: limits.max_values,
                    position: raw::position(text, at),
                });
            }
            Some(Err(error)) => {
                // A broken entry is taken to end with its line; one that was cut off is the
                // last.
                let start = at + (rest.len() - rest.trim_start().len());
                let message = if error.is_eof() {
                    "the last entry was cut off; it is left out"
                } else {
                    "an entry is not JSON; its line is left out"
                };
                warnings.add(WarningKind::InvalidValue, Place::byte(start), message);
                first_error.get_or_insert_with(|| error_at(text, at, &error));
                let line = text.get(start..).unwrap_or_default();
                at = match line.find('\n') {
                    Some(newline) => start + newline + 1,
                    None => text.len(),
                };
            }
            None => break,
        }
    }
    match first_error {
        Some(error) if session.cells.is_empty() => Err(error),
        _ => Ok(session),
    }
}

/// The entry that `text` begins with and its length; no entry where it has more values than
/// are `left`, which is known before it takes any memory.
fn next_entry(
    text: &str,
    left: &mut usize,
) -> Option<Result<(Option<Value>, usize), serde_json::Error>> {
    let mut entries = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    if let Err(error) = entries.next()? {
        return Some(Err(error));
    }
    let length = entries.byte_offset();
    let entry = text.get(..length).unwrap_or_default();
    let Some(rest) = left.checked_sub(raw::most_values(entry)) else {
        return Some(Ok((None, length)));
    };
    *left = rest;
    Some(serde_json::from_str(entry).map(|value| (Some(value), length)))
}

/// The error of an entry that was parsed from the byte offset `at` of `text`.
fn error_at(text: &str, at: usize, error: &serde_json::Error) -> BridgeError {
    let mut found = json::json_error(text.get(at..).unwrap_or_default(), error);
    if let BridgeError::Json { position, .. } = &mut found {
        *position = raw::position(text, at + position.byte);
    }
    found
}

fn add(session: &mut RuchySession, entry: Value, at: usize, warnings: &mut Warnings) {
    let index = session.cells.len();
    let place = |path: String| Place {
        path: Some(path),
        ..Place::byte(at)
    };
    let (Value::Object(mut outer), path) = (entry, format!("entries[{index}]")) else {
        warnings.add(
            WarningKind::InvalidValue,
            place(format!("entries[{index}]")),
            "an entry is not an object; it is left out",
        );
        return;
    };
    let mut inner = match outer.shift_remove("path") {
        Some(Value::Object(inner)) => inner,
        _ => {
            warnings.add(
                WarningKind::InvalidValue,
                place(format!("{path}.path")),
                "an entry has no command",
            );
            Map::new()
        }
    };
    let mut text = |key: &str| match inner.get(key) {
        Some(Value::String(_)) => match inner.shift_remove(key) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        },
        _ => None,
    };
    let mut cell = RuchyCell::new(text("command").unwrap_or_default());
    cell.mode = text("input_mode");
    let (error, output) = (text("error"), text("output"));
    let success = inner
        .shift_remove("success")
        .and_then(|value| value.as_bool());
    cell.result = match (success, error, output) {
        (Some(false), error, _) | (None, error @ Some(_), _) => Some(RuchyResult::Error {
            message: error.unwrap_or_default(),
        }),
        (_, _, Some(output)) if output == "()" || output.is_empty() => Some(RuchyResult::Unit),
        (_, _, Some(value)) => Some(RuchyResult::Success { value }),
        (_, _, None) => None,
    };
    if inner.get("error").is_some_and(Value::is_null) {
        inner.shift_remove("error");
    }
    cell.id = outer
        .get("sequence")
        .and_then(Value::as_u64)
        .map(|sequence| sequence.to_string());
    // The entry is made when the evaluation has ended.
    cell.end_ns = outer.get("timestamp_ns").and_then(Value::as_u64);
    let ran_ns = inner
        .get("execution_ns")
        .and_then(Value::as_u64)
        .filter(|ns| *ns > 0);
    cell.start_ns = cell
        .end_ns
        .zip(ran_ns)
        .and_then(|(end, ran)| end.checked_sub(ran));
    if let Some(confidence) = outer.shift_remove("output") {
        cell.metadata.insert("confidence".to_owned(), confidence);
    }
    for (key, value) in outer.into_iter().chain(inner) {
        if FACTS.contains(&key.as_str()) {
            cell.metadata.insert(key, value);
        } else {
            warnings.add(
                WarningKind::UnknownField,
                place(format!("{path}.{key}")),
                format!("the field {key:?} is not one of the format's; it is kept"),
            );
            cell.extra.insert(key, value);
        }
    }
    session.cells.push(cell);
}
