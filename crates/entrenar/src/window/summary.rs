//! What a store knows without reading every point: summaries of stretches, and points that never go
//! back.

use super::aggregate::{Aggregator, Cells, place, sorted_cell};
use super::{Drawable, Gathered, WindowAxis, WindowPoint, arrival, number};
use crate::session::Series;

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
    /// The same for points at equal distances, the first of which is at `first`.
    pub(crate) fn even(&mut self, series: &Series, (first, stride): (i64, i64), start: u64) {
        let x = |row: usize| {
            let row = i64::try_from(row).unwrap_or(i64::MAX);
            number(first.wrapping_add(stride.wrapping_mul(row)))
        };
        self.aggregator.rising(x, series.values(), start);
    }

    /// The same for points that have an abscissa each, none of which goes back.
    pub(crate) fn rising(&mut self, series: &Series, start: u64) {
        let all = 0..series.len();
        let at = |numbers: &[i64], row: usize| number(numbers.get(row).copied().unwrap_or(0));
        let values = series.values();
        let aggregator = &mut self.aggregator;
        match self.axis {
            WindowAxis::Step => {
                if let Some(steps) = series.steps().whole(all) {
                    return aggregator.rising(|row| at(steps, row), values, start);
                }
            }
            WindowAxis::Time => {
                if let Some(times) = series.times_us().whole(all) {
                    return aggregator.rising(|row| at(times, row), values, start);
                }
            }
            WindowAxis::Arrival => {
                let place = |row| start.saturating_add(u64::try_from(row).unwrap_or(u64::MAX));
                return aggregator.rising(|row| arrival(place(row)), values, start);
            }
            WindowAxis::Epoch => {}
        }
        self.series(series, start);
    }
}

impl Aggregator {
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
