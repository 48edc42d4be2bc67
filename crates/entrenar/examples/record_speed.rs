//! What recording costs a training: `cargo run --release -p entrenar --features record --example record_speed`.
//!
//! As `journal_speed` of entrenar-journal, through the whole recorder: a series handle, and ten named values a
//! call. `--calls N`, `--pace NANOS` (1,000 by default; 0 is as fast as it can), `--folder DIR`, `--trace` (a
//! hundred thousand calls between two marks, for a system call tracer).
#![expect(clippy::print_stdout, reason = "a program of its own")]

#[path = "../../entrenar-journal/examples/shared/histogram.rs"]
mod histogram;

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use entrenar::record::{Outcome, Recorder, RecorderOptions};
use entrenar::session::EntrenarSession;
use entrenar_journal::now_micros;
use histogram::{Histogram, load};

const NAMES: [&str; 10] = [
    "loss",
    "accuracy",
    "val/loss",
    "val/accuracy",
    "lr",
    "grad_norm",
    "tokens_per_second",
    "epoch",
    "layer0.weight.norm",
    "layer1.weight.norm",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut calls: u64 = 10_000_000;
    let mut pace: u64 = 1000;
    let mut folder = PathBuf::from("target/record-speed");
    let mut trace = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or("a value is missing");
        match argument.as_str() {
            "--calls" => calls = value()?.parse()?,
            "--pace" => pace = value()?.parse()?,
            "--folder" => folder = value()?.into(),
            "--trace" => trace = true,
            other => return Err(format!("unknown argument {other}").into()),
        }
    }
    let folder = folder.join(std::process::id().to_string());
    fs::create_dir_all(&folder)?;
    let began = Instant::now();
    let recorder = Recorder::start(
        EntrenarSession::new("speed", "speed"),
        folder.join("entrenar.db"),
        RecorderOptions::default(),
    )?;
    println!("start: {:?}", began.elapsed());
    let loss = recorder.series("loss");
    if trace {
        let mark = |name: &str| drop(fs::metadata(Path::new("/mark").join(name)));
        loss.log(-1, 0.5);
        mark("begin");
        for step in 0..100_000 {
            black_box(loss.log(step, 0.5));
        }
        mark("end");
        recorder.finish()?;
        fs::remove_dir_all(&folder)?;
        return Ok(());
    }
    println!("{calls} calls, one each {pace} ns, load {}", load());
    let empty = Histogram::run(calls, pace, |_| true);
    empty.print("nothing");
    let clock = Histogram::run(calls, pace, |_| {
        black_box(now_micros());
        true
    });
    clock.print("clock alone");
    let log = Histogram::run(calls, pace, |step| {
        loss.log(step.cast_signed(), black_box(0.25)) == Outcome::Logged
    });
    log.print("handle.log");
    let tens = calls / 10;
    let ten = Histogram::run(tens, pace * 10, |step| {
        let values = NAMES.map(|name| (name, black_box(0.25)));
        recorder.log(step.cast_signed(), &values) == Outcome::Logged
    });
    ten.print("log of ten names");
    for (name, found) in [("handle.log", &log), ("log of ten names", &ten)] {
        println!(
            "{name}, over nothing: p50 {} ns, p99.9 {} ns; {} dropped",
            found.quantile(5_000).saturating_sub(empty.quantile(5_000)),
            found.quantile(9_990).saturating_sub(empty.quantile(9_990)),
            found.refused,
        );
    }
    println!(
        "handle.log over the clock alone, in all: {:.1} ns a call",
        log.total.saturating_sub(clock.total) as f64 / calls as f64
    );
    let began = Instant::now();
    let report = recorder.finish()?;
    println!(
        "finish: {:?}; {} points, {} dropped, complete: {}",
        began.elapsed(),
        report.points,
        report.dropped,
        report.is_complete()
    );
    fs::remove_dir_all(&folder)?;
    Ok(())
}
