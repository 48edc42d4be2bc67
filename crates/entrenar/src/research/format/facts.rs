//! What every format says of an artifact, once: names, dates, licence, text in one line.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};

use crate::research::text::{distinct, lines, one_line};
use crate::research::{
    Affiliation, Author, AuthorKind, Doi, License, NameParts, Orcid, Reference, ReferenceKind,
    ResearchArtifact, Ror,
};

/// What stands in the formats that insist on a title where the artifact has none.
const NO_TITLE: &str = "Title not recorded";

/// An artifact as the formats see it. A field that nobody gave is absent.
#[derive(Debug, Clone, Copy)]
pub(in crate::research) struct Facts<'a> {
    pub(in crate::research) artifact: &'a ResearchArtifact,
    /// A year of citation that somebody gave beside the artifact.
    year: Option<i32>,
}

impl<'a> Facts<'a> {
    pub(in crate::research) fn new(artifact: &'a ResearchArtifact) -> Self {
        Self {
            artifact,
            year: None,
        }
    }

    pub(in crate::research) fn in_year(artifact: &'a ResearchArtifact, year: Option<i32>) -> Self {
        Self { artifact, year }
    }

    /// The title in one line.
    pub(super) fn title(&self) -> String {
        let title = one_line(&self.artifact.title);
        if title.is_empty() {
            NO_TITLE.to_owned()
        } else {
            title
        }
    }

    /// The authors that have a name, in their order.
    pub(super) fn authors(&self) -> Vec<Who<'a>> {
        self.artifact.named_authors().map(Who::of).collect()
    }

    /// The year: the given one, else that of the release date; 1 to 9999.
    pub(in crate::research) fn year(&self) -> Option<i32> {
        self.year
            .or_else(|| self.artifact.release_date.map(|date| date.year()))
            .filter(|year| (1..=9999).contains(year))
    }

    /// The release date, unless a year that was given contradicts it.
    pub(super) fn date(&self) -> Option<NaiveDate> {
        self.artifact
            .release_date
            .filter(|date| self.year() == Some(date.year()))
    }

    /// The release date as `YYYY-MM-DD`.
    pub(in crate::research) fn date_text(&self) -> Option<String> {
        self.date().map(day)
    }

    /// The release date, else the year alone: what a format with one field for both is given.
    pub(super) fn date_or_year(&self) -> Option<String> {
        self.date_text()
            .or_else(|| self.year().map(|year| format!("{year:04}")))
    }

    pub(super) fn version(&self) -> Option<String> {
        some(one_line(&self.artifact.version))
    }

    pub(super) fn id(&self) -> Option<String> {
        some(one_line(&self.artifact.id))
    }

    pub(in crate::research) fn publisher(&self) -> Option<String> {
        some(one_line(self.artifact.publisher.as_deref()?))
    }

    pub(super) fn doi(&self) -> Option<&'a Doi> {
        self.artifact.doi.as_ref()
    }

    pub(super) fn url(&self) -> Option<String> {
        self.artifact.valid_url()
    }

    pub(super) fn repository(&self) -> Option<String> {
        super::valid_url(self.artifact.repository.as_deref()?)
    }

    /// The language as a BCP 47 tag.
    pub(super) fn language(&self) -> Option<&'a str> {
        self.artifact.language.as_ref().map(|tag| tag.as_str())
    }

    /// The language as ISO 639-3 has it, which is what archives take.
    pub(super) fn language_639_3(&self) -> Option<&'a str> {
        let primary = self.artifact.language.as_ref()?.primary();
        if primary.len() == 3 {
            return Some(primary);
        }
        LANGUAGES
            .lines()
            .filter_map(|line| line.split_once(' '))
            .find_map(|(two, three)| (two == primary).then_some(three))
    }

    /// Keywords and terms of vocabularies, each once, where a format does not tell them apart.
    pub(super) fn keywords_and_subjects(&self) -> Vec<String> {
        distinct(
            self.artifact
                .keywords
                .iter()
                .chain(self.artifact.subjects.iter().map(|subject| &subject.term)),
        )
    }

    pub(super) fn keywords(&self) -> Vec<String> {
        distinct(&self.artifact.keywords)
    }

    /// The abstract that somebody wrote, with its lines.
    pub(super) fn abstract_text(&self) -> Option<String> {
        some(lines(self.artifact.abstract_text.as_deref()?))
    }

    /// The summary that was made of the data, with its lines.
    pub(super) fn description(&self) -> Option<String> {
        some(lines(self.artifact.description.as_deref()?))
    }

    /// Abstract, then description: the text of formats that have one field for both.
    pub(super) fn summary(&self) -> Vec<String> {
        let mut summary: Vec<String> = self.abstract_text().into_iter().collect();
        summary.extend(
            self.description()
                .filter(|text| summary.first() != Some(text)),
        );
        summary
    }

    #[cfg(feature = "deposit")]
    pub(in crate::research) fn description_is_empty(&self) -> bool {
        self.summary().is_empty()
    }

    #[cfg(feature = "deposit")]
    pub(in crate::research) fn has_no_keywords(&self) -> bool {
        self.keywords_and_subjects().is_empty()
    }

    /// What a reader must know of the metadata themselves, as sentences.
    pub(super) fn remarks(&self) -> Vec<String> {
        let how = self.artifact.title_derived_from.as_deref().map(one_line);
        how.map(|how| {
            let how = some(how).unwrap_or_else(|| "its source".into());
            format!("The title was derived from {how}.")
        })
        .into_iter()
        .collect()
    }

    /// What was used, as sentences, for formats that have no field for it.
    pub(super) fn equipment(&self) -> Vec<String> {
        let software: Vec<String> = self
            .software()
            .map(|(name, version, _)| match version {
                Some(version) => format!("{name} {version}"),
                None => name,
            })
            .collect();
        let hardware = distinct(&self.artifact.hardware);
        [("Software", distinct(&software)), ("Hardware", hardware)]
            .into_iter()
            .filter(|(_, items)| !items.is_empty())
            .map(|(what, items)| format!("{what}: {}.", items.join(", ")))
            .collect()
    }

    /// Name, version and address of what was used.
    pub(super) fn software(
        &self,
    ) -> impl Iterator<Item = (String, Option<String>, Option<String>)> + 'a {
        self.artifact.software.iter().filter_map(|used| {
            let name = some(one_line(&used.name))?;
            let version = used.version.as_deref().map(one_line).and_then(some);
            Some((
                name,
                version,
                used.url.as_deref().and_then(super::valid_url),
            ))
        })
    }

    /// Who paid, where the funder has a name.
    pub(super) fn funding(&self) -> impl Iterator<Item = Grant<'a>> + 'a {
        self.artifact.funding.iter().filter_map(|funding| {
            let text = |text: &Option<String>| text.as_deref().map(one_line).and_then(some);
            Some(Grant {
                funder: some(one_line(&funding.funder))?,
                ror: funding.funder_ror.as_ref(),
                number: text(&funding.award_number),
                title: text(&funding.award_title),
                url: funding.award_url.as_deref().and_then(super::valid_url),
            })
        })
    }

    /// The terms of vocabularies: term, scheme, address.
    pub(super) fn subjects(
        &self,
    ) -> impl Iterator<Item = (String, Option<String>, Option<String>)> + 'a {
        self.artifact.subjects.iter().filter_map(|subject| {
            let scheme = subject.scheme.as_deref().map(one_line).and_then(some);
            let uri = subject.uri.as_deref().and_then(super::valid_url);
            Some((some(one_line(&subject.term))?, scheme, uri))
        })
    }

    /// The works that it cites, where they have a title or an address.
    pub(super) fn references(&self) -> Vec<Cited<'a>> {
        let cited = self.artifact.references.iter().map(Cited::of);
        cited
            .filter(|work| work.title.is_some() || work.address.is_some())
            .collect()
    }

    pub(super) fn rights(&self) -> Rights<'a> {
        match &self.artifact.license {
            None => Rights::NotChosen,
            Some(license) => match license.alternatives() {
                Some(ids) => Rights::AnyOf(ids),
                None => Rights::Expression(license),
            },
        }
    }

    /// When the work was done, as recorded, by the day: `2024-02-28` or `2024-02-28/2024-02-29`.
    pub(super) fn recorded_days(&self) -> Option<String> {
        let day = |at: DateTime<Utc>| {
            (1..=9999)
                .contains(&at.year())
                .then(|| day(at.date_naive()))
        };
        let began = day(self.artifact.created_at?)?;
        Some(match self.artifact.completed_at.and_then(day) {
            Some(ended) if ended > began => format!("{began}/{ended}"),
            _ => began,
        })
    }
}

/// The two-letter and three-letter codes of ISO 639, one pair a line, sorted.
const LANGUAGES: &str = include_str!("languages.txt");

/// `date` as `YYYY-MM-DD`.
pub(super) fn day(date: NaiveDate) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
}

pub(super) fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// The address at which the SPDX list describes a licence.
pub(super) fn license_url(id: &str) -> String {
    format!("https://spdx.org/licenses/{id}")
}

/// The full name that the SPDX list gives a licence.
pub(super) fn license_name(id: &str) -> &str {
    spdx::license_id(id).map_or(id, |license| license.full_name)
}

/// Under which terms it may be used.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rights<'a> {
    NotChosen,
    /// One licence of the SPDX list, or the choice among several, each once.
    AnyOf(Vec<&'static str>),
    /// What is more than a choice: `AND`, `WITH`, `+`, `LicenseRef-…`.
    Expression(&'a License),
}

/// One author, with the name taken apart.
#[derive(Debug, Clone)]
pub(super) struct Who<'a> {
    pub(super) kind: AuthorKind,
    pub(super) parts: NameParts,
    author: &'a Author,
}

impl<'a> Who<'a> {
    pub(super) fn of(author: &'a Author) -> Self {
        let (kind, parts) = author.parsed();
        Self {
            kind,
            parts,
            author,
        }
    }

    pub(super) fn is_named(&self) -> bool {
        self.author.is_named()
    }

    pub(super) fn is_organisation(&self) -> bool {
        self.kind == AuthorKind::Organisation
    }

    pub(super) fn given(&self) -> Option<&str> {
        self.parts.given.as_deref()
    }

    /// The family name with particle and suffix, for formats that know neither; the whole name
    /// where it has no parts.
    pub(super) fn family(&self) -> String {
        match &self.parts.suffix {
            Some(suffix) => format!("{} {suffix}", self.parts.full_family()),
            None => self.parts.full_family(),
        }
    }

    /// `Family, Given`; the whole name where it has no parts.
    pub(super) fn inverted(&self) -> String {
        match self.given() {
            Some(given) => format!("{}, {given}", self.family()),
            None => self.family(),
        }
    }

    /// `Given Family`; the whole name where it has no parts.
    pub(super) fn in_reading_order(&self) -> String {
        match self.given() {
            Some(given) => format!("{given} {}", self.family()),
            None => self.family(),
        }
    }

    pub(super) fn orcid(&self) -> Option<&'a Orcid> {
        self.author.orcid.as_ref()
    }

    pub(super) fn email(&self) -> Option<String> {
        self.author.email_address()
    }

    pub(super) fn roles(&self) -> &'a [crate::research::ContributorRole] {
        &self.author.roles
    }

    /// Name and ROR id of each affiliation that has either, each once.
    pub(super) fn affiliations(&self) -> Vec<(String, Option<&'a Ror>)> {
        let mut found: Vec<(String, Option<&Ror>)> = Vec::new();
        for Affiliation { name, ror, .. } in &self.author.affiliations {
            let one = (one_line(name), ror.as_ref());
            if (!one.0.is_empty() || one.1.is_some()) && !found.contains(&one) {
                found.push(one);
            }
        }
        found
    }
}

/// One grant, in one line each.
#[derive(Debug, Clone)]
pub(super) struct Grant<'a> {
    pub(super) funder: String,
    pub(super) ror: Option<&'a Ror>,
    pub(super) number: Option<String>,
    pub(super) title: Option<String>,
    pub(super) url: Option<String>,
}

impl Grant<'_> {
    /// As a sentence: `Funded by X (grant 12: Title).`
    pub(super) fn sentence(&self) -> String {
        let award = match (&self.number, &self.title) {
            (Some(number), Some(title)) => format!(" (grant {number}: {title})"),
            (Some(number), None) => format!(" (grant {number})"),
            (None, Some(title)) => format!(" (grant: {title})"),
            (None, None) => String::new(),
        };
        format!("Funded by {}{award}.", self.funder)
    }
}

/// A work that is cited, in one line each.
#[derive(Debug, Clone)]
pub(super) struct Cited<'a> {
    pub(super) kind: ReferenceKind,
    pub(super) title: Option<String>,
    pub(super) authors: Vec<Who<'a>>,
    pub(super) year: Option<i32>,
    pub(super) container: Option<String>,
    pub(super) version: Option<String>,
    pub(super) doi: Option<&'a Doi>,
    pub(super) address: Option<String>,
}

impl<'a> Cited<'a> {
    fn of(reference: &'a Reference) -> Self {
        let text = |text: &Option<String>| text.as_deref().map(one_line).and_then(some);
        Self {
            kind: reference.kind,
            title: text(&reference.title),
            authors: reference
                .authors
                .iter()
                .map(Who::of)
                .filter(Who::is_named)
                .collect(),
            year: reference.issued.map(|issued| issued.year()),
            container: text(&reference.container_title),
            version: text(&reference.version),
            doi: reference.doi.as_ref(),
            address: reference
                .address()
                .and_then(|url| super::valid_url(&url))
                .or_else(|| Some(reference.identifiers.first()?.uri())),
        }
    }

    /// As a line of a bibliography: `Family, Given; Family, Given (2024). Title. Journal. https://…`
    pub(super) fn line(&self) -> String {
        let authors: Vec<String> = self.authors.iter().map(Who::inverted).collect();
        let mut head = authors.join("; ");
        if let Some(year) = self.year {
            if !head.is_empty() {
                head.push(' ');
            }
            head.push_str(&format!("({year})"));
        }
        let parts = [
            some(head),
            self.title.clone(),
            self.container.clone(),
            self.version
                .as_ref()
                .map(|version| format!("Version {version}")),
            self.address.clone(),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        parts.join(". ")
    }
}
