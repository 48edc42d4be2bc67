//! Processes that record are killed at random instants, also while they start, seal and finish: every point
//! whose `log` returned is in the store after recovery, once; finished sessions are complete.
//!
//! `ENTRENAR_KILLS` sets the number of kills (300 by default). With the order of publication reversed, torn
//! points are found.
#![expect(clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use entrenar::record::{Outcome, Recorder, RecorderOptions};
use entrenar::session::{EntrenarSession, SeriesKey, SessionState, SystemClock};
use entrenar::store::{SqliteStore, Store as _, StoreMode};
use entrenar_journal::{Region, memory_folder, now_micros};

use crate::support::quiet;

const FOLDER: &str = "ENTRENAR_TEST_KILLS";
const THREADS: usize = 3;
/// Words of the shared file behind the counts of acknowledged points.
const READY: usize = 8;
const FINISHED: usize = 9;
/// Kills before a new store is begun.
const PER_STORE: u64 = 20;
/// Points of each thread in a session that finishes.
const SHORT: u64 = 300;

fn value(thread: usize, step: i64) -> f64 {
    step as f64 + thread as f64 / 8.0
}

fn series(thread: usize) -> String {
    format!("thread {thread}")
}

fn map(path: &Path) -> Region {
    let file = File::options().read(true).write(true).open(path);
    Region::map(&file.unwrap()).unwrap()
}

/// Not a test: what the killed process runs.
#[test]
#[ignore = "run by the tests below in a process of its own"]
fn child() {
    let Ok(argument) = std::env::var(FOLDER) else {
        return;
    };
    let (how, folder) = argument.split_once(':').unwrap();
    let folder = Path::new(folder);
    let number = how.trim_start_matches(|c: char| !c.is_ascii_digit());
    let reversed = how.starts_with("reversed");
    if reversed {
        entrenar_journal::reverse_publication();
    }
    let points = if how.starts_with("finish") {
        SHORT
    } else {
        u64::MAX
    };
    let shared = map(&folder.join(format!("{number}.acknowledged")));
    let options = RecorderOptions {
        seal_every: Duration::from_millis(15),
        memory_bytes: 16 << 20,
        ..quiet()
    };
    let session = EntrenarSession::new(format!("s{number}"), "Killed");
    let recorder = Recorder::start(session, folder.join("entrenar.db"), options).unwrap();
    shared.words()[READY].store(1, Ordering::Release);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (handle, shared) = (recorder.series(&series(thread)), &shared);
            scope.spawn(move || {
                for count in 0..points {
                    let step = count as i64;
                    while handle.log(step, value(thread, step)) != Outcome::Logged {
                        std::thread::yield_now();
                    }
                    shared.words()[thread].store(count + 1, Ordering::Release);
                    // Without pauses a kill meets a point that is being published more often.
                    if !reversed && count % 64 == 63 {
                        std::thread::sleep(Duration::from_micros(300));
                    }
                }
            });
        }
    });
    assert!(recorder.finish().unwrap().is_complete());
    shared.words()[FINISHED].store(1, Ordering::Release);
    std::thread::sleep(Duration::from_secs(60));
}

/// What a kill left: points that nobody acknowledged may be there, and one damaged note means a torn point.
struct Left {
    acknowledged: u64,
    lost: u64,
    damaged: Vec<String>,
    finished: bool,
}

/// Lets a child record for a while, kills it, recovers its store.
fn kill_one(folder: &Path, how: &str, number: u64, after: Duration) -> Left {
    let path = folder.join(format!("{number}.acknowledged"));
    File::create_new(&path).unwrap().set_len(4096).unwrap();
    let shared = map(&path);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kills::child", "--ignored", "--nocapture"])
        .env(FOLDER, format!("{how} {number}:{}", folder.display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let word = |at: usize| shared.words()[at].load(Ordering::Acquire);
    while how != "starting" && word(READY) == 0 && began.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_micros(300));
    }
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        how == "starting" || word(READY) == 1,
        "the child does not start"
    );

    let path = folder.join("entrenar.db");
    let mut store = SqliteStore::open(&path, StoreMode::ReadWrite, SystemClock).unwrap();
    let journals = store.journal_folder();
    let mut left = Left {
        acknowledged: 0,
        lost: 0,
        damaged: Vec::new(),
        finished: word(FINISHED) == 1,
    };
    for recovered in store.recover_orphans(&journals).unwrap() {
        let notes = recovered.unwrap().notes;
        left.damaged
            .extend(notes.into_iter().filter(|note| note.contains("checksum")));
    }
    let session = store.session(&format!("s{number}"));
    for thread in 0..THREADS {
        let count = word(thread);
        left.acknowledged += count;
        let found = session.as_ref().ok();
        let found = found.and_then(|s| s.metrics.get(&SeriesKey::named(series(thread))));
        let mut steps = BTreeSet::new();
        for point in found.into_iter().flat_map(|found| found.points()) {
            let step = point.step.unwrap();
            assert!(
                point.value.to_bits() == value(thread, step).to_bits(),
                "invented: {point:?}"
            );
            assert!(steps.insert(step), "step {step} of thread {thread} twice");
        }
        left.lost += (0..count)
            .filter(|step| !steps.contains(&(*step as i64)))
            .count() as u64;
        let more = steps.range(count as i64..).count();
        assert!(more <= 1, "{more} points that nobody acknowledged");
    }
    if left.finished {
        assert_eq!(left.acknowledged, SHORT * THREADS as u64);
        assert_eq!(session.unwrap().state, Some(SessionState::Finished));
    }
    left
}

struct Total {
    kills: u64,
    points: u64,
    finished: u64,
    wrong: Option<String>,
}

/// Kills until the number is reached, or until something was wrong; a new store every now and then.
fn kill_many(kills: u64, reversed: bool) -> Total {
    let total = std::sync::Mutex::new(Total {
        kills: 0,
        points: 0,
        finished: 0,
        wrong: None,
    });
    let next = AtomicU64::new(0);
    let work = || {
        let mut random = 0x9e37_79b9_7f4a_7c15 ^ now_micros().cast_unsigned();
        loop {
            let first = next.fetch_add(PER_STORE, Ordering::Relaxed);
            if first >= kills || total.lock().unwrap().wrong.is_some() {
                return;
            }
            let folder = match memory_folder(&[]) {
                Some(memory) => tempfile::tempdir_in(memory).unwrap(),
                None => tempfile::tempdir().unwrap(),
            };
            for kill in first..kills.min(first + PER_STORE) {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let how = match kill % 8 {
                    _ if reversed => "reversed",
                    0 => "starting",
                    1 | 2 => "finish",
                    _ => "killed",
                };
                let most = if how == "killed" { 30_000 } else { 120_000 };
                let after = Duration::from_micros(random % most);
                let left = kill_one(folder.path(), how, kill, after);
                let mut total = total.lock().unwrap();
                total.kills += 1;
                total.points += left.acknowledged;
                total.finished += u64::from(left.finished);
                if left.lost > 0 || !left.damaged.is_empty() {
                    let wrong = format!("kill {kill}: {} lost; {:?}", left.lost, left.damaged);
                    total.wrong = Some(wrong);
                    return;
                }
            }
            let path = folder.path().join("entrenar.db");
            let store = SqliteStore::open(&path, StoreMode::ReadOnly, SystemClock).unwrap();
            assert_eq!(store.check().unwrap(), []);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(work);
        }
    });
    total.into_inner().unwrap()
}

#[test]
fn no_acknowledged_point_is_lost_by_a_kill() {
    let kills = std::env::var("ENTRENAR_KILLS").map_or(300, |kills| kills.parse().unwrap());
    let began = Instant::now();
    let total = kill_many(kills, false);
    assert_eq!(total.wrong, None);
    assert_eq!(total.kills, kills);
    assert!(total.points > kills, "the children hardly logged anything");
    println!(
        "{kills} kills in {:?}, {} acknowledged points, none lost; {} sessions were finished before",
        began.elapsed(),
        total.points,
        total.finished
    );
}

#[test]
fn reversed_order_of_publication_is_noticed() {
    let total = kill_many(1000, true);
    println!("reversed: {:?} after {} kills", total.wrong, total.kills);
    assert!(total.wrong.is_some(), "1,000 kills noticed nothing");
}
