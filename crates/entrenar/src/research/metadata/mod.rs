//! Where the metadata of an artifact come from, and which of them count.
//!
//! A [`MetadataSource`] is a partial description and its origin: what the command line says, what
//! somebody wrote for the session, an `entrenar.toml`, a `CITATION.cff`, `codemeta.json` or
//! `.zenodo.json` that lies in the working folder. [`merge`] puts them on top of what the session
//! itself says, by one stated precedence ([`MetadataOrigin`]), and tells for each field whose word
//! counted. [`gaps`] lists what a format or an archive still lacks.
//!
//! ```
//! use entrenar::research::metadata::{self, ArtifactMetadata, MetadataOrigin, MetadataSource};
//! use entrenar::research::{ArtifactType, License, ResearchArtifact};
//!
//! let session = ResearchArtifact::new("run-64", "Rank 64", ArtifactType::Notebook);
//! let stated = ArtifactMetadata { license: Some(License::MIT), ..ArtifactMetadata::default() };
//! let described = metadata::merge(session, &[MetadataSource::new(MetadataOrigin::Flags, stated)]);
//! assert_eq!(described.artifact.license, Some(License::MIT));
//! ```

#[cfg(feature = "citations")]
mod cff;
mod check;
mod codemeta;
#[cfg(feature = "citations")]
mod document;
mod field;
mod folder;
mod json;
mod merge;
#[cfg_attr(
    not(feature = "citations"),
    expect(dead_code, reason = "what only the reader of TOML needs")
)]
mod node;
mod problem;
#[cfg(feature = "citations")]
mod template;
#[cfg(feature = "citations")]
mod toml;
mod values;
mod zenodo;

use std::fmt;

use chrono::NaiveDate;

use super::{
    Affiliation, ArtifactType, Author, Doi, Funding, Language, License, RelatedIdentifier,
    Software, Subject,
};

#[cfg(feature = "citations")]
pub use cff::read_cff;
pub use check::{CheckTarget, Gap, gaps};
pub use codemeta::read_codemeta;
pub use field::MetadataField;
pub use folder::FolderMetadata;
pub use merge::{Described, FieldOrigin, merge};
pub use node::nearest;
pub use problem::{MetadataError, MetadataProblem, Position};
#[cfg(feature = "citations")]
pub use template::{set_in_toml, template, without_hints};
#[cfg(feature = "citations")]
pub use toml::{TomlScope, read_toml};
pub use values::parse_day;
pub(super) use values::parse_email;
pub use zenodo::read_zenodo;

/// The longest metadata file that is read, in bytes.
pub const MAX_FILE_BYTES: usize = 1 << 20;

/// What somebody says about an artifact. What is absent is not said.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ArtifactMetadata {
    /// The title.
    pub title: Option<String>,
    /// The authors, in their order.
    pub authors: Option<Vec<Author>>,
    /// Where those authors work of whom it is not known otherwise.
    pub affiliations: Option<Vec<Affiliation>>,
    /// An abstract.
    pub abstract_text: Option<String>,
    /// A summary in plain text.
    pub description: Option<String>,
    /// Keywords.
    pub keywords: Option<Vec<String>>,
    /// Terms of vocabularies.
    pub subjects: Option<Vec<Subject>>,
    /// The licence.
    pub license: Option<License>,
    /// The version.
    pub version: Option<String>,
    /// The day of the release.
    pub date: Option<NaiveDate>,
    /// The language of its texts.
    pub language: Option<Language>,
    /// What kind of thing it is.
    pub artifact_type: Option<ArtifactType>,
    /// The DOI that an archive gave.
    pub doi: Option<Doi>,
    /// The address of a page about it, http(s).
    pub url: Option<String>,
    /// The address of the source code, http(s).
    pub repository: Option<String>,
    /// Who publishes it.
    pub publisher: Option<String>,
    /// Who paid for it.
    pub funding: Option<Vec<Funding>>,
    /// What else it relates to.
    pub related: Option<Vec<RelatedIdentifier>>,
    /// Programs and libraries that were used.
    pub software: Option<Vec<Software>>,
    /// Hardware that was used.
    pub hardware: Option<Vec<String>>,
    /// People known by name: facts about them, for whoever is an author. It makes nobody one.
    pub people: Vec<KnownPerson>,
    /// Bibliographies of the works that every session of the project cites, as paths beside the
    /// file that names them; whoever reads them puts their works into the artifact.
    pub references: Vec<String>,
}

/// Facts about a person, written once, and the names by which sessions know the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPerson {
    /// The person.
    pub person: Author,
    /// User names, addresses and other spellings that mean the person.
    pub known_as: Vec<String>,
}

/// The text of a metadata file.
fn text_of<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, MetadataError> {
    let failed = |text: &str, at: Option<usize>, message: String| {
        let mut problems = node::Problems::new(text);
        problems.add(at, "", message);
        problems.finish(file, "").err()
    };
    let failure = if bytes.len() > MAX_FILE_BYTES {
        let limit = MAX_FILE_BYTES >> 20;
        failed("", None, format!("it is longer than {limit} MiB"))
    } else {
        match std::str::from_utf8(bytes) {
            Ok(text) => return Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
            Err(error) => {
                let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let text = std::str::from_utf8(valid).unwrap_or_default();
                failed(text, Some(text.len()), "it is not UTF-8".to_owned())
            }
        }
    };
    failure.map_or(Ok(""), Err)
}

/// Where metadata come from, the one whose word counts most first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MetadataOrigin {
    /// The command line.
    Flags,
    /// What somebody wrote for this one session, kept in the store.
    Edited,
    /// The `entrenar.toml` of the project.
    Project(String),
    /// A `CITATION.cff` of the working folder.
    Cff(String),
    /// A `codemeta.json` of the working folder.
    Codemeta(String),
    /// A `.zenodo.json` of the working folder.
    Zenodo(String),
    /// The `entrenar.toml` of the user.
    User(String),
    /// The session itself.
    Session,
}

impl MetadataOrigin {
    /// A short name for programs: `flags`, `edited`, `project`, `cff`, `codemeta`, `zenodo`,
    /// `user`, `session`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Flags => "flags",
            Self::Edited => "edited",
            Self::Project(_) => "project",
            Self::Cff(_) => "cff",
            Self::Codemeta(_) => "codemeta",
            Self::Zenodo(_) => "zenodo",
            Self::User(_) => "user",
            Self::Session => "session",
        }
    }

    /// The file, as the caller named it, where it is one.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Project(file)
            | Self::Cff(file)
            | Self::Codemeta(file)
            | Self::Zenodo(file)
            | Self::User(file) => Some(file),
            Self::Flags | Self::Edited | Self::Session => None,
        }
    }
}

impl fmt::Display for MetadataOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.file()) {
            (_, Some(file)) => f.pad(file),
            (Self::Flags, None) => f.pad("command line"),
            (Self::Edited, None) => f.pad("artifact edit"),
            (_, None) => f.pad("session"),
        }
    }
}

/// A partial description and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct MetadataSource {
    /// Where it comes from.
    pub origin: MetadataOrigin,
    /// What it says.
    pub metadata: ArtifactMetadata,
}

impl MetadataSource {
    /// What `origin` says.
    pub fn new(origin: MetadataOrigin, metadata: ArtifactMetadata) -> Self {
        Self { origin, metadata }
    }
}
