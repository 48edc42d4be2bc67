//! The M4 aggregation over points and summaries as they come.

use super::{Drawable, MAX_PARTS, Scale, WindowPoint};

/// Gathers the points of a window.
///
/// Points and summaries are given in the order of arrival. Memory: as sorted, a fixed amount for
/// each pixel; otherwise that for each part.
#[derive(Debug)]
pub(crate) struct Aggregator {
    pub(super) scale: Scale,
    pub(super) drawable: Drawable,
    /// Parts begun.
    pub(super) parts: u64,
    /// Points that cannot be drawn.
    pub(super) not_drawn: u64,
    /// Abscissa of the last point.
    pub(super) last_x: Option<f64>,
    pub(super) cells: Cells,
}

/// What is gathered of each column.
#[derive(Debug)]
pub(super) enum Cells {
    /// The lines so far and the column that points come into now.
    AsTheyCome(Lines, Cell),
    /// Every column, from the one before the window to the one behind it.
    Sorted(Vec<SortedCell>),
}

/// What a line in one column is drawn of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cell {
    /// Its column: −1 before the window, the number of pixels behind it.
    pub(super) column: i64,
    pub(super) drawn: Option<Drawn>,
    /// Something that cannot be drawn is before the first point, or behind the last.
    gap_before: bool,
    gap_after: bool,
}

/// First, last, smallest and largest of the points that can be drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drawn {
    pub(super) first: WindowPoint,
    pub(super) last: WindowPoint,
    pub(super) min: WindowPoint,
    pub(super) max: WindowPoint,
}

impl Drawn {
    fn of(point: WindowPoint) -> Self {
        Self {
            first: point,
            last: point,
            min: point,
            max: point,
        }
    }

    fn extend(&mut self, min: WindowPoint, max: WindowPoint) {
        if min.value < self.min.value {
            self.min = min;
        }
        if max.value > self.max.value {
            self.max = max;
        }
    }
}

impl Aggregator {
    /// For a window; `sorted` for a series with more than [`MAX_PARTS`] parts.
    pub(crate) fn new(scale: Scale, drawable: Drawable, sorted: bool) -> Self {
        let cells = if sorted {
            let columns = usize::try_from(scale.pixels).unwrap_or(0) + 2;
            Cells::Sorted(vec![SortedCell::default(); columns])
        } else {
            Cells::AsTheyCome(Lines::new(scale.behind()), Cell::default())
        };
        Self {
            scale,
            drawable,
            parts: 0,
            not_drawn: 0,
            last_x: None,
            cells,
        }
    }

    /// Number of parts so far.
    pub(crate) fn parts(&self) -> u64 {
        self.parts
    }

    /// Number of points that cannot be drawn, so far.
    pub(crate) fn not_drawn(&self) -> u64 {
        self.not_drawn
    }

    /// Points are sorted.
    pub(crate) fn is_sorted(&self) -> bool {
        matches!(self.cells, Cells::Sorted(_))
    }

    /// There are more parts than are drawn as they come: all must be given again to a sorted one.
    pub(crate) fn must_sort(&self) -> bool {
        matches!(self.cells, Cells::AsTheyCome(..))
            && self.parts > u64::try_from(MAX_PARTS).unwrap_or(u64::MAX)
    }

    /// Counts the part that begins where the abscissa goes back, and says whether it does.
    pub(super) fn begins_part(&mut self, x: f64) -> bool {
        let goes_back = self.last_x.is_some_and(|last| x < last);
        if goes_back || self.last_x.is_none() {
            self.parts = self.parts.saturating_add(1);
        }
        goes_back
    }

    /// Takes a point.
    pub(crate) fn point(&mut self, x: f64, value: f64, index: u64) {
        if self.begins_part(x) {
            self.end_part();
        }
        self.last_x = Some(x);
        let column = self.scale.column(x);
        let point = WindowPoint { x, value, index };
        let can_be_drawn = self.drawable.has(value);
        self.not_drawn = place(self.not_drawn, usize::from(!can_be_drawn));
        match &mut self.cells {
            Cells::AsTheyCome(lines, cell) => {
                cell.enter(column, lines);
                if can_be_drawn {
                    cell.stretch(point, point, point, point);
                } else {
                    cell.gap();
                }
            }
            Cells::Sorted(cells) => {
                if let Some(cell) = sorted_cell(cells, column) {
                    if can_be_drawn {
                        cell.stretch(point, point, point, point);
                    } else {
                        cell.gap((x, index), (x, index));
                    }
                }
            }
        }
    }

    pub(super) fn end_part(&mut self) {
        if let Cells::AsTheyCome(lines, cell) = &mut self.cells {
            lines.cell(cell);
            lines.end();
            *cell = Cell::default();
        }
    }

    /// The lines to be drawn, each without a break.
    pub(crate) fn finish(self) -> Vec<Vec<WindowPoint>> {
        let behind = self.scale.behind();
        let mut lines = match self.cells {
            Cells::AsTheyCome(mut lines, cell) => {
                lines.cell(&cell);
                lines
            }
            Cells::Sorted(cells) => {
                let mut lines = Lines::new(behind);
                for (column, cell) in (-1..).zip(&cells) {
                    lines.cell(&cell.in_order(column));
                }
                lines
            }
        };
        lines.end();
        lines.done
    }
}

/// The place `row` behind `start`.
pub(super) fn place(start: u64, row: usize) -> u64 {
    start.saturating_add(u64::try_from(row).unwrap_or(u64::MAX))
}

/// The cell of a column.
pub(super) fn sorted_cell(cells: &mut [SortedCell], column: i64) -> Option<&mut SortedCell> {
    let column = usize::try_from(column.saturating_add(1)).ok()?;
    cells.get_mut(column)
}

impl Cell {
    /// Goes to `column`; what was gathered of another is drawn.
    pub(super) fn enter(&mut self, column: i64, lines: &mut Lines) {
        if self.column != column {
            lines.cell(self);
            *self = Self {
                column,
                ..Self::default()
            };
        }
    }

    /// Something that cannot be drawn.
    pub(super) fn gap(&mut self) {
        if self.drawn.is_some() {
            self.gap_after = true;
        } else {
            self.gap_before = true;
        }
    }

    /// Points behind all others.
    pub(super) fn stretch(
        &mut self,
        first: WindowPoint,
        last: WindowPoint,
        min: WindowPoint,
        max: WindowPoint,
    ) {
        let drawn = self.drawn.get_or_insert_with(|| Drawn::of(first));
        drawn.last = last;
        drawn.extend(min, max);
        self.gap_after = false;
    }
}

/// A place in the order of abscissa and arrival.
type Key = (f64, u64);

fn key(point: &WindowPoint) -> Key {
    (point.x, point.index)
}

/// What a line of sorted points in one column is drawn of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SortedCell {
    pub(super) drawn: Option<Drawn>,
    /// The first and the last point that cannot be drawn.
    gaps: Option<(Key, Key)>,
}

impl SortedCell {
    pub(super) fn stretch(
        &mut self,
        first: WindowPoint,
        last: WindowPoint,
        min: WindowPoint,
        max: WindowPoint,
    ) {
        let drawn = self.drawn.get_or_insert_with(|| Drawn::of(first));
        if key(&first) < key(&drawn.first) {
            drawn.first = first;
        }
        if key(&last) > key(&drawn.last) {
            drawn.last = last;
        }
        drawn.extend(min, max);
    }

    pub(super) fn gap(&mut self, first: Key, last: Key) {
        let gaps = self.gaps.get_or_insert((first, last));
        if first < gaps.0 {
            gaps.0 = first;
        }
        if last > gaps.1 {
            gaps.1 = last;
        }
    }

    /// The same as if its points had come in their order.
    fn in_order(&self, column: i64) -> Cell {
        let Some(drawn) = &self.drawn else {
            return Cell {
                column,
                gap_before: self.gaps.is_some(),
                ..Cell::default()
            };
        };
        Cell {
            column,
            drawn: self.drawn,
            gap_before: self
                .gaps
                .is_some_and(|(first, _)| first < key(&drawn.first)),
            gap_after: self.gaps.is_some_and(|(_, last)| last > key(&drawn.last)),
        }
    }
}

/// Joins columns to lines.
#[derive(Debug)]
pub(super) struct Lines {
    done: Vec<Vec<WindowPoint>>,
    open: Vec<WindowPoint>,
    /// The open line has a point in the window, or reaches across it.
    is_seen: bool,
    /// Something that cannot be drawn came since the open line's last point.
    gap: bool,
    /// The column behind the window.
    behind: i64,
}

impl Lines {
    fn new(behind: i64) -> Self {
        Self {
            done: Vec::new(),
            open: Vec::new(),
            is_seen: false,
            gap: false,
            behind,
        }
    }

    fn cell(&mut self, cell: &Cell) {
        let Some(drawn) = &cell.drawn else {
            self.gap |= cell.gap_before;
            return;
        };
        if self.gap || cell.gap_before {
            self.end();
        }
        if cell.column == -1 {
            self.open.push(drawn.last);
        } else if cell.column == self.behind {
            self.is_seen |= !self.open.is_empty();
            self.open.push(drawn.first);
        } else {
            self.is_seen = true;
            // First and last are so by abscissa; the others lie between them.
            let Drawn {
                mut min, mut max, ..
            } = *drawn;
            if key(&max) < key(&min) {
                (min, max) = (max, min);
            }
            for point in [drawn.first, min, max, drawn.last] {
                if self.open.last().map(|last| last.index) != Some(point.index) {
                    self.open.push(point);
                }
            }
        }
        self.gap = cell.gap_after;
    }

    /// Ends the open line; what lies outside the window alone does not show.
    fn end(&mut self) {
        let line = std::mem::take(&mut self.open);
        if self.is_seen {
            self.done.push(line);
        }
        self.is_seen = false;
        self.gap = false;
    }
}
