//! Points of many series in the order in which they came, given out series by series.

use std::collections::BTreeMap;

use entrenar_journal::Point as JournalPoint;

use super::super::schema::CHUNK_POINTS;
use crate::session::{Point, Series, SeriesKey};
use crate::store::recording::reading::{Reading, nameless};

/// Most points that come at once.
const BATCH: usize = 1_024;
/// Points that are gathered before they are written. With those that come at once they fill the room that a list
/// of points grows to; what a seal needs of memory is about forty times that many bytes.
const GATHERED_POINTS: usize = (1 << 17) - BATCH;
/// So many points need little memory.
const FEW_POINTS: usize = 1 << 13;
/// Numbers of series that are looked up in a table; larger ones in a map.
const TABLE: u32 = 1 << 16;

/// Points of several series, gathered by the number of their series.
#[derive(Default)]
pub(super) struct Groups {
    points: Vec<Gathered>,
    /// Epochs of the points that have one, with their places.
    epochs: Vec<(usize, f64)>,
    groups: Vec<Group>,
    /// Place of each series in `groups`, plus one; 0 for none.
    table: Vec<u32>,
    others: BTreeMap<u32, usize>,
    /// Points that nobody took yet.
    left: usize,
}

/// A point without what it shares with others. Its time is always known.
#[derive(Clone, Copy)]
struct Gathered {
    value: f64,
    micros: i64,
    step: i64,
    /// Place in `groups`.
    group: u32,
    has_step: bool,
    has_epoch: bool,
}

/// What is known of the points of one series.
#[derive(Clone, Copy)]
pub(super) struct Group {
    pub(super) number: u32,
    pub(super) count: usize,
    pub(super) next_sequence: u64,
    pub(super) last_us: Option<i64>,
}

impl Groups {
    /// Whether there is nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// Whether enough points came since they were given out last.
    pub(super) fn is_full(&self) -> bool {
        self.points.len() - self.left >= GATHERED_POINTS
    }

    /// The points by series, in the order of their first points; a series without a name has its number for
    /// one.
    pub(super) fn into_series(mut self, reading: &Reading, rank: Option<u32>) -> Vec<Series> {
        let mut all: Vec<Series> = Vec::with_capacity(self.groups.len());
        let name = |group: &Group| {
            let key = reading.name(group.number).cloned();
            Some(key.unwrap_or_else(|| nameless(group.number, rank)))
        };
        let mut last = None;
        let each = |group: &Group, key: &SeriesKey, points: &Series| {
            match all.last_mut() {
                Some(series) if last == Some(group.number) => series.extend_from(points),
                _ => all.push(points.clone().with_key(key.clone())),
            }
            last = Some(group.number);
            Ok::<(), std::convert::Infallible>(())
        };
        match self.give(name, each) {
            Ok(()) => all,
            Err(never) => match never {},
        }
    }

    /// Adds a point.
    #[inline]
    pub(super) fn push(&mut self, sequence: u64, point: &JournalPoint) {
        let index = self.index(point.series);
        if let Some(group) = self.groups.get_mut(index) {
            group.count += 1;
            group.next_sequence = group.next_sequence.max(sequence.saturating_add(1));
            group.last_us = group.last_us.max(Some(point.micros));
        }
        if let Some(epoch) = point.epoch {
            self.epochs.push((self.points.len(), epoch));
        }
        self.reserve();
        self.points.push(Gathered {
            value: point.value,
            micros: point.micros,
            step: point.step.unwrap_or_default(),
            group: u32::try_from(index).unwrap_or(u32::MAX),
            has_step: point.step.is_some(),
            has_epoch: point.epoch.is_some(),
        });
    }

    /// Makes room for all points that are gathered at once, rather than for twice as many again and again.
    #[inline]
    fn reserve(&mut self) {
        let points = self.points.len();
        if points == self.points.capacity() && (FEW_POINTS..GATHERED_POINTS).contains(&points) {
            self.points.reserve_exact(GATHERED_POINTS + BATCH - points);
        }
    }

    #[inline]
    fn index(&mut self, number: u32) -> usize {
        let at = usize::try_from(number).unwrap_or(usize::MAX);
        match self.table.get(at) {
            Some(place @ 1..) => usize::try_from(place - 1).unwrap_or(usize::MAX),
            _ => self.new_index(number, at),
        }
    }

    #[cold]
    fn new_index(&mut self, number: u32, at: usize) -> usize {
        let end = self.groups.len();
        if number < TABLE {
            if self.table.len() <= at {
                self.table.resize(at + 1, 0);
            }
            if let Some(entry) = self.table.get_mut(at) {
                *entry = u32::try_from(end + 1).unwrap_or(u32::MAX);
            }
        } else if let Some(known) = self.others.get(&number) {
            return *known;
        } else {
            self.others.insert(number, end);
        }
        self.groups.push(Group {
            number,
            count: 0,
            next_sequence: 0,
            last_us: None,
        });
        end
    }

    /// Gives the points of each series that has a name to `each`, at most as many as a chunk holds at a time. The
    /// series come in the order of their first points; those without a name stay.
    ///
    /// # Errors
    /// As `each`; then nothing is here any more.
    pub(super) fn give<K, E>(
        &mut self,
        mut name: impl FnMut(&Group) -> Option<K>,
        mut each: impl FnMut(&Group, &K, &Series) -> Result<(), E>,
    ) -> Result<(), E> {
        let all = std::mem::take(&mut self.groups);
        let mut points = std::mem::take(&mut self.points);
        let epochs = std::mem::take(&mut self.epochs);
        self.table.clear();
        self.others.clear();
        let order = by_group(&points, &all);
        let mut order = order.as_slice();
        let most = all.iter().map(|group| group.count).max().unwrap_or(0);
        let mut series = Series::with_capacity(most.min(CHUNK_POINTS));
        let mut left = Vec::new();
        for group in &all {
            let (own, others) = order.split_at_checked(group.count).unwrap_or((order, &[]));
            order = others;
            let points = |places| at(places, &points, &epochs);
            let Some(name) = name(group) else {
                left.extend(points(own).map(|(place, point)| (place, *group, point)));
                continue;
            };
            for piece in own.chunks(CHUNK_POINTS) {
                series.clear();
                for (_, point) in points(piece) {
                    series.push(point);
                }
                each(group, &name, &series)?;
            }
        }
        points.clear();
        self.points = points;
        left.sort_unstable_by_key(|(place, ..)| *place);
        self.left = left.len();
        for (_, group, point) in left {
            let point = JournalPoint {
                series: group.number,
                step: point.step,
                value: point.value,
                micros: point.time_us.unwrap_or_default(),
                epoch: point.epoch,
                ..JournalPoint::default()
            };
            self.push(group.next_sequence.saturating_sub(1), &point);
        }
        Ok(())
    }
}

/// The places of the points, those of the first group first.
fn by_group(points: &[Gathered], groups: &[Group]) -> Vec<u32> {
    // There is memory for far fewer than 2^32 points.
    let places = 0..u32::try_from(points.len()).unwrap_or(u32::MAX);
    if groups.len() <= 1 {
        return places.collect();
    }
    let mut ends = Vec::with_capacity(groups.len());
    let mut end = 0;
    for group in groups {
        ends.push(end);
        end += group.count;
    }
    let mut order = vec![0; points.len()];
    for (place, point) in places.zip(points) {
        let group = usize::try_from(point.group).unwrap_or(usize::MAX);
        if let Some(end) = ends.get_mut(group)
            && let Some(slot) = order.get_mut(*end)
        {
            *slot = place;
            *end += 1;
        }
    }
    order
}

/// The points at these places.
fn at<'a>(
    places: &'a [u32],
    points: &'a [Gathered],
    epochs: &'a [(usize, f64)],
) -> impl Iterator<Item = (usize, Point)> {
    places.iter().filter_map(|place| {
        let place = usize::try_from(*place).ok()?;
        let point = points.get(place)?;
        let epoch = || {
            let at = epochs
                .binary_search_by_key(&place, |(place, _)| *place)
                .ok()?;
            epochs.get(at).map(|(_, epoch)| *epoch)
        };
        let point = Point {
            value: point.value,
            step: point.has_step.then_some(point.step),
            epoch: point.has_epoch.then(epoch).flatten(),
            time_us: Some(point.micros),
            origin: None,
        };
        Some((place, point))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::recording::SeriesDefinition;

    fn point() -> impl Strategy<Value = JournalPoint> {
        let number = prop_oneof![0..3_u32, 65_530..65_540_u32, Just(u32::MAX)];
        let some = || proptest::option::weighted(0.7, any::<i32>());
        (number, any::<i32>(), some(), some(), any::<i64>()).prop_map(
            |(series, value, step, epoch, micros)| JournalPoint {
                series,
                value: value.into(),
                step: step.map(i64::from),
                epoch: epoch.map(f64::from),
                micros,
                ..JournalPoint::default()
            },
        )
    }

    fn logged(points: &[(u64, JournalPoint)], number: u32) -> Series {
        let mut series = Series::new(SeriesKey::named(""));
        let own = points.iter().filter(|(_, point)| point.series == number);
        for (_, point) in own {
            series.push(Point {
                value: point.value,
                step: point.step,
                epoch: point.epoch,
                time_us: Some(point.micros),
                origin: None,
            });
        }
        series
    }

    proptest! {
        /// Points are given out once; those of odd numbers wait for the end.
        #[test]
        fn each_point_is_given_out_once(
            batches in proptest::collection::vec(proptest::collection::vec(point(), 0..40), 1..5),
        ) {
            let mut groups = Groups::default();
            let mut all = Vec::new();
            let mut given: Vec<(Group, Series)> = Vec::new();
            for batch in batches {
                for point in batch {
                    let sequence = u64::try_from(all.len()).unwrap();
                    groups.push(sequence, &point);
                    all.push((sequence, point));
                }
                let is_known = |group: &Group| (group.number.is_multiple_of(2)).then_some(());
                let each = |group: &Group, (): &(), points: &Series| {
                    given.push((*group, points.clone()));
                    Ok::<(), ()>(())
                };
                prop_assert!(groups.give(is_known, each).is_ok());
                prop_assert!(!groups.is_full());
            }
            let each = |group: &Group, (): &(), points: &Series| {
                given.push((*group, points.clone()));
                Ok::<(), ()>(())
            };
            prop_assert!(groups.give(|_| Some(()), each).is_ok());
            prop_assert!(groups.is_empty());
            let mut numbers: Vec<u32> = all.iter().map(|(_, point)| point.series).collect();
            numbers.sort_unstable();
            numbers.dedup();
            for number in numbers {
                let mut series = Series::new(SeriesKey::named(""));
                let mut count = 0;
                let mut next = 0;
                let mut last = None;
                for (group, points) in given.iter().filter(|(group, _)| group.number == number) {
                    series.extend_from(points);
                    count += group.count;
                    next = group.next_sequence;
                    last = last.max(group.last_us);
                }
                prop_assert_eq!(&series, &logged(&all, number));
                prop_assert_eq!(count, series.len());
                let own = || all.iter().filter(|(_, point)| point.series == number);
                prop_assert_eq!(next, own().map(|(sequence, _)| sequence + 1).max().unwrap_or(0));
                prop_assert_eq!(last, own().map(|(_, point)| point.micros).max());
            }
        }

        #[test]
        fn series_come_in_the_order_of_their_first_points(
            points in proptest::collection::vec(point(), 0..60),
        ) {
            let all: Vec<(u64, JournalPoint)> = (0..).zip(points).collect();
            let mut groups = Groups::default();
            let mut numbers = Vec::new();
            for (sequence, point) in &all {
                groups.push(*sequence, point);
                if !numbers.contains(&point.series) {
                    numbers.push(point.series);
                }
            }
            let mut reading = Reading::default();
            reading.define(&SeriesDefinition {
                number: 1,
                name: "loss".to_owned(),
                run: None,
                rank: Some(3),
            });
            let series = groups.into_series(&reading, Some(3));
            prop_assert_eq!(series.len(), numbers.len());
            for (series, number) in series.iter().zip(numbers) {
                let name = if number == 1 { "loss".to_owned() } else { format!("series {number}") };
                prop_assert_eq!(series.key(), &SeriesKey { name, run: None, rank: Some(3) });
                prop_assert_eq!(series, &logged(&all, number).with_key(series.key().clone()));
            }
        }
    }
}
