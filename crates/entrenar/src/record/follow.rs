//! Reads a session while it is recorded, from any process.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use entrenar_journal::{Follower, Item, Progress, recorders};

use super::error::RecordError;
use crate::session::{Point, SeriesKey, SessionState};
use crate::store::recording::{Assembler, CellFrame, Frame, RecorderId, journal_folder};
use crate::store::{SqliteStore, Store as _, StoreError};

/// Something that was recorded.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Recorded {
    /// A point of a series.
    Point(SeriesKey, Point),
    /// A cell, and the rank that ran it.
    Cell(Option<u32>, Box<CellFrame>),
}

/// How a followed session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Following {
    /// It goes on; look again in a while: every 50 ms, say.
    Live,
    /// Everything was read, and nothing more will come. `None` where its processes are gone without a word and
    /// nobody recovered what they left.
    Ended(Option<SessionState>),
}

/// Follows a session that is being recorded: what is not in the store yet, and what comes.
///
/// Reading disturbs nobody. What was in the store before the follower began is read from the store.
#[derive(Debug)]
pub struct SessionFollower {
    store: SqliteStore,
    folder: PathBuf,
    session: String,
    followed: BTreeMap<RecorderId, Followed>,
    /// Recorders of other sessions, and such as ended.
    others: BTreeSet<RecorderId>,
    /// Numbers of points in the store, where they come straight into it.
    counts: BTreeMap<SeriesKey, usize>,
    /// The last process that recorded is gone.
    is_gone: bool,
}

/// One recorder that is followed.
#[derive(Debug)]
struct Followed {
    follower: Follower,
    lanes: BTreeMap<u32, Assembler>,
    names: BTreeMap<u32, SeriesKey>,
    /// Whether it records this session; unknown until it says so.
    is_ours: Option<bool>,
    rank: Option<u32>,
    /// What came before it was known whose it is.
    waiting: Vec<Waiting>,
}

#[derive(Debug)]
enum Waiting {
    Point(u32, Point),
    Frame(Frame),
}

impl SessionFollower {
    /// Follows the session of that (whole) id.
    ///
    /// # Errors
    /// Where there is no such session, or the store cannot be read.
    pub fn new(store: SqliteStore, session: &str) -> Result<Self, StoreError> {
        let folder = journal_folder(store.path());
        let counts = store.series_ends(session)?.into_iter();
        let counts = counts.map(|end| (end.key, end.count)).collect();
        Ok(Self {
            store,
            folder,
            session: session.to_owned(),
            followed: BTreeMap::new(),
            others: BTreeSet::new(),
            counts,
            is_gone: false,
        })
    }

    /// Shows what is new.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn poll(&mut self, mut each: impl FnMut(Recorded)) -> Result<Following, RecordError> {
        for id in recorders(&self.folder)? {
            if !self.others.contains(&id) && !self.followed.contains_key(&id) {
                self.follow(id)?;
            }
        }
        let mut ended = Vec::new();
        for (id, followed) in &mut self.followed {
            match followed.poll(&self.store, &self.session, &mut each)? {
                Progress::Sealed => ended.push(*id),
                Progress::Dead => {
                    self.is_gone |= followed.is_ours == Some(true);
                    ended.push(*id);
                }
                _ if followed.is_ours == Some(false) => ended.push(*id),
                _ => {}
            }
        }
        for id in ended {
            self.followed.remove(&id);
            self.others.insert(id);
        }
        if !self.followed.is_empty() {
            self.is_gone = false;
            return Ok(Following::Live);
        }
        let recording = self.store.recording(&self.session)?;
        let state = recording.as_ref().map(|recording| recording.state);
        let live = recording.iter().flat_map(|recording| &recording.recorders);
        let mut live = live.filter(|one| one.state == SessionState::Live);
        if live.any(|one| one.pid == 0) {
            self.poll_store(&mut each)?;
            return Ok(Following::Live);
        }
        match state {
            Some(SessionState::Live) if self.is_gone => Ok(Following::Ended(None)),
            // Between its journal and the store, or not begun.
            Some(SessionState::Live) => Ok(Following::Live),
            state => {
                if is_direct(recording.as_ref()) {
                    self.poll_store(&mut each)?;
                }
                Ok(Following::Ended(state))
            }
        }
    }

    fn follow(&mut self, id: RecorderId) -> Result<(), StoreError> {
        let mut followed = Followed {
            follower: Follower::new(&self.folder, id),
            lanes: BTreeMap::new(),
            names: BTreeMap::new(),
            is_ours: None,
            rank: None,
            waiting: Vec::new(),
        };
        followed.ask(&self.store, &self.session)?;
        if followed.is_ours == Some(false) {
            self.others.insert(id);
        } else {
            self.followed.insert(id, followed);
        }
        Ok(())
    }

    /// Shows what came straight into the store.
    fn poll_store(&mut self, each: &mut impl FnMut(Recorded)) -> Result<(), StoreError> {
        let ends = self.store.series_ends(&self.session)?;
        let is_same = |end: &crate::store::recording::SeriesEnd| {
            self.counts.get(&end.key).copied() == Some(end.count)
        };
        if ends.iter().all(is_same) {
            return Ok(());
        }
        let session = self.store.session(&self.session)?;
        for series in session.metrics.series() {
            let count = self.counts.entry(series.key().clone()).or_default();
            for point in series.points().skip(*count) {
                let point = Point {
                    value: point.value,
                    step: point.step,
                    epoch: point.epoch,
                    time_us: point.time_us,
                    origin: None,
                };
                each(Recorded::Point(series.key().clone(), point));
            }
            *count = series.len();
        }
        Ok(())
    }
}

/// Whether what was recorded last came straight into the store.
fn is_direct(recording: Option<&crate::store::recording::RecordingStatus>) -> bool {
    let last = recording.and_then(|recording| recording.recorders.last());
    last.is_some_and(|recorder| recorder.pid == 0)
}

impl Followed {
    fn poll(
        &mut self,
        store: &SqliteStore,
        session: &str,
        each: &mut impl FnMut(Recorded),
    ) -> Result<Progress, RecordError> {
        let Self {
            follower,
            lanes,
            waiting,
            ..
        } = self;
        let progress = follower.poll::<entrenar_journal::Error>(|item| {
            match item {
                Item::Points(points) | Item::LatePoints(points) => {
                    waiting.extend(points.iter().map(|(_, point)| {
                        let known = Point {
                            value: point.value,
                            step: point.step,
                            epoch: point.epoch,
                            time_us: Some(point.micros),
                            origin: None,
                        };
                        Waiting::Point(point.series, known)
                    }));
                }
                Item::Frame { lane, bytes, .. } => {
                    // A frame whose beginning was sealed already cannot be put together.
                    if let Ok(Some(frame)) = lanes.entry(lane).or_default().push(bytes) {
                        waiting.push(Waiting::Frame(frame));
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        for one in std::mem::take(&mut self.waiting) {
            self.take(one, store, session, each)?;
        }
        Ok(progress)
    }

    fn take(
        &mut self,
        one: Waiting,
        store: &SqliteStore,
        session: &str,
        each: &mut impl FnMut(Recorded),
    ) -> Result<(), StoreError> {
        match one {
            Waiting::Frame(Frame::Start(start)) => {
                self.is_ours = Some(start.session == session);
                self.rank = start.rank;
            }
            Waiting::Frame(Frame::Series(series)) => {
                self.names.insert(series.number, series.key());
            }
            Waiting::Frame(Frame::Cell(cell)) if self.is_ours == Some(true) => {
                each(Recorded::Cell(self.rank, cell));
            }
            Waiting::Frame(_) => {}
            Waiting::Point(number, point) => {
                if self.is_ours.is_none() || !self.names.contains_key(&number) {
                    self.ask(store, session)?;
                }
                match (self.is_ours, self.names.get(&number)) {
                    (Some(true), Some(key)) => each(Recorded::Point(key.clone(), point)),
                    (Some(false), _) => {}
                    // Its name comes with the next look.
                    _ => self.waiting.push(Waiting::Point(number, point)),
                }
            }
        }
        Ok(())
    }

    /// Asks the store what was said before the first file that is left.
    fn ask(&mut self, store: &SqliteStore, session: &str) -> Result<(), StoreError> {
        if let Some((id, series)) = store.recorder_series(self.follower.recorder())? {
            self.is_ours = Some(id == session);
            for series in series {
                self.rank = self.rank.or(series.rank);
                self.names.entry(series.number).or_insert(series.key());
            }
        }
        Ok(())
    }
}
