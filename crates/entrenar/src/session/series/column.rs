#[cfg(any(feature = "store", test))]
use std::borrow::Cow;
#[cfg(any(feature = "store", test))]
use std::ops::Range;

/// A column of numbers that may be absent; it takes no memory while all are, and one number a row
/// while none is.
#[derive(Debug, Clone, Default)]
pub(crate) struct OptionalColumn<T> {
    /// A number for each row up to the last that has one; any where there is none.
    numbers: Vec<T>,
    /// Whether row i has a number: bit i % 8 of byte i / 8. `None` where each row of `numbers` has.
    present: Option<Vec<u8>>,
}

impl<T: Copy + Default> OptionalColumn<T> {
    #[cfg(feature = "store")]
    /// A column of `numbers`, all or those that `present` names.
    pub(crate) fn new(numbers: Vec<T>, present: Option<Vec<u8>>) -> Self {
        Self { numbers, present }
    }

    /// A column without numbers that has memory for so many.
    #[cfg(feature = "record")]
    pub(crate) fn with_capacity(rows: usize) -> Self {
        Self {
            numbers: Vec::with_capacity(rows),
            present: None,
        }
    }

    /// Appends the number of row `row`; earlier rows without a number stay absent.
    pub(crate) fn push(&mut self, row: usize, number: Option<T>) {
        if let Some(number) = number {
            self.fill(row);
            self.numbers.push(number);
            if let Some(present) = &mut self.present {
                set(present, row);
            }
        }
    }

    /// Appends the numbers of the rows from `row` on.
    pub(crate) fn append(&mut self, row: usize, other: &Self) {
        if other.numbers.is_empty() {
            return;
        }
        self.fill(row);
        if other.present.is_some() && self.present.is_none() {
            self.present = Some(all(row));
        }
        self.numbers.extend_from_slice(&other.numbers);
        if let Some(present) = &mut self.present {
            for index in 0..other.numbers.len() {
                if other.has(index) {
                    set(present, row + index);
                }
            }
        }
    }

    /// Makes the rows before `row` that have no number absent.
    fn fill(&mut self, row: usize) {
        if self.numbers.len() < row {
            if self.present.is_none() {
                self.present = Some(all(self.numbers.len()));
            }
            self.numbers.resize(row, T::default());
        }
    }

    #[cfg(feature = "store")]
    pub(crate) fn clear(&mut self) {
        self.numbers.clear();
        self.present = None;
    }

    /// No row has a number.
    #[cfg(feature = "store")]
    pub(crate) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    fn has(&self, row: usize) -> bool {
        self.present
            .as_ref()
            .is_none_or(|present| is_set(present, row))
    }

    /// The number of `row`, if it has one.
    #[inline]
    pub(crate) fn get(&self, row: usize) -> Option<T> {
        let number = self.numbers.get(row).copied()?;
        self.has(row).then_some(number)
    }

    /// The number of the last of `rows` rows.
    pub(super) fn last(&self, rows: usize) -> Option<T> {
        self.get(rows.checked_sub(1)?)
    }

    #[cfg(any(feature = "store", test))]
    /// The numbers of the rows `range` if each has one.
    pub(crate) fn whole(&self, range: Range<usize>) -> Option<&[T]> {
        if range.is_empty() {
            return Some(&[]);
        }
        let numbers = self.numbers.get(range.clone())?;
        match &self.present {
            Some(present) if !range.into_iter().all(|row| is_set(present, row)) => None,
            _ => Some(numbers),
        }
    }

    #[cfg(any(feature = "store", test))]
    /// The numbers that rows of `range` have, and which rows (bit i % 8 of byte i / 8 is the i-th
    /// of the range); no bits where all have one.
    pub(crate) fn present(&self, range: Range<usize>) -> (Cow<'_, [T]>, Option<Vec<u8>>) {
        if let Some(numbers) = self.whole(range.clone()) {
            return (Cow::Borrowed(numbers), None);
        }
        let mut bits = vec![0; range.len().div_ceil(8)];
        let mut numbers = Vec::new();
        for (index, row) in range.enumerate() {
            if let Some(number) = self.get(row) {
                numbers.push(number);
                set(&mut bits, index);
            }
        }
        (Cow::Owned(numbers), Some(bits))
    }
}

/// Bits of `rows` rows that all have a number.
fn all(rows: usize) -> Vec<u8> {
    let mut bits = vec![u8::MAX; rows.div_ceil(8)];
    // Bits behind the last row are never set before its number is.
    if let (Some(last), rest @ 1..) = (bits.last_mut(), rows % 8) {
        *last = (1 << rest) - 1;
    }
    bits
}

fn set(bits: &mut Vec<u8>, row: usize) {
    if bits.len() <= row / 8 {
        bits.resize(row / 8 + 1, 0);
    }
    if let Some(byte) = bits.get_mut(row / 8) {
        *byte |= 1 << (row % 8);
    }
}

#[inline]
fn is_set(bits: &[u8], row: usize) -> bool {
    bits.get(row / 8)
        .is_some_and(|byte| byte >> (row % 8) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn column(numbers: &[Option<i64>]) -> OptionalColumn<i64> {
        let mut column = OptionalColumn::default();
        for (row, number) in numbers.iter().enumerate() {
            column.push(row, *number);
        }
        column
    }

    proptest! {
        #[test]
        fn it_is_a_list_of_optional_numbers(
            a in proptest::collection::vec(any::<Option<i64>>(), 0..40),
            b in proptest::collection::vec(prop_oneof![Just(None), (0..9_i64).prop_map(Some)], 0..40),
            from in 0..50_usize,
        ) {
            let mut both = column(&a);
            both.append(a.len(), &column(&b));
            let list = [a, b].concat();
            for row in 0..list.len() + 9 {
                prop_assert_eq!(both.get(row), list.get(row).copied().flatten());
            }
            let range = from.min(list.len())..list.len();
            let part = &list[range.clone()];
            let (numbers, bits) = both.present(range);
            prop_assert_eq!(numbers.to_vec(), part.iter().copied().flatten().collect::<Vec<_>>());
            prop_assert_eq!(bits.is_none(), part.iter().all(Option::is_some));
            for (index, number) in part.iter().enumerate() {
                prop_assert_eq!(number.is_some(), bits.as_deref().is_none_or(|b| is_set(b, index)));
            }
        }
    }
}
