//! What a store knows without reading every point: summaries of stretches, and points that never go
//! back.

use super::aggregate::{Aggregator, Cells, place, sorted_cell};
use super::{Drawable, Gathered, WindowPoint, arrival, number};

/// What is known of a stretch of points that follow each other, each with an abscissa.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Summary {
    /// Place of the first point in the order of arrival.
    pub(crate) start: u64,
    /// Number of points, at least 1.
    pub(crate) count: u64,
    /// Abscissa of the first and of the last point.
    pub(crate) ends: (f64, f64),
    /// Smallest and largest abscissa.
    pub(crate) range: (f64, f64),
    /// How often the abscissa is smaller than the one before.
    pub(crate) descents: u64,
    /// Value of the first and of the last point.
    pub(crate) values: (f64, f64),
    /// The points with the smallest and the largest finite value, the first of each.
    pub(crate) extremes: Option<(WindowPoint, WindowPoint)>,
    /// Number of values that are not finite.
    pub(crate) not_finite: u64,
}

impl Summary {
    /// The points that it knows, in the order of arrival, each once.
    pub(crate) fn points(&self) -> Vec<WindowPoint> {
        let first = WindowPoint {
            x: self.ends.0,
            value: self.values.0,
            index: self.start,
        };
        let last = WindowPoint {
            x: self.ends.1,
            value: self.values.1,
            index: self.last_index(),
        };
        let mut points = vec![first, last];
        points.extend(self.extremes.map(|(min, _)| min));
        points.extend(self.extremes.map(|(_, max)| max));
        points.sort_by_key(|point| point.index);
        points.dedup_by_key(|point| point.index);
        points
    }

    pub(crate) fn last_index(&self) -> u64 {
        self.start.saturating_add(self.count.saturating_sub(1))
    }
}

impl Gathered {
    /// Takes points of which the first abscissa and the distance of the others are known; they do not
    /// go back.
    pub(crate) fn even(&mut self, (first, stride): (i64, i64), values: &[f64], start: u64) {
        let x = |row: usize| {
            let row = i64::try_from(row).unwrap_or(i64::MAX);
            number(first.wrapping_add(stride.wrapping_mul(row)))
        };
        self.aggregator.rising(x, values, start);
    }

    /// Takes points over the order of arrival.
    pub(crate) fn arrivals(&mut self, values: &[f64], start: u64) {
        self.aggregator
            .rising(|row| arrival(place(start, row)), values, start);
    }

    /// Takes points with these abscissas, none of which goes back.
    pub(crate) fn rising(&mut self, numbers: &[i64], values: &[f64], start: u64) {
        let x = |row: usize| number(numbers.get(row).copied().unwrap_or(0));
        self.aggregator.rising(x, values, start);
    }
}

impl Aggregator {
    /// Whether a stretch lies in several columns, so that its summary says too little.
    pub(crate) fn is_across(&self, summary: &Summary) -> bool {
        self.scale.column(summary.range.0) != self.scale.column(summary.range.1)
    }

    /// Whether of the stretch `across` no points but the two beside a border of columns matter: it lies
    /// in the present column and the next one, and neither the smallest nor the largest of its values
    /// is that of a column. `next` are stretches that follow it, none of which goes back.
    pub(crate) fn is_plain_border<'s>(
        &self,
        across: &Summary,
        next: impl Iterator<Item = &'s Summary>,
    ) -> bool {
        let column = |x| self.scale.column(x);
        let (here, there) = (column(across.range.0), column(across.range.1));
        let Cells::AsTheyCome(_, cell) = &self.cells else {
            return false;
        };
        let Some((known, (min, max))) = cell.drawn.as_ref().zip(across.extremes) else {
            return false;
        };
        let is_plain = here >= 0
            && there == here + 1
            && there < self.scale.behind()
            && cell.column == here
            && across.descents == 0
            && across.not_finite == 0
            && self.last_x.is_some_and(|last| last <= across.ends.0)
            && self.drawable.has(min.value)
            && self.drawable.has(max.value)
            && known.min.value <= min.value
            && known.max.value >= max.value;
        if !is_plain {
            return false;
        }
        let (mut has_less, mut has_more) = (false, false);
        for next in next.take_while(|next| column(next.range.1) == there) {
            let Some((least, most)) = next.extremes else {
                continue;
            };
            has_less |= least.value < min.value && self.drawable.has(least.value);
            has_more |= most.value > max.value && self.drawable.has(most.value);
            if has_less && has_more {
                return true;
            }
        }
        false
    }

    /// How many of `count` points lie in the column of the first, where none goes back.
    pub(crate) fn in_first_column(&self, count: usize, x: impl Fn(usize) -> f64) -> usize {
        let column = self.scale.column(x(0));
        run(count, count / 2, |row| self.scale.column(x(row)) == column)
    }

    /// Takes points that have an abscissa each, none of which goes back.
    pub(crate) fn rising(&mut self, x: impl Fn(usize) -> f64, values: &[f64], start: u64) {
        if let Cells::Sorted(_) = self.cells {
            for (row, value) in values.iter().enumerate() {
                self.point(x(row), *value, place(start, row));
            }
            return;
        }
        let (mut row, mut points) = (0, 8);
        while let Some(rest) = values.get(row..).filter(|rest| !rest.is_empty()) {
            let column = self.scale.column(x(row));
            // Columns have about as many points each.
            points = run(rest.len(), points, |further| {
                self.scale.column(x(row + further)) == column
            });
            let (inside, _) = rest.split_at(points);
            self.one_column(column, &x, (row, inside), start);
            row += points;
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
        if self.begins_part(x(row)) {
            self.end_part();
        }
        self.last_x = values.len().checked_sub(1).map(|last| x(row + last));
        let Cells::AsTheyCome(lines, cell) = &mut self.cells else {
            return;
        };
        cell.enter(column, lines);
        let drawable = self.drawable;
        let has = |value: &f64| drawable.has(*value);
        let (drawn, least, most) = extremes(values, drawable);
        self.not_drawn = place(self.not_drawn, values.len() - drawn);
        let ends = values
            .iter()
            .position(has)
            .zip(values.iter().rposition(has));
        let Some((first, last)) = ends else {
            cell.gap();
            return;
        };
        if first > 0 {
            cell.gap();
        }
        let at = |place_in: usize| WindowPoint {
            x: x(row + place_in),
            value: values.get(place_in).copied().unwrap_or(f64::NAN),
            index: place(start, row + place_in),
        };
        let (first, last) = (at(first), at(last));
        // Where one is no extreme of the column, its place does not matter.
        let (mut min, mut max) = (first, first);
        let known = cell.drawn.as_ref();
        if known.is_none_or(|drawn| least < drawn.min.value) {
            min = find(values, |value| drawable.has(value) & (value <= least)).map_or(min, at);
        }
        if known.is_none_or(|drawn| most > drawn.max.value) {
            max = find(values, |value| drawable.has(value) & (value >= most)).map_or(max, at);
        }
        cell.stretch(first, last, min, max);
        if place(last.index, 1) < place(start, row + values.len()) {
            cell.gap();
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

/// How many of `all` things are of a kind, where the first is and none is behind one that is not;
/// searched from `guess` on.
fn run(all: usize, guess: usize, is_of_it: impl Fn(usize) -> bool) -> usize {
    let (mut inside, mut outside) = (0, all);
    let mut step = 1;
    if guess < all && is_of_it(guess) {
        inside = guess;
        while inside + step < outside {
            if is_of_it(inside + step) {
                inside += step;
                step *= 2;
            } else {
                outside = inside + step;
            }
        }
    } else {
        outside = guess.clamp(1, all);
        while inside + step < outside {
            if is_of_it(outside - step) {
                inside = outside - step;
            } else {
                outside -= step;
                step *= 2;
            }
        }
    }
    while outside - inside > 1 {
        let middle = inside + (outside - inside) / 2;
        if is_of_it(middle) {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    outside
}

/// Values that are looked at side by side.
const LANES: usize = 8;

/// How many values can be drawn, the least and the largest of them. Without branches, since this looks
/// at every point near a border.
fn extremes(values: &[f64], drawable: Drawable) -> (usize, f64, f64) {
    let mut least = [f64::INFINITY; LANES];
    let mut most = [f64::NEG_INFINITY; LANES];
    let mut drawn = [0_u64; LANES];
    let mut look = |block: &[f64]| {
        let lanes = least.iter_mut().zip(&mut most).zip(&mut drawn);
        for (value, ((least, most), drawn)) in block.iter().zip(lanes) {
            let has = drawable.has(*value);
            let low = if has { *value } else { f64::INFINITY };
            let high = if has { *value } else { f64::NEG_INFINITY };
            *least = if low < *least { low } else { *least };
            *most = if high > *most { high } else { *most };
            *drawn += u64::from(has);
        }
    };
    let (blocks, rest) = values.as_chunks::<LANES>();
    for block in blocks {
        look(block);
    }
    look(rest);
    let fewer = |a: f64, b: f64| if b < a { b } else { a };
    let more = |a: f64, b: f64| if b > a { b } else { a };
    (
        usize::try_from(drawn.iter().sum::<u64>()).unwrap_or(usize::MAX),
        least.into_iter().fold(f64::INFINITY, fewer),
        most.into_iter().fold(f64::NEG_INFINITY, more),
    )
}

/// Where the first value is that `is` so.
fn find(values: &[f64], is: impl Fn(f64) -> bool) -> Option<usize> {
    let (blocks, rest) = values.as_chunks::<LANES>();
    let any = |block: &[f64; LANES]| block.iter().fold(false, |any, value| any | is(*value));
    let block = blocks.iter().position(any);
    let (before, values) = match block.and_then(|block| Some((block, blocks.get(block)?))) {
        Some((block, values)) => (block * LANES, values.as_slice()),
        None => (blocks.len() * LANES, rest),
    };
    Some(before + values.iter().position(|value| is(*value))?)
}
