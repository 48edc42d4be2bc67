//! The ends of lanes: frames that the journal does not have yet.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

use super::points::{open_in, read_all_at};
use crate::error::Error;
use crate::head::{FileKind, FileName, RecorderId, lane_frame_bytes, u32_at};
use crate::layout::{frame, lane, segment};
use crate::recover::{LaneStep, files, lane_step};

/// Reads the frames of all lanes, as far as they are complete.
#[derive(Debug)]
pub(super) struct LaneTails {
    recorder: RecorderId,
    tails: BTreeMap<u32, Tail>,
    found: Vec<(u32, u64, Vec<u8>)>,
}

/// Where the reading of a lane stands.
#[derive(Debug)]
struct Tail {
    number: u64,
    file: Option<File>,
    offset: u64,
}

impl Tail {
    fn at(number: u64) -> Self {
        Self {
            number,
            file: None,
            offset: segment::SIZE as u64,
        }
    }
}

impl LaneTails {
    pub(super) fn new(recorder: RecorderId) -> Self {
        Self {
            recorder,
            tails: BTreeMap::new(),
            found: Vec::new(),
        }
    }

    /// Lane, number and bytes of the frames that were read; empties it.
    pub(super) fn take(&mut self) -> Vec<(u32, u64, Vec<u8>)> {
        std::mem::take(&mut self.found)
    }

    /// Reads all lanes on.
    pub(super) fn read(&mut self, folders: &[PathBuf]) -> Result<(), Error> {
        // The first segment of each lane that is left.
        let mut first: BTreeMap<u32, u64> = BTreeMap::new();
        for folder in folders {
            for (name, _) in files(folder)? {
                if let FileKind::Lane(lane) = name.kind
                    && name.recorder == self.recorder
                {
                    let first = first.entry(lane).or_insert(name.number);
                    *first = name.number.min(*first);
                }
            }
        }
        for (lane, first) in first {
            let mut tail = self.tails.remove(&lane).unwrap_or_else(|| Tail::at(first));
            if tail.number < first && tail.file.is_none() {
                // What came before is in the journal.
                tail = Tail::at(first);
            }
            let read = self.read_lane(folders, lane, &mut tail);
            self.tails.insert(lane, tail);
            read?;
        }
        Ok(())
    }

    fn read_lane(&mut self, folders: &[PathBuf], lane: u32, tail: &mut Tail) -> Result<(), Error> {
        let seed = self.recorder.lane_seed(lane);
        let mut bytes = Vec::new();
        loop {
            let name = FileName {
                recorder: self.recorder,
                kind: FileKind::Lane(lane),
                number: tail.number,
            };
            if tail.file.is_none() {
                tail.file = open_in(folders, name)?;
            }
            let Some(file) = &tail.file else {
                return Ok(());
            };
            let failed = |error| Error::io("read", name.to_string())(error);
            read_frame(file, tail.offset, &mut bytes).map_err(failed)?;
            if bytes.is_empty() && tail.offset == segment::SIZE as u64 {
                // It is being made.
                return Ok(());
            }
            match lane_step(&bytes, seed) {
                LaneStep::Frame(number, payload) => {
                    self.found.push((lane, number, payload.to_vec()));
                    let length = u64::try_from(lane_frame_bytes(payload.len()));
                    tail.offset = tail.offset.saturating_add(length.unwrap_or(u64::MAX));
                }
                LaneStep::End => *tail = Tail::at(tail.number.saturating_add(1)),
                // Damage may be a frame that was being written.
                LaneStep::Nothing | LaneStep::Damage => return Ok(()),
            }
        }
    }
}

/// Reads the bytes of the frame at an offset, as far as there are any; fewer where it is no frame.
fn read_frame(file: &File, offset: u64, bytes: &mut Vec<u8>) -> std::io::Result<()> {
    bytes.clear();
    bytes.resize(lane::SIZE, 0);
    let read = read_all_at(file, offset, bytes)?;
    bytes.truncate(read);
    let Some(head) = u32_at(bytes, lane::LENGTH) else {
        return Ok(());
    };
    let length = usize::try_from(head & !lane::PUBLISHED).unwrap_or(usize::MAX);
    if head == lane::END || head & lane::PUBLISHED == 0 || length > frame::LONGEST {
        return Ok(());
    }
    bytes.resize(lane::SIZE + length, 0);
    let read = read_all_at(file, offset, bytes)?;
    bytes.truncate(read);
    Ok(())
}
