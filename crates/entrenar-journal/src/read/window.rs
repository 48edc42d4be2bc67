//! A part of a file in memory, moving forward.

use std::fs::File;
use std::io;

/// Bytes asked for at once; longer frames are read whole.
const READ: usize = 256 << 10;

/// What is read.
#[derive(Debug)]
pub(super) enum Source<'a> {
    File(File),
    Bytes(&'a [u8]),
}

impl Source<'_> {
    /// Reads up to `buffer.len()` bytes; fewer at the end, and none behind it.
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => read_at(file, offset, buffer),
            Self::Bytes(bytes) => {
                let rest = usize::try_from(offset)
                    .ok()
                    .and_then(|offset| bytes.get(offset..))
                    .unwrap_or_default();
                let part = rest.get(..buffer.len()).unwrap_or(rest);
                buffer
                    .get_mut(..part.len())
                    .unwrap_or_default()
                    .copy_from_slice(part);
                Ok(part.len())
            }
        }
    }
}

/// Reads at an offset of a file.
#[cfg(unix)]
pub(crate) fn read_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

/// Reads at an offset of a file.
#[cfg(not(unix))]
pub(crate) fn read_at(mut file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    use std::io::{Read as _, Seek as _};
    file.seek(io::SeekFrom::Start(offset))?;
    file.read(buffer)
}

/// The bytes from an offset of the source on.
#[derive(Debug)]
pub(super) struct Window<'a> {
    source: Source<'a>,
    /// Bytes of the source from `offset - start` on.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
}

impl<'a> Window<'a> {
    pub(super) const fn new(source: Source<'a>) -> Self {
        Self {
            source,
            bytes: Vec::new(),
            start: 0,
            end: 0,
            offset: 0,
        }
    }

    /// Where in the source the window begins.
    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    /// What is in memory.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Makes the window at least this long, unless the source ends before.
    pub(super) fn fill(&mut self, wanted: usize) -> io::Result<()> {
        while self.end - self.start < wanted {
            if self.start > 0 {
                self.bytes.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
            }
            let room = wanted.max(READ);
            if self.bytes.len() < room {
                self.bytes.resize(room, 0);
            }
            let offset = self.offset + u64::try_from(self.end).unwrap_or(u64::MAX);
            let target = self.bytes.get_mut(self.end..room).unwrap_or_default();
            match self.source.read_at(offset, target) {
                Ok(0) => return Ok(()),
                Ok(count) => self.end += count.min(room - self.end),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Moves the window forward, at most to the end of what is in memory.
    pub(super) fn skip(&mut self, count: usize) {
        let count = count.min(self.end - self.start);
        self.start += count;
        self.offset += u64::try_from(count).unwrap_or(0);
    }

    /// Reads everything from the offset on again: it may have changed.
    pub(super) fn forget(&mut self) {
        (self.start, self.end) = (0, 0);
    }
}
