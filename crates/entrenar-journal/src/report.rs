//! How reading went.

/// How reading went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Report {
    /// Journal files read.
    pub journal_files: u64,
    /// Segments read.
    pub segments: u64,
    /// Points found in journal files.
    pub points_in_files: u64,
    /// Points found in segments only.
    pub points_in_segments: u64,
    /// Points and frames found more than once.
    pub repeated: u64,
    /// Slots that were taken but not published, with published ones behind them: their `log` had not
    /// returned.
    pub unfinished: u64,
    /// Sequences that are missing between the first and the last. Beside a running recorder these may be
    /// points that were being written.
    pub missing_points: u64,
    /// Numbers that are missing between the first and the last of a lane.
    pub missing_frames: u64,
    /// What was damaged, and where.
    pub damage: Vec<Damage>,
    /// Damage beyond the first 1,000 places.
    pub more_damage: u64,
}

/// A damaged place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, byte {offset}: {kind}")]
pub struct Damage {
    /// Name of the file.
    pub file: String,
    /// Where in it.
    pub offset: u64,
    /// What.
    pub kind: DamageKind,
}

/// What can be damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DamageKind {
    /// The head is unreadable; what it says was taken from the file's name.
    #[error("the head of the file is damaged")]
    Head,
    /// More bytes than a frame's head has, and no frame begins there.
    #[error("bytes that are no frame")]
    NotAFrame,
    /// A frame's payload does not match its checksum; points in it were read one by one.
    #[error("the frame does not match its checksum")]
    Payload,
    /// The file ends within a frame or its head: it was being written.
    #[error("the file ends within a frame")]
    Cut,
    /// A slot is marked as complete and does not match its checksum.
    #[error("a slot does not match its checksum")]
    Slot,
    /// A lane's frame does not match its checksum; nothing behind it in this segment was read.
    #[error("a lane's frame does not match its checksum")]
    LaneFrame,
    /// A segment is shorter than its head says.
    #[error("the segment is cut")]
    ShortSegment,
}

/// Places of damage that are listed.
const MOST: usize = 1000;

impl Report {
    pub(crate) fn damaged(&mut self, damage: Damage) {
        if self.damage.len() < MOST {
            self.damage.push(damage);
        } else {
            self.more_damage += 1;
        }
    }

    /// Adds what was found elsewhere.
    pub(crate) fn add(&mut self, other: Self) {
        self.journal_files += other.journal_files;
        self.segments += other.segments;
        self.points_in_files += other.points_in_files;
        self.points_in_segments += other.points_in_segments;
        self.repeated += other.repeated;
        self.unfinished += other.unfinished;
        self.missing_points += other.missing_points;
        self.missing_frames += other.missing_frames;
        self.more_damage += other.more_damage;
        for damage in other.damage {
            self.damaged(damage);
        }
    }
}
