use std::convert::Infallible;

use super::ChartSeries;
use crate::window::{Window, WindowAxis, WindowQuery};

/// A number beyond this cannot be drawn: a range of such would overflow.
pub const LARGEST: f64 = 1e300;

/// A series as parts that are drawn without a break.
///
/// A part ends before a value that cannot be drawn, and where the abscissa goes back (a
/// training that was started again).
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The name in the legend.
    pub label: String,
    /// The points as they were logged.
    pub parts: Vec<Vec<(f64, f64)>>,
    /// The smoothed points, where smoothing was asked for; empty otherwise.
    pub smoothed: Vec<Vec<(f64, f64)>>,
    /// Number of points that cannot be drawn.
    pub left_out: usize,
}

impl Line {
    /// Breaks a series into parts; `positive` leaves out values that are not positive.
    pub fn new(series: &ChartSeries, positive: bool, smoothing: Option<f64>) -> Self {
        let drawable = |x: f64, y: f64| {
            x.abs() <= LARGEST && y.abs() <= LARGEST && (!positive || y >= f64::MIN_POSITIVE)
        };
        if let Some(reduced) = &series.reduced {
            let lines = |lines: &Parts| -> Parts {
                lines
                    .iter()
                    .flat_map(|line| broken(line, drawable).0)
                    .collect()
            };
            return Self {
                label: series.label.clone(),
                parts: lines(&reduced.lines),
                smoothed: lines(&reduced.smoothed),
                left_out: reduced.not_drawn,
            };
        }
        let (parts, left_out) = broken(&series.points, drawable);
        let smoothed = match smoothing {
            Some(weight) if weight > 0.0 => {
                let values: Vec<_> = series.points.iter().map(|(_, y)| *y).collect();
                let points: Vec<_> = series
                    .points
                    .iter()
                    .zip(smooth(&values, weight))
                    .map(|((x, _), y)| (*x, y))
                    .collect();
                broken(&points, drawable).0
            }
            _ => Vec::new(),
        };
        Self {
            label: series.label.clone(),
            parts,
            smoothed,
            left_out,
        }
    }

    /// All points that are drawn.
    pub fn drawn(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.parts.iter().chain(&self.smoothed).flatten().copied()
    }
}

type Parts = Vec<Vec<(f64, f64)>>;

fn broken(points: &[(f64, f64)], drawable: impl Fn(f64, f64) -> bool) -> (Parts, usize) {
    let mut parts: Parts = Vec::new();
    let mut left_out = 0;
    let mut open = false;
    for &(x, y) in points {
        if !drawable(x, y) {
            left_out += 1;
            open = false;
            continue;
        }
        match parts.last_mut() {
            Some(part) if open && part.last().is_none_or(|(last, _)| *last <= x) => {
                part.push((x, y));
            }
            _ => parts.push(vec![(x, y)]),
        }
        open = true;
    }
    (parts, left_out)
}

/// The exponential moving average of `values`, each at its place.
///
/// `weight` is the weight of the past, below 1. The average starts at 0 and is divided by
/// `1 − weightⁿ` after `n` values, so that the first values are not drawn towards 0 (the same
/// correction as in Adam, and what TensorBoard shows). A value that is not finite stays as it
/// is and does not enter the average.
pub fn smooth(values: &[f64], weight: f64) -> Vec<f64> {
    let mut smoother = Smoother::new(weight);
    values.iter().map(|value| smoother.next(*value)).collect()
}

/// The average of [`smooth`] for values that come one by one.
#[derive(Debug, Clone)]
pub struct Smoother {
    weight: f64,
    average: f64,
    remaining: f64,
}

impl Smoother {
    /// An average with this weight of the past.
    pub fn new(weight: f64) -> Self {
        Self {
            weight: if weight.is_finite() {
                weight.clamp(0.0, 0.9999)
            } else {
                0.0
            },
            average: 0.0,
            remaining: 1.0,
        }
    }

    /// The average after `value`, which itself comes back if it is not finite.
    pub fn next(&mut self, value: f64) -> f64 {
        if !value.is_finite() {
            return value;
        }
        self.average = self.average * self.weight + value * (1.0 - self.weight);
        self.remaining *= self.weight;
        self.average / (1.0 - self.remaining)
    }
}

/// Reduces a part, of which no abscissa goes back, to what shows in `pixels` columns from abscissa
/// `from` to `to`: of each column the first, the smallest, the largest and the last point.
pub(in super::super) fn decimate(
    part: &[(f64, f64)],
    (from, to): (f64, f64),
    pixels: u32,
) -> Vec<(f64, f64)> {
    let Ok(query) = WindowQuery::new(WindowAxis::Arrival, from, to, pixels) else {
        return part.to_vec();
    };
    let window = Window::of_points(&query, |push| {
        for (index, (x, value)) in (0..).zip(part) {
            push(*x, *value, index);
        }
        Ok::<_, Infallible>(())
    });
    match window {
        Ok(window) => {
            let points = window.lines.iter().flatten();
            points.map(|point| (point.x, point.value)).collect()
        }
        Err(never) => match never {},
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn series(points: &[(f64, f64)]) -> ChartSeries {
        ChartSeries {
            label: "loss".into(),
            points: points.to_vec(),
            ..ChartSeries::default()
        }
    }

    #[test]
    fn a_line_breaks_at_nan_and_where_the_step_goes_back() {
        let points = [
            (0.0, 1.0),
            (1.0, f64::NAN),
            (2.0, 3.0),
            (3.0, 4.0),
            (0.0, 5.0),
        ];
        let line = Line::new(&series(&points), false, None);
        assert_eq!(
            line.parts,
            [
                vec![(0.0, 1.0)],
                vec![(2.0, 3.0), (3.0, 4.0)],
                vec![(0.0, 5.0)]
            ]
        );
        assert_eq!(line.left_out, 1);
    }

    #[test]
    fn a_log_axis_leaves_out_what_is_not_positive() {
        let points = [(0.0, 0.0), (1.0, -1.0), (2.0, 2.0), (3.0, f64::INFINITY)];
        let line = Line::new(&series(&points), true, None);
        assert_eq!((line.parts, line.left_out), (vec![vec![(2.0, 2.0)]], 3));
    }

    #[test]
    fn smoothing_is_debiased_and_skips_nan() {
        assert_eq!(smooth(&[2.0, 2.0, f64::NAN, 2.0], 0.5)[..2], [2.0, 2.0]);
        let smoothed = smooth(&[1.0, f64::NAN, 4.0], 0.5);
        assert!(smoothed[1].is_nan());
        // (0.25·1 + 0.5·4) / (1 − 0.5²)
        assert!((smoothed[2] - 3.0).abs() < 1e-12);
        assert_eq!(smooth(&[1.0, 5.0], 0.0), [1.0, 5.0]);
    }

    proptest! {
        #[test]
        fn decimation_keeps_ends_and_extremes_of_each_column(
            values in proptest::collection::vec(-1e3..1e3_f64, 1..400)
        ) {
            let part: Vec<_> = (0_u16..).map(f64::from).zip(values).collect();
            let end = part.last().unwrap().0;
            #[expect(clippy::cast_possible_truncation, reason = "small numbers")]
            let column = |x: f64| ((x / end * 16.0) as i64).min(15);
            let kept = decimate(&part, (0.0, end), 16);
            for points in part.chunk_by(|a, b| column(a.0) == column(b.0)) {
                let inside: Vec<_> = kept.iter().filter(|p| column(p.0) == column(points[0].0)).collect();
                prop_assert!(inside.len() <= 4);
                prop_assert_eq!(inside.first().copied(), points.first());
                prop_assert_eq!(inside.last().copied(), points.last());
                for pick in [f64::min, f64::max] {
                    let of = |points: &mut dyn Iterator<Item = f64>| points.reduce(pick);
                    prop_assert_eq!(
                        of(&mut inside.iter().map(|p| p.1)),
                        of(&mut points.iter().map(|p| p.1))
                    );
                }
            }
        }
    }
}
