//! What a journal says becomes rows: points go behind those of their series, frames change the session, and the
//! mark says how far that is. All in the caller's transaction.

use chrono::DateTime;
use entrenar_journal::{Item, RecorderId};
use rusqlite::{Connection, OptionalExtension as _};
use serde_json::json;

use super::super::events::{self, Event, text_digest};
use super::super::failure::Failure;
use super::super::value::text;
use super::super::{import, load, recordings};
use super::append::Appender;
use super::groups::{Group, Groups};
use super::rows::{self, RecorderRow};
use super::{cells, session};
use crate::session::{
    Clock, EntrenarSession, Series, SeriesKey, SessionState, Sha256Hash, WarningKind,
};
use crate::store::StoreError;
use crate::store::recording::reading::{Reading, nameless};
use crate::store::recording::{Frame, FrameError, Known, Sealed, Start, apply};

/// One recorder's journal on its way into the store.
pub(super) struct Sealer<'a> {
    connection: &'a Connection,
    clock: &'a dyn Clock,
    id: RecorderId,
    /// The recorder and its session, once the store knows them.
    begun: Option<Begun>,
    reading: Reading,
    /// Frames that came before the one that says which session this is.
    early: Vec<Frame>,
    groups: Groups,
    /// The session's series, once points came.
    appender: Option<Appender>,
    sealed: Sealed,
    unreadable: u64,
}

/// A recorder that the store knows.
struct Begun {
    row: RecorderRow,
    /// The session without points and cells, as it is to be, and as its rows have it.
    session: EntrenarSession,
    stored: EntrenarSession,
    start: Start,
}

/// How a recorder's journal ends here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// It goes on in this file.
    File(u64),
    /// There will be nothing more.
    End,
}

impl<'a> Sealer<'a> {
    /// Goes on with a recorder, known to the store or not.
    pub(super) fn new(
        connection: &'a Connection,
        clock: &'a dyn Clock,
        id: RecorderId,
    ) -> Result<Self, Failure> {
        let mut sealer = Self {
            connection,
            clock,
            id,
            begun: None,
            reading: rows::reading(connection, id)?,
            early: Vec::new(),
            groups: Groups::default(),
            appender: None,
            sealed: Sealed::default(),
            unreadable: 0,
        };
        if let Some(row) = RecorderRow::of(connection, id)? {
            let session_id = session::id_of(connection, row.session)?;
            let stored = load::description(connection, &session_id, row.session)?;
            let mut start = Start::new(&session_id, &stored.name, row.started);
            start.rank = row.rank;
            sealer.begun = Some(Begun {
                row,
                session: stored.clone(),
                stored,
                start,
            });
        }
        Ok(sealer)
    }

    /// The first journal file that is not in the store.
    pub(super) fn file(&self) -> u64 {
        self.begun.as_ref().map_or(0, |begun| begun.row.file)
    }

    /// Takes what the recorder's process knows by itself.
    pub(super) fn known(&mut self, known: Known<'_>) -> Result<(), Failure> {
        self.begin(known.start)?;
        for series in known.series {
            self.reading.define(series);
        }
        self.dropped(known.dropped);
        Ok(())
    }

    /// Notes how many points and frames were dropped.
    pub(super) fn dropped(&mut self, dropped: u64) {
        if let Some(begun) = &mut self.begun {
            begun.row.dropped = begun.row.dropped.max(dropped);
        }
    }

    /// Takes what a journal file or segment holds.
    pub(super) fn item(&mut self, item: &Item<'_>) -> Result<(), Failure> {
        match item {
            Item::Points(points) | Item::LatePoints(points) => {
                for (sequence, point) in *points {
                    self.groups.push(*sequence, point);
                }
                if self.groups.is_full() && self.begun.is_some() {
                    self.write_points(false)?;
                }
                Ok(())
            }
            Item::Frame {
                lane,
                number,
                bytes,
            } => match self.reading.frame(*lane, *number, bytes) {
                Ok(Some(frame)) => self.frame(frame),
                Ok(None) => Ok(()),
                Err(error) => {
                    self.unreadable(&error);
                    Ok(())
                }
            },
            // The mark, the folder of segments, the seal, and what later versions add.
            _ => Ok(()),
        }
    }

    fn unreadable(&mut self, error: &FrameError) {
        debug_assert!(!error.to_string().is_empty());
        self.unreadable += 1;
    }

    /// Takes a frame.
    pub(super) fn frame(&mut self, frame: Frame) -> Result<(), Failure> {
        match &frame {
            Frame::Start(start) => return self.begin(start),
            Frame::Series(series) => {
                self.reading.define(series);
                return Ok(());
            }
            _ => {}
        }
        let Some(begun) = &mut self.begun else {
            self.early.push(frame);
            return Ok(());
        };
        match frame {
            Frame::Cell(cell) => {
                let cell = apply::ranked_cell(*cell, begun.row.rank);
                cells::put(
                    self.connection,
                    &mut begun.row,
                    &mut begun.session.runs,
                    cell,
                )?;
                self.sealed.cells += 1;
            }
            Frame::End(end) => {
                begun.row.ended = Some(end.at);
                begun.row.said = Some(if end.failed {
                    SessionState::Failed
                } else {
                    SessionState::Finished
                });
            }
            frame => apply::frame(&mut begun.session, &begun.start, frame),
        }
        Ok(())
    }

    /// Makes the recorder known to the store, and its session if it is new. Said again it changes nothing.
    pub(super) fn begin(&mut self, start: &Start) -> Result<(), Failure> {
        if self.begun.is_some() {
            return Ok(());
        }
        let begun = begin(self.connection, self.clock, self.id, start)?;
        self.begun = Some(begun);
        self.sealed.began = true;
        for frame in std::mem::take(&mut self.early) {
            self.frame(frame)?;
        }
        Ok(())
    }

    /// Where the store did not know the recorder although its journal begins with a later file, what came before is
    /// not here: says so, and goes on from there.
    pub(super) fn begin_at(&mut self, first: Option<u64>) {
        if !self.sealed.began {
            return;
        }
        if let (Some(begun), Some(first @ 1..)) = (&mut self.begun, first) {
            begun.row.file = begun.row.file.max(first);
            self.warn(
                WarningKind::Missing,
                "the store was replaced while this was recorded: what was sealed before is in another store, or \
                 lost",
            );
        }
    }

    /// Sequence of the recorder's next point.
    pub(super) fn sequence(&self) -> u64 {
        self.begun.as_ref().map_or(0, |begun| begun.row.sequence)
    }

    /// The number of a series; one that has none gets the next.
    pub(super) fn number(&mut self, key: SeriesKey) -> u32 {
        self.reading.number(key)
    }

    /// Whether it is known which session this is.
    pub(super) fn has_begun(&self) -> bool {
        self.begun.is_some()
    }

    /// Whether anything came that the store would lose.
    pub(super) fn has_content(&self) -> bool {
        !self.groups.is_empty() || !self.early.is_empty()
    }

    /// Says something about the recording in the session.
    pub(super) fn warn(&mut self, kind: WarningKind, message: &str) {
        if let Some(begun) = &mut self.begun {
            apply::warn(&mut begun.session, apply::warning(kind, message));
        }
    }

    fn write_points(&mut self, is_last: bool) -> Result<(), Failure> {
        let Some(begun) = &mut self.begun else {
            return Ok(());
        };
        if self.groups.is_empty() {
            return Ok(());
        }
        let appender = match &mut self.appender {
            Some(appender) => appender,
            none => none.insert(Appender::new(self.connection, begun.row.session)?),
        };
        let (reading, sealed) = (&self.reading, &mut self.sealed);
        let name = |group: &Group| {
            let key = match reading.name(group.number) {
                Some(key) => key.clone(),
                None if is_last => {
                    let message = "the names of some series are lost; they have numbers instead";
                    let warning = apply::warning(WarningKind::Missing, message);
                    apply::warn(&mut begun.session, warning);
                    nameless(group.number, begun.row.rank)
                }
                // Its name may come later.
                None => return None,
            };
            let count = u64::try_from(group.count).unwrap_or(u64::MAX);
            begun.row.points += count;
            sealed.points += count;
            begun.row.sequence = begun.row.sequence.max(group.next_sequence);
            begun.row.last_us = begun.row.last_us.max(group.last_us);
            Some(key)
        };
        let connection = self.connection;
        let each =
            |_: &Group, key: &SeriesKey, points: &Series| appender.add(connection, key, points);
        self.groups.give(name, each)
    }

    /// Says in the session how its recorder ended, where that was not as it should be. Gives the session's id, how
    /// the recorder ended, and what was said.
    pub(super) fn tell_end(&mut self) -> (String, SessionState, Vec<String>) {
        let Some(begun) = &mut self.begun else {
            return (String::new(), SessionState::Interrupted, Vec::new());
        };
        let mut notes = Vec::new();
        let dropped = begun.row.dropped;
        if dropped > 0 {
            let what = if dropped == 1 {
                "1 point or frame was".to_owned()
            } else {
                format!("{dropped} points or frames were")
            };
            let note = format!("{what} dropped, since disk or memory did not follow");
            let warning = apply::warning(WarningKind::Limit, &note);
            apply::warn(&mut begun.session, warning);
            notes.push(note);
        }
        let state = begun.row.said.unwrap_or(SessionState::Interrupted);
        if begun.row.said.is_none() {
            let host = begun.row.host.as_ref();
            let host = host.map_or_else(String::new, |host| format!(" on {host}"));
            let rank = begun.row.rank;
            let rank = rank.map_or_else(String::new, |rank| format!(" (rank {rank})"));
            let note = format!(
                "the recording was interrupted: process {}{host}{rank} ended without a word; what \
                 it had logged was recovered from its journal",
                begun.row.pid
            );
            let warning = apply::warning(WarningKind::Missing, note);
            apply::warn(&mut begun.session, warning);
        }
        (begun.session.id.clone(), state, notes)
    }

    /// Writes what is left, what changed in the session, and the mark.
    pub(super) fn finish(mut self, until: Until) -> Result<Sealed, Failure> {
        self.write_points(until == Until::End)?;
        let Some(begun) = &mut self.begun else {
            return Err(StoreError::UnknownRecorder {
                recorder: self.id.to_string(),
            }
            .into());
        };
        if self.unreadable > 0 {
            let message = format!(
                "{} recorded besides points could not be read",
                match self.unreadable {
                    1 => "one thing".to_owned(),
                    count => format!("{count} things"),
                }
            );
            let warning = apply::warning(WarningKind::InvalidValue, message);
            apply::warn(&mut begun.session, warning);
        }
        let connection = self.connection;
        if let Until::File(file) = until {
            begun.row.file = begun.row.file.max(file);
        }
        if until == Until::End {
            begun.row.state = begun.row.said.unwrap_or(SessionState::Interrupted);
            if begun.row.said.is_none() {
                begun.row.ended = begun.row.last_us.and_then(DateTime::from_timestamp_micros);
            }
        }
        self.sealed.below = begun.row.file;
        begun.row.put(connection, self.id)?;
        if until == Until::End {
            rows::forget(connection, self.id)?;
        } else {
            rows::put_reading(connection, self.id, &mut self.reading)?;
        }
        session::write_changes(connection, begun.row.session, &begun.stored, &begun.session)?;
        if let Some(appender) = self.appender {
            appender.finish(connection)?;
        }
        session::write_figures(connection, begun.row.session)?;
        Ok(self.sealed)
    }
}

/// Makes a recorder known, and its session if it is new.
fn begin(
    connection: &Connection,
    clock: &dyn Clock,
    id: RecorderId,
    start: &Start,
) -> Result<Begun, Failure> {
    let known = connection
        .prepare_cached("SELECT session FROM sessions WHERE id = ?1")?
        .query_row([text(&start.session)], |row| row.get(0))
        .optional()?;
    let (row, stretch, kind, session) = match known {
        None => {
            let session = apply::first(start);
            let row = insert(connection, clock, &session)?;
            let kind = if start.forked_from.is_some() {
                "fork"
            } else {
                "start"
            };
            (row, 1, Some(kind), session)
        }
        Some(row) => {
            let Some((stretch, is_live)) = rows::last_stretch(connection, row)? else {
                // Imported: what was read from a file and what is recorded are not mixed.
                return Err(StoreError::IdTaken {
                    id: start.session.clone(),
                }
                .into());
            };
            let mut session = load::description(connection, &start.session, row)?;
            let stored = session.clone();
            apply::further(&mut session, start);
            session::write_changes(connection, row, &stored, &session)?;
            if is_live {
                (row, stretch, None, session)
            } else {
                (row, stretch + 1, Some("resume"), session)
            }
        }
    };
    if let Some(kind) = kind {
        let rank = json!(start.rank);
        let detail = match &start.forked_from {
            Some(origin) if kind == "fork" => events::detail([
                ("name", text_digest(&start.name)),
                ("rank", rank),
                ("session", json!(origin.session)),
                ("step", json!(origin.step)),
            ]),
            _ if kind == "start" => {
                events::detail([("name", text_digest(&start.name)), ("rank", rank)])
            }
            _ => events::detail([("rank", rank)]),
        };
        let event = Event {
            session: Some(&start.session),
            kind,
            detail: &detail,
        };
        events::append(connection, clock, &event)?;
    }
    let recorder = RecorderRow::new(row, stretch, start);
    recorder.put(connection, id)?;
    Ok(Begun {
        row: recorder,
        stored: session.clone(),
        session,
        start: start.clone(),
    })
}

/// Writes the rows of a session that has no points and cells yet.
fn insert(
    connection: &Connection,
    clock: &dyn Clock,
    session: &EntrenarSession,
) -> Result<i64, Failure> {
    let imported_us = clock.now().timestamp_micros();
    // Known when it is finished.
    let whole = Sha256Hash::from_bytes([0; 32]);
    let row = import::session_row(connection, session, None, &whole, imported_us)?;
    import::small_rows(connection, session, row)?;
    recordings::put(connection, row, session)?;
    Ok(row)
}
