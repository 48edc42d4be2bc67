//! A store with 100,000 sessions: medians of `list` and `session`, and the rate of imports.
//!
//! `cargo run --release -p entrenar --features store --example store_scale [SESSIONS [FILE]]`
#![expect(clippy::print_stdout, reason = "prints what it measures")]

use std::error::Error;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta};
use entrenar::session::{
    CellRecord, CodeCell, EntrenarSession, Sha256Hash, SourceFormat, SourceInfo, SystemClock,
    output,
};
use entrenar::store::{
    Comparison, ListQuery, MetricBound, SortKey, SqliteStore, Store as _, StoreMode,
};

/// Sessions in one transaction.
const BATCH: u32 = 2_000;
/// Repetitions of which the median is shown.
const ROUNDS: usize = 15;

/// A small session: three cells, two series, a source of 2 KiB.
fn session(number: u32) -> (EntrenarSession, Vec<u8>) {
    let source = format!(
        "{{\"number\": {number}, \"text\": \"{}\"}}",
        "x".repeat(2_000)
    );
    let source = source.into_bytes();
    let sha256 = Sha256Hash::of(&source);
    let id: String = sha256.to_string().chars().take(16).collect();
    let mut session = EntrenarSession::empty(id, format!("Session {}", number % 1_000))
        .with_user(format!("user{}", number % 50))
        .with_tag(format!("tag{}", number % 20));
    let started = DateTime::UNIX_EPOCH + TimeDelta::minutes(28_000_000 + i64::from(number));
    session.started_at = Some(started);
    session.ended_at = Some(started + TimeDelta::seconds(i64::from(number % 4_000)));
    session.source = Some(SourceInfo {
        name: Some(format!("{number}.ipynb")),
        format: SourceFormat::Jupyter,
        sha256,
        size: 2_048,
    });
    let scale = f64::from(number.wrapping_mul(2_654_435_761) >> 8);
    for step in 1..=20_u32 {
        session.metrics.add_loss(scale / f64::from(step));
        session
            .metrics
            .add_accuracy(f64::from(step) / (20.0 + scale));
    }
    for order in 1..=3 {
        let text = format!("cell {order}: loss={scale}\n");
        session.add_recorded_cell(
            CodeCell {
                execution_order: order,
                source: format!("train(step={order}, session={number})"),
                output: Some(text.clone()),
                timestamp: started,
                duration_ms: Some(5),
            },
            CellRecord {
                outputs: vec![output::stream("stdout", text)],
                ..CellRecord::default()
            },
        );
    }
    (session, source)
}

fn median(
    mut work: impl FnMut(usize) -> Result<(), Box<dyn Error>>,
) -> Result<Duration, Box<dyn Error>> {
    let mut times = Vec::with_capacity(ROUNDS);
    for round in 0..=ROUNDS {
        let begin = Instant::now();
        work(round)?;
        // The first warms the caches.
        if round > 0 {
            times.push(begin.elapsed());
        }
    }
    times.sort_unstable();
    Ok(times.get(ROUNDS / 2).copied().unwrap_or_default())
}

fn show(what: &str, time: Duration) {
    println!("{what:<44} {:>9.2} ms", time.as_secs_f64() * 1e3);
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let sessions: u32 = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let path = arguments
        .next()
        .map_or_else(|| folder.path().join("store.db"), Into::into);
    let mut store = SqliteStore::open(&path, StoreMode::ReadWrite, SystemClock)?;

    let begin = Instant::now();
    for first in (0..sessions).step_by(usize::try_from(BATCH)?) {
        let batch: Vec<_> = (first..sessions.min(first + BATCH)).map(session).collect();
        let batch: Vec<_> = batch
            .iter()
            .map(|(session, source)| (session, Some(source.as_slice())))
            .collect();
        for status in store.import_all(&batch)? {
            status?;
        }
    }
    let rate = f64::from(sessions) / begin.elapsed().as_secs_f64();
    println!("import, {BATCH} in a transaction: {rate:.0} sessions/s");
    let size = std::fs::metadata(&path)?.len();
    println!("store: {} MiB", size >> 20);

    let begin = Instant::now();
    for number in sessions..sessions + 50 {
        let (session, source) = session(number);
        store.import(&session, Some(&source))?;
    }
    show("import of one (mean of 50)", begin.elapsed() / 50);

    let first_50 = |sort| ListQuery {
        sort,
        limit: Some(50),
        ..ListQuery::default()
    };
    let bound = MetricBound {
        metric: "loss".into(),
        comparison: Comparison::Less,
        value: 1_000.0,
    };
    for (what, query) in [
        ("list, newest 50", first_50(SortKey::Started)),
        ("list --sort best_loss, 50", first_50(SortKey::BestLoss)),
        ("list --sort name, 50", first_50(SortKey::Name)),
        (
            "list --sort format (all equal), 50",
            first_50(SortKey::Format),
        ),
        (
            "list --sort metric loss, 50",
            first_50(SortKey::Metric("loss".into())),
        ),
        (
            "list --tag, sort best_loss, 50",
            ListQuery {
                tags: vec!["tag7".into()],
                ..first_50(SortKey::BestLoss)
            },
        ),
        (
            "list, loss < 1000, newest 50",
            ListQuery {
                bounds: vec![bound],
                ..first_50(SortKey::Started)
            },
        ),
        (
            "list, text found in all, 50",
            ListQuery {
                text: Some("TRAIN(".into()),
                ..first_50(SortKey::Started)
            },
        ),
        (
            "list, text found nowhere",
            ListQuery {
                text: Some("nowhere".into()),
                ..first_50(SortKey::Started)
            },
        ),
        ("list, all", ListQuery::default()),
    ] {
        let time = median(|_round| {
            std::hint::black_box(store.list(&query)?);
            Ok(())
        })?;
        show(what, time);
    }
    let ids: Vec<String> = store
        .list(&first_50(SortKey::Name))?
        .into_iter()
        .map(|summary| summary.id)
        .collect();
    let time = median(|round| {
        let id = ids.get(round % ids.len()).ok_or("no sessions")?;
        std::hint::black_box(store.session(id)?);
        Ok(())
    })?;
    show("session", time);

    // A program that is started anew for each command.
    let time = median(|_round| {
        let store = SqliteStore::open(&path, StoreMode::ReadOnly, SystemClock)?;
        std::hint::black_box(store.list(&first_50(SortKey::BestLoss))?);
        Ok(())
    })?;
    show("open and list --sort best_loss, 50", time);
    Ok(())
}
