//! Tables that fit the terminal.

use crate::term::{Line, Tone};

/// Spaces between two columns.
const GAP: usize = 2;
/// A column that gives way is never narrower.
const NARROWEST: usize = 8;
/// A name is never narrower, and other columns make room for it until it has this.
const NAME: usize = 16;
/// Columns of less use make room for a name until it has this.
const CLEAR_NAME: usize = 24;
/// What loses little when it becomes narrower makes room for a name until it has this.
const LONG_NAME: usize = 40;

/// Widest line of a table where nothing else bounds it.
const WIDEST: usize = 4000;

/// How a column behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// Text, to the left, never cut.
    Left,
    /// Text, to the left, which is cut where the terminal is narrow.
    Flexible,
    /// A name, to the left, which is cut last.
    Main,
    /// As [`Flexible`](Self::Flexible), but its end matters more than its begin: a path.
    Path,
    /// Numbers, to the right, never cut.
    Right,
}

impl Column {
    /// The columns that a cell of `width` needs where a name is to have `name`.
    fn least(self, width: usize, name: usize) -> usize {
        match self {
            Self::Left | Self::Right => width,
            Self::Flexible => width.min(NARROWEST),
            Self::Path => width.min(name.min(NAME)),
            Self::Main => width.min(name),
        }
    }
}

/// What a table does where the terminal is narrow.
#[derive(Debug, Clone)]
struct Concession {
    /// The columns that go.
    columns: Vec<usize>,
    /// The narrower one that comes for them.
    instead: Option<usize>,
    /// How long a name it makes room for.
    name: usize,
}

/// Rows of cells under headings.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    head: Vec<Line>,
    rows: Vec<Vec<Line>>,
    concessions: Vec<Concession>,
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
            concessions: Vec::new(),
        }
    }

    /// Adds a row; it has as many cells as the table has columns.
    pub(crate) fn row(&mut self, cells: Vec<Line>) {
        self.rows.push(cells);
    }

    /// Where the terminal is narrow, these columns go together. What is given first goes first.
    pub(crate) fn may_drop(&mut self, columns: &[usize]) {
        self.concede(columns, None, NAME);
    }

    /// As [`may_drop`](Self::may_drop), already where a name would be cut by much.
    pub(crate) fn may_drop_early(&mut self, columns: &[usize]) {
        self.concede(columns, None, CLEAR_NAME);
    }

    /// Where the terminal is narrow or a long name would be cut, the column `instead` is shown for
    /// `column`, and only there.
    pub(crate) fn may_replace(&mut self, column: usize, instead: usize) {
        self.concede(&[column], Some(instead), LONG_NAME);
    }

    fn concede(&mut self, columns: &[usize], instead: Option<usize>, name: usize) {
        self.concessions.push(Concession {
            columns: columns.to_vec(),
            instead,
            name,
        });
    }

    /// The lines, with columns that are empty in every row left out. Where not all columns fit,
    /// a last one, `…`, says so.
    pub(crate) fn lines(&self, width: Option<usize>) -> Vec<Line> {
        // A cell of a megabyte must not pad every other row of a table that goes to a file.
        let width = width.unwrap_or(WIDEST);
        let natural: Vec<usize> = (0..self.columns.len()).map(|at| self.natural(at)).collect();
        let (kept, is_cut) = self.kept(&natural, width);
        let room = width.saturating_sub(if is_cut { GAP + 1 } else { 0 });
        let widths = self.widths(&kept, &natural, room);
        let has_head = self.head.iter().any(|cell| !cell.is_empty());
        std::iter::once(&self.head)
            .chain(&self.rows)
            .skip(usize::from(!has_head))
            .enumerate()
            .map(|(place, row)| {
                let mut line = self.line(row, &kept, &widths);
                if is_cut && place == 0 {
                    let used = widths.iter().sum::<usize>() + GAP * kept.len();
                    let spaces = " ".repeat(used.saturating_sub(line.width()));
                    line.push(Tone::Dim, format!("{spaces}…"));
                }
                line
            })
            .collect()
    }

    /// The width that a column has where there is room; 0 where it is empty in every row.
    fn natural(&self, at: usize) -> usize {
        let of = |row: &Vec<Line>| row.get(at).map_or(0, Line::width);
        match self.rows.iter().map(of).max() {
            None | Some(0) => 0,
            Some(widest) => widest.max(of(&self.head)),
        }
    }

    /// The columns that are shown, and whether more went than was conceded.
    fn kept(&self, natural: &[usize], width: usize) -> (Vec<usize>, bool) {
        let replacements = || self.concessions.iter().filter_map(|it| it.instead);
        let width_of = |at: usize| natural.get(at).copied().unwrap_or(0);
        let mut kept: Vec<usize> = (0..self.columns.len())
            .filter(|at| width_of(*at) > 0 && !replacements().any(|it| it == *at))
            .collect();
        let fits = |kept: &[usize], name: usize, width: usize| {
            let least = kept.iter().filter_map(|at| {
                let column = self.columns.get(*at)?;
                Some(column.least(width_of(*at), name))
            });
            least.sum::<usize>() + GAP * kept.len().saturating_sub(1) <= width
        };
        for concession in &self.concessions {
            if fits(&kept, concession.name, width) {
                continue;
            }
            let instead = concession.instead.filter(|at| width_of(*at) > 0);
            kept = kept
                .into_iter()
                .filter_map(|at| match concession.columns.contains(&at) {
                    true => instead,
                    false => Some(at),
                })
                .collect();
        }
        let room = |is_cut| width.saturating_sub(if is_cut { GAP + 1 } else { 0 });
        let mut is_cut = false;
        while kept.len() > 1 && !fits(&kept, NARROWEST, room(is_cut)) {
            is_cut = true;
            kept.pop();
        }
        (kept, is_cut)
    }

    /// The widths at which the columns fit: others than names are cut first, the widest of them
    /// down to the next.
    fn widths(&self, kept: &[usize], natural: &[usize], width: usize) -> Vec<usize> {
        let kind = |at: usize| self.columns.get(at).copied().unwrap_or(Column::Left);
        let mut widths: Vec<usize> = kept
            .iter()
            .map(|at| natural.get(*at).copied().unwrap_or(0))
            .collect();
        let gaps = GAP * kept.len().saturating_sub(1);
        let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
        let stages = [
            (Column::Flexible, NARROWEST),
            (Column::Path, NAME),
            (Column::Main, NAME),
            (Column::Path, NARROWEST),
            (Column::Main, NARROWEST),
        ];
        for (gives_way, least) in stages {
            while excess > 0 {
                let widest = kept
                    .iter()
                    .zip(widths.iter_mut())
                    .filter(|(at, width)| kind(**at) == gives_way && **width > least)
                    .max_by_key(|(_, width)| **width);
                let Some((_, widest)) = widest else {
                    break;
                };
                *widest -= 1;
                excess -= 1;
            }
        }
        widths
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

    /// A list as wide as one of a store.
    fn list() -> Table {
        let mut table = Table::new(&[
            ("name", Column::Main),
            ("began", Column::Left),
            ("began", Column::Left),
            ("points", Column::Right),
            ("loss", Column::Right),
            ("accuracy", Column::Right),
        ]);
        table.may_replace(1, 2);
        table.may_drop(&[3]);
        let cells = [
            "estimator__max_depth",
            "2026-11-22 10:23",
            "2026-11-22",
            "1,200",
            "0.1234",
        ];
        let mut row: Vec<_> = cells.map(|text| Line::of(Tone::Plain, text)).into();
        row.push(Line::of(Tone::Plain, "93.75"));
        table.row(row);
        table
    }

    #[test]
    fn the_least_important_columns_go_first_and_no_number_is_cut() {
        let second = |width: usize| text(&list().lines(Some(width))).remove(1);
        assert_eq!(
            second(80),
            "estimator__max_depth  2026-11-22 10:23   1,200  0.1234     93.75"
        );
        assert_eq!(
            second(60),
            "estimator__max_depth  2026-11-22   1,200  0.1234     93.75"
        );
        assert_eq!(
            second(48),
            "estimator__max_de…  2026-11-22  0.1234     93.75"
        );
        assert_eq!(
            text(&list().lines(Some(36))),
            [
                "name           began         loss  …",
                "estimator__m…  2026-11-22  0.1234"
            ]
        );
        for width in 1..100 {
            for line in list().lines(Some(width)) {
                let cut = line.text().split("  ").any(|cell| {
                    cell.ends_with('…') && cell.starts_with(|c: char| c.is_ascii_digit())
                });
                assert!(!cut, "{width}: {}", line.text());
                assert!(line.width() <= width.max(12), "{width}: {}", line.text());
            }
        }
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
