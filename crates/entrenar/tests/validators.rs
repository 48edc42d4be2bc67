//! The validators of the field on generated sessions and on real ones.
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

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use entrenar::bridge::{Limits, read_file};
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

/// Languages in the corpus whose home page is known.
const KNOWN: [&str; 4] = ["python", "julia", "r", "rust"];

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
    let organisations = places()
        .map(|place| (&place.name, place.ror.is_some()))
        .chain(
            artifact
                .funding
                .iter()
                .map(|it| (&it.funder, it.funder_ror.is_some())),
        );
    let has_address = |name: &str| {
        organisations
            .clone()
            .any(|(known, ror)| ror && one_line(known) == one_line(name))
    };
    let is_organisation = |who: &&Author| who.kind() == AuthorKind::Organisation;
    let metadata = &session.document.metadata;
    let text = |part: &str, key: &str| {
        let value = metadata.get(part)?.get(key)?.as_str()?;
        (!value.trim().is_empty()).then_some(value)
    };
    let is_ruchy = session
        .source
        .as_ref()
        .is_some_and(|source| source.format.is_ruchy());
    let ruchy = metadata.contains_key("ruchy_version")
        || metadata
            .get("metadata")
            .is_some_and(|inner| inner.get("ruchy_version").is_some());
    let (has_language, has_version) = match is_ruchy {
        true => (true, ruchy),
        false => (
            text("language_info", "name")
                .or(text("kernelspec", "language"))
                .is_some(),
            text("language_info", "version").is_some(),
        ),
    };
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
        (
            "name of an organisation",
            organisations
                .clone()
                .any(|(name, ror)| ror && !is_text(name)),
        ),
        ("version of the interpreter", has_language && !has_version),
        ("interpreter", !has_language),
        (
            "address of the interpreter",
            !is_ruchy
                && text("language_info", "name")
                    .or(text("kernelspec", "language"))
                    .is_some_and(|name| !KNOWN.contains(&name.to_ascii_lowercase().as_str())),
        ),
    ]
    .into_iter()
    .filter_map(|(fact, is_absent)| is_absent.then_some(fact))
    .collect()
}

/// White space as all writers have it.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The sessions of public notebooks and recordings; of every second one, nothing is stated but
/// the day of the release.
fn real() -> Vec<(String, usize, generated::Generated)> {
    let corpus = std::env::var_os("ENTRENAR_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    );
    let mut files = Vec::new();
    for (folder, extension) in [("notebooks", "ipynb"), ("ruchy", "replay")] {
        let Ok(entries) = fs::read_dir(corpus.join(folder)) else {
            println!("SKIPPED: no {folder}; set ENTRENAR_CORPUS");
            continue;
        };
        let paths = entries.map(|entry| entry.unwrap().path());
        files.extend(paths.filter(|path| path.extension().is_some_and(|e| e == extension)));
    }
    files.sort();
    let read = |(number, path): (usize, PathBuf)| {
        let read = read_file(&path, Limits::default()).unwrap();
        let options = preserve::PreserveOptions {
            date: (number % 2 == 0).then(|| NaiveDate::from_ymd_opt(2026, 11, 22).unwrap()),
            ..preserve::PreserveOptions::default()
        };
        let made = generated::Generated {
            session: read.session,
            source: Some(read.source),
            options,
            is_complete: false,
        };
        (format!("real-{number:03}"), number, made)
    };
    files.into_iter().enumerate().map(read).collect()
}

/// Writes the artifact folder of each session, with the other formats beside its files.
fn write_folders(root: &Path, count: u64) {
    let generated = generated::sessions(count).enumerate();
    let named = generated.map(|(number, made)| (format!("{number:04}"), number, made));
    for (name, number, made) in named.chain(real()) {
        let place = root.join(name);
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
