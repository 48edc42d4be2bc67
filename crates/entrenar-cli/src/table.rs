//! Tables that fit the terminal.

use crate::term::{Line, Tone};

/// Spaces between two columns.
const GAP: usize = 2;
/// A column that gives way is never narrower.
const NARROWEST: usize = 8;

/// Widest line of a table where nothing else bounds it.
const WIDEST: usize = 4000;

/// How a column behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// Text, to the left.
    Left,
    /// Text, to the left, which gives way where the terminal is narrow.
    Flexible,
    /// Text, to the left, which gives way last.
    Main,
    /// As [`Flexible`](Self::Flexible), but its end matters more than its begin: a path.
    Path,
    /// Numbers, to the right.
    Right,
}

/// Rows of cells under headings.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    head: Vec<Line>,
    rows: Vec<Vec<Line>>,
}

impl Table {
    /// A table with these headings.
    pub(crate) fn new(columns: &[(&str, Column)]) -> Self {
        Self {
            columns: columns.iter().map(|(_, column)| *column).collect(),
            head: columns
                .iter()
                .map(|(name, _)| Line::of(Tone::Dim, name))
                .collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; it has as many cells as the table has columns.
    pub(crate) fn row(&mut self, cells: Vec<Line>) {
        self.rows.push(cells);
    }

    /// The lines, with columns that are empty in every row left out.
    pub(crate) fn lines(&self, width: Option<usize>) -> Vec<Line> {
        let kept: Vec<usize> = (0..self.columns.len())
            .filter(|at| {
                self.rows
                    .iter()
                    .any(|row| row.get(*at).is_some_and(|c| !c.is_empty()))
            })
            .collect();
        let all = || std::iter::once(&self.head).chain(&self.rows);
        let mut widths: Vec<usize> = kept
            .iter()
            .map(|at| {
                all()
                    .filter_map(|row| row.get(*at))
                    .map(Line::width)
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        // A cell of a megabyte must not pad every other row of a table that goes to a file.
        self.shrink(&kept, &mut widths, width.unwrap_or(WIDEST));
        let has_head = self.head.iter().any(|cell| !cell.is_empty());
        all()
            .skip(usize::from(!has_head))
            .map(|row| self.line(row, &kept, &widths))
            .collect()
    }

    /// Takes columns from the widest one that gives way until all fit.
    fn shrink(&self, kept: &[usize], widths: &mut [usize], width: usize) {
        let gaps = GAP * kept.len().saturating_sub(1);
        let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
        let first = |column| matches!(column, Some(Column::Flexible | Column::Path));
        let last = |column| column == Some(Column::Main);
        for gives_way in [&first as &dyn Fn(Option<Column>) -> bool, &last] {
            while excess > 0 {
                let widest = kept
                    .iter()
                    .zip(widths.iter_mut())
                    .filter(|(at, width)| {
                        gives_way(self.columns.get(**at).copied()) && **width > NARROWEST
                    })
                    .max_by_key(|(_, width)| **width);
                let Some((_, widest)) = widest else {
                    break;
                };
                *widest -= 1;
                excess -= 1;
            }
        }
    }

    fn line(&self, row: &[Line], kept: &[usize], widths: &[usize]) -> Line {
        let mut line = Line::new();
        // Spaces are written before the next cell that is not empty: none end a line.
        let mut spaces = 0;
        for (at, width) in kept.iter().zip(widths) {
            let column = self.columns.get(*at).copied();
            let empty = Line::new();
            let cell = row.get(*at).unwrap_or(&empty);
            let cell = match column {
                Some(Column::Path) => cell.cut_begin(*width),
                _ => cell.cut(*width),
            };
            let padding = width.saturating_sub(cell.width());
            let (before, behind) = match column {
                Some(Column::Right) => (padding, 0),
                _ => (0, padding),
            };
            spaces += before;
            if !cell.is_empty() {
                line.push(Tone::Plain, " ".repeat(spaces));
                line.append(&cell);
                spaces = 0;
            }
            spaces += behind + GAP;
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Table {
        let mut table = Table::new(&[
            ("id", Column::Left),
            ("name", Column::Flexible),
            ("tags", Column::Flexible),
            ("loss", Column::Right),
        ]);
        let plain = |text: &str| Line::of(Tone::Plain, text);
        table.row(vec![
            plain("a1"),
            plain("fine tuning with rank 64"),
            plain(""),
            plain("0.5"),
        ]);
        table.row(vec![plain("b22"), plain("学習"), plain(""), plain("12.25")]);
        table
    }

    fn text(lines: &[Line]) -> Vec<String> {
        lines.iter().map(Line::text).collect()
    }

    #[test]
    fn aligns_and_leaves_out_empty_columns() {
        assert_eq!(
            text(&example().lines(None)),
            [
                "id   name                       loss",
                "a1   fine tuning with rank 64    0.5",
                "b22  学習                      12.25",
            ]
        );
    }

    #[test]
    fn the_flexible_column_gives_way() {
        assert_eq!(
            text(&example().lines(Some(24))),
            [
                "id   name           loss",
                "a1   fine tuning…    0.5",
                "b22  学習          12.25",
            ]
        );
    }
}
