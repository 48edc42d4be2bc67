//! Tables of two columns in a frame: `│ test_loss │ 0.61 │` (Lightning), `| ep_rew_mean | 22 |`
//! (Stable-Baselines3, which puts a section above its rows: `| rollout/ | |`).

use std::ops::Range;

use super::super::number;

/// A row of such a table.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::extract) enum Row<'a> {
    /// A name that ends in `/` and stands alone: a part of the names below it.
    Section(&'a str),
    /// A name and its number.
    Value {
        /// The name.
        name: &'a str,
        /// The number.
        value: f64,
        /// Bytes of the line that hold the number.
        span: Range<usize>,
        /// It is a whole number.
        integer: bool,
    },
}

/// Reads a row; `None` where the line has no frame or not two columns.
pub(in crate::extract) fn row(line: &str) -> Option<Row<'_>> {
    let frame = ['|', '│', '┃', '║'];
    let inside = line.trim().strip_prefix(frame)?.strip_suffix(frame)?;
    let mut cells = inside.split(frame);
    let (name, value) = (cells.next()?.trim(), cells.next()?.trim());
    if cells.next().is_some() || name.is_empty() {
        return None;
    }
    if value.is_empty() {
        return name.ends_with('/').then_some(Row::Section(name));
    }
    let number = number::read(value, 0).filter(|number| number.end == value.len())?;
    let at = value.as_ptr().addr() - line.as_ptr().addr();
    Some(Row::Value {
        name,
        value: number.value,
        span: at..at + number.end,
        integer: number.integer,
    })
}
