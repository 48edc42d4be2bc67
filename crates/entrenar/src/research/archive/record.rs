//! The metadata of a record as InvenioRDM's REST API takes them.
//!
//! Source: InvenioRDM reference, "Metadata"; the vocabularies are those that InvenioRDM ships
//! (`resource_types.yaml`, `licenses.csv`).

use serde_json::{Map, Value, json};

use super::ZenodoConfig;
use crate::research::text::{distinct, lines, one_line};
use crate::research::{ArtifactType, Author, AuthorKind, License, ResearchArtifact};

/// The archive refuses shorter titles.
pub(super) const SHORTEST_TITLE: usize = 3;

/// The licences that the archive's vocabulary knows, sorted, one a line.
const LICENSES: &str = include_str!("licenses.txt");

pub(super) fn of(artifact: &ResearchArtifact, config: &ZenodoConfig) -> Value {
    let mut metadata = Map::new();
    let mut put = |name: &str, value: Value| {
        let empty = match &value {
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            value => value.is_null(),
        };
        if !empty {
            metadata.insert(name.to_owned(), value);
        }
    };
    put(
        "resource_type",
        json!({ "id": resource_type(artifact.artifact_type) }),
    );
    put("title", one_line(&artifact.title).into());
    put("creators", artifact.named_authors().map(creator).collect());
    put("publisher", config.publisher().into());
    put("publication_date", publication_date(artifact).into());
    put("description", description(artifact).into());
    put("rights", artifact.license.iter().flat_map(rights).collect());
    let keywords = distinct(&artifact.keywords);
    put(
        "subjects",
        keywords
            .iter()
            .map(|keyword| json!({ "subject": keyword }))
            .collect(),
    );
    put("version", one_line(&artifact.version).into());
    put("dates", recorded_time(artifact).into_iter().collect());
    let id = one_line(&artifact.id);
    if !id.is_empty() {
        put(
            "identifiers",
            json!([{ "identifier": id, "scheme": "other" }]),
        );
    }
    if let Some(url) = artifact.valid_url() {
        put(
            "related_identifiers",
            json!([{
                "identifier": url,
                "scheme": "url",
                "relation_type": { "id": "isdescribedby" },
            }]),
        );
    }
    let mut record = json!({
        "access": { "record": "public", "files": "public" },
        "files": { "enabled": true },
        "metadata": metadata,
    });
    if let (Some(doi), Some(record)) = (&artifact.doi, record.as_object_mut()) {
        record.insert(
            "pids".into(),
            json!({ "doi": { "identifier": doi.as_str(), "provider": "external" } }),
        );
    }
    record
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

fn creator(author: &Author) -> Value {
    let (kind, parts) = author.parsed();
    let mut person_or_org = match kind {
        AuthorKind::Organisation => json!({ "type": "organizational", "name": parts.family }),
        AuthorKind::Person | AuthorKind::Email => {
            // The archive knows no suffix; it stays with the family name.
            let family = match &parts.suffix {
                Some(suffix) => format!("{} {suffix}", parts.full_family()),
                None => parts.full_family(),
            };
            let mut person = json!({ "type": "personal", "family_name": family });
            if let (Some(given), Some(person)) = (&parts.given, person.as_object_mut()) {
                person.insert("given_name".into(), given.as_str().into());
            }
            person
        }
    };
    if let (Some(orcid), Some(person_or_org)) = (&author.orcid, person_or_org.as_object_mut()) {
        person_or_org.insert(
            "identifiers".into(),
            json!([{ "scheme": "orcid", "identifier": orcid.as_str() }]),
        );
    }
    let mut creator = json!({ "person_or_org": person_or_org });
    let mut affiliations: Vec<Value> = Vec::new();
    for affiliation in &author.affiliations {
        // The archive's ids of organisations are ROR ids; with an id it takes the name from there.
        let name = one_line(&affiliation.name);
        let value = match &affiliation.ror {
            Some(ror) => json!({ "id": ror.as_str() }),
            None if name.is_empty() => continue,
            None => json!({ "name": name }),
        };
        if !affiliations.contains(&value) {
            affiliations.push(value);
        }
    }
    if let Some(creator) = creator.as_object_mut().filter(|_| !affiliations.is_empty()) {
        creator.insert("affiliations".into(), affiliations.into());
    }
    creator
}

/// The stated release date, in EDTF level 0; the archive takes years from 0001 to 9999.
pub(super) fn publication_date(artifact: &ResearchArtifact) -> Option<String> {
    use chrono::Datelike as _;
    artifact
        .release_date
        .filter(|date| (1..=9999).contains(&date.year()))
        .map(|date| date.format("%Y-%m-%d").to_string())
}

/// The description as HTML: a paragraph a line, all markup in it escaped.
fn description(artifact: &ResearchArtifact) -> String {
    let mut paragraphs: Vec<String> = artifact
        .description
        .iter()
        .flat_map(|text| lines(text).lines().map(escaped).collect::<Vec<_>>())
        .filter(|line| !line.is_empty())
        .collect();
    let derived = artifact.title_derived_from.as_deref();
    paragraphs.extend(
        derived.map(|how| format!("The title was derived from {}.", escaped(&one_line(how)))),
    );
    paragraphs
        .iter()
        .map(|line| format!("<p>{line}</p>"))
        .collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The time of the work, as recorded, by the day.
fn recorded_time(artifact: &ResearchArtifact) -> Option<Value> {
    let began = artifact.created_at?.format("%Y-%m-%d").to_string();
    let date = match artifact
        .completed_at
        .map(|at| at.format("%Y-%m-%d").to_string())
    {
        Some(ended) if ended > began => format!("{began}/{ended}"),
        _ => began,
    };
    (date.len() == 10 || date.len() == 21).then(|| {
        json!({
            "date": date,
            "type": { "id": "created" },
            "description": "When the session was recorded.",
        })
    })
}

/// The licences of a choice, each by the archive's id; what it does not know, by title.
fn rights(license: &License) -> Vec<Value> {
    let by_title = |title: &str| json!({ "title": { "en": title } });
    let Some(ids) = license.alternatives() else {
        return vec![by_title(license.as_str())];
    };
    ids.into_iter()
        .map(|id| {
            let known = id.to_ascii_lowercase();
            if LICENSES.lines().any(|line| line == known) {
                return json!({ "id": known });
            }
            let title = spdx::license_id(id).map_or(id, |license| license.full_name);
            json!({
                "title": { "en": title },
                "link": format!("https://spdx.org/licenses/{id}.html"),
            })
        })
        .collect()
}
