//! Base64 (RFC 4648, section 4), as notebooks, pages and signatures hold bytes.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Encodes with padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .chain(&[0; 3])
            .take(3)
            .fold(0_u32, |group, byte| group << 8 | u32::from(*byte));
        for place in 0..4 {
            if place > chunk.len() {
                out.push('=');
                continue;
            }
            let digit = usize::try_from(group >> (18 - 6 * place) & 63).unwrap_or_default();
            out.push(ALPHABET.get(digit).map_or('=', |byte| char::from(*byte)));
        }
    }
    out
}

/// The text without white space, if it is valid base64.
#[cfg(feature = "preserve")]
pub(crate) fn cleaned(text: &str) -> Option<String> {
    let clean: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let digits = clean.trim_end_matches('=');
    let valid = !digits.is_empty()
        && clean.len().is_multiple_of(4)
        && clean.len() - digits.len() <= 2
        && digits.bytes().all(|byte| value(byte).is_some());
    valid.then_some(clean)
}

/// The first bytes of valid base64, at most `limit`.
#[cfg(feature = "preserve")]
pub(crate) fn decoded_start(clean: &str, limit: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(limit);
    let (mut group, mut bits) = (0_u32, 0);
    for digit in clean.bytes().map_while(value) {
        group = group << 6 | digit;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(group >> bits & 0xFF).unwrap_or_default());
        }
        group &= 0xFFFF;
        if bytes.len() >= limit {
            break;
        }
    }
    bytes
}

/// The bytes, where `text` is the one way to write them.
#[cfg(feature = "signing")]
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let digits = text
        .strip_suffix("==")
        .or_else(|| text.strip_suffix('='))
        .unwrap_or(text);
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut group, mut bits) = (0_u32, 0_u32);
    for digit in digits.bytes() {
        group = group << 6 | value(digit)?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(group >> bits & 0xFF).ok()?);
        }
        group &= 0xFFFF;
    }
    // The bits behind the last byte are zero, or two texts would mean the same bytes.
    let rest = group & ((1 << bits) - 1);
    (rest == 0 && bits < 6).then_some(bytes)
}

/// As [`decode`], where white space between the digits is allowed (PEM, RFC 7468).
#[cfg(feature = "signing")]
pub(crate) fn decode_wrapped(text: &str) -> Option<Vec<u8>> {
    let clean: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    decode(&clean)
}

fn value(digit: u8) -> Option<u32> {
    Some(match digit {
        b'A'..=b'Z' => u32::from(digit - b'A'),
        b'a'..=b'z' => u32::from(digit - b'a') + 26,
        b'0'..=b'9' => u32::from(digit - b'0') + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "signing")]
    #[test]
    fn only_the_one_way_to_write_bytes_is_read() {
        for bytes in [&b""[..], b"f", b"fo", b"foo", b"foobar", b"\xff\xfe\xfd"] {
            assert_eq!(decode(&encode(bytes)).as_deref(), Some(bytes));
        }
        for bad in [
            "====", "=", "Zm9", "Zm9v=", "Zm-v", "Zg==Zg==", "Zh==", "Zm9=", "Zg=a", "Z===",
        ] {
            assert_eq!(decode(bad), None, "{bad}");
        }
        assert_eq!(
            decode_wrapped("Zm 9v\r\nYmFy\n").as_deref(),
            Some(&b"foobar"[..])
        );
    }

    #[cfg(feature = "preserve")]
    #[test]
    fn agrees_with_the_vectors_of_the_rfc() {
        for (bytes, text) in [
            (&b"f"[..], "Zg=="),
            (b"fo", "Zm8="),
            (b"foo", "Zm9v"),
            (b"foobar", "Zm9vYmFy"),
            (b"\xff\xfe\xfd", "//79"),
        ] {
            assert_eq!(encode(bytes), text);
            assert_eq!(decoded_start(text, 100), bytes);
            assert_eq!(cleaned(text).as_deref(), Some(text));
        }
        assert_eq!(cleaned("Zm 9v\nYmFy").as_deref(), Some("Zm9vYmFy"));
        for bad in ["", "====", "Zm9", "Zm9v=", "Zm-v", "Zg==Zg=="] {
            assert_eq!(cleaned(bad), None, "{bad}");
        }
    }
}
