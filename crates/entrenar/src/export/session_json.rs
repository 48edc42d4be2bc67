//! entrenar's own JSON of a session: `session.json` and `show --json`.
//!
//! The shape is described by `docs/session.schema.json` (JSON Schema 2020-12) and in
//! `docs/exports.md`; [`bridge::session_json`](crate::bridge::session_json) reads it back.
//! Numbers that JSON does not have are the strings `"NaN"`, `"Infinity"` and `"-Infinity"`.

use std::collections::BTreeMap;
use std::io;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::ser::{Formatter, PrettyFormatter};
use serde_json::{Map, Value};

use crate::session::{
    CellRecord, CodeCell, Document, DocumentCell, EntrenarSession, ImportWarning, Origin, PointRef,
    Series, SessionState, SourceInfo, TextCell, TimeSource, TrainingRun,
};

use super::time::{Moment, Number, PointTime};

/// The version of the format, in the field `entrenar_session`.
pub const VERSION: u64 = 1;

/// Which times are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// Those that the source holds or that follow from it alone. A time that stands in for an
    /// unknown one (a file's modification time) is null, so that the same source gives the same
    /// bytes everywhere.
    Recorded,
    /// All, with stand-ins marked by `timestamp_derived`.
    All,
}

/// The session as a JSON value.
///
/// Prefer [`to_vec`] where bytes are wanted: it builds no tree.
pub fn to_value(session: &EntrenarSession, times: Times) -> Value {
    serde_json::to_value(Root { session, times }).unwrap_or_default()
}

/// The session as JSON text: indented, each point and each output on a line of its own, with a
/// newline at the end.
pub fn to_vec(session: &EntrenarSession, times: Times) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut serializer =
        serde_json::Serializer::with_formatter(&mut bytes, LineFormatter::default());
    let written = Root { session, times }.serialize(&mut serializer);
    debug_assert!(written.is_ok(), "writing to memory does not fail");
    bytes.push(b'\n');
    bytes
}

struct Root<'a> {
    session: &'a EntrenarSession,
    times: Times,
}

impl Serialize for Root<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let session = self.session;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("entrenar_session", &VERSION)?;
        map.serialize_entry("id", &session.id)?;
        map.serialize_entry("metadata", &Metadata::of(session, self.times))?;
        map.serialize_entry("runs", &RunsOut(&session.runs))?;
        map.serialize_entry("metrics", &MetricsOut(session.metrics.series()))?;
        map.serialize_entry("cells", &CellsOut(self))?;
        map.serialize_entry("document", &DocumentOut::of(&session.document))?;
        map.serialize_entry("warnings", &WarningsOut(&session.warnings))?;
        map.end()
    }
}

#[derive(Serialize)]
struct Metadata<'a> {
    name: &'a str,
    user: Option<&'a str>,
    architecture: Option<&'a str>,
    dataset: Option<&'a str>,
    config: &'a BTreeMap<String, String>,
    tags: &'a [String],
    notes: Option<&'a str>,
    started_at: Option<Moment>,
    ended_at: Option<Moment>,
    duration_ms: Option<i64>,
    foreign_id: Option<&'a str>,
    source: Option<SourceOut<'a>>,
    derived: &'a BTreeMap<String, String>,
    // These three are of recordings alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forked_from: Option<ForkOut<'a>>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    environment: &'a Map<String, Value>,
}

impl<'a> Metadata<'a> {
    fn of(session: &'a EntrenarSession, times: Times) -> Self {
        let (started_at, ended_at) = match times {
            Times::All => (session.started_at, session.ended_at),
            Times::Recorded => (session.recorded_start(), session.recorded_end()),
        };
        Self {
            name: &session.name,
            user: session.user.as_deref(),
            architecture: session.architecture.as_deref(),
            dataset: session.dataset.as_deref(),
            config: &session.config,
            tags: &session.tags,
            notes: session.notes.as_deref(),
            started_at: started_at.map(Moment),
            ended_at: ended_at.map(Moment),
            duration_ms: started_at
                .zip(ended_at)
                .map(|(start, end)| (end - start).num_milliseconds()),
            foreign_id: session.foreign_id.as_deref(),
            source: session.source.as_ref().map(SourceOut::of),
            derived: &session.derived,
            state: session.state.map(SessionState::as_str),
            forked_from: session.forked_from.as_ref().map(|origin| ForkOut {
                session: &origin.session,
                step: origin.step,
            }),
            environment: &session.environment,
        }
    }
}

#[derive(Serialize)]
struct ForkOut<'a> {
    session: &'a str,
    step: Option<i64>,
}

#[derive(Serialize)]
struct SourceOut<'a> {
    name: Option<&'a str>,
    format: &'static str,
    sha256: String,
    size: u64,
}

impl<'a> SourceOut<'a> {
    fn of(source: &'a SourceInfo) -> Self {
        Self {
            name: source.name.as_deref(),
            format: source.format.as_str(),
            sha256: source.sha256.to_string(),
            size: source.size,
        }
    }
}

struct RunsOut<'a>(&'a [TrainingRun]);

impl Serialize for RunsOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().enumerate().map(|(index, run)| RunOut {
            index,
            name: run.name.as_deref(),
            config: &run.config,
            first_cell: run.first_cell,
            last_cell: run.last_cell,
            started_at: run.started_at.map(Moment),
            ended_at: run.ended_at.map(Moment),
            status: run.status.as_str(),
        }))
    }
}

#[derive(Serialize)]
struct RunOut<'a> {
    index: usize,
    name: Option<&'a str>,
    config: &'a BTreeMap<String, String>,
    first_cell: Option<u32>,
    last_cell: Option<u32>,
    started_at: Option<Moment>,
    ended_at: Option<Moment>,
    status: &'static str,
}

struct MetricsOut<'a>(&'a [Series]);

impl Serialize for MetricsOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|series| SeriesOut {
            name: series.name(),
            run: series.key().run,
            rank: series.key().rank,
            points: PointsOut(series),
        }))
    }
}

#[derive(Serialize)]
struct SeriesOut<'a> {
    name: &'a str,
    run: Option<u32>,
    rank: Option<u32>,
    points: PointsOut<'a>,
}

struct PointsOut<'a>(&'a Series);

impl Serialize for PointsOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.points().map(PointOut::of))
    }
}

/// A point, as `session.json` and the JSON Lines export hold it.
#[derive(Serialize)]
pub(super) struct PointOut<'a> {
    step: Option<i64>,
    epoch: Option<Number>,
    time: Option<PointTime>,
    value: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<OriginOut<'a>>,
}

impl<'a> PointOut<'a> {
    pub(super) fn of(point: PointRef<'a>) -> Self {
        Self {
            step: point.step,
            epoch: point.epoch.map(Number),
            time: point.time_us.map(PointTime),
            value: Number(point.value),
            origin: point.origin.map(OriginOut::of),
        }
    }
}

#[derive(Serialize)]
struct OriginOut<'a> {
    kind: &'static str,
    cell: u32,
    output: u32,
    start: u32,
    end: u32,
    rule: &'a str,
}

impl<'a> OriginOut<'a> {
    fn of(origin: &'a Origin) -> Self {
        Self {
            kind: origin.kind.as_str(),
            cell: origin.cell,
            output: origin.output,
            start: origin.span.start,
            end: origin.span.end,
            rule: &origin.rule,
        }
    }
}

struct CellsOut<'a>(&'a Root<'a>);

impl Serialize for CellsOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Root { session, times } = self.0;
        serializer.collect_seq(
            session
                .cells()
                .map(|(cell, record)| CellOut::of(cell, record, *times)),
        )
    }
}

#[derive(Serialize)]
struct CellOut<'a> {
    order: u32,
    source: &'a str,
    output: Option<&'a str>,
    outputs: &'a [Value],
    timestamp: Option<Moment>,
    timestamp_derived: bool,
    duration_ms: Option<u64>,
    error: Option<ErrorOut<'a>>,
    id: Option<&'a str>,
    execution_count: Option<i64>,
    mode: Option<&'a str>,
    ended_at: Option<Moment>,
    /// Null for a cell that was added by hand and has no record of a source.
    metadata: Option<&'a Map<String, Value>>,
    extra: Option<&'a Map<String, Value>>,
}

#[derive(Serialize)]
struct ErrorOut<'a> {
    name: &'a str,
    message: &'a str,
    traceback: &'a [String],
}

impl<'a> CellOut<'a> {
    fn of(cell: &'a CodeCell, record: Option<&'a CellRecord>, times: Times) -> Self {
        let derived = record.is_some_and(|r| r.time_source == TimeSource::Derived);
        Self {
            order: cell.execution_order,
            source: &cell.source,
            output: cell.output.as_deref(),
            outputs: record.map_or(&[], |r| r.outputs.as_slice()),
            timestamp: (times == Times::All || !derived).then_some(Moment(cell.timestamp)),
            timestamp_derived: derived,
            duration_ms: cell.duration_ms,
            error: record.and_then(|r| r.error.as_ref()).map(|e| ErrorOut {
                name: &e.name,
                message: &e.message,
                traceback: &e.traceback,
            }),
            id: record.and_then(|r| r.id.as_deref()),
            execution_count: record.and_then(|r| r.execution_count),
            mode: record.and_then(|r| r.mode.as_deref()),
            ended_at: record.and_then(|r| r.ended_at).map(Moment),
            metadata: record.map(|r| &r.metadata),
            extra: record.map(|r| &r.extra),
        }
    }
}

#[derive(Serialize)]
struct DocumentOut<'a> {
    cells: DocumentCells<'a>,
    metadata: &'a Map<String, Value>,
    extra: &'a Map<String, Value>,
}

impl<'a> DocumentOut<'a> {
    fn of(document: &'a Document) -> Self {
        Self {
            cells: DocumentCells(&document.cells),
            metadata: &document.metadata,
            extra: &document.extra,
        }
    }
}

struct DocumentCells<'a>(&'a [DocumentCell]);

impl Serialize for DocumentCells<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|cell| match cell {
            DocumentCell::Code(index) => DocumentCellOut::Code { cell: *index },
            DocumentCell::Markdown(text) => DocumentCellOut::Markdown(TextOut::of(text)),
            DocumentCell::Raw(text) => DocumentCellOut::Raw(TextOut::of(text)),
        }))
    }
}

#[derive(Serialize)]
#[serde(tag = "cell_type", rename_all = "lowercase")]
enum DocumentCellOut<'a> {
    Code { cell: usize },
    Markdown(TextOut<'a>),
    Raw(TextOut<'a>),
}

#[derive(Serialize)]
struct TextOut<'a> {
    id: Option<&'a str>,
    source: &'a str,
    metadata: &'a Map<String, Value>,
    attachments: &'a Map<String, Value>,
    extra: &'a Map<String, Value>,
}

impl<'a> TextOut<'a> {
    fn of(cell: &'a TextCell) -> Self {
        Self {
            id: cell.id.as_deref(),
            source: &cell.source,
            metadata: &cell.metadata,
            attachments: &cell.attachments,
            extra: &cell.extra,
        }
    }
}

struct WarningsOut<'a>(&'a [ImportWarning]);

impl Serialize for WarningsOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|warning| WarningOut {
            kind: warning.kind.as_str(),
            path: warning.place.path.as_deref(),
            byte: warning.place.byte,
            message: &warning.message,
        }))
    }
}

#[derive(Serialize)]
struct WarningOut<'a> {
    kind: &'static str,
    path: Option<&'a str>,
    byte: Option<u64>,
    message: &'a str,
}

/// Indents by two spaces down to the fourth level and writes what is deeper on one line.
struct LineFormatter {
    pretty: PrettyFormatter<'static>,
    depth: usize,
}

/// Points and outputs are at this depth.
const LINE_DEPTH: usize = 5;

impl Default for LineFormatter {
    fn default() -> Self {
        Self {
            pretty: PrettyFormatter::new(),
            depth: 0,
        }
    }
}

macro_rules! begin {
    ($name:ident, $byte:literal) => {
        fn $name<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
            self.depth += 1;
            if self.depth < LINE_DEPTH {
                self.pretty.$name(writer)
            } else {
                writer.write_all($byte)
            }
        }
    };
}

macro_rules! end {
    ($name:ident, $byte:literal) => {
        fn $name<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
            self.depth -= 1;
            if self.depth + 1 < LINE_DEPTH {
                self.pretty.$name(writer)
            } else {
                writer.write_all($byte)
            }
        }
    };
}

macro_rules! before {
    ($name:ident) => {
        fn $name<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
            if self.depth < LINE_DEPTH {
                self.pretty.$name(writer, first)
            } else if first {
                Ok(())
            } else {
                writer.write_all(b", ")
            }
        }
    };
}

macro_rules! after {
    ($name:ident) => {
        fn $name<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
            if self.depth < LINE_DEPTH {
                self.pretty.$name(writer)
            } else {
                Ok(())
            }
        }
    };
}

impl Formatter for LineFormatter {
    begin!(begin_array, b"[");
    begin!(begin_object, b"{");
    end!(end_array, b"]");
    end!(end_object, b"}");
    before!(begin_array_value);
    before!(begin_object_key);
    after!(end_array_value);
    after!(end_object_value);

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}
