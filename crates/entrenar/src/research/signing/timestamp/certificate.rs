//! What a timestamp needs of an X.509 certificate (RFC 5280) beyond the chain, which `webpki`
//! checks.

use crate::research::signing::der::{DerError, Element, Reader, tag};

use super::{TimestampError, oid};

const CERTIFICATE: &str = "certificate";

/// Fields of a certificate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Certificate<'a> {
    /// All of it.
    pub(super) der: &'a [u8],
    /// The serial number's bytes.
    pub(super) serial: &'a [u8],
    /// The issuer's name, tag and length included.
    pub(super) issuer: &'a [u8],
    subject: Reader<'a>,
    extensions: Option<Reader<'a>>,
}

impl<'a> Certificate<'a> {
    pub(super) fn parse(element: Element<'a>) -> Result<Self, TimestampError> {
        Self::fields(element).map_err(TimestampError::malformed(CERTIFICATE))
    }

    fn fields(element: Element<'a>) -> Result<Self, DerError> {
        let mut body = element.inside().sequence("a certificate's body")?;
        body.optional(tag::context(0))?;
        let serial = body.expect(tag::INTEGER, "a serial number")?.content;
        body.expect(tag::SEQUENCE, "a signature algorithm")?;
        let issuer = body.expect(tag::SEQUENCE, "an issuer")?.whole;
        body.expect(tag::SEQUENCE, "a validity")?;
        let subject = body.expect(tag::SEQUENCE, "a subject")?.inside();
        body.expect(tag::SEQUENCE, "a public key")?;
        let mut extensions = None;
        while !body.is_empty() {
            let field = body.any()?;
            if field.tag == tag::context(3) {
                extensions = Some(field.inside().sequence("extensions")?);
            }
        }
        Ok(Self {
            der: element.whole,
            serial,
            issuer,
            subject,
            extensions,
        })
    }

    /// The subject in one line, such as `O=Example, CN=TSA 1`.
    pub(super) fn name(&self) -> String {
        name(self.subject).unwrap_or_else(|_der| "(a name that cannot be read)".into())
    }

    /// An extension of that identifier: whether it is critical, and its content.
    fn extension(&self, wanted: &[u8]) -> Result<Option<(bool, Element<'a>)>, DerError> {
        let Some(mut extensions) = self.extensions else {
            return Ok(None);
        };
        while !extensions.is_empty() {
            let mut fields = extensions.sequence("an extension")?;
            let id = fields.expect(tag::OID, "an extension's identifier")?;
            let critical = fields.optional(tag::BOOLEAN)?;
            let value = fields.expect(tag::OCTET_STRING, "an extension's value")?;
            if id.content == wanted {
                return Ok(Some((critical.is_some_and(|c| c.content != [0]), value)));
            }
        }
        Ok(None)
    }

    /// The subject key identifier.
    pub(super) fn key_id(&self) -> Option<&'a [u8]> {
        let (_, value) = self.extension(oid::SUBJECT_KEY_ID).ok()??;
        let id = value.inside().expect(tag::OCTET_STRING, "a key id").ok()?;
        Some(id.content)
    }

    /// Fails unless the certificate is one for timestamps and nothing else (RFC 3161, section
    /// 2.3).
    pub(super) fn check_purpose(&self) -> Result<(), TimestampError> {
        let reason = match self.purpose() {
            Ok(None) => return Ok(()),
            Ok(Some(reason)) => reason,
            Err(error) => return Err(TimestampError::malformed(CERTIFICATE)(error)),
        };
        Err(TimestampError::WrongPurpose {
            name: self.name(),
            reason,
        })
    }

    fn purpose(&self) -> Result<Option<&'static str>, DerError> {
        let Some((critical, value)) = self.extension(oid::EXTENDED_KEY_USAGE)? else {
            return Ok(Some("it has no extended key usage"));
        };
        let mut purposes = value.inside().sequence("an extended key usage")?;
        let first = purposes.expect(tag::OID, "a purpose")?;
        if first.content != oid::TIME_STAMPING || !purposes.is_empty() {
            return Ok(Some("its extended key usage is not timeStamping alone"));
        }
        if !critical {
            return Ok(Some("its extended key usage is not marked critical"));
        }
        if let Some((_, value)) = self.extension(oid::KEY_USAGE)? {
            let bits = value.inside().expect(tag::BIT_STRING, "a key usage")?;
            // digitalSignature is the first bit, nonRepudiation the second.
            if bits.content.get(1).is_none_or(|bits| bits & 0xc0 == 0) {
                return Ok(Some("its key usage allows no signatures"));
            }
        }
        Ok(None)
    }
}

/// A distinguished name in one line.
fn name(mut names: Reader<'_>) -> Result<String, DerError> {
    let mut parts = Vec::new();
    while !names.is_empty() {
        let mut set = names.enter(tag::SET, "a part of a name")?;
        while !set.is_empty() {
            let mut pair = set.sequence("a part of a name")?;
            let kind = pair.expect(tag::OID, "the kind of a name")?.content;
            let value = pair.any()?;
            let kind = match kind {
                [0x55, 0x04, 0x03] => "CN".to_owned(),
                [0x55, 0x04, 0x06] => "C".to_owned(),
                [0x55, 0x04, 0x07] => "L".to_owned(),
                [0x55, 0x04, 0x08] => "ST".to_owned(),
                [0x55, 0x04, 0x0a] => "O".to_owned(),
                [0x55, 0x04, 0x0b] => "OU".to_owned(),
                other => oid::dotted(other),
            };
            let text: String = String::from_utf8_lossy(value.content)
                .chars()
                .map(|c| if c.is_control() { '\u{fffd}' } else { c })
                .take(256)
                .collect();
            parts.push(format!("{kind}={text}"));
        }
    }
    Ok(parts.join(", "))
}
