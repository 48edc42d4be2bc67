use std::fmt;

use super::MetadataField;
use crate::research::text::{is_invisible, one_line};
use crate::research::{AuthorKind, Importance, ResearchArtifact};

/// A format or archive, and what it wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CheckTarget {
    /// A deposit at Zenodo.
    Zenodo,
    /// A deposit at another archive that runs InvenioRDM.
    Invenio,
    /// A DOI's metadata (DataCite 4.7, mandatory and recommended properties).
    DataCite,
    /// An RO-Crate (1.1, "Root Data Entity").
    RoCrate,
    /// `CITATION.cff` (1.2.0).
    Cff,
    /// `codemeta.json` (3.1).
    Codemeta,
    /// A BibLaTeX entry `@software` (its data model's mandatory fields).
    Bibtex,
    /// CSL-JSON and RIS, for reference managers.
    Csl,
    /// schema.org for Google's Dataset Search.
    SchemaOrg,
    /// MLCommons Croissant (1.0, "Dataset-level information").
    Croissant,
    /// The head of a model card on Hugging Face.
    ModelCard,
}

impl CheckTarget {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Zenodo,
        Self::Invenio,
        Self::DataCite,
        Self::RoCrate,
        Self::Cff,
        Self::Codemeta,
        Self::Bibtex,
        Self::Csl,
        Self::SchemaOrg,
        Self::Croissant,
        Self::ModelCard,
    ];

    /// Its name on the command line and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Zenodo => "zenodo",
            Self::Invenio => "invenio",
            Self::DataCite => "datacite",
            Self::RoCrate => "ro-crate",
            Self::Cff => "cff",
            Self::Codemeta => "codemeta",
            Self::Bibtex => "bibtex",
            Self::Csl => "csl",
            Self::SchemaOrg => "schema-org",
            Self::Croissant => "croissant",
            Self::ModelCard => "model-card",
        }
    }

    /// The target of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.as_str() == name)
    }

    /// What it insists on, and what it recommends.
    fn needs(self) -> (&'static [Need], &'static [Need]) {
        use Need as N;
        const ARCHIVE: &[Need] = &[
            N::StatedTitle,
            N::AuthorNames,
            N::Orcids,
            N::Affiliations,
            N::License,
            N::Description,
            N::Keywords,
            N::Version,
        ];
        match self {
            Self::Zenodo => (&[N::Title, N::Author, N::Date], ARCHIVE),
            Self::Invenio => (&[N::Title, N::Author, N::Date, N::Publisher], ARCHIVE),
            Self::DataCite => (
                &[N::Title, N::Author, N::Date, N::Publisher, N::Doi],
                ARCHIVE,
            ),
            Self::RoCrate => (
                &[N::Title, N::Description, N::DateOrEnd],
                &[
                    N::StatedTitle,
                    N::Author,
                    N::AuthorNames,
                    N::Orcids,
                    N::Affiliations,
                    N::License,
                    N::Keywords,
                    N::Publisher,
                ],
            ),
            Self::Cff => (
                &[N::Title, N::Author],
                &[
                    N::StatedTitle,
                    N::AuthorNames,
                    N::Orcids,
                    N::Affiliations,
                    N::License,
                    N::Date,
                    N::Version,
                    N::Description,
                    N::Keywords,
                    N::Repository,
                ],
            ),
            Self::Codemeta => (
                &[N::Title],
                &[
                    N::StatedTitle,
                    N::Author,
                    N::AuthorNames,
                    N::Orcids,
                    N::License,
                    N::Date,
                    N::Version,
                    N::Description,
                    N::Keywords,
                    N::Repository,
                ],
            ),
            Self::Bibtex => (
                &[N::Title, N::Author, N::Date],
                &[N::StatedTitle, N::AuthorNames, N::DoiOrUrl, N::Version],
            ),
            Self::Csl => (
                &[N::Title],
                &[
                    N::StatedTitle,
                    N::Author,
                    N::AuthorNames,
                    N::Date,
                    N::DoiOrUrl,
                    N::Publisher,
                ],
            ),
            Self::SchemaOrg => (
                &[N::Title, N::Description],
                &[
                    N::StatedTitle,
                    N::Author,
                    N::AuthorNames,
                    N::License,
                    N::Date,
                    N::Keywords,
                    N::DoiOrUrl,
                    N::Version,
                ],
            ),
            Self::Croissant => (
                &[
                    N::Title,
                    N::Description,
                    N::License,
                    N::DoiOrUrl,
                    N::Author,
                    N::Date,
                ],
                &[
                    N::StatedTitle,
                    N::Keywords,
                    N::Publisher,
                    N::Version,
                    N::Language,
                ],
            ),
            Self::ModelCard => (&[], &[N::License, N::Language, N::Keywords]),
        }
    }
}

impl fmt::Display for CheckTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Something that a target may want.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    Title,
    StatedTitle,
    Author,
    AuthorNames,
    Orcids,
    Affiliations,
    Description,
    Keywords,
    License,
    Date,
    DateOrEnd,
    Version,
    Publisher,
    Doi,
    DoiOrUrl,
    Language,
    Repository,
}

/// Something that a target lacks, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// The field.
    pub field: MetadataField,
    /// Whether the target insists on it.
    pub importance: Importance,
    /// What is missing, as a sentence without a full stop.
    pub message: String,
    /// How to give it: an option, a line of `entrenar.toml`. Without a full stop.
    pub hint: String,
}

/// What `artifact` lacks for `target`, all at once, the required things first.
///
/// ```
/// use entrenar::research::metadata::{CheckTarget, MetadataField, gaps};
/// use entrenar::research::{ArtifactType, Author, ResearchArtifact};
///
/// let artifact = ResearchArtifact::new("s", "Rank 64", ArtifactType::Notebook)
///     .with_author(Author::new("Ana Silva"));
/// let first = &gaps(&artifact, CheckTarget::Zenodo)[0];
/// assert_eq!(first.field, MetadataField::Date);
/// ```
pub fn gaps(artifact: &ResearchArtifact, target: CheckTarget) -> Vec<Gap> {
    let (required, recommended) = target.needs();
    let required = required.iter().map(|need| (need, Importance::Required));
    let recommended = recommended
        .iter()
        .map(|need| (need, Importance::Recommended));
    required
        .chain(recommended)
        .flat_map(|(need, importance)| {
            let lacks = need.lacks(artifact).into_iter();
            lacks.map(move |(field, message, hint)| Gap {
                field,
                importance,
                message,
                hint,
            })
        })
        .collect()
}

type Lack = (MetadataField, String, String);

impl Need {
    fn lacks(self, artifact: &ResearchArtifact) -> Vec<Lack> {
        use MetadataField as F;
        let empty = |text: Option<&String>| text.is_none_or(|text| one_line(text).is_empty());
        let one = |lacks: bool, field: F, message: &str, hint: &str| {
            let lack = (field, message.to_owned(), hint.to_owned());
            if lacks { vec![lack] } else { Vec::new() }
        };
        match self {
            Self::Title => {
                let title = one_line(&artifact.title);
                let shown = title.chars().filter(|c| !is_invisible(*c)).count();
                let message = "the title has fewer than three characters";
                one(shown < 3, F::Title, message, "give one with --title TITLE")
            }
            Self::StatedTitle => artifact
                .title_derived_from
                .iter()
                .map(|how| {
                    let how = one_line(how);
                    (
                        F::Title,
                        format!("nobody gave a title; it was derived from {how}"),
                        "give one with --title TITLE, or `entrenar rename ID TITLE`".to_owned(),
                    )
                })
                .collect(),
            Self::Author => one(
                artifact.named_authors().next().is_none(),
                F::Authors,
                "nobody is named as an author",
                "name them with --author 'Ana Silva', or in [[authors]] of entrenar.toml",
            ),
            Self::AuthorNames => {
                of_persons(artifact, |author, name| {
                    (author.kind() == AuthorKind::Email).then(|| {
                    (
                        F::Authors,
                        format!("the author {name} is known by an address alone"),
                        format!("say who it is: [[people]] with `name` and `known_as = [\"{name}\"]`"),
                    )
                })
                })
            }
            Self::Orcids => {
                of_persons(artifact, |author, name| {
                    author.orcid.is_none().then(|| {
                    (
                        F::Authors,
                        format!("the author {name} has no ORCID iD"),
                        format!("add `orcid` to {name} in entrenar.toml, or --author 'NAME (ORCID iD)'"),
                    )
                })
                })
            }
            Self::Affiliations => {
                of_persons(artifact, |author, name| {
                    author.affiliations.is_empty().then(|| {
                    (
                        F::Authors,
                        format!("the author {name} has no affiliation"),
                        format!("add `affiliation` to {name} in entrenar.toml, or --affiliation NAME"),
                    )
                })
                })
            }
            Self::Description => one(
                empty(artifact.description.as_ref()) && empty(artifact.abstract_text.as_ref()),
                F::Description,
                "there is no description",
                "say in a few sentences what was done: `description` in `entrenar artifact edit ID`",
            ),
            Self::Keywords => one(
                artifact
                    .keywords
                    .iter()
                    .all(|word| one_line(word).is_empty()),
                F::Keywords,
                "there are no keywords",
                "give some with --keyword WORD, or tag the session",
            ),
            Self::License => one(
                artifact.license.is_none(),
                F::License,
                "no licence was chosen",
                "choose one of https://spdx.org/licenses with --license MIT, or `license = \"MIT\"` \
                 in entrenar.toml; without it nobody may use the work",
            ),
            Self::Date => one(
                !has_date(artifact),
                F::Date,
                "there is no publication date",
                "state the day of the release with --date YYYY-MM-DD; the time of recording is not \
                 taken for it",
            ),
            Self::DateOrEnd => one(
                !has_date(artifact) && artifact.completed_at.is_none(),
                F::Date,
                "there is no publication date, and no end was recorded",
                "state the day of the release with --date YYYY-MM-DD",
            ),
            Self::Version => one(
                one_line(&artifact.version).is_empty(),
                F::Version,
                "there is no version",
                "give one: `entrenar artifact edit ID --set version=1.0`",
            ),
            Self::Publisher => one(
                empty(artifact.publisher.as_ref()),
                F::Publisher,
                "there is no publisher",
                "name the archive: `publisher = \"Zenodo\"` in entrenar.toml",
            ),
            Self::Doi => one(
                artifact.doi.is_none(),
                F::Doi,
                "there is no DOI",
                "an archive gives it; then `entrenar artifact edit ID --set doi=10.…`",
            ),
            Self::DoiOrUrl => one(
                artifact.doi.is_none() && artifact.valid_url().is_none(),
                F::Url,
                "there is neither a DOI nor the address of a page",
                "give one: `entrenar artifact edit ID --set url=https://…`",
            ),
            Self::Language => one(
                artifact.language.is_none(),
                F::Language,
                "the language of its texts is not known",
                "say it: `language = \"en\"` in entrenar.toml",
            ),
            Self::Repository => one(
                artifact.repository.is_none(),
                F::Repository,
                "the address of the source code is not known",
                "give it: `repository = \"https://…\"` in entrenar.toml",
            ),
        }
    }
}

fn has_date(artifact: &ResearchArtifact) -> bool {
    use chrono::Datelike as _;
    let date = artifact.release_date;
    date.is_some_and(|date| (1..=9999).contains(&date.year()))
}

/// What each author lacks who is no organisation.
fn of_persons(
    artifact: &ResearchArtifact,
    lack: impl Fn(&crate::research::Author, &str) -> Option<Lack>,
) -> Vec<Lack> {
    artifact
        .named_authors()
        .filter(|author| author.kind() != AuthorKind::Organisation)
        .filter_map(|author| lack(author, &one_line(&author.name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::research::{ArtifactType, Author, License};

    fn fields(
        artifact: &ResearchArtifact,
        target: CheckTarget,
    ) -> Vec<(Importance, MetadataField)> {
        let gaps = gaps(artifact, target).into_iter();
        gaps.map(|gap| (gap.importance, gap.field)).collect()
    }

    #[test]
    fn everything_that_is_missing_is_told_at_once() {
        use Importance::{Recommended, Required};
        use MetadataField as F;
        let artifact = ResearchArtifact::new("s", "", ArtifactType::Notebook).with_version(" ");
        assert_eq!(
            fields(&artifact, CheckTarget::Zenodo),
            [
                (Required, F::Title),
                (Required, F::Authors),
                (Required, F::Date),
                (Recommended, F::License),
                (Recommended, F::Description),
                (Recommended, F::Keywords),
                (Recommended, F::Version),
            ]
        );
        for target in CheckTarget::ALL {
            assert_eq!(CheckTarget::parse(target.as_str()), Some(target));
            let gaps = gaps(&artifact, target);
            assert!(gaps.is_sorted_by_key(|gap| gap.importance), "{target}");
            assert!(!gaps.is_empty(), "{target}");
        }
    }

    #[test]
    fn nothing_is_missing_where_all_is_given() {
        let author = Author::new("Ana Silva")
            .with_orcid("0000-0002-1825-0097")
            .unwrap()
            .with_affiliation(crate::research::Affiliation::new("Lab"));
        let mut artifact = ResearchArtifact::new("s", "Rank 64", ArtifactType::Notebook)
            .with_authors([author, Author::new("The Team")])
            .with_license(License::MIT)
            .with_keywords(["lora"])
            .with_description("d")
            .with_release_date(chrono::NaiveDate::from_ymd_opt(2026, 11, 22).unwrap())
            .with_doi(crate::research::Doi::parse("10.1234/x").unwrap());
        artifact.publisher = Some("Zenodo".into());
        artifact.language = crate::research::Language::parse("en").ok();
        artifact.repository = Some("https://example.org".into());
        for target in CheckTarget::ALL {
            assert_eq!(gaps(&artifact, target), [], "{target}");
        }
    }
}
