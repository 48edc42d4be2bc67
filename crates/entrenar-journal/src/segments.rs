//! The ring of point segments: which mapped region holds which segment, and the hot path into them.
//!
//! A region is mapped once and used for one segment after another: when all points of a segment are in
//! the journal, its region is cleared, renamed and granted again. So no thread can ever meet a region
//! that was unmapped, and steady logging meets no page fault.
//!
//! Order that carries weight: (1) the ahead thread clears a region, writes its head and stores its
//! route; (2) it grants the segment (release); (3) `log` takes a ticket (acquire), looks up the route,
//! writes the slot and publishes it (release); (4) the disk thread reads the ticket word (acquire), then
//! published slots (acquire); (5) only when each slot of a segment has been copied does the region go
//! back to (1), through a lock.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::head::{Owner, SEGMENT_HEAD, SegmentHead, seal_word};
use crate::layout::segment;
use crate::map::Region;
use crate::sleeper::Sleeper;
use crate::slot::{self, Point, WORDS};
use crate::tickets::{Taken, Tickets};

/// Index of the first word behind the head.
const FIRST: usize = segment::SIZE / 8;

/// Whether all points of this process are published in the wrong order.
#[cfg(feature = "faults")]
static REVERSED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// From now on all points of this process are published in the wrong order, so that tests of what is built
/// upon the journal prove that they would notice.
#[cfg(feature = "faults")]
pub fn reverse_publication() {
    REVERSED.store(true, Ordering::Relaxed);
}

/// All segments of points.
#[derive(Debug)]
pub(crate) struct Segments {
    pub(crate) tickets: Tickets,
    /// Region of segment `n` at `n % routes.len()`; a power of two.
    routes: Box<[AtomicU32]>,
    regions: Box<[OnceLock<Region>]>,
    seed: u32,
    shift: u32,
    /// The ahead thread's, woken by whoever begins a segment.
    pub(crate) sleeper: Arc<Sleeper>,
}

impl Segments {
    /// `1 << shift` slots a segment, at most `at_most` regions.
    pub(crate) fn new(shift: u32, at_most: usize, seed: u32) -> Self {
        let routes = at_most.next_power_of_two();
        Self {
            tickets: Tickets::new(shift),
            routes: (0..routes).map(|_| AtomicU32::new(0)).collect(),
            regions: (0..at_most).map(|_| OnceLock::new()).collect(),
            seed,
            shift,
            sleeper: Arc::default(),
        }
    }

    pub(crate) const fn slots(&self) -> u64 {
        1 << self.shift
    }

    /// Bytes of a segment with its head.
    pub(crate) fn bytes(&self) -> usize {
        segment::SIZE + ((slot::WORDS * 8) << self.shift)
    }

    /// Points for which there is room.
    pub(crate) fn room(&self) -> u64 {
        let state = self.tickets.state();
        (state.limit << self.shift).saturating_sub(state.issued)
    }

    pub(crate) const fn segment_of(&self, sequence: u64) -> u64 {
        sequence >> self.shift
    }

    /// The hot path: takes a ticket, writes the slot.
    #[inline]
    pub(crate) fn log(&self, point: &Point) -> Taken {
        #[cfg(feature = "faults")]
        if REVERSED.load(Ordering::Relaxed) {
            return self.log_reversed(point);
        }
        let taken = self.tickets.take();
        if let Taken::Slot(sequence) = taken {
            let words = point.encode(sequence, self.seed);
            if let Some(slot) = self.slot(sequence) {
                slot::publish(slot, &words);
            }
            if sequence & (self.slots() - 1) == 0 {
                self.sleeper.wake_from_long();
            }
        }
        taken
    }

    /// As [`Self::log`], but with the wrong order of publication.
    #[cfg(feature = "faults")]
    pub(crate) fn log_reversed(&self, point: &Point) -> Taken {
        let taken = self.tickets.take();
        if let Taken::Slot(sequence) = taken {
            let words = point.encode(sequence, self.seed);
            if let Some(slot) = self.slot(sequence) {
                slot::publish_reversed(slot, &words);
            }
        }
        taken
    }

    /// Takes a ticket and leaves the slot as it is, as a thread does that is killed there.
    #[cfg(feature = "faults")]
    pub(crate) fn take_only(&self) -> Taken {
        self.tickets.take()
    }

    /// The words of the slot of an issued sequence.
    #[inline]
    pub(crate) fn slot(&self, sequence: u64) -> Option<&[AtomicU64]> {
        let index = usize::try_from(sequence & (self.slots() - 1)).ok()?;
        let start = FIRST + index * WORDS;
        self.region(self.segment_of(sequence))?
            .words()
            .get(start..start + WORDS)
    }

    #[inline]
    fn region(&self, number: u64) -> Option<&Region> {
        // The ticket's acquire made the route visible; see the order above.
        let route = self.route(number)?.load(Ordering::Relaxed);
        self.regions.get(route as usize)?.get()
    }

    #[inline]
    fn route(&self, number: u64) -> Option<&AtomicU32> {
        let mask = self.routes.len() - 1;
        self.routes.get(usize::try_from(number).ok()? & mask)
    }

    /// Index of the region of a granted segment.
    pub(crate) fn region_index(&self, number: u64) -> Option<u32> {
        Some(self.route(number)?.load(Ordering::Relaxed))
    }

    /// Keeps a new region; its index. `None` where there are enough.
    pub(crate) fn add(&self, index: u32, region: Region) -> bool {
        self.regions
            .get(index as usize)
            .is_some_and(|cell| cell.set(region).is_ok())
    }

    /// Makes a region blank: whoever finds it after a crash sees unpublished slots.
    pub(crate) fn blank(&self, index: u32) {
        let Some(region) = self.regions.get(index as usize).and_then(OnceLock::get) else {
            return;
        };
        if let Some(magic) = region.words().first() {
            magic.store(0, Ordering::Release);
        }
        for slot in region
            .words()
            .get(FIRST..)
            .unwrap_or_default()
            .chunks_exact(WORDS)
        {
            slot::clear(slot);
        }
    }

    /// Opens a blank region as the segment of this number. False once closed.
    pub(crate) fn open(&self, index: u32, number: u64, owner: Owner) -> bool {
        let head = SegmentHead {
            owner,
            lane: None,
            number,
            capacity: self.slots(),
            dropped: self.tickets.dropped(),
        };
        let cell = self.regions.get(index as usize).and_then(OnceLock::get);
        let (Some(region), Some(route)) = (cell, self.route(number)) else {
            return false;
        };
        write_head(region, &head.encode());
        route.store(index, Ordering::Relaxed);
        self.tickets.grant()
    }

    /// Writes the sealing mark into a segment.
    pub(crate) fn seal(&self, number: u64, owner: Owner, count: u64) {
        if let Some(region) = self.region(number) {
            seal(region, owner, count);
        }
    }
}

/// Writes a head: the magic last.
pub(crate) fn write_head(region: &Region, head: &[u8; SEGMENT_HEAD]) {
    region.write(1, head.get(8..).unwrap_or_default());
    if let (Some(word), Some(magic)) = (region.words().first(), head.first_chunk()) {
        word.store(u64::from_le_bytes(*magic).to_le(), Ordering::Release);
    }
}

/// Writes the sealing mark: the count first.
pub(crate) fn seal(region: &Region, owner: Owner, count: u64) {
    let word = |at: usize| region.words().get(at / 8);
    if let (Some(place), Some(mark)) = (word(segment::SEAL_COUNT), word(segment::SEAL_CHECKSUM)) {
        place.store(count.to_le(), Ordering::Relaxed);
        mark.store(seal_word(owner.recorder, count).to_le(), Ordering::Release);
    }
}
