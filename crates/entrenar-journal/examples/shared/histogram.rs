//! How long calls take, for the examples that measure.

use std::fs;
use std::time::{Duration, Instant};

/// The load of the machine.
pub(crate) fn load() -> String {
    fs::read_to_string("/proc/loadavg")
        .map_or_else(|_| "unknown".into(), |text| text.trim().to_owned())
}

/// Durations in nanoseconds: exact below 4,096, then in steps of about 3 %.
pub(crate) struct Histogram {
    exact: Vec<u64>,
    longer: Vec<u64>,
    /// Nanoseconds of all calls.
    pub(crate) total: u64,
    /// Calls that said false.
    pub(crate) refused: u64,
}

impl Histogram {
    /// Times so many calls, one each `pace` nanoseconds.
    pub(crate) fn run(calls: u64, pace: u64, mut call: impl FnMut(u64) -> bool) -> Self {
        let mut found = Self {
            exact: vec![0; 4096],
            longer: Vec::with_capacity(1 << 20),
            total: 0,
            refused: 0,
        };
        let mut next = Instant::now();
        for step in 0..calls {
            if pace > 0 {
                next += Duration::from_nanos(pace);
                while Instant::now() < next {
                    std::hint::spin_loop();
                }
            }
            let began = Instant::now();
            let taken = call(step);
            let nanos = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
            found.total += nanos;
            found.refused += u64::from(!taken);
            match found
                .exact
                .get_mut(usize::try_from(nanos).unwrap_or(usize::MAX))
            {
                Some(count) => *count += 1,
                None => found.longer.push(nanos),
            }
        }
        found.longer.sort_unstable();
        found
    }

    /// The duration that so many of 10,000 calls do not exceed.
    pub(crate) fn quantile(&self, share: u64) -> u64 {
        let calls = self.exact.iter().sum::<u64>() + self.longer.len() as u64;
        let mut left = calls / 10_000 * share;
        for (nanos, count) in (0..).zip(&self.exact) {
            if left < *count {
                return nanos;
            }
            left -= count;
        }
        self.longer
            .get(usize::try_from(left).unwrap_or(usize::MAX))
            .or(self.longer.last())
            .copied()
            .unwrap_or(0)
    }

    /// Prints the figures in a line.
    pub(crate) fn print(&self, name: &str) {
        let long = |limit: u64| self.longer.iter().filter(|nanos| **nanos > limit).count();
        println!(
            "{name}: p50 {} ns, p99 {} ns, p99.9 {} ns, p99.99 {} ns, longest {:.1} µs; {} calls above 5 µs, {} above 100 µs; in all {:.3} s",
            self.quantile(5_000),
            self.quantile(9_900),
            self.quantile(9_990),
            self.quantile(9_999),
            self.longer.last().copied().unwrap_or(0) as f64 / 1000.0,
            long(5_000),
            long(100_000),
            self.total as f64 / 1e9,
        );
    }
}
