//! When a code cell ran, as the programs that execute notebooks write it into a cell's metadata.

use chrono::{DateTime, Datelike as _, NaiveDateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use crate::session::WarningKind;

use super::notes::Notes;

/// When a cell ran, as far as its metadata tells.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct CellTimes {
    pub(super) start: Option<DateTime<Utc>>,
    pub(super) end: Option<DateTime<Utc>>,
    pub(super) duration_ms: Option<u64>,
}

impl CellTimes {
    fn is_known(&self) -> bool {
        self.start.is_some() || self.end.is_some() || self.duration_ms.is_some()
    }
}

/// Reads metadata in one program's form; `None` where the metadata has none of it.
type Reader = fn(&Map<String, Value>, &mut Times<'_>) -> Option<CellTimes>;

/// The forms that are known, in the order in which they are believed.
const READERS: [Reader; 8] = [
    jupyter,
    papermill,
    colab,
    execute_time,
    deepnote,
    databricks,
    azure,
    other,
];

/// Reads the times of the cell at `cell` (`cells[3]`); what cannot be read stays in the metadata
/// with a warning.
pub(super) fn read(metadata: &Map<String, Value>, cell: &str, notes: &mut Notes) -> CellTimes {
    if metadata.is_empty() {
        return CellTimes::default();
    }
    let mut times = Times { cell, notes };
    for reader in READERS {
        if let Some(mut found) = reader(metadata, &mut times).filter(CellTimes::is_known) {
            times.settle(&mut found);
            return found;
        }
    }
    CellTimes::default()
}

/// Reads a time of the notebook's own metadata at `path`.
pub(super) fn read_one(value: &Value, path: &str, notes: &mut Notes) -> Option<DateTime<Utc>> {
    Times { cell: path, notes }.text(Some(value), || path.to_owned())
}

/// JupyterLab and nbclient: message times, nbformat 4.5 schema, `metadata.execution`.
/// `shell.execute_reply.started` is JupyterLab's.
fn jupyter(metadata: &Map<String, Value>, times: &mut Times<'_>) -> Option<CellTimes> {
    let execution = metadata.get("execution")?.as_object()?;
    let mut first = |keys: &[&str]| {
        keys.iter()
            .find_map(|key| times.text(execution.get(*key), || format!("metadata.execution.{key}")))
    };
    Some(CellTimes {
        start: first(&[
            "iopub.status.busy",
            "shell.execute_reply.started",
            "iopub.execute_input",
        ]),
        end: first(&["iopub.status.idle", "shell.execute_reply"]),
        duration_ms: None,
    })
}

/// papermill: `start_time` and `end_time` in UTC without a zone, `duration` in seconds.
fn papermill(metadata: &Map<String, Value>, times: &mut Times<'_>) -> Option<CellTimes> {
    let papermill = metadata.get("papermill")?.as_object()?;
    let mut at = |key: &str| times.text(papermill.get(key), || format!("metadata.papermill.{key}"));
    Some(CellTimes {
        start: at("start_time"),
        end: at("end_time"),
        duration_ms: papermill.get("duration").and_then(|seconds| {
            let seconds = seconds.as_f64()?;
            millis(seconds * 1000.0)
        }),
    })
}

/// Colab: `timestamp` is the end in milliseconds since 1970, `elapsed` milliseconds.
fn colab(metadata: &Map<String, Value>, times: &mut Times<'_>) -> Option<CellTimes> {
    let info = metadata.get("executionInfo")?.as_object()?;
    let end = times.millis(info.get("timestamp"), || {
        "metadata.executionInfo.timestamp".to_owned()
    });
    let duration_ms = info.get("elapsed").and_then(Value::as_f64).and_then(millis);
    let start = end.and_then(|end| {
        let elapsed = TimeDelta::try_milliseconds(i64::try_from(duration_ms?).ok()?)?;
        end.checked_sub_signed(elapsed)
    });
    Some(CellTimes {
        start: start.or(end),
        end,
        duration_ms,
    })
}

/// The ExecuteTime extension of the classic notebook.
fn execute_time(metadata: &Map<String, Value>, times: &mut Times<'_>) -> Option<CellTimes> {
    let info = metadata.get("ExecuteTime")?.as_object()?;
    let mut first = |keys: [&str; 2]| {
        keys.iter()
            .find_map(|key| times.text(info.get(*key), || format!("metadata.ExecuteTime.{key}")))
    };
    Some(CellTimes {
        start: first(["start_time", "start"]),
        end: first(["end_time", "end"]),
        duration_ms: None,
    })
}

/// Deepnote: `execution_start` in milliseconds since 1970, `execution_millis`.
fn deepnote(metadata: &Map<String, Value>, times: &mut Times<'_>) -> Option<CellTimes> {
    let start = metadata.get("execution_start")?;
    Some(CellTimes {
        start: times.millis(Some(start), || "metadata.execution_start".to_owned()),
        end: None,
        duration_ms: metadata
            .get("execution_millis")
            .and_then(Value::as_f64)
            .and_then(millis),
    })
}

/// Databricks: `startTime` and `finishTime` in milliseconds since 1970.
fn databricks(metadata: &Map<String, Value>, times: &mut Times<'_>) -> Option<CellTimes> {
    let cell = metadata
        .get("application/vnd.databricks.v1+cell")?
        .as_object()?;
    let mut at = |key: &str| {
        // Zero stands for a cell that was never run.
        let value = cell.get(key).filter(|value| value.as_f64() != Some(0.0));
        times.millis(value, || format!("metadata.databricks.{key}"))
    };
    Some(CellTimes {
        start: at("startTime"),
        end: at("finishTime"),
        duration_ms: None,
    })
}

/// Times under the program's own name, as text or in milliseconds since 1970.
fn other(metadata: &Map<String, Value>, times: &mut Times<'_>) -> Option<CellTimes> {
    let (name, info) = ["vscode", "noteable", "azdata"]
        .iter()
        .find_map(|name| Some((*name, metadata.get(*name)?.as_object()?)))?;
    let mut first = |keys: [&str; 3]| {
        keys.iter()
            .find_map(|key| times.any(info.get(*key), || format!("metadata.{name}.{key}")))
    };
    Some(CellTimes {
        start: first(["start_time", "startTime", "executionStartTime"]),
        end: first(["end_time", "endTime", "executionEndTime"]),
        duration_ms: None,
    })
}

/// Azure Machine Learning: `gather.logged`, the end in milliseconds since 1970.
fn azure(metadata: &Map<String, Value>, times: &mut Times<'_>) -> Option<CellTimes> {
    let logged = metadata.get("gather")?.get("logged")?;
    let end = times.millis(Some(logged), || "metadata.gather.logged".to_owned());
    Some(CellTimes {
        start: end,
        end,
        duration_ms: None,
    })
}

struct Times<'a> {
    cell: &'a str,
    notes: &'a mut Notes,
}

impl Times<'_> {
    fn bad(&mut self, path: impl FnOnce() -> String, message: &str) {
        let cell = self.cell;
        let path = || {
            let path = path();
            if path == cell {
                path
            } else {
                format!("{cell}.{path}")
            }
        };
        self.notes.add(WarningKind::Time, path, message);
    }

    fn text(
        &mut self,
        value: Option<&Value>,
        path: impl FnOnce() -> String,
    ) -> Option<DateTime<Utc>> {
        let parsed = match value? {
            Value::Null => return None,
            Value::String(text) => parse(text.trim()).filter(|time| is_plausible(*time)),
            _ => None,
        };
        if parsed.is_none() {
            self.bad(
                path,
                "this is not a time (RFC 3339); it is kept in the metadata",
            );
        }
        parsed
    }

    fn millis(
        &mut self,
        value: Option<&Value>,
        path: impl FnOnce() -> String,
    ) -> Option<DateTime<Utc>> {
        let parsed = match value? {
            Value::Null => return None,
            Value::Number(number) => number
                .as_i64()
                .or_else(|| {
                    number
                        .as_f64()
                        .and_then(millis)
                        .and_then(|m| i64::try_from(m).ok())
                })
                .and_then(DateTime::from_timestamp_millis)
                .filter(|time| is_plausible(*time)),
            _ => None,
        };
        if parsed.is_none() {
            self.bad(
                path,
                "this is not a time in milliseconds since 1970; it is kept in the metadata",
            );
        }
        parsed
    }

    fn any(
        &mut self,
        value: Option<&Value>,
        path: impl FnOnce() -> String,
    ) -> Option<DateTime<Utc>> {
        if value.is_some_and(Value::is_number) {
            self.millis(value, path)
        } else {
            self.text(value, path)
        }
    }

    /// Fills the duration from start and end; an end before the start is not believed.
    fn settle(&mut self, times: &mut CellTimes) {
        let (Some(start), Some(end)) = (times.start, times.end) else {
            return;
        };
        match u64::try_from((end - start).num_milliseconds()) {
            Ok(elapsed) if end >= start => {
                times.duration_ms.get_or_insert(elapsed);
            }
            Ok(_) | Err(_) => {
                times.end = None;
                self.bad(
                    || "metadata".to_owned(),
                    "the cell ends before it begins; its end is kept in the metadata only",
                );
            }
        }
    }
}

/// RFC 3339, with a space for the `T` and a zone without a colon; without a zone it is UTC.
fn parse(text: &str) -> Option<DateTime<Utc>> {
    let zoned = |format| {
        DateTime::parse_from_str(text, format)
            .ok()
            .map(|t| t.to_utc())
    };
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|time| time.to_utc())
        .or_else(|| zoned("%Y-%m-%dT%H:%M:%S%.f%#z"))
        .or_else(|| zoned("%Y-%m-%d %H:%M:%S%.f%#z"))
        .or_else(|| {
            ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
                .iter()
                .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
                .map(|time| time.and_utc())
        })
}

/// No notebook ran before 1970, and RFC 3339 ends with the year 9999.
fn is_plausible(time: DateTime<Utc>) -> bool {
    (1970..=9999).contains(&time.year())
}

/// A duration in whole milliseconds, if it is one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked; a fraction of a millisecond is left out"
)]
fn millis(value: f64) -> Option<u64> {
    (0.0..9e15).contains(&value).then_some(value as u64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn times(metadata: Value) -> (Option<String>, Option<String>, Option<u64>, usize) {
        let Value::Object(metadata) = metadata else {
            unreachable!("tests give objects");
        };
        let mut notes = Notes::default();
        let found = read(&metadata, "cells[0]", &mut notes);
        let show = |t: Option<DateTime<Utc>>| {
            t.map(|t| t.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
        };
        (
            show(found.start),
            show(found.end),
            found.duration_ms,
            notes.into_warnings().count(),
        )
    }

    #[test]
    fn each_program_writes_times_in_its_own_way() {
        let start = Some("2024-05-01T10:00:00.500Z".to_owned());
        let end = Some("2024-05-01T10:00:02Z".to_owned());
        for metadata in [
            json!({"execution": {"iopub.status.busy": "2024-05-01T10:00:00.500Z",
                                 "iopub.status.idle": "2024-05-01T10:00:02Z"}}),
            json!({"execution": {"shell.execute_reply.started": "2024-05-01T10:00:00.500+00:00",
                                 "shell.execute_reply": "2024-05-01T12:00:02+02:00"}}),
            json!({"papermill": {"start_time": "2024-05-01T10:00:00.500000",
                                 "end_time": "2024-05-01T10:00:02", "duration": 1.5}}),
            json!({"executionInfo": {"timestamp": 1_714_557_602_000_i64, "elapsed": 1500}}),
            json!({"ExecuteTime": {"start_time": "2024-05-01T10:00:00.500Z",
                                   "end_time": "2024-05-01T10:00:02Z"}}),
            json!({"application/vnd.databricks.v1+cell":
                   {"startTime": 1_714_557_600_500_i64, "finishTime": 1_714_557_602_000_i64}}),
        ] {
            let expected = (start.clone(), end.clone(), Some(1500), 0);
            assert_eq!(times(metadata.clone()), expected, "{metadata}");
        }
        let deepnote = json!({"execution_start": 1_714_557_600_500_i64, "execution_millis": 7});
        assert_eq!(times(deepnote), (start, None, Some(7), 0));
    }

    #[test]
    fn what_is_not_a_time_is_a_warning() {
        for bad in [
            "yesterday",
            "0000-01-01T00:00:00Z",
            "+99999-01-01T00:00:00Z",
            "",
        ] {
            let (start, end, _, warnings) = times(json!({"execution": {"iopub.status.busy": bad}}));
            assert_eq!((start, end, warnings), (None, None, 1), "{bad}");
        }
        let bad = json!({"executionInfo": {"timestamp": 1e300, "elapsed": -1}});
        assert_eq!(times(bad), (None, None, None, 1));
        let back = json!({"ExecuteTime": {"start_time": "2024-05-01T10:00:02Z",
                                          "end_time": "2024-05-01T10:00:00Z"}});
        let (start, end, duration, warnings) = times(back);
        assert!(start.is_some());
        assert_eq!((end, duration, warnings), (None, None, 1));
    }
}
