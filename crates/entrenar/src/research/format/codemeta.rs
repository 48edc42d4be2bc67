//! `codemeta.json` of CodeMeta 3.1.
//!
//! Source: CodeMeta 3.1, terms and context (<https://w3id.org/codemeta/3.1>). Words of schema.org
//! that the context lacks have the prefix `schema:`, which it defines. CodeMeta describes software;
//! other kinds of artifact have the type that schema.org gives them.

use serde_json::Value;

use super::facts::Facts;
use super::json::{Object, document, one_or_list, unique};
use super::linked::{Words, funder, put_people, software};
use crate::research::ArtifactType;
use crate::research::text::distinct;

pub(in crate::research) fn text(facts: &Facts<'_>) -> String {
    let words = Words { prefix: "schema:" };
    let mut out = Object::new();
    out.put("@context", "https://w3id.org/codemeta/3.1");
    out.put(
        "@id",
        facts.doi().map(|doi| format!("https://doi.org/{doi}")),
    );
    out.put(
        "@type",
        match facts.artifact.artifact_type {
            ArtifactType::Notebook | ArtifactType::Code | ArtifactType::Workflow => {
                "SoftwareSourceCode"
            }
            ArtifactType::Dataset => "schema:Dataset",
            ArtifactType::Model => "schema:CreativeWork",
            ArtifactType::Paper => "schema:ScholarlyArticle",
        },
    );
    out.put("name", facts.title());
    put_people(&mut out, facts);
    words.put_common(&mut out, facts);
    let keywords = facts.keywords_and_subjects();
    out.put("keywords", keywords);
    let mut description = facts.summary();
    description.extend(facts.remarks());
    let hardware = distinct(&facts.artifact.hardware);
    if !hardware.is_empty() {
        description.push(format!("Hardware: {}.", hardware.join(", ")));
    }
    out.put("description", description.join("\n"));
    let funding: Vec<_> = facts.funding().collect();
    let Value::Array(funders) = unique(funding.iter().map(funder)) else {
        return document(out);
    };
    out.put("funder", one_or_list(funders));
    let awards = funding.iter().filter_map(|grant| {
        let parts: Vec<&str> = [&grant.number, &grant.title]
            .into_iter()
            .filter_map(|part| part.as_deref())
            .collect();
        (!parts.is_empty()).then(|| parts.join("; ").into())
    });
    out.put("funding", unique(awards));
    out.put("softwareRequirements", software(facts));
    words.put_related(&mut out, facts);
    document(out)
}
