//! The metadata of an article as Figshare's API takes them.
//!
//! Source: Figshare's documentation, "Figshare API User Documentation", models `ArticleCreate`,
//! `ArticleUpdate` and `ArticleEmbargoUpdater` (<https://docs.figshare.com>).

use serde_json::{Value, json};

use super::facts::{Facts, Rights};
use super::html;
use super::json::{Object, unique};
use super::relation;
use crate::research::ArtifactType;

/// Figshare refuses shorter titles, and longer ones are cut there.
pub(in crate::research) const SHORTEST_TITLE: usize = 3;

/// The body of `PUT /account/articles/{id}`, but for `license`: an SPDX id, for which the client
/// finds Figshare's number.
pub(in crate::research) fn article(facts: &Facts<'_>) -> Value {
    let artifact = facts.artifact;
    let mut article = Object::new();
    article.put("title", crate::research::text::one_line(&artifact.title));
    let mut description = facts.summary();
    description.extend(facts.remarks());
    description.extend(facts.equipment());
    article.put("description", html::paragraphs(&description));
    article.put("tags", facts.keywords_and_subjects());
    let authors = facts.authors().into_iter().map(|who| {
        // A name in parts is taken as it is; Figshare takes other names apart by itself.
        let author = match who.given() {
            Some(given) => Object::new()
                .with("first_name", given)
                .with("last_name", who.family())
                .with("name", who.in_reading_order()),
            None => Object::new().with("name", who.family()),
        };
        author
            .with("orcid_id", who.orcid().map(|orcid| orcid.as_str()))
            .into()
    });
    article.put("authors", unique(authors));
    article.put("defined_type", defined_type(artifact.artifact_type));
    let related = relation::of(artifact);
    let links = related.iter().filter_map(|related| {
        let (scheme, identifier) = relation::invenio(&related.identifier);
        match scheme {
            "doi" => Some(json!(format!("https://doi.org/{identifier}"))),
            "url" => Some(json!(identifier)),
            _ => None,
        }
    });
    article.put("references", unique(links));
    let funding = facts
        .funding()
        .map(|grant| json!({ "title": grant.sentence() }));
    article.put("funding_list", unique(funding));
    if let Rights::AnyOf(ids) = facts.rights() {
        // One licence can be given.
        if let [id] = ids.as_slice() {
            article.put("license", *id);
        }
    }
    article.into()
}

/// Figshare has no type for models and workflows: they are filesets.
fn defined_type(artifact_type: ArtifactType) -> &'static str {
    match artifact_type {
        ArtifactType::Dataset => "dataset",
        ArtifactType::Code | ArtifactType::Notebook => "code",
        ArtifactType::Paper => "paper",
        ArtifactType::Model | ArtifactType::Workflow => "fileset",
    }
}
