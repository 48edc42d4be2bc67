//! Points and frames that go straight into the store, without a journal: from a process that lives for one call.

use entrenar_journal::{Item, Point as JournalPoint, RecorderId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::SqliteStore;
use super::super::failure::Failure;
use super::super::value::text;
use super::seal::{Sealer, Until};
use crate::session::SeriesKey;
use crate::store::StoreError;
use crate::store::recording::{Direct, Frame, SeriesDefinition, Start};

impl SqliteStore {
    /// Adds to a session in one transaction, which survives a power failure when this returns. Calls of any
    /// number of processes follow each other; together they are one recorder of the session (and rank), which
    /// is at work until a call says the end.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such session and `direct.create` is false,
    /// [`StoreError::IdTaken`] where it was imported, or was there and must not be (`direct.is_new`).
    pub fn append(&mut self, direct: &Direct<'_>) -> Result<(), StoreError> {
        let ends = direct.frames.iter().any(|f| matches!(f, Frame::End(_)));
        self.write(|transaction, clock| {
            let recorder = match at_work(transaction, direct.start)? {
                Some(id) => id,
                None => RecorderId::random().map_err(|error| StoreError::Journal {
                    recorder: direct.start.session.clone(),
                    source: Box::new(error),
                })?,
            };
            let exists = exists(transaction, &direct.start.session)?;
            let id = || direct.start.session.clone();
            if !exists && !direct.create {
                return Err(StoreError::NotFound { id: id() }.into());
            }
            if exists && direct.is_new {
                return Err(StoreError::IdTaken { id: id() }.into());
            }
            let mut sealer = Sealer::new(transaction, clock, recorder)?;
            sealer.begin(direct.start)?;
            for frame in direct.frames {
                sealer.frame(frame.clone())?;
            }
            let now = clock.now().timestamp_micros();
            let mut points = Vec::with_capacity(direct.points.len());
            for (sequence, (name, point)) in (sealer.sequence()..).zip(direct.points) {
                let number = sealer.number(SeriesKey {
                    name: name.clone(),
                    run: None,
                    rank: direct.start.rank,
                });
                let point = JournalPoint {
                    series: number,
                    flags: 0,
                    step: point.step,
                    value: point.value,
                    micros: point.time_us.unwrap_or(now),
                    epoch: point.epoch,
                };
                points.push((sequence, point));
            }
            sealer.item(&Item::Points(&points))?;
            sealer.finish(if ends { Until::End } else { Until::File(0) })?;
            Ok(())
        })?;
        if ends {
            self.finish_ended()?;
        }
        Ok(())
    }

    /// What the series numbers of a recorder at work mean, and the id of its session; `None` where the store does
    /// not know it.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn recorder_series(
        &self,
        recorder: RecorderId,
    ) -> Result<Option<(String, Vec<SeriesDefinition>)>, StoreError> {
        self.read(|connection| {
            let session = connection
                .prepare_cached(
                    "SELECT id FROM recorders JOIN sessions USING (session) WHERE recorder = ?1",
                )?
                .query_row([recorder.to_string()], |row| {
                    Ok(row.get::<_, super::super::value::Text>(0)?.0)
                })
                .optional()?;
            let Some(session) = session else {
                return Ok(None);
            };
            let reading = super::rows::reading(connection, recorder)?;
            Ok(Some((session, reading.definitions())))
        })
    }
}

/// The recorder without a process that is at work on the session.
fn at_work(connection: &Connection, start: &Start) -> Result<Option<RecorderId>, Failure> {
    let found: Option<String> = connection
        .prepare_cached(
            "SELECT recorder FROM recorders JOIN sessions USING (session)
             WHERE id = ?1 AND rank IS ?2 AND recorders.pid = 0 AND recorders.state = 'live'",
        )?
        .query_row(params![text(&start.session), start.rank], |row| row.get(0))
        .optional()?;
    Ok(found.and_then(|id| id.parse().ok()))
}

fn exists(connection: &Connection, id: &str) -> Result<bool, Failure> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM sessions WHERE id = ?1")?
        .exists([text(id)])?)
}
