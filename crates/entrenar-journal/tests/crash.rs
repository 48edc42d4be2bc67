//! A process that logs from several threads is killed at random instants: every point whose `log`
//! returned is recovered, and none is torn. With the order of publication reversed, that fails.
//!
//! `ENTRENAR_KILLS` sets the number of kills (default 300).
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use entrenar_journal::{
    DamageKind, Journal, Options, Outcome, Point, Region, memory_folder, now_micros, recover,
};

const THREADS: u32 = 3;
/// Word of the shared file that counts the acknowledged frames of the lane.
const LANE: usize = 8;
/// Word that says that the child is logging.
const READY: usize = 9;
const FOLDER: &str = "ENTRENAR_CRASH_FOLDER";
const REVERSED: &str = "ENTRENAR_CRASH_REVERSED";

fn point(thread: u32, step: u64) -> Point {
    Point {
        series: thread,
        flags: 1,
        step: Some(step.cast_signed()),
        value: step as f64 * 0.5,
        micros: 1 + step.cast_signed(),
        epoch: Some(step as f64),
    }
}

fn frame(number: u64) -> Vec<u8> {
    number
        .to_le_bytes()
        .repeat(1 + usize::try_from(number % 40).unwrap())
}

/// Not a test: what the killed process runs.
#[test]
#[ignore = "run by the test below in a process of its own"]
fn child() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    let reversed = std::env::var_os(REVERSED).is_some();
    let folder = Path::new(&folder);
    let shared = Region::map(
        &File::options()
            .read(true)
            .write(true)
            .open(folder.join("acknowledged"))
            .unwrap(),
    )
    .unwrap();
    let journal = Journal::create(Options {
        slots: 256,
        ahead: 4,
        segments_at_most: 32,
        lane_bytes: 4096,
        write_every: Duration::from_millis(1),
        ..Options::new(folder.join("segments"), folder.join("journal"))
    })
    .unwrap();
    let acknowledged =
        |word: usize, count: u64| shared.words()[word].store(count, Ordering::Release);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let writer = journal.writer();
            scope.spawn(move || {
                let mut step = 0;
                loop {
                    let point = point(thread, step);
                    let outcome = if reversed {
                        writer.log_reversed(&point)
                    } else {
                        writer.log(&point)
                    };
                    if let Outcome::Logged(_) = outcome {
                        step += 1;
                        acknowledged(thread as usize, step);
                    } else {
                        std::thread::yield_now();
                    }
                }
            });
        }
        let mut lane = journal.lane().unwrap();
        scope.spawn(move || {
            let mut number = 0;
            loop {
                if let Outcome::Logged(_) = lane.append(&frame(number)) {
                    number += 1;
                    acknowledged(LANE, number);
                }
                std::thread::sleep(Duration::from_micros(20));
            }
        });
        acknowledged(READY, 1);
    });
}

/// What a kill left wrong.
#[derive(Debug, Default)]
struct Wrong {
    lost: u64,
    torn: u64,
}

/// Lets a child log for a while, kills it, recovers.
fn kill_one(folder: &Path, after: Duration, reversed: bool) -> (Wrong, u64) {
    let path = folder.join("acknowledged");
    let file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(path)
        .unwrap();
    file.set_len(4096).unwrap();
    let shared = Region::map(&file).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env(FOLDER, folder);
    if reversed {
        command.env(REVERSED, "1");
    }
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while shared.words()[READY].load(Ordering::Acquire) == 0 {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "the child does not start"
        );
        assert!(
            child.try_wait().unwrap().is_none(),
            "the child ended by itself"
        );
        std::thread::sleep(Duration::from_micros(200));
    }
    let spin = Instant::now();
    while spin.elapsed() < after {
        std::thread::sleep(Duration::from_micros(50));
    }
    child.kill().unwrap();
    child.wait().unwrap();

    let (recovered, report) = recover(&folder.join("journal")).unwrap();
    let mut wrong = Wrong::default();
    for damage in &report.damage {
        match damage.kind {
            // A write to the journal file was cut by the kill; the segments still hold what it had.
            DamageKind::Cut => {}
            DamageKind::Slot => wrong.torn += 1,
            other => panic!("{other}: {report:?}"),
        }
    }
    let recorder = &recovered.recorders[0];
    let mut steps: BTreeMap<u32, BTreeMap<u64, &Point>> = BTreeMap::new();
    for (_, found) in &recorder.points {
        let step = found.step.unwrap().cast_unsigned();
        assert!(
            found.same_bits(&point(found.series, step)),
            "never logged: {found:?}"
        );
        assert!(
            steps
                .entry(found.series)
                .or_default()
                .insert(step, found)
                .is_none(),
            "twice: {found:?}"
        );
    }
    let mut acknowledged = 0;
    for thread in 0..THREADS {
        let count = shared.words()[thread as usize].load(Ordering::Acquire);
        acknowledged += count;
        let found = steps
            .get(&thread)
            .map_or(0, |steps| steps.range(..count).count() as u64);
        wrong.lost += count - found;
        let more = steps
            .get(&thread)
            .map_or(0, |steps| steps.range(count..).count());
        assert!(more <= 1, "{more} points that nobody acknowledged");
    }
    let frames = recorder.lanes.first().map_or(&[][..], |lane| &lane.frames);
    let count = shared.words()[LANE].load(Ordering::Acquire);
    assert!(
        frames.len() as u64 >= count,
        "{} of {count} frames",
        frames.len()
    );
    for (at, (number, bytes)) in (0..).zip(frames) {
        assert_eq!((*number, bytes), (at, &frame(at)));
    }
    (wrong, acknowledged)
}

/// Kills until the number is reached, or until something was wrong.
fn kill_many(kills: u64, reversed: bool) -> (u64, Wrong, u64) {
    let base = memory_folder(&[]);
    let mut random = 0x9e37_79b9_7f4a_7c15 ^ now_micros().cast_unsigned();
    let mut points = 0;
    for kill in 1..=kills {
        let folder = match &base {
            Some(base) => tempfile::tempdir_in(base).unwrap(),
            None => tempfile::tempdir().unwrap(),
        };
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let (wrong, acknowledged) = kill_one(
            folder.path(),
            Duration::from_micros(random % 6000),
            reversed,
        );
        points += acknowledged;
        if wrong.lost + wrong.torn > 0 {
            return (kill, wrong, points);
        }
        fs::remove_dir_all(folder.path()).unwrap();
    }
    (kills, Wrong::default(), points)
}

#[test]
fn no_acknowledged_point_is_lost_by_a_kill() {
    let kills = std::env::var("ENTRENAR_KILLS").map_or(300, |kills| kills.parse().unwrap());
    let began = Instant::now();
    let (kill, wrong, points) = kill_many(kills, false);
    assert!(wrong.lost + wrong.torn == 0, "kill {kill}: {wrong:?}");
    assert!(points > kills, "the children hardly logged anything");
    println!(
        "{kills} kills in {:?}, {points} acknowledged points, none lost",
        began.elapsed()
    );
}

#[test]
fn reversed_order_of_publication_is_noticed() {
    let (kill, wrong, points) = kill_many(300, true);
    println!("reversed: {wrong:?} at kill {kill}, after {points} points");
    assert!(wrong.lost + wrong.torn > 0, "{kill} kills noticed nothing");
}
