//! Sessions into rows.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use serde_json::{Map, Value, json};

use super::blob;
use super::chunk;
use super::events::{self, Event};
use super::failure::Failure;
use super::prepare::{Computed, Output, Prepared, Source};
use super::value::{self, length, moment, optional_moment, optional_text, signed, text};
use super::{load, recordings};
use crate::session::chain;
use crate::session::{
    CellRecord, Clock, CodeCell, DocumentCell, EntrenarSession, Series, Sha256Hash, TextCell,
    TimeSource,
};
use crate::store::{ImportStatus, StoreError};

/// The final loss is NaN (column `nan_figures`).
pub(super) const FINAL_LOSS_NAN: i64 = 1;
/// The final accuracy is NaN (column `nan_figures`).
pub(super) const FINAL_ACCURACY_NAN: i64 = 2;

/// Where the text of a cell is (column `output_from`).
pub(super) const NO_OUTPUT: i64 = 0;
/// The text is in the cell's row.
pub(super) const OWN_OUTPUT: i64 = 1;
/// The text is that of the cell's outputs, joined.
pub(super) const JOINED_OUTPUT: i64 = 2;

/// Imports each session by itself: one that is refused leaves nothing.
pub(super) fn all<'a>(
    transaction: &mut Transaction<'_>,
    clock: &dyn Clock,
    sessions: impl IntoIterator<Item = Prepared<'a>>,
    path: &Path,
) -> Result<Vec<Result<ImportStatus, StoreError>>, Failure> {
    let mut statuses = Vec::new();
    for prepared in sessions {
        let is_large = prepared.computed.as_ref().is_ok_and(|c| c.is_large);
        let done = if is_large {
            let savepoint = transaction.savepoint()?;
            one(&savepoint, clock, prepared)
                .and_then(|status| Ok(savepoint.commit().map(|()| status)?))
        } else {
            // A refusal comes before its first row.
            one(transaction, clock, prepared)
        };
        statuses.push(match done.map_err(|failure| failure.at(path)) {
            Ok(status) => Ok(status),
            Err(
                refusal @ (StoreError::IdTaken { .. }
                | StoreError::TooLarge { .. }
                | StoreError::TooDeep { .. }),
            ) => Err(refusal),
            Err(failed) => return Err(failed.into()),
        });
    }
    Ok(statuses)
}

/// Whether the sessions differ in nothing but the times that stand in for those that their
/// files do not hold: another copy of a file has another modification time.
fn is_same(mut stored: EntrenarSession, session: &EntrenarSession) -> bool {
    let records = stored.cell_records.iter().zip(&session.cell_records);
    let cells = stored.code_history.iter_mut().zip(&session.code_history);
    for ((cell, other), (record, other_record)) in cells.zip(records) {
        if record.time_source == TimeSource::Derived
            && other_record.time_source == TimeSource::Derived
        {
            cell.timestamp = other.timestamp;
        }
    }
    stored == *session
}

fn one(
    connection: &Connection,
    clock: &dyn Clock,
    prepared: Prepared<'_>,
) -> Result<ImportStatus, Failure> {
    let Prepared {
        session,
        source,
        computed,
    } = prepared;
    if let Some(sha256) = &source.sha256
        && is_known(connection, sha256)?
    {
        return Ok(ImportStatus::Unchanged);
    }
    let computed = computed?;
    let same_id = connection
        .prepare_cached("SELECT import_sha256 FROM sessions WHERE id = ?1")?
        .query_row([text(&session.id)], |row| row.get::<_, value::Hash>(0))
        .optional()?;
    if let Some(imported) = same_id {
        if source.sha256.is_none()
            && (imported.0 == computed.whole
                || is_same(load::session(connection, &session.id)?, &session))
        {
            return Ok(ImportStatus::Unchanged);
        }
        return Err(StoreError::IdTaken {
            id: session.id.clone(),
        }
        .into());
    }
    insert(connection, clock, &session, &source, &computed)?;
    let detail = chain::import_detail(&session, &computed.content, source.sha256);
    events::append(
        connection,
        clock,
        &Event {
            session: Some(&session.id),
            kind: "import",
            detail: &detail,
        },
    )?;
    Ok(ImportStatus::Imported)
}

fn is_known(connection: &Connection, sha256: &Sha256Hash) -> Result<bool, Failure> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM sources WHERE sha256 = ?1")?
        .exists([sha256.as_bytes()])?)
}

fn insert(
    connection: &Connection,
    clock: &dyn Clock,
    session: &EntrenarSession,
    source: &Source<'_>,
    computed: &Computed,
) -> Result<(), Failure> {
    let imported_us = clock.now().timestamp_micros();
    let row = rows(
        connection,
        session,
        source,
        computed,
        &computed.whole,
        imported_us,
    )?;
    if let Some(sha256) = &source.sha256 {
        connection
            .prepare_cached(
                "INSERT INTO sources (sha256, session, redacted_from) VALUES (?1, ?2, 0)",
            )?
            .execute(params![sha256.as_bytes(), row])?;
    }
    Ok(())
}

/// Writes all rows of a session; gives its row.
pub(super) fn rows(
    connection: &Connection,
    session: &EntrenarSession,
    source: &Source<'_>,
    computed: &Computed,
    whole: &Sha256Hash,
    imported_us: i64,
) -> Result<i64, Failure> {
    let blob = match (&source.bytes, &source.sha256) {
        (Some(bytes), Some(sha256)) => Some(blob::put(connection, sha256, bytes)?),
        _ => None,
    };
    let row = session_row(connection, session, blob, whole, imported_us)?;
    small_rows(connection, session, row)?;
    run_rows(connection, session, row)?;
    cell_rows(connection, session, computed, row)?;
    document_rows(connection, session, row)?;
    series_rows(connection, session, computed, row)?;
    last_value_rows(connection, session, row)?;
    recordings::put(connection, row, session)?;
    Ok(row)
}

/// Writes the row of a session alone.
pub(super) fn session_row(
    connection: &Connection,
    session: &EntrenarSession,
    blob: Option<i64>,
    whole: &Sha256Hash,
    imported_us: i64,
) -> Result<i64, Failure> {
    let (started_us, started_rest) = optional_moment(session.started_at);
    let (ended_us, ended_rest) = optional_moment(session.ended_at);
    let metrics = &session.metrics;
    let (final_loss, final_accuracy) = (metrics.final_loss(), metrics.final_accuracy());
    let is_nan = |value: Option<f64>| value.is_some_and(f64::is_nan);
    let mut nan_figures = 0;
    if is_nan(final_loss) {
        nan_figures |= FINAL_LOSS_NAN;
    }
    if is_nan(final_accuracy) {
        nan_figures |= FINAL_ACCURACY_NAN;
    }
    let source = session.source.as_ref();
    let duration_us = started_us
        .zip(ended_us)
        .map(|(from, to)| to.saturating_sub(from));
    connection
        .prepare_cached(
            "INSERT INTO sessions (id, name, user, architecture, dataset, config, notes,
               foreign_id, started_us, started_rest, ended_us, ended_rest,
               source_name, source_format, source_sha256, source_size, source_blob,
               document, document_extra, import_sha256, imported_us,
               cells, points, runs, steps, warnings, duration_us,
               final_loss, best_loss, final_accuracy, best_accuracy, nan_figures)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
               ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32)",
        )?
        .execute(params![
            text(&session.id),
            text(&session.name),
            optional_text(session.user.as_deref()),
            optional_text(session.architecture.as_deref()),
            optional_text(session.dataset.as_deref()),
            names(&session.config),
            optional_text(session.notes.as_deref()),
            optional_text(session.foreign_id.as_deref()),
            started_us,
            started_rest,
            ended_us,
            ended_rest,
            optional_text(source.and_then(|source| source.name.as_deref())),
            source.map(|source| source.format.as_str()),
            source.map(|source| *source.sha256.as_bytes()),
            source.map(|source| signed(source.size)),
            blob,
            map(&session.document.metadata),
            map(&session.document.extra),
            whole.as_bytes(),
            imported_us,
            length(session.code_history.len()),
            length(metrics.point_count()),
            length(session.runs.len()),
            length(metrics.total_steps()),
            length(session.warnings.len()),
            duration_us,
            final_loss,
            metrics.best_loss(),
            final_accuracy,
            metrics.best_accuracy(),
            nan_figures,
        ])?;
    Ok(connection.last_insert_rowid())
}

pub(super) fn names(names: &BTreeMap<String, String>) -> String {
    serde_json::to_string(names).unwrap_or_else(|_error| json!(names).to_string())
}

fn map(map: &Map<String, Value>) -> String {
    serde_json::to_string(map).unwrap_or_else(|_error| json!(map).to_string())
}

/// A map as JSON, or NULL where it is empty.
fn optional_map(value: &Map<String, Value>) -> Option<String> {
    (!value.is_empty()).then(|| map(value))
}

/// Tags, derived marks and warnings.
pub(super) fn small_rows(
    connection: &Connection,
    session: &EntrenarSession,
    row: i64,
) -> Result<(), Failure> {
    tag_rows(connection, &session.tags, row)?;
    let mut derived = connection
        .prepare_cached("INSERT INTO derived (session, field, how) VALUES (?1, ?2, ?3)")?;
    for (field, how) in &session.derived {
        derived.execute(params![row, text(field), text(how)])?;
    }
    let mut warnings = connection.prepare_cached(
        "INSERT INTO warnings (session, place, kind, path, byte, message)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (place, warning) in session.warnings.iter().enumerate() {
        warnings.execute(params![
            row,
            length(place),
            warning.kind.as_str(),
            optional_text(warning.place.path.as_deref()),
            warning.place.byte.map(signed),
            text(&warning.message),
        ])?;
    }
    Ok(())
}

/// The tags of a session that has none in the store.
pub(super) fn tag_rows(connection: &Connection, tags: &[String], row: i64) -> Result<(), Failure> {
    let mut statement =
        connection.prepare_cached("INSERT INTO tags (session, place, tag) VALUES (?1, ?2, ?3)")?;
    for (place, tag) in tags.iter().enumerate() {
        statement.execute(params![row, length(place), text(tag)])?;
    }
    Ok(())
}

/// The runs of a session that has none in the store.
pub(super) fn run_rows(
    connection: &Connection,
    session: &EntrenarSession,
    row: i64,
) -> Result<(), Failure> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO runs (session, place, name, config, first_cell, last_cell,
           started_us, started_rest, ended_us, ended_rest, status)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    for (place, run) in session.runs.iter().enumerate() {
        let (started_us, started_rest) = optional_moment(run.started_at);
        let (ended_us, ended_rest) = optional_moment(run.ended_at);
        statement.execute(params![
            row,
            length(place),
            optional_text(run.name.as_deref()),
            names(&run.config),
            run.first_cell,
            run.last_cell,
            started_us,
            started_rest,
            ended_us,
            ended_rest,
            run.status.as_str(),
        ])?;
    }
    Ok(())
}

fn cell_rows(
    connection: &Connection,
    session: &EntrenarSession,
    computed: &Computed,
    row: i64,
) -> Result<(), Failure> {
    let cells = session.code_history.iter().zip(&computed.output_from);
    for (place, (cell, output_from)) in cells.enumerate() {
        cell_row(connection, row, place, cell, *output_from)?;
    }
    let records = session.cell_records.iter().zip(&computed.outputs);
    for (place, (record, outputs)) in records.enumerate() {
        record_row(connection, row, place, record, outputs)?;
    }
    Ok(())
}

/// Writes a code cell of the session, without what its source holds beyond that.
pub(super) fn cell_row(
    connection: &Connection,
    session: i64,
    place: usize,
    cell: &CodeCell,
    output_from: i64,
) -> Result<(), Failure> {
    let own = cell.output.as_deref();
    let own = own.filter(|_| output_from == OWN_OUTPUT);
    let (started_us, started_rest) = moment(cell.timestamp);
    connection
        .prepare_cached(
            "INSERT INTO cells (session, place, execution_order, source, output_from, output,
               started_us, started_rest, duration_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            session,
            length(place),
            cell.execution_order,
            text(&cell.source),
            output_from,
            optional_text(own),
            started_us,
            started_rest,
            cell.duration_ms.map(signed),
        ])?;
    Ok(())
}

/// Writes what the source of a code cell holds beyond it.
pub(super) fn record_row(
    connection: &Connection,
    session: i64,
    cell: usize,
    record: &CellRecord,
    outputs: &[Output],
) -> Result<(), Failure> {
    let error = record.error.as_ref().map(|error| {
        json!({ "name": error.name, "message": error.message, "traceback": error.traceback })
            .to_string()
    });
    let (ended_us, ended_rest) = optional_moment(record.ended_at);
    connection
        .prepare_cached(
            "INSERT INTO cell_records (session, place, id, execution_count, mode, error,
               metadata, extra, time_derived, ended_us, ended_rest)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            session,
            length(cell),
            optional_text(record.id.as_deref()),
            record.execution_count,
            optional_text(record.mode.as_deref()),
            error,
            optional_map(&record.metadata),
            optional_map(&record.extra),
            record.time_source == TimeSource::Derived,
            ended_us,
            ended_rest,
        ])?;
    let mut statement = connection.prepare_cached(
        "INSERT INTO outputs (session, cell, place, body, blob) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (place, output) in outputs.iter().enumerate() {
        let (body, blob) = if output.is_large() {
            let blob = blob::put(connection, &output.sha256, output.json.as_bytes())?;
            (None, Some(blob))
        } else {
            (Some(output.json.as_str()), None)
        };
        statement.execute(params![session, length(cell), length(place), body, blob])?;
    }
    Ok(())
}

fn document_rows(
    connection: &Connection,
    session: &EntrenarSession,
    row: i64,
) -> Result<(), Failure> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO document_cells (session, place, kind, code_cell, id, source,
           metadata, attachments, extra)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for (place, cell) in session.document.cells.iter().enumerate() {
        let (kind, code, cell): (_, _, Option<&TextCell>) = match cell {
            DocumentCell::Code(index) => {
                let index = u64::try_from(*index).unwrap_or(u64::MAX);
                ("code", Some(signed(index)), None)
            }
            DocumentCell::Markdown(cell) => ("markdown", None, Some(cell)),
            DocumentCell::Raw(cell) => ("raw", None, Some(cell)),
        };
        statement.execute(params![
            row,
            length(place),
            kind,
            code,
            optional_text(cell.and_then(|cell| cell.id.as_deref())),
            optional_text(cell.map(|cell| cell.source.as_str())),
            cell.and_then(|cell| optional_map(&cell.metadata)),
            cell.and_then(|cell| optional_map(&cell.attachments)),
            cell.and_then(|cell| optional_map(&cell.extra)),
        ])?;
    }
    Ok(())
}

fn series_rows(
    connection: &Connection,
    session: &EntrenarSession,
    computed: &Computed,
    row: i64,
) -> Result<(), Failure> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO series (session, place, name, run, rank, count)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let series = session.metrics.series().iter().zip(&computed.chunks);
    for (place, (series, chunks)) in series.enumerate() {
        let key = series.key();
        statement.execute(params![
            row,
            length(place),
            text(&key.name),
            key.run,
            key.rank,
            length(series.len()),
        ])?;
        let series_row = connection.last_insert_rowid();
        for (place, chunk) in chunks.iter().enumerate() {
            chunk::row::insert(connection, series_row, length(place), chunk)?;
        }
    }
    Ok(())
}

/// The last value of each name: of several runs that of the last, of several ranks that of the
/// lowest.
fn last_value_rows(
    connection: &Connection,
    session: &EntrenarSession,
    row: i64,
) -> Result<(), Failure> {
    let mut last: BTreeMap<&str, (&Series, f64)> = BTreeMap::new();
    for series in session.metrics.series() {
        let Some(value) = series.values().last() else {
            continue;
        };
        let later = |other: &Series| {
            let order = |series: &Series| {
                let key = series.key();
                (key.run, std::cmp::Reverse(key.rank))
            };
            order(series) > order(other)
        };
        let entry = last.entry(series.name()).or_insert((series, *value));
        if later(entry.0) {
            *entry = (series, *value);
        }
    }
    let mut statement = connection
        .prepare_cached("INSERT INTO last_values (session, name, value) VALUES (?1, ?2, ?3)")?;
    for (name, (_, value)) in last {
        statement.execute(params![row, text(name), value])?;
    }
    Ok(())
}
