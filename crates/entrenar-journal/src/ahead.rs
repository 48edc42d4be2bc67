//! The ahead thread: prepares segments before anybody needs them, and never touches the disk.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::clock;
use crate::error::Error;
use crate::head::{FileKind, FileName};
use crate::lane::LaneSegment;
use crate::shared::Shared;
use crate::sleeper::Sleeper;

/// Pause while little is logged.
const CALM: Duration = Duration::from_millis(2);
/// Pause when no segment was begun for a second. Whoever begins one ends it: three more are ready then.
const LONG: Duration = Duration::from_millis(100);
/// Pause while segments are being used up.
const BUSY: Duration = Duration::from_micros(200);
/// What was logged in a window of this length may come again while this thread gets no processor.
const WINDOW: Duration = Duration::from_millis(100);
/// Pause before space is asked for again.
const AFTER_FAILURE: Duration = Duration::from_millis(250);

/// State of the ahead thread.
#[derive(Debug)]
pub(crate) struct Ahead {
    shared: Arc<Shared>,
    /// Regions that exist.
    regions: u32,
    /// Free regions and the number that their file's name bears.
    free: Vec<(u32, u64)>,
    /// Segments in use and their regions.
    used: BTreeMap<u64, u32>,
    /// The segment that was being filled at the last look.
    seen: u64,
    /// When the present window began, and segments filled in it and in the one before.
    window: (Instant, u64, u64),
    failed: Option<Instant>,
    /// When a segment of points or of a lane was last begun.
    begun: Instant,
}

impl Ahead {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            regions: 0,
            free: Vec::new(),
            used: BTreeMap::new(),
            seen: 0,
            window: (Instant::now(), 0, 0),
            failed: None,
            begun: Instant::now(),
        }
    }

    /// Prepares the first segments: at least one.
    pub(crate) fn start(&mut self) -> Result<(), Error> {
        for prepared in 0..self.shared.options.ahead {
            match self.prepare() {
                Ok(_) => {}
                Err(error) if prepared == 0 => return Err(error),
                Err(error) => {
                    self.failed = Some(Instant::now());
                    self.shared.set_memory_trouble(Some(error));
                    break;
                }
            }
        }
        Ok(())
    }

    /// Runs until the journal closes.
    pub(crate) fn run(mut self) {
        let sleeper = Arc::clone(&self.shared.segments.sleeper);
        sleeper.is_me();
        // What was asked for before there was anybody to wake is seen here.
        while !self.shared.ahead_stops() {
            let pause = self.step();
            if pause == LONG {
                let segments = &self.shared.segments;
                sleeper.sleep_long(pause, || {
                    segments.segment_of(segments.tickets.state().issued) != self.seen
                });
            } else {
                Sleeper::sleep(pause);
            }
        }
    }

    fn step(&mut self) -> Duration {
        clock::keep();
        for (index, number) in self.shared.take_free() {
            self.used.remove(&number);
            self.free.push((index, number));
        }
        let state = self.shared.segments.tickets.state();
        if state.closed {
            return CALM;
        }
        let current = self.shared.segments.segment_of(state.issued);
        let filled = current.saturating_sub(self.seen);
        self.seen = current;
        if filled > 0 {
            self.begun = Instant::now();
            self.shared.nudge();
        }
        let (began, now, before) = &mut self.window;
        *now += filled;
        if began.elapsed() >= WINDOW {
            (*began, *before, *now) = (Instant::now(), *now, 0);
        }
        let wanted = u64::from(self.shared.options.ahead).saturating_add(*now.max(before));
        let mut ready = state.limit.saturating_sub(current);
        let may_allocate = self.failed.is_none_or(|at| at.elapsed() >= AFTER_FAILURE);
        while ready < wanted && (may_allocate || !self.free.is_empty()) {
            match self.prepare() {
                Ok(true) => ready += 1,
                Ok(false) => break,
                Err(error) => {
                    self.failed = Some(Instant::now());
                    self.shared.set_memory_trouble(Some(error));
                    break;
                }
            }
        }
        if let Err(error) = self.supply_lanes() {
            self.shared.set_memory_trouble(Some(error));
        }
        if filled > 0 || ready < u64::from(self.shared.options.ahead) {
            BUSY
        } else if self.begun.elapsed() < Duration::from_secs(1) {
            CALM
        } else {
            LONG
        }
    }

    /// Opens the next segment: in a free region, or in a new one. False where there may be no more.
    fn prepare(&mut self) -> Result<bool, Error> {
        let shared = &self.shared;
        let number = shared.segments.tickets.state().limit;
        // Two segments in use must not share a route.
        let routes = u64::from(shared.options.segments_at_most).next_power_of_two();
        if self
            .used
            .first_key_value()
            .is_some_and(|(oldest, _)| oldest + routes <= number)
        {
            return Ok(false);
        }
        let path = |number| shared.segment_path(FileKind::Points, number);
        let index = if let Some((index, old)) = self.free.pop() {
            shared.segments.blank(index);
            let (from, to) = (path(old), path(number));
            if let Err(error) = shared.options.storage.rename(&from, &to) {
                self.free.push((index, old));
                return Err(Error::io("rename", from)(error));
            }
            index
        } else if self.regions < shared.options.segments_at_most {
            let path = path(number);
            let region = shared
                .options
                .storage
                .allocate(&path, shared.segments.bytes())
                .map_err(Error::io("allocate", path))?;
            let index = self.regions;
            shared.segments.add(index, region);
            self.regions += 1;
            if self.failed.take().is_some() {
                shared.set_memory_trouble(None);
            }
            index
        } else {
            return Ok(false);
        };
        shared.name_region(index, number);
        self.used.insert(number, index);
        Ok(shared.segments.open(index, number, shared.owner))
    }

    fn supply_lanes(&mut self) -> Result<(), Error> {
        let mut supplies = self.shared.take_supplies();
        let mut result = Ok(());
        for supply in &mut supplies {
            let few = supply.shared.segments.load(Ordering::Relaxed)
                < self.shared.options.lane_segments_at_most;
            if supply.supply() && few {
                match self.shared.lane_segment(&supply.shared, supply.next) {
                    Ok(segment) => {
                        supply.next += 1;
                        self.begun = Instant::now();
                        supply.shared.segments.fetch_add(1, Ordering::Relaxed);
                        supply.waiting = Some(segment);
                        supply.supply();
                    }
                    Err(error) => result = Err(error),
                }
            }
        }
        supplies.retain(|supply| !supply.shared.is_finished());
        self.shared.put_supplies(supplies);
        result
    }
}

impl Shared {
    /// Makes a lane's segment and tells the disk thread of it.
    pub(crate) fn lane_segment(
        &self,
        lane: &Arc<crate::lane::LaneShared>,
        number: u64,
    ) -> Result<Arc<LaneSegment>, Error> {
        let path = self.segment_path(FileKind::Lane(lane.id), number);
        let bytes = crate::layout::segment::SIZE + self.options.lane_bytes;
        let region = self
            .options
            .storage
            .allocate(&path, bytes)
            .map_err(Error::io("allocate", path))?;
        let segment = Arc::new(LaneSegment::new(self.owner, lane.id, number, region));
        self.register_lane_segment(Arc::clone(lane), Arc::clone(&segment));
        Ok(segment)
    }

    /// Where a segment lies.
    pub(crate) fn segment_path(&self, kind: FileKind, number: u64) -> PathBuf {
        let name = FileName {
            recorder: self.owner.recorder,
            kind,
            number,
        };
        self.options.segments_folder.join(name.to_string())
    }
}
