//! The recorder: its start, what it takes, its end.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use entrenar_journal::{Journal, Medium, Options, RecorderId, medium, memory_folder};

use super::background::{Background, Shared};
use super::contents;
use super::core::{Core, Known, LANE_BYTES};
use super::earlier::Earlier;
use super::error::RecordError;
use super::handle::SeriesHandle;
use super::live::LiveMetrics;
use super::names::Names;
use super::options::RecorderOptions;
use super::outcome::Outcome;
use super::run::{RunHandle, log_values};
use super::status::{FinishReport, Status, Trouble};
use crate::session::{CellRecord, Clock as _, CodeCell, EntrenarSession, ForkOrigin, SystemClock};
use crate::store::recording::{CellFrame, End, Frame, Start, journal_folder};

/// Points of a segment of memory.
const SLOTS: u32 = 32_768;
/// Bytes of a point in memory.
const SLOT_BYTES: u64 = 64;

/// Records a session while it happens.
///
/// Can be cloned and used from any thread. Nothing that it offers to log with waits for the disk, a lock or
/// another process. When the last clone is dropped, the recording is [finished](Self::finish) without a word.
///
/// ```
/// use entrenar::record::{Recorder, RecorderOptions};
/// use entrenar::session::EntrenarSession;
/// use entrenar::store::{SqliteStore, Store, StoreMode};
/// # let folder = tempfile::tempdir()?;
/// # let store = folder.path().join("entrenar.db");
///
/// let session = EntrenarSession::new("fine-tuning-1", "Fine-tuning").with_config("lr", "1e-3");
/// let recorder = Recorder::start(session, &store, RecorderOptions::default())?;
/// for step in 0..100 {
///     let loss = 1.0 / f64::from(step + 1);
///     recorder.log(step.into(), &[("loss", loss), ("lr", 1e-3)]);
/// }
/// let report = recorder.finish()?;
/// assert!(report.is_complete());
///
/// let store = SqliteStore::open(&store, StoreMode::ReadOnly, entrenar::session::SystemClock)?;
/// assert_eq!(store.session("fine-tuning-1")?.metrics.total_steps(), 100);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Recorder {
    /// The metrics of the session, as far as they are known without reading them back.
    pub metrics: LiveMetrics,
    core: Arc<Core>,
    owner: Arc<Owner>,
}

/// What ends with the last recorder.
struct Owner {
    core: Arc<Core>,
    journal: Arc<Journal>,
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
    store: PathBuf,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("session", &self.session_id())
            .field("store", &self.owner.store)
            .finish_non_exhaustive()
    }
}

impl Recorder {
    /// Begins to record `session` into the store at that path, which is made if it is not there.
    ///
    /// Points and cells that the session has already are recorded first. A session that is in the store goes on
    /// there as `options.resume` says; a name, user and dataset that it has stay. Several processes may record
    /// into one session, each with its own recorder.
    ///
    /// # Errors
    /// Where the session must or must not be there, the store is none or cannot be read, or there is no space or
    /// permission for the journal. A store that is merely locked is no error: it is tried again.
    pub fn start(
        session: EntrenarSession,
        store: impl Into<PathBuf>,
        options: RecorderOptions,
    ) -> Result<Self, RecordError> {
        Self::begin(session, &store.into(), options, None)
    }

    /// Begins a session that goes on from another one at a step: the points of `parent` up to that step (of each
    /// series those until the first beyond it), its runs and its cells are recorded first, and the session
    /// names its parent. With `None` everything is taken. Where several ranks fork, each takes over the points of its
    /// own rank; rank 0, and a recorder without a rank, also what has no rank, and the cells.
    ///
    /// Points are copied a piece at a time; the parent may be of any length, and may be recorded still.
    ///
    /// # Errors
    /// As [`start`](Self::start), or where `parent` (a whole id) is not in the store.
    pub fn fork(
        parent: &str,
        step: Option<i64>,
        session: EntrenarSession,
        store: impl Into<PathBuf>,
        options: RecorderOptions,
    ) -> Result<Self, RecordError> {
        let origin = ForkOrigin {
            session: parent.to_owned(),
            step,
        };
        contents::fork(&origin, session, &store.into(), options)
    }

    pub(super) fn begin(
        session: EntrenarSession,
        store: &Path,
        options: RecorderOptions,
        origin: Option<ForkOrigin>,
    ) -> Result<Self, RecordError> {
        if session.id.is_empty() {
            return Err(RecordError::Id {
                id: session.id,
                reason: "it is empty",
            });
        }
        // The process may go to another folder.
        let store =
            std::path::absolute(store).map_err(crate::files::FileError::at("find", store))?;
        let earlier = Earlier::read(&store, &session.id, options.rank, options.resume)?;
        let folder = journal_folder(&store);
        let recorder = RecorderId::random()?;
        let (start, contents) = description(session, &options, earlier.exists, origin);
        let known = Arc::new(Known {
            start,
            names: Names::new(),
            before: earlier.figures,
        });
        let (journal, place) = create_journal(&folder, recorder, &options, &known)?;
        let core = Arc::new(Core::new(journal.writer(), known, earlier.next_run));
        core.begin()?;
        let journal = Arc::new(journal);
        let shared = Arc::new(Shared::new(options.on_trouble.clone()));
        match place {
            Medium::Memory => {}
            Medium::Network => shared.trouble(Trouble::NetworkFolder),
            _ => shared.trouble(Trouble::NoMemoryFolder),
        }
        let background = Background::new(
            Arc::clone(&core),
            Arc::clone(&journal),
            Arc::clone(&shared),
            store.clone(),
            options,
        );
        let thread = Builder::new()
            .name("entrenar-record".to_owned())
            .spawn(move || background.run())
            .map_err(RecordError::Thread)?;
        let recorder = Self {
            metrics: LiveMetrics {
                core: Arc::clone(&core),
            },
            owner: Arc::new(Owner {
                core: Arc::clone(&core),
                journal,
                shared,
                thread: Mutex::new(Some(thread)),
                store,
            }),
            core,
        };
        contents::record(&recorder, contents);
        Ok(recorder)
    }

    pub(super) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Id of the session.
    pub fn session_id(&self) -> &str {
        &self.core.known.start.session
    }

    /// The store that the session goes to.
    pub fn store(&self) -> &Path {
        &self.owner.store
    }

    /// Logs several values of one step, with the present time. A series is made by its first point; a step that
    /// goes back, NaN and infinities are data.
    ///
    /// ```
    /// # use entrenar::record::{Outcome, Recorder, RecorderOptions};
    /// # use entrenar::session::EntrenarSession;
    /// # let folder = tempfile::tempdir()?;
    /// # let store = folder.path().join("entrenar.db");
    /// # let options = RecorderOptions { environment: None, ..RecorderOptions::default() };
    /// # let recorder = Recorder::start(EntrenarSession::new("s-1", "S"), store, options)?;
    /// let outcome = recorder.log(0, &[("loss", 0.5), ("accuracy", 0.9)]);
    /// assert_eq!(outcome, Outcome::Logged);
    /// # recorder.finish()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn log(&self, step: i64, values: &[(&str, f64)]) -> Outcome {
        let run = self.core.run.load(Ordering::Relaxed);
        log_values(&self.core, run, step, values)
    }

    /// A handle for one series of the run that the recorder is in: the fastest way to log.
    pub fn series(&self, name: &str) -> SeriesHandle {
        let run = self.core.run.load(Ordering::Relaxed);
        SeriesHandle::new(&self.core, name, run)
    }

    /// Records a cell that ran. Its `execution_order` is given anew in the session. Outputs of many megabytes
    /// wait some milliseconds for memory.
    ///
    /// ```
    /// # use entrenar::record::{Recorder, RecorderOptions};
    /// # use entrenar::session::{Clock, CodeCell, EntrenarSession, SystemClock};
    /// # let folder = tempfile::tempdir()?;
    /// # let store = folder.path().join("entrenar.db");
    /// # let options = RecorderOptions { environment: None, ..RecorderOptions::default() };
    /// # let recorder = Recorder::start(EntrenarSession::new("s-1", "S"), store, options)?;
    /// recorder.cell(CodeCell {
    ///     execution_order: 1,
    ///     source: "train(lr=0.1)".into(),
    ///     output: Some("loss 0.5".into()),
    ///     timestamp: SystemClock.now(),
    ///     duration_ms: Some(1200),
    /// });
    /// # recorder.finish()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cell(&self, cell: CodeCell) -> Outcome {
        self.cell_with(cell, CellRecord::default())
    }

    /// Records a cell with its outputs, error and whatever else is known of it.
    pub fn cell_with(&self, cell: CodeCell, record: CellRecord) -> Outcome {
        self.core
            .frame(&Frame::Cell(Box::new(CellFrame { cell, record })))
    }

    /// Sets one entry of the session's configuration.
    pub fn config(&self, name: impl Into<String>, value: impl Into<String>) -> Outcome {
        self.core.frame(&Frame::Config {
            name: name.into(),
            value: value.into(),
        })
    }

    /// Adds a tag to the session.
    pub fn tag(&self, tag: impl Into<String>) -> Outcome {
        self.core.frame(&Frame::Tag(tag.into()))
    }

    /// Replaces the session's notes; `None` removes them.
    pub fn notes(&self, notes: Option<&str>) -> Outcome {
        self.core.frame(&Frame::Notes(notes.map(str::to_owned)))
    }

    /// Begins a training inside the session: what is logged through the recorder belongs to it until it ends or
    /// the next one begins. Handles made before stay with the run that they were made in.
    ///
    /// ```
    /// # use entrenar::record::{Recorder, RecorderOptions};
    /// # use entrenar::session::{EntrenarSession, RunStatus};
    /// # let folder = tempfile::tempdir()?;
    /// # let store = folder.path().join("entrenar.db");
    /// # let options = RecorderOptions { environment: None, ..RecorderOptions::default() };
    /// # let recorder = Recorder::start(EntrenarSession::new("s-1", "S"), store, options)?;
    /// for lr in ["0.1", "0.01"] {
    ///     let run = recorder.begin_run(Some("sweep"), [("lr", lr)]);
    ///     recorder.log(0, &[("loss", 0.5)]);
    ///     run.end(RunStatus::Finished);
    /// }
    /// # recorder.finish()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn begin_run<N: Into<String>, V: Into<String>>(
        &self,
        name: Option<&str>,
        config: impl IntoIterator<Item = (N, V)>,
    ) -> RunHandle {
        let config = config.into_iter();
        let config = config.map(|(name, value)| (name.into(), value.into()));
        RunHandle::begin(
            &self.core,
            name.map(str::to_owned),
            config.collect::<BTreeMap<_, _>>(),
        )
    }

    /// Returns when everything that was logged before survives a power loss. Waits for the disk.
    ///
    /// # Errors
    /// When it does not: there is no space, or the disk failed.
    pub fn flush(&self) -> Result<(), RecordError> {
        Ok(self.owner.journal.flush()?)
    }

    /// How the recording is doing.
    pub fn status(&self) -> Status {
        self.owner.shared.status(&self.owner.journal, &self.core)
    }

    /// Ends the recording: everything becomes part of the store. Handles and clones of the recorder then drop
    /// what they are given. Waits for the disk and, within `options.finish_within`, for the store; what the store
    /// does not take stays in the journal, and is recovered when the store is next opened for it.
    ///
    /// In a forked child this makes what the child logged durable; it is recovered when the child has ended.
    ///
    /// # Errors
    /// When the journal could not be written to its end, so that the last points may be lost with the machine's
    /// memory, or when the recording was finished before.
    pub fn finish(&self) -> Result<FinishReport, RecordError> {
        self.owner.end(false)
    }

    /// As [`finish`](Self::finish), for a training that failed.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn fail(&self) -> Result<FinishReport, RecordError> {
        self.owner.end(true)
    }
}

impl Owner {
    fn end(&self, failed: bool) -> Result<FinishReport, RecordError> {
        if !self.core.is_first_process() {
            self.core.frame(&Frame::End(End {
                at: SystemClock.now(),
                failed,
            }));
            self.journal.flush()?;
            let status = self.shared.status(&self.journal, &self.core);
            return Ok(self.report(status, Some(journal_folder(&self.store))));
        }
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(running) = thread.take() else {
            return Err(RecordError::Finished);
        };
        self.shared.stop(failed);
        // The thread catches nothing: what it had not sealed is in the journal.
        drop(running.join());
        let status = self.shared.status(&self.journal, &self.core);
        let left = self.shared.left_in();
        // After `shut` this tells the same again.
        self.journal.shut()?;
        Ok(self.report(status, left))
    }

    fn report(&self, status: Status, left_in: Option<PathBuf>) -> FinishReport {
        FinishReport {
            session: self.core.known.start.session.clone(),
            points: status.points,
            dropped: status.dropped,
            series: status.series,
            store: self.store.clone(),
            left_in,
            troubles: status.troubles,
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // `finish` is for those who want to know; what is not in the store is in the journal.
        drop(self.end(false));
    }
}

/// What the session is, to be told first, and what it has already.
fn description(
    session: EntrenarSession,
    options: &RecorderOptions,
    resumed: bool,
    forked_from: Option<ForkOrigin>,
) -> (Start, EntrenarSession) {
    let now = SystemClock.now();
    let mut contents = session;
    let started = if resumed {
        now
    } else {
        contents.started_at.unwrap_or(now)
    };
    let start = Start {
        user: contents.user.take(),
        architecture: contents.architecture.take(),
        dataset: contents.dataset.take(),
        config: std::mem::take(&mut contents.config),
        tags: std::mem::take(&mut contents.tags),
        notes: contents.notes.take(),
        rank: options.rank,
        resumed,
        forked_from,
        ..Start::new(&contents.id, &contents.name, started)
    };
    (start, contents)
}

/// Opens the journal; also what kind of memory its segments are in.
fn create_journal(
    folder: &Path,
    recorder: RecorderId,
    options: &RecorderOptions,
    known: &Arc<Known>,
) -> Result<(Journal, Medium), RecordError> {
    let memory = options.memory_folder.clone().or_else(|| memory_folder(&[]));
    let memory = memory.unwrap_or_else(|| folder.to_owned());
    let slots = SLOTS.min(options.burst.max(64).next_power_of_two());
    let bytes = u64::from(slots) * SLOT_BYTES;
    let segments = u32::try_from(options.memory_bytes / bytes).unwrap_or(u32::MAX);
    let segments = segments.clamp(2, 4096);
    let mut journal = Options {
        recorder: Some(recorder),
        slots,
        // Beside the one that is being filled.
        ahead: (options.burst.div_ceil(slots) + 1).clamp(1, segments),
        segments_at_most: segments,
        lane_bytes: LANE_BYTES,
        child: Some(Arc::clone(known) as Arc<_>),
        ..Options::new(&memory, folder)
    };
    if let Some(storage) = &options.storage {
        journal.storage = Arc::clone(storage);
    }
    let journal = Journal::create(journal)?;
    Ok((journal, medium(&memory)))
}
