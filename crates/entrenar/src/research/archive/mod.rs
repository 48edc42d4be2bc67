//! What an archive would be sent, made ready without a network.

mod config;
mod missing;

use serde_json::Value;

use super::ResearchArtifact;
use super::format::facts::Facts;
use super::format::invenio;

pub use config::{ArchiveTarget, DepositError, ZenodoConfig};
pub use missing::{Importance, MissingField, MissingItem};

/// A deposit at an archive that runs InvenioRDM, such as Zenodo.
///
/// [`prepare`](Self::prepare) does everything that needs no network. Nothing here sends
/// anything, reserves a DOI or pretends to.
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
}

impl ArchiveDeposit {
    /// A deposit at the archive that `config` names.
    pub fn new(config: ZenodoConfig) -> Self {
        Self { config }
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
            missing: missing::of(artifact, &self.config),
            target: self.config.target()?,
        })
    }
}

/// A deposit as it would be sent: metadata, target, and what is missing. It holds no token.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedDeposit {
    metadata: Value,
    missing: Vec<MissingItem>,
    target: ArchiveTarget,
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

    /// Where it would go.
    pub fn target(&self) -> &ArchiveTarget {
        &self.target
    }
}
