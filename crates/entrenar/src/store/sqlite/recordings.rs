//! What a session has that was recorded live: state, lineage, environment.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::Value;

use super::failure::Failure;
use super::value::{Text, optional_text, text};
use crate::session::{EntrenarSession, Fork, ForkOrigin, SessionState};
use crate::store::StoreError;

/// Whether the store has tables of recordings; an older one that is open for reading has not.
pub(super) fn are_kept(connection: &Connection) -> Result<bool, Failure> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM sqlite_schema WHERE name = 'recordings'")?
        .exists([])?)
}

/// Writes the row of a session; one that was not recorded has none.
pub(super) fn put(
    connection: &Connection,
    row: i64,
    session: &EntrenarSession,
) -> Result<(), Failure> {
    let has_none =
        session.state.is_none() && session.forked_from.is_none() && session.environment.is_empty();
    if has_none {
        return Ok(());
    }
    let origin = session.forked_from.as_ref();
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO recordings
               (session, state, forked_session, forked_step, environment)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            row,
            session.state.map(SessionState::as_str),
            optional_text(origin.map(|origin| origin.session.as_str())),
            origin.and_then(|origin| origin.step),
            Value::Object(session.environment.clone()).to_string(),
        ])?;
    Ok(())
}

/// Reads the row of a session.
pub(super) fn read(
    connection: &Connection,
    row: i64,
    session: &mut EntrenarSession,
) -> Result<(), Failure> {
    if !are_kept(connection)? {
        return Ok(());
    }
    let found = connection
        .prepare_cached(
            "SELECT state, forked_session, forked_step, environment FROM recordings
             WHERE session = ?1",
        )?
        .query_row([row], |row| {
            Ok((
                row.get::<_, Option<String>>(0)?,
                row.get::<_, Option<Text>>(1)?,
                row.get::<_, Option<i64>>(2)?,
                row.get::<_, String>(3)?,
            ))
        })
        .optional()?;
    let Some((state, forked, step, environment)) = found else {
        return Ok(());
    };
    session.state = state.map(|name| known_state(&name)).transpose()?;
    session.forked_from = forked.map(|id| ForkOrigin {
        session: id.0,
        step,
    });
    session.environment =
        serde_json::from_str(&environment).map_err(|error| Failure::damaged(error.to_string()))?;
    Ok(())
}

/// The sessions that go on from the session of that id, by step and id.
pub(super) fn forks(connection: &Connection, id: &str) -> Result<Vec<Fork>, Failure> {
    if !are_kept(connection)? {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare_cached(
        "SELECT id, name, forked_step FROM recordings JOIN sessions USING (session)
         WHERE forked_session = ?1 ORDER BY forked_step NULLS LAST, id",
    )?;
    let forks = statement.query_map([text(id)], |row| {
        Ok(Fork {
            session: row.get::<_, Text>(0)?.0,
            name: row.get::<_, Text>(1)?.0,
            step: row.get(2)?,
        })
    })?;
    Ok(forks.collect::<Result<_, _>>()?)
}

/// Sets the recorders of a session aside while its rows are written anew. Names of machines are let go: they are
/// not searched for what is redacted.
pub(super) fn set_aside(connection: &Connection, row: i64) -> Result<(), Failure> {
    connection.execute_batch("DROP TABLE IF EXISTS temp.kept_recorders")?;
    connection.execute(
        "CREATE TEMP TABLE kept_recorders AS SELECT * FROM main.recorders WHERE session = ?1",
        [row],
    )?;
    Ok(())
}

/// Brings the recorders back that were [set aside](set_aside), for the session in its new row.
pub(super) fn bring_back(connection: &Connection, row: i64) -> Result<(), Failure> {
    connection.execute(
        "UPDATE temp.kept_recorders SET session = ?1, host = NULL",
        [row],
    )?;
    connection.execute_batch(
        "INSERT INTO main.recorders SELECT * FROM temp.kept_recorders;
         DROP TABLE temp.kept_recorders",
    )?;
    Ok(())
}

/// The state of that name.
pub(super) fn known_state(name: &str) -> Result<SessionState, Failure> {
    SessionState::from_name(name)
        .ok_or_else(|| Failure::damaged(format!("unknown state of a recording {name:?}")))
}

/// The state of the session in that row.
pub(super) fn state(connection: &Connection, row: i64) -> Result<Option<SessionState>, Failure> {
    let name: Option<Option<String>> = connection
        .prepare_cached("SELECT state FROM recordings WHERE session = ?1")?
        .query_row([row], |row| row.get(0))
        .optional()?;
    name.flatten().map(|name| known_state(&name)).transpose()
}

/// Refuses where a recorder is at work on the session, or left something to recover.
pub(super) fn refuse_live(connection: &Connection, row: i64, id: &str) -> Result<(), Failure> {
    let is_live = connection
        .prepare_cached("SELECT 1 FROM recorders WHERE session = ?1 AND state = 'live'")?
        .exists([row])?;
    if is_live {
        return Err(StoreError::Live { id: id.to_owned() }.into());
    }
    Ok(())
}
