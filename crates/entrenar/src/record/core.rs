//! What recorder, handles and background thread share: names, the way into the journal, and the control lane.
//!
//! The hot path takes no lock. Locks of [`Control`] are taken for new names and for what is no point; a forked
//! process has a control of its own, since a lock of its parent's might be held by a thread that it does not
//! have.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use entrenar_journal::{
    ChildOpener, Lane, Outcome as Taken, Point, RecorderId, Writer, now_micros,
};

use super::figures::Seen;
use super::names::{Entry, MAX_NAME_BYTES, NO_RUN, Names, NoRoom, Registrar};
use super::outcome::{DropReason, Outcome};
use crate::session::SeriesKey;
use crate::store::recording::{Frame, FrameError, SeriesDefinition, Start};

/// Bytes of a lane's segment. Two are ready at a time: the definitions of 10,000 series.
pub(super) const LANE_BYTES: usize = 1 << 20;
/// Longest part of a frame.
const LONGEST_PART: usize = LANE_BYTES - 16;
/// How long a new name may wait for memory.
const NAME_PATIENCE: Duration = Duration::from_millis(10);
/// How long each part of a cell or another frame may wait for memory.
const FRAME_PATIENCE: Duration = Duration::from_millis(250);

/// What a forked child needs to know to begin a journal of its own.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) start: Start,
    pub(super) names: Names,
    /// Figures that series of a session that goes on begin with.
    pub(super) before: std::collections::BTreeMap<SeriesKey, Seen>,
}

impl Known {
    /// All series from this number on.
    pub(super) fn definitions(&self, from: usize) -> Vec<SeriesDefinition> {
        let series = self.names.all();
        let series = series.iter().skip(from);
        series.map(|entry| self.definition(entry)).collect()
    }

    fn definition(&self, entry: &Entry) -> SeriesDefinition {
        SeriesDefinition {
            number: entry.number,
            name: entry.name.to_string(),
            run: entry.run(),
            rank: self.start.rank,
        }
    }

    /// What identifies a series in the session.
    pub(super) fn key_of(&self, entry: &Entry) -> SeriesKey {
        self.key(&entry.name, entry.run().unwrap_or(NO_RUN))
    }

    fn key(&self, name: &str, run: u32) -> SeriesKey {
        SeriesKey {
            name: name.to_owned(),
            run: (run != NO_RUN).then_some(run),
            rank: self.start.rank,
        }
    }
}

impl ChildOpener for Known {
    fn open(&self, _recorder: RecorderId) -> Vec<Vec<u8>> {
        let start = Start {
            pid: std::process::id(),
            ..self.start.clone()
        };
        let series = self.definitions(0).into_iter().map(Frame::Series);
        std::iter::once(Frame::Start(Box::new(start)))
            .chain(series)
            // What was written down once can be written again.
            .filter_map(|frame| parts(&frame).ok())
            .flatten()
            .collect()
    }
}

fn parts(frame: &Frame) -> Result<Vec<Vec<u8>>, FrameError> {
    frame.parts(LONGEST_PART)
}

/// What takes locks.
#[derive(Debug)]
struct Control {
    pid: u32,
    registrar: Mutex<Registrar>,
    lane: Mutex<Option<Lane>>,
    /// A forked child's.
    child: OnceLock<Box<Self>>,
}

impl Control {
    fn new(registrar: Registrar) -> Self {
        Self {
            pid: std::process::id(),
            registrar: Mutex::new(registrar),
            lane: Mutex::new(None),
            child: OnceLock::new(),
        }
    }
}

/// The inside of a recorder.
#[derive(Debug)]
pub(super) struct Core {
    writer: Writer,
    pub(super) known: Arc<Known>,
    control: Control,
    /// Number of the run that series without one belong to, or [`NO_RUN`].
    pub(super) run: AtomicU32,
    /// Number of the next run.
    pub(super) next_run: AtomicU32,
    /// What was dropped before it reached the journal, and why the last of it.
    dropped: AtomicU64,
    reason: Mutex<Option<DropReason>>,
    /// Frames that are no definition.
    frames: AtomicU64,
}

impl Core {
    pub(super) fn new(writer: Writer, known: Arc<Known>, next_run: u32) -> Self {
        Self {
            writer,
            known,
            control: Control::new(Registrar::default()),
            run: AtomicU32::new(NO_RUN),
            next_run: AtomicU32::new(next_run),
            dropped: AtomicU64::new(0),
            reason: Mutex::new(None),
            frames: AtomicU64::new(0),
        }
    }

    /// Says who records; the first frame.
    pub(super) fn begin(&self) -> Result<(), FrameError> {
        let start = Frame::Start(Box::new(self.known.start.clone()));
        for part in parts(&start)? {
            self.append(&part, FRAME_PATIENCE);
        }
        Ok(())
    }

    /// Logs a point of a known series.
    #[inline]
    pub(super) fn log(&self, entry: &Entry, step: i64, value: f64, micros: i64) -> Outcome {
        let point = Point {
            series: entry.number,
            flags: 0,
            step: Some(step),
            value,
            micros,
            epoch: None,
        };
        entry.figures.count();
        match self.writer.log(&point) {
            Taken::Logged(_) => {
                entry.figures.note_at(step, value);
                Outcome::Logged
            }
            Taken::Dropped(reason) => self.uncount(entry, reason.into()),
        }
    }

    /// Waits until there is room for so many points; says whether there is.
    pub(super) fn wait_for_room(&self, points: u32, patience: Duration) -> bool {
        self.writer.wait_for_room(points, patience)
    }

    /// Logs a value at the step after the last one, with the present time.
    pub(super) fn log_next(&self, entry: &Entry, value: f64) -> Outcome {
        let point = Point {
            series: entry.number,
            step: Some(entry.figures.take_step()),
            value,
            micros: now_micros(),
            ..Point::default()
        };
        entry.figures.count();
        match self.writer.log(&point) {
            Taken::Logged(_) => {
                entry.figures.note(value);
                Outcome::Logged
            }
            Taken::Dropped(reason) => self.uncount(entry, reason.into()),
        }
    }

    /// Logs a point, whose series is set here, and which may lack a step.
    pub(super) fn log_point(&self, entry: &Entry, mut point: Point) -> Outcome {
        point.series = entry.number;
        entry.figures.count();
        match self.writer.log(&point) {
            Taken::Logged(_) => {
                match point.step {
                    Some(step) => entry.figures.note_at(step, point.value),
                    None => entry.figures.note(point.value),
                }
                Outcome::Logged
            }
            Taken::Dropped(reason) => self.uncount(entry, reason.into()),
        }
    }

    /// The series of that name in that run, defined if it is new.
    #[inline]
    pub(super) fn entry(&self, name: &str, run: u32) -> Result<Arc<Entry>, DropReason> {
        match self.known.names.get(name, run) {
            Some(entry) => Ok(Arc::clone(entry)),
            None => self.define(name, run),
        }
    }

    /// As [`entry`](Self::entry), without counting who uses it.
    #[inline]
    pub(super) fn with<T>(
        &self,
        name: &str,
        run: u32,
        work: impl FnOnce(&Entry) -> T,
    ) -> Result<T, DropReason> {
        if let Some(entry) = self.known.names.get(name, run) {
            return Ok(work(entry));
        }
        self.define(name, run).map(|entry| work(&entry))
    }

    #[cold]
    fn define(&self, name: &str, run: u32) -> Result<Arc<Entry>, DropReason> {
        let defined = if name.len() > MAX_NAME_BYTES {
            Err(DropReason::TooLong)
        } else {
            let seen = self.known.before.get(&self.known.key(name, run)).copied();
            let mut registrar = self.registrar();
            let define =
                |entry: &Entry| self.append_all(&Frame::Series(self.known.definition(entry)));
            let seen = seen.unwrap_or(Seen::NOTHING);
            self.known
                .names
                .add(&mut registrar, name, run, seen, define)
        };
        defined.inspect_err(|reason| {
            self.count_dropped(*reason);
        })
    }

    fn append_all(&self, frame: &Frame) -> Result<(), DropReason> {
        let parts = parts(frame).map_err(|_too_long| DropReason::Unwritable)?;
        for part in parts {
            if let Taken::Dropped(reason) = self.append(&part, NAME_PATIENCE) {
                return Err(reason.into());
            }
        }
        Ok(())
    }

    /// Appends a frame that is no definition.
    pub(super) fn frame(&self, frame: &Frame) -> Outcome {
        let parts = match parts(frame) {
            Ok(parts) => parts,
            Err(FrameError::TooLarge { .. }) => {
                self.count_dropped(DropReason::TooLong);
                return Outcome::Dropped(DropReason::TooLong);
            }
            Err(_) => {
                self.count_dropped(DropReason::Unwritable);
                return Outcome::Dropped(DropReason::Unwritable);
            }
        };
        self.frames.fetch_add(1, Ordering::Relaxed);
        // One lock for all of them: no other frame may come between.
        let mut lane = self.lane();
        for part in parts {
            if let Taken::Dropped(reason) = self.append_to(&mut lane, &part, FRAME_PATIENCE) {
                return self.refused(reason.into());
            }
        }
        Outcome::Logged
    }

    fn append(&self, part: &[u8], patience: Duration) -> Taken {
        self.append_to(&mut self.lane(), part, patience)
    }

    fn append_to(&self, lane: &mut Option<Lane>, part: &[u8], patience: Duration) -> Taken {
        if lane.is_none() {
            match self.writer.lane() {
                Ok(new) => *lane = Some(new),
                Err(_) => return Taken::Dropped(entrenar_journal::Reason::NoSegment),
            }
        }
        match lane {
            Some(lane) => lane.append_within(part, patience),
            None => Taken::Dropped(entrenar_journal::Reason::NoSegment),
        }
    }

    fn control(&self) -> &Control {
        let pid = std::process::id();
        let mut control = &self.control;
        while control.pid != pid {
            control = control
                .child
                .get_or_init(|| Box::new(Control::new(Registrar::of(&self.known.names))));
        }
        control
    }

    /// Whether this is the process that the recorder was started in.
    pub(super) fn is_first_process(&self) -> bool {
        self.control.pid == std::process::id()
    }

    fn registrar(&self) -> MutexGuard<'_, Registrar> {
        let registrar = self.control().registrar.lock();
        registrar.unwrap_or_else(PoisonError::into_inner)
    }

    fn lane(&self) -> MutexGuard<'_, Option<Lane>> {
        let lane = self.control().lane.lock();
        lane.unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn entries(&self) -> Vec<Arc<Entry>> {
        self.known.names.all()
    }

    /// Remembers why something was dropped that the journal counts.
    #[cold]
    fn refused(&self, reason: DropReason) -> Outcome {
        if let Ok(mut last) = self.reason.try_lock() {
            *last = Some(reason);
        }
        Outcome::Dropped(reason)
    }

    #[cold]
    fn uncount(&self, entry: &Entry, reason: DropReason) -> Outcome {
        entry.figures.uncount();
        self.refused(reason)
    }

    #[cold]
    fn count_dropped(&self, reason: DropReason) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        self.refused(reason);
    }

    /// Number of frames that were appended and are no definition.
    pub(super) fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    /// What was dropped before it reached the journal, and why the last of all was.
    pub(super) fn dropped(&self) -> (u64, Option<DropReason>) {
        let reason = self.reason.try_lock().ok().and_then(|reason| *reason);
        (self.dropped.load(Ordering::Relaxed), reason)
    }
}

impl From<NoRoom> for DropReason {
    fn from(_: NoRoom) -> Self {
        Self::TooManySeries
    }
}
