//! A recorder as small as can be: a journal, a lane, and the session that it should become.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use entrenar::session::{
    CellRecord, CodeCell, EntrenarSession, Point, SeriesKey, SessionState, SystemClock,
};
use entrenar::store::recording::{
    CellFrame, End, Frame, Known, RecoveredRecorder, Sealed, SeriesDefinition, Start,
    journal_folder,
};
use entrenar::store::{SqliteStore, StoreError, StoreMode};
use entrenar_journal::{Journal, Lane, Options, Outcome, Writer};

/// A moment, in microseconds since 1970.
pub(crate) fn time(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap()
}

/// A folder with a store, and room for segments.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn store_path(&self) -> PathBuf {
        self.folder.path().join("entrenar.db")
    }

    pub(crate) fn journals(&self) -> PathBuf {
        journal_folder(&self.store_path())
    }

    pub(crate) fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.store_path(), StoreMode::ReadWrite, SystemClock).unwrap()
    }

    pub(crate) fn options(&self) -> Options {
        let mut options = Options::new(self.folder.path().join("memory"), self.journals());
        options.slots = 16_384;
        options.ahead = 2;
        options.segments_at_most = 16;
        options.lane_bytes = 16 << 10;
        options
    }

    pub(crate) fn files(&self) -> Vec<String> {
        let mut names = Vec::new();
        for folder in [self.journals(), self.folder.path().join("memory")] {
            if let Ok(entries) = std::fs::read_dir(folder) {
                names
                    .extend(entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()));
            }
        }
        names.sort();
        names
    }
}

/// Records into a journal and into a session at the same time.
pub(crate) struct Twin {
    pub(crate) journal: Journal,
    pub(crate) writer: Writer,
    pub(crate) lane: Lane,
    pub(crate) start: Start,
    pub(crate) series: Vec<SeriesDefinition>,
    pub(crate) folder: PathBuf,
}

impl Twin {
    pub(crate) fn new(options: Options, start: Start) -> Self {
        let folder = options.journal_folder.clone();
        let journal = Journal::create(options).unwrap();
        let mut twin = Self {
            writer: journal.writer(),
            lane: journal.lane().unwrap(),
            journal,
            start: start.clone(),
            series: Vec::new(),
            folder,
        };
        twin.frame(&Frame::Start(Box::new(start)));
        twin
    }

    pub(crate) fn frame(&mut self, frame: &Frame) {
        for part in frame.parts(8 << 10).unwrap() {
            let outcome = self
                .lane
                .append_within(&part, std::time::Duration::from_secs(10));
            assert!(matches!(outcome, Outcome::Logged(_)), "{outcome:?}");
        }
    }

    fn number(&mut self, key: &SeriesKey) -> u32 {
        if let Some(known) = self.series.iter().find(|series| series.key() == *key) {
            return known.number;
        }
        let series = SeriesDefinition {
            number: u32::try_from(self.series.len()).unwrap(),
            name: key.name.clone(),
            run: key.run,
            rank: key.rank,
        };
        self.series.push(series.clone());
        self.frame(&Frame::Series(series.clone()));
        series.number
    }

    /// Logs a point here and there.
    pub(crate) fn log(&mut self, session: &mut EntrenarSession, key: &SeriesKey, point: &Point) {
        let series = self.number(key);
        let logged = entrenar_journal::Point {
            series,
            flags: 0,
            step: point.step,
            value: point.value,
            micros: point.time_us.unwrap(),
            epoch: point.epoch,
        };
        let outcome = self.writer.log(&logged);
        assert!(matches!(outcome, Outcome::Logged(_)), "{outcome:?}");
        session.metrics.push(key.clone(), point.clone());
    }

    /// Records a cell here and there.
    pub(crate) fn cell(
        &mut self,
        session: &mut EntrenarSession,
        cell: CodeCell,
        record: CellRecord,
    ) {
        self.frame(&Frame::Cell(Box::new(CellFrame {
            cell: cell.clone(),
            record: record.clone(),
        })));
        session.add_recorded_cell(cell, record);
    }

    pub(crate) fn known(&self) -> Known<'_> {
        Known {
            start: &self.start,
            series: &self.series,
            dropped: 0,
        }
    }

    /// Seals what is in finished files, and releases them or not.
    pub(crate) fn seal(&self, store: &mut SqliteStore, release: bool) -> Sealed {
        let below = self.journal.next_file().unwrap();
        let sealed = self.seal_below(store, below).unwrap();
        if release {
            self.journal.release(sealed.below).unwrap();
        }
        sealed
    }

    pub(crate) fn seal_below(
        &self,
        store: &mut SqliteStore,
        below: u64,
    ) -> Result<Sealed, StoreError> {
        store.seal(&self.folder, self.journal.recorder(), below, self.known())
    }

    /// Ends as it should.
    pub(crate) fn finish(
        mut self,
        store: &mut SqliteStore,
        session: &mut EntrenarSession,
        at: i64,
    ) {
        let at = time(at);
        self.frame(&Frame::End(End { at, failed: false }));
        let recorder = self.journal.recorder();
        let _lock = self.journal.lock().unwrap();
        self.journal.close().unwrap();
        store.seal_rest(&self.folder, recorder, None).unwrap();
        session.ended_at = session.ended_at.max(Some(at));
        session.state = Some(SessionState::Finished);
    }

    /// Ends without a word: what is left is sealed as of a process that was killed, from files and segments.
    pub(crate) fn die(self, store: &mut SqliteStore) -> RecoveredRecorder {
        let recovered = store.seal_rest(&self.folder, self.journal.recorder(), None);
        // The journal's threads would write on; what they write is nobody's by now.
        drop(self);
        recovered.unwrap()
    }
}

/// The session that `start` begins.
pub(crate) fn session_of(start: &Start) -> EntrenarSession {
    let mut session = EntrenarSession::empty(&start.session, &start.name);
    session.started_at = Some(start.started);
    session.user.clone_from(&start.user);
    session.config.clone_from(&start.config);
    session.tags.clone_from(&start.tags);
    session.state = Some(SessionState::Live);
    session.forked_from.clone_from(&start.forked_from);
    session
}

pub(crate) fn point(value: f64, step: i64, micros: i64) -> Point {
    Point {
        value,
        step: Some(step),
        epoch: None,
        time_us: Some(micros),
        origin: None,
    }
}

/// Fails with a short message where the sessions differ.
pub(crate) fn assert_same(actual: &EntrenarSession, expected: &EntrenarSession) {
    let found = entrenar::session::differences(actual, expected);
    assert_eq!(found, []);
    assert_eq!(actual.state, expected.state);
    assert!(actual == expected, "equal but for stand-in times");
}
