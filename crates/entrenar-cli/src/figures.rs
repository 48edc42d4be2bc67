//! Numbers, times and sparklines for people.

use chrono::{DateTime, TimeDelta, Utc};

/// A metric's value in about five digits.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return entrenar::session::number::to_text(value);
    }
    let size = value.abs();
    if size == 0.0 {
        return "0".into();
    }
    if !(1e-4..1e7).contains(&size) {
        return format!("{value:.3e}");
    }
    let digits = if size >= 1000.0 {
        1
    } else if size >= 100.0 {
        2
    } else if size >= 10.0 {
        3
    } else if size >= 1e-2 {
        4
    } else {
        6
    };
    let text = format!("{value:.digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// As [`number`]; nothing for nothing.
pub(crate) fn optional_number(value: Option<f64>) -> String {
    value.map(number).unwrap_or_default()
}

/// A count with its noun.
pub(crate) fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 {
        format!("1 {one}")
    } else {
        format!("{} {many}", grouped(n))
    }
}

/// A count with its digits in groups of three.
pub(crate) fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A moment to the minute, in UTC.
pub(crate) fn minute(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M").to_string()
}

/// The day of a moment, in UTC.
pub(crate) fn day(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d").to_string()
}

/// A moment to the second, in UTC.
pub(crate) fn second(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A length of time in at most two units.
pub(crate) fn duration(length: TimeDelta) -> String {
    let millis = length.num_milliseconds();
    let seconds = length.num_seconds();
    match seconds {
        ..0 => format!("−{}", duration(-length)),
        0 => format!("{millis} ms"),
        1..10 => format!("{seconds}.{} s", millis % 1000 / 100),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86400 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86400, seconds / 3600 % 24),
    }
}

/// A number of bytes.
#[expect(clippy::cast_precision_loss, reason = "one decimal of a size is shown")]
pub(crate) fn bytes(size: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    if size < 1000 {
        return format!("{size} B");
    }
    let mut value = size as f64 / 1000.0;
    let mut unit = "kB";
    for larger in units.iter().skip(1) {
        if value < 1000.0 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    format!("{value:.1} {unit}")
}

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A series in `columns` characters: the mean of the finite values of each stretch as a bar,
/// `×` where a stretch has only others.
pub(crate) fn sparkline(values: &[f64], columns: usize) -> String {
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let low = finite().reduce(f64::min).unwrap_or(0.0);
    let high = finite().reduce(f64::max).unwrap_or(0.0);
    let columns = columns.min(values.len()).max(1);
    (0..columns)
        .map(|column| {
            let from = column * values.len() / columns;
            let to = (column + 1) * values.len() / columns;
            let stretch = values.get(from..to).unwrap_or_default();
            mean(stretch).map_or('×', |value| bar(value, low, high))
        })
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "a count of points in memory")]
fn mean(values: &[f64]) -> Option<f64> {
    let count = values.iter().filter(|v| v.is_finite()).count();
    // Divided first: the sum of large values may be infinite.
    let share = |v: f64| v / count as f64;
    (count > 0).then(|| {
        values
            .iter()
            .filter(|v| v.is_finite())
            .map(|v| share(*v))
            .sum()
    })
}

fn bar(value: f64, low: f64, high: f64) -> char {
    if high <= low {
        return '▄';
    }
    // Halved first: the range of large values may be infinite.
    let share = (value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
    let level = whole(share * 8.0).min(7);
    BARS.get(level).copied().unwrap_or('█')
}

/// The whole part of a number; 0 for what is negative or not a number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, which is what is wanted"
)]
pub(crate) fn whole(value: f64) -> usize {
    value as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.123456, "0.1235"),
            (1.0, "1"),
            (75.0, "75"),
            (1234.5678, "1234.6"),
            (0.00123456, "0.001235"),
            (0.0000123, "1.230e-5"),
            (1e20, "1.000e20"),
            (-0.5, "-0.5"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn sparklines_show_shape_and_holes() {
        assert_eq!(
            sparkline(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], 8),
            "▁▂▃▄▅▆▇█"
        );
        assert_eq!(sparkline(&[1.0, f64::NAN, 0.0], 8), "█×▁");
        assert_eq!(sparkline(&[2.0, 2.0], 8), "▄▄");
        assert_eq!(sparkline(&[f64::MAX, f64::MIN], 8), "█▁");
        assert_eq!(sparkline(&[f64::MAX; 100], 3), "▄▄▄");
    }

    #[test]
    fn lengths_of_time_have_two_units() {
        for (millis, text) in [
            (12, "12 ms"),
            (2340, "2.3 s"),
            (75_000, "1 min 15 s"),
            (7_260_000, "2 h 1 min"),
            (90_000_000, "1 d 1 h"),
            (-1500, "−1.5 s"),
        ] {
            assert_eq!(duration(TimeDelta::milliseconds(millis)), text);
        }
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_500), "1.5 kB");
        assert_eq!(bytes(2_000_000_000), "2.0 GB");
    }
}
