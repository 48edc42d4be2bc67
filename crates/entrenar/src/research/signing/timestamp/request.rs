//! The request to an authority (RFC 3161, section 2.4.1).

use crate::research::signing::SigningError;
use crate::research::signing::der::{Reader, element, tag, unsigned};
use crate::research::signing::secret::random;

use super::oid;
use super::{TimestampError, imprint_digest};

const REQUEST: &str = "timestamp request";
const SIZE_LIMIT: usize = 64 << 10;

/// A random number for a request, so that an old reply does not answer it.
///
/// # Errors
/// If the system gives no random bytes.
pub fn nonce() -> Result<u64, SigningError> {
    let mut bytes = [0; 8];
    random(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// The request for a timestamp over content of that SHA-256: what is sent to an authority as
/// `application/timestamp-query`. It asks for the certificate, too.
pub fn request(sha256: &[u8; 32], nonce: u64) -> Vec<u8> {
    let digits: Vec<u8> = nonce.to_le_bytes().into_iter().rev().collect();
    let algorithm = element(
        tag::SEQUENCE,
        &[&element(tag::OID, &[oid::SHA256]), &element(tag::NULL, &[])],
    );
    let imprint = element(
        tag::SEQUENCE,
        &[&algorithm, &element(tag::OCTET_STRING, &[sha256])],
    );
    element(
        tag::SEQUENCE,
        &[
            &unsigned(&[1]),
            &imprint,
            &unsigned(&digits),
            &element(tag::BOOLEAN, &[&[0xff]]),
        ],
    )
}

/// A request, read back from its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The SHA-256 that it is about.
    pub sha256: [u8; 32],
    /// The bytes of its nonce, as in the file.
    pub(super) nonce: Option<Vec<u8>>,
}

impl Request {
    /// Reads a `.tsq` file.
    ///
    /// # Errors
    /// If it is none, or about another kind of digest than SHA-256.
    pub fn parse(bytes: &[u8]) -> Result<Self, TimestampError> {
        let error = TimestampError::malformed(REQUEST);
        let mut reader = Reader::new(bytes);
        if bytes.len() > SIZE_LIMIT {
            return Err(error(reader.error("it is larger than 64 KiB")));
        }
        let mut parse = || {
            let mut fields = reader.sequence("a request")?;
            reader.end("a request")?;
            let version = fields;
            if fields.small("the version")? != 1 {
                return Err(version.error("only version 1 is known"));
            }
            let imprint = fields.sequence("the message imprint")?;
            // The policy that is asked for is the authority's concern.
            fields.optional(tag::OID)?;
            let nonce = fields.optional(tag::INTEGER)?;
            Ok((imprint, nonce.map(|nonce| nonce.content.to_vec())))
        };
        let (imprint, nonce) = parse().map_err(error)?;
        Ok(Self {
            sha256: imprint_digest(REQUEST, imprint)?,
            nonce,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_back() {
        for nonce in [0, 1, 0x7f, 0x80, u64::MAX] {
            let bytes = request(&[5; 32], nonce);
            let read = Request::parse(&bytes).unwrap();
            assert_eq!(read.sha256, [5; 32]);
            let digits = read.nonce.unwrap();
            let value = digits.iter().fold(0_u128, |n, b| n << 8 | u128::from(*b));
            assert_eq!(value, u128::from(nonce));
            for end in 0..bytes.len() {
                assert!(Request::parse(&bytes[..end]).is_err());
            }
        }
    }
}
