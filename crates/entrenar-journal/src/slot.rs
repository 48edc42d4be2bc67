//! A point and the slot that holds it: written as seven words, published by the eighth.
//!
//! The writer of a slot stores the words with relaxed stores and the check word last with a release
//! store; a reader loads the check word first with an acquire load. A reader that sees the mark
//! therefore sees the whole point, in this process and, because a kill keeps every store that was
//! executed, in the mapped file.

use crate::layout::slot as at;
use crate::map::checksum_words;
use crate::sync::{AtomicU64, Ordering};

/// Words of a slot.
pub(crate) const WORDS: usize = at::SIZE / 8;
/// The word with checksum and mark.
const CHECK: usize = at::CHECKSUM / 8;
const _: () = assert!(CHECK == WORDS - 1 && WORDS == 8);

/// One value of one series.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// The caller's number of the series.
    pub series: u32,
    /// Sixteen bits for the caller; the journal keeps them.
    pub flags: u16,
    /// Step, where there is one. Steps may repeat and go back.
    pub step: Option<i64>,
    /// Value; NaN and infinities keep their bits.
    pub value: f64,
    /// Wall time in µs since 1970.
    pub micros: i64,
    /// Epoch, where there is one.
    pub epoch: Option<f64>,
}

impl Point {
    /// A point whose value, epoch and all else have the same bits (unlike `==`, for which NaN differs
    /// from itself).
    #[must_use]
    pub fn same_bits(&self, other: &Self) -> bool {
        self.encode(0, 0) == other.encode(0, 0)
    }

    /// The eight words of the slot, check word included. `seed` is the checksum of the recorder's id.
    #[inline]
    pub(crate) fn encode(&self, sequence: u64, seed: u32) -> [u64; WORDS] {
        let mut flags = u32::from(self.flags) << at::CALLER_SHIFT;
        if self.step.is_some() {
            flags |= at::HAS_STEP;
        }
        if self.epoch.is_some() {
            flags |= at::HAS_EPOCH;
        }
        let body = [
            sequence,
            u64::from(self.series) | u64::from(flags) << 32,
            self.step.unwrap_or(0).cast_unsigned(),
            self.value.to_bits(),
            self.micros.cast_unsigned(),
            self.epoch.unwrap_or(0.0).to_bits(),
            0,
        ];
        let [a, b, c, d, e, f, g] = body;
        [a, b, c, d, e, f, g, check_word(&body, seed)]
    }

    /// The sequence and the point of a slot; `None` where mark or checksum are wrong.
    pub(crate) fn decode(words: &[u64; WORDS], seed: u32) -> Option<(u64, Self)> {
        let [sequence, ids, step, value, micros, epoch, reserved, check] = *words;
        if check_word(&[sequence, ids, step, value, micros, epoch, reserved], seed) != check {
            return None;
        }
        let (series, flags) = halves(ids);
        let point = Self {
            series,
            flags: u16::try_from(flags >> at::CALLER_SHIFT).ok()?,
            step: (flags & at::HAS_STEP != 0).then_some(step.cast_signed()),
            value: f64::from_bits(value),
            micros: micros.cast_signed(),
            epoch: (flags & at::HAS_EPOCH != 0).then_some(f64::from_bits(epoch)),
        };
        Some((sequence, point))
    }
}

/// The lower and the upper half of a word.
#[expect(clippy::cast_possible_truncation, reason = "halves are meant")]
pub(crate) const fn halves(word: u64) -> (u32, u32) {
    (word as u32, (word >> 32) as u32)
}

#[inline]
fn check_word(body: &[u64; CHECK], seed: u32) -> u64 {
    u64::from(checksum_words(seed, body)) | u64::from(at::PUBLISHED) << 32
}

/// Whether a check word says that its slot is complete.
pub(crate) const fn is_published(check: u64) -> bool {
    halves(check).1 == at::PUBLISHED
}

/// Stores a slot: the body first, the check word last.
#[inline]
pub(crate) fn publish(slot: &[AtomicU64], words: &[u64; WORDS]) {
    if let (Some((last, body)), [values @ .., check]) = (slot.split_last(), words) {
        for (word, value) in body.iter().zip(values) {
            word.store(value.to_le(), Ordering::Relaxed);
        }
        last.store(check.to_le(), Ordering::Release);
    }
}

/// What must not be done: the check word first. The tests prove that they notice it.
#[cfg(feature = "faults")]
pub(crate) fn publish_reversed(slot: &[AtomicU64], words: &[u64; WORDS]) {
    if let (Some((last, body)), [values @ .., check]) = (slot.split_last(), words) {
        last.store(check.to_le(), Ordering::Relaxed);
        for (word, value) in body.iter().zip(values) {
            std::hint::spin_loop();
            word.store(value.to_le(), Ordering::Relaxed);
        }
    }
}

/// The words of a slot that is published; `None` while it is not.
pub(crate) fn read(slot: &[AtomicU64]) -> Option<[u64; WORDS]> {
    let (last, body) = slot.split_last()?;
    let check = u64::from_le(last.load(Ordering::Acquire));
    if !is_published(check) {
        return None;
    }
    let mut words = [check; WORDS];
    for (value, word) in words.iter_mut().zip(body) {
        *value = u64::from_le(word.load(Ordering::Relaxed));
    }
    Some(words)
}

/// Makes a slot unpublished, for its next use.
pub(crate) fn clear(slot: &[AtomicU64]) {
    if let Some(last) = slot.last() {
        last.store(0, Ordering::Relaxed);
    }
}
