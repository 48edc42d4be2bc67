//! The events of a recording, put together to cells one by one.

use serde_json::{Map, Value};

use crate::session::{Place, WarningKind};

use super::raw::{Raw, Warnings};
use super::session::{RuchyCell, RuchyEvent, RuchyResult};

/// Puts the events of a timeline together to cells.
///
/// * An `Output` belongs to the input before it.
/// * Ruchy 1.30 to 3.7 record each line of a multi-line input by itself: the first as
///   `Interactive` (1.30) or `Paste` (later), the others as `Paste`, and an empty one at the
///   end. They are one cell.
/// * An input of white space alone runs nothing and is no cell.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    pub cells: Vec<RuchyCell>,
    pub events: Vec<RuchyEvent>,
    pub last_event_ns: Option<u64>,
    open: Open,
    latest_ns: u64,
}

/// What may be added to the last cell.
#[derive(Debug, Default, PartialEq, Clone, Copy)]
enum Open {
    /// Lines and an output.
    Lines,
    /// An output.
    Output,
    #[default]
    Nothing,
}

/// The fields that all events have.
#[derive(Debug, Default)]
struct Head {
    id: Option<u64>,
    timestamp_ns: Option<u64>,
    causality: Vec<u64>,
    extra: Map<String, Value>,
}

impl Timeline {
    /// Adds one item of `timeline`.
    pub(super) fn add(&mut self, item: Raw<'_>, index: usize, warnings: &mut Warnings) {
        let path = format!("timeline[{index}]");
        let mut head = Head::default();
        let mut event = None;
        for (key, value) in item.fields() {
            match &*key {
                "id" => {
                    head.id = taken(
                        value,
                        "a whole number",
                        &key,
                        &path,
                        &mut head.extra,
                        warnings,
                    );
                }
                "timestamp_ns" => {
                    head.timestamp_ns = taken(
                        value,
                        "a whole number",
                        &key,
                        &path,
                        &mut head.extra,
                        warnings,
                    );
                }
                "causality" => {
                    head.causality = taken(
                        value,
                        "a list of ids",
                        &key,
                        &path,
                        &mut head.extra,
                        warnings,
                    )
                    .unwrap_or_default();
                }
                "event" if event.is_none() => event = Some(value),
                _ => {
                    warnings.unknown(&key, value, &path);
                    head.extra.insert(key.into_owned(), value.value());
                }
            }
        }
        self.note_time(&head, item, &path, warnings);
        let path = format!("{path}.event");
        let Some(event) = event else {
            warnings.add(
                WarningKind::InvalidValue,
                item.place(path),
                "an item of the timeline is not an event; it is kept",
            );
            self.keep(head, String::new(), item.value());
            return;
        };
        match event.fields().next() {
            Some((kind, data)) if kind == "Input" && data.is_object() => {
                self.input(head, data, &format!("{path}.Input"), warnings);
            }
            Some((kind, data)) if kind == "Output" && data.is_object() => {
                self.output(head, data, &format!("{path}.Output"), warnings);
            }
            Some((kind, data)) => {
                if !matches!(&*kind, "StateChange" | "ResourceUsage") {
                    warnings.add(
                        WarningKind::UnknownField,
                        event.place(path),
                        format!("the format has no event {kind:?}; it is kept"),
                    );
                }
                self.keep(head, kind.into_owned(), data.value());
            }
            None => {
                warnings.add(
                    WarningKind::InvalidValue,
                    event.place(path),
                    "an event without a name; it is kept",
                );
                self.keep(head, String::new(), event.value());
            }
        }
    }

    fn note_time(&mut self, head: &Head, item: Raw<'_>, path: &str, warnings: &mut Warnings) {
        let Some(ns) = head.timestamp_ns else { return };
        if ns < self.latest_ns {
            warnings.add(
                WarningKind::Time,
                item.place(format!("{path}.timestamp_ns")),
                "an event is earlier than one before it; the order of the file is kept",
            );
        }
        self.latest_ns = self.latest_ns.max(ns);
        self.last_event_ns = Some(self.latest_ns);
    }

    fn keep(&mut self, head: Head, kind: String, data: Value) {
        self.events.push(RuchyEvent {
            id: head.id,
            timestamp_ns: head.timestamp_ns,
            cell: self.cells.len().checked_sub(1),
            kind,
            data,
            causality: head.causality,
        });
    }

    fn input(&mut self, mut head: Head, data: Raw<'_>, path: &str, warnings: &mut Warnings) {
        let mut text = String::new();
        let mut mode = None;
        for (key, value) in data.fields() {
            match (&*key, value.string()) {
                ("text", Some(string)) => text = string.into_owned(),
                ("mode", Some(string)) => mode = Some(string.into_owned()),
                ("text" | "mode", None) => {
                    warnings.invalid("a string", &key, value, path);
                    head.extra.insert(key.into_owned(), value.value());
                }
                _ => {
                    warnings.unknown(&key, value, path);
                    head.extra.insert(key.into_owned(), value.value());
                }
            }
        }
        let continues = self.open == Open::Lines && mode.as_deref() == Some("Paste");
        if text.trim().is_empty() {
            if continues {
                // The empty line that lets a multi-line input run.
                self.add_to_last(head, None);
                self.open = Open::Output;
            } else {
                self.open = Open::Nothing;
            }
        } else if continues {
            self.add_to_last(head, Some(&text));
        } else {
            let mut cell = RuchyCell {
                id: head.id.map(|id| id.to_string()),
                source: text,
                mode,
                start_ns: head.timestamp_ns,
                extra: head.extra,
                ..RuchyCell::default()
            };
            add_causality(&mut cell, "input_causality", &head.causality);
            let typed = matches!(cell.mode.as_deref(), Some("Interactive" | "Paste"));
            self.open = match typed && !cell.is_command() {
                true => Open::Lines,
                false => Open::Output,
            };
            self.cells.push(cell);
        }
    }

    fn add_to_last(&mut self, head: Head, line: Option<&str>) {
        let Some(cell) = self.cells.last_mut() else {
            return;
        };
        if let Some(line) = line {
            cell.source.push('\n');
            cell.source.push_str(line);
        }
        cell.start_ns = head.timestamp_ns.or(cell.start_ns);
        cell.extra.extend(head.extra);
        add_causality(cell, "input_causality", &head.causality);
    }

    fn output(&mut self, mut head: Head, data: Raw<'_>, path: &str, warnings: &mut Warnings) {
        let (mut stdout, mut stderr, mut result) = (Vec::new(), Vec::new(), None);
        for (key, value) in data.fields() {
            match &*key {
                "result" => result = Some(read_result(value, path, warnings)),
                "stdout" => stdout = read_bytes(value, &key, path, &mut head.extra, warnings),
                "stderr" => stderr = read_bytes(value, &key, path, &mut head.extra, warnings),
                _ => {
                    warnings.unknown(&key, value, path);
                    head.extra.insert(key.into_owned(), value.value());
                }
            }
        }
        if self.open == Open::Nothing {
            warnings.add(
                WarningKind::Missing,
                data.place(path),
                "an output without an input; it is a cell without source",
            );
            self.cells.push(RuchyCell::default());
        }
        self.open = Open::Nothing;
        let Some(cell) = self.cells.last_mut() else {
            return;
        };
        cell.end_ns = head.timestamp_ns;
        (cell.stdout, cell.stderr, cell.result) = (stdout, stderr, result);
        cell.extra.extend(head.extra);
        add_causality(cell, "output_causality", &head.causality);
    }
}

fn add_causality(cell: &mut RuchyCell, key: &str, ids: &[u64]) {
    if !ids.is_empty() {
        cell.metadata.insert(key.to_owned(), ids.into());
    }
}

fn taken<T: serde::de::DeserializeOwned>(
    value: Raw<'_>,
    expected: &str,
    key: &str,
    path: &str,
    extra: &mut Map<String, Value>,
    warnings: &mut Warnings,
) -> Option<T> {
    let taken = value.get();
    if taken.is_none() && !value.is_null() {
        warnings.invalid(expected, key, value, path);
        extra.insert(key.to_owned(), value.value());
    }
    taken
}

fn read_result(value: Raw<'_>, path: &str, warnings: &mut Warnings) -> RuchyResult {
    if value.string().as_deref() == Some("Unit") {
        return RuchyResult::Unit;
    }
    if let Some((kind, content)) = value.fields().next() {
        let text = |key: &str| {
            content
                .fields()
                .find(|(name, _)| name == key)
                .and_then(|(_, text)| Some(text.string()?.into_owned()))
        };
        match &*kind {
            "Success" => {
                if let Some(value) = text("value") {
                    return RuchyResult::Success { value };
                }
            }
            "Error" => {
                if let Some(message) = text("message") {
                    return RuchyResult::Error { message };
                }
            }
            "Unit" => return RuchyResult::Unit,
            _ => {}
        }
    }
    warnings.add(
        WarningKind::InvalidValue,
        value.place(format!("{path}.result")),
        "a result that the format does not have; it is kept",
    );
    RuchyResult::Unknown(value.value())
}

/// Reads a list of bytes; a text, which other programs write, is taken too.
fn read_bytes(
    value: Raw<'_>,
    key: &str,
    path: &str,
    extra: &mut Map<String, Value>,
    warnings: &mut Warnings,
) -> Vec<u8> {
    if let Some(bytes) = value.get::<Vec<u8>>() {
        return bytes;
    }
    if value.is_null() {
        return Vec::new();
    }
    warnings.invalid("a list of bytes", key, value, path);
    if let Some(text) = value.string() {
        return text.into_owned().into_bytes();
    }
    let mut bytes = Vec::new();
    for item in value.items() {
        match item.get() {
            Some(byte) => bytes.push(byte),
            None => bytes.extend("\u{FFFD}".as_bytes()),
        }
    }
    extra.insert(key.to_owned(), value.value());
    bytes
}

impl Timeline {
    /// A warning for each cell whose end lies before its begin.
    pub(super) fn check_times(&self, warnings: &mut Warnings) {
        for (index, cell) in self.cells.iter().enumerate() {
            if let (Some(start), Some(end)) = (cell.start_ns, cell.end_ns)
                && end < start
            {
                warnings.add(
                    WarningKind::Time,
                    Place::path(format!("cells[{index}]")),
                    "a cell ends before it begins; how long it ran is not known",
                );
            }
        }
    }
}
