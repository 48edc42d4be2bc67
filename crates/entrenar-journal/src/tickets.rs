//! Who may write where: one word that hands out slots and knows where they end.
//!
//! ```text
//!  63      62 … 48                    47 … 0
//! closed | first segment not granted | next sequence
//! ```
//!
//! `take` is one `fetch_add`; because sequence and limit are one word, every taker knows whether its slot
//! exists, without a second look that could race with a grant. Sequences beyond the limit belong to
//! nobody: they are given back (and counted as dropped) before the limit rises, so that every slot of a
//! granted segment has exactly one writer.
//!
//! The limit is kept modulo 2^15. It stays unambiguous because takers themselves give back a long
//! overrun.

use crate::sync::{AtomicU64, Ordering};

const SEQUENCE_BITS: u32 = 48;
const SEQUENCE: u64 = (1 << SEQUENCE_BITS) - 1;
const LIMIT: u64 = 0x7fff;
const CLOSED: u64 = 1 << 63;
/// More segments ahead than this means: behind.
const HALF: u64 = LIMIT / 2;
/// Overrun, in segments, that takers give back themselves.
const LONG_OVERRUN: u64 = 1 << 10;

/// What a taker got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// The slot of this sequence; it must be published.
    Slot(u64),
    /// No segment is ready.
    Over,
    /// The journal is closed.
    Closed,
}

/// The word, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    /// Sequences below this one have been given to a writer.
    pub(crate) issued: u64,
    /// First segment that is not granted.
    pub(crate) limit: u64,
    /// Takers that were refused and not counted yet.
    pub(crate) over: u64,
    pub(crate) closed: bool,
}

/// On a cache line of its own: every `log` writes it.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Tickets {
    word: AtomicU64,
    shift: u32,
    dropped: AtomicU64,
}

impl Tickets {
    /// No segment granted; a segment has `1 << shift` slots.
    pub(crate) fn new(shift: u32) -> Self {
        Self {
            word: AtomicU64::new(0),
            shift,
            dropped: AtomicU64::new(0),
        }
    }

    /// Takes the next slot.
    #[inline]
    pub(crate) fn take(&self) -> Taken {
        // Acquire: what the granter wrote before `grant` is visible to whoever gets a slot.
        let word = self.word.fetch_add(1, Ordering::Acquire);
        let sequence = word & SEQUENCE;
        let ahead = self.ahead(word);
        if ahead.wrapping_sub(1) < HALF && word & CLOSED == 0 {
            Taken::Slot(sequence)
        } else {
            self.refuse(word)
        }
    }

    #[cold]
    fn refuse(&self, word: u64) -> Taken {
        if word & CLOSED != 0 {
            return Taken::Closed;
        }
        if self.ahead(word).wrapping_neg() & LIMIT > LONG_OVERRUN {
            self.give_back();
        }
        Taken::Over
    }

    /// Segments from that of the next sequence to the limit, modulo 2^15.
    #[inline]
    const fn ahead(&self, word: u64) -> u64 {
        (word >> SEQUENCE_BITS).wrapping_sub((word & SEQUENCE) >> self.shift) & LIMIT
    }

    const fn apart(&self, word: u64) -> State {
        let sequence = word & SEQUENCE;
        let here = sequence >> self.shift;
        let ahead = self.ahead(word);
        let limit = if ahead <= HALF {
            here.saturating_add(ahead)
        } else {
            here.saturating_sub(ahead.wrapping_neg() & LIMIT)
        };
        let end = limit << self.shift;
        State {
            issued: if sequence < end { sequence } else { end },
            limit,
            over: sequence.saturating_sub(end),
            closed: word & CLOSED != 0,
        }
    }

    fn together(limit: u64, sequence: u64) -> u64 {
        (limit & LIMIT) << SEQUENCE_BITS | sequence & SEQUENCE
    }

    /// What has been given out. Acquire: whoever sees a sequence issued may look up its segment.
    pub(crate) fn state(&self) -> State {
        self.apart(self.word.load(Ordering::Acquire))
    }

    /// Lets takers into one more segment. False once closed.
    pub(crate) fn grant(&self) -> bool {
        self.advance(1)
    }

    fn give_back(&self) {
        self.advance(0);
    }

    fn advance(&self, segments: u64) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let state = self.apart(word);
            if state.closed {
                return false;
            }
            let next = Self::together(state.limit.wrapping_add(segments), state.issued);
            // Release: pairs with `take`.
            match self
                .word
                .compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) => {
                    self.dropped.fetch_add(state.over, Ordering::Relaxed);
                    return true;
                }
                Err(now) => word = now,
            }
        }
    }

    /// Gives out nothing any more; the number of sequences that were given out. Call once.
    pub(crate) fn close(&self) -> u64 {
        let state = self.apart(self.word.fetch_or(CLOSED, Ordering::AcqRel));
        self.dropped.fetch_add(state.over, Ordering::Relaxed);
        state.issued
    }

    /// Counts points that were refused outside `take`'s own counting.
    pub(crate) fn count_dropped(&self, points: u64) {
        self.dropped.fetch_add(points, Ordering::Relaxed);
    }

    /// Points refused until now.
    pub(crate) fn dropped(&self) -> u64 {
        let state = self.state();
        let waiting = if state.closed { 0 } else { state.over };
        self.dropped.load(Ordering::Relaxed).saturating_add(waiting)
    }
}
