//! Every text of a session, each with its place.

use std::collections::BTreeMap;

use serde_json::Value;

use super::scanner::{self, Hit};
use super::{Fingerprint, SecretFinding};
use crate::session::{CellRecord, DocumentCell, EntrenarSession, TextCell, output};

/// Takes a finding, and the credential itself.
pub(super) type Report<'r> = dyn FnMut(SecretFinding, &[u8]) + 'r;

/// Shows what is found in all texts of `session`.
pub(super) fn scan(session: &EntrenarSession, report: &mut Report<'_>) {
    let mut walk = Walk { report };
    for (index, (cell, record)) in session.cells().enumerate() {
        let place = format!("cells[{index}]");
        walk.text(&format!("{place}.source"), &cell.source);
        let has_outputs = record.is_some_and(|record| !record.outputs.is_empty());
        if let Some(text) = cell.output.as_ref().filter(|_| !has_outputs) {
            walk.text(&format!("{place}.output"), text);
        }
        if let Some(record) = record {
            walk.record(&place, record);
        }
    }
    for (index, cell) in session.document.cells.iter().enumerate() {
        if let DocumentCell::Markdown(cell) | DocumentCell::Raw(cell) = cell {
            walk.text_cell(&format!("document.cells[{index}]"), cell);
        }
    }
    walk.fields("document.metadata", session.document.metadata.iter());
    walk.fields("document.extra", session.document.extra.iter());
    walk.config("metadata.config", &session.config);
    walk.config("metadata.derived", &session.derived);
    walk.fields("metadata.environment", session.environment.iter());
    for (index, run) in session.runs.iter().enumerate() {
        walk.optional(&format!("runs[{index}].name"), run.name.as_deref());
        walk.config(&format!("runs[{index}].config"), &run.config);
    }
    for (index, tag) in session.tags.iter().enumerate() {
        walk.text(&format!("metadata.tags[{index}]"), tag);
    }
    walk.text("metadata.name", &session.name);
    for (field, text) in [
        ("user", &session.user),
        ("architecture", &session.architecture),
        ("dataset", &session.dataset),
        ("notes", &session.notes),
    ] {
        walk.optional(&format!("metadata.{field}"), text.as_deref());
    }
    if let Some(source) = &session.source {
        walk.optional("metadata.source.name", source.name.as_deref());
    }
    for (index, series) in session.metrics.series().iter().enumerate() {
        walk.text(&format!("metrics[{index}].name"), &series.key().name);
    }
    for (index, warning) in session.warnings.iter().enumerate() {
        walk.text(&format!("warnings[{index}].message"), &warning.message);
    }
}

/// Shows what is found in `text`, which is at `place`.
pub(super) fn text(place: &str, text: &str, report: &mut Report<'_>) {
    Walk { report }.text(place, text);
}

struct Walk<'w, 'r> {
    report: &'w mut Report<'r>,
}

impl Walk<'_, '_> {
    fn text(&mut self, place: &str, text: &str) {
        self.behind(place, "", text);
    }

    /// A text of which the first `prefix` is ours.
    fn behind(&mut self, place: &str, prefix: &str, text: &str) {
        let mut lines = Lines::default();
        scanner::scan(text.as_bytes(), 0..usize::MAX, true, &mut |hit: Hit<'_>| {
            let (line, column) = lines.place(text.as_bytes(), hit.range.start);
            let column = if line == 1 {
                column.saturating_sub(prefix.chars().count()).max(1)
            } else {
                column
            };
            (self.report)(finding(place, line, column, &hit), hit.secret);
        });
    }

    fn optional(&mut self, place: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(place, text);
        }
    }

    /// A value that has a name, as if it were written `name = "value"`.
    fn assignment(&mut self, place: &str, name: &str, value: &str) {
        // A longer text is none.
        if value.len() > 4096 || name.len() > 256 {
            return self.text(place, value);
        }
        let prefix = format!("{name} = \"");
        self.behind(place, &prefix, &format!("{prefix}{value}\""));
    }

    fn config(&mut self, place: &str, config: &BTreeMap<String, String>) {
        for (name, value) in config {
            self.assignment(&format!("{place}.{name}"), name, value);
        }
    }

    fn record(&mut self, place: &str, record: &CellRecord) {
        for (number, output) in record.outputs.iter().enumerate() {
            self.output(&format!("{place}.outputs[{number}]"), output);
        }
        if let Some(error) = &record.error {
            // Where the outputs hold the error, it was seen there.
            if record.outputs.is_empty() {
                self.text(&format!("{place}.error"), &error.message);
                self.text(
                    &format!("{place}.error.traceback"),
                    &error.traceback.join("\n"),
                );
            }
        }
        self.fields(&format!("{place}.metadata"), record.metadata.iter());
        self.fields(&format!("{place}.extra"), record.extra.iter());
    }

    fn text_cell(&mut self, place: &str, cell: &TextCell) {
        self.text(&format!("{place}.source"), &cell.source);
        self.fields(&format!("{place}.metadata"), cell.metadata.iter());
        self.fields(&format!("{place}.extra"), cell.extra.iter());
        self.media(&format!("{place}.attachments"), cell.attachments.values());
    }

    fn output(&mut self, place: &str, output: &Value) {
        let Some(map) = output.as_object() else {
            return;
        };
        for (field, value) in map {
            match field.as_str() {
                "data" => self.media(place, [value].into_iter()),
                "traceback" => {
                    let lines: Vec<&str> = value
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(Value::as_str)
                        .collect();
                    self.text(&format!("{place}.traceback"), &lines.join("\n"));
                }
                "output_type" => {}
                _ => match output::multiline(value) {
                    Some(text) => self.text(&format!("{place}.{field}"), &text),
                    None => self.value(&format!("{place}.{field}"), field, value),
                },
            }
        }
    }

    /// Bundles of one thing in several media types.
    fn media<'v>(&mut self, place: &str, bundles: impl Iterator<Item = &'v Value>) {
        for (media_type, value) in bundles.filter_map(Value::as_object).flatten() {
            if is_encoded(media_type) {
                continue;
            }
            let place = format!("{place}.data.{media_type}");
            match output::multiline(value) {
                Some(text) => self.text(&place, &text),
                None => self.value(&place, media_type, value),
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
                Value::String(text) => self.assignment(place, name, text),
                Value::Array(items) => open.extend(items.iter().map(|item| (name, item))),
                Value::Object(map) => {
                    for (name, value) in map {
                        self.text(place, name);
                        open.push((name.as_str(), value));
                    }
                }
                _ => {}
            }
        }
    }
}

/// Whether values of that media type are bytes in base64.
fn is_encoded(media_type: &str) -> bool {
    let bytes = ["image/", "audio/", "video/", "font/"]
        .iter()
        .any(|kind| media_type.starts_with(kind));
    bytes && !media_type.ends_with("+xml")
        || matches!(media_type, "application/pdf" | "application/octet-stream")
}

pub(super) fn finding(place: &str, line: usize, column: usize, hit: &Hit<'_>) -> SecretFinding {
    SecretFinding {
        place: place.to_owned(),
        line,
        column,
        rule: hit.rule,
        fingerprint: Fingerprint::of(hit.secret),
        length: hit.secret.len(),
    }
}

/// Lines and columns of places that come in order.
#[derive(Debug, Default)]
pub(super) struct Lines {
    line: usize,
    /// Where that line begins.
    start: usize,
    seen: usize,
}

impl Lines {
    /// Line and character of the byte at `at`, from 1.
    pub(super) fn place(&mut self, text: &[u8], at: usize) -> (usize, usize) {
        if at < self.seen {
            *self = Self::default();
        }
        let part = text.get(self.seen..at).unwrap_or_default();
        for end in memchr::memchr_iter(b'\n', part) {
            self.line += 1;
            self.start = self.seen + end + 1;
        }
        self.seen = at;
        // Bytes that go on in a character are none of their own.
        let before = text.get(self.start..at).unwrap_or_default();
        let column = before.iter().filter(|byte| (**byte & 0xc0) != 0x80).count();
        (self.line + 1, column + 1)
    }
}
