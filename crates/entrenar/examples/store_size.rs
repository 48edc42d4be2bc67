//! Bytes per point in the store, for a series of a million points with step and a jittering
//! microsecond clock.
//!
//! `cargo run --release -p entrenar --features store --example store_size`
#![expect(clippy::print_stdout, reason = "prints what it measures")]

use std::error::Error;
use std::time::Instant;

use entrenar::session::{EntrenarSession, Point, SeriesKey, SystemClock};
use entrenar::store::{SqliteStore, Store as _, StoreMode};

const POINTS: u32 = 1_000_000;

/// xorshift64: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Evenly from 0 to 1.
    fn unit(&mut self) -> f64 {
        let bits = u32::try_from(self.next() >> 32).unwrap_or_default();
        let low = u32::try_from(self.next() >> 43).unwrap_or_default();
        (f64::from(bits) + f64::from(low) / f64::from(1_u32 << 21)) / f64::from(u32::MAX)
    }

    /// A time in µs after a step, spread as a busy machine's are: mostly close, at times late.
    fn jitter(&mut self) -> i64 {
        let spread: u64 = (0..4).map(|_| self.next() % 250).sum();
        let late = if self.next().is_multiple_of(200) {
            self.next() % 20_000
        } else {
            0
        };
        i64::try_from(spread + late).unwrap_or_default()
    }
}

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
