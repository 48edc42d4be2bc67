use std::io;

/// A key, signature, statement or timestamp cannot be read, or does not hold.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// The text or bytes are not of the form that they should have; get them again from whoever
    /// made them.
    #[error("{what}, {place}: {reason}")]
    Malformed {
        /// What was read, such as `public key`.
        what: &'static str,
        /// Where in it, such as `line 2` or `byte 17`.
        place: String,
        /// What is wrong there.
        reason: String,
    },
    /// It is more than this kind of file ever holds.
    #[error("{what}: {size} bytes; at most {limit} are read")]
    TooLarge {
        /// What was read.
        what: &'static str,
        /// Its size in bytes.
        size: u64,
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// An algorithm that this version does not know.
    #[error("{what} uses {algorithm}, which is not supported")]
    Unsupported {
        /// What was read.
        what: &'static str,
        /// The algorithm.
        algorithm: String,
    },
    /// The secret key is encrypted: give its password.
    #[error("the secret key is encrypted, and no password is given")]
    PasswordNeeded,
    /// The password is not the key's, or the key file is damaged.
    #[error("the password is wrong, or the key file is damaged")]
    WrongPassword,
    /// The signature was made with another key than the one it is checked with.
    #[error("the signature is by the key {found}, not by {expected}")]
    OtherKey {
        /// The id of the key that it is checked with.
        expected: super::KeyId,
        /// The id of the key that made it.
        found: super::KeyId,
    },
    /// The signature is not one of these bytes by this key.
    #[error("the signature is not of this content: it was changed, or belongs to another file")]
    BadSignature,
    /// The content is what was signed; the trusted comment is not.
    #[error("the trusted comment was changed since it was signed")]
    BadComment,
    /// The timestamp does not hold, and why.
    #[error(transparent)]
    Timestamp(#[from] super::timestamp::TimestampError),
    /// What is signed or verified could not be read.
    #[error("cannot read the content")]
    Io(#[from] io::Error),
    /// The system gave no random bytes.
    #[error("the system gives no random bytes: {0}")]
    NoRandomness(String),
}

impl SigningError {
    pub(super) fn at_line(what: &'static str, line: usize, reason: impl Into<String>) -> Self {
        Self::Malformed {
            what,
            place: format!("line {line}"),
            reason: reason.into(),
        }
    }

    pub(super) fn at_byte(what: &'static str, byte: usize, reason: impl Into<String>) -> Self {
        Self::Malformed {
            what,
            place: format!("byte {byte}"),
            reason: reason.into(),
        }
    }

    pub(super) fn at(
        what: &'static str,
        place: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self::Malformed {
            what,
            place: place.into(),
            reason: reason.into(),
        }
    }
}
