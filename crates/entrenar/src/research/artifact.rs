use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};

use super::identifier::check_url;
use super::{
    Author, Doi, Funding, Language, License, Reference, RelatedIdentifier, Software, Subject,
    ValidationError,
};

/// The keywords of a session that has no tags.
pub(crate) const DEFAULT_KEYWORDS: [&str; 3] = ["training", "experiment", "entrenar"];

/// What kind of thing an artifact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ArtifactType {
    /// Data.
    Dataset,
    /// A trained model.
    Model,
    /// A program or library.
    Code,
    /// A text.
    Paper,
    /// A session: cells with their outputs.
    Notebook,
    /// A chain of processing steps.
    Workflow,
}

impl ArtifactType {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Dataset,
        Self::Model,
        Self::Code,
        Self::Paper,
        Self::Notebook,
        Self::Workflow,
    ];

    /// The type of that name, in any case.
    ///
    /// # Errors
    /// If there is none.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.to_string().eq_ignore_ascii_case(text.trim()))
            .ok_or_else(|| ValidationError::InvalidType {
                given: text.to_owned(),
            })
    }
}

impl fmt::Display for ArtifactType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Dataset => "Dataset",
            Self::Model => "Model",
            Self::Code => "Code",
            Self::Paper => "Paper",
            Self::Notebook => "Notebook",
            Self::Workflow => "Workflow",
        })
    }
}

/// The citable description of something: what it is called, who made it, in which version.
///
/// What is not known is absent; no field is filled in for the sake of a format.
#[derive(Debug, Clone, PartialEq)]
pub struct ResearchArtifact {
    /// Identifies the artifact; for a session, the session's id.
    pub id: String,
    /// The title.
    pub title: String,
    /// How the title was derived where nobody gave one, such as `the file's name`.
    pub title_derived_from: Option<String>,
    /// Who made it, in the order of the authors; empty where nobody is named.
    pub authors: Vec<Author>,
    /// What kind of thing it is.
    pub artifact_type: ArtifactType,
    /// The licence; `None` until somebody chooses one.
    pub license: Option<License>,
    /// The DOI; `None` until an archive gives one.
    pub doi: Option<Doi>,
    /// The address of a page about it, http(s); see [`with_url`](Self::with_url).
    pub url: Option<String>,
    /// The version.
    pub version: String,
    /// A summary in plain text.
    pub description: Option<String>,
    /// An abstract, as somebody wrote it; the description is a summary made of the data.
    pub abstract_text: Option<String>,
    /// The language of its texts, where somebody stated it.
    pub language: Option<Language>,
    /// Keywords.
    pub keywords: Vec<String>,
    /// Terms of vocabularies.
    pub subjects: Vec<Subject>,
    /// Who paid for it.
    pub funding: Vec<Funding>,
    /// What else it relates to.
    pub related: Vec<RelatedIdentifier>,
    /// The works that it cites, in the order in which they were given.
    pub references: Vec<Reference>,
    /// Programs and libraries that were used.
    pub software: Vec<Software>,
    /// Hardware that was used, such as `NVIDIA A100 80GB`.
    pub hardware: Vec<String>,
    /// Who publishes it; `None` until somebody does.
    pub publisher: Option<String>,
    /// The address of the source code, http(s).
    pub repository: Option<String>,
    /// When the work began, as it was recorded; never a derived time.
    pub created_at: Option<DateTime<Utc>>,
    /// When the work ended, as it was recorded; never a derived time.
    pub completed_at: Option<DateTime<Utc>>,
    /// The day of its release, as somebody stated it.
    pub release_date: Option<NaiveDate>,
}

impl ResearchArtifact {
    /// An artifact of which nothing is known but id, title and type; its version is `1.0.0`.
    pub fn new(
        id: impl Into<String>,
        title: impl Into<String>,
        artifact_type: ArtifactType,
    ) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            title_derived_from: None,
            authors: Vec::new(),
            artifact_type,
            license: None,
            doi: None,
            url: None,
            version: "1.0.0".into(),
            description: None,
            abstract_text: None,
            language: None,
            keywords: Vec::new(),
            subjects: Vec::new(),
            funding: Vec::new(),
            related: Vec::new(),
            references: Vec::new(),
            software: Vec::new(),
            hardware: Vec::new(),
            publisher: None,
            repository: None,
            created_at: None,
            completed_at: None,
            release_date: None,
        }
    }

    /// Whether nobody gave the title and something stands in for it.
    pub fn title_is_derived(&self) -> bool {
        self.title_derived_from.is_some()
    }

    /// Sets the title, which is then no longer a derived one.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self.title_derived_from = None;
        self
    }

    /// Marks the title as derived: `how` completes "the title was derived from …".
    #[must_use]
    pub fn with_derived_title(mut self, title: impl Into<String>, how: impl Into<String>) -> Self {
        self.title = title.into();
        self.title_derived_from = Some(how.into());
        self
    }

    /// Adds an author behind the last.
    #[must_use]
    pub fn with_author(mut self, author: Author) -> Self {
        self.authors.push(author);
        self
    }

    /// Sets all authors.
    #[must_use]
    pub fn with_authors(mut self, authors: impl IntoIterator<Item = Author>) -> Self {
        self.authors = authors.into_iter().collect();
        self
    }

    /// Sets the licence.
    #[must_use]
    pub fn with_license(mut self, license: License) -> Self {
        self.license = Some(license);
        self
    }

    /// Sets the DOI that an archive gave.
    #[must_use]
    pub fn with_doi(mut self, doi: Doi) -> Self {
        self.doi = Some(doi);
        self
    }

    /// Sets the address of a page about the artifact.
    ///
    /// # Errors
    /// If it is not an http or https address in the characters of RFC 3986.
    pub fn with_url(mut self, url: &str) -> Result<Self, ValidationError> {
        self.url = Some(check_url(url)?);
        Ok(self)
    }

    /// Sets the version.
    #[must_use]
    pub fn with_version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Sets the summary.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets all keywords.
    #[must_use]
    pub fn with_keywords<I>(mut self, keywords: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.keywords = keywords.into_iter().map(Into::into).collect();
        self
    }

    /// Sets when the work began and ended, where recorded.
    #[must_use]
    pub fn with_recorded_times(
        mut self,
        began: Option<DateTime<Utc>>,
        ended: Option<DateTime<Utc>>,
    ) -> Self {
        self.created_at = began;
        self.completed_at = ended;
        self
    }

    /// Sets the day of the release.
    #[must_use]
    pub fn with_release_date(mut self, date: NaiveDate) -> Self {
        self.release_date = Some(date);
        self
    }

    /// The authors that have a name.
    pub(super) fn named_authors(&self) -> impl Iterator<Item = &Author> {
        self.authors.iter().filter(|author| author.is_named())
    }

    /// The address if it is one; the field is public and may hold anything.
    pub(crate) fn valid_url(&self) -> Option<String> {
        check_url(self.url.as_deref()?).ok()
    }
}
