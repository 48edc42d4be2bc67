//! Power losses while a recording is flushed, sealed and released: what `flush` acknowledged is there once,
//! in the store or in the journal, and the store is whole.
//!
//! The journal's writes, syncs, names and deletions are recorded at its storage seam. Of the store, its file
//! and its write-ahead log are copied after each transaction. A loss keeps of the journal what was synced
//! and any part of the rest; within a transaction, it keeps any sectors of what the log got, or, once the
//! log is whole, any sectors of what a checkpoint moved into the store's file; when the log is begun anew,
//! its head comes first. The order of SQLite's writes within these phases is not recorded, but left open.
//!
//! `ENTRENAR_LOSSES` sets the number of losses (200 by default).
#![expect(clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use entrenar::session::{Series, SeriesKey, SystemClock};
use entrenar::store::recording::{Frame, Start, journal_folder};
use entrenar::store::{SqliteStore, Store as _, StoreMode};
use entrenar_journal::{FileSystem, LogFile, Options, Region, Storage, memory_folder};

use crate::support::{Place, Twin, point, session_of, time};

const SECTOR: usize = 512;
/// Bytes of the log's head.
const WAL_HEAD: usize = 32;
const POINTS: i64 = 150;

#[derive(Debug, Clone)]
enum Done {
    Create(PathBuf),
    Write(PathBuf, u64, Vec<u8>),
    Sync(PathBuf),
    SyncFolder,
    Remove(PathBuf),
    /// So many points, and a tag for each part of them, were logged before a `flush` that returned.
    Flushed(i64),
    TransactionBegins,
    /// The store's file and its log after a transaction.
    Store(Arc<Files>),
}

/// The store's file, and its write-ahead log.
#[derive(Debug, Clone, PartialEq, Default)]
struct Files {
    store: Vec<u8>,
    log: Vec<u8>,
}

type History = Arc<Mutex<Vec<Done>>>;

#[derive(Debug)]
struct Recorded(History);

#[derive(Debug)]
struct RecordedFile(History, PathBuf, Box<dyn LogFile>);

const REAL: FileSystem = FileSystem { map: true };

fn note(history: &History, done: Done) {
    history.lock().unwrap().push(done);
}

impl Storage for Recorded {
    fn allocate(&self, path: &Path, bytes: usize) -> io::Result<Region> {
        REAL.allocate(path, bytes)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn LogFile>> {
        note(&self.0, Done::Create(path.into()));
        let file = REAL.create(path)?;
        Ok(Box::new(RecordedFile(
            Arc::clone(&self.0),
            path.into(),
            file,
        )))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        REAL.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        if path.extension().is_some_and(|kind| kind == "journal") {
            note(&self.0, Done::Remove(path.into()));
        }
        REAL.remove(path)
    }
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        REAL.sync_folder(folder)?;
        note(&self.0, Done::SyncFolder);
        Ok(())
    }
}

impl LogFile for RecordedFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        note(&self.0, Done::Write(self.1.clone(), offset, bytes.to_vec()));
        self.2.write_at(offset, bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        self.2.sync()?;
        note(&self.0, Done::Sync(self.1.clone()));
        Ok(())
    }
}

fn value(step: i64) -> f64 {
    1.0 / (step as f64 + 1.5)
}

/// Records, flushes, seals and releases; what happened to the files, in order.
fn record(parts: i64) -> Vec<Done> {
    let place = Place::new();
    let history = History::default();
    let options = Options {
        storage: Arc::new(Recorded(Arc::clone(&history))),
        write_every: Duration::from_millis(3),
        sync_every: Duration::from_millis(11),
        ..place.options()
    };
    let mut store = place.open();
    let snapshot = || {
        let path = place.store_path();
        let mut log = path.clone().into_os_string();
        log.push("-wal");
        let files = Files {
            store: std::fs::read(path).unwrap(),
            log: std::fs::read(log).unwrap_or_default(),
        };
        note(&history, Done::Store(Arc::new(files)));
    };
    snapshot();
    let start = Start::new("torn", "Torn", time(7));
    let mut session = session_of(&start);
    let mut twin = Twin::new(options, start);
    let loss = SeriesKey::named("loss");
    for part in 0..parts {
        for step in part * POINTS..(part + 1) * POINTS {
            twin.log(&mut session, &loss, &point(value(step), step, step));
        }
        twin.frame(&Frame::Tag(format!("part {part}")));
        if part % 3 != 1 {
            twin.journal.flush().unwrap();
            note(&history, Done::Flushed((part + 1) * POINTS));
        }
        if part % 2 == 1 {
            let below = twin.journal.next_file().unwrap();
            note(&history, Done::TransactionBegins);
            let sealed = twin.seal_below(&mut store, below).unwrap();
            snapshot();
            if part % 4 == 1 {
                twin.journal.release(sealed.below).unwrap();
            }
        }
    }
    // What the journal's threads do from now on is not looked at.
    history.lock().unwrap().clone()
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    /// `old` with any sectors from byte `from` on as they are in `new`.
    fn mix(&mut self, old: &[u8], new: &[u8], from: usize) -> Vec<u8> {
        let mut mixed = old.to_vec();
        // None, few, many or all of them.
        let share = [0, 1, 5, 10][self.below(4)];
        let length = [old.len(), new.len()][self.below(2)].max(from);
        mixed.resize(length, 0);
        let mut at = from;
        while at < length.min(new.len()) {
            let end = (at / SECTOR + 1) * SECTOR;
            let end = end.min(length).min(new.len());
            if self.below(10) < share {
                mixed[at..end].copy_from_slice(&new[at..end]);
            }
            at = end;
        }
        mixed
    }

    /// What a loss during a transaction leaves.
    fn within(&mut self, old: &Files, new: &Files) -> Files {
        let appended = old.log.len() < WAL_HEAD
            || new.log.get(..WAL_HEAD) == old.log.get(..WAL_HEAD) && new.log.len() >= old.log.len();
        let unseen = !appended || new.log.len() < WAL_HEAD;
        if unseen && old.store != new.store {
            // A checkpoint, and a transaction behind it, or one without a log: what lay between was not copied.
            return [old, new][self.below(2)].clone();
        }
        if self.below(3) == 0 {
            // The log is whole, and a checkpoint moves pages.
            return Files {
                store: self.mix(&old.store, &new.store, 0),
                log: new.log.clone(),
            };
        }
        let log = if appended {
            self.mix(&old.log, &new.log, old.log.len())
        } else {
            let mut begun = old.log.clone();
            if self.below(3) > 0 {
                begun[..WAL_HEAD].copy_from_slice(&new.log[..WAL_HEAD]);
                begun = self.mix(&begun, &new.log, WAL_HEAD);
            }
            begun
        };
        Files {
            store: old.store.clone(),
            log,
        }
    }
}

/// What a loss leaves, and what was acknowledged before it.
fn lose(
    done: &[Done],
    after: usize,
    random: &mut Random,
) -> (BTreeMap<PathBuf, Vec<u8>>, Files, i64) {
    let mut files: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
    let mut waiting: Vec<(&PathBuf, usize, &[u8])> = Vec::new();
    let mut named: BTreeSet<&PathBuf> = BTreeSet::new();
    let mut unnamed: BTreeSet<&PathBuf> = BTreeSet::new();
    let (mut removed, mut flushed) = (Vec::new(), 0);
    let (mut store, mut within) = (Arc::default(), false);
    let write =
        |files: &mut BTreeMap<PathBuf, Vec<u8>>, path: &PathBuf, at: usize, bytes: &[u8]| {
            let file = files.entry(path.clone()).or_default();
            file.resize(file.len().max(at + bytes.len()), 0);
            file[at..at + bytes.len()].copy_from_slice(bytes);
        };
    for step in &done[..after] {
        match step {
            Done::Create(path) => {
                unnamed.insert(path);
            }
            Done::Write(path, at, bytes) => {
                waiting.push((path, usize::try_from(*at).unwrap(), bytes));
            }
            Done::Sync(path) => waiting.retain(|(other, at, bytes)| {
                if *other == path {
                    write(&mut files, other, *at, bytes);
                }
                *other != path
            }),
            Done::SyncFolder => named.append(&mut unnamed),
            Done::Remove(path) => removed.push(path),
            Done::Flushed(count) => flushed = *count,
            Done::TransactionBegins => within = true,
            Done::Store(files) => {
                store = Arc::clone(files);
                within = false;
            }
        }
    }
    // Of what was not synced, any writes arrived, in any order, each cut anywhere.
    while !waiting.is_empty() {
        let (path, at, bytes) = waiting.swap_remove(random.below(waiting.len()));
        match random.below(3) {
            0 => {}
            1 => write(&mut files, path, at, bytes),
            _ => write(
                &mut files,
                path,
                at,
                &bytes[..random.below(bytes.len() + 1)],
            ),
        }
    }
    files.retain(|path, _| named.contains(path) || random.below(2) == 0);
    for path in removed {
        if random.below(2) == 0 {
            files.remove(path);
        }
    }
    let next = done[after..].iter().find_map(|step| match step {
        Done::Store(files) if within => Some(files),
        _ => None,
    });
    let store = next.map_or_else(|| (*store).clone(), |next| random.within(&store, next));
    (files, store, flushed)
}

/// Opens what is left and recovers it; the first flushed point that is missing.
fn check(journal: &BTreeMap<PathBuf, Vec<u8>>, files: &Files, flushed: i64) -> Option<i64> {
    let folder = match memory_folder(&[]) {
        Some(memory) => tempfile::tempdir_in(memory).unwrap(),
        None => tempfile::tempdir().unwrap(),
    };
    let path = folder.path().join("entrenar.db");
    let put = |path: &Path, bytes: &[u8]| {
        std::io::Write::write_all(&mut std::fs::File::create_new(path).unwrap(), bytes).unwrap();
    };
    put(&path, &files.store);
    put(&folder.path().join("entrenar.db-wal"), &files.log);
    let journals = journal_folder(&path);
    std::fs::create_dir(&journals).unwrap();
    for (path, bytes) in journal {
        put(&journals.join(path.file_name().unwrap()), bytes);
    }
    let mut store = SqliteStore::open(&path, StoreMode::ReadWrite, SystemClock).unwrap();
    for recovered in store.recover_orphans(&journals).unwrap() {
        recovered.unwrap();
    }
    assert_eq!(store.check().unwrap(), []);
    let Ok(session) = store.session("torn") else {
        return (flushed > 0).then_some(0);
    };
    let series = session.metrics.get(&SeriesKey::named("loss"));
    let mut steps = BTreeSet::new();
    for point in series.into_iter().flat_map(Series::points) {
        let step = point.step.unwrap();
        assert!(
            point.value.to_bits() == value(step).to_bits(),
            "invented: {point:?}"
        );
        assert!(steps.insert(step), "step {step} is there twice");
    }
    assert_eq!(store.chain("torn").unwrap().differences(&session), []);
    let missing = (0..flushed).find(|step| !steps.contains(step));
    if missing.is_none() {
        for part in 0..flushed / POINTS {
            assert!(session.tags.contains(&format!("part {part}")), "{part}");
        }
    }
    missing
}

#[test]
fn flushed_points_survive_any_power_loss() {
    let losses = std::env::var("ENTRENAR_LOSSES").map_or(200, |losses| losses.parse().unwrap());
    let done = record(if losses > 1000 { 240 } else { 60 });
    let stores = || {
        done.iter().filter_map(|step| match step {
            Done::Store(files) => Some(files),
            _ => None,
        })
    };
    let begun_anew = stores()
        .zip(stores().skip(1))
        .filter(|(old, new)| old.log.get(..WAL_HEAD) != new.log.get(..WAL_HEAD))
        .count();
    let checkpoints = stores()
        .zip(stores().skip(1))
        .filter(|(old, new)| old.store != new.store)
        .count();
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for loss in 0..losses {
        // All of the history, the transactions more often.
        let mut after = 1 + random.below(done.len());
        if loss % 2 == 0
            && let Some(begins) = done[..after]
                .iter()
                .rposition(|step| matches!(step, Done::TransactionBegins))
        {
            after = begins + 1;
        }
        let (journal, files, flushed) = lose(&done, after, &mut random);
        let missing = check(&journal, &files, flushed);
        assert_eq!(missing, None, "of {flushed} flushed points");
    }
    println!(
        "{losses} power losses in {} operations and {} transactions, {checkpoints} checkpoints, the log begun anew {begun_anew} times",
        done.len(),
        stores().count()
    );
}

/// The check can fail: a store that was not synced before its journal files were deleted loses points.
#[test]
fn a_store_that_is_not_synced_is_noticed() {
    let done = record(12);
    let mut random = Random(1);
    let mut before = Arc::default();
    let old: Vec<Done> = done
        .into_iter()
        .map(|step| match step {
            Done::Store(now) => Done::Store(std::mem::replace(&mut before, now)),
            other => other,
        })
        .collect();
    let deleted = old
        .iter()
        .rposition(|step| matches!(step, Done::Remove(_)))
        .unwrap();
    let lost = (0..100).any(|_| {
        let (journal, files, flushed) = lose(&old, deleted + 1, &mut random);
        check(&journal, &files, flushed).is_some()
    });
    assert!(lost, "100 losses noticed nothing");
}
