//! Texts about a session that the store keeps and does not read: what somebody wrote about its
//! artifact, and the works that it cites.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::Value;

use super::events::{self, Event, text_digest};
use super::failure::Failure;
use super::load;
use super::value::{Text, text};
use crate::session::Clock;

/// Where such a text is kept, and what events call it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Described {
    table: &'static str,
    /// The kind of its events, and its key in their details.
    pub(super) event: &'static str,
    /// What it is to people.
    pub(super) title: &'static str,
}

/// What somebody wrote about the artifact.
pub(super) const METADATA: Described = Described {
    table: "artifact_metadata",
    event: "artifact",
    title: "artifact metadata",
};
/// The works that it cites.
pub(super) const REFERENCES: Described = Described {
    table: "artifact_references",
    event: "references",
    title: "references",
};
/// All of them.
pub(super) const ALL: [Described; 2] = [METADATA, REFERENCES];

/// The text of a session.
pub(super) fn read(
    connection: &Connection,
    what: Described,
    id: &str,
) -> Result<Option<String>, Failure> {
    let row = load::row_of(connection, id)?;
    read_row(connection, what, row)
}

/// The text of a session by its row. An older store that is open for reading has no table.
pub(super) fn read_row(
    connection: &Connection,
    what: Described,
    row: i64,
) -> Result<Option<String>, Failure> {
    let has_table = connection
        .prepare_cached("SELECT 1 FROM sqlite_schema WHERE name = ?1")?
        .exists([what.table])?;
    if !has_table {
        return Ok(None);
    }
    let select = format!("SELECT body FROM {} WHERE session = ?1", what.table);
    let found = connection
        .prepare_cached(&select)?
        .query_row([row], |row| row.get::<_, Text>(0))
        .optional()?;
    Ok(found.map(|text| text.0))
}

/// Replaces the text; the same text changes nothing.
pub(super) fn set(
    connection: &Connection,
    clock: &dyn Clock,
    what: Described,
    id: &str,
    body: Option<&str>,
) -> Result<(), Failure> {
    if read(connection, what, id)?.as_deref() == body {
        return Ok(());
    }
    put(connection, what, id, body)?;
    let detail = events::detail([(what.event, digest(body))]);
    let event = Event {
        session: Some(id),
        kind: what.event,
        detail: &detail,
    };
    events::append(connection, clock, &event)
}

/// Writes the row without an event.
pub(super) fn put(
    connection: &Connection,
    what: Described,
    id: &str,
    body: Option<&str>,
) -> Result<(), Failure> {
    let row = load::row_of(connection, id)?;
    let table = what.table;
    match body {
        Some(body) => connection
            .prepare_cached(&format!(
                "INSERT OR REPLACE INTO {table} (session, body) VALUES (?1, ?2)"
            ))?
            .execute(params![row, text(body)])?,
        None => connection
            .prepare_cached(&format!("DELETE FROM {table} WHERE session = ?1"))?
            .execute([row])?,
    };
    Ok(())
}

/// The digest by which an event names the text.
pub(super) fn digest(body: Option<&str>) -> Value {
    body.map_or(Value::Null, text_digest)
}

/// What the last event that set the text says of it; null where none did since the import.
pub(super) fn recorded(
    connection: &Connection,
    what: Described,
    id: &str,
) -> Result<Value, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT detail, kind = 'import' FROM events
         WHERE session = ?1 AND kind IN ('import', ?2, 'redact')
         ORDER BY sequence DESC",
    )?;
    let mut rows = statement.query(params![text(id), what.event])?;
    while let Some(row) = rows.next()? {
        let detail: String = row.get(0)?;
        let detail: Value = serde_json::from_str(&detail).unwrap_or_default();
        // Redactions of an older schema do not speak of it.
        if let Some(digest) = detail.get(what.event) {
            return Ok(digest.clone());
        }
        if row.get(1)? {
            break;
        }
    }
    Ok(Value::Null)
}
