//! What a chart needs, whatever draws it: ranges, ticks, smoothing, lines that break where
//! there is nothing to draw, and decimation that keeps every extreme.
//!
//! [`svg`](super::svg) and the terminal chart both draw a [`Chart`].

mod abscissa;
mod axis;
mod line;

pub use abscissa::{Abscissa, AbscissaFacts};
pub use axis::{Axis, Tick};
pub(super) use line::decimate;
pub use line::{LARGEST, Line, Smoother, smooth};

use crate::session::Series;

/// A line to be drawn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChartSeries {
    /// The name in the legend.
    pub label: String,
    /// Abscissa and value, in the order in which the points came.
    pub points: Vec<(f64, f64)>,
    /// What to draw instead of the points, where these are too many to be held.
    pub reduced: Option<Reduced>,
}

/// A series of which the points that a chart shows are known, see [`window`](crate::window), and
/// the figures of all.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reduced {
    /// Abscissas and values, in lines without a break.
    pub lines: Vec<Vec<(f64, f64)>>,
    /// The same of the smoothed values; empty where none are wanted.
    pub smoothed: Vec<Vec<(f64, f64)>>,
    /// The figures of all points.
    pub figures: ChartFigures,
    /// Number of points that cannot be drawn.
    pub not_drawn: usize,
}

/// What a legend says of a series.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ChartFigures {
    /// Number of points.
    pub count: usize,
    /// Number of values that are not finite.
    pub not_finite: usize,
    /// The first value.
    pub first: Option<f64>,
    /// The last value.
    pub last: Option<f64>,
    /// The smallest finite value.
    pub min: Option<f64>,
    /// The largest finite value.
    pub max: Option<f64>,
}

impl ChartSeries {
    /// The figures of all points.
    pub fn figures(&self) -> ChartFigures {
        if let Some(reduced) = &self.reduced {
            return reduced.figures;
        }
        let values = || self.points.iter().map(|(_, y)| *y);
        let finite = || values().filter(|y| y.is_finite());
        ChartFigures {
            count: self.points.len(),
            not_finite: self.points.len() - finite().count(),
            first: values().next(),
            last: values().next_back(),
            min: finite().reduce(f64::min),
            max: finite().reduce(f64::max),
        }
    }

    /// A series of a session over the abscissa that suits it, see [`Abscissa::of`].
    pub fn of(series: &Series, label: impl Into<String>) -> Self {
        Abscissa::of(series).series(series, label)
    }
}

/// What is written around a chart and how its values are drawn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChartOptions {
    /// The title; none is drawn where it is empty.
    pub title: String,
    /// What the horizontal axis shows, such as `step`.
    pub x_label: String,
    /// What the vertical axis shows, such as `loss`.
    pub y_label: String,
    /// Whether the vertical axis is logarithmic. Values that are not positive are then left
    /// out and counted.
    pub log_y: bool,
    /// Weight of the past in the exponential moving average, from 0 (none) to below 1; see
    /// [`smooth`]. The line as it was logged stays visible behind the smoothed one.
    pub smoothing: Option<f64>,
}

/// A chart ready to be drawn: axes that hold every line.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The lines, in the order of the series.
    pub lines: Vec<Line>,
    /// Number of points that cannot be drawn: NaN, infinities, and on a logarithmic axis
    /// values that are not positive.
    pub left_out: usize,
}

impl Chart {
    /// Lays out `series`.
    pub fn new(series: &[ChartSeries], options: &ChartOptions) -> Self {
        let lines: Vec<_> = series
            .iter()
            .map(|one| Line::new(one, options.log_y, options.smoothing))
            .collect();
        let drawn = || lines.iter().flat_map(Line::drawn);
        let x = Axis::linear(range(drawn().map(|(x, _)| x)), 0.0, 7);
        Self {
            x: if drawn().all(|(x, _)| is_whole(x)) {
                x.whole()
            } else {
                x
            },
            y: if options.log_y {
                Axis::log(range(drawn().map(|(_, y)| y)))
            } else {
                Axis::linear(range(drawn().map(|(_, y)| y)), 0.05, 6)
            },
            left_out: lines.iter().map(|line| line.left_out).sum(),
            lines,
        }
    }

    /// Whether no point can be drawn.
    pub fn is_empty(&self) -> bool {
        self.lines.iter().all(|line| line.parts.is_empty())
    }
}

fn is_whole(value: f64) -> bool {
    value.fract().abs() < f64::EPSILON
}

fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |range, value| {
        Some(match range {
            None => (value, value),
            Some((min, max)) => (value.min(min), value.max(max)),
        })
    })
}
