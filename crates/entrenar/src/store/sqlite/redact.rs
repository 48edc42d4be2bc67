//! A leaked secret out of a session and out of the store's files.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use serde_json::{Map, Value, json};

use super::events::{self, Event};
use super::failure::Failure;
use super::import;
use super::prepare::{Computed, Source};
use super::secret::{MARK, Secret};
use super::value::Hash;
use super::{described, edit, load, recordings};
use crate::session::chain;
use crate::session::{
    CellRecord, Clock, DocumentCell, EntrenarSession, Origin, Point, Series, SeriesKey,
    SessionMetrics, Sha256Hash, TextCell, output,
};
use crate::store::{Redaction, StoreError};

/// Replaces the secret in all rows of the session and in its source document. The session stays
/// known by the digest of its original source.
pub(super) fn rows(
    connection: &Connection,
    clock: &dyn Clock,
    id: &str,
    secret: Secret<'_>,
) -> Result<Redaction, Failure> {
    let row = load::row_of(connection, id)?;
    // The journal holds the secret as well, and would bring it back.
    recordings::refuse_live(connection, row, id)?;
    if !secret.ranges(id).is_empty() {
        return Err(unredactable("it is part of the session's id").into());
    }
    let mut session = load::session(connection, id)?;
    let mut source = load::source(connection, id)?;
    let mut metadata = described::read_row(connection, described::METADATA, row)?;
    let mut references = described::read_row(connection, described::REFERENCES, row)?;
    let mut walk = Walk {
        secret,
        occurrences: 0,
    };
    walk.session(&mut session);
    walk.optional(&mut metadata);
    walk.optional(&mut references);
    let mut redacted_source = None;
    if let Some(redacted) = source
        .as_deref()
        .and_then(|bytes| secret.redact_bytes(bytes))
    {
        walk.occurrences += redacted.occurrences;
        let sha256 = Sha256Hash::of(&redacted.value);
        if let Some(described) = &mut session.source {
            described.sha256 = sha256;
            described.size = u64::try_from(redacted.value.len()).unwrap_or(u64::MAX);
        }
        redacted_source = Some(sha256);
        source = Some(redacted.value);
    }
    if walk.occurrences == 0 {
        return Ok(Redaction::default());
    }
    let computed = Computed::of(&session)?;
    replace(
        connection,
        row,
        &session,
        &computed,
        source.as_deref(),
        redacted_source,
    )?;
    described::put(connection, described::METADATA, id, metadata.as_deref())?;
    described::put(connection, described::REFERENCES, id, references.as_deref())?;
    let mut fields = chain::state_fields(&session, &computed.content);
    fields.extend(
        [
            ("artifact", described::digest(metadata.as_deref())),
            ("occurrences", json!(walk.occurrences)),
            ("references", described::digest(references.as_deref())),
            (
                "source",
                json!(redacted_source.map(|hash| hash.to_string())),
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    let detail = chain::sorted(fields);
    events::append(
        connection,
        clock,
        &Event {
            session: Some(id),
            kind: "redact",
            detail: &detail,
        },
    )?;
    Ok(Redaction {
        occurrences: walk.occurrences,
    })
}

/// The refusal of a secret.
pub(super) fn unredactable(reason: &'static str) -> StoreError {
    StoreError::Unredactable { reason }
}

/// Writes the session's rows anew; when it was imported and by what it is known stay.
fn replace(
    connection: &Connection,
    row: i64,
    session: &EntrenarSession,
    computed: &Computed,
    source: Option<&[u8]>,
    redacted_source: Option<Sha256Hash>,
) -> Result<(), Failure> {
    let (whole, imported_us) = connection.query_row(
        "SELECT import_sha256, imported_us FROM sessions WHERE session = ?1",
        [row],
        |row| Ok((row.get::<_, Hash>(0)?.0, row.get(1)?)),
    )?;
    let known: Vec<(Hash, bool)> = connection
        .prepare_cached("SELECT sha256, redacted_from FROM sources WHERE session = ?1")?
        .query_map([row], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    recordings::set_aside(connection, row)?;
    edit::delete_rows(connection, row)?;
    let kept = Source {
        sha256: source.map(Sha256Hash::of),
        bytes: source.map(Cow::Borrowed),
    };
    let row = import::rows(connection, session, &kept, computed, &whole, imported_us)?;
    recordings::bring_back(connection, row)?;
    let mut statement = connection.prepare_cached(
        "INSERT OR IGNORE INTO sources (sha256, session, redacted_from) VALUES (?1, ?2, ?3)",
    )?;
    for (sha256, redacted_from) in known {
        let redacted_from = redacted_from || redacted_source.is_some();
        statement.execute(params![sha256.0.as_bytes(), row, redacted_from])?;
    }
    if let Some(sha256) = redacted_source {
        statement.execute(params![sha256.as_bytes(), row, false])?;
    }
    Ok(())
}

/// Leaves no copy of removed content in the store's files: writes the database anew without free
/// pages and empties the write-ahead log.
pub(super) fn purge(connection: &Connection) -> Result<(), Failure> {
    empty_log(connection)?;
    connection.execute_batch("VACUUM")?;
    empty_log(connection)
}

/// Copies the write-ahead log into the database and truncates it, which needs every reader of
/// an older state to have ended.
fn empty_log(connection: &Connection) -> Result<(), Failure> {
    let busy: i64 =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy == 0 {
        return Ok(());
    }
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
    Err(rusqlite::Error::SqliteFailure(code, None).into())
}

/// Goes through everything in a session that is text.
struct Walk<'a> {
    secret: Secret<'a>,
    occurrences: usize,
}

impl Walk<'_> {
    fn session(&mut self, session: &mut EntrenarSession) {
        self.text(&mut session.name);
        for text in [
            &mut session.user,
            &mut session.architecture,
            &mut session.dataset,
            &mut session.notes,
            &mut session.foreign_id,
        ] {
            self.optional(text);
        }
        self.names(&mut session.config);
        self.names(&mut session.derived);
        self.texts(&mut session.tags);
        self.metrics(session);
        for cell in &mut session.code_history {
            self.text(&mut cell.source);
            self.optional(&mut cell.output);
        }
        for record in &mut session.cell_records {
            self.record(record);
        }
        for cell in &mut session.document.cells {
            if let DocumentCell::Markdown(cell) | DocumentCell::Raw(cell) = cell {
                self.text_cell(cell);
            }
        }
        self.map(&mut session.document.metadata);
        self.map(&mut session.document.extra);
        self.map(&mut session.environment);
        if let Some(origin) = &mut session.forked_from {
            self.text(&mut origin.session);
        }
        for run in &mut session.runs {
            self.optional(&mut run.name);
            self.names(&mut run.config);
        }
        if let Some(source) = &mut session.source {
            self.optional(&mut source.name);
        }
        for warning in &mut session.warnings {
            self.optional(&mut warning.place.path);
            self.text(&mut warning.message);
        }
    }

    fn text(&mut self, text: &mut String) {
        if let Some(redacted) = self.secret.redact_text(text) {
            self.occurrences += redacted.occurrences;
            *text = redacted.value;
        }
    }

    fn optional(&mut self, text: &mut Option<String>) {
        if let Some(text) = text {
            self.text(text);
        }
    }

    /// Texts of a list, and what stands over several of them, as a key over several lines does.
    fn texts(&mut self, texts: &mut [String]) {
        for text in texts.iter_mut() {
            self.text(text);
        }
        let joined = texts.concat();
        let mut ranges = self.secret.ranges(&joined);
        self.occurrences += ranges.len();
        // From behind, so that the places before stay right.
        while let Some(range) = ranges.pop() {
            let mut at = joined.len();
            for text in texts.iter_mut().rev() {
                let begin = at.saturating_sub(text.len());
                let from = range.start.clamp(begin, at) - begin;
                let to = range.end.clamp(begin, at) - begin;
                if from < to {
                    let mark = if range.start >= begin { MARK } else { "" };
                    text.replace_range(from..to, mark);
                }
                at = begin;
            }
        }
    }

    fn names(&mut self, names: &mut BTreeMap<String, String>) {
        for (mut name, mut value) in std::mem::take(names) {
            self.text(&mut name);
            self.text(&mut value);
            while names.contains_key(&name) {
                name.push('~');
            }
            names.insert(name, value);
        }
    }

    fn map(&mut self, map: &mut Map<String, Value>) {
        for (mut name, mut value) in std::mem::take(map) {
            self.text(&mut name);
            self.value(&mut value);
            while map.contains_key(&name) {
                name.push('~');
            }
            map.insert(name, value);
        }
    }

    fn value(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Object(map) => self.map(map),
            Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_string) => {
                let mut texts: Vec<String> = items
                    .iter_mut()
                    .filter_map(|item| match item.take() {
                        Value::String(text) => Some(text),
                        _ => None,
                    })
                    .collect();
                self.texts(&mut texts);
                *items = texts.into_iter().map(Value::String).collect();
            }
            Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_u64) => {
                self.numbers(value);
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// A list of numbers that may be bytes.
    fn numbers(&mut self, value: &mut Value) {
        let Some(redacted) = self.secret.redact_text(&value.to_string()) else {
            return;
        };
        if let Ok(numbers) = serde_json::from_str(&redacted.value) {
            self.occurrences += redacted.occurrences;
            *value = numbers;
        }
    }

    fn record(&mut self, record: &mut CellRecord) {
        self.optional(&mut record.id);
        self.optional(&mut record.mode);
        for output in &mut record.outputs {
            self.value(output);
        }
        if let Some(error) = &mut record.error {
            self.text(&mut error.name);
            self.text(&mut error.message);
            self.texts(&mut error.traceback);
        }
        self.map(&mut record.metadata);
        self.map(&mut record.extra);
    }

    fn text_cell(&mut self, cell: &mut TextCell) {
        self.optional(&mut cell.id);
        self.text(&mut cell.source);
        self.map(&mut cell.metadata);
        self.map(&mut cell.attachments);
        self.map(&mut cell.extra);
    }

    /// Names and rules of series; the places of points move with the text they were read from,
    /// so this comes before the outputs are changed.
    fn metrics(&mut self, session: &mut EntrenarSession) {
        let shifts = Shifts::of(session, self.secret);
        let mut metrics = SessionMetrics::new();
        for series in session.metrics.series() {
            let mut key: SeriesKey = series.key().clone();
            self.text(&mut key.name);
            while metrics.get(&key).is_some() {
                key.name.push('~');
            }
            let mut redacted = Series::new(key);
            for point in series.points() {
                redacted.push(Point {
                    value: point.value,
                    step: point.step,
                    epoch: point.epoch,
                    time_us: point.time_us,
                    origin: point.origin.map(|origin| self.origin(origin, &shifts)),
                });
            }
            metrics.insert(redacted);
        }
        session.metrics = metrics;
    }

    fn origin(&mut self, origin: &Origin, shifts: &Shifts) -> Origin {
        let mut origin = origin.clone();
        if !self.secret.ranges(&origin.rule).is_empty() {
            self.text(origin.rule.to_mut());
        }
        shifts.apply(&mut origin);
        origin
    }
}

/// Where the secret stands in the texts of outputs, by cell and output.
struct Shifts(BTreeMap<(u32, u32), Vec<(u32, u32)>>);

impl Shifts {
    fn of(session: &EntrenarSession, secret: Secret<'_>) -> Self {
        let mut shifts = BTreeMap::new();
        for (cell, record) in (0..).zip(&session.cell_records) {
            for (place, value) in (0..).zip(&record.outputs) {
                let text = output::plain_text(value).unwrap_or_default();
                let ranges: Vec<(u32, u32)> = secret
                    .ranges(&text)
                    .into_iter()
                    .filter_map(|range| {
                        Some((range.start.try_into().ok()?, range.end.try_into().ok()?))
                    })
                    .collect();
                if !ranges.is_empty() {
                    shifts.insert((cell, place), ranges);
                }
            }
        }
        Self(shifts)
    }

    fn apply(&self, origin: &mut Origin) {
        let Some(ranges) = self.0.get(&(origin.cell, origin.output)) else {
            return;
        };
        let mark = u32::try_from(MARK.len()).unwrap_or_default();
        let moved = |at: u32| {
            ranges.iter().fold(at, |moved, (start, end)| {
                if at >= *end {
                    moved.saturating_sub(end - start).saturating_add(mark)
                } else if at > *start {
                    moved.saturating_sub(at - start)
                } else {
                    moved
                }
            })
        };
        origin.span = moved(origin.span.start)..moved(origin.span.end);
    }
}
