//! The certificates that the user trusts.

use rustls_pki_types::CertificateDer;

use crate::base64;

use super::TimestampError;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
/// The list of a whole operating system is smaller.
const SIZE_LIMIT: usize = 4 << 20;

/// The certificates of the authorities that the user trusts. Nothing is trusted but these.
#[derive(Debug, Clone, Default)]
pub struct TrustAnchors {
    pub(super) certificates: Vec<CertificateDer<'static>>,
}

impl TrustAnchors {
    /// Reads one certificate in DER, or any number of them in PEM.
    ///
    /// # Errors
    /// If there is none, or one cannot be used.
    pub fn parse(bytes: &[u8]) -> Result<Self, TimestampError> {
        let bad = |place: String, reason: &str| TimestampError::BadAnchor {
            place,
            reason: reason.into(),
        };
        if bytes.len() > SIZE_LIMIT {
            return Err(bad("the file".into(), "it is larger than 4 MiB"));
        }
        let mut certificates = Vec::new();
        if bytes.first() == Some(&0x30) {
            certificates.push(CertificateDer::from(bytes.to_vec()));
        } else {
            let text = std::str::from_utf8(bytes).map_err(|error| {
                bad(
                    format!("byte {}", error.valid_up_to()),
                    "this is neither PEM nor DER",
                )
            })?;
            for block in text.split(BEGIN).skip(1) {
                let place = || format!("certificate {}", certificates.len() + 1);
                let (digits, _) = block
                    .split_once(END)
                    .ok_or_else(|| bad(place(), "its END line is missing"))?;
                let der = base64::decode_wrapped(digits)
                    .ok_or_else(|| bad(place(), "this is not base64"))?;
                certificates.push(CertificateDer::from(der));
            }
        }
        if certificates.is_empty() {
            return Err(bad("the file".into(), "there is no certificate in it"));
        }
        for (index, certificate) in certificates.iter().enumerate() {
            webpki::anchor_from_trusted_cert(certificate).map_err(|error| {
                bad(format!("certificate {}", index + 1), &format!("{error:?}"))
            })?;
        }
        Ok(Self { certificates })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.certificates.len()
    }

    /// Whether nothing is trusted.
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }
}
