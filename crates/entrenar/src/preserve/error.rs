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
    /// A file that was to be added is not what it was when the folder was put together; let it
    /// rest and try again.
    #[error("{} changed while it was read", path.display())]
    ChangedWhileRead {
        /// The file.
        path: PathBuf,
    },
    /// What was to be added is no regular file.
    #[error("{} is no regular file", path.display())]
    NotAFile {
        /// What was named.
        path: PathBuf,
    },
    /// What was to be added holds something that cannot be added; leave it out, or copy what it
    /// stands for.
    #[error("{}", unsuitable(problems))]
    Unsuitable {
        /// Each path, and why.
        problems: Vec<(PathBuf, &'static str)>,
    },
    /// Two files would have one name on some system; rename one.
    #[error("{one:?} and {other:?} cannot be together in a folder on every system")]
    Collision {
        /// The one.
        one: String,
        /// The other.
        other: String,
    },
    /// A name for a file is no path inside the folder.
    #[error("{name:?} is no path inside the folder")]
    UnsafeName {
        /// The name.
        name: String,
    },
    /// There are more files than a folder can have; pack them.
    #[error("there are more than {most} files")]
    TooManyFiles {
        /// How many are possible.
        most: usize,
    },
    /// The archive cannot be written.
    #[cfg(feature = "ro-crate")]
    #[error("cannot write {}", path.display())]
    Zip {
        /// The archive.
        path: PathBuf,
        /// Why.
        source: zip::result::ZipError,
    },
    /// A file or folder could not be written or read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The zip of an artifact cannot be read; `verify` says all that is wrong with it.
    #[error(transparent)]
    Archive(#[from] super::verify::VerifyError),
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

/// The first of many stand for all.
fn unsuitable(problems: &[(PathBuf, &'static str)]) -> String {
    const SHOWN: usize = 10;
    let mut lines: Vec<String> = problems
        .iter()
        .take(SHOWN)
        .map(|(path, why)| format!("{} cannot be added: {why}", path.display()))
        .collect();
    if problems.len() > SHOWN {
        lines.push(format!("and {} more", problems.len() - SHOWN));
    }
    lines.join("; ")
}
