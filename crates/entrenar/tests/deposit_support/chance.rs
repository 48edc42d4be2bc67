//! What goes wrong, made of a seed alone.

use std::time::Duration;

use crate::fake_archive::proxy::Fault;

/// SplitMix64: what follows from a seed and nothing else.
#[derive(Debug, Clone)]
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

pub(crate) fn fault(chance: &mut Chance) -> Fault {
    match chance.below(12) {
        0 => Fault::CutBefore,
        1 => Fault::CutHalfway,
        2..=4 => Fault::LoseReply,
        5 => Fault::CutReply,
        6 => Fault::Late(Duration::from_millis(500)),
        7 => Fault::Status(429),
        8 => Fault::Status(502),
        9 => Fault::Status(504),
        10 => Fault::StatusAfter(502),
        _ => Fault::StatusAfter(504),
    }
}
