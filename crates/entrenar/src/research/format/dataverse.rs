//! The metadata of a dataset as Dataverse's native API takes them.
//!
//! Source: Dataverse guides, "API Guide: Native API" (create and update a dataset) and
//! "User Guide: Appendix", the citation metadata block (`citation.tsv`).

use serde_json::{Value, json};

use super::facts::{Facts, Rights, Who};
use super::html;
use super::json::{Object, unique};

/// The subjects that the citation block allows.
pub(in crate::research) const SUBJECTS: [&str; 14] = [
    "Agricultural Sciences",
    "Arts and Humanities",
    "Astronomy and Astrophysics",
    "Business and Management",
    "Chemistry",
    "Computer and Information Science",
    "Earth and Environmental Sciences",
    "Engineering",
    "Law",
    "Mathematical Sciences",
    "Medicine, Health and Life Sciences",
    "Other",
    "Physics",
    "Social Sciences",
];

/// The body of `PUT …/versions/:draft`, without contact and subject, and with an SPDX id as
/// `license`, for which the client finds what the installation offers.
pub(in crate::research) fn version(facts: &Facts<'_>) -> Value {
    let artifact = facts.artifact;
    let mut fields = Vec::new();
    let title = crate::research::text::one_line(&artifact.title);
    if !title.is_empty() {
        fields.push(primitive("title", &title));
    }
    let authors = facts.authors().iter().map(author).collect();
    push_compound(&mut fields, "author", authors);
    let mut description = facts.summary();
    description.extend(facts.remarks());
    description.extend(facts.equipment());
    let description = html::paragraphs(&description);
    if !description.is_empty() {
        let value = one("dsDescriptionValue", &description);
        push_compound(&mut fields, "dsDescription", vec![value]);
    }
    let keywords = facts.keywords_and_subjects();
    let keywords = keywords
        .iter()
        .map(|term| one("keywordValue", term))
        .collect();
    push_compound(&mut fields, "keyword", keywords);
    let grants = facts.funding().map(|grant| {
        let mut value = one("grantNumberAgency", &grant.funder);
        if let (Some(number), Some(value)) = (&grant.number, value.as_object_mut()) {
            value.insert(
                "grantNumberValue".into(),
                primitive("grantNumberValue", number),
            );
        }
        value
    });
    push_compound(&mut fields, "grantNumber", grants.collect());
    if let Some(id) = facts.id() {
        push_compound(&mut fields, "otherId", vec![other_id("entrenar", &id)]);
    }
    let software = facts.software().map(|(name, version, _)| {
        let mut value = one("softwareName", &name);
        if let (Some(version), Some(value)) = (version, value.as_object_mut()) {
            value.insert(
                "softwareVersion".into(),
                primitive("softwareVersion", &version),
            );
        }
        value
    });
    push_compound(&mut fields, "software", software.collect());
    let mut body = Object::new();
    if let Rights::AnyOf(ids) = facts.rights()
        && let [id] = ids.as_slice()
    {
        body.put("license", *id);
    }
    body.put(
        "metadataBlocks",
        json!({ "citation": { "displayName": "Citation Metadata", "fields": fields } }),
    );
    body.into()
}

fn author(who: &Who<'_>) -> Value {
    let mut value = one("authorName", &who.inverted());
    let Some(fields) = value.as_object_mut() else {
        return value;
    };
    if let Some((name, _)) = who.affiliations().first() {
        fields.insert(
            "authorAffiliation".into(),
            primitive("authorAffiliation", name),
        );
    }
    if let Some(orcid) = who.orcid() {
        let scheme = json!({
            "typeName": "authorIdentifierScheme",
            "multiple": false,
            "typeClass": "controlledVocabulary",
            "value": "ORCID",
        });
        fields.insert("authorIdentifierScheme".into(), scheme);
        fields.insert(
            "authorIdentifier".into(),
            primitive("authorIdentifier", orcid.as_str()),
        );
    }
    value
}

/// An identifier of the dataset elsewhere.
pub(in crate::research) fn other_id(agency: &str, id: &str) -> Value {
    json!({
        "otherIdAgency": primitive("otherIdAgency", agency),
        "otherIdValue": primitive("otherIdValue", id),
    })
}

/// A field with one text.
pub(in crate::research) fn primitive(name: &str, value: &str) -> Value {
    json!({ "typeName": name, "multiple": false, "typeClass": "primitive", "value": value })
}

/// A value of a compound field with one part.
pub(in crate::research) fn one(name: &str, value: &str) -> Value {
    json!({ name: primitive(name, value) })
}

/// A field that has several parts, several times.
pub(in crate::research) fn compound(name: &str, values: Vec<Value>) -> Value {
    json!({ "typeName": name, "multiple": true, "typeClass": "compound", "value": unique(values) })
}

/// The field of subjects.
pub(in crate::research) fn subject(subject: &str) -> Value {
    json!({
        "typeName": "subject",
        "multiple": true,
        "typeClass": "controlledVocabulary",
        "value": [subject],
    })
}

fn push_compound(fields: &mut Vec<Value>, name: &str, values: Vec<Value>) {
    if !values.is_empty() {
        fields.push(compound(name, values));
    }
}
