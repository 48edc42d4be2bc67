//! The crate: its metadata, its writers, and the files that are added to it.

#![cfg(feature = "ro-crate")]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use chrono::{DateTime, NaiveDate, Utc};
use entrenar::preserve::{
    ArtifactFolder, Attachment, Attachments, GitState, Parts, PreserveError, PreserveOptions,
    Project, Role, build, describe, write, write_bag, write_zip,
};
use entrenar::research::ro_crate::Version;
use entrenar::research::{
    Affiliation, Author, License, Reference, ReferenceKind, ResearchArtifact, UsedAs,
};
use entrenar::session::*;
use serde_json::{Value, json};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_343_018 + seconds, 123_456_789).unwrap()
}

/// A session with a training that ended well, one that failed, and an evaluation outside.
fn session() -> EntrenarSession {
    let mut session = EntrenarSession::empty("s-1", "Rank 64 <vs> \"rank 8\"")
        .with_user("Ada Lovelace")
        .with_dataset("alpaca-clean")
        .with_architecture("llama-7b")
        .with_config("seed", "42");
    session.started_at = Some(at(0));
    session.ended_at = Some(at(3600));
    session.document.metadata = json!({
        "kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"},
        "language_info": {"name": "python", "version": "3.12.7"},
    })
    .as_object()
    .unwrap()
    .clone();
    for order in 1..=2 {
        let cell = CodeCell {
            execution_order: order,
            source: "train()".into(),
            output: None,
            timestamp: at(i64::from(order)),
            duration_ms: None,
        };
        let record = CellRecord {
            error: (order == 2).then(|| CellError {
                name: "RuntimeError".into(),
                message: "CUDA out of memory".into(),
                traceback: Vec::new(),
            }),
            ..CellRecord::default()
        };
        session.add_recorded_cell(cell, record);
    }
    for (index, status) in [(0, RunStatus::Finished), (1, RunStatus::Failed)] {
        session.runs.push(TrainingRun {
            name: (index == 0).then(|| "rank 64".into()),
            config: BTreeMap::from([
                ("lr".into(), "1e-4".into()),
                ("Größe/#1 %".into(), "x".into()),
            ]),
            first_cell: Some(index),
            last_cell: Some(index),
            started_at: Some(at(10)),
            ended_at: Some(at(20)),
            status,
        });
        for value in [0.5, 0.25, if index == 0 { 0.3 } else { f64::NAN }] {
            let key = SeriesKey {
                name: "train/loss".into(),
                run: Some(index),
                rank: None,
            };
            let point = Point {
                value,
                ..Point::default()
            };
            session.metrics.push(key, point);
        }
    }
    session.metrics.add_custom("f1", 0.9);
    session
}

fn artifact(session: &EntrenarSession) -> ResearchArtifact {
    let author = Author::new("Ada Lovelace")
        .with_orcid("0000-0002-1825-0097")
        .unwrap()
        .with_affiliation(
            Affiliation::new("California Digital Library")
                .with_ror("https://ror.org/03yrm5c26")
                .unwrap(),
        );
    let options = PreserveOptions {
        authors: vec![author],
        license: Some(License::CC_BY_4_0),
        ..PreserveOptions::default()
    };
    let mut artifact = describe(session, &options);
    artifact.publisher = Some("California Digital Library".into());
    artifact
}

fn folder_of(session: &EntrenarSession, parts: &Parts<'_>) -> ArtifactFolder {
    build(session, &artifact(session), parts).unwrap()
}

/// The graph by `@id`, after a look at its form.
fn graph(bytes: &[u8]) -> BTreeMap<String, Value> {
    let document: Value = serde_json::from_slice(bytes).unwrap();
    let entities = document["@graph"].as_array().unwrap();
    let graph: BTreeMap<String, Value> = entities
        .iter()
        .map(|entity| (entity["@id"].as_str().unwrap().to_owned(), entity.clone()))
        .collect();
    assert_eq!(graph.len(), entities.len(), "an entity is described twice");
    for entity in entities {
        for (property, value) in entity.as_object().unwrap() {
            let values = value
                .as_array()
                .map_or(std::slice::from_ref(value), Vec::as_slice);
            assert!(!values.is_empty() && (value.as_array().is_none() || values.len() > 1));
            for id in values.iter().filter_map(|value| value.get("@id")?.as_str()) {
                let local = !id.contains("://") && !id.starts_with("mailto:");
                assert!(
                    !local || graph.contains_key(id),
                    "{property} refers to {id}"
                );
            }
        }
    }
    graph
}

fn metadata(folder: &ArtifactFolder) -> BTreeMap<String, Value> {
    graph(&folder.complete().unwrap()["ro-crate-metadata.json"])
}

fn tree(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![dir.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs::read(path).unwrap());
            }
        }
    }
    files
}

fn find(path: &Path, name: Option<&str>, role: Role) -> Result<Attachments, PreserveError> {
    Attachments::find(&[Attachment {
        path: path.to_owned(),
        name: name.map(ToOwned::to_owned),
        role,
    }])
}

#[test]
fn each_training_is_an_action() {
    let session = session();
    let folder = folder_of(&session, &Parts::default());
    let graph = metadata(&folder);
    let actions: Vec<&Value> = ["#run-1", "#run-2", "#session"]
        .iter()
        .map(|id| &graph[*id])
        .collect();
    insta::assert_json_snapshot!("actions", actions);
    let values: Vec<&Value> = graph
        .values()
        .filter(|entity| entity["@type"] == "PropertyValue")
        .collect();
    insta::assert_json_snapshot!("values", values);
    let root = &graph["./"];
    assert_eq!(root["datePublished"], "2026-11-22");
    assert_eq!(
        root["author"]["@id"],
        "https://orcid.org/0000-0002-1825-0097"
    );
    assert_eq!(
        root["license"]["@id"],
        "https://spdx.org/licenses/CC-BY-4.0"
    );
}

#[test]
fn every_file_is_described_with_size_digest_and_format() {
    let session = session();
    let place = tempfile::tempdir().unwrap();
    let odd = place.path().join("a b#1 50%").join("Übung [x]{y}'ü.bin");
    fs::create_dir_all(odd.parent().unwrap()).unwrap();
    fs::write(&odd, b"12345").unwrap();
    let attachments = find(&place.path().join("a b#1 50%"), None, Role::Output).unwrap();
    let parts = Parts {
        attachments: Some(&attachments),
        ..Parts::default()
    };
    for version in Version::ALL {
        let folder = folder_of(&session, &Parts { version, ..parts });
        let files = folder.complete().unwrap();
        let graph = graph(&files["ro-crate-metadata.json"]);
        let described: BTreeSet<&str> = graph["./"]["hasPart"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| part["@id"].as_str().unwrap())
            .collect();
        assert_eq!(described.len(), files.len() - 2);
        for id in described {
            let entity = &graph[id];
            let path = String::from_utf8(percent_decoded(id)).unwrap();
            let bytes = &files[&path];
            assert_eq!(entity["contentSize"], bytes.len().to_string(), "{id}");
            assert!(entity["encodingFormat"][0].as_str().unwrap().contains('/'));
            if id != "SHA256SUMS" {
                assert_eq!(entity["sha256"], Sha256Hash::of(bytes).to_string(), "{id}");
            }
        }
        let id = "attachments/a%20b%231%2050%25/Übung%20%5Bx%5D%7By%7D'ü.bin";
        let results = graph["#run-1"]["result"].as_array().unwrap();
        assert!(results.contains(&json!({ "@id": id })), "{results:?}");
    }
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let hex: String = rest.by_ref().take(2).map(char::from).collect();
            bytes.push(u8::from_str_radix(&hex, 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    bytes
}

#[test]
fn what_nobody_gave_is_said_and_not_made_up() {
    let mut session = EntrenarSession::empty("s", "");
    session.metrics.add_loss(1.0);
    let mut artifact = describe(&session, &PreserveOptions::default());
    let without = build(&session, &artifact, &Parts::default()).unwrap();
    assert!(!without.is_crate());
    assert!(
        !without
            .complete()
            .unwrap()
            .contains_key("ro-crate-metadata.json")
    );

    artifact.release_date = NaiveDate::from_ymd_opt(2026, 11, 22);
    for version in Version::ALL {
        let parts = Parts {
            version,
            ..Parts::default()
        };
        let graph = metadata(&build(&session, &artifact, &parts).unwrap());
        let root = &graph["./"];
        assert_eq!(graph["#no-licence-chosen"]["name"], "No licence chosen");
        assert!(root.get("author").is_none() && root.get("publisher").is_none());
        let action = &graph["#session"];
        for absent in ["agent", "startTime", "endTime", "actionStatus", "error"] {
            assert!(action.get(absent).is_none(), "{absent}");
        }
        // Nothing is known of the program: what was run stands in its place.
        assert_eq!(action["instrument"]["@id"], "notebook.ipynb");
    }
}

#[test]
fn works_that_the_trainings_used_are_inputs() {
    let session = session();
    let mut artifact = artifact(&session);
    let mut data = Reference::new(ReferenceKind::Dataset);
    data.title = Some("Alpaca <clean>".into());
    data.url = Some("https://example.org/alpaca".into());
    data.used_as = Some(UsedAs::Dataset);
    artifact.references.push(data);
    let graph = metadata(&build(&session, &artifact, &Parts::default()).unwrap());
    let id = json!({ "@id": "https://example.org/alpaca" });
    assert!(graph["#run-1"]["object"].as_array().unwrap().contains(&id));
    assert_eq!(graph["./"]["citation"], id);
}

#[test]
fn the_page_shows_the_metadata_and_runs_nothing() {
    let session = session();
    let mut artifact = artifact(&session);
    artifact.title = "</script><script>alert(1)</script>".into();
    artifact.description = Some("<img src=x onerror=alert(1)>".into());
    let files = build(&session, &artifact, &Parts::default())
        .unwrap()
        .complete()
        .unwrap();
    let page = String::from_utf8(files["ro-crate-preview.html"].clone()).unwrap();
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("</script").count(), 1);
    assert!(!page.contains("<img"));
    let (_, rest) = page.split_once("application/ld+json\">").unwrap();
    let (json, _) = rest.split_once("</script>").unwrap();
    let copy: Value = serde_json::from_str(json).unwrap();
    let original: Value = serde_json::from_slice(&files["ro-crate-metadata.json"]).unwrap();
    assert_eq!(copy, original);
}

#[test]
fn folder_zip_and_bag_hold_the_same_files() {
    let session = session();
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    fs::create_dir_all(data.join("deep/er")).unwrap();
    fs::write(data.join("deep/er/w.safetensors"), vec![7; 700_000]).unwrap();
    fs::write(data.join("empty.txt"), b"").unwrap();
    let attachments = find(&data, Some("in"), Role::Input).unwrap();
    let parts = Parts {
        attachments: Some(&attachments),
        ..Parts::default()
    };
    let folder = folder_of(&session, &parts);
    let expected = folder.complete().unwrap();
    assert_eq!(expected.keys().cloned().collect::<Vec<_>>(), folder.paths());
    let dir = place.path().join("crate");
    write(&folder, &dir, false).unwrap();
    assert_eq!(tree(&dir), expected);

    let bag = place.path().join("bag");
    write_bag(&folder, &bag, false).unwrap();
    assert_eq!(tree(&bag.join("data")), expected);

    let archive = place.path().join("crate.zip");
    write_zip(&folder, &archive, false, false).unwrap();
    let mut zip = zip::ZipArchive::new(fs::File::open(&archive).unwrap()).unwrap();
    let mut found = BTreeMap::new();
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).unwrap();
        assert_eq!(file.compression(), zip::CompressionMethod::Stored);
        assert_eq!(file.unix_mode(), Some(0o100_644));
        let time = file.last_modified().unwrap();
        assert_eq!(
            (time.year(), time.month(), time.day(), time.hour()),
            (1980, 1, 1, 0)
        );
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        found.insert(file.name().unwrap().into_owned(), bytes);
    }
    assert_eq!(found, expected);

    // Again, elsewhere and later: the same bytes.
    let again = place.path().join("again.zip");
    let other = tempfile::tempdir().unwrap();
    let copy = other.path().join("other name");
    fs::create_dir_all(copy.join("deep/er")).unwrap();
    for name in ["deep/er/w.safetensors", "empty.txt"] {
        fs::copy(data.join(name), copy.join(name)).unwrap();
    }
    let attachments = find(&copy, Some("in"), Role::Input).unwrap();
    let folder = folder_of(
        &session,
        &Parts {
            attachments: Some(&attachments),
            ..Parts::default()
        },
    );
    write_zip(&folder, &again, false, false).unwrap();
    assert_eq!(fs::read(&again).unwrap(), fs::read(&archive).unwrap());

    assert!(matches!(
        write_zip(&folder, &again, false, false),
        Err(PreserveError::Exists { .. })
    ));
    write_zip(&folder, &again, true, true).unwrap();
    let mut zip = zip::ZipArchive::new(fs::File::open(&again).unwrap()).unwrap();
    assert!(zip.by_name("s-1/data/session.json").is_ok());
    assert!(zip.by_name("s-1/bagit.txt").is_ok());
    assert!(matches!(
        write_zip(&folder, &dir, false, true),
        Err(PreserveError::NotReplaceable { .. })
    ));
}

#[test]
fn a_bag_lists_what_it_holds() {
    let session = session();
    let place = tempfile::tempdir().unwrap();
    let odd = place.path().join("50% é.txt");
    fs::write(&odd, b"x").unwrap();
    let attachments = find(&odd, None, Role::Other).unwrap();
    let parts = Parts {
        attachments: Some(&attachments),
        ..Parts::default()
    };
    let bag = place.path().join("bag");
    write_bag(&folder_of(&session, &parts), &bag, false).unwrap();
    let files = tree(&bag);
    let text = |name: &str| String::from_utf8(files[name].clone()).unwrap();
    let manifest = text("manifest-sha256.txt");
    assert!(
        manifest.contains("  data/attachments/50%25 é.txt\n"),
        "{manifest}"
    );
    let payload: Vec<_> = files
        .iter()
        .filter(|(path, _)| path.starts_with("data/"))
        .collect();
    assert_eq!(manifest.lines().count(), payload.len());
    let size: usize = payload.iter().map(|(_, bytes)| bytes.len()).sum();
    let oxum = format!("Payload-Oxum: {size}.{}\n", payload.len());
    assert!(text("bag-info.txt").contains(&oxum));
}

#[test]
fn what_cannot_be_added_is_refused_at_once() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("d");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("a"), b"a").unwrap();
    fs::write(dir.join("B"), b"b").unwrap();
    for name in ["../x", "/x", "a/../..", ""] {
        assert!(matches!(
            find(&dir, Some(name), Role::Other),
            Err(PreserveError::UnsafeName { .. })
        ));
    }
    assert!(find(&dir.join("none"), None, Role::Other).is_err());
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc/passwd", dir.join("link")).unwrap();
        std::os::unix::fs::symlink(".", dir.join("loop")).unwrap();
        let made = Command::new("mkfifo").arg(dir.join("pipe")).status();
        let Err(PreserveError::Unsuitable { problems }) = find(&dir, None, Role::Other) else {
            panic!("added");
        };
        assert_eq!(
            problems.len(),
            2 + usize::from(made.is_ok_and(|s| s.success()))
        );
        // A link that is named itself is followed.
        let link = place.path().join("to-a");
        std::os::unix::fs::symlink(dir.join("a"), &link).unwrap();
        assert!(find(&link, None, Role::Other).is_ok());
        assert!(find(Path::new("/dev/null"), None, Role::Other).is_err());
        for name in ["link", "loop", "pipe"] {
            drop(fs::remove_file(dir.join(name)));
        }
    }
    fs::write(dir.join("b"), b"b").unwrap();
    assert!(matches!(
        find(&dir, None, Role::Other),
        Err(PreserveError::Collision { .. })
    ));
}

#[cfg(unix)]
#[test]
fn names_that_are_not_possible_everywhere_are_replaced_and_told() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("d");
    fs::create_dir(&dir).unwrap();
    for name in [
        "loss:0.1?.bin",
        "aux.txt",
        "trailing. ",
        "-rf",
        "a\\b",
        "new\nline",
    ] {
        fs::write(dir.join(name), name).unwrap();
    }
    let attachments = find(&dir, Some("x"), Role::Other).unwrap();
    let session = session();
    let parts = Parts {
        attachments: Some(&attachments),
        ..Parts::default()
    };
    let folder = folder_of(&session, &parts);
    let inside: Vec<_> = folder
        .paths()
        .into_iter()
        .filter_map(|path| Some(path.strip_prefix("attachments/x/")?.to_owned()))
        .collect();
    assert_eq!(
        inside,
        [
            "_aux.txt",
            "_rf",
            "a_b",
            "loss_0.1_.bin",
            "new_line",
            "trailing"
        ]
    );
    assert_eq!(folder.warnings.len(), 6, "{:?}", folder.warnings);
    let graph = metadata(&folder);
    let about = graph["attachments/x/loss_0.1_.bin"]["description"].as_str();
    assert_eq!(
        about,
        Some("attachment; its own name is \"x/loss:0.1?.bin\"")
    );
}

#[test]
fn a_file_that_changes_stops_the_writing_and_leaves_nothing() {
    let session = session();
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("growing.bin");
    fs::write(&file, b"one").unwrap();
    let attachments = find(&file, None, Role::Other).unwrap();
    fs::write(&file, b"one and more").unwrap();
    let parts = Parts {
        attachments: Some(&attachments),
        ..Parts::default()
    };
    let folder = folder_of(&session, &parts);
    let out = place.path().join("out");
    fs::create_dir(&out).unwrap();
    let results = [
        write(&folder, &out.join("a/b"), false),
        write_bag(&folder, &out.join("bag"), false),
        write_zip(&folder, &out.join("c.zip"), false, false),
    ];
    for result in results {
        assert!(
            matches!(result, Err(PreserveError::ChangedWhileRead { .. })),
            "{result:?}"
        );
    }
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
}

#[test]
fn the_project_is_described_as_found_and_scanned() {
    let session = session();
    let place = tempfile::tempdir().unwrap();
    let secret = format!("ghp_{}", "q7Zk2Wm9Xc4Vb1Nt8Lp3Rj6Hs5Gd0FyTaQeU");
    fs::write(place.path().join("uv.lock"), b"version = 1\n").unwrap();
    fs::write(place.path().join("requirements.txt"), b"torch==2.9\n").unwrap();
    fs::write(place.path().join("notes.txt"), b"mine").unwrap();
    let git = GitState {
        commit: Some("0123456789012345678901234567890123456789".into()),
        branch: Some("main".into()),
        remotes: vec![(
            "origin".into(),
            "https://ana:hunter2@example.org/x.git".into(),
        )],
        changes: vec![(" M".into(), "train.py".into())],
        diff: Some(format!("+token = \"{secret}\"\n").into_bytes()),
    };
    let project = Project::read(place.path()).unwrap().with_git(git);
    let parts = Parts {
        project: Some(&project),
        ..Parts::default()
    };
    let folder = folder_of(&session, &parts);
    let environment: Vec<_> = folder
        .paths()
        .into_iter()
        .filter(|path| path.starts_with("environment/"))
        .collect();
    assert_eq!(
        environment,
        [
            "environment/git.diff",
            "environment/git.json",
            "environment/requirements.txt",
            "environment/uv.lock"
        ]
    );
    for bytes in folder.complete().unwrap().values() {
        assert!(!String::from_utf8_lossy(bytes).contains("hunter2"));
    }
    let places: BTreeSet<_> = folder.secrets.iter().map(|s| s.place.as_str()).collect();
    assert_eq!(places, BTreeSet::from(["environment/git.diff"]));
    let graph = metadata(&folder);
    assert_eq!(
        graph["#project-git%20remote"]["value"],
        "https://example.org/x.git"
    );
}

/// ro-crate-py and runcrate, if `ENTRENAR_PYTHON` has them, read what was written.
#[test]
fn other_readers_see_every_entity() {
    let Some(python) = std::env::var_os("ENTRENAR_PYTHON") else {
        println!("SKIPPED: ENTRENAR_PYTHON names no interpreter with rocrate and rdflib");
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/oracle/read_crate.py");
    let session = session();
    let place = tempfile::tempdir().unwrap();
    let odd = place.path().join("a b#1 50%ü[x].bin");
    fs::write(&odd, b"12345").unwrap();
    let attachments = find(&odd, None, Role::Output).unwrap();
    for version in Version::ALL {
        let dir = place.path().join(version.as_str());
        let parts = Parts {
            attachments: Some(&attachments),
            version,
            ..Parts::default()
        };
        write(&folder_of(&session, &parts), &dir, false).unwrap();
        let output = Command::new(&python)
            .arg(&script)
            .arg(&dir)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        if output.status.code() == Some(77) {
            println!("SKIPPED: {said}");
            return;
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{version}: {said}{errors}");
    }
}
