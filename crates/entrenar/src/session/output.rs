//! Outputs of code cells in the form of nbformat 4, whatever the source was.
//!
//! See the Jupyter notebook format 4.5, "Code cell outputs": an output is an object with
//! `output_type` `stream`, `display_data`, `execute_result` or `error`.

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
    Parts::of(output).map(|parts| parts.joined())
}

/// The text of an output, in parts that are joined without anything between them.
enum Parts<'a> {
    Whole(&'a str),
    Lines(&'a [Value]),
    /// With a line feed between them.
    Traceback(&'a [Value]),
    Message(&'a str, &'a str),
}

impl<'a> Parts<'a> {
    fn of(output: &'a Value) -> Option<Self> {
        match output.get("output_type").and_then(Value::as_str)? {
            "stream" => Self::multiline(output.get("text")?),
            "error" => {
                let traceback = output.get("traceback").and_then(Value::as_array);
                let traceback = traceback.map_or(&[][..], Vec::as_slice);
                if traceback.iter().any(Value::is_string) {
                    return Some(Self::Traceback(traceback));
                }
                let part = |key| output.get(key).and_then(Value::as_str).unwrap_or_default();
                Some(Self::Message(part("ename"), part("evalue")))
            }
            _ => Self::multiline(output.get("data")?.get("text/plain")?),
        }
    }

    fn multiline(value: &'a Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::Whole(text)),
            Value::Array(lines) => Some(Self::Lines(lines)),
            _ => None,
        }
    }

    fn each(&self, mut show: impl FnMut(&'a str)) {
        match self {
            Self::Whole(text) => show(text),
            Self::Lines(lines) => lines.iter().filter_map(Value::as_str).for_each(show),
            Self::Traceback(lines) => {
                for (place, line) in lines.iter().filter_map(Value::as_str).enumerate() {
                    if place > 0 {
                        show("\n");
                    }
                    show(line);
                }
            }
            Self::Message("", message) => show(message),
            Self::Message(name, message) => [*name, ": ", *message].into_iter().for_each(show),
        }
    }

    fn joined(&self) -> String {
        let mut length = 0;
        self.each(|part| length += part.len());
        let mut joined = String::with_capacity(length);
        self.each(|part| joined.push_str(part));
        joined
    }
}

/// Joins the texts of all outputs, each on lines of its own; `None` where there is no text.
pub fn joined_text(outputs: &[Value]) -> Option<String> {
    let mut length = 0;
    each_joined(outputs, |part| length += part.len());
    let mut joined = String::with_capacity(length);
    each_joined(outputs, |part| joined.push_str(part));
    (!joined.is_empty()).then_some(joined)
}

/// Whether [`joined_text`] is this text.
#[cfg(feature = "store")]
pub(crate) fn is_joined_text(outputs: &[Value], text: &str) -> bool {
    let mut rest = Some(text);
    each_joined(outputs, |part| {
        rest = rest.and_then(|rest| rest.strip_prefix(part));
    });
    rest == Some("") && !text.is_empty()
}

fn each_joined<'a>(outputs: &'a [Value], mut show: impl FnMut(&'a str)) {
    let mut last = None;
    for parts in outputs.iter().filter_map(Parts::of) {
        if last.is_some_and(|byte| byte != b'\n') {
            last = Some(b'\n');
            show("\n");
        }
        parts.each(|part| {
            last = part.bytes().next_back().or(last);
            show(part);
        });
    }
}

/// Reads nbformat's "multiline string": a string, or a list of strings to be joined.
pub fn multiline(value: &Value) -> Option<String> {
    Parts::multiline(value).map(|parts| parts.joined())
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
        let all = [
            stream("stdout", ""),
            stream("stderr", ["a\n", "b"].concat().as_str()),
            stream("stdout", ""),
            error("E", "no x", &["first".into(), "second".into()]),
            error("E", "no x", &[]),
            result(None, "end\n"),
        ];
        let text = "a\nb\nfirst\nsecond\nE: no x\nend\n";
        assert_eq!(joined_text(&all).unwrap(), text);
        #[cfg(feature = "store")]
        {
            assert!(is_joined_text(&all, text));
            for other in ["", "a\nb\nfirst", "a\nb\nfirst\nsecond\nE: no x\nend\n\n"] {
                assert!(!is_joined_text(&all, other));
            }
            assert!(!is_joined_text(&[], ""));
        }
    }

    #[test]
    fn an_error_without_a_name_is_its_message() {
        let text = |name| plain_text(&error(name, "no x", &[])).unwrap();
        assert_eq!(text(""), "no x");
        assert_eq!(text("NameError"), "NameError: no x");
    }
}
