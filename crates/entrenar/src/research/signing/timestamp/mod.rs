//! Timestamps of an authority (RFC 3161): since when some bytes exist.
//!
//! [`request`] makes what is sent to the authority, [`Reply`] reads and checks what comes back.
//! A timestamp holds if it is of the right SHA-256, its signature holds, the certificate that
//! signed is one for timestamps, and a chain of certificates leads to one that the user trusts;
//! all of them valid at the stamped time, so that it holds after they expired, too.

mod anchors;
mod certificate;
mod error;
mod oid;
mod reply;
mod request;
mod verify;

pub use anchors::TrustAnchors;
pub use error::TimestampError;
pub use reply::Reply;
pub use request::{Request, nonce, request};
pub use verify::TimestampInfo;

pub use super::der::DerError;
use super::der::{Reader, tag};

/// The SHA-256 of a MessageImprint.
fn imprint_digest(what: &'static str, imprint: Reader<'_>) -> Result<[u8; 32], TimestampError> {
    let mut fields = imprint;
    let mut parse = || {
        let algorithm = fields
            .sequence("a digest algorithm")?
            .expect(tag::OID, "an algorithm")?;
        let digest = fields.expect(tag::OCTET_STRING, "a digest")?;
        fields.end("a message imprint")?;
        Ok((algorithm.content, digest))
    };
    let (algorithm, digest) = parse().map_err(TimestampError::malformed(what))?;
    if algorithm != oid::SHA256 {
        return Err(TimestampError::Unsupported {
            what: "the message imprint",
            algorithm: oid::dotted(algorithm),
        });
    }
    digest.content.try_into().map_err(|_length| {
        TimestampError::malformed(what)(digest.error("a SHA-256 digest is 32 bytes"))
    })
}
