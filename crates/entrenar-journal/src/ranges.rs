//! A set of numbers that mostly follow each other: sequences of points, numbers of frames.

use std::collections::BTreeMap;

/// Ranges that do not touch each other, by their first number. Small whatever the set's size, as long as
/// few numbers are missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ranges {
    /// First number → last number.
    ranges: BTreeMap<u64, u64>,
}

impl Ranges {
    /// Adds a number; whether it is new.
    pub(crate) fn insert(&mut self, number: u64) -> bool {
        if let Some(mut last) = self.ranges.last_entry() {
            let end = *last.get();
            if end.checked_add(1) == Some(number) {
                last.insert(number);
                return true;
            }
        }
        let before = self.ranges.range(..=number).next_back();
        let (start, joins_before) = match before {
            Some((_, end)) if *end >= number => return false,
            Some((start, end)) if *end + 1 == number => (*start, true),
            _ => (number, false),
        };
        let after = number
            .checked_add(1)
            .and_then(|next| self.ranges.remove(&next));
        debug_assert!(!joins_before || self.ranges.contains_key(&start));
        self.ranges.insert(start, after.unwrap_or(number));
        true
    }

    /// Adds all numbers from `start` to `end`.
    pub(crate) fn insert_all(&mut self, start: u64, end: u64) {
        let before = self.ranges.range(..=start).next_back();
        let (mut first, mut last) = (start, end);
        if let Some((other, stop)) = before
            && stop.saturating_add(1) >= start
        {
            (first, last) = (*other, last.max(*stop));
        }
        while let Some((other, stop)) = self.ranges.range(first..=last.saturating_add(1)).next() {
            let (other, stop) = (*other, *stop);
            last = last.max(stop);
            self.ranges.remove(&other);
        }
        self.ranges.insert(first, last);
    }

    /// Numbers missing between the first and the last.
    pub(crate) fn missing(&self) -> u64 {
        let mut missing: u64 = 0;
        let mut last = None;
        for (start, end) in &self.ranges {
            if let Some(last) = last {
                missing = missing.saturating_add(start.saturating_sub(last).saturating_sub(1));
            }
            last = Some(*end);
        }
        missing
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranges_are_a_set(numbers in prop::collection::vec(prop_oneof![0_u64..40, Just(u64::MAX), Just(u64::MAX - 1)], 0..60)) {
            let (mut ranges, mut set) = (Ranges::default(), BTreeSet::new());
            for number in numbers {
                prop_assert_eq!(ranges.insert(number), set.insert(number));
            }
            let spread: Vec<_> = set.iter().copied().collect();
            let missing = spread.windows(2).fold(0_u64, |sum, pair| sum.saturating_add(pair[1] - pair[0] - 1));
            prop_assert_eq!(ranges.missing(), missing);
            let covered: u64 = ranges.ranges.iter().map(|(start, end)| end - start + 1).sum();
            prop_assert_eq!(covered, spread.len() as u64);
        }

        #[test]
        fn ranges_are_added_whole(parts in prop::collection::vec((0_u64..60, 0_u64..9), 0..20)) {
            let (mut ranges, mut one_by_one) = (Ranges::default(), Ranges::default());
            for (start, length) in parts {
                ranges.insert_all(start, start + length);
                for number in start..=start + length {
                    one_by_one.insert(number);
                }
                prop_assert_eq!(&ranges, &one_by_one);
            }
        }
    }
}
