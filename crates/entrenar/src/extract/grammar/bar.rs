//! Progress bars: which part is the label, how far it is, where its values are.

use std::ops::Range;

use super::super::marks::Marks;
use super::super::number;

/// One state of a bar.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::extract) struct Bar {
    /// Bytes of the line before the bar, without the per cent.
    pub(in crate::extract) label: Range<usize>,
    /// How far it is.
    pub(in crate::extract) done: f64,
    /// Where it ends.
    pub(in crate::extract) total: f64,
    /// The count stands first, as Keras prints it: one bar an epoch, or one an evaluation.
    pub(in crate::extract) leading: bool,
    /// Bytes of the line with the values that belong to the bar.
    pub(in crate::extract) body: Range<usize>,
    /// Bytes of the line behind the bar: something else that was printed on the same line.
    pub(in crate::extract) rest: Range<usize>,
}

/// Finds the bar in `line`: tqdm's (`83%|███ | 20/24 [00:00<00:00, loss=0.1]`), Keras's
/// (`44/44 [====] - 1s - loss: 1.0`), and bars of box drawing (rich, Keras 3, Ultralytics).
pub(in crate::extract) fn find(line: &str, marks: Marks) -> Option<Bar> {
    if !marks.any(Marks::SLASH) {
        return None;
    }
    let tqdm = if marks.all(Marks::PERCENT.or(Marks::BAR)) {
        tqdm(line)
    } else {
        None
    };
    tqdm.or_else(|| leading(line)).or_else(|| {
        if marks.any(Marks::WIDE) {
            drawn(line)
        } else {
            None
        }
    })
}

/// Reads `done/total` at `at`, blanks allowed before it.
fn fraction(line: &str, at: usize) -> Option<(f64, f64, usize)> {
    let rest = line.get(at..)?;
    let at = at + (rest.len() - rest.trim_start().len());
    let done = number::read(line, at)?;
    if line.as_bytes().get(done.end) != Some(&b'/') {
        return None;
    }
    let total = number::read(line, done.end + 1)?;
    (done.value >= 0.0 && total.value >= 0.0).then_some((done.value, total.value, total.end))
}

fn tqdm(line: &str) -> Option<Bar> {
    let percent = line.find("%|")?;
    let close = percent + 2 + line.get(percent + 2..)?.find('|')?;
    let (done, total, end) = fraction(line, close + 1)?;
    let rest = line.get(end..)?;
    let open = end + (rest.len() - rest.trim_start().len());
    let (body, rest) = match line.get(open..)?.strip_prefix('[') {
        Some(inside) => {
            let end = inside
                .find(']')
                .map_or(line.len(), |close| open + 1 + close);
            (open + 1..end, (end + 1).min(line.len())..line.len())
        }
        None => (end..end, end..line.len()),
    };
    let label = line
        .get(..percent)?
        .trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')
        .trim_end_matches([' ', ':'])
        .len();
    Some(Bar {
        label: 0..label,
        done,
        total,
        leading: false,
        body,
        rest,
    })
}

fn leading(line: &str) -> Option<Bar> {
    let (done, total, end) = fraction(line, 0)?;
    let behind = line.get(end..)?;
    let bar = behind.trim_start();
    let is_bar =
        behind.starts_with(' ') && (bar.starts_with(['[', '━', '╸', '╺']) || bar.starts_with("- "));
    is_bar.then_some(Bar {
        label: 0..0,
        done,
        total,
        leading: true,
        body: end..line.len(),
        rest: line.len()..line.len(),
    })
}

fn drawn(line: &str) -> Option<Bar> {
    let is_bar = |c: char| matches!(c, '━' | '╸' | '╺');
    let start = line.find(is_bar)?;
    let tail = line.get(start..)?;
    let end = start + tail.find(|c: char| !is_bar(c) && c != ' ')?;
    let (done, total, end) = fraction(line, end)?;
    let label = line
        .get(..start)?
        .trim_end()
        .trim_end_matches('%')
        .trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')
        .trim_end_matches([' ', ':'])
        .len();
    Some(Bar {
        label: 0..label,
        done,
        total,
        leading: false,
        body: end..line.len(),
        rest: line.len()..line.len(),
    })
}
