//! Numbers and times for people.

use chrono::{DateTime, TimeDelta, Utc};

use crate::session::number;

/// A number in at most six significant digits.
pub(super) fn short(value: f64) -> String {
    if !value.is_finite() || value == 0.0 {
        return number::to_text(value);
    }
    let size = value.abs();
    if !(1e-4..1e7).contains(&size) {
        let text = format!("{value:.5e}");
        return match text.split_once('e') {
            Some((mantissa, exponent)) => format!("{}e{exponent}", trimmed(mantissa)),
            None => text,
        };
    }
    let mut decimals = 5_usize;
    let mut bound = 10.0;
    while size >= bound && decimals > 0 {
        decimals -= 1;
        bound *= 10.0;
    }
    let mut bound = 1.0;
    while size < bound {
        decimals += 1;
        bound /= 10.0;
    }
    trimmed(&format!("{value:.decimals$}")).to_owned()
}

fn trimmed(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

/// An integer with thin spaces between groups of three digits.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && digits.len() > 4 {
            out.push('\u{202F}');
        }
        out.push(digit);
    }
    out
}

/// A moment in UTC, to the second.
pub(super) fn moment(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A duration in its two largest units.
pub(super) fn duration(duration: TimeDelta) -> String {
    let ms = duration.num_milliseconds();
    let (sign, ms) = (if ms < 0 { "−" } else { "" }, ms.unsigned_abs());
    let (s, m, h) = (ms / 1000, ms / 60_000, ms / 3_600_000);
    let text = match () {
        () if ms < 1000 => format!("{ms} ms"),
        () if s < 60 => format!("{s}.{} s", ms % 1000 / 100),
        () if m < 60 => format!("{m} min {} s", s % 60),
        () if h < 48 => format!("{h} h {} min", m % 60),
        () => format!("{} d {} h", h / 24, h % 24),
    };
    format!("{sign}{text}")
}

/// Text on one line.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_six_digits() {
        let texts = [
            0.080_973_242_187,
            1.0,
            1_234.567_89,
            1e-5,
            123_456_789.0,
            -0.25,
            f64::NAN,
            0.0,
            99.999_999_9,
        ]
        .map(short);
        assert_eq!(
            texts,
            [
                "0.0809732",
                "1",
                "1234.57",
                "1e-5",
                "1.23457e8",
                "-0.25",
                "NaN",
                "0.0",
                "100"
            ]
        );
        assert_eq!(
            [999, 1234, 12_345].map(grouped),
            ["999", "1234", "12\u{202F}345"]
        );
    }

    #[test]
    fn durations_have_two_units() {
        let texts = [5, 61_500, 3_600_000, 200_000_000, -1500]
            .map(|ms| duration(TimeDelta::milliseconds(ms)));
        assert_eq!(
            texts,
            ["5 ms", "1 min 1 s", "1 h 0 min", "2 d 7 h", "−1.5 s"]
        );
    }
}
