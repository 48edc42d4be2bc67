//! What a verification found.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::session::Sha256Hash;

/// What kind of problem it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// A file has other bytes than its checksum says.
    Changed,
    /// A file that is listed is not there.
    Missing,
    /// A file that is there is not listed.
    Added,
    /// A file that is listed is there under another name.
    Renamed,
    /// A name that must not be there: it leaves the folder, it is a link, two are taken for one.
    Name,
    /// A list of checksums is not in its form.
    Checksums,
    /// A zip has other bytes around its files than it should have.
    Layout,
    /// A file is larger than this program reads, or a zip unpacks to more than it may.
    Limit,
    /// A file does not keep to its format.
    Format,
    /// Two files say different things.
    Disagrees,
    /// The event chain is broken, or the session is not what it says.
    Events,
    /// A signature is not by the key, or of something else.
    Signature,
    /// A timestamp is of something else, or not by the authority.
    Timestamp,
    /// What it was compared with differs.
    Differs,
}

impl ProblemKind {
    /// The name used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Added => "added",
            Self::Renamed => "renamed",
            Self::Name => "name",
            Self::Checksums => "checksums",
            Self::Layout => "layout",
            Self::Limit => "limit",
            Self::Format => "format",
            Self::Disagrees => "disagrees",
            Self::Events => "events",
            Self::Signature => "signature",
            Self::Timestamp => "timestamp",
            Self::Differs => "differs",
        }
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, by its path in the folder or zip; empty for the whole.
    pub file: String,
    /// Where in the file: `line 3`, `$.cells[2]`, `byte 17`; may be empty.
    pub place: String,
    /// What kind of problem it is.
    pub kind: ProblemKind,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What can be done; may be empty.
    pub hint: String,
}

impl Problem {
    /// A problem of a file.
    pub fn new(kind: ProblemKind, file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            place: String::new(),
            kind,
            message: message.into(),
            hint: String::new(),
        }
    }

    /// Says where in the file.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = place.into();
        self
    }

    /// Says what can be done.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

/// What was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectKind {
    /// An artifact folder.
    Folder,
    /// A zip of one.
    Zip,
    /// A BagIt bag with an artifact folder as its payload.
    Bag,
    /// A zip of a bag.
    ZippedBag,
    /// A session in a store.
    Session,
}

impl SubjectKind {
    /// The name used in JSON and in sentences.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Zip => "zip",
            Self::Bag => "bag",
            Self::ZippedBag => "zipped bag",
            Self::Session => "session",
        }
    }
}

/// What is known of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignatureStatus {
    /// It is by a key that the caller trusts, over these bytes.
    Good {
        /// The comment that was signed with it.
        comment: String,
    },
    /// It names a key that the caller did not give, so that nothing can be said.
    UnknownKey,
    /// It does not hold; a problem says why.
    Bad,
}

/// A signature that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureCheck {
    /// The file it stands in.
    pub file: String,
    /// The id of the key that it names.
    pub key: String,
    /// What is known of it.
    pub status: SignatureStatus,
}

/// What is known of a timestamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimestampStatus {
    /// It is by an authority that the caller trusts, of these bytes.
    Good,
    /// It is of these bytes; whose it is was not checked, for no authority was given.
    UnknownAuthority,
    /// It does not hold; a problem says why.
    Bad,
}

/// A timestamp that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimestampCheck {
    /// The file it stands in.
    pub file: String,
    /// The time that it states.
    pub time: Option<DateTime<Utc>>,
    /// Who states it.
    pub authority: Option<String>,
    /// What is known of it.
    pub status: TimestampStatus,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What was verified.
    pub subject: SubjectKind,
    /// Files that were read.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// SHA-256 of `SHA256SUMS`: it stands for every byte of the folder.
    pub sums: Option<Sha256Hash>,
    /// The session's id.
    pub session: Option<String>,
    /// Events in its chain, and the hash of the last.
    pub events: Option<(usize, Sha256Hash)>,
    /// Metadata files whose content was checked, by path, sorted.
    pub validated: Vec<String>,
    /// Signatures, by file.
    pub signatures: Vec<SignatureCheck>,
    /// Timestamps, by file.
    pub timestamps: Vec<TimestampCheck>,
    /// What a person should know and is no problem.
    pub notes: Vec<String>,
    /// All that does not hold, sorted by file and place; empty if it holds.
    pub problems: Vec<Problem>,
}

impl Report {
    pub(super) fn new(subject: SubjectKind) -> Self {
        Self {
            subject,
            files: 0,
            bytes: 0,
            sums: None,
            session: None,
            events: None,
            validated: Vec::new(),
            signatures: Vec::new(),
            timestamps: Vec::new(),
            notes: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Whether everything that was checked holds.
    pub fn holds(&self) -> bool {
        self.problems.is_empty()
    }

    pub(super) fn sorted(mut self) -> Self {
        self.problems.sort();
        self.problems.dedup();
        self.validated.sort();
        self.signatures.sort_by(|a, b| a.file.cmp(&b.file));
        self.timestamps.sort_by(|a, b| a.file.cmp(&b.file));
        self
    }
}
