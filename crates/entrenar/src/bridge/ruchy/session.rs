use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::bridge::{self, BridgeError, Limits, SourceContext};
use crate::session::{Document, ImportWarning, SourceFormat, SourceInfo};

use super::{RuchyBridgeError, kernel, values};

/// What Ruchy's REPL, notebook server or library recorded of one session.
///
/// The fields are those of Ruchy's own `ReplSession` (`src/runtime/replay.rs`, the same from
/// 1.30 to 5.0), with each input and its output taken together as a [`RuchyCell`]; a `.rnb`
/// notebook, an audit stream and an input history fill the part of it that they hold. All of it
/// may be made by hand:
///
/// ```
/// use entrenar::ecosystem::{EntrenarSession, RuchySession};
/// use entrenar::bridge::ruchy::{RuchyCell, RuchyResult};
///
/// let mut recording = RuchySession::default();
/// recording.metadata.session_id = Some("ruchy-session-1795343018".into());
/// recording.cells.push(RuchyCell::new("losses").with_value("[1.15, 0.08]"));
///
/// let session: EntrenarSession = recording.into();
/// assert_eq!(session.metrics.total_steps(), 2);
/// assert_eq!(session.user, None);
/// ```
///
/// # What becomes of it
///
/// [`EntrenarSession::from`](crate::session::EntrenarSession) takes
/// `session_id` as the foreign id, `student_id` as the user, `created_at` as the start, and the
/// time of the last event as the end, marked as derived. The session's id is made of the
/// SHA-256 of the source; of a recording made by hand, of the SHA-256 of its content, so that
/// two sessions with the same `session_id` (Ruchy makes it of the second in which it starts)
/// stay apart. There is no title in a recording: the name is the source's stem, else the
/// `session_id`, and marked as derived.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RuchySession {
    /// Version of the recording's format; Ruchy has always written 1.0.0.
    pub version: Option<RuchyFormatVersion>,
    /// Who and when.
    pub metadata: RuchyMetadata,
    /// What the REPL was set to.
    pub environment: RuchyEnvironment,
    /// The inputs with their outputs, in the order in which they ran. An input of white space
    /// alone is not a cell; a `:command` is one.
    pub cells: Vec<RuchyCell>,
    /// Events that are neither input nor output, in the order of the recording.
    pub events: Vec<RuchyEvent>,
    /// Checkpoints of the REPL's state, by the id of the event they follow, as recorded.
    pub checkpoints: Map<String, Value>,
    /// Time of the last event in nanoseconds after `metadata.created_at`; where it is `None`,
    /// the cells and events tell.
    pub last_event_ns: Option<u64>,
    /// Text cells and the order of a notebook; fields of the file that the format does not
    /// have.
    pub document: Document,
    /// The file or bytes that the session was read from.
    pub source: Option<SourceInfo>,
    /// When the file was last modified: stands in for times that a file does not hold.
    pub file_modified: Option<DateTime<Utc>>,
    /// What could not be taken as it is.
    pub warnings: Vec<ImportWarning>,
}

/// Version of the `.replay` format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RuchyFormatVersion {
    /// Major version.
    pub major: u32,
    /// Minor version.
    pub minor: u32,
    /// Patch version.
    pub patch: u32,
}

/// `metadata` of a recording.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct RuchyMetadata {
    /// `ruchy-session-<unix seconds>`: two sessions that start in one second share it.
    pub session_id: Option<String>,
    /// When the recorder was started.
    pub created_at: Option<DateTime<Utc>>,
    /// Version of Ruchy.
    pub ruchy_version: Option<String>,
    /// Who sat there, where a course set it.
    pub student_id: Option<String>,
    /// What the session was for, where a course set it.
    pub assignment_id: Option<String>,
    /// Tags; the REPL writes `interactive`.
    pub tags: Vec<String>,
    /// Fields that the format does not have, and values that could not be taken (a
    /// `created_at` that is not a time).
    pub extra: Map<String, Value>,
}

/// `environment` of a recording.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct RuchyEnvironment {
    /// Seed of the recorder; uses all 64 bits.
    pub seed: Option<u64>,
    /// Feature flags.
    pub feature_flags: Vec<String>,
    /// Limits on what a cell may use.
    pub resource_limits: Option<RuchyLimits>,
    /// Fields that the format does not have, and values that could not be taken.
    pub extra: Map<String, Value>,
}

/// Limits on what a cell may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuchyLimits {
    /// Heap, in mebibytes.
    pub heap_mb: u64,
    /// Stack, in kibibytes.
    pub stack_kb: u64,
    /// Processor time, in milliseconds.
    pub cpu_ms: u64,
}

/// One input with what it gave.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct RuchyCell {
    /// Id of the first input event; of an audit stream, the sequence number.
    pub id: Option<String>,
    /// The source as it was entered, with its lines joined.
    pub source: String,
    /// How it was entered: `Interactive`, `Paste`, `File`, `Script`.
    pub mode: Option<String>,
    /// What it evaluated to; `None` where the recording has no output for it.
    pub result: Option<RuchyResult>,
    /// What it printed; need not be UTF-8.
    pub stdout: Vec<u8>,
    /// What it printed to the standard error; need not be UTF-8.
    pub stderr: Vec<u8>,
    /// When it began to run, in nanoseconds after `created_at`: the time of its input, or of
    /// its last line where each line was recorded by itself.
    pub start_ns: Option<u64>,
    /// When it ended, in nanoseconds after `created_at`: the time of its output.
    pub end_ns: Option<u64>,
    /// Execution count of a notebook.
    pub execution_count: Option<i64>,
    /// Facts of an audit stream or of a recording that have no other place.
    pub metadata: Map<String, Value>,
    /// Fields that the format does not have.
    pub extra: Map<String, Value>,
}

/// What a cell evaluated to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub enum RuchyResult {
    /// A value, as recorded: `String("[1.0]")` from the REPL, which wraps what it shows;
    /// `Array([Float(1.0)])` or the bare text from other programs.
    Success {
        /// The recorded text.
        value: String,
    },
    /// It failed.
    Error {
        /// The message.
        message: String,
    },
    /// Nothing.
    Unit,
    /// Something that the format does not have, as recorded.
    Unknown(Value),
}

impl RuchyResult {
    /// The text that a person saw of a value: without the REPL's `String("…")` around it.
    /// `None` where nothing was shown.
    pub fn shown(&self) -> Option<String> {
        let text = match self {
            Self::Success { value } => {
                values::unwrap_string(value).unwrap_or_else(|| value.clone())
            }
            Self::Unknown(value) => value.to_string(),
            Self::Error { .. } | Self::Unit => return None,
        };
        (!text.is_empty()).then_some(text)
    }
}

/// An event that is neither input nor output: `StateChange`, `ResourceUsage`, or one that the
/// format does not have.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct RuchyEvent {
    /// Id of the event.
    pub id: Option<u64>,
    /// Time in nanoseconds after `created_at`.
    pub timestamp_ns: Option<u64>,
    /// Index of the cell that ran or was the last to run; `None` before the first.
    pub cell: Option<usize>,
    /// Name of the event.
    pub kind: String,
    /// Its content as recorded.
    pub data: Value,
    /// Ids of the events that it follows from.
    pub causality: Vec<u64>,
}

impl RuchyCell {
    /// A cell of that source of which nothing else is known.
    pub fn new(source: impl Into<String>) -> Self {
        Self {
            source: source.into(),
            ..Self::default()
        }
    }

    /// Sets the value that the cell showed.
    #[must_use]
    pub fn with_value(mut self, value: impl Into<String>) -> Self {
        self.result = Some(RuchyResult::Success {
            value: value.into(),
        });
        self
    }

    /// Marks the cell as failed.
    #[must_use]
    pub fn with_error(mut self, message: impl Into<String>) -> Self {
        self.result = Some(RuchyResult::Error {
            message: message.into(),
        });
        self
    }

    /// Sets what the cell printed.
    #[must_use]
    pub fn with_stdout(mut self, stdout: impl Into<Vec<u8>>) -> Self {
        self.stdout = stdout.into();
        self
    }

    /// Sets begin and end, in nanoseconds after `created_at`.
    #[must_use]
    pub fn with_times(mut self, start_ns: u64, end_ns: u64) -> Self {
        (self.start_ns, self.end_ns) = (Some(start_ns), Some(end_ns));
        self
    }

    /// Whether the cell failed.
    pub fn is_error(&self) -> bool {
        matches!(self.result, Some(RuchyResult::Error { .. }))
    }

    /// Whether the cell is a command to the REPL, such as `:env` or `:quit`.
    pub fn is_command(&self) -> bool {
        values::is_command(&self.source)
    }
}

impl RuchySession {
    /// Reads a recording (`.replay`), a notebook (`.rnb`, or `.ipynb` of a Ruchy kernel), an
    /// audit stream (`.jsonl`) or an input history (`repl_history.txt`); the content tells which
    /// it is.
    ///
    /// # Errors
    /// [`RuchyBridgeError::Read`] if the file cannot be read or is none of these.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self, RuchyBridgeError> {
        let (bytes, context) = bridge::load(path.as_ref(), Limits::default())?;
        Ok(Self::detect(&bytes, &context)?)
    }

    /// Reads one of the formats of [`from_path`](Self::from_path) from its bytes.
    ///
    /// # Errors
    /// [`RuchyBridgeError::Read`] if the bytes are none of these.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, RuchyBridgeError> {
        Ok(Self::detect(bytes, &SourceContext::default())?)
    }

    fn detect(bytes: &[u8], context: &SourceContext) -> Result<Self, BridgeError> {
        match bridge::detect(bytes, context)? {
            format if format.is_ruchy() => super::read_recording(bytes, format, context),
            SourceFormat::Jupyter => {
                kernel::recording(bridge::jupyter::read(bytes, context)?, context)
            }
            format => Err(kernel::not_ruchy(format)),
        }
    }

    /// Time of the last event, in nanoseconds after `created_at`.
    pub fn end_ns(&self) -> Option<u64> {
        let cells = self
            .cells
            .iter()
            .flat_map(|cell| [cell.start_ns, cell.end_ns]);
        let events = self.events.iter().map(|event| event.timestamp_ns);
        cells
            .chain(events)
            .chain([self.last_event_ns])
            .flatten()
            .max()
    }

    /// The wall time that lies `ns` nanoseconds after `created_at`; `None` where that is not
    /// known or the time lies beyond the year 9999.
    pub fn time_at(&self, ns: u64) -> Option<DateTime<Utc>> {
        const NS_PER_S: u64 = 1_000_000_000;
        let seconds = i64::try_from(ns / NS_PER_S).ok()?;
        let rest = u32::try_from(ns % NS_PER_S).ok()?;
        let time = self
            .metadata
            .created_at?
            .checked_add_signed(TimeDelta::new(seconds, rest)?)?;
        is_plain(&time).then_some(time)
    }
}

/// Whether the year has four digits, as RFC 3339 and every calendar of other programs need.
pub(super) fn is_plain(time: &DateTime<Utc>) -> bool {
    use chrono::Datelike as _;
    (1..=9999).contains(&time.year())
}
