//! The end of a recording: its content digest, computed a chunk at a time, and the event that holds it.

use rusqlite::{Connection, params};

use super::super::events::{self, Event};
use super::super::failure::Failure;
use super::super::load;
use super::super::value::{Text, text};
use super::rows::RecorderRow;
use super::{append, session};
use crate::session::{
    Clock, ContentDigest, EntrenarSession, SeriesDigest, SessionState, Sha256Hash, chain,
};
use crate::store::recording::apply::{self, Ended};

/// Waiting points that are merged in one transaction: it holds the write lock for some tenths of a second.
const SETTLED_POINTS: usize = 1 << 20;

/// Pages of the database that are moved in one transaction, of 8 KiB each.
const MOVED_PAGES: u32 = 2_048;
/// So many free pages, or so small a part of the file, are not worth it.
const FREE_PAGES: u64 = 128;
const FREE_PART: u64 = 16;

/// The sessions whose recorders all ended and that are not finished yet.
pub(super) fn ended(connection: &Connection) -> Result<Vec<(i64, String)>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT session, id FROM recordings JOIN sessions USING (session)
         WHERE recordings.state = 'live'
           AND EXISTS (SELECT 1 FROM recorders WHERE recorders.session = recordings.session)
           AND NOT EXISTS (SELECT 1 FROM recorders
             WHERE recorders.session = recordings.session AND recorders.state = 'live')
         ORDER BY session",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, Text>(1)?.0)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Merges the points that wait in the series from place `from` on, up to [`SETTLED_POINTS`] of them; where to go on.
pub(super) fn settle(
    connection: &Connection,
    row: i64,
    from: usize,
) -> Result<Option<usize>, Failure> {
    let mut points = 0;
    for (place, series) in session::series(connection, row)?
        .iter()
        .enumerate()
        .skip(from)
    {
        if points >= SETTLED_POINTS {
            return Ok(Some(place));
        }
        points += append::settle(connection, series.row)?;
    }
    Ok(None)
}

/// Whether the file has many pages that nothing is in: those where points waited.
pub(super) fn is_loose(connection: &Connection) -> Result<bool, Failure> {
    let free = free_pages(connection)?;
    let pages: u64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    Ok(free > FREE_PAGES && free > pages / FREE_PART)
}

/// Gives free pages of the file back to the file system. False where that cannot be: in stores that were made
/// before it was asked for.
pub(super) fn tighten(connection: &Connection) -> Result<bool, Failure> {
    let before = free_pages(connection)?;
    let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({MOVED_PAGES})"))?;
    let mut rows = statement.query([])?;
    // Each row is a page.
    while rows.next()?.is_some() {}
    Ok(free_pages(connection)? < before)
}

fn free_pages(connection: &Connection) -> Result<u64, Failure> {
    Ok(connection.query_row("PRAGMA freelist_count", [], |row| row.get(0))?)
}

/// The digests of all series of a session, and at which event of it they hold.
pub(super) struct Digests {
    event: Option<i64>,
    points: usize,
    series: Vec<Sha256Hash>,
}

/// Computes the digests; takes as long as reading all points does and needs no lock.
pub(super) fn digests(connection: &Connection, row: i64, id: &str) -> Result<Digests, Failure> {
    let mut all = Vec::new();
    let mut points = 0;
    for series in session::series(connection, row)? {
        let mut digest = SeriesDigest::new(&series.key, series.count);
        append::each_chunk(connection, series.row, |chunk| digest.add(chunk))?;
        points += series.count;
        all.push(digest.finish());
    }
    Ok(Digests {
        event: last_event(connection, id)?,
        points,
        series: all,
    })
}

fn last_event(connection: &Connection, id: &str) -> Result<Option<i64>, Failure> {
    Ok(connection
        .prepare_cached("SELECT max(sequence) FROM events WHERE session = ?1")?
        .query_row([text(id)], |row| row.get(0))?)
}

/// Finishes a session: its state, its end, the event. False where something happened to it since `digests`.
pub(super) fn write(
    connection: &Connection,
    clock: &dyn Clock,
    row: i64,
    id: &str,
    digests: Digests,
) -> Result<bool, Failure> {
    let is_same = ended(connection)?.iter().any(|(ended, _)| *ended == row)
        && last_event(connection, id)? == digests.event;
    if !is_same {
        return Ok(false);
    }
    let stored = load::without_points(connection, id, row)?;
    let mut finished = stored.clone();
    apply::end(&mut finished, &ends(connection, row)?);
    session::write_changes(connection, row, &stored, &finished)?;
    let digest = content(&finished, digests.series);
    let (whole, _) = digest.whole(&finished);
    connection
        .prepare_cached("UPDATE sessions SET import_sha256 = ?2 WHERE session = ?1")?
        .execute(params![row, whole.as_bytes()])?;
    let detail = chain::finish_detail(&finished, &digest, digests.points);
    let event = Event {
        session: Some(id),
        kind: "finish",
        detail: &detail,
    };
    events::append(connection, clock, &event)?;
    Ok(true)
}

fn content(session: &EntrenarSession, series: Vec<Sha256Hash>) -> ContentDigest {
    let output = |cell: usize, place: usize| {
        let value = session.cell_records.get(cell)?.outputs.get(place)?;
        Some(Sha256Hash::of(value.to_string().as_bytes()))
    };
    ContentDigest::with_series(session, output, series)
}

/// How the recorders ended that were at work last.
fn ends(connection: &Connection, row: i64) -> Result<Vec<Ended>, Failure> {
    let recorders = RecorderRow::all(connection, row)?;
    let last = recorders.iter().map(|(_, recorder)| recorder.stretch).max();
    Ok(recorders
        .into_iter()
        .filter(|(_, recorder)| Some(recorder.stretch) == last)
        .map(|(_, recorder)| Ended {
            at: recorder.ended,
            state: match recorder.state {
                SessionState::Live => SessionState::Interrupted,
                state => state,
            },
        })
        .collect())
}
