//! Readers of foreign formats: bytes in, [`EntrenarSession`] out; one file per format.
//!
//! [`read`] looks at the bytes (not at the name alone) to find the format. A reader never
//! panics on what it is given, keeps what it does not understand, and lists each such thing as
//! a warning of the session with its place in the file. What the file does not hold is not
//! invented; what stands in for it is marked in [`EntrenarSession::derived`].

mod detect;
mod error;
pub mod json;
pub mod jupyter;
#[cfg(feature = "ruchy-sessions")]
pub mod ruchy;
pub mod session_json;
pub mod text;

use std::io::Read as _;
use std::path::Path;

use chrono::{DateTime, Utc};

use crate::session::{EntrenarSession, Sha256Hash, SourceFormat, SourceInfo};

pub use detect::detect;
pub use error::{BridgeError, Position};

/// Bounds that keep the memory of an import small whatever the file holds.
///
/// Reading takes at most about eight times the file's size, 64 bytes a JSON value, 2.5 KB a
/// cell, and 160 bytes a point that is read from printed text, of which there are at most 4
/// million. With the default bounds that is below 12 GiB for the worst file of 512 MiB, and
/// below 100 MiB for an ordinary one of 10 MiB.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Largest file that is read, in bytes.
    pub max_bytes: u64,
    /// Largest number of JSON values (objects, arrays, strings, numbers, …) in one document.
    pub max_values: usize,
}

impl Limits {
    /// Largest number of cells of a notebook or recording: an eighth of the values. The default
    /// is 2.5 million, which in a recording are some 5 million events; Ruchy writes fewer into
    /// 512 MiB.
    pub fn max_cells(&self) -> usize {
        self.max_values / 8
    }

    /// Bounds for files of up to `max_bytes`: with more bytes than the default, in proportion
    /// more values.
    pub fn for_bytes(max_bytes: u64) -> Self {
        let default = Self::default();
        let times = usize::try_from(max_bytes.div_ceil(default.max_bytes)).unwrap_or(usize::MAX);
        Self {
            max_bytes,
            max_values: default.max_values.saturating_mul(times.max(1)),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 512 << 20,
            max_values: 20_000_000,
        }
    }
}

/// What is known of a document beside its bytes.
#[derive(Debug, Clone, Default)]
pub struct SourceContext {
    /// File name without folders; `None` for standard input.
    pub name: Option<String>,
    /// The file's modification time. It stands in for timestamps that the file does not hold.
    pub modified: Option<DateTime<Utc>>,
    /// SHA-256 of the bytes, where it was computed already.
    pub sha256: Option<Sha256Hash>,
    /// Bounds of the import.
    pub limits: Limits,
}

impl SourceContext {
    /// The file's stem, for a title that the file does not hold.
    pub fn stem(&self) -> Option<&str> {
        stem(self.name.as_deref()?)
    }

    /// Describes `bytes` as the source of a session.
    pub fn source_info(&self, bytes: &[u8], format: SourceFormat) -> SourceInfo {
        SourceInfo {
            name: self.name.clone(),
            format,
            sha256: self.sha256.unwrap_or_else(|| Sha256Hash::of(bytes)),
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        }
    }

    /// An empty session for the source `bytes`: its id is made of the SHA-256, so that stores
    /// agree; its name is the file's stem, marked as derived.
    pub fn new_session(&self, bytes: &[u8], format: SourceFormat) -> EntrenarSession {
        session_of(self.source_info(bytes, format))
    }

    /// The timestamp for a cell that has none in the source: the file's modification time, or
    /// 1970-01-01 where that is unknown. Such a cell is marked
    /// [`TimeSource::Derived`](crate::session::TimeSource::Derived).
    pub fn stand_in_time(&self) -> DateTime<Utc> {
        self.modified.unwrap_or(DateTime::UNIX_EPOCH)
    }
}

/// How a timestamp came about that the source does not hold. The same words whether or not the
/// file's modification time is known: they reach the artifact, and the time does not.
pub(crate) const STAND_IN_TIME: &str =
    "the file's modification time, or 1970-01-01 where that is not known";

fn stem(name: &str) -> Option<&str> {
    Path::new(name).file_stem()?.to_str()
}

/// An empty session that was read from `source`; see [`SourceContext::new_session`].
fn session_of(source: SourceInfo) -> EntrenarSession {
    let id = session_id(&source.sha256);
    let (name, rule) = match source.name.as_deref().and_then(stem) {
        Some(stem) => (stem.to_owned(), "the file's name"),
        None => (id.clone(), "the session's id"),
    };
    let mut session = EntrenarSession::empty(id, name);
    session.derived.insert("name".into(), rule.into());
    session.source = Some(source);
    session
}

/// The id of a session that is read from a source with this digest: its first 16 digits.
pub fn session_id(source: &Sha256Hash) -> String {
    source.to_string().chars().take(16).collect()
}

/// A session with the bytes it was read from.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The session.
    pub session: EntrenarSession,
    /// The source document, byte for byte.
    pub source: Vec<u8>,
    /// SHA-256 of the source document.
    pub sha256: Sha256Hash,
}

/// Reads a session from `bytes`, whatever the format.
///
/// # Errors
/// If the format is not known or the document cannot be read at all; what can be read is read,
/// with warnings in the session.
pub fn read(bytes: &[u8], context: &SourceContext) -> Result<EntrenarSession, BridgeError> {
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if size > context.limits.max_bytes {
        return Err(BridgeError::TooLarge {
            size,
            limit: context.limits.max_bytes,
        });
    }
    let opened = detect::open(bytes, context)?;
    match opened.format {
        SourceFormat::Jupyter => match opened.parsed {
            Some(parsed) => jupyter::from_json(parsed, bytes, context),
            None => jupyter::read(bytes, context),
        },
        SourceFormat::SessionJson => session_json::read(bytes, context),
        #[cfg(feature = "ruchy-sessions")]
        format => ruchy::read(bytes, format, context),
        #[cfg(not(feature = "ruchy-sessions"))]
        format => Err(BridgeError::FeatureMissing {
            format,
            feature: "ruchy-sessions",
        }),
    }
}

/// Reads a session and its bytes from the regular file at `path`.
///
/// # Errors
/// As [`read`], and if the file cannot be read or is not a regular file.
pub fn read_file(path: &Path, limits: Limits) -> Result<Imported, BridgeError> {
    let (source, mut context) = load(path, limits)?;
    let sha256 = Sha256Hash::of(&source);
    context.sha256 = Some(sha256);
    let session = read(&source, &context)?;
    Ok(Imported {
        session,
        source,
        sha256,
    })
}

/// The bytes of the regular file at `path`, and what is known beside them.
pub(crate) fn load(path: &Path, limits: Limits) -> Result<(Vec<u8>, SourceContext), BridgeError> {
    let io = |source| BridgeError::Io {
        path: path.to_owned(),
        source,
    };
    let metadata = std::fs::metadata(path).map_err(io)?;
    if !metadata.is_file() {
        return Err(BridgeError::NotAFile {
            path: path.to_owned(),
        });
    }
    if metadata.len() > limits.max_bytes {
        return Err(BridgeError::TooLarge {
            size: metadata.len(),
            limit: limits.max_bytes,
        });
    }
    let size = usize::try_from(metadata.len()).unwrap_or_default();
    let mut source = Vec::with_capacity(size.saturating_add(1));
    // The file may have grown since: one byte beyond the limit is enough to see that.
    let file = std::fs::File::open(path).map_err(io)?;
    file.take(limits.max_bytes.saturating_add(1))
        .read_to_end(&mut source)
        .map_err(io)?;
    let context = SourceContext {
        name: path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned()),
        modified: metadata.modified().ok().map(DateTime::from),
        sha256: None,
        limits,
    };
    Ok((source, context))
}
