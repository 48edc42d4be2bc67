//! Recorders in scratch folders.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use entrenar::record::{Recorder, RecorderOptions};
use entrenar::session::{EntrenarSession, Series, SeriesKey, SystemClock};
use entrenar::store::{SqliteStore, Store as _, StoreMode};

/// A scratch folder with the path of a store in it.
pub(crate) struct Scratch {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) store: PathBuf,
}

pub(crate) fn scratch() -> Scratch {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("entrenar.db");
    Scratch { folder, store }
}

/// Nothing of the surroundings, and little memory.
pub(crate) fn quiet() -> RecorderOptions {
    RecorderOptions {
        environment: None,
        system: None,
        burst: 4096,
        seal_every: Duration::from_millis(200),
        ..RecorderOptions::default()
    }
}

impl Scratch {
    pub(crate) fn start(&self, id: &str, options: RecorderOptions) -> Recorder {
        Recorder::start(EntrenarSession::new(id, "Test"), &self.store, options).unwrap()
    }

    pub(crate) fn session(&self, id: &str) -> EntrenarSession {
        open(&self.store).session(id).unwrap()
    }

    /// Names of files in the journal's folder.
    pub(crate) fn journal_files(&self) -> Vec<String> {
        let folder = entrenar::store::recording::journal_folder(&self.store);
        let Ok(entries) = std::fs::read_dir(folder) else {
            return Vec::new();
        };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }
}

pub(crate) fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, StoreMode::ReadOnly, SystemClock).unwrap()
}

pub(crate) fn series<'s>(session: &'s EntrenarSession, name: &str) -> &'s Series {
    session.metrics.get(&SeriesKey::named(name)).unwrap()
}

pub(crate) fn steps(series: &Series) -> Vec<i64> {
    series.points().map(|point| point.step.unwrap()).collect()
}

/// Waits for something that must happen.
pub(crate) fn wait_until(mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "it never happens"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}
