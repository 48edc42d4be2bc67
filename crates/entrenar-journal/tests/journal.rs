//! A journal as its users see it: what was logged is there after a close, and after no close.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::path::Path;
use std::time::Duration;

use entrenar_journal::{Journal, Options, Outcome, Point, Reason, memory_folder, recover};

fn options(folder: &Path) -> Options {
    Options {
        slots: 64,
        ahead: 2,
        segments_at_most: 64,
        lane_bytes: 4096,
        ..Options::new(folder.join("segments"), folder.join("journal"))
    }
}

fn point(index: u32) -> Point {
    Point {
        series: index % 7,
        flags: 3,
        step: (!index.is_multiple_of(5)).then_some(i64::from(index) - 100),
        value: if index == 9 {
            f64::NAN
        } else {
            f64::from(index) / 3.0
        },
        micros: 1_700_000_000_000_000 + i64::from(index),
        epoch: index.is_multiple_of(3).then_some(f64::from(index) / 100.0),
    }
}

fn log_all(journal: &Journal, count: u32) {
    let writer = journal.writer();
    for index in 0..count {
        while writer.log(&point(index)) == Outcome::Dropped(Reason::NoSegment) {
            std::thread::sleep(Duration::from_micros(50));
        }
    }
}

fn expect(folder: &Path, count: u32) {
    let (recovered, report) = recover(&folder.join("journal")).unwrap();
    assert_eq!(report.damage, []);
    assert_eq!(report.missing_points, 0);
    let [recorder] = recovered.recorders.as_slice() else {
        panic!("{recovered:?}")
    };
    assert_eq!(recorder.points.len(), count as usize);
    for (index, (sequence, found)) in (0..).zip(&recorder.points) {
        assert_eq!(*sequence, u64::from(index));
        assert!(
            found.same_bits(&point(index)),
            "{found:?} {:?}",
            point(index)
        );
    }
}

#[test]
fn closed_journal_has_everything_and_leaves_no_segment() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::create(options(folder.path())).unwrap();
    log_all(&journal, 10_000);
    journal.close().unwrap();
    expect(folder.path(), 10_000);
    let (recovered, _) = recover(&folder.path().join("journal")).unwrap();
    assert_eq!(recovered.recorders[0].sealed.unwrap().points, 10_000);
    assert_eq!(
        std::fs::read_dir(folder.path().join("segments"))
            .unwrap()
            .count(),
        0
    );
}

#[test]
fn open_journal_is_readable_by_others() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::create(options(folder.path())).unwrap();
    log_all(&journal, 1000);
    expect(folder.path(), 1000);
    journal.flush().unwrap();
    expect(folder.path(), 1000);
    assert_eq!(
        recover(&folder.path().join("journal"))
            .unwrap()
            .1
            .points_in_files,
        1000
    );
    drop(journal);
    expect(folder.path(), 1000);
}

#[test]
fn lanes_keep_frames_of_any_length_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::create(options(folder.path())).unwrap();
    let mut lane = journal.lane().unwrap();
    let frame = |index: u32| vec![u8::try_from(index % 251).unwrap(); (index as usize * 37) % 1500];
    for index in 0..500 {
        while lane.append(&frame(index)) == Outcome::Dropped(Reason::NoSegment) {
            std::thread::sleep(Duration::from_micros(50));
        }
    }
    assert_eq!(lane.append(&[0; 5000]), Outcome::Dropped(Reason::TooLong));
    let check = || {
        let (recovered, report) = recover(&folder.path().join("journal")).unwrap();
        assert_eq!(report.damage, []);
        let frames = &recovered.recorders[0].lanes[0].frames;
        assert_eq!(frames.len(), 500);
        for (index, (number, found)) in (0..).zip(frames) {
            assert_eq!((*number, found), (u64::from(index), &frame(index)));
        }
    };
    check();
    journal.flush().unwrap();
    check();
    journal.close().unwrap();
    check();
    assert_eq!(lane.append(b"late"), Outcome::Dropped(Reason::Closed));
    assert_eq!(
        std::fs::read_dir(folder.path().join("segments"))
            .unwrap()
            .count(),
        0
    );
}

#[test]
fn released_files_are_gone_and_come_back_from_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::create(options(folder.path())).unwrap();
    log_all(&journal, 100);
    let next = journal.next_file().unwrap();
    assert_eq!(next, 1);
    journal.release(next).unwrap();
    let (recovered, report) = recover(&folder.path().join("journal")).unwrap();
    // The last segment still holds points that the released file held.
    assert_eq!(recovered.recorders[0].points, []);
    assert_eq!(recovered.recorders[0].released, 100);
    assert_eq!(report.damage, []);
    log_all(&journal, 50);
    journal.close().unwrap();
    let (recovered, _) = recover(&folder.path().join("journal")).unwrap();
    assert_eq!(recovered.recorders[0].points.len(), 50);
    assert_eq!(recovered.recorders[0].points[0].0, 100);
}

#[test]
fn full_segments_drop_and_count() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        segments_at_most: 2,
        write_every: Duration::from_secs(3600),
        ..options(folder.path())
    };
    let journal = Journal::create(options).unwrap();
    let writer = journal.writer();
    let outcomes: Vec<_> = (0..100_000)
        .map(|index| writer.log(&point(index)))
        .collect();
    let kept: Vec<_> = outcomes
        .iter()
        .zip(0..)
        .filter(|(o, _)| matches!(o, Outcome::Logged(_)))
        .map(|(_, i)| i)
        .collect();
    let dropped = outcomes.len() - kept.len();
    assert!(dropped > 0);
    assert_eq!(journal.status().unwrap().dropped, dropped as u64);
    journal.close().unwrap();
    let (recovered, report) = recover(&folder.path().join("journal")).unwrap();
    assert_eq!(report.missing_points, 0);
    let recorder = &recovered.recorders[0];
    assert_eq!(recorder.dropped, dropped as u64);
    assert_eq!(recorder.points.len(), kept.len());
    for ((_, found), index) in recorder.points.iter().zip(kept) {
        assert!(found.same_bits(&point(index)));
    }
}

#[test]
fn memory_is_found_where_there_is_some() {
    let found = memory_folder(&[Path::new("/"), Path::new("/nowhere")]);
    match found {
        Some(folder) => assert_eq!(folder, Path::new("/dev/shm")),
        None => println!("SKIPPED: this machine has no writable /dev/shm"),
    }
}
