//! What the threads of a journal share, and how they wake each other.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::head::{FileKind, Owner};
use crate::lane::{LaneSegment, LaneShared, LaneSupply};
use crate::map::ForkGuard;
use crate::options::Options;
use crate::segments::Segments;

/// A journal's inside. No lock is taken by `log`, nor by anything in a forked child: the lock might have
/// been held by a thread that the child does not have.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) owner: Owner,
    pub(crate) segments: Segments,
    pub(crate) guard: ForkGuard,
    /// Points below are in the journal file, apart from late ones.
    copied: AtomicU64,
    /// Frames that lanes refused.
    pub(crate) dropped_frames: AtomicU64,
    state: Mutex<State>,
    disk_wakes: Condvar,
    waiters_wake: Condvar,
}

/// What the lock protects.
#[derive(Debug, Default)]
struct State {
    /// Generations of requests to sync: asked for, and served.
    asked: u64,
    served: u64,
    next_file: bool,
    nudged: bool,
    ahead_stops: bool,
    closing: bool,
    closed: Option<Result<(), Error>>,
    /// Result of the last pass.
    last: Option<Error>,
    /// Why the journal refuses to write.
    failed: Option<Arc<Error>>,
    /// Why no segment can be had.
    memory: Option<Error>,
    /// Number of the journal file, and of the first that was not released.
    file: u64,
    first_file: u64,
    freed: Vec<(u32, u64)>,
    /// Number that each region's file bears in its name.
    names: Vec<u64>,
    lane_segments: Vec<(Arc<LaneShared>, Arc<LaneSegment>)>,
    supplies: Vec<LaneSupply>,
    lanes: u32,
}

/// What the disk thread is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    generation: u64,
    pub(crate) sync: bool,
    pub(crate) next_file: bool,
    pub(crate) closing: bool,
}

/// How a journal is doing.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Status {
    /// Points taken.
    pub logged: u64,
    /// Points below this sequence are written to the journal (though not yet synced).
    pub copied: u64,
    /// Points and frames dropped.
    pub dropped: u64,
    /// Number of the journal file being written.
    pub file: u64,
    /// Why nothing can be written at present; it is tried again.
    pub trouble: Option<Error>,
    /// Why no segment can be had at present; it is tried again.
    pub memory_trouble: Option<Error>,
    /// Why the journal refuses to write.
    pub failed: Option<Arc<Error>>,
}

impl Shared {
    pub(crate) fn new(options: Options, owner: Owner) -> Result<Self, Error> {
        let shift = options.slots.trailing_zeros();
        let at_most = usize::try_from(options.segments_at_most).unwrap_or(usize::MAX);
        let guard = ForkGuard::new().map_err(Error::io(
            "allocate memory beside",
            &options.segments_folder,
        ))?;
        Ok(Self {
            segments: Segments::new(shift, at_most, owner.recorder.seed()),
            guard,
            options,
            owner,
            copied: AtomicU64::new(0),
            dropped_frames: AtomicU64::new(0),
            state: Mutex::default(),
            disk_wakes: Condvar::new(),
            waiters_wake: Condvar::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // The callers' side.

    /// Asks for a sync (and a new file) and waits for it; the number of the file that is then written.
    pub(crate) fn request(&self, next_file: bool) -> Result<u64, Error> {
        let mut state = self.lock();
        state.asked += 1;
        state.next_file |= next_file;
        let mine = state.asked;
        self.disk_wakes.notify_one();
        loop {
            if let Some(failed) = &state.failed {
                return Err(Error::Refused(Arc::clone(failed)));
            }
            if state.served >= mine {
                return state.last.clone().map_or(Ok(state.file), Err);
            }
            if state.closed.is_some() || state.closing {
                return Err(Error::Closed);
            }
            state = self
                .waiters_wake
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(crate) fn stop_ahead(&self) {
        self.lock().ahead_stops = true;
        self.segments.sleeper.wake();
    }

    pub(crate) fn ask_to_close(&self) {
        self.lock().closing = true;
        self.disk_wakes.notify_one();
        self.waiters_wake.notify_all();
    }

    pub(crate) fn close_result(&self) -> Result<(), Error> {
        let state = self.lock();
        match (&state.failed, &state.closed) {
            (Some(failed), _) => Err(Error::Refused(Arc::clone(failed))),
            (None, Some(result)) => result.clone(),
            (None, None) => Err(Error::Closed),
        }
    }

    pub(crate) fn status(&self) -> Status {
        let state = self.lock();
        let tickets = self.segments.tickets.state();
        Status {
            logged: tickets.issued,
            copied: self.copied.load(Ordering::Acquire),
            dropped: self.dropped(),
            file: state.file,
            trouble: state.last.clone().filter(Error::is_full),
            memory_trouble: state.memory.clone(),
            failed: state.failed.clone(),
        }
    }

    /// Points and frames refused until now.
    pub(crate) fn dropped(&self) -> u64 {
        self.segments
            .tickets
            .dropped()
            .saturating_add(self.dropped_frames.load(Ordering::Relaxed))
    }

    /// The numbers of files from the first not released to this one (not included), now released.
    pub(crate) fn release(&self, below: u64) -> std::ops::Range<u64> {
        let mut state = self.lock();
        let end = below.min(state.file).max(state.first_file);
        let range = state.first_file..end;
        state.first_file = end;
        range
    }

    pub(crate) fn next_lane(&self) -> u32 {
        let mut state = self.lock();
        state.lanes += 1;
        state.lanes - 1
    }

    pub(crate) fn is_closed(&self) -> bool {
        let state = self.lock();
        state.closing || state.closed.is_some() || state.failed.is_some()
    }

    // The disk thread's side.

    pub(crate) fn wait_for_request(&self) -> Request {
        let state = self.lock();
        let idle = |state: &mut State| {
            !(state.asked > state.served || state.next_file || state.nudged || state.closing)
        };
        let (mut state, _) = self
            .disk_wakes
            .wait_timeout_while(state, self.options.write_every, idle)
            .unwrap_or_else(PoisonError::into_inner);
        state.nudged = false;
        Request {
            generation: state.asked,
            sync: state.asked > state.served,
            next_file: std::mem::take(&mut state.next_file),
            closing: state.closing,
        }
    }

    pub(crate) fn wait_for_closing(&self) {
        let state = self.lock();
        let closing = self.disk_wakes.wait_while(state, |state| !state.closing);
        drop(closing.unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn served(&self, request: &Request, result: Result<(), Error>, file: u64) {
        let mut state = self.lock();
        state.served = request.generation;
        state.file = file;
        state.last = result.err();
        if let Some(error) = state.last.clone().filter(|error| !error.is_full()) {
            state.failed.get_or_insert(Arc::new(error));
        }
        self.waiters_wake.notify_all();
    }

    pub(crate) fn show_copied(&self, cursor: u64) {
        self.copied.store(cursor, Ordering::Release);
    }

    pub(crate) fn finished(&self, result: Result<(), Error>) {
        self.lock().closed = Some(result);
        self.waiters_wake.notify_all();
    }

    pub(crate) fn free(&self, regions: &[(u32, u64)]) {
        self.lock().freed.extend_from_slice(regions);
        self.segments.sleeper.wake();
    }

    pub(crate) fn new_lane_segments(&self) -> Vec<(Arc<LaneShared>, Arc<LaneSegment>)> {
        std::mem::take(&mut self.lock().lane_segments)
    }

    pub(crate) fn remove_lane_segment(&self, lane: u32, number: u64) -> Result<(), Error> {
        let path = self.segment_path(FileKind::Lane(lane), number);
        self.options
            .storage
            .remove(&path)
            .map_err(Error::io("delete", path))
    }

    /// Marks all segments in use as complete.
    pub(crate) fn seal_segments(&self, count: u64) {
        let limit = self.segments.tickets.state().limit;
        let names = self.lock().names.clone();
        for number in names.into_iter().filter(|number| *number < limit) {
            self.segments.seal(number, self.owner, count);
        }
    }

    pub(crate) fn remove_segments(&self) -> Result<(), Error> {
        let names = self.lock().names.clone();
        for number in names {
            let path = self.segment_path(FileKind::Points, number);
            self.options
                .storage
                .remove(&path)
                .map_err(Error::io("delete", path))?;
        }
        Ok(())
    }

    // The ahead thread's side.

    /// Whether the ahead thread shall end.
    pub(crate) fn ahead_stops(&self) -> bool {
        self.lock().ahead_stops
    }

    pub(crate) fn take_free(&self) -> Vec<(u32, u64)> {
        std::mem::take(&mut self.lock().freed)
    }

    /// Tells the disk thread that there is much to copy.
    pub(crate) fn nudge(&self) {
        self.lock().nudged = true;
        self.disk_wakes.notify_one();
    }

    pub(crate) fn set_memory_trouble(&self, trouble: Option<Error>) {
        self.lock().memory = trouble;
    }

    pub(crate) fn name_region(&self, index: u32, number: u64) {
        let mut state = self.lock();
        match state.names.get_mut(index as usize) {
            Some(name) => *name = number,
            None => state.names.push(number),
        }
    }

    pub(crate) fn register_lane_segment(&self, lane: Arc<LaneShared>, segment: Arc<LaneSegment>) {
        self.lock().lane_segments.push((lane, segment));
    }

    pub(crate) fn take_supplies(&self) -> Vec<LaneSupply> {
        std::mem::take(&mut self.lock().supplies)
    }

    pub(crate) fn put_supplies(&self, mut supplies: Vec<LaneSupply>) {
        self.lock().supplies.append(&mut supplies);
    }
}
