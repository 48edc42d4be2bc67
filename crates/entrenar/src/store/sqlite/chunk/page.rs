//! Reads chunks of version 2, page by page.

use std::borrow::Cow;
use std::ops::Range;

use pco::wrapped::{ChunkDecompressor, FileDecompressor};

use super::MAGIC;
use super::format::{ALL_PRESENT, Column, Field, Head, PCO, RAW, Reader, SAME, STRIDE, checked};
use super::number::{Plain, at_rows, take_all, take_presence};
use super::origins::{DecodedOrigins, rule_names};
use super::paged::{VERSION, page_seed};
use crate::session::{OptionalColumn, Series};

/// pco decodes as many numbers at a time, or all that are left.
const BATCH: usize = 256;

/// Number of a column behind the last.
const COLUMNS: usize = Column::RuleNames as usize + 1;

/// The head of a chunk, in which columns may be looked up.
#[derive(Debug)]
pub(in super::super) struct PagedHead<'a> {
    head: Head,
    sum: u32,
    fields: Vec<Field<'a>>,
}

impl<'a> PagedHead<'a> {
    pub(in super::super) fn parse(data: &'a [u8]) -> Result<Self, String> {
        let body = checked(data, 0)?;
        let (head, fields) = Reader::columns(body, MAGIC)?;
        if head.version != VERSION {
            return Err(format!("its version is {}, not {VERSION}", head.version));
        }
        if head.page_points == 0 || head.page_points % 8 != 0 {
            return Err(format!("its pages have {} points", head.page_points));
        }
        let mut last = 0;
        for field in &fields {
            if field.id <= last || usize::from(field.id) >= COLUMNS {
                return Err(format!("it has an unknown column {}", field.id));
            }
            last = field.id;
        }
        Ok(Self {
            sum: crc32c::crc32c(body),
            head,
            fields,
        })
    }

    /// Number of points.
    pub(in super::super) fn count(&self) -> usize {
        self.head.count
    }

    /// Points of a page; the last may have fewer.
    pub(in super::super) fn page_points(&self) -> usize {
        self.head.page_points.into()
    }

    /// The checksum, which pages and pyramid begin theirs with.
    pub(super) fn sum(&self) -> u32 {
        self.sum
    }

    /// The rows of a page; none for one that there is not.
    pub(in super::super) fn rows(&self, page: usize) -> Range<usize> {
        rows(self.head, page)
    }

    pub(in super::super) fn pages(&self) -> usize {
        self.head.count.div_ceil(self.page_points())
    }

    fn field(&self, column: Column) -> Option<Field<'a>> {
        self.fields
            .iter()
            .find(|field| field.id == column as u8)
            .copied()
    }

    /// First step and what is added for each next, where that is all there is to the steps.
    pub(in super::super) fn stride(&self) -> Result<Option<(i64, i64)>, String> {
        match self.field(Column::Step) {
            Some(field) if field.encoding == STRIDE => {
                stride(field.content, self.head.count).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// What decodes the pages; `columns` are wanted.
    pub(in super::super) fn decoder(&self, columns: &[Column]) -> Result<PageDecoder, String> {
        let mut decoder = PageDecoder {
            head: self.head,
            sum: self.sum,
            ..PageDecoder::default()
        };
        for field in &self.fields {
            if field.id == Column::RuleNames as u8 {
                decoder.names = rule_names(field.content)?;
                continue;
            }
            decoder.fields.push(PageField {
                id: field.id,
                presence: field.presence,
                has_content: field.presence != ALL_PRESENT
                    || !matches!(field.encoding, SAME | STRIDE),
            });
        }
        let count = self.head.count;
        let field = |column| {
            let field = self.field(column);
            field.filter(|_| columns.is_empty() || columns.contains(&column))
        };
        decoder.values = Coding::of(field(Column::Value), count)?;
        decoder.steps = Coding::of(field(Column::Step), count)?;
        decoder.epochs = Coding::of(field(Column::Epoch), count)?;
        decoder.times = Coding::of(field(Column::Time), count)?;
        decoder.kinds = Coding::of(field(Column::OriginKind), count)?;
        decoder.cells = Coding::of(field(Column::OriginCell), count)?;
        decoder.outputs = Coding::of(field(Column::OriginOutput), count)?;
        decoder.starts = Coding::of(field(Column::SpanStart), count)?;
        decoder.lengths = Coding::of(field(Column::SpanLength), count)?;
        decoder.rules = Coding::of(field(Column::OriginRule), count)?;
        Ok(decoder)
    }
}

fn rows(head: Head, page: usize) -> Range<usize> {
    let points = usize::from(head.page_points);
    let start = page.saturating_mul(points).min(head.count);
    start..start.saturating_add(points).min(head.count)
}

/// The numbers of a stride, none of which may overflow.
fn stride(content: &[u8], count: usize) -> Result<(i64, i64), String> {
    let mut reader = Reader(content);
    let first = i64::from_le_bytes(reader.array()?);
    let stride = i64::from_le_bytes(reader.array()?);
    let last = i128::try_from(count.saturating_sub(1)).unwrap_or(i128::MAX);
    let last = last.saturating_mul(stride.into());
    if !reader.0.is_empty() || i64::try_from(last.saturating_add(first.into())).is_err() {
        return Err("its steps are not numbers at equal distances".into());
    }
    Ok((first, stride))
}

#[derive(Debug)]
struct PageField {
    id: u8,
    presence: u8,
    /// The pages have bytes of it.
    has_content: bool,
}

/// How the numbers of a column are read out of pages.
#[derive(Default)]
enum Coding<T: Plain> {
    #[default]
    Absent,
    Same(T),
    Stride(T, T),
    Raw,
    Pco(Box<ChunkDecompressor<T>>),
}

impl<T: Plain> Coding<T> {
    fn of(field: Option<Field<'_>>, count: usize) -> Result<Self, String> {
        let Some(field) = field else {
            return Ok(Self::Absent);
        };
        let take = |bytes| T::take(bytes).ok_or("a column has a wrong length");
        Ok(match field.encoding {
            RAW => Self::Raw,
            SAME => Self::Same(take(field.content)?),
            STRIDE if T::STRIDES => {
                stride(field.content, count)?;
                let (first, stride) = field.content.split_at(T::BYTES);
                Self::Stride(take(first)?, take(stride)?)
            }
            PCO => {
                let broken = |error| format!("a column does not decompress: {error}");
                let (file, rest) = FileDecompressor::new(field.content).map_err(broken)?;
                let (chunk, _) = file.chunk_decompressor(rest).map_err(broken)?;
                Self::Pco(Box::new(chunk))
            }
            other => return Err(format!("it has an unknown encoding {other}")),
        })
    }

    /// The numbers of `rows`.
    fn read(
        &mut self,
        (content, presence): (&[u8], u8),
        rows: Range<usize>,
    ) -> Result<OptionalColumn<T>, String> {
        let mut numbers = Vec::new();
        let count = rows.len();
        let bitmap = self.read_present((content, presence), rows, usize::MAX, &mut numbers)?;
        if matches!(self, Self::Absent) {
            return Ok(OptionalColumn::default());
        }
        Ok(at_rows(numbers, bitmap, count))
    }

    /// Puts the numbers of those of `rows` that have one, or the first `wanted` of them and perhaps
    /// more, into `numbers`, and gives the bitmap that says which rows these are, if there is one.
    fn read_present<'b>(
        &mut self,
        (content, presence): (&'b [u8], u8),
        rows: Range<usize>,
        wanted: usize,
        numbers: &mut Vec<T>,
    ) -> Result<Option<&'b [u8]>, String> {
        numbers.clear();
        if matches!(self, Self::Absent) {
            return Ok(None);
        }
        let mut reader = Reader(content);
        let (bitmap, present) = take_presence(&mut reader, presence, rows.len())?;
        match self {
            Self::Absent => {}
            Self::Same(number) => numbers.resize(present, *number),
            Self::Stride(first, stride) => {
                numbers.extend(rows.map(|row| first.after(*stride, row)));
            }
            Self::Raw => take_all(reader.0, present, numbers)?,
            Self::Pco(_) if present == 0 => {}
            Self::Pco(chunk) => {
                let broken = |error| format!("a page does not decompress: {error}");
                let wanted = wanted.min(present).next_multiple_of(BATCH).min(present);
                numbers.resize(wanted, T::default());
                let mut page = chunk.page_decompressor(reader.0, present).map_err(broken)?;
                let progress = page.read(numbers).map_err(broken)?;
                let is_whole = wanted < present || page.into_src().is_empty();
                if progress.n_processed != wanted || !is_whole {
                    return Err("a page has a wrong length".into());
                }
            }
        }
        Ok(bitmap)
    }
}

/// Decodes the pages of one chunk.
#[derive(Default)]
pub(in super::super) struct PageDecoder {
    head: Head,
    sum: u32,
    fields: Vec<PageField>,
    values: Coding<f64>,
    steps: Coding<i64>,
    epochs: Coding<f64>,
    times: Coding<i64>,
    kinds: Coding<u32>,
    cells: Coding<u32>,
    outputs: Coding<u32>,
    starts: Coding<u32>,
    lengths: Coding<u32>,
    rules: Coding<u32>,
    names: Vec<Cow<'static, str>>,
}

/// The columns of a page, each with its presence.
struct Contents<'a>([(&'a [u8], u8); COLUMNS]);

impl<'a> Contents<'a> {
    fn of(&self, column: Column) -> (&'a [u8], u8) {
        let content = self.0.get(column as usize).copied();
        content.unwrap_or((&[], ALL_PRESENT))
    }
}

/// The values of a page, and the steps and times of the points that have one.
#[derive(Debug, Default)]
pub(in super::super) struct PageNumbers {
    pub(in super::super) values: Vec<f64>,
    pub(in super::super) steps: Vec<i64>,
    pub(in super::super) times: Vec<i64>,
}

impl PageDecoder {
    /// Looks the columns of a page up.
    fn contents<'a>(&self, place: usize, bytes: &'a [u8]) -> Result<Contents<'a>, String> {
        let mut reader = Reader(checked(bytes, page_seed(self.sum, place))?);
        let mut contents = [(&[] as &[u8], ALL_PRESENT); COLUMNS];
        for field in &self.fields {
            let content = if field.has_content {
                let length = reader.length()?;
                reader.take(length)?
            } else {
                &[]
            };
            if let Some(slot) = contents.get_mut(usize::from(field.id)) {
                *slot = (content, field.presence);
            }
        }
        if !reader.0.is_empty() {
            return Err("a page has a wrong length".into());
        }
        Ok(Contents(contents))
    }

    /// Puts the numbers of the page at `place` into `numbers`, where memory is taken once. Columns
    /// that were not wanted are empty.
    pub(in super::super) fn numbers(
        &mut self,
        place: usize,
        bytes: &[u8],
        numbers: &mut PageNumbers,
    ) -> Result<(), String> {
        let contents = self.contents(place, bytes)?;
        let rows = rows(self.head, place);
        let all = usize::MAX;
        let values = (contents.of(Column::Value), &mut numbers.values);
        self.values
            .read_present(values.0, rows.clone(), all, values.1)?;
        if numbers.values.len() != rows.len() {
            return Err("a value is missing".into());
        }
        let steps = (contents.of(Column::Step), &mut numbers.steps);
        self.steps
            .read_present(steps.0, rows.clone(), all, steps.1)?;
        let times = (contents.of(Column::Time), &mut numbers.times);
        self.times.read_present(times.0, rows, all, times.1)?;
        Ok(())
    }

    /// Puts the first values of the page at `place` into `numbers`: at least `wanted` of them, none of
    /// which may be missing.
    pub(in super::super) fn first_values(
        &mut self,
        place: usize,
        bytes: &[u8],
        wanted: usize,
        numbers: &mut PageNumbers,
    ) -> Result<(), String> {
        let contents = self.contents(place, bytes)?;
        let rows = rows(self.head, place);
        let (content, values) = (contents.of(Column::Value), &mut numbers.values);
        let bitmap = self.values.read_present(content, rows, wanted, values)?;
        if bitmap.is_some() || values.len() < wanted {
            return Err("a value is missing".into());
        }
        Ok(())
    }

    /// Appends the points of the page at `place` to `series`. Columns that were not wanted are
    /// absent.
    pub(in super::super) fn page(
        &mut self,
        place: usize,
        bytes: &[u8],
        series: &mut Series,
    ) -> Result<(), String> {
        let contents = self.contents(place, bytes)?;
        let content = |column| contents.of(column);
        let rows = rows(self.head, place);
        let values = self.values.read(content(Column::Value), rows.clone())?;
        let steps = self.steps.read(content(Column::Step), rows.clone())?;
        let epochs = self.epochs.read(content(Column::Epoch), rows.clone())?;
        let times = self.times.read(content(Column::Time), rows.clone())?;
        let mut origins = DecodedOrigins {
            kinds: self.kinds.read(content(Column::OriginKind), rows.clone())?,
            ..DecodedOrigins::default()
        };
        let with_origin = origins.with_origin(rows.len());
        if with_origin > 0 {
            let one = 0..with_origin;
            origins.cells = self.cells.read(content(Column::OriginCell), one.clone())?;
            origins.outputs = self
                .outputs
                .read(content(Column::OriginOutput), one.clone())?;
            origins.starts = self.starts.read(content(Column::SpanStart), one.clone())?;
            origins.lengths = self
                .lengths
                .read(content(Column::SpanLength), one.clone())?;
            origins.rules = self.rules.read(content(Column::OriginRule), one)?;
        }
        let values = values.whole(0..rows.len()).ok_or("a value is missing")?;
        let origins = origins.all(&self.names, rows.len())?;
        series.append(values, &steps, &epochs, &times, origins);
        Ok(())
    }
}
