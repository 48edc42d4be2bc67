//! The journal as `bench/peers/run.py` measures it and its peers: `peer cost|kill|read FOLDER CALLS`.
#![expect(clippy::print_stdout, reason = "it prints its result")]
#![expect(
    clippy::cast_precision_loss,
    reason = "times and counts are far below 2^52"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use entrenar_journal::{Error, Item, Journal, Options, Outcome, memory_folder, recover_each};

fn value(step: u64) -> f64 {
    1.0 / (step as f64 + 1.0) + 0.01 * (step as f64).sin()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [mode, folder, calls] = arguments.as_slice() else {
        return Err("peer cost|kill|read FOLDER CALLS".into());
    };
    let (folder, calls) = (PathBuf::from(folder).join("journal"), calls.parse()?);
    match mode.as_str() {
        "cost" => cost(&folder, calls),
        "kill" => kill(&folder, calls),
        "read" => read(&folder),
        other => Err(format!("unknown mode {other}").into()),
    }
}

fn create(folder: &Path) -> Result<Journal, Error> {
    let segments = memory_folder(&[]).unwrap_or_else(|| folder.to_path_buf());
    Journal::create(Options::new(segments, folder))
}

fn cost(folder: &Path, calls: u64) -> Result<(), Box<dyn std::error::Error>> {
    let journal = create(folder)?;
    let writer = journal.writer();
    let mut nanos = Vec::with_capacity(usize::try_from(calls)?);
    for step in 0..calls {
        let value = value(step);
        let began = Instant::now();
        let outcome = writer.log_now(0, step.cast_signed(), value);
        nanos.push(began.elapsed().as_nanos());
        if let Outcome::Dropped(reason) = outcome {
            return Err(format!("dropped: {reason:?}").into());
        }
    }
    journal.close()?;
    nanos.sort_unstable();
    let share = |percent: usize| nanos.get(nanos.len() * percent / 100).copied().unwrap_or(0);
    let (median, p99) = (share(50), share(99));
    println!(r#"RESULT {{"calls": {calls}, "median_ns": {median}, "p99_ns": {p99}}}"#);
    Ok(())
}

fn kill(folder: &Path, calls: u64) -> Result<(), Box<dyn std::error::Error>> {
    let journal = create(folder)?;
    let writer = journal.writer();
    for step in 0..calls {
        if step > 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        writer.log_now(0, step.cast_signed(), value(step));
    }
    let me = std::process::id().to_string();
    std::process::Command::new("kill")
        .args(["-9", &me])
        .status()?;
    Err("outlived SIGKILL".into())
}

fn read(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let began = Instant::now();
    let mut points = Vec::new();
    recover_each(folder, None, |_, item| {
        if let Item::Points(found) | Item::LatePoints(found) = item {
            points.extend(found.iter().map(|(_, point)| (point.step, point.value)));
        }
        Ok::<_, Error>(())
    })?;
    let millis = began.elapsed().as_secs_f64() * 1e3;
    let good = |(step, found): &&(Option<i64>, f64)| {
        step.is_some_and(|step| value(step.cast_unsigned()).to_bits() == found.to_bits())
    };
    let count = points.iter().filter(good).count();
    println!(r#"RESULT {{"points": {count}, "ms": {millis}}}"#);
    Ok(())
}
