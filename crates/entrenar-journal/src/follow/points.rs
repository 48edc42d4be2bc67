//! The end of the segments of points: what the journal does not have yet.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use crate::error::Error;
use crate::head::{FileKind, FileName, RecorderId};
use crate::layout::{segment, slot};
use crate::read::{decode, read_at};
use crate::slot::Point;

/// Slots read at once.
const SLOTS: u64 = 1024;
/// Points taken in one look at most.
const MOST: usize = 65_536;

/// Reads slots in the order of their sequences, as far as they are published.
#[derive(Debug)]
pub(super) struct PointTail {
    recorder: RecorderId,
    seed: u32,
    /// The segment that is open, and its number. Its file may have become another segment: slots say their
    /// sequence.
    open: Option<(u64, File)>,
    found: Vec<(u64, Point)>,
    buffer: Vec<u8>,
}

impl PointTail {
    pub(super) fn new(recorder: RecorderId) -> Self {
        Self {
            recorder,
            seed: recorder.seed(),
            open: None,
            found: Vec::new(),
            buffer: Vec::new(),
        }
    }

    /// What was read; empties it.
    pub(super) fn take(&mut self) -> Vec<(u64, Point)> {
        std::mem::take(&mut self.found)
    }

    /// Reads from a sequence on, up to the first slot that is not published; true where there is more.
    pub(super) fn read(
        &mut self,
        folders: &[PathBuf],
        mut next: u64,
        slots: Option<u64>,
    ) -> Result<bool, Error> {
        let Some(slots) = slots.filter(|slots| *slots > 0) else {
            return Ok(false);
        };
        while self.found.len() < MOST {
            let (number, index) = (next / slots, next % slots);
            let count = SLOTS.min(slots - index);
            if !self.read_slots(folders, number, index, count)? {
                return Ok(false);
            }
            for bytes in self.buffer.chunks(slot::SIZE) {
                match decode(bytes, self.seed) {
                    Some((sequence, point)) if sequence == next => {
                        self.found.push((sequence, point));
                        next += 1;
                    }
                    _ => return Ok(false),
                }
            }
        }
        Ok(true)
    }

    /// Reads slots of a segment into the buffer; false where there is no such segment.
    fn read_slots(
        &mut self,
        folders: &[PathBuf],
        number: u64,
        index: u64,
        count: u64,
    ) -> Result<bool, Error> {
        let name = FileName {
            recorder: self.recorder,
            kind: FileKind::Points,
            number,
        };
        if self.open.as_ref().is_none_or(|(open, _)| *open != number) {
            self.open = open_in(folders, name)?.map(|file| (number, file));
        }
        let Some((_, file)) = &self.open else {
            return Ok(false);
        };
        let (size, head) = (slot::SIZE as u64, segment::SIZE as u64);
        let Some(offset) = index.checked_mul(size).and_then(|at| at.checked_add(head)) else {
            return Ok(false);
        };
        self.buffer
            .resize(usize::try_from(count * size).unwrap_or(0), 0);
        let read = read_all_at(file, offset, &mut self.buffer)
            .map_err(|error| Error::io("read", name.to_string())(error))?;
        self.buffer.truncate(read - read % slot::SIZE);
        Ok(!self.buffer.is_empty())
    }
}

/// Opens a segment in the first folder that has it.
pub(super) fn open_in(folders: &[PathBuf], name: FileName) -> Result<Option<File>, Error> {
    for folder in folders {
        let path = folder.join(name.to_string());
        match File::open(&path) {
            Ok(file) => return Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io("open", path)(error)),
        }
    }
    Ok(None)
}

/// Fills a buffer from an offset on; the bytes that there were.
pub(super) fn read_all_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
        let at = offset.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        match read_at(file, at, rest) {
            Ok(0) => break,
            Ok(count) => read += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}
