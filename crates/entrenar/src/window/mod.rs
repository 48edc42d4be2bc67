//! The points of a series that a chart of some width needs.
//!
//! A chart of `pixels` columns cannot show more of a line than the first, the smallest, the
//! largest and the last value in each column (the *M4 aggregation*; Jugel et al., 2014): drawn as
//! an aliased line of one pixel, these points give the same picture as all. The rules:
//!
//! * The abscissa ([`WindowAxis`]) is an `f64`; a point that has none is left out and counted.
//! * A value that is not finite is not drawn. It breaks the line only between columns: between the
//!   last finite value of a column and the first of the next one.
//! * An abscissa that goes back opens a new part, not joined to the one before, with its own
//!   points for each column. A series with more than [`MAX_PARTS`] parts is drawn as one line
//!   through its points sorted by abscissa and, where that is equal, by arrival.
//! * Of each part the last point before the window and the first behind it belong to the answer,
//!   so that lines into the window and across it are drawn.
//!
//! Stretches of points of which only a summary is known (`summary.rs`) take part as long as they lie in one
//! column; others are read.

mod aggregate;
mod error;
#[cfg(test)]
pub(crate) mod raster;
#[cfg(feature = "store")]
mod summary;

pub use error::WindowError;

pub(crate) use aggregate::Aggregator;
#[cfg(feature = "store")]
pub(crate) use summary::Summary;

use crate::session::{PointRef, Series};

/// A series with more parts than this is sorted.
pub const MAX_PARTS: usize = 64;

/// The widest window, in pixels.
pub const MAX_PIXELS: u32 = 65_536;

/// What points are drawn over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum WindowAxis {
    /// The step.
    #[default]
    Step,
    /// The wall time in microseconds since 1970-01-01 UTC.
    Time,
    /// The epoch.
    Epoch,
    /// The place in the order of arrival, from 0.
    Arrival,
}

/// A point of a [`Window`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WindowPoint {
    /// The abscissa.
    pub x: f64,
    /// The value, which is finite.
    pub value: f64,
    /// The place in the order of arrival, from 0.
    pub index: u64,
}

/// What of a series is to be drawn, and how wide.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WindowQuery {
    axis: WindowAxis,
    scale: Scale,
    drawable: Drawable,
}

impl WindowQuery {
    /// The points from abscissa `from` up to and including `to`, in `pixels` columns.
    ///
    /// # Errors
    /// [`WindowError`] where there is no such window.
    pub fn new(axis: WindowAxis, from: f64, to: f64, pixels: u32) -> Result<Self, WindowError> {
        if !(1..=MAX_PIXELS).contains(&pixels) {
            return Err(WindowError::Pixels { pixels });
        }
        if !from.is_finite() || !to.is_finite() {
            return Err(WindowError::NotFinite { from, to });
        }
        if from > to {
            return Err(WindowError::Reversed { from, to });
        }
        Ok(Self {
            axis,
            scale: Scale { from, to, pixels },
            drawable: Drawable {
                low: f64::MIN,
                high: f64::MAX,
            },
        })
    }

    /// Draws values from `low` to `high` only, as a logarithmic axis asks for; others break the
    /// line as NaN does.
    #[must_use]
    pub fn values(mut self, low: f64, high: f64) -> Self {
        self.drawable = Drawable { low, high };
        self
    }

    /// What the points are drawn over.
    pub fn axis(&self) -> WindowAxis {
        self.axis
    }

    pub(crate) fn aggregator(&self, sorted: bool) -> Aggregator {
        Aggregator::new(self.scale, self.drawable, sorted)
    }
}

/// The points of a series that a window shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Window {
    /// The lines, each without a break: of each column the first, the smallest, the largest and
    /// the last point, and where they are drawn the neighbours outside the window.
    pub lines: Vec<Vec<WindowPoint>>,
    /// How many parts the whole series has: 1 more than the times its abscissa goes back.
    pub parts: u64,
    /// There are more than [`MAX_PARTS`] parts, so the points were sorted.
    pub is_sorted: bool,
    /// How many points of the whole series have no abscissa.
    pub left_out: u64,
    /// How many other points of the whole series have a value that cannot be drawn.
    pub not_drawn: u64,
    /// Every point was looked at. Else the points here are some of the series' and others that
    /// would show may be missing, see `preview`.
    pub is_exact: bool,
}

impl Window {
    /// The window of a series that is in memory.
    pub fn of(series: &Series, query: &WindowQuery) -> Self {
        let answer = |sorted| {
            let mut gathered = Gathered::new(query, sorted);
            gathered.series(series, 0);
            gathered
        };
        let gathered = answer(false);
        if gathered.aggregator.must_sort() {
            return answer(true).finish(true);
        }
        gathered.finish(true)
    }

    /// The window of points that `each` gives, in the order of arrival, by abscissa, value and place.
    /// It is asked a second time where there are too many parts to be drawn as they come.
    ///
    /// # Errors
    /// Those of `each`.
    pub fn of_points<E>(
        query: &WindowQuery,
        mut each: impl FnMut(&mut dyn FnMut(f64, f64, u64)) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut answer = |sorted| {
            let mut gathered = Gathered::new(query, sorted);
            each(&mut |x, value, index| gathered.aggregator.point(x, value, index))?;
            Ok(gathered)
        };
        let gathered = answer(false)?;
        if gathered.aggregator.must_sort() {
            return Ok(answer(true)?.finish(true));
        }
        Ok(gathered.finish(true))
    }
}

/// An answer in the making.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) aggregator: Aggregator,
    pub(crate) axis: WindowAxis,
    pub(crate) left_out: u64,
}

impl Gathered {
    pub(crate) fn new(query: &WindowQuery, sorted: bool) -> Self {
        Self {
            aggregator: query.aggregator(sorted),
            axis: query.axis,
            left_out: 0,
        }
    }

    /// Takes the points of `series`, the first of which is at `start` in the order of arrival.
    pub(crate) fn series(&mut self, series: &Series, start: u64) {
        for (index, point) in (start..).zip(series.points()) {
            match self.axis.of(&point, index) {
                Some(x) => self.aggregator.point(x, point.value, index),
                None => self.left_out = self.left_out.saturating_add(1),
            }
        }
    }

    pub(crate) fn finish(self, is_exact: bool) -> Window {
        Window {
            parts: self.aggregator.parts(),
            is_sorted: self.aggregator.is_sorted(),
            not_drawn: self.aggregator.not_drawn(),
            left_out: self.left_out,
            is_exact,
            lines: self.aggregator.finish(),
        }
    }
}

impl WindowAxis {
    /// The abscissa of a point; `None` where it has none.
    pub(crate) fn of(self, point: &PointRef<'_>, index: u64) -> Option<f64> {
        match self {
            Self::Step => point.step.map(number),
            Self::Time => point.time_us.map(number),
            Self::Epoch => point.epoch.filter(|epoch| epoch.is_finite()),
            Self::Arrival => Some(arrival(index)),
        }
    }
}

/// A step or a time as an abscissa: exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "abscissas are f64")]
pub(crate) fn number(number: i64) -> f64 {
    number as f64
}

/// A place in the order of arrival as an abscissa.
#[expect(clippy::cast_precision_loss, reason = "abscissas are f64")]
pub(crate) fn arrival(index: u64) -> f64 {
    index as f64
}

/// Which column an abscissa is in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    from: f64,
    to: f64,
    pixels: u32,
}

impl Scale {
    /// −1 before the window, the number of pixels behind it. A larger abscissa is never in an
    /// earlier column.
    #[inline]
    fn column(&self, x: f64) -> i64 {
        if x < self.from {
            return -1;
        }
        if x > self.to {
            return self.behind();
        }
        let width = self.to - self.from;
        let share = if width.is_finite() {
            (x - self.from) / width
        } else {
            (x / 2.0 - self.from / 2.0) / (self.to / 2.0 - self.from / 2.0)
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a share of at most 65,536; that of a window without width is NaN, so 0"
        )]
        let column = (share * f64::from(self.pixels)) as i64;
        column.min(self.behind() - 1)
    }

    fn behind(&self) -> i64 {
        self.pixels.into()
    }
}

/// Which values are drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Drawable {
    low: f64,
    high: f64,
}

impl Drawable {
    #[inline]
    fn has(self, value: f64) -> bool {
        (value >= self.low) & (value <= self.high)
    }
}
