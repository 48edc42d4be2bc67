//! Every offset and constant of the bytes in segments and journal files, each made from the one before.
//!
//! `docs/journal-format.md` draws them; a test compares the two. All numbers are little-endian.

/// Version of the format, in the header of each segment and journal file.
pub const VERSION: u32 = 1;

/// A point in a segment or in a frame of points: one cache line.
pub mod slot {
    /// Number of the point among all points of its recorder, from 0: u64.
    pub const SEQUENCE: usize = 0;
    /// Number of the series: u32.
    pub const SERIES: usize = SEQUENCE + 8;
    /// What is set (below) and 16 bits of the caller's: u32.
    pub const FLAGS: usize = SERIES + 4;
    /// Step: i64, where [`HAS_STEP`] is set.
    pub const STEP: usize = FLAGS + 4;
    /// Value: f64.
    pub const VALUE: usize = STEP + 8;
    /// Wall time in µs since 1970: i64.
    pub const MICROS: usize = VALUE + 8;
    /// Epoch: f64, where [`HAS_EPOCH`] is set.
    pub const EPOCH: usize = MICROS + 8;
    /// Zero.
    pub const RESERVED: usize = EPOCH + 8;
    /// CRC-32C of the recorder's id and of all bytes of the slot before this field: u32.
    pub const CHECKSUM: usize = RESERVED + 8;
    /// [`PUBLISHED`], stored together with the checksum after everything else: u32.
    pub const MARK: usize = CHECKSUM + 4;
    /// Bytes of a slot.
    pub const SIZE: usize = MARK + 4;

    /// Flag: the point has a step.
    pub const HAS_STEP: u32 = 1;
    /// Flag: the point has an epoch.
    pub const HAS_EPOCH: u32 = 2;
    /// Where the 16 bits of the caller begin in the flags.
    pub const CALLER_SHIFT: u32 = 16;
    /// The mark of a slot whose point is complete: "PNT!".
    pub const PUBLISHED: u32 = u32::from_le_bytes(*b"PNT!");
}

/// The first page of a segment.
pub mod segment {
    /// "ENTRSEG" and a line feed; zero while the segment is being prepared.
    pub const MAGIC: usize = 0;
    /// Version of the format: u32.
    pub const VERSION: usize = MAGIC + 8;
    /// [`KIND_POINTS`] or [`KIND_LANE`]: u32.
    pub const KIND: usize = VERSION + 4;
    /// Id of the recorder: 16 bytes.
    pub const RECORDER: usize = KIND + 4;
    /// Number of the segment, from 0, within the recorder or within its lane: u64.
    pub const NUMBER: usize = RECORDER + 16;
    /// Number of slots, or bytes of frames: u64.
    pub const CAPACITY: usize = NUMBER + 8;
    /// When the recorder started, µs since 1970: i64.
    pub const STARTED: usize = CAPACITY + 8;
    /// Process that writes: u32.
    pub const PID: usize = STARTED + 8;
    /// Number of the lane; zero in a segment of points: u32.
    pub const LANE: usize = PID + 4;
    /// Points that had been dropped when the segment was opened: u64.
    pub const DROPPED: usize = LANE + 4;
    /// CRC-32C of all bytes of the header before this field: u32.
    pub const CHECKSUM: usize = DROPPED + 8;
    /// Zero: u32.
    pub const RESERVED: usize = CHECKSUM + 4;
    /// Number of points of the recorder when it was closed: u64.
    pub const SEAL_COUNT: usize = RESERVED + 4;
    /// CRC-32C of the recorder's id and the count: u32.
    pub const SEAL_CHECKSUM: usize = SEAL_COUNT + 8;
    /// [`SEALED`]: u32, stored together with the checksum after the count.
    pub const SEAL_MARK: usize = SEAL_CHECKSUM + 4;
    /// Where slots or frames begin.
    pub const SIZE: usize = 4096;

    /// Value of the magic.
    pub const MAGIC_BYTES: [u8; 8] = *b"ENTRSEG\n";
    /// A segment of slots.
    pub const KIND_POINTS: u32 = 1;
    /// A segment of one lane's frames.
    pub const KIND_LANE: u32 = 2;
    /// The sealing mark: "SEAL".
    pub const SEALED: u32 = u32::from_le_bytes(*b"SEAL");
}

/// A frame in a lane's segment. Frames begin at multiples of eight bytes.
pub mod lane {
    /// Bytes of the payload and [`PUBLISHED`] in the highest bit: u32.
    pub const LENGTH: usize = 0;
    /// CRC-32C of recorder, lane, number of the frame, and payload: u32; stored together with the
    /// length after everything else.
    pub const CHECKSUM: usize = LENGTH + 4;
    /// Number of the frame in its lane, from 0: u64.
    pub const NUMBER: usize = CHECKSUM + 4;
    /// Where the payload begins.
    pub const SIZE: usize = NUMBER + 8;

    /// Set in the length of every complete frame.
    pub const PUBLISHED: u32 = 1 << 31;
    /// In the place of a length: the lane goes on in its next segment.
    pub const END: u32 = u32::MAX;
}

/// The head of a journal file.
pub mod file {
    /// "ENTRJRN" and a line feed.
    pub const MAGIC: usize = 0;
    /// Version of the format: u32.
    pub const VERSION: usize = MAGIC + 8;
    /// Process that writes: u32.
    pub const PID: usize = VERSION + 4;
    /// Id of the recorder: 16 bytes.
    pub const RECORDER: usize = PID + 4;
    /// Number of the file, from 0: u64.
    pub const NUMBER: usize = RECORDER + 16;
    /// When the recorder started, µs since 1970: i64.
    pub const STARTED: usize = NUMBER + 8;
    /// Slots in a segment: u64.
    pub const SLOTS: usize = STARTED + 8;
    /// CRC-32C of all bytes before this field: u32.
    pub const CHECKSUM: usize = SLOTS + 8;
    /// Zero: u32.
    pub const RESERVED: usize = CHECKSUM + 4;
    /// Where frames begin.
    pub const SIZE: usize = RESERVED + 4;

    /// Value of the magic.
    pub const MAGIC_BYTES: [u8; 8] = *b"ENTRJRN\n";
}

/// The head of a frame in a journal file. Frames begin at multiples of eight bytes.
pub mod frame {
    /// [`MAGIC_VALUE`]: u32.
    pub const MAGIC: usize = 0;
    /// One of the kinds below: u32.
    pub const KIND: usize = MAGIC + 4;
    /// Bytes of the payload, without the zeros that fill it up to a multiple of eight: u32.
    pub const LENGTH: usize = KIND + 4;
    /// CRC-32C of the payload: u32.
    pub const PAYLOAD_CHECKSUM: usize = LENGTH + 4;
    /// Number of the frame in its file, from 0: u64.
    pub const NUMBER: usize = PAYLOAD_CHECKSUM + 4;
    /// CRC-32C of recorder, number of the file, and all bytes of the head before this field: u32.
    pub const CHECKSUM: usize = NUMBER + 8;
    /// Zero: u32.
    pub const RESERVED: usize = CHECKSUM + 4;
    /// Where the payload begins.
    pub const SIZE: usize = RESERVED + 4;

    /// Value of the magic: "FRM!".
    pub const MAGIC_VALUE: u32 = u32::from_le_bytes(*b"FRM!");
    /// Slots, as they were in the segment, in the order of their sequence.
    pub const POINTS: u32 = 1;
    /// Slots that were published long after their neighbours.
    pub const LATE_POINTS: u32 = 2;
    /// Lane (u32), zero (u32), number of the frame in its lane (u64), the bytes.
    pub const LANE: u32 = 3;
    /// What the files before this one hold: see [`super::mark`].
    pub const MARK: u32 = 4;
    /// The folder of the segments, as the bytes of its path.
    pub const PLACE: u32 = 5;
    /// The recorder was closed: see [`super::seal`].
    pub const SEAL: u32 = 6;
    /// Longest payload.
    pub const LONGEST: usize = 64 << 20;
}

/// Payload of a frame of a lane in a journal file.
pub mod lane_frame {
    /// Number of the lane: u32.
    pub const LANE: usize = 0;
    /// Zero: u32.
    pub const RESERVED: usize = LANE + 4;
    /// Number of the frame in its lane: u64.
    pub const NUMBER: usize = RESERVED + 4;
    /// Where the bytes of the frame begin.
    pub const SIZE: usize = NUMBER + 8;
}

/// Payload of the frame that says what earlier files hold.
pub mod mark {
    /// All points below this sequence are in earlier files, apart from the exceptions: u64.
    pub const COPIED: usize = 0;
    /// Points dropped so far: u64.
    pub const DROPPED: usize = COPIED + 8;
    /// Number of exceptions: u32.
    pub const EXCEPTIONS: usize = DROPPED + 8;
    /// Number of lanes: u32.
    pub const LANES: usize = EXCEPTIONS + 4;
    /// The exceptions (a sequence each: u64), then the lanes: number (u32), zero (u32), number of the
    /// first frame that earlier files do not hold (u64).
    pub const SIZE: usize = LANES + 4;
}

/// Payload of the sealing mark.
pub mod seal {
    /// Points that the recorder accepted: u64.
    pub const COUNT: usize = 0;
    /// Points and frames that it dropped: u64.
    pub const DROPPED: usize = COUNT + 8;
    /// Bytes.
    pub const SIZE: usize = DROPPED + 8;
}
