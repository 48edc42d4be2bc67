//! The metadata of a record as InvenioRDM's REST API takes them.
//!
//! Source: InvenioRDM reference, "Metadata"; the vocabularies are those that InvenioRDM ships
//! (`resource_types.yaml`, `relation_types.yaml`, `description_types.yaml`, `licenses.csv`).

use serde_json::{Value, json};

use super::facts::{Facts, Rights, Who, license_name, license_url};
use super::html;
use super::json::{Object, unique};
use super::relation;
use crate::research::{ArtifactType, RelatedIdentifier};

/// The archive refuses shorter titles.
pub(in crate::research) const SHORTEST_TITLE: usize = 3;

/// The licences that the archive's vocabulary knows, sorted, one a line.
const LICENSES: &str = include_str!("invenio_licenses.txt");

/// Whether the archive's vocabulary has a licence of the SPDX list.
pub(super) fn knows(license: &str) -> bool {
    LICENSES
        .lines()
        .any(|line| line.eq_ignore_ascii_case(license))
}

/// The body of `POST /api/records`; `publisher` is the archive's name, for want of a stated one.
pub(in crate::research) fn record(facts: &Facts<'_>, publisher: Option<&str>) -> Value {
    let artifact = facts.artifact;
    let mut metadata = Object::new();
    metadata.put(
        "resource_type",
        json!({ "id": resource_type(artifact.artifact_type) }),
    );
    // The title is left out rather than invented: the archive insists on one.
    metadata.put("title", crate::research::text::one_line(&artifact.title));
    let authors = facts.authors();
    metadata.put("creators", authors.iter().map(creator).collect::<Value>());
    let stated = facts.publisher();
    metadata.put("publisher", stated.as_deref().or(publisher));
    metadata.put("publication_date", facts.date_or_year());
    let mut description = facts.summary();
    description.extend(facts.remarks());
    metadata.put("description", html::paragraphs(&description));
    let equipment = facts.equipment();
    if !equipment.is_empty() {
        let equipment = json!([{
            "description": html::paragraphs(&equipment),
            "type": { "id": "technical-info" },
        }]);
        metadata.put("additional_descriptions", equipment);
    }
    metadata.put("rights", rights(facts));
    let keywords = facts.keywords_and_subjects();
    let subjects = keywords.iter().map(|term| json!({ "subject": term }));
    metadata.put("subjects", subjects.collect::<Value>());
    metadata.put("version", facts.version());
    if let Some(language) = facts.language_639_3() {
        metadata.put("languages", json!([{ "id": language }]));
    }
    if let Some(days) = facts.recorded_days() {
        let created = json!([{
            "date": days,
            "type": { "id": "created" },
            "description": "When the session was recorded.",
        }]);
        metadata.put("dates", created);
    }
    metadata.put("funding", funding(facts));
    if let Some(id) = facts.id() {
        metadata.put(
            "identifiers",
            json!([{ "identifier": id, "scheme": "other" }]),
        );
    }
    let related = relation::of(artifact);
    let related = related
        .iter()
        .filter(|related| relation::is_in_4_5(related.relation))
        .map(related_identifier);
    metadata.put("related_identifiers", unique(related));
    let references = facts.references();
    let references = references
        .iter()
        .map(|cited| json!({ "reference": cited.line() }));
    metadata.put("references", unique(references));
    let mut record = Object::new()
        .with("access", json!({ "record": "public", "files": "public" }))
        .with("files", json!({ "enabled": true }))
        .with("metadata", metadata);
    if let Some(doi) = facts.doi() {
        record.put(
            "pids",
            json!({ "doi": { "identifier": doi.as_str(), "provider": "external" } }),
        );
    }
    record.into()
}

fn resource_type(artifact_type: ArtifactType) -> &'static str {
    match artifact_type {
        ArtifactType::Dataset => "dataset",
        ArtifactType::Model => "model",
        ArtifactType::Code => "software",
        ArtifactType::Paper => "publication",
        ArtifactType::Notebook => "software-computationalnotebook",
        ArtifactType::Workflow => "workflow",
    }
}

fn creator(who: &Who<'_>) -> Value {
    let mut person_or_org = if who.is_organisation() {
        Object::new()
            .with("type", "organizational")
            .with("name", who.family())
    } else {
        Object::new()
            .with("type", "personal")
            .with("family_name", who.family())
            .with("given_name", who.given())
    };
    if let Some(orcid) = who.orcid() {
        person_or_org.put(
            "identifiers",
            json!([{ "scheme": "orcid", "identifier": orcid.as_str() }]),
        );
    }
    // The archive's ids of organisations are ROR ids; with an id it takes the name from there.
    let affiliations = who.affiliations().into_iter().map(|(name, ror)| match ror {
        Some(ror) => json!({ "id": ror.as_str() }),
        None => json!({ "name": name }),
    });
    Object::new()
        .with("person_or_org", person_or_org)
        .with("affiliations", unique(affiliations))
        .into()
}

/// The licences of a choice, each by the archive's id; what it does not know, by title.
fn rights(facts: &Facts<'_>) -> Value {
    match facts.rights() {
        Rights::NotChosen => Value::Null,
        Rights::Expression(license) => json!([{ "title": { "en": license.as_str() } }]),
        Rights::AnyOf(ids) => ids
            .into_iter()
            .map(|id| {
                if knows(id) {
                    return json!({ "id": id.to_ascii_lowercase() });
                }
                json!({ "title": { "en": license_name(id) }, "link": license_url(id) })
            })
            .collect(),
    }
}

fn funding(facts: &Facts<'_>) -> Value {
    unique(facts.funding().map(|grant| {
        let funder = match grant.ror {
            Some(ror) => json!({ "id": ror.as_str() }),
            None => json!({ "name": grant.funder }),
        };
        let mut award = Object::new();
        award.put("number", grant.number.as_deref());
        if let Some(title) = &grant.title {
            award.put("title", json!({ "en": title }));
        }
        // An award is more than an address to the archive.
        if let Some(url) = grant
            .url
            .filter(|_| grant.number.is_some() || grant.title.is_some())
        {
            award.put(
                "identifiers",
                json!([{ "identifier": url, "scheme": "url" }]),
            );
        }
        Object::new()
            .with("funder", funder)
            .with("award", award)
            .into()
    }))
}

fn related_identifier(related: &RelatedIdentifier) -> Value {
    let (scheme, identifier) = relation::invenio(&related.identifier);
    let relation = related.relation.as_str().to_ascii_lowercase();
    Object::new()
        .with("identifier", identifier)
        .with("scheme", scheme)
        .with("relation_type", json!({ "id": relation }))
        .with(
            "resource_type",
            related
                .artifact_type
                .map(|kind| json!({ "id": resource_type(kind) })),
        )
        .into()
}
