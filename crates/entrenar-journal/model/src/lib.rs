//! The publication protocols of `entrenar-journal` under loom: the journal's own `slot.rs`, `tickets.rs` and
//! `clock/scale.rs` with loom's atomics in place of `std`'s, and the order of `segments.rs` in small.
#![cfg(loom)]
#![allow(dead_code, reason = "parts of the included files are for other users")]

#[path = "../../src/layout.rs"]
mod layout;
#[path = "../../src/clock/scale.rs"]
mod scale;
#[path = "../../src/slot.rs"]
mod slot;
#[path = "../../src/tickets.rs"]
mod tickets;

mod sync {
    pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};
}

mod map {
    /// The journal uses the processor's instruction where there is one; the sums are the same.
    pub(crate) fn checksum_words(seed: u32, words: &[u64; 7]) -> u32 {
        words.iter().fold(seed, |seed, word| crc32c::crc32c_append(seed, &word.to_le_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use loom::sync::Arc;
    use loom::thread;

    use crate::scale::{Published, Scale};
    use crate::slot::{self, Point, WORDS};
    use crate::sync::{AtomicU64, Ordering};
    use crate::tickets::{Taken, Tickets};

    /// Two slots in all: one a segment, and one region for both segments, as when the ring is full.
    struct Small {
        tickets: Tickets,
        region: Vec<AtomicU64>,
        /// Number of the segment that the region holds.
        route: AtomicU64,
    }

    fn point(series: u32) -> Point {
        Point { series, step: Some(5), value: f64::from(series) + 0.5, ..Point::default() }
    }

    impl Small {
        fn new() -> Self {
            Self {
                tickets: Tickets::new(0),
                region: (0..WORDS).map(|_| AtomicU64::new(0)).collect(),
                route: AtomicU64::new(u64::MAX),
            }
        }

        /// As the ahead thread: clear, route, grant.
        fn open(&self, number: u64) {
            slot::clear(&self.region);
            self.route.store(number, Ordering::Relaxed);
            self.tickets.grant();
        }

        fn log(&self, series: u32, publish: fn(&[AtomicU64], &[u64; WORDS])) -> Taken {
            let taken = self.tickets.take();
            if let Taken::Slot(sequence) = taken {
                assert_eq!(self.route.load(Ordering::Relaxed), sequence, "a slot of another segment");
                publish(&self.region, &point(series).encode(sequence, 1));
            }
            taken
        }

        /// As the disk thread: what is published must be whole.
        fn copy(&self, sequence: u64) -> Option<u32> {
            if self.tickets.state().issued <= sequence {
                return None;
            }
            let words = slot::read(&self.region)?;
            let (found, copied) = Point::decode(&words, 1).expect("a published slot is torn");
            assert_eq!(found, sequence);
            assert!(copied.same_bits(&point(copied.series)));
            Some(copied.series)
        }
    }

    fn publication(publish: fn(&[AtomicU64], &[u64; WORDS])) {
        let small = Arc::new(Small::new());
        small.open(0);
        let writers: Vec<_> = (1..3)
            .map(|series| {
                let small = Arc::clone(&small);
                thread::spawn(move || small.log(series, publish) != Taken::Over)
            })
            .collect();
        let seen = small.copy(0);
        let logged: Vec<bool> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
        assert_eq!(logged.iter().filter(|logged| **logged).count(), 1, "one slot, one writer");
        assert_eq!(small.tickets.dropped(), 1);
        let copied = small.copy(0).expect("a logged point is there");
        assert!(logged[copied as usize - 1]);
        assert!(seen.is_none_or(|seen| seen == copied));
    }

    #[test]
    fn published_slots_are_whole() {
        loom::model(|| publication(slot::publish));
    }

    #[test]
    #[should_panic(expected = "torn")]
    fn reversed_publication_is_found() {
        loom::model(|| publication(slot::publish_reversed));
    }

    /// A region is used for its next segment while a writer logs: no point is lost, mixed or put twice.
    #[test]
    fn a_region_used_again_has_no_old_writer() {
        loom::model(|| {
            let small = Arc::new(Small::new());
            small.open(0);
            let writer = {
                let small = Arc::clone(&small);
                thread::spawn(move || (1..4).filter(|s| matches!(small.log(*s, slot::publish), Taken::Slot(_))).count())
            };
            let mut copied = 0;
            for sequence in 0..2 {
                if small.copy(sequence).is_some() {
                    copied += 1;
                    small.open(sequence + 1);
                } else {
                    break;
                }
            }
            let logged = writer.join().unwrap() as u64;
            let last = small.copy(copied).is_some();
            assert_eq!(copied + u64::from(last), logged);
            assert_eq!(small.tickets.dropped(), 3 - logged);
        });
    }

    /// After a close nothing is given out, and the count is exact.
    #[test]
    fn close_counts_exactly() {
        loom::model(|| {
            let tickets = Arc::new(Tickets::new(1));
            tickets.grant();
            let takers: Vec<_> = (0..2)
                .map(|_| {
                    let tickets = Arc::clone(&tickets);
                    thread::spawn(move || matches!(tickets.take(), Taken::Slot(_)))
                })
                .collect();
            let count = tickets.close();
            let taken = takers.into_iter().filter_map(|taker| taker.join().unwrap().then_some(())).count();
            assert_eq!(count, taken as u64);
            assert_eq!(tickets.take(), Taken::Closed);
        });
    }

    /// Whoever reads the clock's scale has one that was published whole, or none.
    #[test]
    fn scales_are_whole() {
        let scale = |number| Scale { ticks: number, nanos: number, tick: number };
        loom::model(move || {
            let published = Arc::new(Published::default());
            published.put(Some(scale(1)));
            let keeper = {
                let published = Arc::clone(&published);
                thread::spawn(move || (2..4).for_each(|number| published.put(Some(scale(number)))))
            };
            if let Some(read) = published.get() {
                assert_eq!(read, scale(read.ticks));
            }
            keeper.join().unwrap();
            assert_eq!(published.get(), Some(scale(3)));
        });
    }
}
