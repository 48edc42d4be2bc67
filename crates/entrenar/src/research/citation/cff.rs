use crate::research::text::{distinct, lines, one_line};
use crate::research::{ArtifactType, Author, AuthorKind, License};

use super::CitationMetadata;
use super::yaml::quoted;

/// The licence identifiers that the schema of CFF 1.2.0 allows, sorted, one a line.
const LICENSES: &str = include_str!("cff_licenses.txt");

pub(super) fn file(citation: &CitationMetadata) -> String {
    let artifact = citation.artifact();
    let mut out = String::new();
    out.push_str(&field("cff-version", "1.2.0"));
    out.push_str(&field(
        "message",
        &quoted("To cite this work, please use the metadata of this file."),
    ));
    out.push_str(&field("title", &quoted(&citation.title())));
    let kind = match artifact.artifact_type {
        ArtifactType::Dataset => "dataset",
        _ => "software",
    };
    out.push_str(&field("type", kind));

    let mut authors: Vec<String> = Vec::new();
    for author in artifact.named_authors().map(author) {
        if !authors.contains(&author) {
            authors.push(author);
        }
    }
    if authors.is_empty() {
        authors.push(mapping(&[("name", "Author not recorded".to_owned())]));
    }
    out.push_str("authors:\n");
    out.push_str(&authors.concat());

    let license = LicenseField::of(artifact.license.as_ref());
    let mut summary: Vec<String> = artifact
        .description
        .iter()
        .map(|text| lines(text))
        .collect();
    summary.extend(citation.remarks());
    if let LicenseField::InWords(license) = &license {
        summary.push(format!("License: {license}."));
    }
    summary.retain(|text| !text.is_empty());
    if !summary.is_empty() {
        out.push_str(&field("abstract", &quoted(&summary.join("\n"))));
    }
    let keywords = distinct(&artifact.keywords);
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
    let version = one_line(&artifact.version);
    if !version.is_empty() {
        out.push_str(&field("version", &quoted(&version)));
    }
    if let Some(date) = citation.release_date() {
        out.push_str(&field("date-released", &date));
    }
    let doi = artifact.doi.as_ref().map(|doi| doi.as_str());
    if let Some(doi) = doi.filter(|doi| is_cff_doi(doi)) {
        out.push_str(&field("doi", &quoted(doi)));
    }
    if let Some(url) = artifact.valid_url() {
        out.push_str(&field("url", &quoted(&url)));
    }
    let id = one_line(&artifact.id);
    if !id.is_empty() {
        out.push_str("identifiers:\n");
        out.push_str(&mapping(&[
            ("type", "other".to_owned()),
            ("value", id),
            (
                "description",
                "The id of the recorded session or artifact.".to_owned(),
            ),
        ]));
    }
    out
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

fn author(author: &Author) -> String {
    let (kind, parts) = author.parsed();
    let mut entries: Vec<(&str, String)> = Vec::new();
    match kind {
        AuthorKind::Person => {
            entries.push(("family-names", parts.family));
            entries.extend(parts.given.map(|given| ("given-names", given)));
            entries.extend(parts.particle.map(|particle| ("name-particle", particle)));
            entries.extend(parts.suffix.map(|suffix| ("name-suffix", suffix)));
        }
        AuthorKind::Organisation => entries.push(("name", parts.family)),
        AuthorKind::Email => entries.push(("alias", parts.family)),
    }
    let affiliations = distinct(author.affiliations.iter().map(|at| &at.name));
    if kind != AuthorKind::Organisation && !affiliations.is_empty() {
        entries.push(("affiliation", affiliations.join("; ")));
    }
    entries.extend(
        author
            .email_address()
            .filter(|email| is_cff_email(email))
            .map(|email| ("email", email)),
    );
    entries.extend(author.orcid.as_ref().map(|orcid| ("orcid", orcid.uri())));
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
    fn of(license: Option<&License>) -> Self {
        let Some(license) = license else {
            return Self::Absent;
        };
        let known = |id: &&str| LICENSES.lines().any(|line| line == *id);
        match license.alternatives() {
            Some(ids) if ids.iter().all(known) => match ids.as_slice() {
                [id] => Self::One(id),
                _ => Self::AnyOf(ids),
            },
            _ => match license.single_id() {
                Some(id) => Self::Url(format!("https://spdx.org/licenses/{id}.html")),
                None => Self::InWords(license.to_string()),
            },
        }
    }
}
