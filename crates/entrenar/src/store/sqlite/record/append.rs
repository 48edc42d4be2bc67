//! Points behind those of a series. Few of them wait in small chunks that cost little to write, until there are
//! enough for a chunk that takes little room: so each point is encoded well once, however many series there are.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::chunk::{self, EncodedChunk, Paging, row as chunk_row};
use super::super::failure::Failure;
use super::super::schema::CHUNK_POINTS;
use super::super::value::length;
use super::session;
use crate::session::{Series, SeriesKey};

/// How long points wait.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Fewer points always wait. The full pages in them are more than a chunk in one piece has, since such a chunk is
    /// one that waits.
    few: usize,
    /// So many never wait.
    many: usize,
    /// In between they wait until they are this part of their series: what waits takes more room, and the chunks of
    /// a long series shall be long.
    part: usize,
    /// So many chunks of about the same length become one, if their points still have to wait: a reader finds few
    /// of them, and a point is copied a number of times that grows with the logarithm of `many`.
    chunks: usize,
    paging: Paging,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            few: 6_400,
            many: CHUNK_POINTS,
            part: 8,
            chunks: 16,
            // Of random numbers with their times, a page has room for so many.
            paging: Paging {
                page_points: 1_000,
                ..Paging::default()
            },
        }
    }
}

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

/// The series of a session while points are put behind theirs, in one transaction.
pub(super) struct Appender {
    session: i64,
    limits: Limits,
    series: BTreeMap<SeriesKey, Growing>,
}

/// A series that points may be put behind.
struct Growing {
    row: i64,
    figures: Figures,
    /// The end of its chunks, once points came.
    end: Option<End>,
}

impl Appender {
    /// The series of a session.
    pub(super) fn new(connection: &Connection, session: i64) -> Result<Self, Failure> {
        let mut all = BTreeMap::new();
        for (row, known) in session::known(connection, session)? {
            let growing = Growing {
                row,
                figures: known.figures,
                end: None,
            };
            all.insert(known.key, growing);
        }
        Ok(Self {
            session,
            limits: Limits::default(),
            series: all,
        })
    }

    /// Puts points behind those of a series, which is made where it is not there.
    pub(super) fn add(
        &mut self,
        connection: &Connection,
        key: &SeriesKey,
        points: &Series,
    ) -> Result<(), Failure> {
        if !self.series.contains_key(key) {
            let growing = Growing {
                row: session::new_series(connection, self.session, self.series.len(), key)?,
                figures: Figures::default(),
                end: Some(End::default()),
            };
            self.series.insert(key.clone(), growing);
        }
        let Some(growing) = self.series.get_mut(key) else {
            return Ok(());
        };
        let end = match &mut growing.end {
            Some(end) => end,
            none => none.insert(End::of(connection, growing.row, self.limits)?),
        };
        let merged = growing.figures.count / self.limits.part;
        let merged = merged.clamp(self.limits.few, self.limits.many);
        growing.figures.add(points);
        end.append(connection, growing.row, points, merged, self.limits)
    }

    /// Writes the figures of the series that grew.
    pub(super) fn finish(self, connection: &Connection) -> Result<(), Failure> {
        for growing in self.series.into_values() {
            if growing.end.is_some() {
                put_figures(connection, growing.row, &growing.figures)?;
            }
        }
        Ok(())
    }
}

/// Merges the points of a series that wait, when no more will come; their number.
pub(super) fn settle(connection: &Connection, row: i64) -> Result<usize, Failure> {
    settle_to(connection, row, Limits::default())
}

fn settle_to(connection: &Connection, row: i64, limits: Limits) -> Result<usize, Failure> {
    let mut end = End::of(connection, row, limits)?;
    if let [alone] = end.waiting.as_slice()
        && !is_plain(connection, alone.chunk)?
    {
        return Ok(0);
    }
    let merged = end.take(connection, 0)?;
    let paging = end.paging(connection, limits.paging)?;
    for chunk in chunk::encode_all(&merged, paging) {
        end.put(connection, row, &chunk)?;
    }
    Ok(merged.len())
}

/// The chunks at the end of a series that will be merged with what comes: those in one piece.
#[derive(Default)]
struct End {
    waiting: Vec<Waiting>,
    /// Place of the next chunk.
    place: i64,
    /// The chunk before those that wait, until its pages are known.
    before: Option<i64>,
    /// How the next chunk is cut, if another was written before.
    paging: Option<Paging>,
}

struct Waiting {
    chunk: i64,
    place: i64,
    count: usize,
}

impl End {
    fn of(connection: &Connection, row: i64, limits: Limits) -> Result<Self, Failure> {
        let mut statement = connection.prepare_cached(
            "SELECT chunk, place, count, pyramid IS NULL FROM chunks WHERE series = ?1
             ORDER BY place DESC",
        )?;
        let mut rows = statement.query([row])?;
        let mut end = Self::default();
        while let Some(row) = rows.next()? {
            let waiting = Waiting {
                chunk: row.get(0)?,
                place: row.get(1)?,
                count: row.get(2)?,
            };
            end.place = end.place.max(waiting.place.saturating_add(1));
            let is_whole: bool = row.get(3)?;
            if !is_whole || waiting.count >= limits.many {
                end.before = Some(waiting.chunk);
                break;
            }
            end.waiting.push(waiting);
        }
        end.waiting.reverse();
        Ok(end)
    }

    /// Puts points behind all others. They wait until there are `merged`.
    fn append(
        &mut self,
        connection: &Connection,
        row: i64,
        new: &Series,
        merged: usize,
        limits: Limits,
    ) -> Result<(), Failure> {
        let waiting: usize = self.waiting.iter().map(|waiting| waiting.count).sum();
        let alike = self.alike(new.len());
        let from = if waiting.saturating_add(new.len()) >= merged {
            0
        } else if alike >= limits.chunks {
            self.waiting.len() - alike
        } else {
            self.waiting.len()
        };
        if from == self.waiting.len() {
            return self.write(connection, row, new, merged, limits);
        }
        let mut all = self.take(connection, from)?;
        all.extend_from(new);
        self.write(connection, row, &all, merged, limits)
    }

    /// How many of the last chunks have no more than twice the points of what comes behind them.
    fn alike(&self, new: usize) -> usize {
        let mut behind = new;
        let is_alike = |waiting: &&Waiting| {
            let is_alike = waiting.count <= behind.saturating_mul(2);
            behind = behind.saturating_add(waiting.count);
            is_alike
        };
        self.waiting.iter().rev().take_while(is_alike).count()
    }

    /// Takes the chunks from `from` on away, and gives their points.
    fn take(&mut self, connection: &Connection, from: usize) -> Result<Series, Failure> {
        let mut merged = Series::new(SeriesKey::named(""));
        for waiting in self.waiting.drain(from..) {
            self.place = self.place.min(waiting.place);
            read_chunk(connection, waiting.chunk, &mut merged)?;
            chunk_row::delete(connection, waiting.chunk)?;
        }
        Ok(merged)
    }

    /// Writes points: chunks of their last form, and what is too little for one so that it waits.
    fn write(
        &mut self,
        connection: &Connection,
        row: i64,
        points: &Series,
        merged: usize,
        limits: Limits,
    ) -> Result<(), Failure> {
        let mut start = 0;
        while points.len() - start >= merged {
            let paging = self.paging(connection, limits.paging)?;
            let end = start + paging.full(points.len() - start);
            let chunk = chunk::encode(points, start..end, paging);
            self.put(connection, row, &chunk)?;
            self.paging = Some(paging.after(&chunk));
            start = end;
        }
        if start < points.len() {
            let (place, count) = (self.place, points.len() - start);
            let chunk = chunk::encode_plain(points, start..points.len());
            let chunk = self.put(connection, row, &chunk)?;
            self.waiting.push(Waiting {
                chunk,
                place,
                count,
            });
        }
        Ok(())
    }

    /// How the next chunk is cut.
    fn paging(&mut self, connection: &Connection, usual: Paging) -> Result<Paging, Failure> {
        if let (None, Some(before)) = (self.paging, self.before.take()) {
            let mut statement = connection.prepare_cached(
                "SELECT data, (SELECT max(length(data)) FROM pages WHERE pages.chunk = chunks.chunk)
                 FROM chunks WHERE chunk = ?1",
            )?;
            let mut rows = statement.query([before])?;
            if let Some(row) = rows.next()? {
                let largest: Option<usize> = row.get(1)?;
                let head = chunk_row::blob(row, 0)?;
                self.paging = largest.map(|largest| usual.after_stored(head, largest));
            }
        }
        Ok(self.paging.unwrap_or(usual))
    }

    /// Adds a chunk; its row.
    fn put(
        &mut self,
        connection: &Connection,
        row: i64,
        chunk: &EncodedChunk,
    ) -> Result<i64, Failure> {
        let chunk = chunk_row::insert(connection, row, self.place, chunk)?;
        self.place += 1;
        Ok(chunk)
    }
}

/// Whether a chunk is of the form that waits.
fn is_plain(connection: &Connection, chunk: i64) -> Result<bool, Failure> {
    let mut statement = connection.prepare_cached("SELECT data FROM chunks WHERE chunk = ?1")?;
    let mut rows = statement.query([chunk])?;
    rows.next()?.map_or(Ok(false), |row| {
        Ok(chunk::is_plain(chunk_row::blob(row, 0)?))
    })
}

/// Appends the points of a chunk to `series`.
fn read_chunk(connection: &Connection, chunk: i64, series: &mut Series) -> Result<(), Failure> {
    let mut statement = connection.prepare_cached("SELECT data FROM chunks WHERE chunk = ?1")?;
    let mut rows = statement.query([chunk])?;
    if let Some(row) = rows.next()? {
        let data = chunk_row::blob(row, 0)?;
        chunk_row::read(connection, chunk, data, series)?
            .map_err(|reason| Failure::damaged(format!("a chunk of a series: {reason}")))?;
    }
    Ok(())
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
    computed_figures(connection, row)
}

/// The figures of a series from its points.
pub(super) fn computed_figures(connection: &Connection, row: i64) -> Result<Figures, Failure> {
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
        .prepare_cached(
            "INSERT INTO series_figures VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (series) DO UPDATE SET last = ?2, finite_min = ?3, finite_max = ?4",
        )?
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
    let last: Option<i64> = connection
        .prepare_cached("SELECT chunk FROM chunks WHERE series = ?1 ORDER BY place DESC LIMIT 1")?
        .query_row([row], |row| row.get(0))
        .optional()?;
    let Some(last) = last else {
        return Ok(None);
    };
    let mut series = Series::new(SeriesKey::named(""));
    read_chunk(connection, last, &mut series)?;
    Ok(Some(series))
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
    let mut series = Series::new(SeriesKey::named(""));
    for chunk in chunks {
        series.clear();
        read_chunk(connection, chunk, &mut series)?;
        show(&series);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
