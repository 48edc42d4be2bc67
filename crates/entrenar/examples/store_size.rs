//! Bytes per point in the store, for a series of a million points with step and a jittering
//! microsecond clock.
//!
//! `cargo run --release -p entrenar --features store --example store_size`
#![expect(clippy::print_stdout, reason = "prints what it measures")]

#[path = "shared/random.rs"]
mod random;

use std::error::Error;
use std::time::Instant;

use entrenar::session::{EntrenarSession, Point, SeriesKey, SystemClock};
use entrenar::store::{SqliteStore, Store as _, StoreMode};
use random::Random;

const POINTS: u32 = 1_000_000;

/// A loss that falls with noise.
fn loss(step: u32, random: &mut Random) -> f64 {
    2.5 * (-f64::from(step) / 300_000.0).exp() + 0.1 + 0.2 * random.unit()
}

#[expect(clippy::cast_possible_truncation, reason = "that is what is measured")]
fn as_f32(value: f64) -> f64 {
    f64::from(value as f32)
}

fn main() -> Result<(), Box<dyn Error>> {
    type Form = fn(f64) -> f64;
    let forms: [(&str, Form, f64); 3] = [
        ("random-mantissa f64", |value| value, 9.0),
        ("f32 origin", as_f32, 5.5),
        (
            "printed to 4 digits",
            |value| (value * 1e4).round() / 1e4,
            3.5,
        ),
    ];
    println!(
        "{:<22} {:>12} {:>8} {:>10} {:>8}",
        "values", "bytes/point", "target", "import", "load"
    );
    for (name, form, target) in forms {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let mut session = EntrenarSession::empty("size", "Size");
        let mut time_us = 1_700_000_000_000_000;
        for step in 0..POINTS {
            time_us += 20_000 + random.jitter();
            let point = Point {
                value: form(loss(step, &mut random)),
                step: Some(step.into()),
                time_us: Some(time_us),
                ..Point::default()
            };
            session.metrics.push(SeriesKey::named("loss"), point);
        }
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("store.db");
        let begin = Instant::now();
        let mut store = SqliteStore::open(&path, StoreMode::ReadWrite, SystemClock)?;
        store.import(&session, None)?;
        let import = begin.elapsed();
        let begin = Instant::now();
        let loaded = store.session("size")?;
        let load = begin.elapsed();
        if loaded != session {
            return Err("the session did not come back equal".into());
        }
        drop(store);
        let size = u32::try_from(std::fs::metadata(&path)?.len())?;
        println!(
            "{name:<22} {:>12.3} {target:>8.1} {:>7} ms {:>5} ms",
            f64::from(size) / f64::from(POINTS),
            import.as_millis(),
            load.as_millis(),
        );
    }
    Ok(())
}
