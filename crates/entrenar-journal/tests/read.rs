//! Reading while it is written and afterwards: whole files in pieces, the lock of a recorder.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use entrenar_journal::{
    DamageKind, Error, Item, Journal, JournalReader, Options, Outcome, Point, Reason, RecorderLock,
    is_alive, layout, recover, recover_each,
};

fn options(folder: &Path) -> Options {
    Options {
        slots: 64,
        ahead: 2,
        segments_at_most: 64,
        lane_bytes: 4096,
        file_bytes: 20_000,
        write_every: Duration::from_millis(2),
        ..Options::new(folder.join("segments"), folder.join("journal"))
    }
}

fn point(index: u64) -> Point {
    Point {
        series: 1,
        step: Some(index.cast_signed()),
        value: index as f64,
        ..Point::default()
    }
}

fn log(journal: &Journal, range: std::ops::Range<u64>) {
    let writer = journal.writer();
    for index in range {
        while writer.log(&point(index)) == Outcome::Dropped(Reason::NoSegment) {
            std::thread::sleep(Duration::from_micros(50));
        }
    }
}

fn journal_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder.join("journal"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "journal"))
        .collect();
    files.sort();
    files
}

#[test]
fn files_are_read_in_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::create(options(folder.path())).unwrap();
    let mut lane = journal.lane().unwrap();
    for part in 0..20 {
        assert_eq!(lane.append(&[7; 100]), Outcome::Logged(part));
        log(&journal, part * 200..(part + 1) * 200);
        journal.flush().unwrap();
    }
    let next = journal.next_file().unwrap();
    let files = journal_files(folder.path());
    assert!(files.len() > 3);
    let (mut next_point, mut next_frame, mut marks) = (0, 0, Vec::new());
    for path in &files[..usize::try_from(next).unwrap()] {
        let mut reader = JournalReader::open(path).unwrap();
        let mut points = 0;
        while let Some(item) = reader.next_item().unwrap() {
            match item {
                Item::Points(batch) => {
                    for (sequence, found) in batch {
                        assert_eq!(*sequence, next_point);
                        assert!(found.same_bits(&point(next_point)));
                        // The frame was appended before the points of its part.
                        assert!(next_frame > next_point / 200);
                        next_point += 1;
                        points += 1;
                    }
                }
                Item::Frame {
                    lane: 0,
                    number,
                    bytes,
                } => {
                    assert_eq!((number, bytes), (next_frame, &[7; 100][..]));
                    next_frame += 1;
                }
                Item::Mark(mark) => marks.push((mark.copied, next_point)),
                Item::Place(place) => assert_eq!(place, folder.path().join("segments")),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(reader.report().points_in_files, points);
        assert_eq!(reader.report().damage, []);
        assert_eq!(reader.pid(), Some(std::process::id()));
        assert!(reader.started().is_some());
    }
    assert_eq!((next_point, next_frame), (4000, 20));
    assert!(marks.iter().all(|(copied, read)| copied == read));
    journal.release(next).unwrap();
    drop(lane);
    journal.close().unwrap();
    // Only the rest is there now, once.
    let mut seals = 0;
    let (recovered, _) = recover_each(&folder.path().join("journal"), None, |_, item| {
        assert!(!matches!(item, Item::Points(_)), "{item:?}");
        seals += u32::from(matches!(item, Item::Seal(seal) if seal.points == 4000));
        Ok::<_, Error>(())
    })
    .unwrap();
    assert_eq!(seals, 1);
    assert_eq!(recovered.recorders[0].released, 4000);
}

/// Where a kill or a power loss cut the last write, it is told as a cut, wherever that is.
#[test]
fn a_file_that_ends_anywhere_is_cut_and_nothing_worse() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::create(options(folder.path())).unwrap();
    let mut lane = journal.lane().unwrap();
    for part in 0..3 {
        lane.append(&[7; 100]);
        log(&journal, part * 3..(part + 1) * 3);
        journal.flush().unwrap();
    }
    let path = journal_files(folder.path()).remove(0);
    let bytes = std::fs::read(&path).unwrap();
    let name = JournalReader::open(&path).unwrap().name();
    let mut kinds = BTreeMap::new();
    for length in layout::file::SIZE..=bytes.len() {
        let mut reader = JournalReader::of_bytes(name, &bytes[..length]);
        while reader.next_item().unwrap().is_some() {}
        for damage in &reader.report().damage {
            *kinds.entry(damage.kind.to_string()).or_insert(0) += 1;
        }
    }
    let kinds: Vec<_> = kinds.into_iter().collect();
    assert!(
        matches!(&kinds[..], [(kind, count)] if *kind == DamageKind::Cut.to_string() && *count > 300),
        "{kinds:?}"
    );
}

#[test]
fn names_that_are_no_journal_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(JournalReader::open(&folder.path().join("x.journal")).is_err());
    assert!(JournalReader::open(&folder.path().join("..")).is_err());
}

/// Beside a recorder that writes, begins files and uses its segments again, everything that was logged
/// before is found, once.
#[test]
fn recovery_beside_a_running_recorder_misses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::create(options(folder.path())).unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut at = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) && at < 100_000 {
                log(&journal, at..at + 100);
                at += 100;
                std::thread::sleep(Duration::from_micros(500));
            }
        });
        for _ in 0..30 {
            let logged = journal.status().unwrap().logged;
            let mut found: BTreeMap<u64, u32> = BTreeMap::new();
            recover_each(&folder.path().join("journal"), None, |_, item| {
                if let Item::Points(points) | Item::LatePoints(points) = item {
                    for (sequence, read) in points {
                        assert!(read.same_bits(&point(*sequence)));
                        *found.entry(*sequence).or_default() += 1;
                    }
                }
                Ok::<_, Error>(())
            })
            .unwrap();
            assert!(found.values().all(|count| *count == 1));
            // The last one may be between its ticket and its publication.
            let missing = (0..logged.saturating_sub(1)).find(|at| !found.contains_key(at));
            assert_eq!(missing, None, "of {logged}");
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let (recovered, report) = recover(&folder.path().join("journal")).unwrap();
    assert_eq!(report.missing_points, 0);
    assert!(
        recovered.recorders[0]
            .points
            .is_sorted_by_key(|(at, _)| *at)
    );
}

#[test]
fn a_recorder_holds_its_lock_while_it_lives() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("journal");
    let journal = Journal::create(options(folder.path())).unwrap();
    let recorder = journal.recorder();
    assert!(is_alive(&place, recorder).unwrap());
    assert!(RecorderLock::take(&place, recorder).unwrap().is_none());
    let again = Options {
        recorder: Some(recorder),
        ..options(folder.path())
    };
    assert!(matches!(Journal::create(again), Err(Error::InUse(_))));
    let kept = journal.lock().unwrap();
    journal.close().unwrap();
    assert!(is_alive(&place, recorder).unwrap());
    drop(kept);
    assert!(!is_alive(&place, recorder).unwrap());
    let taken = RecorderLock::take(&place, recorder).unwrap().unwrap();
    assert!(is_alive(&place, recorder).unwrap());
    drop(taken);
    assert!(!is_alive(&place, recorder).unwrap());
    assert_eq!(journal_files(folder.path()).len(), 1, "its files stay");
}
