//! `.zenodo.json`, which is also the `metadata` of Zenodo's deposit API.
//!
//! Source: developers.zenodo.org, "Deposit metadata"; JSON schema `zenodraft/metadata-schema`
//! 0.3.0. `access_right` and `communities` are for whoever deposits.

use serde_json::{Value, json};

use super::facts::{Facts, Rights, Who};
use super::html;
use super::invenio;
use super::json::{Object, document, unique};
use super::relation;
use crate::research::{ArtifactType, IdentifierScheme, RelationType};

pub(in crate::research) fn text(facts: &Facts<'_>) -> String {
    let mut out = Object::new();
    let kind = match facts.artifact.artifact_type {
        ArtifactType::Notebook | ArtifactType::Code => "software",
        ArtifactType::Dataset => "dataset",
        ArtifactType::Paper => "publication",
        ArtifactType::Model | ArtifactType::Workflow => "other",
    };
    out.put("upload_type", kind);
    if kind == "publication" {
        out.put("publication_type", "other");
    }
    out.put("title", facts.title());
    out.put("creators", unique(facts.authors().iter().map(creator)));
    out.put("description", html::paragraphs(&facts.summary()));
    let mut notes = facts.remarks();
    match facts.rights() {
        // Zenodo takes one licence, of those it knows.
        Rights::AnyOf(ids) if ids.len() == 1 && ids.iter().all(|id| invenio::knows(id)) => {
            out.put("license", ids.concat());
        }
        Rights::NotChosen => {}
        Rights::AnyOf(ids) => notes.push(format!("License: {}.", ids.join(" OR "))),
        Rights::Expression(license) => notes.push(format!("License: {license}.")),
    }
    notes.extend(facts.funding().map(|grant| grant.sentence()));
    notes.extend(facts.equipment());
    out.put("publication_date", facts.date_text());
    out.put("doi", facts.doi().map(|doi| doi.as_str()));
    out.put("version", facts.version());
    out.put("language", facts.language_639_3());
    out.put("keywords", facts.keywords());
    // Zenodo finds the scheme of a term by its address.
    let subjects = facts.subjects().filter_map(|(term, _, uri)| {
        let uri = uri?;
        Some(json!({ "term": term, "identifier": uri, "scheme": "url" }))
    });
    out.put("subjects", unique(subjects));
    let related = relation::of(facts.artifact)
        .into_iter()
        .filter(|related| relation::is_in_4_5(related.relation))
        .filter(|related| {
            let relation = related.relation;
            !matches!(
                relation,
                RelationType::Collects | RelationType::IsCollectedBy
            )
        })
        .map(|related| {
            let identifier = &related.identifier;
            let value = match identifier.scheme() {
                IdentifierScheme::Doi | IdentifierScheme::Url => identifier.value().to_owned(),
                _ => relation::invenio(identifier).1,
            };
            json!({ "identifier": value, "relation": relation::camel(related.relation) })
        });
    out.put("related_identifiers", unique(related));
    let references = facts.references();
    out.put(
        "references",
        unique(references.iter().map(|cited| cited.line().into())),
    );
    out.put("imprint_publisher", facts.publisher());
    out.put("notes", notes.join(" "));
    document(out)
}

fn creator(who: &Who<'_>) -> Value {
    let affiliations: Vec<String> = who
        .affiliations()
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| !name.is_empty())
        .collect();
    Object::new()
        .with("name", who.inverted())
        .with("affiliation", affiliations.join("; "))
        .with("orcid", who.orcid().map(|orcid| orcid.as_str()))
        .into()
}
