//! Real notebooks: nbformat 5.11.1's own test files, trainings executed with nbclient, and, where
//! the corpus is, public notebooks written by Jupyter, Colab, VS Code and papermill.

mod jupyter_support;

use std::collections::BTreeMap;

use entrenar::bridge::{Limits, read_file};
use entrenar::export::notebook::edition;
use entrenar::session::{DocumentCell, EntrenarSession};
use serde_json::Value;

use jupyter_support::{corpus_notebooks, oracle, own_notebooks, python};

/// Number of outputs by type.
fn counted(session: &EntrenarSession) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for output in session.cell_records.iter().flat_map(|r| &r.outputs) {
        let kind = output["output_type"].as_str().unwrap_or("odd");
        *counts.entry(kind.to_owned()).or_default() += 1;
    }
    counts
}

#[test]
fn every_notebook_opens_and_no_cell_or_output_is_lost() {
    let files = [own_notebooks(), corpus_notebooks()].concat();
    let sessions: Vec<_> = files
        .iter()
        .map(|file| {
            read_file(file, Limits::default())
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()))
                .session
        })
        .collect();
    let Some(python) = python("json") else { return };
    let (counts, ok) = oracle(&python, "count_outputs.py", &files);
    assert!(ok, "{counts}");
    let counts: Value = serde_json::from_str(&counts).unwrap();
    for (file, session) in files.iter().zip(&sessions) {
        let expected = &counts[file.to_str().unwrap()];
        let outputs: BTreeMap<String, u64> =
            serde_json::from_value(expected["outputs"].clone()).unwrap();
        assert_eq!(counted(session), outputs, "{}", file.display());
        let code = session.code_history.len();
        assert_eq!(Some(code as u64), expected["code"].as_u64());
        assert_eq!(code, session.cell_records.len());
        let cells = session.document.cells.len();
        assert_eq!(Some((cells - code) as u64), expected["other"].as_u64());
    }
}

#[test]
fn every_edition_is_valid_and_holds_the_same_cells() {
    let folder = tempfile::tempdir().unwrap();
    let mut editions = Vec::new();
    for (index, file) in [own_notebooks(), corpus_notebooks()]
        .concat()
        .iter()
        .enumerate()
    {
        let session = read_file(file, Limits::default()).unwrap().session;
        let written = edition(&session);
        assert_eq!(written, edition(&session));
        let path = folder.path().join(format!("{index}.ipynb"));
        entrenar::files::write_atomic(&path, &written).unwrap();
        let again = read_file(&path, Limits::default()).unwrap().session;
        let orders = |session: &EntrenarSession| -> Vec<_> {
            let cells = session.document.cells.iter();
            cells
                .map(|cell| match cell {
                    DocumentCell::Code(index) => session.code_history[*index].source.clone(),
                    DocumentCell::Markdown(cell) | DocumentCell::Raw(cell) => cell.source.clone(),
                })
                .collect()
        };
        assert_eq!(orders(&again), orders(&session), "{}", file.display());
        let outputs = |session: &EntrenarSession| -> Vec<_> {
            let cells = session.code_history.iter();
            cells.map(|cell| cell.output.clone()).collect()
        };
        assert_eq!(outputs(&again), outputs(&session), "{}", file.display());
        editions.push(path);
    }
    let Some(python) = python("nbformat") else {
        return;
    };
    let (faults, ok) = oracle(&python, "validate_notebooks.py", &editions);
    assert!(ok, "{faults}");
}

#[test]
fn the_validator_sees_faults() {
    let Some(python) = python("nbformat") else {
        return;
    };
    let invalid: Vec<_> = own_notebooks()
        .into_iter()
        .filter(|path| path.ends_with("invalid_unique_cell_id.ipynb"))
        .collect();
    assert_eq!(invalid.len(), 1);
    let (faults, ok) = oracle(&python, "validate_notebooks.py", &invalid);
    assert!(!ok && faults.contains("not unique"), "{faults}");
}
