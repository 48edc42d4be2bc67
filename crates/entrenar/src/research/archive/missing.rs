use std::fmt;

use super::ZenodoConfig;
use crate::research::format::facts::Facts;
use crate::research::format::invenio;
#[cfg(feature = "deposit")]
use crate::research::format::{dataverse, figshare};
use crate::research::text::{is_invisible, one_line};
use crate::research::{AuthorKind, ResearchArtifact};

/// Whether an archive insists on something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Importance {
    /// The archive refuses to publish without it.
    Required,
    /// The archive publishes without it, but readers will miss it.
    Recommended,
}

/// What can be missing from a deposit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum MissingField {
    /// An access token.
    Token,
    /// A title of at least three characters.
    Title,
    /// A title that somebody gave: the one there is was derived.
    StatedTitle,
    /// An author.
    Author,
    /// The family name of an author who is known by an address alone.
    AuthorName,
    /// An author's ORCID iD.
    Orcid,
    /// An author's affiliation.
    Affiliation,
    /// The publisher: an archive other than Zenodo insists on its name before it gives a DOI.
    Publisher,
    /// The day of publication.
    PublicationDate,
    /// Files to be deposited.
    Files,
    /// A licence.
    License,
    /// A summary.
    Description,
    /// Keywords.
    Keywords,
    /// A version.
    Version,
    /// A category of the archive's own list.
    Category,
    /// A subject of the archive's own list.
    Subject,
}

/// Something that a deposit lacks, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingItem {
    /// What is missing.
    pub field: MissingField,
    /// Whether the archive insists on it.
    pub importance: Importance,
    /// What is missing, as a sentence.
    pub message: String,
    /// What to do about it, as a sentence.
    pub hint: &'static str,
}

impl fmt::Display for MissingItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.message, self.hint)
    }
}

/// What `artifact` lacks for a deposit, the required things first.
pub(super) fn of(
    artifact: &ResearchArtifact,
    config: &ZenodoConfig,
    has_files: bool,
) -> Vec<MissingItem> {
    let mut items = Vec::new();
    let mut lacks = |field, importance, message: String, hint| {
        items.push(MissingItem {
            field,
            importance,
            message,
            hint,
        });
    };
    use Importance::{Recommended, Required};

    if !config.has_token() {
        let message = "There is no access token that could be sent.".into();
        let hint = "Make one at the archive with the scopes deposit:write and deposit:actions.";
        lacks(MissingField::Token, Required, message, hint);
    }
    let title = one_line(&artifact.title);
    if title.chars().filter(|c| !is_invisible(*c)).count() < invenio::SHORTEST_TITLE {
        let message = "The title has fewer than three characters.".into();
        lacks(MissingField::Title, Required, message, "Give a title.");
    } else if let Some(how) = &artifact.title_derived_from {
        let message = format!(
            "Nobody gave a title; it was derived from {}.",
            one_line(how)
        );
        lacks(
            MissingField::StatedTitle,
            Recommended,
            message,
            "Give a title.",
        );
    }
    if artifact.named_authors().next().is_none() {
        let message = "Nobody is named as an author.".into();
        lacks(MissingField::Author, Required, message, "Name the authors.");
    }
    for author in artifact.named_authors() {
        let name = one_line(&author.name);
        if author.kind() == AuthorKind::Email {
            let message = format!("The author {name} is known by an address alone.");
            let hint = "Give the author's name.";
            lacks(MissingField::AuthorName, Recommended, message, hint);
        }
        if author.kind() == AuthorKind::Organisation {
            continue;
        }
        if author.orcid.is_none() {
            let message = format!("The author {name} has no ORCID iD.");
            let hint = "Add it, so that the author can be told from others of the same name.";
            lacks(MissingField::Orcid, Recommended, message, hint);
        }
        if author.affiliations.is_empty() {
            let message = format!("The author {name} has no affiliation.");
            lacks(MissingField::Affiliation, Recommended, message, "Add it.");
        }
    }
    let publisher = Facts::new(artifact)
        .publisher()
        .or_else(|| config.publisher());
    if publisher.is_none() && artifact.doi.is_none() {
        let message = "There is no publisher.".into();
        let hint = "Give the archive's name; it needs one to register a DOI.";
        lacks(MissingField::Publisher, Required, message, hint);
    }
    if Facts::new(artifact).date_text().is_none() {
        let message = "There is no publication date.".into();
        let hint = "State the day of the release; the time of recording is not taken for it.";
        lacks(MissingField::PublicationDate, Required, message, hint);
    }
    if !has_files {
        let message = "There are no files.".into();
        let hint = "Add the artifact folder that `preserve` writes.";
        lacks(MissingField::Files, Required, message, hint);
    }
    if artifact.license.is_none() {
        let message = "No licence was chosen.".into();
        let hint = "Choose one of https://spdx.org/licenses/; without it nobody may use the work.";
        lacks(MissingField::License, Recommended, message, hint);
    }
    let description = artifact.description.as_deref().unwrap_or_default();
    if one_line(description).is_empty() {
        let message = "There is no description.".into();
        let hint = "Say in a few sentences what was done.";
        lacks(MissingField::Description, Recommended, message, hint);
    }
    if artifact
        .keywords
        .iter()
        .all(|keyword| one_line(keyword).is_empty())
    {
        let message = "There are no keywords.".into();
        lacks(MissingField::Keywords, Recommended, message, "Add some.");
    }
    if one_line(&artifact.version).is_empty() {
        let message = "There is no version.".into();
        lacks(MissingField::Version, Recommended, message, "Give one.");
    }
    items.sort_by_key(|item| item.importance);
    items
}

/// What Figshare and Dataverse both insist on.
#[cfg(feature = "deposit")]
fn of_any(artifact: &ResearchArtifact, has_token: bool, archive: &str) -> Vec<MissingItem> {
    let mut items = Vec::new();
    let mut lacks = |field, message: String, hint| {
        let importance = Importance::Required;
        items.push(MissingItem {
            field,
            importance,
            message,
            hint,
        });
    };
    if !has_token {
        let message = "There is no access token that could be sent.".into();
        lacks(
            MissingField::Token,
            message,
            "Make one in your account at the archive.",
        );
    }
    let title = one_line(&artifact.title);
    if title.chars().filter(|c| !is_invisible(*c)).count() < figshare::SHORTEST_TITLE {
        let message = "The title has fewer than three characters.".into();
        lacks(MissingField::Title, message, "Give a title.");
    }
    if artifact.named_authors().next().is_none() {
        let message = "Nobody is named as an author.".into();
        lacks(MissingField::Author, message, "Name the authors.");
    }
    let facts = Facts::new(artifact);
    if facts.description_is_empty() {
        let message = format!("There is no description, on which {archive} insists.");
        lacks(
            MissingField::Description,
            message,
            "Say in a few sentences what was done.",
        );
    }
    if artifact.license.is_none() {
        let message = format!("No licence was chosen; {archive} puts one of its own in its place.");
        lacks(
            MissingField::License,
            message,
            "Choose one that the archive offers.",
        );
    }
    items
}

/// What `artifact` lacks for an article at Figshare.
#[cfg(feature = "deposit")]
pub(super) fn of_figshare(
    artifact: &ResearchArtifact,
    has_token: bool,
    has_category: bool,
) -> Vec<MissingItem> {
    let mut items = of_any(artifact, has_token, "Figshare");
    let mut lacks = |field, message: &str, hint| {
        let importance = Importance::Required;
        items.push(MissingItem {
            field,
            importance,
            message: message.into(),
            hint,
        });
    };
    if Facts::new(artifact).has_no_keywords() {
        let message = "There are no keywords, on which Figshare insists.";
        lacks(MissingField::Keywords, message, "Add some.");
    }
    if !has_category {
        let message = "There is no category of Figshare's list.";
        lacks(
            MissingField::Category,
            message,
            "Name one of https://api.figshare.com/v2/categories.",
        );
    }
    items
}

/// What `artifact` lacks for a dataset in a Dataverse.
#[cfg(feature = "deposit")]
pub(super) fn of_dataverse(
    artifact: &ResearchArtifact,
    has_token: bool,
    subject: Option<&str>,
) -> Vec<MissingItem> {
    let mut items = of_any(artifact, has_token, "Dataverse");
    let is_known = subject.is_some_and(|subject| dataverse::SUBJECTS.contains(&subject));
    if !is_known {
        items.push(MissingItem {
            field: MissingField::Subject,
            importance: Importance::Required,
            message: match subject {
                Some(subject) => format!("Dataverse has no subject {:?}.", one_line(subject)),
                None => "There is no subject of Dataverse's list.".to_owned(),
            },
            hint: "Name one, such as Computer and Information Science.",
        });
    }
    items
}
