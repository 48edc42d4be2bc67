//! The metrics of a session that is being recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use entrenar_journal::now_micros;

use super::core::Core;
use super::figures::Seen;
use super::outcome::Outcome;
use crate::session::{SeriesKey, names, ranked};

/// What [`SessionMetrics`](crate::session::SessionMetrics) offers, on a session that is being recorded: points go to the recorder, and figures are
/// known at once, without a point being held in memory.
///
/// Figures are those of this process: of a session that goes on with what it had before, and without other
/// ranks. Which series is the loss or the accuracy is decided as there.
///
/// ```
/// # use entrenar::record::{Recorder, RecorderOptions};
/// # use entrenar::session::EntrenarSession;
/// # let folder = tempfile::tempdir()?;
/// # let store = folder.path().join("entrenar.db");
/// # let options = RecorderOptions { environment: None, ..RecorderOptions::default() };
/// let recorder = Recorder::start(EntrenarSession::new("s-1", "S"), store, options)?;
/// recorder.metrics.add_loss(0.5);
/// recorder.metrics.add_loss(0.2);
/// recorder.metrics.add_accuracy(0.9);
/// assert_eq!(recorder.metrics.total_steps(), 2);
/// assert_eq!(recorder.metrics.best_loss(), Some(0.2));
/// # recorder.finish()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct LiveMetrics {
    pub(super) core: Arc<Core>,
}

impl fmt::Debug for LiveMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveMetrics").finish_non_exhaustive()
    }
}

impl LiveMetrics {
    /// Appends to the series `loss`.
    pub fn add_loss(&self, value: f64) -> Outcome {
        self.add_custom("loss", value)
    }

    /// Appends to the series `accuracy`, in the unit that the caller uses (a share or per cent).
    pub fn add_accuracy(&self, value: f64) -> Outcome {
        self.add_custom("accuracy", value)
    }

    /// Appends to the series `lr`, the learning rate.
    pub fn add_lr(&self, value: f64) -> Outcome {
        self.add_custom("lr", value)
    }

    /// Appends to the series `grad_norm`.
    pub fn add_grad_norm(&self, value: f64) -> Outcome {
        self.add_custom("grad_norm", value)
    }

    /// Appends to the series `name` at its next step.
    pub fn add_custom(&self, name: &str, value: f64) -> Outcome {
        let run = self.core.run.load(Ordering::Relaxed);
        let logged = self
            .core
            .with(name, run, |entry| self.core.log_next(entry, value));
        logged.unwrap_or_else(Outcome::Dropped)
    }

    /// Appends to the series `name` at `step`, which may go back.
    pub fn log(&self, step: i64, name: &str, value: f64) -> Outcome {
        let run = self.core.run.load(Ordering::Relaxed);
        let micros = now_micros();
        let logged = self
            .core
            .with(name, run, |entry| self.core.log(entry, step, value, micros));
        logged.unwrap_or_else(Outcome::Dropped)
    }

    /// Names of all series that have a point, each once, in the order of their first use.
    pub fn names(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let names = self.with_points().into_iter().map(|(key, _)| key.name);
        names.filter(|name| seen.insert(name.clone())).collect()
    }

    /// Whether there is no point at all.
    pub fn is_empty(&self) -> bool {
        self.with_points().is_empty()
    }

    /// Number of points of all series.
    pub fn point_count(&self) -> u64 {
        let counts = self.with_points().into_iter().map(|(_, seen)| seen.count);
        counts.sum()
    }

    /// Number of values that are NaN or an infinity, of those that this recorder logged.
    pub fn non_finite_count(&self) -> u64 {
        let counts = self.with_points().into_iter();
        counts.map(|(_, seen)| seen.non_finite).sum()
    }

    /// Number of points of the loss; where there is no loss, of the longest series. Figures of the system do not
    /// count.
    pub fn total_steps(&self) -> u64 {
        let loss = self.chosen(names::loss_rank);
        if !loss.is_empty() {
            return loss.iter().map(|seen| seen.count).sum();
        }
        let mut lengths = BTreeMap::<String, u64>::new();
        for (key, seen) in self.with_points() {
            if !key.name.starts_with("system/") {
                *lengths.entry(key.name).or_default() += seen.count;
            }
        }
        lengths.into_values().max().unwrap_or(0)
    }

    /// The last loss; NaN and infinities count.
    pub fn final_loss(&self) -> Option<f64> {
        self.chosen(names::loss_rank).last().map(|seen| seen.last)
    }

    /// The smallest finite loss.
    pub fn best_loss(&self) -> Option<f64> {
        let chosen = self.chosen(names::loss_rank);
        let best = chosen.iter().map(|seen| seen.min).reduce(f64::min);
        best.filter(|best| best.is_finite())
    }

    /// The last accuracy; NaN and infinities count.
    pub fn final_accuracy(&self) -> Option<f64> {
        let chosen = self.chosen(names::accuracy_rank);
        chosen.last().map(|seen| seen.last)
    }

    /// The largest finite accuracy.
    pub fn best_accuracy(&self) -> Option<f64> {
        let chosen = self.chosen(names::accuracy_rank);
        let best = chosen.iter().map(|seen| seen.max).reduce(f64::max);
        best.filter(|best| best.is_finite())
    }

    /// Series with their figures, in the order of their first use; first those of the session's earlier
    /// recorders that this one did not use yet.
    fn with_points(&self) -> Vec<(SeriesKey, Seen)> {
        let known = &self.core.known;
        let entries = self.core.entries();
        let used: BTreeSet<_> = entries.iter().map(|entry| known.key_of(entry)).collect();
        let unused = known.before.iter().filter(|(key, _)| !used.contains(*key));
        let unused = unused.map(|(key, seen)| (key.clone(), *seen));
        let own = entries
            .iter()
            .map(|entry| (known.key_of(entry), entry.figures.seen()));
        let all = unused.chain(own);
        all.filter(|(_, seen)| seen.count > 0).collect()
    }

    /// The series that hold what `rank_of` ranks, in the order of runs.
    fn chosen(&self, rank_of: impl Fn(&str) -> Option<usize>) -> Vec<Seen> {
        let series = self.with_points();
        ranked(series.iter().map(|(key, seen)| (key, *seen)), rank_of)
    }
}
