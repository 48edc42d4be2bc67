//! How far deposits are. Each save is one transaction, which is on the disk when it returns
//! (`synchronous = EXTRA`).

use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::json;

use super::events::{self, Event};
use super::failure::Failure;
use super::value::{Text, from_moment, text};
use crate::research::archive::{DepositState, Step};
use crate::session::Clock;
use crate::store::{StoredDeposit, StoredStep};

/// Replaces the state of a deposit; a step that is new is added to its steps.
pub(super) fn save(
    connection: &Connection,
    clock: &dyn Clock,
    state: &DepositState,
) -> Result<(), Failure> {
    let time_us = clock.now().timestamp_micros();
    let body = serde_json::to_string(state)
        .map_err(|error| Failure::damaged(format!("the state of a deposit: {error}")))?;
    let before: Option<String> = connection
        .prepare_cached("SELECT step FROM deposits WHERE id = ?1")?
        .query_row([text(&state.id)], |row| row.get(0))
        .optional()?;
    connection
        .prepare_cached(
            "INSERT INTO deposits (id, session, base_url, step, updated_us, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (id) DO UPDATE SET
               step = excluded.step, updated_us = excluded.updated_us, body = excluded.body",
        )?
        .execute(params![
            text(&state.id),
            text(&state.artifact),
            text(&state.base_url),
            state.step.as_str(),
            time_us,
            text(&body),
        ])?;
    if before.as_deref() == Some(state.step.as_str()) {
        return Ok(());
    }
    connection
        .prepare_cached(
            "INSERT INTO deposit_steps (deposit, place, step, time_us)
             SELECT deposit,
                    (SELECT count(*) FROM deposit_steps s WHERE s.deposit = d.deposit),
                    ?2, ?3
             FROM deposits d WHERE id = ?1",
        )?
        .execute(params![text(&state.id), state.step.as_str(), time_us])?;
    // A draft can be taken back; what is published is part of the session's history.
    if state.step == Step::Published {
        let detail = events::detail([("deposit", json!(state.id)), ("doi", json!(state.doi))]);
        let event = Event {
            session: Some(&state.artifact),
            kind: "deposit",
            detail: &detail,
        };
        events::append(connection, clock, &event)?;
    }
    Ok(())
}

/// The deposits of a session, or all, the oldest first. An older store has no table.
pub(super) fn list(
    connection: &Connection,
    session: Option<&str>,
) -> Result<Vec<StoredDeposit>, Failure> {
    let has_table = connection
        .prepare_cached("SELECT 1 FROM sqlite_schema WHERE name = 'deposits'")?
        .exists([])?;
    if !has_table {
        return Ok(Vec::new());
    }
    let mut steps = connection.prepare_cached(
        "SELECT step, time_us FROM deposit_steps WHERE deposit = ?1 ORDER BY place",
    )?;
    let mut statement = connection.prepare_cached(
        "SELECT deposit, updated_us, body FROM deposits
         WHERE ?1 IS NULL OR session = ?1 ORDER BY deposit",
    )?;
    let mut rows = statement.query([super::value::optional_text(session)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        let body = row.get::<_, Text>(2)?.0;
        let damaged = |what: &str| Failure::damaged(format!("{what} of deposit {number}"));
        let state = serde_json::from_str(&body).map_err(|_error| damaged("the state"))?;
        let moment = |time_us| from_moment(time_us, 0).ok_or_else(|| damaged("a time"));
        let mut taken = Vec::new();
        let mut step_rows = steps.query([number])?;
        while let Some(step) = step_rows.next()? {
            taken.push(StoredStep {
                step: step.get(0)?,
                time: moment(step.get(1)?)?,
            });
        }
        found.push(StoredDeposit {
            state,
            updated: moment(row.get(1)?)?,
            steps: taken,
        });
    }
    Ok(found)
}
