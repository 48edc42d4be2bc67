//! Following a recorder while it writes: each point once, in order, with the frames that it needs.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use entrenar_journal::{
    Error, Follower, Item, Journal, Options, Outcome, Point, Progress, Reason, is_alive, recorders,
    recover,
};

const FOLDER: &str = "ENTRENAR_FOLLOW_FOLDER";

fn options(folder: &Path) -> Options {
    Options {
        slots: 64,
        ahead: 2,
        segments_at_most: 64,
        lane_bytes: 4096,
        file_bytes: 20_000,
        write_every: Duration::from_millis(2),
        patience: Duration::from_millis(30),
        ..Options::new(folder.join("segments"), folder.join("journal"))
    }
}

fn point(series: u32, step: u64) -> Point {
    Point {
        series,
        step: Some(step.cast_signed()),
        value: step as f64,
        ..Point::default()
    }
}

/// What came, and in which order.
#[derive(Debug, Default)]
struct Seen {
    points: Vec<(u64, Point)>,
    late: Vec<u64>,
    frames: u64,
    /// Points below were released before they were seen.
    passed: Vec<u64>,
    sealed: Option<u64>,
}

impl Seen {
    fn poll(&mut self, follower: &mut Follower) -> Progress {
        let polled = follower.poll(|item| {
            match item {
                Item::Points(points) => {
                    for (_, point) in points {
                        // A frame is appended before the points of its part of 100 are logged.
                        let needed = point.step.unwrap().cast_unsigned() / 100;
                        assert!(
                            point.series > 0 || self.frames > needed,
                            "{point:?} with {} frames; {}",
                            self.frames,
                            self.points.len()
                        );
                    }
                    self.points.extend_from_slice(points);
                }
                Item::LatePoints(points) => self.late.extend(points.iter().map(|(at, _)| *at)),
                Item::Frame { number, bytes, .. } => {
                    assert_eq!(
                        (number, bytes),
                        (self.frames, &self.frames.to_le_bytes()[..])
                    );
                    self.frames += 1;
                }
                Item::Mark(mark) => {
                    self.passed.push(mark.copied);
                    if let Some((_, frames)) = mark.lanes.first() {
                        self.frames = self.frames.max(*frames);
                    }
                }
                Item::Seal(seal) => self.sealed = Some(seal.points),
                _ => {}
            }
            Ok::<_, Error>(())
        });
        polled.unwrap()
    }

    /// Polls until this state, or until the test takes too long.
    fn poll_to(&mut self, follower: &mut Follower, end: Progress) {
        let began = Instant::now();
        loop {
            let progress = self.poll(follower);
            if progress == end {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{progress:?}");
            if progress == Progress::CaughtUp {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

/// Three threads log; one of them appends a frame before each hundred points.
fn log_all(journal: &Journal, steps: u64) {
    std::thread::scope(|scope| {
        for series in 0..3 {
            let writer = journal.writer();
            let mut lane = (series == 0).then(|| journal.lane().unwrap());
            scope.spawn(move || {
                for step in 0..steps {
                    if let Some(lane) = lane.as_mut().filter(|_| step.is_multiple_of(100)) {
                        let number = step / 100;
                        while lane.append(&number.to_le_bytes()) != Outcome::Logged(number) {
                            std::thread::sleep(Duration::from_micros(50));
                        }
                    }
                    while writer.log(&point(series, step)) == Outcome::Dropped(Reason::NoSegment) {
                        std::thread::sleep(Duration::from_micros(50));
                    }
                    if step % 64 == 0 {
                        std::thread::sleep(Duration::from_micros(300));
                    }
                }
            });
        }
    });
}

#[test]
fn each_point_comes_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::create(options(folder.path())).unwrap();
    let place = folder.path().join("journal");
    let mut follower = Follower::new(&place, journal.recorder());
    let mut seen = Seen::default();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            log_all(&journal, 10_000);
            journal.close().unwrap();
        });
        seen.poll_to(&mut follower, Progress::Sealed);
    });
    assert_eq!(seen.points.len() + seen.late.len(), 30_000);
    assert!(seen.points.is_sorted_by(|one, other| one.0 < other.0));
    assert_eq!((seen.frames, seen.sealed), (100, Some(30_000)));
    assert_eq!(seen.passed, [0]);
    assert_eq!(follower.report().damage, []);
    assert_eq!(seen.poll(&mut follower), Progress::Sealed);
}

/// Files are deleted as soon as they are complete: what a mark says is passed over, nothing else.
#[test]
fn released_files_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::create(options(folder.path())).unwrap();
    let place = folder.path().join("journal");
    let mut follower = Follower::new(&place, journal.recorder());
    let mut seen = Seen::default();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            log_all(&journal, 4_000);
            done.store(true, Ordering::SeqCst);
        });
        let sealer = scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                let next = journal.next_file().unwrap();
                journal.release(next).unwrap();
                std::thread::sleep(Duration::from_millis(3));
            }
        });
        while !sealer.is_finished() {
            seen.poll(&mut follower);
            std::thread::sleep(Duration::from_millis(7));
        }
    });
    journal.close().unwrap();
    seen.poll_to(&mut follower, Progress::Sealed);
    assert!(seen.points.is_sorted_by(|one, other| one.0 < other.0));
    let mut expected = 0;
    for (sequence, _) in &seen.points {
        if *sequence != expected && !seen.late.contains(&expected) {
            assert!(
                seen.passed.iter().any(|passed| passed == sequence),
                "{expected} to {sequence} passed over; marks {:?}",
                seen.passed
            );
        }
        expected = sequence + 1;
    }
    assert!(
        expected == 12_000 || seen.passed.contains(&12_000),
        "{expected}"
    );
}

/// Points are seen in segments, long before the journal has them; frames come first.
#[test]
fn what_is_only_in_segments_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let rarely = Duration::from_secs(3600);
    let journal = Journal::create(Options {
        write_every: rarely,
        sync_every: rarely,
        ahead: 8,
        ..options(folder.path())
    })
    .unwrap();
    let mut follower = Follower::new(&folder.path().join("journal"), journal.recorder());
    let (writer, mut lane) = (journal.writer(), journal.lane().unwrap());
    let mut seen = Seen::default();
    assert_eq!(lane.append(&0_u64.to_le_bytes()), Outcome::Logged(0));
    for step in 0..60 {
        assert_eq!(writer.log(&point(0, step)), Outcome::Logged(step));
        assert_eq!(seen.poll(&mut follower), Progress::CaughtUp);
        assert_eq!(seen.points.len() as u64, step + 1);
    }
    assert_eq!(journal.status().unwrap().copied, 0);
    assert_eq!(seen.poll(&mut follower), Progress::CaughtUp);
    assert_eq!(seen.points.len(), 60);
}

/// A slot that is never published delays what is behind it, as long as the journal waits for it.
#[cfg(feature = "faults")]
#[test]
fn a_missing_point_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::create(options(folder.path())).unwrap();
    let mut follower = Follower::new(&folder.path().join("journal"), journal.recorder());
    let writer = journal.writer();
    let mut seen = Seen::default();
    writer.log(&point(1, 0));
    assert_eq!(writer.take_only(), Outcome::Logged(1));
    for step in 2..40 {
        writer.log(&point(1, step));
    }
    let began = Instant::now();
    while seen.points.len() < 39 {
        seen.poll(&mut follower);
        assert!(began.elapsed() < Duration::from_secs(60), "{seen:?}");
    }
    assert!(seen.points.iter().all(|(sequence, _)| *sequence != 1));
    writer.log(&point(1, 40));
    while seen.points.len() < 40 {
        seen.poll(&mut follower);
        assert!(began.elapsed() < Duration::from_secs(60), "{seen:?}");
    }
}

/// Not a test: the process that is followed and killed.
#[test]
#[ignore = "run by the test below in a process of its own"]
fn child() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    let journal = Journal::create(options(Path::new(&folder))).unwrap();
    log_all(&journal, 10_000_000);
}

/// A process that does not outlive a failed test.
struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn a_killed_recorder_is_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("journal");
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env(FOLDER, folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut child = Killed(child);
    let began = Instant::now();
    let recorder = loop {
        if let Some(recorder) = recorders(&place).unwrap().first() {
            break *recorder;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "no recorder");
        std::thread::sleep(Duration::from_millis(2));
    };
    let mut follower = Follower::new(&place, recorder);
    let mut seen = Seen::default();
    while seen.points.len() < 5_000 {
        assert!(began.elapsed() < Duration::from_secs(60), "{seen:?}");
        seen.poll(&mut follower);
        std::thread::sleep(Duration::from_millis(3));
    }
    assert!(is_alive(&place, recorder).unwrap());
    child.0.kill().unwrap();
    child.0.wait().unwrap();
    seen.poll_to(&mut follower, Progress::Dead);
    assert!(!is_alive(&place, recorder).unwrap());
    let (recovered, _) = recover(&place).unwrap();
    let mut found: Vec<u64> = seen.points.iter().map(|(at, _)| *at).collect();
    found.extend(&seen.late);
    found.sort_unstable();
    let left = &recovered.recorders[0];
    assert!(left.points.iter().map(|(at, _)| *at).eq(found));
    assert_eq!(seen.frames, left.lanes[0].frames.len() as u64);
}

#[test]
fn a_recorder_that_never_was_is_dead() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(recorders(&folder.path().join("none")).unwrap(), []);
    let mut follower = Follower::new(folder.path(), entrenar_journal::RecorderId([3; 16]));
    assert_eq!(Seen::default().poll(&mut follower), Progress::Dead);
}
