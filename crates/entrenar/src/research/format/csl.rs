//! CSL-JSON: a list with one item.
//!
//! Source: Citation Style Language 1.0.2, `schemas/input/csl-data.json`. What CSL has no variable
//! for (licence, ORCID iDs) is in `custom`, as its schema recommends.

use chrono::Datelike as _;
use serde_json::{Value, json};

use super::facts::{Facts, Who};
use super::json::{Object, document};
use crate::research::{ArtifactType, AuthorKind};

pub(in crate::research) fn text(facts: &Facts<'_>, key: &str) -> String {
    let mut item = Object::new();
    let (kind, genre) = match facts.artifact.artifact_type {
        ArtifactType::Notebook => ("software", "Computational notebook"),
        ArtifactType::Code => ("software", ""),
        ArtifactType::Workflow => ("software", "Workflow"),
        ArtifactType::Dataset => ("dataset", ""),
        ArtifactType::Model => ("software", "Trained model"),
        ArtifactType::Paper => ("article", ""),
    };
    item.put("id", key);
    item.put("type", kind);
    item.put("genre", genre);
    item.put("title", facts.title());
    let authors = facts.authors();
    item.put("author", authors.iter().map(name).collect::<Value>());
    item.put("issued", issued(facts));
    item.put("version", facts.version());
    item.put("publisher", facts.publisher());
    item.put("DOI", facts.doi().map(|doi| doi.as_str()));
    item.put("URL", facts.url().or_else(|| facts.repository()));
    item.put("language", facts.language());
    item.put("keyword", facts.keywords_and_subjects().join(", "));
    item.put("abstract", facts.summary().join("\n"));
    let mut notes = facts.remarks();
    notes.extend(facts.funding().map(|grant| grant.sentence()));
    notes.extend(facts.equipment());
    item.put("note", notes.join(" "));
    let orcids: Vec<Value> = authors
        .iter()
        .zip(1..)
        .filter_map(|(who, at)| Some(json!({ "author": at, "orcid": who.orcid()?.uri() })))
        .collect();
    let custom = Object::new()
        .with(
            "license",
            facts.artifact.license.as_ref().map(|l| l.as_str()),
        )
        .with("orcid", orcids)
        .with("id", facts.id());
    item.put("custom", custom);
    document(json!([Value::from(item)]))
}

fn name(who: &Who<'_>) -> Value {
    if who.kind != AuthorKind::Person {
        return json!({ "literal": who.family() });
    }
    let parts = &who.parts;
    Object::new()
        .with("family", parts.family.as_str())
        .with("given", parts.given.as_deref())
        .with("non-dropping-particle", parts.particle.as_deref())
        .with("suffix", parts.suffix.as_deref())
        .into()
}

fn issued(facts: &Facts<'_>) -> Value {
    let parts = match (facts.date(), facts.year()) {
        (Some(date), _) => json!([date.year(), date.month(), date.day()]),
        (None, Some(year)) => json!([year]),
        (None, None) => return Value::Null,
    };
    json!({ "date-parts": [parts] })
}
