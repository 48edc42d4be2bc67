//! Decoding the text of a source: byte order marks, UTF-16, UTF-32, Windows-1252, invalid UTF-8.

use std::borrow::Cow;

use crate::session::{ImportWarning, Place, WarningKind};

use super::BridgeError;

/// How the bytes of a source became text.
#[derive(Debug, Clone, Copy)]
enum Encoding {
    /// UTF-8 behind `skip` bytes of a mark.
    Utf8 { skip: usize },
    /// UTF-8 behind `skip` bytes, with invalid bytes replaced.
    Lossy { skip: usize },
    /// One byte, one character.
    Windows1252,
    /// Two bytes a unit behind `skip` bytes of a mark.
    Utf16 { skip: usize },
    /// Four bytes a character behind `skip` bytes of a mark.
    Utf32 { skip: usize },
}

/// The text of a source, with a warning for each thing that was not plain UTF-8.
#[derive(Debug, Clone)]
pub struct Decoded<'a> {
    /// The text.
    pub text: Cow<'a, str>,
    /// What was done to the bytes.
    pub warnings: Vec<ImportWarning>,
    encoding: Encoding,
    source: &'a [u8],
}

impl Decoded<'_> {
    /// The offset in the source's bytes of the character at byte `offset` of the text.
    pub fn source_byte(&self, offset: usize) -> usize {
        let before = || {
            let end = self.text.floor_char_boundary(offset);
            self.text.get(..end).unwrap_or_default().chars()
        };
        match self.encoding {
            Encoding::Utf8 { skip } => skip + offset,
            Encoding::Lossy { skip } => skip + self.lossy_byte(skip, offset),
            Encoding::Windows1252 => before().count(),
            Encoding::Utf16 { skip } => skip + before().map(|c| c.len_utf16() * 2).sum::<usize>(),
            Encoding::Utf32 { skip } => skip + before().count() * 4,
        }
    }

    fn lossy_byte(&self, skip: usize, offset: usize) -> usize {
        let (mut text, mut source) = (0, 0);
        for chunk in self.source.get(skip..).unwrap_or_default().utf8_chunks() {
            let valid = chunk.valid().len();
            if offset < text + valid {
                return source + offset - text;
            }
            text += valid;
            source += valid;
            if chunk.invalid().is_empty() {
                break;
            }
            if offset < text + REPLACEMENT.len_utf8() {
                return source;
            }
            text += REPLACEMENT.len_utf8();
            source += chunk.invalid().len();
        }
        source
    }
}

const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// Decodes UTF-8, UTF-16 or UTF-32, with or without a byte order mark, or Windows-1252.
///
/// Without a mark, UTF-16 and UTF-32 are known by the zero bytes beside the first character,
/// which is ASCII in every format read here (RFC 4627, section 3). Bytes that are not UTF-8 are
/// read as Windows-1252 (of which the printable part of Latin-1 is a subset) where the whole
/// text has no multi-byte character of UTF-8; else they become U+FFFD. One warning names the
/// first such byte: the source itself is kept as it is.
///
/// # Errors
/// [`BridgeError::Encoding`] for UTF-16 with an odd number of bytes, and for UTF-32 with an
/// incomplete or impossible character.
pub fn decode(bytes: &[u8]) -> Result<Decoded<'_>, BridgeError> {
    match bytes {
        [0xEF, 0xBB, 0xBF, ..] => {
            let mut decoded = decode_utf8(bytes, 3);
            let mark = note(0, "a byte order mark was skipped");
            decoded.warnings.insert(0, mark);
            Ok(decoded)
        }
        [0xFF, 0xFE, 0, 0, ..] => decode_utf32(bytes, 4, "UTF-32LE", u32::from_le_bytes),
        [0, 0, 0xFE, 0xFF, ..] => decode_utf32(bytes, 4, "UTF-32BE", u32_from_be),
        [0xFF, 0xFE, ..] => decode_utf16(bytes, 2, "UTF-16LE", u16::from_le_bytes),
        [0xFE, 0xFF, ..] => decode_utf16(bytes, 2, "UTF-16BE", u16_from_be),
        [1..0x80, 0, 0, 0, ..] => decode_utf32(bytes, 0, "UTF-32LE", u32::from_le_bytes),
        [0, 0, 0, 1..0x80, ..] => decode_utf32(bytes, 0, "UTF-32BE", u32_from_be),
        [1..0x80, 0, ..] => decode_utf16(bytes, 0, "UTF-16LE", u16::from_le_bytes),
        [0, 1..0x80, ..] => decode_utf16(bytes, 0, "UTF-16BE", u16_from_be),
        _ => Ok(decode_utf8(bytes, 0)),
    }
}

#[expect(clippy::big_endian_bytes, reason = "UTF-16BE is big-endian")]
fn u16_from_be(bytes: [u8; 2]) -> u16 {
    u16::from_be_bytes(bytes)
}

#[expect(clippy::big_endian_bytes, reason = "UTF-32BE is big-endian")]
fn u32_from_be(bytes: [u8; 4]) -> u32 {
    u32::from_be_bytes(bytes)
}

fn decode_utf8(bytes: &[u8], skip: usize) -> Decoded<'_> {
    let rest = bytes.get(skip..).unwrap_or_default();
    let (text, encoding, warning) = match std::str::from_utf8(rest) {
        Ok(text) => (Cow::Borrowed(text), Encoding::Utf8 { skip }, None),
        Err(error) if skip == 0 && is_single_byte(rest) => (
            Cow::Owned(rest.iter().map(|byte| windows_1252(*byte)).collect()),
            Encoding::Windows1252,
            Some(note(
                error.valid_up_to(),
                "the text is not valid UTF-8 from here; it was read as Windows-1252 (Latin-1)",
            )),
        ),
        Err(error) => (
            String::from_utf8_lossy(rest),
            Encoding::Lossy { skip },
            Some(note(
                skip + error.valid_up_to(),
                "the text is not valid UTF-8 from here; invalid bytes were replaced by U+FFFD",
            )),
        ),
    };
    Decoded {
        text,
        warnings: warning.into_iter().collect(),
        encoding,
        source: bytes,
    }
}

/// Whether no byte beyond ASCII is part of a valid character of UTF-8.
fn is_single_byte(bytes: &[u8]) -> bool {
    bytes.utf8_chunks().all(|chunk| chunk.valid().is_ascii())
}

/// The character of a byte (WHATWG Encoding Standard, index windows-1252).
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    byte.checked_sub(0x80)
        .and_then(|high| HIGH.get(usize::from(high)).copied())
        .unwrap_or(char::from(byte))
}

fn decode_utf16<'a>(
    bytes: &'a [u8],
    skip: usize,
    encoding: &'static str,
    unit: impl Fn([u8; 2]) -> u16,
) -> Result<Decoded<'a>, BridgeError> {
    let (pairs, rest) = bytes.get(skip..).unwrap_or_default().as_chunks::<2>();
    if !rest.is_empty() {
        return Err(BridgeError::Encoding {
            encoding,
            byte: bytes.len() - 1,
        });
    }
    let mut text = String::with_capacity(pairs.len());
    let mut warnings = vec![note(
        0,
        &format!("the text is {encoding} and was converted"),
    )];
    let (mut byte, mut unpaired) = (skip, None);
    for decoded in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        let c = decoded.unwrap_or_else(|_unpaired| {
            unpaired.get_or_insert(byte);
            REPLACEMENT
        });
        byte += c.len_utf16() * 2;
        text.push(c);
    }
    if let Some(byte) = unpaired {
        warnings.push(note(
            byte,
            "an unpaired surrogate is not a character; such were replaced by U+FFFD",
        ));
    }
    Ok(Decoded {
        text: Cow::Owned(text),
        warnings,
        encoding: Encoding::Utf16 { skip },
        source: bytes,
    })
}

fn decode_utf32<'a>(
    bytes: &'a [u8],
    skip: usize,
    encoding: &'static str,
    unit: impl Fn([u8; 4]) -> u32,
) -> Result<Decoded<'a>, BridgeError> {
    let (units, rest) = bytes.get(skip..).unwrap_or_default().as_chunks::<4>();
    let mut text = String::with_capacity(units.len());
    for (index, four) in units.iter().enumerate() {
        let c = char::from_u32(unit(*four)).ok_or(BridgeError::Encoding {
            encoding,
            byte: skip + index * 4,
        })?;
        text.push(c);
    }
    if !rest.is_empty() {
        return Err(BridgeError::Encoding {
            encoding,
            byte: bytes.len() - rest.len(),
        });
    }
    Ok(Decoded {
        text: Cow::Owned(text),
        warnings: vec![note(
            0,
            &format!("the text is {encoding} and was converted"),
        )],
        encoding: Encoding::Utf32 { skip },
        source: bytes,
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
    fn marks_and_wide_encodings_are_understood() {
        for bytes in [
            &b"\xEF\xBB\xBFab"[..],
            b"\xFF\xFEa\0b\0",
            b"\xFE\xFF\0a\0b",
            b"a\0b\0",
            b"\0a\0b",
            b"\xFF\xFE\0\0a\0\0\0b\0\0\0",
            b"\0\0\xFE\xFF\0\0\0a\0\0\0b",
            b"a\0\0\0b\0\0\0",
        ] {
            let decoded = decode(bytes).unwrap();
            assert_eq!((&*decoded.text, decoded.warnings.len()), ("ab", 1));
            let second = bytes.iter().position(|byte| *byte == b'b').unwrap();
            let at = decoded.source_byte(1);
            assert!(at <= second && second < at + 4, "{bytes:?}: {at}");
        }
    }

    #[test]
    fn bytes_of_latin_1_are_characters() {
        let decoded = decode(b"caf\xE9 \x80").unwrap();
        assert_eq!(decoded.text, "café €");
        assert_eq!(decoded.source_byte(5), 4);
        assert_eq!(decoded.warnings[0].place, Place::byte(3));
    }

    #[test]
    fn bad_bytes_are_named_with_their_place() {
        let decoded = decode(b"\xEF\xBB\xBFcaf\xE9 x").unwrap();
        assert_eq!(decoded.text, "caf\u{FFFD} x");
        assert_eq!(decoded.source_byte(decoded.text.len() - 1), 8);
        let mixed = decode(b"\xC3\xA9 \xE9 x").unwrap();
        assert_eq!(mixed.text, "é \u{FFFD} x");
        assert_eq!(mixed.source_byte(mixed.text.len() - 1), 5);
        let unpaired = decode(b"\xFF\xFEa\0\x00\xD8").unwrap();
        assert_eq!(unpaired.text, "a\u{FFFD}");
        assert_eq!(unpaired.warnings[1].place, Place::byte(4));
        assert!(matches!(
            decode(b"\xFF\xFE\x00"),
            Err(BridgeError::Encoding { byte: 2, .. })
        ));
    }
}
