//! Version 2: a head that all pages share, and pages that decode alone.
//!
//! See `docs/store-format.md` for the bytes.

use std::ops::Range;

use pco::PagingSpec;
use pco::wrapped::FileCompressor;

use super::format::{
    ALL_PRESENT, BITMAP, Column, Field, Head, PCO, RAW, SAME, STRIDE, Writer, put_length, seal,
};
use super::number::{MIN_COMPRESSED, Plain, put_all, same};
use super::origins::OriginColumns;
use super::{EncodedChunk, MAGIC, Statistics, pyramid};
use crate::session::{OptionalColumn, Series};

pub(super) const VERSION: u8 = 2;

/// Encodes the points `range` of `series` with `page_points` in a page, a multiple of 8.
pub(super) fn encode(series: &Series, range: Range<usize>, page_points: u16) -> EncodedChunk {
    let mut encoder = Encoder::new(range.len(), page_points.into());
    let values = series.values().get(range.clone()).unwrap_or_default();
    encoder.whole(Column::Value, values);
    encoder.optional(Column::Step, series.steps(), range.clone());
    encoder.optional(Column::Epoch, series.epochs(), range.clone());
    encoder.optional(Column::Time, series.times_us(), range.clone());
    if let Some(origins) = OriginColumns::of(series.origins(range.clone()), range.len()) {
        encoder.whole(Column::OriginKind, &origins.kinds);
        // The others have a number for each origin of a page.
        let with_origin = origins
            .kinds
            .chunks(page_points.into())
            .map(|kinds| kinds.iter().filter(|kind| **kind > 0).count());
        let with_origin: Vec<_> = with_origin.collect();
        encoder.put(Column::OriginCell, &origins.cells, &with_origin, None);
        encoder.put(Column::OriginOutput, &origins.outputs, &with_origin, None);
        encoder.put(Column::SpanStart, &origins.starts, &with_origin, None);
        encoder.put(Column::SpanLength, &origins.lengths, &with_origin, None);
        encoder.put(Column::OriginRule, &origins.rules, &with_origin, None);
        encoder.head.put(origins.names_field());
    }
    let mut data = encoder.head.finish(Head {
        magic: MAGIC,
        version: VERSION,
        page_points,
        count: range.len(),
    });
    let sum = seal(&mut data, 0);
    let mut pages = encoder.pages;
    for (place, page) in pages.iter_mut().enumerate() {
        seal(page, page_seed(sum, place));
    }
    EncodedChunk {
        pyramid: Some(pyramid::encode(
            series,
            range.clone(),
            page_points,
            encoder.has_stride,
            sum,
        )),
        statistics: Statistics::of(range.filter_map(|index| series.point(index))),
        data,
        pages,
    }
}

/// What the checksum of a page begins with: a page of another chunk or place does not fit.
pub(super) fn page_seed(sum: u32, place: usize) -> u32 {
    let place = u32::try_from(place).unwrap_or(u32::MAX);
    crc32c::crc32c_append(sum, &place.to_le_bytes())
}

struct Encoder {
    head: Writer,
    pages: Vec<Vec<u8>>,
    /// Rows of each page.
    rows: Vec<usize>,
    page_points: usize,
    /// The steps are a stride.
    has_stride: bool,
}

impl Encoder {
    fn new(count: usize, page_points: usize) -> Self {
        let starts = (0..count).step_by(page_points);
        let rows: Vec<_> = starts.map(|s| page_points.min(count - s)).collect();
        Self {
            head: Writer::default(),
            pages: vec![Vec::new(); rows.len()],
            rows,
            page_points,
            has_stride: false,
        }
    }

    fn whole<T: Plain>(&mut self, column: Column, numbers: &[T]) {
        let rows = self.rows.clone();
        self.put(column, numbers, &rows, None);
    }

    fn optional<T: Plain>(
        &mut self,
        column: Column,
        numbers: &OptionalColumn<T>,
        range: Range<usize>,
    ) {
        let (numbers, bitmap) = numbers.present(range);
        let Some(bitmap) = bitmap else {
            return self.whole(column, &numbers);
        };
        let of_page = bitmap.chunks(self.page_points / 8).map(|bits| {
            let set = bits.iter().map(|byte| byte.count_ones()).sum::<u32>();
            usize::try_from(set).unwrap_or_default()
        });
        let of_page: Vec<_> = of_page.collect();
        self.put(column, &numbers, &of_page, Some(&bitmap));
    }

    /// Writes a column of which the pages have `of_page` numbers each.
    fn put<T: Plain>(
        &mut self,
        column: Column,
        numbers: &[T],
        of_page: &[usize],
        bitmap: Option<&[u8]>,
    ) {
        if numbers.is_empty() {
            return;
        }
        let mut shared = Vec::new();
        let mut contents = vec![Vec::new(); of_page.len()];
        let encoding = if let Some(number) = same(numbers) {
            number.put(&mut shared);
            SAME
        } else if let Some(stride) = bitmap.map_or_else(|| T::stride(numbers), |_| None)
            && let Some(first) = numbers.first()
        {
            first.put(&mut shared);
            stride.put(&mut shared);
            self.has_stride |= column == Column::Step;
            STRIDE
        } else if let Some(packed) = compress(column, numbers, of_page) {
            (shared, contents) = packed;
            PCO
        } else {
            let mut rest = numbers;
            for (content, count) in contents.iter_mut().zip(of_page) {
                let (page, behind) = rest.split_at_checked(*count).unwrap_or((rest, &[]));
                put_all(page, content);
                rest = behind;
            }
            RAW
        };
        self.head.put(Field {
            id: column as u8,
            encoding,
            presence: if bitmap.is_some() {
                BITMAP
            } else {
                ALL_PRESENT
            },
            content: &shared,
        });
        if bitmap.is_none() && matches!(encoding, SAME | STRIDE) {
            return;
        }
        let bits = bitmap.unwrap_or_default();
        let mut bits = bits.chunks(self.page_points / 8);
        for (page, content) in self.pages.iter_mut().zip(contents) {
            let bits = bits.next().unwrap_or_default();
            put_length(bits.len() + content.len(), page);
            page.extend_from_slice(bits);
            page.extend_from_slice(&content);
        }
    }
}

/// pco's shared bytes and those of each page; `None` where they would not be fewer.
fn compress<T: Plain>(
    column: Column,
    numbers: &[T],
    of_page: &[usize],
) -> Option<(Vec<u8>, Vec<Vec<u8>>)> {
    if numbers.len() < MIN_COMPRESSED {
        return None;
    }
    let filled: Vec<_> = of_page.iter().copied().filter(|count| *count > 0).collect();
    let config = column.config().with_paging_spec(PagingSpec::Exact(filled));
    let file = FileCompressor::default();
    let mut chunk = file.chunk_compressor(numbers, &config).ok()?;
    let mut shared = Vec::new();
    file.write_header(&mut shared).ok()?;
    chunk.write_meta(&mut shared).ok()?;
    let mut size = shared.len();
    let mut contents = Vec::with_capacity(of_page.len());
    let mut page = 0;
    for count in of_page {
        let mut content = Vec::new();
        if *count > 0 {
            chunk.write_page(page, &mut content).ok()?;
            page += 1;
        }
        size += content.len();
        contents.push(content);
    }
    (size < numbers.len() * T::BYTES).then_some((shared, contents))
}
