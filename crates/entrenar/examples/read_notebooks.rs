//! Reads notebooks and prints how many there were and how long it took.
//!
//! ```text
//! cargo run --release -p entrenar --example read_notebooks -- [--rounds N] [--threads N] FILE...
//! ```
//!
//! Prints one line of JSON: `files`, `failed`, `cells`, `outputs`, `points`, and `micros`, the
//! median time of N rounds over all files (reading, parsing, extraction), in microseconds. As
//! many threads as there are processors share the files.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use entrenar::bridge::{self, Limits};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Default)]
struct Totals {
    failed: usize,
    cells: usize,
    outputs: usize,
    points: usize,
}

fn main() {
    let mut files: Vec<String> = std::env::args().skip(1).collect();
    let mut options = Options {
        rounds: 1,
        threads: thread::available_parallelism().map_or(1, usize::from),
    };
    while let [option, number, ..] = files.as_slice() {
        let number = number.parse();
        match (option.as_str(), number) {
            ("--rounds", Ok(rounds)) => options.rounds = rounds,
            ("--threads", Ok(threads)) => options.threads = threads,
            _ => break,
        }
        files.drain(..2);
    }
    // The longest work first, so that no thread waits for another at the end.
    files.sort_by_key(|file| {
        std::cmp::Reverse(std::fs::metadata(file).map_or(0, |metadata| metadata.len()))
    });
    let mut micros = Vec::with_capacity(options.rounds);
    let mut totals = Totals::default();
    for _ in 0..options.rounds {
        let start = Instant::now();
        totals = read_all(&files, options.threads);
        micros.push(start.elapsed().as_micros());
    }
    micros.sort_unstable();
    let median = micros.get(micros.len() / 2).copied().unwrap_or_default();
    println!(
        r#"{{"files":{},"failed":{},"cells":{},"outputs":{},"points":{},"micros":{median}}}"#,
        files.len(),
        totals.failed,
        totals.cells,
        totals.outputs,
        totals.points,
    );
}

struct Options {
    rounds: usize,
    threads: usize,
}

/// Reads all files; each thread takes the next one that nobody has.
fn read_all(files: &[String], threads: usize) -> Totals {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut totals = Totals::default();
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            read(Path::new(file), &mut totals);
        }
        totals
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut totals = work();
        for other in others {
            let Ok(more) = other.join() else {
                totals.failed += 1;
                continue;
            };
            totals.failed += more.failed;
            totals.cells += more.cells;
            totals.outputs += more.outputs;
            totals.points += more.points;
        }
        totals
    })
}

fn read(file: &Path, totals: &mut Totals) {
    let Ok(imported) = bridge::read_file(file, Limits::default()) else {
        totals.failed += 1;
        return;
    };
    let session = imported.session;
    totals.cells += session.code_history.len();
    totals.outputs += session
        .cell_records
        .iter()
        .map(|record| record.outputs.len())
        .sum::<usize>();
    totals.points += session.metrics.point_count();
}
