//! A text as its reader sees it, with the way back to its bytes.
//!
//! The same credential stands in a notebook's JSON as `\"token\": \"x\"`, on its page as
//! `&quot;x&quot;`, and in the output of a program between colours. One pass undoes all of that:
//! however many backslashes stand before a quote or an `n`, the reader sees a quote or a new line.

use std::borrow::Cow;
use std::ops::Range;

/// Longest escape that is looked at: a sequence that sets a colour, or a title of a window.
const LONGEST_ESCAPE: usize = 64;

/// The text, and where each of its stretches was.
#[derive(Debug)]
pub(super) struct View<'t> {
    pub(super) text: Cow<'t, [u8]>,
    stretches: Vec<Stretch>,
}

/// From `start` on, up to the next, the bytes were at `origin` and following.
#[derive(Debug, Clone, Copy, Default)]
struct Stretch {
    start: usize,
    origin: usize,
    /// Length of the escape that stands for what is seen; 0 where it is seen as it is.
    escape: usize,
}

impl<'t> View<'t> {
    pub(super) fn of(bytes: &'t [u8]) -> Self {
        let mut view = View {
            text: Cow::Borrowed(bytes),
            stretches: Vec::new(),
        };
        let mut text = Vec::new();
        let mut plain = 0;
        let mut at = 0;
        while let Some(skip) = bytes
            .get(at..)
            .and_then(|rest| memchr::memchr3(b'\\', b'&', 0x1b, rest))
        {
            at += skip;
            let Some((character, length)) = seen(bytes.get(at..).unwrap_or_default()) else {
                at += 1;
                continue;
            };
            if text.capacity() == 0 {
                text.reserve(bytes.len());
            }
            view.stretch(&mut text, bytes, plain..at);
            if let Some(character) = character {
                view.stretches.push(Stretch {
                    start: text.len(),
                    origin: at,
                    escape: length,
                });
                let mut buffer = [0; 4];
                text.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
            }
            at += length;
            plain = at;
        }
        if plain > 0 {
            view.stretch(&mut text, bytes, plain..bytes.len());
            view.text = Cow::Owned(text);
        }
        view
    }

    fn stretch(&mut self, text: &mut Vec<u8>, bytes: &[u8], range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        self.stretches.push(Stretch {
            start: text.len(),
            origin: range.start,
            escape: 0,
        });
        text.extend_from_slice(bytes.get(range).unwrap_or_default());
    }

    /// Where what stands at `range` was.
    pub(super) fn origin(&self, range: Range<usize>) -> Range<usize> {
        if self.stretches.is_empty() {
            return range;
        }
        let stretch = |at: usize| {
            let behind = self.stretches.partition_point(|one| one.start <= at);
            let one = self.stretches.get(behind.saturating_sub(1));
            one.copied().unwrap_or_default()
        };
        let first = stretch(range.start);
        let start = match first.escape {
            0 => first.origin + (range.start - first.start),
            _ => first.origin,
        };
        // The end of the last byte that is seen, not the begin of what follows it.
        let last = stretch(range.end.saturating_sub(1));
        let end = match last.escape {
            0 => last.origin + (range.end - last.start),
            length => last.origin + length,
        };
        start..end.max(start)
    }
}

/// What the reader sees of the escape at the beginning of `bytes`, and the escape's length.
fn seen(bytes: &[u8]) -> Option<(Option<char>, usize)> {
    match bytes.first()? {
        0x1b => Some((None, 1 + control(bytes.get(1..).unwrap_or_default()))),
        b'&' => entity(bytes).map(|(character, length)| (Some(character), length)),
        _ => backslashes(bytes),
    }
}

fn backslashes(bytes: &[u8]) -> Option<(Option<char>, usize)> {
    let count = bytes
        .iter()
        .take(LONGEST_ESCAPE)
        .take_while(|byte| **byte == b'\\')
        .count();
    let rest = bytes.get(count..).unwrap_or_default();
    let number = |digits: usize, skip: usize| {
        let text = std::str::from_utf8(rest.get(skip..skip + digits)?).ok()?;
        if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let code = u32::from_str_radix(text, 16).ok()?;
        Some((char::from_u32(code)?, count + skip + digits))
    };
    let (character, length) = match rest.first()? {
        quote @ (b'"' | b'\'' | b'`' | b'/') => (char::from(*quote), count + 1),
        b'n' => ('\n', count + 1),
        b'r' => ('\r', count + 1),
        b't' => ('\t', count + 1),
        b'e' if rest.get(1) == Some(&b'[') => ('\u{1b}', count + 1),
        b'0' if rest.starts_with(b"033[") => ('\u{1b}', count + 3),
        b'u' => number(4, 1)?,
        b'x' => number(2, 1)?,
        // A line that goes on in the next.
        b'\n' => return Some((None, count + 1)),
        _ => return None,
    };
    if character == '\u{1b}' {
        let after = bytes.get(length..).unwrap_or_default();
        return Some((None, length + control(after)));
    }
    Some((Some(character), length))
}

/// Length of a control sequence (ECMA-48, 5.4) behind its escape character.
fn control(bytes: &[u8]) -> usize {
    match bytes.first() {
        Some(b'[') => bytes
            .iter()
            .take(LONGEST_ESCAPE)
            .skip(1)
            .position(|byte| (0x40..=0x7e).contains(byte))
            .map_or(1, |end| end + 2),
        Some(b'(' | b')') => 2.min(bytes.len()),
        _ => 0,
    }
}

fn entity(bytes: &[u8]) -> Option<(char, usize)> {
    const NAMED: [(&[u8], char); 6] = [
        (b"&quot;", '"'),
        (b"&apos;", '\''),
        (b"&amp;", '&'),
        (b"&lt;", '<'),
        (b"&gt;", '>'),
        (b"&nbsp;", ' '),
    ];
    if let Some((name, character)) = NAMED.iter().find(|(name, _)| bytes.starts_with(name)) {
        return Some((*character, name.len()));
    }
    if bytes.get(1) != Some(&b'#') {
        return None;
    }
    let end = bytes.iter().take(10).position(|byte| *byte == b';')?;
    let digits = std::str::from_utf8(bytes.get(2..end)?).ok()?;
    let code = match digits.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => digits.parse().ok()?,
    };
    Some((char::from_u32(code)?, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_every_level_are_undone() {
        for (written, seen) in [
            ("plain", "plain"),
            (r#"\"a\": \\\"b\\\""#, r#""a": "b""#),
            (r"a\nb\\nc", "a\nb\nc"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            (r"\u001b[1;31mred\x1b[0m \033[0m.", "red ."),
            ("&quot;a&#39;&#x41;&amp;", "\"a'A&"),
            (r"C:\Users\x", r"C:\Users\x"),
            ("a & b &c; \\", "a & b &c; \\"),
            ("a\\\nb", "ab"),
        ] {
            let view = View::of(written.as_bytes());
            assert_eq!(String::from_utf8_lossy(&view.text), seen);
        }
    }

    #[test]
    fn every_byte_has_its_place() {
        let written = "x = \\\"ab\u{1b}[31mcd\\\"";
        let view = View::of(written.as_bytes());
        let text = String::from_utf8_lossy(&view.text).into_owned();
        let at = text.find("abcd").unwrap();
        assert_eq!(&written[view.origin(at..at + 4)], "ab\u{1b}[31mcd");
        assert_eq!(view.origin(0..text.len()), 0..written.len());
    }
}
