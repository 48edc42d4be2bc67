//! Live recordings in the store: what a recorder's journal says, and how it becomes part of a session.
//!
//! The journal knows series by number and frames as bytes. [`Frame`] says what they mean.

pub(crate) mod apply;
mod frame;
pub(crate) mod reading;

pub use frame::{
    Assembler, CellFrame, End, Frame, FrameError, MAX_ENVIRONMENT_BYTES, MAX_FRAME_BYTES,
    MAX_FRAME_DEPTH, PART_HEAD_BYTES, SeriesDefinition, Start,
};

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
pub use entrenar_journal::RecorderId;

use crate::session::{SeriesKey, SessionState};

/// The folder of the journals of a store: `entrenar.db.journal` beside `entrenar.db`.
pub fn journal_folder(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".journal");
    name.into()
}

/// What the process that records knows of itself, so that a store which lost its rows can be told again.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// What its first frame said.
    pub start: &'a Start,
    /// What its series numbers mean; those that the store knows are passed over.
    pub series: &'a [SeriesDefinition],
    /// Points and frames dropped so far.
    pub dropped: u64,
}

/// What is added to a session without a journal.
#[derive(Debug, Clone)]
pub struct Direct<'a> {
    /// Session and rank; its process is 0, for it is none that lives on.
    pub start: &'a Start,
    /// Whether the session is made if it is not there.
    pub create: bool,
    /// Whether the session must not be there.
    pub is_new: bool,
    /// Cells, settings, tags; an end.
    pub frames: &'a [Frame],
    /// Points with the names of their series; one without a time gets the present one. Origins are not kept.
    pub points: &'a [(String, crate::session::Point)],
}

/// What sealing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sealed {
    /// Points added to the session.
    pub points: u64,
    /// Cells added to the session.
    pub cells: u64,
    /// Journal files below this number are in the store and may be deleted.
    pub below: u64,
    /// The store did not know the recorder and took it as new: its first seal, or the store was replaced.
    pub began: bool,
}

/// What became of a recorder whose process ended without a word, or of one that ended and left files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveredRecorder {
    /// Its id.
    pub recorder: RecorderId,
    /// Its session.
    pub session: String,
    /// How it ended: interrupted, unless its last frame says otherwise.
    pub state: SessionState,
    /// Points and cells that were not in the store before.
    pub sealed: Sealed,
    /// What was dropped, damaged or missing, in plain words.
    pub notes: Vec<String>,
}

/// How far the recording of a session is.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordingStatus {
    /// Its state.
    pub state: SessionState,
    /// Its recorders, in the order in which they began.
    pub recorders: Vec<RecorderStatus>,
    /// Number of runs.
    pub runs: usize,
}

/// A recorder of a session, as the store knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct RecorderStatus {
    /// Its id.
    pub recorder: RecorderId,
    /// Its rank.
    pub rank: Option<u32>,
    /// Its process.
    pub pid: u32,
    /// Its machine, where that was told.
    pub host: Option<String>,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it ended.
    pub ended: Option<DateTime<Utc>>,
    /// Its state.
    pub state: SessionState,
    /// Points in the store.
    pub points: u64,
    /// Points and frames dropped, as far as the store knows.
    pub dropped: u64,
    /// Number of the first journal file that is not in the store.
    pub file: u64,
}

/// The end of a series, for one who goes on with it.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesEnd {
    /// The series.
    pub key: SeriesKey,
    /// Number of points.
    pub count: usize,
    /// The step after the last point's, as `Series::next_step` tells it.
    pub next_step: i64,
    /// The last value.
    pub last: f64,
    /// The smallest and the largest finite value.
    pub finite: Option<(f64, f64)>,
}

/// Reads parts of frames of any bytes; for the fuzz target.
#[cfg(fuzzing)]
pub fn fuzz_frames(bytes: &[u8]) {
    let mut assembler = Assembler::default();
    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first() {
        let (part, after) = after.split_at(usize::from(*length).min(after.len()));
        rest = after;
        if let Ok(Some(frame)) = assembler.push(part)
            && !matches!(frame, Frame::Unknown { .. })
        {
            // What was read can be written and read again.
            let mut again = Assembler::default();
            let parts = frame.parts(64).expect("it was read");
            let read = parts.iter().map(|part| again.push(part).expect("a part"));
            assert_eq!(read.last().flatten(), Some(frame));
        }
        assembler = assembler
            .unfinished()
            .map_or_else(Assembler::default, |unfinished| {
                Assembler::resume(&unfinished)
            });
    }
}
