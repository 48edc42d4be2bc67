//! Base64 (RFC 4648, section 4), as notebooks hold images and pages embed them.

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
pub(super) fn cleaned(text: &str) -> Option<String> {
    let clean: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let digits = clean.trim_end_matches('=');
    let valid = !digits.is_empty()
        && clean.len().is_multiple_of(4)
        && clean.len() - digits.len() <= 2
        && digits.bytes().all(|byte| value(byte).is_some());
    valid.then_some(clean)
}

/// The first bytes of valid base64, at most `limit`.
pub(super) fn decoded_start(clean: &str, limit: usize) -> Vec<u8> {
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
