//! How a series is cut into chunks and pages.
//!
//! A page that is a little longer than a page of the database takes almost two of them, and one of 4,200 bytes a
//! whole one. So the pages of a chunk have as many points as fill pages of the database, by what the points of the
//! chunk before took.

use super::super::open::PAGE_BYTES;
use super::super::schema::CHUNK_POINTS;
use super::EncodedChunk;
#[cfg(feature = "record")]
use super::PagedHead;

/// What a page of the database has for rows, and what the row of a page takes beside its bytes.
const LEAF_BYTES: usize = PAGE_BYTES as usize - 12;
const ROW_BYTES: usize = 32;
/// Smaller pages are as they are: many fit in a page of the database.
const LEAST_FITTED: usize = 512;

/// How chunks are cut.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Paging {
    /// Most points of a chunk.
    pub(in super::super) chunk_points: usize,
    /// A chunk of no more points is in one piece.
    pub(in super::super) whole_points: usize,
    /// Points of a page, a multiple of 8.
    pub(in super::super) page_points: u16,
}

impl Default for Paging {
    fn default() -> Self {
        Self {
            chunk_points: CHUNK_POINTS,
            whole_points: 4_096,
            page_points: 1_024,
        }
    }
}

impl Paging {
    /// Pages of about 1,024 points, of which a whole number fills a page of the database if `bytes` are the most
    /// that `points` of the series have taken.
    fn fitted(self, bytes: usize, points: usize) -> Self {
        let bytes = bytes + bytes / 64;
        if bytes < LEAST_FITTED || points == 0 {
            return self;
        }
        // Pages of usual length in a database page, rounded, and the points of one of so many.
        let rows = (LEAF_BYTES * points / 1_024 + bytes / 2) / bytes;
        let room = LEAF_BYTES / rows.max(1) - ROW_BYTES;
        let page_points = (room * points / bytes).clamp(256, 2_048) / 8 * 8;
        Self {
            page_points: u16::try_from(page_points).unwrap_or(self.page_points),
            ..self
        }
    }

    /// How many of so many points make the next chunk, if it has full pages alone; none where they are less than a
    /// page.
    pub(in super::super) fn full(self, points: usize) -> usize {
        let page_points = usize::from(self.page_points.max(1));
        points.min(self.chunk_points) / page_points * page_points
    }

    /// As [`fitted`](Self::fitted), by the pages of the chunk before.
    pub(in super::super) fn after(self, chunk: &EncodedChunk) -> Self {
        let page_points = usize::from(self.page_points);
        let largest = chunk.pages.iter().map(Vec::len).max();
        largest.map_or(self, |bytes| self.fitted(bytes, page_points))
    }

    /// As [`fitted`](Self::fitted), by what is stored of the chunk before.
    #[cfg(feature = "record")]
    pub(in super::super) fn after_stored(self, data: &[u8], largest_page: usize) -> Self {
        match PagedHead::parse(data) {
            Ok(head) => self.fitted(largest_page, head.page_points()),
            Err(_damaged) => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_pages_fill_a_page_of_the_database() {
        for bytes in [600, 1_000, 2_140, 3_330, 4_200, 7_700, 8_170, 9_300, 16_000] {
            let page_points = Paging::default().fitted(bytes, 1_024).page_points;
            assert!(page_points.is_multiple_of(8));
            assert!(
                (500..=1_500).contains(&page_points),
                "{bytes}: {page_points}"
            );
            let row = bytes * usize::from(page_points) / 1_024 + ROW_BYTES;
            // Within 4 %, of which some are for pages that are longer than the ones before.
            let rows = LEAF_BYTES / row;
            assert!(
                rows * row > LEAF_BYTES * 24 / 25,
                "{bytes}: {rows} rows of {row}"
            );
        }
    }

    #[test]
    fn pages_of_almost_nothing_stay() {
        for bytes in [0, 4, 100] {
            let page_points = Paging::default().fitted(bytes, 1_024).page_points;
            assert_eq!(page_points, 1_024);
        }
    }
}
