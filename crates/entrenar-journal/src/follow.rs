//! Follows a running recorder from another process: its journal files as they grow, and the segments for
//! what is not there yet.
//!
//! One look (`poll`) reads, in this order, the journal's new end, the segments of points, the lanes, and
//! the journal's new end again; then it hands over what the lanes had, and last what the segments of points
//! had. What left a segment meanwhile was in the journal before; a frame that was appended before a point
//! was logged is handed over before the point. Everything is known by its number, and so comes once.

mod lanes;
mod points;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::head::{FileKind, FileName, RecorderId};
use crate::lock::is_alive;
use crate::ranges::Ranges;
use crate::read::{Item, JournalReader, Mark};
use crate::recover::{files, open, recover_each};
use crate::report::Report;
use crate::slot::Point;
use lanes::LaneTails;
use points::PointTail;

/// Points, or bytes of frames by 64, that one look reads from the journal before it returns.
const ENOUGH: usize = 65_536;

/// How a follower stands after a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// There is more to read at once.
    More,
    /// All that is there was read. Look again in a while: every 50 ms, say.
    CaughtUp,
    /// The recorder was closed, and all was read.
    Sealed,
    /// The recorder's process is gone, and all that it left was read. What is not there (any more) was
    /// sealed by somebody else.
    Dead,
}

/// Reads what a recorder writes while it writes, each point once and in the order of the sequences, from
/// any process, without disturbing it.
///
/// Points that were released before they were read are not repeated: the [`Item::Mark`] of the first file
/// that is left tells up to where. A point that its thread publishes more than a second late comes as
/// [`Item::LatePoints`].
#[derive(Debug)]
pub struct Follower {
    folder: PathBuf,
    recorder: RecorderId,
    reader: Option<JournalReader<'static>>,
    /// The present file does not continue the one that was read before.
    jumped: bool,
    place: Option<PathBuf>,
    seen: Ranges,
    lanes_seen: BTreeMap<u32, Ranges>,
    /// First sequence that was not handed over, nor passed over by the journal.
    next: u64,
    points: PointTail,
    lanes: LaneTails,
    new: Vec<(u64, Point)>,
    read: usize,
    ended: Option<Progress>,
    report: Report,
}

impl Follower {
    /// Follows a recorder whose journal is in this folder, from the first file that is left.
    #[must_use]
    pub fn new(folder: &Path, recorder: RecorderId) -> Self {
        Self {
            folder: folder.to_path_buf(),
            recorder,
            reader: None,
            jumped: true,
            place: None,
            seen: Ranges::default(),
            lanes_seen: BTreeMap::new(),
            next: 0,
            points: PointTail::new(recorder),
            lanes: LaneTails::new(recorder),
            new: Vec::new(),
            read: 0,
            ended: None,
            report: Report::default(),
        }
    }

    /// Whom it follows.
    #[must_use]
    pub const fn recorder(&self) -> RecorderId {
        self.recorder
    }

    /// What was damaged in the files that were read.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// Hands over what is new. Never waits for the recorder.
    ///
    /// # Errors
    /// When a file cannot be read, or when `each` fails.
    pub fn poll<E: From<Error>>(
        &mut self,
        mut each: impl FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<Progress, E> {
        if let Some(ended) = self.ended {
            return Ok(ended);
        }
        self.read = 0;
        if !self.read_journal(true, &mut each)? {
            return Ok(Progress::More);
        }
        let folders: Vec<_> = self.place.iter().chain([&self.folder]).cloned().collect();
        let slots = self.reader.as_ref().and_then(JournalReader::slots);
        let full = self.points.read(&folders, self.next, slots)?;
        self.lanes.read(&folders)?;
        self.read_journal(false, &mut each)?;
        for (lane, number, bytes) in self.lanes.take() {
            self.hand_over(
                Item::Frame {
                    lane,
                    number,
                    bytes: &bytes,
                },
                &mut each,
            )?;
        }
        let points = self.points.take();
        self.hand_over(Item::Points(&points), &mut each)?;
        if let Some(ended) = self.ended {
            return Ok(ended);
        }
        if full {
            return Ok(Progress::More);
        }
        if self.read == 0 && !is_alive(&self.folder, self.recorder)? {
            return self.finish(&mut each);
        }
        Ok(Progress::CaughtUp)
    }

    /// Reads the journal on; false when there is more than enough for once.
    fn read_journal<E: From<Error>>(
        &mut self,
        limited: bool,
        each: &mut impl FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<bool, E> {
        let mut finished = false;
        loop {
            if limited && self.read >= ENOUGH {
                return Ok(false);
            }
            let Some(mut reader) = self.reader.take() else {
                self.reader = self.next_file(None)?;
                if self.reader.is_none() {
                    return Ok(true);
                }
                continue;
            };
            let item = if finished {
                reader.next_item()?
            } else {
                reader.next_whole()?
            };
            if let Some(item) = item {
                let handed = self.hand_over(item, each);
                self.reader = Some(reader);
                handed?;
                continue;
            }
            let next = self.next_file(Some(reader.name().number))?;
            let Some(next) = next else {
                self.reader = Some(reader);
                return Ok(true);
            };
            if finished {
                let mut report = reader.take_report();
                report.journal_files = 1;
                self.report.add(report);
                self.jumped = next.name().number != reader.name().number + 1;
                self.reader = Some(next);
            } else {
                // It grows no more: what is not whole in it is damaged.
                self.reader = Some(reader);
            }
            finished = !finished;
        }
    }

    /// The first file with a number above this one, once it has begun.
    fn next_file(&self, above: Option<u64>) -> Result<Option<JournalReader<'static>>, Error> {
        let named = |number| FileName {
            recorder: self.recorder,
            kind: FileKind::Journal,
            number,
        };
        let mut path = above.map(|above| self.folder.join(named(above + 1).to_string()));
        if path.as_ref().is_none_or(|path| !path.exists()) {
            let here = above.map(|above| self.folder.join(named(above).to_string()));
            if here.is_some_and(|here| here.exists()) {
                return Ok(None);
            }
            path = files(&self.folder)?
                .into_iter()
                .find(|(name, _)| {
                    name.recorder == self.recorder
                        && name.kind == FileKind::Journal
                        && above.is_none_or(|above| name.number > above)
                })
                .map(|(_, path)| path);
        }
        let Some(path) = path else { return Ok(None) };
        // A file that could not be begun for lack of space is deleted, and its predecessor goes on.
        let Some(mut probe) = open(&path)? else {
            return Ok(None);
        };
        if probe.next_whole()?.is_none() {
            return Ok(None);
        }
        open(&path)
    }

    /// Hands over what is new in an item.
    fn hand_over<E>(
        &mut self,
        item: Item<'_>,
        each: &mut impl FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match &item {
            Item::Points(points) | Item::LatePoints(points) => {
                self.new.clear();
                for (sequence, point) in *points {
                    if self.seen.insert(*sequence) {
                        self.new.push((*sequence, *point));
                    }
                    self.next = self.next.max(sequence.saturating_add(1));
                }
                self.read += self.new.len();
                return match item {
                    _ if self.new.is_empty() => Ok(()),
                    Item::LatePoints(_) => each(Item::LatePoints(&self.new)),
                    _ => each(Item::Points(&self.new)),
                };
            }
            Item::Frame {
                lane,
                number,
                bytes,
            } => {
                if !self.lanes_seen.entry(*lane).or_default().insert(*number) {
                    return Ok(());
                }
                self.read += 1 + bytes.len() / 64;
            }
            Item::Mark(mark) => {
                if !self.jumped {
                    return Ok(());
                }
                self.jumped = false;
                self.skip(mark);
            }
            Item::Place(place) => {
                if self.place.as_ref() == Some(place) {
                    return Ok(());
                }
                self.place = Some(place.clone());
            }
            Item::Seal(_) => self.ended = Some(Progress::Sealed),
        }
        each(item)
    }

    /// Passes over what released files held.
    fn skip(&mut self, mark: &Mark) {
        let mut start = 0;
        for exception in mark.exceptions.iter().chain([&mark.copied]) {
            if let Some(end) = exception.checked_sub(1)
                && start <= end
            {
                self.seen.insert_all(start, end);
            }
            start = exception.saturating_add(1);
        }
        self.next = self.next.max(mark.copied);
        for (lane, copied) in &mark.lanes {
            if let Some(end) = copied.checked_sub(1) {
                self.lanes_seen.entry(*lane).or_default().insert_all(0, end);
            }
        }
    }

    /// Reads all that a dead recorder left.
    fn finish<E: From<Error>>(
        &mut self,
        each: &mut impl FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<Progress, E> {
        let folder = self.folder.clone();
        let (_, report) = recover_each(&folder, Some(self.recorder), |_, item| {
            if matches!(item, Item::Mark(_)) {
                return Ok(());
            }
            self.hand_over(item, each)
        })?;
        self.report.add(report);
        let ended = *self.ended.get_or_insert(Progress::Dead);
        self.reader = None;
        Ok(ended)
    }
}

/// The recorders that have journal files or segments in a folder, in the order of their ids.
///
/// # Errors
/// When the folder cannot be read; one that does not exist has none.
pub fn recorders(folder: &Path) -> Result<Vec<RecorderId>, Error> {
    let mut found: Vec<_> = files(folder)?
        .into_iter()
        .map(|(name, _)| name.recorder)
        .collect();
    found.dedup();
    Ok(found)
}
