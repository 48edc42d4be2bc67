//! What becomes of what is logged.

use entrenar_journal::Reason;

/// What became of a point, or of what else was recorded.
///
/// Nothing waits for the disk or another process, so there are times when something cannot be taken; it is
/// then counted and told in [`Status`](super::Status), in the report of
/// [`finish`](super::Recorder::finish) and as a warning of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken: a killed process does not lose it.
    Logged,
    /// It, or part of it, was not taken.
    Dropped(DropReason),
}

/// Why something was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DropReason {
    /// The memory for points is full: they come faster than the disk follows.
    NoSpace,
    /// The recorder has finished, or the journal refuses to write since a failure.
    Closed,
    /// The name of a series is longer than [`MAX_NAME_BYTES`](super::MAX_NAME_BYTES), or a text is longer than
    /// a store keeps.
    TooLong,
    /// There are more names of series than memory is kept for.
    TooManySeries,
    /// This process was forked from the one that records and could not open a journal of its own.
    Forked,
    /// A name or text cannot be written down.
    Unwritable,
}

impl DropReason {
    /// The same for a person.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoSpace => "the memory for points was full",
            Self::Closed => "the recorder had finished or refused to write",
            Self::TooLong => "a name or text was too long",
            Self::TooManySeries => "there were too many series",
            Self::Forked => "a forked process had no journal of its own",
            Self::Unwritable => "it could not be written down",
        }
    }
}

impl Outcome {
    /// The first reason of the two, if any.
    pub(super) fn and(self, other: Self) -> Self {
        match self {
            Self::Logged => other,
            Self::Dropped(_) => self,
        }
    }
}

impl From<Reason> for DropReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::NoSegment => Self::NoSpace,
            Reason::TooLong => Self::TooLong,
            Reason::Forked => Self::Forked,
            // Whatever a later journal adds, it takes nothing.
            _ => Self::Closed,
        }
    }
}
