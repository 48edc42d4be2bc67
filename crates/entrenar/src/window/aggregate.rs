//! The M4 aggregation over points and summaries as they come.

use super::{Drawable, MAX_PARTS, Scale, Summary, WindowPoint};

/// Gathers the points of a window.
///
/// Points and summaries are given in the order of arrival. Memory: as sorted, a fixed amount for
/// each pixel; otherwise that for each part.
#[derive(Debug)]
pub(crate) struct Aggregator {
    scale: Scale,
    drawable: Drawable,
    /// Parts begun.
    parts: u64,
    /// Points that cannot be drawn.
    not_drawn: u64,
    /// Abscissa of the last point.
    last_x: Option<f64>,
    cells: Cells,
}

#[derive(Debug)]
enum Cells {
    /// The lines so far and the column that points come into now.
    AsTheyCome(Lines, Cell),
    /// Every column, from the one before the window to the one behind it.
    Sorted(Vec<SortedCell>),
}

/// What a line in one column is drawn of.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    /// Its column: −1 before the window, the number of pixels behind it.
    column: i64,
    drawn: Option<Drawn>,
    /// Something that cannot be drawn is before the first point, or behind the last.
    gap_before: bool,
    gap_after: bool,
}

/// First, last, smallest and largest of the points that can be drawn.
#[derive(Debug, Clone, Copy)]
struct Drawn {
    first: WindowPoint,
    last: WindowPoint,
    min: WindowPoint,
    max: WindowPoint,
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
    fn begins_part(&mut self, x: f64) -> bool {
        let goes_back = self.last_x.is_some_and(|last| x < last);
        if goes_back || self.last_x.is_none() {
            self.parts = self.parts.saturating_add(1);
        }
        goes_back
    }

    /// Takes points that have an abscissa each, none of which goes back.
    pub(crate) fn rising(&mut self, x: impl Fn(usize) -> f64, values: &[f64], start: u64) {
        if let Cells::Sorted(_) = self.cells {
            for (row, value) in values.iter().enumerate() {
                self.point(x(row), *value, place(start, row));
            }
            return;
        }
        let mut row = 0;
        while let Some(rest) = values.get(row..).filter(|rest| !rest.is_empty()) {
            let column = self.scale.column(x(row));
            // Points of a column are near each other: the search widens from the first.
            let mut step = 8;
            while step < rest.len() && self.scale.column(x(row + step)) == column {
                step *= 2;
            }
            let (mut inside, mut outside) = (step / 2, step.min(rest.len()));
            if step == 8 {
                inside = 0;
            }
            while outside - inside > 1 {
                let middle = inside + (outside - inside) / 2;
                if self.scale.column(x(row + middle)) == column {
                    inside = middle;
                } else {
                    outside = middle;
                }
            }
            let (points, _) = rest.split_at(outside);
            self.one_column(column, &x, (row, points), start);
            row += outside;
        }
    }

    /// Takes points of one column.
    fn one_column(
        &mut self,
        column: i64,
        x: &impl Fn(usize) -> f64,
        (row, values): (usize, &[f64]),
        start: u64,
    ) {
        let at = |place_in: usize, value: f64| WindowPoint {
            x: x(row + place_in),
            value,
            index: place(start, row + place_in),
        };
        if self.begins_part(x(row)) {
            self.end_part();
        }
        self.last_x = values.len().checked_sub(1).map(|last| x(row + last));
        let Cells::AsTheyCome(lines, cell) = &mut self.cells else {
            return;
        };
        cell.enter(column, lines);
        let drawable = self.drawable;
        // Without branches: this looks at every point near a border.
        let (mut drawn, mut least, mut most) = (0_usize, f64::INFINITY, f64::NEG_INFINITY);
        for value in values {
            let has = drawable.has(*value);
            drawn += usize::from(has);
            let (low, high) = if has {
                (*value, *value)
            } else {
                (f64::INFINITY, f64::NEG_INFINITY)
            };
            least = if low < least { low } else { least };
            most = if high > most { high } else { most };
        }
        let find = |is: &dyn Fn(f64) -> bool| values.iter().position(|value| is(*value));
        let seen = find(&|value| drawable.has(value))
            .zip(values.iter().rposition(|value| drawable.has(*value)));
        self.not_drawn = place(self.not_drawn, values.len() - drawn);
        let Some((first, last)) = seen else {
            cell.gap();
            return;
        };
        if first > 0 {
            cell.gap();
        }
        let get = |row: usize| at(row, values.get(row).copied().unwrap_or(f64::NAN));
        let min = get(find(&|value| drawable.has(value) && value <= least).unwrap_or(first));
        let max = get(find(&|value| drawable.has(value) && value >= most).unwrap_or(first));
        cell.stretch(get(first), get(last), min, max);
        if last + 1 < values.len() {
            cell.gap();
        }
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

    /// Takes points of which only the summary is known. `false`, and nothing changes, where that
    /// is too little and the points must be read.
    pub(crate) fn summary(&mut self, summary: &Summary) -> bool {
        let columns = (
            self.scale.column(summary.range.0),
            self.scale.column(summary.range.1),
        );
        let column = columns.0;
        if columns.1 != column {
            return false;
        }
        let Some(known) = Known::of(summary, self.drawable) else {
            return false;
        };
        let behind = self.scale.behind();
        let is_taken = match &self.cells {
            Cells::AsTheyCome(..) if column == -1 => self.before(summary, known),
            Cells::AsTheyCome(..) if column == behind => self.after(summary, known),
            Cells::AsTheyCome(..) => self.inside(column, summary, known),
            Cells::Sorted(_) => self.among_sorted(column, summary, known),
        };
        if is_taken {
            let not_drawn = match known {
                Known::Gap => summary.count,
                Known::Drawn(_) | Known::Inside => summary.not_finite,
            };
            self.not_drawn = self.not_drawn.saturating_add(not_drawn);
        }
        is_taken
    }

    /// A summary of points before the window, of which the last counts.
    fn before(&mut self, summary: &Summary, known: Known) -> bool {
        let last = match known {
            Known::Gap => None,
            Known::Drawn(drawn) if drawn.1.index == summary.last_index() => Some(drawn.1),
            Known::Drawn(_) | Known::Inside => return false,
        };
        let ends_part = self.begins_part(summary.ends.0) || summary.descents > 0;
        if ends_part {
            self.end_part();
        }
        self.passed(summary);
        if let Cells::AsTheyCome(lines, cell) = &mut self.cells {
            cell.enter(-1, lines);
            match last {
                Some(last) => cell.stretch(last, last, last, last),
                None => cell.gap(),
            }
        }
        true
    }

    /// A summary of points behind the window, of which the first counts.
    fn after(&mut self, summary: &Summary, known: Known) -> bool {
        let behind = self.scale.behind();
        let Cells::AsTheyCome(_, cell) = &self.cells else {
            return false;
        };
        let goes_back = self.last_x.is_some_and(|last| summary.ends.0 < last);
        let is_past = cell.column == behind && cell.drawn.is_some() && !goes_back;
        let first = match known {
            Known::Drawn(drawn) if drawn.0.index == summary.start => Some(drawn.0),
            Known::Gap => None,
            _ if is_past => None,
            Known::Drawn(_) | Known::Inside => return false,
        };
        if self.begins_part(summary.ends.0) {
            self.end_part();
        }
        if let Cells::AsTheyCome(lines, cell) = &mut self.cells {
            cell.enter(behind, lines);
            match first {
                Some(first) => cell.stretch(first, first, first, first),
                None => cell.gap(),
            }
        }
        if summary.descents > 0 {
            self.end_part();
            if let Cells::AsTheyCome(lines, cell) = &mut self.cells {
                cell.enter(behind, lines);
                // Its first point is joined to nothing; what it is does not show.
                cell.gap();
            }
        }
        self.passed(summary);
        true
    }

    /// A summary of points of one column of the window.
    fn inside(&mut self, column: i64, summary: &Summary, known: Known) -> bool {
        if summary.descents > 0 || matches!(known, Known::Inside) {
            return false;
        }
        if self.begins_part(summary.ends.0) {
            self.end_part();
        }
        self.passed(summary);
        if let Cells::AsTheyCome(lines, cell) = &mut self.cells {
            cell.enter(column, lines);
            match known {
                Known::Drawn((first, last, min, max)) => cell.stretch(first, last, min, max),
                Known::Gap | Known::Inside => cell.gap(),
            }
        }
        true
    }

    fn among_sorted(&mut self, column: i64, summary: &Summary, known: Known) -> bool {
        let behind = self.scale.behind();
        let Cells::Sorted(cells) = &mut self.cells else {
            return false;
        };
        let Some(cell) = sorted_cell(cells, column) else {
            return false;
        };
        let drawn = cell.drawn.as_ref();
        // What is further from the window than what is known there does not show.
        let is_out = column == -1 && drawn.is_some_and(|d| summary.range.1 < d.last.x)
            || column == behind && drawn.is_some_and(|d| summary.range.0 > d.first.x);
        if !is_out {
            if summary.descents > 0 {
                return false;
            }
            match known {
                Known::Inside => return false,
                Known::Drawn((first, last, min, max)) => cell.stretch(first, last, min, max),
                Known::Gap => cell.gap(
                    (summary.ends.0, summary.start),
                    (summary.ends.1, summary.last_index()),
                ),
            }
        }
        self.begins_part(summary.ends.0);
        self.passed(summary);
        true
    }

    fn passed(&mut self, summary: &Summary) {
        self.parts = self.parts.saturating_add(summary.descents);
        self.last_x = Some(summary.ends.1);
    }

    fn end_part(&mut self) {
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

fn place(start: u64, row: usize) -> u64 {
    start.saturating_add(u64::try_from(row).unwrap_or(u64::MAX))
}

fn sorted_cell(cells: &mut [SortedCell], column: i64) -> Option<&mut SortedCell> {
    let column = usize::try_from(column.saturating_add(1)).ok()?;
    cells.get_mut(column)
}

/// What a summary says of the points that can be drawn.
#[derive(Clone, Copy)]
enum Known {
    /// None can.
    Gap,
    /// First, last, smallest and largest; what cannot be drawn lies between first and last.
    Drawn((WindowPoint, WindowPoint, WindowPoint, WindowPoint)),
    /// Some can, and the first or the last point is none of them.
    Inside,
}

impl Known {
    /// `None` where a value outside the range that can be drawn hides which are inside.
    fn of(summary: &Summary, drawable: Drawable) -> Option<Self> {
        let Some((min, max)) = summary.extremes else {
            return Some(Self::Gap);
        };
        if max.value < drawable.low || min.value > drawable.high {
            return Some(Self::Gap);
        }
        if min.value < drawable.low || max.value > drawable.high {
            return None;
        }
        let first = WindowPoint {
            x: summary.ends.0,
            value: summary.values.0,
            index: summary.start,
        };
        let last = WindowPoint {
            x: summary.ends.1,
            value: summary.values.1,
            index: summary.last_index(),
        };
        if first.value.is_finite() && last.value.is_finite() {
            return Some(Self::Drawn((first, last, min, max)));
        }
        Some(Self::Inside)
    }
}

impl Cell {
    /// Goes to `column`; what was gathered of another is drawn.
    fn enter(&mut self, column: i64, lines: &mut Lines) {
        if self.column != column {
            lines.cell(self);
            *self = Self {
                column,
                ..Self::default()
            };
        }
    }

    /// Something that cannot be drawn.
    fn gap(&mut self) {
        if self.drawn.is_some() {
            self.gap_after = true;
        } else {
            self.gap_before = true;
        }
    }

    /// Points behind all others.
    fn stretch(
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
struct SortedCell {
    drawn: Option<Drawn>,
    /// The first and the last point that cannot be drawn.
    gaps: Option<(Key, Key)>,
}

impl SortedCell {
    fn stretch(
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

    fn gap(&mut self, first: Key, last: Key) {
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
struct Lines {
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
            let mut points = [drawn.first, drawn.min, drawn.max, drawn.last];
            // First and last are so by abscissa; the others lie between them.
            let [_, middle @ .., _] = &mut points;
            middle.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.index.cmp(&b.index)));
            for point in points {
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
