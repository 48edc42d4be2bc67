//! Signatures in the form of minisign: detached, over the content and over a trusted comment.

use std::fmt;
use std::io::{self, Read};

use blake2::{Blake2b512, Digest as _};

use super::key::{COMMENT_LIMIT, check_size, trim_return, unknown_algorithm, wrong_length};
use super::{KeyId, PublicKey, SecretKey, SigningError};
use crate::base64;

const SIGNATURE: &str = "signature";
/// The longest trusted comment that minisign reads, in bytes (`TRUSTEDCOMMENTMAXBYTES`).
const TRUSTED_LIMIT: usize = 8192;
/// A legacy signature is over the content itself, which has to be in memory then.
const LEGACY_LIMIT: u64 = 64 << 20;

/// The line of a signature that is signed with the content: what it is a signature of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrustedComment(String);

impl TrustedComment {
    /// A comment of one line.
    ///
    /// # Errors
    /// If it has a control character other than a tab, or more than 8192 bytes, which minisign
    /// does not read.
    pub fn new(text: impl Into<String>) -> Result<Self, SigningError> {
        let text = text.into();
        if let Some(at) = text.find(|c: char| c.is_control() && c != '\t') {
            return Err(SigningError::at_byte(
                "trusted comment",
                at,
                "a control character",
            ));
        }
        if text.len() > TRUSTED_LIMIT {
            return Err(SigningError::TooLarge {
                what: "trusted comment",
                size: u64::try_from(text.len()).unwrap_or(u64::MAX),
                limit: u64::try_from(TRUSTED_LIMIT).unwrap_or(u64::MAX),
            });
        }
        Ok(Self(text))
    }

    /// The comment that `entrenar sign` writes: the file's name and its SHA-256, no time.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_file(name: &str, sha256: &[u8; 32]) -> Result<Self, SigningError> {
        let name: String = name
            .chars()
            .map(|c| if c.is_control() { '\u{fffd}' } else { c })
            .collect();
        Self::new(format!(
            "file:{name}\tsha256:{}\thashed",
            super::hex(sha256)
        ))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value of a field such as `file` or `timestamp`, where the comment has it.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.0
            .split('\t')
            .find_map(|field| field.strip_prefix(name)?.strip_prefix(':'))
    }
}

impl fmt::Display for TrustedComment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A detached signature of minisign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Whether BLAKE2b-512 of the content is signed (`ED`) or the content itself (`Ed`).
    prehashed: bool,
    key: KeyId,
    content: [u8; 64],
    untrusted_comment: String,
    trusted_comment: TrustedComment,
    global: [u8; 64],
}

impl SecretKey {
    /// Signs `data`, which is hashed as it is read, and `comment`. The same data, comment and
    /// key always give the same signature.
    ///
    /// # Errors
    /// If the data cannot be read.
    pub fn sign(
        &self,
        data: impl Read,
        comment: TrustedComment,
    ) -> Result<Signature, SigningError> {
        let content = self.sign_bytes(&prehash(data)?);
        let global = self.sign_bytes(&[&content, comment.as_str().as_bytes()].concat());
        Ok(Signature {
            prehashed: true,
            key: self.id(),
            content,
            untrusted_comment: "signature from entrenar".into(),
            trusted_comment: comment,
            global,
        })
    }
}

impl Signature {
    /// Reads a `.minisig` file.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(text: &str) -> Result<Self, SigningError> {
        check_size(SIGNATURE, text)?;
        let bad = |line, reason: String| SigningError::at_line(SIGNATURE, line, reason);
        let mut lines = text
            .trim_end_matches(['\r', '\n'])
            .split('\n')
            .map(trim_return);
        let mut line = |number| {
            lines
                .next()
                .ok_or_else(|| bad(number, "the signature ends before this line".into()))
        };
        let comment = |number, line: &str, mark: &str| match line.strip_prefix(mark) {
            Some(rest) => Ok(rest.strip_prefix(' ').unwrap_or(rest).to_owned()),
            None => Err(bad(number, format!("this should be `{mark} …`"))),
        };
        let untrusted_comment = comment(1, line(1)?, "untrusted comment:")?;
        if untrusted_comment.len() > COMMENT_LIMIT {
            return Err(bad(1, "the comment is longer than 1024 bytes".into()));
        }
        let bytes = decoded(2, line(2)?)?;
        let trusted = comment(3, line(3)?, "trusted comment:")?;
        let global = decoded(4, line(4)?)?;
        if lines.next().is_some() {
            return Err(bad(5, "nothing should follow the signature".into()));
        }
        let trusted_comment = TrustedComment::new(trusted).map_err(|error| match error {
            SigningError::Malformed { place, reason, .. } => bad(3, format!("{place}: {reason}")),
            error => error,
        })?;
        let short = |line, expected, bytes: &[u8]| bad(line, wrong_length(expected, bytes.len()));
        let fields = bytes
            .split_first_chunk::<2>()
            .and_then(|(algorithm, rest)| Some((algorithm, rest.split_first_chunk::<8>()?)));
        let Some((algorithm, (key, content))) = fields else {
            return Err(short(2, 74, &bytes));
        };
        let prehashed = match algorithm {
            b"ED" => true,
            b"Ed" => false,
            other => return Err(unknown_algorithm(SIGNATURE, other)),
        };
        Ok(Self {
            prehashed,
            key: KeyId(*key),
            content: content.try_into().map_err(|_length| short(2, 74, &bytes))?,
            untrusted_comment,
            trusted_comment,
            global: (*global)
                .try_into()
                .map_err(|_length| short(4, 64, &global))?,
        })
    }

    /// The file that minisign reads.
    pub fn to_text(&self) -> String {
        let mut bytes = if self.prehashed { b"ED" } else { b"Ed" }.to_vec();
        bytes.extend(self.key.0);
        bytes.extend(self.content);
        format!(
            "untrusted comment: {}\n{}\ntrusted comment: {}\n{}\n",
            self.untrusted_comment,
            base64::encode(&bytes),
            self.trusted_comment,
            base64::encode(&self.global),
        )
    }

    /// The id of the key that made it, as the signature says.
    pub fn key_id(&self) -> KeyId {
        self.key
    }

    /// The trusted comment, which nobody has checked yet; [`PublicKey::verify`] gives it checked.
    pub fn unchecked_comment(&self) -> &TrustedComment {
        &self.trusted_comment
    }
}

impl PublicKey {
    /// Checks that `signature` is one of `data` and of its trusted comment by this key, and
    /// gives the comment.
    ///
    /// # Errors
    /// If it is not, or the data cannot be read.
    pub fn verify(
        &self,
        data: impl Read,
        signature: &Signature,
    ) -> Result<TrustedComment, SigningError> {
        if signature.key != self.id() {
            return Err(SigningError::OtherKey {
                expected: self.id(),
                found: signature.key,
            });
        }
        let message = if signature.prehashed {
            prehash(data)?
        } else {
            whole(data)?
        };
        self.verify_bytes(&message, &signature.content)?;
        let comment = signature.trusted_comment.as_str().as_bytes();
        self.verify_bytes(&[&signature.content, comment].concat(), &signature.global)
            .map_err(|_bad| SigningError::BadComment)?;
        Ok(signature.trusted_comment.clone())
    }

    /// Checks plain Ed25519 over `message`, by the strict rules of RFC 8032.
    pub(super) fn verify_bytes(
        &self,
        message: &[u8],
        signature: &[u8; 64],
    ) -> Result<(), SigningError> {
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        self.key
            .verify_strict(message, &signature)
            .map_err(|_bad| SigningError::BadSignature)
    }
}

fn decoded(number: usize, line: &str) -> Result<Vec<u8>, SigningError> {
    base64::decode(line)
        .ok_or_else(|| SigningError::at_line(SIGNATURE, number, "this is not base64"))
}

fn prehash(mut data: impl Read) -> io::Result<Vec<u8>> {
    let mut hasher = Blake2b512::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let length = match data.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finalize().to_vec()),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(buffer.get(..length).unwrap_or_default());
    }
}

fn whole(data: impl Read) -> Result<Vec<u8>, SigningError> {
    let mut bytes = Vec::new();
    data.take(LEGACY_LIMIT + 1).read_to_end(&mut bytes)?;
    match u64::try_from(bytes.len()) {
        Ok(size) if size <= LEGACY_LIMIT => Ok(bytes),
        _ => Err(SigningError::TooLarge {
            what: "content of a legacy signature",
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            limit: LEGACY_LIMIT,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::research::signing::LockedKey;

    const KEY: &str = "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAma/JNT40MijsGP7/xIiq19OOHypU/MO4LI/sI0PhyqUE3qHoW7hDJZcj/Hxd6MVz+k4Vab7jXNtGz1KZePej8NqcKWzB6uNkAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    /// minisign 0.11 over `hello\n`, with the key above.
    const THEIRS: &str = "untrusted comment: signature from minisign secret key\nRUSZr8k1PjQyKJ3NNMxuqvNZmiJCkXQVL3lImC8fyoi/S6NAIoYMDlWMvOWgYrVTn6m6z7e3nHo86PmpLPxS7CbWvttC7SrQegc=\ntrusted comment: timestamp:1795373567\tfile:f\thashed\nR+eOWcqV7hhlSXeHEv5QwLqfseEfp9hglqwrkeyZhJjojvKbl0ybKgfoiKyB+xAqcbCmYpfXcUK666opIZSqDA==\n";

    fn key() -> SecretKey {
        LockedKey::parse(KEY).unwrap().unlock(None).unwrap()
    }

    #[test]
    fn verifies_what_minisign_signed_and_signs_the_same() {
        let theirs = Signature::parse(THEIRS).unwrap();
        assert_eq!(theirs.to_text(), THEIRS);
        let comment = key().public_key().verify(&b"hello\n"[..], &theirs).unwrap();
        assert_eq!(comment.field("file"), Some("f"));
        let mut ours = key().sign(&b"hello\n"[..], comment).unwrap();
        ours.untrusted_comment.clone_from(&theirs.untrusted_comment);
        assert_eq!(ours, theirs);
    }

    #[test]
    fn what_was_changed_does_not_hold() {
        let public = key().public_key();
        let comment = TrustedComment::of_file("SHA256SUMS", &[0; 32]).unwrap();
        let good = key().sign(&b"data"[..], comment).unwrap();
        public.verify(&b"data"[..], &good).unwrap();
        let verify =
            |data: &[u8], signature: &Signature| public.verify(data, signature).unwrap_err();
        assert!(matches!(verify(b"date", &good), SigningError::BadSignature));
        let edited = good.to_text().replace("SHA256SUMS", "SHA512SUMS");
        let edited = Signature::parse(&edited).unwrap();
        assert!(matches!(verify(b"data", &edited), SigningError::BadComment));
        let other = SecretKey::generate().unwrap();
        let by_other = other
            .sign(&b"data"[..], good.trusted_comment.clone())
            .unwrap();
        assert!(matches!(
            verify(b"data", &by_other),
            SigningError::OtherKey { .. }
        ));
        // A key id can be claimed by anybody.
        let forged = Signature {
            key: public.id(),
            ..by_other
        };
        assert!(matches!(
            verify(b"data", &forged),
            SigningError::BadSignature
        ));
        let legacy = Signature {
            prehashed: false,
            ..good
        };
        assert!(matches!(
            verify(b"data", &legacy),
            SigningError::BadSignature
        ));
    }

    #[test]
    fn says_which_line_is_wrong() {
        let with = |line: usize, text: &str| {
            let mut lines: Vec<_> = THEIRS.lines().collect();
            lines[line - 1] = text;
            Signature::parse(&lines.join("\n")).unwrap_err().to_string()
        };
        assert_eq!(
            Signature::parse("").unwrap_err().to_string(),
            "signature, line 1: this should be `untrusted comment: …`"
        );
        assert_eq!(with(2, "??"), "signature, line 2: this is not base64");
        assert_eq!(
            with(2, "RUSZ"),
            "signature, line 2: 74 bytes are expected, 3 are there"
        );
        assert_eq!(
            with(3, "comment"),
            "signature, line 3: this should be `trusted comment: …`"
        );
        assert_eq!(
            with(3, "trusted comment: a\u{1b}[2Jb"),
            "signature, line 3: byte 1: a control character"
        );
        assert_eq!(
            with(4, "Zg=="),
            "signature, line 4: 64 bytes are expected, 1 are there"
        );
        let text = format!("{THEIRS}more\n");
        assert_eq!(
            Signature::parse(&text).unwrap_err().to_string(),
            "signature, line 5: nothing should follow the signature"
        );
        let cut: String = THEIRS
            .lines()
            .take(2)
            .map(|line| format!("{line}\n"))
            .collect();
        assert_eq!(
            Signature::parse(&cut).unwrap_err().to_string(),
            "signature, line 3: the signature ends before this line"
        );
    }
}
