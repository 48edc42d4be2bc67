//! The citable description of what was trained: artifact, citation, archive metadata.
//!
//! A [`ResearchArtifact`] says what a thing is called, who made it, under which licence and in
//! which version. From it come a [`CitationMetadata`] (BibLaTeX and `CITATION.cff`) and a
//! [`PreparedDeposit`] (the record that an archive would be sent, with a list of what it still
//! lacks). Nothing is invented on the way: no DOI before an archive gives one, no licence, author
//! or date that nobody gave.
//!
//! ```
//! use entrenar::research::{ArtifactType, Author, CitationMetadata, License, ResearchArtifact};
//!
//! let artifact = ResearchArtifact::new("run-64", "Rank 64 {vs} rank 8", ArtifactType::Notebook)
//!     .with_author(Author::new("Ludwig van Beethoven"))
//!     .with_license(License::parse("MIT OR Apache-2.0")?);
//! let bibtex = CitationMetadata::from_artifact(&artifact, 2024).to_bibtex();
//! assert!(bibtex.contains("author = {van Beethoven, Ludwig}"));
//! assert!(bibtex.contains(r"title = {Rank 64 \{vs\} rank 8}"));
//! # Ok::<(), entrenar::research::ValidationError>(())
//! ```
//!
//! This module never sees a session; [`ecosystem`](crate::ecosystem) makes artifacts of sessions.

pub mod archive;
pub(crate) mod artifact;
mod author;
mod citation;
mod context;
mod error;
pub mod format;
pub mod graph;
mod identifier;
mod license;
pub mod metadata;
mod name;
mod partial_date;
#[cfg(feature = "signing")]
pub mod preregistration;
pub mod read;
mod reference;
mod related;
pub mod ro_crate;
mod role;
#[cfg(feature = "signing")]
pub mod signing;
mod stated;
#[cfg(feature = "citations")]
pub mod style;
pub(crate) mod text;

pub use archive::{
    ArchiveDeposit, ArchiveTarget, DepositError, Importance, MissingField, MissingItem,
    PreparedDeposit, ZenodoApi, ZenodoConfig,
};
pub use artifact::{ArtifactType, ResearchArtifact};
pub use author::{Affiliation, Author};
pub use citation::CitationMetadata;
pub use context::{Funding, Language, Software, Subject};
pub use error::ValidationError;
pub use identifier::{Doi, Orcid, Ror};
pub use license::License;
pub use name::{AuthorKind, NameParts};
pub use partial_date::PartialDate;
pub use reference::{Reference, ReferenceKind, UsedAs};
pub use related::{Identifier, IdentifierScheme, RelatedIdentifier, RelationType};
pub use role::ContributorRole;
