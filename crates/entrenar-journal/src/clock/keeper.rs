//! Who keeps the scale of the processor's counter true.

use std::time::{Duration, Instant};

use super::scale::{Published, Scale};
use super::{nanos, system_nanos};

/// Time between two scales.
const PAUSE: Duration = Duration::from_millis(10);
/// Time over which the length of a tick is measured.
const BASE: Duration = Duration::from_secs(1);
/// Readings of which the shortest is taken.
const READINGS: usize = 5;
/// Longest reading, in ticks, that is precise enough: some microseconds.
const LONGEST: u64 = 1 << 13;

/// Counter and clocks at one moment.
#[derive(Debug, Clone, Copy)]
struct Reading {
    ticks: u64,
    /// Goes on evenly.
    instant: Instant,
    /// Nanoseconds since 1970: may be set.
    wall: u64,
}

impl Reading {
    /// None where the thread lost its processor in between, each time.
    fn take() -> Option<Self> {
        let readings = (0..READINGS).filter_map(|_| {
            let before = crate::map::ticks()?;
            let (instant, wall) = (Instant::now(), system_nanos());
            let length = crate::map::ticks()?.checked_sub(before)?;
            let ticks = before + length / 2;
            Some((
                length,
                Self {
                    ticks,
                    instant,
                    wall,
                },
            ))
        });
        let (length, reading) = readings.min_by_key(|(length, _)| *length)?;
        (length <= LONGEST).then_some(reading)
    }
}

/// Measures the counter against the clocks.
#[derive(Debug)]
pub(super) struct Keeper {
    /// Whether the system itself keeps its time by the counter; none before the first look.
    trusted: Option<bool>,
    /// From where the length of a tick is measured.
    base: Option<Reading>,
    /// As [`Scale::tick`], by the last measurement.
    tick: Option<u64>,
    last: Option<Instant>,
}

impl Keeper {
    pub(super) const fn new() -> Self {
        Self {
            trusted: None,
            base: None,
            tick: None,
            last: None,
        }
    }

    /// Publishes a new scale, if the last one is old enough.
    pub(super) fn keep(&mut self, scale: &Published) {
        if !*self.trusted.get_or_insert_with(is_trusted) {
            return;
        }
        let now = Instant::now();
        if self
            .last
            .is_some_and(|last| now.duration_since(last) < PAUSE)
        {
            return;
        }
        if let Some(reading) = Reading::take() {
            self.last = Some(now);
            scale.put(self.measure(reading));
        }
    }

    /// The scale after a reading; none while the length of a tick is not known.
    fn measure(&mut self, reading: Reading) -> Option<Scale> {
        let base = *self.base.get_or_insert(reading);
        let elapsed = reading.instant.saturating_duration_since(base.instant);
        if elapsed < PAUSE {
            return None;
        }
        let tick = reading
            .ticks
            .checked_sub(base.ticks)
            .and_then(|ticks| length_of_tick(elapsed, ticks));
        // Where counter and clock no longer go alike (the system slept, or was moved to another machine), all is
        // measured anew.
        let agrees = |tick: u64| {
            let known = self.tick.unwrap_or(tick);
            known.abs_diff(tick) <= known / 1000
        };
        let Some(tick) = tick.filter(|tick| agrees(*tick)) else {
            (self.base, self.tick) = (Some(reading), None);
            return None;
        };
        self.tick = Some(tick);
        if elapsed >= BASE {
            self.base = Some(reading);
        }
        Some(Scale {
            ticks: reading.ticks,
            nanos: reading.wall,
            tick,
        })
    }
}

/// As [`Scale::tick`]; none for a counter of less than 1 GHz, or one that stands still.
fn length_of_tick(elapsed: Duration, ticks: u64) -> Option<u64> {
    let tick = (u128::from(nanos(elapsed)) << 32).checked_div(u128::from(ticks))?;
    u64::try_from(tick)
        .ok()
        .filter(|tick| (1..=1 << 32).contains(tick))
}

/// Whether Linux found the counters of all processors to be one clock, and uses it.
fn is_trusted() -> bool {
    let source = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    crate::map::ticks().is_some()
        && std::fs::read_to_string(source).is_ok_and(|name| name.trim() == "tsc")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine whose counter makes three ticks a nanosecond.
    struct Machine {
        began: Instant,
        keeper: Keeper,
    }

    impl Machine {
        fn new() -> Self {
            Self {
                began: Instant::now(),
                keeper: Keeper::new(),
            }
        }

        /// The scale after a reading: milliseconds of the even clock, ticks, and milliseconds of the wall clock.
        fn at(&mut self, millis: u64, ticks: u64, wall: u64) -> Option<Scale> {
            self.keeper.measure(Reading {
                ticks,
                instant: self.began + Duration::from_millis(millis),
                wall: wall * 1_000_000,
            })
        }
    }

    const MILLI: u64 = 3_000_000;

    #[test]
    fn time_goes_on_from_the_last_reading() {
        let mut machine = Machine::new();
        assert_eq!(machine.at(0, 77, 5000), None);
        assert_eq!(machine.at(3, 77 + 3 * MILLI, 5003), None);
        let scale = machine.at(10, 77 + 10 * MILLI, 5010).unwrap();
        let later = scale.nanos_at(77 + 12 * MILLI).unwrap();
        assert!(later.abs_diff(5_012_000_000) <= 1);
        // Before its moment, and long behind it, a scale says nothing.
        assert_eq!(scale.nanos_at(76), None);
        assert_eq!(scale.nanos_at(77 + 400 * MILLI), None);
        assert_eq!(scale.nanos_at(77 + 4_000 * MILLI), None);
        // The wall clock is set back by a second; the counter goes on.
        let scale = machine.at(30, 77 + 30 * MILLI, 4030).unwrap();
        assert_eq!(scale.nanos_at(77 + 30 * MILLI), Some(4_030_000_000));
    }

    #[test]
    fn what_changes_its_pace_is_measured_anew() {
        let mut machine = Machine::new();
        machine.at(0, 0, 0);
        assert!(machine.at(1000, 1000 * MILLI, 1000).is_some());
        assert!(machine.at(2000, 2000 * MILLI, 2000).is_some());
        // Asleep for a second of the counter.
        assert_eq!(machine.at(2020, 3020 * MILLI, 3020), None);
        assert!(machine.at(2040, 3040 * MILLI, 3040).is_some());
        // The counter began at zero again.
        assert_eq!(machine.at(2060, MILLI, 3060), None);
        assert!(machine.at(2080, 21 * MILLI, 3080).is_some());
        // It stands still.
        assert_eq!(machine.at(2100, 21 * MILLI, 3100), None);
        assert_eq!(machine.at(2120, 21 * MILLI, 3120), None);
    }

    #[test]
    fn slow_counters_are_not_used() {
        assert_eq!(length_of_tick(Duration::from_secs(1), 999_999_999), None);
        assert_eq!(
            length_of_tick(Duration::from_secs(1), 1 << 30),
            Some(4_000_000_000)
        );
        assert_eq!(length_of_tick(Duration::from_secs(1), 0), None);
    }

    #[test]
    fn a_scale_is_published_and_withdrawn() {
        let published = Published::default();
        assert_eq!(published.get(), None);
        let scale = Scale {
            ticks: 5,
            nanos: 6,
            tick: 1 << 31,
        };
        published.put(Some(scale));
        assert_eq!(published.get(), Some(scale));
        assert_eq!(published.nanos(|| Some(15)), Some(11));
        published.put(None);
        assert_eq!(published.nanos(|| Some(15)), None);
    }
}
