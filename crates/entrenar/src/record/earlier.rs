//! What the store knows of a session before it is recorded.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::RecordError;
use super::figures::Seen;
use super::options::Resume;
use crate::session::{EntrenarSession, ForkOrigin, Series, SeriesKey, SystemClock};
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
        let found = match read_recorded(path, id) {
            Err(RecordError::Store(StoreError::Locked { .. })) if resume == Resume::Allow => None,
            found => found?,
        };
        match (found, resume) {
            (None, Resume::Must) => Err(RecordError::NotThere { id: id.to_owned() }),
            (Some(_), Resume::Never) => Err(RecordError::AlreadyThere { id: id.to_owned() }),
            (None, _) => Ok(Self::default()),
            (Some(session), _) => Ok(Self {
                exists: true,
                figures: session
                    .metrics
                    .series()
                    .iter()
                    .filter(|series| series.key().rank == rank)
                    .map(|series| (series.key().clone(), seen(series)))
                    .collect(),
                next_run: next_run(&session, rank),
            }),
        }
    }
}

/// Puts what the parent of a fork has before `session`.
pub(super) fn copy_parent(
    path: &Path,
    origin: &ForkOrigin,
    session: &mut EntrenarSession,
) -> Result<(), RecordError> {
    let Some(parent) = read_session(path, &origin.session)? else {
        return Err(RecordError::NotThere {
            id: origin.session.clone(),
        });
    };
    let own = std::mem::take(&mut session.metrics);
    for series in parent.metrics.series() {
        let copied = session_series(series, origin.step);
        if !copied.is_empty() {
            session.metrics.insert(copied);
        }
    }
    for series in own.series() {
        for point in series.points() {
            session.metrics.push(
                series.key().clone(),
                crate::session::Point {
                    value: point.value,
                    step: point.step,
                    epoch: point.epoch,
                    time_us: point.time_us,
                    origin: None,
                },
            );
        }
    }
    session.code_history.splice(0..0, parent.code_history);
    session.cell_records.splice(0..0, parent.cell_records);
    session.runs.splice(0..0, parent.runs);
    for (name, value) in parent.config {
        session.config.entry(name).or_insert(value);
    }
    Ok(())
}

/// Ranks number their runs alike, so that the first of each is the same run; one that joins later begins with
/// the first as well.
fn next_run(session: &EntrenarSession, rank: Option<u32>) -> u32 {
    if rank.is_none() {
        return u32::try_from(session.runs.len()).unwrap_or(u32::MAX);
    }
    let keys = session.metrics.series().iter().map(Series::key);
    let own = keys.filter(|key| key.rank == rank);
    let last = own.filter_map(|key| key.run).max();
    last.map_or(0, |last| last.saturating_add(1))
}

/// The points of a series until the first beyond `step`.
fn session_series(series: &Series, step: Option<i64>) -> Series {
    let mut copied = Series::new(series.key().clone());
    let points = series.points();
    let is_beyond = |at: Option<i64>| step.is_some_and(|step| at.is_some_and(|at| at > step));
    for point in points.take_while(|point| !is_beyond(point.step)) {
        copied.push(crate::session::Point {
            value: point.value,
            step: point.step,
            epoch: point.epoch,
            time_us: point.time_us,
            origin: None,
        });
    }
    copied
}

/// A session that was recorded; one that was imported cannot go on.
fn read_recorded(path: &Path, id: &str) -> Result<Option<EntrenarSession>, RecordError> {
    let Some(session) = read_session(path, id)? else {
        return Ok(None);
    };
    if session.state.is_none() {
        return Err(StoreError::IdTaken { id: id.to_owned() }.into());
    }
    Ok(Some(session))
}

fn read_session(path: &Path, id: &str) -> Result<Option<EntrenarSession>, RecordError> {
    let is_empty = std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() == 0);
    if is_empty
        || !path
            .try_exists()
            .map_err(crate::files::FileError::at("read", path))?
    {
        return Ok(None);
    }
    let store = SqliteStore::open(path, StoreMode::ReadOnly, SystemClock)?;
    match store.session(id) {
        Ok(session) => Ok(Some(session)),
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn seen(series: &Series) -> Seen {
    let Some(summary) = series.summary() else {
        return Seen::NOTHING;
    };
    let count = |count| u64::try_from(count).unwrap_or(u64::MAX);
    Seen {
        count: count(summary.count),
        next_step: series.next_step(),
        last: summary.last,
        min: summary.min.unwrap_or(f64::INFINITY),
        max: summary.max.unwrap_or(f64::NEG_INFINITY),
        non_finite: count(summary.nan_count + summary.infinite_count),
    }
}
