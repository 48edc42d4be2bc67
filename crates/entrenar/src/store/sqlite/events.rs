//! The hash-chained log of everything that changed the store.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::{Map, Value};

use super::failure::Failure;
use super::value::{self, Hash, Text};
use crate::session::{Clock, Sha256Hash};
use crate::store::StoredEvent;

/// First bytes of what an event's hash covers.
const DOMAIN: &[u8] = b"entrenar event 1\0";
/// Stands for the hash before the first event.
pub(super) const GENESIS: [u8; 32] = [0; 32];
/// Stands for the length of an absent session id.
const ABSENT: u64 = u64::MAX;

/// What an event records, beside its place in the chain.
pub(super) struct Event<'a> {
    pub(super) session: Option<&'a str>,
    pub(super) kind: &'a str,
    /// JSON with sorted keys. Foreign text is in it by its digest alone, so that a redaction
    /// needs no change of history.
    pub(super) detail: &'a str,
}

/// Serialises the detail of an event with sorted keys.
pub(super) fn detail<const N: usize>(mut fields: [(&str, Value); N]) -> String {
    fields.sort_by_key(|(name, _)| *name);
    let fields: Map<String, Value> = fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    Value::Object(fields).to_string()
}

/// The digest by which an event names a text.
pub(super) fn text_digest(text: &str) -> Value {
    Value::String(Sha256Hash::of(text.as_bytes()).to_string())
}

/// The hash of an event; the layout is in `docs/store-format.md`.
pub(super) fn hash(
    previous: &[u8; 32],
    sequence: u64,
    time_us: i64,
    event: &Event<'_>,
) -> Sha256Hash {
    let mut bytes = Vec::with_capacity(256);
    bytes.extend_from_slice(DOMAIN);
    bytes.extend_from_slice(previous);
    bytes.extend_from_slice(&sequence.to_le_bytes());
    bytes.extend_from_slice(&time_us.to_le_bytes());
    let mut part = |text: Option<&str>| {
        let length = text.map_or(ABSENT, |text| u64::try_from(text.len()).unwrap_or(ABSENT));
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(text.unwrap_or_default().as_bytes());
    };
    part(event.session);
    part(Some(event.kind));
    part(Some(event.detail));
    Sha256Hash::of(&bytes)
}

/// Appends an event to the chain.
pub(super) fn append(
    connection: &Connection,
    clock: &dyn Clock,
    event: &Event<'_>,
) -> Result<(), Failure> {
    let head = connection
        .prepare_cached("SELECT sequence, hash FROM events ORDER BY sequence DESC LIMIT 1")?
        .query_row([], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Hash>(1)?))
        })
        .optional()?;
    let (last, previous) = head.map_or((0, GENESIS), |(sequence, hash)| {
        (sequence, *hash.0.as_bytes())
    });
    let sequence = last.saturating_add(1);
    let time_us = clock.now().timestamp_micros();
    let hash = hash(&previous, value::unsigned(sequence), time_us, event);
    connection
        .prepare_cached(
            "INSERT INTO events (sequence, time_us, session, kind, detail, previous, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            sequence,
            time_us,
            value::optional_text(event.session),
            event.kind,
            event.detail,
            previous,
            hash.as_bytes(),
        ])?;
    Ok(())
}

/// The events of a session or of all, oldest first.
pub(super) fn read(connection: &Connection, id: Option<&str>) -> Result<Vec<StoredEvent>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT sequence, time_us, session, kind, detail, hash FROM events
         WHERE ?1 IS NULL OR session = ?1 ORDER BY sequence",
    )?;
    let mut rows = statement.query([value::optional_text(id)])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let sequence: i64 = row.get(0)?;
        events.push(StoredEvent {
            sequence: value::unsigned(sequence),
            time: value::from_moment(row.get(1)?, 0)
                .ok_or_else(|| Failure::damaged(format!("the time of event {sequence}")))?,
            session: row.get::<_, Option<Text>>(2)?.map(|text| text.0),
            kind: row.get(3)?,
            detail: row.get(4)?,
            hash: row.get::<_, Hash>(5)?.0.to_string(),
        });
    }
    Ok(events)
}
