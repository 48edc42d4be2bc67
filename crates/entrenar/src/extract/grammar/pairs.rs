//! `key=value`, `key: value` and `name value` pairs anywhere in a line.
//!
//! The scanner looks for numbers that stand alone and reads the key before each: back over
//! `=` or `:` to the last thing that separates keys (comma, bar, tab, two blanks, ` - `, the end
//! of the value before). Arguments of calls (`SVC(C=1.0)`) are passed over, but a number wrapped
//! by NumPy, PyTorch or JAX (`np.float32(0.5)`, `tensor(0.5)`) is read.

use std::ops::Range;

use super::super::marks::Marks;
use super::super::number;
use super::super::words::{self, Counter};

/// What stands between a key and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::extract) enum Separator {
    /// `=`, with or without blanks.
    Equals,
    /// `:`, with or without blanks.
    Colon,
    /// Blanks alone.
    Blank,
    /// Nothing: a number in brackets or before a tab at the start of the line.
    None,
}

/// A number with its key.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::extract) struct Pair<'a> {
    pub(in crate::extract) key: &'a str,
    /// What the key counts, if it counts.
    pub(in crate::extract) counter: Option<Counter>,
    /// Byte of the line where the key begins.
    pub(in crate::extract) key_at: usize,
    pub(in crate::extract) separator: Separator,
    pub(in crate::extract) value: f64,
    /// Bytes of the line that hold the value, with its per-cent sign.
    pub(in crate::extract) span: Range<usize>,
    pub(in crate::extract) integer: bool,
    /// The value stood in brackets: `Epoch [1/5]`.
    pub(in crate::extract) bracketed: bool,
    /// The whole of which the value is a part: 5 in `1/5`.
    pub(in crate::extract) total: Option<f64>,
    /// A second number in parentheses: the mean of `Loss 6.9 (6.7)`.
    pub(in crate::extract) mean: Option<(f64, Range<usize>)>,
    /// A word follows on the value without punctuation: `loss 0.5 better`.
    pub(in crate::extract) followed: bool,
}

/// Longest key, in bytes.
const MAX_KEY: usize = 80;

/// Reads all pairs of `line`, in order.
pub(in crate::extract) fn read(line: &str) -> Vec<Pair<'_>> {
    let bytes = line.as_bytes();
    let masks = calls(line);
    let mut masks = masks.iter().peekable();
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    // Byte behind the last value: no key begins before it.
    let mut floor = 0;
    let mut at = 0;
    loop {
        while masks.peek().is_some_and(|mask| mask.end <= at) {
            masks.next();
        }
        let Some(next) = next_start(bytes, at) else {
            return pairs;
        };
        if let Some(mask) = masks.peek().filter(|mask| mask.start <= next) {
            at = mask.end;
            floor = at;
            continue;
        }
        at = next;
        let Some(number) = number::read(line, at) else {
            at += 1;
            continue;
        };
        if let Some(end) = number::goes_on(line, number) {
            floor = end;
            at = end;
            continue;
        }
        match pair_at(line, at, number, floor) {
            Some((pair, end)) => {
                floor = end;
                at = end;
                pairs.push(pair);
            }
            None => at = token_end(bytes, number.end),
        }
    }
}

/// A number may begin with this byte.
const STARTS: u8 = 1;
/// A number may begin behind this byte.
const BEFORE: u8 = 2;

#[expect(clippy::indexing_slicing, reason = "there is an entry for each byte")]
const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0_u8;
    loop {
        kinds[byte as usize] = match byte {
            b'0'..=b'9' | b'+' | b'-' | b'.' | b'n' | b'N' | b'i' | b'I' => STARTS,
            b' ' | b'\t' | b'=' | b':' | b'[' | b'(' => BEFORE,
            // The ends of a no-break space (U+00A0) and of a figure space (U+2007).
            0xa0 | 0x87 => BEFORE,
            _ => 0,
        };
        if byte == u8::MAX {
            break kinds;
        }
        byte += 1;
    }
};

#[expect(clippy::indexing_slicing, reason = "there is an entry for each byte")]
fn kind(byte: u8) -> u8 {
    KINDS[usize::from(byte)]
}

/// The first place from `from` where a number may begin: at the start of the line, or behind a
/// blank, a separator or an opening bracket.
fn next_start(bytes: &[u8], from: usize) -> Option<usize> {
    let mut before = match from.checked_sub(1) {
        Some(last) => kind(*bytes.get(last)?),
        None => BEFORE,
    };
    let rest = bytes.get(from..)?;
    for (length, byte) in rest.iter().enumerate() {
        let this = kind(*byte);
        if this & STARTS != 0 && before & BEFORE != 0 {
            let signed = matches!(byte, b'+' | b'-' | b'.');
            let next = || rest.get(length + 1);
            if !signed
                || next().is_some_and(|next| {
                    next.is_ascii_digit() || matches!(next, b'.' | b'i' | b'n' | b'I' | b'N')
                })
            {
                return Some(from + length);
            }
        }
        before = this;
    }
    None
}

/// End of the word that a number belongs to.
fn token_end(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let length = rest
        .iter()
        .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'/' | b'-' | b':')))
        .unwrap_or(rest.len());
    from + length
}

fn skip_back(bytes: &[u8], mut at: usize) -> usize {
    while at > 0 && matches!(bytes.get(at - 1), Some(b' ')) {
        at -= 1;
    }
    at
}

fn skip(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ')) {
        at += 1;
    }
    at
}

/// Names that wrap a number when a Python object is printed.
const WRAPPERS: &[&str] = &["tensor", "float32", "float64", "float16", "Array", "array"];

/// Where `np.float32` of `np.float32(` begins, if `open` is the parenthesis of such a wrapper.
fn wrapper(line: &str, open: usize) -> Option<usize> {
    let before = line.get(..open)?;
    let start = before
        .bytes()
        .rposition(|b| !(b.is_ascii_alphanumeric() || b == b'_' || b == b'.'))
        .map_or(0, |at| at + 1);
    let name = before.get(start..)?;
    WRAPPERS
        .contains(&name.rsplit('.').next().unwrap_or(name))
        .then_some(start)
}

fn pair_at(
    line: &str,
    at: usize,
    number: number::Number,
    floor: usize,
) -> Option<(Pair<'_>, usize)> {
    let bytes = line.as_bytes();
    let byte = |i: usize| bytes.get(i).copied().unwrap_or(0);
    let mut end = number.end;
    let percent = byte(end) == b'%';
    end += usize::from(percent);
    let alone = number::stands_alone(line, end);

    // The key: back over brackets and separators.
    let mut back = skip_back(bytes, at);
    let mut bracketed = false;
    let mut wrapped = false;
    if back > floor && matches!(byte(back - 1), b'[' | b'(') {
        if let Some(start) = wrapper(line, back - 1) {
            wrapped = true;
            back = skip_back(bytes, start);
        } else {
            bracketed = true;
            back = skip_back(bytes, back - 1);
        }
    }
    let blanks = !bracketed && back < at;
    let mut separator = if blanks || bracketed {
        Separator::Blank
    } else {
        Separator::None
    };
    let key_end;
    match byte(back.wrapping_sub(1)) {
        b'=' if back > floor => {
            if matches!(
                byte(back.wrapping_sub(2)),
                b'<' | b'>' | b'!' | b'=' | b'~' | b'+' | b'*'
            ) {
                return None;
            }
            separator = Separator::Equals;
            back = skip_back(bytes, back - 1);
            // "AUC: = 0.9"
            if back > floor && byte(back - 1) == b':' {
                back = skip_back(bytes, back - 1);
            }
            key_end = back;
        }
        b':' if back > floor => {
            separator = Separator::Colon;
            key_end = skip_back(bytes, back - 1);
        }
        _ => key_end = back,
    }
    let key_at = key_start(line, floor, key_end, separator);
    let mut key = trim_key(line.get(key_at..key_end)?);
    if separator == Separator::Blank {
        // "training loss is 0.1 and accuracy is 0.95"
        key = key.strip_suffix(" is").unwrap_or(key);
        key = key.strip_prefix("and ").unwrap_or(key);
    }
    let key_at = key_end - (key_end - key_at).min(line.get(key_at..key_end)?.trim_start().len());
    let bare = key.is_empty() && floor == 0 && line.get(..at)?.trim_matches([' ', '[']).is_empty();
    let named = !key.is_empty() && key.len() <= MAX_KEY && separator != Separator::None;
    if !bare && !named {
        return None;
    }
    let counter = words::counter(key);
    let ordinal = counter.is_some();
    let mut total = None;
    if byte(end) == b'/' {
        let other = number::read(line, end + 1).or_else(|| {
            let padded = skip(bytes, end + 1);
            number::read(line, padded)
        });
        if let Some(other) = other {
            total = Some(other.value);
            end = other.end;
        }
    }
    if bare {
        // "[12]<tab>…", "12:<tab>…": the number of a line in a log.
        let closing = if bracketed {
            byte(end) == b']'
        } else {
            byte(end) == b':'
        };
        let behind = byte(end + 1);
        let counts = closing
            && number.integer
            && (behind == b'\t' || bracketed && behind == b' ')
            && number.value >= 0.0;
        if !counts {
            return None;
        }
    } else if ordinal {
        // "Epoch 3:", "Epoch [3/5]", "step 20 ,", "Epoch 3."
        if byte(end).is_ascii_alphanumeric()
            || percent
            || byte(end) == b'-' && byte(end + 1).is_ascii_digit()
        {
            return None;
        }
    } else {
        if !alone || bracketed || (!percent && total.is_none() && is_key_part(bytes, end)) {
            return None;
        }
        if total.is_none() && lists(line, end) {
            return None;
        }
    }

    let mut pair = Pair {
        key,
        counter: if bare { Some(Counter::Step) } else { counter },
        key_at,
        separator,
        value: number.value,
        span: at..number.end + usize::from(percent),
        integer: number.integer && !percent,
        bracketed,
        total,
        mean: None,
        followed: false,
    };
    if wrapped {
        // Up to the parenthesis that closes the wrapper.
        let rest = line.get(end..)?;
        end += rest.find(')').map_or(0, |close| close + 1);
        return Some((pair, end));
    }
    if bracketed {
        if matches!(byte(end), b']' | b')') {
            end += 1;
        }
    } else if !ordinal {
        end = extras(line, end, &mut pair)?;
    }
    let next = skip(bytes, end);
    pair.followed = next == end + 1
        && byte(next).is_ascii_alphabetic()
        && !line.get(next..)?.starts_with("and ");
    if percent && qualifies(line, key, end) {
        return None;
    }
    if pair.followed && pair.integer && separator == Separator::Blank && !ordinal && is_long(key) {
        // "Accuracy of the network on the 10000 test images: 97 %"
        return None;
    }
    Some((pair, end))
}

/// Reads what may follow a value: a deviation, a mean or a per cent in parentheses.
fn extras(line: &str, mut end: usize, pair: &mut Pair<'_>) -> Option<usize> {
    let bytes = line.as_bytes();
    let byte = |i: usize| bytes.get(i).copied().unwrap_or(0);
    let deviation = match byte(end) {
        b'+' => end + 1,
        0xc2 if byte(end + 1) == 0xb1 => end + 2,
        _ => 0,
    };
    if deviation > 0
        && let Some(other) = number::read(line, skip(bytes, deviation))
    {
        end = other.end;
    }
    let open = skip(bytes, end);
    if byte(open) == b'(' {
        let inner = skip(bytes, open + 1);
        if let Some(other) = number::read(line, inner) {
            let percent = byte(other.end) == b'%';
            let close = skip(bytes, other.end + usize::from(percent));
            if byte(close) == b')' {
                let span = inner..other.end + usize::from(percent);
                if pair.total.is_some() && percent {
                    // "Accuracy: 9/10 (90%)"
                    pair.value = other.value;
                    pair.span = span;
                    pair.total = None;
                    pair.integer = false;
                } else if !other.integer && !percent {
                    pair.mean = Some((other.value, span));
                }
                end = close + 1;
            }
        }
    }
    // A fraction without its per cent is a count, not a metric.
    if pair.total.is_some() {
        None
    } else {
        Some(end)
    }
}

/// Whether the per cent that ends at `end`, with `key` before it, is a part of a name:
/// `Quantile 95% Coverage Error: 0.3`.
fn qualifies(line: &str, key: &str, end: usize) -> bool {
    const WORDS: [&str; 5] = [
        "quantile",
        "percentile",
        "confidence",
        "coverage",
        "interval",
    ];
    let is = |word: Option<&str>| {
        word.is_some_and(|word| WORDS.iter().any(|w| w.eq_ignore_ascii_case(word)))
    };
    let behind = line.get(end..).and_then(|rest| rest.strip_prefix(' '));
    let next = behind.and_then(|rest| rest.split(|c: char| !c.is_alphanumeric()).next());
    next.is_some_and(|word| !word.is_empty()) && (is(next) || is(key.split(' ').next_back()))
}

/// Whether `:` or `=` follows: the number is a part of the next key ("class 0 = 0.95").
fn is_key_part(bytes: &[u8], end: usize) -> bool {
    let next = skip(bytes, end);
    matches!(bytes.get(next), Some(b':' | b'='))
}

/// Whether a number without a key follows: the value is the first of a list.
fn lists(line: &str, end: usize) -> bool {
    let bytes = line.as_bytes();
    let next = skip(bytes, end);
    if next == end {
        return false;
    }
    match bytes.get(next) {
        Some(b'0'..=b'9' | b'-' | b'.') => number::read(line, next).is_some_and(|other| {
            number::stands_alone(line, other.end)
                && bytes.get(other.end) != Some(&b'/')
                && bytes.get(next + 1) != Some(&b' ')
        }),
        _ => false,
    }
}

/// Start of the key that ends at `end`.
fn key_start(line: &str, floor: usize, end: usize, separator: Separator) -> usize {
    let bytes = line.as_bytes();
    let byte = |i: usize| bytes.get(i).copied().unwrap_or(0);
    let mut at = end;
    while at > floor && end - at <= MAX_KEY {
        let before = byte(at - 1);
        let stop = match before {
            b',' | b';' | b'|' | b'\t' | b'\n' | b'{' | b'}' | b'[' | b']' | b'"' | b'<' | b'>'
            | b':' | b'=' | b'(' => true,
            b'%' => {
                let head = line.get(floor..at - 1).unwrap_or_default();
                let head = head.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
                let word = head.trim_end().rsplit(' ').next().unwrap_or_default();
                !qualifies(line, word, at)
            }
            b'\'' => {
                // "training's auc", but not a quotation mark.
                !(at >= 2 && byte(at - 2).is_ascii_alphanumeric() && byte(at).is_ascii_alphabetic())
            }
            b')' => {
                let close = at - 1;
                let open = bytes
                    .get(floor.max(close.saturating_sub(24))..close)
                    .and_then(|piece| piece.iter().rposition(|b| *b == b'('));
                match open {
                    Some(open) => {
                        at = floor.max(close.saturating_sub(24)) + open;
                        continue;
                    }
                    None => true,
                }
            }
            b' ' => {
                let two = at >= 2 && byte(at - 2) == b' ';
                let dash = byte(at) == b'-' && byte(at + 1) == b' '
                    || at >= 2 && byte(at - 2) == b'-' && (at < 3 || byte(at - 3) == b' ');
                let sentence = at >= 2
                    && byte(at - 2) == b'.'
                    && (separator == Separator::Blank || !abbreviation(bytes, at - 2));
                two || dash || sentence
            }
            // Box drawing, bullets, arrows.
            0x80..=0xbf => at >= 3 && byte(at - 3) == 0xe2,
            _ => false,
        };
        if stop {
            break;
        }
        at -= 1;
    }
    while !line.is_char_boundary(at) {
        at += 1;
    }
    at.min(end)
}

/// Whether the point at `dot` ends a short word, such as "Avg." or "Val.".
fn abbreviation(bytes: &[u8], dot: usize) -> bool {
    let word = bytes
        .get(..dot)
        .unwrap_or_default()
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_alphabetic())
        .count();
    (1..=4).contains(&word)
}

/// Whether a key has the words of half a sentence.
fn is_long(key: &str) -> bool {
    key.split_whitespace().count() > 4
}

/// Without marks around the name.
fn trim_key(key: &str) -> &str {
    key.trim()
        .trim_start_matches(|c: char| !(c.is_alphanumeric() || c == '_'))
        .trim_end_matches(|c: char| c.is_whitespace() || c == '-' || c == '.')
}

/// The parts of `line` that are arguments of a call with keywords: `Namespace(lr=0.1)`.
///
/// An argument list that the line does not close reaches to the line's end.
fn calls(line: &str) -> Vec<Range<usize>> {
    let mut masks: Vec<Range<usize>> = Vec::new();
    if !Marks::of(line).all(Marks::PARENTHESIS.or(Marks::EQUALS)) {
        return masks;
    }
    let bytes = line.as_bytes();
    let mut open: Vec<(usize, bool, bool)> = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'(' => {
                let call = at > 0
                    && bytes
                        .get(at - 1)
                        .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
                    && wrapper(line, at).is_none();
                open.push((at, call, false));
            }
            b'=' => {
                if let Some(top) = open.last_mut() {
                    top.2 = true;
                }
            }
            b')' => {
                if let Some((start, true, true)) = open.pop() {
                    masks.push(start..at + 1);
                }
            }
            _ => {}
        }
    }
    if let Some((start, ..)) = open.iter().find(|(_, call, keyword)| *call && *keyword) {
        masks.push(*start..line.len());
    }
    masks.sort_by_key(|mask| mask.start);
    masks
}

/// Whether `line` opens a call with keywords that it does not close.
pub(in crate::extract) fn opens_call(line: &str) -> bool {
    calls(line)
        .last()
        .is_some_and(|mask| mask.end == line.len() && !line.trim_end().ends_with(')'))
}
