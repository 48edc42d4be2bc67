//! Windows of one series: chunk by chunk out of pyramids, and out of the pages that they do not settle.

use std::ops::Range;

use rusqlite::Connection;

use crate::session::{Series, SeriesKey};
use crate::store::sqlite::chunk::{
    self, Column, PageDecoder, PageNumbers, PageSummary, PagedHead, Summaries, row,
};
use crate::store::sqlite::failure::Failure;
use crate::window::{Gathered, Summary, WindowAxis, WindowQuery, number};

/// A chunk's row.
pub(super) struct ChunkRow<'a> {
    pub(super) row: i64,
    /// Place of its first point in the order of arrival.
    pub(super) start: u64,
    count: u64,
    pub(super) data: &'a [u8],
    pyramid: Option<&'a [u8]>,
}

impl ChunkRow<'_> {
    /// Place of the first point of a page in the order of arrival.
    fn place_of(&self, head: &PagedHead<'_>, page: usize) -> u64 {
        let first = u64::try_from(head.rows(page).start).unwrap_or(u64::MAX);
        self.start.saturating_add(first)
    }

    pub(super) fn damaged(&self, reason: &str) -> Failure {
        Failure::damaged(format!("chunk {}: {reason}", self.row))
    }
}

/// Gives the chunks of a series to `each` until that says `false`; the place behind the last one given
/// in the order of arrival.
pub(super) fn chunks(
    connection: &Connection,
    series: Option<i64>,
    mut each: impl FnMut(&ChunkRow<'_>) -> Result<bool, Failure>,
) -> Result<u64, Failure> {
    let mut start = 0_u64;
    let Some(series) = series else {
        return Ok(start);
    };
    let mut statement = connection.prepare_cached(
        "SELECT chunk, count, data, pyramid FROM chunks WHERE series = ?1 ORDER BY place",
    )?;
    let mut rows = statement.query([series])?;
    while let Some(row) = rows.next()? {
        let pyramid = row.get_ref(3)?.as_blob_or_null();
        let chunk = ChunkRow {
            row: row.get(0)?,
            start,
            count: row.get(1)?,
            data: row::blob(row, 2)?,
            pyramid: pyramid.map_err(|error| Failure::damaged(error.to_string()))?,
        };
        let goes_on = each(&chunk)?;
        start = start.saturating_add(chunk.count);
        if !goes_on {
            break;
        }
    }
    Ok(start)
}

/// The columns that points over an axis need.
fn columns(axis: WindowAxis) -> &'static [Column] {
    match axis {
        WindowAxis::Step => &[Column::Value, Column::Step],
        WindowAxis::Time => &[Column::Value, Column::Time],
        WindowAxis::Epoch => &[Column::Value, Column::Epoch],
        WindowAxis::Arrival => &[Column::Value],
    }
}

/// The first step of a chunk and the distance of the others, where steps are the abscissa, are at
/// equal distances, and do not go back.
fn even(head: &PagedHead<'_>, axis: WindowAxis) -> Result<Option<(i64, i64)>, String> {
    match axis {
        WindowAxis::Step => Ok(head.stride()?.filter(|(_, stride)| *stride >= 0)),
        _ => Ok(None),
    }
}

/// Reads one chunk after the other, and of each the pages that are asked for. What memory it takes it
/// keeps for the next ones.
pub(super) struct Pages<'c> {
    connection: &'c Connection,
    axis: WindowAxis,
    /// What is known of the pages of the chunk.
    summaries: Vec<PageSummary>,
    /// First step and distance, where that is all there is to the abscissas of the chunk.
    even: Option<(i64, i64)>,
    /// Made with the first page that is read.
    decoder: Option<PageDecoder>,
    numbers: PageNumbers,
    points: Series,
}

impl<'c> Pages<'c> {
    pub(super) fn new(connection: &'c Connection, axis: WindowAxis) -> Self {
        Self {
            connection,
            axis,
            summaries: Vec::new(),
            even: None,
            decoder: None,
            numbers: PageNumbers::default(),
            points: Series::new(SeriesKey::named("")),
        }
    }

    /// Goes to a chunk; `None` for one in one piece.
    pub(super) fn open<'a>(
        &mut self,
        chunk: &ChunkRow<'a>,
    ) -> Result<Option<PagedHead<'a>>, Failure> {
        self.decoder = None;
        self.summaries.clear();
        if !chunk::is_paged(chunk.data) {
            return Ok(None);
        }
        let mut read = || {
            let head = PagedHead::parse(chunk.data)?;
            let pyramid = chunk.pyramid.ok_or("it has no pyramid")?;
            let summaries = Summaries::parse(&head, pyramid, self.axis, chunk.start)?;
            for place in 0..head.pages() {
                self.summaries.push(summaries.page(place)?);
            }
            self.even = even(&head, self.axis)?;
            Ok(head)
        };
        read()
            .map(Some)
            .map_err(|reason: String| chunk.damaged(&reason))
    }

    /// What is known of a page of the chunk.
    pub(super) fn summary(&self, place: usize) -> &PageSummary {
        let summary = self.summaries.get(place);
        summary.unwrap_or(&PageSummary::Nowhere)
    }

    /// Gives pages of the chunk to `each` as they are stored, with what decodes them.
    fn read(
        &mut self,
        chunk: &ChunkRow<'_>,
        head: &PagedHead<'_>,
        places: Range<usize>,
        mut each: impl FnMut(&mut Self, &mut PageDecoder, chunk::Page<'_>) -> Result<(), String>,
    ) -> Result<(), Failure> {
        let mut decoder = match self.decoder.take() {
            Some(decoder) => decoder,
            None => {
                // Steps at equal distances are not decoded.
                let wanted = self.even.map_or(columns(self.axis), |_| &[Column::Value]);
                let made = head.decoder(wanted);
                made.map_err(|reason| chunk.damaged(&reason))?
            }
        };
        row::pages(self.connection, chunk.row, places, |page| {
            each(self, &mut decoder, page)
                .map_err(|reason| chunk.damaged(&format!("page {}: {reason}", page.place)))
        })?;
        self.decoder = Some(decoder);
        Ok(())
    }

    /// Gives the points of pages to `each`, with the place of the first of each page in the order of
    /// arrival.
    pub(super) fn points(
        &mut self,
        chunk: &ChunkRow<'_>,
        head: &PagedHead<'_>,
        places: Range<usize>,
        mut each: impl FnMut(&Series, u64),
    ) -> Result<(), Failure> {
        self.read(chunk, head, places, |pages, decoder, page| {
            pages.points.clear();
            decoder.page(page.place, page.bytes, &mut pages.points)?;
            each(&pages.points, chunk.place_of(head, page.place));
            Ok(())
        })
    }

    /// The points of a chunk in one piece.
    pub(super) fn whole(&mut self, chunk: &ChunkRow<'_>) -> Result<&Series, Failure> {
        self.points.clear();
        chunk::decode_whole(chunk.data, &mut self.points)
            .map_err(|reason| chunk.damaged(&reason))?;
        Ok(&self.points)
    }

    /// Whether of a page no points but the two beside a border of columns matter, and are found without
    /// their abscissas.
    fn is_plain_border(&self, place: usize, gathered: &Gathered) -> bool {
        let next = self
            .summaries
            .iter()
            .skip(place + 1)
            .map_while(PageSummary::known);
        let across = self.summaries.get(place).and_then(PageSummary::known);
        self.even.is_some()
            && across.is_some_and(|across| gathered.aggregator.is_plain_border(across, next))
    }

    /// Gathers of a page the two points beside the border of columns.
    fn gather_border(
        &mut self,
        chunk: &ChunkRow<'_>,
        head: &PagedHead<'_>,
        place: usize,
        gathered: &mut Gathered,
    ) -> Result<(), Failure> {
        let rows = head.rows(place);
        let even = self.even.unwrap_or_default();
        let x = |row| number(even_from(even, rows.start + row).0);
        let behind = gathered.aggregator.in_first_column(rows.len(), x);
        self.read(chunk, head, place..place + 1, |pages, decoder, page| {
            let numbers = &mut pages.numbers;
            decoder.first_values(page.place, page.bytes, behind + 1, numbers)?;
            let before = behind.saturating_sub(1);
            let values = numbers.values.get(before..=behind).unwrap_or_default();
            let even = even_from(even, rows.start + before);
            let start = chunk.place_of(head, page.place);
            let before = u64::try_from(before).unwrap_or(u64::MAX);
            gathered.even(even, values, start.saturating_add(before));
            Ok(())
        })
    }

    /// Gathers pages of the chunk out of their points.
    fn gather(
        &mut self,
        chunk: &ChunkRow<'_>,
        head: &PagedHead<'_>,
        places: Range<usize>,
        gathered: &mut Gathered,
    ) -> Result<(), Failure> {
        self.read(chunk, head, places, |pages, decoder, page| {
            let start = chunk.place_of(head, page.place);
            let is_rising = match pages.summary(page.place) {
                PageSummary::Known(Summary { descents: 0, .. }) => true,
                PageSummary::Known(_) | PageSummary::Nowhere | PageSummary::Mixed => false,
            };
            if !is_rising || pages.axis == WindowAxis::Epoch {
                pages.points.clear();
                decoder.page(page.place, page.bytes, &mut pages.points)?;
                gathered.series(&pages.points, start);
                return Ok(());
            }
            decoder.numbers(page.place, page.bytes, &mut pages.numbers)?;
            let PageNumbers {
                values,
                steps,
                times,
            } = &pages.numbers;
            let numbers = match pages.axis {
                WindowAxis::Arrival => {
                    gathered.arrivals(values, start);
                    return Ok(());
                }
                WindowAxis::Time => times,
                _ => steps,
            };
            if let Some(even) = pages.even {
                let even = even_from(even, head.rows(page.place).start);
                gathered.even(even, values, start);
            } else if numbers.len() == values.len() {
                gathered.rising(numbers, values, start);
            } else {
                return Err("it has fewer abscissas than its pyramid says".into());
            }
            Ok(())
        })
    }
}

/// The abscissa of a row, and the distance of the next ones.
fn even_from((first, stride): (i64, i64), row: usize) -> (i64, i64) {
    let row = i64::try_from(row).unwrap_or(i64::MAX);
    (first.wrapping_add(stride.wrapping_mul(row)), stride)
}

/// Whether points are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exactness {
    /// Where a page lies across the border of a column.
    Exact,
    /// Nowhere: of each page those that its summary knows are all.
    Preview,
}

/// Gathers the points of a window: those of a series of the store, and those of the `tail` behind them.
pub(super) fn gather(
    connection: &Connection,
    (series, tail): (Option<i64>, Option<&Series>),
    query: &WindowQuery,
    exactness: Exactness,
    sorted: bool,
) -> Result<Gathered, Failure> {
    let mut gathered = Gathered::new(query, sorted);
    let mut pages = Pages::new(connection, query.axis());
    let end = chunks(connection, series, |chunk| {
        match (pages.open(chunk)?, exactness) {
            (None, _) => gathered.series(pages.whole(chunk)?, chunk.start),
            (Some(head), Exactness::Exact) => exact(&mut pages, chunk, &head, &mut gathered)?,
            (Some(_), Exactness::Preview) => preview(&pages, &mut gathered),
        }
        Ok(!gathered.aggregator.must_sort())
    })?;
    if let Some(tail) = tail {
        gathered.series(tail, end);
    }
    Ok(gathered)
}

/// Gathers a chunk out of summaries, and out of points where these say too little.
fn exact(
    pages: &mut Pages<'_>,
    chunk: &ChunkRow<'_>,
    head: &PagedHead<'_>,
    gathered: &mut Gathered,
) -> Result<(), Failure> {
    let mut place = 0;
    while place < head.pages() {
        let is_settled = match pages.summary(place) {
            PageSummary::Nowhere => {
                let count = u64::try_from(head.rows(place).len()).unwrap_or(u64::MAX);
                gathered.left_out = gathered.left_out.saturating_add(count);
                true
            }
            PageSummary::Known(summary) => gathered.aggregator.summary(summary),
            PageSummary::Mixed => false,
        };
        let first = place;
        place += 1;
        if is_settled {
            continue;
        }
        // Pages that follow each other are read at once.
        while place < head.pages() && is_across(gathered, pages.summary(place)) {
            place += 1;
        }
        if place == first + 1 && pages.is_plain_border(first, gathered) {
            pages.gather_border(chunk, head, first, gathered)?;
        } else {
            pages.gather(chunk, head, first..place, gathered)?;
        }
    }
    Ok(())
}

/// Whether the points of a page have to be read, whatever came before it.
fn is_across(gathered: &Gathered, page: &PageSummary) -> bool {
    match page {
        PageSummary::Known(summary) => gathered.aggregator.is_across(summary),
        PageSummary::Mixed => true,
        PageSummary::Nowhere => false,
    }
}

/// Gathers of a chunk the points that are known without reading its pages.
fn preview(pages: &Pages<'_>, gathered: &mut Gathered) {
    for page in &pages.summaries {
        if let PageSummary::Known(summary) = page {
            for point in summary.points() {
                gathered.aggregator.point(point.x, point.value, point.index);
            }
        }
    }
}
