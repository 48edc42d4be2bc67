//! What the session ran on, as far as it was recorded, and what the project folder holds.

use serde_json::Value;

use crate::research::ro_crate::{Entity, Graph, Version, file_id, iri};
use crate::session::{EntrenarSession, SourceFormat};

use super::super::project::Project;
use super::{Facts, add_value};

/// The languages whose interpreters are known by their home page.
const LANGUAGES: &[(&str, &str, &str)] = &[
    ("c++", "C++", "https://isocpp.org/"),
    ("go", "Go", "https://go.dev/"),
    ("haskell", "Haskell", "https://www.haskell.org/"),
    ("java", "Java", "https://openjdk.org/"),
    (
        "javascript",
        "JavaScript",
        "https://developer.mozilla.org/docs/Web/JavaScript",
    ),
    ("julia", "Julia", "https://julialang.org/"),
    ("ocaml", "OCaml", "https://ocaml.org/"),
    ("octave", "GNU Octave", "https://octave.org/"),
    ("python", "Python", "https://www.python.org/"),
    ("r", "R", "https://www.r-project.org/"),
    ("ruby", "Ruby", "https://www.ruby-lang.org/"),
    ("ruchy", "Ruchy", "https://github.com/paiml/ruchy"),
    ("rust", "Rust", "https://www.rust-lang.org/"),
    ("scala", "Scala", "https://www.scala-lang.org/"),
    ("swift", "Swift", "https://www.swift.org/"),
];

/// What ran the cells.
#[derive(Debug, Default)]
struct Interpreter {
    name: Option<String>,
    url: Option<&'static str>,
    version: Option<String>,
    /// Further facts: a name, a value.
    facts: Vec<(String, Value)>,
}

/// Adds the program that ran the cells and returns its `@id`.
///
/// RO-Crate 1.2 insists on the version and address of a program. Where one of them is not
/// recorded, or nothing is known of the program, what was run stands in its place: the code of
/// the session, which is in the crate.
pub(super) fn add(graph: &mut Graph, facts: &Facts<'_>) -> String {
    let interpreter = recorded(facts.session);
    let complete = interpreter.url.is_some() && interpreter.version.is_some();
    let id = match &interpreter.name {
        Some(name) if complete || facts.version == Version::V1_1 => {
            let id = interpreter.url.unwrap_or("#interpreter").to_owned();
            graph.add(
                Entity::new(&id, "SoftwareApplication")
                    .with("name", name.as_str())
                    .with_some("version", interpreter.version.clone())
                    .with_some("url", interpreter.url),
            );
            id
        }
        name => {
            let code = code_file(facts);
            graph.add(
                Entity::new(&code, "File")
                    .with_type("SoftwareSourceCode")
                    .with_some("programmingLanguage", name.clone()),
            );
            code
        }
    };
    for (name, value) in interpreter.facts {
        let value_id = format!("#recorded-{}", crate::research::ro_crate::fragment(&name));
        add_value(
            graph,
            value_id.clone(),
            &name,
            value,
            "recorded with the session",
        );
        graph.link(&id, "additionalProperty", &value_id);
    }
    for (number, software) in facts.artifact.software.iter().enumerate() {
        let complete = software.version.is_some() && software.url.is_some();
        let kind = match complete || facts.version == Version::V1_1 {
            true => "SoftwareApplication",
            false => "CreativeWork",
        };
        let local = || format!("#software-{}", number + 1);
        let software_id = software.url.as_deref().map_or_else(local, iri);
        graph.add(
            Entity::new(&software_id, kind)
                .with("name", software.name.as_str())
                .with_some("version", software.version.as_deref())
                .with_some("url", software.url.as_deref()),
        );
        graph.link(&id, "softwareRequirements", &software_id);
    }
    for (number, hardware) in facts.artifact.hardware.iter().enumerate() {
        let value_id = format!("#hardware-{}", number + 1);
        add_value(
            graph,
            value_id.clone(),
            "hardware",
            hardware.as_str(),
            "as stated",
        );
        graph.root().link("mentions", &value_id);
    }
    if let Some(project) = facts.project {
        of_project(graph, project);
    }
    id
}

/// The file that holds the code of the session.
fn code_file(facts: &Facts<'_>) -> String {
    let has = |path: &str| facts.files.iter().any(|file| file.path == path);
    ["session.ruchy", "notebook.ipynb"]
        .into_iter()
        .find(|path| has(path))
        .map_or_else(|| file_id(super::super::SESSION_JSON), file_id)
}

fn recorded(session: &EntrenarSession) -> Interpreter {
    let metadata = &session.document.metadata;
    let text = |part: &str, key: &str| {
        let value = metadata.get(part)?.get(key)?;
        value.as_str().filter(|text| !text.trim().is_empty())
    };
    let mut found = Interpreter::default();
    let is_ruchy = session.source.as_ref().is_some_and(|s| s.format.is_ruchy());
    let language = match is_ruchy {
        true => Some("ruchy"),
        false => text("language_info", "name").or_else(|| text("kernelspec", "language")),
    };
    if let Some(language) = language {
        let known = LANGUAGES
            .iter()
            .find(|(name, ..)| name.eq_ignore_ascii_case(language.trim()));
        found.name = Some(known.map_or(language, |(_, name, _)| name).to_owned());
        found.url = known.map(|(.., url)| *url);
    }
    let ruchy = metadata
        .get("ruchy_version")
        .or_else(|| metadata.get("metadata")?.get("ruchy_version"));
    found.version = match is_ruchy {
        true => ruchy.and_then(Value::as_str),
        false => text("language_info", "version"),
    }
    .map(|version| version.trim().to_owned())
    .filter(|version| !version.is_empty());
    for (part, key, name) in [
        ("kernelspec", "name", "kernel"),
        ("kernelspec", "display_name", "kernel, as displayed"),
        ("language_info", "nbconvert_exporter", "exporter"),
    ] {
        if let Some(value) = text(part, key) {
            found.facts.push((name.to_owned(), value.into()));
        }
    }
    for (key, value) in metadata
        .get("environment")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let plain = match value {
            Value::String(_) | Value::Number(_) | Value::Bool(_) => value.clone(),
            Value::Null => continue,
            other => other.to_string().into(),
        };
        found.facts.push((format!("environment: {key}"), plain));
    }
    if let Some(source) = &session.source
        && source.format != SourceFormat::SessionJson
    {
        found.facts.push((
            "format of the recording".into(),
            source.format.as_str().into(),
        ));
    }
    found
}

/// The state of the project folder, as it was found when the crate was made.
fn of_project(graph: &mut Graph, project: &Project) {
    const FOUND: &str = "as found in the project folder when the crate was made";
    for (name, value) in project.facts() {
        let id = format!("#project-{}", crate::research::ro_crate::fragment(name));
        add_value(graph, id.clone(), &format!("project: {name}"), value, FOUND);
        graph.root().link("mentions", &id);
    }
}
