//! Points behind those of a series: new chunks, merged with the last ones so that chunks stay few.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::chunk::{self, Paging, row as chunk_row};
use super::super::failure::Failure;
use super::super::schema::CHUNK_POINTS;
use super::super::value::length;
use crate::session::{Series, SeriesKey};

/// Figures of a series that grow with it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Figures {
    pub(super) count: usize,
    /// The last value; NaN counts.
    pub(super) last: f64,
    pub(super) finite: Option<(f64, f64)>,
}

impl Figures {
    /// Adds the points of `series` from `from` on.
    pub(super) fn add(&mut self, series: &Series) {
        let values = series.values();
        self.count += values.len();
        for value in values {
            self.last = *value;
            if value.is_finite() {
                let (low, high) = self.finite.get_or_insert((*value, *value));
                *low = low.min(*value);
                *high = high.max(*value);
            }
        }
    }
}

/// Appends the points of `new` to the chunks of the series in `row`.
///
/// The last chunk is taken along while it is not full and has fewer than twice the points that come behind it:
/// each point is then written anew a number of times that grows with the logarithm of a chunk's length.
pub(super) fn points(connection: &Connection, row: i64, new: Series) -> Result<(), Failure> {
    let mut taken: Vec<Series> = Vec::new();
    let mut behind = new.len();
    let mut place = 0;
    while let Some(last) = last_chunk(connection, row)? {
        place = last.place + 1;
        if last.count >= CHUNK_POINTS || last.count >= behind.saturating_mul(2) {
            break;
        }
        place = last.place;
        behind += last.count;
        taken.push(read_chunk(connection, last.chunk)?);
        chunk_row::delete(connection, last.chunk)?;
    }
    let mut merged = taken.pop();
    while let (Some(merged), Some(next)) = (&mut merged, taken.pop()) {
        merged.extend_from(&next);
    }
    let merged = match merged {
        Some(mut merged) => {
            merged.extend_from(&new);
            merged
        }
        None => new,
    };
    for chunk in chunk::encode_all(&merged, Paging::default()) {
        chunk_row::insert(connection, row, place, &chunk)?;
        place += 1;
    }
    Ok(())
}

struct LastChunk {
    chunk: i64,
    place: i64,
    count: usize,
}

fn last_chunk(connection: &Connection, row: i64) -> Result<Option<LastChunk>, Failure> {
    Ok(connection
        .prepare_cached(
            "SELECT chunk, place, count FROM chunks WHERE series = ?1 ORDER BY place DESC LIMIT 1",
        )?
        .query_row([row], |row| {
            Ok(LastChunk {
                chunk: row.get(0)?,
                place: row.get(1)?,
                count: row.get(2)?,
            })
        })
        .optional()?)
}

/// The points of a chunk.
fn read_chunk(connection: &Connection, chunk: i64) -> Result<Series, Failure> {
    let mut statement = connection.prepare_cached("SELECT data FROM chunks WHERE chunk = ?1")?;
    let mut rows = statement.query([chunk])?;
    let mut series = Series::new(SeriesKey::named(""));
    if let Some(row) = rows.next()? {
        let data = chunk_row::blob(row, 0)?;
        chunk_row::read(connection, chunk, data, &mut series)?
            .map_err(|reason| Failure::damaged(format!("a chunk of a series: {reason}")))?;
    }
    Ok(series)
}

/// The figures of a series, from its row or, where an import or a redaction wrote it, from its points.
pub(super) fn figures(connection: &Connection, row: i64, count: usize) -> Result<Figures, Failure> {
    let known = connection
        .prepare_cached(
            "SELECT last, finite_min, finite_max FROM series_figures WHERE series = ?1",
        )?
        .query_row([row], |row| {
            let range = row.get::<_, Option<f64>>(1)?.zip(row.get(2)?);
            Ok(Figures {
                count,
                last: row.get::<_, Option<f64>>(0)?.unwrap_or(f64::NAN),
                finite: range,
            })
        })
        .optional()?;
    if let Some(figures) = known {
        return Ok(figures);
    }
    let mut figures = Figures::default();
    each_chunk(connection, row, |series| figures.add(series))?;
    Ok(figures)
}

/// Writes what [`figures`] reads.
pub(super) fn put_figures(
    connection: &Connection,
    row: i64,
    figures: &Figures,
) -> Result<(), Failure> {
    connection
        .prepare_cached("UPDATE series SET count = ?2 WHERE series = ?1")?
        .execute(params![row, length(figures.count)])?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO series_figures VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![
            row,
            figures.last,
            figures.finite.map(|range| range.0),
            figures.finite.map(|range| range.1),
        ])?;
    Ok(())
}

/// The points of the last chunk of a series.
pub(super) fn last_points(connection: &Connection, row: i64) -> Result<Option<Series>, Failure> {
    let last = last_chunk(connection, row)?;
    last.map(|last| read_chunk(connection, last.chunk))
        .transpose()
}

/// Shows the points of a series, a chunk at a time.
pub(super) fn each_chunk(
    connection: &Connection,
    row: i64,
    mut show: impl FnMut(&Series),
) -> Result<(), Failure> {
    let mut statement =
        connection.prepare_cached("SELECT chunk FROM chunks WHERE series = ?1 ORDER BY place")?;
    let chunks: Vec<i64> = statement
        .query_map([row], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for chunk in chunks {
        show(&read_chunk(connection, chunk)?);
    }
    Ok(())
}
