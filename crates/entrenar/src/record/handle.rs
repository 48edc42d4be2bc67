//! Ways to log points.

use std::fmt;
use std::sync::Arc;

use entrenar_journal::{Point, now_micros};

use super::core::Core;
use super::names::Entry;
use super::outcome::Outcome;

/// Logs points of one series: the fastest way. Can be used from any thread, and outlives the recorder: what is
/// logged after its end is dropped.
///
/// ```
/// # use entrenar::record::{Recorder, RecorderOptions};
/// # use entrenar::session::EntrenarSession;
/// # let folder = tempfile::tempdir()?;
/// # let store = folder.path().join("entrenar.db");
/// # let options = RecorderOptions { environment: None, ..RecorderOptions::default() };
/// # let recorder = Recorder::start(EntrenarSession::new("s-1", "S"), store, options)?;
/// let loss = recorder.series("loss");
/// for step in 0..1000 {
///     loss.log(step, 1.0 / (step + 1) as f64);
/// }
/// # recorder.finish()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SeriesHandle {
    core: Arc<Core>,
    /// The series; where it could not be made, its name and run: it is tried again by each call.
    entry: Result<Arc<Entry>, (Box<str>, u32)>,
}

impl fmt::Debug for SeriesHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeriesHandle")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

impl SeriesHandle {
    pub(super) fn new(core: &Arc<Core>, name: &str, run: u32) -> Self {
        Self {
            core: Arc::clone(core),
            entry: core.entry(name, run).map_err(|_dropped| (name.into(), run)),
        }
    }

    /// The name of the series.
    pub fn name(&self) -> &str {
        match &self.entry {
            Ok(entry) => &entry.name,
            Err((name, _)) => name,
        }
    }

    #[inline]
    fn with(&self, work: impl FnOnce(&Entry) -> Outcome) -> Outcome {
        match &self.entry {
            Ok(entry) => work(entry),
            Err((name, run)) => self
                .core
                .with(name, *run, work)
                .unwrap_or_else(Outcome::Dropped),
        }
    }

    /// Logs a value at a step, which may go back, with the present time.
    ///
    /// No system call, no lock, no allocation, no wait for disk or another process.
    #[inline]
    pub fn log(&self, step: i64, value: f64) -> Outcome {
        let micros = now_micros();
        self.with(|entry| self.core.log(entry, step, value, micros))
    }

    /// Logs a value at the step after the last one.
    #[inline]
    pub fn add(&self, value: f64) -> Outcome {
        self.with(|entry| self.core.log_next(entry, value))
    }

    /// Logs a point that may lack a step, or have an epoch or a time of its own; a point without a time gets the
    /// present one. An origin is not kept.
    pub fn push(&self, point: &crate::session::Point) -> Outcome {
        let point = Point {
            step: point.step,
            value: point.value,
            micros: point.time_us.unwrap_or_else(now_micros),
            epoch: point.epoch,
            ..Point::default()
        };
        self.with(|entry| self.core.log_point(entry, point))
    }
}
