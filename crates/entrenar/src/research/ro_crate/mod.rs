//! Research Object Crates: a graph of described entities, written as flattened, compacted JSON-LD.
//!
//! Specifications: RO-Crate 1.1, 1.2 and 1.3 (`https://w3id.org/ro/crate/1.1` and so on) and
//! Process Run Crate 0.5 (`https://w3id.org/ro/wfrun/process/0.5`).
//!
//! [`Graph`] holds [`Entity`]s by their `@id`; [`describe`] puts what a
//! [`ResearchArtifact`](super::ResearchArtifact) says on the root. The same entities give the
//! same bytes: the metadata file first, then the root, then all others by `@id`; the properties
//! of an entity by name.
//!
//! ```
//! use entrenar::research::ro_crate::{Entity, Graph, Version, file_id};
//!
//! let mut graph = Graph::new(Version::V1_1);
//! graph.root().set("name", "Rank 64");
//! let id = file_id("figures/loss #1 (50 %).svg");
//! assert_eq!(id, "figures/loss%20%231%20(50%20%25).svg");
//! graph.add(Entity::new(&id, "File").with("encodingFormat", "image/svg+xml"));
//! graph.root().link("hasPart", &id);
//! let json = String::from_utf8(graph.to_json())?;
//! assert!(json.contains("https://w3id.org/ro/crate/1.1"));
//! # Ok::<(), std::string::FromUtf8Error>(())
//! ```

mod describe;
mod entity;
mod graph;
mod id;

use std::fmt;
use std::str::FromStr;

pub use describe::{NO_LICENSE_ID, describe, person_ids, reference_ids};
pub use entity::Entity;
pub use graph::{Graph, METADATA_FILE, PREVIEW_FILE, ROOT_ID};
pub use id::{file_id, fragment, iri};

/// Text as it stands in a property: on one line, with control characters made visible.
pub fn one_line(text: &str) -> String {
    super::text::one_line(text)
}

/// The profile that says how a run of a program is described.
pub const PROCESS_RUN_PROFILE: &str = "https://w3id.org/ro/wfrun/process/0.5";

/// A version of the RO-Crate specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum Version {
    /// 1.1, on which Process Run Crate 0.5 builds.
    #[default]
    V1_1,
    /// 1.2.
    V1_2,
    /// 1.3.
    V1_3,
}

impl Version {
    /// All versions, oldest first.
    pub const ALL: [Self; 3] = [Self::V1_1, Self::V1_2, Self::V1_3];

    /// The number, such as `1.1`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1_1 => "1.1",
            Self::V1_2 => "1.2",
            Self::V1_3 => "1.3",
        }
    }

    /// The address of the specification, to which the metadata file conforms.
    pub fn uri(self) -> &'static str {
        match self {
            Self::V1_1 => "https://w3id.org/ro/crate/1.1",
            Self::V1_2 => "https://w3id.org/ro/crate/1.2",
            Self::V1_3 => "https://w3id.org/ro/crate/1.3",
        }
    }

    /// The addresses of the JSON-LD contexts: the version's own, and where that has no term for
    /// a SHA-256 the one of the workflow run profiles.
    pub fn contexts(self) -> &'static [&'static str] {
        match self {
            Self::V1_1 => &[
                "https://w3id.org/ro/crate/1.1/context",
                "https://w3id.org/ro/terms/workflow-run/context",
            ],
            Self::V1_2 => &["https://w3id.org/ro/crate/1.2/context"],
            Self::V1_3 => &["https://w3id.org/ro/crate/1.3/context"],
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text is no version of RO-Crate that can be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is none of the RO-Crate versions 1.1, 1.2, 1.3")]
pub struct UnknownVersion {
    /// What was given.
    pub given: String,
}

impl FromStr for Version {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        Self::ALL
            .into_iter()
            .find(|version| version.as_str() == text)
            .ok_or_else(|| UnknownVersion {
                given: text.to_owned(),
            })
    }
}
