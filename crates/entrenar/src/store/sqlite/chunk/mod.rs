//! A chunk: up to 65,536 points of one series as compressed columns.
//!
//! A chunk of few points is version 1: each column in one piece (`whole.rs`). A larger one is
//! version 2: a head that its pages share (`paged.rs`), pages that decode alone (`page.rs`), and a
//! pyramid that says what is known of each page (`pyramid.rs`). Points of a live recording that wait
//! to be merged are version 3 (`plain.rs`). [`row`] keeps chunk and pages
//! together in the database. The bytes are drawn in `docs/store-format.md`.
//!
//! Every length and number is checked before anything is allocated for it.

mod format;
mod number;
mod origins;
mod page;
mod paged;
mod paging;
mod plain;
mod pyramid;
pub(super) mod row;
mod statistics;
mod summaries;
mod whole;

use std::ops::Range;

pub(super) use self::format::Column;
pub(super) use self::page::{PageDecoder, PageNumbers, PagedHead};
pub(super) use self::paging::Paging;
pub(super) use self::statistics::Statistics;
pub(super) use self::summaries::{PageSummary, Summaries};
use crate::session::Series;

const MAGIC: [u8; 8] = *b"ENTRCHNK";

/// A chunk to be put into the store by [`row::insert`].
#[derive(Debug)]
pub(super) struct EncodedChunk {
    /// The figures of its row.
    pub(super) statistics: Statistics,
    /// The chunk; of one with pages, its head.
    pub(super) data: Vec<u8>,
    /// What is known of each page.
    pub(super) pyramid: Option<Vec<u8>>,
    /// The pages; none where the chunk is in one piece.
    pub(super) pages: Vec<Vec<u8>>,
}

/// A page as it is stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<'a> {
    /// Its number in the chunk.
    pub(super) place: usize,
    /// Its bytes.
    pub(super) bytes: &'a [u8],
}

/// Encodes the points `range` of `series`, at most as many as a chunk may have.
pub(super) fn encode(series: &Series, range: Range<usize>, paging: Paging) -> EncodedChunk {
    if range.len() > paging.whole_points {
        return paged::encode(series, range, paging.page_points);
    }
    encode_whole(series, range)
}

/// The chunks of a whole series.
pub(super) fn encode_all(series: &Series, paging: Paging) -> Vec<EncodedChunk> {
    let (mut paging, mut start) = (paging, 0);
    let mut chunks = Vec::new();
    while start < series.len() {
        let left = series.len() - start;
        // Full pages, where more follows; a page of few points would leave the one behind it no room.
        let end = match paging.full(left) {
            full @ 1.. if left > paging.chunk_points => start + full,
            _ => start + left.min(paging.chunk_points),
        };
        let chunk = encode(series, start..end, paging);
        paging = paging.after(&chunk);
        chunks.push(chunk);
        start = end;
    }
    chunks
}

/// Encodes points that wait to be merged with others: larger than [`encode`] does, and many times faster.
#[cfg(any(feature = "record", test))]
pub(super) fn encode_plain(series: &Series, range: Range<usize>) -> EncodedChunk {
    if !series.origins(range.clone()).is_empty() {
        return encode_whole(series, range);
    }
    EncodedChunk {
        data: plain::encode(series, range.clone()),
        pyramid: None,
        pages: Vec::new(),
        statistics: Statistics::of(range.filter_map(|index| series.point(index))),
    }
}

fn encode_whole(series: &Series, range: Range<usize>) -> EncodedChunk {
    EncodedChunk {
        data: whole::encode(series, range.clone()),
        pyramid: None,
        pages: Vec::new(),
        statistics: Statistics::of(range.filter_map(|index| series.point(index))),
    }
}

/// Decodes a chunk in one piece and appends its points to `series`.
pub(super) fn decode_whole(data: &[u8], series: &mut Series) -> Result<usize, String> {
    if is_plain(data) {
        plain::decode(data, series)
    } else {
        whole::decode(data, series)
    }
}

/// Whether the points of the chunk wait to be merged.
pub(super) fn is_plain(data: &[u8]) -> bool {
    data.get(MAGIC.len()) == Some(&plain::VERSION)
}

/// Whether the chunk of that head has pages.
pub(super) fn is_paged(data: &[u8]) -> bool {
    data.get(MAGIC.len()) == Some(&paged::VERSION)
}

/// Decodes foreign bytes whose checksums are right: without that none would get beyond them.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8]) {
    use super::schema::CHUNK_POINTS;
    use crate::session::SeriesKey;
    let mut series = Series::new(SeriesKey::named("fuzz"));
    let mut whole = bytes.to_vec();
    whole.extend_from_slice(&whole::checksum(bytes));
    if let Ok(count) = whole::decode(&whole, &mut series) {
        assert!(count == series.len() && count <= CHUNK_POINTS);
    }
    let mut plain = bytes.to_vec();
    format::seal(&mut plain, 0);
    series.clear();
    if let Ok(count) = plain::decode(&plain, &mut series) {
        assert!(count == series.len() && count <= CHUNK_POINTS);
        let again = plain::encode(&series, 0..count);
        let mut decoded = Series::new(SeriesKey::named("fuzz"));
        assert!(plain::decode(&again, &mut decoded) == Ok(count) && decoded == series);
    }
    fuzz_paged(bytes);
}

/// Head, pyramid and pages, each behind its length.
#[cfg(fuzzing)]
fn fuzz_paged(bytes: &[u8]) {
    use crate::session::SeriesKey;
    use crate::window::WindowAxis;
    let mut reader = format::Reader(bytes);
    let mut next = |seed: u32| -> Option<Vec<u8>> {
        let length = u16::from_le_bytes(reader.array().ok()?);
        let mut part = reader.take(length.into()).ok()?.to_vec();
        format::seal(&mut part, seed);
        Some(part)
    };
    let Some(data) = next(0) else { return };
    let Ok(head) = PagedHead::parse(&data) else {
        return;
    };
    let Some(pyramid) = next(head.sum()) else {
        return;
    };
    for axis in [
        WindowAxis::Step,
        WindowAxis::Time,
        WindowAxis::Epoch,
        WindowAxis::Arrival,
    ] {
        if let Ok(pages) = Summaries::parse(&head, &pyramid, axis, 7) {
            for place in 0..head.pages() {
                if let Ok(PageSummary::Known(page)) = pages.page(place) {
                    assert!(page.count > 0);
                }
            }
        }
    }
    let Ok(mut decoder) = head.decoder(&[]) else {
        return;
    };
    for place in 0..head.pages() {
        let Some(page) = next(paged::page_seed(head.sum(), place)) else {
            return;
        };
        let mut series = Series::new(SeriesKey::named("fuzz"));
        if decoder.page(place, &page, &mut series).is_ok() {
            assert!(series.len() == head.rows(place).len());
        }
    }
}

#[cfg(test)]
mod tests;
