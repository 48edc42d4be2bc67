//! Disks that freeze, fill up, fail, vanish, and forget what was not synced.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use entrenar_journal::{
    Error, FileName, FileSystem, Journal, LogFile, Options, Outcome, Point, Reason, Recovery,
    Region, Storage, recover,
};

/// What a disk does to a file, in order.
#[derive(Debug, Clone)]
enum Done {
    Write(PathBuf, u64, Vec<u8>),
    Sync(PathBuf),
    /// A `flush` returned; so many points had been logged before.
    Flushed(u64),
}

/// The file system, with faults.
#[derive(Debug, Default)]
struct Faults {
    /// Writes and syncs wait.
    frozen: AtomicBool,
    /// Error number of every write, or 0.
    write: AtomicU64,
    /// Every n-th write writes a part only and then fails for lack of space; 0 for never.
    partial: AtomicU64,
    sync: AtomicU64,
    allocate: AtomicU64,
    writes: AtomicU64,
    done: Mutex<Vec<Done>>,
}

fn fail(error: &AtomicU64) -> io::Result<()> {
    match error.load(Ordering::SeqCst) {
        0 => Ok(()),
        number => Err(io::Error::from_raw_os_error(i32::try_from(number).unwrap())),
    }
}

const EIO: u64 = 5;
const ENOSPC: u64 = 28;

#[derive(Debug, Clone)]
struct Disk(Arc<Faults>);

#[derive(Debug)]
struct DiskFile(Arc<Faults>, PathBuf, Box<dyn LogFile>);

impl Faults {
    fn thaw(&self) {
        while self.frozen.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Storage for Disk {
    fn allocate(&self, path: &Path, bytes: usize) -> io::Result<Region> {
        fail(&self.0.allocate)?;
        FileSystem { map: true }.allocate(path, bytes)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn LogFile>> {
        let file = FileSystem { map: true }.create(path)?;
        Ok(Box::new(DiskFile(Arc::clone(&self.0), path.into(), file)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        FileSystem { map: true }.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        FileSystem { map: true }.remove(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        FileSystem { map: true }.sync_folder(folder)
    }
}

impl LogFile for DiskFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.thaw();
        fail(&self.0.write)?;
        let count = self.0.writes.fetch_add(1, Ordering::SeqCst) + 1;
        let partial = self.0.partial.load(Ordering::SeqCst);
        let part = partial != 0 && count.is_multiple_of(partial);
        let bytes = if part {
            &bytes[..bytes.len() / 2]
        } else {
            bytes
        };
        self.2.write_at(offset, bytes)?;
        self.0
            .done
            .lock()
            .unwrap()
            .push(Done::Write(self.1.clone(), offset, bytes.to_vec()));
        if part {
            Err(io::ErrorKind::StorageFull.into())
        } else {
            Ok(())
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.thaw();
        fail(&self.0.sync)?;
        self.2.sync()?;
        self.0.done.lock().unwrap().push(Done::Sync(self.1.clone()));
        Ok(())
    }
}

struct Place {
    folder: tempfile::TempDir,
    faults: Arc<Faults>,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            faults: Arc::default(),
        }
    }

    fn options(&self) -> Options {
        Options {
            slots: 64,
            segments_at_most: 64,
            write_every: Duration::from_millis(5),
            sync_every: Duration::from_millis(20),
            patience: Duration::from_millis(50),
            storage: Arc::new(Disk(Arc::clone(&self.faults))),
            ..Options::new(self.folder.path().join("s"), self.folder.path().join("j"))
        }
    }

    fn recover(&self) -> Vec<(u64, Point)> {
        let (recovered, report) = recover(&self.folder.path().join("j")).unwrap();
        assert_eq!(report.missing_points, 0, "{report:?}");
        recovered.recorders.into_iter().next().unwrap().points
    }
}

/// Thaws the disk when a test fails, before the journal is closed.
struct Thaw<'a>(&'a Faults);

impl Drop for Thaw<'_> {
    fn drop(&mut self) {
        self.0.frozen.store(false, Ordering::SeqCst);
    }
}

fn point(index: u64) -> Point {
    Point {
        series: 1,
        step: Some(index.cast_signed()),
        value: 0.25,
        ..Point::default()
    }
}

fn log(journal: &Journal, range: std::ops::Range<u64>) {
    let writer = journal.writer();
    for index in range {
        while writer.log(&point(index)) == Outcome::Dropped(Reason::NoSegment) {
            std::thread::sleep(Duration::from_micros(100));
        }
    }
}

fn until(mut good: impl FnMut() -> bool) {
    let began = Instant::now();
    while !good() {
        assert!(began.elapsed() < Duration::from_secs(20), "waited too long");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn expect(points: &[(u64, Point)], count: u64) {
    assert_eq!(points.len() as u64, count);
    assert!(
        points
            .iter()
            .zip(0..)
            .all(|((sequence, found), at)| *sequence == at && found.same_bits(&point(at)))
    );
}

#[test]
fn frozen_disk_does_not_delay_logging() {
    let place = Place::new();
    let journal = Journal::create(place.options()).unwrap();
    log(&journal, 0..10);
    place.faults.frozen.store(true, Ordering::SeqCst);
    let _thaw = Thaw(&place.faults);
    // 64 segments of 64 points fill up behind the frozen disk.
    let writer = journal.writer();
    let mut logged = 10;
    let mut longest = Duration::ZERO;
    for _ in 0..10_000 {
        let began = Instant::now();
        if let Outcome::Logged(_) = writer.log(&point(logged)) {
            logged += 1;
        }
        longest = longest.max(began.elapsed());
        if logged % 64 == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    println!("longest log beside a frozen disk: {longest:?}");
    assert!(logged >= 60 * 64, "{logged}");
    assert!(journal.status().unwrap().dropped > 0);
    // What a kill would find now.
    expect(&place.recover(), logged);
    place.faults.frozen.store(false, Ordering::SeqCst);
    journal.close().unwrap();
    expect(&place.recover(), logged);
}

#[test]
fn failed_sync_makes_the_journal_refuse() {
    for (sync, write) in [(EIO, 0), (0, EIO)] {
        let place = Place::new();
        let rarely = Duration::from_secs(3600);
        let journal = Journal::create(Options {
            write_every: rarely,
            sync_every: rarely,
            ..place.options()
        })
        .unwrap();
        log(&journal, 0..100);
        journal.flush().unwrap();
        place.faults.sync.store(sync, Ordering::SeqCst);
        place.faults.write.store(write, Ordering::SeqCst);
        log(&journal, 100..150);
        let error = journal.flush().unwrap_err();
        assert!(matches!(error, Error::Refused(_)), "{error:?}");
        // The disk works again, but nobody knows what it holds.
        place.faults.sync.store(0, Ordering::SeqCst);
        place.faults.write.store(0, Ordering::SeqCst);
        assert!(journal.flush().is_err());
        until(|| journal.writer().log(&point(0)) == Outcome::Dropped(Reason::Closed));
        let failed = journal.status().unwrap().failed.unwrap();
        assert!(failed.to_string().contains(".journal"), "{failed}");
        assert!(journal.lane().is_err());
        assert!(journal.close().is_err());
        // The segments were left alone.
        expect(&place.recover(), 150);
    }
}

#[test]
fn full_disk_is_waited_out() {
    let place = Place::new();
    let journal = Journal::create(place.options()).unwrap();
    log(&journal, 0..100);
    place.faults.write.store(ENOSPC, Ordering::SeqCst);
    log(&journal, 100..500);
    let error = journal.flush().unwrap_err();
    assert!(matches!(error, Error::Full { .. }), "{error:?}");
    assert!(journal.status().unwrap().trouble.is_some());
    place.faults.write.store(0, Ordering::SeqCst);
    log(&journal, 500..600);
    journal.flush().unwrap();
    assert!(journal.status().unwrap().trouble.is_none());
    journal.close().unwrap();
    expect(&place.recover(), 600);
}

#[test]
fn full_disk_until_the_end_leaves_the_segments() {
    let place = Place::new();
    let journal = Journal::create(place.options()).unwrap();
    log(&journal, 0..10);
    journal.flush().unwrap();
    place.faults.write.store(ENOSPC, Ordering::SeqCst);
    log(&journal, 10..500);
    assert!(matches!(journal.close(), Err(Error::Full { .. })));
    expect(&place.recover(), 500);
}

#[test]
fn half_written_frames_are_written_again() {
    let place = Place::new();
    let options = Options {
        file_bytes: 20_000,
        ..place.options()
    };
    let journal = Journal::create(options).unwrap();
    place.faults.partial.store(3, Ordering::SeqCst);
    for part in 0..40 {
        log(&journal, part * 50..(part + 1) * 50);
        until(|| journal.flush().is_ok());
    }
    place.faults.partial.store(0, Ordering::SeqCst);
    journal.close().unwrap();
    expect(&place.recover(), 2000);
    let (recovered, report) = recover(&place.folder.path().join("j")).unwrap();
    assert_eq!(report.damage, []);
    assert!(recovered.recorders[0].files.len() > 2);
}

#[test]
fn full_memory_is_an_error_at_the_start_and_a_drop_later() {
    let place = Place::new();
    place.faults.allocate.store(ENOSPC, Ordering::SeqCst);
    let error = Journal::create(place.options()).unwrap_err();
    assert!(matches!(error, Error::Full { .. }), "{error:?}");

    let place = Place::new();
    let journal = Journal::create(Options {
        write_every: Duration::from_secs(60),
        ..place.options()
    })
    .unwrap();
    place.faults.allocate.store(ENOSPC, Ordering::SeqCst);
    place.faults.frozen.store(true, Ordering::SeqCst);
    let _thaw = Thaw(&place.faults);
    let writer = journal.writer();
    let logged = (0..100_000)
        .filter(|index| matches!(writer.log(&point(*index)), Outcome::Logged(_)))
        .count();
    assert_eq!(logged, 4 * 64, "four segments were ready");
    until(|| journal.status().unwrap().memory_trouble.is_some());
    place.faults.allocate.store(0, Ordering::SeqCst);
    until(|| matches!(writer.log(&point(256)), Outcome::Logged(_)));
    place.faults.frozen.store(false, Ordering::SeqCst);
    journal.close().unwrap();
    expect(&place.recover(), 257);
}

#[test]
fn deleted_journal_is_noticed() {
    let place = Place::new();
    let journal = Journal::create(place.options()).unwrap();
    log(&journal, 0..10);
    journal.flush().unwrap();
    std::fs::remove_dir_all(place.folder.path().join("j")).unwrap();
    log(&journal, 10..20);
    let error = journal.flush().unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error:?}");
}

#[test]
fn thread_that_stops_within_a_log_holds_nobody_up() {
    let place = Place::new();
    let journal = Journal::create(place.options()).unwrap();
    let writer = journal.writer();
    log(&journal, 0..10);
    assert_eq!(writer.take_only(), Outcome::Logged(10));
    for index in 11..3000 {
        while writer.log(&point(index)) == Outcome::Dropped(Reason::NoSegment) {
            std::thread::sleep(Duration::from_micros(100));
        }
    }
    until(|| journal.flush().is_ok() && journal.status().unwrap().copied == 3000);
    let (recovered, report) = recover(&place.folder.path().join("j")).unwrap();
    assert_eq!(report.missing_points, 1);
    assert_eq!(recovered.recorders[0].points.len(), 2999);
    journal.close().unwrap();
}

/// Power losses: at every moment, files hold what was synced and any part of what was not.
#[test]
fn flushed_points_survive_any_power_loss() {
    let place = Place::new();
    let journal = Journal::create(Options {
        file_bytes: 8000,
        ..place.options()
    })
    .unwrap();
    let mut lane = journal.lane().unwrap();
    for part in 0..12 {
        log(&journal, part * 30..(part + 1) * 30);
        lane.append(&part.to_le_bytes());
        journal.flush().unwrap();
        place
            .faults
            .done
            .lock()
            .unwrap()
            .push(Done::Flushed((part + 1) * 30));
        if part % 3 == 0 {
            std::thread::sleep(Duration::from_millis(15));
        }
    }
    journal.close().unwrap();
    let done = place.faults.done.lock().unwrap().clone();
    let mut random = 88_172_645_463_325_252_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let mut losses = 0;
    for moment in 1..=done.len() {
        for _ in 0..8 {
            check_loss(&done[..moment], &mut next);
            losses += 1;
        }
    }
    println!("{losses} power losses in {} operations", done.len());
}

fn check_loss(done: &[Done], random: &mut impl FnMut() -> u64) {
    let mut durable: BTreeMap<&Path, Vec<u8>> = BTreeMap::new();
    let mut waiting: Vec<(&Path, u64, &[u8])> = Vec::new();
    let mut flushed = 0;
    let mut apply = |path, offset: u64, bytes: &[u8]| {
        let file: &mut Vec<u8> = durable.entry(path).or_default();
        let start = usize::try_from(offset).unwrap();
        file.resize(file.len().max(start + bytes.len()), 0);
        file[start..start + bytes.len()].copy_from_slice(bytes);
    };
    for step in done {
        match step {
            Done::Write(path, offset, bytes) => waiting.push((path, *offset, bytes)),
            Done::Sync(path) => waiting.retain(|(other, offset, bytes)| {
                let synced = other == path;
                if synced {
                    apply(other, *offset, bytes);
                }
                !synced
            }),
            Done::Flushed(count) => flushed = *count,
        }
    }
    // Of what was not synced, any writes arrived, in any order, each cut anywhere.
    while !waiting.is_empty() {
        let at = usize::try_from(random()).unwrap() % waiting.len();
        let (path, offset, bytes) = waiting.swap_remove(at);
        match random() % 3 {
            0 => {}
            1 => apply(path, offset, bytes),
            _ => apply(
                path,
                offset,
                &bytes[..usize::try_from(random()).unwrap() % (bytes.len() + 1)],
            ),
        }
    }
    let mut recovery = Recovery::new();
    for (path, bytes) in &durable {
        let name = FileName::parse(path.file_name().unwrap().to_str().unwrap()).unwrap();
        recovery.read(name, bytes);
    }
    let (recovered, report) = recovery.finish();
    let points = recovered
        .recorders
        .first()
        .map_or(&[][..], |recorder| &recorder.points);
    let found: BTreeMap<u64, &Point> = points
        .iter()
        .map(|(sequence, point)| (*sequence, point))
        .collect();
    for sequence in 0..flushed {
        assert!(
            found
                .get(&sequence)
                .is_some_and(|found| found.same_bits(&point(sequence))),
            "point {sequence} of {flushed} flushed ones: {report:?}"
        );
    }
    assert!(
        points
            .iter()
            .all(|(sequence, found)| found.same_bits(&point(*sequence)))
    );
    let frames = recovered
        .recorders
        .first()
        .and_then(|r| r.lanes.first())
        .map_or(0, |lane| lane.frames.len());
    assert!(frames as u64 >= flushed / 30, "{frames} frames");
}

/// A small tmpfs, where the test may mount one.
struct SmallMemory(tempfile::TempDir);

impl SmallMemory {
    #[expect(clippy::print_stdout, reason = "a skipped test says so")]
    fn new(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(folder.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(folder)),
            _ => {
                println!("SKIPPED: a tmpfs cannot be mounted here");
                None
            }
        }
    }

    fn files(&self) -> usize {
        std::fs::read_dir(self.0.path()).unwrap().count()
    }
}

impl Drop for SmallMemory {
    fn drop(&mut self) {
        let unmounted = std::process::Command::new("umount")
            .arg(self.0.path())
            .status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

#[test]
fn real_full_memory_is_never_a_signal() {
    let Some(tiny) = SmallMemory::new("64k") else {
        return;
    };
    let place = Place::new();
    let options = Options {
        slots: 32_768,
        segments_folder: tiny.0.path().into(),
        ..place.options()
    };
    let error = Journal::create(options).unwrap_err();
    assert!(matches!(error, Error::Full { .. }), "{error:?}");
    assert_eq!(tiny.files(), 0);

    let Some(small) = SmallMemory::new("1m") else {
        return;
    };
    let options = Options {
        slots: 2048,
        segments_folder: small.0.path().into(),
        ..place.options()
    };
    let journal = Journal::create(options).unwrap();
    place.faults.frozen.store(true, Ordering::SeqCst);
    let _thaw = Thaw(&place.faults);
    let writer = journal.writer();
    let mut logged = 0;
    until(|| {
        logged += (0..5000)
            .filter(|at| matches!(writer.log(&point(logged + at)), Outcome::Logged(_)))
            .count() as u64;
        journal.status().unwrap().memory_trouble.is_some()
    });
    logged += (0..20_000)
        .filter(|at| matches!(writer.log(&point(logged + at)), Outcome::Logged(_)))
        .count() as u64;
    // Seven segments of 132 kB fit into 1 MB.
    assert!((6 * 2048..=7 * 2048).contains(&logged), "{logged}");
    place.faults.frozen.store(false, Ordering::SeqCst);
    journal.close().unwrap();
    assert_eq!(small.files(), 0);
}
