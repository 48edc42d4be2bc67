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

use std::ops::Range;

use super::format::{ALL_PRESENT, Field, Head, RAW, SAME, Writer, seal};
use super::number::{Plain, put_all, same};
use crate::session::{OptionalColumn, Series};
use crate::window::number;

pub(super) const MAGIC: [u8; 8] = *b"ENTRPYRA";
pub(super) const VERSION: u8 = 1;

// The columns of values.
pub(super) const FIRST: u8 = 1;
pub(super) const LAST: u8 = 2;
/// Smallest and largest finite value; NaN where there is none.
pub(super) const MIN: u8 = 3;
pub(super) const MAX: u8 = 4;
/// Where in the page the first of these is.
pub(super) const MIN_PLACE: u8 = 5;
pub(super) const MAX_PLACE: u8 = 6;
/// Number of values that are NaN or an infinity.
pub(super) const NOT_FINITE: u8 = 7;

/// The columns of an abscissa begin here.
pub(super) const STEP: u8 = 16;
pub(super) const TIME: u8 = 32;
pub(super) const EPOCH: u8 = 48;

// The columns of an abscissa.
/// How many points of the page have one (for an epoch, a finite one). In a page where some have
/// none, the others of these columns are of no use.
pub(super) const HAVE: u8 = 0;
pub(super) const X_FIRST: u8 = 1;
pub(super) const X_LAST: u8 = 2;
/// Left out where they are the first and the last.
pub(super) const X_MIN: u8 = 3;
pub(super) const X_MAX: u8 = 4;
/// At the smallest and the largest value.
pub(super) const AT_MIN: u8 = 5;
pub(super) const AT_MAX: u8 = 6;
/// How often a number is smaller than the one before (compared as f64).
pub(super) const DESCENTS: u8 = 7;

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
pub(super) trait Abscissa: Copy {
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
