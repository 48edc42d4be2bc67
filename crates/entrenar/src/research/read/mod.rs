//! Readers of bibliographies: BibTeX and BibLaTeX, `CITATION.cff`, CSL-JSON.
//!
//! A reader collects everything that is wrong with a file, with its place, and gives what could
//! be read: one bad entry does not lose the others, and a field that is not understood is kept in
//! [`Reference::extra`].
//!
//! ```
//! use entrenar::research::read::{self, ReadLimits};
//!
//! let items = br#"[{"id": "hu2022", "type": "article", "title": "LoRA", "DOI": "10.48550/arXiv.2106.09685"}]"#;
//! let read = read::bibliography("refs.json", items, ReadLimits::default())?;
//! assert_eq!(read.references[0].title.as_deref(), Some("LoRA"));
//! # Ok::<(), entrenar::research::read::ReadError>(())
//! ```

#[cfg(feature = "citations")]
mod biblatex;
#[cfg(feature = "citations")]
mod cff;
mod csl_json;
mod problem;

use super::Reference;

#[cfg(feature = "citations")]
pub use biblatex::biblatex;
#[cfg(feature = "citations")]
pub use cff::{Cff, CffIdentifier, CffKind, cff};
pub use csl_json::csl_json;
pub use problem::{Problem, ReadError, ReadLimits};

/// What was read from a bibliography.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bibliography {
    /// The works, in the order of the file.
    pub references: Vec<Reference>,
    /// What is wrong with the file, in the order of its lines.
    pub problems: Vec<Problem>,
}

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BibliographyFormat {
    /// BibTeX or BibLaTeX.
    BibLaTeX,
    /// Citation File Format; the work that it describes (its preferred citation, if it has one)
    /// comes first, then the references that it lists.
    Cff,
    /// CSL-JSON.
    CslJson,
}

impl BibliographyFormat {
    /// The format of a file, by the end of its name, else by its first character.
    pub fn detect(name: &str, bytes: &[u8]) -> Option<Self> {
        let extension = name
            .rsplit_once('.')
            .map(|(_, end)| end.to_ascii_lowercase());
        match extension.as_deref() {
            Some("bib" | "bibtex" | "biblatex") => return Some(Self::BibLaTeX),
            Some("cff") => return Some(Self::Cff),
            Some("json") => return Some(Self::CslJson),
            _ => {}
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        match bytes.trim_ascii_start().first()? {
            b'@' | b'%' => Some(Self::BibLaTeX),
            b'[' | b'{' => Some(Self::CslJson),
            _ if bytes
                .windows(12)
                .take(4096)
                .any(|part| part == b"cff-version:") =>
            {
                Some(Self::Cff)
            }
            _ => None,
        }
    }
}

/// Reads a bibliography; the format is found by the end of `name`, else by the content.
///
/// # Errors
/// If the file is none, is too large, or does not parse as a document.
pub fn bibliography(
    name: &str,
    bytes: &[u8],
    limits: ReadLimits,
) -> Result<Bibliography, ReadError> {
    match BibliographyFormat::detect(name, bytes).ok_or(ReadError::UnknownFormat)? {
        BibliographyFormat::CslJson => csl_json(bytes, limits),
        #[cfg(feature = "citations")]
        BibliographyFormat::BibLaTeX => biblatex(bytes, limits),
        #[cfg(feature = "citations")]
        BibliographyFormat::Cff => cff(bytes, limits).map(Cff::into_bibliography),
        #[cfg(not(feature = "citations"))]
        BibliographyFormat::BibLaTeX => Err(ReadError::NotBuilt("BibTeX")),
        #[cfg(not(feature = "citations"))]
        BibliographyFormat::Cff => Err(ReadError::NotBuilt("CITATION.cff")),
    }
}
