//! How fast stored series are read: a whole series of 10 million points, a window of 2,000 pixels
//! of 100 million points, one chart of a thousand sessions. All in one run, medians of many;
//! on a machine that does other work, too, look at the time on the processor.
//!
//! `cargo run --release -p entrenar --features store --example chart_speed [FOLDER [PART]]`
//!
//! PART is `many`, `whole` or `large`. It needs 2 GB of disk for its stores: in FOLDER, where it
//! uses those that it finds, or in a temporary folder.
#![expect(clippy::print_stdout, reason = "prints what it measures")]

#[path = "shared/random.rs"]
mod random;

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use entrenar::session::{EntrenarSession, Point, Series, SeriesKey, SystemClock};
use entrenar::store::{Prepared, SqliteStore, Store as _, StoreMode, StoredSeries};
use entrenar::window::{Window, WindowAxis, WindowQuery};
use random::Random;

// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PIXELS: u32 = 2_000;
/// The largest series is given to the store in sessions of this many points.
const WHOLE: u32 = 10_000_000;
const LARGE: u32 = 100_000_000;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A session with one loss that falls with noise, with step and a jittering clock.
fn session(id: &str, points: u32, seed: u64) -> EntrenarSession {
    let mut random = Random(seed | 1);
    let mut session = EntrenarSession::empty(id, id);
    let mut series = Series::new(SeriesKey::named("loss"));
    let mut time_us = 1_700_000_000_000_000;
    for step in 0..points {
        time_us += 20_000 + random.jitter();
        series.push(Point {
            value: 2.5 * (-f64::from(step) / 300_000.0).exp() + 0.1 + 0.2 * random.unit(),
            step: Some(step.into()),
            time_us: Some(time_us),
            ..Point::default()
        });
    }
    session.metrics.insert(series);
    session
}

/// Time on a processor of this thread so far; nothing where the system does not tell.
fn on_processor() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

/// Medians of the time that `times` calls took, and of the time that they had a processor.
fn measured(times: usize, mut call: impl FnMut() -> Outcome<()>) -> Outcome<[Duration; 2]> {
    let (mut taken, mut had) = (Vec::new(), Vec::new());
    for _ in 0..times {
        let (begin, before) = (Instant::now(), on_processor());
        call()?;
        had.push(on_processor().saturating_sub(before));
        taken.push(begin.elapsed());
    }
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or_default()
    };
    Ok([median(taken), median(had)])
}

fn report(what: &str, times: [Duration; 2], target: &str) {
    let [taken, had] = times.map(|time| time.as_secs_f64() * 1e3);
    println!("{what:<52} {taken:>9.2} {had:>9.2}  {target}");
}

fn open(path: &Path) -> Outcome<SqliteStore> {
    Ok(SqliteStore::open(path, StoreMode::ReadOnly, SystemClock)?)
}

fn first<'a>(store: &'a SqliteStore, session: &str) -> Outcome<StoredSeries<'a>> {
    let found = store.series_of(session)?;
    let info = found.first().ok_or("the session has no series")?;
    Ok(store.series(info.id)?)
}

fn points(window: &Window) -> usize {
    window.lines.iter().map(Vec::len).sum()
}

/// A series of `count` points; `sessions` of them in the store at `path`. One that is there is used.
fn build(path: &Path, sessions: u32, count: u32) -> Outcome<()> {
    if path.exists() {
        return Ok(());
    }
    let begin = Instant::now();
    let mut store = SqliteStore::open(path, StoreMode::ReadWrite, SystemClock)?;
    let prepared = (0..sessions).map(|number| {
        let session = session(
            &format!("s{number:04}"),
            count,
            0x9e37_79b9 + u64::from(number),
        );
        Prepared::new(std::borrow::Cow::Owned(session), None)
    });
    for status in store.import_prepared(prepared)? {
        status?;
    }
    drop(store);
    let size = std::fs::metadata(path)?.len();
    let all = f64::from(sessions) * f64::from(count);
    println!(
        "{sessions} × {count} points: {:.3} bytes a point, made in {:.1} s",
        f64::from(u32::try_from(size / 1_024)?) * 1_024.0 / all,
        begin.elapsed().as_secs_f64()
    );
    Ok(())
}

fn whole(folder: &Path) -> Outcome<()> {
    let path = folder.join("whole.db");
    build(&path, 1, WHOLE)?;
    let store = open(&path)?;
    let series = first(&store, "s0000")?;
    let mut sum = 0.0;
    let times = measured(9, || {
        Ok(series.for_each(|points| {
            sum += points.values().last().copied().unwrap_or_default();
        })?)
    })?;
    black_box(sum);
    report(
        "10 M points, all columns, piece by piece",
        times,
        "≤ 200 ms: 50 M points/s",
    );
    let times = measured(3, || {
        black_box(store.session("s0000")?.metrics.point_count());
        Ok(())
    })?;
    report("10 M points, the session in memory", times, "");
    Ok(())
}

fn large(folder: &Path) -> Outcome<()> {
    let path = folder.join("large.db");
    build(&path, 1, LARGE)?;
    let end = f64::from(LARGE - 1);
    // Each time a new connection; the system has the file in memory, as far as it likes.
    let times = measured(15, || {
        let store = open(&path)?;
        black_box(first(&store, "s0000")?.window(0.0, end, PIXELS)?);
        Ok(())
    })?;
    report(
        "100 M points, 2,000 pixels, first after opening",
        times,
        "≤ 150 ms",
    );
    let store = open(&path)?;
    let series = first(&store, "s0000")?;
    let window = series.window(0.0, end, PIXELS)?;
    if points(&window) < 6_000 || !window.is_exact {
        return Err("the window is not what it should be".into());
    }
    let warm = |from: f64, to: f64| {
        measured(31, || {
            black_box(series.window(from, to, PIXELS)?);
            Ok(())
        })
    };
    report(
        "100 M points, 2,000 pixels, warm",
        warm(0.0, end)?,
        "≤ 30 ms",
    );
    report("a tenth of them, warm", warm(end * 0.43, end * 0.53)?, "");
    report("10,000 of them, warm", warm(5e7, 5e7 + 1e4)?, "");
    let time = WindowQuery::new(WindowAxis::Time, 1.7e15, 1.7e15 + 2.1e12, PIXELS)?;
    let times = measured(15, || {
        black_box(series.query(&time)?);
        Ok(())
    })?;
    report("100 M points over wall time, warm", times, "");
    let query = WindowQuery::new(WindowAxis::Step, 0.0, end, PIXELS)?;
    let times = measured(31, || {
        black_box(series.preview(&query)?);
        Ok(())
    })?;
    report("100 M points, preview, warm", times, "");
    Ok(())
}

fn many(folder: &Path) -> Outcome<()> {
    let path = folder.join("many.db");
    build(&path, 1_000, 100_000)?;
    let store = open(&path)?;
    let mut ids = Vec::new();
    for number in 0..1_000 {
        let found = store.series_of(&format!("s{number:04}"))?;
        ids.extend(found.first().map(|info| info.id));
    }
    let query = WindowQuery::new(WindowAxis::Step, 0.0, 99_999.0, PIXELS)?;
    let all = |exact: bool| {
        measured(5, || {
            for id in &ids {
                let series = store.series(*id)?;
                black_box(if exact {
                    series.query(&query)?
                } else {
                    series.preview(&query)?
                });
            }
            Ok(())
        })
    };
    report(
        "1,000 sessions × 100,000 points, preview",
        all(false)?,
        "≤ 300 ms",
    );
    report(
        "1,000 sessions × 100,000 points, exact",
        all(true)?,
        "≤ 1,500 ms",
    );
    Ok(())
}

fn main() -> Outcome<()> {
    let temporary;
    let folder = match std::env::args_os().nth(1) {
        Some(folder) => folder.into(),
        None => {
            temporary = tempfile::tempdir()?;
            temporary.path().to_owned()
        }
    };
    println!("{:<52} {:>9} {:>9}", "medians", "ms", "CPU ms");
    let part = std::env::args().nth(2);
    let is_wanted = |name: &str| part.as_ref().is_none_or(|part| part == name);
    if is_wanted("many") {
        many(&folder)?;
    }
    if is_wanted("whole") {
        whole(&folder)?;
    }
    if is_wanted("large") {
        large(&folder)?;
    }
    Ok(())
}
