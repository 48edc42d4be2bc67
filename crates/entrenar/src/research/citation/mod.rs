//! Citations: BibLaTeX and the Citation File Format.

pub(super) mod key;

use super::ResearchArtifact;
use super::format::facts::Facts;
use super::format::{biblatex, bibtex, cff};

/// An artifact as something to be cited, in a year or without one.
///
/// Nothing is invented: without a year that was given or a stated release date there is no year;
/// without a named author there is no author.
///
/// ```
/// use entrenar::research::{ArtifactType, CitationMetadata, ResearchArtifact};
///
/// let artifact = ResearchArtifact::new("s-1", "100 % {", ArtifactType::Notebook);
/// let bibtex = CitationMetadata::without_year(&artifact).to_bibtex();
/// assert!(bibtex.contains(r"title = {100 \% \textbraceleft{}}"));
/// assert!(!bibtex.contains("year") && !bibtex.contains("author"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct CitationMetadata {
    artifact: ResearchArtifact,
    year: Option<i32>,
}

impl CitationMetadata {
    /// A citation of `artifact` in `year` (1 to 9999; another year is left out of the formats).
    pub fn from_artifact(artifact: &ResearchArtifact, year: i32) -> Self {
        Self {
            artifact: artifact.clone(),
            year: Some(year),
        }
    }

    /// A citation of `artifact` in the year of its stated release date, or without a year.
    pub fn without_year(artifact: &ResearchArtifact) -> Self {
        Self {
            artifact: artifact.clone(),
            year: None,
        }
    }

    /// The artifact.
    pub fn artifact(&self) -> &ResearchArtifact {
        &self.artifact
    }

    /// The year: the given one, else that of the release date.
    pub fn year(&self) -> Option<i32> {
        self.facts().year()
    }

    /// The key of the BibLaTeX entry: author, year, a word of the title and six digits of the
    /// SHA-256 of the id, in `[a-z0-9_-]`, beginning with a letter.
    ///
    /// Different artifacts of the same author and title have different keys.
    pub fn key(&self) -> String {
        key::of(&self.facts())
    }

    /// The citation as a BibLaTeX entry, in UTF-8.
    ///
    /// The type is `@software` for notebooks, code and workflows, `@dataset` for data and
    /// `@misc` with a `type` for models and papers.
    pub fn to_bibtex(&self) -> String {
        biblatex::entry(&self.facts(), &self.key())
    }

    /// The citation as a classic BibTeX entry: `@misc`, with LaTeX's commands for letters outside
    /// of ASCII.
    pub fn to_classic_bibtex(&self) -> String {
        bibtex::entry(&self.facts(), &self.key())
    }

    /// The citation as a `CITATION.cff` of the Citation File Format 1.2.0.
    ///
    /// The format insists on an author: where none is named, the entity `Author not recorded`.
    pub fn to_cff(&self) -> String {
        cff::file(&self.facts())
    }

    fn facts(&self) -> Facts<'_> {
        Facts::in_year(&self.artifact, self.year)
    }
}
