//! How a recording is doing.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::outcome::DropReason;
use crate::store::StoreError;

/// Something that the user should know. Training goes on.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// The journal cannot be written at present, or at all since a failure; what is logged stays in memory as
    /// long as there is room, and survives a kill.
    #[error("the journal cannot be written")]
    Journal(#[source] entrenar_journal::Error),
    /// No more memory for points can be had at present.
    #[error("no more memory for points can be had")]
    Memory(#[source] entrenar_journal::Error),
    /// The store cannot be written at present; the journal keeps everything, and it is tried again.
    #[error("the store cannot be written")]
    Store(#[source] Arc<StoreError>),
    /// The store was deleted or replaced while it was recorded into; a new one is made, which lacks what the old
    /// one had.
    #[error("the store {} was deleted or replaced", path.display())]
    StoreGone {
        /// The store.
        path: PathBuf,
    },
    /// There is no memory that survives the process, so a stalled disk can delay `log`.
    #[error("there is no file system in memory; a stalled disk can delay the program")]
    NoMemoryFolder,
    /// The journal lies on a network file system: a kill loses what was logged in the last 100 ms.
    #[error("the journal lies on a network file system; a kill loses the last 100 ms")]
    NetworkFolder,
    /// The machine's clock was set back while recording: times of points go back, too.
    #[error("the clock was set back by {seconds} s")]
    ClockWentBack {
        /// By how much.
        seconds: u64,
    },
    /// Something was not taken.
    #[error("{count} points were dropped: {}", reason.as_str())]
    Dropped {
        /// How many so far.
        count: u64,
        /// Why the last of them.
        reason: DropReason,
    },
}

impl Trouble {
    /// Two troubles of one kind are one.
    pub(super) fn same_kind(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// A trouble, and since when.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StatusTrouble {
    /// What it is.
    pub trouble: Trouble,
    /// When it began.
    pub since: DateTime<Utc>,
    /// Whether it is over.
    pub over: bool,
}

/// How a recording is doing.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Status {
    /// Points taken.
    pub points: u64,
    /// Points and texts not taken.
    pub dropped: u64,
    /// Points written to the journal on disk.
    pub on_disk: u64,
    /// Points that are in the store.
    pub sealed: u64,
    /// Number of series.
    pub series: usize,
    /// Whether the recorder has finished.
    pub finished: bool,
    /// Everything that went wrong, in the order in which it began.
    pub troubles: Vec<StatusTrouble>,
}

/// How a recording ended.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FinishReport {
    /// Id of the session.
    pub session: String,
    /// Points taken.
    pub points: u64,
    /// Points and texts not taken.
    pub dropped: u64,
    /// Number of series.
    pub series: usize,
    /// The store that has them.
    pub store: PathBuf,
    /// Where what is not in the store is kept, if anything; opening the store recovers it.
    pub left_in: Option<PathBuf>,
    /// Everything that went wrong, in the order in which it began.
    pub troubles: Vec<StatusTrouble>,
}

impl FinishReport {
    /// Whether everything that was logged is in the store.
    pub fn is_complete(&self) -> bool {
        self.dropped == 0 && self.left_in.is_none()
    }
}
