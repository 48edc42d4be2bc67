use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// Whether a cell's timestamp was in the source or stands in for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeSource {
    /// The source recorded it.
    #[default]
    Recorded,
    /// The source has no time for this cell; the timestamp is the file's modification time (or
    /// 1970-01-01 where that is unknown) and must reach no artifact format.
    Derived,
}

/// Why a cell failed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CellError {
    /// The kind of error, such as `ValueError`; empty where the source has none.
    pub name: String,
    /// The message.
    pub message: String,
    /// The traceback's lines as the source has them, terminal escapes included.
    pub traceback: Vec<String>,
}

/// What a source holds of a code cell beyond the five fields of [`CodeCell`](super::CodeCell).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CellRecord {
    /// The cell's id in the source.
    pub id: Option<String>,
    /// The execution count that the source shows (`In [7]`).
    pub execution_count: Option<i64>,
    /// How the input was entered (Ruchy: `Interactive`, `Paste`, `File`).
    pub mode: Option<String>,
    /// Outputs in the form of nbformat 4, whatever the source was.
    pub outputs: Vec<Value>,
    /// Why the cell failed; `None` unless it did.
    pub error: Option<CellError>,
    /// The cell's metadata in the source.
    pub metadata: Map<String, Value>,
    /// Fields of the cell in the source that this reader does not know.
    pub extra: Map<String, Value>,
    /// Whether `CodeCell::timestamp` was recorded.
    pub time_source: TimeSource,
    /// When the cell ended, where recorded.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A markdown or raw cell of a source document.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TextCell {
    /// The cell's id in the source.
    pub id: Option<String>,
    /// The text.
    pub source: String,
    /// The cell's metadata in the source.
    pub metadata: Map<String, Value>,
    /// Files that the text shows, by name and media type (nbformat 4 `attachments`).
    pub attachments: Map<String, Value>,
    /// Fields of the cell in the source that this reader does not know.
    pub extra: Map<String, Value>,
}

/// One cell of the source document, in the document's order.
#[derive(Debug, Clone, PartialEq)]
pub enum DocumentCell {
    /// A code cell: index in the session's code history.
    Code(usize),
    /// A markdown cell.
    Markdown(TextCell),
    /// A raw cell.
    Raw(TextCell),
}

/// The document that a session was read from: its order, its text and its metadata.
///
/// Empty for a session that was made through the API.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Document {
    /// All cells in the order of the document. A code cell of the session that is not named
    /// here comes behind the last.
    pub cells: Vec<DocumentCell>,
    /// Metadata of the document (nbformat 4: `metadata`; Ruchy: `metadata` and `environment`).
    pub metadata: Map<String, Value>,
    /// Top-level fields of the source that this reader does not know.
    pub extra: Map<String, Value>,
}
