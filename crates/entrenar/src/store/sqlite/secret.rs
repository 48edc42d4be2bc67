//! Finding a secret in text and bytes, however it is written there.
//!
//! A secret that a program printed is kept in many forms: as it is; escaped in the JSON of a
//! notebook, or escaped twice where the JSON holds a quoted string; as HTML or in a URL; over
//! several strings of a list of lines; as an array of bytes; in UTF-16. The finder decodes such
//! forms while it remembers where each decoded byte came from.

use std::ops::Range;

/// What stands in place of a secret.
pub(super) const MARK: &str = "[REDACTED]";

/// Shortest secret that can be redacted, in characters: shorter ones stand everywhere.
pub(super) const MIN_SECRET_CHARS: usize = 4;

/// How often escapes are undone one over the other.
const MAX_LEVELS: usize = 4;

/// A text with every occurrence of a secret replaced.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Redacted<T> {
    pub(super) value: T,
    pub(super) occurrences: usize,
}

/// Where a secret stands, and in which form the mark has to be put there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Occurrence {
    range: Range<usize>,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    /// Numbers with commas between.
    Numbers,
}

/// The secret that is looked for.
#[derive(Clone, Copy)]
pub(super) struct Secret<'a>(&'a str);

impl std::fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl<'a> Secret<'a> {
    /// A secret to look for.
    ///
    /// # Errors
    /// Why it cannot be redacted.
    pub(super) fn new(secret: &'a str) -> Result<Self, &'static str> {
        if secret.chars().count() < MIN_SECRET_CHARS {
            return Err("it has fewer than 4 characters");
        }
        if secret.trim().is_empty() {
            return Err("it is white space alone");
        }
        if MARK.contains(secret) {
            return Err("it is part of the mark that would stand in its place");
        }
        Ok(Self(secret))
    }

    /// The ranges of a text that hold the secret in any form, in order and apart.
    pub(super) fn ranges(self, text: &str) -> Vec<Range<usize>> {
        let occurrences = self.find(text.as_bytes());
        occurrences.into_iter().map(|found| found.range).collect()
    }

    /// Replaces the secret in a text; `None` where it is not there.
    pub(super) fn redact_text(self, text: &str) -> Option<Redacted<String>> {
        let redacted = self.redact_utf8(text.as_bytes())?;
        let value = match String::from_utf8(redacted.value) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        };
        Some(Redacted {
            value,
            occurrences: redacted.occurrences,
        })
    }

    /// Replaces the secret in a document of any encoding; `None` where it is not there.
    pub(super) fn redact_bytes(self, bytes: &[u8]) -> Option<Redacted<Vec<u8>>> {
        if let Some((text, order)) = utf16(bytes) {
            let redacted = self.redact_text(&text)?;
            return Some(Redacted {
                value: order.encode(&redacted.value),
                occurrences: redacted.occurrences,
            });
        }
        self.redact_utf8(bytes)
    }

    fn redact_utf8(self, bytes: &[u8]) -> Option<Redacted<Vec<u8>>> {
        let found = self.find(bytes);
        if found.is_empty() {
            return None;
        }
        let mut value = Vec::with_capacity(bytes.len());
        let mut end = 0;
        for occurrence in &found {
            value.extend_from_slice(bytes.get(end..occurrence.range.start).unwrap_or_default());
            match occurrence.form {
                Form::Text => value.extend_from_slice(MARK.as_bytes()),
                Form::Numbers => {
                    let numbers: Vec<_> = MARK.bytes().map(|byte| byte.to_string()).collect();
                    value.extend_from_slice(numbers.join(",").as_bytes());
                }
            }
            end = occurrence.range.end;
        }
        value.extend_from_slice(bytes.get(end..).unwrap_or_default());
        Some(Redacted {
            value,
            occurrences: found.len(),
        })
    }

    /// All occurrences, in order, none overlapping another.
    fn find(self, bytes: &[u8]) -> Vec<Occurrence> {
        let mut found = Vec::new();
        let text = |range| Occurrence {
            range,
            form: Form::Text,
        };
        found.extend(positions(bytes, self.0.as_bytes()).map(text));
        if let Some(latin1) = latin1(self.0)
            && std::str::from_utf8(bytes).is_err()
        {
            found.extend(positions(bytes, &latin1).map(text));
        }
        for kinds in [Escapes::Strings, Escapes::All] {
            let mut levels: Vec<Decoded> = Vec::new();
            for _ in 0..MAX_LEVELS {
                let current = levels.last().map_or(bytes, |level| &level.bytes);
                let Some(next) = Decoded::of(current, kinds) else {
                    break;
                };
                levels.push(next);
                let Some(last) = levels.last() else { break };
                for range in positions(&last.bytes, self.0.as_bytes()) {
                    let origin = levels
                        .iter()
                        .rev()
                        .fold(range, |range, level| level.origin(range));
                    found.push(text(origin));
                }
            }
        }
        found.extend(self.in_numbers(bytes));
        found.sort_by_key(|found| (found.range.start, found.range.end));
        let mut apart: Vec<Occurrence> = Vec::with_capacity(found.len());
        for next in found {
            match apart.last_mut() {
                Some(last) if next.range.start < last.range.end => {
                    last.range.end = last.range.end.max(next.range.end);
                }
                _ => apart.push(next),
            }
        }
        apart
    }

    /// Where the bytes of the secret stand as numbers with commas between.
    fn in_numbers(self, bytes: &[u8]) -> Vec<Occurrence> {
        let mut found = Vec::new();
        for (numbers, places) in number_lists(bytes) {
            for range in positions(&numbers, self.0.as_bytes()) {
                let first = places.get(range.start).map(|place| place.start);
                let last = places
                    .get(range.end.saturating_sub(1))
                    .map(|place| place.end);
                if let (Some(start), Some(end)) = (first, last) {
                    found.push(Occurrence {
                        range: start..end,
                        form: Form::Numbers,
                    });
                }
            }
        }
        found
    }
}

/// Where `needle` stands in `bytes`, none overlapping the one before.
fn positions<'a>(bytes: &'a [u8], needle: &'a [u8]) -> impl Iterator<Item = Range<usize>> + 'a {
    let mut from = 0;
    std::iter::from_fn(move || {
        let first = needle.first()?;
        loop {
            let rest = bytes.get(from..)?;
            let at = from + rest.iter().position(|byte| byte == first)?;
            if bytes.get(at..)?.starts_with(needle) {
                from = at + needle.len();
                return Some(at..from);
            }
            from = at + 1;
        }
    })
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    if text.is_ascii() {
        return None;
    }
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).ok())
        .collect()
}

/// Lists of bytes as numbers, with the place of each number.
fn number_lists(bytes: &[u8]) -> Vec<(Vec<u8>, Vec<Range<usize>>)> {
    let mut lists = Vec::new();
    let mut numbers = Vec::new();
    let mut places: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    let mut follows = false;
    while let Some(byte) = bytes.get(at) {
        if byte.is_ascii_digit() {
            let length = bytes
                .iter()
                .skip(at)
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            let number = bytes
                .get(at..at + length)
                .and_then(|digits| std::str::from_utf8(digits).ok())
                .and_then(|digits| digits.parse::<u8>().ok());
            if !follows || number.is_none() {
                flush(&mut lists, &mut numbers, &mut places);
            }
            if let Some(number) = number {
                numbers.push(number);
                places.push(at..at + length);
            }
            at += length;
            let spaces = |from: usize| {
                bytes
                    .iter()
                    .skip(from)
                    .take_while(|byte| byte.is_ascii_whitespace())
                    .count()
            };
            let comma = at + spaces(at);
            follows = bytes.get(comma) == Some(&b',');
            if follows {
                at = comma + 1;
                at += spaces(at);
                follows = bytes.get(at).is_some_and(u8::is_ascii_digit);
            }
        } else {
            at += 1;
        }
    }
    flush(&mut lists, &mut numbers, &mut places);
    lists
}

fn flush(
    lists: &mut Vec<(Vec<u8>, Vec<Range<usize>>)>,
    numbers: &mut Vec<u8>,
    places: &mut Vec<Range<usize>>,
) {
    let numbers = std::mem::take(numbers);
    let places = std::mem::take(places);
    if numbers.len() >= MIN_SECRET_CHARS {
        lists.push((numbers, places));
    }
}

/// Which escapes are undone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    /// Those of string literals in JSON, Rust and Python.
    Strings,
    /// Those of HTML and of URLs also.
    All,
}

/// Bytes with one level of escapes undone.
struct Decoded {
    bytes: Vec<u8>,
    segments: Vec<Segment>,
}

/// From `at` on, up to the next segment, the decoded bytes come from `origin`: each from one
/// byte, or together from all of them.
struct Segment {
    at: usize,
    origin: Range<usize>,
    escape: bool,
}

impl Decoded {
    /// Undoes one level of escapes; `None` where there are none.
    fn of(bytes: &[u8], kinds: Escapes) -> Option<Self> {
        let mut decoded = Self {
            bytes: Vec::new(),
            segments: Vec::new(),
        };
        let mut plain = 0;
        let mut at = 0;
        while let Some(rest) = bytes.get(at..) {
            let skip = rest.iter().position(|byte| match byte {
                b'\\' => true,
                b'&' | b'%' => kinds == Escapes::All,
                _ => false,
            });
            let Some(skip) = skip else { break };
            at += skip;
            let Some((character, length)) = bytes.get(at..).and_then(|rest| escape(rest, kinds))
            else {
                at += 1;
                continue;
            };
            decoded.plain(bytes, plain..at);
            decoded.segments.push(Segment {
                at: decoded.bytes.len(),
                origin: at..at + length,
                escape: true,
            });
            decoded.bytes.extend_from_slice(&character);
            at += length;
            if character.as_slice() == b"\n" {
                at += line_break(bytes.get(at..).unwrap_or_default());
            }
            plain = at;
        }
        if decoded.segments.is_empty() {
            return None;
        }
        decoded.plain(bytes, plain..bytes.len());
        Some(decoded)
    }

    fn plain(&mut self, bytes: &[u8], origin: Range<usize>) {
        if origin.is_empty() {
            return;
        }
        let at = self.bytes.len();
        self.bytes
            .extend_from_slice(bytes.get(origin.clone()).unwrap_or_default());
        self.segments.push(Segment {
            at,
            origin,
            escape: false,
        });
    }

    /// The bytes that a range of decoded bytes came from.
    fn origin(&self, range: Range<usize>) -> Range<usize> {
        let segment = |at: usize| {
            let behind = self.segments.partition_point(|segment| segment.at <= at);
            self.segments.get(behind.saturating_sub(1))
        };
        let start = segment(range.start).map_or(0, |segment| {
            if segment.escape {
                segment.origin.start
            } else {
                segment.origin.start + (range.start - segment.at)
            }
        });
        let end = segment(range.end.saturating_sub(1)).map_or(0, |segment| {
            if segment.escape {
                segment.origin.end
            } else {
                segment.origin.start + (range.end - segment.at)
            }
        });
        start..end
    }
}

/// Length of what stands between two lines of a list of lines: `",` and `"`.
fn line_break(bytes: &[u8]) -> usize {
    let mut expected = b"\",\"".iter().peekable();
    let mut length = 0;
    for byte in bytes {
        match expected.peek() {
            Some(wanted) if *wanted == byte => {
                expected.next();
            }
            Some(_) if byte.is_ascii_whitespace() && length > 0 => {}
            Some(_) => return 0,
            None => break,
        }
        length += 1;
    }
    if expected.peek().is_none() { length } else { 0 }
}

/// The bytes that an escape at the beginning of `bytes` stands for, and its length.
fn escape(bytes: &[u8], kinds: Escapes) -> Option<(Vec<u8>, usize)> {
    match bytes {
        [b'\\', rest @ ..] => string_escape(rest).map(|(text, length)| (text, length + 1)),
        [b'%', high, low, ..] if kinds == Escapes::All => Some((
            vec![hexadecimal(&[*high, *low]).and_then(|n| u8::try_from(n).ok())?],
            3,
        )),
        [b'&', ..] if kinds == Escapes::All => entity(bytes),
        _ => None,
    }
}

/// What follows a backslash.
fn string_escape(rest: &[u8]) -> Option<(Vec<u8>, usize)> {
    let one = |byte: u8| Some((vec![byte], 1));
    match rest.first()? {
        byte @ (b'"' | b'\\' | b'/' | b'\'') => one(*byte),
        b'b' => one(8),
        b'f' => one(12),
        b'n' => one(b'\n'),
        b'r' => one(b'\r'),
        b't' => one(b'\t'),
        b'0' => one(0),
        b'x' => {
            let code = hexadecimal(rest.get(1..3)?)?;
            Some((character(code)?, 3))
        }
        b'u' if rest.get(1) == Some(&b'{') => {
            let length = rest.iter().take(9).position(|byte| *byte == b'}')?;
            Some((character(hexadecimal(rest.get(2..length)?)?)?, length + 1))
        }
        b'u' => {
            let high = hexadecimal(rest.get(1..5)?)?;
            if (0xd800..0xdc00).contains(&high) && rest.get(5..7) == Some(b"\\u") {
                let low = hexadecimal(rest.get(7..11)?)?;
                let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                let code = 0x1_0000 + ((high - 0xd800) << 10) + low;
                return Some((character(code)?, 11));
            }
            Some((character(high)?, 5))
        }
        _ => None,
    }
}

fn entity(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    const NAMED: [(&[u8], u8); 5] = [
        (b"&amp;", b'&'),
        (b"&lt;", b'<'),
        (b"&gt;", b'>'),
        (b"&quot;", b'"'),
        (b"&apos;", b'\''),
    ];
    if let Some((name, byte)) = NAMED.iter().find(|(name, _)| bytes.starts_with(name)) {
        return Some((vec![*byte], name.len()));
    }
    let end = bytes.iter().take(12).position(|byte| *byte == b';')?;
    let code = match bytes.get(2..end)? {
        [b'x' | b'X', digits @ ..] => hexadecimal(digits)?,
        digits => std::str::from_utf8(digits).ok()?.parse().ok()?,
    };
    (bytes.get(1) == Some(&b'#')).then_some((character(code)?, end + 1))
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn character(code: u32) -> Option<Vec<u8>> {
    Some(char::from_u32(code)?.to_string().into_bytes())
}

/// The order of the two bytes of a UTF-16 unit, and whether a byte order mark came first.
#[derive(Clone, Copy)]
enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    fn encode(self, text: &str) -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|unit| match self {
                Self::Little => unit.to_le_bytes(),
                Self::Big => [(unit >> 8).to_le_bytes()[0], unit.to_le_bytes()[0]],
            })
            .collect()
    }
}

/// Decodes UTF-16 with a byte order mark, or without one where the first character is ASCII.
fn utf16(bytes: &[u8]) -> Option<(String, ByteOrder)> {
    let order = match bytes {
        [0xff, 0xfe, ..] | [1..=255, 0, ..] => ByteOrder::Little,
        [0xfe, 0xff, ..] | [0, 1..=255, ..] => ByteOrder::Big,
        _ => return None,
    };
    let (pairs, []) = bytes.as_chunks::<2>() else {
        return None;
    };
    let units = pairs.iter().map(|[first, second]| match order {
        ByteOrder::Little => u16::from_le_bytes([*first, *second]),
        ByteOrder::Big => u16::from_le_bytes([*second, *first]),
    });
    let text = char::decode_utf16(units).collect::<Result<_, _>>().ok()?;
    Some((text, order))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redacted(text: &str, secret: &str) -> String {
        Secret::new(secret)
            .unwrap()
            .redact_text(text)
            .map_or_else(|| text.to_owned(), |redacted| redacted.value)
    }

    #[test]
    fn finds_the_secret_in_every_form() {
        let secret = "k\"y\\é\n😀<&>/@";
        let json = serde_json::to_string(secret).unwrap();
        let inner = json.trim_matches('"');
        let twice = serde_json::to_string(inner).unwrap();
        let ascii = r#"k\"y\\\u00e9\n\ud83d\ude00<&>\/@"#;
        let debug = format!("{secret:?}");
        let html = "k&quot;y\\é\n😀&lt;&amp;&gt;/&#64;";
        let url = "k%22y%5C%C3%A9%0A%F0%9F%98%80%3C%26%3E%2F%40";
        let lines = "k\\\"y\\\\é\\n\",\n   \"😀<&>/@";
        let numbers: Vec<_> = secret.bytes().map(|byte| byte.to_string()).collect();
        for (form, mark) in [
            (secret, "[REDACTED]"),
            (inner, "[REDACTED]"),
            (twice.trim_matches('"'), "[REDACTED]"),
            (ascii, "[REDACTED]"),
            (debug.trim_matches('"'), "[REDACTED]"),
            (html, "[REDACTED]"),
            (url, "[REDACTED]"),
            (lines, "[REDACTED]"),
            (&numbers.join(", "), "91,82,69,68,65,67,84,69,68,93"),
            (&numbers.join(",\n"), "91,82,69,68,65,67,84,69,68,93"),
        ] {
            let text = format!("a {form} b");
            assert_eq!(redacted(&text, secret), format!("a {mark} b"), "{form}");
        }
    }

    #[test]
    fn finds_the_secret_in_other_encodings() {
        let secret = Secret::new("passé1").unwrap();
        for order in [ByteOrder::Little, ByteOrder::Big] {
            let found = secret.redact_bytes(&order.encode("{\"a\": \"x pass\\u00e91\"}"));
            assert_eq!(
                found.unwrap().value,
                order.encode("{\"a\": \"x [REDACTED]\"}")
            );
        }
        let found = secret.redact_bytes(b"x pass\xe91 y").unwrap();
        assert_eq!(found.value, b"x [REDACTED] y");
    }

    #[test]
    fn numbers_that_only_begin_alike_stay() {
        let text = "[1, 104, 117, 110, 116]";
        assert_eq!(redacted(text, "hunter2"), text);
        assert_eq!(redacted("[1.5, 2.5]", "hunter2"), "[1.5, 2.5]");
    }

    #[test]
    fn refuses_what_stands_everywhere() {
        for secret in ["", "abc", "    ", "REDACT"] {
            assert!(Secret::new(secret).is_err(), "{secret}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_left_and_the_rest_stays(
            before in "[a-z{}\": ,\\\\]{0,20}",
            secret in "[A-Z]{2}[A-Z\"\\\\\n é😀]{1,10}[A-Z]{2}",
            after in "[a-z{}\": ,]{0,20}",
            levels in 0..3_usize,
        ) {
            let mut text = format!("{before} {secret} {after}");
            let mut rest = [format!("{before} "), format!(" {after}")];
            let escape = |text: &str| {
                let json = serde_json::to_string(text).unwrap();
                json[1..json.len() - 1].to_owned()
            };
            for _ in 0..levels {
                text = escape(&text);
                rest = rest.map(|part| escape(&part));
            }
            let [before, after] = rest;
            prop_assert_eq!(redacted(&text, &secret), format!("{before}{MARK}{after}"));
        }
    }
}
