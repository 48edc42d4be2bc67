use super::ChartSeries;

/// A number beyond this cannot be drawn: a range of such would overflow.
const LARGEST: f64 = 1e300;

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
    let weight = if weight.is_finite() {
        weight.clamp(0.0, 0.9999)
    } else {
        0.0
    };
    let mut average = 0.0;
    let mut remaining = 1.0;
    values
        .iter()
        .map(|&value| {
            if !value.is_finite() {
                return value;
            }
            average = average * weight + value * (1.0 - weight);
            remaining *= weight;
            average / (1.0 - remaining)
        })
        .collect()
}

/// Reduces a part to at most four points in each column: the first, the smallest, the largest
/// and the last, in their order, so that the line drawn is the same.
///
/// `column` gives the column of an abscissa; the abscissas do not go back.
pub fn decimate(part: &[(f64, f64)], column: impl Fn(f64) -> i64) -> Vec<(f64, f64)> {
    let mut kept = Vec::new();
    for points in part.chunk_by(|(a, _), (b, _)| column(*a) == column(*b)) {
        let extreme = |better: fn(&f64, &f64) -> bool| {
            points
                .iter()
                .enumerate()
                .reduce(|best, next| {
                    if better(&next.1.1, &best.1.1) {
                        next
                    } else {
                        best
                    }
                })
                .map_or(0, |(index, _)| index)
        };
        let mut indices = [
            0,
            extreme(|a, b| a < b),
            extreme(|a, b| a > b),
            points.len() - 1,
        ];
        indices.sort_unstable();
        let mut last = None;
        for index in indices {
            if last != Some(index) {
                kept.extend(points.get(index));
            }
            last = Some(index);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn series(points: &[(f64, f64)]) -> ChartSeries {
        ChartSeries {
            label: "loss".into(),
            points: points.to_vec(),
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
            #[expect(clippy::cast_possible_truncation, reason = "small numbers")]
            let column = |x: f64| (x / 25.0) as i64;
            let kept = decimate(&part, column);
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
