//! What somebody wrote about a session's artifact.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::Value;

use super::events::{self, Event, text_digest};
use super::failure::Failure;
use super::load;
use super::value::{Text, text};
use crate::session::Clock;

/// The text of a session.
pub(super) fn read(connection: &Connection, id: &str) -> Result<Option<String>, Failure> {
    let row = load::row_of(connection, id)?;
    read_row(connection, row)
}

/// The text of a session by its row. A store of schema 1 that is open for reading has no table.
pub(super) fn read_row(connection: &Connection, row: i64) -> Result<Option<String>, Failure> {
    let has_table = connection
        .prepare_cached("SELECT 1 FROM sqlite_schema WHERE name = 'artifact_metadata'")?
        .exists([])?;
    if !has_table {
        return Ok(None);
    }
    let found = connection
        .prepare_cached("SELECT body FROM artifact_metadata WHERE session = ?1")?
        .query_row([row], |row| row.get::<_, Text>(0))
        .optional()?;
    Ok(found.map(|text| text.0))
}

/// Replaces the text; the same text changes nothing.
pub(super) fn set(
    connection: &Connection,
    clock: &dyn Clock,
    id: &str,
    body: Option<&str>,
) -> Result<(), Failure> {
    if read(connection, id)?.as_deref() == body {
        return Ok(());
    }
    put(connection, id, body)?;
    let detail = events::detail([("artifact", digest(body))]);
    let event = Event {
        session: Some(id),
        kind: "artifact",
        detail: &detail,
    };
    events::append(connection, clock, &event)
}

/// Writes the row without an event.
pub(super) fn put(connection: &Connection, id: &str, body: Option<&str>) -> Result<(), Failure> {
    let row = load::row_of(connection, id)?;
    match body {
        Some(body) => connection
            .prepare_cached(
                "INSERT OR REPLACE INTO artifact_metadata (session, body) VALUES (?1, ?2)",
            )?
            .execute(params![row, text(body)])?,
        None => connection
            .prepare_cached("DELETE FROM artifact_metadata WHERE session = ?1")?
            .execute([row])?,
    };
    Ok(())
}

/// The digest by which an event names the text.
pub(super) fn digest(body: Option<&str>) -> Value {
    body.map_or(Value::Null, text_digest)
}

/// What the last event that set the text says of it; null where none did since the import.
pub(super) fn recorded(connection: &Connection, id: &str) -> Result<Value, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT detail, kind = 'import' FROM events
         WHERE session = ?1 AND kind IN ('import', 'artifact', 'redact')
         ORDER BY sequence DESC",
    )?;
    let mut rows = statement.query([text(id)])?;
    while let Some(row) = rows.next()? {
        let detail: String = row.get(0)?;
        let detail: Value = serde_json::from_str(&detail).unwrap_or_default();
        // Redactions of schema 1 do not speak of it.
        if let Some(digest) = detail.get("artifact") {
            return Ok(digest.clone());
        }
        if row.get(1)? {
            break;
        }
    }
    Ok(Value::Null)
}
