//! Reads notebooks and prints how many there were and how long it took.
//!
//! ```text
//! cargo run --release -p entrenar --example read_notebooks -- [--rounds N] FILE...
//! ```
//!
//! Prints one line of JSON: `files`, `failed`, `cells`, `outputs`, `points`, and `micros`, the
//! time of the fastest of N rounds over all files (reading, parsing, extraction), in
//! microseconds.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::path::Path;
use std::time::Instant;

use entrenar::bridge::{self, Limits};

#[derive(Default)]
struct Totals {
    failed: usize,
    cells: usize,
    outputs: usize,
    points: usize,
}

fn main() {
    let mut files: Vec<String> = std::env::args().skip(1).collect();
    let mut rounds = 1;
    if files.first().is_some_and(|first| first == "--rounds") {
        rounds = files.get(1).and_then(|n| n.parse().ok()).unwrap_or(1);
        files.drain(..files.len().min(2));
    }
    let mut best = None;
    let mut totals = Totals::default();
    for _ in 0..rounds {
        totals = Totals::default();
        let start = Instant::now();
        for file in &files {
            read(Path::new(file), &mut totals);
        }
        let micros = start.elapsed().as_micros();
        best = Some(best.map_or(micros, |best| micros.min(best)));
    }
    println!(
        r#"{{"files":{},"failed":{},"cells":{},"outputs":{},"points":{},"micros":{}}}"#,
        files.len(),
        totals.failed,
        totals.cells,
        totals.outputs,
        totals.points,
        best.unwrap_or_default()
    );
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
