//! Outputs of code cells in the form of nbformat 4, whatever the source was.
//!
//! See the Jupyter notebook format 4.5, "Code cell outputs": an output is an object with
//! `output_type` `stream`, `display_data`, `execute_result` or `error`.

use std::borrow::Cow;

use serde_json::{Value, json};

/// A `stream` output; `name` is `stdout` or `stderr`.
pub fn stream(name: &str, text: impl Into<String>) -> Value {
    json!({ "output_type": "stream", "name": name, "text": text.into() })
}

/// An `execute_result` output with plain text.
pub fn result(execution_count: Option<i64>, text: impl Into<String>) -> Value {
    json!({
        "output_type": "execute_result",
        "execution_count": execution_count,
        "metadata": {},
        "data": { "text/plain": text.into() },
    })
}

/// An `error` output.
pub fn error(name: &str, message: &str, traceback: &[String]) -> Value {
    json!({ "output_type": "error", "ename": name, "evalue": message, "traceback": traceback })
}

/// The text that a person reads in an output: a stream's text, a result's `text/plain`, an
/// error's traceback (or its name and message). `None` where there is no text.
pub fn plain_text(output: &Value) -> Option<String> {
    plain(output).map(Cow::into_owned)
}

fn plain(output: &Value) -> Option<Cow<'_, str>> {
    match output.get("output_type").and_then(Value::as_str)? {
        "stream" => joined_lines(output.get("text")?),
        "error" => {
            let traceback: Vec<_> = output
                .get("traceback")
                .and_then(Value::as_array)
                .map(|lines| lines.iter().filter_map(Value::as_str).collect())
                .unwrap_or_default();
            if !traceback.is_empty() {
                return Some(traceback.join("\n").into());
            }
            let part = |key| output.get(key).and_then(Value::as_str).unwrap_or_default();
            Some(match (part("ename"), part("evalue")) {
                ("", message) => message.into(),
                (name, message) => format!("{name}: {message}").into(),
            })
        }
        _ => joined_lines(output.get("data")?.get("text/plain")?),
    }
}

/// Joins the texts of all outputs, each on lines of its own; `None` where there is no text.
pub fn joined_text(outputs: &[Value]) -> Option<String> {
    let mut joined = String::new();
    for text in outputs.iter().filter_map(plain) {
        if !joined.is_empty() && !joined.ends_with('\n') {
            joined.push('\n');
        }
        joined.push_str(&text);
    }
    (!joined.is_empty()).then_some(joined)
}

/// Reads nbformat's "multiline string": a string, or a list of strings to be joined.
pub fn multiline(value: &Value) -> Option<String> {
    joined_lines(value).map(Cow::into_owned)
}

fn joined_lines(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.as_str().into()),
        Value::Array(lines) => {
            let lines: String = lines.iter().filter_map(Value::as_str).collect();
            Some(lines.into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_outputs_are_joined_on_lines() {
        let outputs = [
            stream("stdout", "epoch 1"),
            result(Some(1), "0.5"),
            json!({"x": 1}),
        ];
        assert_eq!(joined_text(&outputs).unwrap(), "epoch 1\n0.5");
        assert_eq!(joined_text(&[]), None);
    }

    #[test]
    fn an_error_without_a_name_is_its_message() {
        let text = |name| plain_text(&error(name, "no x", &[])).unwrap();
        assert_eq!(text(""), "no x");
        assert_eq!(text("NameError"), "NameError: no x");
    }
}
