//! The rules of the nbformat 4.5 schema
//! (<https://github.com/jupyter/nbformat/blob/main/nbformat/v4/nbformat.v4.5.schema.json>):
//! each function makes a part valid and puts what it had to take away into a map.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// The media type under which an output of no known form is kept.
const ODD_OUTPUT: &str = "application/vnd.entrenar.output+json";

/// A text as a list of lines, each with its newline.
pub(super) fn lines(text: &str) -> Value {
    text.split_inclusive('\n').map(Value::from).collect()
}

/// Moves the entries whose type the schema does not allow.
fn keep_valid(
    map: &mut Map<String, Value>,
    invalid: &mut Map<String, Value>,
    is_valid: impl Fn(&str, &Value) -> bool,
) {
    for (key, value) in std::mem::take(map) {
        if is_valid(&key, &value) {
            map.insert(key, value);
        } else {
            invalid.insert(key, value);
        }
    }
}

/// Metadata of a cell of that type.
pub(super) fn cell_metadata(
    kind: &str,
    metadata: &mut Map<String, Value>,
    invalid: &mut Map<String, Value>,
) {
    keep_valid(metadata, invalid, |key, value| match (key, kind) {
        ("name", _) => value
            .as_str()
            .is_some_and(|name| !name.is_empty() && !name.contains('\n')),
        ("tags", _) => are_tags(value),
        ("jupyter", _) => value.is_object(),
        ("format", "raw") => value.is_string(),
        ("collapsed", "code") => value.is_boolean(),
        ("scrolled", "code") => value.is_boolean() || value == "auto",
        ("execution", "code") => value
            .as_object()
            .is_some_and(|times| times.values().all(Value::is_string)),
        _ => true,
    });
}

fn are_tags(value: &Value) -> bool {
    let Value::Array(tags) = value else {
        return false;
    };
    let unique: BTreeSet<_> = tags.iter().filter_map(Value::as_str).collect();
    unique.len() == tags.len()
        && unique
            .iter()
            .all(|tag| !tag.is_empty() && !tag.contains(','))
}

/// Metadata of the notebook. `orig_nbformat` is never written, says the schema.
pub(super) fn notebook_metadata(
    metadata: &mut Map<String, Value>,
    invalid: &mut Map<String, Value>,
) {
    metadata.shift_remove("orig_nbformat");
    metadata.shift_remove("orig_nbformat_minor");
    if let Some(Value::Object(kernel)) = metadata.get_mut("kernelspec") {
        // Some writers leave out one of the two names.
        for (missing, others) in [
            ("name", ["display_name", "language"]),
            ("display_name", ["name", "language"]),
        ] {
            if !kernel.contains_key(missing)
                && let Some(name) = others.iter().find_map(|key| kernel.get(*key)).cloned()
            {
                kernel.insert(missing.into(), name);
            }
        }
    }
    keep_valid(metadata, invalid, |key, value| match key {
        "kernelspec" => has_texts(value, &["name", "display_name"]),
        "language_info" => {
            let is_optional_text = |key| value.get(key).is_none_or(Value::is_string);
            has_texts(value, &["name"])
                && ["file_extension", "mimetype", "pygments_lexer"]
                    .into_iter()
                    .all(is_optional_text)
                && value
                    .get("codemirror_mode")
                    .is_none_or(|mode| mode.is_string() || mode.is_object())
        }
        "title" => value.is_string(),
        "authors" => value.is_array(),
        _ => true,
    });
}

fn has_texts(value: &Value, keys: &[&str]) -> bool {
    value.is_object()
        && keys
            .iter()
            .all(|key| value.get(*key).is_some_and(Value::is_string))
}

/// Attachments: a bundle of media for each name.
pub(super) fn attachments(
    attachments: &Map<String, Value>,
    rest: &mut Map<String, Value>,
) -> Map<String, Value> {
    let mut valid = Map::new();
    for (name, attachment) in attachments {
        let Value::Object(media) = attachment else {
            rest.insert(name.clone(), attachment.clone());
            continue;
        };
        let mut odd = Map::new();
        valid.insert(name.clone(), Value::Object(bundle(media, &mut odd)));
        if !odd.is_empty() {
            rest.insert(name.clone(), Value::Object(odd));
        }
    }
    valid
}

/// A valid output for `output`; its fields that have no place in one go into `rest`.
pub(super) fn output(output: &Value, rest: &mut Map<String, Value>) -> Value {
    let Value::Object(fields) = output else {
        return odd_output(output);
    };
    let kind = fields.get("output_type").and_then(Value::as_str);
    let known: &[&str] = match kind {
        Some("stream") => &["name", "text"],
        Some("display_data") => &["data", "metadata"],
        Some("execute_result") => &["data", "execution_count", "metadata"],
        Some("error") => &["ename", "evalue", "traceback"],
        _ => return odd_output(output),
    };
    let mut valid = Map::new();
    for key in known {
        let field = fields.get(*key);
        valid.insert((*key).to_owned(), valid_field(key, field, rest));
    }
    for (key, value) in fields {
        if key == "output_type" {
            valid.insert(key.clone(), value.clone());
        } else if !known.contains(&key.as_str()) {
            rest.insert(key.clone(), value.clone());
        }
    }
    Value::Object(valid)
}

fn valid_field(key: &str, field: Option<&Value>, rest: &mut Map<String, Value>) -> Value {
    let (valid, is_whole) = match (key, field) {
        ("text", Some(value)) => match text(value) {
            Some(text) => (lines(&text), true),
            None => (json!([]), false),
        },
        ("data", Some(Value::Object(media))) => {
            let mut odd = Map::new();
            let valid = bundle(media, &mut odd);
            if !odd.is_empty() {
                rest.insert("data".into(), Value::Object(odd));
            }
            (Value::Object(valid), true)
        }
        ("metadata", Some(value @ Value::Object(_))) => (value.clone(), true),
        ("data" | "metadata", _) => (json!({}), false),
        ("execution_count", Some(value)) if value.is_u64() => (value.clone(), true),
        ("execution_count", field) => (Value::Null, field == Some(&Value::Null)),
        ("traceback", Some(Value::String(text))) => (json!([text]), true),
        ("traceback", Some(Value::Array(lines))) if lines.iter().all(Value::is_string) => {
            (Value::Array(lines.clone()), true)
        }
        ("traceback", _) | ("text", None) => (json!([]), false),
        (_, Some(value @ Value::String(_))) => (value.clone(), true),
        ("name", _) => ("stdout".into(), false),
        _ => ("".into(), false),
    };
    if let Some(value) = field.filter(|_| !is_whole) {
        rest.insert(key.to_owned(), value.clone());
    }
    valid
}

/// A bundle of media: JSON as it is, text as lines, anything else as one text.
fn bundle(media: &Map<String, Value>, odd: &mut Map<String, Value>) -> Map<String, Value> {
    let mut valid = Map::new();
    for (kind, value) in media {
        if is_json(kind) {
            valid.insert(kind.clone(), value.clone());
        } else if let Some(text) = text(value) {
            let value = if is_text(kind) {
                lines(&text)
            } else {
                Value::String(text)
            };
            valid.insert(kind.clone(), value);
        } else {
            odd.insert(kind.clone(), value.clone());
        }
    }
    valid
}

/// The schema's `^application/(.*\+)?json$`.
fn is_json(kind: &str) -> bool {
    kind.strip_prefix("application/")
        .is_some_and(|kind| kind == "json" || kind.ends_with("+json") && !kind.contains('\n'))
}

/// The types that Jupyter writes as lines.
fn is_text(kind: &str) -> bool {
    kind.starts_with("text/") || matches!(kind, "application/javascript" | "image/svg+xml")
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(lines) => lines.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

/// What is no output at all becomes one that shows it.
fn odd_output(output: &Value) -> Value {
    let mut data = Map::new();
    data.insert(ODD_OUTPUT.into(), output.clone());
    if let Value::String(text) = output {
        data.insert("text/plain".into(), lines(text));
    }
    json!({ "output_type": "display_data", "data": data, "metadata": {} })
}
