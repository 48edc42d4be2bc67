//! What an archive may answer instead of doing what it was asked.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::files::FileError;

/// Something in the metadata that an archive refuses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// Our name of the field, such as `authors[0].orcid`, where it is one of ours.
    pub field: Option<String>,
    /// The archive's name of it, such as `metadata.creators.0.role`; may be empty.
    pub path: String,
    /// What the archive says.
    pub message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.field, self.path.is_empty()) {
            (Some(field), _) => write!(f, "{field}: {}", self.message),
            (None, false) => write!(f, "{}: {}", self.path, self.message),
            (None, true) => f.write_str(&self.message),
        }
    }
}

/// An archive did not do what it was asked. No message holds a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// No answer came: whether the archive did what it was asked is not known. Go on later.
    #[error("no answer from {host}: {reason}")]
    Lost {
        /// The archive's host.
        host: String,
        /// What happened.
        reason: String,
    },
    /// The archive cannot be reached at all; nothing was sent.
    #[error("cannot reach {host}: {reason}")]
    Unreachable {
        /// The archive's host.
        host: String,
        /// What happened.
        reason: String,
    },
    /// The archive failed (5xx); go on later.
    #[error("{host} failed with status {status}{}", said(message))]
    Server {
        /// The archive's host.
        host: String,
        /// The HTTP status.
        status: u16,
        /// What it said; may be empty.
        message: String,
    },
    /// Too many requests; go on after that time.
    #[error("{host} asks to wait {} s before the next request", wait.as_secs())]
    RateLimited {
        /// The archive's host.
        host: String,
        /// How long.
        wait: Duration,
    },
    /// The archive does not take the token (401, 403): it is wrong, expired, for another
    /// archive, or lacks a scope.
    #[error("{host} refuses the access token (status {status}){}", said(message))]
    Forbidden {
        /// The archive's host.
        host: String,
        /// The HTTP status.
        status: u16,
        /// What it said; may be empty.
        message: String,
    },
    /// There is no such thing at the archive (404, 410).
    #[error("{host} does not know {what}")]
    NotFound {
        /// The archive's host.
        host: String,
        /// What was asked for.
        what: String,
    },
    /// The archive refuses the metadata; correct what is listed.
    #[error("the archive refuses {}", listed(refusals))]
    Refused {
        /// All of its messages.
        refusals: Vec<Refusal>,
    },
    /// A file is larger than the archive allows, or there are too many.
    #[error("the archive refuses the file {name}{}", said(message))]
    FileRefused {
        /// The file's name at the archive.
        name: String,
        /// What it said.
        message: String,
    },
    /// The archive has other bytes than were sent, several times.
    #[error("the archive has other bytes of {name} than were sent: {found} instead of {expected}")]
    Checksum {
        /// The file's name at the archive.
        name: String,
        /// Our MD5.
        expected: String,
        /// The archive's.
        found: String,
    },
    /// The answer is none that an archive of that kind gives.
    #[error("{host} does not answer as an archive: {what}")]
    NotAnArchive {
        /// The host.
        host: String,
        /// What it answered.
        what: String,
    },
    /// The archive sends elsewhere, where the token must not go.
    #[error("{host} redirects to {to}, where the access token is not sent")]
    Redirected {
        /// The archive's host.
        host: String,
        /// The other address, without query.
        to: String,
    },
    /// The DOI is not one that this archive gives.
    #[error("{host} gave the DOI {doi:?}, {why}")]
    UnexpectedDoi {
        /// The archive's host.
        host: String,
        /// The DOI.
        doi: String,
        /// Why it cannot be.
        why: String,
    },
    /// A file changed since it was looked at; let it rest and try again.
    #[error("{} changed while it was sent", path.display())]
    FileChanged {
        /// The file.
        path: PathBuf,
    },
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The archive cannot do that.
    #[error("{what} is not possible with {api}")]
    Unsupported {
        /// What was asked for.
        what: &'static str,
        /// The API.
        api: &'static str,
    },
    /// Somebody asked to stop.
    #[error("it was interrupted")]
    Interrupted,
}

impl ArchiveError {
    /// Whether it is not known if the archive did what it was asked.
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::Server { .. })
    }

    /// Whether the same request may work later.
    pub fn is_passing(&self) -> bool {
        self.is_lost() || matches!(self, Self::Unreachable { .. } | Self::RateLimited { .. })
    }
}

fn said(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(": {message}")
    }
}

fn listed(refusals: &[Refusal]) -> String {
    let lines: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    lines.join("; ")
}
