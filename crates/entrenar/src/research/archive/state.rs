//! How far a deposit is. Whoever keeps it can go on where it was cut off.

use std::error::Error;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which API of an archive is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ArchiveApi {
    /// InvenioRDM's records API, which Zenodo has since October 2023.
    Records,
    /// Zenodo's older deposit API (`/api/deposit/depositions`).
    Legacy,
    /// Figshare's API, version 2.
    Figshare,
    /// Dataverse's native API.
    Dataverse,
}

impl ArchiveApi {
    /// What it is called, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Records => "InvenioRDM",
            Self::Legacy => "Zenodo's deposit API",
            Self::Figshare => "Figshare",
            Self::Dataverse => "Dataverse",
        }
    }
}

/// The steps of a deposit, in their order. Each is written down before its request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Step {
    /// Nothing was sent.
    Planned,
    /// A draft was asked for; whether the archive has it is not known yet.
    CreatingDraft,
    /// The archive has a draft of ours.
    DraftCreated,
    /// The DOI is known, or the archive gives none before publication.
    DoiReserved,
    /// The files are made, with the DOI in them, and will not be made again.
    Frozen,
    /// The archive has the metadata and found nothing wrong with them.
    Described,
    /// The archive has all files, each with the right size and checksum.
    Uploaded,
    /// Publication was asked for; whether it is published is not known yet.
    Publishing,
    /// It is published; the community has not been asked yet.
    Published,
    /// All is done.
    Done,
    /// The draft is being deleted.
    Discarding,
    /// The draft was deleted; nothing is left at the archive.
    Discarded,
}

impl Step {
    /// The step as one word, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::CreatingDraft => "creating-draft",
            Self::DraftCreated => "draft-created",
            Self::DoiReserved => "doi-reserved",
            Self::Frozen => "frozen",
            Self::Described => "described",
            Self::Uploaded => "uploaded",
            Self::Publishing => "publishing",
            Self::Published => "published",
            Self::Done => "done",
            Self::Discarding => "discarding",
            Self::Discarded => "discarded",
        }
    }

    /// Whether a published record is there.
    pub fn is_published(self) -> bool {
        matches!(self, Self::Published | Self::Done)
    }

    /// Whether nothing remains to be done.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Discarded)
    }
}

/// Who may have the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Everybody.
    #[default]
    Open,
    /// Those to whom the depositor gives access; the description is open to everybody.
    Restricted,
}

/// On which terms something is deposited.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Terms {
    /// Who may have the files.
    pub access: Access,
    /// The day on which restricted files become open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embargo: Option<NaiveDate>,
    /// The community that is asked to take the record in: its short name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub community: Option<String>,
}

/// A draft at an archive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// The archive's id of it.
    pub id: String,
    /// What else its archive's client has to remember of it: never a token.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub remote: Value,
}

impl Draft {
    /// A draft of that id.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            remote: Value::Null,
        }
    }
}

/// A file of a deposit and how much of it the archive has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileState {
    /// Its name at the archive.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its MD5 in lower-case hexadecimal digits, computed here.
    pub md5: String,
    /// The archive has it, with this size and checksum.
    #[serde(default)]
    pub arrived: bool,
    /// The size of its parts in bytes, where it is sent in parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_size: Option<u64>,
    /// The numbers of the parts that the archive has, from 1 on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<u32>,
}

/// How far a deposit is. It holds no token and nothing of what is deposited but file names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DepositState {
    /// 32 random hexadecimal digits. A draft bears it, so that it is found again where the
    /// answer to its creation was lost.
    pub id: String,
    /// The id of the artifact: the session's.
    pub artifact: String,
    /// The archive's address, without a slash at the end.
    pub base_url: String,
    /// Which API it speaks.
    pub api: ArchiveApi,
    /// The last step that was reached or begun.
    pub step: Step,
    /// The terms.
    #[serde(default)]
    pub terms: Terms,
    /// The record at the archive of which this is to be a new version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_version_of: Option<String>,
    /// The draft, and later the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<Draft>,
    /// The prefix that the archive's DOIs have, where the depositor said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doi_prefix: Option<String>,
    /// The DOI that was reserved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doi: Option<String>,
    /// The page of the published record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileState>,
    /// An answer to the creation of a draft was lost, so that drafts nobody knows of may be
    /// left at the archive.
    #[serde(default)]
    pub may_have_orphans: bool,
    /// Why it stopped, as a sentence, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
}

impl DepositState {
    /// A deposit of which nothing was sent. `id` is 32 random hexadecimal digits.
    pub fn new(
        id: impl Into<String>,
        artifact: impl Into<String>,
        base_url: impl Into<String>,
        api: ArchiveApi,
    ) -> Self {
        Self {
            id: id.into(),
            artifact: artifact.into(),
            base_url: base_url.into(),
            api,
            step: Step::Planned,
            terms: Terms::default(),
            new_version_of: None,
            draft: None,
            doi_prefix: None,
            doi: None,
            url: None,
            files: Vec::new(),
            may_have_orphans: false,
            stopped: None,
        }
    }

    /// What a draft bears.
    pub fn marker(&self) -> String {
        format!("entrenar-deposit:{}", self.id)
    }
}

/// Why a state could not be kept.
pub type LogError = Box<dyn Error + Send + Sync>;

/// Keeps the state of deposits.
pub trait DepositLog {
    /// Replaces the state of the deposit of that id. When it returns, the state survives a
    /// power failure: the request that it announces is sent after that.
    ///
    /// # Errors
    /// If it could not be kept; the request is not sent then.
    fn save(&mut self, state: &DepositState) -> Result<(), LogError>;
}

/// Keeps the states in memory, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct MemoryLog {
    /// All states.
    pub states: Vec<DepositState>,
}

impl DepositLog for MemoryLog {
    fn save(&mut self, state: &DepositState) -> Result<(), LogError> {
        self.states.push(state.clone());
        Ok(())
    }
}
