//! Locked, deleted and broken stores; full disks. Training goes on, and the user is told.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use entrenar::record::{Outcome, RecordError, Recorder, RecorderOptions, Trouble, TroubleCallback};
use entrenar::session::{EntrenarSession, SystemClock};
use entrenar::store::{SqliteStore, Store as _, StoreMode};

use crate::disk::{Disk, SmallDisk};
use crate::support::{open, quiet, scratch, series, steps, wait_until};

/// A callback that keeps what it is told.
pub(crate) fn listener() -> (TroubleCallback, Arc<Mutex<Vec<String>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&heard);
    let tell = move |trouble: &Trouble| ear.lock().unwrap().push(trouble.to_string());
    (TroubleCallback::new(tell), heard)
}

#[test]
fn a_file_that_is_no_store_is_told_at_once() {
    let scratch = scratch();
    fs::create_dir_all(scratch.folder.path()).unwrap();
    entrenar::files::write_atomic(&scratch.store, b"no store, but somebody's text").unwrap();
    let started = Recorder::start(EntrenarSession::new("s", "S"), &scratch.store, quiet());
    assert!(matches!(started, Err(RecordError::Store(_))));
    let kept = fs::read(&scratch.store).unwrap();
    assert_eq!(kept, b"no store, but somebody's text");
}

#[test]
fn a_store_that_is_deleted_is_made_anew() {
    let scratch = scratch();
    let (callback, heard) = listener();
    let recorder = scratch.start(
        "s-1",
        RecorderOptions {
            on_trouble: Some(callback),
            ..quiet()
        },
    );
    recorder.log(0, &[("loss", 0.5)]);
    wait_until(|| recorder.status().sealed == 1);
    for name in ["entrenar.db", "entrenar.db-wal", "entrenar.db-shm"] {
        drop(fs::remove_file(scratch.folder.path().join(name)));
    }
    assert_eq!(recorder.log(1, &[("loss", 0.4)]), Outcome::Logged);
    wait_until(|| recorder.status().sealed == 2);
    let report = recorder.finish().unwrap();
    let told = heard.lock().unwrap().join("\n");
    assert!(told.contains("deleted or replaced"), "{told}");
    assert!(!report.troubles.is_empty());
    let session = scratch.session("s-1");
    assert_eq!(steps(series(&session, "loss")), [1]);
}

#[test]
fn a_locked_store_does_not_stop_anybody() {
    let scratch = scratch();
    let first = scratch.start("s-0", quiet());
    first.finish().unwrap();
    let blocker = rusqlite::Connection::open(&scratch.store).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let recorder = scratch.start(
        "s-1",
        RecorderOptions {
            finish_within: Duration::ZERO,
            ..quiet()
        },
    );
    for step in 0..1000 {
        assert_eq!(recorder.log(step, &[("loss", 0.5)]), Outcome::Logged);
    }
    recorder.flush().unwrap();
    assert_eq!(recorder.status().sealed, 0);
    let report = recorder.finish().unwrap();
    assert!(report.left_in.is_some() && !report.is_complete());
    assert!(
        report
            .troubles
            .iter()
            .any(|known| matches!(known.trouble, Trouble::Store(_)))
    );
    assert!(!scratch.journal_files().is_empty());

    // Whoever opens the store for recovery finds everything.
    blocker.execute_batch("ROLLBACK").unwrap();
    drop(recorder);
    let mut store = SqliteStore::open(&scratch.store, StoreMode::ReadWrite, SystemClock).unwrap();
    let folder = store.journal_folder();
    let recovered = store.recover_orphans(&folder).unwrap();
    assert_eq!(recovered.len(), 1);
    recovered.into_iter().for_each(|one| drop(one.unwrap()));
    let session = scratch.session("s-1");
    assert_eq!(series(&session, "loss").len(), 1000);
    assert!(session.ended_at.is_some());
}

const EIO: i32 = 5;
const ENOSPC: i32 = 28;
const EROFS: i32 = 30;

/// After a failed write nobody knows what the disk holds: the journal refuses, the program goes on, is told,
/// and what was taken is recovered from memory.
#[cfg(unix)]
#[test]
fn a_failing_or_read_only_disk_stops_the_journal_alone() {
    for number in [EIO, EROFS] {
        let scratch = scratch();
        let disk = Disk::default();
        let (callback, heard) = listener();
        let recorder = scratch.start(
            "s-1",
            RecorderOptions {
                on_trouble: Some(callback),
                storage: Some(disk.storage()),
                ..quiet()
            },
        );
        let loss = recorder.series("loss");
        loss.log(0, 0.5);
        recorder.flush().unwrap();
        disk.fail(number);
        let mut kept = vec![0];
        kept.extend((1..500).filter(|step| loss.log(*step, 0.5) == Outcome::Logged));
        assert!(recorder.flush().is_err());
        wait_until(|| {
            matches!(loss.log(-1, 0.5), Outcome::Dropped(_)) || {
                kept.push(-1);
                false
            }
        });
        wait_until(|| {
            heard
                .lock()
                .unwrap()
                .join("")
                .contains("journal cannot be written")
        });
        let finished = recorder.finish();
        assert!(finished.is_err() || finished.is_ok_and(|report| !report.is_complete()));
        drop((recorder, loss));

        let mut store =
            SqliteStore::open(&scratch.store, StoreMode::ReadWrite, SystemClock).unwrap();
        let folder = store.journal_folder();
        for recovered in store.recover_orphans(&folder).unwrap() {
            recovered.unwrap();
        }
        let session = scratch.session("s-1");
        assert_eq!(steps(series(&session, "loss")), kept);
    }
}

#[test]
fn a_full_disk_drops_only_what_memory_cannot_hold() {
    let scratch = scratch();
    let disk = Disk::default();
    let (callback, heard) = listener();
    let recorder = scratch.start(
        "s-1",
        RecorderOptions {
            burst: 1024,
            memory_bytes: 4 * 1024 * 64,
            on_trouble: Some(callback),
            storage: Some(disk.storage()),
            ..quiet()
        },
    );
    let loss = recorder.series("loss");
    loss.log(-1, 0.5);
    recorder.flush().unwrap();
    disk.fail(ENOSPC);
    let mut kept = vec![-1];
    for step in 0..10_000 {
        if loss.log(step, 0.5) == Outcome::Logged {
            kept.push(step);
        }
        if step % 500 == 0 {
            // Time to make the next memory ready.
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    assert!(kept.len() > 1024 && kept.len() < 10_000, "{}", kept.len());
    assert!(recorder.flush().is_err());
    wait_until(|| {
        let troubles = recorder.status().troubles;
        let has = |is: fn(&Trouble) -> bool| troubles.iter().any(|known| is(&known.trouble));
        has(|known| matches!(known, Trouble::Journal(_)))
            && has(|known| matches!(known, Trouble::Dropped { .. }))
    });
    disk.fail(0);
    wait_until(|| recorder.flush().is_ok());
    let report = recorder.finish().unwrap();
    assert_eq!(report.left_in, None);
    assert_eq!(report.dropped as usize, 10_001 - kept.len());
    let session = scratch.session("s-1");
    assert_eq!(steps(series(&session, "loss")), kept);
    let warned = session.warnings.iter();
    assert!(
        warned
            .map(|one| &one.message)
            .any(|text| text.contains("were dropped"))
    );
    assert!(
        heard
            .lock()
            .unwrap()
            .iter()
            .any(|text| text.contains("dropped"))
    );
}

/// `ENTRENAR_FROZEN_SECONDS` (1) says for how long.
#[test]
fn a_frozen_disk_and_a_locked_store_change_nothing() {
    let seconds = std::env::var("ENTRENAR_FROZEN_SECONDS").map_or(1, |text| text.parse().unwrap());
    let scratch = scratch();
    let disk = Disk::default();
    let recorder = scratch.start(
        "s-1",
        RecorderOptions {
            storage: Some(disk.storage()),
            ..quiet()
        },
    );
    let loss = recorder.series("loss");
    loss.log(-1, 0.5);
    recorder.flush().unwrap();
    wait_until(|| recorder.status().sealed == 1);
    let blocker = rusqlite::Connection::open(&scratch.store).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    disk.freeze(true);
    let began = Instant::now();
    let (mut step, mut longest) = (0, Duration::ZERO);
    while began.elapsed() < Duration::from_secs(seconds) {
        let before = Instant::now();
        let outcome = loss.log(step, 0.5);
        longest = longest.max(before.elapsed());
        assert_eq!(outcome, Outcome::Logged, "point {step}");
        step += 1;
        std::thread::sleep(Duration::from_micros(900));
    }
    println!("a disk frozen for {seconds} s: {step} points, the longest call {longest:?}");
    assert_eq!(recorder.status().sealed, 1, "the disk was not frozen");
    disk.freeze(false);
    blocker.execute_batch("ROLLBACK").unwrap();
    assert!(recorder.finish().unwrap().is_complete());
    let session = scratch.session("s-1");
    assert_eq!(
        steps(series(&session, "loss")),
        (-1..step).collect::<Vec<_>>()
    );
}

/// Journal and store are on a file system of 4 MiB that fills up, and grows.
#[test]
fn a_disk_that_is_really_full_is_told_and_waited_for() {
    let Some(disk) = SmallDisk::mount("4m") else {
        return;
    };
    let (callback, heard) = listener();
    let options = RecorderOptions {
        on_trouble: Some(callback),
        burst: 131_072,
        ..quiet()
    };
    let store = disk.path().join("entrenar.db");
    let recorder = Recorder::start(EntrenarSession::new("s-1", "S"), &store, options).unwrap();
    let loss = recorder.series("loss");
    // Journal and store take turns in filling it; which of them meets the end is chance.
    let is_full = || {
        let troubles = recorder.status().troubles;
        let mut known = troubles.iter().map(|known| &known.trouble);
        known.any(|trouble| matches!(trouble, Trouble::Journal(_) | Trouble::Store(_)))
    };
    let mut kept = Vec::new();
    let mut count = 0;
    while !is_full() {
        assert!(count < 2_000_000, "the disk is never full");
        for step in count..count + 5000 {
            if loss.log(step, step as f64 * 0.1) == Outcome::Logged {
                kept.push(step);
            }
        }
        count += 5000;
        std::thread::sleep(Duration::from_millis(20));
    }
    wait_until(|| !heard.lock().unwrap().is_empty());
    disk.resize("64m");
    wait_until(|| recorder.flush().is_ok());
    let report = recorder.finish().unwrap();
    assert_eq!(report.left_in, None, "{report:?}");
    let logged = i64::try_from(kept.len()).unwrap();
    assert_eq!(report.dropped.cast_signed(), count - logged);
    drop((recorder, loss));
    let session = open(&store).session("s-1").unwrap();
    assert_eq!(steps(series(&session, "loss")), kept);
}

#[test]
fn without_memory_folder_the_user_is_told() {
    let scratch = scratch();
    let recorder = scratch.start(
        "s-1",
        RecorderOptions {
            memory_folder: Some(scratch.folder.path().join("segments")),
            ..quiet()
        },
    );
    let told = recorder.status().troubles;
    let expected = |one: &Trouble| matches!(one, Trouble::NoMemoryFolder | Trouble::NetworkFolder);
    let on_tmpfs =
        entrenar_journal::medium(scratch.folder.path()) == entrenar_journal::Medium::Memory;
    assert_eq!(told.iter().any(|known| expected(&known.trouble)), !on_tmpfs);
    recorder.log(0, &[("loss", 0.5)]);
    assert!(recorder.finish().unwrap().is_complete());
}
