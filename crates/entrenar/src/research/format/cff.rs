//! `CITATION.cff` of the Citation File Format 1.2.0.
//!
//! Source: the format's guide (`schema-guide.md`) and JSON schema, version 1.2.0. All free text is
//! in double quotes.

use super::facts::{Cited, Facts, Rights, Who, license_url};
use super::yaml::quoted;
use crate::research::author::NO_AUTHOR;
use crate::research::text::distinct;
use crate::research::{ArtifactType, AuthorKind, IdentifierScheme, ReferenceKind, RelationType};

/// The licence identifiers that the schema of CFF 1.2.0 allows, sorted, one a line.
const LICENSES: &str = include_str!("cff_licenses.txt");

pub(in crate::research) fn file(facts: &Facts<'_>) -> String {
    let artifact = facts.artifact;
    let mut out = String::with_capacity(1024);
    out.push_str(&field("cff-version", "1.2.0"));
    out.push_str(&field(
        "message",
        &quoted("To cite this work, please use the metadata of this file."),
    ));
    out.push_str(&field("title", &quoted(&facts.title())));
    let kind = match artifact.artifact_type {
        ArtifactType::Dataset => "dataset",
        _ => "software",
    };
    out.push_str(&field("type", kind));

    // The schema takes no author twice.
    let mut authors: Vec<String> = Vec::new();
    for author in facts.authors().iter().map(author) {
        if !authors.contains(&author) {
            authors.push(author);
        }
    }
    if authors.is_empty() {
        authors.push(mapping(&[("name", NO_AUTHOR.to_owned())]));
    }
    out.push_str("authors:\n");
    out.push_str(&authors.concat());

    let license = LicenseField::of(&facts.rights());
    let mut summary = facts.summary();
    summary.extend(facts.remarks());
    if let LicenseField::InWords(license) = &license {
        summary.push(format!("License: {license}."));
    }
    summary.extend(facts.funding().map(|grant| grant.sentence()));
    summary.extend(facts.equipment());
    if !summary.is_empty() {
        out.push_str(&field("abstract", &quoted(&summary.join("\n"))));
    }
    let keywords = facts.keywords_and_subjects();
    if !keywords.is_empty() {
        out.push_str(&list(
            "keywords",
            keywords.iter().map(|keyword| quoted(keyword)),
        ));
    }
    match &license {
        LicenseField::One(id) => out.push_str(&field("license", id)),
        LicenseField::AnyOf(ids) => out.push_str(&list("license", ids.iter().copied())),
        LicenseField::Url(url) => out.push_str(&field("license-url", &quoted(url))),
        LicenseField::InWords(_) | LicenseField::Absent => {}
    }
    if let Some(version) = facts.version() {
        out.push_str(&field("version", &quoted(&version)));
    }
    if let Some(date) = facts.date_text() {
        out.push_str(&field("date-released", &date));
    }
    let doi = facts.doi().map(|doi| doi.as_str());
    if let Some(doi) = doi.filter(|doi| is_cff_doi(doi)) {
        out.push_str(&field("doi", &quoted(doi)));
    }
    if let Some(url) = facts.url() {
        out.push_str(&field("url", &quoted(&url)));
    }
    if let Some(url) = facts.repository() {
        out.push_str(&field("repository-code", &quoted(&url)));
    }
    let identifiers = identifiers(facts);
    if !identifiers.is_empty() {
        out.push_str("identifiers:\n");
        out.push_str(&identifiers.concat());
    }
    let mut references: Vec<String> = Vec::new();
    for cited in facts.references().iter().filter_map(reference) {
        if !references.contains(&cited) {
            references.push(cited);
        }
    }
    if !references.is_empty() {
        out.push_str("references:\n");
        out.push_str(&references.concat());
    }
    out
}

/// A work that is cited, if it has a title: the format insists on one, and on an author.
fn reference(cited: &Cited<'_>) -> Option<String> {
    use ReferenceKind as K;
    let kind = match cited.kind {
        K::Article | K::Preprint => "article",
        K::ConferencePaper => "conference-paper",
        K::Proceedings => "proceedings",
        K::Book => "book",
        K::Report => "report",
        K::Thesis => "thesis",
        K::Manuscript => "unpublished",
        K::Presentation => "slides",
        K::Patent => "patent",
        K::Standard => "standard",
        K::Dataset => "data",
        K::Software | K::Notebook => "software",
        K::WebPage => "website",
        K::Media => "multimedia",
        _ => "generic",
    };
    let mut entries = vec![("type", kind.to_owned()), ("title", cited.title.clone()?)];
    entries.extend(cited.container.clone().map(|name| ("journal", name)));
    entries.extend(cited.version.clone().map(|version| ("version", version)));
    let doi = cited.doi.map(|doi| doi.as_str());
    match doi.filter(|doi| is_cff_doi(doi)) {
        Some(doi) => entries.push(("doi", doi.to_owned())),
        None => entries.extend(
            cited
                .address
                .clone()
                .filter(|address| address.starts_with("http"))
                .map(|url| ("url", url)),
        ),
    }
    let mut out = mapping(&entries);
    if let Some(year) = cited.year.filter(|year| *year > 0) {
        out.push_str(&format!("    year: {year}\n"));
    }
    let mut authors: Vec<String> = Vec::new();
    for author in cited.authors.iter().map(author) {
        if !authors.contains(&author) {
            authors.push(author);
        }
    }
    if authors.is_empty() {
        authors.push(mapping(&[("name", "Author not recorded".to_owned())]));
    }
    out.push_str("    authors:\n");
    for line in authors.concat().lines() {
        out.push_str("    ");
        out.push_str(line);
        out.push('\n');
    }
    Some(out)
}

/// What else identifies the work: its id here, and the identifiers that are said to be the same
/// or another version. The schema takes no identifier twice.
fn identifiers(facts: &Facts<'_>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    if let Some(doi) = facts.doi().filter(|doi| !is_cff_doi(doi.as_str())) {
        found.push(mapping(&[
            ("type", "other".to_owned()),
            ("value", format!("https://doi.org/{doi}")),
            ("description", "The DOI of the work.".to_owned()),
        ]));
    }
    if let Some(id) = facts.id() {
        found.push(mapping(&[
            ("type", "other".to_owned()),
            ("value", id),
            (
                "description",
                "The id of the recorded session or artifact.".to_owned(),
            ),
        ]));
    }
    for related in &facts.artifact.related {
        let description = match related.relation {
            RelationType::IsIdenticalTo => "The same work.",
            RelationType::IsVersionOf => "The work, all versions.",
            RelationType::HasVersion => "A version of the work.",
            RelationType::IsNewVersionOf => "An older version of the work.",
            RelationType::IsPreviousVersionOf => "A newer version of the work.",
            _ => continue,
        };
        let value = related.identifier.value();
        let (kind, value) = match related.identifier.scheme() {
            IdentifierScheme::Doi if is_cff_doi(value) => ("doi", value.to_owned()),
            IdentifierScheme::Swhid if !value.contains(';') => ("swh", value.to_owned()),
            IdentifierScheme::Url => ("url", value.to_owned()),
            _ => ("other", related.identifier.to_string()),
        };
        let entry = mapping(&[
            ("type", kind.to_owned()),
            ("value", value),
            ("description", description.to_owned()),
        ]);
        if !found.contains(&entry) {
            found.push(entry);
        }
    }
    found
}

/// One line; `value` is YAML.
fn field(key: &str, value: &str) -> String {
    format!("{key}: {value}\n")
}

fn list(key: &str, items: impl Iterator<Item = impl AsRef<str>>) -> String {
    let items: String = items
        .map(|item| format!("  - {}\n", item.as_ref()))
        .collect();
    format!("{key}:\n{items}")
}

/// One item of a list of mappings; all values are quoted.
fn mapping(entries: &[(&str, String)]) -> String {
    let mut out = String::new();
    for (at, (key, value)) in entries.iter().enumerate() {
        let lead = if at == 0 { "  - " } else { "    " };
        out.push_str(&format!("{lead}{key}: {}\n", quoted(value)));
    }
    out
}

fn author(who: &Who<'_>) -> String {
    let parts = who.parts.clone();
    let mut entries: Vec<(&str, String)> = Vec::new();
    match who.kind {
        AuthorKind::Person => {
            entries.push(("family-names", parts.family));
            entries.extend(parts.given.map(|given| ("given-names", given)));
            entries.extend(parts.particle.map(|particle| ("name-particle", particle)));
            entries.extend(parts.suffix.map(|suffix| ("name-suffix", suffix)));
        }
        AuthorKind::Organisation => entries.push(("name", parts.family)),
        AuthorKind::Email => entries.push(("alias", parts.family)),
    }
    let affiliations: Vec<String> = who
        .affiliations()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let affiliations = distinct(&affiliations);
    if !who.is_organisation() && !affiliations.is_empty() {
        entries.push(("affiliation", affiliations.join("; ")));
    }
    entries.extend(
        who.email()
            .filter(|email| is_cff_email(email))
            .map(|email| ("email", email)),
    );
    entries.extend(who.orcid().map(|orcid| ("orcid", orcid.uri())));
    mapping(&entries)
}

/// `^[\S]+@[\S]+\.[\S]{2,}$`, in ASCII.
fn is_cff_email(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_graphic())
        && text.rsplit_once('@').is_some_and(|(user, host)| {
            !user.is_empty()
                && host
                    .rsplit_once('.')
                    .is_some_and(|(head, top)| !head.is_empty() && top.len() >= 2)
        })
}

/// The suffix may hold fewer characters than a DOI's.
fn is_cff_doi(doi: &str) -> bool {
    let Some((registrant, suffix)) = doi.split_once('/') else {
        return false;
    };
    registrant.matches('.').count() <= 2
        && suffix
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ":/_;-.()[]".contains(c))
}

enum LicenseField {
    Absent,
    One(&'static str),
    /// A list means a choice.
    AnyOf(Vec<&'static str>),
    /// One of the SPDX list that is newer than the schema.
    Url(String),
    /// An expression that the format cannot express.
    InWords(String),
}

impl LicenseField {
    fn of(rights: &Rights<'_>) -> Self {
        let known = |id: &&str| LICENSES.lines().any(|line| line == *id);
        match rights {
            Rights::NotChosen => Self::Absent,
            Rights::AnyOf(ids) if ids.iter().all(known) => match ids.as_slice() {
                [id] => Self::One(id),
                _ => Self::AnyOf(ids.clone()),
            },
            Rights::AnyOf(ids) => match ids.as_slice() {
                [id] => Self::Url(license_url(id)),
                _ => Self::InWords(ids.join(" OR ")),
            },
            Rights::Expression(license) => Self::InWords(license.to_string()),
        }
    }
}
