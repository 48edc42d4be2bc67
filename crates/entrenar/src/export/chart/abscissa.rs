use crate::session::{PointRef, Series};

use super::ChartSeries;

/// Steps may go back this often and still be the abscissa: a training that was started again.
const MOST_RESTARTS: usize = 8;

/// What the points of a series are drawn over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Abscissa {
    /// The step.
    Step,
    /// The epoch.
    Epoch,
    /// The epoch, and between two epochs the step, which begins anew in each; the field is the
    /// number of steps of an epoch.
    StepInEpoch(u64),
    /// The order in which the points came. Series of different lengths share no axis then; the
    /// field is the length.
    Order(usize),
}

impl Abscissa {
    /// What suits a series: its steps where each point has one, unless they begin anew in each
    /// epoch; its epochs where there is no step; else the order of arrival.
    pub fn of(series: &Series) -> Self {
        if series
            .points()
            .all(|point| point.step.is_none() && point.epoch.is_some())
        {
            return Self::Epoch;
        }
        if series.points().any(|point| point.step.is_none()) {
            return Self::Order(series.len());
        }
        let pairs = || series.points().zip(series.points().skip(1));
        let back = |(before, after): &(PointRef<'_>, PointRef<'_>)| after.step < before.step;
        let restarts = pairs().filter(back).count();
        let with_epochs = restarts > 0
            && series.points().all(|point| point.epoch.is_some())
            && pairs().all(|(before, after)| {
                before.epoch <= after.epoch
                    && (before.epoch < after.epoch || before.step <= after.step)
            });
        if with_epochs {
            let largest = series.points().filter_map(|point| point.step).max();
            return Self::StepInEpoch(
                largest.map_or(1, |step| u64::try_from(step).unwrap_or(0).saturating_add(1)),
            );
        }
        if restarts > MOST_RESTARTS {
            return Self::Order(series.len());
        }
        Self::Step
    }

    /// The name of the axis.
    pub fn label(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Epoch | Self::StepInEpoch(_) => "epoch",
            Self::Order(_) => "point",
        }
    }

    /// The points of `series` over this abscissa.
    pub fn series(self, series: &Series, label: impl Into<String>) -> ChartSeries {
        ChartSeries {
            label: label.into(),
            points: series
                .points()
                .enumerate()
                .map(|(index, point)| (self.x(index, &point), point.value))
                .collect(),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a chart has far fewer than 2^53 columns"
    )]
    fn x(self, index: usize, point: &PointRef<'_>) -> f64 {
        match self {
            Self::Step | Self::Epoch => point.x(index),
            Self::StepInEpoch(steps) => {
                let step = point.step.unwrap_or(0) as f64;
                point.epoch.unwrap_or(0.0) + step / steps as f64
            }
            Self::Order(_) => index as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Point, SeriesKey};

    fn series(points: &[(Option<i64>, Option<f64>)]) -> Series {
        let mut series = Series::new(SeriesKey::named("loss"));
        for &(step, epoch) in points {
            series.push(Point {
                step,
                epoch,
                ..Point::default()
            });
        }
        series
    }

    fn x(points: &[(Option<i64>, Option<f64>)]) -> Vec<f64> {
        let series = series(points);
        let drawn = ChartSeries::of(&series, "");
        drawn.points.into_iter().map(|(x, _)| x).collect()
    }

    #[test]
    fn steps_that_begin_anew_in_each_epoch_follow_each_other() {
        let points = [(0, 1.0), (50, 1.0), (99, 1.0), (0, 2.0), (50, 2.0)]
            .map(|(step, epoch)| (Some(step), Some(epoch)));
        assert_eq!(x(&points), [1.0, 1.5, 1.99, 2.0, 2.5]);
    }

    #[test]
    fn a_restart_is_drawn_over_its_steps() {
        let points = [0, 1, 2, 1, 2].map(|step| (Some(step), None));
        assert_eq!(x(&points), [0.0, 1.0, 2.0, 1.0, 2.0]);
        let saw: Vec<_> = (0..40).map(|i| (Some(i % 4), None)).collect();
        assert_eq!(x(&saw).last(), Some(&39.0));
    }

    #[test]
    fn epochs_and_the_order_stand_in_for_steps() {
        assert_eq!(x(&[(None, Some(0.5)), (None, Some(1.0))]), [0.5, 1.0]);
        assert_eq!(x(&[(Some(7), None), (None, None)]), [0.0, 1.0]);
    }
}
