use std::borrow::Cow;
use std::iter;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use entrenar::bridge::Limits;
use entrenar::session::{EntrenarSession, ImportWarning, Sha256Hash, SystemClock};
use entrenar::store::{self, ImportStatus, Prepared, SqliteStore, StoreError};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::figures;
use crate::input::{self, Input, Read};
use crate::reader::{self, Results};
use crate::table::{Column, Table};
use crate::term::{Line, Tone, visible};

/// Keep sessions in the store
///
/// Reads Jupyter notebooks, Ruchy recordings, entrenar's own session.json and the folders, zips and
/// bags that `preserve` and `crate` wrote. A folder is searched with all folders in it; hidden ones are passed over, and
/// so are files such as data.jsonl that hold something else.
/// A file that is in the store already changes nothing. One that cannot be read does not stop
/// the others.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar import lora.ipynb session.replay
  entrenar import experiments/
  entrenar import 'runs/2026-*/*.ipynb'
  curl -s https://example.org/run.ipynb | entrenar import -")]
pub(crate) struct Args {
    /// Files, folders, patterns, or `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    inputs: Vec<PathBuf>,
    /// Print an array with one object per input
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    limit: SizeLimit,
}

/// The size limit of what is read.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct SizeLimit {
    /// Refuse a larger file; reading takes some ten times its size in memory
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = Limits::default().max_bytes,
        value_parser = clap::value_parser!(u64).range(..=store::MAX_VALUE_BYTES),
    )]
    max_bytes: u64,
}

impl SizeLimit {
    /// The bounds for the readers.
    pub(crate) fn limits(self) -> Limits {
        Limits::for_bytes(self.max_bytes)
    }
}

/// Sessions that are kept in one transaction: so many, or so many bytes of sources.
const BATCH_SESSIONS: usize = 256;
const BATCH_BYTES: u64 = 64 << 20;
/// A transaction takes no more sessions after this time.
const BATCH_TIME: Duration = Duration::from_secs(1);
/// How long a transaction waits for the next session.
const PATIENCE: Duration = Duration::from_millis(50);
/// With more inputs than this, only the failures are listed one by one.
const MOST_LISTED: usize = 40;
/// With fewer inputs and bytes than this, no progress bar is worth its flicker.
const FEW_INPUTS: usize = 8;
const FEW_BYTES: u64 = 16 << 20;

/// What became of one input.
#[derive(Debug)]
struct Outcome {
    source: String,
    result: Result<Kept, Failure>,
}

/// A session that is in the store.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Whether it is new there.
    pub(crate) status: ImportStatus,
    id: String,
    sha256: Option<Sha256Hash>,
    cells: usize,
    points: usize,
    warnings: Vec<ImportWarning>,
}

impl Kept {
    fn new(session: &EntrenarSession, status: ImportStatus) -> Self {
        Self {
            status,
            id: session.id.clone(),
            sha256: session.source.as_ref().map(|source| source.sha256),
            cells: session.code_history.len(),
            points: session.metrics.point_count(),
            warnings: session.warnings.clone(),
        }
    }
}

/// The name of a status in JSON and in tables.
pub(crate) fn status_name(status: ImportStatus) -> &'static str {
    match status {
        ImportStatus::Imported => "imported",
        ImportStatus::Unchanged => "unchanged",
    }
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let mut outcomes = Vec::new();
        let mut inputs = Vec::new();
        let mut places = Vec::new();
        for gathered in self
            .inputs
            .iter()
            .flat_map(|argument| input::gather(argument))
        {
            match gathered {
                Ok(input) => {
                    places.push(outcomes.len());
                    outcomes.push(None);
                    inputs.push(input);
                }
                Err((source, failure)) => outcomes.push(Some(Outcome {
                    source,
                    result: Err(failure),
                })),
            }
        }
        if inputs
            .iter()
            .filter(|input| **input == Input::Stdin)
            .count()
            > 1
        {
            return Err(Failure::usage(
                "standard input can be read once: `-` is given twice",
            ));
        }
        let bar = progress(&inputs);
        let mut tell = |at: usize, outcome: Outcome| {
            if let Some(slot) = places.get(at).and_then(|place| outcomes.get_mut(*place)) {
                *slot = Some(outcome);
            }
        };
        let prepare = |read: Read| {
            Prepared::of_verified(Cow::Owned(read.session), read.source.map(Cow::Owned))
        };
        // The store is opened, or made, while the readers begin.
        let read = reader::read_in_order(&inputs, self.limit.limits(), prepare, |results| {
            let mut batches = Batches {
                inputs: &inputs,
                results,
                bar: &bar,
                tell: &mut tell,
            };
            let path = app.store_path()?;
            let made = batches.keep(None, |sessions| {
                Ok(SqliteStore::create(&path, SystemClock, sessions)?)
            });
            let mut store = match made {
                Ok(true) => None,
                Ok(false) => Some(app.store_to_write()?),
                Err(failure) => return Ok(Err(failure)),
            };
            // The first of a transaction is waited for without the store's lock.
            let mut keep_all = || {
                while let Some(first) = batches.results.next() {
                    let store = match &mut store {
                        Some(store) => store,
                        None => store.insert(app.store_to_write()?),
                    };
                    batches.keep(Some(first), |sessions| {
                        Ok(Some(store.import_prepared(sessions)?))
                    })?;
                }
                Ok(())
            };
            Ok::<Result<(), Failure>, Failure>(keep_all())
        })
        .and_then(|opened| opened);
        bar.finish_and_clear();
        let read = read?;
        let (other, outcomes): (Vec<Outcome>, Vec<Outcome>) =
            outcomes.into_iter().flatten().partition(|outcome| {
                let failure = outcome.result.as_ref().err();
                failure.is_some_and(Failure::is_unknown_format)
            });
        if self.json {
            let values = outcomes.iter().map(to_json).collect();
            app.out.json(&Value::Array(values))?;
        } else {
            print(app, &outcomes)?;
        }
        tell_other(app, &other)?;
        // The store failed: what was kept before that has been shown.
        read?;
        if outcomes.is_empty() {
            return Err(Failure::new(Exit::InputFailed, "no session was found"));
        }
        let failed = outcomes.iter().any(|outcome| outcome.result.is_err());
        Ok(if failed {
            Exit::InputFailed
        } else {
            Exit::Done
        })
    }
}

/// What was read of one input.
type Reading = (usize, Result<Prepared<'static>, Failure>);

/// Keeps what is read, many sessions in one transaction, and tells what became of each.
struct Batches<'a, 'r, F> {
    inputs: &'a [Input],
    results: &'a mut Results<'r, Prepared<'static>>,
    bar: &'a ProgressBar,
    tell: &'a mut F,
}

impl<F: FnMut(usize, Outcome)> Batches<'_, '_, F> {
    /// Lets `import` keep `first`, or what comes first, and what is read soon after it. `import`
    /// may find that it cannot begin, and takes none then. Tells whether it did.
    fn keep(
        &mut self,
        mut first: Option<Reading>,
        import: impl FnOnce(
            &mut dyn Iterator<Item = Prepared<'static>>,
        ) -> Result<Option<Vec<Result<ImportStatus, StoreError>>>, Failure>,
    ) -> Result<bool, Failure> {
        let Self {
            inputs,
            results,
            bar,
            tell,
        } = self;
        let name = |at: usize| inputs.get(at).map(Input::name).unwrap_or_default();
        let mut begin: Option<Instant> = None;
        let mut bytes = 0;
        let mut notes = Vec::new();
        let mut sessions = iter::from_fn(|| {
            loop {
                let (at, read) = match (first.take(), begin) {
                    (Some(first), _) => first,
                    (None, None) => results.next()?,
                    (None, Some(begin)) => {
                        let is_full = notes.len() >= BATCH_SESSIONS
                            || bytes >= BATCH_BYTES
                            || begin.elapsed() >= BATCH_TIME;
                        (!is_full).then(|| results.next_within(PATIENCE))??
                    }
                };
                begin.get_or_insert_with(Instant::now);
                bar.set_message(visible(&name(at)).into_owned());
                bar.inc(1);
                match read {
                    Ok(session) => {
                        bytes += inputs.get(at).map_or(0, Input::size);
                        let kept = Kept::new(session.session(), ImportStatus::Unchanged);
                        notes.push((at, kept));
                        return Some(session);
                    }
                    Err(failure) => tell(
                        at,
                        Outcome {
                            source: name(at),
                            result: Err(failure),
                        },
                    ),
                }
            }
        });
        let Some(results) = import(&mut sessions)? else {
            return Ok(false);
        };
        for ((at, kept), result) in notes.into_iter().zip(results) {
            let result = result
                .map(|status| Kept { status, ..kept })
                .map_err(Failure::from);
            let source = name(at);
            tell(at, Outcome { source, result });
        }
        Ok(true)
    }
}

fn progress(inputs: &[Input]) -> ProgressBar {
    let bytes: u64 = inputs.iter().map(Input::size).sum();
    let bar = ProgressBar::new(u64::try_from(inputs.len()).unwrap_or(u64::MAX));
    if inputs.len() < FEW_INPUTS && bytes < FEW_BYTES {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len}  {wide_msg}") {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar
}

fn to_json(outcome: &Outcome) -> Value {
    match &outcome.result {
        Ok(kept) => json!({
            "id": kept.id,
            "source": outcome.source,
            "sha256": kept.sha256.map(|hash| hash.to_string()),
            "status": status_name(kept.status),
            "cells": kept.cells,
            "points": kept.points,
            "warnings": warnings_json(&kept.warnings),
        }),
        Err(failure) => json!({
            "id": null,
            "source": outcome.source,
            "sha256": null,
            "status": "failed",
            "cells": 0,
            "points": 0,
            "warnings": [],
            "error": failure.in_one_line(),
        }),
    }
}

/// Warnings as they are in `show --json`.
pub(crate) fn warnings_json(warnings: &[ImportWarning]) -> Value {
    warnings
        .iter()
        .map(|warning| {
            json!({
                "kind": warning.kind.as_str(),
                "path": warning.place.path,
                "byte": warning.place.byte,
                "message": warning.message,
            })
        })
        .collect()
}

/// Tells of files that were found in folders and hold no session.
fn tell_other(app: &mut App, other: &[Outcome]) -> Result<(), Failure> {
    let Some(first) = other.first() else {
        return Ok(());
    };
    app.out.flush()?;
    let text = if other.len() == 1 {
        format!("passed over: {} is of no known kind", first.source)
    } else {
        let count = figures::count(other.len(), "file is", "files are");
        format!(
            "passed over: {count} of no known kind, such as {}",
            first.source
        )
    };
    let line = Line::of(Tone::Dim, text).dim("; `import FILE` says why");
    Ok(app.err.long_line(&line)?)
}

fn print(app: &mut App, outcomes: &[Outcome]) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("", Column::Left),
        ("", Column::Left),
        ("", Column::Path),
        ("", Column::Right),
        ("", Column::Right),
        ("", Column::Right),
    ]);
    let [cells, points] = [3, 4];
    table.may_drop(&[cells]);
    table.may_drop(&[points]);
    let mut counts = [0_usize; 3];
    let [imported, unchanged, failed] = &mut counts;
    for outcome in outcomes {
        let Ok(kept) = &outcome.result else {
            *failed += 1;
            continue;
        };
        let (counter, tone) = match kept.status {
            ImportStatus::Imported => (&mut *imported, Tone::Good),
            ImportStatus::Unchanged => (&mut *unchanged, Tone::Dim),
        };
        *counter += 1;
        let some = |n: usize, one, many| {
            let text = if n == 0 {
                String::new()
            } else {
                figures::count(n, one, many)
            };
            Line::new().plain(text)
        };
        table.row(vec![
            Line::of(tone, status_name(kept.status)),
            Line::of(Tone::Id, &kept.id),
            Line::new().plain(&outcome.source),
            some(kept.cells, "cell", "cells"),
            some(kept.points, "point", "points"),
            some(kept.warnings.len(), "warning", "warnings"),
        ]);
    }
    if outcomes.len() <= MOST_LISTED {
        for line in table.lines(app.out.columns()) {
            app.out.line(&line)?;
        }
    }
    if outcomes.len() > 1 {
        let mut parts = Vec::new();
        for (n, what) in counts.iter().zip(["imported", "unchanged", "failed"]) {
            if *n > 0 {
                parts.push(format!("{} {what}", figures::grouped(*n)));
            }
        }
        app.out.line(&Line::of(Tone::Strong, parts.join(", ")))?;
    }
    app.out.flush()?;
    for failure in outcomes.iter().filter_map(|o| o.result.as_ref().err()) {
        app.tell(failure);
    }
    Ok(())
}
