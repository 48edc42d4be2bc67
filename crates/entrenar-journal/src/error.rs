//! What can go wrong.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Why a journal could not be opened, written or read. Cheap to clone: one failure is told to many.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An option makes no sense. Correct it.
    #[error("{option} is {value}, which must be {must}")]
    Option {
        /// The option's name.
        option: &'static str,
        /// What it was.
        value: u64,
        /// What it may be.
        must: &'static str,
    },
    /// The file system refused. Points that were logged are still in the segments.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// There is no space for journal or segments at present. Nothing is lost yet: the data stay in
    /// memory and the write is tried again; free some space.
    #[error("no space to {doing} {}", path.display())]
    Full {
        /// What was tried.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// A write or sync failed before, so that nobody knows what is on the disk: the journal takes nothing
    /// more. Open a new one, in another place.
    #[error("the journal refuses to write since an earlier failure")]
    Refused(#[source] Arc<Self>),
    /// A recorder of this id is running. Choose another id.
    #[error("{} is locked by a running recorder", .0.display())]
    InUse(PathBuf),
    /// The journal was closed.
    #[error("the journal is closed")]
    Closed,
    /// This process was forked from the one that opened the journal; its own journal could not be opened.
    #[error("a forked process has no journal of its own")]
    Forked,
    /// The random numbers for an id could not be had.
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
    /// A background thread could not be started.
    #[error("cannot start a background thread")]
    Thread(#[source] Arc<io::Error>),
}

impl Error {
    /// Names the place of a failure; a lack of space becomes [`Error::Full`].
    pub(crate) fn io(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| {
            let full = matches!(
                source.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            );
            let source = Arc::new(source);
            if full {
                Self::Full {
                    doing,
                    path,
                    source,
                }
            } else {
                Self::Io {
                    doing,
                    path,
                    source,
                }
            }
        }
    }

    /// Whether a file or folder is not there (any more).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// Whether trying again later makes sense.
    pub(crate) const fn is_full(&self) -> bool {
        matches!(self, Self::Full { .. })
    }
}
