//! `.ipynb`: Jupyter notebooks of a Ruchy kernel, seen as what Ruchy records.

use serde_json::{Map, Value};

use crate::bridge::{BridgeError, SourceContext, jupyter};
use crate::session::{
    CellRecord, CodeCell, EntrenarSession, ImportWarning, Place, SourceFormat, WarningKind, output,
};

use super::session::{RuchyCell, RuchyResult, RuchySession};

/// The refusal of a document that is not Ruchy's.
pub(super) fn not_ruchy(format: SourceFormat) -> BridgeError {
    BridgeError::UnknownFormat {
        hint: format!("the document is of the format {format}, and not of Ruchy"),
    }
}

/// Takes a notebook of a Ruchy kernel as a recording. Outputs that a recording cannot hold, such
/// as images, are kept beside the cell's other fields.
///
/// Times of cells stay with the notebook's own reader, which `bridge::read` uses.
pub(super) fn recording(
    notebook: EntrenarSession,
    context: &SourceContext,
) -> Result<RuchySession, BridgeError> {
    if !jupyter::is_ruchy(&notebook.document.metadata) {
        return Err(not_ruchy(SourceFormat::Jupyter));
    }
    let mut warnings = notebook.warnings;
    let mut records = notebook.cell_records.into_iter();
    let cells = notebook
        .code_history
        .into_iter()
        .enumerate()
        .map(|(index, code)| {
            let record = records.next().unwrap_or_default();
            cell(code, record, index, &mut warnings)
        })
        .collect();
    Ok(RuchySession {
        cells,
        document: notebook.document,
        source: notebook.source,
        file_modified: context.modified,
        warnings,
        ..RuchySession::default()
    })
}

fn cell(
    code: CodeCell,
    record: CellRecord,
    index: usize,
    warnings: &mut Vec<ImportWarning>,
) -> RuchyCell {
    let mut cell = RuchyCell {
        id: record.id,
        source: code.source,
        mode: record.mode,
        execution_count: record.execution_count,
        metadata: record.metadata,
        extra: record.extra,
        ..RuchyCell::default()
    };
    let mut others = Vec::new();
    for shown in record.outputs {
        let text = output::plain_text(&shown);
        let is = |kind: &str| shown.get("output_type").and_then(Value::as_str) == Some(kind);
        let plain = shown.get("data").and_then(Value::as_object).map(Map::len) == Some(1);
        match text {
            Some(text) if is("stream") => {
                let stderr = shown.get("name").and_then(Value::as_str) == Some("stderr");
                let bytes = if stderr {
                    &mut cell.stderr
                } else {
                    &mut cell.stdout
                };
                bytes.extend(text.into_bytes());
            }
            Some(value) if is("execute_result") && plain && cell.result.is_none() => {
                cell.result = Some(RuchyResult::Success { value });
            }
            Some(message) if is("error") && cell.result.is_none() => {
                cell.result = Some(RuchyResult::Error { message });
            }
            _ => others.push(shown),
        }
    }
    if !others.is_empty() {
        warnings.push(ImportWarning::new(
            WarningKind::InvalidValue,
            Place::path(format!("cells[{index}].outputs")),
            "outputs that no recording of Ruchy holds; they are kept beside the cell's fields",
        ));
        cell.extra.insert("outputs".to_owned(), others.into());
    }
    cell
}
