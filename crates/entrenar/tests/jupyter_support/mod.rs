//! What the tests of the notebook reader share.
#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "test code, of which each test file uses a part"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::DateTime;
use entrenar::bridge::{self, BridgeError, SourceContext};
use entrenar::session::EntrenarSession;
use serde_json::Value;

/// The context of a notebook called `notebook.ipynb`, changed at 2023-11-14T22:13:20Z.
pub(crate) fn context() -> SourceContext {
    SourceContext {
        name: Some("notebook.ipynb".to_owned()),
        modified: DateTime::from_timestamp(1_700_000_000, 0),
        ..SourceContext::default()
    }
}

pub(crate) fn try_read(bytes: &[u8]) -> Result<EntrenarSession, BridgeError> {
    bridge::read(bytes, &context())
}

pub(crate) fn read(bytes: impl AsRef<[u8]>) -> EntrenarSession {
    try_read(bytes.as_ref()).unwrap()
}

pub(crate) fn read_value(notebook: &Value) -> EntrenarSession {
    read(notebook.to_string())
}

/// All `.ipynb` files below `folder`, sorted.
pub(crate) fn notebooks(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else {
        return found;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(notebooks(&path));
        } else if path.extension().is_some_and(|e| e == "ipynb") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The notebooks that are part of this repository.
pub(crate) fn own_notebooks() -> Vec<PathBuf> {
    let found = notebooks(Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/jupyter"
    )));
    assert!(found.len() >= 24, "{} notebooks", found.len());
    found
}

/// The notebooks of the corpus, which is not part of this repository; empty where it is absent.
pub(crate) fn corpus_notebooks() -> Vec<PathBuf> {
    let corpus = std::env::var_os("ENTRENAR_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    );
    let found = notebooks(&corpus);
    if found.is_empty() {
        eprintln!("SKIPPED: no notebooks below {}", corpus.display());
    }
    found
}

/// The Python interpreter for oracles, if it can import `module`.
pub(crate) fn python(module: &str) -> Option<String> {
    let python = std::env::var("ENTRENAR_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let imported = Command::new(&python)
        .args(["-c", &format!("import {module}")])
        .output();
    if imported.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    eprintln!("SKIPPED: {python} cannot import {module} (ENTRENAR_PYTHON names the interpreter)");
    None
}

/// Runs `scripts/oracle/NAME` on files; returns its output and whether it succeeded.
pub(crate) fn oracle(python: &str, name: &str, files: &[PathBuf]) -> (String, bool) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../scripts/oracle")
        .join(name);
    let output = Command::new(python)
        .arg(script)
        .args(files)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8_lossy(&output.stdout);
    (format!("{text}{errors}"), output.status.success())
}

/// Messages of the warnings.
pub(crate) fn messages(session: &EntrenarSession) -> Vec<String> {
    session.warnings.iter().map(ToString::to_string).collect()
}

/// Sources of the code cells in the order in which they ran.
pub(crate) fn sources(session: &EntrenarSession) -> Vec<&str> {
    session
        .code_history
        .iter()
        .map(|cell| cell.source.as_str())
        .collect()
}
