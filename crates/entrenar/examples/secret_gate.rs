//! The secret gate over files: what it finds in each, as JSON lines; or how fast it is.
//!
//! ```text
//! cargo run --release --example secret_gate -- FILE…
//! cargo run --release --example secret_gate -- --speed FILE…
//! ```
//!
//! A notebook or recording is read as a session first, so that places are cells; then its bytes are
//! looked at as those of any file.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool for measuring"
)]

use std::path::Path;
use std::time::Instant;

use entrenar::bridge::{self, Limits};
use entrenar::secrets::gate::{Report, SecretGate};
use serde_json::json;

fn main() {
    let mut files: Vec<String> = std::env::args().skip(1).collect();
    if files.first().is_some_and(|first| first == "--speed") {
        files.remove(0);
        speed(&files);
        return;
    }
    for file in files {
        match report(&file) {
            Ok(report) => println!("{}", line(&file, &report)),
            Err(error) => eprintln!("{file}: {error}"),
        }
    }
}

fn report(file: &str) -> Result<Report, Box<dyn std::error::Error>> {
    let gate = SecretGate::new();
    let mut check = gate.check();
    let path = Path::new(file);
    let bytes = std::fs::read(path)?;
    if let Ok(read) = bridge::read_file(path, Limits::default()) {
        check.session(&read.session);
    }
    check.bytes("file", &bytes);
    Ok(check.finish())
}

fn line(file: &str, report: &Report) -> serde_json::Value {
    let findings: Vec<_> = report
        .findings
        .iter()
        .map(|found| {
            json!({
                "rule": found.rule.id,
                "severity": found.rule.severity,
                "fingerprint": found.fingerprint,
                "length": found.length,
                "places": found.places.iter().map(ToString::to_string).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({ "file": file, "findings": findings })
}

fn speed(files: &[String]) {
    let mut text = Vec::new();
    for file in files {
        match std::fs::read(file) {
            Ok(bytes) => text.extend(bytes),
            Err(error) => eprintln!("{file}: {error}"),
        }
    }
    if text.is_empty() {
        return;
    }
    let once = text.len();
    while text.len() < 100_000_000 {
        text.extend_from_within(..once);
    }
    let megabytes = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX)) / 1e6;
    let gate = SecretGate::new();
    let mut best = f64::MAX;
    let mut found = 0;
    for _ in 0..5 {
        let started = Instant::now();
        let mut check = gate.check();
        check.bytes("text", &text);
        found = check.finish().findings.len();
        best = best.min(started.elapsed().as_secs_f64());
    }
    println!(
        "{megabytes:.0} MB in {best:.3} s: {:.0} MB/s, {found} distinct findings",
        megabytes / best
    );
}
