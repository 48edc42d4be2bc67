//! Identifiers of entities: relative references and IRIs (RFC 3987).
//!
//! Programs that read JSON-LD drop an entity whose `@id` is no valid IRI without a word, so
//! what RFC 3987 does not allow is percent-encoded, as UTF-8. Letters of other scripts stay: the
//! specification asks for native characters.

use std::fmt::Write as _;

/// The `@id` of the file at `path`, a relative path with `/` between its parts.
///
/// A first part with a colon would be read as a scheme; the colon is encoded like all
/// characters that are not allowed in a path segment.
pub fn file_id(path: &str) -> String {
    encoded(path, |c| {
        c.is_ascii_alphanumeric() || "-._~/!$&'()*+,;=@".contains(c)
    })
}

/// `text` as it can stand in the fragment of a local `@id`: letters, digits, `-`, `.`, `_`, `~`
/// stay. Different texts give different fragments.
pub fn fragment(text: &str) -> String {
    encoded(text, |c| c.is_ascii_alphanumeric() || "-._~".contains(c))
}

/// An address with what RFC 3987 does not allow in one percent-encoded; a percent sign that is
/// followed by two hexadecimal digits stays.
pub fn iri(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let escape = || {
            let hex = text.as_bytes().get(at + 1..at + 3);
            hex.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
        };
        let allowed = c.is_ascii_alphanumeric()
            || "-._~:/?#[]@!$&'()*+,;=".contains(c)
            || (c == '%' && escape());
        push(&mut out, c, allowed);
    }
    out
}

fn encoded(text: &str, allowed: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        push(&mut out, c, allowed(c));
    }
    out
}

fn push(out: &mut String, c: char, allowed: bool) {
    if allowed || is_native(c) {
        out.push(c);
        return;
    }
    let mut bytes = [0; 4];
    for byte in c.encode_utf8(&mut bytes).bytes() {
        let _infallible = write!(out, "%{byte:02X}");
    }
}

/// `ucschar` of RFC 3987, section 2.2, without spaces and what changes the writing direction
/// (section 4.1).
fn is_native(c: char) -> bool {
    let code = u32::from(c);
    let is_ucschar = matches!(code, 0xA0..=0xD7FF | 0xF900..=0xFDCF | 0xFDF0..=0xFFEF)
        || ((0x1_0000..=0xE_FFFD).contains(&code)
            && code & 0xFFFF <= 0xFFFD
            && !(0xE_0000..0xE_1000).contains(&code));
    is_ucschar
        && !c.is_whitespace()
        && !matches!(code, 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xFEFF)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn odd_names_are_encoded() {
        for (path, id) in [
            ("a b.txt", "a%20b.txt"),
            ("50%/x#1?.csv", "50%25/x%231%3F.csv"),
            ("häß 猫.md", "häß%20猫.md"),
            ("a\u{202e}b\u{a0}\u{85}", "a%E2%80%AEb%C2%A0%C2%85"),
            ("http:x", "http%3Ax"),
            ("[1]{2}^|\\\"<>`", "%5B1%5D%7B2%7D%5E%7C%5C%22%3C%3E%60"),
        ] {
            assert_eq!(file_id(path), id);
        }
        assert_eq!(
            iri("https://doi.org/10.1/a<b>%20%"),
            "https://doi.org/10.1/a%3Cb%3E%20%25"
        );
    }

    proptest! {
        #[test]
        fn an_encoded_path_decodes_to_itself(path in "\\PC{0,20}") {
            let mut bytes = Vec::new();
            let id = file_id(&path);
            let mut rest = id.as_bytes().iter().copied();
            while let Some(byte) = rest.next() {
                if byte == b'%' {
                    let hex: String = rest.by_ref().take(2).map(char::from).collect();
                    bytes.push(u8::from_str_radix(&hex, 16).unwrap());
                } else {
                    bytes.push(byte);
                }
            }
            prop_assert_eq!(String::from_utf8(bytes).unwrap(), path);
            prop_assert!(!id.contains(|c: char| c.is_whitespace() || c.is_control()));
        }
    }
}
