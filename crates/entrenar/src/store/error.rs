use std::path::PathBuf;

/// A store could not do what was asked; unless said otherwise nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No session has this id or prefix; `list` shows the ids.
    #[error("no session {id:?} in the store")]
    NotFound {
        /// What was asked for.
        id: String,
    },
    /// Several ids begin so; give more digits.
    #[error("{prefix:?} is the beginning of several ids: {}", ids.join(", "))]
    Ambiguous {
        /// What was asked for.
        prefix: String,
        /// The ids, at most ten.
        ids: Vec<String>,
    },
    /// No series has this number: its session was removed or written anew. `series_of` gives those
    /// that there are.
    #[error("no series {id} in the store")]
    NoSeries {
        /// What was asked for.
        id: i64,
    },
    /// A window that cannot be drawn was asked for.
    #[error(transparent)]
    Window(#[from] crate::window::WindowError),
    /// Another session has this id; import it under another.
    #[error("another session has the id {id:?}")]
    IdTaken {
        /// The id.
        id: String,
    },
    /// A recorder is at work on the session, or its process died and left something to recover; end it, or
    /// run `doctor`.
    #[error("the session {id:?} is being recorded")]
    Live {
        /// The id.
        id: String,
    },
    /// The store knows nothing of this recorder, and what came of it does not say which session it records:
    /// the store was replaced while it was at work. Its first frame and its series must come again.
    #[error("the store knows nothing of the recorder {recorder}")]
    UnknownRecorder {
        /// Its id.
        recorder: String,
    },
    /// A journal cannot be read; its files stay where they are.
    #[error("the journal of recorder {recorder} cannot be read")]
    Journal {
        /// The recorder's id.
        recorder: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file is not an entrenar store.
    #[error("{} is not an entrenar store: {reason}", path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The store was written by a newer entrenar; update this one.
    #[error("{} has schema {found}, this program knows up to {known}", path.display())]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// Another process holds the write lock; try again.
    #[error("{} is locked by another process", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The file or its folder cannot be written.
    #[error("{} cannot be written", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("no space left for {}", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// A text or document is larger than the database can hold.
    #[error("{what} is too large: more than {limit} bytes")]
    TooLarge {
        /// What is too large.
        what: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// JSON in an output or in metadata is nested more deeply than can be read back.
    #[error("{what} is nested more than {limit} levels deep")]
    TooDeep {
        /// Where.
        what: String,
        /// The limit.
        limit: usize,
    },
    /// The text cannot be redacted; `reason` says why, the text itself is not shown.
    #[error("this text cannot be redacted: {reason}")]
    Unredactable {
        /// Why.
        reason: &'static str,
    },
    /// What was read back is damaged; run `doctor`.
    #[error("the store is damaged: {what}")]
    Damaged {
        /// What and where.
        what: String,
    },
    /// A file operation beside the database failed.
    #[error(transparent)]
    File(#[from] crate::files::FileError),
    /// The database failed otherwise.
    #[error("the store {} failed", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
