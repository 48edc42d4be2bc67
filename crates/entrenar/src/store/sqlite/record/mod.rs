//! Live recordings: journals into chunks, orphans, the end, and what readers of a live session see.

mod append;
mod cells;
mod direct;
mod finish;
mod groups;
mod orphans;
mod pieces;
mod rows;
mod seal;
mod session;
mod tail;

use std::path::Path;

use entrenar_journal::{FileKind, FileName, JournalReader, RecorderId};
use rusqlite::{Connection, OptionalExtension as _};

use self::rows::RecorderRow;
use self::seal::{Sealer, Until};
use super::failure::Failure;
use super::recordings;
use super::value::text;
use super::{SqliteStore, load};
use crate::session::{Series, SeriesKey, SessionState, WarningKind};
use crate::store::recording::{
    Known, RecordingStatus, RecoveredRecorder, Sealed, SeriesEnd, journal_folder,
};
use crate::store::{SessionSummary, StoreError};

pub use self::pieces::Piece;
pub(super) use self::tail::{of as tail, with_tail};

/// Journal files in one transaction: it holds the store's write lock for about half a second.
const FILES_AT_ONCE: u64 = 8;
/// Memory that the database may take for pages beside a training program.
const SMALL_CACHE_KIBIBYTES: u32 = 4 << 10;

impl SqliteStore {
    /// The folder of the journals of this store.
    pub fn journal_folder(&self) -> std::path::PathBuf {
        journal_folder(self.path())
    }

    /// Takes less memory (4 MiB of pages instead of 64), as beside a training program.
    ///
    /// # Errors
    /// If SQLite refuses.
    pub fn take_little_memory(&self) -> Result<(), StoreError> {
        self.cache_kibibytes.set(SMALL_CACHE_KIBIBYTES);
        self.connection
            .execute_batch(&format!("PRAGMA cache_size = -{SMALL_CACHE_KIBIBYTES}"))
            .map_err(|error| Failure::from(error).at(self.path()))
    }

    /// Seals the journal files of a recorder below the number `below`: what they hold is in the session when
    /// this returns, and they may be deleted ([`Journal::release`](entrenar_journal::Journal::release)). Files
    /// that are in the store already are passed over, so that a crash between this and their deletion does no
    /// harm. `below` is what [`Journal::next_file`](entrenar_journal::Journal::next_file) gave.
    ///
    /// The first call of a recorder adds the session to the store, or goes on with the one of that id. Where
    /// [`Sealed::began`] is true for a recorder that sealed before, the store was replaced meanwhile: what was
    /// sealed until then is not in it.
    ///
    /// # Errors
    /// [`StoreError::IdTaken`] where an imported session has the id, [`StoreError::Journal`] where a file cannot
    /// be read. Nothing is changed by the transaction that fails; files of earlier ones are in the store.
    pub fn seal(
        &mut self,
        folder: &Path,
        recorder: RecorderId,
        below: u64,
        known: Known<'_>,
    ) -> Result<Sealed, StoreError> {
        let mut all = Sealed::default();
        loop {
            let sealed = self.write(|transaction, clock| {
                let mut sealer = Sealer::new(transaction, clock, recorder)?;
                sealer.known(known)?;
                sealer.begin_at(orphans::first_file(folder, recorder)?);
                let first = sealer.file();
                let end = below.min(first.saturating_add(FILES_AT_ONCE));
                for number in first..end {
                    file(&mut sealer, folder, recorder, number)?;
                }
                sealer.finish(Until::File(end))
            })?;
            all.points += sealed.points;
            all.cells += sealed.cells;
            all.began |= sealed.began;
            all.below = sealed.below;
            if sealed.below >= below {
                return Ok(all);
            }
        }
    }

    /// Seals everything that a recorder left, files and segments, and deletes it: after its journal was
    /// [closed](entrenar_journal::Journal::close), or when its process is gone. The caller holds the recorder's
    /// lock. The session is finished if this was its last recorder; it is marked as interrupted if the recorder
    /// did not say that it ended.
    ///
    /// # Errors
    /// As [`seal`](Self::seal); nothing is deleted then.
    pub fn seal_rest(
        &mut self,
        folder: &Path,
        recorder: RecorderId,
        known: Option<Known<'_>>,
    ) -> Result<RecoveredRecorder, StoreError> {
        let recovered = orphans::seal(self, folder, recorder, known)?;
        self.finish_ended()?;
        Ok(recovered)
    }

    /// Seals what recorders left in `folder` whose processes are gone, as [`seal_rest`](Self::seal_rest) does, in
    /// the order of their ids. Recorders that are alive are left alone. One that cannot be sealed does not stop
    /// the others.
    ///
    /// # Errors
    /// When the folder cannot be listed, or the store fails.
    pub fn recover_orphans(
        &mut self,
        folder: &Path,
    ) -> Result<Vec<Result<RecoveredRecorder, StoreError>>, StoreError> {
        let mut all = Vec::new();
        for recorder in orphans::left_in(folder)? {
            let Some(_lock) = orphans::lock(folder, recorder)? else {
                continue;
            };
            all.push(orphans::seal(self, folder, recorder, None));
        }
        for recorder in self.read(|connection| orphans::lost(connection, folder))? {
            let Some(_lock) = orphans::lock(folder, recorder)? else {
                continue;
            };
            all.push(orphans::seal(self, folder, recorder, None));
        }
        self.finish_ended()?;
        Ok(all)
    }

    /// Recorders in `folder` that [`recover_orphans`](Self::recover_orphans) would seal.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn orphans(&self, folder: &Path) -> Result<Vec<RecorderId>, StoreError> {
        let mut found = Vec::new();
        for recorder in orphans::left_in(folder)? {
            if !orphans::is_alive(folder, recorder)? {
                found.push(recorder);
            }
        }
        Ok(found)
    }

    /// Finishes the sessions whose recorders all ended.
    fn finish_ended(&mut self) -> Result<(), StoreError> {
        let ended = self.read(finish::ended)?;
        for (row, id) in &ended {
            let row = *row;
            let mut next = Some(0);
            while let Some(from) = next {
                next = self.write(|transaction, _| finish::settle(transaction, row, from))?;
            }
            // A writer in between makes another try necessary; a resumed session is not finished.
            for _ in 0..10 {
                let digests = self.read(|connection| finish::digests(connection, row, id))?;
                let is_done = self.write(|transaction, clock| {
                    finish::write(transaction, clock, row, id, digests)
                })?;
                if is_done || !self.read(finish::ended)?.contains(&(row, id.clone())) {
                    break;
                }
            }
        }
        while !ended.is_empty() && self.read(finish::is_loose)? {
            if !self.write(|transaction, _| finish::tighten(transaction))? {
                break;
            }
        }
        Ok(())
    }

    /// How far the recording of the session of that (whole) id is; `None` where no session has the id, or an
    /// imported one.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn recording(&self, id: &str) -> Result<Option<RecordingStatus>, StoreError> {
        self.read(|connection| {
            if !recordings::are_kept(connection)? {
                return Ok(None);
            }
            let found: Option<(i64, String, usize)> = connection
                .prepare_cached(
                    "SELECT session, state, runs FROM recordings JOIN sessions USING (session)
                     WHERE id = ?1 AND state IS NOT NULL",
                )?
                .query_row([text(id)], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })
                .optional()?;
            let Some((row, state, runs)) = found else {
                return Ok(None);
            };
            let recorders = RecorderRow::all(connection, row)?;
            if recorders.is_empty() {
                return Ok(None);
            }
            Ok(Some(RecordingStatus {
                state: recordings::known_state(&state)?,
                recorders: recorders
                    .into_iter()
                    .map(|(id, recorder)| recorder.status(id))
                    .collect(),
                runs,
            }))
        })
    }

    /// The ends of all series of a session, the unsealed tail included, for a recorder that goes on with them.
    ///
    /// # Errors
    /// As [`session`](crate::store::Store::session).
    pub fn series_ends(&self, id: &str) -> Result<Vec<SeriesEnd>, StoreError> {
        let folder = self.journal_folder();
        let mut ends = Vec::new();
        // Chunks and tail are read in one transaction: a seal in between would count points twice.
        tail::consistent(|| {
            self.read(|connection| {
                let row = load::row_of(connection, id)?;
                let tail = tail::of(connection, &folder, id)?;
                ends = ends_of(connection, row, tail.iter().flat_map(tail::Tail::series))?;
                Ok(tail)
            })
        })?;
        Ok(ends)
    }

    /// The points of a live session that are not in chunks yet, by series; empty for another session.
    ///
    /// # Errors
    /// As [`session`](crate::store::Store::session).
    pub fn series_tails(&self, id: &str) -> Result<Vec<Series>, StoreError> {
        let folder = self.journal_folder();
        tail::consistent(|| self.read(|connection| tail::of(connection, &folder, id)))
            .map(|tail| tail.map_or_else(Vec::new, |mut tail| tail.take_series()))
    }

    /// The points of one series that are not in chunks yet, in their order; they come behind those of its
    /// chunks.
    ///
    /// # Errors
    /// As [`session`](crate::store::Store::session).
    pub fn series_tail(&self, id: &str, key: &SeriesKey) -> Result<Series, StoreError> {
        let tails = self.series_tails(id)?;
        let found = tails.into_iter().find(|series| series.key() == key);
        Ok(found.unwrap_or_else(|| Series::new(key.clone())))
    }

    /// Adds to the figures of a live session what its journals hold. One that was removed meanwhile stays as it was.
    pub(super) fn complete(&self, summary: &mut SessionSummary) -> Result<(), StoreError> {
        let folder = self.journal_folder();
        let mut figures = None;
        let tail = tail::consistent(|| {
            self.read(|connection| {
                let row = match load::row_of(connection, &summary.id) {
                    Ok(row) => row,
                    Err(Failure::Store(StoreError::NotFound { .. })) => return Ok(None),
                    Err(failure) => return Err(failure),
                };
                let tail = tail::of(connection, &folder, &summary.id)?;
                if let Some(tail) = &tail {
                    let series: Vec<&Series> = tail.series().collect();
                    figures = Some(session::figures_with(connection, row, &series)?);
                }
                Ok(tail)
            })
        })?;
        if let (Some(tail), Some(figures)) = (tail, figures) {
            summary.points = figures.points;
            summary.steps = figures.steps;
            summary.final_loss = figures.final_loss;
            summary.best_loss = figures.best_loss;
            summary.final_accuracy = figures.final_accuracy;
            summary.best_accuracy = figures.best_accuracy;
            summary.cells += tail.cells();
        }
        Ok(())
    }

    /// The sessions of that state, by their ids.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn in_state(&self, state: SessionState) -> Result<Vec<String>, StoreError> {
        self.read(|connection| {
            if !recordings::are_kept(connection)? {
                return Ok(Vec::new());
            }
            let mut statement = connection.prepare_cached(
                "SELECT id FROM recordings JOIN sessions USING (session) WHERE state = ?1 ORDER BY id",
            )?;
            let rows = statement.query_map([state.as_str()], |row| {
                Ok(row.get::<_, super::value::Text>(0)?.0)
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

/// The ends of the series of a session, those of its unsealed `tail` included.
fn ends_of<'a>(
    connection: &Connection,
    row: i64,
    tail: impl Iterator<Item = &'a Series>,
) -> Result<Vec<SeriesEnd>, Failure> {
    let mut ends = Vec::new();
    for series in session::series(connection, row)? {
        let last = append::last_points(connection, series.row)?;
        // The step of the last point alone counts.
        let sealed = match last.as_ref().and_then(last_step) {
            Some(step) => step.saturating_add(1),
            None => i64::try_from(series.count).unwrap_or(i64::MAX),
        };
        let figures = append::figures(connection, series.row, series.count)?;
        ends.push(SeriesEnd {
            key: series.key,
            count: series.count,
            next_step: sealed,
            last: figures.last,
            finite: figures.finite,
        });
    }
    for series in tail {
        let known = ends.iter_mut().find(|end| end.key == *series.key());
        match known {
            Some(end) => {
                let mut figures = append::Figures {
                    count: end.count,
                    last: end.last,
                    finite: end.finite,
                };
                figures.add(series);
                end.count = figures.count;
                end.last = figures.last;
                end.finite = figures.finite;
                if let Some(step) = last_step(series) {
                    end.next_step = step.saturating_add(1);
                }
            }
            None => {
                let mut figures = append::Figures::default();
                figures.add(series);
                ends.push(SeriesEnd {
                    key: series.key().clone(),
                    count: figures.count,
                    next_step: series.next_step(),
                    last: figures.last,
                    finite: figures.finite,
                });
            }
        }
    }
    Ok(ends)
}

/// The step of the last point.
fn last_step(series: &Series) -> Option<i64> {
    series.point(series.len().checked_sub(1)?)?.step
}

/// Seals one journal file. One that is not there is told in the session.
fn file(
    sealer: &mut Sealer<'_>,
    folder: &Path,
    recorder: RecorderId,
    number: u64,
) -> Result<(), Failure> {
    let name = FileName {
        recorder,
        kind: FileKind::Journal,
        number,
    };
    let path = folder.join(name.to_string());
    let journal = |error| failed(recorder, error);
    let mut reader = match JournalReader::open(&path) {
        Ok(reader) => reader,
        Err(error) if error.is_not_found() => {
            let message = format!("the journal file {name} was gone before it was sealed");
            sealer.warn(WarningKind::Missing, &message);
            return Ok(());
        }
        Err(error) => return Err(journal(error)),
    };
    while let Some(item) = reader.next_item().map_err(journal)? {
        sealer.item(&item)?;
    }
    for note in orphans::damage(reader.report()) {
        sealer.warn(WarningKind::InvalidValue, &note);
    }
    Ok(())
}

/// A journal cannot be read.
fn failed(recorder: RecorderId, error: entrenar_journal::Error) -> Failure {
    StoreError::Journal {
        recorder: recorder.to_string(),
        source: Box::new(error),
    }
    .into()
}
