//! What an archive would be sent, made ready without a network; with the feature `deposit` also
//! sent.
//!
//! [`Archive`] is what a deposit needs of an archive, [`InvenioArchive`] and
//! [`LegacyArchive`] are two of them; [`FigshareConfig`] and [`DataverseConfig`] connect to more. A [`Depositor`] brings a [`DepositState`], which a
//! [`DepositLog`] keeps, from step to step.

#[cfg(feature = "deposit")]
pub mod api;
#[cfg(feature = "deposit")]
mod client;
mod config;
#[cfg(feature = "deposit")]
mod connect;
#[cfg(feature = "deposit")]
mod error;
#[cfg(feature = "deposit")]
mod file;
#[cfg(feature = "deposit")]
pub mod http;
#[cfg(feature = "deposit")]
mod library;
mod missing;
#[cfg(feature = "deposit")]
mod others;
#[cfg(feature = "deposit")]
pub mod refusal;
mod state;
#[cfg(feature = "deposit")]
mod submit;

use std::path::PathBuf;

use serde_json::Value;

use super::ResearchArtifact;
use super::format::facts::Facts;
use super::format::invenio;

#[cfg(feature = "deposit")]
pub use api::{Archive, LocalFile, PublishedRecord, RemoteFile, Sending, Standing};
#[cfg(feature = "deposit")]
pub use client::invenio::{InvenioArchive, PartRule};
#[cfg(feature = "deposit")]
pub use client::legacy::LegacyArchive;
pub use config::{ArchiveTarget, DepositError, ZenodoApi, ZenodoConfig};
#[cfg(feature = "deposit")]
pub use connect::{ConnectError, Connection};
#[cfg(feature = "deposit")]
pub use error::{ArchiveError, Refusal};
#[cfg(feature = "deposit")]
pub use file::md5_of;
#[cfg(feature = "deposit")]
pub use library::{SubmitError, SubmitFailure, new_deposit_id};
pub use missing::{Importance, MissingField, MissingItem};
#[cfg(feature = "deposit")]
pub use others::{DataverseConfig, FIGSHARE, FigshareConfig};
pub use state::{
    Access, ArchiveApi, DepositLog, DepositState, Draft, FileState, LogError, MemoryLog, Step,
    Terms,
};
#[cfg(feature = "deposit")]
pub use submit::{
    Contents, ContentsError, DepositFailure, Depositor, Frozen, Goal, Unwatched, Watch,
};

/// A deposit at an archive that runs InvenioRDM, such as Zenodo.
///
/// [`prepare`](Self::prepare) does everything that needs no network: it sends nothing, reserves
/// no DOI and does not pretend to. With the feature `deposit`, `submit` of what is prepared does.
///
/// ```
/// use entrenar::research::*;
///
/// let artifact = ResearchArtifact::new("s-1", "Rank 64", ArtifactType::Notebook);
/// let deposit = ArchiveDeposit::new(ZenodoConfig::new("secret").with_sandbox(true));
/// let prepared = deposit.prepare(&artifact)?;
/// assert_eq!(prepared.metadata()["metadata"]["title"], "Rank 64");
/// assert!(!prepared.is_complete());
/// assert!(prepared.missing().iter().any(|item| item.field == MissingField::License));
/// # Ok::<(), DepositError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ArchiveDeposit {
    config: ZenodoConfig,
    files: Vec<PathBuf>,
    publishes: bool,
}

impl ArchiveDeposit {
    /// A deposit at the archive that `config` names.
    pub fn new(config: ZenodoConfig) -> Self {
        Self {
            config,
            files: Vec::new(),
            publishes: false,
        }
    }

    /// Adds a file, under its own name.
    #[must_use]
    pub fn with_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.files.push(path.into());
        self
    }

    /// Publishes the draft in the end. Nobody can take that back.
    #[must_use]
    pub fn with_publication(mut self, publishes: bool) -> Self {
        self.publishes = publishes;
        self
    }

    /// Where the deposit would go, with the token hidden.
    pub fn config(&self) -> &ZenodoConfig {
        &self.config
    }

    /// Maps `artifact` to the archive's metadata and lists what it lacks. A lack is no error.
    ///
    /// # Errors
    /// If the archive's address cannot be used: it is no address, or would send the token
    /// unencrypted.
    pub fn prepare(&self, artifact: &ResearchArtifact) -> Result<PreparedDeposit, DepositError> {
        Ok(PreparedDeposit {
            metadata: invenio::record(&Facts::new(artifact), self.config.publisher().as_deref()),
            missing: missing::of(artifact, &self.config, !self.files.is_empty()),
            target: self.config.target()?,
            config: self.config.clone(),
            artifact: artifact.clone(),
            files: self.files.clone(),
            publishes: self.publishes,
        })
    }
}

/// A deposit as it would be sent: metadata, target, and what is missing. It shows no token.
#[derive(Debug, Clone)]
pub struct PreparedDeposit {
    metadata: Value,
    missing: Vec<MissingItem>,
    target: ArchiveTarget,
    config: ZenodoConfig,
    artifact: ResearchArtifact,
    files: Vec<PathBuf>,
    publishes: bool,
}

impl PreparedDeposit {
    /// The body of the request that makes a draft (InvenioRDM REST API, `POST /api/records`).
    pub fn metadata(&self) -> &Value {
        &self.metadata
    }

    /// [`metadata`](Self::metadata) as indented JSON, ending in a line end.
    pub fn to_json(&self) -> String {
        format!("{:#}\n", self.metadata)
    }

    /// What is missing: first what the archive insists on, then what readers will miss.
    pub fn missing(&self) -> &[MissingItem] {
        &self.missing
    }

    /// Whether the archive would publish it: nothing required is missing.
    pub fn is_complete(&self) -> bool {
        self.missing
            .iter()
            .all(|item| item.importance != Importance::Required)
    }

    /// The files that would be sent, in their order.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Whether the draft would be published.
    pub fn publishes(&self) -> bool {
        self.publishes
    }

    /// What is described.
    pub fn artifact(&self) -> &ResearchArtifact {
        &self.artifact
    }

    /// How the archive would be reached, with the token hidden.
    pub fn config(&self) -> &ZenodoConfig {
        &self.config
    }

    /// Where it would go.
    pub fn target(&self) -> &ArchiveTarget {
        &self.target
    }
}
