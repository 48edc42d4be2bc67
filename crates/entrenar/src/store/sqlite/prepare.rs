//! What is computed of a session before it is written. No part of it needs the database, so
//! that several threads may do it while one writes.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::blob;
use super::chunk::{self, EncodedChunk, Paging};
use super::import::{JOINED_OUTPUT, NO_OUTPUT, OWN_OUTPUT};
use super::schema::{LARGE_OUTPUT_BYTES, MAX_JSON_DEPTH};
use crate::session::{
    CellRecord, CodeCell, ContentDigest, DocumentCell, EntrenarSession, Sha256Hash, output,
};
use crate::store::StoreError;

/// Outputs and sources, which are checked each, aside: with fewer bytes, escaped as JSON up to
/// six-fold, no row of a session is too large for SQLite.
const LARGE_SESSION_BYTES: usize = 100_000_000;

/// A session with its digests, serialised outputs and compressed points, for
/// [`SqliteStore::import_prepared`](crate::store::SqliteStore::import_prepared).
///
/// Making it is most of the work of an import and needs no store: any thread can do it.
#[derive(Debug)]
pub struct Prepared<'a> {
    pub(super) session: Cow<'a, EntrenarSession>,
    pub(super) source: Source<'a>,
    /// Or why the session cannot be kept.
    pub(super) computed: Result<Computed, StoreError>,
}

impl<'a> Prepared<'a> {
    /// Computes all that does not need the store. A session that is too large or too deep is
    /// refused when it is imported.
    pub fn new(session: Cow<'a, EntrenarSession>, source: Option<Cow<'a, [u8]>>) -> Self {
        let actual = source.as_deref().map(Sha256Hash::of);
        Self::with_digest(session, source, actual)
    }

    /// As [`new`](Self::new) for a `source` whose SHA-256 the caller found to be the one that the
    /// session names; it is not computed again.
    pub fn of_verified(session: Cow<'a, EntrenarSession>, source: Option<Cow<'a, [u8]>>) -> Self {
        let named = session.source.as_ref().map(|source| source.sha256);
        match named {
            Some(_) => Self::with_digest(session, source, named),
            None => Self::new(session, source),
        }
    }

    fn with_digest(
        session: Cow<'a, EntrenarSession>,
        source: Option<Cow<'a, [u8]>>,
        actual: Option<Sha256Hash>,
    ) -> Self {
        let (source, computed) = match Source::of(&session, source, actual) {
            Ok(source) => (source, Computed::of(&session)),
            Err((source, refusal)) => (source, Err(refusal)),
        };
        Self {
            session,
            source,
            computed,
        }
    }

    /// The session.
    pub fn session(&self) -> &EntrenarSession {
        &self.session
    }
}

/// The source document of a session.
#[derive(Debug)]
pub(super) struct Source<'a> {
    /// The digest by which the session is known.
    pub(super) sha256: Option<Sha256Hash>,
    /// The document, where it is what the session says it is.
    pub(super) bytes: Option<Cow<'a, [u8]>>,
}

impl<'a> Source<'a> {
    fn of(
        session: &EntrenarSession,
        bytes: Option<Cow<'a, [u8]>>,
        actual: Option<Sha256Hash>,
    ) -> Result<Self, (Self, StoreError)> {
        let described = session.source.as_ref().map(|source| source.sha256);
        let without = Self {
            sha256: described,
            bytes: None,
        };
        let (Some(bytes), Some(actual)) = (bytes, actual) else {
            return Ok(without);
        };
        if let Err(refusal) = blob::fits(|| "the source document".into(), bytes.len()) {
            return Err((without, refusal));
        }
        Ok(match described {
            // A `session.json` describes a session that was read from another document.
            Some(sha256) if sha256 != actual => without,
            _ => Self {
                sha256: Some(actual),
                bytes: Some(bytes),
            },
        })
    }
}

/// What the rows of a session need beside the session itself.
#[derive(Debug)]
pub(super) struct Computed {
    /// The digest of the content and of its parts.
    pub(super) content: ContentDigest,
    /// The digest of everything.
    pub(super) whole: Sha256Hash,
    /// Some row may be too large for SQLite.
    pub(super) is_large: bool,
    /// Where the text of each cell is (column `output_from`).
    pub(super) output_from: Vec<i64>,
    /// The outputs of each cell record.
    pub(super) outputs: Vec<Vec<Output>>,
    /// The chunks of each series.
    pub(super) chunks: Vec<Vec<EncodedChunk>>,
}

impl Computed {
    /// # Errors
    /// [`StoreError::TooLarge`] and [`StoreError::TooDeep`].
    pub(super) fn of(session: &EntrenarSession) -> Result<Self, StoreError> {
        check_limits(session)?;
        let mut outputs = Vec::with_capacity(session.cell_records.len());
        for (cell, record) in session.cell_records.iter().enumerate() {
            let written = Output::all(&record.outputs);
            for (place, output) in written.iter().enumerate() {
                blob::fits(
                    || format!("output {place} of cell {cell}"),
                    output.json.len(),
                )?;
            }
            outputs.push(written);
        }
        let output_from = session
            .cells()
            .map(|(cell, record)| output_from(cell, record));
        let series = session.metrics.series().iter();
        let chunks = series.map(|series| chunk::encode_all(series, Paging::default()));
        let content = ContentDigest::with_outputs(session, |cell, place| {
            outputs.get(cell)?.get(place).map(|output| output.sha256)
        });
        let (whole, other_bytes) = content.whole(session);
        Ok(Self {
            is_large: content.covered_bytes + other_bytes > LARGE_SESSION_BYTES,
            content,
            whole,
            output_from: output_from.collect(),
            chunks: chunks.collect(),
            outputs,
        })
    }
}

/// Where the text of a cell is kept.
pub(super) fn output_from(cell: &CodeCell, record: Option<&CellRecord>) -> i64 {
    let outputs = record.map_or(&[][..], |record| &record.outputs);
    match &cell.output {
        None => NO_OUTPUT,
        Some(output) if output::is_joined_text(outputs, output) => JOINED_OUTPUT,
        Some(_) => OWN_OUTPUT,
    }
}

/// An output as it is stored.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) json: String,
    pub(super) sha256: Sha256Hash,
}

impl Output {
    /// Each of `values`.
    pub(super) fn all(values: &[Value]) -> Vec<Self> {
        let written = |value: &Value| {
            // A long text that grows is copied several times into memory that is new each time.
            let mut json = Vec::with_capacity(json_length(value));
            let json = serde_json::to_writer(&mut json, value)
                .ok()
                .and_then(|()| String::from_utf8(json).ok())
                .unwrap_or_else(|| value.to_string());
            Self {
                sha256: Sha256Hash::of(json.as_bytes()),
                json,
            }
        };
        values.iter().map(written).collect()
    }

    /// Whether it is kept as a blob.
    pub(super) fn is_large(&self) -> bool {
        self.json.len() > LARGE_OUTPUT_BYTES
    }
}

/// About the length of a value as JSON: exact but for numbers and escapes.
fn json_length(value: &Value) -> usize {
    /// Bytes of a number, mostly.
    const NUMBER: usize = 20;
    match value {
        Value::String(text) => text.len() + text.len() / 64 + 2,
        Value::Array(items) => {
            items
                .iter()
                .map(|item| json_length(item) + 1)
                .sum::<usize>()
                + 2
        }
        Value::Object(map) => {
            let entries = map
                .iter()
                .map(|(key, item)| key.len() + json_length(item) + 4);
            entries.sum::<usize>() + 2
        }
        Value::Number(_) => NUMBER,
        Value::Null | Value::Bool(_) => 5,
    }
}

fn check_limits(session: &EntrenarSession) -> Result<(), StoreError> {
    check_maps(
        "the document",
        [&session.document.metadata, &session.document.extra],
    )?;
    check_maps("the environment", [&session.environment])?;
    for (index, cell) in session.code_history.iter().enumerate() {
        let size = cell.source.len() + cell.output.as_ref().map_or(0, String::len);
        blob::fits(|| format!("cell {index}"), size)?;
    }
    for (index, record) in session.cell_records.iter().enumerate() {
        let place = format!("cell {index}");
        check_maps(&place, [&record.metadata, &record.extra])?;
        for output in &record.outputs {
            check_depth(&place, output)?;
        }
    }
    for (index, cell) in session.document.cells.iter().enumerate() {
        if let DocumentCell::Markdown(cell) | DocumentCell::Raw(cell) = cell {
            let place = format!("document cell {index}");
            check_maps(&place, [&cell.metadata, &cell.attachments, &cell.extra])?;
        }
    }
    Ok(())
}

fn check_maps<const N: usize>(
    place: &str,
    maps: [&Map<String, Value>; N],
) -> Result<(), StoreError> {
    for value in maps.iter().flat_map(|map| map.values()) {
        check_depth(place, value)?;
    }
    Ok(())
}

/// Refuses JSON that could not be read back. A map's value is one level below the map.
fn check_depth(place: &str, value: &Value) -> Result<(), StoreError> {
    let mut pending = vec![(value, 1)];
    while let Some((value, depth)) = pending.pop() {
        if depth >= MAX_JSON_DEPTH {
            return Err(StoreError::TooDeep {
                what: place.to_owned(),
                limit: MAX_JSON_DEPTH,
            });
        }
        match value {
            Value::Array(items) => pending.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(map) => pending.extend(map.values().map(|item| (item, depth + 1))),
            _ => {}
        }
    }
    Ok(())
}
