//! Trainings as actions: instrument, agent, begin, end, inputs, results, status, error.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Utc};

use crate::research::ro_crate::{
    Entity, Graph, file_id, fragment, one_line, person_ids, reference_ids,
};
use crate::research::{Author, AuthorKind, UsedAs};
use crate::session::{EntrenarSession, RunStatus, Series, TrainingRun, names};

use super::super::file::Role;
use super::super::name;
use super::{Facts, add_value, files_of, number};

/// Series of one run whose figures stand in the metadata; all of them are in `metrics.csv`.
const MOST_SERIES: usize = 100;
/// Characters of a value of the configuration; the whole is in `session.json`.
const LONGEST_VALUE: usize = 4000;

/// What all actions of a session have in common.
struct Shared {
    agents: Vec<String>,
    objects: Vec<String>,
    results: Vec<String>,
}

/// Adds an action for each training of the session; one for the session where there is none.
/// What was measured outside of any training belongs to an action of its own.
pub(super) fn add(graph: &mut Graph, facts: &Facts<'_>, instrument: &str) {
    let session = facts.session;
    let shared = Shared {
        agents: agents(graph, facts),
        objects: inputs(graph, facts, instrument),
        results: [file_id("metrics.csv")]
            .into_iter()
            .chain(files_of(facts.files, Role::Output))
            .collect(),
    };
    let mut by_run: BTreeMap<Option<u32>, Vec<&Series>> = BTreeMap::new();
    for series in session.metrics.series().iter().filter(|s| !s.is_empty()) {
        let run = series
            .key()
            .run
            .filter(|run| usize::try_from(*run).is_ok_and(|run| run < session.runs.len()));
        by_run.entry(run).or_default().push(series);
    }
    for (index, run) in session.runs.iter().enumerate() {
        let series = u32::try_from(index)
            .ok()
            .and_then(|run| by_run.remove(&Some(run)))
            .unwrap_or_default();
        add_run(graph, session, &shared, instrument, index + 1, run, &series);
    }
    let outside = by_run.remove(&None).unwrap_or_default();
    if session.runs.is_empty() || !outside.is_empty() {
        add_session(graph, facts, &shared, instrument, &outside);
    }
}

fn add_run(
    graph: &mut Graph,
    session: &EntrenarSession,
    shared: &Shared,
    instrument: &str,
    number: usize,
    run: &TrainingRun,
    series: &[&Series],
) {
    let id = format!("#run-{number}");
    let name = match run
        .name
        .as_deref()
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        Some(name) => format!("Training {number}: {name}"),
        None => format!("Training {number}"),
    };
    let mut action =
        begin(&id, &name, instrument, shared).with("description", describe_run(run, series));
    add_times(&mut action, run.started_at, run.ended_at);
    match run.status {
        RunStatus::Finished => {
            action.set("actionStatus", "http://schema.org/CompletedActionStatus");
        }
        RunStatus::Failed => {
            action.set("actionStatus", "http://schema.org/FailedActionStatus");
            action.set(
                "error",
                error(session, run).unwrap_or_else(|| "A cell failed.".into()),
            );
        }
        RunStatus::Unknown => {}
    }
    for parameter in parameters(
        graph,
        &format!("{id}/"),
        &run.config,
        "parameter of this training",
    ) {
        action.link("object", &parameter);
    }
    results(graph, &mut action, series);
    graph.add(action);
    graph.root().link("mentions", &id);
}

fn add_session(
    graph: &mut Graph,
    facts: &Facts<'_>,
    shared: &Shared,
    instrument: &str,
    series: &[&Series],
) {
    let session = facts.session;
    let alone = session.runs.is_empty();
    let (name, about) = match (alone, session.has_training_data()) {
        (false, _) => ("Session", "What was measured outside of the trainings."),
        (true, true) => (
            "Session",
            "The session as a whole; no single training was told apart.",
        ),
        (true, false) => (
            "Session",
            "The session as a whole; no metric was read from it.",
        ),
    };
    let mut action = begin("#session", name, instrument, shared).with("description", about);
    let (began, ended) = (facts.artifact.created_at, facts.artifact.completed_at);
    add_times(&mut action, began, ended);
    results(graph, &mut action, series);
    graph.add(action);
    graph.root().link("mentions", "#session");
}

fn begin(id: &str, name: &str, instrument: &str, shared: &Shared) -> Entity {
    let mut action = Entity::new(id, "CreateAction")
        .with("name", one_line(name))
        .with_link("instrument", instrument);
    for (property, ids) in [
        ("agent", &shared.agents),
        ("object", &shared.objects),
        ("result", &shared.results),
    ] {
        for id in ids {
            action.link(property, id);
        }
    }
    action
}

/// Times in the form that the profile asks for: seconds or milliseconds, and an offset.
fn add_times(action: &mut Entity, began: Option<DateTime<Utc>>, ended: Option<DateTime<Utc>>) {
    for (property, time) in [("startTime", began), ("endTime", ended)] {
        let Some(time) = time.filter(|time| (1..=9999).contains(&time.year())) else {
            continue;
        };
        let form = match time.timestamp_subsec_millis() {
            0 => "%Y-%m-%dT%H:%M:%S+00:00",
            _ => "%Y-%m-%dT%H:%M:%S%.3f+00:00",
        };
        action.set(property, time.format(form).to_string());
    }
}

fn describe_run(run: &TrainingRun, series: &[&Series]) -> String {
    let mut text = match (run.first_cell, run.last_cell) {
        (Some(first), Some(last)) if first == last => format!("Ran in cell {}.", first + 1),
        (Some(first), Some(last)) => format!("Ran in cells {} to {}.", first + 1, last + 1),
        _ => "A training of this session.".to_owned(),
    };
    let points: usize = series.iter().map(|series| series.len()).sum();
    let counted = |count: usize, thing: &str| match count {
        1 => format!("1 {thing}"),
        count => format!("{count} {thing}s"),
    };
    text.push_str(&format!(
        " {} of {}.",
        counted(points, "point"),
        counted(series.len(), "metric")
    ));
    if series.len() > MOST_SERIES {
        text.push_str(&format!(
            " The figures of the first {MOST_SERIES} are listed; metrics.csv has all."
        ));
    }
    text
}

/// The error that ended a run: that of its last cell that failed.
fn error(session: &EntrenarSession, run: &TrainingRun) -> Option<String> {
    let first = usize::try_from(run.first_cell?).ok()?;
    let last = usize::try_from(run.last_cell?).ok()?;
    let records = session
        .cell_records
        .get(first..=last.min(session.cell_records.len().checked_sub(1)?))?;
    let error = records
        .iter()
        .rev()
        .find_map(|record| record.error.as_ref())?;
    let text = match (error.name.trim(), error.message.trim()) {
        ("", "") => return None,
        ("", message) => message.to_owned(),
        (name, "") => name.to_owned(),
        (name, message) => format!("{name}: {message}"),
    };
    Some(cut(&text))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Configuration as values; returns their `@id`s.
fn parameters(
    graph: &mut Graph,
    prefix: &str,
    config: &BTreeMap<String, String>,
    about: &str,
) -> Vec<String> {
    let prefix = prefix.strip_prefix('#').unwrap_or(prefix);
    config
        .iter()
        .enumerate()
        .map(|(number, (name, value))| {
            let id = local_id(&format!("{prefix}parameter"), name, number + 1);
            add_value(graph, id, name, cut(value), about)
        })
        .collect()
}

/// A readable local `@id`; a number where the name is long.
fn local_id(prefix: &str, name: &str, number: usize) -> String {
    let readable = fragment(name);
    match readable.len() {
        1..=80 => format!("#{prefix}/{readable}"),
        // No readable one has a slash.
        _ => format!("#{prefix}/number/{number}"),
    }
}

fn results(graph: &mut Graph, action: &mut Entity, series: &[&Series]) {
    let prefix = action.id().trim_start_matches('#').to_owned();
    for (position, series) in series.iter().take(MOST_SERIES).enumerate() {
        let Some(summary) = series.summary() else {
            continue;
        };
        let name = match series.key().rank {
            Some(rank) => format!("{} (rank {rank})", series.name()),
            None => series.name().to_owned(),
        };
        let base = local_id(&format!("{prefix}/metric"), &name, position + 1);
        let best = match series.name() {
            name if names::loss_rank(name).is_some() => summary.min,
            name if names::accuracy_rank(name).is_some() => summary.max,
            _ => None,
        };
        let count = match summary.count {
            1 => "one point".to_owned(),
            count => format!("{count} points"),
        };
        let last = add_value(
            graph,
            format!("{base}-final"),
            &format!("{name}, final"),
            number(summary.last),
            &format!("last value of {count}"),
        );
        action.link("result", &last);
        if let Some(best) = best {
            let about = format!("best finite value of {count}");
            let id = format!("{base}-best");
            let best = add_value(graph, id, &format!("{name}, best"), number(best), &about);
            action.link("result", &best);
        }
    }
}

/// What all trainings began with: the source document, the session's configuration, model and
/// dataset by name, and the attachments that are inputs.
fn inputs(graph: &mut Graph, facts: &Facts<'_>, instrument: &str) -> Vec<String> {
    let session = facts.session;
    let mut ids = Vec::new();
    let source = format!("{}/{}", name::SOURCE_FOLDER, name::of_source(session));
    let code = [source.as_str(), "session.ruchy", "notebook.ipynb"]
        .into_iter()
        .find(|path| facts.files.iter().any(|file| file.path == *path))
        .map(file_id);
    ids.extend(code.filter(|code| code != instrument));
    ids.extend(files_of(facts.files, Role::Input));
    let used = [Some(UsedAs::Dataset), Some(UsedAs::BaseModel)];
    let references = reference_ids(facts.artifact).into_iter();
    ids.extend(
        references
            .filter(|(r, _)| used.contains(&r.used_as))
            .map(|(_, id)| id),
    );
    for (name, value) in [
        ("dataset", &session.dataset),
        ("architecture", &session.architecture),
    ] {
        if let Some(value) = value.as_deref().filter(|value| !value.trim().is_empty()) {
            let about = "as recorded in the session";
            ids.push(add_value(
                graph,
                format!("#{name}"),
                name,
                cut(value),
                about,
            ));
        }
    }
    ids.extend(parameters(
        graph,
        "",
        &session.config,
        "parameter of the session",
    ));
    ids
}

/// Who ran it: the session's user, described as the author of that name where there is one;
/// where the session has none, the authors.
fn agents(graph: &mut Graph, facts: &Facts<'_>) -> Vec<String> {
    let authors = person_ids(facts.artifact);
    let user = facts.session.user.as_deref().map(str::trim);
    let Some(user) = user.filter(|user| !user.is_empty()) else {
        return authors.into_iter().map(|(_, id)| id).collect();
    };
    let same = authors
        .iter()
        .find(|(author, _)| author.name.trim() == user);
    if let Some((_, id)) = same {
        return vec![id.clone()];
    }
    let user = Author::new(user);
    if !user.is_named() {
        return authors.into_iter().map(|(_, id)| id).collect();
    }
    let kind = match user.kind() {
        AuthorKind::Organisation => "Organization",
        _ => "Person",
    };
    graph.add(
        Entity::new("#user", kind)
            .with("name", one_line(&user.name))
            .with("description", "the user whom the session names"),
    );
    vec!["#user".to_owned()]
}
