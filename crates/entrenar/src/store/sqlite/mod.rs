//! The embedded store: one SQLite file in WAL mode.
//!
//! The layout of the file is described in `docs/store-format.md`. Each method is one
//! transaction: reading methods see one state of the store, writing methods take the write lock
//! first and wait for it up to [`BUSY_TIMEOUT`].

mod backup;
mod blob;
mod check;
mod chunk;
mod create;
mod deposits;
mod described;
mod edit;
mod events;
mod failure;
mod import;
mod list;
mod load;
mod open;
mod prepare;
#[cfg(feature = "record")]
mod record;
mod recordings;
mod redact;
mod schema;
mod search;
mod secret;
mod series;
mod value;
mod view;

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use self::failure::Failure;
pub use self::prepare::Prepared;
#[cfg(feature = "record")]
pub use self::record::Piece;
pub use self::schema::MAX_VALUE_BYTES;
use self::secret::Secret;
pub use self::series::{StoredAbscissas, StoredSeries, StoredSeriesInfo};
pub use self::view::StoreView;
use super::{
    Finding, ImportStatus, ListQuery, Redaction, SessionSummary, Store, StoreError, StoredDeposit,
    StoredEvent,
};
use crate::research::archive::{DepositLog, DepositState, LogError};
#[cfg(feature = "record")]
use crate::session::SessionState;
use crate::session::{Clock, EntrenarSession, Fork};

/// For the fuzz target of the chunks; see [`chunk`].
#[cfg(fuzzing)]
pub fn fuzz_chunk(body: &[u8]) {
    chunk::fuzz(body);
}

/// How long a method waits for another process's write lock before [`StoreError::Locked`].
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Whether a store is opened for reading alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreMode {
    /// The file and its folder are made if they are not there; an older schema is migrated.
    ReadWrite,
    /// Nothing is made or changed; writing methods are refused.
    ReadOnly,
}

/// The embedded store: one SQLite file.
///
/// Several processes may open the same file, each with its own `SqliteStore`.
pub struct SqliteStore {
    connection: Connection,
    /// This made the store, and it is not in WAL mode yet.
    is_new: bool,
    /// The first transaction is over.
    has_written: bool,
    /// Memory for pages, once the store is not new.
    cache_kibibytes: Cell<u32>,
    path: PathBuf,
    mode: StoreMode,
    clock: Box<dyn Clock + Send>,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the store at `path`. `clock` gives the times of imports and events.
    ///
    /// # Errors
    /// [`StoreError::NotAStore`] for a folder, a pipe or another program's file,
    /// [`StoreError::NewerSchema`] for the store of a newer entrenar, [`StoreError::ReadOnly`]
    /// where writing was asked for and is not allowed, [`StoreError::File`] where the file is
    /// not there (read-only) or cannot be read or made, [`StoreError::Locked`] where another
    /// process is migrating.
    pub fn open(
        path: &Path,
        mode: StoreMode,
        clock: impl Clock + Send + 'static,
    ) -> Result<Self, StoreError> {
        let (connection, is_new) = open::connect(path, mode)?;
        Ok(Self {
            connection,
            is_new,
            has_written: false,
            cache_kibibytes: Cell::new(open::CACHE_KIBIBYTES),
            path: path.to_owned(),
            mode,
            clock: Box::new(clock),
        })
    }

    /// Makes the store at `path` with `sessions` in it, in one transaction: beside its place,
    /// synced, then given its name, so that it is there whole or not at all. That is faster than
    /// [`open`](Self::open) and an import, whose transaction is safe with other processes.
    ///
    /// `None` if something is at `path` already, or a file cannot be made beside it; `sessions` is
    /// not asked for any then. If another process makes the store meanwhile, the sessions are
    /// imported into that.
    ///
    /// # Errors
    /// As [`import_all`](Store::import_all).
    pub fn create<'a>(
        path: &Path,
        clock: impl Clock + Send + 'static,
        sessions: impl IntoIterator<Item = Prepared<'a>>,
    ) -> Result<Option<Vec<Result<ImportStatus, StoreError>>>, StoreError> {
        create::create(path, clock, sessions)
    }

    /// The store's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Changes how long a method waits for another process, [`BUSY_TIMEOUT`] at first.
    ///
    /// # Errors
    /// If SQLite refuses.
    pub fn set_busy_timeout(&self, timeout: Duration) -> Result<(), StoreError> {
        self.connection
            .busy_timeout(timeout)
            .map_err(|error| Failure::from(error).at(&self.path))
    }

    /// [`import_all`](Store::import_all) of sessions that were prepared, on other threads
    /// perhaps. `sessions` is asked for the next one while the store's write lock is held.
    ///
    /// # Errors
    /// As [`import_all`](Store::import_all).
    pub fn import_prepared<'a>(
        &mut self,
        sessions: impl IntoIterator<Item = Prepared<'a>>,
    ) -> Result<Vec<Result<ImportStatus, StoreError>>, StoreError> {
        let path = self.path.clone();
        self.write(|transaction, clock| import::all(transaction, clock, sessions, &path))
    }

    /// The session without its points, cells and document. [`series_of`](Self::series_of) and
    /// [`series`](Self::series) give the points.
    ///
    /// # Errors
    /// As [`session`](Store::session).
    pub fn description(&self, id: &str) -> Result<EntrenarSession, StoreError> {
        self.read(|connection| load::description(connection, id, load::row_of(connection, id)?))
    }

    /// Runs `work` on one state of the store: that of a [`StoreView`] if there is one.
    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        let run = || {
            if !self.connection.is_autocommit() {
                return work(&self.connection);
            }
            let transaction = self.connection.unchecked_transaction()?;
            // Dropped, which ends it: there is nothing to commit.
            work(&transaction)
        };
        run().map_err(|failure: Failure| failure.at(&self.path))
    }

    /// Runs `work` with the write lock; nothing is changed if it fails.
    fn write<T>(
        &mut self,
        work: impl FnOnce(&mut Transaction<'_>, &dyn Clock) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        if self.mode == StoreMode::ReadOnly {
            return Err(StoreError::ReadOnly {
                path: self.path.clone(),
            });
        }
        if self.is_new && self.has_written {
            open::settle(&self.connection, self.cache_kibibytes.get())
                .map_err(|failure| failure.at(&self.path))?;
            self.is_new = false;
        }
        let clock = &*self.clock;
        let run = || {
            let mut transaction = self
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&mut transaction, clock)?;
            transaction.commit()?;
            Ok(value)
        };
        let result = run();
        self.has_written = true;
        result.map_err(|failure: Failure| failure.at(&self.path))
    }
}

impl Store for SqliteStore {
    fn import(
        &mut self,
        session: &EntrenarSession,
        source: Option<&[u8]>,
    ) -> Result<ImportStatus, StoreError> {
        self.import_all(&[(session, source)])?
            .pop()
            .unwrap_or(Ok(ImportStatus::Unchanged))
    }

    fn import_all(
        &mut self,
        sessions: &[(&EntrenarSession, Option<&[u8]>)],
    ) -> Result<Vec<Result<ImportStatus, StoreError>>, StoreError> {
        self.import_prepared(sessions.iter().map(|(session, source)| {
            Prepared::new(Cow::Borrowed(session), source.map(Cow::Borrowed))
        }))
    }

    fn resolve(&self, prefix: &str) -> Result<String, StoreError> {
        self.read(|connection| load::resolve(connection, prefix))
    }

    fn list(&self, query: &ListQuery) -> Result<Vec<SessionSummary>, StoreError> {
        #[cfg_attr(
            not(feature = "record"),
            expect(unused_mut, reason = "live sessions are completed")
        )]
        let mut list = self.read(|connection| list::list(connection, query))?;
        #[cfg(feature = "record")]
        for summary in &mut list {
            if summary.state == Some(SessionState::Live) {
                self.complete(summary)?;
            }
        }
        Ok(list)
    }

    fn metric_names(&self) -> Result<Vec<String>, StoreError> {
        self.read(list::all_metric_names)
    }

    fn session(&self, id: &str) -> Result<EntrenarSession, StoreError> {
        #[cfg(feature = "record")]
        {
            let folder = self.journal_folder();
            record::with_tail(|| {
                self.read(|connection| {
                    let session = load::session(connection, id)?;
                    let tail = match session.state {
                        Some(SessionState::Live) => record::tail(connection, &folder, id)?,
                        _ => None,
                    };
                    Ok((session, tail))
                })
            })
        }
        #[cfg(not(feature = "record"))]
        self.read(|connection| load::session(connection, id))
    }

    fn source(&self, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|connection| load::source(connection, id))
    }

    fn tag(&mut self, id: &str, add: &[String], remove: &[String]) -> Result<(), StoreError> {
        self.write(|transaction, clock| edit::tag(transaction, clock, id, add, remove))
    }

    fn set_notes(&mut self, id: &str, notes: Option<&str>) -> Result<(), StoreError> {
        self.write(|transaction, clock| edit::set_notes(transaction, clock, id, notes))
    }

    fn rename(&mut self, id: &str, name: &str) -> Result<(), StoreError> {
        self.write(|transaction, clock| edit::rename(transaction, clock, id, name))
    }

    fn artifact_metadata(&self, id: &str) -> Result<Option<String>, StoreError> {
        self.read(|connection| described::read(connection, described::METADATA, id))
    }

    fn set_artifact_metadata(&mut self, id: &str, toml: Option<&str>) -> Result<(), StoreError> {
        self.write(|transaction, clock| {
            described::set(transaction, clock, described::METADATA, id, toml)
        })
    }

    fn references(&self, id: &str) -> Result<Option<String>, StoreError> {
        self.read(|connection| described::read(connection, described::REFERENCES, id))
    }

    fn set_references(&mut self, id: &str, csl_json: Option<&str>) -> Result<(), StoreError> {
        self.write(|transaction, clock| {
            described::set(transaction, clock, described::REFERENCES, id, csl_json)
        })
    }

    fn deposits(&self, session: Option<&str>) -> Result<Vec<StoredDeposit>, StoreError> {
        self.read(|connection| deposits::list(connection, session))
    }

    fn save_deposit(&mut self, state: &DepositState) -> Result<(), StoreError> {
        self.write(|transaction, clock| deposits::save(transaction, clock, state))
    }

    fn remove(&mut self, id: &str) -> Result<(), StoreError> {
        self.write(|transaction, clock| edit::remove(transaction, clock, id))
    }

    fn redact(&mut self, id: &str, secret: &str) -> Result<Redaction, StoreError> {
        let secret = Secret::new(secret).map_err(redact::unredactable)?;
        let redaction =
            self.write(|transaction, clock| redact::rows(transaction, clock, id, secret))?;
        // Also where nothing was found: an earlier call may have been kept from it by a reader.
        redact::purge(&self.connection).map_err(|failure| failure.at(&self.path))?;
        Ok(redaction)
    }

    fn forks(&self, id: &str) -> Result<Vec<Fork>, StoreError> {
        self.read(|connection| {
            load::row_of(connection, id)?;
            recordings::forks(connection, id)
        })
    }

    fn events(&self, id: Option<&str>) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(|connection| events::read(connection, id))
    }

    fn backup(&self, path: &Path) -> Result<(), StoreError> {
        backup::write(&self.connection, path)
    }

    fn check(&self) -> Result<Vec<Finding>, StoreError> {
        self.read(|connection| Ok(check::check(connection, &self.path)))
    }
}

impl DepositLog for SqliteStore {
    fn save(&mut self, state: &DepositState) -> Result<(), LogError> {
        Ok(self.save_deposit(state)?)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::session::SystemClock;

    #[cfg(feature = "record")]
    #[test]
    fn who_asked_for_little_memory_keeps_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let mut store = SqliteStore::open(&path, StoreMode::ReadWrite, SystemClock).unwrap();
        let kibibytes = |store: &SqliteStore| -> i64 {
            let cache = store
                .connection
                .query_row("PRAGMA cache_size", [], |row| row.get(0));
            cache.unwrap()
        };
        store.take_little_memory().unwrap();
        let little = kibibytes(&store);
        // Behind the first transaction of a new store comes another way of writing.
        for id in ["a", "b", "c"] {
            let session = EntrenarSession::empty(id, "Small");
            store.import(&session, None).unwrap();
            assert_eq!(kibibytes(&store), little);
        }
        let mut store = SqliteStore::open(&path, StoreMode::ReadWrite, SystemClock).unwrap();
        store
            .import(&EntrenarSession::empty("d", "Usual"), None)
            .unwrap();
        assert!(kibibytes(&store) < little, "negative numbers are KiB");
    }

    #[test]
    fn a_full_disk_is_an_error_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let mut store = SqliteStore::open(&path, StoreMode::ReadWrite, SystemClock).unwrap();
        let kept = EntrenarSession::empty("kept", "Kept");
        store.import(&kept, None).unwrap();
        let pages: i64 = store
            .connection
            .query_row("PRAGMA page_count", [], |row| row.get(0))
            .unwrap();
        store
            .connection
            .query_row(
                &format!("PRAGMA max_page_count = {}", pages + 10),
                [],
                |_row| Ok(()),
            )
            .unwrap();
        let large = EntrenarSession::empty("large", "x".repeat(1 << 20));
        let error = store.import(&large, None).unwrap_err();
        assert!(
            matches!(&error, StoreError::Full { path: at } if *at == path),
            "{error:?}"
        );
        assert_eq!(store.list(&ListQuery::default()).unwrap().len(), 1);
        assert_eq!(store.session("kept").unwrap(), kept);
        assert_eq!(store.check().unwrap(), []);
    }

    #[test]
    fn a_first_transaction_that_crashed_is_undone_by_a_reader() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let mut store = SqliteStore::open(&at("a.db"), StoreMode::ReadWrite, SystemClock).unwrap();
        store
            .connection
            .execute_batch("PRAGMA cache_size = 1")
            .unwrap();
        let transaction = store.connection.transaction().unwrap();
        transaction
            .execute_batch(
                "INSERT INTO blobs (sha256, size, data)
                 SELECT randomblob(32), 20000, randomblob(20000) FROM pragma_table_list LIMIT 10",
            )
            .unwrap();
        // What the disk holds if the machine stops here.
        fs::copy(at("a.db"), at("b.db")).unwrap();
        fs::copy(at("a.db-journal"), at("b.db-journal")).unwrap();
        drop(transaction);
        assert!(fs::metadata(at("b.db")).unwrap().len() > 100_000);

        let reader = SqliteStore::open(&at("b.db"), StoreMode::ReadOnly, SystemClock).unwrap();
        assert_eq!(reader.check().unwrap(), []);
        assert_eq!(reader.list(&ListQuery::default()).unwrap(), []);
        let blobs: i64 = reader
            .connection
            .query_row("SELECT count(*) FROM blobs", [], |row| row.get(0))
            .unwrap();
        assert_eq!(blobs, 0);
    }
}
