//! Numbers for measurements: the same on every machine.

/// xorshift64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Evenly from 0 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        let bits = u32::try_from(self.next() >> 32).unwrap_or_default();
        let low = u32::try_from(self.next() >> 43).unwrap_or_default();
        (f64::from(bits) + f64::from(low) / f64::from(1_u32 << 21)) / f64::from(u32::MAX)
    }

    /// A time in µs after a step, spread as a busy machine's are: mostly close, at times late.
    pub(crate) fn jitter(&mut self) -> i64 {
        let spread: u64 = (0..4).map(|_| self.next() % 250).sum();
        let late = if self.next().is_multiple_of(200) {
            self.next() % 20_000
        } else {
            0
        };
        i64::try_from(spread + late).unwrap_or_default()
    }
}
