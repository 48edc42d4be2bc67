//! The wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Microseconds since 1970, read without a system call where the system allows it (on Linux through the
/// vDSO). Zero for a clock before 1970.
#[inline]
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the clock"
)]
pub fn now_micros() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            let micros = since
                .as_secs()
                .wrapping_mul(1_000_000)
                .wrapping_add(u64::from(since.subsec_micros()));
            micros.cast_signed()
        })
}
