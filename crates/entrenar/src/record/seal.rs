//! What the journal has becomes part of the store.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use entrenar_journal::{Journal, RecorderId, RecorderLock};

use super::core::Core;
use super::status::Trouble;
use crate::session::SystemClock;
use crate::store::recording::{Known, SeriesDefinition, journal_folder};
use crate::store::{SqliteStore, StoreError, StoreMode};

/// How long one try waits for another process's write lock.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// Seals one recorder's journal into its store.
#[derive(Debug)]
pub(super) struct Sealing {
    core: Arc<Core>,
    journal: Arc<Journal>,
    recorder: RecorderId,
    /// Keeps others from sealing what is left when the journal is closed.
    lock: Option<Arc<RecorderLock>>,
    path: PathBuf,
    folder: PathBuf,
    store: Option<Opened>,
    /// The store sealed something before.
    has_sealed: bool,
    /// The store lost what was sealed before.
    is_gone: bool,
    /// All series, as far as they were asked for.
    series: Vec<SeriesDefinition>,
    /// Points and frames of the journal that were sealed when nothing was left to seal.
    done: Option<(u64, u64)>,
}

/// An open store, and which file it is.
#[derive(Debug)]
struct Opened {
    store: SqliteStore,
    file: Option<FileId>,
}

impl Sealing {
    pub(super) fn new(path: PathBuf, journal: Arc<Journal>, core: Arc<Core>) -> Self {
        Self {
            recorder: journal.recorder(),
            lock: journal.lock().ok(),
            folder: journal_folder(&path),
            core,
            journal,
            path,
            store: None,
            has_sealed: false,
            is_gone: false,
            series: Vec::new(),
            done: None,
        }
    }

    /// The store.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the store was found to be deleted or replaced since this was asked last.
    pub(super) fn take_gone(&mut self) -> bool {
        std::mem::take(&mut self.is_gone)
    }

    /// Seals what was logged until now, if anything; the number of points.
    pub(super) fn seal(&mut self) -> Result<u64, Trouble> {
        let status = self.journal.status().map_err(Trouble::Journal)?;
        let now = (status.logged, self.core.frames());
        let is_there = self
            .store
            .as_ref()
            .is_some_and(|opened| opened.is_at(&self.path));
        if self.done == Some(now) && is_there {
            return Ok(0);
        }
        let below = self.journal.next_file().map_err(Trouble::Journal)?;
        let sealed = self.with_store(|store, folder, recorder, known| {
            store.seal(folder, recorder, below, known)
        })?;
        self.note(sealed.began);
        self.journal
            .release(sealed.below)
            .map_err(Trouble::Journal)?;
        self.done = Some(now);
        Ok(sealed.points)
    }

    /// Seals everything, when the journal is closed, and deletes it; the number of points.
    pub(super) fn seal_rest(&mut self) -> Result<u64, Trouble> {
        let recovered = self.with_store(|store, folder, recorder, known| {
            let recovered = store.seal_rest(folder, recorder, Some(known))?;
            // Forked children leave journals of their own. Others' troubles are not ours.
            store.recover_orphans(folder).ok();
            Ok(recovered)
        })?;
        self.note(recovered.sealed.began);
        self.lock = None;
        Ok(recovered.sealed.points)
    }

    fn note(&mut self, began: bool) {
        self.is_gone |= began && self.has_sealed;
        self.has_sealed = true;
    }

    /// Works on the store, which is opened if need be. After a failure it is opened anew.
    fn with_store<T>(
        &mut self,
        work: impl FnOnce(&mut SqliteStore, &Path, RecorderId, Known<'_>) -> Result<T, StoreError>,
    ) -> Result<T, Trouble> {
        let new = self.core.known.definitions(self.series.len());
        self.series.extend(new);
        // What did not reach the journal, the recorder tells itself.
        let dropped = self.journal.status().map_or(0, |status| status.dropped);
        let known = Known {
            start: &self.core.known.start,
            series: &self.series,
            dropped,
        };
        let kept = self.store.take().filter(|opened| opened.is_at(&self.path));
        let opened = kept.map_or_else(|| Opened::open(&self.path), Ok);
        let worked = opened.and_then(|mut opened| {
            let done = work(&mut opened.store, &self.folder, self.recorder, known)?;
            Ok((opened, done))
        });
        match worked {
            Ok((opened, done)) => {
                self.store = Some(opened);
                Ok(done)
            }
            Err(error) => Err(Trouble::Store(Arc::new(error))),
        }
    }
}

impl Opened {
    fn open(path: &Path) -> Result<Self, StoreError> {
        let store = SqliteStore::open(path, StoreMode::ReadWrite, SystemClock)?;
        store.take_little_memory()?;
        store.set_busy_timeout(LOCK_PATIENCE)?;
        Ok(Self {
            store,
            file: FileId::of(path),
        })
    }

    /// Whether the store at this path is still the one that was opened.
    fn is_at(&self, path: &Path) -> bool {
        FileId::of(path) == self.file
    }
}

/// Which file a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileId {
    device: u64,
    file: u64,
}

impl FileId {
    #[cfg(unix)]
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let found = std::fs::metadata(path).ok()?;
        Some(Self {
            device: found.dev(),
            file: found.ino(),
        })
    }

    #[cfg(not(unix))]
    fn of(path: &Path) -> Option<Self> {
        path.exists().then_some(Self { device: 0, file: 0 })
    }
}
