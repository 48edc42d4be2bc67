//! Sessions followed while they are recorded, and points without a recorder.

use entrenar::record::{Following, Recorded, SessionFollower};
use entrenar::session::{Clock as _, CodeCell, Point, SessionState, SystemClock};
use entrenar::store::recording::{Direct, End, Frame, Start};
use entrenar::store::{SqliteStore, Store as _, StoreError, StoreMode};

use crate::support::{open, quiet, scratch, series, steps, wait_until};

#[test]
fn a_follower_sees_each_point_and_cell_once_until_the_end() {
    let scratch = scratch();
    let recorder = scratch.start("s-1", quiet());
    let other = scratch.start("s-2", quiet());
    wait_until(|| scratch.store.exists() && open(&scratch.store).session("s-1").is_ok());
    let mut follower = SessionFollower::new(open(&scratch.store), "s-1").unwrap();
    let (mut found, mut cells) = (Vec::new(), 0);
    let mut poll = |found: &mut Vec<(String, i64)>| {
        let following = follower.poll(|one| match one {
            Recorded::Point(key, point) => found.push((key.name, point.step.unwrap())),
            Recorded::Cell(..) => cells += 1,
            _ => {}
        });
        following.unwrap()
    };
    let mut expected = Vec::new();
    for step in 0..300 {
        recorder.log(step, &[("loss", 0.5)]);
        expected.push(("loss".to_owned(), step));
        other.log(step, &[("loss", 0.5)]);
        if step % 50 == 0 {
            recorder.log(step, &[(&format!("new at {step}"), 1.0)]);
            expected.push((format!("new at {step}"), step));
            assert_eq!(poll(&mut found), Following::Live);
            // Some of it is sealed and deleted between two looks of the recorder.
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }
    recorder.cell(CodeCell {
        execution_order: 1,
        source: "done".into(),
        output: None,
        timestamp: SystemClock.now(),
        duration_ms: None,
    });
    wait_until(|| {
        poll(&mut found);
        found.len() >= expected.len()
    });
    recorder.finish().unwrap();
    drop(recorder);
    wait_until(|| poll(&mut found) == Following::Ended(Some(SessionState::Finished)));
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!(cells, 1);
    other.finish().unwrap();
}

fn point(step: i64, value: f64) -> (String, Point) {
    let point = Point {
        step: Some(step),
        value,
        ..Point::default()
    };
    ("loss".to_owned(), point)
}

#[test]
fn points_go_straight_into_the_store() {
    let scratch = scratch();
    let store = || SqliteStore::open(&scratch.store, StoreMode::ReadWrite, SystemClock).unwrap();
    let mut start = Start::new("s-1", "Shell", SystemClock.now());
    start.pid = 0;
    let direct = Direct {
        start: &start,
        create: false,
        is_new: false,
        frames: &[],
        points: &[point(0, 0.5)],
    };
    let missing = store().append(&direct);
    assert!(matches!(missing, Err(StoreError::NotFound { .. })));
    let new = Direct {
        create: true,
        is_new: true,
        ..direct.clone()
    };
    store().append(&new).unwrap();
    let again = store().append(&new);
    assert!(matches!(again, Err(StoreError::IdTaken { .. })));
    let mut follower = SessionFollower::new(open(&scratch.store), "s-1").unwrap();

    // Many at the same time.
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let start = &start;
            scope.spawn(move || {
                for step in 0..10 {
                    let tag = Frame::Tag(format!("t{thread}"));
                    let direct = Direct {
                        start,
                        create: false,
                        is_new: false,
                        frames: &[tag],
                        points: &[point(thread * 10 + step, 0.25)],
                    };
                    store().append(&direct).unwrap();
                }
            });
        }
    });
    let mut seen = 0;
    let following = follower.poll(|_| seen += 1).unwrap();
    assert_eq!((following, seen), (Following::Live, 40));
    // Nothing is missing, though there is no journal.
    assert_eq!(scratch.session("s-1").warnings, []);
    // Nobody takes it for the remains of a dead process.
    let mut writable = store();
    let folder = writable.journal_folder();
    assert!(writable.recover_orphans(&folder).unwrap().is_empty());
    let status = writable.recording("s-1").unwrap().unwrap();
    assert_eq!(
        (status.state, status.recorders.len()),
        (SessionState::Live, 1)
    );

    let end = Frame::End(End {
        at: SystemClock.now(),
        failed: false,
    });
    let last = Direct {
        frames: &[end],
        points: &[point(99, 0.1)],
        ..direct.clone()
    };
    store().append(&last).unwrap();
    let ended = follower.poll(|_| seen += 1).unwrap();
    assert_eq!(ended, Following::Ended(Some(SessionState::Finished)));
    assert_eq!(seen, 41);
    let session = scratch.session("s-1");
    assert_eq!(session.tags.len(), 4);
    let mut found = steps(series(&session, "loss"));
    assert_eq!((found[0], found[41]), (0, 99));
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), 41);
    // It can go on.
    store().append(&direct).unwrap();
    let status = store().recording("s-1").unwrap().unwrap();
    assert_eq!(
        (status.state, status.recorders.len()),
        (SessionState::Live, 2)
    );
    assert_eq!(open(&scratch.store).check().unwrap(), []);
}
