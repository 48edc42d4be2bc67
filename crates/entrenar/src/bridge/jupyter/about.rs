//! What a notebook's metadata tell about the session: title, user, parameters, times.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::session::{EntrenarSession, WarningKind};

use super::notes::Notes;
use super::times;

/// Reads the metadata of the notebook into the session.
pub(super) fn read(
    metadata: &Map<String, Value>,
    session: &mut EntrenarSession,
    notes: &mut Notes,
) {
    if let Some(title) = title(metadata) {
        session.name = title;
        session.derived.remove("name");
    }
    session.user = author(metadata);
    let Some(papermill) = metadata.get("papermill") else {
        return;
    };
    let mut at = |key: &str| {
        let path = format!("metadata.papermill.{key}");
        times::read_one(papermill.get(key)?, &path, notes)
    };
    session.started_at = at("start_time");
    session.ended_at = at("end_time");
    if session.ended_at < session.started_at && session.ended_at.is_some() {
        session.ended_at = None;
        notes.add(
            WarningKind::Time,
            || "metadata.papermill".to_owned(),
            "the notebook ends before it begins; its end is kept in the metadata only",
        );
    }
    let parameters = papermill.get("parameters").and_then(Value::as_object);
    session
        .config
        .extend(parameters.into_iter().flatten().map(|(name, value)| {
            let text = match value {
                Value::String(text) => text.clone(),
                value => value.to_string(),
            };
            (name.clone(), text)
        }));
}

/// The title: nbformat 4's `title`, else the name that Colab or nbformat 3 keeps in the file.
fn title(metadata: &Map<String, Value>) -> Option<String> {
    let text = |value: Option<&Value>| {
        let text = value?.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    text(metadata.get("title")).or_else(|| {
        let colab = metadata.get("colab").and_then(|colab| colab.get("name"));
        let name = text(colab).or_else(|| text(metadata.get("name")))?;
        let name = name.strip_suffix(".ipynb").unwrap_or(&name);
        (!is_default_name(name)).then(|| name.to_owned())
    })
}

/// Whether a program made the name up for a new notebook.
fn is_default_name(name: &str) -> bool {
    let name = name.trim_start_matches("Copy of ");
    name.is_empty()
        || name
            .strip_prefix("Untitled")
            .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()))
}

/// Whether the kernel is Ruchy's.
#[cfg(feature = "ruchy-sessions")]
pub(in crate::bridge) fn is_ruchy(metadata: &Map<String, Value>) -> bool {
    [
        ("kernelspec", "name"),
        ("kernelspec", "language"),
        ("language_info", "name"),
    ]
    .iter()
    .filter_map(|(part, key)| metadata.get(*part)?.get(*key)?.as_str())
    .any(|name| name.eq_ignore_ascii_case("ruchy"))
}

/// The author, if the notebook names exactly one.
fn author(metadata: &Map<String, Value>) -> Option<String> {
    match metadata.get("authors")?.as_array()?.as_slice() {
        [author] => {
            let name = author.get("name").unwrap_or(author).as_str()?.trim();
            (!name.is_empty()).then(|| name.to_owned())
        }
        _ => None,
    }
}

/// The name that Colab recorded with the cells, if it is the same in all of them.
pub(super) fn colab_user<'a>(
    cells: impl Iterator<Item = &'a Map<String, Value>>,
) -> Option<String> {
    let names: BTreeSet<_> = cells
        .filter_map(|metadata| {
            let user = metadata.get("executionInfo")?.get("user")?;
            let name = user.get("displayName")?.as_str()?.trim();
            (!name.is_empty()).then_some(name)
        })
        .collect();
    match names.iter().next() {
        Some(name) if names.len() == 1 => Some((*name).to_owned()),
        _ => None,
    }
}
