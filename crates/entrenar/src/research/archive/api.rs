//! What a deposit needs of an archive.

use std::ops::ControlFlow;
use std::path::PathBuf;

use serde_json::Value;

use super::error::ArchiveError;
use super::state::{ArchiveApi, Draft, Terms};
use crate::research::ResearchArtifact;

/// A file on disk that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalFile {
    /// Its name at the archive.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// Its MD5 in lower-case hexadecimal digits.
    pub md5: String,
}

/// A file that an archive has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteFile {
    /// Its name.
    pub name: String,
    /// Its size in bytes, where the archive tells.
    pub size: Option<u64>,
    /// Its MD5 in lower-case hexadecimal digits, where the archive tells.
    pub md5: Option<String>,
    /// Whether all of it is there.
    pub is_complete: bool,
}

impl RemoteFile {
    /// Whether it is `file`, as far as the archive tells: size and MD5, of which one at least
    /// must be told.
    pub fn is(&self, file: &LocalFile) -> bool {
        let same_size = self.size.is_none_or(|size| size == file.size);
        let same_sum = self.md5.as_ref().is_none_or(|md5| *md5 == file.md5);
        let told = self.size.is_some() || self.md5.is_some();
        self.is_complete && self.name == file.name && same_size && same_sum && told
    }
}

/// A published record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedRecord {
    /// The archive's id of it.
    pub id: String,
    /// Its DOI.
    pub doi: Option<String>,
    /// Its page.
    pub url: Option<String>,
}

/// What became of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is a draft still.
    Draft,
    /// It is in the hands of reviewers; nothing more can be done here.
    InReview,
    /// It is published.
    Published(PublishedRecord),
    /// It is not there.
    Gone,
}

/// What the archive may use and tells while a file is sent.
pub trait Sending {
    /// So many bytes more were handed to the network; `Break` stops the sending.
    fn sent(&mut self, bytes: u64) -> ControlFlow<()>;
    /// The size of parts and the numbers of those that arrived earlier, from 1 on.
    fn parts(&self) -> (Option<u64>, Vec<u32>);
    /// The file is sent in parts of that size, from the first on; `None`: it is sent whole.
    ///
    /// # Errors
    /// If that cannot be written down; nothing is to be sent then.
    fn begin_parts(&mut self, size: Option<u64>) -> Result<(), ArchiveError>;
    /// That part arrived.
    ///
    /// # Errors
    /// If that cannot be written down.
    fn part_arrived(&mut self, part: u32) -> Result<(), ArchiveError>;
}

/// An archive. Each method is one thing to do there, and may be called again after it failed:
/// where the answer was lost ([`ArchiveError::is_lost`]), what it would do a second time is
/// written at each.
pub trait Archive: std::fmt::Debug {
    /// The API that it speaks.
    fn api(&self) -> ArchiveApi;

    /// The description of `artifact` in the form that [`set_metadata`](Self::set_metadata)
    /// takes. It sends nothing.
    fn metadata(&self, artifact: &ResearchArtifact, terms: &Terms) -> Value;

    /// Makes a draft that bears `marker`. A second call makes a second draft: look with
    /// [`find`](Self::find) first.
    ///
    /// # Errors
    /// If the archive does not answer or refuses.
    fn create(&self, title: &str, marker: &str) -> Result<Draft, ArchiveError>;

    /// The drafts of the token's owner that bear `marker`, oldest first.
    ///
    /// # Errors
    /// If the archive does not answer or refuses.
    fn find(&self, marker: &str) -> Result<Vec<Draft>, ArchiveError>;

    /// A draft of a new version of the record `of`; where there is one already, that one.
    ///
    /// # Errors
    /// If the archive does not answer or refuses.
    fn new_version(&self, of: &str) -> Result<Draft, ArchiveError>;

    /// The draft's DOI, reserved if it has none yet; `None` where the archive gives none
    /// before publication.
    ///
    /// # Errors
    /// If the archive does not answer or refuses.
    fn reserve_doi(&self, draft: &mut Draft) -> Result<Option<String>, ArchiveError>;

    /// Replaces the draft's description. `title` of [`create`](Self::create) and the marker go.
    ///
    /// # Errors
    /// [`ArchiveError::Refused`] with everything that the archive finds wrong.
    fn set_metadata(&self, draft: &mut Draft, metadata: &Value) -> Result<(), ArchiveError>;

    /// The files that the draft has.
    ///
    /// # Errors
    /// If the archive does not answer or refuses.
    fn files(&self, draft: &Draft) -> Result<Vec<RemoteFile>, ArchiveError>;

    /// Sees to it that the draft has `file`: what is there already is not sent again, what is
    /// there and different is replaced.
    ///
    /// # Errors
    /// If the archive does not answer or refuses, or the file cannot be read or changed.
    fn put_file(
        &self,
        draft: &Draft,
        file: &LocalFile,
        sending: &mut dyn Sending,
    ) -> Result<RemoteFile, ArchiveError>;

    /// Deletes a file of the draft; that it is not there is no error.
    ///
    /// # Errors
    /// If the archive does not answer or refuses.
    fn delete_file(&self, draft: &Draft, name: &str) -> Result<(), ArchiveError>;

    /// Publishes the draft. Where the answer was lost, look with [`standing`](Self::standing).
    ///
    /// # Errors
    /// [`ArchiveError::Refused`] with everything that the archive finds wrong.
    fn publish(&self, draft: &Draft) -> Result<(), ArchiveError>;

    /// What became of the draft.
    ///
    /// # Errors
    /// If the archive does not answer or refuses.
    fn standing(&self, draft: &Draft) -> Result<Standing, ArchiveError>;

    /// The files of the published record, with their checksums.
    ///
    /// # Errors
    /// If the archive does not answer or refuses.
    fn published_files(&self, draft: &Draft) -> Result<Vec<RemoteFile>, ArchiveError>;

    /// Deletes the draft; that it is not there is no error. Never a published record.
    ///
    /// # Errors
    /// If the archive does not answer or refuses.
    fn discard(&self, draft: &Draft) -> Result<(), ArchiveError>;

    /// Asks a community to take the published record in; that it was asked already is no error.
    ///
    /// # Errors
    /// If the archive does not answer, refuses, or has no communities.
    fn join(&self, draft: &Draft, community: &str) -> Result<(), ArchiveError> {
        let _ = (draft, community);
        Err(ArchiveError::Unsupported {
            what: "a community",
            api: self.api().name(),
        })
    }
}
