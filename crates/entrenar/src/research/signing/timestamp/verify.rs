//! Checking a timestamp: its content, its signature, the certificate and what vouches for it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use ring::digest::{self, digest};
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use webpki::{EndEntityCert, KeyUsage, ring as algorithms};

use crate::research::signing::der::{DerError, Element, Reader, tag};
use crate::research::signing::hex;

use super::certificate::Certificate;
use super::reply::{REPLY, Reply, SignerId, Token, token};
use super::{TimestampError, TrustAnchors, oid};

type Algorithm = &'static dyn SignatureVerificationAlgorithm;

/// What a timestamp proves: this content existed at that time, says that authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimestampInfo {
    /// The stamped time.
    pub time: DateTime<Utc>,
    /// How far the true time may be from it, in microseconds, where the authority says so.
    pub accuracy_micros: Option<u64>,
    /// The subject of the certificate that signed.
    pub tsa_name: String,
    /// The policy that the authority follows, an object identifier such as `1.3.6.1.4.1.4146.2.3`.
    pub policy: String,
    /// The timestamp's number, in hexadecimal.
    pub serial: String,
}

impl Reply {
    /// Checks that the timestamp is of content of that SHA-256, that the authority's signature
    /// holds, that its certificate is one for timestamps, and that a chain of certificates, all
    /// valid at the stamped time, leads to one of `anchors`. Revocation is not looked at.
    ///
    /// # Errors
    /// If one of these does not hold.
    pub fn verify(
        &self,
        sha256: &[u8; 32],
        anchors: &TrustAnchors,
    ) -> Result<TimestampInfo, TimestampError> {
        let token = token(self.as_bytes())?;
        self.check_content(sha256)?;
        let signer = signer(&token)?;
        check_attributes(&token, &signer)?;
        let der = CertificateDer::from(signer.der);
        let certificate =
            EndEntityCert::try_from(&der).map_err(|error| TimestampError::Untrusted {
                name: signer.name(),
                reason: in_words(&error),
            })?;
        check_signature(&token, &certificate)?;
        signer.check_purpose()?;
        check_chain(&token, &certificate, &signer, anchors)?;
        Ok(TimestampInfo {
            time: token.info.time,
            accuracy_micros: token.info.accuracy_micros,
            tsa_name: signer.name(),
            policy: oid::dotted(token.info.policy),
            serial: hex(token.info.serial),
        })
    }
}

/// The certificate that the signature names.
fn signer<'a>(token: &Token<'a>) -> Result<Certificate<'a>, TimestampError> {
    for element in &token.certificates {
        let certificate = Certificate::parse(*element)?;
        let found = match token.signer.id {
            SignerId::IssuerAndSerial(issuer, serial) => {
                certificate.issuer == issuer && certificate.serial == serial
            }
            SignerId::KeyId(id) => certificate.key_id() == Some(id),
        };
        if found {
            return Ok(certificate);
        }
    }
    Err(TimestampError::NoCertificate)
}

fn digest_algorithm(id: &[u8]) -> Option<&'static digest::Algorithm> {
    match id {
        oid::SHA256 => Some(&digest::SHA256),
        oid::SHA384 => Some(&digest::SHA384),
        oid::SHA512 => Some(&digest::SHA512),
        _ => None,
    }
}

/// The signed attributes bind content, type and certificate to the signature (RFC 5652, section
/// 5.4; RFC 3161, section 2.4.1; RFC 5816).
fn check_attributes(token: &Token<'_>, signer: &Certificate<'_>) -> Result<(), TimestampError> {
    let bad = TimestampError::BadSignature;
    let attributes = token.signer.attributes.inside();
    let find = |id: &[u8]| attribute(attributes, id).map_err(TimestampError::malformed(REPLY));

    let kind = find(oid::CONTENT_TYPE)?.ok_or(bad("the content type is not signed"))?;
    if kind.tag != tag::OID || kind.content != oid::TST_INFO {
        return Err(bad("another content type is signed"));
    }
    let algorithm =
        digest_algorithm(token.signer.digest).ok_or_else(|| TimestampError::Unsupported {
            what: "the digest of the timestamp",
            algorithm: oid::dotted(token.signer.digest),
        })?;
    let signed = find(oid::MESSAGE_DIGEST)?.ok_or(bad("the content's digest is not signed"))?;
    if signed.tag != tag::OCTET_STRING
        || signed.content != digest(algorithm, token.content).as_ref()
    {
        return Err(bad(
            "the stamped time or content was changed since it was signed",
        ));
    }

    let newer = find(oid::SIGNING_CERTIFICATE_V2)?;
    let (id, version) = match newer {
        Some(id) => (id, 2),
        None => (
            find(oid::SIGNING_CERTIFICATE)?.ok_or(bad("the certificate is not signed"))?,
            1,
        ),
    };
    let (algorithm, expected) =
        certificate_digest(id, version).map_err(TimestampError::malformed(REPLY))?;
    let algorithm = match algorithm {
        // ESSCertID of RFC 2634 knows no other.
        None if version == 1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        None => &digest::SHA256,
        Some(oid::SHA1) => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        Some(id) => digest_algorithm(id).ok_or_else(|| TimestampError::Unsupported {
            what: "the digest of the certificate",
            algorithm: oid::dotted(id),
        })?,
    };
    if digest(algorithm, signer.der).as_ref() != expected {
        return Err(bad("the certificate is not the one that is signed"));
    }
    Ok(())
}

/// The one value of the one attribute of that type.
fn attribute<'a>(mut attributes: Reader<'a>, id: &[u8]) -> Result<Option<Element<'a>>, DerError> {
    let mut found = None;
    while !attributes.is_empty() {
        let mut fields = attributes.sequence("an attribute")?;
        let kind = fields.expect(tag::OID, "an attribute's type")?;
        if kind.content == id {
            let mut values = fields.enter(tag::SET, "an attribute's values")?;
            let value = values.any()?;
            values.end("an attribute with one value")?;
            if found.replace(value).is_some() {
                return Err(kind.error("this attribute is there twice"));
            }
        }
    }
    Ok(found)
}

/// Algorithm and digest of the first ESSCertID or ESSCertIDv2, which is the signer's.
fn certificate_digest(value: Element<'_>, version: u8) -> Result<(Option<&[u8]>, &[u8]), DerError> {
    if value.tag != tag::SEQUENCE {
        return Err(value.error("this is no signing certificate"));
    }
    let mut ids = value.inside().sequence("certificate ids")?;
    let mut id = ids.sequence("a certificate id")?;
    let algorithm = match version {
        2 => id.optional(tag::SEQUENCE)?,
        _ => None,
    };
    let algorithm = algorithm
        .map(|algorithm| algorithm.inside().expect(tag::OID, "a digest algorithm"))
        .transpose()?;
    let digest = id.expect(tag::OCTET_STRING, "a digest")?;
    Ok((algorithm.map(|id| id.content), digest.content))
}

/// Algorithms that the signature may be of; the key decides between curves.
fn signature_algorithms(signer: &[u8], digest: &[u8]) -> &'static [Algorithm] {
    use algorithms::{
        ECDSA_P256_SHA256, ECDSA_P256_SHA384, ECDSA_P384_SHA256, ECDSA_P384_SHA384, ED25519,
        RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
        RSA_PSS_2048_8192_SHA256_LEGACY_KEY, RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
        RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
    };
    static EC256: [Algorithm; 2] = [ECDSA_P256_SHA256, ECDSA_P384_SHA256];
    static EC384: [Algorithm; 2] = [ECDSA_P256_SHA384, ECDSA_P384_SHA384];
    static RSA256: [Algorithm; 1] = [RSA_PKCS1_2048_8192_SHA256];
    static RSA384: [Algorithm; 1] = [RSA_PKCS1_2048_8192_SHA384];
    static RSA512: [Algorithm; 1] = [RSA_PKCS1_2048_8192_SHA512];
    static PSS256: [Algorithm; 1] = [RSA_PSS_2048_8192_SHA256_LEGACY_KEY];
    static PSS384: [Algorithm; 1] = [RSA_PSS_2048_8192_SHA384_LEGACY_KEY];
    static PSS512: [Algorithm; 1] = [RSA_PSS_2048_8192_SHA512_LEGACY_KEY];
    static EDWARDS: [Algorithm; 1] = [ED25519];
    match (signer, digest) {
        (oid::RSA_SHA256, _) | (oid::RSA, oid::SHA256) => &RSA256,
        (oid::RSA_SHA384, _) | (oid::RSA, oid::SHA384) => &RSA384,
        (oid::RSA_SHA512, _) | (oid::RSA, oid::SHA512) => &RSA512,
        (oid::RSA_PSS, oid::SHA256) => &PSS256,
        (oid::RSA_PSS, oid::SHA384) => &PSS384,
        (oid::RSA_PSS, oid::SHA512) => &PSS512,
        (oid::ECDSA_SHA256, _) | (oid::EC_KEY, oid::SHA256) => &EC256,
        (oid::ECDSA_SHA384, _) | (oid::EC_KEY, oid::SHA384) => &EC384,
        (oid::ED25519, _) => &EDWARDS,
        _ => &[],
    }
}

fn check_signature(
    token: &Token<'_>,
    certificate: &EndEntityCert<'_>,
) -> Result<(), TimestampError> {
    let signer = &token.signer;
    let candidates = signature_algorithms(signer.algorithm, signer.digest);
    // What is signed has the tag of a SET, whatever the tag in the reply (RFC 5652, section 5.4).
    let mut message = signer.attributes.whole.to_vec();
    if let Some(first) = message.first_mut() {
        *first = tag::SET;
    }
    let mut unsupported = true;
    for algorithm in candidates {
        match certificate.verify_signature(*algorithm, &message, signer.signature) {
            Ok(()) => return Ok(()),
            Err(webpki::Error::InvalidSignatureForPublicKey) => unsupported = false,
            Err(_other_key) => {}
        }
    }
    if unsupported {
        let name = match signer.algorithm {
            oid::ECDSA_SHA512 => "ECDSA with SHA-512".to_owned(),
            _ if candidates.is_empty() => oid::dotted(signer.algorithm),
            other => format!("{} for this kind of key", oid::dotted(other)),
        };
        return Err(TimestampError::Unsupported {
            what: "the signature of the timestamp",
            algorithm: name,
        });
    }
    Err(TimestampError::BadSignature(
        "the signature is not by the certificate in the reply",
    ))
}

fn check_chain(
    token: &Token<'_>,
    certificate: &EndEntityCert<'_>,
    signer: &Certificate<'_>,
    anchors: &TrustAnchors,
) -> Result<(), TimestampError> {
    let untrusted = |reason: String| TimestampError::Untrusted {
        name: signer.name(),
        reason,
    };
    let anchors: Vec<_> = anchors
        .certificates
        .iter()
        .filter_map(|certificate| webpki::anchor_from_trusted_cert(certificate).ok())
        .collect();
    let intermediates: Vec<CertificateDer<'_>> = token
        .certificates
        .iter()
        .map(|element| CertificateDer::from(element.whole))
        .collect();
    let seconds = u64::try_from(token.info.time.timestamp())
        .map_err(|_before| untrusted("the stamped time is before 1970".into()))?;
    let chain = certificate.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &anchors,
        &intermediates,
        UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
        // The signer's own purpose is checked more strictly than this.
        KeyUsage::required_if_present(oid::TIME_STAMPING),
        None,
        None,
    );
    match chain {
        Ok(_) => Ok(()),
        Err(
            error @ (webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. }),
        ) => Err(TimestampError::NotValidThen {
            time: token.info.time,
            reason: in_words(&error),
        }),
        Err(error) => Err(untrusted(in_words(&error))),
    }
}

fn in_words(error: &webpki::Error) -> String {
    let date = |time: &UnixTime| {
        i64::try_from(time.as_secs())
            .ok()
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
            .map_or_else(|| "an unknown time".to_owned(), |time| time.to_string())
    };
    match error {
        webpki::Error::UnknownIssuer => "its issuer is not among the trusted ones".into(),
        webpki::Error::CertExpired { not_after, .. } => {
            format!("it had expired on {}", date(not_after))
        }
        webpki::Error::CertNotValidYet { not_before, .. } => {
            format!("it was valid only from {}", date(not_before))
        }
        webpki::Error::CaUsedAsEndEntity => {
            "it is the certificate of an authority for certificates".into()
        }
        webpki::Error::InvalidSignatureForPublicKey => {
            "a signature in the chain does not hold".into()
        }
        other => format!("{other:?}"),
    }
}
