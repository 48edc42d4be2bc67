//! Training history from the values that cells evaluate to.
//!
//! Ruchy's recorder keeps nothing of what a session prints; what the session evaluates is all
//! there is of it. [`apply`] reads a session under these rules:
//!
//! * Printed text gives points as in any session; a value does not count as printed.
//! * Only a cell whose source shows a variable or a field (`losses`, `history.loss`) counts: a
//!   definition is input, a call is not a variable, and a [command](is_command) shows the
//!   REPL's state.
//! * A list of numbers is a series named by that variable (rule `ruchy-list`). Evaluated again,
//!   it continues the series where the earlier list is its beginning, else it replaces it.
//! * An object gives a series for each of its lists, named `variable.key`. A list of objects
//!   gives one for each [metric](is_metric_name) among their numbers (rule `ruchy-records`).
//!   Numbers at `epoch` and `step` in the same object are the points' epoch and step.
//! * A single number gives a point (rule `ruchy-number`) only if the variable is named like a
//!   metric; showing it again without anything having run in between gives no second point.
//! * A variable that the session shows to be input data gives nothing, except for a list that is
//!   named like a metric.
//! * Where printed text and evaluated values give a series of one name, the one with more
//!   points stays; at a tie the printed one.
//! * A point has no step unless an object tells: its place in the series says as much.

mod parse;
mod records;
mod source;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use serde_json::Value;

use crate::extract;
use crate::session::{
    EntrenarSession, Origin, OriginKind, Point, Series, SeriesKey, names, output,
};

pub use parse::{Shown, parse, unwrap_string};
pub(super) use source::is_value;
pub use source::{is_command, prints};

use records::Found;
use source::Data;

/// Reads the training history of a session of Ruchy cells into its metrics, from printed text
/// (as [`extract::apply`], which it calls) and from evaluated values.
///
/// A bridge calls it once, when cells and outputs are complete, in place of `extract::apply`.
pub fn apply(session: &mut EntrenarSession) {
    without_values(session, extract::apply);
    for (name, list) in evaluated(session) {
        add_series(session, name, list);
    }
}

/// Calls `read` while the outputs that are no printed text are out of its sight: all of
/// commands, and the values of the other cells.
fn without_values(session: &mut EntrenarSession, read: impl FnOnce(&mut EntrenarSession)) {
    let mut texts = Vec::new();
    let mut values = Vec::new();
    for (index, cell) in session.code_history.iter_mut().enumerate() {
        let command = is_command(&cell.source);
        if command && let Some(text) = cell.output.take() {
            texts.push((index, text));
        }
        let record = session.cell_records.get_mut(index);
        let outputs = record.map_or([].as_mut_slice(), |record| &mut record.outputs);
        for (place, output) in outputs.iter_mut().enumerate() {
            if command || kind(output) == "execute_result" {
                values.push((index, place, mem::take(output)));
            }
        }
    }
    read(session);
    for (index, text) in texts {
        if let Some(cell) = session.code_history.get_mut(index) {
            cell.output = Some(text);
        }
    }
    for (index, place, value) in values {
        let record = session.cell_records.get_mut(index);
        if let Some(output) = record.and_then(|record| record.outputs.get_mut(place)) {
            *output = value;
        }
    }
}

fn kind(output: &Value) -> &str {
    output
        .get("output_type")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Whether a name is that of a metric: its last word is a loss, an accuracy, an error measure
/// or a score (`val_loss`, `rmse`, `f1_score`, `losses`), and it is no `loss_fn`.
pub fn is_metric_name(name: &str) -> bool {
    const METRICS: [&str; 26] = [
        "acc",
        "accs",
        "accuracies",
        "accuracy",
        "auc",
        "bleu",
        "dice",
        "elbo",
        "f1",
        "iou",
        "loss",
        "losses",
        "mae",
        "mape",
        "mse",
        "nll",
        "perplexity",
        "ppl",
        "precision",
        "psnr",
        "r2",
        "recall",
        "reward",
        "rewards",
        "rmse",
        "rouge",
    ];
    let folded = names::fold(name);
    let mut words: Vec<&str> = folded.split('_').collect();
    if words.len() > 1 && matches!(words.last(), Some(&("score" | "history" | "rate"))) {
        let _suffix = words.pop();
    }
    words.last().is_some_and(|word| METRICS.contains(word))
        || names::loss_rank(name).is_some()
        || names::accuracy_rank(name).is_some()
}

/// The points of one name, as the cells so far show them.
struct Evaluated {
    points: Vec<Point>,
    /// Whether the points are single numbers, one a cell.
    single: bool,
    /// How many cells that may change a variable had run when the last point was shown.
    changes: usize,
}

/// All evaluated series, in the order in which their names were first shown.
fn evaluated(session: &EntrenarSession) -> Vec<(String, Evaluated)> {
    let printed = outputs_with_points(session);
    let mut data = Data::default();
    let mut changes = 0;
    let mut order: Vec<(String, Evaluated)> = Vec::new();
    let mut index: BTreeMap<String, usize> = BTreeMap::new();
    for (number, (cell, record)) in session.cells().enumerate() {
        let Some(record) = record else { continue };
        if !source::only_shows(&cell.source) {
            changes += 1;
        }
        if record.error.is_some() || is_command(&cell.source) {
            continue;
        }
        data.note(&cell.source);
        let Some(path) = source::shown_path(&cell.source) else {
            continue;
        };
        let Some((place, text, base)) = shown_text(&record.outputs) else {
            continue;
        };
        let Some(value) = text.get(base..).and_then(parse) else {
            continue;
        };
        if printed.contains(&(u32::try_from(number).unwrap_or(u32::MAX), place)) {
            continue;
        }
        for found in records::find(&path, &value) {
            // A number that was typed in may be named like a metric: `config.loss`.
            if data.is_data(&path) && (found.single || !is_metric_name(&found.name)) {
                continue;
            }
            let points = located(&found, number, place, base);
            let end = order.len();
            let at = *index.entry(found.name.clone()).or_insert(end);
            match order.get_mut(at) {
                Some((_, known)) => known.add(points, found.single, changes),
                None => order.push((
                    found.name,
                    Evaluated {
                        points,
                        single: found.single,
                        changes,
                    },
                )),
            }
        }
    }
    order
}

impl Evaluated {
    fn add(&mut self, points: Vec<Point>, single: bool, changes: usize) {
        match (self.single, single) {
            (true, true) => {
                if changes != self.changes {
                    self.points.extend(points);
                }
            }
            // The list has the number already, as far as anyone can tell.
            (false, true) => {}
            (true, false) => {
                self.points = points;
                self.single = false;
            }
            (false, false) => {
                let known = self.points.len();
                let continues = points.len() >= known
                    && points.iter().zip(&self.points).all(|(new, old)| {
                        new.value.to_bits() == old.value.to_bits()
                            || new.value.is_nan() && old.value.is_nan()
                    });
                if continues {
                    self.points.extend(points.into_iter().skip(known));
                } else {
                    self.points = points;
                }
            }
        }
        self.changes = changes;
    }
}

/// The output that shows the cell's value: its number, its text, and the byte offset at which
/// the value begins. That is the last result, else the last line of the last printed text.
fn shown_text(outputs: &[Value]) -> Option<(u32, String, usize)> {
    let (index, shown) = outputs
        .iter()
        .enumerate()
        .rev()
        .find(|(_, output)| matches!(kind(output), "execute_result" | "display_data"))
        .or_else(|| {
            let last = outputs.iter().enumerate().next_back();
            last.filter(|(_, output)| {
                kind(output) == "stream"
                    && output.get("name").and_then(Value::as_str) != Some("stderr")
            })
        })?;
    let text = output::plain_text(shown)?;
    let base = match kind(shown) {
        "stream" => text.trim_end().rfind('\n').map_or(0, |newline| newline + 1),
        _ => 0,
    };
    Some((u32::try_from(index).ok()?, text, base))
}

/// Cell and output of all points that were read from printed text.
fn outputs_with_points(session: &EntrenarSession) -> BTreeSet<(u32, u32)> {
    session
        .metrics
        .series()
        .iter()
        .flat_map(Series::points)
        .filter_map(|point| point.origin)
        .map(|origin| (origin.cell, origin.output))
        .collect()
}

fn located(found: &Found, cell: usize, place: u32, base: usize) -> Vec<Point> {
    let offset = |at: usize| u32::try_from(base + at).unwrap_or(u32::MAX);
    found
        .values
        .iter()
        .map(|value| Point {
            value: value.value,
            step: value.step,
            epoch: value.epoch,
            time_us: None,
            origin: Some(Origin {
                kind: OriginKind::Evaluated,
                cell: u32::try_from(cell).unwrap_or(u32::MAX),
                output: place,
                span: offset(value.span.start)..offset(value.span.end),
                rule: Cow::Borrowed(found.rule),
            }),
        })
        .collect()
}

/// Adds an evaluated series, unless printed text gave as many points of that name.
fn add_series(session: &mut EntrenarSession, name: String, evaluated: Evaluated) {
    let printed: Vec<SeriesKey> = session
        .metrics
        .named(&name)
        .filter(|series| !series.is_empty())
        .map(|series| series.key().clone())
        .collect();
    let count: usize = session.metrics.named(&name).map(Series::len).sum();
    let key = match printed.as_slice() {
        [] => SeriesKey::named(name),
        // The list belongs to the run that printed a part of it.
        [key] if evaluated.points.len() > count => key.clone(),
        _ => return,
    };
    let mut series = Series::new(key);
    for point in evaluated.points {
        series.push(point);
    }
    session.metrics.insert(series);
}
