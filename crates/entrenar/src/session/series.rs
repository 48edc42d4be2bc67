mod column;

#[cfg(feature = "store")]
use std::ops::Range;

pub(crate) use column::OptionalColumn;

use super::{Origin, OriginKind};

/// What identifies a series in a session: its name, the run and the rank it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesKey {
    /// The metric's name, as it was logged or printed.
    pub name: String,
    /// Number of the run in `EntrenarSession::runs`; `None` outside any run.
    pub run: Option<u32>,
    /// Rank of the process in a distributed training; `None` where there is one process.
    pub rank: Option<u32>,
}

impl SeriesKey {
    /// The key of a series outside any run, of a single process.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            run: None,
            rank: None,
        }
    }
}

/// One point, to be added to a [`Series`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Point {
    /// The value; NaN and infinities are data.
    pub value: f64,
    /// The step, where known.
    pub step: Option<i64>,
    /// The epoch, where known; may be fractional.
    pub epoch: Option<f64>,
    /// The wall time in microseconds since 1970-01-01 UTC, where known.
    pub time_us: Option<i64>,
    /// Where the point was read; `None` for the API.
    pub origin: Option<Origin>,
}

/// One point of a [`Series`], as it is kept there.
#[derive(Debug, Clone, Copy)]
pub struct PointRef<'a> {
    /// The value; NaN and infinities are data.
    pub value: f64,
    /// The step, where known.
    pub step: Option<i64>,
    /// The epoch, where known; may be fractional.
    pub epoch: Option<f64>,
    /// The wall time in microseconds since 1970-01-01 UTC, where known.
    pub time_us: Option<i64>,
    /// Where the point was read; `None` for the API.
    pub origin: Option<&'a Origin>,
}

impl PointRef<'_> {
    /// The abscissa for a chart: the step, else the epoch, else the place in arrival order.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a chart has far fewer than 2^53 columns"
    )]
    pub fn x(&self, index: usize) -> f64 {
        self.step
            .map(|step| step as f64)
            .or(self.epoch)
            .unwrap_or(index as f64)
    }
}

/// A named series of points in the order in which they came, kept as columns.
///
/// A step that goes back is data (a restarted training), never an error.
#[derive(Debug, Clone)]
pub struct Series {
    key: SeriesKey,
    values: Vec<f64>,
    steps: OptionalColumn<i64>,
    epochs: OptionalColumn<f64>,
    times_us: OptionalColumn<i64>,
    origins: Vec<Option<Origin>>,
}

/// The figures of a series that lists and charts need.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeriesSummary {
    /// Number of points.
    pub count: usize,
    /// Number of points that are NaN.
    pub nan_count: usize,
    /// Number of points that are an infinity.
    pub infinite_count: usize,
    /// First value.
    pub first: f64,
    /// Last value.
    pub last: f64,
    /// Smallest finite value.
    pub min: Option<f64>,
    /// Largest finite value.
    pub max: Option<f64>,
}

impl Series {
    /// An empty series.
    pub fn new(key: SeriesKey) -> Self {
        Self {
            key,
            values: Vec::new(),
            steps: OptionalColumn::default(),
            epochs: OptionalColumn::default(),
            times_us: OptionalColumn::default(),
            origins: Vec::new(),
        }
    }

    /// An empty series without a name that has memory for so many points with values, steps and times.
    #[cfg(feature = "record")]
    pub(crate) fn with_capacity(points: usize) -> Self {
        Self {
            values: Vec::with_capacity(points),
            steps: OptionalColumn::with_capacity(points),
            times_us: OptionalColumn::with_capacity(points),
            ..Self::new(SeriesKey::named(""))
        }
    }

    /// What identifies the series.
    pub fn key(&self) -> &SeriesKey {
        &self.key
    }

    /// The metric's name.
    pub fn name(&self) -> &str {
        &self.key.name
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no point.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// All values, in the order in which they came.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Appends a point.
    pub fn push(&mut self, point: Point) {
        let row = self.values.len();
        self.values.push(point.value);
        self.steps.push(row, point.step);
        self.epochs.push(row, point.epoch);
        self.times_us.push(row, point.time_us);
        if point.origin.is_some() {
            self.origins.resize_with(row, || None);
            self.origins.push(point.origin);
        }
    }

    /// Appends all points of another series.
    #[cfg(feature = "record")]
    pub(crate) fn extend_from(&mut self, other: &Self) {
        self.append(
            &other.values,
            &other.steps,
            &other.epochs,
            &other.times_us,
            other.origins.clone(),
        );
    }

    /// The same points under another key.
    #[cfg(feature = "record")]
    pub(crate) fn with_key(self, key: SeriesKey) -> Self {
        Self { key, ..self }
    }

    /// The point at `index` in the order of arrival.
    pub fn point(&self, index: usize) -> Option<PointRef<'_>> {
        self.values.get(index).map(|value| self.with(index, *value))
    }

    fn with(&self, index: usize, value: f64) -> PointRef<'_> {
        PointRef {
            value,
            step: self.steps.get(index),
            epoch: self.epochs.get(index),
            time_us: self.times_us.get(index),
            origin: self.origins.get(index).and_then(Option::as_ref),
        }
    }

    /// All points, in the order in which they came.
    pub fn points(&self) -> impl ExactSizeIterator<Item = PointRef<'_>> {
        self.values
            .iter()
            .enumerate()
            .map(|(index, value)| self.with(index, *value))
    }

    #[cfg(feature = "store")]
    /// The steps as a column.
    pub(crate) fn steps(&self) -> &OptionalColumn<i64> {
        &self.steps
    }

    #[cfg(feature = "store")]
    /// The epochs as a column.
    pub(crate) fn epochs(&self) -> &OptionalColumn<f64> {
        &self.epochs
    }

    #[cfg(feature = "store")]
    /// The wall times as a column.
    pub(crate) fn times_us(&self) -> &OptionalColumn<i64> {
        &self.times_us
    }

    #[cfg(feature = "store")]
    /// The origins of the points `range`; those behind the last that has one may be left out.
    pub(crate) fn origins(&self, range: Range<usize>) -> &[Option<Origin>] {
        let end = range.end.min(self.origins.len());
        self.origins
            .get(range.start.min(end)..end)
            .unwrap_or_default()
    }

    #[cfg(feature = "store")]
    /// Removes all points and keeps the memory for others.
    pub(crate) fn clear(&mut self) {
        self.values.clear();
        self.steps.clear();
        self.epochs.clear();
        self.times_us.clear();
        self.origins.clear();
    }

    /// Appends the points of another series.
    pub fn extend(&mut self, other: &Self) {
        let origins = other.origins.clone();
        self.append(
            &other.values,
            &other.steps,
            &other.epochs,
            &other.times_us,
            origins,
        );
    }

    /// Appends points as columns: those of `values`, each with the others that there are.
    pub(crate) fn append(
        &mut self,
        values: &[f64],
        steps: &OptionalColumn<i64>,
        epochs: &OptionalColumn<f64>,
        times_us: &OptionalColumn<i64>,
        origins: Vec<Option<Origin>>,
    ) {
        let row = self.values.len();
        self.values.extend_from_slice(values);
        self.steps.append(row, steps);
        self.epochs.append(row, epochs);
        self.times_us.append(row, times_us);
        if !origins.is_empty() {
            self.origins.resize_with(row, || None);
            self.origins.extend(origins);
        }
    }

    /// The step after the last point's: its step plus one, or the number of points where the
    /// last point has none.
    pub fn next_step(&self) -> i64 {
        self.steps
            .last(self.len())
            .map(|step: i64| step.saturating_add(1))
            .unwrap_or_else(|| i64::try_from(self.len()).unwrap_or(i64::MAX))
    }

    /// Whether every point was read from a value that a cell evaluated to, and none was logged.
    pub fn is_evaluated(&self) -> bool {
        !self.is_empty()
            && self
                .points()
                .all(|p| p.origin.is_some_and(|o| o.kind == OriginKind::Evaluated))
    }

    /// Count, ends and finite range; `None` for an empty series.
    pub fn summary(&self) -> Option<SeriesSummary> {
        let (first, last) = (*self.values.first()?, *self.values.last()?);
        let finite = || {
            self.values
                .iter()
                .copied()
                .filter(|value| value.is_finite())
        };
        Some(SeriesSummary {
            count: self.values.len(),
            nan_count: self.values.iter().filter(|value| value.is_nan()).count(),
            infinite_count: self
                .values
                .iter()
                .filter(|value| value.is_infinite())
                .count(),
            first,
            last,
            min: finite().reduce(f64::min),
            max: finite().reduce(f64::max),
        })
    }
}

/// Equal where all points are, with NaN equal to NaN and 0 different from −0.
impl PartialEq for Series {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
            && self.len() == other.len()
            && self.points().zip(other.points()).all(|(a, b)| {
                same(a.value, b.value)
                    && a.step == b.step
                    && a.time_us == b.time_us
                    && a.origin == b.origin
                    && match (a.epoch, b.epoch) {
                        (Some(a), Some(b)) => same(a, b),
                        (a, b) => a.is_none() && b.is_none(),
                    }
            })
    }
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_keep_absent_values_absent() {
        let mut series = Series::new(SeriesKey::named("loss"));
        series.push(Point {
            value: 1.0,
            ..Point::default()
        });
        series.push(Point {
            value: 2.0,
            step: Some(7),
            ..Point::default()
        });
        series.push(Point {
            value: f64::NAN,
            epoch: Some(0.5),
            ..Point::default()
        });
        let steps: Vec<_> = series.points().map(|p| p.step).collect();
        assert_eq!(steps, [None, Some(7), None]);
        assert_eq!(series.point(2).unwrap().epoch, Some(0.5));
        assert_eq!(series, series.clone());
        let summary = series.summary().unwrap();
        assert_eq!(
            (summary.nan_count, summary.min, summary.max),
            (1, Some(1.0), Some(2.0))
        );
    }
}
