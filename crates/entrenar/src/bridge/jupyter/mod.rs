//! Jupyter notebooks, nbformat 1 to 4.5 and what comes after.
//!
//! The notebook format is described at <https://nbformat.readthedocs.io/en/latest/>. The reader
//! walks the JSON itself, because real notebooks do not keep to the schema: an unknown field, an
//! odd output, a bad time is kept and listed as a warning. Outputs come in the form of nbformat
//! 4 whatever the version; cells come in the order in which they ran, where the file tells it.

mod about;
mod cells;
mod notes;
mod order;
mod outputs;
mod times;
mod version;

use std::collections::BTreeSet;

use serde_json::Value;

use super::json::{self, Parsed};
use super::{BridgeError, SourceContext};
use crate::extract;
use crate::session::{
    CodeCell, Document, DocumentCell, EntrenarSession, SourceFormat, TimeSource, WarningKind,
    output,
};

#[cfg(feature = "ruchy-sessions")]
pub(super) use about::is_ruchy;
use cells::{CodeDraft, ReadCell};
use notes::Notes;
use order::Clue;

/// Reads a notebook.
///
/// # Errors
/// If it is not JSON (see [`json::parse`]), or JSON but not an object.
pub fn read(bytes: &[u8], context: &SourceContext) -> Result<EntrenarSession, BridgeError> {
    let parsed = json::parse(bytes, context.limits)?;
    if !parsed.value.is_object() {
        return Err(BridgeError::Invalid {
            place: "the document".to_owned(),
            message: "a notebook is a JSON object".to_owned(),
        });
    }
    from_json(parsed, bytes, context)
}

/// Reads a notebook that was parsed from `bytes`; what is not an object has no cells.
pub(super) fn from_json(
    parsed: Parsed,
    bytes: &[u8],
    context: &SourceContext,
) -> Result<EntrenarSession, BridgeError> {
    let mut session = context.new_session(bytes, SourceFormat::Jupyter);
    session.warnings = parsed.warnings;
    let mut notes = Notes::default();
    let Value::Object(document) = parsed.value else {
        return Ok(session);
    };
    let parts = version::take_apart(document, &mut notes);
    let limit = context.limits.max_cells();
    if parts.cells.len() > limit {
        return Err(BridgeError::Invalid {
            place: "cells".to_owned(),
            message: format!("there are more than {limit} cells"),
        });
    }
    about::read(&parts.metadata, &mut session, &mut notes);

    let (mut drafts, mut document) = (Vec::new(), Vec::new());
    let mut ids = BTreeSet::new();
    for located in parts.cells {
        let cell = cells::read(located.cell, parts.legacy, &located.path, &mut notes);
        if let Some(id) = id_of(&cell)
            && !ids.insert(id.to_owned())
        {
            notes.invalid(
                || located.path.clone(),
                "the cell's id is another cell's, too",
            );
        }
        document.push(match cell {
            ReadCell::Text(cell) => cell,
            ReadCell::Code(draft) => {
                drafts.push(draft);
                DocumentCell::Code(drafts.len() - 1)
            }
        });
    }
    if session.user.is_none() {
        session.user = about::colab_user(drafts.iter().map(|draft| &draft.record.metadata));
    }
    session.document = Document {
        cells: document,
        metadata: parts.metadata,
        extra: parts.extra,
    };
    fill_history(drafts, &mut session, context, &mut notes);
    derive_times(&mut session);
    session.warnings.extend(notes.into_warnings());
    read_points(&mut session);
    Ok(session)
}

/// Reads the points; of a Ruchy notebook, also those of values that cells evaluate to.
fn read_points(session: &mut EntrenarSession) {
    #[cfg(feature = "ruchy-sessions")]
    if is_ruchy(&session.document.metadata) {
        return super::ruchy::values::apply(session);
    }
    extract::apply(session);
}

fn id_of(cell: &ReadCell) -> Option<&str> {
    match cell {
        ReadCell::Code(draft) => draft.record.id.as_deref(),
        ReadCell::Text(DocumentCell::Markdown(cell) | DocumentCell::Raw(cell)) => {
            cell.id.as_deref()
        }
        ReadCell::Text(DocumentCell::Code(_)) => None,
    }
}

/// Puts the code cells into the code history in the order in which they ran.
fn fill_history(
    drafts: Vec<CodeDraft>,
    session: &mut EntrenarSession,
    context: &SourceContext,
    notes: &mut Notes,
) {
    let clues: Vec<_> = drafts
        .iter()
        .map(|draft| Clue {
            count: draft.record.execution_count,
            start: draft.times.start,
            has_outputs: !draft.record.outputs.is_empty(),
        })
        .collect();
    let (order, rule) = order::order(&clues);
    if let Some(message) = rule.warning().filter(|_| clues.len() > 1) {
        notes.add(WarningKind::Order, || "cells".into(), message);
    }
    let unplaced = order::unplaced(&clues, rule);
    if unplaced > 0 {
        let message = format!(
            "cells with outputs that do not tell when they ran: {unplaced}; each stays behind the code cell before it"
        );
        notes.add(WarningKind::Order, || "cells".into(), &message);
    }

    let mut drafts: Vec<_> = drafts.into_iter().map(Some).collect();
    let mut places = vec![0; drafts.len()];
    let mut without_time = false;
    for (place, index) in order.into_iter().enumerate() {
        let Some(draft) = drafts.get_mut(index).and_then(Option::take) else {
            continue;
        };
        if let Some(slot) = places.get_mut(index) {
            *slot = place;
        }
        let mut record = draft.record;
        let timestamp = draft.times.start.unwrap_or_else(|| {
            without_time = true;
            record.time_source = TimeSource::Derived;
            context.stand_in_time()
        });
        let cell = CodeCell {
            execution_order: u32::try_from(place + 1).unwrap_or(u32::MAX),
            source: draft.source,
            output: output::joined_text(&record.outputs),
            timestamp,
            duration_ms: draft.times.duration_ms,
        };
        session.add_recorded_cell(cell, record);
    }
    for cell in &mut session.document.cells {
        if let DocumentCell::Code(index) = cell {
            *index = places.get(*index).copied().unwrap_or_default();
        }
    }
    if without_time {
        session
            .derived
            .insert("cells.timestamp".into(), super::STAND_IN_TIME.into());
    }
}

/// Where the notebook has no times of its own, the recorded times of its cells bound it.
fn derive_times(session: &mut EntrenarSession) {
    let recorded = session
        .cells()
        .filter(|(_, record)| record.is_some_and(|r| r.time_source == TimeSource::Recorded));
    let (starts, ends): (Vec<_>, Vec<_>) = recorded
        .map(|(cell, record)| (cell.timestamp, record.and_then(|record| record.ended_at)))
        .unzip();
    if session.started_at.is_none() && !starts.is_empty() {
        session.started_at = starts.into_iter().min();
        let how = "the earliest recorded time of a cell";
        session.derived.insert("started_at".into(), how.into());
    }
    if session.ended_at.is_none()
        && let Some(end) = ends.into_iter().flatten().max()
    {
        session.ended_at = Some(end);
        let how = "the latest recorded end of a cell";
        session.derived.insert("ended_at".into(), how.into());
    }
}
