//! The recorder as `bench/peers/run.py` measures it and its peers: `peer cost|kill|read FOLDER CALLS`.
#![expect(clippy::print_stdout, reason = "it prints its result")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use entrenar::record::{Outcome, Recorder, RecorderOptions};
use entrenar::session::{EntrenarSession, SeriesKey, SystemClock};
use entrenar::store::{SqliteStore, Store as _, StoreMode};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Done = Result<(), Box<dyn std::error::Error>>;

fn value(step: i64) -> f64 {
    1.0 / (step as f64 + 1.0) + 0.01 * (step as f64).sin()
}

fn main() -> Done {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [mode, folder, calls] = arguments.as_slice() else {
        return Err("peer cost|kill|read FOLDER CALLS".into());
    };
    let (store, calls) = (PathBuf::from(folder).join("entrenar.db"), calls.parse()?);
    match mode.as_str() {
        "cost" => cost(&store, calls),
        "kill" => kill(&store, calls),
        "read" => read(&store),
        other => Err(format!("unknown mode {other}").into()),
    }
}

fn start(store: &Path) -> Result<Recorder, Box<dyn std::error::Error>> {
    // As the peers: no environment, no system metrics.
    let options = RecorderOptions {
        environment: None,
        system: None,
        ..RecorderOptions::default()
    };
    let session = EntrenarSession::new("peer", "Peer");
    Ok(Recorder::start(session, store, options)?)
}

fn cost(store: &Path, calls: i64) -> Done {
    let recorder = start(store)?;
    let mut nanos = Vec::with_capacity(usize::try_from(calls)?);
    for step in 0..calls {
        let value = value(step);
        let began = Instant::now();
        let outcome = recorder.log(step, &[("loss", value)]);
        nanos.push(began.elapsed().as_nanos());
        if outcome != Outcome::Logged {
            return Err(format!("step {step}: {outcome:?}").into());
        }
    }
    recorder.finish()?;
    nanos.sort_unstable();
    let share = |percent: usize| nanos.get(nanos.len() * percent / 100).copied().unwrap_or(0);
    let (median, p99) = (share(50), share(99));
    println!(r#"RESULT {{"calls": {calls}, "median_ns": {median}, "p99_ns": {p99}}}"#);
    Ok(())
}

fn kill(store: &Path, calls: i64) -> Done {
    let recorder = start(store)?;
    for step in 0..calls {
        if step > 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        recorder.log(step, &[("loss", value(step))]);
    }
    let me = std::process::id().to_string();
    std::process::Command::new("kill")
        .args(["-9", &me])
        .status()?;
    Err("outlived SIGKILL".into())
}

fn read(path: &Path) -> Done {
    let began = Instant::now();
    let mut store = SqliteStore::open(path, StoreMode::ReadWrite, SystemClock)?;
    let journals = store.journal_folder();
    for recovered in store.recover_orphans(&journals)? {
        recovered?;
    }
    let session = store.session("peer")?;
    let loss = session.metrics.get(&SeriesKey::named("loss"));
    let points: Vec<_> = loss.into_iter().flat_map(|loss| loss.points()).collect();
    let millis = began.elapsed().as_secs_f64() * 1e3;
    let good = points.iter().filter(|point| {
        point
            .step
            .is_some_and(|step| value(step).to_bits() == point.value.to_bits())
    });
    println!(r#"RESULT {{"points": {}, "ms": {millis}}}"#, good.count());
    Ok(())
}
