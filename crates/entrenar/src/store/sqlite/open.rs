//! Opening: is it ours, is it readable, which schema has it.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::create::Draft;
use super::failure::Failure;
use super::schema::{APPLICATION_ID, MIGRATIONS, OLDEST_READABLE};
use super::value::length;
use super::{BUSY_TIMEOUT, StoreMode};
use crate::files::FileError;
use crate::store::StoreError;

/// The first bytes of every SQLite file (SQLite file format, section 1.3).
const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";
const SQLITE_MAGIC_BYTES: u64 = 16;

/// Bytes of a page of a new store. Sources and outputs are most of a store and lie in long rows.
pub(super) const PAGE_BYTES: u32 = 8 << 10;
/// Pages that stay in memory: an import touches every index of `sessions`, and a chart that is drawn
/// again the same pyramids and pages of points.
pub(super) const CACHE_KIBIBYTES: u32 = 64 << 10;
/// The same in the first transaction of a new store, whose indexes are small: what is complete
/// goes to the file while the next session is read.
pub(super) const FIRST_CACHE_KIBIBYTES: u32 = 4 << 10;
/// The log is copied into the file when it is as long: imports that follow each other change
/// the same pages of the indexes again and again.
const LOG_BYTES: u32 = 64 << 20;

/// Statements that stay prepared.
const CACHED_STATEMENTS: usize = 64;

/// Opens the file and brings it to the present schema.
///
/// Tells also whether the store is new. A new one is not in WAL mode yet: its first transaction,
/// often a large one, goes straight to the file.
pub(super) fn connect(path: &Path, mode: StoreMode) -> Result<(Connection, bool), StoreError> {
    look_at_file(path, mode)?;
    let (connection, is_new) = match mode {
        StoreMode::ReadWrite => read_write(path),
        StoreMode::ReadOnly => read_only(path).map(|connection| (connection, false)),
    }
    .map_err(|failure| failure.at(path))?;
    Ok((connection, is_new))
}

/// What the file system tells before SQLite is asked, so that the error says what is wrong.
fn look_at_file(path: &Path, mode: StoreMode) -> Result<(), StoreError> {
    let not_a_store = |reason: &str| StoreError::NotAStore {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound && mode == StoreMode::ReadWrite => {
            return make_parent(path);
        }
        Err(error) => return Err(FileError::at("read", path)(error).into()),
    };
    if metadata.is_dir() {
        return Err(not_a_store("it is a folder"));
    }
    if !metadata.is_file() {
        return Err(not_a_store("it is not a regular file"));
    }
    if metadata.len() == 0 && mode == StoreMode::ReadOnly {
        return Err(not_a_store("it is empty"));
    }
    let file = File::open(path).map_err(FileError::at("read", path))?;
    let mut head = Vec::new();
    file.take(SQLITE_MAGIC_BYTES)
        .read_to_end(&mut head)
        .map_err(FileError::at("read", path))?;
    // SQLite takes a file of a few bytes for an empty one and would overwrite it.
    if !head.is_empty() && head != SQLITE_MAGIC {
        return Err(not_a_store("it is not an SQLite file"));
    }
    Ok(())
}

/// Makes the folder of a store.
pub(super) fn make_parent(path: &Path) -> Result<(), StoreError> {
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(FileError::at("create", parent))?;
    }
    Ok(())
}

fn open_with(path: &Path, flags: OpenFlags) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    keep_plans(&connection)?;
    Ok(connection)
}

/// Keeps statements prepared; they are not planned anew when other values are bound either: SQLite's "query
/// planner stability guarantee".
pub(super) fn keep_plans(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn read_write(path: &Path) -> Result<(Connection, bool), Failure> {
    let is_new = make(path);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut connection = open_with(path, flags).map_err(|error| cannot_open(path, error))?;
    if connection.is_readonly("main")? {
        return Err(StoreError::ReadOnly {
            path: path.to_owned(),
        }
        .into());
    }
    // Deleted content is overwritten with zeros, so that what was removed is gone. EXTRA syncs
    // the folder also, once a rollback journal was removed: power loss does not bring it back.
    let cache = if is_new {
        FIRST_CACHE_KIBIBYTES
    } else {
        CACHE_KIBIBYTES
    };
    connection.execute_batch(&format!(
        "PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON; PRAGMA synchronous = EXTRA;
         PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{cache};
         PRAGMA page_size = {PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL;
         PRAGMA wal_autocheckpoint = {};",
        LOG_BYTES / PAGE_BYTES
    ))?;
    let version = version(&connection, path, true)?;
    if version < length(MIGRATIONS.len()) {
        migrate(&mut connection, path)?;
    }
    if !is_new {
        enter_wal(&connection)?;
    }
    Ok((connection, is_new))
}

/// Makes a store with nothing in it where there is no file. Where that cannot be, or another
/// process makes it at the same time, the file is made or migrated in its place. Tells whether
/// this made it.
fn make(path: &Path) -> bool {
    if fs::symlink_metadata(path).is_ok() {
        return false;
    }
    let made = || -> Result<bool, Failure> {
        let draft = Draft::begin(path)?;
        draft.write(|_transaction| Ok(()))?;
        Ok(draft.place(path)?)
    };
    // Opening it in its place says what is wrong.
    made().unwrap_or(false)
}

/// SQLite names no reason when it cannot open a file: the folder may refuse writing.
fn cannot_open(path: &Path, error: rusqlite::Error) -> Failure {
    if error.sqlite_error_code() == Some(ErrorCode::CannotOpen) {
        StoreError::ReadOnly {
            path: path.to_owned(),
        }
        .into()
    } else {
        error.into()
    }
}

fn read_only(path: &Path) -> Result<Connection, Failure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let first = open_with(path, flags)
        .map_err(Failure::from)
        .and_then(|connection| Ok((version(&connection, path, false)?, connection)));
    let (found, connection) = match first {
        Ok(opened) => opened,
        // A crash left a transaction in the rollback journal. Undoing it needs a connection that
        // may write.
        Err(Failure::Sql(error)) if needs_immutable(&error) && has_beside(path, "-journal") => {
            let writer = open_with(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            version(&writer, path, false)?;
            drop(writer);
            let connection = open_with(path, flags)?;
            (version(&connection, path, false)?, connection)
        }
        // A store in a folder that cannot be written has no place for the files of WAL mode.
        // Without a log beside it the file alone is the whole store.
        Err(Failure::Sql(error)) if needs_immutable(&error) && !has_beside(path, "-wal") => {
            let connection = open_with(&immutable_uri(path), flags | OpenFlags::SQLITE_OPEN_URI)?;
            (version(&connection, path, false)?, connection)
        }
        Err(failure) => return Err(failure),
    };
    if found < OLDEST_READABLE {
        return Err(StoreError::NotAStore {
            path: path.to_owned(),
            reason: format!("it has the older schema {found}; open it for writing once"),
        }
        .into());
    }
    connection.execute_batch(&format!("PRAGMA cache_size = -{CACHE_KIBIBYTES}"))?;
    Ok(connection)
}

fn needs_immutable(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)
    )
}

/// Whether a log or journal with content lies beside the store.
fn has_beside(path: &Path, suffix: &str) -> bool {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    fs::metadata(name).is_ok_and(|log| log.len() > 0)
}

/// The URI by which SQLite reads a file that nobody changes (percent-encoded as RFC 3986 asks).
fn immutable_uri(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_error| path.to_owned());
    let mut uri = String::from("file:");
    for byte in absolute.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                uri.push(char::from(*byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    uri.into()
}

/// The store's schema version; 0 for a file without any content where that may be.
fn version(connection: &Connection, path: &Path, may_be_empty: bool) -> Result<i64, Failure> {
    let number = |pragma: &str| {
        connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i64>(0))
    };
    let (application, version) = (number("application_id")?, number("user_version")?);
    let objects: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let empty = objects == 0 && application == 0 && version == 0;
    if empty && may_be_empty {
        return Ok(0);
    }
    if application != APPLICATION_ID {
        return Err(StoreError::NotAStore {
            path: path.to_owned(),
            reason: "it is an SQLite file of another program".into(),
        }
        .into());
    }
    let known = length(MIGRATIONS.len());
    if version > known {
        return Err(StoreError::NewerSchema {
            path: path.to_owned(),
            found: version,
            known,
        }
        .into());
    }
    Ok(version)
}

/// Applies the migrations that are missing, in one transaction.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have done it since.
    let found = version(&transaction, path, true)?;
    let applied = usize::try_from(found).unwrap_or(0);
    for migration in MIGRATIONS.iter().skip(applied) {
        transaction.execute_batch(migration)?;
    }
    transaction.execute_batch(&format!(
        "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {};",
        MIGRATIONS.len()
    ))?;
    transaction.commit()?;
    Ok(())
}

/// Sets a store that was new up for what comes after its first transaction, with so much memory for pages.
pub(super) fn settle(connection: &Connection, cache_kibibytes: u32) -> Result<(), Failure> {
    connection.execute_batch(&format!("PRAGMA cache_size = -{cache_kibibytes}"))?;
    enter_wal(connection)
}

/// Switches to the write-ahead log, in which readers and a writer do not wait for each other.
///
/// The switch needs the file alone and does not wait for it by itself. A file system that
/// cannot share memory keeps the rollback journal.
fn enter_wal(connection: &Connection) -> Result<(), Failure> {
    let begin = Instant::now();
    loop {
        let mode: Result<String, _> =
            connection.query_row("PRAGMA journal_mode", [], |row| row.get(0));
        if mode? == "wal" {
            return Ok(());
        }
        match connection.query_row("PRAGMA journal_mode = WAL", [], |_row| Ok(())) {
            Ok(()) => return Ok(()),
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && begin.elapsed() < BUSY_TIMEOUT =>
            {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            Err(error) => return Err(error.into()),
        }
    }
}
