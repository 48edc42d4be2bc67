use std::collections::BTreeMap;

use super::names;
use super::{Point, Series, SeriesKey};

/// All series of a session.
///
/// `add_loss` and its siblings append at the next step of their series; [`log`](Self::log) takes
/// an explicit step. Points stay in the order in which they came. NaN and infinities are stored
/// and counted; `best_*` looks at finite values only.
///
/// Which series is *the* loss or accuracy is decided by the lists in [`names`]: the first name
/// of the list that any series has. Where several runs have one, their points follow each other
/// in the order of the runs, and points outside any run do not count; of several ranks, the lowest
/// counts.
#[derive(Debug, Clone, Default)]
pub struct SessionMetrics {
    series: Vec<Series>,
    index: BTreeMap<SeriesKey, usize>,
}

impl PartialEq for SessionMetrics {
    fn eq(&self, other: &Self) -> bool {
        self.series == other.series
    }
}

impl SessionMetrics {
    /// Metrics without a point.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends to the series `loss`.
    pub fn add_loss(&mut self, value: f64) {
        self.add_custom("loss", value);
    }

    /// Appends to the series `accuracy`, in the unit that the caller uses (a share or per cent).
    pub fn add_accuracy(&mut self, value: f64) {
        self.add_custom("accuracy", value);
    }

    /// Appends to the series `lr`, the learning rate.
    pub fn add_lr(&mut self, value: f64) {
        self.add_custom("lr", value);
    }

    /// Appends to the series `grad_norm`.
    pub fn add_grad_norm(&mut self, value: f64) {
        self.add_custom("grad_norm", value);
    }

    /// Appends to the series `name` at its next step.
    pub fn add_custom(&mut self, name: impl Into<String>, value: f64) {
        let series = self.entry(SeriesKey::named(name));
        let step = series.next_step();
        series.push(Point {
            value,
            step: Some(step),
            ..Point::default()
        });
    }

    /// Appends to the series `name` at `step`, which may go back.
    pub fn log(&mut self, step: i64, name: impl Into<String>, value: f64) {
        self.push(
            SeriesKey::named(name),
            Point {
                value,
                step: Some(step),
                ..Point::default()
            },
        );
    }

    /// Appends a point to the series of that key, which is made if it is not there.
    pub fn push(&mut self, key: SeriesKey, point: Point) {
        self.entry(key).push(point);
    }

    /// Puts `series` in place of the one with the same key, or behind the last.
    pub fn insert(&mut self, series: Series) {
        let key = series.key().clone();
        *self.entry(key) = series;
    }

    /// Appends all points of `series` to the one with the same key, or puts it behind the last.
    #[cfg(feature = "record")]
    pub(crate) fn append(&mut self, series: &Series) {
        self.entry(series.key().clone()).extend_from(series);
    }

    /// Removes the series of that key.
    pub fn remove(&mut self, key: &SeriesKey) -> Option<Series> {
        let position = self.index.remove(key)?;
        for later in self.index.values_mut().filter(|at| **at > position) {
            *later -= 1;
        }
        Some(self.series.remove(position))
    }

    fn entry(&mut self, key: SeriesKey) -> &mut Series {
        let position = match self.index.get(&key) {
            Some(position) => *position,
            None => {
                let end = self.series.len();
                self.index.insert(key.clone(), end);
                self.series.push(Series::new(key));
                end
            }
        };
        #[expect(
            clippy::indexing_slicing,
            reason = "the index holds positions of `series` only"
        )]
        &mut self.series[position]
    }

    /// All series, in the order of their first point.
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// The series of that key.
    pub fn get(&self, key: &SeriesKey) -> Option<&Series> {
        self.series.get(*self.index.get(key)?)
    }

    /// The series of that name in all runs and ranks.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Series> {
        self.series
            .iter()
            .filter(move |series| series.name() == name)
    }

    /// Whether there is no point at all.
    pub fn is_empty(&self) -> bool {
        self.series.iter().all(Series::is_empty)
    }

    /// Number of points of all series.
    pub fn point_count(&self) -> usize {
        self.series.iter().map(Series::len).sum()
    }

    /// Number of values that are NaN or an infinity.
    pub fn non_finite_count(&self) -> usize {
        self.series
            .iter()
            .flat_map(Series::values)
            .filter(|value| !value.is_finite())
            .count()
    }

    /// Number of points of the loss, of one rank; where there is no loss, of the longest series
    /// that was logged. A list that was merely evaluated counts only if its name is a loss's.
    pub fn total_steps(&self) -> usize {
        let loss = self.loss();
        if !loss.is_empty() {
            return loss.iter().map(|series| series.len()).sum();
        }
        let mut lengths: BTreeMap<(&str, Option<u32>), usize> = BTreeMap::new();
        for series in self.series.iter().filter(|series| !series.is_evaluated()) {
            *lengths
                .entry((series.name(), series.key().rank))
                .or_default() += series.len();
        }
        lengths.into_values().max().unwrap_or(0)
    }

    /// The last loss; NaN and infinities count.
    pub fn final_loss(&self) -> Option<f64> {
        last(&self.loss())
    }

    /// The smallest finite loss.
    pub fn best_loss(&self) -> Option<f64> {
        finite(&self.loss()).reduce(f64::min)
    }

    /// The last accuracy; NaN and infinities count.
    pub fn final_accuracy(&self) -> Option<f64> {
        last(&self.accuracy())
    }

    /// The largest finite accuracy.
    pub fn best_accuracy(&self) -> Option<f64> {
        finite(&self.accuracy()).reduce(f64::max)
    }

    /// The series that hold the loss, in the order of runs; empty where nothing is a loss.
    pub fn loss(&self) -> Vec<&Series> {
        self.ranked(names::loss_rank)
    }

    /// The series that hold the accuracy, in the order of runs; empty where nothing is one.
    pub fn accuracy(&self) -> Vec<&Series> {
        self.ranked(names::accuracy_rank)
    }

    fn ranked(&self, rank_of: impl Fn(&str) -> Option<usize>) -> Vec<&Series> {
        let series = self.series.iter().filter(|series| !series.is_empty());
        ranked(series.map(|series| (series.key(), series)), rank_of)
    }
}

/// The series of the first name of a list that any has, in the order of runs; `series` have points.
pub(crate) fn ranked<'a, T>(
    series: impl Iterator<Item = (&'a SeriesKey, T)>,
    rank_of: impl Fn(&str) -> Option<usize>,
) -> Vec<T> {
    let candidates: Vec<_> = series
        .filter_map(|(key, series)| Some((rank_of(&key.name)?, key, series)))
        .collect();
    let ranks = candidates.iter().map(|(rank, key, _)| (*rank, key.rank));
    let Some(best) = ranks.min() else {
        return Vec::new();
    };
    let mut chosen: Vec<_> = candidates
        .into_iter()
        .filter(|(rank, key, _)| (*rank, key.rank) == best)
        .collect();
    if chosen.iter().any(|(_, key, _)| key.run.is_some()) {
        chosen.retain(|(_, key, _)| key.run.is_some());
    }
    chosen.sort_by_key(|(_, key, _)| key.run);
    chosen.into_iter().map(|(_, _, series)| series).collect()
}

fn last(series: &[&Series]) -> Option<f64> {
    series.last()?.values().last().copied()
}

fn finite<'a>(series: &'a [&Series]) -> impl Iterator<Item = f64> + 'a {
    series
        .iter()
        .flat_map(|series| series.values())
        .copied()
        .filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn best_ignores_what_is_not_finite_and_final_does_not() {
        let mut metrics = SessionMetrics::new();
        for value in [f64::NAN, 0.5, f64::NEG_INFINITY, 0.7, f64::NAN] {
            metrics.add_loss(value);
        }
        assert_eq!(metrics.best_loss(), Some(0.5));
        assert!(metrics.final_loss().unwrap().is_nan());
        assert_eq!((metrics.total_steps(), metrics.non_finite_count()), (5, 3));
    }

    #[test]
    fn only_nan_has_no_best() {
        let mut metrics = SessionMetrics::new();
        metrics.add_loss(f64::NAN);
        assert_eq!(metrics.best_loss(), None);
    }

    #[test]
    fn steps_may_go_back_and_continue_from_there() {
        let mut metrics = SessionMetrics::new();
        metrics.log(10, "loss", 1.0);
        metrics.log(3, "loss", 0.9);
        metrics.add_loss(0.8);
        let steps: Vec<_> = metrics.series()[0].points().map(|p| p.step).collect();
        assert_eq!(steps, [Some(10), Some(3), Some(4)]);
    }

    #[test]
    fn loss_of_several_runs_is_one_and_of_several_ranks_the_lowest() {
        let mut metrics = SessionMetrics::new();
        for (run, rank, value) in [(1, 0, 0.1), (0, 0, 0.3), (0, 1, 0.0), (1, 1, 0.0)] {
            let key = SeriesKey {
                name: "loss".into(),
                run: Some(run),
                rank: Some(rank),
            };
            metrics.push(
                key,
                Point {
                    value,
                    ..Point::default()
                },
            );
        }
        assert_eq!(metrics.total_steps(), 2);
        assert_eq!(metrics.final_loss(), Some(0.1));
        assert_eq!(metrics.best_loss(), Some(0.1));
    }

    #[test]
    fn an_evaluation_outside_the_runs_is_no_step() {
        let mut metrics = SessionMetrics::new();
        for (run, value) in [(Some(0), 0.4), (Some(0), 0.3), (None, 0.5)] {
            let key = SeriesKey {
                name: "loss".into(),
                run,
                rank: None,
            };
            metrics.push(
                key,
                Point {
                    value,
                    ..Point::default()
                },
            );
        }
        assert_eq!(metrics.total_steps(), 2);
        assert_eq!(metrics.final_loss(), Some(0.3));
    }

    #[test]
    fn removing_a_series_keeps_the_index_right() {
        let mut metrics = SessionMetrics::new();
        for name in ["a", "b", "c"] {
            metrics.add_custom(name, 1.0);
        }
        metrics.remove(&SeriesKey::named("b"));
        metrics.add_custom("c", 2.0);
        assert_eq!(
            metrics.get(&SeriesKey::named("c")).unwrap().values(),
            [1.0, 2.0]
        );
        assert_eq!(metrics.total_steps(), 2);
    }
}
