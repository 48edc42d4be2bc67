use serde_json::Value;

use crate::session::SourceFormat;

use super::{BridgeError, SourceContext, json, text};

/// Finds the format of `bytes` by their content; the name decides only where the content
/// cannot (plain text).
///
/// # Errors
/// [`BridgeError::Empty`], [`BridgeError::UnknownFormat`], or the JSON error of a document
/// that begins like JSON.
pub fn detect(bytes: &[u8], context: &SourceContext) -> Result<SourceFormat, BridgeError> {
    let decoded = text::decode(bytes)?;
    let text = decoded.text.trim_start();
    if text.is_empty() {
        return Err(BridgeError::Empty);
    }
    if text.starts_with("#V2\n") {
        return Ok(SourceFormat::RuchyHistory);
    }
    let name = context.name.as_deref().unwrap_or_default();
    if !text.starts_with('{') {
        if name.ends_with("repl_history.txt") || name.ends_with(".history.txt") {
            return Ok(SourceFormat::RuchyHistory);
        }
        return Err(BridgeError::UnknownFormat { hint: hint(text) });
    }
    // A line that is an object of its own, with more behind it, is JSON Lines.
    if let Some((first, rest)) = text.split_once('\n')
        && !rest.trim().is_empty()
        && let Ok(line) = serde_json::from_str::<Value>(first)
    {
        return by_keys(&line).ok_or_else(|| unknown(&line));
    }
    let value = json::parse(bytes, context.limits)?.value;
    by_keys(&value).ok_or_else(|| unknown(&value))
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
    BridgeError::UnknownFormat {
        hint: format!("a JSON object with {}", keys.join(", ")),
    }
}

fn hint(text: &str) -> String {
    let start: String = text.chars().take(40).collect();
    format!("text that begins with {start:?}")
}
