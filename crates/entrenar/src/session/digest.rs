//! The content digest: what a session says, in one SHA-256, and a digest of each of its parts.
//!
//! It is the same for a session in a store and for that session read back from `session.json`:
//! moments that stand in for unknown ones are not part of it (there they are null), nor is what
//! people may edit (name, tags, notes), nor how points and outputs are stored. The layout is in
//! `docs/store-format.md`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::{
    CellRecord, CodeCell, DocumentCell, EntrenarSession, Series, SeriesKey, Sha256Hash, TextCell,
    TimeSource,
};

/// First bytes of what every digest of a part covers.
const DOMAIN: &[u8] = b"entrenar content 2\0";
/// Bytes that are gathered before they are hashed.
const BUFFER_BYTES: usize = 8 << 10;
/// Texts of so many bytes are hashed where they are.
const DIRECT_BYTES: usize = 1 << 10;

/// The digest of a session's content, and of its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentDigest {
    /// The digest of everything below.
    pub content: Sha256Hash,
    /// Id, user, architecture, dataset, configuration, recorded begin and end, source document,
    /// derived marks except that of the name.
    pub metadata: Sha256Hash,
    /// All runs.
    pub runs: Sha256Hash,
    /// Order, text and metadata of the document.
    pub document: Sha256Hash,
    /// All warnings.
    pub warnings: Sha256Hash,
    /// Each code cell with its record, in the order in which they ran.
    pub cells: Vec<Sha256Hash>,
    /// Each series with its points, in the session's order.
    pub series: Vec<Sha256Hash>,
    /// Bytes that were hashed: about the session's size in memory.
    pub covered_bytes: usize,
}

impl ContentDigest {
    /// The digest of `session`.
    pub fn of(session: &EntrenarSession) -> Self {
        Self::with_outputs(session, |cell, output| {
            let value = session.cell_records.get(cell)?.outputs.get(output)?;
            Some(json_digest(value))
        })
    }

    /// As [`of`](Self::of), where the digests of the outputs' JSON are known: `output` gives that
    /// of a cell's output, by their indexes.
    pub(crate) fn with_outputs(
        session: &EntrenarSession,
        output: impl Fn(usize, usize) -> Option<Sha256Hash>,
    ) -> Self {
        let mut covered = 0;
        let series = session.metrics.series().iter().map(|series| {
            let mut digest = SeriesDigest::new(series.key(), series.len());
            digest.add(series);
            covered += digest.writer.covered + digest.writer.buffer.len();
            digest.finish()
        });
        let series = series.collect();
        let mut digest = Self::with_series(session, output, series);
        digest.covered_bytes += covered;
        digest
    }

    /// As [`with_outputs`](Self::with_outputs) for a session without its points, where the digests of its
    /// series are known.
    pub(crate) fn with_series(
        session: &EntrenarSession,
        output: impl Fn(usize, usize) -> Option<Sha256Hash>,
        series: Vec<Sha256Hash>,
    ) -> Self {
        let mut writer = Writer::default();
        let metadata = writer.part("metadata", |part| write_metadata(part, session));
        let runs = writer.part("runs", |part| write_runs(part, session));
        let document = writer.part("document", |part| write_document(part, session));
        let warnings = writer.part("warnings", |part| write_warnings(part, session));
        let cells: Vec<_> = session
            .cells()
            .enumerate()
            .map(|(index, (cell, record))| {
                writer.part("cell", |part| {
                    write_cell(part, cell, record, |place| output(index, place));
                })
            })
            .collect();
        let content = writer.part("session", |part| {
            for digest in [&metadata, &runs, &document, &warnings] {
                part.raw(digest.as_bytes());
            }
            for list in [&cells, &series] {
                part.list(list, |part, digest| part.raw(digest.as_bytes()));
            }
        });
        Self {
            content,
            metadata,
            runs,
            document,
            warnings,
            cells,
            series,
            covered_bytes: writer.covered,
        }
    }

    /// The digest of everything, what people may edit included; and how many bytes that is
    /// beside the content. `session` is the one whose digest this is.
    #[cfg(feature = "store")]
    pub(crate) fn whole(&self, session: &EntrenarSession) -> (Sha256Hash, usize) {
        let mut writer = Writer::default();
        let whole = writer.part("whole", |part| {
            part.raw(self.content.as_bytes());
            part.text(&session.name);
            part.list(&session.tags, |part, tag| part.text(tag));
            part.optional(session.notes.as_deref(), Writer::text);
            part.names(session.derived.iter());
        });
        (whole, writer.covered)
    }

    /// The digest of the list of cells.
    pub fn cell_list(&self) -> Sha256Hash {
        list_digest("cells", &self.cells)
    }

    /// The digest of the list of series.
    pub fn series_list(&self) -> Sha256Hash {
        list_digest("series", &self.series)
    }
}

/// SHA-256 of the JSON text of `value`, without white space.
fn json_digest(value: &Value) -> Sha256Hash {
    Sha256Hash::of(value.to_string().as_bytes())
}

fn list_digest(name: &str, digests: &[Sha256Hash]) -> Sha256Hash {
    Writer::default().part(name, |part| {
        part.list(digests, |part, digest| part.raw(digest.as_bytes()));
    })
}

fn write_metadata(part: &mut Writer, session: &EntrenarSession) {
    part.text(&session.id);
    for text in [
        &session.user,
        &session.architecture,
        &session.dataset,
        &session.foreign_id,
    ] {
        part.optional(text.as_deref(), Writer::text);
    }
    part.names(session.config.iter());
    part.optional(session.recorded_start(), Writer::time);
    part.optional(session.recorded_end(), Writer::time);
    part.optional(session.source.as_ref(), |part, source| {
        part.optional(source.name.as_deref(), Writer::text);
        part.text(source.format.as_str());
        part.raw(source.sha256.as_bytes());
        part.number(source.size);
    });
    let marks: BTreeMap<_, _> = session
        .derived
        .iter()
        .filter(|(field, _)| *field != "name")
        .collect();
    part.names(marks.into_iter());
    // A session that was not recorded live has the digest that it had before there were recordings.
    let is_recorded =
        session.state.is_some() || session.forked_from.is_some() || !session.environment.is_empty();
    if is_recorded {
        part.text("recording");
        part.optional(session.state, |part, state| part.text(state.as_str()));
        part.optional(session.forked_from.as_ref(), |part, origin| {
            part.text(&origin.session);
            part.optional(origin.step, Writer::signed);
        });
        part.map(&session.environment);
    }
}

fn write_runs(part: &mut Writer, session: &EntrenarSession) {
    part.list(&session.runs, |part, run| {
        part.optional(run.name.as_deref(), Writer::text);
        part.names(run.config.iter());
        part.optional(run.first_cell.map(u64::from), Writer::number);
        part.optional(run.last_cell.map(u64::from), Writer::number);
        part.optional(run.started_at, Writer::time);
        part.optional(run.ended_at, Writer::time);
        part.text(run.status.as_str());
    });
}

fn write_document(part: &mut Writer, session: &EntrenarSession) {
    let document = &session.document;
    part.list(&document.cells, |part, cell| match cell {
        DocumentCell::Code(index) => {
            part.text("code");
            part.length(*index);
        }
        DocumentCell::Markdown(cell) => write_text_cell(part, "markdown", cell),
        DocumentCell::Raw(cell) => write_text_cell(part, "raw", cell),
    });
    part.map(&document.metadata);
    part.map(&document.extra);
}

fn write_text_cell(part: &mut Writer, kind: &str, cell: &TextCell) {
    part.text(kind);
    part.optional(cell.id.as_deref(), Writer::text);
    part.text(&cell.source);
    part.map(&cell.metadata);
    part.map(&cell.attachments);
    part.map(&cell.extra);
}

fn write_warnings(part: &mut Writer, session: &EntrenarSession) {
    part.list(&session.warnings, |part, warning| {
        part.text(warning.kind.as_str());
        part.optional(warning.place.path.as_deref(), Writer::text);
        part.optional(warning.place.byte, Writer::number);
        part.text(&warning.message);
    });
}

fn write_cell(
    part: &mut Writer,
    cell: &CodeCell,
    record: Option<&CellRecord>,
    output: impl Fn(usize) -> Option<Sha256Hash>,
) {
    let derived = record.is_some_and(|record| record.time_source == TimeSource::Derived);
    part.number(u64::from(cell.execution_order));
    part.text(&cell.source);
    part.optional(cell.output.as_deref(), Writer::text);
    part.optional((!derived).then_some(cell.timestamp), Writer::time);
    part.optional(cell.duration_ms, Writer::number);
    part.optional(record, |part, record| {
        part.optional(record.id.as_deref(), Writer::text);
        part.optional(record.execution_count, Writer::signed);
        part.optional(record.mode.as_deref(), Writer::text);
        part.length(record.outputs.len());
        for place in 0..record.outputs.len() {
            part.optional(output(place), |part, digest| part.raw(digest.as_bytes()));
        }
        part.optional(record.error.as_ref(), |part, error| {
            part.text(&error.name);
            part.text(&error.message);
            part.list(&error.traceback, |part, line| part.text(line));
        });
        part.map(&record.metadata);
        part.map(&record.extra);
        part.raw(&[u8::from(derived)]);
        part.optional(record.ended_at, Writer::time);
    });
}

/// The digest of a series, of which the points come in any number of pieces.
#[derive(Debug)]
pub(crate) struct SeriesDigest {
    writer: Writer,
    /// Rules by their first use.
    rules: Vec<Cow<'static, str>>,
}

impl SeriesDigest {
    /// A series of so many points, none of which came yet.
    pub(crate) fn new(key: &SeriesKey, points: usize) -> Self {
        let mut writer = Writer::default();
        writer.begin("series");
        writer.text(&key.name);
        writer.optional(key.run.map(u64::from), Writer::number);
        writer.optional(key.rank.map(u64::from), Writer::number);
        writer.length(points);
        Self {
            writer,
            rules: Vec::new(),
        }
    }

    /// Adds the points of `series`, whatever its key is.
    pub(crate) fn add(&mut self, series: &Series) {
        let Self { writer, rules } = self;
        for point in series.points() {
            writer.float(point.value);
            writer.optional(point.step, Writer::signed);
            writer.optional(point.epoch, Writer::float);
            writer.optional(point.time_us, Writer::signed);
            writer.optional(point.origin, |part, origin| {
                // A rule is written at its first use, and by its number after that.
                match rules.iter().position(|rule| *rule == origin.rule) {
                    Some(number) => part.length(number),
                    None => {
                        part.length(rules.len());
                        part.text(&origin.rule);
                        rules.push(origin.rule.clone());
                    }
                }
                part.text(origin.kind.as_str());
                for number in [
                    origin.cell,
                    origin.output,
                    origin.span.start,
                    origin.span.end,
                ] {
                    part.raw(&number.to_le_bytes());
                }
            });
        }
    }

    /// The digest, once all points came.
    pub(crate) fn finish(mut self) -> Sha256Hash {
        self.writer.end()
    }
}

/// Writes a part in an unambiguous form, and hashes it.
#[derive(Debug, Default)]
struct Writer {
    hasher: Sha256,
    buffer: Vec<u8>,
    covered: usize,
}

impl Writer {
    /// The digest of the part that `write` writes.
    fn part(&mut self, name: &str, write: impl FnOnce(&mut Self)) -> Sha256Hash {
        self.begin(name);
        write(self);
        self.end()
    }

    fn begin(&mut self, name: &str) {
        self.raw(DOMAIN);
        self.text(name);
    }

    fn end(&mut self) -> Sha256Hash {
        self.flush();
        Sha256Hash::from_bytes(self.hasher.finalize_reset().into())
    }

    fn flush(&mut self) {
        self.hasher.update(&self.buffer);
        self.covered += self.buffer.len();
        self.buffer.clear();
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
            self.covered += bytes.len();
        }
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

    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.raw(text.as_bytes());
    }

    fn time(&mut self, time: DateTime<Utc>) {
        self.signed(time.timestamp());
        self.raw(&time.timestamp_subsec_nanos().to_le_bytes());
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

    fn names<'a>(&mut self, names: impl ExactSizeIterator<Item = (&'a String, &'a String)>) {
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
            self.text(&value.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Point;

    fn session() -> EntrenarSession {
        let mut session = EntrenarSession::empty("s", "S").with_config("rank", "64");
        for order in 1..=3 {
            let cell = CodeCell {
                execution_order: order,
                source: format!("step({order})"),
                output: Some("ok".into()),
                timestamp: DateTime::from_timestamp(1_700_000_000, 5).unwrap(),
                duration_ms: None,
            };
            let record = CellRecord {
                outputs: vec![crate::session::output::stream("stdout", "ok")],
                ..CellRecord::default()
            };
            session.add_recorded_cell(cell, record);
        }
        session.metrics.add_loss(0.5);
        session.metrics.add_accuracy(0.9);
        session
    }

    #[test]
    fn a_change_changes_its_own_part_and_the_content_alone() {
        let before = ContentDigest::of(&session());
        let mut changed = session();
        changed.code_history.get_mut(1).unwrap().source.push(' ');
        changed.metrics.push(
            SeriesKey::named("accuracy"),
            Point {
                value: 1.0,
                ..Point::default()
            },
        );
        let after = ContentDigest::of(&changed);
        assert_ne!(before.content, after.content);
        assert_eq!(before.metadata, after.metadata);
        assert_eq!(before.document, after.document);
        let same: Vec<_> = before
            .cells
            .iter()
            .zip(&after.cells)
            .map(|(a, b)| a == b)
            .collect();
        assert_eq!(same, [true, false, true]);
        assert_eq!(before.series.first(), after.series.first());
        assert_ne!(before.series.get(1), after.series.get(1));
        assert_ne!(before.cell_list(), after.cell_list());
    }

    #[test]
    fn what_people_edit_and_stand_in_times_are_no_content() {
        let before = ContentDigest::of(&session());
        let mut edited = session().with_tag("a").with_notes("n");
        edited.name = "Another".into();
        edited.derived.insert("name".into(), "file name".into());
        assert_eq!(ContentDigest::of(&edited), before);

        let with_time = |seconds| {
            let mut session = session();
            let time = DateTime::from_timestamp(seconds, 0).unwrap();
            for record in &mut session.cell_records {
                record.time_source = TimeSource::Derived;
            }
            for cell in &mut session.code_history {
                cell.timestamp = time;
            }
            session.started_at = Some(time);
            for field in ["started_at", "cells.timestamp"] {
                session.derived.insert(field.into(), "mtime".into());
            }
            ContentDigest::of(&session)
        };
        assert_eq!(with_time(1), with_time(2));
    }
}
