//! Dates and times on the command line.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use entrenar::research::metadata::parse_day;
use entrenar::session::{Clock as _, SystemClock};

/// The end of a stretch of time that a date names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    First,
    Last,
}

/// The moment from which on: `2026-11-22` is its first moment.
pub(crate) fn since(text: &str) -> Result<DateTime<Utc>, String> {
    parse(text, End::First, SystemClock.now())
}

/// The moment until which: `2026-11-22` is the end of that day.
pub(crate) fn until(text: &str) -> Result<DateTime<Utc>, String> {
    parse(text, End::Last, SystemClock.now())
}

/// A day, as `YYYY-MM-DD`, from the year 1 on.
pub(crate) fn day(text: &str) -> Result<NaiveDate, String> {
    parse_day(text).map_err(|error| error.to_string())
}

fn parse(text: &str, end: End, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        let day = match end {
            End::First => Some(date),
            End::Last => date.checked_add_days(Days::new(1)),
        };
        return day
            .and_then(|day| day.and_hms_opt(0, 0, 0))
            .map(|time| time.and_utc())
            .ok_or_else(|| "that day is out of range".to_owned());
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    for format in ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, format) {
            return Ok(time.and_utc());
        }
    }
    ago(text)
        .and_then(|length| now.checked_sub_signed(length))
        .ok_or_else(|| "write 2026-11-22, 2026-11-22T10:23 (UTC), or 7d, 12h, 2w ago".to_owned())
}

fn ago(text: &str) -> Option<TimeDelta> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let count: i64 = number.parse().ok().filter(|count| *count >= 0)?;
    match text.strip_prefix(number)? {
        "m" | "min" => TimeDelta::try_minutes(count),
        "h" => TimeDelta::try_hours(count),
        "d" => TimeDelta::try_days(count),
        "w" => TimeDelta::try_weeks(count),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_days_moments_and_lengths() {
        let now = DateTime::parse_from_rfc3339("2026-11-22T12:00:00Z")
            .unwrap()
            .to_utc();
        let read = |text, end| parse(text, end, now).map(|t| t.to_rfc3339()).ok();
        for (text, end, expected) in [
            ("2026-11-20", End::First, Some("2026-11-20T00:00:00+00:00")),
            ("2026-11-20", End::Last, Some("2026-11-21T00:00:00+00:00")),
            (
                "2026-11-20T10:23",
                End::Last,
                Some("2026-11-20T10:23:00+00:00"),
            ),
            (
                "2026-11-20T10:23:00+02:00",
                End::First,
                Some("2026-11-20T08:23:00+00:00"),
            ),
            ("2d", End::First, Some("2026-11-20T12:00:00+00:00")),
            ("9999999999999999d", End::First, None),
            ("-2d", End::First, None),
            ("yesterday", End::First, None),
        ] {
            assert_eq!(read(text, end).as_deref(), expected, "{text}");
        }
    }
}
