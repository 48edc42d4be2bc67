//! A bibliography cut into its entries, so that one that does not parse loses no other.

use std::borrow::Cow;

use crate::research::read::ReadLimits;
use crate::research::read::problem::Problems;

/// What stands behind an `@`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PartKind {
    /// A macro for texts.
    String,
    /// A work.
    Entry,
}

/// One `@…{…}`.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) kind: PartKind,
    /// Its first byte in the file.
    pub(super) start: usize,
    /// Its text; of the same length as in the file.
    pub(super) text: Cow<'a, str>,
}

/// Cuts `text` into its entries and macros; comments and preambles are passed over.
///
/// An entry that has no end is cut where the next one begins at the start of a line.
pub(super) fn split<'a>(
    text: &'a str,
    limits: ReadLimits,
    problems: &mut Problems<'_>,
) -> Vec<Part<'a>> {
    let bytes = text.as_bytes();
    let byte = |at: usize| bytes.get(at).copied();
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(c) = byte(at) {
        match c {
            // a comment to the end of the line, as Biber has it
            b'%' => {
                while byte(at).is_some_and(|c| c != b'\n') {
                    at += 1;
                }
                continue;
            }
            b'@' => {}
            b'}' | b')' => {
                let message = "a closing brace that nothing opened; an entry before it may have \
                               been cut short";
                if c == b'}' {
                    problems.add(Some(at), "", message);
                }
                at += 1;
                continue;
            }
            _ => {
                at += 1;
                continue;
            }
        }
        let start = at;
        at += 1;
        let name_start = skip_space(bytes, at);
        let mut name_end = name_start;
        while byte(name_end).is_some_and(|c| c.is_ascii_alphanumeric() || b"-_:.+/".contains(&c)) {
            name_end += 1;
        }
        let name = text.get(name_start..name_end).unwrap_or_default();
        let open = skip_space(bytes, name_end);
        let closing = match byte(open) {
            Some(b'{') => b'}',
            Some(b'(') => b')',
            // an e-mail address in running text, say
            _ => continue,
        };
        if name.is_empty() {
            continue;
        }
        let kind = match name.to_ascii_lowercase().as_str() {
            "string" => Some(PartKind::String),
            "comment" | "preamble" => None,
            _ => Some(PartKind::Entry),
        };
        match end_of(bytes, open, closing, limits.max_depth) {
            End::At(end) => {
                at = end + 1;
                let Some(kind) = kind else { continue };
                let Some(whole) = text.get(start..=end) else {
                    continue;
                };
                let text = if closing == b')' || name_start > start + 1 {
                    Cow::Owned(normalised(whole, start, name_start, open, closing))
                } else {
                    Cow::Borrowed(whole)
                };
                parts.push(Part { kind, start, text });
            }
            End::TooDeep(deep) => {
                let message = format!(
                    "braces are nested more than {} deep, so the entry is left out",
                    limits.max_depth
                );
                problems.add(Some(deep), name, message);
                at = next_entry(text, open + 1);
            }
            End::Missing if kind.is_none() => at = next_entry(text, open + 1),
            End::Missing => {
                let head = text.get(open + 1..).unwrap_or_default();
                let key = head.split([',', '\n', '}']).next().unwrap_or_default();
                let message = "the entry has no end (an opening brace or a quote is not closed), \
                               so it is left out";
                problems.add(Some(start), key.trim(), message);
                at = next_entry(text, open + 1);
            }
        }
    }
    parts
}

/// With braces for parentheses and without white space behind the `@`, in the same length.
fn normalised(whole: &str, start: usize, name_start: usize, open: usize, closing: u8) -> String {
    let mut text = String::with_capacity(whole.len());
    let spaces = name_start - start - 1;
    text.extend(std::iter::repeat_n(' ', spaces));
    text.push('@');
    let last = whole.len() - 1;
    for (at, c) in whole.char_indices().skip_while(|(at, _)| *at <= spaces) {
        text.push(match c {
            '(' if at + start == open => '{',
            ')' if at == last && closing == b')' => '}',
            c => c,
        });
    }
    text
}

fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

enum End {
    At(usize),
    Missing,
    TooDeep(usize),
}

/// The byte that closes what opens at `open`.
fn end_of(bytes: &[u8], open: usize, closing: u8, max_depth: usize) -> End {
    let mut depth = 0;
    let mut at = open + 1;
    let mut quoted = false;
    while let Some(c) = bytes.get(at) {
        match c {
            b'\\' => at += 1,
            b'"' if depth == 0 => quoted = !quoted,
            b'{' => {
                depth += 1;
                if depth > max_depth {
                    return End::TooDeep(at);
                }
            }
            b'}' if depth > 0 => depth -= 1,
            c if *c == closing && depth == 0 && (closing == b'}' || !quoted) => return End::At(at),
            // What looks like the next entry at the start of a line is one: BibTeX forbids it in
            // a value no program writes so.
            b'\n' if is_entry_start(bytes, at + 1) => return End::Missing,
            _ => {}
        }
        at += 1;
    }
    End::Missing
}

/// Whether `@word{key,` stands at `at`.
fn is_entry_start(bytes: &[u8], at: usize) -> bool {
    if bytes.get(at) != Some(&b'@') {
        return false;
    }
    let name = |c: &u8| c.is_ascii_alphabetic();
    let mut end = at + 1;
    while bytes.get(end).is_some_and(name) {
        end += 1;
    }
    let open = skip_space(bytes, end);
    if end == at + 1 || !matches!(bytes.get(open), Some(b'{' | b'(')) {
        return false;
    }
    let mut key = skip_space(bytes, open + 1);
    while bytes
        .get(key)
        .is_some_and(|c| !c.is_ascii_whitespace() && !b",{}()\"=".contains(c))
    {
        key += 1;
    }
    matches!(bytes.get(skip_space(bytes, key)), Some(b',' | b'='))
}

/// The next `@` at the start of a line.
fn next_entry(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    rest.match_indices('\n')
        .map(|(newline, _)| from + newline + 1)
        .find(|at| is_entry_start(text.as_bytes(), *at))
        .unwrap_or(text.len())
}
