//! What is known of each page of a chunk without its points: the column `pyramid`.
//!
//! ```text
//! 0   8  magic "ENTRPYRA"
//! 8   1  version
//! 9   1  number of columns
//! 10  2  points of a page
//! 12  4  number of points of the chunk
//! 16     the columns as in a chunk, each with a number for each page, as they are or one for all
//! end 4  CRC-32C, begun with that of the chunk's head
//! ```

use std::fmt::Display;
use std::ops::Range;

use super::format::{ALL_PRESENT, Field, Head, RAW, Reader, SAME, Writer, checked, seal};
use super::number::{Plain, put_all, same, take_all};
use super::page::PagedHead;
use crate::session::{OptionalColumn, Series};
use crate::window::{Summary, WindowAxis, WindowPoint, arrival, number};

const MAGIC: [u8; 8] = *b"ENTRPYRA";
const VERSION: u8 = 1;

// The columns of values.
const FIRST: u8 = 1;
const LAST: u8 = 2;
/// Smallest and largest finite value; NaN where there is none.
const MIN: u8 = 3;
const MAX: u8 = 4;
/// Where in the page the first of these is.
const MIN_PLACE: u8 = 5;
const MAX_PLACE: u8 = 6;
/// Number of values that are NaN or an infinity.
const NOT_FINITE: u8 = 7;

/// The columns of an abscissa begin here.
const STEP: u8 = 16;
const TIME: u8 = 32;
const EPOCH: u8 = 48;

// The columns of an abscissa.
/// How many points of the page have one (for an epoch, a finite one). In a page where some have
/// none, the others of these columns are of no use.
const HAVE: u8 = 0;
const X_FIRST: u8 = 1;
const X_LAST: u8 = 2;
/// Left out where they are the first and the last.
const X_MIN: u8 = 3;
const X_MAX: u8 = 4;
/// At the smallest and the largest value.
const AT_MIN: u8 = 5;
const AT_MAX: u8 = 6;
/// How often a number is smaller than the one before (compared as f64).
const DESCENTS: u8 = 7;

/// A pyramid's page is known or has to be read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in super::super) enum PageSummary {
    /// All points have an abscissa.
    Known(Summary),
    /// No point has an abscissa.
    Nowhere,
    /// Some points have one.
    Mixed,
}

/// Encodes what is known of the pages of the points `range`.
pub(super) fn encode(
    series: &Series,
    range: Range<usize>,
    page_points: u16,
    steps_are_stride: bool,
    seed: u32,
) -> Vec<u8> {
    let starts = range.clone().step_by(page_points.into());
    let pages: Vec<Range<usize>> = starts
        .map(|start| start..range.end.min(start + usize::from(page_points)))
        .collect();
    let mut writer = Writer::default();
    let extremes = values(&mut writer, series, &pages);
    if !steps_are_stride {
        let steps = series.steps();
        axis(&mut writer, STEP, steps, &pages, &extremes, Some);
    }
    let times = series.times_us();
    axis(&mut writer, TIME, times, &pages, &extremes, Some);
    let finite = |epoch: f64| epoch.is_finite().then_some(epoch);
    axis(
        &mut writer,
        EPOCH,
        series.epochs(),
        &pages,
        &extremes,
        finite,
    );
    let mut bytes = writer.finish(Head {
        magic: MAGIC,
        version: VERSION,
        page_points,
        count: range.len(),
    });
    seal(&mut bytes, seed);
    bytes
}

fn put<T: Plain>(writer: &mut Writer, id: u8, numbers: &[T]) {
    let mut content = Vec::new();
    let encoding = if let Some(number) = same(numbers) {
        number.put(&mut content);
        SAME
    } else {
        put_all(numbers, &mut content);
        RAW
    };
    writer.put(Field {
        id,
        encoding,
        presence: ALL_PRESENT,
        content: &content,
    });
}

/// Writes the columns of values and gives where in each page its extremes are.
fn values(writer: &mut Writer, series: &Series, pages: &[Range<usize>]) -> Vec<(usize, usize)> {
    let mut columns: [Vec<f64>; 4] = Default::default();
    let mut counts: [Vec<u32>; 3] = Default::default();
    let mut places = Vec::with_capacity(pages.len());
    for page in pages {
        let values = series.values().get(page.clone()).unwrap_or_default();
        let (mut min, mut max) = ((f64::NAN, 0), (f64::NAN, 0));
        let mut not_finite = 0;
        for (place, value) in values.iter().enumerate() {
            if !value.is_finite() {
                not_finite += 1;
                continue;
            }
            if min.0.is_nan() || *value < min.0 {
                min = (*value, place);
            }
            if max.0.is_nan() || *value > max.0 {
                max = (*value, place);
            }
        }
        let ends = [values.first(), values.last()];
        let numbers = ends.map(|end| end.copied().unwrap_or(f64::NAN));
        let [first, last] = numbers;
        for (column, number) in columns.iter_mut().zip([first, last, min.0, max.0]) {
            column.push(number);
        }
        for (column, number) in counts.iter_mut().zip([min.1, max.1, not_finite]) {
            column.push(u32::try_from(number).unwrap_or(u32::MAX));
        }
        places.push((min.1, max.1));
    }
    for (id, column) in [FIRST, LAST, MIN, MAX].into_iter().zip(&columns) {
        put(writer, id, column);
    }
    let ids = [MIN_PLACE, MAX_PLACE, NOT_FINITE];
    for (id, column) in ids.into_iter().zip(&counts) {
        put(writer, id, column);
    }
    places
}

/// Writes the columns of one abscissa, unless no point has it.
fn axis<T: Plain + Abscissa + PartialOrd>(
    writer: &mut Writer,
    base: u8,
    column: &OptionalColumn<T>,
    pages: &[Range<usize>],
    extremes: &[(usize, usize)],
    usable: impl Fn(T) -> Option<T>,
) {
    let mut have: Vec<u32> = Vec::with_capacity(pages.len());
    let mut descents: Vec<u32> = Vec::with_capacity(pages.len());
    let mut numbers: [Vec<T>; 6] = Default::default();
    for (page, extremes) in pages.iter().zip(extremes) {
        let get = |row: usize| column.get(row).and_then(&usable);
        let (mut count, mut back) = (0, 0);
        let mut seen: Option<[T; 4]> = None;
        for number in page.clone().filter_map(get) {
            count += 1;
            seen = Some(match seen {
                None => [number; 4],
                Some([first, last, min, max]) => {
                    back += u32::from(number.x() < last.x());
                    let min = if number < min { number } else { min };
                    let max = if number > max { number } else { max };
                    [first, number, min, max]
                }
            });
        }
        let [first, last, min, max] = seen.unwrap_or_default();
        let at = |place: usize| get(page.start + place).unwrap_or_default();
        let of_page = [first, last, min, max, at(extremes.0), at(extremes.1)];
        for (column, number) in numbers.iter_mut().zip(of_page) {
            column.push(number);
        }
        have.push(count);
        descents.push(back);
    }
    if have.iter().all(|count| *count == 0) {
        return;
    }
    put(writer, base + HAVE, &have);
    let [first, last, min, max, ..] = &numbers;
    let is_rising = first.iter().zip(min).all(|(a, b)| a.is_same(*b))
        && last.iter().zip(max).all(|(a, b)| a.is_same(*b));
    for (id, column) in [X_FIRST, X_LAST, X_MIN, X_MAX, AT_MIN, AT_MAX]
        .into_iter()
        .zip(&numbers)
    {
        if !is_rising || !matches!(id, X_MIN | X_MAX) {
            put(writer, base + id, column);
        }
    }
    put(writer, base + DESCENTS, &descents);
}

/// A number that can be an abscissa.
trait Abscissa: Copy {
    fn x(self) -> f64;
}

impl Abscissa for f64 {
    fn x(self) -> f64 {
        self
    }
}

impl Abscissa for i64 {
    fn x(self) -> f64 {
        number(self)
    }
}

/// The columns of a pyramid that one abscissa needs.
struct Pages {
    first: Vec<f64>,
    last: Vec<f64>,
    min: Vec<f64>,
    max: Vec<f64>,
    min_place: Vec<u32>,
    max_place: Vec<u32>,
    not_finite: Vec<u32>,
}

struct AxisPages {
    have: Vec<u32>,
    first: Vec<f64>,
    last: Vec<f64>,
    min: Option<Vec<f64>>,
    max: Option<Vec<f64>>,
    at_min: Vec<f64>,
    at_max: Vec<f64>,
    descents: Vec<u32>,
}

/// What is known of each page over `axis`. `start` is the place of the chunk's first point in the
/// order of arrival.
///
/// # Errors
/// What is wrong with the pyramid.
pub(in super::super) fn summaries(
    head: &PagedHead<'_>,
    pyramid: &[u8],
    axis: WindowAxis,
    start: u64,
) -> Result<Vec<PageSummary>, String> {
    let body = checked(pyramid, head.sum()).map_err(of_pyramid)?;
    let (own, fields) = Reader::columns(body, MAGIC).map_err(of_pyramid)?;
    let agrees = usize::from(own.page_points) == head.page_points() && own.count == head.count();
    if own.version != VERSION || !agrees {
        return Err("its pyramid is not that of the chunk".into());
    }
    let fields = Fields {
        fields: &fields,
        pages: head.pages(),
    };
    let values = Pages {
        first: fields.numbers(FIRST)?,
        last: fields.numbers(LAST)?,
        min: fields.numbers(MIN)?,
        max: fields.numbers(MAX)?,
        min_place: fields.numbers(MIN_PLACE)?,
        max_place: fields.numbers(MAX_PLACE)?,
        not_finite: fields.numbers(NOT_FINITE)?,
    };
    let stride = head.stride()?;
    let along = match (axis, stride) {
        (WindowAxis::Step, None) => fields.axis::<i64>(STEP)?,
        (WindowAxis::Time, _) => fields.axis::<i64>(TIME)?,
        (WindowAxis::Epoch, _) => fields.axis::<f64>(EPOCH)?,
        (WindowAxis::Step | WindowAxis::Arrival, _) => None,
    };
    let even = match (axis, stride) {
        (WindowAxis::Step, Some(stride)) => Some(stride),
        _ => None,
    };
    let page = |page: usize| -> Option<PageSummary> {
        let rows = head.rows(page);
        let places = [values.min_place.get(page)?, values.max_place.get(page)?];
        let rows_of = places.map(|place| {
            let place = usize::try_from(*place).unwrap_or(usize::MAX);
            rows.start.saturating_add(place)
        });
        if rows_of.iter().any(|row| !rows.contains(row)) {
            return None;
        }
        let x = match (&along, even, axis) {
            (Some(along), _, _) => match along.page(page, rows.len())? {
                Ok(x) => x,
                Err(other) => return Some(other),
            },
            (None, Some((first, stride)), _) => Xs::even(&rows, rows_of, |row| {
                super::number::Plain::after(first, stride, row).x()
            }),
            (None, None, WindowAxis::Arrival) => Xs::even(&rows, rows_of, |row| {
                let row = u64::try_from(row).unwrap_or(u64::MAX);
                arrival(start.saturating_add(row))
            }),
            (None, None, _) => return Some(PageSummary::Nowhere),
        };
        let row = |row: usize| start.saturating_add(u64::try_from(row).unwrap_or(u64::MAX));
        let [min_row, max_row] = rows_of.map(row);
        let (min, max) = (*values.min.get(page)?, *values.max.get(page)?);
        let extremes = (min.is_finite() && max.is_finite()).then_some((
            WindowPoint {
                x: x.at.0,
                value: min,
                index: min_row,
            },
            WindowPoint {
                x: x.at.1,
                value: max,
                index: max_row,
            },
        ));
        Some(PageSummary::Known(Summary {
            start: row(rows.start),
            count: u64::try_from(rows.len()).unwrap_or(u64::MAX),
            ends: x.ends,
            range: x.range,
            descents: x.descents,
            values: (*values.first.get(page)?, *values.last.get(page)?),
            extremes,
            not_finite: u64::from(*values.not_finite.get(page)?),
        }))
    };
    (0..head.pages())
        .map(|number| page(number).ok_or_else(|| of_pyramid("a page is broken")))
        .collect()
}

fn of_pyramid(reason: impl Display) -> String {
    format!("its pyramid: {reason}")
}

/// The abscissas of a page.
struct Xs {
    ends: (f64, f64),
    range: (f64, f64),
    /// At the smallest and the largest value.
    at: (f64, f64),
    descents: u64,
}

impl Xs {
    /// Of numbers at equal distances.
    fn even(rows: &Range<usize>, at: [usize; 2], x: impl Fn(usize) -> f64) -> Self {
        let ends = (x(rows.start), x(rows.end.saturating_sub(1)));
        let falls = ends.1 < ends.0;
        let descents = if falls {
            rows.len().saturating_sub(1)
        } else {
            0
        };
        Self {
            ends,
            range: if falls { (ends.1, ends.0) } else { ends },
            at: (x(at[0]), x(at[1])),
            descents: u64::try_from(descents).unwrap_or(u64::MAX),
        }
    }
}

impl AxisPages {
    /// The abscissas of a page of `count` points; else what else the page is.
    fn page(&self, page: usize, count: usize) -> Option<Result<Xs, PageSummary>> {
        let have = usize::try_from(*self.have.get(page)?).ok()?;
        if have == 0 {
            return Some(Err(PageSummary::Nowhere));
        }
        if have != count {
            return Some(Err(PageSummary::Mixed));
        }
        let get = |column: &Vec<f64>| column.get(page).copied();
        let ends = (get(&self.first)?, get(&self.last)?);
        let of = |column: &Option<Vec<f64>>, end| column.as_ref().map_or(Some(end), get);
        Some(Ok(Xs {
            ends,
            range: (of(&self.min, ends.0)?, of(&self.max, ends.1)?),
            at: (get(&self.at_min)?, get(&self.at_max)?),
            descents: u64::from(*self.descents.get(page)?),
        }))
    }
}

struct Fields<'a> {
    fields: &'a [Field<'a>],
    pages: usize,
}

impl Fields<'_> {
    fn numbers<T: Plain>(&self, id: u8) -> Result<Vec<T>, String> {
        let numbers = self.optional(id)?;
        numbers.ok_or_else(|| of_pyramid(format!("it has no column {id}")))
    }

    fn optional<T: Plain>(&self, id: u8) -> Result<Option<Vec<T>>, String> {
        let Some(field) = self.fields.iter().find(|field| field.id == id) else {
            return Ok(None);
        };
        match field.encoding {
            RAW => take_all(field.content, self.pages).map_err(of_pyramid),
            SAME => T::take(field.content)
                .map(|number| vec![number; self.pages])
                .ok_or_else(|| of_pyramid("a column has a wrong length")),
            other => Err(of_pyramid(format!("it has an unknown encoding {other}"))),
        }
        .map(Some)
    }

    /// The columns of an abscissa; `None` where no point has it.
    fn axis<T: Plain + Abscissa>(&self, base: u8) -> Result<Option<AxisPages>, String> {
        let Some(have) = self.optional(base + HAVE)? else {
            return Ok(None);
        };
        let optional = |id| -> Result<Option<Vec<f64>>, String> {
            let numbers = self.optional::<T>(base + id)?;
            Ok(numbers.map(|all| all.into_iter().map(Abscissa::x).collect()))
        };
        let numbers = |id| {
            let missing = || of_pyramid(format!("it has no column {}", base + id));
            optional(id)?.ok_or_else(missing)
        };
        Ok(Some(AxisPages {
            have,
            first: numbers(X_FIRST)?,
            last: numbers(X_LAST)?,
            min: optional(X_MIN)?,
            max: optional(X_MAX)?,
            at_min: numbers(AT_MIN)?,
            at_max: numbers(AT_MAX)?,
            descents: self.numbers(base + DESCENTS)?,
        }))
    }
}
