//! Reads what is left: journal files and segments of any state, with a report of what was wrong.

mod segment_file;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::head::{FileKind, FileName, Owner, RecorderId};
use crate::ranges::Ranges;
use crate::read::{Item, JournalReader, Mark, Seal};
use crate::report::{Damage, DamageKind, Report};
use crate::slot::Point;

pub(crate) use segment_file::{LaneStep, lane_step};

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
    /// All points, in the order of their sequence, which they come with. Empty from [`recover_each`].
    pub points: Vec<(u64, Point)>,
    /// All lanes, in the order of their numbers. Empty from [`recover_each`].
    pub lanes: Vec<LaneFrames>,
    /// The journal files that were read, in their order.
    pub files: Vec<u64>,
}

/// The frames of a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneFrames {
    /// Number of the lane.
    pub id: u32,
    /// Frames with their numbers, in order.
    pub frames: Vec<(u64, Vec<u8>)>,
}

/// What is known of one recorder.
#[derive(Debug, Default)]
struct Known {
    pid: Option<u32>,
    started: Option<i64>,
    seal: Option<Seal>,
    dropped: u64,
    points: Ranges,
    lanes: BTreeMap<u32, Ranges>,
    files: BTreeSet<u64>,
    /// The mark of the first file that has one.
    released: Option<(u64, Mark)>,
}

impl Known {
    /// What released files of a recorder held: the mark of the first file that is left says it. Where that
    /// mark is damaged nobody knows, and a point found twice is better than one lost.
    fn released(&self) -> Option<&Mark> {
        let (file, released) = self.released.as_ref()?;
        (self.files.first() == Some(file)).then_some(released)
    }

    fn note_owner(&mut self, owner: Owner) {
        self.pid = Some(owner.pid);
        self.started = Some(owner.started);
    }
}

/// Who gets what is found.
type Each<'a, E> = &'a mut dyn FnMut(RecorderId, Item<'_>) -> Result<(), E>;

/// Reads file after file and remembers what was found, but not the points and frames themselves.
#[derive(Debug, Default)]
struct Reading {
    recorders: BTreeMap<RecorderId, Known>,
    places: BTreeSet<PathBuf>,
    report: Report,
    /// Points of a batch that are new.
    new: Vec<(u64, Point)>,
    /// Points of the present journal file that were found before.
    repeated_points: u64,
}

impl Reading {
    fn known(&mut self, recorder: RecorderId) -> &mut Known {
        self.recorders.entry(recorder).or_default()
    }

    /// Reads a journal file on: to its end, or to the first frame that is not whole.
    fn read_journal<E: From<Error>>(
        &mut self,
        reader: &mut JournalReader<'_>,
        growing: bool,
        each: Each<'_, E>,
    ) -> Result<(), E> {
        let name = reader.name();
        let known = self.known(name.recorder);
        known.files.insert(name.number);
        loop {
            let item = if growing {
                reader.next_whole()?
            } else {
                reader.next_item()?
            };
            let Some(item) = item else { break };
            self.read_item(name, item, each)?;
        }
        if let Some(owner) = reader.owner() {
            self.known(name.recorder).note_owner(owner);
        }
        let mut report = reader.take_report();
        report.repeated = std::mem::take(&mut self.repeated_points);
        // The reader counts all that it meets.
        report.points_in_files -= report.repeated;
        self.report.add(report);
        Ok(())
    }

    fn read_item<E>(&mut self, name: FileName, item: Item<'_>, each: Each<'_, E>) -> Result<(), E> {
        let recorder = name.recorder;
        let known = self.recorders.entry(recorder).or_default();
        match &item {
            Item::Points(points) | Item::LatePoints(points) => {
                self.new.clear();
                self.new.extend(
                    points
                        .iter()
                        .filter(|(sequence, _)| known.points.insert(*sequence)),
                );
                let repeated = points.len() - self.new.len();
                self.repeated_points += u64::try_from(repeated).unwrap_or(u64::MAX);
                return match item {
                    _ if self.new.is_empty() => Ok(()),
                    Item::LatePoints(_) => each(recorder, Item::LatePoints(&self.new)),
                    _ => each(recorder, Item::Points(&self.new)),
                };
            }
            Item::Frame { lane, number, .. } => {
                if !known.lanes.entry(*lane).or_default().insert(*number) {
                    self.report.repeated += 1;
                    return Ok(());
                }
            }
            // A mark counts when it is in the first file that is left: the files before were released.
            Item::Mark(mark) => {
                known.dropped = known.dropped.max(mark.dropped);
                let earlier = known
                    .released
                    .as_ref()
                    .is_none_or(|(file, _)| name.number < *file);
                if earlier {
                    known.released = Some((name.number, mark.clone()));
                }
            }
            Item::Place(place) => {
                self.places.insert(place.clone());
            }
            Item::Seal(seal) => {
                known.seal = Some(*seal);
                known.dropped = known.dropped.max(seal.dropped);
            }
        }
        each(recorder, item)
    }

    fn damaged(&mut self, name: FileName, offset: usize, kind: DamageKind) {
        self.report.damaged(Damage {
            file: name.to_string(),
            offset: u64::try_from(offset).unwrap_or(u64::MAX),
            kind,
        });
    }

    /// What is known of each recorder, without points and frames; adds up what is missing.
    fn finish(self) -> (Recovered, Report) {
        let mut report = self.report;
        let mut recovered = Recovered::default();
        for (id, known) in self.recorders {
            let missing = &mut report.missing_points;
            *missing = missing.saturating_add(known.points.missing());
            for lane in known.lanes.values() {
                report.missing_frames = report.missing_frames.saturating_add(lane.missing());
            }
            recovered.recorders.push(Recorder {
                id,
                pid: known.pid,
                started: known.started,
                sealed: known.seal,
                dropped: known.dropped,
                released: known.released().map_or(0, |mark| mark.copied),
                points: Vec::new(),
                lanes: Vec::new(),
                files: known.files.into_iter().collect(),
            });
        }
        (recovered, report)
    }
}

/// Points and frames of the recorders.
#[derive(Debug, Default)]
struct Kept(BTreeMap<RecorderId, KeptOne>);

#[derive(Debug, Default)]
struct KeptOne {
    points: Vec<(u64, Point)>,
    lanes: BTreeMap<u32, Vec<(u64, Vec<u8>)>>,
}

impl Kept {
    #[expect(
        clippy::unnecessary_wraps,
        clippy::needless_pass_by_value,
        reason = "the form of a function that streams"
    )]
    fn keep(&mut self, recorder: RecorderId, item: Item<'_>) -> Result<(), Error> {
        let kept = self.0.entry(recorder).or_default();
        match item {
            Item::Points(points) | Item::LatePoints(points) => {
                kept.points.extend_from_slice(points);
            }
            Item::Frame {
                lane,
                number,
                bytes,
            } => {
                let frames = kept.lanes.entry(lane).or_default();
                frames.push((number, bytes.to_vec()));
            }
            Item::Mark(_) | Item::Place(_) | Item::Seal(_) => {}
        }
        Ok(())
    }

    fn put_into(mut self, recovered: &mut Recovered) {
        for recorder in &mut recovered.recorders {
            let mut kept = self.0.remove(&recorder.id).unwrap_or_default();
            if !kept.points.is_sorted_by_key(|(sequence, _)| *sequence) {
                kept.points.sort_unstable_by_key(|(sequence, _)| *sequence);
            }
            recorder.points = kept.points;
            let lanes = kept.lanes.into_iter().map(|(id, mut frames)| {
                frames.sort_unstable_by_key(|(number, _)| *number);
                LaneFrames { id, frames }
            });
            recorder.lanes = lanes.collect();
        }
    }
}

/// Reads files given one by one, journal files before segments.
///
/// [`recover`] is what most callers want; this works on bytes from anywhere.
#[derive(Debug, Default)]
pub struct Recovery {
    reading: Reading,
    kept: Kept,
}

impl Recovery {
    /// Nothing read yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a file of this name. Never fails: what is wrong goes into the report.
    pub fn read(&mut self, name: FileName, bytes: &[u8]) {
        let mut keep = |recorder, item: Item<'_>| self.kept.keep(recorder, item);
        let read = if name.kind == FileKind::Journal {
            let mut reader = JournalReader::of_bytes(name, bytes);
            self.reading.read_journal(&mut reader, false, &mut keep)
        } else {
            self.reading.read_segment(name, bytes, &mut keep)
        };
        debug_assert!(read.is_ok(), "bytes in memory can be read");
    }

    /// The folders of segments that the journal files named.
    pub fn segment_folders(&self) -> impl Iterator<Item = &Path> {
        self.reading.places.iter().map(PathBuf::as_path)
    }

    /// What was found.
    #[must_use]
    pub fn finish(self) -> (Recovered, Report) {
        let (mut recovered, report) = self.reading.finish();
        self.kept.put_into(&mut recovered);
        (recovered, report)
    }
}

/// Reads all journal files of a folder and the segments that belong to them. Changes nothing; may be called
/// while a recorder runs.
///
/// All points are in memory then; [`recover_each`] hands them over instead.
///
/// # Errors
/// When a folder or file cannot be read. What is wrong within files goes into the report.
pub fn recover(folder: &Path) -> Result<(Recovered, Report), Error> {
    let mut kept = Kept::default();
    let (mut recovered, report) =
        recover_each(folder, None, |recorder, item| kept.keep(recorder, item))?;
    kept.put_into(&mut recovered);
    Ok((recovered, report))
}

/// As [`recover`], but hands over what it finds, for one recorder or for all: each point and frame once,
/// marks and places as they come. In memory is one frame, one segment or one batch of points at a time.
///
/// Of each recorder come the points and frames of the journal files in their order, then what only segments
/// hold: frames, then points.
///
/// # Errors
/// When a folder or file cannot be read, or when `each` fails.
pub fn recover_each<E: From<Error>>(
    folder: &Path,
    only: Option<RecorderId>,
    each: impl FnMut(RecorderId, Item<'_>) -> Result<(), E>,
) -> Result<(Recovered, Report), E> {
    recover_where(
        folder,
        |name| only.is_none_or(|only| name.recorder == only),
        each,
    )
}

/// As [`recover_each`] for one recorder, whose journal files below `first` are passed over as if they had been
/// released.
///
/// # Errors
/// As [`recover_each`].
pub fn recover_from<E: From<Error>>(
    folder: &Path,
    recorder: RecorderId,
    first: u64,
    mut each: impl FnMut(Item<'_>) -> Result<(), E>,
) -> Result<(Recovered, Report), E> {
    recover_where(
        folder,
        |name| name.recorder == recorder && name.number >= first,
        |_, item| each(item),
    )
}

/// Recovers what the journal files hold for which `wanted` is true, and the segments of their recorders.
fn recover_where<E: From<Error>>(
    folder: &Path,
    wanted: impl Fn(&FileName) -> bool,
    mut each: impl FnMut(RecorderId, Item<'_>) -> Result<(), E>,
) -> Result<(Recovered, Report), E> {
    let mut reading = Reading::default();
    // The last file of each recorder, which may still grow.
    let mut last: BTreeMap<RecorderId, JournalReader<'_>> = BTreeMap::new();
    for (name, path) in files(folder)? {
        if name.kind != FileKind::Journal || !wanted(&name) {
            continue;
        }
        if let Some(mut before) = last.remove(&name.recorder) {
            reading.read_journal(&mut before, false, &mut each)?;
        }
        if let Some(mut reader) = open(&path)? {
            reading.read_journal(&mut reader, true, &mut each)?;
            if reading.known(name.recorder).released.is_none() {
                // Damaged at its begin: what it says of segments must be known before they are read.
                reading.read_journal(&mut reader, false, &mut each)?;
            }
            last.insert(name.recorder, reader);
        }
    }
    let mut folders = BTreeSet::from([folder.to_path_buf()]);
    folders.extend(reading.places.iter().cloned());
    let mut segments = Vec::new();
    for place in &folders {
        segments.extend(files(place)?);
    }
    // Frames come before the points that were logged after them.
    for lanes in [true, false] {
        for (name, path) in &segments {
            // A folder in memory is shared with recorders of other journals.
            if matches!(name.kind, FileKind::Lane(_)) == lanes
                && name.kind != FileKind::Journal
                && last.contains_key(&name.recorder)
                && let Some(bytes) = read_segment(*name, path)?
            {
                reading.read_segment(*name, &bytes, &mut each)?;
            }
        }
    }
    // What moved meanwhile from a segment to the journal is there.
    for (name, path) in files(folder)? {
        if name.kind != FileKind::Journal || !wanted(&name) {
            continue;
        }
        let Some(before) = last.get_mut(&name.recorder) else {
            continue;
        };
        if name.number > before.name().number
            && let Some(reader) = open(&path)?
        {
            let mut before = std::mem::replace(before, reader);
            reading.read_journal(&mut before, false, &mut each)?;
        }
    }
    for reader in last.values_mut() {
        reading.read_journal(reader, false, &mut each)?;
    }
    Ok(reading.finish())
}

/// Our files of a folder, in order. A folder that does not exist has none.
pub(crate) fn files(folder: &Path) -> Result<Vec<(FileName, PathBuf)>, Error> {
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

/// Opens a journal file; `None` where it vanished.
pub(crate) fn open(path: &Path) -> Result<Option<JournalReader<'static>>, Error> {
    match JournalReader::open(path) {
        Ok(reader) => Ok(Some(reader)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// A segment's bytes; `None` where it vanished. A slot that is written while its bytes are copied may look
/// torn; it does not when it is read again.
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
