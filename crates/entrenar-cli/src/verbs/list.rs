use chrono::{DateTime, SecondsFormat, Utc};
use entrenar::session::number;
use entrenar::store::{Comparison, ListQuery, MetricBound, SessionSummary, SortKey, Store as _};
use serde_json::{Map, Value, json};

use crate::app::App;
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
    /// A metric's last value is within a bound: 'loss<0.5', 'best_accuracy>=90' (repeatable)
    #[arg(long = "where", value_name = "BOUND", value_parser = bound)]
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

fn bound(text: &str) -> Result<MetricBound, String> {
    let form = || "write a metric, one of < <= > >=, and a number: 'loss<0.5'".to_owned();
    let at = text.rfind(['<', '>']).ok_or_else(form)?;
    let (metric, rest) = text.split_at(at);
    let (operator, value) = match rest.strip_prefix("<=").or_else(|| rest.strip_prefix(">=")) {
        Some(value) => (rest.get(..2), value),
        None => (rest.get(..1), rest.get(1..).unwrap_or_default()),
    };
    let comparison = match operator {
        Some("<") => Comparison::Less,
        Some("<=") => Comparison::AtMost,
        Some(">") => Comparison::Greater,
        _ => Comparison::AtLeast,
    };
    let metric = metric.trim();
    let value: f64 = value
        .trim()
        .parse()
        .map_err(|error| format!("{error}; {}", form()))?;
    if metric.is_empty() || value.is_nan() {
        return Err(form());
    }
    Ok(MetricBound {
        metric: metric.to_owned(),
        comparison,
        value,
    })
}

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
        let mut sessions = match app.store_if_there()? {
            Some(store) => store.list(&query)?,
            None => Vec::new(),
        };
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

/// A figure of a list that is there only where a session has it.
type Figure = (&'static str, fn(&SessionSummary) -> Option<f64>);

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
        ("name", Column::Main),
        ("cells", Column::Right),
        ("points", Column::Right),
    ];
    columns.extend(figures.iter().map(|(name, _)| (*name, Column::Right)));
    columns.extend(named.iter().map(|name| (*name, Column::Right)));
    columns.push(("user", Column::Flexible));
    columns.push(("tags", Column::Flexible));
    let mut table = Table::new(&columns);
    for session in sessions {
        let plain = |text: String| Line::new().plain(text);
        let mut cells = vec![
/// The column of the moment at which a session began; the next one is that of the day alone.
const BEGAN: usize = 1;

            Line::of(Tone::Id, short_id(&session.id)),
            Line::new().dim(session.started_at.map(figures::minute).unwrap_or_default()),
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
        ("began", Column::Left),
        .collect();
    json!({
        "id": session.id,
        "name": session.name,
        "user": session.user,
        "tags": session.tags,
        "source": session.source_name,
        "format": session.format,
        "started_at": session.started_at.map(time),
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
        "ended_at": session.ended_at.map(time),
        "imported_at": time(session.imported_at),
        "cells": session.cells,
        "points": session.points,
        "runs": session.runs,
            Line::new().dim(session.started_at.map(figures::day).unwrap_or_default()),
        "steps": session.steps,
        "warnings": session.warnings,
        "final_loss": value(session.final_loss),
        "best_loss": value(session.best_loss),
        "final_accuracy": value(session.final_accuracy),
        "best_accuracy": value(session.best_accuracy),
        "metrics": metrics,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_have_a_metric_a_comparison_and_a_number() {
        let read = |text| bound(text).map(|b| (b.metric, b.comparison, b.value)).ok();
        let loss = |comparison, value| Some(("loss".to_owned(), comparison, value));
        assert_eq!(read("loss<0.5"), loss(Comparison::Less, 0.5));
        assert_eq!(read("loss <= 1e-3"), loss(Comparison::AtMost, 1e-3));
        assert_eq!(read("loss>-1"), loss(Comparison::Greater, -1.0));
        assert_eq!(read("loss>=inf"), loss(Comparison::AtLeast, f64::INFINITY));
        assert_eq!(read("a<b>2").map(|b| b.0), Some("a<b".to_owned()));
        for wrong in ["loss", "<1", "loss<", "loss<x", "loss<nan", "loss=1"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_column_that_is_no_column_is_a_metric() {
        assert_eq!(sort_key("best-loss"), Ok(SortKey::BestLoss));
        assert_eq!(sort_key("f1-score"), Ok(SortKey::Metric("f1-score".into())));
        assert_eq!(sort_key("metric:name"), Ok(SortKey::Metric("name".into())));
    }
}
