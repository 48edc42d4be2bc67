//! JSON as programs really write it: read with serde_json, bounded, positions in errors.
//!
//! A clean document is parsed once. Python's `json` writes and reads what RFC 8259 does not
//! have (`NaN`, `Infinity`, lone surrogates, integers of any size); a document with such things
//! fails the first parse, is repaired in one pass over its text, and is parsed again.

mod repair;
mod value;

use serde_json::Value;

use crate::session::{ImportWarning, Place, WarningKind};

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
/// Bare `NaN`, `Infinity` and `-Infinity` become the strings of [`crate::session::number`]; a
/// number that 64 bits cannot hold becomes a string with its text; a lone surrogate becomes
/// U+FFFD; of equal keys in one object the last counts, as in Python. Each kind gives a warning.
///
/// # Errors
/// [`BridgeError::Json`] with the position for malformed, truncated or too deeply nested JSON
/// (more than 127 levels), [`BridgeError::Empty`] for a document of white space,
/// [`BridgeError::TooManyValues`] beyond the limit, [`BridgeError::Encoding`].
pub fn parse(bytes: &[u8], limits: Limits) -> Result<Parsed, BridgeError> {
    parse_decoded(text::decode(bytes)?, limits)
}

/// As [`parse`], for a document that is decoded already.
///
/// # Errors
/// As [`parse`].
pub fn parse_decoded(mut decoded: Decoded<'_>, limits: Limits) -> Result<Parsed, BridgeError> {
    let text: &str = &decoded.text;
    let limit = limits.max_values;
    let failure = match value::parse(text, limit) {
        Ok(parsed) if !parsed.wide_numbers => {
            let mut warnings = std::mem::take(&mut decoded.warnings);
            warnings.extend(parsed.duplicates);
            return Ok(Parsed {
                value: parsed.value,
                warnings,
            });
        }
        Ok(parsed) => Ok(parsed),
        Err(_) if text.trim_start().is_empty() => return Err(BridgeError::Empty),
        Err(failure) if failure.too_many => {
            return Err(positioned(&decoded, None, &failure, limit));
        }
        Err(failure) => Err(failure),
    };
    let repaired = repair::repair(text);
    let parsed = match failure {
        // Only numbers can need a repair here, and none did.
        Ok(parsed) if repaired.is_clean() => parsed,
        Err(failure) if repaired.is_clean() => {
            return Err(positioned(&decoded, None, &failure, limit));
        }
        Ok(_) | Err(_) => value::parse(&repaired.text, limit)
            .map_err(|failure| positioned(&decoded, Some(&repaired), &failure, limit))?,
    };
    let repairs = repaired.counts.iter().map(|count| {
        let place = Place::byte(decoded.source_byte(count.first));
        ImportWarning::new(WarningKind::Encoding, place, count.message())
    });
    let mut warnings = decoded.warnings.clone();
    warnings.extend(repairs);
    warnings.extend(parsed.duplicates);
    Ok(Parsed {
        value: parsed.value,
        warnings,
    })
}

/// The error of a parse with its place in the source.
fn positioned(
    decoded: &Decoded<'_>,
    repaired: Option<&repair::Repaired>,
    failure: &value::Failure,
    limit: usize,
) -> BridgeError {
    let parsed: &str = repaired.map_or(&decoded.text, |repaired| &repaired.text);
    let offset = error_offset(parsed, &failure.error);
    let offset = repaired.map_or(offset, |repaired| repaired.original(offset));
    let position = Position {
        byte: decoded.source_byte(offset),
        ..position_at(&decoded.text, offset)
    };
    if failure.too_many {
        BridgeError::TooManyValues { limit, position }
    } else {
        BridgeError::Json {
            position,
            message: message(&failure.error),
        }
    }
}

/// The error of a document that was parsed from `text`, with its byte offset in the text.
pub fn json_error(text: &str, error: &serde_json::Error) -> BridgeError {
    BridgeError::Json {
        position: position_at(text, error_offset(text, error)),
        message: message(error),
    }
}

/// The byte at which `error` is: the first that cannot be, or the end of a truncated text.
fn error_offset(text: &str, error: &serde_json::Error) -> usize {
    if error.is_eof() {
        return text.len();
    }
    let line_start: usize = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    (line_start + error.column().saturating_sub(1)).min(text.len())
}

fn position_at(text: &str, offset: usize) -> Position {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    let line_start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |newline| newline + 1);
    Position {
        line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
        column: before.len() - line_start + 1,
        byte: offset,
    }
}

fn message(error: &serde_json::Error) -> String {
    let full = error.to_string();
    let message = full
        .rsplit_once(" at line ")
        .map_or(full.as_str(), |(message, _)| message);
    if message == "recursion limit exceeded" {
        return "nested more than 127 levels deep".to_owned();
    }
    message.to_owned()
}
