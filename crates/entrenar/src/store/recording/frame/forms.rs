//! How cells, runs and warnings stand in the JSON of their frames.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{CellFrame, Frame};
use crate::session::{
    CellError, CellRecord, CodeCell, ForkOrigin, ImportWarning, Place, RunStatus, TimeSource,
    TrainingRun, WarningKind,
};

/// A cell in its frame.
#[derive(Serialize, Deserialize)]
pub(super) struct CellText {
    order: u32,
    source: String,
    output: Option<String>,
    at: DateTime<Utc>,
    duration_ms: Option<u64>,
    id: Option<String>,
    count: Option<i64>,
    mode: Option<String>,
    #[serde(default)]
    outputs: Vec<Value>,
    error: Option<ErrorText>,
    #[serde(default)]
    metadata: Map<String, Value>,
    #[serde(default)]
    extra: Map<String, Value>,
    #[serde(default)]
    time_derived: bool,
    ended: Option<DateTime<Utc>>,
}

#[derive(Serialize, Deserialize)]
struct ErrorText {
    name: String,
    message: String,
    traceback: Vec<String>,
}

impl CellText {
    pub(super) fn of(frame: &CellFrame) -> Self {
        let CellFrame { cell, record } = frame.clone();
        Self {
            order: cell.execution_order,
            source: cell.source,
            output: cell.output,
            at: cell.timestamp,
            duration_ms: cell.duration_ms,
            id: record.id,
            count: record.execution_count,
            mode: record.mode,
            outputs: record.outputs,
            error: record.error.map(|error| ErrorText {
                name: error.name,
                message: error.message,
                traceback: error.traceback,
            }),
            metadata: record.metadata,
            extra: record.extra,
            time_derived: record.time_source == TimeSource::Derived,
            ended: record.ended_at,
        }
    }

    pub(super) fn into_frame(self) -> CellFrame {
        CellFrame {
            cell: CodeCell {
                execution_order: self.order,
                source: self.source,
                output: self.output,
                timestamp: self.at,
                duration_ms: self.duration_ms,
            },
            record: CellRecord {
                id: self.id,
                execution_count: self.count,
                mode: self.mode,
                outputs: self.outputs,
                error: self.error.map(|error| CellError {
                    name: error.name,
                    message: error.message,
                    traceback: error.traceback,
                }),
                metadata: self.metadata,
                extra: self.extra,
                time_source: if self.time_derived {
                    TimeSource::Derived
                } else {
                    TimeSource::Recorded
                },
                ended_at: self.ended,
            },
        }
    }
}

/// A run in its frame.
#[derive(Serialize, Deserialize)]
pub(super) struct RunText {
    number: u32,
    name: Option<String>,
    #[serde(default)]
    config: BTreeMap<String, String>,
    first_cell: Option<u32>,
    last_cell: Option<u32>,
    started: Option<DateTime<Utc>>,
    ended: Option<DateTime<Utc>>,
    #[serde(default)]
    status: String,
}

impl RunText {
    pub(super) fn of(number: u32, run: &TrainingRun) -> Self {
        Self {
            number,
            name: run.name.clone(),
            config: run.config.clone(),
            first_cell: run.first_cell,
            last_cell: run.last_cell,
            started: run.started_at,
            ended: run.ended_at,
            status: run.status.as_str().to_owned(),
        }
    }

    pub(super) fn into_frame(self) -> Frame {
        Frame::Run {
            number: self.number,
            run: TrainingRun {
                name: self.name,
                config: self.config,
                first_cell: self.first_cell,
                last_cell: self.last_cell,
                started_at: self.started,
                ended_at: self.ended,
                status: RunStatus::from_name(&self.status).unwrap_or_default(),
            },
        }
    }
}

/// A warning in its frame.
#[derive(Serialize, Deserialize)]
pub(super) struct WarningText {
    kind: String,
    path: Option<String>,
    byte: Option<u64>,
    message: String,
}

impl WarningText {
    pub(super) fn of(warning: &ImportWarning) -> Self {
        Self {
            kind: warning.kind.as_str().to_owned(),
            path: warning.place.path.clone(),
            byte: warning.place.byte,
            message: warning.message.clone(),
        }
    }

    pub(super) fn into_warning(self) -> ImportWarning {
        let place = Place {
            path: self.path,
            byte: self.byte,
        };
        let kind = WarningKind::from_name(&self.kind).unwrap_or(WarningKind::InvalidValue);
        ImportWarning::new(kind, place, self.message)
    }
}

/// The origin of a fork in its frame: session and step.
pub(super) mod fork {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::ForkOrigin;

    #[expect(clippy::ref_option, reason = "serde calls it with this type")]
    pub(in super::super) fn serialize<S: Serializer>(
        origin: &Option<ForkOrigin>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let pair = origin.as_ref().map(|origin| (&origin.session, origin.step));
        pair.serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<ForkOrigin>, D::Error> {
        let pair = Option::<(String, Option<i64>)>::deserialize(deserializer)?;
        Ok(pair.map(|(session, step)| ForkOrigin { session, step }))
    }
}
