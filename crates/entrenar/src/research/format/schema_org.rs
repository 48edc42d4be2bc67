//! JSON-LD in the words of schema.org, as search engines and DataCite's resolver read it.
//!
//! Source: schema.org 30, `SoftwareSourceCode`, `Dataset`, `ScholarlyArticle`, `CreativeWork`,
//! `Grant`, `Role`.

use serde_json::Value;

use super::facts::Facts;
use super::json::{Object, document, unique};
use super::linked::{Words, funder, put_people, software};
use crate::research::ArtifactType;
use crate::research::text::distinct;

pub(in crate::research) fn text(facts: &Facts<'_>) -> String {
    let words = Words { prefix: "" };
    let mut out = Object::new();
    out.put("@context", "https://schema.org");
    out.put(
        "@id",
        facts.doi().map(|doi| format!("https://doi.org/{doi}")),
    );
    let (kind, additional) = match facts.artifact.artifact_type {
        ArtifactType::Notebook => ("SoftwareSourceCode", "Computational notebook"),
        ArtifactType::Workflow => ("SoftwareSourceCode", "Workflow"),
        ArtifactType::Code => ("SoftwareSourceCode", ""),
        ArtifactType::Dataset => ("Dataset", ""),
        ArtifactType::Model => ("CreativeWork", "Trained model"),
        ArtifactType::Paper => ("ScholarlyArticle", ""),
    };
    out.put("@type", kind);
    out.put("genre", additional);
    out.put("name", facts.title());
    put_people(&mut out, facts);
    words.put_common(&mut out, facts);
    let keywords = facts.keywords().into_iter().map(Value::from);
    let subjects = facts.subjects().map(|(term, scheme, uri)| {
        Object::new()
            .with("@type", "DefinedTerm")
            .with("@id", uri)
            .with("name", term)
            .with("inDefinedTermSet", scheme)
            .into()
    });
    out.put("keywords", unique(keywords.chain(subjects)));
    out.put("abstract", facts.abstract_text());
    let mut description: Vec<String> = facts.description().into_iter().collect();
    description.extend(facts.remarks());
    let hardware = distinct(&facts.artifact.hardware);
    if !hardware.is_empty() {
        description.push(format!("Hardware: {}.", hardware.join(", ")));
    }
    out.put("description", description.join("\n"));
    let grants = facts.funding().map(|grant| {
        let funder = funder(&grant);
        Object::new()
            .with("@type", "Grant")
            .with("@id", grant.url)
            .with("identifier", grant.number)
            .with("name", grant.title)
            .with("funder", funder)
            .into()
    });
    out.put("funding", unique(grants));
    out.put("softwareRequirements", software(facts));
    words.put_related(&mut out, facts);
    document(out)
}
