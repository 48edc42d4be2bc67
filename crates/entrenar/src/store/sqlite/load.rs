//! Rows into sessions.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, Row};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::chunk;
use super::failure::Failure;
use super::import::{JOINED_OUTPUT, OWN_OUTPUT};
use super::recordings;
use super::value::{Hash, Text, from_moment, text, unsigned};
use crate::session::{
    CellError, CellRecord, CodeCell, Document, DocumentCell, EntrenarSession, ImportWarning, Place,
    RunStatus, Series, SeriesKey, SessionMetrics, SourceFormat, SourceInfo, TextCell, TimeSource,
    TrainingRun, WarningKind, output,
};
use crate::store::StoreError;

/// Ids that an ambiguous prefix shows.
const SHOWN_IDS: i64 = 10;

/// The row of the session with this id.
pub(super) fn row_of(connection: &Connection, id: &str) -> Result<i64, Failure> {
    connection
        .prepare_cached("SELECT session FROM sessions WHERE id = ?1")?
        .query_row([text(id)], |row| row.get(0))
        .optional()?
        .ok_or_else(|| StoreError::NotFound { id: id.to_owned() }.into())
}

/// The one id that is or begins with `prefix`.
pub(super) fn resolve(connection: &Connection, prefix: &str) -> Result<String, Failure> {
    let mut ids = Vec::new();
    match row_of(connection, prefix) {
        Ok(_row) => return Ok(prefix.to_owned()),
        Err(Failure::Store(StoreError::NotFound { .. })) => {}
        Err(failure) => return Err(failure),
    }
    let not_found = || StoreError::NotFound {
        id: prefix.to_owned(),
    };
    // An id with a NUL is a BLOB and sorts behind all text; it is given whole.
    if prefix.is_empty() || prefix.contains('\0') {
        return Err(not_found().into());
    }
    let mut statement = connection.prepare_cached(
        "SELECT id FROM sessions WHERE id >= ?1 AND typeof(id) = 'text' ORDER BY id LIMIT ?2",
    )?;
    let mut rows = statement.query((text(prefix), SHOWN_IDS))?;
    while let Some(row) = rows.next()? {
        let id: Text = row.get(0)?;
        if !id.0.starts_with(prefix) {
            break;
        }
        ids.push(id.0);
    }
    match ids.as_slice() {
        [] => Err(not_found().into()),
        [id] => Ok(id.clone()),
        _ => Err(StoreError::Ambiguous {
            prefix: prefix.to_owned(),
            ids,
        }
        .into()),
    }
}

/// The source document of a session.
pub(super) fn source(connection: &Connection, id: &str) -> Result<Option<Vec<u8>>, Failure> {
    let row = row_of(connection, id)?;
    Ok(connection
        .prepare_cached(
            "SELECT data FROM sessions JOIN blobs ON blob = source_blob WHERE session = ?1",
        )?
        .query_row([row], |row| row.get(0))
        .optional()?)
}

/// The whole session.
pub(super) fn session(connection: &Connection, id: &str) -> Result<EntrenarSession, Failure> {
    let row = row_of(connection, id)?;
    let mut session = without_points(connection, id, row)?;
    session.metrics = Records { connection, row }.metrics()?;
    Ok(session)
}

/// The session without its points.
pub(super) fn without_points(
    connection: &Connection,
    id: &str,
    row: i64,
) -> Result<EntrenarSession, Failure> {
    let mut session = description(connection, id, row)?;
    let records = Records { connection, row };
    session.cell_records = records.cell_records()?;
    session.code_history = records.cells(&session.cell_records)?;
    session.document.cells = records.document_cells()?;
    Ok(session)
}

/// The session without its points, cells and document.
pub(super) fn description(
    connection: &Connection,
    id: &str,
    row: i64,
) -> Result<EntrenarSession, Failure> {
    let mut session = session_row(connection, id, row)?;
    let records = Records { connection, row };
    session.tags = records.tags()?;
    session.derived = records.derived()?;
    session.warnings = records.warnings()?;
    session.runs = records.runs()?;
    recordings::read(connection, row, &mut session)?;
    Ok(session)
}

/// How many cells a session has.
pub(super) fn cell_count(connection: &Connection, session: i64) -> Result<usize, Failure> {
    let mut statement =
        connection.prepare_cached("SELECT count(*) FROM cells WHERE session = ?1")?;
    Ok(statement.query_row([session], |row| row.get(0))?)
}

fn session_row(
    connection: &Connection,
    id: &str,
    session: i64,
) -> Result<EntrenarSession, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT name, user, architecture, dataset, config, notes, foreign_id,
           started_us, started_rest, ended_us, ended_rest,
           source_name, source_format, source_sha256, source_size, document, document_extra
         FROM sessions WHERE session = ?1",
    )?;
    let mut rows = statement.query([session])?;
    let row = rows
        .next()?
        .ok_or_else(|| StoreError::NotFound { id: id.to_owned() })?;
    let source = match row.get::<_, Option<String>>(12)? {
        None => None,
        Some(format) => Some(SourceInfo {
            name: optional(row, 11)?,
            format: SourceFormat::from_name(&format)
                .ok_or_else(|| unknown("source format", &format))?,
            sha256: row.get::<_, Hash>(13)?.0,
            size: unsigned(row.get(14)?),
        }),
    };
    Ok(EntrenarSession {
        user: optional(row, 1)?,
        architecture: optional(row, 2)?,
        dataset: optional(row, 3)?,
        config: json(row, 4)?,
        notes: optional(row, 5)?,
        foreign_id: optional(row, 6)?,
        started_at: time(row, 7)?,
        ended_at: time(row, 9)?,
        source,
        document: Document {
            cells: Vec::new(),
            metadata: json(row, 15)?,
            extra: json(row, 16)?,
        },
        ..EntrenarSession::empty(id, row.get::<_, Text>(0)?.0)
    })
}

/// The rows of one session.
struct Records<'a> {
    connection: &'a Connection,
    row: i64,
}

impl Records<'_> {
    /// All rows of a query with the session as its parameter.
    fn all<T>(
        &self,
        sql: &str,
        mut read: impl FnMut(&Row<'_>) -> Result<T, Failure>,
    ) -> Result<Vec<T>, Failure> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([self.row])?;
        let mut items = Vec::new();
        while let Some(row) = rows.next()? {
            items.push(read(row)?);
        }
        Ok(items)
    }

    fn tags(&self) -> Result<Vec<String>, Failure> {
        self.all(
            "SELECT tag FROM tags WHERE session = ?1 ORDER BY place",
            |row| Ok(row.get::<_, Text>(0)?.0),
        )
    }

    fn derived(&self) -> Result<BTreeMap<String, String>, Failure> {
        let rows = self.all("SELECT field, how FROM derived WHERE session = ?1", |row| {
            Ok((row.get::<_, Text>(0)?.0, row.get::<_, Text>(1)?.0))
        })?;
        Ok(rows.into_iter().collect())
    }

    fn warnings(&self) -> Result<Vec<ImportWarning>, Failure> {
        self.all(
            "SELECT kind, path, byte, message FROM warnings WHERE session = ?1 ORDER BY place",
            |row| {
                let kind: String = row.get(0)?;
                Ok(ImportWarning {
                    kind: WarningKind::from_name(&kind)
                        .ok_or_else(|| unknown("kind of warning", &kind))?,
                    place: Place {
                        path: optional(row, 1)?,
                        byte: row.get::<_, Option<i64>>(2)?.map(unsigned),
                    },
                    message: row.get::<_, Text>(3)?.0,
                })
            },
        )
    }

    fn runs(&self) -> Result<Vec<TrainingRun>, Failure> {
        self.all(
            "SELECT name, config, first_cell, last_cell, started_us, started_rest,
               ended_us, ended_rest, status
             FROM runs WHERE session = ?1 ORDER BY place",
            |row| {
                let status: String = row.get(8)?;
                Ok(TrainingRun {
                    name: optional(row, 0)?,
                    config: json(row, 1)?,
                    first_cell: row.get(2)?,
                    last_cell: row.get(3)?,
                    started_at: time(row, 4)?,
                    ended_at: time(row, 6)?,
                    status: RunStatus::from_name(&status)
                        .ok_or_else(|| unknown("status of a run", &status))?,
                })
            },
        )
    }

    fn cells(&self, cell_records: &[CellRecord]) -> Result<Vec<CodeCell>, Failure> {
        let mut place = 0;
        self.all(
            "SELECT execution_order, source, output_from, output,
               started_us, started_rest, duration_ms
             FROM cells WHERE session = ?1 ORDER BY place",
            |row| {
                let record: Option<&CellRecord> = cell_records.get(place);
                place += 1;
                Ok(CodeCell {
                    execution_order: row.get(0)?,
                    source: row.get::<_, Text>(1)?.0,
                    output: match row.get(2)? {
                        OWN_OUTPUT => Some(row.get::<_, Text>(3)?.0),
                        JOINED_OUTPUT => {
                            record.and_then(|record| output::joined_text(&record.outputs))
                        }
                        _ => None,
                    },
                    timestamp: time(row, 4)?
                        .ok_or_else(|| Failure::damaged("a cell has no time"))?,
                    duration_ms: row.get::<_, Option<i64>>(6)?.map(unsigned),
                })
            },
        )
    }

    fn cell_records(&self) -> Result<Vec<CellRecord>, Failure> {
        let mut records = self.all(
            "SELECT id, execution_count, mode, error, metadata, extra, time_derived,
               ended_us, ended_rest
             FROM cell_records WHERE session = ?1 ORDER BY place",
            |row| {
                Ok(CellRecord {
                    id: optional(row, 0)?,
                    execution_count: row.get(1)?,
                    mode: optional(row, 2)?,
                    outputs: Vec::new(),
                    error: cell_error(row, 3)?,
                    metadata: optional_map(row, 4)?,
                    extra: optional_map(row, 5)?,
                    time_source: if row.get(6)? {
                        TimeSource::Derived
                    } else {
                        TimeSource::Recorded
                    },
                    ended_at: time(row, 7)?,
                })
            },
        )?;
        self.all(
            "SELECT cell, coalesce(body, data)
             FROM outputs LEFT JOIN blobs ON blobs.blob = outputs.blob
             WHERE session = ?1 ORDER BY cell, place",
            |row| {
                let output: Value = json(row, 1)?;
                usize::try_from(row.get::<_, i64>(0)?)
                    .ok()
                    .and_then(|cell| records.get_mut(cell))
                    .ok_or_else(|| Failure::damaged("an output belongs to no cell"))?
                    .outputs
                    .push(output);
                Ok(())
            },
        )?;
        Ok(records)
    }

    fn document_cells(&self) -> Result<Vec<DocumentCell>, Failure> {
        self.all(
            "SELECT kind, code_cell, id, source, metadata, attachments, extra
             FROM document_cells WHERE session = ?1 ORDER BY place",
            |row| {
                let kind: String = row.get(0)?;
                if kind == "code" {
                    let index = usize::try_from(unsigned(row.get(1)?))
                        .map_err(|error| Failure::damaged(error.to_string()))?;
                    return Ok(DocumentCell::Code(index));
                }
                let cell = TextCell {
                    id: optional(row, 2)?,
                    source: row.get::<_, Text>(3)?.0,
                    metadata: optional_map(row, 4)?,
                    attachments: optional_map(row, 5)?,
                    extra: optional_map(row, 6)?,
                };
                Ok(match kind.as_str() {
                    "markdown" => DocumentCell::Markdown(cell),
                    _ => DocumentCell::Raw(cell),
                })
            },
        )
    }

    fn metrics(&self) -> Result<SessionMetrics, Failure> {
        let keys = self.all(
            "SELECT series, name, run, rank, count FROM series
             WHERE session = ?1 ORDER BY place",
            |row| {
                let key = SeriesKey {
                    name: row.get::<_, Text>(1)?.0,
                    run: row.get(2)?,
                    rank: row.get(3)?,
                };
                Ok((row.get::<_, i64>(0)?, key, row.get::<_, usize>(4)?))
            },
        )?;
        let mut metrics = SessionMetrics::new();
        for (row, key, count) in keys {
            let series = self.series(row, key)?;
            if series.len() != count {
                return Err(Failure::damaged(format!(
                    "series {:?} has {} points instead of {count}",
                    series.name(),
                    series.len(),
                )));
            }
            metrics.insert(series);
        }
        Ok(metrics)
    }

    fn series(&self, row: i64, key: SeriesKey) -> Result<Series, Failure> {
        let mut series = Series::new(key);
        let mut statement = self
            .connection
            .prepare_cached("SELECT chunk, data FROM chunks WHERE series = ?1 ORDER BY place")?;
        let mut chunks = statement.query([row])?;
        while let Some(chunk) = chunks.next()? {
            let data = chunk::row::blob(chunk, 1)?;
            chunk::row::read(self.connection, chunk.get(0)?, data, &mut series)?.map_err(
                |reason| {
                    Failure::damaged(format!("a chunk of series {:?}: {reason}", series.name()))
                },
            )?;
        }
        Ok(series)
    }
}

fn unknown(what: &str, name: &str) -> Failure {
    Failure::damaged(format!("unknown {what} {name:?}"))
}

/// Foreign text that may be absent.
fn optional(row: &Row<'_>, column: usize) -> Result<Option<String>, Failure> {
    Ok(row.get::<_, Option<Text>>(column)?.map(|text| text.0))
}

/// The moment in two columns, from `column` on.
fn time(row: &Row<'_>, column: usize) -> Result<Option<DateTime<Utc>>, Failure> {
    let Some(micros) = row.get(column)? else {
        return Ok(None);
    };
    from_moment(micros, row.get(column + 1)?)
        .map(Some)
        .ok_or_else(|| Failure::damaged(format!("no moment is {micros}")))
}

/// JSON that the store wrote.
fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T, Failure> {
    let bytes = row
        .get_ref(column)?
        .as_bytes()
        .map_err(|error| Failure::damaged(error.to_string()))?;
    serde_json::from_slice(bytes).map_err(|error| Failure::damaged(error.to_string()))
}

fn optional_map(row: &Row<'_>, column: usize) -> Result<Map<String, Value>, Failure> {
    if row
        .get_ref(column)?
        .as_bytes_or_null()
        .is_ok_and(|b| b.is_none())
    {
        return Ok(Map::new());
    }
    json(row, column)
}

fn cell_error(row: &Row<'_>, column: usize) -> Result<Option<CellError>, Failure> {
    let error: Option<(String, String, Vec<String>)> = {
        if row.get::<_, Option<Text>>(column)?.is_none() {
            return Ok(None);
        }
        let mut value: Value = json(row, column)?;
        let mut part = |name: &str| value.get_mut(name).map(Value::take).unwrap_or_default();
        let take = |value| match value {
            Value::String(text) => text,
            _ => String::new(),
        };
        let traceback = match part("traceback") {
            Value::Array(lines) => lines.into_iter().map(take).collect(),
            _ => Vec::new(),
        };
        Some((take(part("name")), take(part("message")), traceback))
    };
    Ok(error.map(|(name, message, traceback)| CellError {
        name,
        message,
        traceback,
    }))
}
