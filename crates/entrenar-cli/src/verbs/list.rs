use chrono::{DateTime, SecondsFormat, Utc};
use entrenar::research::metadata::nearest;
use entrenar::session::{SessionState, names, number};
use entrenar::store::{ListQuery, MetricBound, SessionSummary, SortKey, SqliteStore, Store as _};
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::bound;
use crate::errors::{Exit, Failure};
use crate::figures;
use crate::table::{Column, Table};
use crate::term::{Line, Tone};
use crate::when;

/// Find sessions by tag, text, date or metric
///
/// Newest first; all conditions must hold.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar list --tag lora --since 7d
  entrenar list --where 'loss<0.5' --sort best_loss
  entrenar list --sort f1_score --reverse --limit 10
  entrenar list --text 'rank 64' --json | jq -r '.[].id'")]
pub(crate) struct Args {
    /// Has this tag (repeatable)
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// Has this text in its name, notes, user, source, id or a cell
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Began at or after: 2026-11-22, 2026-11-22T10:23 (UTC), or 7d, 12h, 2w ago
    #[arg(long, value_name = "TIME", value_parser = when::since)]
    since: Option<DateTime<Utc>>,
    /// Began before, or on that day
    #[arg(long, value_name = "TIME", value_parser = when::until)]
    until: Option<DateTime<Utc>>,
    /// A metric's last value is within a bound: 'loss<0.5', 'best_accuracy>=90' (repeatable);
    /// a name with < or > in it stands in double quotes
    #[arg(long = "where", value_name = "BOUND", value_parser = bound::parse)]
    bounds: Vec<MetricBound>,
    /// Sort by began, imported, id, name, user, format, cells, points, runs, steps, duration,
    /// final_loss, best_loss, final_accuracy, best_accuracy, or any metric's last value
    /// (`metric:NAME` where the name is one of these)
    #[arg(long, value_name = "COLUMN", default_value = "began", value_parser = sort_key)]
    sort: SortKey,
    /// Turn the order round
    #[arg(long)]
    reverse: bool,
    /// Show at most so many; 0 shows all
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// Skip so many first
    #[arg(long, value_name = "N", default_value_t = 0)]
    offset: usize,
    /// Print an array with one object per session
    #[arg(long)]
    json: bool,
}

/// More names are no help.
const MOST_SIMILAR: usize = 5;

/// What a list is sorted by that is no metric, besides [`FIGURES`].
const COLUMNS: [&str; 11] = [
    "began", "imported", "id", "name", "user", "format", "cells", "points", "runs", "steps",
    "duration",
];

#[expect(
    clippy::unnecessary_wraps,
    reason = "clap's value parsers return a result"
)]
fn sort_key(text: &str) -> Result<SortKey, String> {
    Ok(match text.replace('-', "_").as_str() {
        "began" | "started" | "started_at" => SortKey::Started,
        "imported" | "imported_at" => SortKey::Imported,
        "id" => SortKey::Id,
        "name" => SortKey::Name,
        "user" => SortKey::User,
        "format" => SortKey::Format,
        "cells" => SortKey::Cells,
        "points" => SortKey::Points,
        "runs" => SortKey::Runs,
        "steps" => SortKey::Steps,
        "duration" | "took" => SortKey::Duration,
        "final_loss" => SortKey::FinalLoss,
        "best_loss" | "best" => SortKey::BestLoss,
        "final_accuracy" => SortKey::FinalAccuracy,
        "best_accuracy" => SortKey::BestAccuracy,
        _ => SortKey::Metric(text.strip_prefix("metric:").unwrap_or(text).to_owned()),
    })
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let json = self.json;
        let query = ListQuery {
            tags: self.tag,
            text: self.text,
            since: self.since,
            until: self.until,
            bounds: self.bounds,
            sort: self.sort,
            reverse: self.reverse,
            // One more tells whether there are more.
            limit: (self.limit > 0).then(|| self.limit.saturating_add(1)),
            offset: self.offset,
        };
        let mut sessions = Vec::new();
        if let Some(store) = app.store_if_there()? {
            sessions = store.list(&query)?;
            tell_unknown(app, &store, &query)?;
        }
        let more = self.limit > 0 && sessions.len() > self.limit;
        if more {
            sessions.truncate(self.limit);
        }
        if json {
            let values = sessions.iter().map(to_json).collect();
            app.out.json(&Value::Array(values))?;
            return Ok(Exit::Done);
        }
        print(app, &sessions, &query)?;
        if more {
            app.out.flush()?;
            let next = self.offset.saturating_add(self.limit);
            let line = Line::new().dim(format!("there are more: --offset {next}, or --limit 0"));
            app.err.line(&line)?;
        }
        Ok(Exit::Done)
    }
}

/// Figures that every session may have, besides its metrics.
const FIGURES: [&str; 4] = ["final_loss", "best_loss", "final_accuracy", "best_accuracy"];

/// Tells which metrics of the query no session has: most likely a typing mistake.
fn tell_unknown(app: &mut App, store: &SqliteStore, query: &ListQuery) -> Result<(), Failure> {
    let sorted = match &query.sort {
        SortKey::Metric(name) => Some(name.as_str()),
        _ => None,
    };
    let bounds = query.bounds.iter().map(|bound| bound.metric.as_str());
    let mut asked: Vec<&str> = bounds.filter(|name| !FIGURES.contains(name)).collect();
    asked.extend(sorted);
    asked.dedup();
    if asked.is_empty() {
        return Ok(());
    }
    let known = store.metric_names()?;
    for name in asked
        .into_iter()
        .filter(|name| !known.iter().any(|k| k == name))
    {
        let mut others: Vec<&str> = known.iter().map(String::as_str).collect();
        others.extend(FIGURES);
        if sorted == Some(name) {
            others.extend(COLUMNS);
        }
        let near = similar(name, &others);
        let more = if near.is_empty() {
            String::new()
        } else {
            format!("; near it: {}", near.join(", "))
        };
        let line =
            Line::of(Tone::Warning, "! ").plain(format!("no session has a metric {name:?}{more}"));
        app.err.long_line(&line)?;
    }
    Ok(())
}

/// Names that `given` may stand for, the most likely first.
fn similar<'a>(given: &str, known: &[&'a str]) -> Vec<&'a str> {
    let folded = names::fold(given);
    let mut near: Vec<&str> = nearest(given, known).into_iter().collect();
    let mut parts: Vec<&str> = known
        .iter()
        .copied()
        .filter(|name| {
            let name = names::fold(name);
            // A letter or two are in many names.
            (folded.len() > 2 && name.contains(&folded))
                || (name.len() > 2 && folded.contains(&name))
        })
        .collect();
    parts.sort_by_key(|name| name.len().abs_diff(given.len()));
    for name in parts {
        if !near.contains(&name) {
            near.push(name);
        }
    }
    near.truncate(MOST_SIMILAR);
    near
}

/// A figure of a list that is there only where a session has it.
type Figure = (&'static str, fn(&SessionSummary) -> Option<f64>);

/// The column of the moment at which a session began; the next one is that of the day alone.
const BEGAN: usize = 1;

fn print(app: &mut App, sessions: &[SessionSummary], query: &ListQuery) -> Result<(), Failure> {
    if sessions.is_empty() {
        let everything = ListQuery {
            sort: query.sort.clone(),
            reverse: query.reverse,
            limit: query.limit,
            ..ListQuery::default()
        };
        let line = if *query == everything {
            let next = app.command("import FILE");
            Line::new().dim(format!("no sessions yet; `{next}` keeps one"))
        } else {
            Line::new().dim("no session matches")
        };
        return Ok(app.err.line(&line)?);
    }
    let mut figures: Vec<Figure> = vec![
        ("loss", |s| s.final_loss),
        ("best loss", |s| s.best_loss),
        ("accuracy", |s| s.final_accuracy),
    ];
    if query.sort == SortKey::BestAccuracy {
        figures.push(("best accuracy", |s| s.best_accuracy));
    }
    // Values of the metrics that the query names come with the sessions.
    let mut named: Vec<&str> = Vec::new();
    for (name, _) in sessions.iter().flat_map(|session| &session.metrics) {
        if !named.contains(&name.as_str()) {
            named.push(name);
        }
    }
    named.retain(|name| !["loss", "accuracy"].contains(name));
    let mut columns = vec![
        ("id", Column::Left),
        ("began (UTC)", Column::Left),
        ("began", Column::Left),
        ("name", Column::Main),
        ("cells", Column::Right),
        ("points", Column::Right),
    ];
    columns.extend(figures.iter().map(|(name, _)| (*name, Column::Right)));
    columns.extend(named.iter().map(|name| (*name, Column::Right)));
    columns.push(("user", Column::Flexible));
    columns.push(("tags", Column::Flexible));
    let mut table = Table::new(&columns);
    table.may_replace(BEGAN, BEGAN + 1);
    let place = |title: &str| columns.iter().position(|(name, _)| *name == title);
    let sorted = match query.sort {
        SortKey::Started => "began",
        SortKey::User => "user",
        SortKey::Cells => "cells",
        SortKey::Points => "points",
        SortKey::FinalLoss => "loss",
        SortKey::BestLoss => "best loss",
        SortKey::FinalAccuracy => "accuracy",
        _ => "",
    };
    // What the order is by goes last of these.
    let mut titles = [
        "points",
        "cells",
        "tags",
        "user",
        "began",
        "best loss",
        "accuracy",
        "loss",
    ];
    titles.sort_by_key(|title| *title == sorted);
    for column in titles.into_iter().filter_map(place) {
        table.may_drop(&[column]);
    }
    for session in sessions {
        let plain = |text: String| Line::new().plain(text);
        let mut cells = vec![
            Line::of(Tone::Id, short_id(&session.id)),
            Line::new().dim(session.started_at.map(figures::minute).unwrap_or_default()),
            Line::new().dim(session.started_at.map(figures::day).unwrap_or_default()),
            Line::of(Tone::Strong, &session.name),
            plain(figures::grouped(session.cells)),
            plain(figures::grouped(session.points)),
        ];
        let values = figures.iter().map(|(_, value)| value(session));
        cells.extend(values.map(|value| plain(figures::optional_number(value))));
        for name in &named {
            let value = session.metrics.iter().find(|(n, _)| n == name);
            cells.push(plain(figures::optional_number(value.map(|(_, v)| *v))));
        }
        cells.push(plain(session.user.clone().unwrap_or_default()));
        cells.push(plain(session.tags.join(", ")));
        table.row(cells);
    }
    for line in table.lines(app.out.columns()) {
        app.out.line(&line)?;
    }
    Ok(())
}

/// The beginning of an id that was made of a digest: enough to name it among millions.
fn short_id(id: &str) -> &str {
    let digest = id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit());
    id.get(..10).filter(|_| digest).unwrap_or(id)
}

fn to_json(session: &SessionSummary) -> Value {
    let time = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let value = |value: Option<f64>| value.map(number::to_json);
    let metrics: Map<String, Value> = session
        .metrics
        .iter()
        .map(|(name, value)| (name.clone(), number::to_json(*value)))
        .collect();
    json!({
        "id": session.id,
        "name": session.name,
        "user": session.user,
        "tags": session.tags,
        "source": session.source_name,
        "format": session.format,
        "started_at": session.started_at.map(time),
        "ended_at": session.ended_at.map(time),
        "imported_at": time(session.imported_at),
        "cells": session.cells,
        "points": session.points,
        "runs": session.runs,
        "steps": session.steps,
        "warnings": session.warnings,
        "final_loss": value(session.final_loss),
        "best_loss": value(session.best_loss),
        "final_accuracy": value(session.final_accuracy),
        "best_accuracy": value(session.best_accuracy),
        "state": session.state.map(SessionState::as_str),
        "metrics": metrics,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_that_is_no_column_is_a_metric() {
        assert_eq!(sort_key("best-loss"), Ok(SortKey::BestLoss));
        assert_eq!(sort_key("f1-score"), Ok(SortKey::Metric("f1-score".into())));
        assert_eq!(sort_key("metric:name"), Ok(SortKey::Metric("name".into())));
    }
}
