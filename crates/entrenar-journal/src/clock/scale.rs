//! What the processor's counter says of the time, published by one thread for all others.

use crate::sync::{AtomicU64, Ordering};

/// A moment by counter and clock, and how the clock goes on from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scale {
    pub(super) ticks: u64,
    /// Nanoseconds since 1970 at that count.
    pub(super) nanos: u64,
    /// Nanoseconds of a tick, times 2³²: at most 2³².
    pub(super) tick: u64,
}

/// Nanoseconds for which a scale holds. Far behind it the system may have slept, or its clock have been set.
const VALID: u64 = 250_000_000;

impl Scale {
    /// Nanoseconds since 1970 at a count; none where that is too far from the scale's moment.
    #[inline]
    pub(super) fn nanos_at(self, ticks: u64) -> Option<u64> {
        // A counter that began anew gives a large difference. Below 2³² the product fits.
        let since = u64::from(u32::try_from(ticks.wrapping_sub(self.ticks)).ok()?);
        let nanos = since.wrapping_mul(self.tick) >> 32;
        (nanos < VALID).then(|| self.nanos.wrapping_add(nanos))
    }
}

/// The scale that holds, if one does: read without a lock.
///
/// The version is odd while the scale is being replaced. A reader that meets a new field meets the odd version
/// also, since fields are released and acquired one by one.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(super) struct Published {
    pub(super) version: AtomicU64,
    pub(super) ticks: AtomicU64,
    pub(super) nanos: AtomicU64,
    /// 0 while there is no scale.
    pub(super) tick: AtomicU64,
}

impl Published {
    /// Replaces the scale. Called by one thread at a time.
    pub(super) fn put(&self, scale: Option<Scale>) {
        let version = self.version.load(Ordering::Relaxed);
        self.version
            .store(version.wrapping_add(1), Ordering::Relaxed);
        let (ticks, nanos, tick) = scale.map_or((0, 0, 0), |s| (s.ticks, s.nanos, s.tick));
        self.ticks.store(ticks, Ordering::Release);
        self.nanos.store(nanos, Ordering::Release);
        self.tick.store(tick, Ordering::Release);
        self.version
            .store(version.wrapping_add(2), Ordering::Release);
    }

    /// The scale; none also while it is being replaced.
    #[inline]
    pub(super) fn get(&self) -> Option<Scale> {
        let version = self.version.load(Ordering::Acquire);
        let scale = Scale {
            ticks: self.ticks.load(Ordering::Acquire),
            nanos: self.nanos.load(Ordering::Acquire),
            tick: self.tick.load(Ordering::Acquire),
        };
        let is_whole = version & 1 == 0 && self.version.load(Ordering::Relaxed) == version;
        (is_whole && scale.tick != 0).then_some(scale)
    }

    /// Nanoseconds since 1970 by a counter that is read now, if that is known.
    #[inline]
    pub(super) fn nanos(&self, ticks: impl FnOnce() -> Option<u64>) -> Option<u64> {
        let scale = self.get()?;
        scale.nanos_at(ticks()?)
    }
}
