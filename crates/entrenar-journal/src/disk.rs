//! The disk thread: copies finished slots and frames from the segments to the journal files.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::files::Files;
use crate::lane::{Found, LaneSegment, LaneShared};
use crate::layout::{frame, mark, seal};
use crate::shared::Shared;
use crate::slot::{self, WORDS};

/// Bytes of points in one frame: bounds the buffers.
const BATCH: usize = 1 << 20;

/// A lane as the disk thread sees it.
#[derive(Debug)]
pub(crate) struct LaneSource {
    shared: Arc<LaneShared>,
    segments: VecDeque<Arc<LaneSegment>>,
    offset: usize,
    /// Frames below this number are in the journal.
    copied: u64,
}

/// State of the disk thread.
#[derive(Debug)]
pub(crate) struct Disk {
    shared: Arc<Shared>,
    files: Files,
    /// Points below this sequence are in the journal, or in `late`.
    cursor: u64,
    /// Sequences that were passed over because their writers take very long.
    late: Vec<u64>,
    /// When the point at the cursor was first found missing.
    waiting: Option<Instant>,
    /// Segments passed by the cursor whose regions are not given back yet.
    passed: VecDeque<u64>,
    lanes: Vec<LaneSource>,
    synced: Instant,
}

impl Disk {
    pub(crate) fn new(shared: Arc<Shared>, files: Files) -> Self {
        Self {
            shared,
            files,
            cursor: 0,
            late: Vec::new(),
            waiting: None,
            passed: VecDeque::new(),
            lanes: Vec::new(),
            synced: Instant::now(),
        }
    }

    /// Runs until the journal is closed.
    pub(crate) fn run(mut self) {
        loop {
            let request = self.shared.wait_for_request();
            if request.closing {
                let result = self.finish();
                self.shared.finished(result);
                return;
            }
            let due = self.synced.elapsed() >= self.shared.options.sync_every;
            let result = self.pass(request.sync || due, request.next_file);
            let poisoned = result.as_ref().is_err_and(|error| !error.is_full());
            if poisoned {
                // Refuse from now on; segments keep what they hold.
                self.shared.segments.tickets.close();
            }
            self.shared.served(&request, result, self.files.number);
            if poisoned {
                self.shared.wait_for_closing();
                self.shared.finished(Err(Error::Closed));
                return;
            }
        }
    }

    /// Copies what is new; syncs and begins a new file if asked to.
    fn pass(&mut self, sync: bool, next_file: bool) -> Result<(), Error> {
        let issued = self.shared.segments.tickets.state().issued;
        self.copy_late()?;
        self.copy_points(issued, Some(self.shared.options.patience))?;
        self.copy_lanes()?;
        self.give_back();
        if next_file || self.files.length >= self.shared.options.file_bytes {
            let opening = self.opening();
            self.files.next(&opening)?;
        }
        if sync {
            self.files.sync()?;
            self.synced = Instant::now();
        }
        Ok(())
    }

    /// Copies points from the cursor to `end`. At a missing point it stops, or after `patience` goes past
    /// it; without a patience it goes past it at once.
    fn copy_points(&mut self, end: u64, patience: Option<Duration>) -> Result<(), Error> {
        let mut batch = Vec::new();
        while self.cursor < end {
            batch.clear();
            let mut late = Vec::new();
            let mut cursor = self.cursor;
            while cursor < end && batch.len() < BATCH {
                match self.shared.segments.slot(cursor).and_then(slot::read) {
                    Some(words) => push_slot(&mut batch, &words),
                    None if self.may_wait(cursor, patience) => break,
                    None => late.push(cursor),
                }
                if cursor != self.cursor || !late.is_empty() {
                    self.waiting = None;
                }
                cursor += 1;
            }
            if cursor == self.cursor {
                break;
            }
            if !batch.is_empty() {
                self.append_points(frame::POINTS, &batch)?;
            }
            let segments = &self.shared.segments;
            self.passed
                .extend(segments.segment_of(self.cursor)..segments.segment_of(cursor));
            self.cursor = cursor;
            self.late.append(&mut late);
            self.shared.show_copied(cursor);
        }
        Ok(())
    }

    /// Whether to wait (longer) for the point at `cursor`.
    fn may_wait(&mut self, cursor: u64, patience: Option<Duration>) -> bool {
        let Some(patience) = patience else {
            return false;
        };
        if cursor != self.cursor {
            // Write what came before; the next round begins here.
            return true;
        }
        self.waiting.get_or_insert_with(Instant::now).elapsed() < patience
    }

    /// Copies points that were missing when the cursor went past.
    fn copy_late(&mut self) -> Result<(), Error> {
        let mut batch = Vec::new();
        let mut left = Vec::new();
        for sequence in &self.late {
            match self.shared.segments.slot(*sequence).and_then(slot::read) {
                Some(words) => push_slot(&mut batch, &words),
                None => left.push(*sequence),
            }
        }
        if !batch.is_empty() {
            self.append_points(frame::LATE_POINTS, &batch)?;
            self.late = left;
        }
        Ok(())
    }

    /// Appends points that were read from their slots before, and first the frames: one that was appended
    /// to a lane before a point was logged, such as the name of its series, comes before the point.
    fn append_points(&mut self, kind: u32, batch: &[u8]) -> Result<(), Error> {
        self.copy_lanes()?;
        self.files.append(&[(kind, batch)])
    }

    fn copy_lanes(&mut self) -> Result<(), Error> {
        for (shared, segment) in self.shared.new_lane_segments() {
            match self
                .lanes
                .iter_mut()
                .find(|lane| lane.shared.id == shared.id)
            {
                Some(lane) => lane.segments.push_back(segment),
                None => self.lanes.push(LaneSource {
                    shared,
                    segments: VecDeque::from([segment]),
                    offset: crate::layout::segment::SIZE,
                    copied: 0,
                }),
            }
        }
        for lane in &mut self.lanes {
            copy_lane(&self.shared, &mut self.files, lane)?;
        }
        Ok(())
    }

    /// Gives regions back whose points are all in the journal.
    fn give_back(&mut self) {
        let segments = &self.shared.segments;
        let late = &self.late;
        let mut free = Vec::new();
        self.passed.retain(|number| {
            if late
                .iter()
                .any(|sequence| segments.segment_of(*sequence) == *number)
            {
                return true;
            }
            free.extend(segments.region_index(*number).map(|index| (index, *number)));
            false
        });
        if !free.is_empty() {
            self.shared.free(&free);
        }
    }

    /// The frames that a file begins with.
    fn opening(&self) -> Vec<(u32, Vec<u8>)> {
        let lanes: Vec<_> = self
            .lanes
            .iter()
            .map(|lane| (lane.shared.id, lane.copied))
            .collect();
        let dropped = self.shared.dropped();
        opening(&self.shared, self.cursor, dropped, &self.late, &lanes)
    }

    /// Closes: copies the rest, writes the sealing mark, deletes the segments.
    fn finish(&mut self) -> Result<(), Error> {
        let count = self.shared.segments.tickets.close();
        // Nobody begins a point any more; whoever is at it gets the time that a pass waits at most.
        let began = Instant::now();
        while began.elapsed() < self.shared.options.patience
            && (self.cursor..count)
                .any(|at| self.shared.segments.slot(at).and_then(slot::read).is_none())
        {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.copy_late()?;
        self.copy_points(count, None)?;
        self.close_lanes(began)?;
        let mut payload = [0; seal::SIZE];
        crate::head::put(&mut payload, seal::COUNT, &count.to_le_bytes());
        crate::head::put(
            &mut payload,
            seal::DROPPED,
            &self.shared.dropped().to_le_bytes(),
        );
        self.files.append(&[(frame::SEAL, &payload)])?;
        self.files.sync()?;
        self.shared.seal_segments(count);
        // A point that never came keeps the segments.
        if self.late.is_empty() {
            self.shared.remove_segments()
        } else {
            Ok(())
        }
    }

    /// Ends all lanes and copies what they hold.
    fn close_lanes(&mut self, began: Instant) -> Result<(), Error> {
        self.copy_lanes()?;
        while !self.lanes.iter().all(|lane| lane.shared.finish())
            && began.elapsed() < self.shared.options.patience
        {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.copy_lanes()
    }
}

/// The frames that a file begins with: place and mark.
pub(crate) fn opening(
    shared: &Shared,
    copied: u64,
    dropped: u64,
    late: &[u64],
    lanes: &[(u32, u64)],
) -> Vec<(u32, Vec<u8>)> {
    let place = shared
        .options
        .segments_folder
        .as_os_str()
        .as_encoded_bytes()
        .to_vec();
    let mut payload = vec![0; mark::SIZE];
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    crate::head::put(&mut payload, mark::COPIED, &copied.to_le_bytes());
    crate::head::put(&mut payload, mark::DROPPED, &dropped.to_le_bytes());
    crate::head::put(&mut payload, mark::EXCEPTIONS, &count(late.len()));
    crate::head::put(&mut payload, mark::LANES, &count(lanes.len()));
    for sequence in late {
        payload.extend_from_slice(&sequence.to_le_bytes());
    }
    for (lane, copied) in lanes {
        payload.extend_from_slice(&u64::from(*lane).to_le_bytes());
        payload.extend_from_slice(&copied.to_le_bytes());
    }
    vec![(frame::PLACE, place), (frame::MARK, payload)]
}

fn copy_lane(shared: &Shared, files: &mut Files, lane: &mut LaneSource) -> Result<(), Error> {
    // Before the frames: what comes before the end of a lane is then seen.
    let finished = lane.shared.is_finished();
    loop {
        let Some(segment) = lane.segments.front() else {
            return Ok(());
        };
        let (mut payloads, mut bytes, mut offset, mut copied) =
            (Vec::new(), 0, lane.offset, lane.copied);
        let end = loop {
            let mut payload = Vec::new();
            payload.extend_from_slice(&u64::from(lane.shared.id).to_le_bytes());
            payload.extend_from_slice(&[0; 8]);
            match segment.read(offset, &mut payload) {
                Found::Frame(number, behind) => {
                    crate::head::put(&mut payload, 8, &number.to_le_bytes());
                    (offset, copied) = (behind, number + 1);
                    bytes += payload.len();
                    payloads.push(payload);
                    if bytes >= BATCH {
                        break None;
                    }
                }
                Found::Nothing => break Some(finished),
                Found::End => break Some(finished || lane.segments.len() > 1),
            }
        };
        let frames: Vec<_> = payloads
            .iter()
            .map(|payload| (frame::LANE, payload.as_slice()))
            .collect();
        if !frames.is_empty() {
            files.append(&frames)?;
        }
        (lane.offset, lane.copied) = (offset, copied);
        match end {
            None => {}
            Some(false) => return Ok(()),
            Some(true) => {
                let number = segment.number;
                lane.segments.pop_front();
                lane.offset = crate::layout::segment::SIZE;
                lane.shared.segments.fetch_sub(1, Ordering::Relaxed);
                shared.remove_lane_segment(lane.shared.id, number)?;
            }
        }
    }
}

fn push_slot(batch: &mut Vec<u8>, words: &[u64; WORDS]) {
    for word in words {
        batch.extend_from_slice(&word.to_le_bytes());
    }
}
