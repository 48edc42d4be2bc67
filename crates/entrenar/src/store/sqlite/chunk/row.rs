//! Chunks as rows: a row of `chunks` and those of its pages, which come and go together.

use std::ops::Range;

use rusqlite::{Connection, params};

use super::{EncodedChunk, Page, PagedHead, decode_whole, is_paged};
use crate::session::Series;
use crate::store::sqlite::failure::Failure;
use crate::store::sqlite::value::length;

/// Adds a chunk at `place` of a series and gives its row.
///
/// # Errors
/// If the database refuses.
pub(in super::super) fn insert(
    connection: &Connection,
    series: i64,
    place: i64,
    chunk: &EncodedChunk,
) -> Result<i64, Failure> {
    let statistics = &chunk.statistics;
    connection
        .prepare_cached(
            "INSERT INTO chunks (series, place, count, step_min, step_max, time_min, time_max,
               first, last, min, max, nan_count, data, pyramid)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute(params![
            series,
            place,
            length(statistics.count),
            statistics.steps.map(|steps| steps.0),
            statistics.steps.map(|steps| steps.1),
            statistics.times.map(|times| times.0),
            statistics.times.map(|times| times.1),
            statistics.first,
            statistics.last,
            statistics.range.map(|range| range.0),
            statistics.range.map(|range| range.1),
            length(statistics.nan_count),
            chunk.data,
            chunk.pyramid,
        ])?;
    let row = connection.last_insert_rowid();
    if !chunk.pages.is_empty() {
        let mut statement = connection
            .prepare_cached("INSERT INTO pages (chunk, place, data) VALUES (?1, ?2, ?3)")?;
        for (place, page) in chunk.pages.iter().enumerate() {
            statement.execute(params![row, length(place), page])?;
        }
    }
    Ok(row)
}

/// Deletes a chunk with its pages.
///
/// # Errors
/// If the database refuses.
#[cfg(feature = "record")]
pub(in super::super) fn delete(connection: &Connection, chunk: i64) -> Result<(), Failure> {
    // Its pages go with it: `pages.chunk` has ON DELETE CASCADE.
    connection
        .prepare_cached("DELETE FROM chunks WHERE chunk = ?1")?
        .execute([chunk])?;
    Ok(())
}

/// Appends the points of the chunk `chunk`, whose head is `data`, to `series`.
///
/// # Errors
/// Why it cannot be read; [`Failure`] for the database itself.
pub(in super::super) fn read(
    connection: &Connection,
    chunk: i64,
    data: &[u8],
    series: &mut Series,
) -> Result<Result<usize, String>, Failure> {
    if !is_paged(data) {
        return Ok(decode_whole(data, series));
    }
    let head = match PagedHead::parse(data) {
        Ok(head) => head,
        Err(reason) => return Ok(Err(reason)),
    };
    let mut decoder = match head.decoder(&[]) {
        Ok(decoder) => decoder,
        Err(reason) => return Ok(Err(reason)),
    };
    let mut statement = connection
        .prepare_cached("SELECT place, data FROM pages WHERE chunk = ?1 ORDER BY place")?;
    let mut rows = statement.query([chunk])?;
    let mut pages = 0;
    while let Some(row) = rows.next()? {
        let bytes = blob(row, 1)?;
        let decoded = if row.get::<_, usize>(0)? == pages {
            decoder.page(pages, bytes, series)
        } else {
            Err("a page is missing".into())
        };
        if let Err(reason) = decoded {
            return Ok(Err(format!("page {pages}: {reason}")));
        }
        pages += 1;
    }
    if pages != head.pages() {
        return Ok(Err(format!(
            "it has {pages} pages instead of {}",
            head.pages()
        )));
    }
    Ok(Ok(head.count()))
}

/// Gives the pages of those numbers of a chunk to `each`, in their order.
///
/// # Errors
/// If one is missing or the database cannot be read; those of `each`.
pub(in super::super) fn pages(
    connection: &Connection,
    chunk: i64,
    places: Range<usize>,
    mut each: impl FnMut(Page<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT place, data FROM pages WHERE chunk = ?1 AND place >= ?2 ORDER BY place",
    )?;
    let mut rows = statement.query(params![chunk, length(places.start)])?;
    for place in places {
        let row = rows.next()?;
        let row = row.filter(|row| row.get(0).is_ok_and(|found: usize| found == place));
        let row = row
            .ok_or_else(|| Failure::damaged(format!("page {place} of chunk {chunk} is missing")))?;
        each(Page {
            place,
            bytes: blob(row, 1)?,
        })?;
    }
    Ok(())
}

/// The bytes of a column.
pub(in super::super) fn blob<'a>(
    row: &'a rusqlite::Row<'_>,
    column: usize,
) -> Result<&'a [u8], Failure> {
    row.get_ref(column)?
        .as_blob()
        .map_err(|error| Failure::damaged(error.to_string()))
}
