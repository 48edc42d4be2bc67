/// A mark on an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// The value.
    pub value: f64,
    /// The value as text, with no more digits than tell it from its neighbours.
    pub label: String,
}

/// An axis: the range it shows and its ticks.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The value at its begin.
    pub min: f64,
    /// The value at its end; greater than `min`.
    pub max: f64,
    /// Marks inside the range, ascending.
    pub ticks: Vec<Tick>,
    /// Whether the scale is logarithmic; `min` is positive then.
    pub log: bool,
}

impl Axis {
    /// A linear axis over `range` (0 to 1 where there is none) with a margin on both sides, as
    /// a share of the range, and about `ticks` ticks at multiples of 1, 2 or 5 times a power of
    /// ten.
    pub fn linear(range: Option<(f64, f64)>, margin: f64, ticks: u8) -> Self {
        let (low, high) = widen(range.unwrap_or((0.0, 1.0)));
        let margin = (high - low) * margin;
        let (mut min, mut max) = (low - margin, high + margin);
        // What is never negative gets no negative axis for a margin's sake.
        if low >= 0.0 && min < 0.0 {
            min = 0.0;
        }
        if high <= 0.0 && max > 0.0 {
            max = 0.0;
        }
        Self {
            min,
            max,
            ticks: linear_ticks(min, max, ticks),
            log: false,
        }
    }

    /// A logarithmic axis over a positive `range` (1 to 10 where there is none).
    pub fn log(range: Option<(f64, f64)>) -> Self {
        let (mut min, mut max) = range.unwrap_or((1.0, 10.0));
        // In logarithms: a quotient of two numbers can overflow.
        if max.ln() - min.ln() < 0.4 {
            (min, max) = (min / 1.5, max * 1.5);
        }
        let margin = (0.03 * (max.ln() - min.ln())).exp();
        let (min, max) = (
            (min / margin).max(f64::MIN_POSITIVE),
            (max * margin).min(f64::MAX),
        );
        Self {
            min,
            max,
            ticks: log_ticks(min, max),
            log: true,
        }
    }

    /// The same axis without the ticks between whole numbers, for steps and epochs.
    #[must_use]
    pub fn whole(mut self) -> Self {
        self.ticks.retain(|tick| super::is_whole(tick.value));
        for tick in &mut self.ticks {
            tick.label = label(tick.value, 1.0);
        }
        self
    }

    /// Where a value is between the begin (0) and the end (1); `None` for a value that the
    /// scale cannot show.
    pub fn position(&self, value: f64) -> Option<f64> {
        let share = if self.log {
            (value.ln() - self.min.ln()) / (self.max.ln() - self.min.ln())
        } else {
            (value - self.min) / (self.max - self.min)
        };
        share.is_finite().then_some(share)
    }
}

/// A range that is wide enough to be divided.
fn widen((min, max): (f64, f64)) -> (f64, f64) {
    let size = min.abs().max(max.abs());
    if max - min > size * 1e-9 {
        return (min, max);
    }
    let half = if size == 0.0 { 0.5 } else { size * 0.05 };
    (min - half, max + half)
}

fn linear_ticks(min: f64, max: f64, wanted: u8) -> Vec<Tick> {
    let rough = (max - min) / f64::from(wanted.max(2));
    let exponent = rough.log10().floor();
    let power = 10_f64.powf(exponent);
    let factor = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|factor| factor * power >= rough * 0.7)
        .unwrap_or(10.0);
    let step = factor * power;
    let slack = step * 1e-6;
    let first = ((min - slack) / step).ceil();
    let mut ticks = Vec::new();
    // Fewer than that fit; the bound holds where rounding makes a step vanish.
    for index in 0..wanted.saturating_mul(2) {
        // Parsing a decimal gives the nearest number; a product gives 0.30000000000000004.
        let multiple = (first + f64::from(index)) * factor;
        let value: f64 = format!("{multiple}e{exponent}").parse().unwrap_or(f64::NAN);
        if value > max + slack || !value.is_finite() {
            break;
        }
        ticks.push(Tick {
            label: label(value, step),
            value,
        });
    }
    ticks
}

fn log_ticks(min: f64, max: f64) -> Vec<Tick> {
    let (low, high) = (min.log10().floor(), max.log10().ceil());
    let decades = high - low;
    let stride = (decades / 7.0).ceil().max(1.0);
    let factors: &[f64] = if decades <= 2.0 {
        &[1.0, 2.0, 5.0]
    } else {
        &[1.0]
    };
    let mut ticks = Vec::new();
    let mut exponent = (low / stride).floor() * stride;
    while exponent <= high {
        for factor in factors {
            // Parsing a decimal gives the nearest number; powers of ten by powf do not.
            let text = format!("{factor}e{exponent}");
            let value: f64 = text.parse().unwrap_or(f64::NAN);
            if value >= min && value <= max {
                ticks.push(Tick {
                    label: label(value, value),
                    value,
                });
            }
        }
        exponent += stride;
    }
    if ticks.len() < 2 {
        return linear_ticks(min, max, 5);
    }
    ticks
}

/// `value` with the digits that a scale of that `step` needs; very large and very small numbers
/// with an exponent.
fn label(value: f64, step: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let size = value.abs();
    if !(1e-4..1e6).contains(&size) || step < 1e-6 {
        let digits = (size.log10().floor() - step.log10().floor()).clamp(0.0, 15.0);
        let text = format!("{value:.*e}", whole(digits));
        return match text.split_once('e') {
            Some((mantissa, exponent)) if mantissa.contains('.') => {
                let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
                format!("{mantissa}e{exponent}")
            }
            _ => text,
        };
    }
    let decimals = (-step.log10().floor()).clamp(0.0, 15.0);
    format!("{value:.*}", whole(decimals))
}

/// A whole number between 0 and 15 as an integer.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the callers clamp to 0..=15"
)]
fn whole(number: f64) -> usize {
    number as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        let of = |min, max| Axis::linear(Some((min, max)), 0.0, 6);
        assert_eq!(
            labels(&of(0.0, 1.0)),
            ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(labels(&of(0.0, 49.0)), ["0", "10", "20", "30", "40"]);
        assert_eq!(
            labels(&of(1e-5, 3e-5)),
            ["1e-5", "1.5e-5", "2e-5", "2.5e-5", "3e-5"]
        );
        assert_eq!(labels(&of(0.0, 3e6)).last(), Some(&"3e6"));
        assert_eq!(labels(&of(-1.0, 1.0)), ["-1.0", "-0.5", "0", "0.5", "1.0"]);
    }

    #[test]
    fn steps_and_epochs_have_whole_ticks() {
        let axis = Axis::linear(Some((0.0, 4.0)), 0.0, 7).whole();
        assert_eq!(labels(&axis), ["0", "1", "2", "3", "4"]);
        assert_eq!(
            labels(&Axis::linear(Some((0.0, 4e6)), 0.0, 4).whole()).last(),
            Some(&"4e6")
        );
    }

    #[test]
    fn a_constant_gets_an_axis_around_it() {
        let axis = Axis::linear(Some((0.5, 0.5)), 0.0, 6);
        assert!(axis.min < 0.5 && axis.max > 0.5 && axis.ticks.len() > 2);
        assert_eq!(labels(&Axis::linear(None, 0.0, 6)).last(), Some(&"1.0"));
    }

    #[test]
    fn log_ticks_are_powers_of_ten() {
        assert_eq!(
            labels(&Axis::log(Some((1e-5, 3.0)))),
            ["1e-5", "0.0001", "0.001", "0.01", "0.1", "1"]
        );
        assert_eq!(
            labels(&Axis::log(Some((0.2, 3.0)))),
            ["0.2", "0.5", "1", "2"]
        );
    }

    proptest! {
        #[test]
        fn any_range_has_few_ticks_inside_it(a in -1e300..1e300_f64, b in -1e300..1e300_f64) {
            let axis = Axis::linear(Some((a.min(b), a.max(b))), 0.05, 6);
            prop_assert!(axis.min < axis.max);
            prop_assert!(axis.ticks.len() <= 11);
            for tick in &axis.ticks {
                prop_assert!((-0.01..=1.01).contains(&axis.position(tick.value).unwrap()));
            }
        }

        #[test]
        fn any_positive_range_has_few_log_ticks(a in -300.0..300_f64, b in -300.0..300_f64) {
            let (a, b) = (10_f64.powf(a), 10_f64.powf(b));
            let axis = Axis::log(Some((a.min(b), a.max(b))));
            prop_assert!(axis.min > 0.0 && axis.min < axis.max);
            prop_assert!((1..=12).contains(&axis.ticks.len()), "{:?}", axis);
        }
    }
}
