//! What an archive says of metadata, in the names of our fields.

use serde_json::Value;

use super::error::Refusal;

/// Most messages that are kept of one answer.
const MOST: usize = 100;

/// Reads the messages of an answer: InvenioRDM's and Zenodo's `errors`, or its `message`.
/// `clean` makes a text of the server presentable.
pub fn read(answer: &Value, clean: impl Fn(&str) -> String) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let errors = answer.get("errors").and_then(Value::as_array);
    for error in errors.into_iter().flatten() {
        let path = clean(error.get("field").and_then(Value::as_str).unwrap_or(""));
        let mut messages = Vec::new();
        for key in ["messages", "message"] {
            match error.get(key) {
                Some(Value::String(text)) => messages.push(clean(text)),
                Some(Value::Array(texts)) => {
                    messages.extend(texts.iter().filter_map(Value::as_str).map(&clean));
                }
                _ => {}
            }
        }
        for message in messages {
            let field = field_of(&path);
            refusals.push(Refusal {
                field,
                path: path.clone(),
                message,
            });
        }
    }
    if refusals.is_empty() {
        let message = ["message", "error"]
            .iter()
            .find_map(|key| answer.get(key)?.as_str())
            .map_or_else(|| "it gives no reason".to_owned(), &clean);
        refusals.push(Refusal {
            field: None,
            path: String::new(),
            message,
        });
    }
    refusals.truncate(MOST);
    refusals
}

/// Finds the field of a refused value where the archive names the value alone (InvenioRDM says
/// `Invalid value nope.` of unknown terms of a vocabulary).
pub fn locate(refusals: &mut [Refusal], metadata: &Value) {
    for refusal in refusals {
        if refusal.field.is_some() || !refusal.path.is_empty() {
            continue;
        }
        let value = refusal
            .message
            .strip_prefix("Invalid value ")
            .or_else(|| refusal.message.strip_prefix("Invalid value: "))
            .map(|rest| rest.trim_end_matches('.').trim_matches(['\'', '"']));
        if let Some(value) = value
            && let Some(path) = find(metadata, value, "")
        {
            refusal.field = field_of(&path);
            refusal.path = path;
        }
    }
}

/// The path of the first text that is `value`.
fn find(json: &Value, value: &str, path: &str) -> Option<String> {
    let below = |key: &str| {
        if path.is_empty() {
            key.to_owned()
        } else {
            format!("{path}.{key}")
        }
    };
    match json {
        Value::String(text) => (text == value).then(|| path.to_owned()),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(at, item)| find(item, value, &below(&at.to_string()))),
        Value::Object(fields) => fields
            .iter()
            .find_map(|(key, item)| find(item, value, &below(key))),
        _ => None,
    }
}

/// Our name of an archive's field: `metadata.creators.0.person_or_org.identifiers.0.identifier`
/// is `authors[0].orcid`. The names are those of `entrenar.toml`.
pub fn field_of(path: &str) -> Option<String> {
    let mut parts = path.split('.').filter(|part| !part.is_empty()).peekable();
    if parts.peek() == Some(&"metadata") {
        parts.next();
    }
    let parts: Vec<&str> = parts.collect();
    let (first, rest) = parts.split_first()?;
    let index = rest.first().filter(|part| part.parse::<u32>().is_ok());
    let indexed = |name: &str| match index {
        Some(index) => format!("{name}[{index}]"),
        None => name.to_owned(),
    };
    Some(match *first {
        "creators" | "contributors" | "authors" => {
            let author = indexed("authors");
            let has = |name: &str| rest.contains(&name);
            // The index of an affiliation among those of the author.
            let after = |name: &str| {
                let at = rest.iter().position(|part| *part == name)?;
                rest.get(at + 1).filter(|part| part.parse::<u32>().is_ok())
            };
            if has("identifiers") || has("orcid") || has("orcid_id") {
                format!("{author}.orcid")
            } else if has("affiliations") || has("affiliation") {
                match after("affiliations") {
                    Some(at) => format!("{author}.affiliations[{at}]"),
                    None => format!("{author}.affiliations"),
                }
            } else if has("role") {
                format!("{author}.roles")
            } else if has("name") || has("family_name") || has("given_name") {
                format!("{author}.name")
            } else {
                author
            }
        }
        "title" => "title".to_owned(),
        "description" | "additional_descriptions" | "notes" => "description".to_owned(),
        "publication_date" | "dates" => "date".to_owned(),
        "rights" | "license" | "licenses" => "license".to_owned(),
        "subjects" | "keywords" => indexed("keywords"),
        "version" => "version".to_owned(),
        "languages" | "language" => "language".to_owned(),
        "related_identifiers" => indexed("related"),
        "references" => indexed("references"),
        "funding" | "grants" => indexed("funding"),
        "publisher" | "imprint_publisher" => "publisher".to_owned(),
        "resource_type" | "upload_type" | "publication_type" => "type".to_owned(),
        "pids" | "doi" | "prereserve_doi" => "doi".to_owned(),
        "embargo" | "embargo_date" => "embargo".to_owned(),
        "access" if rest.contains(&"embargo") => "embargo".to_owned(),
        "access" | "access_right" => "access".to_owned(),
        "communities" | "community" => "community".to_owned(),
        "files" => "files".to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_have_our_names() {
        for (path, ours) in [
            (
                "metadata.creators.0.person_or_org.identifiers.0.identifier",
                Some("authors[0].orcid"),
            ),
            ("metadata.creators.12.orcid", Some("authors[12].orcid")),
            ("metadata.creators", Some("authors")),
            (
                "metadata.creators.1.affiliations.2.id",
                Some("authors[1].affiliations[2]"),
            ),
            (
                "metadata.creators.1.person_or_org.family_name",
                Some("authors[1].name"),
            ),
            ("metadata.rights.0.id", Some("license")),
            ("metadata.subjects.3.subject", Some("keywords[3]")),
            (
                "metadata.related_identifiers.1.identifier",
                Some("related[1]"),
            ),
            ("access.embargo.until", Some("embargo")),
            ("files.enabled", Some("files")),
            ("metadata.locations", None),
            ("", None),
        ] {
            assert_eq!(field_of(path).as_deref(), ours, "{path}");
        }
    }

    #[test]
    fn all_messages_are_kept() {
        let answer = json!({
            "status": 400, "message": "A validation error occurred.",
            "errors": [
                { "field": "metadata.title", "messages": ["Too short.", "No letters."] },
                { "field": "metadata.publication_date", "message": "Not a date." },
            ],
        });
        let shown: Vec<String> = read(&answer, str::to_owned)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            shown,
            [
                "title: Too short.",
                "title: No letters.",
                "date: Not a date."
            ]
        );
    }

    #[test]
    fn a_value_without_a_field_is_found_in_what_was_sent() {
        let answer = json!({ "status": 400, "message": "Invalid value nope." });
        let mut refusals = read(&answer, str::to_owned);
        let sent = json!({ "metadata": { "rights": [{ "id": "mit" }, { "id": "nope" }] } });
        locate(&mut refusals, &sent);
        assert_eq!(refusals[0].to_string(), "license: Invalid value nope.");
        assert_eq!(refusals[0].path, "metadata.rights.1.id");
    }
}
