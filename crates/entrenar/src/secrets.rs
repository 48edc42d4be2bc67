//! What looks like a credential, so that it can be removed before a session is shared.
//!
//! [`scan`] reads the sources and outputs of all cells, the text between them, the notes, the
//! configuration and the metadata, each once and in linear time. It knows the forms of common
//! providers, private keys, passwords in addresses, and assignments of random-looking values to
//! names such as `api_key`. It is a help and no proof: an unknown form is not found.

mod rules;

use serde_json::Value;

use crate::session::{DocumentCell, EntrenarSession, output};

/// Findings after which the scan ends.
const MOST_FINDINGS: usize = 1000;

/// A place that looks like a credential; it never holds the credential.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretFinding {
    /// The text it is in, such as `cells[3].source`, by the paths of `session.json`.
    pub place: String,
    /// What it looks like.
    pub rule: &'static str,
    /// The line in that text, from 1.
    pub line: usize,
}

/// Looks for credentials in everything a session would show.
pub fn scan(session: &EntrenarSession) -> Vec<SecretFinding> {
    let mut scan = Scan {
        findings: Vec::new(),
    };
    for (index, (cell, record)) in session.cells().enumerate() {
        scan.text(|| format!("cells[{index}].source"), &cell.source);
        let outputs: &[Value] = record.map_or(&[], |r| &r.outputs);
        for (number, output) in outputs.iter().enumerate() {
            scan.output(&format!("cells[{index}].outputs[{number}]"), output);
        }
        if outputs.is_empty()
            && let Some(text) = &cell.output
        {
            scan.text(|| format!("cells[{index}].output"), text);
        }
        if let Some(record) = record {
            for (field, map) in [("metadata", &record.metadata), ("extra", &record.extra)] {
                scan.fields(&format!("cells[{index}].{field}"), map.iter());
            }
        }
    }
    for (index, cell) in session.document.cells.iter().enumerate() {
        if let DocumentCell::Markdown(text) | DocumentCell::Raw(text) = cell {
            scan.text(|| format!("document.cells[{index}].source"), &text.source);
        }
    }
    scan.fields("document.metadata", session.document.metadata.iter());
    scan.fields("document.extra", session.document.extra.iter());
    for (name, value) in &session.config {
        scan.assignment(|| format!("metadata.config.{name}"), name, value);
    }
    for (index, run) in session.runs.iter().enumerate() {
        for (name, value) in &run.config {
            scan.assignment(|| format!("runs[{index}].config.{name}"), name, value);
        }
    }
    for (field, text) in [
        ("name", Some(&session.name)),
        ("user", session.user.as_ref()),
        ("dataset", session.dataset.as_ref()),
        ("notes", session.notes.as_ref()),
    ] {
        if let Some(text) = text {
            scan.text(|| format!("metadata.{field}"), text);
        }
    }
    scan.findings
}

/// Looks for credentials in one text, which is at `place`.
pub fn scan_text(place: &str, text: &str) -> Vec<SecretFinding> {
    let mut scan = Scan {
        findings: Vec::new(),
    };
    scan.text(|| place.to_owned(), text);
    scan.findings
}

struct Scan {
    findings: Vec<SecretFinding>,
}

impl Scan {
    fn text(&mut self, place: impl Fn() -> String, text: &str) {
        // A name in one line is often followed by its value in the next.
        let mut before = "";
        for (index, line) in text.lines().enumerate() {
            rules::line(line, before, |rule| {
                if self.findings.len() < MOST_FINDINGS {
                    self.findings.push(SecretFinding {
                        place: place(),
                        rule,
                        line: index + 1,
                    });
                }
            });
            before = line;
        }
    }

    /// A value that has a name, as if it were written `name = "value"`.
    fn assignment(&mut self, place: impl Fn() -> String, name: &str, value: &str) {
        self.text(place, &format!("{name} = \"{value}\""));
    }

    fn output(&mut self, place: &str, output: &Value) {
        if let Some(text) = output.get("text").and_then(output::multiline) {
            self.text(|| place.to_owned(), &text);
        }
        for field in ["ename", "evalue"] {
            if let Some(text) = output.get(field).and_then(Value::as_str) {
                self.text(|| place.to_owned(), text);
            }
        }
        for line in output
            .get("traceback")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            self.text(|| place.to_owned(), line);
        }
        let data = output.get("data").and_then(Value::as_object);
        for (media_type, value) in data.into_iter().flatten() {
            if media_type.starts_with("image/") && media_type != "image/svg+xml" {
                continue;
            }
            let place = || format!("{place}.data.{media_type}");
            match output::multiline(value) {
                Some(text) => self.text(place, &text),
                None => self.value(&place(), media_type, value),
            }
        }
    }

    fn fields<'a>(&mut self, place: &str, fields: impl Iterator<Item = (&'a String, &'a Value)>) {
        for (name, value) in fields {
            self.value(&format!("{place}.{name}"), name, value);
        }
    }

    /// Every text inside a JSON value, with the name nearest to it.
    fn value(&mut self, place: &str, name: &str, value: &Value) {
        let mut open = vec![(name, value)];
        while let Some((name, value)) = open.pop() {
            match value {
                Value::String(text) => self.assignment(|| place.to_owned(), name, text),
                Value::Array(items) => open.extend(items.iter().map(|item| (name, item))),
                Value::Object(map) => {
                    open.extend(map.iter().map(|(name, value)| (name.as_str(), value)));
                }
                _ => {}
            }
        }
    }
}
