//! The thread behind a recorder: environment, system metrics, sealing, and what goes wrong.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use entrenar_journal::{Journal, now_micros};
use serde_json::Value;

use super::core::Core;
use super::environment::Environment;
use super::names::NO_RUN;
use super::options::{RecorderOptions, TroubleCallback};
use super::outcome::DropReason;
use super::seal::Sealing;
use super::status::{Status, StatusTrouble, Trouble};
use super::system::Sampler;
use crate::session::{Clock as _, ImportWarning, Place, SystemClock, WarningKind};
use crate::store::recording::{End, Frame, journal_folder};

/// Time between two looks at journal and clock.
const TICK: Duration = Duration::from_millis(250);
/// First and longest pause after the store failed.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// The clock may go back by this much without a word: it is set by small steps all the time.
const CLOCK_STEP: i64 = 1_000_000;
/// Troubles that are listed; further ones of a known kind are one.
const MOST_TROUBLES: usize = 64;

/// What recorder and thread share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    wakes: Condvar,
    /// Points in the store.
    sealed: AtomicU64,
    callback: Option<TroubleCallback>,
}

#[derive(Debug, Default)]
struct State {
    /// Whether the thread shall end, and whether the training failed.
    stop: Option<bool>,
    finished: bool,
    troubles: Vec<StatusTrouble>,
    left_in: Option<PathBuf>,
    /// What the journal said last: it does not after its end.
    journal: Option<entrenar_journal::Status>,
}

impl Shared {
    pub(super) fn new(callback: Option<TroubleCallback>) -> Self {
        Self {
            state: Mutex::default(),
            wakes: Condvar::new(),
            sealed: AtomicU64::new(0),
            callback,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the thread to seal everything and to end.
    pub(super) fn stop(&self, failed: bool) {
        self.lock().stop = Some(failed);
        self.wakes.notify_all();
    }

    /// Where something is left that is not in the store.
    pub(super) fn left_in(&self) -> Option<PathBuf> {
        self.lock().left_in.clone()
    }

    /// Notes a trouble and tells of it, if it is new.
    pub(super) fn trouble(&self, trouble: Trouble) {
        let mut state = self.lock();
        let known = state
            .troubles
            .iter_mut()
            .find(|known| known.trouble.same_kind(&trouble) && !known.over);
        if let Some(known) = known {
            known.trouble = trouble;
            return;
        }
        if state.troubles.len() >= MOST_TROUBLES {
            state.troubles.retain(|known| !known.over);
        }
        state.troubles.push(StatusTrouble {
            trouble: trouble.clone(),
            since: SystemClock.now(),
            over: false,
        });
        drop(state);
        if let Some(callback) = &self.callback {
            callback.tell(&trouble);
        }
    }

    /// Notes that troubles are over.
    fn over(&self, is_over: impl Fn(&Trouble) -> bool) {
        let mut state = self.lock();
        let troubles = state.troubles.iter_mut();
        for known in troubles.filter(|known| is_over(&known.trouble)) {
            known.over = true;
        }
    }

    /// Waits; whether the thread shall end, and whether the training failed.
    fn wait(&self, pause: Duration) -> Option<bool> {
        let state = self.lock();
        let waited = self
            .wakes
            .wait_timeout_while(state, pause, |state| state.stop.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.stop
    }

    pub(super) fn status(&self, journal: &Journal, core: &Core) -> Status {
        let said = journal.status().ok();
        let (more_dropped, _) = core.dropped();
        let series = core.entries().len();
        // In a forked child the lock may be that of a thread which is not there.
        let state = self.state.try_lock().ok();
        let said = said.or_else(|| state.as_ref()?.journal.clone());
        Status {
            points: said.as_ref().map_or(0, |said| said.logged),
            dropped: said.as_ref().map_or(0, |said| said.dropped) + more_dropped,
            on_disk: said.as_ref().map_or(0, |said| said.copied),
            sealed: self.sealed.load(Ordering::Relaxed),
            series,
            finished: state.as_ref().is_some_and(|state| state.finished),
            troubles: state.map_or_else(Vec::new, |state| state.troubles.clone()),
        }
    }
}

/// The thread's own.
#[derive(Debug)]
pub(super) struct Background {
    core: Arc<Core>,
    journal: Arc<Journal>,
    shared: Arc<Shared>,
    options: RecorderOptions,
    folder: Option<PathBuf>,
    sealing: Sealing,
    /// When the store is sealed into next, and the pause if that fails.
    next_seal: Instant,
    pause: Duration,
    /// What the wall clock was ahead of the monotonic clock at the beginning.
    clock: (Instant, i64),
}

impl Background {
    pub(super) fn new(
        core: Arc<Core>,
        journal: Arc<Journal>,
        shared: Arc<Shared>,
        store: PathBuf,
        options: RecorderOptions,
    ) -> Self {
        Self {
            sealing: Sealing::new(store, Arc::clone(&journal), Arc::clone(&core)),
            core,
            journal,
            shared,
            // The program may go to another folder.
            folder: std::env::current_dir().ok(),
            options,
            next_seal: Instant::now(),
            pause: PAUSES.0,
            clock: (Instant::now(), now_micros()),
        }
    }

    /// Runs until the recorder ends.
    pub(super) fn run(mut self) {
        // The session is in the store from its beginning on.
        self.seal();
        if let Some(options) = &self.options.environment {
            let environment = Environment::capture_in(self.folder.as_deref(), options);
            self.tell_environment(&environment);
        }
        let mut sampler = self.options.system.as_ref().map(Sampler::new);
        let mut next_sample = Instant::now();
        let failed = loop {
            if let (Some(sampler), Some(options)) = (&mut sampler, &self.options.system)
                && Instant::now() >= next_sample
            {
                next_sample = Instant::now() + options.every;
                let figures = sampler.sample();
                self.record_figures(&figures);
            }
            self.look();
            if Instant::now() >= self.next_seal {
                self.seal();
            }
            let next = self.next_seal.min(if sampler.is_some() {
                next_sample
            } else {
                self.next_seal
            });
            let pause = next.saturating_duration_since(Instant::now());
            if let Some(failed) = self.shared.wait(pause.min(TICK)) {
                break failed;
            }
        };
        self.finish(failed);
    }

    fn tell_environment(&self, environment: &Environment) {
        if let Ok(Value::Object(map)) = serde_json::to_value(environment) {
            self.core.frame(&Frame::Environment(map));
        }
    }

    fn record_figures(&self, figures: &[(String, f64)]) {
        let micros = now_micros();
        for (name, value) in figures {
            if let Ok(entry) = self.core.entry(name, NO_RUN) {
                let point = entrenar_journal::Point {
                    value: *value,
                    micros,
                    ..Default::default()
                };
                self.core.log_point(&entry, point);
            }
        }
    }

    /// Looks at journal and clock.
    fn look(&mut self) {
        if let Ok(status) = self.journal.status() {
            match (&status.failed, &status.trouble) {
                (Some(failed), _) => {
                    let failed = entrenar_journal::Error::Refused(Arc::clone(failed));
                    self.shared.trouble(Trouble::Journal(failed));
                }
                (None, Some(trouble)) => self.shared.trouble(Trouble::Journal(trouble.clone())),
                (None, None) => self
                    .shared
                    .over(|known| matches!(known, Trouble::Journal(_))),
            }
            match &status.memory_trouble {
                Some(trouble) => self.shared.trouble(Trouble::Memory(trouble.clone())),
                None => self
                    .shared
                    .over(|known| matches!(known, Trouble::Memory(_))),
            }
            self.tell_dropped(status.dropped);
            self.shared.lock().journal = Some(status);
        }
        let (began, micros) = self.clock;
        let elapsed = i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX);
        let behind = micros.saturating_add(elapsed).saturating_sub(now_micros());
        if behind > CLOCK_STEP {
            let seconds = behind.cast_unsigned() / 1_000_000;
            self.shared.trouble(Trouble::ClockWentBack { seconds });
            self.shared
                .over(|known| matches!(known, Trouble::ClockWentBack { .. }));
            self.warn(&format!(
                "the machine's clock was set back by {seconds} s while this was recorded"
            ));
        }
        if behind.abs() > CLOCK_STEP {
            self.clock = (Instant::now(), now_micros());
        }
    }

    fn tell_dropped(&self, by_journal: u64) {
        let (before, reason) = self.core.dropped();
        let count = by_journal.saturating_add(before);
        if count > 0 {
            let reason = reason.unwrap_or(DropReason::NoSpace);
            self.shared.trouble(Trouble::Dropped { count, reason });
        }
    }

    /// A warning that the session keeps.
    fn warn(&self, message: &str) {
        let warning = ImportWarning::new(WarningKind::Limit, Place::path("recording"), message);
        self.core.frame(&Frame::Warning(warning));
    }

    fn seal(&mut self) {
        let sealed = self.sealing.seal();
        if self.note(sealed) {
            self.pause = PAUSES.0;
            self.next_seal = Instant::now() + self.options.seal_every;
        } else {
            self.next_seal = Instant::now() + self.pause;
            self.pause = (self.pause * 2).min(PAUSES.1);
        }
    }

    /// Notes how sealing went; whether it did.
    fn note(&mut self, sealed: Result<u64, Trouble>) -> bool {
        match sealed {
            Ok(points) => {
                self.shared.sealed.fetch_add(points, Ordering::Relaxed);
                self.shared.over(|known| matches!(known, Trouble::Store(_)));
                if self.sealing.take_gone() {
                    self.shared.trouble(Trouble::StoreGone {
                        path: self.sealing.path().to_owned(),
                    });
                    self.shared
                        .over(|known| matches!(known, Trouble::StoreGone { .. }));
                }
                true
            }
            Err(trouble) => {
                self.shared.trouble(trouble);
                false
            }
        }
    }

    fn finish(mut self, failed: bool) {
        self.look();
        let dropped = self.journal.status().map_or(0, |status| status.dropped);
        self.tell_dropped(dropped);
        // What the journal dropped is told when its rest is sealed.
        let (refused, reason) = self.core.dropped();
        if refused > 0 {
            let reason = reason.unwrap_or(DropReason::NoSpace).as_str();
            self.warn(&format!(
                "{refused} points or texts were not recorded: {reason}"
            ));
        }
        self.core.frame(&Frame::End(End {
            at: SystemClock.now(),
            failed,
        }));
        let until = Instant::now() + self.options.finish_within;
        let shut = self.journal.shut();
        self.shared.lock().journal = self.journal.status().ok();
        if let Err(error) = shut {
            self.shared.trouble(Trouble::Journal(error));
            self.end(true);
            return;
        }
        let mut pause = Duration::from_millis(50);
        loop {
            let sealed = self.sealing.seal_rest();
            if self.note(sealed) {
                self.end(false);
                return;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                self.end(true);
                return;
            }
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    fn end(&self, is_left: bool) {
        let mut state = self.shared.lock();
        state.finished = true;
        if is_left {
            state.left_in = Some(journal_folder(self.sealing.path()));
        }
    }
}
