//! Sessions kept.
//!
//! [`Store`] is what a backend does; the contract test suite in `tests/store_contract` is
//! run by every implementation. [`SqliteStore`] is the embedded default.

mod error;
mod query;
#[cfg(feature = "record")]
pub mod recording;
mod sqlite;

use std::path::Path;

use crate::research::archive::DepositState;
use crate::session::{EntrenarSession, Fork, SessionChain};

pub use error::StoreError;
pub use query::{
    Comparison, Finding, ListQuery, MetricBound, Redaction, SessionSummary, SortKey, StoredDeposit,
    StoredEvent, StoredStep,
};
#[cfg(feature = "record")]
pub use sqlite::Piece;
#[cfg(fuzzing)]
pub use sqlite::fuzz_chunk;
pub use sqlite::{
    BUSY_TIMEOUT, MAX_VALUE_BYTES, Prepared, SqliteStore, StoreMode, StoreView, StoredAbscissas,
    StoredSeries, StoredSeriesInfo,
};

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportStatus {
    /// The session is new in the store.
    Imported,
    /// The same source is there already; nothing was changed.
    Unchanged,
}

/// Keeps sessions. Ids given to these methods are whole ids; see [`resolve`](Self::resolve).
pub trait Store {
    /// Adds a session with its source document in one transaction.
    ///
    /// The same source (by SHA-256), or for a session without one the same id with the same
    /// content, changes nothing. The session keeps its id.
    ///
    /// # Errors
    /// [`StoreError::IdTaken`] where another session has the id; nothing is changed then.
    fn import(
        &mut self,
        session: &EntrenarSession,
        source: Option<&[u8]>,
    ) -> Result<ImportStatus, StoreError>;

    /// Adds many sessions in one transaction, each with its own status: one that is refused
    /// does not stop the others.
    ///
    /// # Errors
    /// If the store itself fails; nothing is changed then.
    fn import_all(
        &mut self,
        sessions: &[(&EntrenarSession, Option<&[u8]>)],
    ) -> Result<Vec<Result<ImportStatus, StoreError>>, StoreError>;

    /// Finds the one session whose id is or begins with `prefix`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] or [`StoreError::Ambiguous`].
    fn resolve(&self, prefix: &str) -> Result<String, StoreError>;

    /// The sessions that match, in order.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn list(&self, query: &ListQuery) -> Result<Vec<SessionSummary>, StoreError>;

    /// The names of all metrics that sessions of the store have, sorted by bytes.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn metric_names(&self) -> Result<Vec<String>, StoreError>;

    /// The whole session, equal to what was imported and edited since.
    ///
    /// # Errors
    /// If it is not there or the store cannot be read.
    fn session(&self, id: &str) -> Result<EntrenarSession, StoreError>;

    /// The source document of a session, byte for byte.
    ///
    /// # Errors
    /// As [`session`](Self::session).
    fn source(&self, id: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Adds and removes tags.
    ///
    /// # Errors
    /// As [`session`](Self::session), or if the store cannot be written.
    fn tag(&mut self, id: &str, add: &[String], remove: &[String]) -> Result<(), StoreError>;

    /// Replaces the notes.
    ///
    /// # Errors
    /// As [`tag`](Self::tag).
    fn set_notes(&mut self, id: &str, notes: Option<&str>) -> Result<(), StoreError>;

    /// Gives the session another name (its id stays).
    ///
    /// # Errors
    /// As [`tag`](Self::tag).
    fn rename(&mut self, id: &str, name: &str) -> Result<(), StoreError>;

    /// What somebody wrote about the session's artifact, as it was given.
    ///
    /// # Errors
    /// As [`session`](Self::session).
    fn artifact_metadata(&self, id: &str) -> Result<Option<String>, StoreError>;

    /// Replaces what is written about the session's artifact: TOML that the store keeps and does
    /// not read. `None` removes it.
    ///
    /// # Errors
    /// As [`tag`](Self::tag).
    fn set_artifact_metadata(&mut self, id: &str, toml: Option<&str>) -> Result<(), StoreError>;

    /// The works that the session cites, as they were given.
    ///
    /// # Errors
    /// As [`session`](Self::session).
    fn references(&self, id: &str) -> Result<Option<String>, StoreError>;

    /// Replaces the works that the session cites: a list of CSL-JSON that the store keeps and does
    /// not read. `None` removes it.
    ///
    /// # Errors
    /// As [`tag`](Self::tag).
    fn set_references(&mut self, id: &str, csl_json: Option<&str>) -> Result<(), StoreError>;

    /// The deposits of the session of that (whole) id, or all of them, oldest first. Those of a
    /// session that was removed are kept.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn deposits(&self, session: Option<&str>) -> Result<Vec<StoredDeposit>, StoreError>;

    /// Replaces the state of a deposit, which survives a power failure when this returns.
    ///
    /// # Errors
    /// If the store cannot be written.
    fn save_deposit(&mut self, state: &DepositState) -> Result<(), StoreError>;

    /// Removes a session and every blob that no other session uses.
    ///
    /// # Errors
    /// As [`tag`](Self::tag).
    fn remove(&mut self, id: &str) -> Result<(), StoreError>;

    /// Replaces every occurrence of `secret` in the session's texts and source by a mark of
    /// the same kind, and leaves no copy of it in the store's files.
    ///
    /// # Errors
    /// As [`tag`](Self::tag).
    fn redact(&mut self, id: &str, secret: &str) -> Result<Redaction, StoreError>;

    /// The sessions that go on from this one, by the step at which they do. What was forked from it in another
    /// store is not known.
    ///
    /// # Errors
    /// As [`session`](Self::session).
    fn forks(&self, id: &str) -> Result<Vec<Fork>, StoreError>;

    /// The events of a session, or of the whole store, oldest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn events(&self, id: Option<&str>) -> Result<Vec<StoredEvent>, StoreError>;

    /// The session's own event chain: its events since it was imported (after a removal, anew).
    ///
    /// # Errors
    /// As [`session`](Self::session).
    fn chain(&self, id: &str) -> Result<SessionChain, StoreError> {
        let events = self.events(Some(id))?;
        let start = events.iter().rposition(|event| event.kind == "remove");
        let mut chain = SessionChain::new(id);
        for event in events.into_iter().skip(start.map_or(0, |at| at + 1)) {
            chain.push(event.kind, event.detail);
        }
        if chain.events().is_empty() {
            return Err(StoreError::NotFound { id: id.to_owned() });
        }
        Ok(chain)
    }

    /// Writes a consistent copy of the store to `path`, while others may write.
    ///
    /// # Errors
    /// If `path` exists or cannot be written.
    fn backup(&self, path: &Path) -> Result<(), StoreError>;

    /// Looks for damage: pages, hashes of blobs, chunks that do not decode, the event chain.
    ///
    /// # Errors
    /// If the store cannot be read at all.
    fn check(&self) -> Result<Vec<Finding>, StoreError>;
}
