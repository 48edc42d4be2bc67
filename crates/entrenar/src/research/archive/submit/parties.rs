//! Who takes part in a deposit beside the archive: what makes the contents, who is told.

use std::error::Error;
use std::ops::ControlFlow;

use serde_json::Value;

use crate::research::archive::api::{Archive, LocalFile};
use crate::research::archive::error::ArchiveError;
use crate::research::archive::state::{DepositState, Terms};

/// What is deposited, as it will not change any more.
#[derive(Debug, Clone, PartialEq)]
pub struct Frozen {
    /// The description, as [`Archive::metadata`] wrote it.
    pub metadata: Value,
    /// The files, in the order in which they are sent.
    pub files: Vec<LocalFile>,
}

/// Why the contents of a deposit cannot be made.
pub type ContentsError = Box<dyn Error + Send + Sync>;

/// Makes what is deposited, once the DOI is known, and keeps it until all is done.
pub trait Contents {
    /// The title.
    fn title(&self) -> String;

    /// A DOI that the work has already; none is reserved then.
    fn stated_doi(&self) -> Option<String>;

    /// Makes the files, with `doi` in them, and the description. When it returns, they survive
    /// a power failure. Cut off, it is called again.
    ///
    /// # Errors
    /// If they cannot be made.
    fn freeze(
        &mut self,
        archive: &dyn Archive,
        terms: &Terms,
        doi: Option<&str>,
    ) -> Result<Frozen, ContentsError>;

    /// What was frozen; `None` where it is not there any more.
    ///
    /// # Errors
    /// If it cannot be read.
    fn frozen(&mut self) -> Result<Option<Frozen>, ContentsError>;

    /// All is done: the frozen files are not needed any more.
    ///
    /// # Errors
    /// If they cannot be removed.
    fn clear(&mut self) -> Result<(), ContentsError>;
}

/// Who is told how a deposit goes.
pub trait Watch {
    /// A step was reached and kept.
    fn reached(&mut self, state: &DepositState) {
        let _ = state;
    }

    /// A file is sent; `there` bytes of it are at the archive already.
    fn sending(&mut self, file: &LocalFile, there: u64) {
        let _ = (file, there);
    }

    /// So many bytes more were handed to the network; `Break` stops the deposit.
    fn sent(&mut self, bytes: u64) -> ControlFlow<()> {
        let _ = bytes;
        ControlFlow::Continue(())
    }

    /// The archive has the file.
    fn arrived(&mut self, file: &LocalFile) {
        let _ = file;
    }

    /// Something is tried again, for that reason.
    fn again(&mut self, error: &ArchiveError) {
        let _ = error;
    }
}

/// Nobody is told.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {}
