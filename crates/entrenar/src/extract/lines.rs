//! A terminal's lines, without a screen: what a reader saw, with the place of each character.
//!
//! Not a rendered screen: a screen wraps long lines, which splits numbers, and hides what was
//! drawn over. Here a line is as long as the program printed it, and each *state* that it had
//! before it was drawn over is reported. Escape sequences are parsed with [`vte`]; colours are
//! dropped; carriage return, backspace, cursor movement inside the last [`WINDOW`] lines, and
//! erasing are understood. A line feed also returns to the first column.
//!
//! Bounds: a line is kept up to [`MAX_LINE`] characters (bytes for a line without control
//! characters); what follows on the same line is skipped. A state between two overwrites is
//! reported only if at least an eighth of the line was written since the last report, so that
//! the work is linear in the text however a line is redrawn. Memory is at most [`WINDOW`] lines.

mod escape;

use std::collections::VecDeque;
use std::ops::Range;

/// Length up to which a line is kept.
pub const MAX_LINE: usize = 64 * 1024;
/// Number of last lines that cursor movement can reach.
pub const WINDOW: usize = 32;
/// Column beyond which cursor movement does not go.
const MAX_MOVE: usize = 1024;

/// A line as it was at one moment.
#[derive(Debug, Clone, Copy)]
pub struct LineState<'a> {
    /// The visible text, without trailing blanks and without its line end.
    pub text: &'a str,
    /// Whether the line ended here (a line feed or the end of the text), or was redrawn.
    pub last: bool,
    offsets: Offsets<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Offsets<'a> {
    /// The text is one piece of the input from here.
    From(usize),
    /// The place in the input of each byte of the text.
    Each(&'a [usize]),
}

impl<'a> LineState<'a> {
    /// A text that is read as one line, whatever it holds.
    pub(super) fn whole(text: &'a str) -> Self {
        Self {
            text,
            last: true,
            offsets: Offsets::From(0),
        }
    }

    /// Where the bytes `range` of [`text`](Self::text) are in the input; a piece that was
    /// written in parts is given from the first byte to the last.
    pub fn span(&self, range: Range<usize>) -> Range<usize> {
        match self.offsets {
            Offsets::From(start) => start + range.start..start + range.end,
            Offsets::Each(offsets) => {
                let piece = offsets.get(range).unwrap_or_default();
                let start = piece.iter().min().copied().unwrap_or_default();
                start..piece.iter().max().map_or(start, |last| last + 1)
            }
        }
    }
}

/// Reports each state of each line of `text` to `sink`, in the order in which they were seen.
pub fn scan(text: &str, sink: impl FnMut(&LineState<'_>)) {
    let mut screen = Screen::new(text, sink);
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let run = first_control(rest);
        let end = at + run.unwrap_or(rest.len());
        if end > at {
            screen.print(at..end);
        }
        let Some(control) = bytes.get(end) else { break };
        at = end + 1;
        match control {
            b'\n' => screen.line_feed(),
            b'\r' => screen.set_column(0),
            8 => screen.left(1),
            0x1b => at = screen.escape(end),
            _ => {}
        }
    }
    screen.finish();
}

/// Where the first control character of `bytes` is; blocks without one are passed over whole.
fn first_control(bytes: &[u8]) -> Option<usize> {
    let (blocks, _) = bytes.as_chunks::<32>();
    let clean = blocks
        .iter()
        .take_while(|block| !block.iter().fold(false, |any, b| any | is_control(*b)))
        .count();
    let start = clean * 32;
    let rest = bytes.get(start..)?;
    rest.iter()
        .position(|b| is_control(*b))
        .map(|at| start + at)
}

fn is_control(byte: u8) -> bool {
    byte < 0x20 && byte != b'\t' || byte == 0x7f
}

#[derive(Debug, Clone, Copy)]
struct Cell {
    character: char,
    /// Place in the input; `usize::MAX` for a blank that nobody printed.
    offset: usize,
}

const BLANK: Cell = Cell {
    character: ' ',
    offset: usize::MAX,
};

#[derive(Debug, Default)]
struct Row {
    /// The row is this piece of the input and `cells` is empty.
    plain: Option<Range<usize>>,
    cells: Vec<Cell>,
    /// Characters written since the last report.
    written: usize,
    /// The cursor came back to this row after it had left it.
    revisited: bool,
    /// The last report did not say that the line ended.
    open: bool,
}

impl Row {
    fn is_empty(&self) -> bool {
        self.plain.is_none() && self.cells.is_empty()
    }
}

struct Screen<'t, F> {
    text: &'t str,
    sink: F,
    rows: VecDeque<Row>,
    row: usize,
    /// `None`: behind the last character of the row.
    column: Option<usize>,
    /// The cursor moved since the last character: what comes next may draw over the line.
    moved: bool,
    parser: escape::Parser,
    buffer: String,
    offsets: Vec<usize>,
}

impl<'t, F: FnMut(&LineState<'_>)> Screen<'t, F> {
    fn new(text: &'t str, sink: F) -> Self {
        Self {
            text,
            sink,
            rows: VecDeque::from([Row::default()]),
            row: 0,
            column: None,
            moved: false,
            parser: escape::Parser::new_with_size(),
            buffer: String::new(),
            offsets: Vec::new(),
        }
    }

    fn current(&mut self) -> &mut Row {
        if self.row >= self.rows.len() {
            self.rows.resize_with(self.row + 1, Row::default);
        }
        #[expect(clippy::indexing_slicing, reason = "the row was just made")]
        &mut self.rows[self.row]
    }

    /// The current row as cells, and the cursor's column.
    fn cells(&mut self) -> (&mut Row, usize) {
        let text = self.text;
        let column = self.column;
        let row = self.current();
        if let Some(plain) = row.plain.take() {
            let piece = text.get(plain.clone()).unwrap_or_default();
            row.cells
                .extend(piece.char_indices().map(|(at, character)| Cell {
                    character,
                    offset: plain.start + at,
                }));
        }
        let column = column.unwrap_or(row.cells.len());
        (row, column)
    }

    fn print(&mut self, run: Range<usize>) {
        let text = self.text;
        if self.column.is_none() {
            let row = self.current();
            let start = match &row.plain {
                Some(plain) if plain.end == run.start => Some(plain.start),
                None if row.cells.is_empty() => Some(run.start),
                _ => None,
            };
            if let Some(start) = start {
                let end = text.floor_char_boundary(run.end.min(start + MAX_LINE));
                row.written += run.len();
                row.plain = Some(start..end);
                return;
            }
        }
        // Something is about to be drawn over: report what was there.
        if self.moved {
            self.report(false);
        }
        self.moved = false;
        let (row, mut column) = self.cells();
        for (at, character) in text.get(run.clone()).unwrap_or_default().char_indices() {
            if column >= MAX_LINE {
                break;
            }
            if column > row.cells.len() {
                row.cells.resize(column, BLANK);
            }
            let cell = Cell {
                character,
                offset: run.start + at,
            };
            match row.cells.get_mut(column) {
                Some(old) => *old = cell,
                None => row.cells.push(cell),
            }
            column += 1;
            row.written += 1;
        }
        let end = row.cells.len();
        self.column = (column < end).then_some(column);
    }

    /// Reports the current row if enough of it changed.
    fn report(&mut self, last: bool) {
        let at = self.row;
        let Some(row) = self.rows.get_mut(at) else {
            return;
        };
        let length = row.plain.as_ref().map_or(row.cells.len(), Range::len);
        let enough = if last {
            row.written > 0 || row.open
        } else {
            row.written > 0 && row.written >= length / 8
        };
        if !enough {
            return;
        }
        // A row that is drawn again and again ends when it leaves the window.
        let last = last && !row.revisited;
        row.written = 0;
        row.open = !last;
        self.emit(at, last);
    }

    fn emit(&mut self, at: usize, last: bool) {
        let Some(row) = self.rows.get(at) else { return };
        if let Some(plain) = &row.plain {
            let text = self.text.get(plain.clone()).unwrap_or_default();
            (self.sink)(&LineState {
                text: text.trim_end(),
                last,
                offsets: Offsets::From(plain.start),
            });
            return;
        }
        self.buffer.clear();
        self.offsets.clear();
        let used = row
            .cells
            .iter()
            .rposition(|cell| !cell.character.is_whitespace())
            .map_or(0, |last| last + 1);
        let mut before = 0;
        for cell in row.cells.iter().take(used) {
            self.buffer.push(cell.character);
            let offset = if cell.offset == usize::MAX {
                before
            } else {
                cell.offset
            };
            for byte in 0..cell.character.len_utf8() {
                self.offsets.push(offset + byte);
            }
            before = offset;
        }
        (self.sink)(&LineState {
            text: &self.buffer,
            last,
            offsets: Offsets::Each(&self.offsets),
        });
    }

    fn line_feed(&mut self) {
        self.report(true);
        self.row += 1;
        self.column = None;
        self.moved = false;
        if self.row >= WINDOW {
            self.retire();
        }
        let row = self.current();
        if !row.is_empty() {
            row.revisited = true;
            self.column = Some(0);
            self.moved = true;
        }
    }

    /// Drops the oldest row.
    fn retire(&mut self) {
        if self.rows.front().is_some_and(|row| row.open) {
            self.emit(0, true);
        }
        // The row's memory serves the next line.
        if let Some(mut row) = self.rows.pop_front() {
            row.cells.clear();
            self.rows.push_back(Row {
                cells: row.cells,
                ..Row::default()
            });
        }
        self.row = self.row.saturating_sub(1);
    }

    /// Ends all lines and begins with an empty window.
    fn clear(&mut self) {
        self.report(true);
        for at in 0..self.rows.len() {
            if self.rows.get(at).is_some_and(|row| row.open) {
                self.emit(at, true);
            }
        }
        self.rows.clear();
        self.rows.push_back(Row::default());
        self.row = 0;
        self.column = None;
    }

    fn finish(&mut self) {
        self.clear();
    }

    fn set_column(&mut self, column: usize) {
        let empty = self.current().is_empty();
        self.column = (column > 0 || !empty).then_some(column.min(MAX_MOVE));
        self.moved = true;
    }

    fn left(&mut self, count: usize) {
        let (row, column) = self.cells();
        let empty = row.is_empty();
        let column = column.saturating_sub(count);
        self.column = (!empty || column > 0).then_some(column);
        self.moved = true;
    }

    fn set_row(&mut self, row: usize) {
        let (_, column) = self.cells();
        self.report(false);
        self.row = row;
        while self.row >= WINDOW {
            self.retire();
        }
        let row = self.current();
        row.revisited = true;
        self.column = Some(column.min(MAX_MOVE));
        self.moved = true;
    }

    fn erase_line(&mut self, mode: u16) {
        let (row, column) = self.cells();
        let length = row.cells.len();
        if length == 0 || mode == 0 && column >= length {
            return;
        }
        self.report(false);
        let (row, column) = self.cells();
        match mode {
            0 => row.cells.truncate(column),
            1 if column < length => {
                for cell in row.cells.iter_mut().take(column.min(MAX_MOVE)) {
                    *cell = BLANK;
                }
            }
            _ => row.cells.clear(),
        }
        // What is gone is no longer the state with which the row ends.
        row.open = false;
        row.written = 0;
        let end = row.cells.len();
        self.column = (column != end).then_some(column);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All states of all lines: text, whether it is the last, and where its first byte is.
    fn states(text: &str) -> Vec<(String, bool)> {
        let mut states = Vec::new();
        scan(text, |state| {
            states.push((state.text.to_owned(), state.last));
        });
        states
    }

    fn last(text: &str) -> Vec<String> {
        states(text)
            .into_iter()
            .filter(|(_, last)| *last)
            .map(|(text, _)| text)
            .collect()
    }

    #[test]
    fn a_carriage_return_draws_over_the_line() {
        assert_eq!(
            states("a 1\ra 2\r\na 3\n"),
            [
                ("a 1".into(), false),
                ("a 2".into(), true),
                ("a 3".into(), true)
            ]
        );
        // What is not drawn over stays.
        assert_eq!(last("loss: 0.25\rX\n"), ["Xoss: 0.25"]);
    }

    #[test]
    fn backspaces_go_back() {
        assert_eq!(
            states("1/2 loss: 0.9\x08\x08\x080.5\n"),
            [
                ("1/2 loss: 0.9".into(), false),
                ("1/2 loss: 0.5".into(), true)
            ]
        );
    }

    #[test]
    fn colours_vanish_and_places_stay() {
        let text = "\x1b[1mloss\x1b[0m: \x1b[32m0.5\x1b[0m\n";
        let mut spans = Vec::new();
        scan(text, |state| {
            assert_eq!(state.text, "loss: 0.5");
            spans.push(state.span(6..9));
        });
        assert_eq!(spans.len(), 1);
        assert_eq!(text.get(spans[0].clone()), Some("0.5"));
    }

    #[test]
    fn the_cursor_reaches_the_line_above() {
        // tqdm's nested bars: down with a line feed, up with an escape.
        let text = "outer 0\ninner 1\x1b[A\router 1\ninner 2\n";
        assert_eq!(
            states(text),
            [
                ("outer 0".into(), true),
                ("inner 1".into(), false),
                ("outer 1".into(), false),
                ("inner 2".into(), false),
                ("outer 1".into(), true),
                ("inner 2".into(), true),
            ]
        );
    }

    #[test]
    fn erasing_takes_the_line_away() {
        assert_eq!(last("loss 0.5\r\x1b[Kdone\n"), ["done"]);
        assert_eq!(last("loss 0.5\x1b[2K\rdone\n"), ["done"]);
    }

    #[test]
    fn a_string_without_an_end_does_not_swallow_the_text() {
        assert_eq!(last("\x1b]0;title\nloss 0.5\n"), ["loss 0.5"]);
        assert_eq!(last("\x1b]0;title\x07loss 0.5\n"), ["loss 0.5"]);
        assert_eq!(last("\x1b]0;title\x1b\\loss 0.5\n"), ["loss 0.5"]);
    }

    #[test]
    fn a_hostile_line_is_cut() {
        let long = "x".repeat(3 * MAX_LINE);
        assert_eq!(last(&long), ["x".repeat(MAX_LINE)]);
        let mut reported = 0;
        let spinner = format!("{}{}", "x".repeat(1000), "\x08|\x08/".repeat(100_000));
        scan(&spinner, |state| reported += state.text.len());
        assert!(reported < 4 * spinner.len(), "{reported}");
        let mut bars = 0;
        scan(&"loss 0.5\r".repeat(100_000), |_| bars += 1);
        assert_eq!(bars, 100_000);
    }

    proptest! {
        #[test]
        fn text_without_control_characters_gives_its_lines(text in "[a-z0-9 é█:=.\\n]{0,200}") {
            let expected: Vec<_> = text.split('\n').map(str::trim_end).collect();
            let found = last(&text);
            let written: Vec<_> = expected.iter().filter(|line| !line.is_empty()).collect();
            let reported: Vec<_> = found.iter().filter(|line| !line.is_empty()).collect();
            prop_assert_eq!(written, reported);
        }

        #[test]
        fn each_character_is_where_it_says(text in "([a-z0-9é█ ]|\r|\n|\x08|\x1b\\[[0-9]{0,2}[A-HJKm]|\x1b|\t){0,120}") {
            scan(&text, |state| {
                for (at, c) in state.text.char_indices().filter(|(_, c)| *c != ' ') {
                    let span = state.span(at..at + c.len_utf8());
                    assert_eq!(text.get(span), Some(c.to_string().as_str()));
                }
            });
        }
    }
}
