//! entrenar's own `session.json`, as
//! [`export::session_json`](crate::export::session_json) writes it; the shape is described by
//! `docs/session.schema.json`.
//!
//! A session that was written and read is equal to what it was, except for timestamps that
//! stand in for unknown ones: those are null in the file and stand in anew.

mod fields;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::session::{
    CellError, CellRecord, CodeCell, Document, DocumentCell, EntrenarSession, ForkOrigin,
    ImportWarning, Origin, OriginKind, Place, Point, RunStatus, Series, SeriesKey, SessionState,
    SourceFormat, SourceInfo, TextCell, TimeSource, TrainingRun, WarningKind, number,
};

use super::json::{self, Parsed};
use super::{BridgeError, SourceContext};
use fields::{Fields, Notes, invalid};

/// The newest version of the format that is read.
const VERSION: u64 = 1;

/// Reads a session.
///
/// A field that this version does not know is listed as a warning; the file keeps it.
///
/// # Errors
/// If it is not JSON, if a newer version wrote it, or if a field has another type than the
/// schema says; the error names the path of the value.
pub fn read(bytes: &[u8], context: &SourceContext) -> Result<EntrenarSession, BridgeError> {
    let Parsed { value, warnings } = json::parse(bytes, context.limits)?;
    let mut notes = Notes(warnings);
    let mut root = Fields::new(value, "$".into())?;
    check_version(root.take("entrenar_session").as_ref())?;

    let id = root.required_string("id")?;
    let metadata = root.required("metadata")?;
    let mut session = EntrenarSession::empty(id, String::new());
    read_metadata(&mut session, metadata, &mut notes)?;
    for (index, run) in root.list("runs")?.into_iter().enumerate() {
        let run = Fields::new(run, format!("$.runs[{index}]"))?;
        session.runs.push(read_run(run, &mut notes)?);
    }
    for (index, series) in root.list("metrics")?.into_iter().enumerate() {
        let series = Fields::new(series, format!("$.metrics[{index}]"))?;
        read_series(&mut session, series, &mut notes)?;
    }
    for (index, cell) in root.list("cells")?.into_iter().enumerate() {
        let cell = Fields::new(cell, format!("$.cells[{index}]"))?;
        read_cell(&mut session, cell, context, &mut notes)?;
    }
    if let Some(document) = root.take("document") {
        let document = Fields::new(document, "$.document".into())?;
        session.document = read_document(document, session.code_history.len(), &mut notes)?;
    }
    let mut own = Vec::new();
    for (index, warning) in root.list("warnings")?.into_iter().enumerate() {
        let warning = Fields::new(warning, format!("$.warnings[{index}]"))?;
        own.push(read_warning(warning, &mut notes)?);
    }
    root.finish(&mut notes);
    session.warnings = own;
    session.warnings.append(&mut notes.0);
    Ok(session)
}

fn check_version(version: Option<&Value>) -> Result<(), BridgeError> {
    match version.and_then(Value::as_u64) {
        Some(VERSION) => Ok(()),
        Some(newer) if newer > VERSION => Err(invalid(
            "$.entrenar_session",
            format!(
                "the file has version {newer} of the format and this program reads up to \
                 {VERSION}; a newer entrenar reads it"
            ),
        )),
        _ => Err(invalid(
            "$.entrenar_session",
            format!("the version of the format is missing or not a number; it should be {VERSION}"),
        )),
    }
}

fn read_metadata(
    session: &mut EntrenarSession,
    value: Value,
    notes: &mut Notes,
) -> Result<(), BridgeError> {
    let mut fields = Fields::new(value, "$.metadata".into())?;
    session.name = fields.required_string("name")?;
    session.user = fields.string("user")?;
    session.architecture = fields.string("architecture")?;
    session.dataset = fields.string("dataset")?;
    session.config = fields.string_map("config")?;
    session.tags = fields.strings("tags")?;
    session.notes = fields.string("notes")?;
    session.started_at = fields.time("started_at", notes)?;
    session.ended_at = fields.time("ended_at", notes)?;
    // It follows from the two times.
    drop(fields.take("duration_ms"));
    session.foreign_id = fields.string("foreign_id")?;
    if let Some(source) = fields.take("source") {
        let source = Fields::new(source, "$.metadata.source".into())?;
        session.source = Some(read_source(source, notes)?);
    }
    session.derived = fields.string_map("derived")?;
    if let Some(state) = fields.string("state")? {
        session.state = SessionState::from_name(&state);
        if session.state.is_none() {
            fields.warn(notes, "state", format!("no known state: {state:?}"));
        }
    }
    if let Some(origin) = fields.take("forked_from") {
        let mut origin = Fields::new(origin, "$.metadata.forked_from".into())?;
        session.forked_from = Some(ForkOrigin {
            session: origin.required_string("session")?,
            step: origin.i64("step")?,
        });
        origin.finish(notes);
    }
    session.environment = fields.map("environment")?.unwrap_or_default();
    fields.finish(notes);
    Ok(())
}

fn read_source(mut fields: Fields, notes: &mut Notes) -> Result<SourceInfo, BridgeError> {
    let format = fields.required_string("format")?;
    let sha256 = fields.required_string("sha256")?;
    let info = SourceInfo {
        name: fields.string("name")?,
        format: SourceFormat::from_name(&format)
            .ok_or_else(|| fields.error("format", format!("no known format: {format:?}")))?,
        sha256: sha256
            .parse()
            .map_err(|error| fields.error("sha256", format!("{error}")))?,
        size: fields.u64("size")?.unwrap_or_default(),
    };
    fields.finish(notes);
    Ok(info)
}

fn read_run(mut fields: Fields, notes: &mut Notes) -> Result<TrainingRun, BridgeError> {
    // The number of a run is its place in the list.
    drop(fields.take("index"));
    let status = fields.string("status")?;
    let run = TrainingRun {
        name: fields.string("name")?,
        config: fields.string_map("config")?,
        first_cell: fields.u32("first_cell")?,
        last_cell: fields.u32("last_cell")?,
        started_at: fields.time("started_at", notes)?,
        ended_at: fields.time("ended_at", notes)?,
        status: match status {
            None => RunStatus::Unknown,
            Some(name) => RunStatus::from_name(&name).unwrap_or_else(|| {
                fields.warn(notes, "status", format!("no known status: {name:?}"));
                RunStatus::Unknown
            }),
        },
    };
    fields.finish(notes);
    Ok(run)
}

fn read_series(
    session: &mut EntrenarSession,
    mut fields: Fields,
    notes: &mut Notes,
) -> Result<(), BridgeError> {
    let key = SeriesKey {
        name: fields.required_string("name")?,
        run: fields.u32("run")?,
        rank: fields.u32("rank")?,
    };
    let points = fields.list("points")?;
    let mut series = session
        .metrics
        .get(&key)
        .cloned()
        .unwrap_or_else(|| Series::new(key));
    for (index, point) in points.into_iter().enumerate() {
        let path = format!("{}.points[{index}]", fields.path());
        series.push(read_point(Fields::new(point, path)?, notes)?);
    }
    session.metrics.insert(series);
    fields.finish(notes);
    Ok(())
}

fn read_point(mut fields: Fields, notes: &mut Notes) -> Result<Point, BridgeError> {
    let value = fields.required("value")?;
    let point = Point {
        value: number::from_json(&value)
            .ok_or_else(|| fields.error("value", "not a number".into()))?,
        step: fields.i64("step")?,
        epoch: fields.number("epoch")?,
        time_us: fields.microseconds("time", notes)?,
        origin: match fields.take("origin") {
            None => None,
            Some(origin) => {
                let path = format!("{}.origin", fields.path());
                read_origin(Fields::new(origin, path)?, notes)?
            }
        },
    };
    fields.finish(notes);
    Ok(point)
}

fn read_origin(mut fields: Fields, notes: &mut Notes) -> Result<Option<Origin>, BridgeError> {
    let kind = fields.required_string("kind")?;
    let Some(kind) = OriginKind::from_name(&kind) else {
        fields.warn(notes, "kind", format!("no known kind of origin: {kind:?}"));
        return Ok(None);
    };
    let start = fields.u32("start")?.unwrap_or_default();
    let origin = Origin {
        kind,
        cell: fields.u32("cell")?.unwrap_or_default(),
        output: fields.u32("output")?.unwrap_or_default(),
        span: start..fields.u32("end")?.unwrap_or(start),
        rule: Cow::Owned(fields.string("rule")?.unwrap_or_default()),
    };
    fields.finish(notes);
    Ok(Some(origin))
}

fn read_cell(
    session: &mut EntrenarSession,
    mut fields: Fields,
    context: &SourceContext,
    notes: &mut Notes,
) -> Result<(), BridgeError> {
    let timestamp = fields.time("timestamp", notes)?;
    let derived = fields.bool("timestamp_derived")?.unwrap_or_default();
    let cell = CodeCell {
        execution_order: fields.u32("order")?.unwrap_or_default(),
        source: fields.required_string("source")?,
        output: fields.string("output")?,
        timestamp: timestamp.unwrap_or_else(|| context.stand_in_time()),
        duration_ms: fields.u64("duration_ms")?,
    };
    let error = match fields.take("error") {
        None => None,
        Some(error) => {
            let mut error = Fields::new(error, format!("{}.error", fields.path()))?;
            let read = CellError {
                name: error.string("name")?.unwrap_or_default(),
                message: error.string("message")?.unwrap_or_default(),
                traceback: error.strings("traceback")?,
            };
            error.finish(notes);
            Some(read)
        }
    };
    let metadata = fields.map("metadata")?;
    let has_record = metadata.is_some();
    let record = CellRecord {
        id: fields.string("id")?,
        execution_count: fields.i64("execution_count")?,
        mode: fields.string("mode")?,
        outputs: fields.list("outputs")?,
        error,
        metadata: metadata.unwrap_or_default(),
        extra: fields.map("extra")?.unwrap_or_default(),
        time_source: if derived || timestamp.is_none() {
            TimeSource::Derived
        } else {
            TimeSource::Recorded
        },
        ended_at: fields.time("ended_at", notes)?,
    };
    fields.finish(notes);
    if has_record || record != CellRecord::default() {
        session.add_recorded_cell(cell, record);
    } else {
        session.add_code_cell(cell);
    }
    Ok(())
}

fn read_document(
    mut fields: Fields,
    code_cells: usize,
    notes: &mut Notes,
) -> Result<Document, BridgeError> {
    let mut document = Document {
        metadata: fields.map("metadata")?.unwrap_or_default(),
        extra: fields.map("extra")?.unwrap_or_default(),
        ..Document::default()
    };
    for (index, cell) in fields.list("cells")?.into_iter().enumerate() {
        let mut cell = Fields::new(cell, format!("{}.cells[{index}]", fields.path()))?;
        let cell_type = cell.required_string("cell_type")?;
        match cell_type.as_str() {
            "code" => match cell.u64("cell")?.and_then(|at| usize::try_from(at).ok()) {
                Some(at) if at < code_cells => document.cells.push(DocumentCell::Code(at)),
                _ => cell.warn(notes, "cell", "there is no such code cell".into()),
            },
            "markdown" => document
                .cells
                .push(DocumentCell::Markdown(read_text(&mut cell)?)),
            "raw" => document
                .cells
                .push(DocumentCell::Raw(read_text(&mut cell)?)),
            other => cell.warn(notes, "cell_type", format!("no known type: {other:?}")),
        }
        cell.finish(notes);
    }
    fields.finish(notes);
    Ok(document)
}

fn read_text(fields: &mut Fields) -> Result<TextCell, BridgeError> {
    Ok(TextCell {
        id: fields.string("id")?,
        source: fields.required_string("source")?,
        metadata: fields.map("metadata")?.unwrap_or_default(),
        attachments: fields.map("attachments")?.unwrap_or_default(),
        extra: fields.map("extra")?.unwrap_or_default(),
    })
}

fn read_warning(mut fields: Fields, notes: &mut Notes) -> Result<ImportWarning, BridgeError> {
    let kind = fields.required_string("kind")?;
    let warning = ImportWarning {
        kind: WarningKind::from_name(&kind).unwrap_or(WarningKind::InvalidValue),
        place: Place {
            path: fields.string("path")?,
            byte: fields.u64("byte")?,
        },
        message: fields.required_string("message")?,
    };
    fields.finish(notes);
    Ok(warning)
}

/// Configuration and marks: a JSON object of texts.
type TextMap = BTreeMap<String, String>;
