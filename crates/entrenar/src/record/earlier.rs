//! What the store knows of a session before it is recorded.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::RecordError;
use super::figures::Seen;
use super::options::Resume;
use crate::session::{SeriesKey, SystemClock};
use crate::store::recording::SeriesEnd;
use crate::store::{SqliteStore, Store as _, StoreError, StoreMode};

/// What the store knows of a session.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    pub(super) exists: bool,
    /// Figures of its series.
    pub(super) figures: BTreeMap<SeriesKey, Seen>,
    /// Number of the next run.
    pub(super) next_run: u32,
}

impl Earlier {
    /// Looks, and refuses what `resume` forbids. A store that is locked is asked again by whoever seals.
    pub(super) fn read(
        path: &Path,
        id: &str,
        rank: Option<u32>,
        resume: Resume,
    ) -> Result<Self, RecordError> {
        let found = match Self::read_recorded(path, id, rank) {
            Err(RecordError::Store(StoreError::Locked { .. })) if resume == Resume::Allow => None,
            found => found?,
        };
        match (found, resume) {
            (None, Resume::Must) => Err(RecordError::NotThere { id: id.to_owned() }),
            (Some(_), Resume::Never) => Err(RecordError::AlreadyThere { id: id.to_owned() }),
            (found, _) => Ok(found.unwrap_or_default()),
        }
    }

    /// A session that was recorded; one that was imported cannot go on.
    fn read_recorded(
        path: &Path,
        id: &str,
        rank: Option<u32>,
    ) -> Result<Option<Self>, RecordError> {
        let Some(store) = open(path)? else {
            return Ok(None);
        };
        let Some(recording) = store.recording(id)? else {
            return match store.resolve(id) {
                Ok(found) if found == id => Err(StoreError::IdTaken { id: found }.into()),
                // The beginning of others' ids.
                Ok(_) | Err(StoreError::NotFound { .. } | StoreError::Ambiguous { .. }) => Ok(None),
                Err(error) => Err(error.into()),
            };
        };
        let ends = store.series_ends(id)?.into_iter();
        let ends = ends.filter(|end| end.key.rank == rank);
        let figures: BTreeMap<_, _> = ends.map(|end| (end.key.clone(), seen(&end))).collect();
        // Ranks number their runs alike, so that the first of each is the same run; one that joins later
        // begins with the first as well.
        let own = figures.keys().filter_map(|key| key.run).max();
        let next_run = match rank {
            None => u32::try_from(recording.runs).unwrap_or(u32::MAX),
            Some(_) => own.map_or(0, |last| last.saturating_add(1)),
        };
        Ok(Some(Self {
            exists: true,
            figures,
            next_run,
        }))
    }
}

/// The store, if there is one.
pub(super) fn open(path: &Path) -> Result<Option<SqliteStore>, RecordError> {
    let is_empty = std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() == 0);
    let at = crate::files::FileError::at("read", path);
    if is_empty || !path.try_exists().map_err(at)? {
        return Ok(None);
    }
    let store = SqliteStore::open(path, StoreMode::ReadOnly, SystemClock)?;
    Ok(Some(store))
}

/// How many of the values were not finite is not known without reading them.
fn seen(end: &SeriesEnd) -> Seen {
    let (min, max) = end.finite.unwrap_or((f64::INFINITY, f64::NEG_INFINITY));
    Seen {
        count: u64::try_from(end.count).unwrap_or(u64::MAX),
        next_step: end.next_step,
        last: end.last,
        min,
        max,
        non_finite: 0,
    }
}
