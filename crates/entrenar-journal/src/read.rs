//! Reads one journal file from its begin to its end, in pieces: every frame that can be found, and points
//! out of damaged ones.

mod window;

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::head::{FileHead, FileName, FrameHead, Owner, array_at, u32_at, u64_at};
use crate::layout::{file, frame, lane_frame, mark, seal, slot as at};
use crate::report::{Damage, DamageKind, Report};
use crate::slot::{Point, WORDS};
pub(crate) use window::read_at;
use window::{Source, Window};

/// Points handed over at once at most.
const BATCH: usize = 1024;

/// What a journal file holds, in its order.
///
/// Frames that were appended before a point was logged come before the point.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Item<'a> {
    /// Points with their sequences, which ascend in an undamaged file.
    Points(&'a [(u64, Point)]),
    /// Points that were published long after their neighbours, which came earlier.
    LatePoints(&'a [(u64, Point)]),
    /// A frame of a lane.
    Frame {
        /// Number of the lane.
        lane: u32,
        /// Number of the frame in its lane.
        number: u64,
        /// The frame.
        bytes: &'a [u8],
    },
    /// What the files before this one hold.
    Mark(Mark),
    /// The folder of the segments.
    Place(PathBuf),
    /// The recorder was closed.
    Seal(Seal),
}

/// What the files before one hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mark {
    /// All points below this sequence, apart from the exceptions.
    pub copied: u64,
    /// Points and frames dropped until then.
    pub dropped: u64,
    /// Sequences below `copied` that they do not hold, ascending.
    pub exceptions: Vec<u64>,
    /// Lanes and the first frame of each that they do not hold, ascending.
    pub lanes: Vec<(u32, u64)>,
}

/// What the sealing mark says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal {
    /// Points taken.
    pub points: u64,
    /// Points and frames dropped.
    pub dropped: u64,
}

/// Reads a journal file, whatever became of it; what is wrong goes into the report.
///
/// At most one frame is in memory at a time, and one batch of points.
#[derive(Debug)]
pub struct JournalReader<'a> {
    name: FileName,
    path: PathBuf,
    window: Window<'a>,
    state: State,
    head: Option<FileHead>,
    /// The head is blank: damage, if anything follows.
    blank: bool,
    points: Vec<(u64, Point)>,
    slot_seed: u32,
    file_seed: u32,
    report: Report,
}

/// Where a reader is. Positions count from the window's begin, which is that of the frame.
#[derive(Debug, Clone, Copy)]
enum State {
    Head,
    Frames,
    /// In a frame of points.
    Points {
        at: usize,
        end: usize,
        late: bool,
    },
    /// Behind a frame of so many bytes that was handed over.
    Behind(usize),
    /// In a frame that does not match its checksum.
    Salvage {
        at: usize,
        end: usize,
    },
    /// In bytes that are no frame, from this offset on.
    Other {
        start: u64,
        reported: bool,
    },
    End,
}

/// An item whose bytes are still in the reader.
enum Step {
    Points(bool),
    Frame(u32, u64, Range<usize>),
    Item(Item<'static>),
}

impl JournalReader<'static> {
    /// Opens a journal file.
    ///
    /// # Errors
    /// When it cannot be opened, or its name is not that of a journal file.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let name = path
            .file_name()
            .and_then(std::ffi::OsStr::to_str)
            .and_then(FileName::parse);
        let name = name.ok_or_else(|| {
            let error = io::Error::new(io::ErrorKind::InvalidInput, "not a journal file's name");
            Error::io("read", path)(error)
        })?;
        let file = File::open(path).map_err(Error::io("open", path))?;
        Ok(Self::new(name, path, Source::File(file)))
    }
}

impl<'a> JournalReader<'a> {
    /// Reads the bytes of a journal file of this name.
    #[must_use]
    pub fn of_bytes(name: FileName, bytes: &'a [u8]) -> Self {
        Self::new(name, Path::new(&name.to_string()), Source::Bytes(bytes))
    }

    fn new(name: FileName, path: &Path, source: Source<'a>) -> Self {
        Self {
            name,
            path: path.to_path_buf(),
            window: Window::new(source),
            state: State::Head,
            head: None,
            blank: false,
            points: Vec::new(),
            slot_seed: name.recorder.seed(),
            file_seed: name.recorder.file_seed(name.number),
            report: Report {
                journal_files: 1,
                ..Report::default()
            },
        }
    }

    /// Name of the file.
    #[must_use]
    pub const fn name(&self) -> FileName {
        self.name
    }

    /// Process that wrote the file, where the head was read and is whole.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.head.map(|head| head.owner.pid)
    }

    /// When the recorder started, µs since 1970, where the head was read and is whole.
    #[must_use]
    pub fn started(&self) -> Option<i64> {
        self.head.map(|head| head.owner.started)
    }

    pub(crate) fn owner(&self) -> Option<Owner> {
        self.head.map(|head| head.owner)
    }

    /// Slots of a segment, where the head was read and is whole.
    pub(crate) fn slots(&self) -> Option<u64> {
        self.head.map(|head| head.slots)
    }

    /// What was read so far, and what was wrong. Repeated and missing points are not known from one file.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }

    pub(crate) fn take_report(&mut self) -> Report {
        std::mem::take(&mut self.report)
    }

    /// The next item; `None` at the end of the file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn next_item(&mut self) -> Result<Option<Item<'_>>, Error> {
        self.item(false)
    }

    /// The next item of a file that is being written: `None` where the next frame is not whole yet. What
    /// is not whole is read again by the next call.
    pub(crate) fn next_whole(&mut self) -> Result<Option<Item<'_>>, Error> {
        self.item(true)
    }

    fn item(&mut self, growing: bool) -> Result<Option<Item<'_>>, Error> {
        let step = self.advance(growing);
        let step = step.map_err(Error::io("read", &self.path))?;
        Ok(step.map(|step| match step {
            Step::Points(false) => Item::Points(&self.points),
            Step::Points(true) => Item::LatePoints(&self.points),
            Step::Frame(lane, number, range) => Item::Frame {
                lane,
                number,
                bytes: self.window.bytes().get(range).unwrap_or_default(),
            },
            Step::Item(item) => item,
        }))
    }

    fn advance(&mut self, growing: bool) -> io::Result<Option<Step>> {
        loop {
            match self.state {
                State::Head => {
                    if !self.read_head(growing)? {
                        return Ok(None);
                    }
                }
                State::Frames => {
                    let start = self.window.offset();
                    match self.begin_frame(growing)? {
                        Some(Some(step)) => return Ok(Some(step)),
                        Some(None) => {}
                        None if growing => {
                            self.window.forget();
                            return Ok(None);
                        }
                        None if self.window.bytes().is_empty() => self.state = State::End,
                        None => {
                            self.state = State::Other {
                                start,
                                reported: false,
                            };
                        }
                    }
                }
                State::Points { at, end, late } => {
                    self.read_points(at, end, late);
                    if !self.points.is_empty() {
                        return Ok(Some(Step::Points(late)));
                    }
                }
                State::Salvage { at, end } => {
                    self.salvage(at, end);
                    if !self.points.is_empty() {
                        return Ok(Some(Step::Points(false)));
                    }
                }
                State::Other { start, reported } => {
                    self.read_other(start, reported)?;
                    if !self.points.is_empty() {
                        return Ok(Some(Step::Points(false)));
                    }
                }
                State::Behind(bytes) => {
                    self.window.skip(bytes);
                    self.state = State::Frames;
                }
                State::End => return Ok(None),
            }
        }
    }

    /// False when the file is growing and its head is not there yet.
    fn read_head(&mut self, growing: bool) -> io::Result<bool> {
        self.window.fill(file::SIZE)?;
        let bytes = self.window.bytes();
        let bytes = bytes.get(..file::SIZE).unwrap_or(bytes);
        if growing && bytes.len() < file::SIZE {
            self.window.forget();
            return Ok(false);
        }
        self.head = FileHead::decode(bytes).filter(|head| {
            head.owner.recorder == self.name.recorder && head.number == self.name.number
        });
        if self.head.is_none() {
            self.blank = true;
            if bytes.iter().any(|byte| *byte != 0) {
                self.not_blank();
            }
        }
        self.window.skip(file::SIZE);
        self.state = State::Frames;
        Ok(true)
    }

    /// Something follows the head.
    fn not_blank(&mut self) {
        if std::mem::take(&mut self.blank) {
            self.damaged(0, DamageKind::Head);
        }
    }

    /// `None` where no frame begins, or where one is not whole in a growing file; else what it holds, unless
    /// that comes with the next state.
    #[expect(
        clippy::option_option,
        reason = "no frame, or a frame that needs no step"
    )]
    fn begin_frame(&mut self, growing: bool) -> io::Result<Option<Option<Step>>> {
        self.window.fill(frame::SIZE)?;
        let Some(head) = FrameHead::decode(self.window.bytes(), self.file_seed) else {
            return Ok(None);
        };
        let wanted = usize::try_from(head.length).unwrap_or(usize::MAX);
        // `decode` bounds the length.
        self.window.fill(frame::SIZE + wanted.next_multiple_of(8))?;
        let payload = self.window.bytes().get(frame::SIZE..).unwrap_or_default();
        let cut = payload.len() < wanted;
        let payload = payload.get(..wanted).unwrap_or(payload);
        let end = frame::SIZE + payload.len();
        let whole = !cut && crc32c::crc32c(payload) == head.payload_checksum;
        if !whole && growing {
            return Ok(None);
        }
        let step = if whole {
            step(head.kind, payload)
        } else {
            None
        };
        self.not_blank();
        self.state = match head.kind {
            _ if !whole => {
                let kind = if cut {
                    DamageKind::Cut
                } else {
                    DamageKind::Payload
                };
                self.damaged(self.window.offset(), kind);
                State::Salvage {
                    at: frame::SIZE,
                    end,
                }
            }
            frame::POINTS | frame::LATE_POINTS => State::Points {
                at: frame::SIZE,
                end,
                late: head.kind == frame::LATE_POINTS,
            },
            _ => State::Behind(end.next_multiple_of(8)),
        };
        Ok(Some(step))
    }

    /// Decodes the next slots of a whole frame.
    fn read_points(&mut self, at: usize, end: usize, late: bool) {
        self.points.clear();
        let until = end.min(at.saturating_add(BATCH * at::SIZE));
        let slots = self.window.bytes().get(at..until).unwrap_or_default();
        let mut bad = Vec::new();
        for (index, slot) in slots.chunks(at::SIZE).enumerate() {
            match decode(slot, self.slot_seed) {
                Some(found) => self.points.push(found),
                None => bad.push(at + index * at::SIZE),
            }
        }
        for at in bad {
            self.damaged(self.window.offset() + wide(at), DamageKind::Slot);
        }
        self.count_points();
        self.state = if until == end {
            State::Behind(end.next_multiple_of(8))
        } else {
            State::Points {
                at: until,
                end,
                late,
            }
        };
    }

    /// Points in a frame that does not match its checksum: a slot is known by its mark and checksum.
    fn salvage(&mut self, mut at: usize, end: usize) {
        self.points.clear();
        while self.points.len() < BATCH
            && at + at::SIZE <= end
            && let Some(slot) = self.window.bytes().get(at..at + at::SIZE)
        {
            if let Some(found) = decode(slot, self.slot_seed) {
                self.points.push(found);
                at += at::SIZE;
            } else {
                at += 8;
            }
        }
        self.count_points();
        self.state = if at + at::SIZE <= end {
            State::Salvage { at, end }
        } else {
            State::Behind(end.next_multiple_of(8))
        };
    }

    /// Looks for the next frame at multiples of eight bytes, and for points on the way.
    fn read_other(&mut self, start: u64, mut reported: bool) -> io::Result<()> {
        self.points.clear();
        loop {
            self.window.fill(at::SIZE)?;
            let bytes = self.window.bytes();
            let frame =
                self.window.offset() > start && FrameHead::decode(bytes, self.file_seed).is_some();
            if bytes.is_empty() || frame {
                self.state = State::Frames;
                break;
            }
            let slot = decode(bytes, self.slot_seed);
            let bytes_left = bytes.len();
            let part = bytes.get(..8).unwrap_or(bytes);
            // A file that grew before its data arrived ends in zeros.
            if !reported && part.iter().any(|byte| *byte != 0) {
                reported = true;
                self.not_blank();
                let offset = self.window.offset();
                let left = usize::try_from(offset - start).unwrap_or(usize::MAX) + bytes_left;
                self.damaged(
                    start,
                    if left < frame::SIZE {
                        DamageKind::Cut
                    } else {
                        DamageKind::NotAFrame
                    },
                );
            }
            if let Some(found) = slot {
                self.points.push(found);
            }
            self.window.skip(if slot.is_some() { at::SIZE } else { 8 });
            if self.points.len() == BATCH {
                self.state = State::Other { start, reported };
                break;
            }
        }
        self.count_points();
        Ok(())
    }

    fn count_points(&mut self) {
        self.report.points_in_files += wide(self.points.len());
    }

    fn damaged(&mut self, offset: u64, kind: DamageKind) {
        self.report.damaged(Damage {
            file: self.name.to_string(),
            offset,
            kind,
        });
    }
}

/// What a whole frame holds, apart from points. A later version's frame is not ours to understand.
fn step(kind: u32, payload: &[u8]) -> Option<Step> {
    match kind {
        frame::LANE => Some(Step::Frame(
            u32_at(payload, lane_frame::LANE)?,
            u64_at(payload, lane_frame::NUMBER)?,
            payload
                .get(lane_frame::SIZE..)
                .map(|_| frame::SIZE + lane_frame::SIZE..frame::SIZE + payload.len())?,
        )),
        frame::MARK => read_mark(payload).map(|mark| Step::Item(Item::Mark(mark))),
        frame::PLACE => Some(Step::Item(Item::Place(place(payload)))),
        frame::SEAL => Some(Step::Item(Item::Seal(Seal {
            points: u64_at(payload, seal::COUNT)?,
            dropped: u64_at(payload, seal::DROPPED)?,
        }))),
        _ => None,
    }
}

fn place(payload: &[u8]) -> PathBuf {
    #[cfg(unix)]
    let place = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(payload);
    #[cfg(not(unix))]
    let place = &*String::from_utf8_lossy(payload);
    PathBuf::from(place)
}

fn read_mark(payload: &[u8]) -> Option<Mark> {
    let count = |at| u32_at(payload, at).map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    let mut words = payload
        .get(mark::SIZE..)?
        .as_chunks::<8>()
        .0
        .iter()
        .map(|b| u64::from_le_bytes(*b));
    let mut exceptions: Vec<u64> = words.by_ref().take(count(mark::EXCEPTIONS)?).collect();
    exceptions.sort_unstable();
    let mut lanes = Vec::new();
    for _ in 0..count(mark::LANES)? {
        let (lane, copied) = (words.next()?, words.next()?);
        lanes.push((u32::try_from(lane).ok()?, copied));
    }
    lanes.sort_unstable();
    Some(Mark {
        copied: u64_at(payload, mark::COPIED)?,
        dropped: u64_at(payload, mark::DROPPED)?,
        exceptions,
        lanes,
    })
}

impl Mark {
    /// Whether an earlier file holds this point.
    #[must_use]
    pub fn has_point(&self, sequence: u64) -> bool {
        sequence < self.copied && self.exceptions.binary_search(&sequence).is_err()
    }

    /// Whether an earlier file holds this frame of a lane.
    #[must_use]
    pub fn has_frame(&self, lane: u32, number: u64) -> bool {
        self.lanes
            .binary_search_by_key(&lane, |(lane, _)| *lane)
            .ok()
            .and_then(|at| self.lanes.get(at))
            .is_some_and(|(_, copied)| number < *copied)
    }
}

/// A slot out of bytes.
#[inline]
pub(crate) fn decode(bytes: &[u8], seed: u32) -> Option<(u64, Point)> {
    let bytes: &[u8; at::SIZE] = bytes.first_chunk()?;
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

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
