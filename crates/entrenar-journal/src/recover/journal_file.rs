//! Journal files: every frame that can be found, and points out of damaged ones.

use super::{DamageKind, Recovery, Released, Seal};
use crate::head::{FileHead, FileName, FrameHead, array_at, u32_at, u64_at};
use crate::layout::{file, frame, mark, seal, slot as at};
use crate::slot::{Point, WORDS};

/// A frame in its file.
struct Frame<'a> {
    offset: usize,
    head: FrameHead,
    /// Cut at the end of the file.
    payload: &'a [u8],
}

impl Frame<'_> {
    fn is_whole(&self) -> bool {
        u32::try_from(self.payload.len()).is_ok_and(|length| length == self.head.length)
            && crc32c::crc32c(self.payload) == self.head.payload_checksum
    }
}

/// Walks through frames and what lies between them, at multiples of eight bytes.
struct Walk<'a> {
    bytes: &'a [u8],
    offset: usize,
    seed: u32,
}

/// What a walk meets.
enum Met<'a> {
    Frame(Frame<'a>),
    /// Bytes from an offset on that are no frame.
    Other(usize, &'a [u8]),
}

impl<'a> Iterator for Walk<'a> {
    type Item = Met<'a>;

    fn next(&mut self) -> Option<Met<'a>> {
        let start = self.offset;
        loop {
            let rest = self
                .bytes
                .get(self.offset..)
                .filter(|rest| !rest.is_empty());
            let head = rest.and_then(|rest| FrameHead::decode(rest, self.seed));
            if self.offset > start && (rest.is_none() || head.is_some()) {
                let end = self.offset.min(self.bytes.len());
                return Some(Met::Other(start, self.bytes.get(start..end)?));
            }
            let rest = rest?;
            let Some(head) = head else {
                self.offset += 8;
                continue;
            };
            let body = rest.get(frame::SIZE..)?;
            let length = usize::try_from(head.length).unwrap_or(usize::MAX);
            let payload = body.get(..length).unwrap_or(body);
            self.offset = start + frame::SIZE + payload.len().next_multiple_of(8);
            return Some(Met::Frame(Frame {
                offset: start,
                head,
                payload,
            }));
        }
    }
}

impl Recovery {
    /// Notes the folder of segments that a journal file names, and nothing else.
    pub(super) fn read_places(&mut self, name: FileName, bytes: &[u8]) {
        let seed = name.recorder.file_seed(name.number);
        for met in (Walk {
            bytes,
            offset: file::SIZE,
            seed,
        }) {
            if let Met::Frame(frame) = met
                && frame.head.kind == frame::PLACE
                && frame.is_whole()
            {
                self.note_place(frame.payload);
            }
        }
    }

    fn note_place(&mut self, payload: &[u8]) {
        #[cfg(unix)]
        let place = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(payload);
        #[cfg(not(unix))]
        let place = &*String::from_utf8_lossy(payload);
        self.places.insert(std::path::PathBuf::from(place));
    }

    pub(super) fn read_journal(&mut self, name: FileName, bytes: &[u8]) {
        self.report.journal_files += 1;
        let gathered = self.recorders.entry(name.recorder).or_default();
        gathered.files.insert(name.number);
        let head = FileHead::decode(bytes)
            .filter(|head| head.owner.recorder == name.recorder && head.number == name.number);
        if let Some(head) = head {
            gathered.pid = Some(head.owner.pid);
            gathered.started = Some(head.owner.started);
        } else if bytes.iter().any(|byte| *byte != 0) {
            self.damaged(name, 0, DamageKind::Head);
        }
        let seed = name.recorder.file_seed(name.number);
        for met in (Walk {
            bytes,
            offset: file::SIZE,
            seed,
        }) {
            match met {
                Met::Frame(frame) if frame.is_whole() => self.read_frame(name, &frame),
                Met::Frame(frame) => {
                    let cut =
                        u32::try_from(frame.payload.len()).is_ok_and(|l| l < frame.head.length);
                    let kind = if cut {
                        DamageKind::Cut
                    } else {
                        DamageKind::Payload
                    };
                    self.damaged(name, frame.offset, kind);
                    self.salvage(name, frame.payload);
                }
                Met::Other(offset, bytes) => {
                    // A file that grew before its data arrived ends in zeros.
                    if bytes.iter().any(|byte| *byte != 0) {
                        self.damaged(name, offset, DamageKind::NotAFrame);
                        self.salvage(name, bytes);
                    }
                }
            }
        }
    }

    fn read_frame(&mut self, name: FileName, frame: &Frame<'_>) {
        let payload = frame.payload;
        match frame.head.kind {
            frame::POINTS | frame::LATE_POINTS => {
                for (index, slot) in payload.chunks(at::SIZE).enumerate() {
                    match decode(slot, name.recorder.seed()) {
                        Some((sequence, point)) => {
                            let new = self.keep_point(name.recorder, sequence, point);
                            self.report.points_in_files += u64::from(new);
                        }
                        None => {
                            let offset = frame.offset + frame::SIZE + index * at::SIZE;
                            self.damaged(name, offset, DamageKind::Slot);
                        }
                    }
                }
            }
            frame::LANE => {
                let lane = u32_at(payload, 0);
                let number = u64_at(payload, 8);
                if let (Some(lane), Some(number), Some(bytes)) = (lane, number, payload.get(16..)) {
                    self.keep_frame(name.recorder, lane, number, bytes);
                }
            }
            frame::MARK => self.read_mark(name, payload),
            frame::PLACE => self.note_place(payload),
            frame::SEAL => {
                let counts = (u64_at(payload, seal::COUNT), u64_at(payload, seal::DROPPED));
                if let (Some(points), Some(dropped)) = counts {
                    let gathered = self.recorders.entry(name.recorder).or_default();
                    gathered.seal = Some(Seal { points, dropped });
                    gathered.dropped = gathered.dropped.max(dropped);
                }
            }
            // A later version's: whatever it is, it is not ours to understand.
            _ => {}
        }
    }

    /// A mark counts when it is in the first file that is left: the files before it were released.
    fn read_mark(&mut self, name: FileName, payload: &[u8]) {
        let Some(released) = read_mark(payload) else {
            return;
        };
        let gathered = self.recorders.entry(name.recorder).or_default();
        gathered.dropped = gathered
            .dropped
            .max(u64_at(payload, mark::DROPPED).unwrap_or(0));
        let earlier = gathered
            .released
            .as_ref()
            .is_none_or(|(file, _)| name.number < *file);
        if earlier {
            gathered.released = Some((name.number, released));
        }
    }

    /// Points in bytes that are no frame: a slot is known by its mark and checksum.
    fn salvage(&mut self, name: FileName, bytes: &[u8]) {
        let seed = name.recorder.seed();
        let mut offset = 0;
        while let Some(slot) = bytes.get(offset..offset + at::SIZE) {
            if let Some((sequence, point)) = decode(slot, seed) {
                let new = self.keep_point(name.recorder, sequence, point);
                self.report.points_in_files += u64::from(new);
                offset += at::SIZE;
            } else {
                offset += 8;
            }
        }
    }
}

fn read_mark(payload: &[u8]) -> Option<Released> {
    let count = |at| u32_at(payload, at).map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    let mut words = payload
        .get(mark::SIZE..)?
        .as_chunks::<8>()
        .0
        .iter()
        .map(|b| u64::from_le_bytes(*b));
    let exceptions = words.by_ref().take(count(mark::EXCEPTIONS)?).collect();
    let mut lanes = std::collections::BTreeMap::new();
    for _ in 0..count(mark::LANES)? {
        let (lane, copied) = (words.next()?, words.next()?);
        lanes.insert(u32::try_from(lane).ok()?, copied);
    }
    Some(Released {
        copied: u64_at(payload, mark::COPIED)?,
        exceptions,
        lanes,
    })
}

/// A slot out of bytes.
pub(super) fn decode(bytes: &[u8], seed: u32) -> Option<(u64, Point)> {
    let mark: [u8; 4] = array_at(bytes, at::MARK)?;
    if u32::from_le_bytes(mark) != at::PUBLISHED {
        return None;
    }
    let mut words = [0; WORDS];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    Point::decode(&words, seed)
}
