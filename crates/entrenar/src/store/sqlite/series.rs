//! Charts of stored series: windows out of statistics, pyramids and the pages at the borders.

mod gather;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use self::gather::{Exactness, Pages, chunks, gather};
use super::SqliteStore;
use super::chunk::{PageSummary, row};
use super::failure::Failure;
use super::load;
use super::value::Text;
use crate::session::{Series, SeriesKey, SeriesSummary};
use crate::store::StoreError;
use crate::window::{Window, WindowAxis, WindowQuery};

/// What a store says of a series without reading its points.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StoredSeriesInfo {
    /// Its number, by which [`SqliteStore::series`] finds it. It stays until the session's rows
    /// are written anew (a redaction) or removed. 0 where no point of it is in the store yet.
    pub id: i64,
    /// Name, run and rank.
    pub key: SeriesKey,
    /// Number of points.
    pub count: u64,
    /// Smallest and largest step.
    pub steps: Option<(i64, i64)>,
    /// First and last wall time, in microseconds since 1970-01-01 UTC.
    pub times_us: Option<(i64, i64)>,
    /// Smallest and largest value that is not NaN.
    pub values: Option<(f64, f64)>,
    /// The value of the first point; `None` where there is no point.
    pub first: Option<f64>,
    /// The value of the last point; `None` where there is no point.
    pub last: Option<f64>,
    /// Number of values that are NaN.
    pub nan_count: u64,
}

/// What a store says of the abscissas of a series.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct StoredAbscissas {
    /// How many points have one.
    pub count: u64,
    /// The smallest and the largest.
    pub range: Option<(f64, f64)>,
    /// How often one is smaller than the one before.
    pub descents: u64,
    /// The last one.
    last: Option<f64>,
}

impl StoredAbscissas {
    fn add(&mut self, count: u64, ends: (f64, f64), range: (f64, f64), descents: u64) {
        let goes_back = self.last.is_some_and(|last| ends.0 < last);
        let descents = descents.saturating_add(u64::from(goes_back));
        self.descents = self.descents.saturating_add(descents);
        self.count = self.count.saturating_add(count);
        self.last = Some(ends.1);
        let known = self.range.unwrap_or(range);
        self.range = Some((known.0.min(range.0), known.1.max(range.1)));
    }

    fn points(&mut self, series: &Series, axis: WindowAxis, start: u64) {
        for (index, point) in (start..).zip(series.points()) {
            if let Some(x) = axis.of(&point, index) {
                self.add(1, (x, x), (x, x), 0);
            }
        }
    }
}

/// A series in a store. Made by [`SqliteStore::series`], and by [`StoreView`](super::StoreView).
#[derive(Debug, Clone, Copy)]
pub struct StoredSeries<'a> {
    store: &'a SqliteStore,
    /// Its number; none where a journal alone has it.
    id: Option<i64>,
    /// The points behind those of the store.
    tail: Option<&'a Series>,
}

impl SqliteStore {
    /// The series of the session of that (whole) id, in their order.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or if the store cannot be read.
    pub fn series_of(&self, session: &str) -> Result<Vec<StoredSeriesInfo>, StoreError> {
        self.read(|connection| {
            let row = load::row_of(connection, session)?;
            infos(connection, "session", row)
        })
    }

    /// The series of that number, see [`StoredSeriesInfo::id`].
    ///
    /// # Errors
    /// [`StoreError::NoSeries`], or if the store cannot be read.
    pub fn series(&self, id: i64) -> Result<StoredSeries<'_>, StoreError> {
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT 1 FROM series WHERE series = ?1")?;
            if statement.exists([id])? {
                Ok(())
            } else {
                Err(StoreError::NoSeries { id }.into())
            }
        })?;
        Ok(StoredSeries::new(self, Some(id), None))
    }
}

impl StoredSeriesInfo {
    /// Of a series without points.
    pub(super) fn empty(key: SeriesKey) -> Self {
        Self {
            id: 0,
            key,
            count: 0,
            steps: None,
            times_us: None,
            values: None,
            first: None,
            last: None,
            nan_count: 0,
        }
    }

    /// Adds points behind those that it has.
    pub(super) fn add(&mut self, points: &Series) {
        fn widen<T: PartialOrd + Copy>(range: &mut Option<(T, T)>, number: T) {
            let (least, most) = range.get_or_insert((number, number));
            if number < *least {
                *least = number;
            }
            if number > *most {
                *most = number;
            }
        }
        for point in points.points() {
            if let Some(step) = point.step {
                widen(&mut self.steps, step);
            }
            if let Some(time) = point.time_us {
                widen(&mut self.times_us, time);
            }
            if point.value.is_nan() {
                self.nan_count += 1;
            } else {
                widen(&mut self.values, point.value);
            }
            self.first.get_or_insert(point.value);
            self.last = Some(point.value);
            self.count += 1;
        }
    }
}

impl<'a> StoredSeries<'a> {
    pub(super) fn new(store: &'a SqliteStore, id: Option<i64>, tail: Option<&'a Series>) -> Self {
        Self { store, id, tail }
    }
}

impl StoredSeries<'_> {
    /// What the store says of it.
    ///
    /// # Errors
    /// If it was removed or the store cannot be read.
    pub fn info(&self) -> Result<StoredSeriesInfo, StoreError> {
        let mut info = match (self.id, self.tail) {
            (None, Some(tail)) => StoredSeriesInfo::empty(tail.key().clone()),
            (id, _) => self.store.read(|connection| {
                let id = id.unwrap_or_default();
                let mut found = infos(connection, "series.series", id)?;
                found
                    .pop()
                    .ok_or_else(|| StoreError::NoSeries { id }.into())
            })?,
        };
        if let Some(tail) = self.tail {
            info.add(tail);
        }
        Ok(info)
    }

    /// Count, ends and finite range; `None` for an empty series. Pages are read where the figures of
    /// their chunk say too little.
    ///
    /// # Errors
    /// If the series was removed or the store cannot be read.
    pub fn summary(&self) -> Result<Option<SeriesSummary>, StoreError> {
        let info = self.info()?;
        let Some((first, last)) = info.first.zip(info.last) else {
            return Ok(None);
        };
        let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let mut summary = SeriesSummary {
            count: size(info.count),
            nan_count: size(info.nan_count),
            infinite_count: 0,
            first,
            last,
            min: info.values.map(|(min, _)| min),
            max: info.values.map(|(_, max)| max),
        };
        if [summary.min, summary.max]
            .into_iter()
            .flatten()
            .any(f64::is_infinite)
        {
            // One column has all points.
            let query = WindowQuery::new(WindowAxis::Arrival, 0.0, f64::MAX, 1)?;
            let window = self.query(&query)?;
            let values = || window.lines.iter().flatten().map(|point| point.value);
            let not_finite = size(window.not_drawn);
            summary.infinite_count = not_finite.saturating_sub(summary.nan_count);
            summary.min = values().reduce(f64::min);
            summary.max = values().reduce(f64::max);
        }
        Ok(Some(summary))
    }

    /// The points with steps from `from` to `to` that a chart of `pixels` columns shows: the
    /// picture is that of all points (see [`window`](crate::window)). Other abscissas by
    /// [`query`](Self::query).
    ///
    /// Of the points themselves it reads those near the borders of the pixels. Memory: some
    /// hundred bytes a pixel, and for a series of several parts for each of them.
    ///
    /// # Errors
    /// [`StoreError::Window`] for a window that there is not; if the series was removed or the
    /// store cannot be read.
    pub fn window(&self, from: f64, to: f64, pixels: u32) -> Result<Window, StoreError> {
        self.query(&WindowQuery::new(WindowAxis::Step, from, to, pixels)?)
    }

    /// The answer to `query`.
    ///
    /// # Errors
    /// As [`window`](Self::window).
    pub fn query(&self, query: &WindowQuery) -> Result<Window, StoreError> {
        self.gathered(query, Exactness::Exact)
    }

    /// The points of `query` that are known without reading pages: of each page of some 1,024 points
    /// its first, smallest, largest and last. Every point of the answer is one of the series, but
    /// others that would show may be missing. Chunks of few points, and those that were written
    /// before schema 5, are read.
    ///
    /// # Errors
    /// As [`window`](Self::window).
    pub fn preview(&self, query: &WindowQuery) -> Result<Window, StoreError> {
        self.gathered(query, Exactness::Preview)
    }

    fn gathered(&self, query: &WindowQuery, exactness: Exactness) -> Result<Window, StoreError> {
        let read = |connection: &Connection| {
            let all = |sorted| gather(connection, (self.id, self.tail), query, exactness, sorted);
            let gathered = all(false)?;
            if gathered.aggregator.must_sort() {
                return all(true);
            }
            Ok(gathered)
        };
        let gathered = self.store.read(read)?;
        Ok(gathered.finish(exactness == Exactness::Exact))
    }

    /// What is known of the abscissas over `axis`. Points are read where not all of a page have one.
    ///
    /// # Errors
    /// If the series was removed or the store cannot be read.
    pub fn abscissas(&self, axis: WindowAxis) -> Result<StoredAbscissas, StoreError> {
        self.store.read(|connection| {
            let mut found = StoredAbscissas::default();
            let mut pages = Pages::new(connection, axis);
            let end = chunks(connection, self.id, |chunk| {
                let Some(head) = pages.open(chunk)? else {
                    found.points(pages.whole(chunk)?, axis, chunk.start);
                    return Ok(true);
                };
                for place in 0..head.pages() {
                    match pages.summary(place) {
                        PageSummary::Nowhere => {}
                        PageSummary::Known(page) => {
                            found.add(page.count, page.ends, page.range, page.descents);
                        }
                        PageSummary::Mixed => {
                            pages.points(chunk, &head, place..place + 1, |points, start| {
                                found.points(points, axis, start);
                            })?;
                        }
                    }
                }
                Ok(true)
            })?;
            if let Some(tail) = self.tail {
                found.points(tail, axis, end);
            }
            Ok(found)
        })
    }

    /// Gives all points to `each`, some thousand at a time, in their order; memory is that of one
    /// chunk.
    ///
    /// # Errors
    /// If the series was removed or the store cannot be read.
    pub fn for_each(&self, mut each: impl FnMut(&Series)) -> Result<(), StoreError> {
        self.store.read(|connection| {
            let mut points = Series::new(SeriesKey::named(""));
            chunks(connection, self.id, |chunk| {
                points.clear();
                row::read(connection, chunk.row, chunk.data, &mut points)?
                    .map_err(|reason| chunk.damaged(&reason))?;
                each(&points);
                Ok(true)
            })?;
            if let Some(tail) = self.tail {
                each(tail);
            }
            Ok(())
        })
    }
}

pub(super) fn infos(
    connection: &Connection,
    column: &str,
    value: i64,
) -> Result<Vec<StoredSeriesInfo>, Failure> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT series.series, name, run, rank, series.count,
           min(step_min), max(step_max), min(time_min), max(time_max), min(min), max(max),
           coalesce(sum(nan_count), 0),
           (SELECT coalesce(first, 'nan') FROM chunks WHERE chunks.series = series.series
            ORDER BY chunks.place LIMIT 1),
           (SELECT coalesce(last, 'nan') FROM chunks WHERE chunks.series = series.series
            ORDER BY chunks.place DESC LIMIT 1)
         FROM series LEFT JOIN chunks USING (series)
         WHERE {column} = ?1 GROUP BY series.series ORDER BY series.place"
    ))?;
    let mut rows = statement.query([value])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let pair = |column| -> Result<Option<(i64, i64)>, rusqlite::Error> {
            Ok(row
                .get::<_, Option<i64>>(column)?
                .zip(row.get::<_, Option<i64>>(column + 1)?))
        };
        // NULL in a chunk is NaN.
        let value = |column| -> Result<Option<f64>, rusqlite::Error> {
            Ok(match row.get_ref(column)? {
                ValueRef::Real(value) => Some(value),
                ValueRef::Null => None,
                _ => Some(f64::NAN),
            })
        };
        found.push(StoredSeriesInfo {
            id: row.get(0)?,
            key: SeriesKey {
                name: row.get::<_, Text>(1)?.0,
                run: row.get(2)?,
                rank: row.get(3)?,
            },
            count: row.get(4)?,
            steps: pair(5)?,
            times_us: pair(7)?,
            values: row
                .get::<_, Option<f64>>(9)?
                .zip(row.get::<_, Option<f64>>(10)?),
            first: value(12)?,
            last: value(13)?,
            nan_count: row.get(11)?,
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
