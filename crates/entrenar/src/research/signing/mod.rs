//! Signatures and timestamps: who signed these bytes, and since when they exist.
//!
//! * Keys and signatures are those of [minisign](https://jedisct1.github.io/minisign/): Ed25519
//!   over BLAKE2b-512, in small text files. What one program signed the other verifies.
//! * [`in_toto`] holds the statement that names the signed files, in a DSSE envelope.
//! * [`timestamp`] asks an authority for a timestamp (RFC 3161) and checks its reply.
//!
//! `docs/signing.md` describes the files byte by byte, with the commands of other programs that
//! check them.
//!
//! ```
//! use entrenar::research::signing::{PublicKey, SecretKey, Signature, TrustedComment};
//!
//! let key = SecretKey::generate()?;
//! let comment = TrustedComment::new("file:loss.csv")?;
//! let file = key.sign(&b"step,loss\n0,0.5\n"[..], comment)?.to_text();
//!
//! let public = PublicKey::parse(&key.public_key().to_line())?;
//! let signature = Signature::parse(&file)?;
//! let comment = public.verify(&b"step,loss\n0,0.5\n"[..], &signature)?;
//! assert_eq!(comment.field("file"), Some("loss.csv"));
//! assert!(public.verify(&b"step,loss\n0,0.4\n"[..], &signature).is_err());
//! # Ok::<(), entrenar::research::signing::SigningError>(())
//! ```

mod der;
mod error;
pub mod in_toto;
mod key;
mod secret;
mod signature;
pub mod timestamp;

pub use error::SigningError;
pub use key::{KeyId, PublicKey};
pub(super) use secret::random;
pub use secret::{LockedKey, SecretKey};
pub use signature::{Signature, TrustedComment};

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes that 64 lower-case hexadecimal digits mean.
pub(super) fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    let mut bytes = [0; 32];
    if digits.len() != 64 || digits.iter().any(u8::is_ascii_uppercase) {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    // `from_str_radix` takes a sign.
    digits.iter().all(u8::is_ascii_hexdigit).then_some(bytes)
}
