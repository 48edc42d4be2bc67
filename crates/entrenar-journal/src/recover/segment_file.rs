//! Segments: every valid slot, and a lane's frames up to the first that is not.

use super::{DamageKind, Each, Reading, Seal};
use crate::head::{
    FileKind, FileName, SEGMENT_HEAD, SegmentHead, lane_checksum, lane_frame_bytes, seal_word,
    u32_at, u64_at,
};
use crate::layout::{lane, segment, slot};
use crate::read::{Item, decode};

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

/// What is at a place of a lane's segment.
#[derive(Debug)]
pub(crate) enum LaneStep<'a> {
    /// A frame: its number and its bytes.
    Frame(u64, &'a [u8]),
    /// Nothing yet.
    Nothing,
    /// The lane goes on in its next segment.
    End,
    /// Something that does not match its checksum.
    Damage,
}

/// Reads the frame that begins `bytes`; `seed` is the lane's.
pub(crate) fn lane_step(bytes: &[u8], seed: u32) -> LaneStep<'_> {
    let Some(head) = u32_at(bytes, lane::LENGTH) else {
        return LaneStep::End;
    };
    if head == lane::END {
        return LaneStep::End;
    }
    if u64_at(bytes, lane::LENGTH) == Some(0) {
        return LaneStep::Nothing;
    }
    let frame = (head & lane::PUBLISHED != 0).then(|| {
        let length = usize::try_from(head & !lane::PUBLISHED).ok()?;
        let payload = bytes.get(lane::SIZE..)?.get(..length)?;
        let number = u64_at(bytes, lane::NUMBER)?;
        let checksum = u32_at(bytes, lane::CHECKSUM)?;
        (checksum == lane_checksum(seed, number, payload)).then_some((number, payload))
    });
    match frame.flatten() {
        Some((number, payload)) => LaneStep::Frame(number, payload),
        None => LaneStep::Damage,
    }
}

impl Reading {
    /// Reads a segment of points or of a lane.
    pub(super) fn read_segment<E>(
        &mut self,
        name: FileName,
        bytes: &[u8],
        each: Each<'_, E>,
    ) -> Result<(), E> {
        self.report.segments += 1;
        match name.kind {
            FileKind::Lane(lane) => self.read_lane(name, lane, bytes, each),
            FileKind::Points | FileKind::Journal => self.read_points(name, bytes, each),
        }
    }

    fn read_points<E>(&mut self, name: FileName, bytes: &[u8], each: Each<'_, E>) -> Result<(), E> {
        self.read_head(name, None, bytes);
        let seed = name.recorder.seed();
        let (mut open, mut unfinished) = (0, 0);
        let slots = bytes.get(segment::SIZE..).unwrap_or_default();
        let mut new = std::mem::take(&mut self.new);
        new.clear();
        for (index, bytes) in slots.chunks(slot::SIZE).enumerate() {
            let offset = segment::SIZE + index * slot::SIZE;
            if let Some((sequence, point)) = decode(bytes, seed) {
                // An unpublished slot counts when a published one follows.
                unfinished += std::mem::take(&mut open);
                let known = self.known(name.recorder);
                let released = known.released();
                if released.is_some_and(|released| released.has_point(sequence)) {
                    continue;
                }
                if known.points.insert(sequence) {
                    self.report.points_in_segments += 1;
                    new.push((sequence, point));
                } else {
                    self.report.repeated += 1;
                }
            } else if is_marked(bytes) {
                self.damaged(name, offset, DamageKind::Slot);
                unfinished += std::mem::take(&mut open);
            } else {
                open += 1;
            }
        }
        self.report.unfinished += unfinished;
        let given = if new.is_empty() {
            Ok(())
        } else {
            each(name.recorder, Item::Points(&new))
        };
        self.new = new;
        given
    }

    fn read_lane<E>(
        &mut self,
        name: FileName,
        id: u32,
        bytes: &[u8],
        each: Each<'_, E>,
    ) -> Result<(), E> {
        self.read_head(name, Some(id), bytes);
        let seed = name.recorder.lane_seed(id);
        let mut offset = segment::SIZE;
        loop {
            match lane_step(bytes.get(offset..).unwrap_or_default(), seed) {
                LaneStep::Frame(number, payload) => {
                    let known = self.known(name.recorder);
                    let released = known.released();
                    if !released.is_some_and(|released| released.has_frame(id, number)) {
                        if known.lanes.entry(id).or_default().insert(number) {
                            let item = Item::Frame {
                                lane: id,
                                number,
                                bytes: payload,
                            };
                            each(name.recorder, item)?;
                        } else {
                            self.report.repeated += 1;
                        }
                    }
                    offset += lane_frame_bytes(payload.len());
                }
                LaneStep::Nothing | LaneStep::End => return Ok(()),
                LaneStep::Damage => {
                    self.damaged(name, offset, DamageKind::LaneFrame);
                    return Ok(());
                }
            }
        }
    }

    /// Notes what a head says. Slots and frames prove themselves, so that a damaged head loses none.
    fn read_head(&mut self, name: FileName, lane: Option<u32>, bytes: &[u8]) {
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
        let known = self.known(name.recorder);
        known.note_owner(head.owner);
        known.dropped = known.dropped.max(head.dropped);
        if sealed && known.seal.is_none() {
            known.seal = Some(Seal {
                points: count,
                dropped: head.dropped,
            });
        }
    }
}
