//! The validators of the field on generated sessions.
#![cfg(feature = "preserve")]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test; what was skipped is said"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::Datelike as _;
use entrenar::export::model_card::{self, ModelCardOptions};
use entrenar::export::{croissant, prov};
use entrenar::preserve;
use entrenar::research::ResearchArtifact;
use entrenar::research::format::{Format, FormatError};
use serde_json::json;

mod generated;

/// How many sessions the quick validators read; `scripts/validate-all.sh` sets it.
fn count() -> u64 {
    std::env::var("ENTRENAR_VALIDATE").map_or(100, |text| text.parse().unwrap())
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

/// Whether a date of publication is known, as the formats that need one take it.
fn has_date(artifact: &ResearchArtifact) -> bool {
    let ended = artifact.completed_at.map(|time| time.date_naive());
    let date = artifact.release_date.or(ended);
    date.is_some_and(|date| (1..=9999).contains(&date.year()))
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
        let absent: Vec<&str> = [("date", has_date(artifact))]
            .into_iter()
            .filter_map(|(fact, is_there)| (!is_there).then_some(fact))
            .collect();
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
fn quick_validators() {
    let folder = Folder::new();
    write_folders(&folder.path, count());
    run("ENTRENAR_TABLES_PYTHON", "validate_tables.py", &folder.path);
    run("ENTRENAR_PYTHON", "validate_folders.py", &folder.path);
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
