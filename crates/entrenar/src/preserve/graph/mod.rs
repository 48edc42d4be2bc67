//! A session as a Process Run Crate: what was run, by whom, with what, and what came of it.
//!
//! Specification: <https://w3id.org/ro/wfrun/process/0.5>. The graph is made without the sizes
//! and digests of the files; [`with_digests`] adds them when they are known.

mod runs;
mod software;

use chrono::NaiveDate;
use serde_json::json;

use crate::research::ResearchArtifact;
use crate::research::ro_crate::{self, Entity, Graph, PREVIEW_FILE, ROOT_ID, Version, file_id};
use crate::session::EntrenarSession;

use super::file::{ArtifactFile, Digest, Role};
use super::project::Project;
use super::{PREREGISTRATION, SHA256SUMS, media};

/// What the graph is made of.
pub(super) struct Facts<'a> {
    pub(super) session: &'a EntrenarSession,
    pub(super) artifact: &'a ResearchArtifact,
    pub(super) files: &'a [ArtifactFile],
    pub(super) project: Option<&'a Project>,
    pub(super) date: NaiveDate,
    pub(super) version: Version,
}

/// Describes a folder that holds `facts.files`.
pub(super) fn of(facts: &Facts<'_>) -> Graph {
    let mut graph = Graph::new(facts.version);
    ro_crate::describe(&mut graph, facts.artifact, facts.date);
    for file in facts.files {
        add_file(&mut graph, &file.path, &file.about);
    }
    if facts.files.iter().any(|file| file.path == PREREGISTRATION) {
        graph.root().link("isBasedOn", PREREGISTRATION);
    }
    add_file(&mut graph, SHA256SUMS, "checksums of all other files");
    // Later versions ask that the page is not described.
    if facts.version == Version::V1_1 {
        let preview = Entity::new(PREVIEW_FILE, "CreativeWork")
            .with("name", "RO-Crate preview")
            .with("encodingFormat", "text/html")
            .with_link("about", ROOT_ID);
        graph.add(preview);
    }
    let instrument = software::add(&mut graph, facts);
    runs::add(&mut graph, facts, &instrument);
    graph
}

fn add_file(graph: &mut Graph, path: &str, about: &str) {
    let media = media::of(path);
    let name = path.rsplit('/').next().unwrap_or(path);
    let format = media.uri();
    let kind = match graph.version() {
        Version::V1_1 => "WebSite",
        _ => "WebPage",
    };
    graph.add(
        Entity::new(&format, kind)
            .with("name", media.name)
            .with("url", format.as_str()),
    );
    let id = file_id(path);
    graph.add(
        Entity::new(&id, "File")
            .with("name", name)
            .with_some("description", Some(about))
            .with("encodingFormat", media.mime)
            .with_link("encodingFormat", &format),
    );
    graph.root().link("hasPart", &id);
}

/// The graph with size and SHA-256 of each file. The list of checksums can have no digest in
/// the metadata that it lists; its size is known.
pub(super) fn with_digests(
    graph: &Graph,
    files: &[ArtifactFile],
    digests: &[Digest],
    sums_size: u64,
) -> Graph {
    let mut graph = graph.clone();
    for (file, digest) in files.iter().zip(digests) {
        graph.add(
            Entity::new(file_id(&file.path), "File")
                .with("contentSize", digest.size.to_string())
                .with("sha256", digest.sha256.to_string()),
        );
    }
    graph.add(Entity::new(SHA256SUMS, "File").with("contentSize", sums_size.to_string()));
    graph
}

/// The `@id`s of the files with that role.
fn files_of(files: &[ArtifactFile], role: Role) -> impl Iterator<Item = String> {
    files
        .iter()
        .filter(move |file| file.role == role)
        .map(|file| file_id(&file.path))
}

/// Adds a named value and returns its `@id`.
fn add_value(
    graph: &mut Graph,
    id: String,
    name: &str,
    value: impl Into<serde_json::Value>,
    about: &str,
) -> String {
    graph.add(
        Entity::new(&id, "PropertyValue")
            .with(
                "name",
                if name.trim().is_empty() {
                    "unnamed"
                } else {
                    name
                },
            )
            .with("value", value)
            .with("description", about),
    );
    id
}

/// Numbers that JSON has none of are text.
fn number(value: f64) -> serde_json::Value {
    if value.is_finite() {
        json!(value)
    } else {
        crate::session::number::to_text(value).into()
    }
}
