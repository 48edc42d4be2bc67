//! The digest of everything that a session holds, and the content digest of the first stores,
//! which are still checked. Newer ones have [`ContentDigest`](crate::session::ContentDigest). The
//! layout is in `docs/store-format.md`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::prepare::{Output, json};
use super::value::moment;
use crate::session::{
    CellRecord, DocumentCell, EntrenarSession, Series, Sha256Hash, TextCell, TimeSource,
};

/// First bytes of what the digest covers.
const DOMAIN: &[u8] = b"entrenar content 1\0";
/// Bytes that are gathered before they are hashed.
const BUFFER_BYTES: usize = 8 << 10;
/// Texts of so many bytes are hashed where they are.
const DIRECT_BYTES: usize = 1 << 10;

/// The digest of what cannot be edited: all but name, tags, notes and derived marks.
pub(super) fn content(session: &EntrenarSession) -> Sha256Hash {
    let records = session.cell_records.iter();
    let mut scratch = Vec::new();
    let outputs: Vec<Vec<Output>> = records
        .map(|record| Output::all(&record.outputs, &mut scratch))
        .collect();
    content_with(session, &outputs).0
}

/// [`content`], where the outputs of each record are there as JSON; and how many bytes it covers.
pub(super) fn content_with(
    session: &EntrenarSession,
    outputs: &[Vec<Output>],
) -> (Sha256Hash, usize) {
    let mut digest = Digest::new(DOMAIN);
    digest.text(&session.id);
    for text in [
        &session.user,
        &session.architecture,
        &session.dataset,
        &session.foreign_id,
    ] {
        digest.optional(text.as_deref(), Digest::text);
    }
    digest.names(&session.config);
    digest.optional(session.started_at, Digest::time);
    digest.optional(session.ended_at, Digest::time);
    digest.optional(session.source.as_ref(), |digest, source| {
        digest.optional(source.name.as_deref(), Digest::text);
        digest.text(source.format.as_str());
        digest.bytes(source.sha256.as_bytes());
        digest.number(source.size);
    });
    digest.list(&session.code_history, |digest, cell| {
        digest.number(u64::from(cell.execution_order));
        digest.text(&cell.source);
        digest.optional(cell.output.as_deref(), Digest::text);
        digest.time(cell.timestamp);
        digest.optional(cell.duration_ms, Digest::number);
    });
    digest.length(session.cell_records.len());
    for (record, outputs) in session.cell_records.iter().zip(outputs) {
        digest.record(record, outputs);
    }
    digest.list(&session.document.cells, |digest, cell| match cell {
        DocumentCell::Code(index) => {
            digest.text("code");
            digest.length(*index);
        }
        DocumentCell::Markdown(cell) => digest.text_cell("markdown", cell),
        DocumentCell::Raw(cell) => digest.text_cell("raw", cell),
    });
    digest.map(&session.document.metadata);
    digest.map(&session.document.extra);
    digest.list(&session.runs, |digest, run| {
        digest.optional(run.name.as_deref(), Digest::text);
        digest.names(&run.config);
        digest.optional(run.first_cell.map(u64::from), Digest::number);
        digest.optional(run.last_cell.map(u64::from), Digest::number);
        digest.optional(run.started_at, Digest::time);
        digest.optional(run.ended_at, Digest::time);
        digest.text(run.status.as_str());
    });
    digest.list(session.metrics.series(), Digest::series);
    digest.list(&session.warnings, |digest, warning| {
        digest.text(warning.kind.as_str());
        digest.optional(warning.place.path.as_deref(), Digest::text);
        digest.optional(warning.place.byte, Digest::number);
        digest.text(&warning.message);
    });
    digest.finish()
}

/// The digest of everything, by which a session without a source is known again; and how many
/// bytes it covers beside the content.
pub(super) fn whole(session: &EntrenarSession, content: &Sha256Hash) -> (Sha256Hash, usize) {
    let mut digest = Digest::new(DOMAIN);
    digest.bytes(content.as_bytes());
    digest.text(&session.name);
    digest.list(&session.tags, |digest, tag| digest.text(tag));
    digest.optional(session.notes.as_deref(), Digest::text);
    digest.names(&session.derived);
    digest.finish()
}

struct Digest {
    hasher: Sha256,
    buffer: Vec<u8>,
    /// Bytes that went through the buffer.
    hashed: usize,
}

impl Digest {
    fn new(domain: &[u8]) -> Self {
        Self {
            hasher: Sha256::new(),
            buffer: domain.to_vec(),
            hashed: 0,
        }
    }

    fn finish(mut self) -> (Sha256Hash, usize) {
        self.flush();
        let hash = Sha256Hash::from_bytes(self.hasher.finalize().into());
        (hash, self.hashed)
    }

    fn raw(&mut self, bytes: &[u8]) {
        if bytes.len() < DIRECT_BYTES {
            self.buffer.extend_from_slice(bytes);
            if self.buffer.len() >= BUFFER_BYTES {
                self.flush();
            }
        } else {
            self.flush();
            self.hasher.update(bytes);
            self.hashed += bytes.len();
        }
    }

    fn flush(&mut self) {
        self.hasher.update(&self.buffer);
        self.hashed += self.buffer.len();
        self.buffer.clear();
    }

    fn number(&mut self, number: u64) {
        self.raw(&number.to_le_bytes());
    }

    fn signed(&mut self, number: i64) {
        self.raw(&number.to_le_bytes());
    }

    /// The bit pattern; every NaN counts as one.
    fn float(&mut self, number: f64) {
        let bits = if number.is_nan() { f64::NAN } else { number };
        self.raw(&bits.to_le_bytes());
    }

    fn length(&mut self, length: usize) {
        self.number(u64::try_from(length).unwrap_or(u64::MAX));
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.raw(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn json(&mut self, value: &Value) {
        self.text(&json(value));
    }

    fn time(&mut self, time: DateTime<Utc>) {
        let (micros, rest) = moment(time);
        self.signed(micros);
        self.number(u64::from(rest));
    }

    fn optional<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.raw(&[u8::from(value.is_some())]);
        if let Some(value) = value {
            write(self, value);
        }
    }

    fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.length(items.len());
        for item in items {
            write(self, item);
        }
    }

    fn names(&mut self, names: &BTreeMap<String, String>) {
        self.length(names.len());
        for (name, value) in names {
            self.text(name);
            self.text(value);
        }
    }

    fn map(&mut self, map: &Map<String, Value>) {
        self.length(map.len());
        for (name, value) in map {
            self.text(name);
            self.json(value);
        }
    }

    fn record(&mut self, record: &CellRecord, outputs: &[Output]) {
        self.optional(record.id.as_deref(), Self::text);
        self.optional(record.execution_count, Self::signed);
        self.optional(record.mode.as_deref(), Self::text);
        self.list(outputs, |digest, output| {
            digest.raw(output.sha256.as_bytes());
        });
        self.optional(record.error.as_ref(), |digest, error| {
            digest.text(&error.name);
            digest.text(&error.message);
            digest.list(&error.traceback, |digest, line| digest.text(line));
        });
        self.map(&record.metadata);
        self.map(&record.extra);
        self.raw(&[u8::from(record.time_source == TimeSource::Derived)]);
        self.optional(record.ended_at, Self::time);
    }

    fn text_cell(&mut self, kind: &str, cell: &TextCell) {
        self.text(kind);
        self.optional(cell.id.as_deref(), Self::text);
        self.text(&cell.source);
        self.map(&cell.metadata);
        self.map(&cell.attachments);
        self.map(&cell.extra);
    }

    fn series(&mut self, series: &Series) {
        let key = series.key();
        self.text(&key.name);
        self.optional(key.run.map(u64::from), Self::number);
        self.optional(key.rank.map(u64::from), Self::number);
        self.length(series.len());
        for point in series.points() {
            self.float(point.value);
            self.optional(point.step, Self::signed);
            self.optional(point.epoch, Self::float);
            self.optional(point.time_us, Self::signed);
            self.optional(point.origin, |digest, origin| {
                digest.text(origin.kind.as_str());
                digest.number(u64::from(origin.cell));
                digest.number(u64::from(origin.output));
                digest.number(u64::from(origin.span.start));
                digest.number(u64::from(origin.span.end));
                digest.text(&origin.rule);
            });
        }
    }
}
