//! A new store: made beside its place, synced, then given its name, so that it is there whole or
//! not at all.
//!
//! Nobody else has the file until then, so nothing of SQLite's care for other processes and for
//! crashes is needed while it is written: no journal on disk, no syncs. The disk begins to write
//! while the sessions still come.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, Transaction};

use super::failure::Failure;
use super::open::{FIRST_CACHE_KIBIBYTES, PAGE_BYTES, keep_plans, make_parent, migrate};
use super::{Prepared, SqliteStore, StoreMode, import};
use crate::files::{FileError, beside, parent_of, sync_parent};
use crate::session::Clock;
use crate::store::{ImportStatus, Store as _, StoreError};

/// The disk is given what was written whenever the file has grown by so many bytes.
const FLUSH_BYTES: u64 = 4 << 20;
/// How often that is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A file beside the place of a store. It is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Draft {
    path: PathBuf,
    /// Locked as long as its process lives.
    file: File,
}

impl Drop for Draft {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next who makes a store here.
        drop(fs::remove_file(&self.path));
    }
}

impl Draft {
    /// An empty file.
    pub(super) fn begin(place: &Path) -> Result<Self, FileError> {
        remove_abandoned(place);
        loop {
            /// Threads of one process may make the same store.
            static MADE: AtomicU64 = AtomicU64::new(0);
            let number = MADE.fetch_add(1, Ordering::Relaxed);
            let path = beside(place).with_extension(format!("{number}.partial"));
            let file = File::options()
                .read(true)
                .write(true)
                .create_new(true)
                .open(&path)
                .map_err(FileError::at("create", &path))?;
            // Waits for nobody but one who takes it for abandoned. Without locks on this file
            // system, a file that is left behind stays.
            drop(file.lock());
            let draft = Self { path, file };
            if draft.path.exists() {
                return Ok(draft);
            }
        }
    }

    /// Writes the schema and what `work` writes in a first transaction, and syncs the file.
    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let value = self.fill(work)?;
        self.file
            .sync_all()
            .map_err(FileError::at("sync", &self.path))?;
        Ok(value)
    }

    fn fill<T>(
        &self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        // The journal in memory is for sessions that are refused half-way.
        let mut connection = Connection::open(&self.path)?;
        keep_plans(&connection)?;
        connection.execute_batch(&format!(
            "PRAGMA page_size = {PAGE_BYTES}; PRAGMA secure_delete = ON;
             PRAGMA foreign_keys = ON; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -{FIRST_CACHE_KIBIBYTES};"
        ))?;
        for mode in ["locking_mode = EXCLUSIVE", "journal_mode = MEMORY"] {
            connection.query_row(&format!("PRAGMA {mode}"), [], |_row| Ok(()))?;
        }
        // This one writes the first page.
        connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL")?;
        migrate(&mut connection, &self.path)?;
        let (done, is_done) = mpsc::channel::<()>();
        let value = thread::scope(|scope| {
            scope.spawn(move || {
                let mut flushed = 0;
                while is_done.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                    let length = self.file.metadata().map_or(0, |file| file.len());
                    if length >= flushed + FLUSH_BYTES {
                        // Only for the time it saves: `write` syncs the whole and tells of errors.
                        drop(self.file.sync_data());
                        flushed = length;
                    }
                }
            });
            let transaction = connection.transaction();
            let value = transaction
                .map_err(Failure::from)
                .and_then(|mut transaction| {
                    let value = work(&mut transaction)?;
                    transaction.commit()?;
                    Ok(value)
                });
            drop(done);
            value
        })?;
        connection.close().map_err(|(_connection, error)| error)?;
        Ok(value)
    }

    /// Gives the file its name. Tells whether that went: something may be there by now, and not
    /// every file system has hard links.
    pub(super) fn place(&self, place: &Path) -> Result<bool, FileError> {
        if fs::hard_link(&self.path, place).is_err() {
            return Ok(false);
        }
        sync_parent(place)?;
        Ok(true)
    }
}

/// What became of each session of an import.
type Statuses = Vec<Result<ImportStatus, StoreError>>;

/// See [`SqliteStore::create`].
pub(super) fn create<'a>(
    place: &Path,
    clock: impl Clock + Send + 'static,
    sessions: impl IntoIterator<Item = Prepared<'a>>,
) -> Result<Option<Statuses>, StoreError> {
    if fs::symlink_metadata(place).is_ok() || make_parent(place).is_err() {
        return Ok(None);
    }
    // Opening the store in its place says what is wrong.
    let Ok(draft) = Draft::begin(place) else {
        return Ok(None);
    };
    let mut ids = Vec::new();
    let sessions = sessions
        .into_iter()
        .inspect(|prepared| ids.push(prepared.session().id.clone()));
    let statuses = draft
        .write(|transaction| import::all(transaction, &clock, sessions, place))
        .map_err(|failure| failure.at(place))?;
    if draft.place(place)? {
        return Ok(Some(statuses));
    }
    let from = SqliteStore::open(
        &draft.path,
        StoreMode::ReadOnly,
        crate::session::SystemClock,
    )?;
    let mut to = SqliteStore::open(place, StoreMode::ReadWrite, clock)?;
    let merge = |(id, status): (String, Result<ImportStatus, StoreError>)| {
        if let Err(refused) = status {
            return Ok(Err(refused));
        }
        let (session, source) = (from.session(&id)?, from.source(&id)?);
        let mut done = to.import_all(&[(&session, source.as_deref())])?;
        Ok(done.pop().unwrap_or(Ok(ImportStatus::Unchanged)))
    };
    ids.into_iter()
        .zip(statuses)
        .map(merge)
        .collect::<Result<Statuses, StoreError>>()
        .map(Some)
}

/// Removes the files of processes that ended while they made this store.
fn remove_abandoned(place: &Path) {
    let name = beside(place);
    let Some((start, _)) = name
        .file_name()
        .and_then(OsStr::to_str)
        .and_then(|name| name.strip_suffix(".partial")?.rsplit_once('.'))
    else {
        return;
    };
    let Ok(entries) = fs::read_dir(parent_of(place)) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let numbers = name
            .to_str()
            .and_then(|name| name.strip_prefix(start)?.strip_suffix(".partial"));
        // Process and number: the copy that a backup makes has no number.
        let is_draft = numbers.is_some_and(|numbers| {
            let mut parts = numbers.split('.').skip(1);
            let mut is_number = || parts.next().is_some_and(|part| part.parse::<u64>().is_ok());
            is_number() && is_number() && parts.next().is_none()
        });
        if is_draft
            && let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
        {
            drop(fs::remove_file(entry.path()));
        }
    }
}
