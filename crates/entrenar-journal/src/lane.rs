//! A lane: frames of any length from one thread, in preallocated memory like points.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use crate::error::Error;
use crate::head::{Owner, SegmentHead, lane_checksum, lane_frame_bytes};
use crate::layout::{lane, segment};
use crate::map::Region;
use crate::segments::write_head;
use crate::shared::Shared;
use crate::sleeper::Sleeper;

/// One of a lane's segments.
#[derive(Debug)]
pub(crate) struct LaneSegment {
    pub(crate) number: u64,
    pub(crate) region: Region,
}

/// A lane's frame as the disk thread finds it.
#[derive(Debug)]
pub(crate) enum Found {
    /// A complete frame: its number, and the offset behind it. Its bytes were appended to the buffer.
    Frame(u64, usize),
    /// The lane goes on in its next segment.
    End,
    /// Nothing yet.
    Nothing,
}

impl LaneSegment {
    pub(crate) fn new(owner: Owner, lane: u32, number: u64, region: Region) -> Self {
        let capacity = u64::try_from(region.len().saturating_sub(segment::SIZE)).unwrap_or(0);
        let head = SegmentHead {
            owner,
            lane: Some(lane),
            number,
            capacity,
            dropped: 0,
        };
        write_head(&region, &head.encode());
        Self { number, region }
    }

    /// The frame at an offset; its payload is appended to `out`.
    pub(crate) fn read(&self, offset: usize, out: &mut Vec<u8>) -> Found {
        let Some(first) = self.region.words().get(offset / 8) else {
            return Found::End;
        };
        let (length, _) = crate::slot::halves(u64::from_le(first.load(Ordering::Acquire)));
        if length == lane::END {
            return Found::End;
        }
        if length & lane::PUBLISHED == 0 {
            return Found::Nothing;
        }
        let length = (length & !lane::PUBLISHED) as usize;
        let number = self.region.words().get((offset + lane::NUMBER) / 8);
        let number = number.map_or(0, |word| u64::from_le(word.load(Ordering::Relaxed)));
        if !self.region.read((offset + lane::SIZE) / 8, length, out) {
            return Found::End;
        }
        Found::Frame(number, offset + lane_frame_bytes(length))
    }
}

/// What lane, disk thread and ahead thread share.
#[derive(Debug)]
pub(crate) struct LaneShared {
    pub(crate) id: u32,
    /// Segments that exist and are not copied yet.
    pub(crate) segments: AtomicUsize,
    /// One of the three states below.
    state: AtomicU32,
}

const IDLE: u32 = 0;
const APPENDING: u32 = 1;
/// Nothing more will come.
const FINISHED: u32 = 2;

impl LaneShared {
    /// Whether nothing more will come. What came before is visible.
    pub(crate) fn is_finished(&self) -> bool {
        self.state.load(Ordering::Acquire) == FINISHED
    }

    /// Ends the lane; false while a frame is being appended.
    pub(crate) fn finish(&self) -> bool {
        let done = self
            .state
            .compare_exchange(IDLE, FINISHED, Ordering::AcqRel, Ordering::Acquire);
        matches!(done, Ok(_) | Err(FINISHED))
    }
}

/// The writing end: owned by one thread.
#[derive(Debug)]
pub(crate) struct LaneWriter {
    pub(crate) shared: Arc<LaneShared>,
    current: Arc<LaneSegment>,
    offset: usize,
    next: u64,
    seed: u32,
    spares: Receiver<Arc<LaneSegment>>,
    /// The ahead thread's.
    sleeper: Arc<Sleeper>,
}

/// The end that supplies segments ahead.
#[derive(Debug)]
pub(crate) struct LaneSupply {
    pub(crate) shared: Arc<LaneShared>,
    sender: SyncSender<Arc<LaneSegment>>,
    /// A segment that had no place in the channel yet.
    pub(crate) waiting: Option<Arc<LaneSegment>>,
    /// Number of the next segment.
    pub(crate) next: u64,
}

/// Why a frame was not taken.
#[derive(Debug)]
pub(crate) enum Refused {
    TooLong,
    NoSegment,
    Finished,
}

/// Makes a lane with its first segment.
pub(crate) fn open(shared: &Shared, id: u32) -> Result<(LaneWriter, LaneSupply), Error> {
    let lane = Arc::new(LaneShared {
        id,
        segments: AtomicUsize::new(1),
        state: AtomicU32::new(IDLE),
    });
    let first = shared.lane_segment(&lane, 0)?;
    let (sender, spares) = sync_channel(1);
    let writer = LaneWriter {
        shared: Arc::clone(&lane),
        current: first,
        offset: segment::SIZE,
        next: 0,
        seed: shared.owner.recorder.lane_seed(id),
        spares,
        sleeper: Arc::clone(&shared.segments.sleeper),
    };
    Ok((
        writer,
        LaneSupply {
            shared: lane,
            sender,
            waiting: None,
            next: 1,
        },
    ))
}

impl LaneSupply {
    /// Hands over the waiting segment if the lane can take it; whether a new one is wanted.
    pub(crate) fn supply(&mut self) -> bool {
        if let Some(spare) = self.waiting.take()
            && let Err(TrySendError::Full(spare)) = self.sender.try_send(spare)
        {
            self.waiting = Some(spare);
        }
        self.waiting.is_none() && !self.shared.is_finished()
    }
}

impl LaneWriter {
    /// Appends a frame; its number in the lane.
    pub(crate) fn append(&mut self, payload: &[u8]) -> Result<u64, Refused> {
        let state = &self.shared.state;
        if state
            .compare_exchange(IDLE, APPENDING, Ordering::Acquire, Ordering::Relaxed)
            .is_err()
        {
            return Err(Refused::Finished);
        }
        let appended = self.write(payload);
        self.shared.state.store(IDLE, Ordering::Release);
        appended
    }

    /// Number and payload first, length and checksum last.
    fn write(&mut self, payload: &[u8]) -> Result<u64, Refused> {
        let bytes = lane_frame_bytes(payload.len());
        // The word behind a frame must have room for the end mark, or be the end of the segment.
        if self.offset + bytes > self.current.region.len() {
            let longest = self
                .current
                .region
                .len()
                .saturating_sub(segment::SIZE + lane::SIZE);
            if payload.len() > longest {
                return Err(Refused::TooLong);
            }
            let Ok(next) = self.spares.try_recv() else {
                return Err(Refused::NoSegment);
            };
            if let Some(word) = self.current.region.words().get(self.offset / 8) {
                word.store(u64::from(lane::END).to_le(), Ordering::Release);
            }
            self.current = next;
            self.sleeper.wake_from_long();
            self.offset = segment::SIZE;
        }
        let number = self.next;
        let region = &self.current.region;
        region.write((self.offset + lane::NUMBER) / 8, &number.to_le_bytes());
        region.write((self.offset + lane::SIZE) / 8, payload);
        if let (Some(word), Ok(length)) = (
            region.words().get(self.offset / 8),
            u32::try_from(payload.len()),
        ) {
            let checksum = lane_checksum(self.seed, number, payload);
            let check = u64::from(length | lane::PUBLISHED) | u64::from(checksum) << 32;
            word.store(check.to_le(), Ordering::Release);
        }
        self.offset += bytes;
        self.next += 1;
        Ok(number)
    }
}

impl LaneWriter {
    /// Nothing more will come.
    pub(crate) fn finish(&self) {
        self.shared.finish();
    }
}
