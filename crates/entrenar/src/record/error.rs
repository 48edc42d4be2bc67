use crate::store::StoreError;
use crate::store::recording::FrameError;

/// A recording could not begin, or what was asked could not be done; the training can go on without.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The session must be there to go on, and is not. See [`Resume`](super::Resume).
    #[error("no session {id:?} is there to go on")]
    NotThere {
        /// Its id.
        id: String,
    },
    /// The session must not be there, and is.
    #[error("the session {id:?} is there already")]
    AlreadyThere {
        /// Its id.
        id: String,
    },
    /// The session's id cannot be one; choose another.
    #[error("{id:?} cannot be the id of a session: {reason}")]
    Id {
        /// The id.
        id: String,
        /// Why.
        reason: &'static str,
    },
    /// The store cannot be opened or read.
    #[error("the store cannot be used")]
    Store(#[from] StoreError),
    /// The journal cannot be opened or written.
    #[error("the journal cannot be used")]
    Journal(#[from] entrenar_journal::Error),
    /// The folder of the journal cannot be used.
    #[error(transparent)]
    File(#[from] crate::files::FileError),
    /// The session's description cannot be written down.
    #[error("the session cannot be written down")]
    Frame(#[from] FrameError),
    /// A background thread could not be started.
    #[error("a background thread cannot be started")]
    Thread(#[source] std::io::Error),
    /// The recorder has finished.
    #[error("the recorder has finished")]
    Finished,
}
