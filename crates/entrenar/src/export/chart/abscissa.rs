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

/// What decides over what a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AbscissaFacts {
    /// Number of points.
    pub count: usize,
    /// Each point has a step.
    pub has_steps: bool,
    /// Each point has an epoch.
    pub has_epochs: bool,
    /// How often the step goes back.
    pub restarts: usize,
    /// Where the step goes back, the epoch is a later one; neither goes back otherwise. Of use
    /// where there are restarts and each point has both.
    pub epochs_lead: bool,
    /// The largest step.
    pub largest_step: Option<i64>,
}

impl AbscissaFacts {
    /// The facts of a series.
    pub fn of(series: &Series) -> Self {
        let (has_steps, has_epochs) = (has_steps(series), has_epochs(series));
        let pairs = || series.points().zip(series.points().skip(1));
        let back = |(before, after): &(PointRef<'_>, PointRef<'_>)| after.step < before.step;
        let restarts = if has_steps {
            pairs().filter(back).count()
        } else {
            0
        };
        Self {
            count: series.len(),
            has_steps,
            has_epochs,
            restarts,
            epochs_lead: restarts > 0
                && has_epochs
                && pairs().all(|(before, after)| Self::follow(&before, &after)),
            largest_step: series.points().filter_map(|point| point.step).max(),
        }
    }

    /// Whether two points that follow each other are what [`epochs_lead`](Self::epochs_lead) says.
    pub fn follow(before: &PointRef<'_>, after: &PointRef<'_>) -> bool {
        before.epoch <= after.epoch && (before.epoch < after.epoch || before.step <= after.step)
    }
}

impl Abscissa {
    /// What suits a series: its steps where each point has one, unless they begin anew in each
    /// epoch; its epochs where each point has one; else the order of arrival.
    pub fn of(series: &Series) -> Self {
        Self::suits(&AbscissaFacts::of(series))
    }

    /// As [`of`](Self::of).
    pub fn suits(facts: &AbscissaFacts) -> Self {
        if !facts.has_steps {
            return if facts.has_epochs {
                Self::Epoch
            } else {
                Self::Order(facts.count)
            };
        }
        if facts.restarts > 0 && facts.has_epochs && facts.epochs_lead {
            let steps = |step| u64::try_from(step).unwrap_or(0).saturating_add(1);
            return Self::StepInEpoch(facts.largest_step.map_or(1, steps));
        }
        if facts.restarts > MOST_RESTARTS {
            return Self::Order(facts.count);
        }
        Self::Step
    }

    /// What suits series that share an axis, one for each and all with one
    /// [`label`](Self::label): what suits each where that is of one kind; else the epochs where
    /// each point of all of them has one; else the steps likewise; else the order of arrival.
    pub fn shared(series: &[AbscissaFacts]) -> Vec<Self> {
        let own: Vec<_> = series.iter().map(Self::suits).collect();
        if own
            .windows(2)
            .all(|pair| pair.first().map(|a| a.label()) == pair.last().map(|b| b.label()))
        {
            return own;
        }
        series
            .iter()
            .map(|one| {
                if series.iter().all(|one| one.has_epochs) {
                    Self::Epoch
                } else if series.iter().all(|one| one.has_steps) {
                    Self::Step
                } else {
                    Self::Order(one.count)
                }
            })
            .collect()
    }

    /// The name of the axis.
    pub fn label(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Epoch | Self::StepInEpoch(_) => "epoch",
            Self::Order(_) => "point",
        }
    }

    /// The points of `series` over this abscissa. One that has no place on it is left out; there
    /// is none where [`of`](Self::of) or [`shared`](Self::shared) chose it for the series.
    pub fn series(self, series: &Series, label: impl Into<String>) -> ChartSeries {
        ChartSeries {
            label: label.into(),
            points: series
                .points()
                .enumerate()
                .filter_map(|(index, point)| Some((self.x(index, &point)?, point.value)))
                .collect(),
            ..ChartSeries::default()
        }
    }

    /// The place of a point, the `index`-th to come, over this abscissa.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a chart has far fewer than 2^53 columns"
    )]
    pub fn x(self, index: usize, point: &PointRef<'_>) -> Option<f64> {
        match self {
            Self::Step => point.step.map(|step| step as f64),
            Self::Epoch => point.epoch,
            Self::StepInEpoch(steps) => {
                let step = point.step? as f64;
                Some(point.epoch? + step / steps as f64)
            }
            Self::Order(_) => Some(index as f64),
        }
    }
}

fn has_steps(series: &Series) -> bool {
    series.points().all(|point| point.step.is_some())
}

fn has_epochs(series: &Series) -> bool {
    series.points().all(|point| point.epoch.is_some())
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
    #[test]
    fn a_point_without_an_epoch_is_given_none() {
        let epochs = |first: Option<f64>| [(None, first), (None, Some(2.0)), (None, Some(3.0))];
        let gap = series(&epochs(None));
        assert_eq!(Abscissa::of(&gap), Abscissa::Order(3));
        assert_eq!(x(&epochs(None)), [0.0, 1.0, 2.0]);
        assert_eq!(Abscissa::Epoch.series(&gap, "").points.len(), 2);

        let whole = series(&epochs(Some(1.0)));
        let shared = |a: &Series, b: &Series| Abscissa::shared(&[a, b].map(AbscissaFacts::of));
        let both = shared(&whole, &gap);
        assert_eq!(both, [Abscissa::Order(3), Abscissa::Order(3)]);
        assert_eq!(shared(&whole, &whole), [Abscissa::Epoch; 2]);
    }

    #[test]
    fn series_share_an_axis_that_all_their_points_have() {
        let steps = |epoch| series(&[(Some(10), epoch), (Some(20), epoch.map(|e: f64| e + 1.0))]);
        let epochs = series(&[(None, Some(1.0)), (None, Some(2.0))]);
        let shared = |a: &Series, b: &Series| Abscissa::shared(&[a, b].map(AbscissaFacts::of));
        assert_eq!(shared(&steps(Some(1.0)), &epochs), [Abscissa::Epoch; 2]);
        assert_eq!(shared(&steps(None), &epochs), [Abscissa::Order(2); 2]);
        assert_eq!(shared(&steps(None), &steps(Some(1.0))), [Abscissa::Step; 2]);
        let anew = series(&[
            (Some(0), Some(1.0)),
            (Some(9), Some(1.0)),
            (Some(0), Some(2.0)),
        ]);
        assert_eq!(
            shared(&anew, &epochs),
            [Abscissa::StepInEpoch(10), Abscissa::Epoch]
        );
    }
}
