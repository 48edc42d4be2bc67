//! Who is alive: a lock that the system lets go when its process ends.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::Error;
use crate::head::RecorderId;
use crate::storage::private;

/// Pauses between tries: whoever looks whether a recorder is alive holds its lock for an instant.
const PAUSE: Duration = Duration::from_millis(1);
const TRIES: u32 = 20;

/// The lock of a recorder, held on `RECORDER.lock` in the journal's folder as long as this value lives.
/// A journal holds its own; whoever takes that of a dead one may seal what it left.
#[derive(Debug)]
pub struct RecorderLock {
    /// `None` where the file system has no locks.
    file: Option<File>,
    path: PathBuf,
    pid: u32,
}

impl RecorderLock {
    /// Takes the lock of a recorder: `None` where another process, or another part of this one, holds it.
    ///
    /// # Errors
    /// When the file cannot be made or locked.
    pub fn take(folder: &Path, recorder: RecorderId) -> Result<Option<Self>, Error> {
        let path = lock_path(folder, recorder);
        for tried in 0..TRIES {
            if tried > 0 {
                std::thread::sleep(PAUSE);
            }
            let opened = private().read(true).write(true).create(true).open(&path);
            let file = opened.map_err(Error::io("open", &path))?;
            match file.try_lock() {
                // Its last holder may have deleted the file meanwhile.
                Ok(()) if is_at(&file, &path) => {
                    let file = Some(file);
                    let pid = std::process::id();
                    return Ok(Some(Self { file, path, pid }));
                }
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path)(error)),
            }
        }
        Ok(None)
    }

    /// The lock of a new recorder. Where the file system has no locks, nobody can tell whether the
    /// recorder is alive, and it records all the same.
    pub(crate) fn of_new(folder: &Path, recorder: RecorderId) -> Result<Self, Error> {
        let path = lock_path(folder, recorder);
        match Self::take(folder, recorder) {
            Ok(Some(lock)) => Ok(lock),
            Ok(None) => Err(Error::InUse(path)),
            Err(Error::Io { source, .. }) if has_no_locks(&source) => Ok(Self {
                file: None,
                path,
                pid: std::process::id(),
            }),
            Err(error) => Err(error),
        }
    }
}

impl Drop for RecorderLock {
    fn drop(&mut self) {
        // A forked child has the file open, too, and must leave it alone. Deleted before it is unlocked:
        // whoever waits for it then sees that it is another file.
        if self.pid == std::process::id() && self.file.is_some() {
            drop(std::fs::remove_file(&self.path));
        }
    }
}

/// Whether the process of a recorder lives, as far as its lock tells: false where there is no lock file.
///
/// A forked child that lives on counts as its parent.
///
/// # Errors
/// When that cannot be told: the file system has no locks, or refuses.
pub fn is_alive(folder: &Path, recorder: RecorderId) -> Result<bool, Error> {
    let path = lock_path(folder, recorder);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(Error::io("open", path)(error)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(Error::io("lock", path)(error)),
    }
}

fn lock_path(folder: &Path, recorder: RecorderId) -> PathBuf {
    folder.join(format!("{recorder}.lock"))
}

fn has_no_locks(error: &io::Error) -> bool {
    #[cfg(unix)]
    if let Some(number) = error.raw_os_error() {
        use rustix::io::Errno;
        let none = [Errno::NOLCK, Errno::OPNOTSUPP, Errno::NOSYS, Errno::INVAL];
        return none.iter().any(|errno| errno.raw_os_error() == number);
    }
    error.kind() == io::ErrorKind::Unsupported
}

/// Whether the path still leads to this file.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let (Ok(open), Ok(there)) = (file.metadata(), std::fs::metadata(path)) else {
            return false;
        };
        (open.dev(), open.ino()) == (there.dev(), there.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = (file, path);
        true
    }
}
