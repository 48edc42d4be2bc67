//! `notebook.ipynb`: the rules of nbformat 4.5, and that it holds the session's cells.
//!
//! See "The Jupyter notebook format" of nbformat 5.11 and its `nbformat.v4.5.schema.json`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::export::notebook;
use crate::session::{EntrenarSession, output};

use super::{Files, Findings, NOTEBOOK, ProblemKind, json};

/// Problems of one notebook that are told.
const PROBLEMS: usize = 50;

pub(super) fn check(files: &Files, session: Option<&EntrenarSession>, found: &mut Findings<'_>) {
    let Some(bytes) = files.bytes(NOTEBOOK) else {
        return;
    };
    found.validated(NOTEBOOK);
    let Some(value) = json(NOTEBOOK, bytes, found) else {
        return;
    };
    let mut problems = Vec::new();
    rules(&value, &mut problems);
    for (place, message) in problems.into_iter().take(PROBLEMS) {
        found.problem(ProblemKind::Format, NOTEBOOK, &place, message);
    }
    let Some(session) = session else { return };
    let doi = value.pointer("/metadata/entrenar/doi");
    if notebook::edition_with_doi(session, doi.and_then(Value::as_str)) == bytes {
        return;
    }
    match first_other_cell(&value, session) {
        Some((place, message)) => {
            found.problem(ProblemKind::Disagrees, NOTEBOOK, &place, message);
        }
        None => found.problem(
            ProblemKind::Disagrees,
            NOTEBOOK,
            "$",
            "it is not the notebook that session.json gives",
        ),
    }
}

/// The first code cell whose source or text is another than the edition's of the session.
fn first_other_cell(value: &Value, session: &EntrenarSession) -> Option<(String, String)> {
    let edition: Value = serde_json::from_slice(&notebook::edition(session)).ok()?;
    let cells = |value: &Value| -> Vec<Value> {
        value
            .get("cells")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let (ours, theirs) = (cells(&edition), cells(value));
    for (index, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        if ours == theirs {
            continue;
        }
        let keys = |value: &Value| -> Vec<String> {
            value
                .as_object()
                .map(|map| map.keys().cloned().collect())
                .unwrap_or_default()
        };
        let text = |value: &Value, key: &str| value.get(key).and_then(output::multiline);
        let field = if text(ours, "source") != text(theirs, "source") {
            "source".to_owned()
        } else {
            let mut keys = [keys(ours), keys(theirs)].concat();
            keys.sort();
            keys.into_iter()
                .find(|key| ours.get(key) != theirs.get(key))
                .unwrap_or_default()
        };
        return Some((
            format!("$.cells[{index}].{field}"),
            "it is not what session.json says".to_owned(),
        ));
    }
    (ours.len() != theirs.len()).then(|| {
        (
            "$.cells".to_owned(),
            format!(
                "there are {} cells, and session.json gives {}",
                theirs.len(),
                ours.len()
            ),
        )
    })
}

type Problems = Vec<(String, String)>;

fn rules(value: &Value, problems: &mut Problems) {
    let mut add = |place: String, message: &str| problems.push((place, message.to_owned()));
    let Some(root) = value.as_object() else {
        return add("$".into(), "it is no object");
    };
    let number = |name: &str| root.get(name).and_then(Value::as_u64);
    if number("nbformat") != Some(4) {
        add("$.nbformat".into(), "it is not 4");
    }
    if number("nbformat_minor") != Some(5) {
        add("$.nbformat_minor".into(), "it is not 5");
    }
    if !root.get("metadata").is_some_and(Value::is_object) {
        add("$.metadata".into(), "it is no object");
    }
    for name in root.keys() {
        if !["cells", "metadata", "nbformat", "nbformat_minor"].contains(&name.as_str()) {
            add(format!("$.{name}"), "the format has no such field");
        }
    }
    let Some(cells) = root.get("cells").and_then(Value::as_array) else {
        return add("$.cells".into(), "it is no list");
    };
    let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, cell) in cells.iter().enumerate() {
        let place = format!("$.cells[{index}]");
        let Some(map) = cell.as_object() else {
            add(place, "it is no object");
            continue;
        };
        match map.get("id").and_then(Value::as_str) {
            Some(id) if is_id(id) => {
                if let Some(other) = ids.insert(id, index) {
                    add(
                        format!("{place}.id"),
                        &format!("the cell {other} has the same id"),
                    );
                }
            }
            _ => add(
                format!("{place}.id"),
                "an id has 1 to 64 of the characters a-z, A-Z, 0-9, - and _",
            ),
        }
        cell_rules(&place, map, &mut add);
    }
}

fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn is_multiline(value: Option<&Value>) -> bool {
    match value {
        Some(Value::String(_)) => true,
        Some(Value::Array(lines)) => lines.iter().all(Value::is_string),
        _ => false,
    }
}

fn is_count(value: Option<&Value>) -> bool {
    value.is_some_and(|value| value.is_null() || value.as_u64().is_some())
}

fn cell_rules(place: &str, map: &Map<String, Value>, add: &mut impl FnMut(String, &str)) {
    if !map.get("metadata").is_some_and(Value::is_object) {
        add(format!("{place}.metadata"), "it is no object");
    }
    if !is_multiline(map.get("source")) {
        add(format!("{place}.source"), "it is no text");
    }
    let kind = map.get("cell_type").and_then(Value::as_str);
    let allowed: &[&str] = match kind {
        Some("code") => &[
            "cell_type",
            "execution_count",
            "id",
            "metadata",
            "outputs",
            "source",
        ],
        Some("markdown" | "raw") => &["attachments", "cell_type", "id", "metadata", "source"],
        _ => {
            return add(
                format!("{place}.cell_type"),
                "it is not code, markdown or raw",
            );
        }
    };
    for name in map.keys() {
        if !allowed.contains(&name.as_str()) {
            add(format!("{place}.{name}"), "the format has no such field");
        }
    }
    if kind != Some("code") {
        return;
    }
    if !is_count(map.get("execution_count")) {
        add(
            format!("{place}.execution_count"),
            "it is neither null nor a count",
        );
    }
    match map.get("outputs").and_then(Value::as_array) {
        None => add(format!("{place}.outputs"), "it is no list"),
        Some(outputs) => {
            for (index, output) in outputs.iter().enumerate() {
                output_rules(&format!("{place}.outputs[{index}]"), output, add);
            }
        }
    }
}

fn output_rules(place: &str, output: &Value, add: &mut impl FnMut(String, &str)) {
    let text = |name: &str| output.get(name).is_some_and(Value::is_string);
    let object = |name: &str| output.get(name).is_some_and(Value::is_object);
    let mut need = |holds: bool, name: &str, message: &str| {
        if !holds {
            add(format!("{place}.{name}"), message);
        }
    };
    match output.get("output_type").and_then(Value::as_str) {
        Some("stream") => {
            need(text("name"), "name", "it is no text");
            need(is_multiline(output.get("text")), "text", "it is no text");
        }
        Some(kind @ ("display_data" | "execute_result")) => {
            need(object("data"), "data", "it is no object");
            need(object("metadata"), "metadata", "it is no object");
            if kind == "execute_result" {
                need(
                    is_count(output.get("execution_count")),
                    "execution_count",
                    "it is neither null nor a count",
                );
            }
        }
        Some("error") => {
            need(text("ename"), "ename", "it is no text");
            need(text("evalue"), "evalue", "it is no text");
            let lines = output.get("traceback").and_then(Value::as_array);
            need(
                lines.is_some_and(|lines| lines.iter().all(Value::is_string)),
                "traceback",
                "it is no list of texts",
            );
        }
        _ => need(
            false,
            "output_type",
            "it is not stream, display_data, execute_result or error",
        ),
    }
}
