//! Two hundred recorders at once, in threads and in processes: nothing is lost, the store is whole, memory
//! stays bounded. `ENTRENAR_CROWD` sets the number.
#![expect(clippy::print_stdout, reason = "tests")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use entrenar::record::{Outcome, Recorder, RecorderOptions};
use entrenar::session::{EntrenarSession, SystemClock};
use entrenar::store::{SqliteStore, Store as _, StoreMode};

use crate::support::{quiet, scratch, series, steps};

const STORE: &str = "ENTRENAR_TEST_CROWD";
const POINTS: i64 = 300;

fn crowd() -> usize {
    std::env::var("ENTRENAR_CROWD").map_or(200, |crowd| crowd.parse().unwrap())
}

/// A figure of /proc/self/status, in KiB.
fn memory(figure: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(figure))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Records a session while others do; what the store does not take in time stays in the journal.
fn record(store: &Path, number: usize) {
    let options = RecorderOptions {
        burst: 1024,
        ..quiet()
    };
    let session = EntrenarSession::new(format!("s{number:03}"), "One of many");
    let recorder = Recorder::start(session, store, options).unwrap();
    let handle = recorder.series("loss");
    for step in 0..POINTS {
        assert_eq!(handle.log(step, number as f64), Outcome::Logged);
        if step % 100 == 50 {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    recorder.finish().unwrap();
}

/// Everything is there, once everybody is gone.
fn check(store: &Path, count: usize) {
    let mut store = SqliteStore::open(store, StoreMode::ReadWrite, SystemClock).unwrap();
    let journals = store.journal_folder();
    let late = store.recover_orphans(&journals).unwrap();
    println!("{} recorders were sealed after their end", late.len());
    for recovered in late {
        recovered.unwrap();
    }
    for number in 0..count {
        let session = store.session(&format!("s{number:03}")).unwrap();
        let loss = series(&session, "loss");
        assert_eq!(steps(loss), (0..POINTS).collect::<Vec<_>>());
        assert!(
            loss.values()
                .iter()
                .all(|value| value.to_bits() == (number as f64).to_bits())
        );
        assert!(session.ended_at.is_some());
    }
    assert_eq!(store.check().unwrap(), []);
    let left = std::fs::read_dir(&journals).map_or(0, Iterator::count);
    assert_eq!(left, 0, "files are left in the journal's folder");
}

#[test]
fn many_recorders_in_threads() {
    let scratch = scratch();
    let count = crowd();
    let began = Instant::now();
    let before = memory("RssAnon:");
    std::thread::scope(|scope| {
        for number in 0..count {
            let store = &scratch.store;
            scope.spawn(move || record(store, number));
        }
        std::thread::sleep(Duration::from_millis(500));
        if let (Some(before), Some(now)) = (before, memory("RssAnon:")) {
            let each = now.saturating_sub(before) / count as u64;
            println!("{count} recorders in threads: {each} KiB each beyond the mapped segments");
            assert!(each < 16 << 10, "{each} KiB each");
        }
    });
    println!("{count} recorders in threads: {:?}", began.elapsed());
    check(&scratch.store, count);
}

/// Not a test: one of many processes.
#[test]
#[ignore = "run by the test below in a process of its own"]
fn one_of_many() {
    let Ok(argument) = std::env::var(STORE) else {
        return;
    };
    let (number, store) = argument.split_once(':').unwrap();
    record(Path::new(store), number.parse().unwrap());
    println!("\nPEAK {}", memory("VmHWM:").unwrap_or(0));
}

#[test]
fn many_recorders_in_processes() {
    let scratch = scratch();
    let count = crowd();
    let began = Instant::now();
    let children: Vec<_> = (0..count)
        .map(|number| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "crowd::one_of_many", "--ignored", "--nocapture"])
                .env(STORE, format!("{number}:{}", scratch.store.display()))
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut peak = 0;
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let output = String::from_utf8(output.stdout).unwrap();
        let line = output.lines().find_map(|line| line.strip_prefix("PEAK "));
        peak = peak.max(line.unwrap().parse::<u64>().unwrap());
    }
    println!(
        "{count} recorders in processes: {:?}, at most {peak} KiB each with their segments",
        began.elapsed()
    );
    check(&scratch.store, count);
}
