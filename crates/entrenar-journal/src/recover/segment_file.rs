//! Segments: every valid slot, and a lane's frames up to the first that is not.

use super::journal_file::decode;
use super::{DamageKind, Recovery, Seal};
use crate::head::{
    FileKind, FileName, SEGMENT_HEAD, SegmentHead, lane_checksum, lane_frame_bytes, seal_word,
    u32_at, u64_at,
};
use crate::layout::{lane, segment, slot};

/// Whether a slot is marked as complete and is not.
pub(super) fn has_torn_slot(name: FileName, bytes: &[u8]) -> bool {
    let seed = name.recorder.seed();
    let slots = bytes
        .get(segment::SIZE..)
        .unwrap_or_default()
        .chunks(slot::SIZE);
    name.kind == FileKind::Points
        && slots
            .into_iter()
            .any(|slot| is_marked(slot) && decode(slot, seed).is_none())
}

fn is_marked(bytes: &[u8]) -> bool {
    u64_at(bytes, slot::CHECKSUM).is_some_and(|check| check != 0)
}

impl Recovery {
    pub(super) fn read_points(&mut self, name: FileName, bytes: &[u8]) {
        self.read_head(name, None, bytes);
        let seed = name.recorder.seed();
        let (mut open, mut unfinished) = (0, 0);
        let slots = bytes.get(segment::SIZE..).unwrap_or_default();
        for (index, bytes) in slots.chunks(slot::SIZE).enumerate() {
            let offset = segment::SIZE + index * slot::SIZE;
            if let Some((sequence, point)) = decode(bytes, seed) {
                // An unpublished slot counts when a published one follows.
                unfinished += std::mem::take(&mut open);
                let released = self.released(name.recorder);
                if !released.is_some_and(|released| released.has_point(sequence)) {
                    let new = self.keep_point(name.recorder, sequence, point);
                    self.report.points_in_segments += u64::from(new);
                }
            } else if is_marked(bytes) {
                self.damaged(name, offset, DamageKind::Slot);
                unfinished += std::mem::take(&mut open);
            } else {
                open += 1;
            }
        }
        self.report.unfinished += unfinished;
    }

    pub(super) fn read_lane(&mut self, name: FileName, id: u32, bytes: &[u8]) {
        self.read_head(name, Some(id), bytes);
        let seed = name.recorder.lane_seed(id);
        let mut offset = segment::SIZE;
        while let Some(head) = u32_at(bytes, offset) {
            if head == lane::END || u64_at(bytes, offset) == Some(0) {
                return;
            }
            let frame = (head & lane::PUBLISHED != 0).then(|| {
                let length = usize::try_from(head & !lane::PUBLISHED).ok()?;
                let payload = bytes.get(offset + lane::SIZE..)?.get(..length)?;
                let number = u64_at(bytes, offset + lane::NUMBER)?;
                let checksum = u32_at(bytes, offset + lane::CHECKSUM)?;
                (checksum == lane_checksum(seed, number, payload)).then_some((number, payload))
            });
            let Some((number, payload)) = frame.flatten() else {
                self.damaged(name, offset, DamageKind::LaneFrame);
                return;
            };
            let released = self.released(name.recorder);
            if !released.is_some_and(|released| released.has_frame(id, number)) {
                self.keep_frame(name.recorder, id, number, payload);
            }
            offset += lane_frame_bytes(payload.len());
        }
    }

    /// Notes what a head says. Slots and frames prove themselves, so that a damaged head loses none.
    fn read_head(&mut self, name: FileName, lane: Option<u32>, bytes: &[u8]) {
        self.report.segments += 1;
        if bytes.is_empty() || u64_at(bytes, segment::MAGIC) == Some(0) {
            // It was being prepared.
            return;
        }
        let head = bytes
            .get(..SEGMENT_HEAD)
            .and_then(SegmentHead::decode)
            .filter(|head| {
                head.owner.recorder == name.recorder
                    && head.number == name.number
                    && head.lane == lane
            });
        let Some(head) = head else {
            self.damaged(name, 0, DamageKind::Head);
            return;
        };
        let unit = if lane.is_some() { 1 } else { slot::SIZE as u64 };
        let length = u64::try_from(bytes.len().saturating_sub(segment::SIZE)).unwrap_or(u64::MAX);
        if head.capacity.saturating_mul(unit) > length {
            self.damaged(name, bytes.len(), DamageKind::ShortSegment);
        }
        let count = u64_at(bytes, segment::SEAL_COUNT).unwrap_or(0);
        let sealed = u64_at(bytes, segment::SEAL_CHECKSUM) == Some(seal_word(name.recorder, count));
        let gathered = self.recorders.entry(name.recorder).or_default();
        gathered.pid = Some(head.owner.pid);
        gathered.started = Some(head.owner.started);
        gathered.dropped = gathered.dropped.max(head.dropped);
        if sealed && gathered.seal.is_none() {
            gathered.seal = Some(Seal {
                points: count,
                dropped: head.dropped,
            });
        }
    }
}
