use chrono::{DateTime, Utc};

use crate::research::signing::der::DerError;

/// A timestamp cannot be read, or does not prove what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampError {
    /// Not what RFC 3161 describes; get the file again from the authority.
    #[error("{what}: {source}")]
    Malformed {
        /// What was read, such as `timestamp reply`.
        what: &'static str,
        /// Where and why.
        source: DerError,
    },
    /// The authority made no timestamp; its reason follows.
    #[error("the authority refused: {0}")]
    Refused(String),
    /// An algorithm that this version does not know.
    #[error("{what} uses the algorithm {algorithm}, which is not supported")]
    Unsupported {
        /// Which part of the timestamp.
        what: &'static str,
        /// The algorithm, by name or object identifier.
        algorithm: String,
    },
    /// The timestamp is of other content.
    #[error(
        "the timestamp is of the SHA-256 {found}, not of {expected}: it belongs to another file, or the file was changed"
    )]
    OtherContent {
        /// The digest that is checked.
        expected: String,
        /// The digest in the timestamp.
        found: String,
    },
    /// The reply does not answer the request: an old reply, or one to another request.
    #[error("the reply does not answer this request: {0}")]
    OtherRequest(&'static str),
    /// The signature in the timestamp does not hold.
    #[error("the timestamp does not hold: {0}")]
    BadSignature(&'static str),
    /// The certificate that signed is not in the reply, and none was given.
    #[error(
        "the certificate that signed the timestamp is not in the reply; ask the authority for it"
    )]
    NoCertificate,
    /// The certificate that signed may not sign timestamps.
    #[error("the certificate {name} may not sign timestamps: {reason}")]
    WrongPurpose {
        /// The subject of the certificate.
        name: String,
        /// What it lacks.
        reason: &'static str,
    },
    /// The certificate was not valid when the timestamp was made.
    #[error("a certificate was not valid at the stamped time {time}: {reason}")]
    NotValidThen {
        /// The stamped time.
        time: DateTime<Utc>,
        /// What is wrong.
        reason: String,
    },
    /// No chain of certificates leads to one that is trusted.
    #[error("no trusted certificate vouches for {name}: {reason}")]
    Untrusted {
        /// The subject of the certificate that signed.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A file of trusted certificates cannot be used.
    #[error("trusted certificates, {place}: {reason}")]
    BadAnchor {
        /// Which of them.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl TimestampError {
    pub(super) fn malformed(what: &'static str) -> impl FnOnce(DerError) -> Self {
        move |source| Self::Malformed { what, source }
    }
}
