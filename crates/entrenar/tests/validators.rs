//! The validators of the field on generated sessions.
#![cfg(feature = "ro-crate")]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test; what was skipped is said"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::{DateTime, Datelike as _, Utc};
use entrenar::export::model_card::{self, ModelCardOptions};
use entrenar::export::{croissant, prov};
use entrenar::preserve;
use entrenar::research::format::{Format, FormatError};
use entrenar::research::{Affiliation, Author, AuthorKind, ResearchArtifact};
use serde_json::json;

mod generated;

/// How many sessions the quick validators read; `scripts/validate-all.sh` sets it.
fn count() -> u64 {
    std::env::var("ENTRENAR_VALIDATE").map_or(1000, |text| text.parse().unwrap())
}

/// Where the folders are written: a place that is removed at the end, or the empty or new folder
/// that `ENTRENAR_VALIDATE_FOLDER` names, which stays.
struct Folder {
    path: PathBuf,
    _removed: Option<tempfile::TempDir>,
}

impl Folder {
    fn new() -> Self {
        if let Some(path) = std::env::var_os("ENTRENAR_VALIDATE_FOLDER") {
            fs::create_dir_all(&path).unwrap();
            return Self {
                path: path.into(),
                _removed: None,
            };
        }
        let folder = tempfile::tempdir().unwrap();
        Self {
            path: folder.path().to_owned(),
            _removed: Some(folder),
        }
    }
}

/// What nobody said about a session and validators recommend to say.
fn absent(made: &generated::Generated, artifact: &ResearchArtifact) -> BTreeSet<&'static str> {
    let session = &made.session;
    let possible =
        |time: Option<DateTime<Utc>>| time.is_some_and(|time| (1..=9999).contains(&time.year()));
    let is_text = |text: &str| Author::new(text).is_named();
    let outside = session.metrics.series().iter().any(|series| {
        let run = series.key().run.and_then(|run| usize::try_from(run).ok());
        !series.is_empty() && run.is_none_or(|run| run >= session.runs.len())
    });
    let as_a_whole = session.runs.is_empty() || outside;
    let authors: Vec<&Author> = artifact
        .authors
        .iter()
        .filter(|who| who.is_named())
        .collect();
    let places = || authors.iter().flat_map(|who| &who.affiliations);
    let known = |place: &Affiliation| place.ror.is_some() || is_text(&place.name);
    let user = session.user.as_deref().is_some_and(is_text);
    let publisher = artifact.publisher.as_deref().filter(|name| is_text(name));
    let publisher_ror = places()
        .map(|place| (&place.name, place.ror.is_some()))
        .chain(
            artifact
                .funding
                .iter()
                .map(|it| (&it.funder, it.funder_ror.is_some())),
        );
    let has_address = |name: &str| {
        publisher_ror
            .clone()
            .any(|(known, ror)| ror && one_line(known) == one_line(name))
    };
    let is_organisation = |who: &&Author| who.kind() == AuthorKind::Organisation;
    let is_ruchy = session
        .source
        .as_ref()
        .is_some_and(|source| source.format.is_ruchy());
    let language = session.document.metadata.contains_key("language_info");
    [
        ("date", preserve::publication_date(artifact).is_none()),
        (
            "end",
            session.runs.iter().any(|run| !possible(run.ended_at))
                || as_a_whole && !possible(artifact.completed_at),
        ),
        ("author", authors.is_empty()),
        ("agent", authors.is_empty() && !user),
        (
            "affiliation",
            authors.iter().any(|who| {
                who.kind() != AuthorKind::Organisation && !who.affiliations.iter().any(known)
            }),
        ),
        ("publisher", publisher.is_none()),
        (
            "address of an organisation",
            publisher.is_some_and(|name| !has_address(name))
                || places().any(|place| place.ror.is_none() && is_text(&place.name))
                || authors.iter().any(is_organisation)
                || session.user.as_deref().is_some_and(|user| {
                    let user = Author::new(user.trim());
                    user.is_named()
                        && is_organisation(&&user)
                        && authors.iter().all(|who| who.name.trim() != user.name)
                }),
        ),
        ("version of the interpreter", is_ruchy),
        ("interpreter", !is_ruchy && !language),
    ]
    .into_iter()
    .filter_map(|(fact, is_absent)| is_absent.then_some(fact))
    .collect()
}

/// White space as all writers have it.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Writes the artifact folder of each session, with the other formats beside its files.
fn write_folders(root: &Path, count: u64) {
    for (number, made) in generated::sessions(count).enumerate() {
        let place = root.join(format!("{number:04}"));
        let parts = preserve::Parts {
            source: made.source.as_deref(),
            ..preserve::Parts::default()
        };
        let described = preserve::describe(&made.session, &made.options);
        let folder = preserve::build(&made.session, &described, &parts).unwrap();
        for (path, bytes) in folder.complete().unwrap() {
            let path = place.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let artifact = &folder.artifact;
        let add = |name: &str, bytes: Vec<u8>| fs::write(place.join(name), bytes).unwrap();
        add("provenance.json", prov::document(&made.session, artifact));
        let table = folder.file("metrics.csv").unwrap();
        if let Some(document) = croissant::document(&made.session, artifact, table) {
            add("croissant.json", document);
        }
        let task = (number % 2 == 0).then(|| "text-generation".to_owned());
        let card = model_card::document(&made.session, artifact, &ModelCardOptions { task });
        add("model-card.md", card);
        for format in Format::ALL {
            match format.write(artifact) {
                Ok(text) => add(format.file_name(), text.into_bytes()),
                Err(FormatError::NoYear) => assert!(artifact.release_date.is_none()),
                Err(error) => panic!("{number}: {error}"),
            }
        }
        let absent = absent(&made, artifact);
        assert!(
            !made.is_complete || absent.is_empty(),
            "{number}: {absent:?}"
        );
        add(
            "facts.json",
            json!({"title": artifact.title, "absent": absent})
                .to_string()
                .into_bytes(),
        );
    }
}

#[test]
fn the_validators_of_the_field_find_nothing() {
    let folder = Folder::new();
    write_folders(&folder.path, count());
    std::thread::scope(|scope| {
        for (variable, script) in [
            ("ENTRENAR_TABLES_PYTHON", "validate_tables.py"),
            ("ENTRENAR_PYTHON", "validate_folders.py"),
            ("ENTRENAR_PYTHON", "validate_crates.py"),
        ] {
            let path = &folder.path;
            scope.spawn(move || run(variable, script, path));
        }
    });
}

fn run(variable: &str, script: &str, folder: &Path) {
    let Some(python) = std::env::var_os(variable) else {
        println!("SKIPPED: {script}: {variable} is not set");
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../scripts/oracle")
        .join(script);
    let done = Command::new(python)
        .arg(script)
        .arg(folder)
        .output()
        .unwrap();
    println!("{}", String::from_utf8_lossy(&done.stdout));
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
}
