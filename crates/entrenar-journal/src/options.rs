//! How a journal is kept.

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::head::RecorderId;
use crate::storage::{FileSystem, Storage};

/// Where a journal lies and how large and how durable it is.
#[derive(Debug, Clone)]
pub struct Options {
    /// Folder of the segments: in memory (see [`memory_folder`](crate::memory_folder)) if there is such a
    /// one, or else the journal's folder.
    pub segments_folder: PathBuf,
    /// Folder of the journal files.
    pub journal_folder: PathBuf,
    /// Id of the recorder; a random one if unset. A forked child always gets a random one.
    pub recorder: Option<RecorderId>,
    /// Points in a segment, of 64 bytes each: a power of two. Default 32,768 (2 MiB).
    pub slots: u32,
    /// Segments kept ready ahead of the writers. Default 4: 131,072 points may come at once.
    pub ahead: u32,
    /// Segments of points at most; when the disk stands still for long, they fill up, and then points are
    /// dropped and counted. Default 64 (128 MiB).
    pub segments_at_most: u32,
    /// Bytes of a lane's segment: the longest frame is 16 bytes shorter. Default 256 KiB.
    pub lane_bytes: usize,
    /// Segments of a lane at most. Default 16.
    pub lane_segments_at_most: usize,
    /// A journal file that is longer than this is followed by the next. Default 16 MiB.
    pub file_bytes: u64,
    /// Points and frames are written to the journal at least this often. Default 100 ms.
    pub write_every: Duration,
    /// The journal is synced at least this often. Default 1 s.
    pub sync_every: Duration,
    /// How long points behind one that is not finished wait for it. Default 1 s.
    pub patience: Duration,
    /// What keeps the files.
    pub storage: Arc<dyn Storage>,
    /// What is done before a forked child opens its journal.
    pub child: Option<Arc<dyn ChildOpener>>,
}

/// Does what must be done when a forked child opens a journal of its own. Called in the child, by the first
/// thread that logs; it must take no lock that a thread of the parent might have held.
pub trait ChildOpener: Debug + Send + Sync {
    /// What the child's first lane begins with. No file of the recorder exists yet.
    fn open(&self, recorder: RecorderId) -> Vec<Vec<u8>>;
}

impl Options {
    /// The defaults, for these folders.
    #[must_use]
    pub fn new(segments_folder: impl Into<PathBuf>, journal_folder: impl Into<PathBuf>) -> Self {
        let segments_folder = segments_folder.into();
        Self {
            storage: Arc::new(FileSystem::for_segments(&segments_folder)),
            segments_folder,
            journal_folder: journal_folder.into(),
            recorder: None,
            slots: 32_768,
            ahead: 4,
            segments_at_most: 64,
            lane_bytes: 256 << 10,
            lane_segments_at_most: 16,
            file_bytes: 16 << 20,
            write_every: Duration::from_millis(100),
            sync_every: Duration::from_secs(1),
            patience: Duration::from_secs(1),
            child: None,
        }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let wide = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
        let rules = [
            (
                "slots",
                u64::from(self.slots),
                self.slots.is_power_of_two() && (16..=1 << 20).contains(&self.slots),
                "a power of two from 16 to 1,048,576",
            ),
            (
                "segments_at_most",
                u64::from(self.segments_at_most),
                (2..=4096).contains(&self.segments_at_most),
                "from 2 to 4,096",
            ),
            (
                "ahead",
                u64::from(self.ahead),
                (1..=self.segments_at_most).contains(&self.ahead),
                "from 1 to segments_at_most",
            ),
            (
                "lane_bytes",
                wide(self.lane_bytes),
                (4096..=32 << 20).contains(&self.lane_bytes)
                    && self.lane_bytes.is_multiple_of(4096),
                "a multiple of 4,096, at most 32 MiB",
            ),
            (
                "lane_segments_at_most",
                wide(self.lane_segments_at_most),
                self.lane_segments_at_most >= 2,
                "2 or more",
            ),
        ];
        rules
            .into_iter()
            .try_for_each(|(option, value, good, must)| {
                if good {
                    Ok(())
                } else {
                    Err(Error::Option {
                        option,
                        value,
                        must,
                    })
                }
            })
    }
}
