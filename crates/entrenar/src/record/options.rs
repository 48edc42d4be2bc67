//! How a session is recorded.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use entrenar_journal::Storage;

use super::environment::EnvironmentOptions;
use super::status::Trouble;
use super::system::SystemOptions;

/// Whether a session may go on that is in the store already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resume {
    /// It goes on if it is there, and is made if not.
    #[default]
    Allow,
    /// It must be there.
    Must,
    /// It must not be there.
    Never,
}

/// How a session is recorded. The defaults suit a training.
///
/// ```
/// use entrenar::record::RecorderOptions;
///
/// let second_of_four = RecorderOptions {
///     rank: Some(1),
///     environment: None,
///     ..RecorderOptions::default()
/// };
/// # drop(second_of_four);
/// ```
#[derive(Debug, Clone)]
pub struct RecorderOptions {
    /// Whether the session may be in the store already.
    pub resume: Resume,
    /// Rank of the process in a distributed training. Each rank has a recorder with the same session id.
    pub rank: Option<u32>,
    /// What is captured of the surroundings at the start; `None` for nothing.
    pub environment: Option<EnvironmentOptions>,
    /// Which figures of process and machine are recorded; `None` for none.
    pub system: Option<SystemOptions>,
    /// Points become part of the store at least this often. Default 5 s.
    pub seal_every: Duration,
    /// How long [`finish`](super::Recorder::finish) tries when the store is locked or fails. Default 15 s.
    pub finish_within: Duration,
    /// Memory for points that the disk does not take at once, in bytes. Default 128 MiB; it is used only
    /// when it is needed.
    pub memory_bytes: u64,
    /// Points that may come at once, before more memory is made ready: from 64 on. Default 131,072.
    pub burst: u32,
    /// Folder in memory for what was not copied to disk yet. By default `/dev/shm`, where that is memory; else
    /// the journal's folder, and a stalled disk can then delay `log`.
    pub memory_folder: Option<PathBuf>,
    /// Is told once of each trouble, from a background thread.
    pub on_trouble: Option<TroubleCallback>,
    /// What keeps segments and journal files; by default the file system. For tests.
    pub storage: Option<Arc<dyn Storage>>,
}

impl Default for RecorderOptions {
    fn default() -> Self {
        Self {
            resume: Resume::default(),
            rank: None,
            environment: Some(EnvironmentOptions::default()),
            system: Some(SystemOptions::default()),
            seal_every: Duration::from_secs(5),
            finish_within: Duration::from_secs(15),
            memory_bytes: 128 << 20,
            burst: 131_072,
            memory_folder: None,
            on_trouble: None,
            storage: None,
        }
    }
}

/// Called with each trouble.
#[derive(Clone)]
pub struct TroubleCallback(Arc<dyn Fn(&Trouble) + Send + Sync>);

impl TroubleCallback {
    /// Wraps a function, which must not take long and must not panic.
    pub fn new(tell: impl Fn(&Trouble) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    pub(super) fn tell(&self, trouble: &Trouble) {
        (self.0)(trouble);
    }
}

impl fmt::Debug for TroubleCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TroubleCallback(…)")
    }
}
