//! What a point costs its caller: `cargo run --release -p entrenar-journal --example journal_speed`.
//!
//! Each call is timed by two readings of the monotonic clock; the same loop around nothing but a reading
//! of the wall clock is the empty clock loop, and around nothing the cost of timing. The loop runs at a pace (`--pace NANOS`, 500 by default: two
//! million points a second) or as fast as it can (`--pace 0`). `--calls N`, `--folder DIR`, `--trace` (a
//! few calls between two marks, for a system call tracer).
#![expect(clippy::print_stdout, reason = "a program of its own")]

#[path = "shared/histogram.rs"]
mod histogram;

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use entrenar_journal::{
    Error, Item, Journal, JournalReader, Options, Outcome, memory_folder, now_micros, recover,
    recover_each,
};
use histogram::{Histogram, load};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut calls: u64 = 10_000_000;
    let mut pace: u64 = 500;
    let mut folder = PathBuf::from("target/journal-speed");
    let mut trace = false;
    let mut idle: u64 = 0;
    let mut bulk: u64 = 0;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or("a value is missing");
        match argument.as_str() {
            "--calls" => calls = value()?.parse()?,
            "--pace" => pace = value()?.parse()?,
            "--folder" => folder = value()?.into(),
            "--trace" => trace = true,
            "--bulk" => bulk = value()?.parse()?,
            "--idle" => idle = value()?.parse()?,
            other => return Err(format!("unknown argument {other}").into()),
        }
    }
    fs::create_dir_all(&folder)?;
    let journal_folder = folder.join(std::process::id().to_string());
    let segments = memory_folder(&[]).unwrap_or_else(|| journal_folder.clone());
    let journal = Journal::create(Options::new(&segments, &journal_folder))?;
    if trace {
        return traced(journal, &journal_folder);
    }
    if bulk > 0 {
        return sustained(journal, bulk, &journal_folder);
    }
    if idle > 0 {
        return idle_for(journal, Duration::from_secs(idle), &journal_folder);
    }
    println!("{calls} calls, one each {pace} ns, load {}", load());
    let empty = Histogram::run(calls, pace, |_| true);
    empty.print("nothing");
    let idle = Histogram::run(calls, pace, |_| {
        black_box(now_micros());
        true
    });
    idle.print("clock alone");
    let writer = journal.writer();
    let log = Histogram::run(calls, pace, |step| {
        let outcome = writer.log_now(3, step.cast_signed(), black_box(0.25));
        matches!(outcome, Outcome::Logged(_))
    });
    log.print("log");
    let excess = log.total.saturating_sub(idle.total);
    println!(
        "log with its clock over nothing: p50 {} ns, p99.9 {} ns",
        log.quantile(5_000).saturating_sub(empty.quantile(5_000)),
        log.quantile(9_990).saturating_sub(empty.quantile(9_990)),
    );
    println!(
        "log over the clock alone: p50 {} ns, p99.9 {} ns, in all {:.1} ns a call; {} dropped",
        log.quantile(5_000).saturating_sub(idle.quantile(5_000)),
        log.quantile(9_990).saturating_sub(idle.quantile(9_990)),
        excess as f64 / calls as f64,
        log.refused,
    );
    // Without timing each call.
    let plain = |name: &str, mut call: Box<dyn FnMut(u64) + '_>| {
        let began = Instant::now();
        let count = calls.min(100_000);
        (0..count).for_each(&mut call);
        println!(
            "{name}, {count} in a row: {:.1} ns each",
            began.elapsed().as_nanos() as f64 / count as f64
        );
    };
    std::thread::sleep(Duration::from_millis(200));
    plain(
        "clock",
        Box::new(|_| {
            black_box(now_micros());
        }),
    );
    plain(
        "log",
        Box::new(|step| {
            black_box(writer.log_now(3, step.cast_signed(), 0.25));
        }),
    );
    let began = Instant::now();
    journal.flush()?;
    println!("flush: {:?}", began.elapsed());
    journal.close()?;
    if calls <= 10_000_000 {
        let (recovered, report) = recover(&journal_folder)?;
        let points = recovered
            .recorders
            .iter()
            .map(|recorder| recorder.points.len())
            .sum::<usize>();
        println!(
            "recovered: {points} points, {} missing, damage {:?}",
            report.missing_points, report.damage
        );
    }
    fs::remove_dir_all(&journal_folder)?;
    Ok(())
}

/// A hundred calls between two marks that a tracer of system calls shows.
fn traced(journal: Journal, folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let writer = journal.writer();
    writer.log_now(1, 0, 0.5);
    let mark = |name: &str| drop(fs::metadata(Path::new("/mark").join(name)));
    mark("begin");
    for step in 0..100_000 {
        black_box(writer.log_now(1, step, 0.5));
    }
    mark("end");
    journal.close()?;
    fs::remove_dir_all(folder)?;
    Ok(())
}

/// How many points a second one thread gets through to the disk, and how many are read back.
fn sustained(
    journal: Journal,
    points: u64,
    folder: &Path,
) -> Result<(), Box<dyn std::error::Error>> {
    let rate = |took: Duration| points as f64 / took.as_secs_f64() / 1e6;
    let writer = journal.writer();
    let began = Instant::now();
    let mut waited: u64 = 0;
    for step in 0..points {
        while !matches!(
            writer.log_now(3, step.cast_signed(), 0.25),
            Outcome::Logged(_)
        ) {
            waited += 1;
            std::thread::sleep(Duration::from_micros(100));
        }
    }
    let logged = began.elapsed();
    journal.flush()?;
    println!(
        "{points} points: {:.1} M a second logged ({waited} waits for the disk), {:.1} M a second to synced files; load {}",
        rate(logged),
        rate(began.elapsed()),
        load(),
    );
    journal.close()?;
    for _ in 0..3 {
        let (began, used) = (Instant::now(), processor_time());
        let mut read = 0;
        let mut files: Vec<_> = fs::read_dir(folder)?
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|kind| kind == "journal"))
            .collect();
        files.sort();
        for path in files {
            let mut reader = JournalReader::open(&path)?;
            while let Some(item) = reader.next_item()? {
                if let Item::Points(points) = item {
                    read += black_box(points).len() as u64;
                }
            }
        }
        println!(
            "read with JournalReader: {:.1} M a second, {:.1} M a second of processor time ({})",
            rate(began.elapsed()),
            rate(processor_time().saturating_sub(used)),
            if read == points { "all" } else { "NOT all" }
        );
    }
    let began = Instant::now();
    let mut read = 0;
    recover_each(folder, None, |_, item| {
        if let Item::Points(points) = item {
            read += points.len() as u64;
        }
        Ok::<_, Error>(())
    })?;
    println!(
        "read with recover_each: {:.1} M a second ({read})",
        rate(began.elapsed())
    );
    fs::remove_dir_all(folder)?;
    Ok(())
}

/// What a recorder costs that records nothing, and whether a burst after the pause finds segments.
fn idle_for(
    journal: Journal,
    idle: Duration,
    folder: &Path,
) -> Result<(), Box<dyn std::error::Error>> {
    let writer = journal.writer();
    writer.log_now(1, 0, 0.5);
    std::thread::sleep(Duration::from_secs(2));
    let used = || -> Vec<(String, u64)> {
        let tasks = fs::read_dir("/proc/self/task").into_iter().flatten();
        let mut used: Vec<_> = tasks
            .flatten()
            .filter_map(|task| {
                let name = fs::read_to_string(task.path().join("comm")).ok()?;
                let times = fs::read_to_string(task.path().join("schedstat")).ok()?;
                Some((
                    name.trim().to_owned(),
                    times.split(' ').next()?.parse().ok()?,
                ))
            })
            .collect();
        used.sort();
        used
    };
    let before = used();
    std::thread::sleep(idle);
    for ((name, before), (_, after)) in before.iter().zip(used()) {
        let share = (after - before) as f64 / idle.as_nanos() as f64 * 100.0;
        println!("idle for {idle:?}: {name} uses {share:.4} % of a processor");
    }
    let burst = |name: &str| {
        let mut dropped = 0;
        for step in 0..1_000_000 {
            let outcome = black_box(writer.log_now(1, step, 0.5));
            dropped += u32::from(!matches!(outcome, Outcome::Logged(_)));
        }
        println!("1,000,000 points in a row {name}: {dropped} dropped");
    };
    burst("after the pause");
    std::thread::sleep(Duration::from_millis(300));
    burst("0.3 s later");
    std::thread::sleep(Duration::from_secs(2));
    burst("2 s later");
    journal.close()?;
    fs::remove_dir_all(folder)?;
    Ok(())
}

/// What this thread has used.
fn processor_time() -> Duration {
    let nanos = fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|times| times.split(' ').next()?.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}
