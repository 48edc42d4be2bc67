//! What a line shows beside its pairs: settings, prose, a part of the data, a rank.

use super::grammar::pairs::Pair;
use super::marks::Marks;
use super::{number, words};

/// Whether a pair counts epochs or steps.
pub(super) fn is_counter(pair: &Pair<'_>) -> bool {
    pair.counter.is_some()
}

/// Lines that tell of an earlier value, or that are no log at all.
pub(super) fn restates(text: &str) -> bool {
    text.contains("improve") && (text.contains("improved") || text.contains("did not improve"))
        || text.contains("://")
        || text.contains("Warning:")
}

/// Whether a line is one setting: `key = value` or `key: value` with an identifier as its key.
pub(super) fn is_setting(text: &str, marks: Marks) -> bool {
    if !marks.any(Marks::EQUALS.or(Marks::COLON)) {
        return false;
    }
    let Some((key, value)) = text
        .bytes()
        .position(|b| matches!(b, b'=' | b':'))
        .and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?)))
    else {
        return false;
    };
    let key = key.trim();
    let identifier = !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let value = value.split('#').next().unwrap_or_default().trim();
    identifier && !value.is_empty() && !value.contains([' ', '\t', ':', '='])
}

/// Whether a line lists settings: at least `limit` of its values are words or truth values.
pub(super) fn is_config(text: &str, limit: usize) -> bool {
    let bytes = text.as_bytes();
    let mut words = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if *byte == b'='
            && at > 0
            && bytes
                .get(at - 1)
                .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
            && bytes
                .get(at + 1)
                .is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'\'' | b'"' | b'/'))
            && number::read(text, at + 1).is_none()
        {
            words += 1;
        }
    }
    words >= limit
}

/// Small words of English, which a metric's name does not have.
const SMALL: [&str; 21] = [
    "the", "a", "an", "of", "is", "was", "are", "to", "from", "in", "with", "than", "by", "and",
    "or", "if", "this", "that", "for", "over", "after",
];

/// Whether a name that a number follows without a separator reads like a sentence.
pub(super) fn is_prose(key: &str) -> bool {
    key.split_whitespace()
        .any(|word| SMALL.iter().any(|small| small.eq_ignore_ascii_case(word)))
}

/// The part of the data that a line names before its pairs: `Test set: …`, `train epoch: 1, …`.
pub(super) fn split_of<'a>(text: &'a str, pairs: &[Pair<'a>]) -> Option<&'a str> {
    let counter = pairs
        .iter()
        .filter(|pair| is_counter(pair))
        .find_map(|pair| words::split(pair.key));
    counter.or_else(|| {
        let begin = text.find(|c: char| c.is_alphanumeric())?;
        let head = text.get(begin..)?;
        let end = head
            .find(|c: char| !c.is_alphanumeric())
            .unwrap_or(head.len());
        let word = head.get(..end).filter(|word| words::is_split(word))?;
        let behind = head.get(end..)?;
        let after = behind
            .strip_prefix(" set")
            .or_else(|| behind.strip_prefix(" phase"))
            .unwrap_or(behind);
        let word = head.get(..head.len() - after.len()).unwrap_or(word);
        let behind = after.trim_start();
        let apart = behind.starts_with([':', ']', '|', ')', '>']) || behind.starts_with("- ");
        let own = pairs
            .iter()
            .any(|pair| pair.key_at <= begin && begin < pair.span.start);
        (apart && !own).then_some(word)
    })
}

/// The parts of the data that a line names one after another, each before its own pairs, and
/// where: `train: loss 0.5 | val: loss 0.6`, `[train] loss=0.5, [valid] loss=0.6`. Fewer than two
/// are none.
pub(super) fn labels(text: &str) -> Vec<(usize, &str)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        let closing = matches!(byte, b']' | b')') || *byte == b':';
        if !closing {
            continue;
        }
        let head = text.get(..at).unwrap_or_default();
        let start = head
            .rfind(|c: char| !c.is_alphanumeric())
            .map_or(0, |before| before + 1);
        let Some(word) = text.get(start..at).filter(|word| words::is_split(word)) else {
            continue;
        };
        let before = start.checked_sub(1).and_then(|i| bytes.get(i));
        let rest = text.get(at + 1..).unwrap_or_default().trim_start();
        let labelled = match byte {
            b':' => {
                matches!(before, None | Some(b' ' | b'\t' | b'|'))
                    && rest.starts_with(|c: char| c.is_alphabetic() || matches!(c, '(' | '[' | '{'))
            }
            b']' => before == Some(&b'['),
            _ => before == Some(&b'('),
        };
        if labelled {
            found.push((at, word));
        }
    }
    if found.len() < 2 {
        found.clear();
    }
    found
}

/// The part of the data that the first pair of a line names for all of its pairs:
/// `val Loss: 0.25 Acc: 0.89`. None where another pair names one, too.
pub(super) fn leading_split<'a>(pairs: &[Pair<'a>]) -> Option<&'a str> {
    let mut named = pairs.iter().filter(|pair| !is_counter(pair));
    let (word, name) = named.next()?.key.split_once(' ')?;
    let one = words::is_split(word) && words::split(name).is_none() && !name.trim().is_empty();
    let only = named.all(|pair| words::split(pair.key).is_none());
    (one && only).then_some(word)
}

pub(super) fn with_split(name: &str, split: Option<&str>) -> String {
    match split {
        Some(split) if words::split(name).is_none() => format!("{split} {name}"),
        _ => name.to_owned(),
    }
}

/// The first number of the bracket that follows at `at`: 1 in `][  1/640]`.
pub(super) fn behind(text: &str, at: usize) -> Option<f64> {
    let rest = text.get(at..)?;
    let rest =
        rest.trim_start_matches(|c: char| c == ']' || c == ')' || c == '/' || c.is_ascii_digit());
    let inside = rest.trim_start().strip_prefix('[')?.trim_start();
    let number = number::read(inside, 0)?;
    (number.integer
        && inside
            .get(number.end..)?
            .trim_start()
            .starts_with(['/', ']']))
    .then_some(number.value)
}

/// The first number of the fraction that follows at `at`: 200 in ` |   200/ 2983 batches`,
/// 100 in `:    100 / 1101 loss=1`.
pub(super) fn fraction_behind(text: &str, at: usize) -> Option<f64> {
    let rest = text.get(at..)?;
    let rest = match rest.strip_prefix('/') {
        Some(total) => total.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let rest = rest
        .trim_start_matches([']', ')'])
        .trim_start()
        .trim_start_matches([':', '|', ','])
        .trim_start();
    let done = number::read(rest, 0).filter(|n| n.integer)?;
    let behind = rest.get(done.end..)?.trim_start().strip_prefix('/')?;
    let behind = behind.trim_start();
    let total = number::read(behind, 0).filter(|n| n.integer)?;
    let end = behind.get(total.end..)?;
    let ends = end.is_empty() || end.starts_with([' ', ',', '|', '\t']);
    (ends && !end.trim_start().starts_with('(') && done.value <= total.value).then_some(done.value)
}

/// Epoch and batch of a line that begins with them in brackets: `[2,  4000] loss: 1.4`,
/// `[0/5][50/1583] Loss_D: 0.5`.
pub(super) fn bracketed_head(text: &str) -> Option<(f64, f64)> {
    let count = |text: &str| {
        let rest = text.trim_start();
        let value = number::read(rest, 0).filter(|n| n.integer && n.value >= 0.0)?;
        let rest = rest.get(value.end..)?;
        let rest = match rest.strip_prefix('/') {
            Some(total) => total.trim_start_matches(|c: char| c.is_ascii_digit()),
            None => rest,
        };
        Some((value.value, rest.len()))
    };
    let inside = text.trim_start().strip_prefix('[')?;
    let (epoch, left) = count(inside)?;
    let rest = inside.get(inside.len() - left..)?;
    let rest = rest.strip_prefix(',').or_else(|| {
        let rest = rest.strip_prefix(']')?;
        rest.trim_start_matches(' ').strip_prefix('[')
    })?;
    let (batch, left) = count(rest)?;
    let rest = rest.get(rest.len() - left..)?.strip_prefix(']')?;
    rest.starts_with([' ', '\t', ':']).then_some((epoch, batch))
}

/// Epoch and iteration of MMEngine's lines: `Epoch(train)  [1][10/15]`.
pub(super) fn mmengine(text: &str) -> Option<(f64, f64)> {
    let at = text.find("Epoch(")?;
    let rest = text.get(at..)?;
    let open = rest.find('[')?;
    let epoch = number::read(rest, open + 1)?;
    let batch = behind(rest, epoch.end)?;
    Some((epoch.value, batch))
}

/// The rank before what mpirun and horovodrun pass on: `[1,0]<stdout>:`.
fn launched(text: &str) -> Option<u32> {
    let (head, behind) = text.strip_prefix('[')?.split_once(']')?;
    if !(behind.starts_with("<stdout>:") || behind.starts_with("<stderr>:")) {
        return None;
    }
    head.rsplit(',').next()?.parse().ok()
}

/// The rank in `[rank0]`, `[RANK 0]`, `(rank 1)` or at the line's start before a colon.
pub(super) fn rank(text: &str, marks: Marks) -> Option<u32> {
    let bytes = text.as_bytes();
    let begins = |at: usize| {
        let word = bytes.get(at..at + 4)?;
        if !word.eq_ignore_ascii_case(b"rank") {
            return None;
        }
        let digits = at + 4 + usize::from(matches!(bytes.get(at + 4), Some(b' ' | b':' | b'_')));
        let length = bytes
            .get(digits..)?
            .iter()
            .take(6)
            .take_while(|b| b.is_ascii_digit())
            .count();
        let end = digits + length;
        matches!(bytes.get(end), Some(b']' | b')' | b':'))
            .then(|| text.get(digits..end)?.parse().ok())?
    };
    begins(0).or_else(|| launched(text)).or_else(|| {
        if !marks.any(Marks::PARENTHESIS.or(Marks::BRACKET)) {
            return None;
        }
        let opens = bytes
            .iter()
            .enumerate()
            .filter(|(_, b)| matches!(b, b'[' | b'('));
        opens.into_iter().find_map(|(at, _)| begins(at + 1))
    })
}
