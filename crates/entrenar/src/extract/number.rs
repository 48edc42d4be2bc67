//! Numbers as programs print them.

/// A number and the place behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Number {
    pub(super) value: f64,
    /// Byte behind the last digit, or behind the word `nan` or `inf`.
    pub(super) end: usize,
    /// It has neither a point nor an exponent.
    pub(super) integer: bool,
}

/// Longest number: the largest `f64` written out has 309 digits.
const MAX_LEN: usize = 360;

/// Reads the number that begins at byte `at`: sign, digits (groups of three may be set apart by
/// commas), point, exponent; or `nan`, `inf`, `infinity` in any case.
pub(super) fn read(text: &str, at: usize) -> Option<Number> {
    let bytes = text.as_bytes();
    let byte = |i: usize| bytes.get(i).copied().unwrap_or(0);
    let signed = matches!(byte(at), b'+' | b'-');
    let start = at + usize::from(signed);
    if byte(start).is_ascii_alphabetic() {
        return word(text, at, start);
    }
    let digits_from = |mut i: usize| {
        while byte(i).is_ascii_digit() && i - at < MAX_LEN {
            i += 1;
        }
        i
    };
    let mut end = digits_from(start);
    let mut grouped = false;
    if (1..=3).contains(&(end - start)) && byte(start) != b'0' {
        while byte(end) == b',' && digits_from(end + 1) == end + 4 {
            grouped = true;
            end += 4;
        }
    }
    let whole = end - start;
    let mut integer = true;
    if byte(end) == b'.' {
        let fraction = digits_from(end + 1);
        // "Epoch 3." ends a sentence; "2." is how NumPy prints a whole number.
        if fraction > end + 1 || whole > 0 && !byte(end + 1).is_ascii_alphanumeric() {
            integer = false;
            end = fraction;
        }
    }
    if end == start || whole == 0 && integer {
        return None;
    }
    if matches!(byte(end), b'e' | b'E') {
        let sign = usize::from(matches!(byte(end + 1), b'+' | b'-'));
        let exponent = digits_from(end + 1 + sign);
        if exponent > end + 1 + sign {
            integer = false;
            end = exponent;
        }
    }
    let digits = text.get(at..end)?;
    let value = if grouped {
        digits.replace(',', "").parse().ok()?
    } else {
        match short(digits) {
            Some(value) => value,
            None => digits.parse().ok()?,
        }
    };
    Some(Number {
        value,
        end,
        integer,
    })
}

/// The value of at most 15 characters without an exponent. Digits and power of ten are both exact
/// in a double, so that the one division rounds as it must.
fn short(digits: &str) -> Option<f64> {
    const POWERS: [f64; 15] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14,
    ];
    if digits.len() > 15 {
        return None;
    }
    let (mut mantissa, mut point, mut fraction) = (0.0, false, 0);
    for byte in digits.bytes() {
        match byte {
            b'0'..=b'9' => {
                mantissa = mantissa * 10.0 + f64::from(byte - b'0');
                fraction += usize::from(point);
            }
            b'.' => point = true,
            b'+' | b'-' => {}
            _ => return None,
        }
    }
    let value = mantissa / POWERS.get(fraction)?;
    Some(if digits.starts_with('-') {
        -value
    } else {
        value
    })
}

/// End of the digits, commas and points that follow on `number` behind a comma, where that makes
/// it another number than it seems: a decimal comma, or the first of a list.
pub(super) fn goes_on(text: &str, number: Number) -> Option<usize> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let comma = bytes.get(number.end) == Some(&b',') && digit(number.end + 1);
    // "1.234,5", but not "0.512,0.634"
    let points = || {
        let behind = text.get(number.end + 1..).unwrap_or_default();
        let digits = behind.trim_start_matches(|c: char| c.is_ascii_digit());
        number.end >= 4 && bytes.get(number.end - 4) == Some(&b'.') && !digits.starts_with('.')
    };
    if !comma || !(number.integer || points()) {
        return None;
    }
    let mut end = number.end;
    while digit(end) || matches!(bytes.get(end), Some(b',' | b'.')) && digit(end + 1) {
        end += 1;
    }
    Some(end)
}

fn word(text: &str, at: usize, start: usize) -> Option<Number> {
    let rest = text.as_bytes().get(start..)?;
    let is = |word: &str| {
        rest.get(..word.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()))
            && !rest.get(word.len()).is_some_and(u8::is_ascii_alphanumeric)
    };
    let (value, length) = if is("nan") {
        (f64::NAN, 3)
    } else if is("inf") {
        (f64::INFINITY, 3)
    } else if is("infinity") {
        (f64::INFINITY, 8)
    } else {
        return None;
    };
    let negative = text.as_bytes().get(at) == Some(&b'-');
    Some(Number {
        value: if negative { -value } else { value },
        end: start + length,
        integer: false,
    })
}

/// Words behind a number that make it a quantity of something else than a metric, in lower
/// case and in order.
const UNITS: &[&str] = &[
    "b",
    "batches",
    "bits",
    "byte",
    "bytes",
    "classes",
    "columns",
    "d",
    "day",
    "days",
    "epochs",
    "examples",
    "features",
    "files",
    "flops",
    "folds",
    "frames",
    "gb",
    "gflops",
    "ghz",
    "gib",
    "h",
    "hour",
    "hours",
    "hr",
    "hrs",
    "hz",
    "images",
    "it",
    "items",
    "iterations",
    "iters",
    "k",
    "kb",
    "kib",
    "layers",
    "m",
    "mb",
    "mhz",
    "mib",
    "min",
    "mins",
    "minute",
    "minutes",
    "ms",
    "ns",
    "parameters",
    "params",
    "points",
    "px",
    "rows",
    "s",
    "samples",
    "sec",
    "second",
    "seconds",
    "secs",
    "steps",
    "tb",
    "times",
    "tokens",
    "us",
];

/// Whether a number that ends before `end` (and its per-cent sign) stands alone: not part of a
/// version, date, time, path or range, and without a unit.
pub(super) fn stands_alone(text: &str, end: usize) -> bool {
    let bytes = text.as_bytes();
    let byte = |i: usize| bytes.get(i).copied().unwrap_or(b' ');
    match byte(end) {
        b' ' => {
            let rest = text.get(end + 1..).unwrap_or_default();
            let word: &str = rest
                .split(|c: char| !c.is_ascii_alphabetic())
                .next()
                .unwrap_or_default();
            word.is_empty() || word.len() > 10 || !is_unit(word)
        }
        b'\t' | b'\n' | b'\r' | b',' | b';' | b'|' | b')' | b']' | b'}' | b'"' | b'\'' | b'>' => {
            true
        }
        b'.' => !byte(end + 1).is_ascii_alphanumeric(),
        b'+' => byte(end + 1).is_ascii_digit(),
        b'/' => byte(end + 1).is_ascii_digit(),
        // Box drawing and other symbols; not the micro sign of "µs".
        0xe2 => true,
        0xc2 => matches!(byte(end + 1), 0xa0 | 0xb1 | 0xb7),
        _ => false,
    }
}

fn is_unit(word: &str) -> bool {
    let order = |unit: &&str| {
        unit.bytes()
            .cmp(word.bytes().map(|b| b.to_ascii_lowercase()))
    };
    UNITS.binary_search_by(order).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_programs_print() {
        for (text, value) in [
            ("0.5", 0.5),
            ("-1e-3", -1e-3),
            ("6.258318E+00", 6.258_318),
            ("1,234,567.5", 1_234_567.5),
            ("+.25", 0.25),
            ("2.", 2.0),
            ("-inf", f64::NEG_INFINITY),
            ("Infinity", f64::INFINITY),
            ("137427838096637952.0000", 137_427_838_096_637_952.0),
        ] {
            let number = read(text, 0).unwrap();
            assert_eq!((number.value, number.end), (value, text.len()), "{text}");
        }
        assert!(read("NaN", 0).unwrap().value.is_nan());
        assert_eq!(read("12,34", 0).unwrap().end, 2);
        assert_eq!(read("0,512", 0).unwrap().end, 1);
        assert_eq!(read("3.", 0).unwrap().end, 2);
        for text in ["", "-", ".", "e5", "nano", "information", "+x"] {
            assert_eq!(read(text, 0), None, "{text}");
        }
    }

    #[test]
    fn a_number_may_go_on_behind_its_comma() {
        let end = |text: &str| goes_on(text, read(text, 0).unwrap());
        for (text, expected) in [
            ("0,51 a", Some(4)),
            ("1,28,28.", Some(7)),
            ("1.234,56", Some(8)),
            ("1,234", None),
            ("0.512,0.634", None),
            ("1, 2", None),
            ("1,", None),
        ] {
            assert_eq!(end(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn short_numbers_are_exact(text in "[-+]?[0-9]{0,15}[.]?[0-9]{1,15}") {
            if let Some(value) = short(&text) {
                assert_eq!(value.to_bits(), text.parse::<f64>().unwrap().to_bits());
            }
        }
    }

    #[test]
    fn units_are_in_order() {
        assert!(UNITS.is_sorted());
        assert!(UNITS.iter().all(|unit| is_unit(&unit.to_uppercase())));
    }

    #[test]
    fn quantities_do_not_stand_alone() {
        let alone = |text: &str| stands_alone(text, read(text, 0).unwrap().end);
        for text in [
            "0.5",
            "0.5,",
            "0.5 |",
            "0.5 after 318 batches",
            "0.5+0.01",
            "0.5±0.1",
        ] {
            assert!(alone(text), "{text}");
        }
        for text in [
            "3.2s",
            "12 ms",
            "1.2.3",
            "12:30:01",
            "2021-05-02",
            "4.5GB",
            "2.4 K",
            "44 steps",
            "0x1f",
            "12it/s",
            "5µs",
        ] {
            assert!(!alone(text), "{text}");
        }
    }
}
