//! Cells of a recording: a row behind all of the same recorder, and by its time among the others.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::failure::Failure;
use super::super::prepare::{self, Output};
use super::super::value::{length, moment};
use super::super::{blob, import};
use super::rows::RecorderRow;
use crate::session::TrainingRun;
use crate::store::recording::{CellFrame, apply};

/// Puts a cell behind all of the same recorder, and by its time among the others.
pub(super) fn put(
    connection: &Connection,
    recorder: &mut RecorderRow,
    runs: &mut [TrainingRun],
    frame: CellFrame,
) -> Result<(), Failure> {
    let session = recorder.session;
    let (at_us, at_rest) = moment(frame.cell.timestamp);
    let count: usize = connection
        .prepare_cached("SELECT count(*) FROM cells WHERE session = ?1")?
        .query_row([session], |row| row.get(0))?;
    let after_time: usize = connection
        .prepare_cached(
            "SELECT place + 1 FROM cells
             WHERE session = ?1 AND (started_us, started_rest) <= (?2, ?3)
             ORDER BY place DESC LIMIT 1",
        )?
        .query_row(params![session, at_us, at_rest], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    let after_own = recorder.last_cell.map_or(0, |place| place + 1);
    let place = after_time.max(after_own).min(count);
    if place < count {
        make_room(connection, session, place)?;
        apply::shift_runs(runs, place);
    }
    let order = u32::try_from(place).unwrap_or(u32::MAX).saturating_add(1);
    let mut cell = frame.cell;
    cell.execution_order = order;
    let outputs = Output::all(&frame.record.outputs);
    for (number, output) in outputs.iter().enumerate() {
        blob::fits(
            || format!("output {number} of cell {place}"),
            output.json.len(),
        )?;
    }
    let from = prepare::output_from(&cell, Some(&frame.record));
    import::cell_row(connection, session, place, &cell, from)?;
    import::record_row(connection, session, place, &frame.record, &outputs)?;
    recorder.last_cell = Some(place);
    recorder.last_us = recorder.last_us.max(Some(at_us));
    Ok(())
}

/// Moves the cells from `place` on, with what belongs to them, by one. In two steps, since places are unique.
fn make_room(connection: &Connection, session: i64, place: usize) -> Result<(), Failure> {
    let place = length(place);
    for (table, column, also) in [
        ("cells", "place", ", execution_order = execution_order + 1"),
        ("cell_records", "place", ""),
        ("outputs", "cell", ""),
    ] {
        let away = format!(
            "UPDATE {table} SET {column} = -{column} - 1 WHERE session = ?1 AND {column} >= ?2"
        );
        let back = format!(
            "UPDATE {table} SET {column} = -{column}{also} WHERE session = ?1 AND {column} < 0"
        );
        connection
            .prepare_cached(&away)?
            .execute(params![session, place])?;
        connection.prepare_cached(&back)?.execute([session])?;
    }
    connection
        .prepare_cached(
            "UPDATE recorders SET last_cell = last_cell + 1 WHERE session = ?1 AND last_cell >= ?2",
        )?
        .execute(params![session, place])?;
    Ok(())
}
