//! Decoding the text of a source: byte order marks, UTF-16, invalid UTF-8.

use std::borrow::Cow;

use crate::session::{ImportWarning, Place, WarningKind};

use super::BridgeError;

/// The text of a source, with a warning for each thing that was not plain UTF-8.
#[derive(Debug, Clone)]
pub struct Decoded<'a> {
    /// The text.
    pub text: Cow<'a, str>,
    /// What was done to the bytes.
    pub warnings: Vec<ImportWarning>,
}

/// Decodes UTF-8 (with or without a byte order mark) or UTF-16 (with one).
///
/// Bytes that are not UTF-8 become U+FFFD, with one warning that names the first such byte: the
/// source itself is kept as it is.
///
/// # Errors
/// [`BridgeError::Encoding`] for UTF-16 with unpaired surrogates or an odd number of bytes.
pub fn decode(bytes: &[u8]) -> Result<Decoded<'_>, BridgeError> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => Ok(Decoded {
            warnings: vec![note(0, "a byte order mark was skipped")],
            ..decode_utf8(rest, 3)
        }),
        [0xFF, 0xFE, rest @ ..] => decode_utf16(rest, "UTF-16LE", u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => decode_utf16(rest, "UTF-16BE", u16::from_be_bytes),
        _ => Ok(decode_utf8(bytes, 0)),
    }
}

fn decode_utf8(bytes: &[u8], offset: usize) -> Decoded<'_> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Decoded {
            text: Cow::Borrowed(text),
            warnings: Vec::new(),
        },
        Err(error) => Decoded {
            text: String::from_utf8_lossy(bytes),
            warnings: vec![note(
                offset + error.valid_up_to(),
                "the text is not valid UTF-8 from here; invalid bytes were replaced by U+FFFD",
            )],
        },
    }
}

fn decode_utf16(
    bytes: &[u8],
    encoding: &'static str,
    unit: impl Fn([u8; 2]) -> u16,
) -> Result<Decoded<'static>, BridgeError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(BridgeError::Encoding {
            encoding,
            byte: bytes.len() + 1,
        });
    }
    let mut text = String::with_capacity(pairs.len());
    let mut byte = 2;
    for decoded in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        let Ok(c) = decoded else {
            return Err(BridgeError::Encoding { encoding, byte });
        };
        byte += c.len_utf16() * 2;
        text.push(c);
    }
    Ok(Decoded {
        text: Cow::Owned(text),
        warnings: vec![note(
            0,
            &format!("the text is {encoding} and was converted"),
        )],
    })
}

fn note(byte: usize, message: &str) -> ImportWarning {
    ImportWarning::new(WarningKind::Encoding, Place::byte(byte), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_utf8_is_borrowed_without_a_warning() {
        let decoded = decode("é".as_bytes()).unwrap();
        assert!(matches!(decoded.text, Cow::Borrowed("é")) && decoded.warnings.is_empty());
    }

    #[test]
    fn marks_and_utf16_are_understood() {
        for bytes in [&b"\xEF\xBB\xBFab"[..], b"\xFF\xFEa\0b\0", b"\xFE\xFF\0a\0b"] {
            let decoded = decode(bytes).unwrap();
            assert_eq!((&*decoded.text, decoded.warnings.len()), ("ab", 1));
        }
    }

    #[test]
    fn bad_bytes_are_named_with_their_place() {
        let decoded = decode(b"\xEF\xBB\xBFcaf\xE9").unwrap();
        assert_eq!(decoded.text, "caf\u{FFFD}");
        assert!(matches!(
            decode(b"\xFF\xFE\x00"),
            Err(BridgeError::Encoding { byte: 2, .. })
        ));
        assert!(matches!(
            decode(b"\xFF\xFEa\0\x00\xD8"),
            Err(BridgeError::Encoding { byte: 4, .. })
        ));
    }
}
