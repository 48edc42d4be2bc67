//! The journal, its writers and its lanes.

use std::fs;
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use crate::ahead::Ahead;
use crate::clock::now_micros;
use crate::disk::{Disk, opening};
use crate::error::Error;
use crate::files::Files;
use crate::head::{FileKind, FileName, Owner, RecorderId};
use crate::lane::{self, LaneWriter, Refused};
use crate::lock::RecorderLock;
use crate::options::Options;
use crate::shared::{Shared, Status};
use crate::slot::Point;
use crate::tickets::Taken;

/// Pause between two looks for room.
const WAIT: Duration = Duration::from_micros(200);

/// What became of a point or frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken: nothing that leaves disk and memory of the machine alone can lose it. Its number.
    Logged(u64),
    /// It was not taken, and was counted.
    Dropped(Reason),
}

/// Why a point or frame was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// All segments are full: the disk does not follow, or memory is short. See [`Journal::status`].
    NoSegment,
    /// The frame is longer than a lane's segment.
    TooLong,
    /// The journal is closed, or refuses to write after a failure.
    Closed,
    /// A forked process could not open a journal of its own.
    Forked,
}

/// An open journal. Dropping it closes it; [`Journal::close`] tells how that went.
#[derive(Debug)]
pub struct Journal {
    inner: Arc<Inner>,
    /// Ahead thread, disk thread.
    threads: ManuallyDrop<Mutex<Vec<JoinHandle<()>>>>,
    lock: Arc<RecorderLock>,
}

/// What journal, writers and lanes hold.
#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    /// In a forked child: its own journal, opened by its first call.
    child: OnceLock<Option<Journal>>,
    /// Process that is opening `child`.
    opener: AtomicU64,
}

impl Journal {
    /// Opens a journal: makes both folders if need be, the first segments, and the first file.
    ///
    /// # Errors
    /// When an option makes no sense, when the file system refuses, or when there is no space.
    pub fn create(options: Options) -> Result<Self, Error> {
        options.check()?;
        for folder in [&options.segments_folder, &options.journal_folder] {
            fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        }
        let recorder = options.recorder.map_or_else(RecorderId::random, Ok)?;
        let lock = Arc::new(RecorderLock::of_new(&options.journal_folder, recorder)?);
        let owner = Owner {
            recorder,
            pid: std::process::id(),
            started: now_micros(),
        };
        let shared = Arc::new(Shared::new(options, owner)?);
        let files = Files::create(
            Arc::clone(&shared.options.storage),
            &shared.options.journal_folder,
            owner,
            shared.segments.slots(),
            &opening(&shared, 0, 0, &[], &[]),
        )?;
        let mut ahead = Ahead::new(Arc::clone(&shared));
        if let Err(error) = ahead.start() {
            shared.remove_segments()?;
            return Err(error);
        }
        let disk = Disk::new(Arc::clone(&shared), files);
        let thread = |name: &str| Builder::new().name(name.to_owned());
        let failed = |error| Error::Thread(Arc::new(error));
        let journal = Self {
            inner: Arc::new(Inner {
                shared,
                child: OnceLock::new(),
                opener: AtomicU64::new(0),
            }),
            threads: ManuallyDrop::default(),
            lock,
        };
        let ahead = thread("entrenar-ahead")
            .spawn(|| ahead.run())
            .map_err(failed)?;
        journal.add_thread(ahead);
        let disk = thread("entrenar-disk")
            .spawn(|| disk.run())
            .map_err(failed)?;
        journal.add_thread(disk);
        Ok(journal)
    }

    /// Id of the recorder.
    #[must_use]
    pub fn recorder(&self) -> RecorderId {
        self.inner.shared.owner.recorder
    }

    /// The lock that says that this recorder is alive. Whoever keeps it keeps others from sealing what the
    /// journal leaves when it is closed.
    ///
    /// # Errors
    /// In a forked process that has no journal of its own.
    pub fn lock(&self) -> Result<Arc<RecorderLock>, Error> {
        if self.inner.shared.guard.is_owner() {
            return Ok(Arc::clone(&self.lock));
        }
        self.inner.child().ok_or(Error::Forked)?;
        let child = self.inner.child.get().and_then(Option::as_ref);
        child.ok_or(Error::Forked)?.lock()
    }

    /// A handle to log points with, from any thread.
    #[must_use]
    pub fn writer(&self) -> Writer {
        Writer {
            inner: Arc::clone(&self.inner),
        }
    }

    /// A new lane, for one thread. Takes a lock and allocates.
    ///
    /// # Errors
    /// When there is no space, or the journal is closed.
    pub fn lane(&self) -> Result<Lane, Error> {
        self.inner.lane()
    }

    /// Returns when all points and frames whose `log` or `append` returned before survive a power loss.
    ///
    /// # Errors
    /// When they do not: there is no space ([`Error::Full`], it is tried again), or the journal refuses to
    /// write.
    pub fn flush(&self) -> Result<(), Error> {
        self.inner.own()?.shared.request(false).map(drop)
    }

    /// Ends the current journal file and begins the next; its number. All files below it are complete and
    /// durable.
    ///
    /// # Errors
    /// As [`Journal::flush`].
    pub fn next_file(&self) -> Result<u64, Error> {
        self.inner.own()?.shared.request(true)
    }

    /// Deletes the journal files below this number: what they hold is elsewhere by now.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn release(&self, below: u64) -> Result<(), Error> {
        let shared = &self.inner.own()?.shared;
        for number in shared.release(below) {
            let name = FileName {
                recorder: shared.owner.recorder,
                kind: FileKind::Journal,
                number,
            };
            let path = shared.options.journal_folder.join(name.to_string());
            shared
                .options
                .storage
                .remove(&path)
                .map_err(Error::io("delete", path))?;
        }
        Ok(())
    }

    /// How the journal is doing.
    ///
    /// # Errors
    /// In a forked process that has no journal of its own.
    pub fn status(&self) -> Result<Status, Error> {
        Ok(self.inner.own()?.shared.status())
    }

    /// Writes everything and the sealing mark, and deletes the segments.
    ///
    /// # Errors
    /// When something could not be written; segments and files then stay for [`recover`](crate::recover()).
    pub fn close(self) -> Result<(), Error> {
        self.shut()
    }

    fn add_thread(&self, thread: JoinHandle<()>) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.push(thread);
    }

    /// As [`Journal::close`], for a journal that others still hold: their points and frames are dropped from
    /// then on. A second call tells the same.
    ///
    /// # Errors
    /// As [`Journal::close`].
    pub fn shut(&self) -> Result<(), Error> {
        if !self.inner.shared.guard.is_owner() {
            // The threads and files are the parent's; the child's own journal goes with `inner`.
            return Ok(());
        }
        let shared = &self.inner.shared;
        // Held until both have ended, so that nobody is told too early.
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ending = threads.drain(..);
        if let Some(ahead) = ending.next() {
            shared.stop_ahead();
            drop(ahead.join());
        }
        if let Some(disk) = ending.next() {
            shared.ask_to_close();
            drop(disk.join());
        }
        shared.close_result()
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // `close` is for those who want to know; what could not be written stays in the segments.
        drop(self.shut());
    }
}

impl Inner {
    /// This process's own: `self`, or what a forked child opened.
    fn own(&self) -> Result<&Self, Error> {
        if self.shared.guard.is_owner() {
            return Ok(self);
        }
        self.child().ok_or(Error::Forked)
    }

    /// The forked child's journal, opened by the first who asks. Nobody waits for the opener: what comes
    /// meanwhile has no journal.
    #[cold]
    fn child(&self) -> Option<&Self> {
        if self.child.get().is_none() {
            let pid = u64::from(std::process::id());
            let before = self.opener.load(Ordering::Relaxed);
            if before == pid
                || self
                    .opener
                    .compare_exchange(before, pid, Ordering::AcqRel, Ordering::Relaxed)
                    .is_err()
            {
                return None;
            }
            let opened = self.open_child().ok();
            if self.child.set(opened).is_err() {
                return None;
            }
        }
        self.child.get()?.as_ref()?.inner.own().ok()
    }

    /// A journal in the same folders, which begins with what the parent's opener of it wants to say.
    fn open_child(&self) -> Result<Journal, Error> {
        let recorder = RecorderId::random()?;
        let options = &self.shared.options;
        let said = options.child.as_ref().map(|child| child.open(recorder));
        let journal = Journal::create(Options {
            recorder: Some(recorder),
            ..options.clone()
        })?;
        if let Some(said) = said {
            let mut lane = journal.lane()?;
            for frame in &said {
                lane.append_within(frame, Duration::from_secs(1));
            }
        }
        Ok(journal)
    }

    fn lane(self: &Arc<Self>) -> Result<Lane, Error> {
        if !self.shared.guard.is_owner() {
            self.child().ok_or(Error::Forked)?;
            let child = self
                .child
                .get()
                .and_then(Option::as_ref)
                .ok_or(Error::Forked)?;
            return child.inner.lane();
        }
        let shared = &self.shared;
        if shared.is_closed() {
            return Err(Error::Closed);
        }
        let id = shared.next_lane();
        let (writer, supply) = lane::open(shared, id)?;
        shared.put_supplies(vec![supply]);
        shared.segments.sleeper.wake();
        Ok(Lane {
            inner: Arc::clone(self),
            writer: ManuallyDrop::new(writer),
        })
    }
}

/// Logs points, from any number of threads.
#[derive(Debug, Clone)]
pub struct Writer {
    inner: Arc<Inner>,
}

impl Writer {
    /// Logs a point: no system call, no lock, no wait for disk or another thread.
    ///
    /// In a forked child the first call opens a journal of the child's own, which takes longer.
    #[inline]
    pub fn log(&self, point: &Point) -> Outcome {
        if !self.inner.shared.guard.is_owner() {
            return self.log_in_child(point);
        }
        outcome(self.inner.shared.segments.log(point), &self.inner.shared)
    }

    /// Logs a value with the present time.
    #[inline]
    pub fn log_now(&self, series: u32, step: i64, value: f64) -> Outcome {
        let micros = now_micros();
        self.log(&Point {
            series,
            flags: 0,
            step: Some(step),
            value,
            micros,
            epoch: None,
        })
    }

    /// Waits until there is room for so many points, at most for `patience`; says whether there is. Whoever else
    /// logs meanwhile takes of it. For what is copied faster than the disk follows; not for a training.
    pub fn wait_for_room(&self, points: u32, patience: Duration) -> bool {
        let segments = &self.inner.shared.segments;
        let mut since = None;
        loop {
            if segments.room() >= u64::from(points) {
                return true;
            }
            if since.get_or_insert_with(Instant::now).elapsed() >= patience {
                return false;
            }
            segments.sleeper.wake();
            std::thread::sleep(WAIT);
        }
    }

    /// As [`Writer::log`], but with the wrong order of publication: the tests must notice.
    #[cfg(feature = "faults")]
    pub fn log_reversed(&self, point: &Point) -> Outcome {
        outcome(
            self.inner.shared.segments.log_reversed(point),
            &self.inner.shared,
        )
    }

    /// Takes a place and never publishes a point there, as a thread does that is stopped for ever.
    #[cfg(feature = "faults")]
    pub fn take_only(&self) -> Outcome {
        outcome(self.inner.shared.segments.take_only(), &self.inner.shared)
    }

    /// As [`Journal::lane`].
    ///
    /// # Errors
    /// As [`Journal::lane`].
    pub fn lane(&self) -> Result<Lane, Error> {
        self.inner.lane()
    }

    #[cold]
    fn log_in_child(&self, point: &Point) -> Outcome {
        match self.inner.child() {
            Some(own) => outcome(own.shared.segments.log(point), &own.shared),
            None => Outcome::Dropped(Reason::Forked),
        }
    }
}

#[inline]
fn outcome(taken: Taken, shared: &Shared) -> Outcome {
    match taken {
        Taken::Slot(sequence) => Outcome::Logged(sequence),
        Taken::Over => Outcome::Dropped(Reason::NoSegment),
        Taken::Closed => {
            shared.segments.tickets.count_dropped(1);
            Outcome::Dropped(Reason::Closed)
        }
    }
}

/// Frames of any length from one thread, in their order.
#[derive(Debug)]
pub struct Lane {
    inner: Arc<Inner>,
    writer: ManuallyDrop<LaneWriter>,
}

impl Lane {
    /// Number of the lane in its journal.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.writer.shared.id
    }

    /// Appends a frame: no system call, no lock, no wait. Its number in the lane.
    pub fn append(&mut self, frame: &[u8]) -> Outcome {
        self.append_within(frame, Duration::ZERO)
    }

    /// As [`Lane::append`], but where no segment is ready it waits for one, at most this long. Segments are
    /// made within milliseconds unless memory is short or the disk does not follow.
    pub fn append_within(&mut self, frame: &[u8], patience: Duration) -> Outcome {
        if !self.inner.shared.guard.is_owner() {
            match self.inner.lane() {
                Ok(lane) => *self = lane,
                Err(_) => return Outcome::Dropped(Reason::Forked),
            }
        }
        let mut since = None;
        let reason = loop {
            match self.writer.append(frame) {
                Ok(number) => return Outcome::Logged(number),
                Err(Refused::TooLong) => break Reason::TooLong,
                Err(Refused::NoSegment) if patience.is_zero() => break Reason::NoSegment,
                Err(Refused::NoSegment) => {
                    if since.get_or_insert_with(Instant::now).elapsed() >= patience {
                        break Reason::NoSegment;
                    }
                    std::thread::sleep(WAIT);
                }
                Err(Refused::Finished) => break Reason::Closed,
            }
        };
        self.inner
            .shared
            .dropped_frames
            .fetch_add(1, Ordering::Relaxed);
        Outcome::Dropped(reason)
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        // In a forked child the writer is the parent's: its state lies in memory that is not shared, but
        // its channel may be in use by a thread that the child does not have.
        if self.inner.shared.guard.is_owner() {
            self.writer.finish();
        }
    }
}
