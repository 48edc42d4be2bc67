//! Files of any size, in bounded memory.

use std::io::{self, Read};

use super::scanner::{self, OVERLAP, WINDOW};
use super::session::{Lines, Report, finding};

/// Bytes before a place that rules look back at.
const BACK: usize = 4096;
/// Begins of files that are compressed, and what they are.
const COMPRESSED: [(&[u8], &str); 9] = [
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"PAR1", "Parquet"),
    (b"%PDF", "PDF"),
];
/// Begins of pictures, sound and films: their bytes are no text.
const MEDIA: [&[u8]; 8] = [
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"OggS",
    b"ID3",
    b"fLaC",
    b"RIFF",
    b"\0\0\0\x20ftyp",
];

/// What a file was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It was looked at.
    Seen,
    /// Its bytes are packed in that way, and were not looked into.
    Packed(&'static str),
}

/// Shows what is found in what `reader` gives, as the file at `path`.
pub(super) fn scan(path: &str, reader: &mut dyn Read, report: &mut Report<'_>) -> io::Result<Kind> {
    let mut window: Vec<u8> = Vec::new();
    // Where in the window what was not looked at yet begins.
    let mut from = 0;
    let mut lines_before = 0;
    let mut column_before = 0;
    let mut is_text = None;
    loop {
        let room = (BACK + WINDOW + OVERLAP).saturating_sub(window.len());
        let room = u64::try_from(room).unwrap_or(u64::MAX);
        let read = reader.take(room).read_to_end(&mut window)?;
        let is_last = u64::try_from(read).is_ok_and(|read| read < room);
        if is_text.is_none() {
            if let Some((_, name)) = COMPRESSED
                .iter()
                .find(|(begin, _)| window.starts_with(begin))
            {
                return Ok(Kind::Packed(name));
            }
            if MEDIA.iter().any(|begin| window.starts_with(begin)) {
                return Ok(Kind::Packed("picture or sound"));
            }
            if let Some(text) = utf16(&window).filter(|_| is_last) {
                window = text.into_bytes();
            }
        }
        let text = *is_text.get_or_insert_with(|| {
            !window
                .get(..window.len().min(8192))
                .unwrap_or_default()
                .contains(&0)
        });
        let until = if is_last { usize::MAX } else { from + WINDOW };
        let mut lines = Lines::default();
        scanner::scan(&window, from..until, text, &mut |hit| {
            let (line, column) = lines.place(&window, hit.range.start);
            let column = if line == 1 {
                column + column_before
            } else {
                column
            };
            report(finding(path, line + lines_before, column, &hit), hit.secret);
        });
        if is_last {
            return Ok(Kind::Seen);
        }
        let keep = until - BACK.min(until);
        let (line, column) = Lines::default().place(&window, keep);
        column_before = if line == 1 {
            column_before + column - 1
        } else {
            column - 1
        };
        lines_before += line - 1;
        window.drain(..keep);
        from = until - keep;
    }
}

/// A whole text in UTF-16 with a byte order mark.
fn utf16(bytes: &[u8]) -> Option<String> {
    let little = match bytes {
        [0xff, 0xfe, ..] => true,
        [0xfe, 0xff, ..] => false,
        _ => return None,
    };
    let (pairs, _) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|[first, second]| match little {
        true => u16::from_le_bytes([*first, *second]),
        false => u16::from_le_bytes([*second, *first]),
    });
    let text: Result<String, _> = char::decode_utf16(units.skip(1)).collect();
    text.ok()
}
