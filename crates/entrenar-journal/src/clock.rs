//! The wall clock, read in less than half the time that the system takes where the processor's counter allows it.
//!
//! Where Linux itself keeps its time by the processor's time stamp counter, so do we: the ahead thread of a journal
//! reads counter and clocks together some times a second ([`keeper`]) and publishes what one tick is worth
//! ([`scale`]); in between the time is computed from the counter. Where that is not known, or not known recently,
//! the system is asked.

mod keeper;
mod scale;

use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use self::keeper::Keeper;
use self::scale::Published;
use crate::sync::AtomicU64;

static SCALE: Published = Published {
    version: AtomicU64::new(0),
    ticks: AtomicU64::new(0),
    nanos: AtomicU64::new(0),
    tick: AtomicU64::new(0),
};
static KEEPER: Mutex<Keeper> = Mutex::new(Keeper::new());

/// Microseconds since 1970, read without a system call where the system allows it (on Linux through the
/// vDSO or from the processor's counter). Zero for a clock before 1970.
///
/// In a process that has a journal it may differ from the system's clock by some microseconds, and follows a
/// clock that is set within a quarter of a second.
#[inline]
#[must_use]
pub fn now_micros() -> i64 {
    match SCALE.nanos(crate::map::ticks) {
        Some(nanos) => (nanos / 1000).cast_signed(),
        None => (system_nanos() / 1000).cast_signed(),
    }
}

/// Keeps [`now_micros`] true: to be called some times a second. Never waits for another thread.
pub(crate) fn keep() {
    // A forked child may find the lock taken for ever: it has the system's clock.
    if let Ok(mut keeper) = KEEPER.try_lock() {
        keeper.keep(&SCALE);
    }
}

/// Nanoseconds since 1970; zero for a clock before 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the clock"
)]
fn system_nanos() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    nanos(since.unwrap_or_default())
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_lies_between_two_readings_of_the_system() {
        for _ in 0..4 {
            keep();
            std::thread::sleep(Duration::from_millis(12));
        }
        // What the counter may be off.
        const MICROS: i64 = 1000;
        for _ in 0..100 {
            let before = (system_nanos() / 1000).cast_signed();
            let now = now_micros();
            let after = (system_nanos() / 1000).cast_signed();
            assert!(before - MICROS <= now && now <= after + MICROS);
        }
    }
}
