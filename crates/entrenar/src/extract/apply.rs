use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Value;

use crate::session::{
    EntrenarSession, ImportWarning, Origin, OriginKind, Place, Point, SeriesKey, WarningKind,
    output,
};

use super::grammar::dict;
use super::lines::{self, LineState};
use super::reader::Reader;
use super::{ExtractedPoint, PointKind, runs};

/// Reads the outputs of all cells of `session` into its metrics and finds its runs.
///
/// The outputs of one stream (`stdout`, `stderr`) of a cell are read as one text. Of what a cell evaluated
/// to or displayed, a dictionary (`{'eval_loss': 0.28, …}`) and a table of metrics in HTML are
/// read; tracebacks are not. A table shown again with more lines counts once. An intermediate
/// state of a progress bar enters only where its cell reports nothing else of that name.
///
/// Call it once, when all cells are there: a second call would add the points again.
///
/// # Runs
/// A point with a step or an epoch is *placed*. The first placed point opens a run. A later one
/// opens a new run if it goes back relative to the points of the same name and rank in the
/// current run: in another cell, to any earlier place or to the same single one; in the same
/// cell, to the place where the series began. The epoch counts before the step, so a step that
/// begins again in each epoch opens no run. Everything else continues the current run: other
/// names, later places, values without a place (an evaluation). What its cell showed before the
/// point that opens a run belongs to it, too, if it leads up to that point and the run before
/// began in an earlier cell. Values without a place before the first run belong to no run; where a
/// session has no placed point at all, one run takes all its points.
/// A value without a place, of a metric that the run placed in an earlier cell, belongs to no run
/// either: it is an evaluation of the trained model (Keras' `evaluate` prints the names of `fit`),
/// not one more step.
///
/// A run failed if the cell of its last point did, or another of its cells in which no later run
/// began; it finished if its cells ran and none failed. Its times are those of its cells, where
/// they were recorded and the cell holds no other run at that end.
///
/// Its settings are what the cells up to its first one assign at their top level, and above that
/// the named arguments of the call that trains (`fit(x, lr=0.1)`). An assignment counts where the
/// run's code uses it, itself or through what it uses; one that no code uses counts where no
/// earlier run followed on it and no method trains.
pub fn apply(session: &mut EntrenarSession) {
    let mut cells = Vec::new();
    let mut full = Vec::new();
    for (index, record) in session.cell_records.iter().enumerate() {
        let points = cell_points(&record.outputs);
        if points.len() >= super::MAX_POINTS {
            full.push(index);
        }
        if !points.is_empty() {
            cells.push((index, points));
        }
    }
    for index in full {
        session.warnings.push(ImportWarning::new(
            WarningKind::Limit,
            Place::path(format!("code cell {index} in the order they ran")),
            format!(
                "the outputs hold more than {} numbers; the rest was not read as metrics",
                super::MAX_POINTS
            ),
        ));
    }
    let assigned = runs::find(session, &cells);
    for ((index, points), runs) in cells.into_iter().zip(assigned) {
        for ((point, output, span), run) in points.into_iter().zip(runs) {
            let key = SeriesKey {
                name: point.name,
                run,
                rank: point.rank,
            };
            let origin = Origin {
                kind: OriginKind::Printed,
                cell: u32::try_from(index).unwrap_or(u32::MAX),
                output,
                span,
                rule: Cow::Borrowed(point.rule),
            };
            session.metrics.push(
                key,
                Point {
                    value: point.value,
                    step: point.step,
                    epoch: point.epoch,
                    time_us: None,
                    origin: Some(origin),
                },
            );
        }
    }
}

/// A point with the output it was read from and its place in that output's text.
pub(super) type CellPoint = (ExtractedPoint, u32, Range<u32>);

/// The points of one cell's outputs.
fn cell_points(outputs: &[Value]) -> Vec<CellPoint> {
    let mut points = Vec::new();
    let mut streams: Vec<(Option<&str>, Joined)> = Vec::new();
    let mut table: (usize, Vec<ExtractedPoint>) = (0, Vec::new());
    for (index, output) in outputs.iter().enumerate() {
        let html = super::html::points(&html_text(output));
        if !html.is_empty() {
            if grows(&table.1, &html) {
                let shown = narrow(table.0);
                points.retain(|(point, output, _): &CellPoint| {
                    *output != shown || point.rule != "html table"
                });
            }
            table = (index, html.clone());
            points.extend(html.into_iter().map(|point| {
                let span = narrow(point.span.start)..narrow(point.span.end);
                (point, narrow(index), span)
            }));
        }
        match output.get("output_type").and_then(Value::as_str) {
            Some("stream") => {
                let name = output.get("name").and_then(Value::as_str);
                match streams.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, joined)) => joined.push(index, output),
                    None => {
                        let mut joined = Joined::default();
                        joined.push(index, output);
                        streams.push((name, joined));
                    }
                }
            }
            Some("execute_result") => {
                if let Some(text) = output::plain_text(output) {
                    for point in evaluated(&text) {
                        let span = narrow(point.span.start)..narrow(point.span.end);
                        points.push((point, narrow(index), span));
                    }
                }
            }
            _ => {}
        }
    }
    for (_, joined) in &streams {
        for point in super::points(&joined.text) {
            let (output, span) = joined.place(&point.span);
            points.push((point, output, span));
        }
    }
    // In the order of the outputs; the points of one stream already are.
    points.sort_by_key(|(_, output, _)| *output);
    if points
        .iter()
        .all(|(point, ..)| point.kind == PointKind::Log)
    {
        return points;
    }
    let logged: BTreeSet<String> = points
        .iter()
        .filter(|(point, ..)| point.kind == PointKind::Log)
        .map(|(point, ..)| point.name.clone())
        .collect();
    points.retain(|(point, ..)| point.kind == PointKind::Log || !logged.contains(&point.name));
    points
}

/// The HTML of an output; empty where it has none.
fn html_text(output: &Value) -> Cow<'_, str> {
    match output.get("data").and_then(|data| data.get("text/html")) {
        Some(Value::String(html)) => Cow::Borrowed(html),
        Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).collect(),
        _ => Cow::Borrowed(""),
    }
}

/// Whether `now` is the table `before`, perhaps with more lines.
fn grows(before: &[ExtractedPoint], now: &[ExtractedPoint]) -> bool {
    !before.is_empty()
        && before.len() <= now.len()
        && before.iter().zip(now).all(|(old, new)| {
            old.name == new.name
                && old.value.to_bits() == new.value.to_bits()
                && old.step == new.step
                && old.epoch == new.epoch
        })
}

/// Reads a dictionary that a cell evaluated to; it may be spread over several lines.
fn evaluated(text: &str) -> Vec<ExtractedPoint> {
    let trimmed = text.trim();
    if !(trimmed.starts_with('{') && trimmed.ends_with('}') && trimmed.len() <= lines::MAX_LINE) {
        return Vec::new();
    }
    let mut reader = Reader::default();
    let whole = dict::read(text, text.len() - text.trim_start().len()).is_some_and(|dict| {
        text.get(dict.end..)
            .is_some_and(|rest| rest.trim().is_empty())
    });
    if whole {
        reader.line(&LineState::whole(text));
    }
    reader.finish()
}

/// Several outputs as one text.
#[derive(Default)]
struct Joined {
    text: String,
    /// Where each output begins in the text, with its index.
    starts: Vec<(usize, usize)>,
}

impl Joined {
    fn push(&mut self, index: usize, output: &Value) {
        self.starts.push((self.text.len(), index));
        match output.get("text") {
            Some(Value::String(text)) => self.text.push_str(text),
            Some(Value::Array(lines)) => {
                for line in lines.iter().filter_map(Value::as_str) {
                    self.text.push_str(line);
                }
            }
            _ => {}
        }
    }

    /// The output that holds `span` of the text, and its place there. What reaches into the
    /// next output is cut off.
    fn place(&self, span: &Range<usize>) -> (u32, Range<u32>) {
        let behind = self
            .starts
            .partition_point(|(start, _)| *start <= span.start);
        let (start, index) = behind
            .checked_sub(1)
            .and_then(|at| self.starts.get(at))
            .copied()
            .unwrap_or_default();
        let limit = self
            .starts
            .get(behind)
            .map_or(self.text.len(), |(next, _)| *next);
        let end = span.end.min(limit);
        (
            narrow(index),
            narrow(span.start - start)..narrow(end - start),
        )
    }
}

fn narrow(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
