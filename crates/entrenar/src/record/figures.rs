//! The figures of a series that is being recorded, so that no column is held in memory.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// What is known of the points of a series. Every `log` of the series writes it, so it has cache lines of
/// its own.
///
/// Each figure is exact; two that are read one after the other may be of different moments.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Figures {
    count: AtomicU64,
    next_step: AtomicI64,
    /// Bits of the last value.
    last: AtomicU64,
    /// Bits of the smallest and largest finite value.
    min: AtomicU64,
    max: AtomicU64,
    non_finite: AtomicU64,
}

/// Figures at some moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Seen {
    pub(super) count: u64,
    pub(super) next_step: i64,
    /// NaN where there is no point.
    pub(super) last: f64,
    /// +∞ and −∞ where there is no finite value.
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) non_finite: u64,
}

impl Seen {
    pub(super) const NOTHING: Self = Self {
        count: 0,
        next_step: 0,
        last: f64::NAN,
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
        non_finite: 0,
    };
}

impl Figures {
    pub(super) const fn new(seen: Seen) -> Self {
        Self {
            count: AtomicU64::new(seen.count),
            next_step: AtomicI64::new(seen.next_step),
            last: AtomicU64::new(seen.last.to_bits()),
            min: AtomicU64::new(seen.min.to_bits()),
            max: AtomicU64::new(seen.max.to_bits()),
            non_finite: AtomicU64::new(seen.non_finite),
        }
    }

    /// Counts a point that is about to be logged. Afterwards it would wait for the stores of the point, which
    /// go to memory that is not in the cache.
    #[inline]
    pub(super) fn count(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes back what was counted and not logged.
    #[cold]
    pub(super) fn uncount(&self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }

    /// Notes a counted point at a step that the caller chose.
    #[inline]
    pub(super) fn note_at(&self, step: i64, value: f64) {
        self.next_step
            .store(step.saturating_add(1), Ordering::Relaxed);
        self.note(value);
    }

    /// Notes a counted point at a step that was [taken](Self::take_step), or at none.
    #[inline]
    pub(super) fn note(&self, value: f64) {
        self.last.store(value.to_bits(), Ordering::Relaxed);
        // Also false for NaN.
        if value < f64::from_bits(self.min.load(Ordering::Relaxed)) {
            self.lower(value);
        }
        if value > f64::from_bits(self.max.load(Ordering::Relaxed)) {
            self.raise(value);
        }
        if !value.is_finite() {
            self.non_finite.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes the next step: two threads never take the same.
    pub(super) fn take_step(&self) -> i64 {
        self.next_step.fetch_add(1, Ordering::Relaxed)
    }

    fn lower(&self, value: f64) {
        if value.is_finite() {
            let smaller = |bits| (value < f64::from_bits(bits)).then_some(value.to_bits());
            self.min
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, smaller)
                .ok();
        }
    }

    fn raise(&self, value: f64) {
        if value.is_finite() {
            let larger = |bits| (value > f64::from_bits(bits)).then_some(value.to_bits());
            self.max
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, larger)
                .ok();
        }
    }

    pub(super) fn seen(&self) -> Seen {
        Seen {
            count: self.count.load(Ordering::Relaxed),
            next_step: self.next_step.load(Ordering::Relaxed),
            last: f64::from_bits(self.last.load(Ordering::Relaxed)),
            min: f64::from_bits(self.min.load(Ordering::Relaxed)),
            max: f64::from_bits(self.max.load(Ordering::Relaxed)),
            non_finite: self.non_finite.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_every_kind_of_value() {
        let figures = Figures::new(Seen::NOTHING);
        assert_eq!(figures.take_step(), 0);
        let add_at = |step, value| {
            figures.count();
            figures.note_at(step, value);
        };
        figures.count();
        figures.note(f64::NEG_INFINITY);
        figures.count();
        figures.uncount();
        for (step, value) in [(9, 0.5), (4, f64::NAN), (3, -0.5)] {
            add_at(step, value);
        }
        let seen = figures.seen();
        assert_eq!(
            [seen.min, seen.max, seen.last].map(f64::to_bits),
            [-0.5, 0.5, -0.5].map(f64::to_bits)
        );
        assert_eq!((seen.count, seen.non_finite, seen.next_step), (4, 2, 4));
        add_at(i64::MAX, f64::INFINITY);
        assert_eq!(figures.seen().next_step, i64::MAX);
        assert_eq!(figures.seen().max.to_bits(), 0.5_f64.to_bits());
    }

    #[test]
    fn threads_take_different_steps() {
        let figures = Figures::new(Seen::NOTHING);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        figures.take_step();
                    }
                });
            }
        });
        assert_eq!(figures.seen().next_step, 4000);
    }
}
