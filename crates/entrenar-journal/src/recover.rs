//! Reads what is left: journal files and segments of any state, with a report of what was wrong.

mod journal_file;
mod segment_file;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::head::{FileKind, FileName, RecorderId};
use crate::slot::Point;

/// All that was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recovered {
    /// One entry a recorder, in the order of their ids.
    pub recorders: Vec<Recorder>,
}

/// What one recorder left.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorder {
    /// Its id.
    pub id: RecorderId,
    /// Its process, where a head was readable.
    pub pid: Option<u32>,
    /// When it started, µs since 1970, where a head was readable.
    pub started: Option<i64>,
    /// Whether it was closed, and what it counted then.
    pub sealed: Option<Seal>,
    /// Points that it had dropped, at the last time it wrote this down.
    pub dropped: u64,
    /// Points below this sequence were in journal files that are released by now; none of them is in
    /// `points`.
    pub released: u64,
    /// All points, in the order of their sequence, which they come with.
    pub points: Vec<(u64, Point)>,
    /// All lanes, in the order of their numbers.
    pub lanes: Vec<LaneFrames>,
    /// The journal files that were read, in their order.
    pub files: Vec<u64>,
}

/// What the sealing mark says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal {
    /// Points taken.
    pub points: u64,
    /// Points and frames dropped.
    pub dropped: u64,
}

/// The frames of a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneFrames {
    /// Number of the lane.
    pub id: u32,
    /// Frames with their numbers, in order.
    pub frames: Vec<(u64, Vec<u8>)>,
}

/// How reading went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Report {
    /// Journal files read.
    pub journal_files: u64,
    /// Segments read.
    pub segments: u64,
    /// Points found in journal files.
    pub points_in_files: u64,
    /// Points found in segments only.
    pub points_in_segments: u64,
    /// Points and frames found more than once.
    pub repeated: u64,
    /// Slots that were taken but not published, with published ones behind them: their `log` had not
    /// returned.
    pub unfinished: u64,
    /// Sequences that are missing between the first and the last. Beside a running recorder these may be
    /// points that were being written.
    pub missing_points: u64,
    /// Numbers that are missing between the first and the last of a lane.
    pub missing_frames: u64,
    /// What was damaged, and where.
    pub damage: Vec<Damage>,
    /// Damage beyond the first 1,000 places.
    pub more_damage: u64,
}

/// A damaged place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, byte {offset}: {kind}")]
pub struct Damage {
    /// Name of the file.
    pub file: String,
    /// Where in it.
    pub offset: u64,
    /// What.
    pub kind: DamageKind,
}

/// What can be damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DamageKind {
    /// The head is unreadable; what it says was taken from the file's name.
    #[error("the head of the file is damaged")]
    Head,
    /// Version of a later program, or a damaged head with a plausible version.
    #[error("bytes that are no frame")]
    NotAFrame,
    /// A frame's payload does not match its checksum; points in it were read one by one.
    #[error("the frame does not match its checksum")]
    Payload,
    /// The file ends within a frame: it was being written.
    #[error("the file ends within a frame")]
    Cut,
    /// A slot is marked as complete and does not match its checksum.
    #[error("a slot does not match its checksum")]
    Slot,
    /// A lane's frame does not match its checksum; nothing behind it in this segment was read.
    #[error("a lane's frame does not match its checksum")]
    LaneFrame,
    /// A segment is shorter than its head says.
    #[error("the segment is cut")]
    ShortSegment,
}

/// What is gathered of one recorder.
#[derive(Debug, Default)]
struct Gathered {
    pid: Option<u32>,
    started: Option<i64>,
    seal: Option<Seal>,
    dropped: u64,
    points: BTreeMap<u64, Point>,
    lanes: BTreeMap<u32, BTreeMap<u64, Vec<u8>>>,
    files: BTreeSet<u64>,
    /// What released files held, by the mark of the first file that is left.
    released: Option<(u64, Released)>,
}

/// What a mark says.
#[derive(Debug, Clone, Default)]
struct Released {
    copied: u64,
    exceptions: BTreeSet<u64>,
    lanes: BTreeMap<u32, u64>,
}

/// Reads files given one by one, journal files before segments.
///
/// [`recover`] is what most callers want; this works on bytes from anywhere.
#[derive(Debug, Default)]
pub struct Recovery {
    recorders: BTreeMap<RecorderId, Gathered>,
    places: BTreeSet<PathBuf>,
    report: Report,
}

impl Recovery {
    /// Nothing read yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a file of this name. Never fails: what is wrong goes into the report.
    pub fn read(&mut self, name: FileName, bytes: &[u8]) {
        match name.kind {
            FileKind::Journal => self.read_journal(name, bytes),
            FileKind::Points => self.read_points(name, bytes),
            FileKind::Lane(lane) => self.read_lane(name, lane, bytes),
        }
    }

    /// The folders of segments that the journal files named.
    pub fn segment_folders(&self) -> impl Iterator<Item = &Path> {
        self.places.iter().map(PathBuf::as_path)
    }

    /// What was found.
    #[must_use]
    pub fn finish(mut self) -> (Recovered, Report) {
        let mut recovered = Recovered::default();
        for (id, gathered) in self.recorders {
            let report = &mut self.report;
            let released = gathered.released().map_or(0, |released| released.copied);
            let points: Vec<_> = gathered.points.into_iter().collect();
            report.missing_points += missing(points.iter().map(|(sequence, _)| *sequence));
            let lanes: Vec<_> = gathered
                .lanes
                .into_iter()
                .map(|(id, frames)| LaneFrames {
                    id,
                    frames: frames.into_iter().collect(),
                })
                .collect();
            for lane in &lanes {
                report.missing_frames += missing(lane.frames.iter().map(|(number, _)| *number));
            }
            recovered.recorders.push(Recorder {
                id,
                pid: gathered.pid,
                started: gathered.started,
                sealed: gathered.seal,
                dropped: gathered.dropped,
                released,
                points,
                lanes,
                files: gathered.files.into_iter().collect(),
            });
        }
        (recovered, self.report)
    }

    fn damaged(&mut self, name: FileName, offset: usize, kind: DamageKind) {
        const MOST: usize = 1000;
        if self.report.damage.len() >= MOST {
            self.report.more_damage += 1;
            return;
        }
        let offset = u64::try_from(offset).unwrap_or(u64::MAX);
        self.report.damage.push(Damage {
            file: name.to_string(),
            offset,
            kind,
        });
    }

    /// Keeps a point; whether it is new.
    fn keep_point(&mut self, recorder: RecorderId, sequence: u64, point: Point) -> bool {
        let gathered = self.recorders.entry(recorder).or_default();
        let new = gathered.points.insert(sequence, point).is_none();
        self.report.repeated += u64::from(!new);
        new
    }

    fn keep_frame(&mut self, recorder: RecorderId, lane: u32, number: u64, bytes: &[u8]) {
        let gathered = self.recorders.entry(recorder).or_default();
        let frames = gathered.lanes.entry(lane).or_default();
        if frames.insert(number, bytes.to_vec()).is_some() {
            self.report.repeated += 1;
        }
    }

    /// What released files of a recorder held: the mark of the first file that is left says it. Where that
    /// mark is damaged nobody knows, and a point found twice is better than one lost.
    fn released(&self, recorder: RecorderId) -> Option<&Released> {
        self.recorders.get(&recorder)?.released()
    }
}

impl Gathered {
    fn released(&self) -> Option<&Released> {
        let (file, released) = self.released.as_ref()?;
        (self.files.first() == Some(file)).then_some(released)
    }
}

impl Released {
    fn has_point(&self, sequence: u64) -> bool {
        sequence < self.copied && !self.exceptions.contains(&sequence)
    }

    fn has_frame(&self, lane: u32, number: u64) -> bool {
        self.lanes.get(&lane).is_some_and(|copied| number < *copied)
    }
}

/// Numbers missing in an ascending row.
fn missing(numbers: impl Iterator<Item = u64>) -> u64 {
    let mut last = None;
    let mut missing = 0;
    for number in numbers {
        if let Some(last) = last {
            missing += number.saturating_sub(last).saturating_sub(1);
        }
        last = Some(number);
    }
    missing
}

/// Reads all journal files of a folder and the segments that belong to them. Changes nothing; may be called
/// while a recorder runs.
///
/// # Errors
/// When a folder or file cannot be read. What is wrong within files goes into the report.
pub fn recover(folder: &Path) -> Result<(Recovered, Report), Error> {
    let mut recovery = Recovery::new();
    // Segments first into memory, then the journal: what moves meanwhile from a segment to the journal is
    // then seen at least once.
    let mut folders = BTreeSet::from([folder.to_path_buf()]);
    folders.extend(places(folder)?);
    let mut segments = Vec::new();
    for place in &folders {
        for (name, path) in files(place)? {
            if name.kind != FileKind::Journal
                && let Some(bytes) = read_segment(name, &path)?
            {
                segments.push((name, bytes));
            }
        }
    }
    let mut recorders = BTreeSet::new();
    for (name, path) in files(folder)? {
        if name.kind == FileKind::Journal
            && let Some(bytes) = read(&path)?
        {
            recorders.insert(name.recorder);
            recovery.read(name, &bytes);
        }
    }
    for (name, bytes) in segments {
        // A folder in memory is shared with recorders of other journals.
        if recorders.contains(&name.recorder) {
            recovery.read(name, &bytes);
        }
    }
    Ok(recovery.finish())
}

/// Folders of segments that the journal files of a folder name.
fn places(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Recovery::new();
    for (name, path) in files(folder)? {
        if name.kind == FileKind::Journal
            && let Some(bytes) = read(&path)?
        {
            found.read_places(name, &bytes);
        }
    }
    Ok(found.places.into_iter().collect())
}

/// Our files of a folder, in order. A folder that does not exist has none.
fn files(folder: &Path) -> Result<Vec<(FileName, PathBuf)>, Error> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("list", folder)(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(Error::io("list", folder))?;
        if let Some(name) = entry.file_name().to_str().and_then(FileName::parse) {
            files.push((name, entry.path()));
        }
    }
    files.sort();
    Ok(files)
}

/// A segment's bytes. A slot that is written while its bytes are copied may look torn; it does not when it
/// is read again.
fn read_segment(name: FileName, path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let mut bytes = read(path)?;
    for _ in 0..3 {
        if !bytes
            .as_ref()
            .is_some_and(|bytes| segment_file::has_torn_slot(name, bytes))
        {
            break;
        }
        bytes = read(path)?;
    }
    Ok(bytes)
}

/// A file's bytes; `None` where it vanished.
fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path)(error)),
    }
}
