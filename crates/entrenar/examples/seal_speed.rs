//! How fast a journal is sealed into the store, and how large a point is there.
//!
//! `cargo run --release --features record --example seal_speed [POINTS [SERIES]]`: points are logged into a
//! journal, then sealed file by file as a recorder's background thread does; reading the files, compression and
//! commits are measured together. Apart from that stands the end of the session: points that waited are merged, and
//! the content digest is computed. A point's bytes are those of the whole store's file after it; memory is what
//! sealing took beyond what the process had.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a program for measurements"
)]

use std::time::{Duration, Instant};

use chrono::DateTime;
use entrenar::session::SystemClock;
use entrenar::store::recording::{Frame, Known, SeriesDefinition, Start, journal_folder};
use entrenar::store::{SqliteStore, StoreMode};
use entrenar_journal::{Journal, Options, Outcome, Point, memory_folder};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|text| text.parse::<u64>().unwrap());
    let points = arguments.next().unwrap_or(10_000_000);
    let series = u32::try_from(arguments.next().unwrap_or(1)).unwrap();
    println!("{points} points in {series} series");
    println!(
        "values                 points/s  per second of core  bytes/point   journal MB/s  end of session  memory"
    );
    let random = |_: u64, random: &mut Random| random.unit();
    let single = |step: u64, random: &mut Random| {
        f64::from((1.0 / (1.0 + step as f64 / 1e4) + 0.01 * random.unit()) as f32)
    };
    let printed = |step: u64, random: &mut Random| {
        let value = 1.0 / (1.0 + step as f64 / 1e5) + 0.01 * random.unit();
        (value * 1e4).round() / 1e4
    };
    measure("random mantissas", points, series, &random);
    measure("once f32", points, series, &single);
    measure("printed to 4 digits", points, series, &printed);
}

/// The memory of this process in KiB, and the most that it had since the last call.
#[expect(clippy::disallowed_methods, reason = "a file of the kernel")]
fn memory_kib() -> Option<(u64, u64)> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let field = |name: &str| -> Option<u64> {
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse().ok()
    };
    let found = (field("VmRSS:")?, field("VmHWM:")?);
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    Some(found)
}

/// Time that this thread had a processor, where the system tells.
fn processor_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos: u64 = text.split_whitespace().next()?.parse().ok()?;
    Some(nanos as f64 / 1e9)
}

fn measure(name: &str, points: u64, series: u32, value: &dyn Fn(u64, &mut Random) -> f64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("entrenar.db");
    let journals = journal_folder(&path);
    let memory = memory_folder(&[]).unwrap_or_else(|| folder.path().join("memory"));
    let journal = Journal::create(Options::new(memory, &journals)).unwrap();
    let start = Start::new("speed", "Speed", DateTime::from_timestamp_nanos(0));
    let mut lane = journal.lane().unwrap();
    for part in Frame::Start(Box::new(start.clone()))
        .parts(64 << 10)
        .unwrap()
    {
        assert!(matches!(lane.append(&part), Outcome::Logged(_)));
    }
    let definitions: Vec<_> = (0..series)
        .map(|number| SeriesDefinition {
            number,
            name: format!("series/{number}"),
            run: None,
            rank: None,
        })
        .collect();
    let writer = journal.writer();
    let mut random = Random(7);
    let mut micros = 1_700_000_000_000_000_i64;
    for index in 0..points {
        let step = index / u64::from(series);
        // A step of a millisecond, give or take some microseconds.
        micros += 1_000 + i64::try_from(random.next() % 64).unwrap();
        let point = Point {
            series: u32::try_from(index % u64::from(series)).unwrap(),
            flags: 0,
            step: i64::try_from(step).ok(),
            value: value(step, &mut random),
            micros,
            epoch: None,
        };
        while !matches!(writer.log(&point), Outcome::Logged(_)) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    let below = journal.next_file().unwrap();
    let bytes: u64 = std::fs::read_dir(&journals)
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    let mut store = SqliteStore::open(&path, StoreMode::ReadWrite, SystemClock).unwrap();
    store.take_little_memory().unwrap();
    let known = Known {
        start: &start,
        series: &definitions,
        dropped: 0,
    };
    let recorder = journal.recorder();
    let before = memory_kib();
    let (begin, worked) = (Instant::now(), processor_seconds());
    let sealed = store.seal(&journals, recorder, below, known).unwrap();
    let took = begin.elapsed().as_secs_f64();
    let taken = memory_kib().zip(before);
    let taken = taken.map_or(0, |((_, most), (before, _))| most.saturating_sub(before));
    let worked = processor_seconds()
        .zip(worked)
        .map_or(took, |(end, begin)| end - begin);
    assert_eq!(sealed.points, points);
    let size = || std::fs::metadata(&path).unwrap().len() as f64;
    journal.close().unwrap();
    let ending = Instant::now();
    store.seal_rest(&journals, recorder, Some(known)).unwrap();
    let ended = ending.elapsed().as_secs_f64();
    drop(store);
    println!(
        "{name:<20} {:>9.2} M {:>15.2} M {:>11.2} {:>14.0} {:>9.0} ms {:>8.1} MiB",
        points as f64 / took / 1e6,
        points as f64 / worked / 1e6,
        size() / points as f64,
        bytes as f64 / took / 1e6,
        ended * 1e3,
        taken as f64 / 1024.0,
    );
}
