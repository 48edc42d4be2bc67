mod artifact;
pub(super) mod csl;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::{Author, Doi, Identifier, PartialDate, RelationType};

/// What kind of work a reference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ReferenceKind {
    /// An article in a journal, magazine or newspaper.
    Article,
    /// A text on a preprint server.
    Preprint,
    /// A paper in the proceedings of a conference.
    ConferencePaper,
    /// A whole volume of proceedings.
    Proceedings,
    /// A book, with an author or edited.
    Book,
    /// A part of a book, with a title of its own.
    Chapter,
    /// A report, white paper or technical note.
    Report,
    /// A thesis.
    Thesis,
    /// A text that was not published.
    Manuscript,
    /// A talk, its slides or a poster.
    Presentation,
    /// A patent.
    Patent,
    /// A standard.
    Standard,
    /// Data.
    Dataset,
    /// A program or library.
    Software,
    /// A trained model.
    Model,
    /// A session or notebook.
    Notebook,
    /// A page or site of the web.
    WebPage,
    /// Sound, film, a picture.
    Media,
    /// Anything else; the type of the file it was read from is in
    /// [`foreign_type`](Reference::foreign_type).
    Other,
}

impl ReferenceKind {
    /// The word for it in messages, JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Article => "article",
            Self::Preprint => "preprint",
            Self::ConferencePaper => "conference-paper",
            Self::Proceedings => "proceedings",
            Self::Book => "book",
            Self::Chapter => "chapter",
            Self::Report => "report",
            Self::Thesis => "thesis",
            Self::Manuscript => "manuscript",
            Self::Presentation => "presentation",
            Self::Patent => "patent",
            Self::Standard => "standard",
            Self::Dataset => "dataset",
            Self::Software => "software",
            Self::Model => "model",
            Self::Notebook => "notebook",
            Self::WebPage => "web-page",
            Self::Media => "media",
            Self::Other => "other",
        }
    }

    /// All kinds, in the order of their declaration.
    pub const ALL: [Self; 19] = [
        Self::Article,
        Self::Preprint,
        Self::ConferencePaper,
        Self::Proceedings,
        Self::Book,
        Self::Chapter,
        Self::Report,
        Self::Thesis,
        Self::Manuscript,
        Self::Presentation,
        Self::Patent,
        Self::Standard,
        Self::Dataset,
        Self::Software,
        Self::Model,
        Self::Notebook,
        Self::WebPage,
        Self::Media,
        Self::Other,
    ];

    /// The kind of that [word](Self::as_str).
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl fmt::Display for ReferenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a work was to the one that cites it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UsedAs {
    /// The data it was trained or evaluated on.
    Dataset,
    /// The model it began with.
    BaseModel,
    /// A text that it builds upon.
    Paper,
    /// A program that it ran.
    Software,
}

impl UsedAs {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Dataset, Self::BaseModel, Self::Paper, Self::Software];

    /// The word for it in messages, JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dataset => "dataset",
            Self::BaseModel => "base-model",
            Self::Paper => "paper",
            Self::Software => "software",
        }
    }

    /// The one of that [word](Self::as_str).
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|used| used.as_str() == word)
    }
}

impl fmt::Display for UsedAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A work that an artifact cites: a paper, a dataset, a base model, a program.
///
/// Unlike an artifact it was described by others: every field but the kind may be absent, and
/// what the file said beyond these fields is kept in [`extra`](Self::extra).
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// The key under which a bibliography has it.
    pub key: Option<String>,
    /// What kind of work it is.
    pub kind: ReferenceKind,
    /// The type that the file gave, where [`kind`](Self::kind) does not say it all.
    pub foreign_type: Option<String>,
    /// A more precise word for the kind, such as `PhD thesis`.
    pub genre: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// Who made it, in the order of the authors.
    pub authors: Vec<Author>,
    /// Who edited the work it appeared in, or it itself.
    pub editors: Vec<Author>,
    /// When it was published.
    pub issued: Option<PartialDate>,
    /// When somebody looked at its page.
    pub accessed: Option<PartialDate>,
    /// Its DOI.
    pub doi: Option<Doi>,
    /// The address of its page, as it was given.
    pub url: Option<String>,
    /// Its other identifiers: ISBN, ISSN, arXiv, PubMed, SWHID, ….
    pub identifiers: Vec<Identifier>,
    /// The journal, proceedings, book or site it appeared in.
    pub container_title: Option<String>,
    /// The series that it is part of.
    pub collection_title: Option<String>,
    /// The conference.
    pub event_title: Option<String>,
    /// The volume.
    pub volume: Option<String>,
    /// The issue of the journal.
    pub issue: Option<String>,
    /// The number of the report, patent or article.
    pub number: Option<String>,
    /// The pages, `6000-6010`.
    pub pages: Option<String>,
    /// The publisher; for a thesis its university, for a report its institution.
    pub publisher: Option<String>,
    /// Where the publisher is.
    pub publisher_place: Option<String>,
    /// The edition.
    pub edition: Option<String>,
    /// The version.
    pub version: Option<String>,
    /// The language, as it was given.
    pub language: Option<String>,
    /// The abstract.
    pub abstract_text: Option<String>,
    /// Keywords.
    pub keywords: Vec<String>,
    /// A note that citations print.
    pub note: Option<String>,
    /// The licence, as it was given.
    pub license: Option<String>,
    /// How the artifact that cites it relates to it.
    pub relation: RelationType,
    /// What it was to the artifact that cites it, where somebody said so.
    pub used_as: Option<UsedAs>,
    /// The session of the same store that it is, by its id.
    pub session: Option<String>,
    /// What the file said beyond these fields, by the names of its format.
    pub extra: BTreeMap<String, Value>,
}

impl Reference {
    /// A work of which nothing is known but its kind; the artifact `Cites` it.
    pub fn new(kind: ReferenceKind) -> Self {
        Self {
            key: None,
            kind,
            foreign_type: None,
            genre: None,
            title: None,
            authors: Vec::new(),
            editors: Vec::new(),
            issued: None,
            accessed: None,
            doi: None,
            url: None,
            identifiers: Vec::new(),
            container_title: None,
            collection_title: None,
            event_title: None,
            volume: None,
            issue: None,
            number: None,
            pages: None,
            publisher: None,
            publisher_place: None,
            edition: None,
            version: None,
            language: None,
            abstract_text: None,
            keywords: Vec::new(),
            note: None,
            license: None,
            relation: RelationType::Cites,
            used_as: None,
            session: None,
            extra: BTreeMap::new(),
        }
    }

    /// Sets the title.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Adds an author behind the last.
    #[must_use]
    pub fn with_author(mut self, author: Author) -> Self {
        self.authors.push(author);
        self
    }

    /// Sets when it was published.
    #[must_use]
    pub fn with_issued(mut self, issued: PartialDate) -> Self {
        self.issued = Some(issued);
        self
    }

    /// Sets the DOI.
    #[must_use]
    pub fn with_doi(mut self, doi: Doi) -> Self {
        self.doi = Some(doi);
        self
    }

    /// What it was to the artifact: as it was said, else as its kind suggests.
    pub fn use_or_kind(&self) -> UsedAs {
        self.used_as.unwrap_or(match self.kind {
            ReferenceKind::Dataset => UsedAs::Dataset,
            ReferenceKind::Model => UsedAs::BaseModel,
            ReferenceKind::Software | ReferenceKind::Notebook => UsedAs::Software,
            _ => UsedAs::Paper,
        })
    }

    /// The address to reach it at: of the DOI, else the one that was given.
    pub fn address(&self) -> Option<String> {
        let doi = self.doi.as_ref().map(|doi| Identifier::of_doi(doi).uri());
        doi.or_else(|| self.url.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back() {
        for kind in ReferenceKind::ALL {
            assert_eq!(ReferenceKind::parse(kind.as_str()), Some(kind));
        }
        for used in UsedAs::ALL {
            assert_eq!(UsedAs::parse(used.as_str()), Some(used));
        }
    }

    #[test]
    fn the_use_follows_the_kind_unless_it_is_said() {
        let mut reference = Reference::new(ReferenceKind::Model);
        assert_eq!(reference.use_or_kind(), UsedAs::BaseModel);
        reference.used_as = Some(UsedAs::Software);
        assert_eq!(reference.use_or_kind(), UsedAs::Software);
    }
}
