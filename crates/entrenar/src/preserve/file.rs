//! The files of a folder: bytes in memory, or a file on disk that is streamed.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use crate::files::FileError;
use crate::session::Sha256Hash;

use super::PreserveError;

/// One file of an artifact folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactFile {
    /// Its path in the folder, with `/` between the parts.
    pub path: String,
    /// What is in it.
    pub content: Content,
    /// What it is, in a sentence or less.
    pub about: String,
    /// What it has to do with the trainings.
    pub role: Role,
}

/// What a file has to do with the trainings of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Role {
    /// It describes or documents them.
    #[default]
    Other,
    /// They read it.
    Input,
    /// They wrote it.
    Output,
}

/// What is in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// These bytes.
    Bytes(Vec<u8>),
    /// What a file on disk holds; it is read when the folder is written.
    Disk(DiskFile),
}

/// A regular file on disk, as it was when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskFile {
    path: PathBuf,
    size: u64,
    modified: Option<SystemTime>,
}

impl DiskFile {
    /// Looks at the file at `path`; a symbolic link is followed.
    ///
    /// # Errors
    /// [`PreserveError::File`] if it cannot be looked at, [`PreserveError::NotAFile`] if it is no
    /// regular file.
    pub fn at(path: &Path) -> Result<Self, PreserveError> {
        let found = fs::metadata(path).map_err(FileError::at("read", path))?;
        Self::of(path, &found)
    }

    pub(super) fn of(path: &Path, found: &Metadata) -> Result<Self, PreserveError> {
        if !found.is_file() {
            return Err(PreserveError::NotAFile {
                path: path.to_owned(),
            });
        }
        Ok(Self {
            path: path.to_owned(),
            size: found.len(),
            modified: found.modified().ok(),
        })
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn changed(&self) -> PreserveError {
        PreserveError::ChangedWhileRead {
            path: self.path.clone(),
        }
    }

    fn is_as_it_was(&self, found: &Metadata) -> bool {
        found.is_file() && found.len() == self.size && found.modified().ok() == self.modified
    }
}

/// Size and SHA-256 of what was in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest {
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub sha256: Sha256Hash,
}

impl Digest {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self {
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            sha256: Sha256Hash::of(bytes),
        }
    }
}

/// Bytes that are read at once: large enough that a system call costs nothing beside it.
const CHUNK: usize = 1 << 18;

impl ArtifactFile {
    pub(super) fn new(path: impl Into<String>, bytes: impl Into<Vec<u8>>, about: &str) -> Self {
        Self {
            path: path.into(),
            content: Content::Bytes(bytes.into()),
            about: about.to_owned(),
            role: Role::Other,
        }
    }

    /// Its bytes, if they are in memory.
    pub fn bytes(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Bytes(bytes) => Some(bytes),
            Content::Disk(_) => None,
        }
    }

    /// The error for a file on disk that is not what it was.
    pub(super) fn changed(&self) -> PreserveError {
        PreserveError::ChangedWhileRead {
            path: match &self.content {
                Content::Disk(file) => file.path.clone(),
                Content::Bytes(_) => PathBuf::from(&self.path),
            },
        }
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        match &self.content {
            Content::Bytes(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Content::Disk(file) => file.size,
        }
    }

    /// Hands all bytes to `write`, piece by piece, and returns their digest.
    ///
    /// # Errors
    /// What `write` says; or if a file on disk cannot be read, or changed since it was looked at.
    pub(super) fn copy(
        &self,
        mut write: impl FnMut(&[u8]) -> Result<(), PreserveError>,
    ) -> Result<Digest, PreserveError> {
        let disk = match &self.content {
            Content::Bytes(bytes) => {
                write(bytes)?;
                return Ok(Digest::of(bytes));
            }
            Content::Disk(disk) => disk,
        };
        let failed = |error: io::Error| FileError::at("read", &disk.path)(error);
        let mut file = File::open(&disk.path).map_err(failed)?;
        if !disk.is_as_it_was(&file.metadata().map_err(failed)?) {
            return Err(disk.changed());
        }
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; CHUNK];
        let mut left = disk.size;
        loop {
            let count = match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(failed(error).into()),
            };
            let read = buffer.get(..count).unwrap_or_default();
            left = u64::try_from(count)
                .ok()
                .and_then(|count| left.checked_sub(count))
                .ok_or_else(|| disk.changed())?;
            hasher.update(read);
            write(read)?;
        }
        if left != 0 || !disk.is_as_it_was(&file.metadata().map_err(failed)?) {
            return Err(disk.changed());
        }
        Ok(Digest {
            size: disk.size,
            sha256: Sha256Hash::from_bytes(hasher.finalize().into()),
        })
    }
}
