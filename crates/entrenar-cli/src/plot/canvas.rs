//! A grid of braille characters.

use crate::figures::whole;
use crate::term::{Line, Tone};

/// Dots of a character by row and column (Unicode, block Braille Patterns).
const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

#[derive(Debug, Clone, Default)]
struct Cell {
    dots: u8,
    tone: Tone,
    letter: Option<String>,
}

/// What a chart is drawn on.
#[derive(Debug)]
pub(crate) struct Canvas {
    columns: usize,
    rows: usize,
    cells: Vec<Cell>,
    ends: Vec<Option<(String, Tone)>>,
}

impl Canvas {
    /// An empty canvas.
    pub(crate) fn new(columns: usize, rows: usize) -> Self {
        Self {
            columns,
            rows,
            cells: vec![Cell::default(); columns * rows],
            ends: vec![None; rows],
        }
    }

    /// Rows of characters.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The row of characters at a height from 0 (bottom) to 1 (top).
    pub(crate) fn row_of(&self, height: f64) -> usize {
        cell(1.0 - height, self.rows * 4) / 4
    }

    fn dot_of(&self, (x, y): (f64, f64)) -> (usize, usize) {
        (cell(x, self.columns * 2), cell(1.0 - y, self.rows * 4))
    }

    fn cell_mut(&mut self, column: usize, row: usize) -> Option<&mut Cell> {
        let inside = column < self.columns && row < self.rows;
        self.cells
            .get_mut(row * self.columns + column)
            .filter(|_| inside)
    }

    fn dot(&mut self, x: usize, y: usize, tone: Tone) {
        let bit = DOTS
            .get(y % 4)
            .and_then(|row| row.get(x % 2))
            .copied()
            .unwrap_or(0);
        if let Some(cell) = self.cell_mut(x / 2, y / 4) {
            // A character has one colour: a line is not to be lost among the values behind it.
            if matches!((cell.tone, tone), (Tone::FaintSeries(_), Tone::Series(_))) {
                cell.dots = 0;
            }
            cell.dots |= bit;
            cell.tone = tone;
        }
    }

    /// Draws the points of an unbroken part, joined by a line if `join`.
    pub(crate) fn part(&mut self, places: &[(f64, f64)], tone: Tone, join: bool) {
        let mut before = None;
        for place in places {
            let at = self.dot_of(*place);
            self.line(before.filter(|_| join).unwrap_or(at), at, tone);
            before = Some(at);
        }
    }

    /// A straight line of dots, both ends included.
    fn line(&mut self, from: (usize, usize), to: (usize, usize), tone: Tone) {
        let (across, down) = (from.0.abs_diff(to.0), from.1.abs_diff(to.1));
        let steps = across.max(down).max(1);
        let at = |from: usize, to: usize, length: usize, step: usize| {
            let moved = (length * step * 2 + steps) / (steps * 2);
            if to >= from {
                from + moved
            } else {
                from - moved.min(from)
            }
        };
        for step in 0..=steps {
            self.dot(
                at(from.0, to.0, across, step),
                at(from.1, to.1, down, step),
                tone,
            );
        }
    }

    /// Puts the letter of the n-th of `count` lines on it here and there, each line at columns
    /// of its own.
    pub(crate) fn letters(&mut self, places: &[(f64, f64)], letter: &str, n: usize, count: usize) {
        let apart = 12.max(count * 4);
        let first = apart * (n + 1) / (count + 1);
        let mut next = first;
        for place in places {
            let (x, y) = self.dot_of(*place);
            let (column, row) = (x / 2, y / 4);
            if column < next {
                continue;
            }
            next = column + apart;
            if let Some(cell) = self
                .cell_mut(column, row)
                .filter(|cell| cell.letter.is_none())
            {
                cell.letter = Some(letter.to_owned());
            }
        }
    }

    /// Writes the letters of lines behind their ends, from top to bottom as the lines end; where
    /// two end in one row, the lower one's letter moves down, or up at the bottom.
    pub(crate) fn mark_ends(&mut self, mut ends: Vec<(f64, String, Tone)>) {
        ends.sort_by(|a, b| b.0.total_cmp(&a.0));
        let count = ends.len();
        let mut free = 0;
        for (place, (height, letter, tone)) in ends.into_iter().enumerate() {
            let below = count - place;
            let row = self
                .row_of(height)
                .min(self.rows.saturating_sub(below))
                .max(free);
            free = row + 1;
            if let Some(end) = self.ends.get_mut(row) {
                *end = Some((letter, tone));
            }
        }
    }

    /// Adds a row of characters to `line`.
    pub(crate) fn write_row(&self, row: usize, line: &mut Line) {
        let cells = self
            .cells
            .iter()
            .skip(row * self.columns)
            .take(self.columns);
        let mut piece = String::new();
        let mut tone = Tone::Plain;
        for cell in cells {
            // An empty character goes with what is before it.
            if cell.tone != tone && (cell.dots != 0 || cell.letter.is_some()) {
                line.push(tone, &piece);
                piece.clear();
                tone = cell.tone;
            }
            match (&cell.letter, cell.dots) {
                (Some(letter), _) => piece.push_str(letter),
                (None, 0) => piece.push(' '),
                (None, dots) => piece.extend(char::from_u32(0x2800 + u32::from(dots))),
            }
        }
        match self.ends.get(row) {
            Some(Some((letter, end))) => {
                line.push(tone, &piece);
                line.push(*end, format!(" {letter}"));
            }
            _ => line.push(tone, piece.trim_end()),
        }
    }
}

/// The cell among `count` that holds a share of the length.
pub(crate) fn cell(share: f64, count: usize) -> usize {
    let last = count.saturating_sub(1);
    #[expect(clippy::cast_precision_loss, reason = "columns of a terminal")]
    let place = share * last as f64;
    whole(place.round()).min(last)
}
