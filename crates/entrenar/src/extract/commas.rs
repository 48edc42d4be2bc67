//! Decimal commas: `loss 0,51 acc 0,87`.
//!
//! A line is taken to have them if one of its numbers can be nothing else (`0,51`, `12,5`,
//! `1.234,5`; a group of thousands has three digits and does not begin with a zero) and none of
//! its numbers has a decimal point. A number that can be both (`1,234`) has one where another
//! number of its line has one, or where a number behind the same word of the text has one.
//! Where lines disagree with themselves, such numbers are not read at all.

use std::collections::BTreeSet;
use std::ops::Range;

/// Words that are remembered.
const MAX_WORDS: usize = 256;

/// What the digits, commas and points of a number say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `0,51`, `1.234,5`.
    Decimal,
    /// `1,234`.
    Either,
    /// `1,234,567`, `1,234.5`.
    Thousands,
    /// Several numbers: `1,28,28`, `0.5,0.6`.
    List,
}

/// The words of a text behind which a decimal comma stands.
#[derive(Debug, Default)]
pub(super) struct Words(BTreeSet<String>);

impl Words {
    /// The words of `text`.
    pub(super) fn of(text: &str) -> Self {
        let mut words = BTreeSet::new();
        let mut grouped = BTreeSet::new();
        for (range, form) in numbers(text) {
            let list = match form {
                Form::Decimal => &mut words,
                Form::Thousands => &mut grouped,
                Form::Either | Form::List => continue,
            };
            let word = word_before(text, range.start);
            if !word.is_empty() && list.len() < MAX_WORDS && !list.contains(word) {
                list.insert(word.to_owned());
            }
        }
        words.retain(|word| !grouped.contains(word));
        Self(words)
    }
}

/// `line` with a point for each decimal comma, all bytes in their places; `None` where it has no
/// decimal comma.
pub(super) fn pointed(line: &str, words: &Words) -> Option<String> {
    let found: Vec<(Range<usize>, Form)> = numbers(line).collect();
    let certain = found
        .iter()
        .any(|(range, form)| *form == Form::Decimal && !in_parentheses(line, range.start));
    let chosen: Vec<Range<usize>> = found
        .iter()
        .filter(|(range, form)| match form {
            Form::Decimal => certain,
            Form::Either => certain || words.0.contains(word_before(line, range.start)),
            Form::Thousands | Form::List => false,
        })
        .map(|(range, _)| range.clone())
        .collect();
    if chosen.is_empty() || found.iter().any(|(_, form)| *form == Form::Thousands) {
        return None;
    }
    let bytes = line.as_bytes();
    let has_point = bytes.windows(3).enumerate().any(|(at, three)| {
        matches!(three, [a, b'.', b] if a.is_ascii_digit() && b.is_ascii_digit())
            && !chosen.iter().any(|range| range.contains(&at))
    });
    if has_point {
        return None;
    }
    let mut pointed = String::with_capacity(line.len());
    let mut at = 0;
    for range in chosen {
        pointed.push_str(line.get(at..range.start)?);
        pointed.extend(line.get(range.clone())?.chars().map(|c| match c {
            ',' => '.',
            '.' => ',',
            other => other,
        }));
        at = range.end;
    }
    pointed.push_str(line.get(at..)?);
    Some(pointed)
}

/// The numbers of `text` with a comma between two digits, without their signs and exponents.
fn numbers(text: &str) -> impl Iterator<Item = (Range<usize>, Form)> + '_ {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut done = 0;
    memchr::memchr_iter(b',', bytes).filter_map(move |comma| {
        let inside = comma >= done && comma > 0 && digit(comma - 1) && digit(comma + 1);
        if !inside {
            return None;
        }
        let within = |at: usize| {
            digit(at)
                || matches!(bytes.get(at), Some(b',' | b'.'))
                    && digit(at + 1)
                    && at.checked_sub(1).is_some_and(digit)
        };
        let mut start = comma;
        while start > done && within(start - 1) {
            start -= 1;
        }
        let mut end = comma;
        while within(end) {
            end += 1;
        }
        done = end;
        let stands = stands_apart(bytes, start, end);
        stands.then(|| Some((start..end, form(text.get(start..end)?))))?
    })
}

/// Whether the digits from `start` to `end` are a number of their own: no part of a name, a time,
/// a date or brackets.
fn stands_apart(bytes: &[u8], start: usize, end: usize) -> bool {
    let before = |back: usize| {
        start
            .checked_sub(back)
            .and_then(|at| bytes.get(at))
            .copied()
    };
    let signed = matches!(before(1), Some(b'+' | b'-'));
    let sign = usize::from(signed);
    let begins = match before(1 + sign) {
        None | Some(b' ' | b'\t' | b'\n' | b'\r' | b'=' | b'|' | b'(') => true,
        Some(b':') => !before(2 + sign).is_some_and(|b| b.is_ascii_digit()),
        _ => false,
    };
    let next = bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    begins && !(next && matches!(bytes.get(end), Some(b':' | b'-' | b'/')))
}

fn in_parentheses(text: &str, start: usize) -> bool {
    text.get(..start)
        .is_some_and(|before| before.trim_end_matches(['+', '-', ' ']).ends_with('('))
}

fn form(number: &str) -> Form {
    let groups = |text: &str, mark: char| {
        let mut parts = text.split(mark);
        let first = parts.next().unwrap_or_default();
        let count = parts.clone().count();
        let head = first.len() <= 3 && !first.starts_with('0');
        (head && parts.all(|part| part.len() == 3)).then_some(count)
    };
    let commas = number.matches(',').count();
    match number.rsplit_once('.') {
        None => match groups(number, ',') {
            Some(1) => Form::Either,
            Some(_) => Form::Thousands,
            None if commas == 1 => Form::Decimal,
            None => Form::List,
        },
        // "1,234.5"
        Some((whole, fraction)) if !fraction.contains(',') && !whole.contains('.') => {
            groups(whole, ',').map_or(Form::List, |_| Form::Thousands)
        }
        // "1.234,5"
        _ => match number.split_once(',') {
            Some((whole, fraction))
                if !fraction.contains([',', '.']) && groups(whole, '.').is_some() =>
            {
                Form::Decimal
            }
            _ => Form::List,
        },
    }
}

/// The word before the number at `start`: `loss` in `loss = 0,51`.
fn word_before(text: &str, start: usize) -> &str {
    let head = text
        .get(..start)
        .unwrap_or_default()
        .trim_end_matches(['+', '-', ' ', '\t', '=', ':', '(']);
    let begin = head
        .rfind(|c: char| !(c.is_alphanumeric() || c == '_'))
        .map_or(0, |at| {
            at + head
                .get(at..)
                .and_then(|c| c.chars().next())
                .map_or(1, char::len_utf8)
        });
    head.get(begin..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_commas_become_points() {
        for (line, expected) in [
            ("Epoch 1: loss 0,51 acc 0,87", "Epoch 1: loss 0.51 acc 0.87"),
            ("loss = 0,51", "loss = 0.51"),
            ("loss=0,5, acc=12,5%", "loss=0.5, acc=12.5%"),
            ("loss 1,234 acc 0,871", "loss 1.234 acc 0.871"),
            ("loss 1.234,56 acc 0,8", "loss 1,234.56 acc 0.8"),
            ("Loss 6,9 (6,75)", "Loss 6.9 (6.75)"),
            ("é loss -0,5e-3", "é loss -0.5e-3"),
            ("12:30:01,123 loss 0,512", "12:30:01,123 loss 0.512"),
        ] {
            let found = pointed(line, &Words::default());
            assert_eq!(found.as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn other_commas_stay() {
        for line in [
            "loss 1,234",
            "Params: 1,234,567 loss 0,5",
            "loss=0.5,acc=0.9",
            "[0.1,0.2]",
            "shape (3,4)",
            "shape [3,4]",
            "loss 0,51 time 0.5",
            "12:30:01,12 loss: 3",
            "1,28,28",
            "loss 1,234.5",
            "loss 0.5,0.6",
            "v0,1",
            "0,",
            ",",
        ] {
            assert_eq!(pointed(line, &Words::default()), None, "{line}");
        }
    }

    #[test]
    fn a_word_decides_for_its_numbers() {
        let text = "loss 2,301\nloss 0,912 tokens 1,234,567\n";
        let words = Words::of(text);
        assert_eq!(pointed("loss 2,301", &words).as_deref(), Some("loss 2.301"));
        assert_eq!(pointed("steps 2,301", &words), None);
        let both = Words::of("loss 0,5\nloss 1,234.5\n");
        assert_eq!(pointed("loss 2,301", &both), None);
    }

    proptest::proptest! {
        #[test]
        fn no_byte_moves(line in "[a-z0-9.,:=() é-]{0,40}") {
            let words = Words::of(&line);
            if let Some(pointed) = pointed(&line, &words) {
                assert_eq!(pointed.len(), line.len());
                for (old, new) in line.bytes().zip(pointed.bytes()) {
                    assert!(old == new || b",.".contains(&old) && b",.".contains(&new));
                }
            }
        }
    }
}
