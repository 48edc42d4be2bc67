//! SIGKILL during imports: each session is whole or absent.
//!
//! `ENTRENAR_KILLS` sets the number of kills (20 by default).
#![cfg(feature = "store")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod store_support;

use std::borrow::Cow;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use chrono::DateTime;
use entrenar::session::*;
use entrenar::store::*;

/// Names the store to the child process, and the number of its first session.
const CHILD: &str = "ENTRENAR_TEST_CRASH";
/// What the child prints before the first import.
const READY: &str = "ready to be killed";
/// Sessions with which a new store is made.
const CREATED_WITH: u64 = 4;
/// Kills before a new store is begun, so that checks stay short.
const KILLS_PER_STORE: u64 = 8;
/// The longest time for which a child may import, in microseconds.
const LONGEST_MICROS: u64 = 120_000;

/// The session of that number, always the same.
fn session(number: u64) -> (EntrenarSession, Vec<u8>) {
    let source: Vec<u8> = format!("source {number} ").repeat(3000).into_bytes();
    let sha256 = Sha256Hash::of(&source);
    let mut session = EntrenarSession::empty(format!("s{number}"), format!("Session {number}"));
    session.source = Some(SourceInfo {
        name: Some(format!("{number}.ipynb")),
        format: SourceFormat::Jupyter,
        sha256,
        size: 1,
    });
    for step in 0..3000 {
        session.metrics.add_loss(1.0 / f64::from(step + 1));
    }
    for order in 1..20 {
        let text = format!("cell {order} of {number}\n");
        session.add_recorded_cell(
            CodeCell {
                execution_order: order,
                source: text.clone(),
                output: Some(text.clone()),
                timestamp: DateTime::UNIX_EPOCH,
                duration_ms: None,
            },
            CellRecord {
                outputs: vec![output::stream("stdout", text.repeat(1000))],
                ..CellRecord::default()
            },
        );
    }
    (session, source)
}

/// What the child does: imports until it is killed; nothing unless it was started as one.
#[test]
fn child() {
    let Ok(argument) = std::env::var(CHILD) else {
        return;
    };
    let (first, path) = argument.split_once(':').unwrap();
    println!("\n{READY}");
    let (path, mut first) = (PathBuf::from(path), first.parse::<u64>().unwrap());
    let sessions = (first..first + CREATED_WITH).map(|number| {
        let (session, source) = session(number);
        Prepared::new(Cow::Owned(session), Some(Cow::Owned(source)))
    });
    if SqliteStore::create(&path, SystemClock, sessions)
        .unwrap()
        .is_some()
    {
        first += CREATED_WITH;
    }
    let mut store = store_support::open(&path);
    for number in first.. {
        let (session, source) = session(number);
        store.import(&session, Some(&source)).unwrap();
        if number % 3 == 0 {
            store.tag(&session.id, &["third".into()], &[]).unwrap();
        }
    }
}

/// Lets a child import for a while and kills it.
fn kill_one(path: &Path, first: u64, wait: Duration) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD, format!("{first}:{}", path.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains(READY) {
        line.clear();
        assert!(output.read_line(&mut line).unwrap() > 0, "the child ended");
    }
    std::thread::sleep(wait);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn after_sigkill_each_session_is_whole_or_absent() {
    let kills = std::env::var("ENTRENAR_KILLS").map_or(20, |text| text.parse().unwrap());
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let (mut stores, mut imported) = (0, 0);
    let mut done = 0;
    while done < kills {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let mut next = 0;
        for _ in 0..KILLS_PER_STORE.min(kills - done) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            // Half of the waits are below a sixth of the longest: the making of a store is short.
            let longest = if random >> 63 == 0 {
                LONGEST_MICROS
            } else {
                LONGEST_MICROS / 6
            };
            kill_one(&path, next, Duration::from_micros(random % longest));
            done += 1;
            let was_there = path.exists();
            let store = store_support::open(&path);
            if !was_there {
                let left = std::fs::read_dir(folder.path()).unwrap();
                let mut names = left.map(|entry| entry.unwrap().file_name());
                assert!(!names.any(|name| name.to_string_lossy().contains("partial")));
            }
            assert_eq!(store.check().unwrap(), [], "after kill {done}");
            let sessions = store.list(&ListQuery::default()).unwrap();
            let count = u64::try_from(sessions.len()).unwrap();
            for number in next..count {
                let (expected, source) = session(number);
                let mut found = store.session(&expected.id).unwrap();
                if found.tags == ["third"] {
                    found.tags.clear();
                }
                assert!(found == expected, "after kill {done}");
                assert!(store.source(&expected.id).unwrap().unwrap() == source);
            }
            imported += count - next;
            next = count;
        }
        stores += 1;
        if stores % 100 == 0 {
            println!("{done} kills, {stores} stores, {imported} sessions so far");
        }
    }
    println!("{done} kills, {stores} stores, {imported} sessions");
    assert!(
        imported > 0,
        "every child was killed before its first import"
    );
}
