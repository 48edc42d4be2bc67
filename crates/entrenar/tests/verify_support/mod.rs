//! An artifact to be tampered with.
#![expect(dead_code, reason = "each test uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};

use chrono::DateTime;
use entrenar::preserve::{self, ArtifactFolder, Parts, PreserveOptions, verify};
use entrenar::session::*;
use serde_json::json;
use tempfile::TempDir;

/// A small session with everything that a folder holds.
pub(crate) fn session() -> (EntrenarSession, Vec<u8>) {
    let source =
        br#"{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5, "x": "step"}"#;
    let at = |seconds: i64| DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap();
    let mut session = EntrenarSession::empty("0123456789abcdef", "LoRA")
        .with_user("Ada Lovelace")
        .with_tag("lora");
    session.source = Some(SourceInfo {
        name: Some("train.ipynb".into()),
        format: SourceFormat::Jupyter,
        sha256: Sha256Hash::of(source),
        size: u64::try_from(source.len()).unwrap(),
    });
    (session.started_at, session.ended_at) = (Some(at(0)), Some(at(9)));
    let metadata = json!({"recorded_by": "ana"});
    session.document.metadata = metadata.as_object().unwrap().clone();
    for order in 1..=3 {
        let cell = CodeCell {
            execution_order: order,
            source: format!("step({order})"),
            output: Some(format!("loss 0.{order}\n")),
            timestamp: at(order.into()),
            duration_ms: Some(10),
        };
        let record = CellRecord {
            id: Some(format!("id-{order}")),
            execution_count: Some(order.into()),
            outputs: vec![output::stream("stdout", format!("loss 0.{order}\n"))],
            ..CellRecord::default()
        };
        let index = session.add_recorded_cell(cell, record);
        session.document.cells.push(DocumentCell::Code(index));
    }
    for loss in [0.5, 0.25] {
        session.metrics.add_loss(loss);
    }
    (session, source.to_vec())
}

/// A folder, removed when this is dropped.
pub(crate) struct Fixture {
    /// What was written.
    pub(crate) path: PathBuf,
    _folder: TempDir,
}

impl Fixture {
    /// An artifact folder.
    pub(crate) fn folder() -> Self {
        Self::written("artifact", |folder, path| {
            preserve::write(folder, path, false).unwrap();
        })
    }

    /// A zip of one.
    pub(crate) fn zip() -> Self {
        Self::written("artifact.zip", |folder, path| {
            preserve::write_zip(folder, path, false, false).unwrap();
        })
    }

    /// A bag.
    pub(crate) fn bag() -> Self {
        Self::written("bag", |folder, path| {
            preserve::write_bag(folder, path, false).unwrap();
        })
    }

    /// A zip of a bag.
    pub(crate) fn zipped_bag() -> Self {
        Self::written("bag.zip", |folder, path| {
            preserve::write_zip(folder, path, true, false).unwrap();
        })
    }

    fn written(name: &str, write: impl FnOnce(&ArtifactFolder, &Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let (session, source) = session();
        let chain = SessionChain::of_import(&session);
        let artifact = preserve::describe(&session, &PreserveOptions::default());
        let parts = Parts {
            source: Some(&source),
            chain: Some(&chain),
            ..Parts::default()
        };
        let built = preserve::build(&session, &artifact, &parts).unwrap();
        write(&built, &path);
        Self {
            path,
            _folder: folder,
        }
    }

    /// The paths of all files, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        files(&self.path)
    }
}

/// The paths of all files below `root`, sorted.
pub(crate) fn files(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let path = path.strip_prefix(root).unwrap();
                found.push(path.to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// Writes `SHA256SUMS` anew, as somebody would who wants to hide a change.
pub(crate) fn sums_again(root: &Path) {
    let lines: String = files(root)
        .into_iter()
        .filter(|path| !path.starts_with("SHA256SUMS"))
        .map(|path| {
            let hash = Sha256Hash::of(&fs::read(root.join(&path)).unwrap());
            format!("{hash}  {path}\n")
        })
        .collect();
    fs::write(root.join("SHA256SUMS"), lines).unwrap();
}

/// Kind and file of all problems, sorted by file.
pub(crate) fn problems(path: &Path) -> Vec<String> {
    let verified = verify::verify(path, &verify::VerifyOptions::default()).unwrap();
    let problems = verified.report.problems.iter();
    problems
        .map(|problem| {
            format!("{} {}", problem.kind, problem.file)
                .trim()
                .to_owned()
        })
        .collect()
}
