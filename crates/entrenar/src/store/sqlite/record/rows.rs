//! The rows of recorders: what of a journal is in the store.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::super::failure::Failure;
use super::super::recordings::known_state;
use super::super::value::{
    Text, from_moment, moment, optional_moment, optional_text, signed, text, unsigned,
};
use crate::session::{SeriesKey, SessionState};
use crate::store::recording::reading::{LaneReading, Reading};
use crate::store::recording::{Assembler, RecorderId, RecorderStatus, Start};

/// A recorder, and how much of its journal is in the store.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RecorderRow {
    pub(super) session: i64,
    pub(super) stretch: i64,
    pub(super) rank: Option<u32>,
    pub(super) pid: u32,
    pub(super) host: Option<String>,
    pub(super) started: DateTime<Utc>,
    pub(super) ended: Option<DateTime<Utc>>,
    pub(super) state: SessionState,
    pub(super) file: u64,
    pub(super) sequence: u64,
    pub(super) points: u64,
    pub(super) dropped: u64,
    /// Time of the last point or cell, µs since 1970.
    pub(super) last_us: Option<i64>,
    pub(super) last_cell: Option<usize>,
    /// What its last frame said of its end, whose time is in `ended`; `state` follows when all is sealed.
    pub(super) said: Option<SessionState>,
}

const COLUMNS: &str = "recorder, session, stretch, rank, pid, host, started_us, started_rest,
  ended_us, ended_rest, state, file, sequence, points, dropped, last_us, last_cell, said";

impl RecorderRow {
    /// Whether it is a process with a journal: what comes without one is in the store at once.
    pub(super) const fn has_journal(&self) -> bool {
        self.pid != 0
    }

    pub(super) fn new(session: i64, stretch: i64, start: &Start) -> Self {
        Self {
            session,
            stretch,
            rank: start.rank,
            pid: start.pid,
            host: start.host.clone(),
            started: start.started,
            ended: None,
            state: SessionState::Live,
            file: 0,
            sequence: 0,
            points: 0,
            dropped: 0,
            last_us: None,
            last_cell: None,
            said: None,
        }
    }

    fn read(row: &Row<'_>) -> Result<(RecorderId, Self), Failure> {
        let time = |column: usize| -> Result<Option<DateTime<Utc>>, Failure> {
            let Some(micros) = row.get(column)? else {
                return Ok(None);
            };
            let time = from_moment(micros, row.get(column + 1)?);
            time.map(Some)
                .ok_or_else(|| Failure::damaged(format!("no moment is {micros}")))
        };
        let id: String = row.get(0)?;
        let id = id
            .parse()
            .map_err(|_error| Failure::damaged(format!("no recorder is {id:?}")))?;
        let state: String = row.get(10)?;
        let recorder = Self {
            session: row.get(1)?,
            stretch: row.get(2)?,
            rank: row.get(3)?,
            pid: row.get(4)?,
            host: row.get::<_, Option<Text>>(5)?.map(|host| host.0),
            started: time(6)?.ok_or_else(|| Failure::damaged("a recorder has no begin"))?,
            ended: time(8)?,
            state: known_state(&state)?,
            file: unsigned(row.get(11)?),
            sequence: unsigned(row.get(12)?),
            points: unsigned(row.get(13)?),
            dropped: unsigned(row.get(14)?),
            last_us: row.get(15)?,
            last_cell: row.get(16)?,
            said: row
                .get::<_, Option<String>>(17)?
                .map(|name| known_state(&name))
                .transpose()?,
        };
        Ok((id, recorder))
    }

    /// The recorder of that id.
    pub(super) fn of(connection: &Connection, id: RecorderId) -> Result<Option<Self>, Failure> {
        let sql = format!("SELECT {COLUMNS} FROM recorders WHERE recorder = ?1");
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([id.to_string()])?;
        let row = rows.next()?.map(Self::read).transpose()?;
        Ok(row.map(|(_, recorder)| recorder))
    }

    /// The recorders of a session, in the order in which they began.
    pub(super) fn all(
        connection: &Connection,
        session: i64,
    ) -> Result<Vec<(RecorderId, Self)>, Failure> {
        let sql = format!(
            "SELECT {COLUMNS} FROM recorders WHERE session = ?1
             ORDER BY stretch, started_us, started_rest, recorder"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([session])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(Self::read(row)?);
        }
        Ok(all)
    }

    pub(super) fn put(&self, connection: &Connection, id: RecorderId) -> Result<(), Failure> {
        let (started_us, started_rest) = moment(self.started);
        let (ended_us, ended_rest) = optional_moment(self.ended);
        let sql = format!(
            "INSERT INTO recorders ({COLUMNS})
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
             ON CONFLICT (recorder) DO UPDATE SET
               ended_us = ?9, ended_rest = ?10, state = ?11, file = ?12, sequence = ?13,
               points = ?14, dropped = ?15, last_us = ?16, last_cell = ?17, said = ?18"
        );
        connection.prepare_cached(&sql)?.execute(params![
            id.to_string(),
            self.session,
            self.stretch,
            self.rank,
            self.pid,
            optional_text(self.host.as_deref()),
            started_us,
            started_rest,
            ended_us,
            ended_rest,
            self.state.as_str(),
            signed(self.file),
            signed(self.sequence),
            signed(self.points),
            signed(self.dropped),
            self.last_us,
            self.last_cell,
            self.said.map(SessionState::as_str),
        ])?;
        Ok(())
    }

    pub(super) fn status(self, recorder: RecorderId) -> RecorderStatus {
        RecorderStatus {
            recorder,
            rank: self.rank,
            pid: self.pid,
            host: self.host,
            started: self.started,
            ended: self.ended,
            state: self.state,
            points: self.points,
            dropped: self.dropped,
            file: self.file,
        }
    }
}

/// How far the lanes of a recorder are read, and what its series numbers mean.
pub(super) fn reading(connection: &Connection, id: RecorderId) -> Result<Reading, Failure> {
    let mut reading = Reading::default();
    let mut statement = connection.prepare_cached(
        "SELECT lane, next_frame, unfinished FROM recorder_lanes WHERE recorder = ?1",
    )?;
    let mut rows = statement.query([id.to_string()])?;
    while let Some(row) = rows.next()? {
        let unfinished: Option<Vec<u8>> = row.get(2)?;
        let lane = LaneReading {
            next: unsigned(row.get(1)?),
            assembler: unfinished
                .map_or_else(Assembler::default, |bytes| Assembler::resume(&bytes)),
        };
        reading.lanes.insert(row.get(0)?, lane);
    }
    let mut statement = connection.prepare_cached(
        "SELECT number, name, run, rank FROM recorder_series WHERE recorder = ?1",
    )?;
    let mut rows = statement.query([id.to_string()])?;
    while let Some(row) = rows.next()? {
        reading.know(
            row.get(0)?,
            SeriesKey {
                name: row.get::<_, Text>(1)?.0,
                run: row.get(2)?,
                rank: row.get(3)?,
            },
        );
    }
    Ok(reading)
}

/// Writes what [`reading`] reads.
pub(super) fn put_reading(
    connection: &Connection,
    id: RecorderId,
    reading: &mut Reading,
) -> Result<(), Failure> {
    let id = id.to_string();
    let mut statement = connection.prepare_cached(
        "INSERT OR REPLACE INTO recorder_lanes (recorder, lane, next_frame, unfinished)
         VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (number, lane) in &reading.lanes {
        let unfinished = lane.assembler.unfinished();
        statement.execute(params![id, number, signed(lane.next), unfinished])?;
    }
    let mut statement = connection.prepare_cached(
        "INSERT OR IGNORE INTO recorder_series (recorder, number, name, run, rank)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (number, key) in reading.take_new() {
        statement.execute(params![id, number, text(&key.name), key.run, key.rank])?;
    }
    Ok(())
}

/// Removes what only a recorder at work needs.
pub(super) fn forget(connection: &Connection, id: RecorderId) -> Result<(), Failure> {
    for table in ["recorder_lanes", "recorder_series"] {
        connection
            .prepare_cached(&format!("DELETE FROM {table} WHERE recorder = ?1"))?
            .execute([id.to_string()])?;
    }
    Ok(())
}

/// The number of the last stretch of a session and whether a recorder is at work on it; `None` where there never
/// was one.
pub(super) fn last_stretch(
    connection: &Connection,
    session: i64,
) -> Result<Option<(i64, bool)>, Failure> {
    Ok(connection
        .prepare_cached(
            "SELECT max(stretch), max(state = 'live') FROM recorders WHERE session = ?1
             HAVING count(*) > 0",
        )?
        .query_row([session], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}
