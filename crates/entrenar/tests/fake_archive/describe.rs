//! Metadata as InvenioRDM keeps them, and what it finds wrong with them.

use serde_json::{Value, json};

use super::error;
use super::http::Response;

const MISSING: &str = "Missing data for required field.";

/// The body of a draft as it is kept: names put together, invalid values dropped.
pub(super) fn kept(body: &Value) -> Value {
    let mut body = body.clone();
    if !body.is_object() {
        body = json!({});
    }
    if !body["metadata"].is_object() {
        body["metadata"] = json!({});
    }
    let found = errors(&body);
    let metadata = body["metadata"].as_object_mut().unwrap();
    metadata.retain(|name, _| is_known(name));
    for one in &found {
        let path = one["field"].as_str().unwrap();
        let name = path.strip_prefix("metadata.").unwrap_or_default();
        if !name.contains('.') && name != "publisher" {
            metadata.remove(name);
        }
    }
    for right in items(metadata, "rights") {
        if right["link"]
            .as_str()
            .is_some_and(|link| !link.contains("://"))
        {
            right.as_object_mut().unwrap().remove("link");
        }
    }
    if items(metadata, "creators").any(|creator| !creator["person_or_org"].is_object()) {
        metadata.remove("creators");
    }
    for creator in items(metadata, "creators") {
        if let Some((field, _)) = wrong_person(&creator["person_or_org"]) {
            if field == ".type" {
                creator["person_or_org"]
                    .as_object_mut()
                    .unwrap()
                    .remove("type");
            }
            continue;
        }
        let person = &mut creator["person_or_org"];
        if let (Some(given), Some(family)) = (
            person["given_name"].as_str(),
            person["family_name"].as_str(),
        ) {
            person["name"] = format!("{family}, {given}").into();
        } else if let (Some(family), true) =
            (person["family_name"].as_str(), person["type"] == "personal")
        {
            person["name"] = family.into();
        }
        let empty: Vec<String> = person
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, value)| value.is_null())
            .map(|(name, _)| name.clone())
            .collect();
        for name in empty {
            person.as_object_mut().unwrap().remove(&name);
        }
    }
    if !body["access"].is_object() {
        body["access"] = json!({ "record": "public", "files": "public" });
    }
    if body["access"]["embargo"]["active"] == true && body["access"]["embargo"]["reason"].is_null()
    {
        body["access"]["embargo"]["reason"] = Value::Null;
    }
    body
}

fn items<'a>(
    metadata: &'a mut serde_json::Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = &'a mut Value> {
    metadata
        .get_mut(name)
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

fn is_known(name: &str) -> bool {
    KNOWN.contains(&name)
}

const KNOWN: [&str; 22] = [
    "additional_descriptions",
    "additional_titles",
    "contributors",
    "copyright",
    "creators",
    "dates",
    "description",
    "formats",
    "funding",
    "identifiers",
    "languages",
    "publication_date",
    "publisher",
    "references",
    "related_identifiers",
    "resource_type",
    "rights",
    "locations",
    "sizes",
    "subjects",
    "title",
    "version",
];

/// What the archive finds wrong with a description.
pub(super) fn errors(body: &Value) -> Vec<Value> {
    let metadata = &body["metadata"];
    let mut found = Vec::new();
    let mut wrong = |field: String, message: &str| {
        found.push(json!({ "field": field, "messages": [message] }));
    };
    for name in metadata.as_object().into_iter().flat_map(|map| map.keys()) {
        if !is_known(name) {
            wrong(format!("metadata.{name}"), "Unknown field.");
        }
    }
    match metadata["title"].as_str() {
        None => wrong("metadata.title".into(), MISSING),
        Some(title) if title.chars().count() < 3 => {
            wrong("metadata.title".into(), "Shorter than minimum length 3.");
        }
        Some(_) => {}
    }
    if metadata["resource_type"]["id"].as_str().is_none() {
        wrong("metadata.resource_type".into(), MISSING);
    }
    match metadata["publication_date"].as_str() {
        None => wrong("metadata.publication_date".into(), MISSING),
        Some(date)
            if date
                .get(..4)
                .is_none_or(|year| year.parse::<u16>().is_err()) =>
        {
            let message = "Please provide a valid date or interval.";
            wrong("metadata.publication_date".into(), message);
        }
        Some(_) => {}
    }
    if !metadata["languages"].is_null() && !metadata["languages"].is_array() {
        wrong("metadata.languages".into(), "Not a valid list.");
    }
    let creators = metadata["creators"].as_array().cloned().unwrap_or_default();
    if creators.is_empty() {
        wrong("metadata.creators".into(), MISSING);
    }
    for (at, creator) in creators.iter().enumerate() {
        if let Some((field, message)) = wrong_person(&creator["person_or_org"]) {
            wrong(
                format!("metadata.creators.{at}.person_or_org{field}"),
                message,
            );
        }
    }
    let related = metadata["related_identifiers"].as_array();
    for (at, one) in related.into_iter().flatten().enumerate() {
        if let Some((field, message)) = wrong_relation(one) {
            wrong(
                format!("metadata.related_identifiers.{at}.{field}"),
                message,
            );
        }
    }
    for (at, one) in metadata["rights"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        if one["id"].is_string() && one["title"].is_object() {
            let message = "Only an existing id or free text title/description/link is accepted, \
                but not both cases at the same time";
            wrong(format!("metadata.rights.{at}.rights"), message);
        } else if one["link"]
            .as_str()
            .is_some_and(|link| !link.contains("://"))
        {
            wrong(format!("metadata.rights.{at}.link"), "Not a valid URL.");
        }
    }
    let embargo = &body["access"]["embargo"];
    let until = embargo["until"].as_str();
    if embargo["active"] == true && until.is_none_or(|until| until < "2026-01-01") {
        let message = "Embargo end date must be set to a future date.";
        wrong("access.embargo.until".into(), message);
    }
    found
}

fn wrong_person(person: &Value) -> Option<(String, &'static str)> {
    if !person.is_object() {
        return Some((String::new(), MISSING));
    }
    match person["type"].as_str() {
        Some("personal") if person["family_name"].as_str().is_none() => {
            return Some((".family_name".into(), "Family name cannot be blank."));
        }
        Some("organizational") if person["name"].as_str().is_none() => {
            return Some((".name".into(), "Name cannot be blank."));
        }
        Some("personal" | "organizational") => {}
        _ => {
            let message = "Invalid value. Choose one of ['organizational', 'personal'].";
            return Some((".type".into(), message));
        }
    }
    let identifiers = person["identifiers"].as_array();
    for (at, one) in identifiers.into_iter().flatten().enumerate() {
        let value = one["identifier"].as_str().unwrap_or_default();
        if one["scheme"] == "orcid" && entrenar::research::Orcid::parse(value).is_err() {
            return Some((
                format!(".identifiers.{at}.identifier"),
                "Invalid ORCID identifier.",
            ));
        }
    }
    None
}

fn wrong_relation(one: &Value) -> Option<(&'static str, &'static str)> {
    let identifier = one["identifier"].as_str().unwrap_or_default();
    match one["scheme"].as_str() {
        None if !identifier.contains(['/', ':']) => {
            return Some(("scheme", "No valid scheme recognized for identifier."));
        }
        Some("swh") => return Some(("scheme", "Invalid scheme.")),
        Some("url") if !identifier.contains("://") => {
            return Some(("identifier", "Invalid URL identifier."));
        }
        _ => {}
    }
    one["relation_type"]
        .is_null()
        .then_some(("relation_type", MISSING))
}

/// An unknown term of a vocabulary is refused without a field.
pub(super) fn unknown_term(body: &Value) -> Option<Response> {
    let metadata = &body["metadata"];
    let mut terms: Vec<&Value> = vec![&metadata["resource_type"]["id"]];
    for (list, inside) in [
        ("rights", "/id"),
        ("languages", "/id"),
        ("funding", "/funder/id"),
        ("related_identifiers", "/relation_type/id"),
        ("creators", "/role/id"),
    ] {
        let items = metadata[list].as_array().into_iter().flatten();
        terms.extend(items.filter_map(|item| item.pointer(inside)));
    }
    let unknown = terms
        .into_iter()
        .filter_map(Value::as_str)
        .find(|id| id.starts_with("nope") || *id == "xxx" || id.contains(' '))?;
    Some(error(400, &format!("Invalid value {unknown}.")))
}
