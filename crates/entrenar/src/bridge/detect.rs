use serde_json::Value;

use crate::session::SourceFormat;

use super::json::{self, Parsed};
use super::{BridgeError, SourceContext, text};

/// Finds the format of `bytes` by their content; the name decides only where the content
/// cannot (plain text).
///
/// # Errors
/// [`BridgeError::Empty`], [`BridgeError::UnknownFormat`], or the JSON error of a document
/// that begins like JSON.
pub fn detect(bytes: &[u8], context: &SourceContext) -> Result<SourceFormat, BridgeError> {
    open(bytes, context).map(|opened| opened.format)
}

/// A document whose format is known.
pub(super) struct Opened {
    pub(super) format: SourceFormat,
    /// The document, where its format could not be known before it was parsed.
    pub(super) parsed: Option<Parsed>,
}

impl From<SourceFormat> for Opened {
    fn from(format: SourceFormat) -> Self {
        Self {
            format,
            parsed: None,
        }
    }
}

/// As [`detect`]; a document is parsed at most once, here or by its reader.
pub(super) fn open(bytes: &[u8], context: &SourceContext) -> Result<Opened, BridgeError> {
    let decoded = text::decode(bytes)?;
    let text = decoded.text.trim_start();
    if text.is_empty() {
        return Err(BridgeError::Empty);
    }
    if text.starts_with("#V2\n") {
        return Ok(SourceFormat::RuchyHistory.into());
    }
    let name = context.name.as_deref().unwrap_or_default();
    if !text.starts_with('{') {
        if name.ends_with("repl_history.txt") || name.ends_with(".history.txt") {
            return Ok(SourceFormat::RuchyHistory.into());
        }
        return Err(BridgeError::UnknownFormat { hint: hint(text) });
    }
    if let Some(format) = by_first_keys(text) {
        return Ok(format.into());
    }
    // A line that is an object of its own, with more behind it, is JSON Lines.
    if let Some((first, rest)) = text.split_once('\n')
        && !rest.trim_start().is_empty()
        && let Ok(line) = serde_json::from_str::<Value>(first)
    {
        return by_keys(&line)
            .map(Opened::from)
            .ok_or_else(|| unknown(&line));
    }
    let parsed = json::parse_decoded(decoded, context.limits)?;
    match by_keys(&parsed.value) {
        Some(format) => Ok(Opened {
            format,
            parsed: Some(parsed),
        }),
        None => Err(unknown(&parsed.value)),
    }
}

/// The format, if a key of the top level tells it before one that does not (`cells`).
fn by_first_keys(text: &str) -> Option<SourceFormat> {
    let (mut path, mut sequence) = (false, false);
    for key in TopLevelKeys::of(text) {
        match key {
            "entrenar_session" => return Some(SourceFormat::SessionJson),
            "timeline" => return Some(SourceFormat::RuchyReplay),
            "nbformat" | "worksheets" => return Some(SourceFormat::Jupyter),
            // A notebook of Jupyter or of Ruchy; what tells them apart comes later.
            "cells" => return None,
            "path" => path = true,
            "sequence" => sequence = true,
            _ => {}
        }
        if path && sequence {
            return Some(SourceFormat::RuchyAudit);
        }
    }
    None
}

/// The keys of the object that a text begins with, as they are written; ends at its end or
/// where it is malformed. A value is skipped only when the key behind it is asked for.
struct TopLevelKeys<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> TopLevelKeys<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            text,
            at: usize::from(text.starts_with('{')),
        }
    }

    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += rest.iter().position(|b| !b.is_ascii_whitespace())?;
        self.text.as_bytes().get(self.at).copied()
    }

    /// Moves behind the string that begins here; returns its range without the quotes.
    fn string(&mut self) -> Option<&'a str> {
        let start = self.at + 1;
        let mut end = start;
        loop {
            match self.text.as_bytes().get(end)? {
                b'"' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        self.at = end + 1;
        self.text.get(start..end)
    }

    /// Moves to the comma or brace behind a value.
    fn skip_value(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b',' | b'}' if depth == 0 => return Some(()),
                b'}' | b']' => depth = depth.checked_sub(1)?,
                _ => {}
            }
            self.at += 1;
        }
    }
}

impl<'a> Iterator for TopLevelKeys<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.at > 1 {
            self.skip_value()?;
            (self.peek()? == b',').then(|| self.at += 1)?;
        }
        (self.peek()? == b'"').then_some(())?;
        let key = self.string()?;
        (self.peek()? == b':').then(|| self.at += 1)?;
        Some(key)
    }
}

fn by_keys(value: &Value) -> Option<SourceFormat> {
    let has = |key: &str| value.get(key).is_some();
    if has("entrenar_session") {
        Some(SourceFormat::SessionJson)
    } else if has("timeline") {
        Some(SourceFormat::RuchyReplay)
    } else if has("path") && has("sequence") {
        Some(SourceFormat::RuchyAudit)
    } else if has("nbformat") || has("worksheets") {
        Some(SourceFormat::Jupyter)
    } else if has("cells") {
        let metadata = value.get("metadata");
        let ruchy = metadata
            .and_then(|m| m.get("language"))
            .and_then(Value::as_str);
        Some(if ruchy == Some("ruchy") {
            SourceFormat::RuchyNotebook
        } else {
            SourceFormat::Jupyter
        })
    } else {
        None
    }
}

fn unknown(value: &Value) -> BridgeError {
    let keys: Vec<_> = value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key.as_str())
        .take(6)
        .collect();
    let hint = match value {
        Value::Object(_) if keys.is_empty() => "an empty JSON object".to_owned(),
        _ => format!("a JSON object with {}", keys.join(", ")),
    };
    BridgeError::UnknownFormat { hint }
}

fn hint(text: &str) -> String {
    // The signatures of a zip's entry and of an empty zip (APPNOTE 4.3.7, 4.3.16).
    if text.starts_with("PK\u{3}\u{4}") || text.starts_with("PK\u{5}\u{6}") {
        return "a zip archive; unpack it first".to_owned();
    }
    if text.contains('\0') {
        return "binary data".to_owned();
    }
    let start: String = text.chars().take(40).collect();
    format!("text that begins with {start:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_the_top_level_are_read_without_their_values() {
        let text = r#" {"a\"b": {"x": [1, "}"]}, "c":null , "d" : "\\", "e":1} {"f":2}"#;
        let keys: Vec<_> = TopLevelKeys::of(text.trim_start()).collect();
        assert_eq!(keys, ["a\\\"b", "c", "d", "e"]);
        for end in 0..text.len() {
            assert!(TopLevelKeys::of(&text[..end]).count() <= 4);
        }
    }

    #[test]
    fn a_notebook_is_parsed_at_most_once() {
        let open = |text: &str| open(text.as_bytes(), &SourceContext::default()).unwrap();
        let early = open(r#"{"nbformat": 4, "cells": ["#);
        assert!(early.format == SourceFormat::Jupyter && early.parsed.is_none());
        let late = open(r#"{"cells": [], "nbformat": 4}"#);
        assert!(late.format == SourceFormat::Jupyter && late.parsed.is_some());
        let ruchy = open(r#"{"cells": [], "metadata": {"language": "ruchy"}}"#);
        assert_eq!(ruchy.format, SourceFormat::RuchyNotebook);
    }

    #[test]
    fn malformed_json_gives_its_place_and_strangers_their_keys() {
        let detect = |text: &str| detect(text.as_bytes(), &SourceContext::default());
        assert!(
            matches!(detect(r#"{"cells": [}"#), Err(BridgeError::Json { position, .. }) if position.byte == 11)
        );
        assert!(
            matches!(detect(r#"{"a": 1}"#), Err(BridgeError::UnknownFormat { hint }) if hint.contains("with a"))
        );
    }
}
