//! A consistent copy of the store while others may write.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::BUSY_TIMEOUT;
use super::failure::Failure;
use crate::files::{FileError, beside, sync_parent};
use crate::store::StoreError;

/// Pause before a locked page is asked for again.
const RETRY: Duration = Duration::from_millis(10);

/// Copies the store into the new file at `path`: beside it, synced, then given its name.
pub(super) fn write(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    if fs::symlink_metadata(path).is_ok() {
        let exists = io::Error::from(io::ErrorKind::AlreadyExists);
        return Err(FileError::at("create", path)(exists).into());
    }
    let temporary = beside(path);
    let written = copy(connection, &temporary)
        .map_err(|failure| failure.at(path))
        .and_then(|()| Ok(place(&temporary, path)?));
    if written.is_err() {
        // The first error is the one to report; a leftover is removed if that is possible.
        for suffix in ["", "-journal", "-wal", "-shm"] {
            let mut leftover = temporary.clone().into_os_string();
            leftover.push(suffix);
            drop(fs::remove_file(leftover));
        }
    }
    written
}

fn copy(from: &Connection, temporary: &Path) -> Result<(), Failure> {
    // Made here, because SQLite gives no reason where it cannot.
    drop(
        File::options()
            .write(true)
            .create_new(true)
            .open(temporary)
            .map_err(FileError::at("create", temporary))?,
    );
    let mut to = Connection::open(temporary)?;
    {
        let backup = Backup::new(from, &mut to)?;
        let begin = Instant::now();
        // All pages in one step are one state of the store.
        while backup.step(-1)? != StepResult::Done {
            if begin.elapsed() > BUSY_TIMEOUT {
                let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
                return Err(rusqlite::Error::SqliteFailure(code, None).into());
            }
            std::thread::sleep(RETRY);
        }
    }
    // One file alone, without a log beside it.
    to.query_row("PRAGMA journal_mode = DELETE", [], |_row| Ok(()))?;
    to.close().map_err(|(_connection, error)| error)?;
    Ok(())
}

/// Syncs the copy and gives it its name, which nothing else may have.
fn place(temporary: &Path, path: &Path) -> Result<(), FileError> {
    File::open(temporary)
        .and_then(|file| file.sync_all())
        .map_err(FileError::at("sync", temporary))?;
    match fs::hard_link(temporary, path) {
        Ok(()) => fs::remove_file(temporary).map_err(FileError::at("remove", temporary))?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(FileError::at("create", path)(error));
        }
        // A file system without hard links.
        Err(_) => fs::rename(temporary, path).map_err(FileError::at("rename", path))?,
    }
    sync_parent(path)
}
