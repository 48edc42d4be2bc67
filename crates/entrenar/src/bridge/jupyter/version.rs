//! Which version of the notebook format a document has, and where its cells are.

use serde_json::{Map, Value};

use crate::session::WarningKind;

use super::notes::Notes;

/// A cell with its path in the document.
pub(super) struct Located {
    pub(super) path: String,
    pub(super) cell: Value,
}

/// The parts of a notebook.
pub(super) struct Parts {
    /// Whether the cells have the form of nbformat 1 to 3.
    pub(super) legacy: bool,
    pub(super) cells: Vec<Located>,
    pub(super) metadata: Map<String, Value>,
    pub(super) extra: Map<String, Value>,
}

/// Takes a notebook apart. nbformat 4 has `cells`; nbformat 2 and 3 have them in `worksheets`,
/// which are put one behind the other; where both are, both are read.
pub(super) fn take_apart(document: Map<String, Value>, notes: &mut Notes) -> Parts {
    let (mut major, mut minor, mut cells, mut worksheets) = (None, None, None, None);
    let (mut metadata, mut extra) = (Map::new(), Map::new());
    for (key, value) in document {
        match (key.as_str(), value) {
            ("nbformat", value) => major = Some(value),
            ("nbformat_minor", value) => minor = Some(value),
            ("cells", value) => cells = Some(value),
            ("worksheets", value) => worksheets = Some(value),
            ("metadata", Value::Object(object)) => metadata = object,
            ("metadata", value) => {
                notes.invalid(
                    || "metadata".into(),
                    "the metadata are not an object; they are kept",
                );
                extra.insert(key, value);
            }
            ("orig_nbformat" | "orig_nbformat_minor" | "signature", value) => {
                extra.insert(key, value);
            }
            (_, value) => {
                notes.unknown(|| key.clone(), &key);
                extra.insert(key, value);
            }
        }
    }
    let has_worksheets = worksheets.is_some() && cells.is_none();
    let version = version(major.as_ref(), minor.as_ref(), has_worksheets, notes);
    let mut located = Vec::new();
    if cells.is_none() && worksheets.is_none() {
        notes.add(
            WarningKind::Missing,
            || "cells".into(),
            "the notebook has no list of cells",
        );
    }
    if let Some(cells) = cells {
        locate(cells, "cells", &mut located, &mut extra, notes);
    }
    if let Some(worksheets) = worksheets {
        read_worksheets(worksheets, &mut located, &mut extra, notes);
    }
    Parts {
        legacy: version < 4,
        cells: located,
        metadata,
        extra,
    }
}

/// The major version; says what is unusual about it.
fn version(
    major: Option<&Value>,
    minor: Option<&Value>,
    has_worksheets: bool,
    notes: &mut Notes,
) -> u64 {
    let likely = if has_worksheets { 3 } else { 4 };
    let Some(version) = major.and_then(Value::as_u64) else {
        let message =
            format!("the notebook does not say its version; it was read as nbformat {likely}");
        notes.add(WarningKind::Missing, || "nbformat".into(), &message);
        return likely;
    };
    match version {
        1 | 2 => {}
        3 | 4 => match minor.map(Value::as_u64) {
            Some(Some(minor)) if version == 4 && minor > 5 => notes.invalid(
                || "nbformat_minor".into(),
                &format!("nbformat 4.{minor} is newer than 4.5; it was read as far as it is known"),
            ),
            Some(Some(_)) => {}
            Some(None) => notes.invalid(
                || "nbformat_minor".into(),
                "the minor version is not a whole number",
            ),
            None if version == 3 => {}
            None => notes.add(
                WarningKind::Missing,
                || "nbformat_minor".into(),
                "the notebook does not say its minor version",
            ),
        },
        _ => {
            let message =
                format!("nbformat {version} is not known; it was read as nbformat {likely}");
            notes.invalid(|| "nbformat".into(), &message);
            return likely;
        }
    }
    version
}

fn locate(
    cells: Value,
    path: &str,
    located: &mut Vec<Located>,
    extra: &mut Map<String, Value>,
    notes: &mut Notes,
) {
    match cells {
        Value::Array(cells) => {
            located.extend(cells.into_iter().enumerate().map(|(index, cell)| Located {
                path: format!("{path}[{index}]"),
                cell,
            }));
        }
        value => {
            notes.invalid(
                || path.to_owned(),
                "the cells are not a list; the value is kept",
            );
            extra.insert(path.to_owned(), value);
        }
    }
}

fn read_worksheets(
    worksheets: Value,
    located: &mut Vec<Located>,
    extra: &mut Map<String, Value>,
    notes: &mut Notes,
) {
    let Value::Array(worksheets) = worksheets else {
        notes.invalid(
            || "worksheets".into(),
            "the worksheets are not a list; the value is kept",
        );
        extra.insert("worksheets".into(), worksheets);
        return;
    };
    for (index, worksheet) in worksheets.into_iter().enumerate() {
        let path = format!("worksheets[{index}]");
        let Value::Object(worksheet) = worksheet else {
            notes.invalid(
                || path.clone(),
                "the worksheet is not an object; it is kept",
            );
            extra.insert(path, worksheet);
            continue;
        };
        let mut rest = Map::new();
        let mut has_cells = false;
        for (key, value) in worksheet {
            if key == "cells" {
                has_cells = true;
                locate(value, &format!("{path}.cells"), located, extra, notes);
            } else if !matches!(&value, Value::Object(object) if object.is_empty()) {
                rest.insert(key, value);
            }
        }
        if !has_cells {
            notes.add(
                WarningKind::Missing,
                || path.clone(),
                "the worksheet has no list of cells",
            );
        }
        if !rest.is_empty() {
            extra.insert(path, Value::Object(rest));
        }
    }
}
