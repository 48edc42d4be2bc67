//! Ids, names of files, and the heads of segments, journal files and frames as values.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;
use crate::layout::{self, file, frame, lane, segment};

/// Which recorder wrote: 16 bytes, shown as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecorderId(pub [u8; 16]);

impl RecorderId {
    /// A random id.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn random() -> Result<Self, Error> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(Error::Random)?;
        Ok(Self(id))
    }

    /// The checksum that the checksums of slots continue.
    pub(crate) fn seed(self) -> u32 {
        crc32c::crc32c(&self.0)
    }

    /// The checksum that the checksums of a lane's frames continue.
    pub(crate) fn lane_seed(self, lane: u32) -> u32 {
        crc32c::crc32c_append(self.seed(), &lane.to_le_bytes())
    }

    /// The checksum that the checksums of a file's frames continue.
    pub(crate) fn file_seed(self, number: u64) -> u32 {
        crc32c::crc32c_append(self.seed(), &number.to_le_bytes())
    }
}

impl fmt::Display for RecorderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for RecorderId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let digit = |byte: &u8| char::from(*byte).to_digit(16);
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let mut id = [0; 16];
        if pairs.len() != id.len() || !rest.is_empty() {
            return Err(NotAnId);
        }
        for (byte, [high, low]) in id.iter_mut().zip(pairs) {
            let (high, low) = (digit(high).ok_or(NotAnId)?, digit(low).ok_or(NotAnId)?);
            *byte = u8::try_from(high * 16 + low).unwrap_or_default();
        }
        Ok(Self(id))
    }
}

/// A text that is not a recorder's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a recorder's id has 32 hexadecimal digits")]
pub struct NotAnId;

/// What the name of a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileName {
    /// Who wrote it.
    pub recorder: RecorderId,
    /// What it is.
    pub kind: FileKind,
    /// Its number, from 0, among those of its kind (and lane).
    pub number: u64,
}

/// The kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// A journal file.
    Journal,
    /// A segment of points.
    Points,
    /// A segment of this lane.
    Lane(u32),
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            recorder,
            kind,
            number,
        } = self;
        match kind {
            FileKind::Journal => write!(f, "{recorder}.{number:010}.journal"),
            FileKind::Points => write!(f, "{recorder}.{number:010}.segment"),
            FileKind::Lane(lane) => write!(f, "{recorder}.lane{lane:06}.{number:010}.segment"),
        }
    }
}

impl FileName {
    /// Reads a file's name; `None` where it is not one of ours.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let mut parts = name.split('.');
        let recorder = parts.next()?.parse().ok()?;
        let mut next = parts.next()?;
        let mut lane = None;
        if let Some(digits) = next.strip_prefix("lane") {
            lane = Some(digits.parse().ok()?);
            next = parts.next()?;
        }
        let number = next.parse().ok()?;
        let kind = match (parts.next()?, lane) {
            ("journal", None) => FileKind::Journal,
            ("segment", None) => FileKind::Points,
            ("segment", Some(lane)) => FileKind::Lane(lane),
            _ => return None,
        };
        let parsed = Self {
            recorder,
            kind,
            number,
        };
        (parts.next().is_none() && parsed.to_string() == name).then_some(parsed)
    }
}

/// What a recorder's files have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) recorder: RecorderId,
    pub(crate) pid: u32,
    pub(crate) started: i64,
}

/// The head of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentHead {
    pub(crate) owner: Owner,
    /// `None` for points.
    pub(crate) lane: Option<u32>,
    pub(crate) number: u64,
    pub(crate) capacity: u64,
    pub(crate) dropped: u64,
}

/// Bytes of a segment's head that its checksum covers or is.
pub(crate) const SEGMENT_HEAD: usize = segment::RESERVED;

impl SegmentHead {
    pub(crate) fn encode(&self) -> [u8; SEGMENT_HEAD] {
        let mut bytes = [0; SEGMENT_HEAD];
        put(&mut bytes, segment::MAGIC, &segment::MAGIC_BYTES);
        put(&mut bytes, segment::VERSION, &layout::VERSION.to_le_bytes());
        let kind = if self.lane.is_some() {
            segment::KIND_LANE
        } else {
            segment::KIND_POINTS
        };
        put(&mut bytes, segment::KIND, &kind.to_le_bytes());
        put(&mut bytes, segment::RECORDER, &self.owner.recorder.0);
        put(&mut bytes, segment::NUMBER, &self.number.to_le_bytes());
        put(&mut bytes, segment::CAPACITY, &self.capacity.to_le_bytes());
        put(
            &mut bytes,
            segment::STARTED,
            &self.owner.started.to_le_bytes(),
        );
        put(&mut bytes, segment::PID, &self.owner.pid.to_le_bytes());
        put(
            &mut bytes,
            segment::LANE,
            &self.lane.unwrap_or(0).to_le_bytes(),
        );
        put(&mut bytes, segment::DROPPED, &self.dropped.to_le_bytes());
        check(&mut bytes, segment::CHECKSUM, 0);
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        checked(bytes, segment::MAGIC_BYTES, segment::CHECKSUM)?;
        let kind = u32_at(bytes, segment::KIND)?;
        let lane = u32_at(bytes, segment::LANE)?;
        Some(Self {
            owner: Owner {
                recorder: RecorderId(array_at(bytes, segment::RECORDER)?),
                pid: u32_at(bytes, segment::PID)?,
                started: i64::from_le_bytes(array_at(bytes, segment::STARTED)?),
            },
            lane: match kind {
                segment::KIND_POINTS => None,
                segment::KIND_LANE => Some(lane),
                _ => return None,
            },
            number: u64_at(bytes, segment::NUMBER)?,
            capacity: u64_at(bytes, segment::CAPACITY)?,
            dropped: u64_at(bytes, segment::DROPPED)?,
        })
    }
}

/// The word with checksum and mark of a sealed segment.
pub(crate) fn seal_word(recorder: RecorderId, count: u64) -> u64 {
    let checksum = crc32c::crc32c_append(recorder.seed(), &count.to_le_bytes());
    u64::from(checksum) | u64::from(segment::SEALED) << 32
}

/// The head of a journal file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileHead {
    pub(crate) owner: Owner,
    pub(crate) number: u64,
    pub(crate) slots: u64,
}

impl FileHead {
    pub(crate) fn encode(&self) -> [u8; file::SIZE] {
        let mut bytes = [0; file::SIZE];
        put(&mut bytes, file::MAGIC, &file::MAGIC_BYTES);
        put(&mut bytes, file::VERSION, &layout::VERSION.to_le_bytes());
        put(&mut bytes, file::PID, &self.owner.pid.to_le_bytes());
        put(&mut bytes, file::RECORDER, &self.owner.recorder.0);
        put(&mut bytes, file::NUMBER, &self.number.to_le_bytes());
        put(&mut bytes, file::STARTED, &self.owner.started.to_le_bytes());
        put(&mut bytes, file::SLOTS, &self.slots.to_le_bytes());
        check(&mut bytes, file::CHECKSUM, 0);
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        checked(bytes, file::MAGIC_BYTES, file::CHECKSUM)?;
        Some(Self {
            owner: Owner {
                recorder: RecorderId(array_at(bytes, file::RECORDER)?),
                pid: u32_at(bytes, file::PID)?,
                started: i64::from_le_bytes(array_at(bytes, file::STARTED)?),
            },
            number: u64_at(bytes, file::NUMBER)?,
            slots: u64_at(bytes, file::SLOTS)?,
        })
    }
}

/// The head of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameHead {
    pub(crate) kind: u32,
    pub(crate) length: u32,
    pub(crate) payload_checksum: u32,
    pub(crate) number: u64,
}

impl FrameHead {
    pub(crate) fn encode(&self, seed: u32) -> [u8; frame::SIZE] {
        let mut bytes = [0; frame::SIZE];
        put(&mut bytes, frame::MAGIC, &frame::MAGIC_VALUE.to_le_bytes());
        put(&mut bytes, frame::KIND, &self.kind.to_le_bytes());
        put(&mut bytes, frame::LENGTH, &self.length.to_le_bytes());
        put(
            &mut bytes,
            frame::PAYLOAD_CHECKSUM,
            &self.payload_checksum.to_le_bytes(),
        );
        put(&mut bytes, frame::NUMBER, &self.number.to_le_bytes());
        check(&mut bytes, frame::CHECKSUM, seed);
        bytes
    }

    pub(crate) fn decode(bytes: &[u8], seed: u32) -> Option<Self> {
        if u32_at(bytes, frame::MAGIC)? != frame::MAGIC_VALUE {
            return None;
        }
        let checksum = crc32c::crc32c_append(seed, bytes.get(..frame::CHECKSUM)?);
        let length = u32_at(bytes, frame::LENGTH)?;
        let too_long = usize::try_from(length).is_ok_and(|length| length > frame::LONGEST);
        if u32_at(bytes, frame::CHECKSUM)? != checksum || too_long {
            return None;
        }
        Some(Self {
            kind: u32_at(bytes, frame::KIND)?,
            length,
            payload_checksum: u32_at(bytes, frame::PAYLOAD_CHECKSUM)?,
            number: u64_at(bytes, frame::NUMBER)?,
        })
    }
}

/// The checksum of a lane's frame; `seed` is [`RecorderId::lane_seed`].
pub(crate) fn lane_checksum(seed: u32, number: u64, payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c_append(seed, &number.to_le_bytes()), payload)
}

/// Bytes that a lane's frame takes.
pub(crate) const fn lane_frame_bytes(payload: usize) -> usize {
    lane::SIZE + payload.next_multiple_of(8)
}

fn checked(bytes: &[u8], magic: [u8; 8], checksum: usize) -> Option<()> {
    let good = array_at(bytes, 0)? == magic
        && u32_at(bytes, 8)? == layout::VERSION
        && u32_at(bytes, checksum)? == crc32c::crc32c(bytes.get(..checksum)?);
    good.then_some(())
}

fn check(bytes: &mut [u8], at: usize, seed: u32) {
    let checksum = crc32c::crc32c_append(seed, bytes.get(..at).unwrap_or_default());
    put(bytes, at, &checksum.to_le_bytes());
}

/// Copies a field to its place.
pub(crate) fn put(bytes: &mut [u8], at: usize, field: &[u8]) {
    for (byte, field) in bytes.iter_mut().skip(at).zip(field) {
        *byte = *field;
    }
}

pub(crate) fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array_at(bytes, at).map(u32::from_le_bytes)
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array_at(bytes, at).map(u64::from_le_bytes)
}
