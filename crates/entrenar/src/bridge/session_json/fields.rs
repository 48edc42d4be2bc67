//! Typed access to the fields of a JSON object, with the path in every error.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::bridge::BridgeError;
use crate::session::{ImportWarning, Place, WarningKind, number};

use super::TextMap;

/// What was found while reading.
pub(super) struct Notes(pub(super) Vec<ImportWarning>);

/// An object whose fields are taken one by one; what is left at the end is unknown.
pub(super) struct Fields {
    map: Map<String, Value>,
    path: String,
}

pub(super) fn invalid(place: impl Into<String>, message: String) -> BridgeError {
    BridgeError::Invalid {
        place: place.into(),
        message,
    }
}

/// What kind of value it is, in JSON's words.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

impl Fields {
    pub(super) fn new(value: Value, path: String) -> Result<Self, BridgeError> {
        match value {
            Value::Object(map) => Ok(Self { map, path }),
            other => Err(invalid(
                path,
                format!("an object is needed, not {}", kind(&other)),
            )),
        }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn error(&self, key: &str, message: String) -> BridgeError {
        invalid(format!("{}.{key}", self.path), message)
    }

    pub(super) fn warn(&self, notes: &mut Notes, key: &str, message: String) {
        notes.0.push(ImportWarning::new(
            WarningKind::InvalidValue,
            Place::path(format!("{}.{key}", self.path)),
            message,
        ));
    }

    /// Warns of every field that was not taken.
    pub(super) fn finish(self, notes: &mut Notes) {
        for (key, _) in &self.map {
            notes.0.push(ImportWarning::new(
                WarningKind::UnknownField,
                Place::path(format!("{}.{key}", self.path)),
                "the format does not define this field; it stays in the file only",
            ));
        }
    }

    /// The field's value; `None` where it is missing or null.
    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        self.map.shift_remove(key).filter(|value| !value.is_null())
    }

    pub(super) fn required(&mut self, key: &str) -> Result<Value, BridgeError> {
        self.take(key)
            .ok_or_else(|| self.error(key, "the field is missing".into()))
    }

    fn wrong(&self, key: &str, needed: &str, value: &Value) -> BridgeError {
        self.error(key, format!("{needed} is needed, not {}", kind(value)))
    }

    pub(super) fn required_string(&mut self, key: &str) -> Result<String, BridgeError> {
        match self.required(key)? {
            Value::String(text) => Ok(text),
            other => Err(self.wrong(key, "a string", &other)),
        }
    }

    pub(super) fn string(&mut self, key: &str) -> Result<Option<String>, BridgeError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(key, "a string", &other)),
        }
    }

    pub(super) fn bool(&mut self, key: &str) -> Result<Option<bool>, BridgeError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(other) => Err(self.wrong(key, "a boolean", &other)),
        }
    }

    fn parsed<T>(
        &mut self,
        key: &str,
        needed: &str,
        parse: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, BridgeError> {
        match self.take(key) {
            None => Ok(None),
            Some(value) => match parse(&value) {
                Some(parsed) => Ok(Some(parsed)),
                None => Err(self.wrong(key, needed, &value)),
            },
        }
    }

    pub(super) fn i64(&mut self, key: &str) -> Result<Option<i64>, BridgeError> {
        self.parsed(key, "a signed 64-bit integer", Value::as_i64)
    }

    pub(super) fn u64(&mut self, key: &str) -> Result<Option<u64>, BridgeError> {
        self.parsed(key, "an unsigned 64-bit integer", Value::as_u64)
    }

    pub(super) fn u32(&mut self, key: &str) -> Result<Option<u32>, BridgeError> {
        self.parsed(key, "an unsigned 32-bit integer", |value| {
            value.as_u64().and_then(|n| u32::try_from(n).ok())
        })
    }

    pub(super) fn number(&mut self, key: &str) -> Result<Option<f64>, BridgeError> {
        self.parsed(key, "a number", number::from_json)
    }

    /// A list; empty where the field is missing.
    pub(super) fn list(&mut self, key: &str) -> Result<Vec<Value>, BridgeError> {
        match self.take(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => Ok(items),
            Some(other) => Err(self.wrong(key, "an array", &other)),
        }
    }

    pub(super) fn map(&mut self, key: &str) -> Result<Option<Map<String, Value>>, BridgeError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(map)),
            Some(other) => Err(self.wrong(key, "an object", &other)),
        }
    }

    pub(super) fn strings(&mut self, key: &str) -> Result<Vec<String>, BridgeError> {
        let mut texts = Vec::new();
        for (index, item) in self.list(key)?.into_iter().enumerate() {
            match item {
                Value::String(text) => texts.push(text),
                other => return Err(self.wrong(&format!("{key}[{index}]"), "a string", &other)),
            }
        }
        Ok(texts)
    }

    pub(super) fn string_map(&mut self, key: &str) -> Result<TextMap, BridgeError> {
        let mut texts = TextMap::new();
        for (name, value) in self.map(key)?.unwrap_or_default() {
            match value {
                Value::String(text) => {
                    texts.insert(name, text);
                }
                other => return Err(self.wrong(&format!("{key}.{name}"), "a string", &other)),
            }
        }
        Ok(texts)
    }

    /// A time in RFC 3339; one that cannot be read is named in a warning.
    pub(super) fn time(
        &mut self,
        key: &str,
        notes: &mut Notes,
    ) -> Result<Option<DateTime<Utc>>, BridgeError> {
        let Some(text) = self.string(key)? else {
            return Ok(None);
        };
        match text.parse() {
            Ok(time) => Ok(Some(time)),
            Err(error) => {
                self.warn_time(notes, key, format!("{text:?} is no time: {error}"));
                Ok(None)
            }
        }
    }

    /// A point's time: RFC 3339, or the number of microseconds where no date can hold it.
    pub(super) fn microseconds(
        &mut self,
        key: &str,
        notes: &mut Notes,
    ) -> Result<Option<i64>, BridgeError> {
        if let Some(number) = self.map.get(key).and_then(Value::as_i64) {
            drop(self.take(key));
            return Ok(Some(number));
        }
        Ok(self.time(key, notes)?.map(|time| time.timestamp_micros()))
    }

    fn warn_time(&self, notes: &mut Notes, key: &str, message: String) {
        notes.0.push(ImportWarning::new(
            WarningKind::Time,
            Place::path(format!("{}.{key}", self.path)),
            message,
        ));
    }
}
