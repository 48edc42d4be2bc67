//! A forked child writes a journal of its own and leaves its parent's alone.
#![cfg(unix)]

use std::sync::Arc;
use std::time::Duration;

use entrenar_journal::{
    ChildOpener, Journal, Options, Outcome, Point, Reason, RecorderId, exit_now, fork, recover,
    wait_for,
};

fn point(index: u32) -> Point {
    Point {
        series: index,
        value: f64::from(index),
        ..Point::default()
    }
}

#[test]
fn forked_child_opens_its_own_journal() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        slots: 64,
        ..Options::new(folder.path().join("s"), folder.path().join("j"))
    };
    let journal = Journal::create(options).unwrap();
    let writer = journal.writer();
    let mut lane = journal.lane().unwrap();
    let log = |range: std::ops::Range<u32>| {
        range
            .into_iter()
            .all(|i| matches!(writer.log(&point(i)), Outcome::Logged(_)))
    };
    assert!(log(0..50));
    assert_eq!(lane.append(b"parent"), Outcome::Logged(0));

    // The first child ends in order, the second without a word.
    for way in 0..2 {
        let Some(child) = fork().unwrap() else {
            let good = log(1000..1040)
                && lane.append(b"child") == Outcome::Logged(0)
                && (way == 1 || journal.flush().is_ok());
            if way == 0 {
                drop(lane);
                drop(writer);
                drop(journal);
            }
            exit_now(if good { 0 } else { 1 });
        };
        assert_eq!(wait_for(child).unwrap(), Some(0));
    }
    assert!(log(50..100));
    assert_eq!(lane.append(b"parent again"), Outcome::Logged(1));
    let id = journal.recorder();
    journal.close().unwrap();

    let (recovered, report) = recover(&folder.path().join("j")).unwrap();
    assert_eq!(report.damage, []);
    assert_eq!(recovered.recorders.len(), 3);
    for recorder in &recovered.recorders {
        let series: Vec<u32> = recorder
            .points
            .iter()
            .map(|(_, point)| point.series)
            .collect();
        let frames = &recorder.lanes[0].frames;
        if recorder.id == id {
            assert_eq!(series, (0..100).collect::<Vec<_>>());
            assert_eq!(frames.len(), 2);
            assert_eq!(recorder.pid, Some(std::process::id()));
        } else {
            assert_eq!(series, (1000..1040).collect::<Vec<_>>());
            assert_eq!(frames, &[(0, b"child".to_vec())]);
            assert_ne!(recorder.pid, Some(std::process::id()));
        }
    }
}

/// Says the id of the child's recorder, and much more than fits into one segment.
#[derive(Debug)]
struct SaysId;

impl ChildOpener for SaysId {
    fn open(&self, recorder: RecorderId) -> Vec<Vec<u8>> {
        let mut frames = vec![recorder.to_string().into_bytes()];
        frames.resize(200, vec![7; 4000]);
        frames
    }
}

#[test]
fn a_child_begins_with_what_its_opener_says() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        slots: 64,
        child: Some(Arc::new(SaysId)),
        ..Options::new(folder.path().join("s"), folder.path().join("j"))
    };
    let journal = Journal::create(options).unwrap();
    let writer = journal.writer();
    let Some(child) = fork().unwrap() else {
        let logged = matches!(writer.log(&point(1)), Outcome::Logged(_));
        let lane = writer.lane().map(|mut lane| lane.append(b"more"));
        let good = logged && matches!(lane, Ok(Outcome::Logged(0))) && journal.flush().is_ok();
        exit_now(if good { 0 } else { 1 });
    };
    assert_eq!(wait_for(child).unwrap(), Some(0));
    let id = journal.recorder();
    journal.shut().unwrap();
    journal.shut().unwrap();
    assert_eq!(writer.log(&point(2)), Outcome::Dropped(Reason::Closed));

    let (recovered, _) = recover(&folder.path().join("j")).unwrap();
    let child = recovered.recorders.iter().find(|one| one.id != id).unwrap();
    assert_eq!(child.lanes[0].frames.len(), 200);
    assert_eq!(
        child.lanes[0].frames[0].1,
        child.id.to_string().into_bytes()
    );
    assert_eq!(child.lanes[1].frames, [(0, b"more".to_vec())]);
    assert_eq!(child.points.len(), 1);
}

#[test]
fn a_lane_waits_for_segments_when_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        lane_bytes: 4096,
        ..Options::new(folder.path().join("s"), folder.path().join("j"))
    };
    let journal = Journal::create(options).unwrap();
    let mut lane = journal.lane().unwrap();
    for number in 0..100 {
        let appended = lane.append_within(&[1; 3000], Duration::from_secs(20));
        assert_eq!(appended, Outcome::Logged(number));
    }
    assert_eq!(journal.status().unwrap().dropped, 0);
}
