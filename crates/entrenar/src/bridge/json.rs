//! JSON as programs really write it: read with serde_json, bounded, positions in errors.

use serde_json::Value;

use crate::session::ImportWarning;

use super::text::{self, Decoded};
use super::{BridgeError, Limits, Position};

/// A JSON document and what had to be repaired to read it.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The document.
    pub value: Value,
    /// Repairs, with their places.
    pub warnings: Vec<ImportWarning>,
}

/// Parses a JSON document.
///
/// # Errors
/// [`BridgeError::Json`] with the position for malformed JSON, [`BridgeError::Empty`] for a
/// document of white space, [`BridgeError::TooManyValues`] beyond the limit.
pub fn parse(bytes: &[u8], _limits: Limits) -> Result<Parsed, BridgeError> {
    let Decoded { text, warnings } = text::decode(bytes)?;
    if text.trim().is_empty() {
        return Err(BridgeError::Empty);
    }
    match serde_json::from_str(&text) {
        Ok(value) => Ok(Parsed { value, warnings }),
        Err(error) => Err(json_error(&text, &error)),
    }
}

/// The error of a document, with its byte offset.
pub fn json_error(text: &str, error: &serde_json::Error) -> BridgeError {
    let line_start: usize = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    let full = error.to_string();
    let message = full
        .rsplit_once(" at line ")
        .map_or(full.as_str(), |(message, _)| message);
    BridgeError::Json {
        position: Position {
            line: error.line(),
            column: error.column(),
            byte: line_start + error.column().saturating_sub(1),
        },
        message: message.to_owned(),
    }
}
