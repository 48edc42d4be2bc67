//! The reply of an authority (RFC 3161, section 2.4.2), as far as it says something by itself.

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::research::signing::der::{DerError, Element, Reader, tag};
use crate::research::signing::hex;

use super::{Request, TimestampError, imprint_digest, oid};

pub(super) const REPLY: &str = "timestamp reply";
const SIZE_LIMIT: usize = 1 << 20;
/// Certificates that are looked at.
const CERTIFICATE_LIMIT: usize = 32;

/// A reply with a timestamp in it. What it says is unchecked; [`Reply::verify`] checks it.
#[derive(Debug, Clone)]
pub struct Reply {
    bytes: Vec<u8>,
    sha256: [u8; 32],
    time: DateTime<Utc>,
    nonce: Option<Vec<u8>>,
}

/// The parts of a signed timestamp.
pub(super) struct Token<'a> {
    /// The signed content: a TSTInfo.
    pub(super) content: &'a [u8],
    pub(super) info: Info<'a>,
    pub(super) certificates: Vec<Element<'a>>,
    pub(super) signer: Signer<'a>,
}

/// What the authority states (TSTInfo).
pub(super) struct Info<'a> {
    pub(super) policy: &'a [u8],
    pub(super) sha256: [u8; 32],
    pub(super) serial: &'a [u8],
    pub(super) time: DateTime<Utc>,
    pub(super) accuracy_micros: Option<u64>,
    pub(super) nonce: Option<&'a [u8]>,
}

/// Which certificate signed.
pub(super) enum SignerId<'a> {
    IssuerAndSerial(&'a [u8], &'a [u8]),
    KeyId(&'a [u8]),
}

/// How it was signed (SignerInfo).
pub(super) struct Signer<'a> {
    pub(super) id: SignerId<'a>,
    pub(super) digest: &'a [u8],
    /// The signed attributes, with the tag that they have in the reply.
    pub(super) attributes: Element<'a>,
    pub(super) algorithm: &'a [u8],
    pub(super) signature: &'a [u8],
}

impl Reply {
    /// Reads a `.tsr` file.
    ///
    /// # Errors
    /// If it is none, or the authority refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, TimestampError> {
        if bytes.len() > SIZE_LIMIT {
            let error = Reader::new(bytes).error("it is larger than 1 MiB");
            return Err(TimestampError::malformed(REPLY)(error));
        }
        let token = token(bytes)?;
        Ok(Self {
            sha256: token.info.sha256,
            time: token.info.time,
            nonce: token.info.nonce.map(<[u8]>::to_vec),
            bytes: bytes.to_vec(),
        })
    }

    /// The bytes of the file.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The time that the reply states; nobody has checked it.
    pub fn unchecked_time(&self) -> DateTime<Utc> {
        self.time
    }

    /// The SHA-256 that the reply is about; nobody has checked it.
    pub fn unchecked_sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// Checks that the reply is about that SHA-256, and nothing else.
    ///
    /// # Errors
    /// If it is about another.
    pub fn check_content(&self, sha256: &[u8; 32]) -> Result<(), TimestampError> {
        if self.sha256 == *sha256 {
            return Ok(());
        }
        Err(TimestampError::OtherContent {
            expected: hex(sha256),
            found: hex(&self.sha256),
        })
    }

    /// Checks that the reply answers `request`: same digest, same nonce.
    ///
    /// # Errors
    /// If it does not.
    pub fn check_request(&self, request: &Request) -> Result<(), TimestampError> {
        self.check_content(&request.sha256)?;
        match (&request.nonce, &self.nonce) {
            (Some(sent), Some(found)) if sent == found => Ok(()),
            (None, _) => Ok(()),
            (Some(_), None) => Err(TimestampError::OtherRequest("it has no nonce")),
            (Some(_), Some(_)) => Err(TimestampError::OtherRequest("its nonce is another one")),
        }
    }
}

/// Reads all of a reply.
pub(super) fn token(bytes: &[u8]) -> Result<Token<'_>, TimestampError> {
    let malformed = || TimestampError::malformed(REPLY);
    let mut file = Reader::new(bytes);
    let mut fields = file.sequence("a reply").map_err(malformed())?;
    file.end("the file").map_err(malformed())?;
    let status = fields.sequence("a status").map_err(malformed())?;
    check_status(status)?;
    let parts = (|| {
        let mut content = fields.sequence("a timestamp")?;
        fields.end("a reply")?;
        let kind = content.expect(tag::OID, "a content type")?;
        if kind.content != oid::SIGNED_DATA {
            return Err(kind.error("this is no signed data"));
        }
        let mut explicit = content.enter(tag::context(0), "signed data")?;
        let mut data = explicit.sequence("signed data")?;
        data.small("a version")?;
        let digests = data.expect(tag::SET, "digest algorithms")?;
        let mut inner = data.sequence("the signed content")?;
        let kind = inner.expect(tag::OID, "a content type")?;
        if kind.content != oid::TST_INFO {
            return Err(kind.error("the signed content is no timestamp"));
        }
        let content = inner
            .enter(tag::context(0), "the signed content")?
            .expect(tag::OCTET_STRING, "the signed content")?;
        let mut certificates = Vec::new();
        if let Some(set) = data.optional(tag::context(0))? {
            let mut set = set.inside();
            while !set.is_empty() {
                let certificate = set.any()?;
                // Attribute certificates and other kinds have tags of their own.
                if certificate.tag == tag::SEQUENCE {
                    certificates.push(certificate);
                }
                if certificates.len() > CERTIFICATE_LIMIT {
                    return Err(set.error("there are more than 32 certificates"));
                }
            }
        }
        // Revocation lists.
        data.optional(tag::context(1))?;
        let mut signers = data.enter(tag::SET, "signers")?;
        let signer = signer(signers.sequence("a signer")?)?;
        signers.end("the signers of a timestamp")?;
        let (mut announced, mut list) = (false, digests.inside());
        while !list.is_empty() {
            announced |= algorithm(&mut list, "a digest algorithm")? == signer.digest;
        }
        if !announced {
            return Err(digests.error("the signer's digest algorithm is not among these"));
        }
        Ok((content, certificates, signer))
    })();
    let (content, certificates, signer) = parts.map_err(malformed())?;
    Ok(Token {
        content: content.content,
        info: info(content.inside())?,
        certificates,
        signer,
    })
}

fn check_status(mut fields: Reader<'_>) -> Result<(), TimestampError> {
    let mut parse = || -> Result<Option<String>, DerError> {
        let status = fields.small("a status")?;
        if status <= 1 {
            return Ok(None);
        }
        let kind = match status {
            2 => "rejection",
            3 => "waiting",
            4 => "a revocation is near",
            5 => "revoked",
            _ => "an unknown status",
        };
        let mut texts = vec![kind.to_owned()];
        if let Some(list) = fields.optional(tag::SEQUENCE)? {
            let mut list = list.inside();
            while !list.is_empty() {
                let text = String::from_utf8_lossy(list.any()?.content).into_owned();
                let text: String = text.chars().filter(|c| !c.is_control()).take(500).collect();
                texts.push(text);
            }
        }
        if let Some(bits) = fields.optional(tag::BIT_STRING)? {
            texts.extend(failures(bits.content).map(str::to_owned));
        }
        Ok(Some(texts.join(", ")))
    };
    match parse().map_err(TimestampError::malformed(REPLY))? {
        None => Ok(()),
        Some(reason) => Err(TimestampError::Refused(reason)),
    }
}

/// PKIFailureInfo.
fn failures(bits: &[u8]) -> impl Iterator<Item = &'static str> {
    const NAMES: [(usize, &str); 8] = [
        (0, "unknown or unsupported algorithm"),
        (2, "the request is not permitted or supported"),
        (5, "the data have the wrong format"),
        (14, "the authority's time source is not available"),
        (15, "the requested policy is not supported"),
        (16, "the requested extension is not supported"),
        (17, "the additional information could not be understood"),
        (25, "the request cannot be handled due to a system failure"),
    ];
    let set = |number: usize| {
        // The first byte counts the unused bits.
        bits.get(1 + number / 8)
            .is_some_and(|byte| byte & (0x80 >> (number % 8)) != 0)
    };
    NAMES
        .into_iter()
        .filter(move |(number, _)| set(*number))
        .map(|(_, name)| name)
}

fn signer(mut fields: Reader<'_>) -> Result<Signer<'_>, DerError> {
    fields.small("a version")?;
    let id = fields.any()?;
    let id = match id.tag {
        tag::SEQUENCE => {
            let mut parts = id.inside();
            let issuer = parts.expect(tag::SEQUENCE, "an issuer")?.whole;
            let serial = parts.expect(tag::INTEGER, "a serial number")?.content;
            SignerId::IssuerAndSerial(issuer, serial)
        }
        0x80 => SignerId::KeyId(id.content),
        _ => return Err(id.error("neither an issuer with a serial number nor a key id")),
    };
    let digest = algorithm(&mut fields, "a digest algorithm")?;
    let attributes = fields.expect(tag::context(0), "signed attributes")?;
    let algorithm = algorithm(&mut fields, "a signature algorithm")?;
    let signature = fields.expect(tag::OCTET_STRING, "a signature")?;
    Ok(Signer {
        id,
        digest,
        attributes,
        algorithm,
        signature: signature.content,
    })
}

/// An algorithm without parameters, or one that is known to have some.
fn algorithm<'a>(fields: &mut Reader<'a>, what: &str) -> Result<&'a [u8], DerError> {
    let mut parts = fields.sequence(what)?;
    let id = parts.expect(tag::OID, what)?.content;
    if id != oid::RSA_PSS && id != oid::EC_KEY {
        parts.optional(tag::NULL)?;
        parts.end(what)?;
    }
    Ok(id)
}

fn info(content: Reader<'_>) -> Result<Info<'_>, TimestampError> {
    let malformed = || TimestampError::malformed(REPLY);
    let mut file = content;
    let start = (|| {
        let mut fields = file.sequence("a timestamp")?;
        file.end("the signed content")?;
        let version = fields;
        if fields.small("a version")? != 1 {
            return Err(version.error("only version 1 is known"));
        }
        let policy = fields.expect(tag::OID, "a policy")?.content;
        let imprint = fields.sequence("the message imprint")?;
        Ok((fields, policy, imprint))
    })();
    let (mut fields, policy, imprint) = start.map_err(malformed())?;
    let sha256 = imprint_digest(REPLY, imprint)?;
    let rest = (|| {
        let serial = fields.expect(tag::INTEGER, "a serial number")?.content;
        let time = fields.expect(tag::GENERALIZED_TIME, "a time")?;
        let time = generalized_time(time.content).ok_or_else(|| time.error("this is no time"))?;
        let accuracy = fields.optional(tag::SEQUENCE)?;
        let accuracy_micros = accuracy
            .map(|accuracy| micros(accuracy.inside()))
            .transpose()?;
        fields.optional(tag::BOOLEAN)?;
        let nonce = fields.optional(tag::INTEGER)?.map(|nonce| nonce.content);
        fields.optional(tag::context(0))?;
        fields.optional(tag::context(1))?;
        fields.end("a timestamp")?;
        Ok((serial, time, accuracy_micros, nonce))
    })();
    let (serial, time, accuracy_micros, nonce) = rest.map_err(malformed())?;
    Ok(Info {
        policy,
        sha256,
        serial,
        time,
        accuracy_micros,
        nonce,
    })
}

/// `YYYYMMDDhhmmss[.f…]Z`: RFC 3161 allows no other form.
fn generalized_time(bytes: &[u8]) -> Option<DateTime<Utc>> {
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 14 || !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let nanos: u32 = format!("{fraction:0<9}").parse().ok()?;
    let time = NaiveDateTime::parse_from_str(whole, "%Y%m%d%H%M%S")
        .ok()?
        .and_utc();
    DateTime::from_timestamp(time.timestamp(), nanos)
}

/// Accuracy: seconds, milliseconds `[0]`, microseconds `[1]`.
fn micros(mut fields: Reader<'_>) -> Result<u64, DerError> {
    let seconds = if fields.peek() == Some(tag::INTEGER) {
        u64::from(fields.small("seconds")?)
    } else {
        0
    };
    let mut part = |tag| -> Result<u64, DerError> {
        let Some(part) = fields.optional(tag)? else {
            return Ok(0);
        };
        match part.content {
            [] | [_, _, _, ..] => Err(part.error("this is no number below 1000")),
            digits => Ok(digits.iter().fold(0, |n, byte| n << 8 | u64::from(*byte))),
        }
    };
    let (millis, micros) = (part(0x80)?, part(0x81)?);
    Ok(seconds * 1_000_000 + millis * 1000 + micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_one_form() {
        let time = |text: &str| generalized_time(text.as_bytes()).map(|time| time.to_rfc3339());
        assert_eq!(
            time("20261122183005Z").as_deref(),
            Some("2026-11-22T18:30:05+00:00")
        );
        assert_eq!(
            time("20261122183005.25Z").as_deref(),
            Some("2026-11-22T18:30:05.250+00:00")
        );
        for bad in [
            "",
            "Z",
            "20261122183005",
            "202611221830Z",
            "20261322183005Z",
            "20261122183005.Z",
            "20261122183005+0100",
            "+0261122183005Z",
        ] {
            assert_eq!(time(bad), None, "{bad}");
        }
    }
}
