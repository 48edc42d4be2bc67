//! Charts and a table of the metrics.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::export::chart::{Abscissa, ChartOptions};
use crate::export::escape::{markup, shortened};
use crate::export::svg;
use crate::session::{EntrenarSession, Series, SeriesSummary, names};

use super::format::{grouped, short};

/// Charts on a page; the table names every series up to its own limit.
const MOST_CHARTS: usize = 48;
/// Lines in one chart.
const MOST_LINES: usize = 48;
/// Rows of the table.
const MOST_ROWS: usize = 1000;
/// From this number of points on, a line is smoothed.
const SMOOTHED_FROM: usize = 1000;
/// The weight of the past in a smoothed line.
const SMOOTHING: f64 = 0.8;

pub(super) fn section(page: &mut String, session: &EntrenarSession) {
    let series: Vec<_> = session
        .metrics
        .series()
        .iter()
        .filter(|series| !series.is_empty())
        .collect();
    if series.is_empty() {
        return;
    }
    page.push_str("<section id=\"metrics\">\n<h2>Metrics</h2>\n");
    charts(page, session, &series);
    table(page, session, &series);
    page.push_str("</section>\n");
}

fn charts(page: &mut String, session: &EntrenarSession, series: &[&Series]) {
    // Groups in the order of their first series.
    let mut order = Vec::new();
    let mut groups: BTreeMap<(String, Abscissa), Vec<&Series>> = BTreeMap::new();
    for one in series {
        let key = (base_name(one.name()), Abscissa::of(one));
        if !groups.contains_key(&key) {
            order.push(key.clone());
        }
        groups.entry(key).or_default().push(one);
    }
    // A single point makes no line; the table has it.
    order.retain(|key| {
        groups
            .get(key)
            .is_some_and(|group| group.iter().any(|series| series.len() > 1))
    });
    page.push_str("<div class=\"charts\">\n");
    for key in order.iter().take(MOST_CHARTS) {
        let Some(group) = groups.get(key) else {
            continue;
        };
        let chart = chart(session, group, key.1);
        let _infallible = writeln!(page, "<figure>{chart}</figure>");
    }
    page.push_str("</div>\n");
    if order.len() > MOST_CHARTS {
        let _infallible = writeln!(
            page,
            "<p class=\"cut\">{} more metrics are in the table and in metrics.csv.</p>",
            order.len() - MOST_CHARTS
        );
    }
}

fn chart(session: &EntrenarSession, group: &[&Series], abscissa: Abscissa) -> String {
    let several_names = group
        .iter()
        .any(|one| Some(one.name()) != group.first().map(|s| s.name()));
    let lines: Vec<_> = group
        .iter()
        .take(MOST_LINES)
        .map(|series| abscissa.series(series, label(session, series, several_names)))
        .collect();
    let mut names: Vec<_> = Vec::new();
    for series in group {
        if !names.contains(&series.name()) {
            names.push(series.name());
        }
    }
    let longest = group.iter().map(|series| series.len()).max().unwrap_or(0);
    let mut title = names.join(", ");
    let smoothing = (longest >= SMOOTHED_FROM).then_some(SMOOTHING);
    if smoothing.is_some() {
        title = format!("{} (smoothed; as logged behind)", shortened(&title, 50));
    }
    let options = ChartOptions {
        title,
        x_label: abscissa.label().into(),
        y_label: String::new(),
        log_y: spans_decades(group),
        smoothing,
    };
    svg::inline_chart(&lines, &options)
}

/// Whether the values are positive and differ by more than three orders of magnitude.
fn spans_decades(group: &[&Series]) -> bool {
    let values = || {
        group
            .iter()
            .flat_map(|series| series.values())
            .copied()
            .filter(|value| value.is_finite())
    };
    match (values().reduce(f64::min), values().reduce(f64::max)) {
        (Some(min), Some(max)) => min > 0.0 && max / min > 1000.0,
        _ => false,
    }
}

/// The legend's name of a series: what tells it from the others of its chart.
fn label(session: &EntrenarSession, series: &Series, with_name: bool) -> String {
    let key = series.key();
    let mut parts = Vec::new();
    if with_name {
        parts.push(key.name.clone());
    }
    if let Some(run) = key.run
        && session.runs.len() > 1
    {
        parts.push(run_name(session, run));
    }
    if let Some(rank) = key.rank {
        parts.push(format!("rank {rank}"));
    }
    if parts.is_empty() {
        parts.push(key.name.clone());
    }
    parts.join(" · ")
}

fn run_name(session: &EntrenarSession, run: u32) -> String {
    let name = usize::try_from(run)
        .ok()
        .and_then(|index| session.runs.get(index)?.name.clone());
    match name {
        Some(name) => format!("run {run}: {}", shortened(&name, 40)),
        None => format!("run {run}"),
    }
}

/// Names of parts of the data, which are left off to find what belongs on one chart.
const SPLITS: [&str; 9] = [
    "train",
    "training",
    "val",
    "valid",
    "validation",
    "eval",
    "test",
    "dev",
    "tr",
];

/// The metric without the part of the data it was measured on.
fn base_name(name: &str) -> String {
    let folded = names::fold(name);
    if SPLITS.contains(&folded.as_str()) {
        // Printed without a metric's name: `Train: 98.03 | Validation: 86.52`.
        return "by part of the data".into();
    }
    let mut words: Vec<_> = folded.split('_').collect();
    if words.len() > 1 && words.first().is_some_and(|word| SPLITS.contains(word)) {
        words.remove(0);
    } else if words.len() > 1 && words.last().is_some_and(|word| SPLITS.contains(word)) {
        words.pop();
    }
    match words.join("_").as_str() {
        "acc" => "accuracy".into(),
        "losses" => "loss".into(),
        "" => name.to_owned(),
        other => other.to_owned(),
    }
}

fn table(page: &mut String, session: &EntrenarSession, series: &[&Series]) {
    let has_runs = session.runs.len() > 1 && series.iter().any(|one| one.key().run.is_some());
    let has_odd = session.metrics.non_finite_count() > 0;
    let has_ranks = series.iter().any(|one| one.key().rank.is_some());
    page.push_str("<div class=\"scroll\"><table class=\"data\">\n<thead><tr><th>Metric</th>");
    if has_runs {
        page.push_str("<th>Run</th>");
    }
    if has_ranks {
        page.push_str("<th class=\"n\">Rank</th>");
    }
    for heading in ["Points", "First", "Last", "Min", "Max"] {
        let _infallible = write!(page, "<th class=\"n\">{heading}</th>");
    }
    if has_odd {
        page.push_str("<th>Not finite</th>");
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for one in series.iter().take(MOST_ROWS) {
        let Some(summary) = one.summary() else {
            continue;
        };
        let _infallible = write!(page, "<tr><td>{}</td>", markup(&shortened(one.name(), 120)));
        if has_runs {
            let name = one.key().run.map(|run| run_name(session, run));
            let _infallible = write!(page, "<td>{}</td>", markup(&name.unwrap_or_default()));
        }
        if has_ranks {
            let rank = one.key().rank.map(|rank| rank.to_string());
            let _infallible = write!(page, "<td class=\"n\">{}</td>", rank.unwrap_or_default());
        }
        let _infallible = write!(page, "<td class=\"n\">{}</td>", grouped(summary.count));
        for value in [
            Some(summary.first),
            Some(summary.last),
            summary.min,
            summary.max,
        ] {
            let text = value.map_or_else(|| "–".into(), short);
            let _infallible = write!(page, "<td class=\"n\">{text}</td>");
        }
        if has_odd {
            let _infallible = write!(page, "<td>{}</td>", not_finite(&summary));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody></table></div>\n");
    if series.len() > MOST_ROWS {
        let _infallible = writeln!(
            page,
            "<p class=\"cut\">{} more series are in metrics.csv.</p>",
            grouped(series.len() - MOST_ROWS)
        );
    }
}

fn not_finite(summary: &SeriesSummary) -> String {
    let mut odd = Vec::new();
    if summary.nan_count > 0 {
        odd.push(format!("{} NaN", grouped(summary.nan_count)));
    }
    if summary.infinite_count > 0 {
        odd.push(format!("{} infinite", grouped(summary.infinite_count)));
    }
    odd.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_the_data_share_a_chart() {
        for name in [
            "loss",
            "train_loss",
            "Val Loss",
            "eval/loss",
            "loss_test",
            "losses",
        ] {
            assert_eq!(base_name(name), "loss", "{name}");
        }
        assert_eq!(base_name("val_acc"), "accuracy");
        assert_eq!(base_name("Train"), base_name("Validation"));
        assert_eq!(base_name("損失"), "損失");
        assert_eq!(base_name("%"), "%");
    }
}
