use std::fmt;

use super::Sha256Hash;

/// The formats that a session can be read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SourceFormat {
    /// A recording by the Ruchy REPL (`.replay`).
    RuchyReplay,
    /// A notebook of the Ruchy notebook server (`.rnb`).
    RuchyNotebook,
    /// An audit stream of Ruchy (`.jsonl`).
    RuchyAudit,
    /// The input history of the Ruchy REPL (`repl_history.txt`).
    RuchyHistory,
    /// A Jupyter notebook (`.ipynb`).
    Jupyter,
    /// entrenar's own `session.json`.
    SessionJson,
}

impl SourceFormat {
    const ALL: [Self; 6] = [
        Self::RuchyReplay,
        Self::RuchyNotebook,
        Self::RuchyAudit,
        Self::RuchyHistory,
        Self::Jupyter,
        Self::SessionJson,
    ];

    /// The name used in JSON and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RuchyReplay => "ruchy-replay",
            Self::RuchyNotebook => "ruchy-notebook",
            Self::RuchyAudit => "ruchy-audit",
            Self::RuchyHistory => "ruchy-history",
            Self::Jupyter => "jupyter",
            Self::SessionJson => "session-json",
        }
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// Whether the source is one of Ruchy's own formats.
    pub fn is_ruchy(self) -> bool {
        matches!(
            self,
            Self::RuchyReplay | Self::RuchyNotebook | Self::RuchyAudit | Self::RuchyHistory
        )
    }
}

impl fmt::Display for SourceFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The source document of a session; its bytes are kept in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceInfo {
    /// File name without folders; `None` for standard input.
    pub name: Option<String>,
    /// The format it was read as.
    pub format: SourceFormat,
    /// SHA-256 of its bytes.
    pub sha256: Sha256Hash,
    /// Number of its bytes.
    pub size: u64,
}

/// What an [`ImportWarning`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum WarningKind {
    /// Bytes that are not of the format's encoding, or a repaired piece of JSON.
    Encoding,
    /// A field that the format does not define; it is kept.
    UnknownField,
    /// A value that the format does not allow; it is kept.
    InvalidValue,
    /// A time that cannot be read, or times that go back.
    Time,
    /// Something that the source does not hold, and what stands in for it.
    Missing,
    /// The order in which the cells ran is not known.
    Order,
    /// Something that looks like a credential.
    Secret,
    /// A limit was reached and something was left out of the session (never of the source).
    Limit,
}

impl WarningKind {
    const ALL: [Self; 8] = [
        Self::Encoding,
        Self::UnknownField,
        Self::InvalidValue,
        Self::Time,
        Self::Missing,
        Self::Order,
        Self::Secret,
        Self::Limit,
    ];

    /// The name used in JSON and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Encoding => "encoding",
            Self::UnknownField => "unknown-field",
            Self::InvalidValue => "invalid-value",
            Self::Time => "time",
            Self::Missing => "missing",
            Self::Order => "order",
            Self::Secret => "secret",
            Self::Limit => "limit",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A place in a source document; every part is optional.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// Path of the value in the document, such as `cells[3].outputs[0].text`.
    pub path: Option<String>,
    /// Byte offset in the source.
    pub byte: Option<u64>,
}

impl Place {
    /// A place by the path of the value in the document.
    pub fn path(path: impl Into<String>) -> Self {
        Self {
            path: Some(path.into()),
            byte: None,
        }
    }

    /// A place by its byte offset in the source.
    pub fn byte(offset: usize) -> Self {
        Self {
            path: None,
            byte: u64::try_from(offset).ok(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.path, self.byte) {
            (Some(path), Some(byte)) => write!(f, "{path} (byte {byte})"),
            (Some(path), None) => f.write_str(path),
            (None, Some(byte)) => write!(f, "byte {byte}"),
            (None, None) => f.write_str("the document"),
        }
    }
}

/// Something in a source that could not be taken as it is; the rest of the session was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportWarning {
    /// What it is about.
    pub kind: WarningKind,
    /// Where it is.
    pub place: Place,
    /// What was found and what was done about it, in one sentence.
    pub message: String,
}

impl ImportWarning {
    /// A warning.
    pub fn new(kind: WarningKind, place: Place, message: impl Into<String>) -> Self {
        Self {
            kind,
            place,
            message: message.into(),
        }
    }
}

impl fmt::Display for ImportWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}
