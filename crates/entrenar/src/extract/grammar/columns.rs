//! Tables of plain text whose first column counts: a header line, then lines of numbers.
//!
//! fastai, skorch, scikit-learn's gradient boosting, Ultralytics.

use std::ops::Range;

use super::super::marks::Marks;
use super::super::number;
use super::super::words::{self, Counter, Meaning};

/// A table's header.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::extract) struct Header {
    /// What the first column counts.
    pub(in crate::extract) counter: Counter,
    /// The names of all columns.
    pub(in crate::extract) names: Vec<String>,
}

/// Reads a header: columns set apart by two blanks, a tab or a bar; the first is a counter, none
/// is a number or has a `:` or `=`, and at least one is a metric.
pub(in crate::extract) fn header(line: &str, marks: Marks) -> Option<Header> {
    if marks.any(Marks::COLON.or(Marks::EQUALS)) {
        return None;
    }
    let first = line.trim_start().bytes().next()?.to_ascii_lowercase();
    if !matches!(first, b'e' | b'i' | b's' | b'r' | b'b') || line.len() > 512 {
        return None;
    }
    let mut names = Vec::new();
    for cell in line.split("  ").flat_map(|piece| piece.split(['\t', '|'])) {
        let cell = cell.trim();
        if number::read(cell, 0).is_some() {
            return None;
        }
        if !cell.is_empty() {
            names.push(cell.to_owned());
        }
    }
    let counter = words::counter(names.first()?)?;
    let metric = names
        .iter()
        .any(|name| matches!(words::meaning(name), Meaning::Metric | Meaning::WeakMetric));
    (names.len() >= 2 && metric).then_some(Header { counter, names })
}

/// A line of a table.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::extract) struct Row {
    /// The number in the first column.
    pub(in crate::extract) count: f64,
    /// The number and its place for each further column; `None` for what is not a number.
    pub(in crate::extract) cells: Vec<Option<(f64, Range<usize>, bool)>>,
}

/// Reads a line of the table with `header`; with `open`, more may follow behind the last column.
pub(in crate::extract) fn row(line: &str, header: &Header, open: bool) -> Option<Row> {
    let start = line.trim_start().bytes().next()?;
    if !start.is_ascii_digit() {
        return None;
    }
    let base = line.as_ptr().addr();
    let mut tokens = line
        .split([' ', '\t', '|'])
        .filter(|token| !token.is_empty());
    let first = tokens.next()?;
    let count = number::read(first, 0)?;
    let whole = count.end == first.len() || first.as_bytes().get(count.end) == Some(&b'/');
    if !count.integer || !whole {
        return None;
    }
    let mut cells = Vec::new();
    for token in tokens.by_ref().take(header.names.len() - 1) {
        let at = token.as_ptr().addr() - base;
        cells.push(
            number::read(token, 0)
                .filter(|number| number.end == token.len())
                .map(|number| (number.value, at..at + number.end, number.integer)),
        );
    }
    let complete = cells.len() + 1 == header.names.len();
    (complete && (open || tokens.next().is_none())).then_some(Row {
        count: count.value,
        cells,
    })
}
