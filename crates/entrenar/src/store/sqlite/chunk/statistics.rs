use crate::session::PointRef;

/// What a chunk's row says of its points.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in super::super) struct Statistics {
    pub(in super::super) count: usize,
    pub(in super::super) steps: Option<(i64, i64)>,
    pub(in super::super) times: Option<(i64, i64)>,
    pub(in super::super) first: f64,
    pub(in super::super) last: f64,
    /// Smallest and largest value that is not NaN.
    pub(in super::super) range: Option<(f64, f64)>,
    pub(in super::super) nan_count: usize,
}

impl Statistics {
    pub(in super::super) fn of<'a>(points: impl Iterator<Item = PointRef<'a>>) -> Self {
        let mut statistics = Self::default();
        for point in points {
            let value = point.value;
            if statistics.count == 0 {
                statistics.first = value;
            }
            statistics.count += 1;
            statistics.last = value;
            if value.is_nan() {
                statistics.nan_count += 1;
            } else {
                widen(&mut statistics.range, value);
            }
            if let Some(step) = point.step {
                widen(&mut statistics.steps, step);
            }
            if let Some(time) = point.time_us {
                widen(&mut statistics.times, time);
            }
        }
        statistics
    }
}

fn widen<T: PartialOrd + Copy>(range: &mut Option<(T, T)>, value: T) {
    let (low, high) = range.get_or_insert((value, value));
    if value < *low {
        *low = value;
    }
    if value > *high {
        *high = value;
    }
}
