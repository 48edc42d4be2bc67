//! The head of the page: title, figures, facts, runs; and its end: warnings, provenance.

use std::fmt::Write as _;

use crate::export::escape::{markup, shortened};
use crate::research::ResearchArtifact;
use crate::session::{EntrenarSession, RunStatus, TrainingRun};

use super::format::{duration, grouped, moment, one_line, short};

const DERIVED: &str = "<span class=\"badge\">derived</span>";
/// Entries of the configuration, runs and warnings that are shown.
const MOST_ROWS: usize = 200;

pub(super) fn header(page: &mut String, session: &EntrenarSession, artifact: &ResearchArtifact) {
    page.push_str("<header class=\"top\">\n");
    let title = one_line(&artifact.title);
    let title = if title.is_empty() {
        "Untitled session"
    } else {
        &title
    };
    let _infallible = writeln!(page, "<h1>{}</h1>", markup(title));
    if let Some(how) = &artifact.title_derived_from {
        let _infallible = writeln!(
            page,
            "<p class=\"sub\">{DERIVED} Nobody gave a title; this is {}.</p>",
            markup(how)
        );
    }
    let authors: Vec<_> = artifact
        .authors
        .iter()
        .filter(|author| author.is_named())
        .map(|author| one_line(&author.name))
        .collect();
    if !authors.is_empty() {
        let _infallible = writeln!(
            page,
            "<p class=\"authors\">{}</p>",
            markup(&authors.join(", "))
        );
    }
    if let Some(description) = &artifact.description {
        let _infallible = writeln!(page, "<p class=\"lead\">{}</p>", markup(description));
    }
    if !session.tags.is_empty() {
        page.push_str("<ul class=\"tags\">");
        for tag in session.tags.iter().take(MOST_ROWS) {
            let _infallible = write!(page, "<li>{}</li>", markup(&shortened(tag, 80)));
        }
        page.push_str("</ul>\n");
    }
    page.push_str("</header>\n");
}

/// The few numbers that a reader looks for first.
pub(super) fn figures(page: &mut String, session: &EntrenarSession) {
    let metrics = &session.metrics;
    let mut figures: Vec<(&str, String)> = Vec::new();
    let mut add = |name, value: Option<String>| {
        if let Some(value) = value {
            figures.push((name, value));
        }
    };
    add("Best loss", metrics.best_loss().map(short));
    add("Final loss", metrics.final_loss().map(short));
    add("Best accuracy", metrics.best_accuracy().map(short));
    add("Final accuracy", metrics.final_accuracy().map(short));
    let steps = metrics.total_steps();
    add("Steps", (steps > 0).then(|| grouped(steps)));
    let runs = session.runs.len();
    add("Runs", (runs > 1).then(|| grouped(runs)));
    let cells = session.code_history.len();
    add("Code cells", (cells > 0).then(|| grouped(cells)));
    add("Duration", session.duration().map(duration));
    if figures.is_empty() {
        return;
    }
    page.push_str("<dl class=\"figures\">\n");
    let is_derived = ["started_at", "ended_at"]
        .iter()
        .any(|field| session.derived.contains_key(*field));
    for (name, value) in figures {
        let mark = if is_derived && name == "Duration" {
            DERIVED
        } else {
            ""
        };
        let _infallible = writeln!(
            page,
            "<div><dt>{name} {mark}</dt><dd>{}</dd></div>",
            markup(&value)
        );
    }
    page.push_str("</dl>\n");
}

pub(super) fn facts(page: &mut String, session: &EntrenarSession, artifact: &ResearchArtifact) {
    let mut rows: Vec<(&str, String, bool)> = Vec::new();
    let mut add = |name: &'static str, value: Option<String>, derived: bool| {
        if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
            rows.push((name, value, derived));
        }
    };
    let derived = |field: &str| session.derived.contains_key(field);
    add(
        "Model",
        session.architecture.clone(),
        derived("architecture"),
    );
    add("Dataset", session.dataset.clone(), derived("dataset"));
    add("User", session.user.clone(), derived("user"));
    // Without recorded cell times, a derived begin or end is a file's modification time.
    let is_known = |field: &str| !derived(field) || !derived("cells.timestamp");
    add(
        "Started",
        session
            .started_at
            .filter(|_| is_known("started_at"))
            .map(moment),
        derived("started_at"),
    );
    add(
        "Ended",
        session
            .ended_at
            .filter(|_| is_known("ended_at"))
            .map(moment),
        derived("ended_at"),
    );
    add(
        "Released",
        artifact.release_date.map(|date| date.to_string()),
        false,
    );
    add(
        "Licence",
        artifact
            .license
            .as_ref()
            .map(|license| license.as_str().to_owned()),
        false,
    );
    add("Version", Some(artifact.version.clone()), false);
    let points = session.metrics.point_count();
    if points > 0 {
        let series = session.metrics.series().len();
        let odd = session.metrics.non_finite_count();
        let mut text = format!("{} in {} series", grouped(points), grouped(series));
        if odd > 0 {
            let _infallible = write!(text, ", {} of them NaN or infinite", grouped(odd));
        }
        add("Points", Some(text), false);
    }
    if session.code_history.len() > 1 && derived("cells.timestamp") {
        add("Cell times", Some("not recorded".into()), false);
    }
    page.push_str("<section id=\"facts\">\n<h2>Summary</h2>\n<dl class=\"facts\">\n");
    for (name, value, derived) in rows {
        let mark = if derived { DERIVED } else { "" };
        let _infallible = writeln!(
            page,
            "<div><dt>{name}</dt><dd>{} {mark}</dd></div>",
            markup(&shortened(&value, 400))
        );
    }
    page.push_str("</dl>\n");
    if let Some(notes) = session
        .notes
        .as_deref()
        .filter(|notes| !notes.trim().is_empty())
    {
        let _infallible = writeln!(
            page,
            "<h3>Notes</h3>\n<pre class=\"notes\">{}</pre>",
            markup(&shortened(notes, 20_000))
        );
    }
    if !session.config.is_empty() {
        page.push_str("<h3>Configuration</h3>\n<div class=\"scroll\"><table class=\"data\">\n");
        for (name, value) in session.config.iter().take(MOST_ROWS) {
            let _infallible = writeln!(
                page,
                "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
                markup(&shortened(name, 200)),
                markup(&shortened(value, 1000))
            );
        }
        page.push_str("</table></div>\n");
        more(page, session.config.len(), "entries are in session.json");
    }
    page.push_str("</section>\n");
}

fn more(page: &mut String, total: usize, what: &str) {
    if total > MOST_ROWS {
        let _infallible = writeln!(
            page,
            "<p class=\"cut\">{} more {what}.</p>",
            grouped(total - MOST_ROWS)
        );
    }
}

pub(super) fn runs(page: &mut String, session: &EntrenarSession) {
    if session.runs.is_empty() {
        return;
    }
    page.push_str(
        "<section id=\"runs\">\n<h2>Runs</h2>\n<div class=\"scroll\"><table class=\"data\">\n\
         <thead><tr><th class=\"n\">Run</th><th>Name</th><th>Status</th><th>Cells</th>\
         <th class=\"n\">Points</th><th class=\"n\">Best loss</th><th class=\"n\">Last loss</th>\
         <th>Configuration</th></tr></thead>\n<tbody>\n",
    );
    for (index, run) in session.runs.iter().enumerate().take(MOST_ROWS) {
        run_row(page, session, index, run);
    }
    page.push_str("</tbody></table></div>\n");
    more(page, session.runs.len(), "runs are in session.json");
    page.push_str("</section>\n");
}

fn run_row(page: &mut String, session: &EntrenarSession, index: usize, run: &TrainingRun) {
    let number = u32::try_from(index).ok();
    let of_run = || {
        session
            .metrics
            .series()
            .iter()
            .filter(|series| series.key().run == number)
    };
    let loss: Vec<_> = session
        .metrics
        .loss()
        .into_iter()
        .filter(|series| series.key().run == number)
        .collect();
    let summary = loss.first().and_then(|series| series.summary());
    let points: usize = of_run().map(crate::session::Series::len).sum();
    let order = |cell: Option<u32>| {
        let index = usize::try_from(cell?).ok()?;
        Some(session.code_history.get(index)?.execution_order)
    };
    let cells = match (order(run.first_cell), order(run.last_cell)) {
        (Some(first), Some(last)) if first == last => format!("#{first}"),
        (Some(first), Some(last)) => format!("#{first} to #{last}"),
        (Some(only), None) | (None, Some(only)) => format!("#{only}"),
        (None, None) => String::new(),
    };
    let status = match run.status {
        RunStatus::Finished => "finished",
        RunStatus::Failed => "<span class=\"badge bad\">failed</span>",
        RunStatus::Unknown => "not known",
    };
    let config: Vec<_> = run
        .config
        .iter()
        .take(20)
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let number = |value: Option<f64>| value.map_or_else(|| "–".into(), short);
    let _infallible = writeln!(
        page,
        "<tr><td class=\"n\">{index}</td><td>{}</td><td>{status}</td><td>{cells}</td>\
         <td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>",
        markup(&shortened(run.name.as_deref().unwrap_or_default(), 120)),
        grouped(points),
        number(summary.and_then(|s| s.min)),
        number(summary.map(|s| s.last)),
        markup(&shortened(&config.join(", "), 400))
    );
}

pub(super) fn warnings(page: &mut String, session: &EntrenarSession) {
    if session.warnings.is_empty() {
        return;
    }
    page.push_str(
        "<section id=\"warnings\">\n<h2>Notes of the import</h2>\n<p>What could not be taken as \
         it stands in the source.</p>\n<ul class=\"warnings\">\n",
    );
    for warning in session.warnings.iter().take(MOST_ROWS) {
        let _infallible = writeln!(
            page,
            "<li><code>{}</code> {}</li>",
            markup(&shortened(&warning.place.to_string(), 200)),
            markup(&shortened(&warning.message, 600))
        );
    }
    page.push_str("</ul>\n");
    more(page, session.warnings.len(), "are in session.json");
    page.push_str("</section>\n");
}

pub(super) fn footer(page: &mut String, session: &EntrenarSession, artifact: &ResearchArtifact) {
    page.push_str("<footer>\n<h2>Provenance</h2>\n<dl class=\"facts\">\n");
    let mut row = |name: &str, value: &str| {
        let _infallible = writeln!(
            page,
            "<div><dt>{name}</dt><dd>{}</dd></div>",
            markup(&shortened(value, 300))
        );
    };
    if let Some(source) = &session.source {
        if let Some(name) = &source.name {
            row("Source", name);
        }
        row("Format", source.format.as_str());
        row("SHA-256", &source.sha256.to_string());
        row(
            "Size",
            &format!(
                "{} bytes",
                grouped(usize::try_from(source.size).unwrap_or(usize::MAX))
            ),
        );
    } else {
        row("Source", "recorded through the programming interface");
    }
    if let Some(id) = &session.foreign_id {
        row("Id in the source", id);
    }
    if let Some(state) = session.state {
        row("Recording", state.as_str());
    }
    if let Some(origin) = &session.forked_from {
        row("Goes on from session", &origin.session);
    }
    row("Id", &artifact.id);
    page.push_str("</dl>\n");
    if !session.derived.is_empty() {
        page.push_str("<p>Derived, not recorded:</p>\n<ul>\n");
        for (field, how) in session.derived.iter().take(MOST_ROWS) {
            let _infallible = writeln!(
                page,
                "<li>{DERIVED} <code>{}</code>: {}</li>",
                markup(&shortened(field, 80)),
                markup(&shortened(how, 200))
            );
        }
        page.push_str("</ul>\n");
    }
    page.push_str(
        "<p class=\"made\">Made by entrenar from the recorded session. The page holds everything \
         it shows; the complete data are in the files beside it.</p>\n</footer>\n",
    );
}
