//! What a session has before anything is logged: of its own, and of the session that it goes on from.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::earlier;
use super::error::RecordError;
use super::handle::SeriesHandle;
use super::names::NO_RUN;
use super::options::RecorderOptions;
use super::recorder::Recorder;
use crate::session::{EntrenarSession, ForkOrigin, Point, PointRef, SeriesKey, SessionMetrics};
use crate::store::recording::Frame;
use crate::store::{Piece, StoreError};

/// Records `contents`, except for what its start says.
pub(super) fn record(recorder: &Recorder, mut contents: EntrenarSession) {
    let mut copier = Copier::new(recorder.clone());
    copier.rows(&mut contents);
    copier.metrics(&contents.metrics);
}

/// Begins `session` with what its origin has, a piece at a time.
pub(super) fn fork(
    origin: &ForkOrigin,
    mut session: EntrenarSession,
    path: &Path,
    options: RecorderOptions,
) -> Result<Recorder, RecordError> {
    let not_there = || RecordError::NotThere {
        id: origin.session.clone(),
    };
    let store = earlier::open(path)?.ok_or_else(not_there)?;
    let rank = options.rank;
    // Behind the points of the origin.
    let own = std::mem::take(&mut session.metrics);
    let mut before = Some((session, options));
    let mut copier = Err(not_there());
    // Series of which a point beyond the step was met.
    let mut beyond = BTreeSet::new();
    let read = store.session_in_pieces(&origin.session, |piece| {
        match piece {
            Piece::Session(parent) => {
                if let Some((session, options)) = before.take() {
                    let session = with_rows_of(*parent, session, rank);
                    let origin = Some(origin.clone());
                    copier = Recorder::begin(session, path, options, origin).map(Copier::new);
                }
            }
            Piece::Points(key, points) if is_taken_by(rank, key.rank) && !beyond.contains(key) => {
                let is_beyond = |point: &PointRef<'_>| {
                    let steps = point.step.zip(origin.step);
                    steps.is_some_and(|(step, last)| step > last)
                };
                if points.points().any(|point| is_beyond(&point)) {
                    beyond.insert(key.clone());
                }
                if let Ok(copier) = &mut copier {
                    let taken = points.points().take_while(|point| !is_beyond(point));
                    copier.points(key, taken);
                }
            }
            Piece::Points(..) => {}
        }
        match copier {
            Ok(_) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    });
    match read {
        Ok(()) => {}
        Err(StoreError::NotFound { .. }) => return Err(not_there()),
        Err(error) => return Err(error.into()),
    }
    let mut copier = copier?;
    copier.metrics(&own);
    Ok(copier.recorder)
}

/// Whether a recorder of rank `own` takes over what its session's origin has of a rank: each its own, so that
/// together they take everything once; rank 0 and a recorder without a rank also what has none.
fn is_taken_by(own: Option<u32>, rank: Option<u32>) -> bool {
    own.unwrap_or(0) == rank.unwrap_or(0)
}

/// Puts cells, runs and configuration of the parent before those of the session.
fn with_rows_of(
    parent: EntrenarSession,
    mut session: EntrenarSession,
    rank: Option<u32>,
) -> EntrenarSession {
    if is_taken_by(rank, None) {
        session.code_history.splice(0..0, parent.code_history);
        session.cell_records.splice(0..0, parent.cell_records);
    }
    session.runs.splice(0..0, parent.runs);
    for (name, value) in parent.config {
        session.config.entry(name).or_insert(value);
    }
    session
}

/// Points between two looks whether there is room.
const STRIDE: u32 = 16;
/// How long what is copied waits for the disk. What has no room then is dropped, as what is logged is.
const PATIENCE: Duration = Duration::from_secs(30);

/// Records what there is already, no faster than the disk follows.
struct Copier {
    recorder: Recorder,
    /// Points until room is looked for.
    left: u32,
    patience: Duration,
}

impl Copier {
    fn new(recorder: Recorder) -> Self {
        Self {
            recorder,
            left: 0,
            patience: PATIENCE,
        }
    }

    /// Cells and runs.
    fn rows(&self, contents: &mut EntrenarSession) {
        let mut records = std::mem::take(&mut contents.cell_records).into_iter();
        for cell in std::mem::take(&mut contents.code_history) {
            let record = records.next().unwrap_or_default();
            self.recorder.cell_with(cell, record);
        }
        for (number, run) in (0..).zip(std::mem::take(&mut contents.runs)) {
            let core = self.recorder.core();
            core.frame(&Frame::Run { number, run });
            core.next_run.fetch_max(number + 1, Ordering::Relaxed);
        }
    }

    fn metrics(&mut self, metrics: &SessionMetrics) {
        for series in metrics.series() {
            self.points(series.key(), series.points());
        }
    }

    /// Points, with the times they have.
    fn points<'a>(&mut self, key: &SeriesKey, points: impl Iterator<Item = PointRef<'a>>) {
        let run = key.run.unwrap_or(NO_RUN);
        let handle = SeriesHandle::new(self.recorder.core(), &key.name, run);
        for point in points {
            if self.left == 0 {
                // Twice as much: the recorder's own series take of it, too.
                let core = self.recorder.core();
                if !core.wait_for_room(2 * STRIDE, self.patience) {
                    self.patience = Duration::ZERO;
                }
                self.left = STRIDE;
            }
            self.left -= 1;
            handle.push(&Point {
                value: point.value,
                step: point.step,
                epoch: point.epoch,
                time_us: point.time_us,
                origin: None,
            });
        }
    }
}
