//! Changes to what a person may change, and removal.

use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::events::{self, Event, text_digest};
use super::failure::Failure;
use super::value::{Text, optional_text, text};
use super::{blob, import, load, recordings};
use crate::session::Clock;

/// Adds and removes tags.
pub(super) fn tag(
    connection: &Connection,
    clock: &dyn Clock,
    id: &str,
    add: &[String],
    remove: &[String],
) -> Result<(), Failure> {
    let row = load::row_of(connection, id)?;
    let before: Vec<String> = connection
        .prepare_cached("SELECT tag FROM tags WHERE session = ?1 ORDER BY place")?
        .query_map([row], |row| Ok(row.get::<_, Text>(0)?.0))?
        .collect::<Result<_, _>>()?;
    let mut tags = before.clone();
    tags.retain(|tag| !remove.contains(tag));
    for tag in add {
        if !tags.contains(tag) {
            tags.push(tag.clone());
        }
    }
    if tags == before {
        return Ok(());
    }
    connection
        .prepare_cached("DELETE FROM tags WHERE session = ?1")?
        .execute([row])?;
    import::tag_rows(connection, &tags, row)?;
    let digests = |these: &[String], others: &[String]| -> Value {
        these
            .iter()
            .filter(|tag| !others.contains(tag))
            .map(|tag| text_digest(tag))
            .collect()
    };
    let detail = events::detail([
        ("added", digests(&tags, &before)),
        ("removed", digests(&before, &tags)),
    ]);
    log(connection, clock, id, "tag", &detail)
}

/// Replaces the notes.
pub(super) fn set_notes(
    connection: &Connection,
    clock: &dyn Clock,
    id: &str,
    notes: Option<&str>,
) -> Result<(), Failure> {
    let row = load::row_of(connection, id)?;
    let changed = connection
        .prepare_cached("UPDATE sessions SET notes = ?2 WHERE session = ?1 AND notes IS NOT ?2")?
        .execute(params![row, optional_text(notes)])?;
    if changed == 0 {
        return Ok(());
    }
    let detail = events::detail([("notes", notes.map_or(Value::Null, text_digest))]);
    log(connection, clock, id, "note", &detail)
}

/// Gives another name; a name that was given is no longer a derived one.
pub(super) fn rename(
    connection: &Connection,
    clock: &dyn Clock,
    id: &str,
    name: &str,
) -> Result<(), Failure> {
    let row = load::row_of(connection, id)?;
    let renamed = connection
        .prepare_cached("UPDATE sessions SET name = ?2 WHERE session = ?1 AND name IS NOT ?2")?
        .execute(params![row, text(name)])?;
    let unmarked = connection
        .prepare_cached("DELETE FROM derived WHERE session = ?1 AND field = 'name'")?
        .execute([row])?;
    if renamed + unmarked == 0 {
        return Ok(());
    }
    let detail = events::detail([("name", text_digest(name))]);
    log(connection, clock, id, "rename", &detail)
}

/// Removes a session with every blob that no other session uses.
pub(super) fn remove(connection: &Connection, clock: &dyn Clock, id: &str) -> Result<(), Failure> {
    let row = load::row_of(connection, id)?;
    recordings::refuse_live(connection, row, id)?;
    delete_rows(connection, row)?;
    let detail = events::detail([("session", json!(id))]);
    log(connection, clock, id, "remove", &detail)
}

/// Deletes all rows of a session.
pub(super) fn delete_rows(connection: &Connection, row: i64) -> Result<(), Failure> {
    let blobs = blob::used_by(connection, row)?;
    connection
        .prepare_cached("DELETE FROM sessions WHERE session = ?1")?
        .execute([row])?;
    blob::remove_unused(connection, &blobs)
}

fn log(
    connection: &Connection,
    clock: &dyn Clock,
    id: &str,
    kind: &str,
    detail: &str,
) -> Result<(), Failure> {
    events::append(
        connection,
        clock,
        &Event {
            session: Some(id),
            kind,
            detail,
        },
    )
}
