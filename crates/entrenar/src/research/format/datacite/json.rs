//! DataCite's JSON, as its REST API and InvenioRDM speak it.
//!
//! Source: `datacite-v4.5.json` of the Python package `datacite`; the keys are those of the
//! attributes of DataCite's REST API.

use serde_json::{Value, json};

use super::{DataciteVersion, Resource, SPDX, UNAVAILABLE, Who, name_type, type_name};
use crate::research::AuthorKind;
use crate::research::format::FormatError;
use crate::research::format::facts::Facts;
use crate::research::format::json::{Object, document, unique};

pub(in crate::research::format) fn text(facts: Facts<'_>) -> Result<String, FormatError> {
    let resource = Resource::of(facts, DataciteVersion::V4_5)?;
    let mut out = Object::new();
    out.put("doi", facts.doi().map(|doi| doi.as_str()));
    let kind = resource.resource_type();
    out.put("types", json!({ "resourceTypeGeneral": kind }));
    let creators: Vec<Value> = match resource.creators.as_slice() {
        [] => vec![json!({ "name": UNAVAILABLE })],
        creators => creators.iter().map(creator).collect(),
    };
    out.put("creators", creators);
    let title = Object::new()
        .with("title", facts.title())
        .with("lang", facts.language());
    out.put("titles", vec![Value::from(title)]);
    let publisher = facts.publisher();
    out.put(
        "publisher",
        json!({ "name": publisher.as_deref().unwrap_or(UNAVAILABLE) }),
    );
    out.put("publicationYear", format!("{:04}", resource.year));
    let keywords = facts
        .keywords()
        .into_iter()
        .map(|word| json!({ "subject": word }));
    let subjects = facts.subjects().map(|(term, scheme, uri)| {
        Object::new()
            .with("subject", term)
            .with("subjectScheme", scheme)
            .with("valueUri", uri)
            .into()
    });
    out.put("subjects", unique(keywords.chain(subjects)));
    let dates = resource.dates.iter().map(|day| {
        Object::new()
            .with("date", day.date.as_str())
            .with("dateType", day.kind)
            .with("dateInformation", day.information)
            .into()
    });
    out.put("dates", unique(dates));
    out.put("language", facts.language());
    if let Some(id) = facts.id() {
        let identifier = json!({
            "alternateIdentifier": id,
            "alternateIdentifierType": "Session id",
        });
        out.put("alternateIdentifiers", vec![identifier]);
    }
    let related = resource.related.iter().map(|(kind, value, related)| {
        Object::new()
            .with("relatedIdentifier", value.as_str())
            .with("relatedIdentifierType", *kind)
            .with("relationType", related.relation.as_str())
            .with("resourceTypeGeneral", related.artifact_type.map(type_name))
            .into()
    });
    out.put("relatedIdentifiers", unique(related));
    out.put("version", facts.version());
    let rights = resource.rights.iter().map(|right| {
        Object::new()
            .with("rights", right.name.as_str())
            .with("rightsUri", right.uri())
            .with("rightsIdentifier", right.id)
            .with("rightsIdentifierScheme", right.id.map(|_| "SPDX"))
            .with("schemeUri", right.id.map(|_| SPDX))
            .into()
    });
    out.put("rightsList", unique(rights));
    let descriptions = resource.descriptions.iter().map(|(kind, text)| {
        Object::new()
            .with("description", text.as_str())
            .with("descriptionType", *kind)
            .into()
    });
    out.put("descriptions", unique(descriptions));
    let funding = facts.funding().map(|grant| {
        Object::new()
            .with("funderName", grant.funder)
            .with("funderIdentifier", grant.ror.map(|ror| ror.uri()))
            .with("funderIdentifierType", grant.ror.map(|_| "ROR"))
            .with("awardNumber", grant.number)
            .with("awardUri", grant.url)
            .with("awardTitle", grant.title)
            .into()
    });
    out.put("fundingReferences", unique(funding));
    out.put("url", facts.url());
    out.put("schemaVersion", "http://datacite.org/schema/kernel-4");
    Ok(document(out))
}

fn creator(who: &Who<'_>) -> Value {
    let mut out = Object::new().with("name", who.inverted());
    out.put("nameType", name_type(who));
    if who.kind == AuthorKind::Person {
        out.put("givenName", who.given());
        out.put("familyName", who.family());
    }
    let orcid = who.orcid().map(|orcid| {
        json!([{
            "nameIdentifier": orcid.uri(),
            "nameIdentifierScheme": "ORCID",
            "schemeUri": "https://orcid.org",
        }])
    });
    out.put("nameIdentifiers", orcid);
    let affiliations = who.affiliations().into_iter().map(|(name, ror)| {
        let id = ror.map(|ror| ror.uri());
        let name = if name.is_empty() {
            id.clone()
        } else {
            Some(name)
        };
        Object::new()
            .with("name", name)
            .with("affiliationIdentifier", id)
            .with("affiliationIdentifierScheme", ror.map(|_| "ROR"))
            .with("schemeUri", ror.map(|_| "https://ror.org"))
            .into()
    });
    out.put("affiliation", unique(affiliations));
    out.into()
}
