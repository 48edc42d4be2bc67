//! Reads what is known of the pages of a chunk, straight out of the bytes of its pyramid.

use std::fmt::Display;
use std::ops::Range;

use super::format::{Field, RAW, Reader, SAME, checked};
use super::number::Plain;
use super::page::PagedHead;
use super::pyramid::{
    AT_MAX, AT_MIN, Abscissa, DESCENTS, EPOCH, FIRST, HAVE, LAST, MAGIC, MAX, MAX_PLACE, MIN,
    MIN_PLACE, NOT_FINITE, STEP, TIME, VERSION, X_FIRST, X_LAST, X_MAX, X_MIN,
};
use crate::window::{Summary, WindowAxis, WindowPoint, arrival};

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

impl PageSummary {
    /// What is known, where all points have an abscissa.
    pub(in super::super) fn known(&self) -> Option<&Summary> {
        match self {
            Self::Known(summary) => Some(summary),
            Self::Nowhere | Self::Mixed => None,
        }
    }
}

/// What is known of the pages of a chunk over one abscissa.
#[derive(Debug)]
pub(in super::super) struct Summaries<'a> {
    head: &'a PagedHead<'a>,
    /// Place of the chunk's first point in the order of arrival.
    start: u64,
    first: Numbers<'a, f64>,
    last: Numbers<'a, f64>,
    min: Numbers<'a, f64>,
    max: Numbers<'a, f64>,
    min_place: Numbers<'a, u32>,
    max_place: Numbers<'a, u32>,
    not_finite: Numbers<'a, u32>,
    along: Along<'a>,
}

/// Where the abscissas of a chunk are found.
#[derive(Debug)]
enum Along<'a> {
    /// Nowhere: no point has one.
    Absent,
    /// The first, and the distance of the others.
    Even(i64, i64),
    /// The order of arrival.
    Arrival,
    Integers(AxisPages<'a, i64>),
    Fractions(AxisPages<'a, f64>),
}

/// The columns of one abscissa.
#[derive(Debug)]
struct AxisPages<'a, T> {
    have: Numbers<'a, u32>,
    first: Numbers<'a, T>,
    last: Numbers<'a, T>,
    min: Option<Numbers<'a, T>>,
    max: Option<Numbers<'a, T>>,
    at_min: Numbers<'a, T>,
    at_max: Numbers<'a, T>,
    descents: Numbers<'a, u32>,
}

/// A column: a number for each page, or one for all.
#[derive(Debug)]
enum Numbers<'a, T> {
    Same(T),
    Raw(&'a [u8]),
}

impl<T: Plain> Numbers<'_, T> {
    fn get(&self, page: usize) -> Option<T> {
        match self {
            Self::Same(number) => Some(*number),
            Self::Raw(bytes) => {
                let start = page * T::BYTES;
                T::take(bytes.get(start..start + T::BYTES)?)
            }
        }
    }
}

impl<'a> Summaries<'a> {
    /// Reads the pyramid of the chunk with that head.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(in super::super) fn parse(
        head: &'a PagedHead<'a>,
        pyramid: &'a [u8],
        axis: WindowAxis,
        start: u64,
    ) -> Result<Self, String> {
        let body = checked(pyramid, head.sum()).map_err(of_pyramid)?;
        let (own, fields) = Reader::columns(body, MAGIC).map_err(of_pyramid)?;
        let agrees =
            usize::from(own.page_points) == head.page_points() && own.count == head.count();
        if own.version != VERSION || !agrees {
            return Err("its pyramid is not that of the chunk".into());
        }
        let fields = Fields {
            fields: &fields,
            pages: head.pages(),
        };
        let along = match axis {
            WindowAxis::Step => match head.stride()? {
                Some((first, stride)) => Along::Even(first, stride),
                None => fields.axis(STEP)?.map_or(Along::Absent, Along::Integers),
            },
            WindowAxis::Time => fields.axis(TIME)?.map_or(Along::Absent, Along::Integers),
            WindowAxis::Epoch => fields.axis(EPOCH)?.map_or(Along::Absent, Along::Fractions),
            WindowAxis::Arrival => Along::Arrival,
        };
        Ok(Self {
            head,
            start,
            first: fields.numbers(FIRST)?,
            last: fields.numbers(LAST)?,
            min: fields.numbers(MIN)?,
            max: fields.numbers(MAX)?,
            min_place: fields.numbers(MIN_PLACE)?,
            max_place: fields.numbers(MAX_PLACE)?,
            not_finite: fields.numbers(NOT_FINITE)?,
            along,
        })
    }

    /// What is known of a page of the chunk.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(in super::super) fn page(&self, page: usize) -> Result<PageSummary, String> {
        self.known(page)
            .ok_or_else(|| of_pyramid("a page is broken"))
    }

    fn known(&self, page: usize) -> Option<PageSummary> {
        let rows = self.head.rows(page);
        let rows_of = [self.min_place.get(page)?, self.max_place.get(page)?].map(|place| {
            let place = usize::try_from(place).unwrap_or(usize::MAX);
            rows.start.saturating_add(place)
        });
        if rows_of.iter().any(|row| !rows.contains(row)) {
            return None;
        }
        let row = |row: usize| {
            let row = u64::try_from(row).unwrap_or(u64::MAX);
            self.start.saturating_add(row)
        };
        let xs = match &self.along {
            Along::Absent => return Some(PageSummary::Nowhere),
            Along::Even(first, stride) => {
                Xs::even(&rows, rows_of, |row| first.after(*stride, row).x())
            }
            Along::Arrival => Xs::even(&rows, rows_of, |at| arrival(row(at))),
            Along::Integers(along) => match along.page(page, rows.len())? {
                Ok(xs) => xs,
                Err(other) => return Some(other),
            },
            Along::Fractions(along) => match along.page(page, rows.len())? {
                Ok(xs) => xs,
                Err(other) => return Some(other),
            },
        };
        let (min, max) = (self.min.get(page)?, self.max.get(page)?);
        let point = |x, value, at| WindowPoint {
            x,
            value,
            index: row(at),
        };
        let [at_min, at_max] = rows_of;
        let extremes = (min.is_finite() && max.is_finite())
            .then(|| (point(xs.at.0, min, at_min), point(xs.at.1, max, at_max)));
        Some(PageSummary::Known(Summary {
            start: row(rows.start),
            count: u64::try_from(rows.len()).unwrap_or(u64::MAX),
            ends: xs.ends,
            range: xs.range,
            descents: xs.descents,
            values: (self.first.get(page)?, self.last.get(page)?),
            extremes,
            not_finite: u64::from(self.not_finite.get(page)?),
        }))
    }
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

impl<T: Plain + Abscissa> AxisPages<'_, T> {
    /// The abscissas of a page of `count` points; else what else the page is.
    fn page(&self, page: usize, count: usize) -> Option<Result<Xs, PageSummary>> {
        let have = usize::try_from(self.have.get(page)?).ok()?;
        if have == 0 {
            return Some(Err(PageSummary::Nowhere));
        }
        if have != count {
            return Some(Err(PageSummary::Mixed));
        }
        let get = |column: &Numbers<'_, T>| column.get(page).map(Abscissa::x);
        let ends = (get(&self.first)?, get(&self.last)?);
        let of = |column: &Option<Numbers<'_, T>>, end| column.as_ref().map_or(Some(end), get);
        Some(Ok(Xs {
            ends,
            range: (of(&self.min, ends.0)?, of(&self.max, ends.1)?),
            at: (get(&self.at_min)?, get(&self.at_max)?),
            descents: u64::from(self.descents.get(page)?),
        }))
    }
}

struct Fields<'f, 'a> {
    fields: &'f [Field<'a>],
    pages: usize,
}

impl<'a> Fields<'_, 'a> {
    fn numbers<T: Plain>(&self, id: u8) -> Result<Numbers<'a, T>, String> {
        let numbers = self.optional(id)?;
        numbers.ok_or_else(|| of_pyramid(format!("it has no column {id}")))
    }

    fn optional<T: Plain>(&self, id: u8) -> Result<Option<Numbers<'a, T>>, String> {
        let Some(field) = self.fields.iter().find(|field| field.id == id) else {
            return Ok(None);
        };
        let wrong = || of_pyramid("a column has a wrong length");
        match field.encoding {
            RAW if field.content.len() == self.pages * T::BYTES => Ok(Numbers::Raw(field.content)),
            RAW => Err(wrong()),
            SAME => T::take(field.content).map(Numbers::Same).ok_or_else(wrong),
            other => Err(of_pyramid(format!("it has an unknown encoding {other}"))),
        }
        .map(Some)
    }

    /// The columns of an abscissa; `None` where no point has it.
    fn axis<T: Plain>(&self, base: u8) -> Result<Option<AxisPages<'a, T>>, String> {
        let Some(have) = self.optional(base + HAVE)? else {
            return Ok(None);
        };
        Ok(Some(AxisPages {
            have,
            first: self.numbers(base + X_FIRST)?,
            last: self.numbers(base + X_LAST)?,
            min: self.optional(base + X_MIN)?,
            max: self.optional(base + X_MAX)?,
            at_min: self.numbers(base + AT_MIN)?,
            at_max: self.numbers(base + AT_MAX)?,
            descents: self.numbers(base + DESCENTS)?,
        }))
    }
}
