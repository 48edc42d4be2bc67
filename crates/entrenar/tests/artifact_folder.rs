//! The artifact folder: its bytes, its writing, its reading back.

#![cfg(feature = "preserve")]
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use chrono::{DateTime, NaiveDate};
use entrenar::bridge::{SourceContext, read};
use entrenar::preserve::{
    ArtifactFolder, Parts, PreserveError, PreserveOptions, describe, is_artifact_folder,
    read_folder, write,
};
use entrenar::research::{Author, License};
use entrenar::session::*;

const NOTEBOOK: &str = r##"{"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec":
 {"name": "python3", "display_name": "Python 3"}}, "cells": [
 {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Title"},
 {"cell_type": "code", "id": "b", "metadata": {}, "execution_count": 1, "source": "train()",
  "outputs": [{"output_type": "stream", "name": "stdout",
   "text": "epoch 1 loss=0.5\nepoch 2 loss=nan\n"}]}]}"##;

fn notebook(name: &str, modified: i64) -> (EntrenarSession, Vec<u8>) {
    let context = SourceContext {
        name: Some(name.into()),
        modified: DateTime::from_timestamp(modified, 0),
        ..SourceContext::default()
    };
    let session = read(NOTEBOOK.as_bytes(), &context).unwrap();
    (session, NOTEBOOK.into())
}

/// Puts a folder together as the command does.
fn build(
    session: &EntrenarSession,
    source: Option<&[u8]>,
    options: &PreserveOptions,
) -> Result<ArtifactFolder, PreserveError> {
    let parts = Parts {
        source,
        ..Parts::default()
    };
    entrenar::preserve::build(session, &describe(session, options), &parts)
}

fn built(name: &str) -> (EntrenarSession, ArtifactFolder) {
    let (session, source) = notebook(name, 1_000_000_000);
    let folder = build(&session, Some(&source), &PreserveOptions::default()).unwrap();
    (session, folder)
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

#[test]
fn the_folder_holds_every_format() {
    let (session, folder) = built("My run.ipynb");
    // It is there with the feature `parquet` alone.
    let is_parquet = |text: &str| text.contains("metrics.parquet");
    let mut paths = folder.paths();
    assert_eq!(
        paths.iter().any(|path| is_parquet(path)),
        cfg!(feature = "parquet")
    );
    paths.retain(|path| !is_parquet(path));
    assert_eq!(
        paths,
        [
            "CITATION.cff",
            "README.md",
            "SHA256SUMS",
            "citation.bib",
            "codemeta.json",
            "index.html",
            "metrics.csv",
            "notebook.ipynb",
            "session.json",
            "source/My run.ipynb",
        ]
    );
    assert_eq!(
        folder.file("source/My run.ipynb"),
        Some(NOTEBOOK.as_bytes())
    );
    let text = |path: &str| String::from_utf8(folder.file(path).unwrap().to_vec()).unwrap();
    let readme: Vec<String> = text("README.md")
        .lines()
        .filter(|line| !is_parquet(line))
        .map(ToOwned::to_owned)
        .collect();
    insta::assert_snapshot!("readme", readme.join("\n"));
    insta::assert_snapshot!("metrics", text("metrics.csv"));
    assert!(text("CITATION.cff").contains("Author not recorded"));
    let bib = text("citation.bib");
    assert!(bib.starts_with("@software{") && !bib.contains("author") && !bib.contains("year"));
    assert!(session.derived.contains_key("name") && text("index.html").contains("derived</span>"));
}

#[test]
fn what_a_person_states_is_in_every_format() {
    let (session, source) = notebook("a.ipynb", 0);
    let options = PreserveOptions {
        authors: vec![Author::new("Ada Lovelace")],
        title: Some("On <Engines>".into()),
        license: Some(License::parse("MIT").unwrap()),
        date: NaiveDate::from_ymd_opt(2024, 2, 29),
        ..PreserveOptions::default()
    };
    let folder = build(&session, Some(&source), &options).unwrap();
    for (path, title) in [
        ("CITATION.cff", "On <Engines>"),
        ("citation.bib", "Engines"),
        ("index.html", "On &lt;Engines&gt;"),
        ("README.md", "On \\<Engines\\>"),
    ] {
        let text = std::str::from_utf8(folder.file(path).unwrap()).unwrap();
        assert!(
            text.contains(title) && text.contains("MIT"),
            "{path}: {text}"
        );
        assert!(path == "README.md" || text.contains("Lovelace"), "{path}");
        assert!(path == "README.md" || text.contains("2024"), "{path}");
    }
}

#[test]
fn times_of_files_and_places_reach_no_byte() {
    let (one, source) = notebook("a.ipynb", 1_000_000_000);
    let (two, _) = notebook("a.ipynb", 1_700_000_000);
    let build = |session| build(session, Some(&source), &PreserveOptions::default()).unwrap();
    assert_eq!(build(&one).files, build(&two).files);
    for (path, bytes) in build(&one).complete().unwrap() {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!text.contains("2001-09-09"), "{path}");
    }
}

#[test]
fn a_source_without_a_modification_time_has_the_same_folder() {
    // A Ruchy notebook of the form that the server of ruchy 4.2.1 saves, and a Jupyter notebook.
    let rnb = r#"{"cells": [{"cell_type": "code", "source": "1 + 1", "output": "2"}],
        "metadata": {"language": "ruchy", "version": "1.0.0", "kernel": "ruchy"}}"#;
    for (name, source) in [("a.rnb", rnb), ("a.ipynb", NOTEBOOK)] {
        let folder = |modified| {
            let context = SourceContext {
                name: Some(name.into()),
                modified,
                ..SourceContext::default()
            };
            let session = read(source.as_bytes(), &context).unwrap();
            build(
                &session,
                Some(source.as_bytes()),
                &PreserveOptions::default(),
            )
            .unwrap()
        };
        let known = folder(DateTime::from_timestamp(1_000_000_000, 0));
        assert_eq!(known.files, folder(None).files, "{name}");
    }
}

#[test]
fn an_empty_session_has_a_folder_too() {
    let session = EntrenarSession::empty("e", "empty");
    let folder = build(&session, None, &PreserveOptions::default()).unwrap();
    assert!(folder.file("index.html").is_some() && folder.file("CITATION.cff").is_some());
    let messages: Vec<_> = folder.warnings.iter().map(|w| &w.message).collect();
    assert!(
        matches!(messages.as_slice(), [only] if only.contains("RO-Crate")),
        "{messages:?}"
    );
}

#[test]
fn ruchy_sessions_have_a_script() {
    let mut session = EntrenarSession::empty("r", "r");
    session.source = Some(SourceInfo {
        name: Some("r.replay".into()),
        format: SourceFormat::RuchyReplay,
        sha256: Sha256Hash::of(b"x"),
        size: 1,
    });
    let folder = build(&session, Some(b"x"), &PreserveOptions::default()).unwrap();
    assert!(folder.file("session.ruchy").is_some());
    assert_eq!(folder.file("source/r.replay"), Some(&b"x"[..]));
    let wrong = build(&session, Some(b"y"), &PreserveOptions::default());
    assert!(matches!(wrong, Err(PreserveError::SourceMismatch { .. })));
    let without = build(&session, None, &PreserveOptions::default()).unwrap();
    assert_eq!(without.warnings.len(), 2);
}

#[test]
fn credentials_are_named_by_place_and_never_shown() {
    let mut session = EntrenarSession::empty("s", "s");
    let secret = format!("ghp_{}", "q7Zk2Wm9Xc4Vb1Nt8Lp3Rj6Hs5Gd0FyTaQeU");
    session.add_code_cell(CodeCell {
        execution_order: 1,
        source: format!("import os\nlogin('{secret}')"),
        output: None,
        timestamp: DateTime::UNIX_EPOCH,
        duration_ms: None,
    });
    let folder = build(&session, None, &PreserveOptions::default()).unwrap();
    assert_eq!(folder.secrets.len(), 1);
    let warning = folder.warnings.first().unwrap().to_string();
    assert_eq!(
        warning,
        "cells[0].source line 2: this looks like a credential (GitHub token); remove it before \
         you share the folder"
    );
    assert!(!format!("{:?}{:?}", folder.secrets, folder.warnings).contains(&secret));
}

#[test]
fn what_is_written_reads_back_equal() {
    let (session, folder) = built("My run.ipynb");
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("new/folder/artifact");
    let written = write(&folder, &dir, false).unwrap();
    assert_eq!(
        (written.path.as_path(), &written.kept),
        (dir.as_path(), &None)
    );
    assert_eq!(written.files, folder.paths().len());
    assert!(is_artifact_folder(&dir));
    let (mut back, source) = read_folder(&dir).unwrap();
    assert_eq!(source.as_deref(), Some(NOTEBOOK.as_bytes()));
    // A stand-in for an unknown time is not written; another stands in.
    for (cell, original) in back.code_history.iter_mut().zip(&session.code_history) {
        cell.timestamp = original.timestamp;
    }
    assert_eq!(back, session);
    assert_eq!(tree(&dir), folder.complete().unwrap());
    assert_eq!(fs::read_dir(dir.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn coreutils_verify_the_checksums() {
    let (_, folder) = built("odd `name` (1) ü.ipynb");
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("artifact");
    write(&folder, &dir, false).unwrap();
    let check = || {
        Command::new("sha256sum")
            .args(["-c", "--strict", "SHA256SUMS"])
            .current_dir(&dir)
            .output()
    };
    let Ok(output) = check() else {
        println!("SKIPPED: no sha256sum");
        return;
    };
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(lines.lines().count(), folder.files.len());
    entrenar::files::write_atomic(&dir.join("metrics.csv"), b"changed").unwrap();
    assert!(!check().unwrap().status.success());
}

#[test]
fn an_existing_folder_is_replaced_by_force_only() {
    let (_, folder) = built("a.ipynb");
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("artifact");
    write(&folder, &dir, false).unwrap();
    let refused = write(&folder, &dir, false).unwrap_err();
    assert!(matches!(refused, PreserveError::Exists { .. }), "{refused}");

    // A folder of ours is gone afterwards.
    let (_, other) = built("b.ipynb");
    assert_eq!(write(&other, &dir, true).unwrap().kept, None);
    assert!(
        tree(&dir).contains_key("source/b.ipynb") && !tree(&dir).contains_key("source/a.ipynb")
    );

    // One with anything else in it is kept.
    entrenar::files::write_atomic(&dir.join("thesis.txt"), b"mine").unwrap();
    let kept = write(&folder, &dir, true).unwrap().kept.unwrap();
    assert_eq!(fs::read(kept.join("thesis.txt")).unwrap(), b"mine");
    assert!(!tree(&dir).contains_key("thesis.txt"));
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2);

    let file = place.path().join("file");
    entrenar::files::write_atomic(&file, b"x").unwrap();
    for force in [false, true] {
        assert!(write(&folder, &file, force).is_err());
    }
    assert_eq!(fs::read(&file).unwrap(), b"x");
}

#[cfg(unix)]
#[test]
fn a_failure_leaves_nothing_behind() {
    let (_, mut folder) = built("a.ipynb");
    let place = tempfile::tempdir().unwrap();
    // The second file of that name cannot be created: what was written before is removed.
    let twice = folder.files.first().unwrap().clone();
    folder.files.push(twice);
    let dir = place.path().join("deep/artifact");
    let error = write(&folder, &dir, false).unwrap_err();
    assert!(matches!(error, PreserveError::File(_)), "{error}");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    // A full disk.
    let full = Path::new("/dev/full/artifact");
    assert!(write(&folder, full, false).is_err());
}

#[test]
fn a_changed_folder_is_noticed() {
    let (_, folder) = built("a.ipynb");
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("artifact");
    write(&folder, &dir, false).unwrap();
    let json = fs::read_to_string(dir.join("session.json")).unwrap();
    let edited = json.replace("train()", "cheat()");
    entrenar::files::write_atomic(&dir.join("session.json"), edited.as_bytes()).unwrap();
    let (session, _) = read_folder(&dir).unwrap();
    let last = session.warnings.last().unwrap();
    assert!(last.message.contains("changed"), "{last}");

    entrenar::files::write_atomic(&dir.join("source/a.ipynb"), b"{}").unwrap();
    assert!(matches!(
        read_folder(&dir),
        Err(PreserveError::SourceChanged { .. })
    ));
    fs::remove_dir_all(dir.join("source")).unwrap();
    assert_eq!(read_folder(&dir).unwrap().1, None);
    fs::remove_file(dir.join("session.json")).unwrap();
    assert!(matches!(
        read_folder(&dir),
        Err(PreserveError::Session { .. })
    ));
}
