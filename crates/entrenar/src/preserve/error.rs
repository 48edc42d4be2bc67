use std::path::PathBuf;

use crate::bridge::BridgeError;
use crate::files::FileError;
use crate::session::Sha256Hash;

/// An artifact folder could not be made, written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PreserveError {
    /// The bytes are not those of the session's source document; give those, or none.
    #[error(
        "the source document has the SHA-256 {found}, but the session was read from {expected}"
    )]
    SourceMismatch {
        /// The digest that the session names.
        expected: Sha256Hash,
        /// The digest of the bytes.
        found: Sha256Hash,
    },
    /// There is something at the path already: choose another one, or force the replacement of
    /// a folder.
    #[error("{} is there already", path.display())]
    Exists {
        /// The path.
        path: PathBuf,
    },
    /// The path names a file, or a folder that cannot be replaced (a root).
    #[error("{} is not a folder that can be replaced", path.display())]
    NotReplaceable {
        /// The path.
        path: PathBuf,
    },
    /// The source document in the folder was changed since the folder was written; restore it,
    /// or import the document itself.
    #[error("{} has the SHA-256 {found}, but the session was read from {expected}", path.display())]
    SourceChanged {
        /// The file.
        path: PathBuf,
        /// The digest that the session names.
        expected: Sha256Hash,
        /// The digest of the file.
        found: Sha256Hash,
    },
    /// A file or folder could not be written or read.
    #[error(transparent)]
    File(#[from] FileError),
    /// `session.json` cannot be read.
    #[error("cannot read the session in {}", path.display())]
    Session {
        /// The file.
        path: PathBuf,
        /// Why.
        source: BridgeError,
    },
    /// The source document in the folder cannot be read.
    #[error("cannot read the source document {}", path.display())]
    Source {
        /// The file.
        path: PathBuf,
        /// Why.
        source: BridgeError,
    },
}
