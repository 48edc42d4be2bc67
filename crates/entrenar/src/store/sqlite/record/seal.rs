//! What a journal says becomes rows: points go behind those of their series, frames change the session, and the
//! mark says how far that is. All in the caller's transaction.

use std::collections::BTreeMap;

use chrono::DateTime;
use entrenar_journal::{Item, Point as JournalPoint, RecorderId};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::json;

use super::super::events::{self, Event, text_digest};
use super::super::failure::Failure;
use super::super::prepare::{self, Output};
use super::super::value::{length, moment, text};
use super::super::{blob, import, load, recordings};
use super::rows::{self, RecorderRow};
use super::session;
use crate::session::{
    Clock, EntrenarSession, Point, Series, SeriesKey, SessionState, Sha256Hash, WarningKind,
};
use crate::store::StoreError;
use crate::store::recording::reading::{Reading, nameless};
use crate::store::recording::{CellFrame, Frame, FrameError, Known, Sealed, Start, apply};

/// Points that are gathered before they are written: what a seal needs of memory is about forty times that many
/// bytes.
const GATHERED_POINTS: usize = 1 << 17;
/// Numbers of series that are looked up in a table; larger ones in a map.
const TABLE: u32 = 1 << 16;

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
                if self.groups.points >= GATHERED_POINTS && self.begun.is_some() {
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
                put_cell(self.connection, begun, cell)?;
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
        self.groups.points > 0 || !self.early.is_empty()
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
        let mut written = Vec::new();
        for group in self.groups.take() {
            let key = match self.reading.name(group.number) {
                Some(key) => key.clone(),
                None if is_last => {
                    let message = "the names of some series are lost; they have numbers instead";
                    let warning = apply::warning(WarningKind::Missing, message);
                    apply::warn(&mut begun.session, warning);
                    nameless(group.number, begun.row.rank)
                }
                None => {
                    // Its name may come later.
                    self.groups.keep(group);
                    continue;
                }
            };
            written.push((key, group));
        }
        for (_, group) in &written {
            let count = u64::try_from(group.series.len()).unwrap_or(u64::MAX);
            begun.row.points += count;
            self.sealed.points += count;
            begun.row.sequence = begun.row.sequence.max(group.next_sequence);
            begun.row.last_us = begun.row.last_us.max(group.last_us);
        }
        let written = written.into_iter().map(|(key, group)| (key, group.series));
        session::append(self.connection, begun.row.session, written)
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

/// Puts a cell behind all of the same recorder, and by its time among the others.
fn put_cell(connection: &Connection, begun: &mut Begun, frame: CellFrame) -> Result<(), Failure> {
    let session = begun.row.session;
    let (at_us, at_rest) = moment(frame.cell.timestamp);
    let count: usize = connection
        .prepare_cached("SELECT count(*) FROM cells WHERE session = ?1")?
        .query_row([session], |row| row.get(0))?;
    let after_time: usize = connection
        .prepare_cached(
            "SELECT place + 1 FROM cells
             WHERE session = ?1 AND (started_us, started_rest) <= (?2, ?3)
             ORDER BY place DESC LIMIT 1",
        )?
        .query_row(params![session, at_us, at_rest], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    let after_own = begun.row.last_cell.map_or(0, |place| place + 1);
    let place = after_time.max(after_own).min(count);
    if place < count {
        make_room(connection, session, place)?;
        apply::shift_runs(&mut begun.session.runs, place);
    }
    let order = u32::try_from(place).unwrap_or(u32::MAX).saturating_add(1);
    let mut cell = frame.cell;
    cell.execution_order = order;
    let outputs = Output::all(&frame.record.outputs, &mut Vec::new());
    for (number, output) in outputs.iter().enumerate() {
        blob::fits(
            || format!("output {number} of cell {place}"),
            output.json.len(),
        )?;
    }
    let from = prepare::output_from(&cell, Some(&frame.record));
    import::cell_row(connection, session, place, &cell, from)?;
    import::record_row(connection, session, place, &frame.record, &outputs)?;
    begun.row.last_cell = Some(place);
    begun.row.last_us = begun.row.last_us.max(Some(at_us));
    Ok(())
}

/// Moves the cells from `place` on, with what belongs to them, by one. In two steps, since places are unique.
fn make_room(connection: &Connection, session: i64, place: usize) -> Result<(), Failure> {
    let place = length(place);
    for (table, column, also) in [
        ("cells", "place", ", execution_order = execution_order + 1"),
        ("cell_records", "place", ""),
        ("outputs", "cell", ""),
    ] {
        let away = format!(
            "UPDATE {table} SET {column} = -{column} - 1 WHERE session = ?1 AND {column} >= ?2"
        );
        let back = format!(
            "UPDATE {table} SET {column} = -{column}{also} WHERE session = ?1 AND {column} < 0"
        );
        connection
            .prepare_cached(&away)?
            .execute(params![session, place])?;
        connection.prepare_cached(&back)?.execute([session])?;
    }
    connection
        .prepare_cached(
            "UPDATE recorders SET last_cell = last_cell + 1 WHERE session = ?1 AND last_cell >= ?2",
        )?
        .execute(params![session, place])?;
    Ok(())
}

/// Points of several series, gathered by the number of their series.
#[derive(Default)]
pub(super) struct Groups {
    groups: Vec<Group>,
    /// Place of each series in `groups`, plus one; 0 for none.
    table: Vec<u32>,
    others: BTreeMap<u32, usize>,
    points: usize,
}

/// Points of one series.
struct Group {
    number: u32,
    series: Series,
    next_sequence: u64,
    last_us: Option<i64>,
}

impl Groups {
    /// The points by series, in the order of their first points; a series without a name has its number for
    /// one.
    pub(super) fn into_series(mut self, reading: &Reading, rank: Option<u32>) -> Vec<Series> {
        let named = |group: Group| {
            let key = reading.name(group.number).cloned();
            let key = key.unwrap_or_else(|| nameless(group.number, rank));
            group.series.with_key(key)
        };
        self.take().into_iter().map(named).collect()
    }

    pub(super) fn push(&mut self, sequence: u64, point: &JournalPoint) {
        let group = self.group(point.series);
        group.next_sequence = group.next_sequence.max(sequence.saturating_add(1));
        group.last_us = group.last_us.max(Some(point.micros));
        group.series.push(Point {
            value: point.value,
            step: point.step,
            epoch: point.epoch,
            time_us: Some(point.micros),
            origin: None,
        });
        self.points += 1;
    }

    fn group(&mut self, number: u32) -> &mut Group {
        let index = self.index(number);
        #[expect(clippy::indexing_slicing, reason = "the indexes are those of `groups`")]
        &mut self.groups[index]
    }

    fn index(&mut self, number: u32) -> usize {
        let end = self.groups.len();
        let known = if number < TABLE {
            let at = usize::try_from(number).unwrap_or(0);
            if self.table.len() <= at {
                self.table.resize(at + 1, 0);
            }
            let known = self.table.get(at).copied().unwrap_or(0);
            if known == 0
                && let Some(entry) = self.table.get_mut(at)
            {
                *entry = u32::try_from(end + 1).unwrap_or(u32::MAX);
            }
            usize::try_from(known).unwrap_or(0).checked_sub(1)
        } else {
            let known = self.others.get(&number).copied();
            if known.is_none() {
                self.others.insert(number, end);
            }
            known
        };
        known.unwrap_or_else(|| {
            self.groups.push(Group {
                number,
                series: Series::new(SeriesKey::named("")),
                next_sequence: 0,
                last_us: None,
            });
            end
        })
    }

    /// All groups, in the order of their first points.
    fn take(&mut self) -> Vec<Group> {
        self.table.clear();
        self.others.clear();
        self.points = 0;
        std::mem::take(&mut self.groups)
    }

    /// Keeps a group that cannot be written yet.
    fn keep(&mut self, group: Group) {
        let index = self.index(group.number);
        self.points += group.series.len();
        if let Some(place) = self.groups.get_mut(index) {
            *place = group;
        }
    }
}
