//! Looking for damage.

use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;

use super::chunk::{self, Statistics};
use super::events::{self, Event};
use super::failure::Failure;
use super::value::{Hash, Text, unsigned};
use super::{described, load};
use crate::session::{
    ContentDigest, EntrenarSession, Series, SeriesKey, SessionState, Sha256Hash, chain,
};
use crate::store::{Finding, StoreError};

/// Looks for damage: pages, references, blobs, chunks, sessions, the event chain.
pub(super) fn check(connection: &Connection, path: &Path) -> Vec<Finding> {
    let mut findings = Findings {
        found: Vec::new(),
        path,
    };
    findings.part("pages", pages(connection));
    findings.part("references", references(connection));
    findings.part("blobs", blobs(connection));
    findings.part("event chain", chain(connection));
    findings.part("sessions", sessions(connection));
    findings.found
}

struct Findings<'a> {
    found: Vec<Finding>,
    path: &'a Path,
}

impl Findings<'_> {
    /// Adds what a part found; a part that damage stops is a finding itself.
    fn part(&mut self, what: &str, part: Result<Vec<Finding>, Failure>) {
        match part {
            Ok(found) => self.found.extend(found),
            Err(failure) => {
                let reason = failure.at(self.path);
                let source = std::error::Error::source(&reason)
                    .map_or_else(String::new, |source| format!(": {source}"));
                self.found.push(store(format!(
                    "the {what} cannot be checked: {reason}{source}"
                )));
            }
        }
    }
}

fn store(message: String) -> Finding {
    Finding {
        session: None,
        message,
    }
}

fn of(session: &str, message: String) -> Finding {
    Finding {
        session: Some(session.to_owned()),
        message,
    }
}

fn pages(connection: &Connection) -> Result<Vec<Finding>, Failure> {
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let message: String = row.get(0)?;
        if message != "ok" {
            found.push(store(format!("SQLite finds: {message}; restore a backup")));
        }
    }
    Ok(found)
}

fn references(connection: &Connection) -> Result<Vec<Finding>, Failure> {
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        found.push(store(format!(
            "a row of {table} names a row of {parent} that is not there; restore a backup"
        )));
    }
    Ok(found)
}

fn blobs(connection: &Connection) -> Result<Vec<Finding>, Failure> {
    let mut statement = connection.prepare(
        "SELECT blob, sha256, size, data,
           EXISTS (SELECT 1 FROM sessions WHERE source_blob = blobs.blob)
           OR EXISTS (SELECT 1 FROM outputs WHERE outputs.blob = blobs.blob),
           (SELECT id FROM sessions WHERE source_blob = blobs.blob)
         FROM blobs ORDER BY blob",
    )?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (name, size): (i64, usize) = (row.get(0)?, row.get(2)?);
        let sha256 = row.get::<_, Hash>(1)?.0;
        let data = row
            .get_ref(3)?
            .as_blob()
            .map_err(|error| Failure::damaged(error.to_string()))?;
        let session: Option<Text> = row.get(5)?;
        if data.len() != size || Sha256Hash::of(data) != sha256 {
            found.push(Finding {
                session: session.map(|id| id.0),
                message: format!("blob {name} is not what its digest says; restore a backup"),
            });
        }
        if !row.get::<_, bool>(4)? {
            found.push(store(format!("blob {name} belongs to no session")));
        }
    }
    Ok(found)
}

fn chain(connection: &Connection) -> Result<Vec<Finding>, Failure> {
    let mut statement = connection.prepare(
        "SELECT sequence, time_us, session, kind, detail, previous, hash FROM events
         ORDER BY sequence",
    )?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    let mut expected = (1_i64, events::GENESIS);
    while let Some(row) = rows.next()? {
        let (sequence, time_us): (i64, i64) = (row.get(0)?, row.get(1)?);
        let session = row.get::<_, Option<Text>>(2)?.map(|text| text.0);
        let (kind, detail): (String, String) = (row.get(3)?, row.get(4)?);
        let previous = *row.get::<_, Hash>(5)?.0.as_bytes();
        let hash = row.get::<_, Hash>(6)?.0;
        let event = Event {
            session: session.as_deref(),
            kind: &kind,
            detail: &detail,
        };
        if (sequence, previous) != expected {
            found.push(store(format!(
                "event {sequence} does not follow the one before: the log was cut or edited"
            )));
        }
        if events::hash(&previous, unsigned(sequence), time_us, &event) != hash {
            found.push(store(format!(
                "event {sequence} is not what its hash says: the log was edited"
            )));
        }
        expected = (sequence.saturating_add(1), *hash.as_bytes());
    }
    Ok(found)
}

fn sessions(connection: &Connection) -> Result<Vec<Finding>, Failure> {
    let ids: Vec<(i64, String)> = connection
        .prepare("SELECT session, id FROM sessions ORDER BY session")?
        .query_map([], |row| Ok((row.get(0)?, row.get::<_, Text>(1)?.0)))?
        .collect::<Result<_, _>>()?;
    let mut found = Vec::new();
    for (row, id) in ids {
        found.extend(chunks(connection, row, &id)?);
        match load::session(connection, &id) {
            Ok(session) => {
                match recorded_content(connection, &id)? {
                    Some(recorded) if recorded.is_of(&session) => {}
                    Some(_) => found.push(of(
                        &id,
                        "its content is not what the event log says; restore a backup".into(),
                    )),
                    None => found.push(of(&id, "the event log has no import of it".into())),
                }
                for what in described::ALL {
                    let body = described::read_row(connection, what, row)?;
                    let recorded = described::recorded(connection, what, &id)?;
                    if described::digest(body.as_deref()) != recorded {
                        let title = what.title;
                        let message = format!("its {title} are not what the event log says");
                        found.push(of(&id, message));
                    }
                }
                found.extend(figures(connection, row, &id, &session)?);
            }
            Err(Failure::Store(error @ StoreError::Damaged { .. })) => {
                found.push(of(&id, format!("{error}; restore a backup")));
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(found)
}

/// What the last event that says so says of a session's content.
enum Recorded {
    /// Its digest.
    Content {
        content: String,
        version: Option<u64>,
    },
    /// It is being recorded.
    Growing,
}

impl Recorded {
    fn is_of(&self, session: &EntrenarSession) -> bool {
        match self {
            Self::Content { content, version } => {
                *version == Some(chain::CONTENT_VERSION)
                    && *content == ContentDigest::of(session).content.to_string()
            }
            Self::Growing => session.state == Some(SessionState::Live),
        }
    }
}

fn recorded_content(connection: &Connection, id: &str) -> Result<Option<Recorded>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT detail, kind FROM events WHERE session = ?1 AND kind IN ('import', 'redact', 'start', 'fork', 'resume', 'finish')
         ORDER BY sequence DESC LIMIT 1",
    )?;
    let mut rows = statement.query([super::value::text(id)])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let kind: String = row.get(1)?;
    if matches!(kind.as_str(), "start" | "fork" | "resume") {
        return Ok(Some(Recorded::Growing));
    }
    let detail: String = row.get(0)?;
    let detail: Value = serde_json::from_str(&detail).unwrap_or_default();
    let content = detail.get("content").and_then(Value::as_str);
    Ok(content.map(|content| Recorded::Content {
        content: content.to_owned(),
        version: detail.get("content_version").and_then(Value::as_u64),
    }))
}

/// Whether the figures for lists are those of the session.
fn figures(
    connection: &Connection,
    row: i64,
    id: &str,
    session: &EntrenarSession,
) -> Result<Vec<Finding>, Failure> {
    let metrics = &session.metrics;
    let agree = connection
        .prepare_cached(
            "SELECT 1 FROM sessions WHERE session = ?1 AND cells = ?2 AND points = ?3
             AND runs = ?4 AND steps = ?5 AND warnings = ?6
             AND final_loss IS ?7 AND best_loss IS ?8
             AND final_accuracy IS ?9 AND best_accuracy IS ?10",
        )?
        .exists(rusqlite::params![
            row,
            session.code_history.len(),
            metrics.point_count(),
            session.runs.len(),
            metrics.total_steps(),
            session.warnings.len(),
            metrics.final_loss(),
            metrics.best_loss(),
            metrics.final_accuracy(),
            metrics.best_accuracy(),
        ])?;
    if agree {
        return Ok(Vec::new());
    }
    Ok(vec![of(
        id,
        "the figures that lists show are not those of its points".into(),
    )])
}

/// Whether each chunk decodes and agrees with its row.
fn chunks(connection: &Connection, session: i64, id: &str) -> Result<Vec<Finding>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT chunk, chunks.count, step_min, step_max, time_min, time_max,
           first, last, min, max, nan_count, data
         FROM chunks JOIN series USING (series) WHERE session = ?1 ORDER BY chunk",
    )?;
    let mut rows = statement.query([session])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let name: i64 = row.get(0)?;
        let pair = |column| -> Result<Option<(i64, i64)>, rusqlite::Error> {
            Ok(row
                .get::<_, Option<i64>>(column)?
                .zip(row.get::<_, Option<i64>>(column + 1)?))
        };
        let number = |column| row.get::<_, Option<f64>>(column);
        let recorded = (
            (row.get::<_, usize>(1)?, row.get::<_, usize>(10)?),
            (pair(2)?, pair(4)?),
            [number(6)?, number(7)?, number(8)?, number(9)?],
        );
        let data = chunk::row::blob(row, 11)?;
        let mut series = Series::new(SeriesKey::named(""));
        if let Err(reason) = chunk::row::read(connection, name, data, &mut series)? {
            found.push(of(
                id,
                format!("chunk {name} is damaged: {reason}; restore a backup"),
            ));
            continue;
        }
        let statistics = Statistics::of(series.points());
        let number = |value: f64| (!value.is_nan()).then_some(value);
        let actual = (
            (statistics.count, statistics.nan_count),
            (statistics.steps, statistics.times),
            [
                number(statistics.first),
                number(statistics.last),
                statistics.range.map(|range| range.0),
                statistics.range.map(|range| range.1),
            ],
        );
        if recorded != actual {
            found.push(of(
                id,
                format!("the figures of chunk {name} are not those of its points"),
            ));
        }
    }
    Ok(found)
}
