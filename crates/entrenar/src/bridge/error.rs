use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::session::SourceFormat;

/// A place in a text document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
    /// Byte offset, from 0.
    pub byte: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {} column {} (byte {})",
            self.line, self.column, self.byte
        )
    }
}

/// A document could not be read as a session.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BridgeError {
    /// The file cannot be read; see the source.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder, pipe or device: name a file, or give its bytes on standard input.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The document is larger than the limit; raise the limit if the memory is there.
    #[error("the document has {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The document has more JSON values than the limit.
    #[error("the document has more than {limit} JSON values, at {position}")]
    TooManyValues {
        /// The limit.
        limit: usize,
        /// Where the limit was reached.
        position: Position,
    },
    /// The recording has more cells, and events that are kept as they are, than the limit.
    #[error("the recording has more than {limit} cells, at {position}")]
    TooManyCells {
        /// The limit.
        limit: usize,
        /// Where the limit was exceeded.
        position: Position,
    },
    /// There is nothing in the document.
    #[error("the document is empty")]
    Empty,
    /// No known format; `hint` says what it looks like.
    #[error("not a session in a known format: {hint}")]
    UnknownFormat {
        /// What the document looks like.
        hint: String,
    },
    /// The format is known, but the library was built without its reader.
    #[error("reading {format} needs the feature `{feature}`")]
    FeatureMissing {
        /// The format.
        format: SourceFormat,
        /// The feature.
        feature: &'static str,
    },
    /// The text is not in the encoding it claims.
    #[error("the text is not valid {encoding} at byte {byte}")]
    Encoding {
        /// The encoding.
        encoding: &'static str,
        /// Byte offset.
        byte: usize,
    },
    /// The JSON is malformed, truncated or nested too deeply.
    #[error("malformed JSON at {position}: {message}")]
    Json {
        /// Where.
        position: Position,
        /// What is wrong, without the position.
        message: String,
    },
    /// The JSON is well formed, but not what the format says.
    #[error("{place}: {message}")]
    Invalid {
        /// Path of the value in the document.
        place: String,
        /// What is wrong.
        message: String,
    },
}
