//! Trainings inside a session.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use entrenar_journal::now_micros;

use super::core::Core;
use super::handle::SeriesHandle;
use super::names::NO_RUN;
use super::outcome::Outcome;
use crate::session::{Clock as _, RunStatus, SystemClock, TrainingRun};
use crate::store::recording::Frame;

/// A training inside a session that is being recorded; see [`Recorder::begin_run`](super::Recorder::begin_run).
///
/// Several may be open at the same time, from different threads.
#[derive(Clone)]
pub struct RunHandle {
    core: Arc<Core>,
    number: u32,
    run: Arc<Mutex<TrainingRun>>,
}

impl fmt::Debug for RunHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunHandle")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

impl RunHandle {
    pub(super) fn begin(
        core: &Arc<Core>,
        name: Option<String>,
        config: BTreeMap<String, String>,
    ) -> Self {
        let handle = Self {
            core: Arc::clone(core),
            number: core.next_run.fetch_add(1, Ordering::Relaxed),
            run: Arc::new(Mutex::new(TrainingRun {
                name,
                config,
                started_at: Some(SystemClock.now()),
                ..TrainingRun::default()
            })),
        };
        handle.say();
        core.run.store(handle.number, Ordering::Relaxed);
        handle
    }

    /// Number of the run in the session, from 0.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Logs several values of one step, whatever run the recorder is in.
    pub fn log(&self, step: i64, values: &[(&str, f64)]) -> Outcome {
        log_values(&self.core, self.number, step, values)
    }

    /// A handle for one series of this run.
    pub fn series(&self, name: &str) -> SeriesHandle {
        SeriesHandle::new(&self.core, name, self.number)
    }

    /// Sets one entry of the run's own configuration.
    pub fn config(&self, name: impl Into<String>, value: impl Into<String>) -> Outcome {
        self.lock().config.insert(name.into(), value.into());
        self.say()
    }

    /// Ends the run. If the recorder is in it, it is in none then.
    pub fn end(&self, status: RunStatus) -> Outcome {
        {
            let mut run = self.lock();
            run.status = status;
            run.ended_at = Some(SystemClock.now());
        }
        let current = &self.core.run;
        // Not if another run has begun since.
        current
            .compare_exchange(self.number, NO_RUN, Ordering::Relaxed, Ordering::Relaxed)
            .ok();
        self.say()
    }

    fn say(&self) -> Outcome {
        let run = self.lock().clone();
        self.core.frame(&Frame::Run {
            number: self.number,
            run,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, TrainingRun> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Logs several values of one step, all with one time.
#[inline]
pub(super) fn log_values(core: &Core, run: u32, step: i64, values: &[(&str, f64)]) -> Outcome {
    let micros = now_micros();
    let mut outcome = Outcome::Logged;
    for (name, value) in values {
        let logged = core.with(name, run, |entry| core.log(entry, step, *value, micros));
        outcome = outcome.and(logged.unwrap_or_else(Outcome::Dropped));
    }
    outcome
}
