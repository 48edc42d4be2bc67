//! What a session is, in a few lines.

use entrenar::session::{EntrenarSession, Fork, ImportWarning, Series, SessionState};

use crate::figures;
use crate::series;
use crate::table::{Column, Table};
use crate::term::{Line, Tone};

/// Columns of a sparkline in a table, and where there is little room.
const SPARK: usize = 24;
const SHORT_SPARK: usize = 8;
/// Warnings that are shown without being asked for more.
const MOST_WARNINGS: usize = 8;

/// The session's title.
pub(crate) fn title(session: &EntrenarSession) -> Line {
    let line = Line::of(Tone::Strong, &session.name);
    match session.derived.get("name") {
        Some(rule) => line.dim(format!("  (from {rule})")),
        None => line,
    }
}

/// The metadata that is there, a line each.
pub(crate) fn facts(session: &EntrenarSession) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut fact = |name: &str, value: Line| {
        if !value.is_empty() {
            lines.push(named(name, &value));
        }
    };
    let plain = |text: Option<&String>| text.map(|t| Line::new().plain(t)).unwrap_or_default();
    fact("id", Line::of(Tone::Id, &session.id));
    if let Some(source) = &session.source {
        let name = source.name.as_deref().unwrap_or("standard input");
        fact(
            "source",
            Line::new().plain(name).dim(format!(
                ", {}, {}",
                source.format,
                figures::bytes(source.size)
            )),
        );
        fact("sha256", Line::new().dim(source.sha256.to_string()));
    }
    fact("began", time(session, "started_at", session.started_at));
    fact("ended", time(session, "ended_at", session.ended_at));
    let took = session
        .duration()
        .filter(|took| *took >= chrono::TimeDelta::zero())
        .map(figures::duration)
        .unwrap_or_default();
    fact("took", Line::new().plain(took));
    fact("user", plain(session.user.as_ref()));
    fact("model", plain(session.architecture.as_ref()));
    fact("dataset", plain(session.dataset.as_ref()));
    fact("foreign", plain(session.foreign_id.as_ref()));
    let mut first = "config";
    for (name, value) in &session.config {
        fact(first, Line::new().plain(name).dim(" = ").plain(value));
        first = "";
    }
    fact("tags", Line::new().plain(session.tags.join(", ")));
    if let Some(state) = session.state {
        let tone = match state {
            SessionState::Interrupted | SessionState::Failed => Tone::Bad,
            _ => Tone::Good,
        };
        fact("state", Line::of(tone, state.as_str()));
    }
    if let Some(origin) = &session.forked_from {
        let step = at_step(origin.step);
        fact("fork of", Line::of(Tone::Id, &origin.session).dim(step));
    }
    let mut first = "recorded";
    for (name, value) in &session.environment {
        let value = match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let value = value.lines().next().unwrap_or_default();
        let shown: String = value.chars().take(200).collect();
        fact(first, Line::new().plain(name).dim(" = ").plain(shown));
        first = "";
    }
    let mut first = "notes";
    for line in session.notes.as_deref().unwrap_or_default().lines() {
        fact(first, Line::new().plain(line));
        first = "";
    }
    lines
}

/// The sessions that go on from this one, a line each.
pub(crate) fn forks(forks: &[Fork]) -> Vec<Line> {
    let line = |(place, fork): (usize, &Fork)| {
        let name = if place == 0 { "forks" } else { "" };
        let value = Line::of(Tone::Id, &fork.session)
            .dim(at_step(fork.step))
            .plain("  ")
            .plain(&fork.name);
        named(name, &value)
    };
    forks.iter().enumerate().map(line).collect()
}

fn named(name: &str, value: &Line) -> Line {
    let mut line = Line::of(Tone::Dim, format!("{name:<9} "));
    line.append(value);
    line
}

fn at_step(step: Option<i64>) -> String {
    step.map_or_else(String::new, |step| format!(" at step {step}"))
}

fn time(
    session: &EntrenarSession,
    field: &str,
    time: Option<chrono::DateTime<chrono::Utc>>,
) -> Line {
    let Some(time) = time else {
        return Line::new();
    };
    let line = Line::new().plain(figures::second(time));
    match session.derived.get(field) {
        Some(rule) => line.dim(format!("  (from {rule})")),
        None => line,
    }
}

/// The figures of every series, with its shape; `None` where there is no point.
pub(crate) fn metrics(session: &EntrenarSession) -> Option<Table> {
    let mut table = Table::new(&[
        ("metric", Column::Main),
        ("points", Column::Right),
        ("first", Column::Right),
        ("last", Column::Right),
        ("min", Column::Right),
        ("max", Column::Right),
        ("shape", Column::Left),
        ("shape", Column::Left),
        ("", Column::Flexible),
    ]);
    let [points, first, long, short] = [1, 2, 6, 7];
    table.may_replace(long, short);
    table.may_drop_early(&[short]);
    table.may_drop_early(&[first]);
    table.may_drop(&[points]);
    let mut any = false;
    for series in session.metrics.series() {
        let Some(summary) = series.summary() else {
            continue;
        };
        any = true;
        let plain = |text: String| Line::new().plain(text);
        let odd = match (summary.nan_count, summary.infinite_count) {
            (0, 0) => String::new(),
            (nan, 0) => format!("{nan} NaN"),
            (0, infinite) => format!("{infinite} infinite"),
            (nan, infinite) => format!("{nan} NaN, {infinite} infinite"),
        };
        table.row(vec![
            plain(series::label(session, series.key())),
            plain(figures::grouped(summary.count)),
            plain(figures::number(summary.first)),
            Line::of(Tone::Strong, figures::number(summary.last)),
            plain(figures::optional_number(summary.min)),
            plain(figures::optional_number(summary.max)),
            shape(series, SPARK),
            shape(series, SHORT_SPARK),
            Line::of(Tone::Warning, odd),
        ]);
    }
    any.then_some(table)
}

fn shape(series: &Series, columns: usize) -> Line {
    if series.len() < 2 {
        return Line::new();
    }
    Line::of(
        Tone::Series(0),
        figures::sparkline(series.values(), columns),
    )
}

/// The runs, where there are several or one that says something.
pub(crate) fn runs(session: &EntrenarSession) -> Option<Table> {
    let mut table = Table::new(&[
        ("run", Column::Right),
        ("name", Column::Main),
        ("cells", Column::Right),
        ("status", Column::Left),
        ("began", Column::Left),
        ("began", Column::Left),
        ("took", Column::Right),
        ("config", Column::Flexible),
    ]);
    let [cells, began, began_day] = [2, 4, 5];
    table.may_replace(began, began_day);
    table.may_drop(&[began_day]);
    table.may_drop(&[cells]);
    for (index, run) in session.runs.iter().enumerate() {
        let cells = match (run.first_cell, run.last_cell) {
            (Some(first), Some(last)) if first == last => format!("[{}]", u64::from(first) + 1),
            (Some(first), Some(last)) => {
                format!("[{}]–[{}]", u64::from(first) + 1, u64::from(last) + 1)
            }
            _ => String::new(),
        };
        let config: Vec<_> = run
            .config
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let took = run.started_at.zip(run.ended_at).map(|(from, to)| to - from);
        let status = match run.status {
            entrenar::session::RunStatus::Unknown => Line::new(),
            entrenar::session::RunStatus::Finished => Line::new().plain("finished"),
            entrenar::session::RunStatus::Failed => Line::of(Tone::Bad, "failed"),
        };
        table.row(vec![
            Line::new().plain(index.to_string()),
            Line::new().plain(run.name.as_deref().unwrap_or_default()),
            Line::new().plain(cells),
            status,
            Line::new().plain(run.started_at.map(figures::second).unwrap_or_default()),
            Line::new().plain(run.started_at.map(figures::day).unwrap_or_default()),
            Line::new().plain(took.map(figures::duration).unwrap_or_default()),
            Line::new().plain(config.join(" ")),
        ]);
    }
    (!session.runs.is_empty()).then_some(table)
}

/// Warnings: all, or the first few and how many more there are.
pub(crate) fn warnings<'a>(
    warnings: impl IntoIterator<Item = &'a ImportWarning>,
    all: bool,
) -> Vec<Line> {
    let most = if all { usize::MAX } else { MOST_WARNINGS };
    let mut warnings = warnings.into_iter();
    let mut lines: Vec<_> = warnings
        .by_ref()
        .take(most)
        .map(|warning| {
            Line::of(Tone::Warning, "! ")
                .plain(&warning.message)
                .dim(format!("  ({})", warning.place))
        })
        .collect();
    let more = warnings.count();
    if more > 0 {
        lines.push(Line::new().dim(format!("… {more} more; `show --full` lists all")));
    }
    lines
}
