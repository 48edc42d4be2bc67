//! Files written whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A file operation failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}", path.display())]
pub struct FileError {
    /// What was tried: `read`, `create`, `write`, `sync`, `rename`.
    pub action: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl FileError {
    /// Adds the path and what was tried to an [`io::Error`].
    pub fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self {
            action,
            path,
            source,
        }
    }
}

/// Writes `bytes` to `path`: beside it, synced, then renamed into place, so that a reader or a
/// crash sees the old file or the new one.
///
/// # Errors
/// Any step that fails; the old file is then as it was.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let temporary = beside(path);
    let written = write_synced(&temporary, bytes).and_then(|()| {
        fs::rename(&temporary, path).map_err(FileError::at("rename", path))?;
        sync_parent(path)
    });
    if written.is_err() {
        // The first error is the one to report; a leftover is removed if that is possible.
        drop(fs::remove_file(&temporary));
    }
    written
}

/// Creates `path`, which must not be there, with `bytes`, and syncs it.
///
/// # Errors
/// If the file is there already, or cannot be created, written or synced.
pub fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mut file: File = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(FileError::at("create", path))?;
    file.write_all(bytes)
        .map_err(FileError::at("write", path))?;
    file.sync_all().map_err(FileError::at("sync", path))
}

/// Syncs the folder that holds `path`, so that a rename survives power loss.
///
/// # Errors
/// If the folder cannot be opened or synced.
pub fn sync_parent(path: &Path) -> Result<(), FileError> {
    let parent = parent_of(path);
    File::open(parent)
        .and_then(|f| f.sync_all())
        .map_err(FileError::at("sync", parent))
}

/// A name in the same folder for a file or folder that is to become `path`.
pub fn beside(path: &Path) -> PathBuf {
    let name = short_name(path);
    parent_of(path).join(format!(".{name}.{}.partial", std::process::id()))
}

/// The last part of `path`, cut so that a file system that allows names of 255 bytes has room
/// for something more in it.
pub(crate) fn short_name(path: &Path) -> String {
    const LONGEST: usize = 200;
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy())
        .unwrap_or_default();
    let end = name.floor_char_boundary(LONGEST);
    name.get(..end).unwrap_or_default().to_owned()
}

/// The folder of `path`.
pub(crate) fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_the_file_and_leaves_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_atomic(&path, b"one").unwrap();
        write_atomic(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_longest_name_can_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ä".repeat(127));
        write_atomic(&path, b"one").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
    }

    #[test]
    fn a_failure_names_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_atomic(&folder.path().join("no/such"), b"x").unwrap_err();
        assert!(error.to_string().contains("no/"), "{error}");
    }
}
