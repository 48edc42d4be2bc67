//! The formats in which an artifact is described to archives, citation managers and search
//! engines: one file each, an artifact in, text out.
//!
//! Each writer is pure and deterministic; the same artifact gives the same bytes. Title, authors,
//! ORCID iDs, DOI, licence, version and dates are the same in all of them. What nobody gave is
//! absent; where a format insists, it is said to be not recorded, or the document is refused with
//! a [`FormatError`]. `docs/citation-formats.md` has the table.
//!
//! ```
//! use entrenar::research::format::{self, Format};
//! use entrenar::research::{ArtifactType, Author, ResearchArtifact};
//!
//! let artifact = ResearchArtifact::new("run-64", "Rank 64", ArtifactType::Notebook)
//!     .with_author(Author::new("Ludwig van Beethoven"));
//! assert!(format::ris(&artifact).contains("AU  - van Beethoven, Ludwig\r\n"));
//! // DataCite insists on the year of publication, which nobody stated.
//! assert!(Format::DataciteJson.write(&artifact).is_err());
//! ```

pub(super) mod biblatex;
pub(super) mod bibtex;
pub(super) mod cff;
mod codemeta;
mod csl;
mod datacite;
#[cfg(feature = "deposit")]
pub(in crate::research) mod dataverse;
pub(super) mod facts;
#[cfg(feature = "deposit")]
pub(in crate::research) mod figshare;
mod html;
pub(super) mod invenio;
mod json;
mod linked;
pub(super) mod reference;
mod relation;
mod ris;
mod schema_org;
mod tex;
mod xml;
mod yaml;
pub(in crate::research) mod zenodo;

use std::fmt;
use std::str::FromStr;

use super::ResearchArtifact;
use super::citation::key;
use super::identifier::check_url;
use facts::Facts;

pub use datacite::DataciteVersion;

/// A format insists on something that nobody gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// DataCite insists on the year of publication and has no value for an unknown one: state the
    /// day of the release.
    #[error("DataCite needs a year of publication, and nobody stated the day of the release")]
    NoYear,
}

macro_rules! formats {
    ($($(#[$doc:meta])* $variant:ident => $name:literal, $title:literal, $file:literal, $media:literal;)*) => {
        /// A format of description.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Format {
            $($(#[$doc])* $variant,)*
        }

        impl Format {
            /// All formats, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name, such as `csl-json`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Its name as people write it, with the version of its specification.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// The customary name of a file of it.
            pub fn file_name(self) -> &'static str {
                match self { $(Self::$variant => $file,)* }
            }

            /// Its media type.
            pub fn media_type(self) -> &'static str {
                match self { $(Self::$variant => $media,)* }
            }
        }
    };
}

formats! {
    /// BibLaTeX in UTF-8.
    Biblatex => "biblatex", "BibLaTeX", "citation.bib", "application/x-bibtex";
    /// Classic BibTeX in ASCII, as far as LaTeX has commands.
    Bibtex => "bibtex-classic", "BibTeX", "citation-classic.bib", "application/x-bibtex";
    /// Citation File Format 1.2.0.
    Cff => "cff", "Citation File Format 1.2.0", "CITATION.cff", "application/yaml";
    /// CSL-JSON.
    CslJson => "csl-json", "CSL-JSON 1.0.2", "citation.csl.json", "application/vnd.citationstyles.csl+json";
    /// RIS.
    Ris => "ris", "RIS", "citation.ris", "application/x-research-info-systems";
    /// DataCite JSON 4.5.
    DataciteJson => "datacite-json", "DataCite 4.5 JSON", "datacite.json", "application/vnd.datacite.datacite+json";
    /// DataCite XML 4.6.
    DataciteXml46 => "datacite-xml-4.6", "DataCite 4.6 XML", "datacite-4.6.xml", "application/vnd.datacite.datacite+xml";
    /// DataCite XML 4.7.
    DataciteXml47 => "datacite-xml", "DataCite 4.7 XML", "datacite.xml", "application/vnd.datacite.datacite+xml";
    /// CodeMeta 3.1.
    Codemeta => "codemeta", "CodeMeta 3.1", "codemeta.json", "application/ld+json";
    /// schema.org as JSON-LD.
    SchemaOrg => "schema-org", "schema.org JSON-LD", "schema-org.jsonld", "application/ld+json";
    /// Zenodo's deposit metadata.
    Zenodo => "zenodo", "Zenodo deposit metadata", ".zenodo.json", "application/json";
    /// InvenioRDM's record.
    Invenio => "invenio", "InvenioRDM record", "invenio-record.json", "application/json";
}

impl Format {
    /// Writes `artifact` in this format.
    ///
    /// # Errors
    /// If the format insists on something that the artifact does not have.
    pub fn write(self, artifact: &ResearchArtifact) -> Result<String, FormatError> {
        Ok(match self {
            Self::Biblatex => biblatex(artifact),
            Self::Bibtex => bibtex(artifact),
            Self::Cff => cff(artifact),
            Self::CslJson => csl_json(artifact),
            Self::Ris => ris(artifact),
            Self::DataciteJson => return datacite_json(artifact),
            Self::DataciteXml46 => return datacite_xml(artifact, DataciteVersion::V4_6),
            Self::DataciteXml47 => return datacite_xml(artifact, DataciteVersion::V4_7),
            Self::Codemeta => codemeta(artifact),
            Self::SchemaOrg => schema_org(artifact),
            Self::Zenodo => zenodo(artifact),
            Self::Invenio => invenio(artifact),
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.title())
    }
}

/// There is no format of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not the name of a citation format")]
pub struct UnknownFormat {
    /// What was given.
    pub given: String,
}

/// By [`name`](Format::name).
impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .iter()
            .copied()
            .find(|format| format.name() == text)
            .ok_or_else(|| UnknownFormat {
                given: text.to_owned(),
            })
    }
}

/// A BibLaTeX entry in UTF-8: `@software`, `@dataset` or `@misc`.
pub fn biblatex(artifact: &ResearchArtifact) -> String {
    let facts = Facts::new(artifact);
    biblatex::entry(&facts, &key::of(&facts))
}

/// A classic BibTeX entry, `@misc`, with LaTeX's commands for letters outside of ASCII.
pub fn bibtex(artifact: &ResearchArtifact) -> String {
    let facts = Facts::new(artifact);
    bibtex::entry(&facts, &key::of(&facts))
}

/// A `CITATION.cff` of the Citation File Format 1.2.0.
pub fn cff(artifact: &ResearchArtifact) -> String {
    cff::file(&Facts::new(artifact))
}

/// A list of CSL-JSON with one item.
pub fn csl_json(artifact: &ResearchArtifact) -> String {
    let facts = Facts::new(artifact);
    csl::text(&facts, &key::of(&facts))
}

/// A record of RIS, with CR LF.
pub fn ris(artifact: &ResearchArtifact) -> String {
    let facts = Facts::new(artifact);
    ris::record(&facts, &key::of(&facts))
}

/// DataCite's metadata as JSON, version 4.5.
///
/// # Errors
/// [`FormatError::NoYear`] without a release date.
pub fn datacite_json(artifact: &ResearchArtifact) -> Result<String, FormatError> {
    datacite::json_text(Facts::new(artifact))
}

/// DataCite's metadata as XML.
///
/// # Errors
/// [`FormatError::NoYear`] without a release date.
pub fn datacite_xml(
    artifact: &ResearchArtifact,
    version: DataciteVersion,
) -> Result<String, FormatError> {
    datacite::xml_text(Facts::new(artifact), version)
}

/// A `codemeta.json` of CodeMeta 3.1.
pub fn codemeta(artifact: &ResearchArtifact) -> String {
    codemeta::text(&Facts::new(artifact))
}

/// JSON-LD in the words of schema.org.
pub fn schema_org(artifact: &ResearchArtifact) -> String {
    schema_org::text(&Facts::new(artifact))
}

/// A `.zenodo.json`: the metadata of Zenodo's deposit API.
pub fn zenodo(artifact: &ResearchArtifact) -> String {
    zenodo::text(&Facts::new(artifact))
}

/// The record that InvenioRDM's REST API takes.
pub fn invenio(artifact: &ResearchArtifact) -> String {
    json::document(invenio::record(&Facts::new(artifact), None))
}

/// The address if it is one; public fields may hold anything.
fn valid_url(text: &str) -> Option<String> {
    check_url(text).ok()
}
