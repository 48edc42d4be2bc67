//! Identifiers of entities: relative references and IRIs in the characters of RFC 3986.
//!
//! Programs that read JSON-LD drop an entity whose `@id` is no valid IRI without a word, so
//! everything else than the characters of RFC 3986 is percent-encoded, as UTF-8.

use std::fmt::Write as _;

/// The `@id` of the file at `path`, a relative path with `/` between its parts.
///
/// A first part with a colon would be read as a scheme; the colon is encoded like all
/// characters that are not allowed in a path segment.
pub fn file_id(path: &str) -> String {
    encoded(path, |b| {
        b.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&b)
    })
}

/// `text` as it can stand in the fragment of a local `@id`: letters, digits, `-`, `.`, `_`, `~`
/// stay. Different texts give different fragments.
pub fn fragment(text: &str) -> String {
    encoded(text, |b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}

/// An address with what RFC 3986 does not allow in one percent-encoded; a percent sign that is
/// followed by two hexadecimal digits stays.
pub fn iri(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    for (at, byte) in bytes.iter().copied().enumerate() {
        let escape = bytes
            .get(at + 1..at + 3)
            .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        let allowed = byte.is_ascii_alphanumeric()
            || b"-._~:/?#[]@!$&'()*+,;=".contains(&byte)
            || (byte == b'%' && escape);
        push(&mut out, byte, allowed);
    }
    out
}

fn encoded(text: &str, allowed: impl Fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        push(&mut out, byte, allowed(byte));
    }
    out
}

fn push(out: &mut String, byte: u8, allowed: bool) {
    if allowed {
        out.push(char::from(byte));
    } else {
        let _infallible = write!(out, "%{byte:02X}");
    }
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
            ("häß.md", "h%C3%A4%C3%9F.md"),
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
            prop_assert!(id.is_ascii());
        }
    }
}
