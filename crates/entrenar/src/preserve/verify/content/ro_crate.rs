//! `ro-crate-metadata.json`: RO-Crate 1.1 to 1.3 and Process Run Crate 0.5.
//!
//! See "RO-Crate Structure", "Root Data Entity", "Data Entities" and "RO-Crate JSON-LD" of the
//! specification: the metadata file describes itself and the root, the root has a name, a
//! description, a date and a licence, each file is described and part of the root, and what is
//! described is there with the size and digest that is stated.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Files, Findings, ProblemKind, SHA256SUMS, json};

pub(super) const METADATA_FILE: &str = "ro-crate-metadata.json";
const PREVIEW_FILE: &str = "ro-crate-preview.html";
const ROOT: &str = "./";
const VERSIONS: [&str; 3] = ["1.1", "1.2", "1.3"];
/// Problems of one file that are told.
const PROBLEMS: usize = 200;

type Entity = Map<String, Value>;

/// The entities of a crate, by `@id`.
pub(super) struct Graph {
    entities: BTreeMap<String, Entity>,
}

impl Graph {
    /// The entity with that `@id`.
    pub(super) fn get(&self, id: &str) -> Option<&Entity> {
        self.entities.get(id)
    }

    /// The root of the crate.
    pub(super) fn root(&self) -> Option<&Entity> {
        self.get(ROOT)
    }
}

/// The values of a property: one, or those of a list.
pub(super) fn values<'a>(entity: &'a Entity, property: &str) -> &'a [Value] {
    match entity.get(property) {
        None => &[],
        Some(Value::Array(values)) => values,
        Some(value) => std::slice::from_ref(value),
    }
}

/// The first text of a property.
pub(super) fn text<'a>(entity: &'a Entity, property: &str) -> Option<&'a str> {
    values(entity, property).iter().find_map(Value::as_str)
}

/// The `@id`s to which a property refers.
pub(super) fn links<'a>(entity: &'a Entity, property: &str) -> impl Iterator<Item = &'a str> {
    values(entity, property)
        .iter()
        .filter_map(|value| value.get("@id")?.as_str())
}

struct Check {
    problems: Vec<(String, String)>,
}

impl Check {
    fn add(&mut self, place: impl Into<String>, message: impl Into<String>) {
        if self.problems.len() < PROBLEMS {
            self.problems.push((place.into(), message.into()));
        }
    }
}

/// Checks the metadata file; gives its graph if it can be read.
pub(super) fn check(
    files: &Files,
    told: &BTreeSet<String>,
    found: &mut Findings<'_>,
) -> Option<Graph> {
    let bytes = files.bytes(METADATA_FILE)?;
    found.validated(METADATA_FILE);
    let mut check = Check {
        problems: Vec::new(),
    };
    let graph = json(METADATA_FILE, bytes, found).and_then(|value| read(&value, &mut check));
    if let Some(graph) = &graph {
        descriptor(graph, &mut check);
        root(graph, &mut check);
        references(graph, &mut check);
        actions(graph, &mut check);
        parts(graph, files, told, &mut check);
    }
    for (place, message) in check.problems {
        found.problem(ProblemKind::Format, METADATA_FILE, &place, message);
    }
    graph
}

fn read(value: &Value, check: &mut Check) -> Option<Graph> {
    let contexts: Vec<&str> = match value.get("@context") {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(context)) => vec![context],
        _ => Vec::new(),
    };
    let is_ours = |context: &&str| {
        VERSIONS
            .iter()
            .any(|version| **context == format!("https://w3id.org/ro/crate/{version}/context"))
    };
    if !contexts.iter().any(is_ours) {
        check.add("@context", "it is not that of RO-Crate 1.1, 1.2 or 1.3");
    }
    let Some(list) = value.get("@graph").and_then(Value::as_array) else {
        check.add("@graph", "it is no list of entities");
        return None;
    };
    let mut entities = BTreeMap::new();
    for (index, entity) in list.iter().enumerate() {
        let place = format!("@graph[{index}]");
        let Some(map) = entity.as_object() else {
            check.add(place, "it is no entity");
            continue;
        };
        let Some(id) = map.get("@id").and_then(Value::as_str) else {
            check.add(place, "it has no @id");
            continue;
        };
        let types = values(map, "@type");
        if types.is_empty() || !types.iter().all(Value::is_string) {
            check.add(id, "it has no @type");
        }
        if let Some(message) = bad_id(id) {
            check.add(id, message);
        }
        if entities.insert(id.to_owned(), map.clone()).is_some() {
            check.add(id, "it is described twice");
        }
    }
    Some(Graph { entities })
}

/// Why a text cannot be an `@id`: programs that read JSON-LD drop an entity whose `@id` is no
/// IRI without a word.
fn bad_id(id: &str) -> Option<&'static str> {
    if id.is_empty() {
        return Some("its @id is empty");
    }
    let bytes = id.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'%' => {
                let digits = bytes.get(at + 1..at + 3);
                if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                    return Some("its @id has a percent sign that encodes nothing");
                }
            }
            b' '
            | b'"'
            | b'<'
            | b'>'
            | b'\\'
            | b'^'
            | b'`'
            | b'{'
            | b'|'
            | b'}'
            | 0..=0x1f
            | 0x7f => return Some("its @id has a character that has to be percent-encoded"),
            _ => {}
        }
    }
    None
}

fn descriptor(graph: &Graph, check: &mut Check) {
    let Some(entity) = graph.get(METADATA_FILE) else {
        return check.add(METADATA_FILE, "the metadata file does not describe itself");
    };
    if !values(entity, "@type")
        .iter()
        .any(|kind| kind == "CreativeWork")
    {
        check.add(METADATA_FILE, "its @type is not CreativeWork");
    }
    if !links(entity, "about").eq([ROOT]) {
        check.add(METADATA_FILE, "it is not about the root ./");
    }
    let conforms = links(entity, "conformsTo").any(|uri| {
        VERSIONS
            .iter()
            .any(|version| uri == format!("https://w3id.org/ro/crate/{version}"))
    });
    if !conforms {
        check.add(
            METADATA_FILE,
            "it does not say that it conforms to RO-Crate 1.1, 1.2 or 1.3",
        );
    }
}

fn root(graph: &Graph, check: &mut Check) {
    let Some(root) = graph.root() else {
        return check.add(ROOT, "the root of the crate is not described");
    };
    if !values(root, "@type").iter().any(|kind| kind == "Dataset") {
        check.add(ROOT, "its @type is not Dataset");
    }
    for property in ["name", "description"] {
        if text(root, property).is_none_or(|text| text.trim().is_empty()) {
            check.add(ROOT, format!("it has no {property}"));
        }
    }
    if !text(root, "datePublished").is_some_and(is_day) {
        check.add(ROOT, "its datePublished is no day of ISO 8601");
    }
    if links(root, "license").next().is_none() {
        check.add(ROOT, "it refers to no licence");
    }
}

/// A day such as `2026-11-22`, and nothing or a time behind it.
fn is_day(text: &str) -> bool {
    text.get(..10)
        .is_some_and(|day| day.parse::<chrono::NaiveDate>().is_ok())
        && matches!(text.as_bytes().get(10), None | Some(b'T'))
}

fn is_local(id: &str) -> bool {
    let scheme = id.split(['/', '#', '?']).next().unwrap_or_default();
    !scheme.contains(':') || id.starts_with("_:")
}

/// Every local `@id` to which something refers is described.
fn references(graph: &Graph, check: &mut Check) {
    let mut missing = BTreeSet::new();
    for (id, entity) in &graph.entities {
        for (property, _) in entity {
            for target in links(entity, property) {
                if is_local(target) && graph.get(target).is_none() {
                    missing.insert((id, property, target));
                }
            }
        }
    }
    for (id, property, target) in missing {
        check.add(
            id,
            format!("its {property} refers to {target:?}, which is not described"),
        );
    }
}

/// A run has a program that is described (Process Run Crate 0.5, "Requirements").
fn actions(graph: &Graph, check: &mut Check) {
    let is_action = |entity: &Entity| {
        let types = values(entity, "@type");
        types.iter().any(|kind| {
            kind == "CreateAction" || kind == "ActivateAction" || kind == "UpdateAction"
        })
    };
    for (id, entity) in graph
        .entities
        .iter()
        .filter(|(_, entity)| is_action(entity))
    {
        if links(entity, "instrument").next().is_none() {
            check.add(id, "the run names no program (instrument)");
        }
        for property in ["startTime", "endTime"] {
            let time = text(entity, property);
            if time.is_some_and(|time| chrono::DateTime::parse_from_rfc3339(time).is_err()) {
                check.add(id, format!("its {property} is no time of ISO 8601"));
            }
        }
    }
}

/// The files that are there are those that the root has as parts, each as it is described.
fn parts(graph: &Graph, files: &Files, told: &BTreeSet<String>, check: &mut Check) {
    let Some(root) = graph.root() else { return };
    let parts: BTreeSet<&str> = links(root, "hasPart").collect();
    let is_file = |entity: &Entity| values(entity, "@type").iter().any(|kind| kind == "File");
    let mut described = BTreeSet::new();
    for (id, entity) in graph.entities.iter().filter(|(id, _)| is_local(id)) {
        if !is_file(entity) {
            continue;
        }
        let Some(path) = decoded(id) else {
            check.add(id, "its @id is no path in UTF-8");
            continue;
        };
        if super::super::sums::unsafe_path(&path).is_some() {
            check.add(id, "its @id leaves the crate");
            continue;
        }
        if !parts.contains(id.as_str()) {
            check.add(id, "it is a file and no part of the root (hasPart)");
        }
        match files.0.get(&path) {
            _ if told.contains(&path) => {}
            None => check.add(id, "there is no such file"),
            Some(known) => {
                let size = known.size.to_string();
                if text(entity, "contentSize").is_none_or(|stated| stated != size) {
                    check.add(id, format!("its contentSize is not {size}"));
                }
                let stated = text(entity, "sha256");
                let actual = known.sha256.map(|hash| hash.to_string());
                if path != SHA256SUMS && actual.as_deref().is_some_and(|hash| stated != Some(hash))
                {
                    check.add(id, "its sha256 is not that of the file");
                }
            }
        }
        described.insert(path);
    }
    let undescribed = files.0.keys().filter(|path| {
        !described.contains(*path)
            && !told.contains(*path)
            && ![METADATA_FILE, PREVIEW_FILE].contains(&path.as_str())
            && !path.starts_with(SHA256SUMS)
    });
    for path in undescribed {
        check.add(ROOT, format!("the file {path:?} is not described"));
    }
}

/// The path that an `@id` encodes.
fn decoded(id: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(id.len());
    let mut rest = id.strip_prefix(ROOT).unwrap_or(id).as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let (digits, after) = rest.split_first_chunk::<2>()?;
        let digits = std::str::from_utf8(digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_paths_in_the_characters_of_an_iri() {
        assert_eq!(decoded("a%20%231%25/b.csv").as_deref(), Some("a #1%/b.csv"));
        assert_eq!(decoded("%ff"), None);
        assert!(bad_id("a b").is_some() && bad_id("a%2").is_some() && bad_id("a%20b").is_none());
        assert!(is_local("data/a:b") && is_local("#x") && !is_local("https://x"));
    }
}
