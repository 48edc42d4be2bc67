//! What a live session's journals hold beyond the store: the unsealed tail, for readers in any process.
//!
//! The marks are read inside the read transaction, the files after it began. If a file vanished meanwhile, a
//! sealer has moved what it held into the store, and the reader looks again.

use std::path::Path;

use entrenar_journal::{Error, Item, RecorderId, recover_from};
use rusqlite::Connection;

use super::super::failure::Failure;
use super::super::view::TRIES;
use super::super::{load, recordings};
use super::failed;
use super::groups::Groups;
use super::rows::{self, RecorderRow};
use crate::session::{EntrenarSession, Series, SessionState, WarningKind};
use crate::store::StoreError;
use crate::store::recording::reading::Reading;
use crate::store::recording::{Frame, Start, apply};

/// The unsealed tails of the recorders of a session.
#[derive(Default)]
pub(in super::super) struct Tail {
    recorders: Vec<RecorderTail>,
    /// A file vanished while it was read.
    is_torn: bool,
}

/// The unsealed tail of one recorder.
struct RecorderTail {
    start: Start,
    frames: Vec<Frame>,
    series: Vec<Series>,
    last_cell: Option<usize>,
    /// No journal file of it was found.
    is_missing: bool,
}

/// Reads until no file vanished meanwhile; what is missing after many tries is missing.
pub(super) fn consistent(
    mut read: impl FnMut() -> Result<Option<Tail>, StoreError>,
) -> Result<Option<Tail>, StoreError> {
    for _ in 1..TRIES {
        let tail = read()?;
        if !tail.as_ref().is_some_and(|tail| tail.is_torn) {
            return Ok(tail);
        }
        std::thread::yield_now();
    }
    read()
}

/// Whether a file vanished while the tail was read, and it is worth another of its tries.
pub(super) fn is_to_be_read_again(tail: Option<&Tail>, tries: u32) -> bool {
    tries < TRIES && tail.is_some_and(|tail| tail.is_torn)
}

/// The whole session with its unsealed tail.
pub(in super::super) fn with_tail(
    mut read: impl FnMut() -> Result<(EntrenarSession, Option<Tail>), StoreError>,
) -> Result<EntrenarSession, StoreError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let (mut session, tail) = read()?;
        if is_to_be_read_again(tail.as_ref(), tries) {
            std::thread::yield_now();
            continue;
        }
        if let Some(tail) = tail {
            tail.apply(&mut session);
        }
        return Ok(session);
    }
}

/// The tail of a session; `None` where no recorder is at work on it.
pub(in super::super) fn of(
    connection: &Connection,
    folder: &Path,
    id: &str,
) -> Result<Option<Tail>, Failure> {
    let row = load::row_of(connection, id)?;
    if !recordings::are_kept(connection)? {
        return Ok(None);
    }
    let mut tail = Tail::default();
    for (recorder, mark) in RecorderRow::all(connection, row)? {
        if mark.state == SessionState::Live && mark.has_journal() {
            let mut start = Start::new(id, "", mark.started);
            start.rank = mark.rank;
            let reading = rows::reading(connection, recorder)?;
            let found = read(folder, recorder, &mark, start, reading)?;
            tail.is_torn |= found.1;
            tail.recorders.push(found.0);
        }
    }
    Ok((!tail.recorders.is_empty()).then_some(tail))
}

/// Reads what a recorder's journal holds beyond its mark; whether a file vanished meanwhile.
fn read(
    folder: &Path,
    recorder: RecorderId,
    mark: &RecorderRow,
    start: Start,
    mut reading: Reading,
) -> Result<(RecorderTail, bool), Failure> {
    let mut frames = Vec::new();
    let mut groups = Groups::default();
    let each = |item: Item<'_>| {
        match item {
            Item::Points(points) | Item::LatePoints(points) => {
                for (sequence, point) in points {
                    groups.push(*sequence, point);
                }
            }
            Item::Frame {
                lane,
                number,
                bytes,
            } => match reading.frame(lane, number, bytes) {
                Ok(Some(Frame::Series(series))) => reading.define(&series),
                Ok(Some(frame)) => frames.push(frame),
                // Sealing tells what cannot be read.
                Ok(None) | Err(_) => {}
            },
            _ => {}
        }
        Ok::<(), Error>(())
    };
    let (found, _) =
        recover_from(folder, recorder, mark.file, each).map_err(|error| failed(recorder, error))?;
    let files = found.recorders.first().map(|found| found.files.as_slice());
    let files = files.unwrap_or_default();
    let is_whole = files.iter().copied().eq((mark.file..).take(files.len())) && !files.is_empty();
    let tail = RecorderTail {
        series: groups.into_series(&reading, start.rank),
        start,
        frames,
        last_cell: mark.last_cell,
        is_missing: files.is_empty(),
    };
    Ok((tail, !is_whole))
}

impl Tail {
    /// The points of all recorders.
    pub(super) fn series(&self) -> impl Iterator<Item = &Series> {
        self.recorders.iter().flat_map(|tail| &tail.series)
    }

    /// Number of cells.
    pub(in super::super) fn cells(&self) -> usize {
        let frames = self.recorders.iter().flat_map(|tail| &tail.frames);
        frames
            .filter(|frame| matches!(frame, Frame::Cell(_)))
            .count()
    }

    /// Whether a file vanished while it was read.
    pub(in super::super) fn is_torn(&self) -> bool {
        self.is_torn
    }

    /// Takes the points, by series.
    pub(super) fn take_series(&mut self) -> Vec<Series> {
        let mut all: Vec<Series> = Vec::new();
        for recorder in &mut self.recorders {
            for series in std::mem::take(&mut recorder.series) {
                match all.iter_mut().find(|known| known.key() == series.key()) {
                    Some(known) => known.extend_from(&series),
                    None => all.push(series),
                }
            }
        }
        all
    }

    /// Adds what the journals hold to a session without points and cells, but for these; the points by
    /// series.
    pub(in super::super) fn describe(mut self, session: &mut EntrenarSession) -> Vec<Series> {
        let series = self.take_series();
        for recorder in &mut self.recorders {
            let frames = &mut recorder.frames;
            frames.retain(|frame| !matches!(frame, Frame::Cell(_)));
        }
        self.apply(session);
        series
    }

    /// Adds what the journals hold to the session.
    pub(super) fn apply(self, session: &mut EntrenarSession) {
        let mut last_cells: Vec<Option<usize>> =
            self.recorders.iter().map(|tail| tail.last_cell).collect();
        for (number, recorder) in self.recorders.into_iter().enumerate() {
            if recorder.is_missing {
                let message =
                    "no journal of a recorder was found: what it had not sealed is not here";
                apply::warn(session, apply::warning(WarningKind::Missing, message));
            }
            for frame in recorder.frames {
                let Frame::Cell(cell) = frame else {
                    apply::frame(session, &recorder.start, frame);
                    continue;
                };
                let cell = apply::ranked_cell(*cell, recorder.start.rank);
                let own = last_cells.get(number).copied().flatten();
                let place = apply::put_cell(session, cell, own);
                for other in last_cells.iter_mut().flatten() {
                    if *other >= place {
                        *other += 1;
                    }
                }
                if let Some(own) = last_cells.get_mut(number) {
                    *own = Some(place);
                }
            }
            for series in &recorder.series {
                session.metrics.append(series);
            }
        }
    }
}
