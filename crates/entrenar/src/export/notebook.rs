//! A notebook of our own making from any session: nbformat 4.5, valid, re-runnable where its
//! kernel exists.
//!
//! It holds all cells in the order of the document (a session without one: in the order they
//! ran), with their outputs, attachments and metadata. What the schema of nbformat 4.5
//! does not allow is repaired, and what was there is kept under the `entrenar` key of the
//! metadata of the notebook or cell. The original bytes of a session that was read from a
//! notebook are another thing: they are in the store.
//!
//! Keys are sorted, the indent is one space and texts are lists of lines, as Jupyter writes.

mod valid;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize as _;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Map, Value, json};

use super::time::rfc3339;
use crate::session::{
    CellRecord, CodeCell, DocumentCell, EntrenarSession, SourceFormat, TextCell, TimeSource, output,
};

/// Writes the session as a notebook of nbformat 4.5, with a newline at the end.
pub fn edition(session: &EntrenarSession) -> Vec<u8> {
    edition_with_doi(session, None)
}

/// As [`edition`], with the DOI under which the notebook is published in its metadata
/// (`entrenar.doi`).
pub fn edition_with_doi(session: &EntrenarSession, doi: Option<&str>) -> Vec<u8> {
    let places = places(session);
    let mut ids = Ids::new(&places);
    let cells: Vec<_> = places
        .iter()
        .enumerate()
        .map(|(index, place)| {
            let mut cell = match place {
                Place::Code(cell, record) => code_cell(session, cell, *record),
                Place::Text(kind, cell) => text_cell(kind, cell),
            };
            cell.insert("id".into(), ids.take(index, place.id()).into());
            Value::Object(cell)
        })
        .collect();
    let mut notebook = json!({
        "cells": cells,
        "metadata": metadata(session),
        "nbformat": 4,
        "nbformat_minor": 5,
    });
    let own = notebook.pointer_mut("/metadata/entrenar");
    if let (Some(doi), Some(own)) = (doi, own.and_then(Value::as_object_mut)) {
        own.insert("doi".into(), doi.into());
    }
    notebook.sort_all_objects();
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(b" "));
    let written = notebook.serialize(&mut serializer);
    debug_assert!(written.is_ok(), "a value is written to memory");
    bytes.push(b'\n');
    bytes
}

/// A cell of the edition.
enum Place<'a> {
    Code(&'a CodeCell, Option<&'a CellRecord>),
    Text(&'static str, &'a TextCell),
}

impl Place<'_> {
    fn id(&self) -> Option<&str> {
        match self {
            Self::Code(_, record) => record.and_then(|record| record.id.as_deref()),
            Self::Text(_, cell) => cell.id.as_deref(),
        }
    }
}

/// The cells in the order of the document; code cells that it does not name come last.
fn places(session: &EntrenarSession) -> Vec<Place<'_>> {
    let mut code: BTreeMap<usize, _> = session.cells().enumerate().collect();
    let mut places: Vec<_> = session
        .document
        .cells
        .iter()
        .filter_map(|cell| match cell {
            DocumentCell::Code(index) => code
                .remove(index)
                .map(|(cell, record)| Place::Code(cell, record)),
            DocumentCell::Markdown(cell) => Some(Place::Text("markdown", cell)),
            DocumentCell::Raw(cell) => Some(Place::Text("raw", cell)),
        })
        .collect();
    places.extend(
        code.into_values()
            .map(|(cell, record)| Place::Code(cell, record)),
    );
    places
}

/// Gives out cell ids: the source's where it is valid and not yet given, else `cell-N`.
struct Ids {
    /// Ids that are in the source or were given.
    known: BTreeSet<String>,
    given: BTreeSet<String>,
}

impl Ids {
    fn new(places: &[Place<'_>]) -> Self {
        let known = places.iter().filter_map(|place| place.id());
        Self {
            known: known.map(ToOwned::to_owned).collect(),
            given: BTreeSet::new(),
        }
    }

    fn take(&mut self, index: usize, source: Option<&str>) -> String {
        if let Some(id) = source.filter(|id| is_valid_id(id))
            && self.given.insert(id.to_owned())
        {
            return id.to_owned();
        }
        let base = format!("cell-{}", index + 1);
        let mut id = base.clone();
        let mut number = 1;
        while !self.known.insert(id.clone()) {
            number += 1;
            id = format!("{base}-{number}");
        }
        id
    }
}

/// nbformat 4.5 schema, `cell_id`.
fn is_valid_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn is_jupyter(session: &EntrenarSession) -> bool {
    let source = session.source.as_ref();
    source.is_some_and(|source| source.format == SourceFormat::Jupyter)
}

fn code_cell(
    session: &EntrenarSession,
    cell: &CodeCell,
    record: Option<&CellRecord>,
) -> Map<String, Value> {
    let mut kept = Kept::default();
    let mut metadata = record.map_or_else(Map::new, |record| record.metadata.clone());
    valid::cell_metadata("code", &mut metadata, &mut kept.invalid);
    // A notebook's own metadata hold its times in the form in which its program wrote them.
    let is_recorded = record.is_none_or(|r| r.time_source == TimeSource::Recorded);
    if is_recorded && !is_jupyter(session) && !metadata.contains_key("execution") {
        let ended_at = record.and_then(|record| record.ended_at);
        metadata.insert("execution".into(), execution(cell, ended_at));
    }
    let no_outputs = Vec::new();
    let mut outputs = Vec::new();
    for (index, output) in record
        .map_or(&no_outputs, |r| &r.outputs)
        .iter()
        .enumerate()
    {
        let mut rest = Map::new();
        outputs.push(valid::output(output, &mut rest));
        if !rest.is_empty() {
            kept.outputs.insert(index.to_string(), Value::Object(rest));
        }
    }
    if let Some(text) = cell.output.as_deref().filter(|_| outputs.is_empty()) {
        outputs.push(valid::output(
            &output::stream("stdout", text),
            &mut Map::new(),
        ));
    }
    if let Some(record) = record {
        kept.extra = record.extra.clone();
    }
    kept.put_into(&mut metadata);
    let recorded_count = record.and_then(|record| record.execution_count);
    let count = match recorded_count.and_then(|count| u64::try_from(count).ok()) {
        Some(count) => Some(count),
        None if is_jupyter(session) => None,
        None => Some(u64::from(cell.execution_order)),
    };
    Map::from_iter([
        ("cell_type".to_owned(), "code".into()),
        ("execution_count".to_owned(), count.into()),
        ("metadata".to_owned(), Value::Object(metadata)),
        ("outputs".to_owned(), Value::Array(outputs)),
        ("source".to_owned(), valid::lines(&cell.source)),
    ])
}

/// When a cell ran, as nbformat 4.5 has it.
fn execution(cell: &CodeCell, ended_at: Option<DateTime<Utc>>) -> Value {
    let mut times = Map::new();
    times.insert("iopub.status.busy".into(), rfc3339(cell.timestamp).into());
    let ended_at = ended_at.or_else(|| {
        let elapsed = i64::try_from(cell.duration_ms?).ok()?;
        cell.timestamp
            .checked_add_signed(TimeDelta::try_milliseconds(elapsed)?)
    });
    if let Some(end) = ended_at {
        times.insert("iopub.status.idle".into(), rfc3339(end).into());
    }
    Value::Object(times)
}

fn text_cell(kind: &'static str, cell: &TextCell) -> Map<String, Value> {
    let mut kept = Kept {
        extra: cell.extra.clone(),
        ..Kept::default()
    };
    let mut metadata = cell.metadata.clone();
    valid::cell_metadata(kind, &mut metadata, &mut kept.invalid);
    let mut written = Map::new();
    if !cell.attachments.is_empty() {
        let attachments = valid::attachments(&cell.attachments, &mut kept.attachments);
        written.insert("attachments".into(), Value::Object(attachments));
    }
    kept.put_into(&mut metadata);
    written.insert("cell_type".into(), kind.into());
    written.insert("metadata".into(), Value::Object(metadata));
    written.insert("source".into(), valid::lines(&cell.source));
    written
}

/// What the schema has no place for, in the order of its keys.
#[derive(Default)]
struct Kept {
    attachments: Map<String, Value>,
    extra: Map<String, Value>,
    invalid: Map<String, Value>,
    outputs: Map<String, Value>,
}

impl Kept {
    /// Puts what there is under the key `entrenar`, beside what is there already.
    fn put_into(self, metadata: &mut Map<String, Value>) {
        let parts = [
            ("attachments", self.attachments),
            ("extra", self.extra),
            ("invalid", self.invalid),
            ("outputs", self.outputs),
        ];
        for (name, part) in parts {
            if part.is_empty() {
                continue;
            }
            let ours = metadata
                .entry("entrenar")
                .or_insert_with(|| Value::Object(Map::new()));
            if !ours.is_object() {
                *ours = json!({ "previous": ours.take() });
            }
            if let Value::Object(ours) = ours {
                ours.insert(name.to_owned(), Value::Object(part));
            }
        }
    }
}

fn metadata(session: &EntrenarSession) -> Map<String, Value> {
    let mut metadata = session.document.metadata.clone();
    let mut invalid = Map::new();
    valid::notebook_metadata(&mut metadata, &mut invalid);
    if is_ruchy(session, &metadata) {
        metadata.entry("kernelspec").or_insert_with(
            || json!({ "display_name": "Ruchy", "language": "ruchy", "name": "ruchy" }),
        );
        metadata
            .entry("language_info")
            .or_insert_with(|| json!({ "file_extension": ".ruchy", "name": "ruchy" }));
    }
    if !session.derived.contains_key("name") {
        metadata.insert("title".into(), session.name.as_str().into());
    }
    if let Some(user) = &session.user {
        metadata
            .entry("authors")
            .or_insert_with(|| json!([{ "name": user }]));
    }
    let mut ours = Map::new();
    ours.insert(
        "generator".into(),
        concat!("entrenar ", env!("CARGO_PKG_VERSION")).into(),
    );
    ours.insert("id".into(), session.id.as_str().into());
    if let Some(source) = &session.source {
        ours.insert(
            "source".into(),
            json!({ "format": source.format.as_str(), "sha256": source.sha256.to_string() }),
        );
    }
    for (name, part) in [
        ("extra", session.document.extra.clone()),
        ("invalid", invalid),
    ] {
        if !part.is_empty() {
            ours.insert(name.into(), Value::Object(part));
        }
    }
    if let Some(previous) = metadata.remove("entrenar") {
        ours.insert("previous".into(), previous);
    }
    metadata.insert("entrenar".into(), Value::Object(ours));
    metadata
}

fn is_ruchy(session: &EntrenarSession, metadata: &Map<String, Value>) -> bool {
    let source = session.source.as_ref();
    source.is_some_and(|source| source.format.is_ruchy())
        || metadata.get("language").and_then(Value::as_str) == Some("ruchy")
}
