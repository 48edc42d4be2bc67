//! Public keys in the form of minisign.

use std::fmt;

use ed25519_dalek::VerifyingKey;

use super::SigningError;
use crate::base64;

pub(super) const PUBLIC_KEY: &str = "public key";
/// The longest untrusted comment that minisign reads, in bytes (`COMMENTMAXBYTES`).
pub(super) const COMMENT_LIMIT: usize = 1024;
/// Every file of minisign is smaller.
pub(super) const FILE_LIMIT: usize = 16 << 10;

/// The eight bytes by which keys and signatures find each other. They are random and prove
/// nothing: two keys may share them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub(super) [u8; 8]);

impl fmt::Display for KeyId {
    /// As minisign writes it: a little-endian number in hexadecimal digits without leading zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}", u64::from_le_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A public key, which verifies what the secret key of its pair signed.
///
/// ```
/// use entrenar::research::signing::PublicKey;
///
/// let key = PublicKey::parse("RWSZr8k1PjQyKJcj/Hxd6MVz+k4Vab7jXNtGz1KZePej8NqcKWzB6uNk")?;
/// assert_eq!(key.id().to_string(), "2832343E35C9AF99");
/// # Ok::<(), entrenar::research::signing::SigningError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey {
    pub(super) id: KeyId,
    pub(super) key: VerifyingKey,
}

impl PublicKey {
    /// Reads a key: the one line that minisign takes behind `-P`, or its file with a comment
    /// above that line.
    ///
    /// # Errors
    /// If it is neither, or not a key of Ed25519.
    pub fn parse(text: &str) -> Result<Self, SigningError> {
        let (line, number) = key_line(PUBLIC_KEY, text)?;
        let bad = |reason: &str| SigningError::at_line(PUBLIC_KEY, number, reason);
        let bytes = base64::decode(line).ok_or_else(|| bad("this is not base64"))?;
        let fields = bytes
            .split_first_chunk::<2>()
            .and_then(|(algorithm, rest)| Some((algorithm, rest.split_first_chunk::<8>()?)));
        let Some((algorithm, (id, key))) = fields else {
            return Err(bad(&wrong_length(42, bytes.len())));
        };
        if algorithm != b"Ed" {
            return Err(unknown_algorithm(PUBLIC_KEY, algorithm));
        }
        let key: &[u8; 32] = key
            .try_into()
            .map_err(|_length| bad(&wrong_length(42, bytes.len())))?;
        let key = VerifyingKey::from_bytes(key)
            .map_err(|_point| bad("this is not a point of the curve"))?;
        if key.is_weak() {
            return Err(bad("this key is weak: anybody can sign for it"));
        }
        Ok(Self {
            id: KeyId(*id),
            key,
        })
    }

    /// The key's id.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The one line that minisign takes behind `-P`.
    pub fn to_line(&self) -> String {
        let mut bytes = b"Ed".to_vec();
        bytes.extend(self.id.0);
        bytes.extend(self.key.as_bytes());
        base64::encode(&bytes)
    }

    /// A public key file as minisign writes it.
    pub fn to_text(&self) -> String {
        format!(
            "untrusted comment: minisign public key {}\n{}\n",
            self.id,
            self.to_line()
        )
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_line())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.to_line())
    }
}

/// The line with the key's bytes and its number: the only line, or the one below the comment.
pub(super) fn key_line<'a>(
    what: &'static str,
    text: &'a str,
) -> Result<(&'a str, usize), SigningError> {
    check_size(what, text)?;
    let mut lines = text
        .trim_end_matches(['\r', '\n'])
        .split('\n')
        .map(trim_return);
    let first = lines.next().unwrap_or_default();
    let found = match (
        first.starts_with("untrusted comment:"),
        lines.next(),
        lines.next(),
    ) {
        (true, Some(second), None) => (second, 2),
        (true, None, _) => {
            return Err(SigningError::at_line(
                what,
                2,
                "the line with the key is missing",
            ));
        }
        (false, None, _) if !first.is_empty() => (first.trim(), 1),
        (false, None, _) => return Err(SigningError::at_line(what, 1, "it is empty")),
        (false, ..) => {
            return Err(SigningError::at_line(
                what,
                1,
                "this should be `untrusted comment: …`",
            ));
        }
        (true, ..) => {
            return Err(SigningError::at_line(
                what,
                3,
                "nothing should follow the key",
            ));
        }
    };
    if found.1 == 2 && first.len() > COMMENT_LIMIT {
        return Err(SigningError::at_line(
            what,
            1,
            "the comment is longer than 1024 bytes",
        ));
    }
    Ok(found)
}

pub(super) fn check_size(what: &'static str, text: &str) -> Result<(), SigningError> {
    if text.len() > FILE_LIMIT {
        return Err(SigningError::TooLarge {
            what,
            size: u64::try_from(text.len()).unwrap_or(u64::MAX),
            limit: u64::try_from(FILE_LIMIT).unwrap_or(u64::MAX),
        });
    }
    Ok(())
}

pub(super) fn trim_return(line: &str) -> &str {
    line.strip_suffix('\r').unwrap_or(line)
}

pub(super) fn wrong_length(expected: usize, found: usize) -> String {
    format!("{expected} bytes are expected, {found} are there")
}

pub(super) fn unknown_algorithm(what: &'static str, bytes: &[u8]) -> SigningError {
    SigningError::Unsupported {
        what,
        algorithm: format!("the algorithm \"{}\"", bytes.escape_ascii()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "RWSZr8k1PjQyKJcj/Hxd6MVz+k4Vab7jXNtGz1KZePej8NqcKWzB6uNk";

    #[test]
    fn reads_a_line_or_a_file_and_writes_them_back() {
        let key = PublicKey::parse(LINE).unwrap();
        let text = format!("untrusted comment: minisign public key 2832343E35C9AF99\n{LINE}\n");
        assert_eq!(PublicKey::parse(&text).unwrap(), key);
        assert_eq!(PublicKey::parse(&text.replace('\n', "\r\n")).unwrap(), key);
        assert_eq!(key.to_text(), text);
    }

    /// Written by minisign 0.11.
    #[test]
    fn ids_have_no_leading_zeros() {
        let text = "untrusted comment: minisign public key 9640BF19A02233D\nRWQ9IwKa8QtkCaEzmhxqAvLXYldEH0DW8/rivMtgI8tl+2srTAIlAnX4\n";
        assert_eq!(PublicKey::parse(text).unwrap().to_text(), text);
    }

    #[test]
    fn says_what_is_wrong_with_a_key() {
        let weak = base64::encode(&[&b"Ed"[..], &[0; 8], &[1], &[0; 31]].concat());
        let long = format!("untrusted comment: {}\n{LINE}", "x".repeat(1100));
        let huge = "x".repeat(FILE_LIMIT + 1);
        for (text, message) in [
            ("", "public key, line 1: it is empty"),
            (
                "RWSZ",
                "public key, line 1: 42 bytes are expected, 3 are there",
            ),
            ("what?", "public key, line 1: this is not base64"),
            (
                "untrusted comment: x",
                "public key, line 2: the line with the key is missing",
            ),
            (
                "untrusted comment: x\nRWSZ\nRWSZ",
                "public key, line 3: nothing should follow the key",
            ),
            (
                "comment\nRWSZ",
                "public key, line 1: this should be `untrusted comment: …`",
            ),
            (
                weak.as_str(),
                "public key, line 1: this key is weak: anybody can sign for it",
            ),
            (
                long.as_str(),
                "public key, line 1: the comment is longer than 1024 bytes",
            ),
            (
                huge.as_str(),
                "public key: 16385 bytes; at most 16384 are read",
            ),
            (
                "WFiZr8k1PjQyKJcj/Hxd6MVz+k4Vab7jXNtGz1KZePej8NqcKWzB6uNk",
                "public key uses the algorithm \"XX\", which is not supported",
            ),
        ] {
            let error = PublicKey::parse(text).unwrap_err();
            assert_eq!(error.to_string(), message, "{text:.40}");
        }
    }
}
