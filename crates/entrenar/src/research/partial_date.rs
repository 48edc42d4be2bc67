use std::fmt;

use chrono::{Datelike as _, NaiveDate};

/// A date of which the year is known, and perhaps the month and the day.
///
/// Ordered by what is known first: a year alone stands before the months of that year.
///
/// ```
/// use entrenar::research::PartialDate;
///
/// let date = PartialDate::parse("2017-06").ok_or("no date")?;
/// assert_eq!((date.year(), date.month(), date.day()), (2017, Some(6), None));
/// assert_eq!(date.to_string(), "2017-06");
/// assert_eq!(PartialDate::parse("2017-02-29"), None);
/// assert_eq!(PartialDate::parse("0000"), None);
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartialDate {
    year: i32,
    month: Option<u32>,
    day: Option<u32>,
}

impl PartialDate {
    /// A date; `None` where the calendar has no such day, the year is 0 or beyond 9999, or a day
    /// is given without its month. Years before the common era are negative.
    pub fn new(year: i32, month: Option<u32>, day: Option<u32>) -> Option<Self> {
        if year == 0 || !(-9999..=9999).contains(&year) || (day.is_some() && month.is_none()) {
            return None;
        }
        NaiveDate::from_ymd_opt(year, month.unwrap_or(1), day.unwrap_or(1))?;
        Some(Self { year, month, day })
    }

    /// A year.
    pub fn from_year(year: i32) -> Option<Self> {
        Self::new(year, None, None)
    }

    /// A whole date; `None` where the year is 0 or beyond 9999.
    pub fn from_day(date: NaiveDate) -> Option<Self> {
        Self::new(date.year(), Some(date.month()), Some(date.day()))
    }

    /// Reads `YYYY`, `YYYY-MM` or `YYYY-MM-DD` (ISO 8601), with `-` before the year for one
    /// before the common era.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text),
        };
        let mut parts = rest.split('-');
        let mut part = |digits: usize| match parts.next() {
            None => Some(None),
            Some(part) if part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()) => {
                part.parse::<u32>().ok().map(Some)
            }
            Some(_) => None,
        };
        let (year, month, day) = (part(4)??, part(2)?, part(2)?);
        if parts.next().is_some() {
            return None;
        }
        Self::new(i32::try_from(year).ok()? * sign, month, day)
    }

    /// The year.
    pub fn year(&self) -> i32 {
        self.year
    }

    /// The month, 1 to 12.
    pub fn month(&self) -> Option<u32> {
        self.month
    }

    /// The day of the month, from 1.
    pub fn day(&self) -> Option<u32> {
        self.day
    }

    /// The whole date, where the day is known.
    pub fn full(&self) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(self.year, self.month?, self.day?)
    }
}

/// ISO 8601, as far as the date is known: `2017`, `2017-06`, `2017-06-12`.
impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.year < 0 { "-" } else { "" };
        write!(f, "{sign}{:04}", self.year.unsigned_abs())?;
        if let Some(month) = self.month {
            write!(f, "-{month:02}")?;
        }
        if let Some(day) = self.day {
            write!(f, "-{day:02}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_no_calendar_has_is_no_date() {
        for bad in [
            "",
            "0000",
            "17",
            "2017-13",
            "2017-00",
            "2017-6",
            "2017-02-30",
            "2017-06-1x",
            "2017-06-12-1",
            "+2017",
            "20170",
            "--2017",
            "２０１７",
        ] {
            assert_eq!(PartialDate::parse(bad), None, "{bad}");
        }
        assert_eq!(PartialDate::new(2017, None, Some(1)), None);
        assert_eq!(PartialDate::new(10_000, None, None), None);
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(year in -9999_i32..=9999, month in 0_u32..14, day in 0_u32..33) {
            let some = |n: u32| (n > 0).then_some(n);
            if let Some(date) = PartialDate::new(year, some(month), some(day)) {
                prop_assert_eq!(PartialDate::parse(&date.to_string()), Some(date));
            }
        }
    }
}
