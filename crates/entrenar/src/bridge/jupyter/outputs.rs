//! Outputs of code cells: checked where they have the form of nbformat 4, brought into it where
//! they have that of nbformat 2 or 3. Nothing is dropped: what is odd stays as it is.

use serde_json::{Map, Value};

use super::notes::Notes;

/// Short names of media types in nbformat 2 and 3 (nbformat 3 schema, `pyout`).
const SHORT_NAMES: [(&str, &str); 8] = [
    ("text", "text/plain"),
    ("html", "text/html"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("jpeg", "image/jpeg"),
    ("latex", "text/latex"),
    ("json", "application/json"),
    ("javascript", "application/javascript"),
];

/// Reads the outputs of the cell at `cell` (`cells[3]`).
pub(super) fn read(value: Value, legacy: bool, cell: &str, notes: &mut Notes) -> Vec<Value> {
    let outputs = match value {
        Value::Array(outputs) => outputs,
        Value::Null => return Vec::new(),
        odd => {
            notes.invalid(
                || format!("{cell}.outputs"),
                "the outputs of a code cell are a list; this value is kept as one output",
            );
            vec![odd]
        }
    };
    outputs
        .into_iter()
        .enumerate()
        .map(|(index, output)| {
            one(
                output,
                legacy,
                &|| format!("{cell}.outputs[{index}]"),
                notes,
            )
        })
        .collect()
}

fn one(output: Value, legacy: bool, path: &dyn Fn() -> String, notes: &mut Notes) -> Value {
    let Value::Object(mut output) = output else {
        notes.invalid(path, "an output is an object; this value is kept as it is");
        return output;
    };
    let Some(kind) = output.get("output_type").and_then(Value::as_str) else {
        notes.invalid(path, "the output has no output_type; it is kept as it is");
        return Value::Object(output);
    };
    match kind {
        "pyout" => {
            output.insert("output_type".into(), "execute_result".into());
            let count = output.shift_remove("prompt_number");
            output.insert("execution_count".into(), count.unwrap_or_default());
            output = bundled(output);
        }
        "pyerr" => {
            output.insert("output_type".into(), "error".into());
            rename(&mut output, "etype", "ename");
        }
        "stream" if !output.contains_key("name") && (legacy || output.contains_key("stream")) => {
            if output.contains_key("stream") {
                rename(&mut output, "stream", "name");
            } else {
                output.insert("name".into(), "stdout".into());
            }
        }
        "display_data" | "execute_result" if !output.contains_key("data") => {
            output = bundled(output);
        }
        _ => {}
    }
    check(&output, path, notes);
    Value::Object(output)
}

fn output_type(output: &Map<String, Value>) -> &str {
    output
        .get("output_type")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn rename(output: &mut Map<String, Value>, from: &str, to: &str) {
    if !output.contains_key(to)
        && let Some(value) = output.shift_remove(from)
    {
        output.insert(to.into(), value);
    }
}

/// Moves media under short or full names at the top of an output into its `data`; short names
/// in its `metadata` become media types.
fn bundled(output: Map<String, Value>) -> Map<String, Value> {
    let (mut data, mut rest) = (Map::new(), Map::new());
    for (key, value) in output {
        match key.as_str() {
            "data" | "metadata" | "output_type" | "execution_count" => {
                rest.insert(key, value);
            }
            _ => match media_type(&key) {
                Some("application/json") => {
                    data.insert("application/json".into(), embedded_json(value));
                }
                Some(media) => {
                    data.insert(media.to_owned(), value);
                }
                None if key.contains('/') => {
                    data.insert(key, value);
                }
                None => {
                    rest.insert(key, value);
                }
            },
        }
    }
    if let Some(Value::Object(metadata)) = rest.get_mut("metadata") {
        *metadata = std::mem::take(metadata)
            .into_iter()
            .map(|(key, value)| (media_type(&key).map_or(key, ToOwned::to_owned), value))
            .collect();
    } else if !rest.contains_key("metadata") {
        rest.insert("metadata".into(), Value::Object(Map::new()));
    }
    if !rest.contains_key("data") {
        rest.insert("data".into(), Value::Object(data));
    } else {
        rest.extend(data);
    }
    rest
}

fn media_type(short: &str) -> Option<&'static str> {
    SHORT_NAMES
        .iter()
        .find(|(name, _)| *name == short)
        .map(|(_, media)| *media)
}

/// nbformat 3 holds JSON as a text; what does not parse stays a text.
fn embedded_json(value: Value) -> Value {
    crate::session::output::multiline(&value)
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or(value)
}

/// Notes what the nbformat 4 schema does not allow.
fn check(output: &Map<String, Value>, path: &dyn Fn() -> String, notes: &mut Notes) {
    let (required, allowed): (&[&str], &[&str]) = match output_type(output) {
        "stream" => (&["name", "text"], &["output_type", "name", "text"]),
        "display_data" => (&["data", "metadata"], &["output_type", "data", "metadata"]),
        "execute_result" => (
            &["data", "metadata", "execution_count"],
            &["output_type", "data", "metadata", "execution_count"],
        ),
        "error" => (
            &["ename", "evalue", "traceback"],
            &["output_type", "ename", "evalue", "traceback"],
        ),
        kind => {
            let shown: String = kind.chars().take(60).collect();
            notes.invalid(
                path,
                &format!("nbformat 4 has no output_type `{shown}`; the output is kept as it is"),
            );
            return;
        }
    };
    for field in required {
        match output.get(*field) {
            None => notes.invalid(
                path,
                &format!("the output has no `{field}`; it is kept as it is"),
            ),
            Some(value) if !has_type(field, value) => notes.invalid(
                path,
                &format!(
                    "the output's `{field}` is not of the type that nbformat 4 says; it is kept"
                ),
            ),
            Some(_) => {}
        }
    }
    for key in output.keys() {
        if !allowed.contains(&key.as_str()) {
            notes.unknown(path, key);
        }
    }
}

fn has_type(field: &str, value: &Value) -> bool {
    let is_lines =
        |value: &Value| matches!(value, Value::Array(l) if l.iter().all(Value::is_string));
    match field {
        "data" | "metadata" => value.is_object(),
        "execution_count" => value.is_null() || value.is_u64(),
        "text" => value.is_string() || is_lines(value),
        "traceback" => is_lines(value),
        _ => value.is_string(),
    }
}
