//! What frames change in a session. The store and the readers of a journal's tail apply them alike.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::{CellFrame, Frame, Start};
use crate::session::{
    CodeCell, EntrenarSession, ImportWarning, Place, SessionState, TrainingRun, WarningKind,
};

/// The place that warnings of a recording name.
const PLACE: &str = "recording";
/// The mark of an end that no recorder told.
const LAST_RECORD: &str = "time of the last thing that was recorded";
/// Environments of further recorders that are kept.
const MOST_ENVIRONMENTS: usize = 256;
/// Runs that a session may have.
const MOST_RUNS: u32 = 1 << 20;

/// A warning about the recording.
pub(crate) fn warning(kind: WarningKind, message: impl Into<String>) -> ImportWarning {
    ImportWarning::new(kind, Place::path(PLACE), message)
}

/// Adds a warning; one that is there already is not added again.
pub(crate) fn warn(session: &mut EntrenarSession, warning: ImportWarning) {
    if !session.warnings.contains(&warning) {
        session.warnings.push(warning);
    }
}

/// The session as its first recorder begins it.
pub(crate) fn first(start: &Start) -> EntrenarSession {
    let mut session = EntrenarSession::empty(&start.session, &start.name);
    session.started_at = Some(start.started);
    session.forked_from.clone_from(&start.forked_from);
    further(&mut session, start);
    session
}

/// Another recorder begins: one of another rank, or a session goes on.
pub(crate) fn further(session: &mut EntrenarSession, start: &Start) {
    for (known, said) in [
        (&mut session.user, &start.user),
        (&mut session.architecture, &start.architecture),
        (&mut session.dataset, &start.dataset),
        (&mut session.notes, &start.notes),
    ] {
        if known.is_none() {
            known.clone_from(said);
        }
    }
    for (name, value) in &start.config {
        session.config.insert(name.clone(), value.clone());
    }
    for tag in &start.tags {
        session.add_tag(tag);
    }
    session.state = Some(SessionState::Live);
    session.ended_at = None;
    session.derived.remove("ended_at");
}

/// Applies what is neither a beginning, a series, a cell nor an end.
pub(crate) fn frame(session: &mut EntrenarSession, start: &Start, frame: Frame) {
    match frame {
        Frame::Config { name, value } => {
            session.config.insert(name, value);
        }
        Frame::Tag(tag) => session.add_tag(tag),
        Frame::Notes(notes) => session.notes = notes,
        Frame::Environment(environment) => add_environment(session, start, environment),
        Frame::Run { number, run } => set_run(session, number, run),
        Frame::Warning(said) => warn(session, said),
        Frame::Unknown { version, kind } => warn(
            session,
            warning(
                WarningKind::UnknownField,
                format!(
                    "a later version of entrenar recorded something that this one does not know \
                     (kind {kind} of version {version}); it was passed over"
                ),
            ),
        ),
        Frame::Start(_) | Frame::Series(_) | Frame::Cell(_) | Frame::End(_) => {}
    }
}

/// The first recorder's environment is the session's; of a further one what differs is kept.
fn add_environment(session: &mut EntrenarSession, start: &Start, environment: Map<String, Value>) {
    /// What further recorders have otherwise.
    const OTHERS: &str = "recorders";
    if session.environment.is_empty() {
        session.environment = environment;
        return;
    }
    let mut differing: Map<String, Value> = environment
        .into_iter()
        .filter(|(name, value)| session.environment.get(name) != Some(value))
        .collect();
    if differing.is_empty() {
        return;
    }
    if let Some(rank) = start.rank {
        differing.insert("rank".to_owned(), json!(rank));
    }
    differing.insert("started".to_owned(), json!(start.started));
    let others = session.environment.entry(OTHERS).or_insert(json!([]));
    if let Value::Array(others) = others
        && others.len() < MOST_ENVIRONMENTS
        && !others.contains(&Value::Object(differing.clone()))
    {
        others.push(Value::Object(differing));
    }
}

fn set_run(session: &mut EntrenarSession, number: u32, run: TrainingRun) {
    let place = usize::try_from(number).unwrap_or(usize::MAX);
    if number >= MOST_RUNS {
        let message = format!("the run {number} was left out: a session has at most {MOST_RUNS}");
        return warn(session, warning(WarningKind::Limit, message));
    }
    if session.runs.len() <= place {
        session.runs.resize(place + 1, TrainingRun::default());
    }
    if let Some(known) = session.runs.get_mut(place) {
        *known = run;
    }
}

/// The cell as the session keeps it: its rank stands in its metadata.
pub(crate) fn ranked_cell(mut frame: CellFrame, rank: Option<u32>) -> CellFrame {
    if let Some(rank) = rank {
        let metadata = &mut frame.record.metadata;
        metadata.entry("rank").or_insert_with(|| json!(rank));
    }
    frame
}

/// Moves the cells of runs where a cell is put at `place` before others.
pub(crate) fn shift_runs(runs: &mut [TrainingRun], place: usize) {
    for run in runs {
        for cell in [&mut run.first_cell, &mut run.last_cell]
            .into_iter()
            .flatten()
        {
            if usize::try_from(*cell).is_ok_and(|cell| cell >= place) {
                *cell = cell.saturating_add(1);
            }
        }
    }
}

/// Puts a cell into the session: behind all of the same recorder, and by its time among the others. Gives its
/// place.
pub(crate) fn put_cell(
    session: &mut EntrenarSession,
    frame: CellFrame,
    last_own: Option<usize>,
) -> usize {
    let by_time = session
        .code_history
        .iter()
        .rposition(|cell| cell.timestamp <= frame.cell.timestamp);
    let after = |place: Option<usize>| place.map_or(0, |place| place + 1);
    let place = after(by_time).max(after(last_own));
    let records = session.code_history.len();
    session.cell_records.resize(records, Default::default());
    session.code_history.insert(place, frame.cell);
    session.cell_records.insert(place, frame.record);
    if place < records {
        shift_runs(&mut session.runs, place);
    }
    for (order, cell) in (1..).zip(&mut session.code_history) {
        let cell: &mut CodeCell = cell;
        cell.execution_order = order;
    }
    place
}

/// How a recorder ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended {
    /// When; for an interrupted one the time of the last thing it recorded, if any.
    pub(crate) at: Option<DateTime<Utc>>,
    pub(crate) state: SessionState,
}

/// The session's end, from those of its recorders that were at work last.
pub(crate) fn end(session: &mut EntrenarSession, ended: &[Ended]) {
    let has = |state| ended.iter().any(|end| end.state == state);
    session.state = Some(if has(SessionState::Failed) {
        SessionState::Failed
    } else if has(SessionState::Interrupted) {
        SessionState::Interrupted
    } else {
        SessionState::Finished
    });
    let last = ended
        .iter()
        .filter_map(|end| Some((end.at?, end.state)))
        .max();
    session.ended_at = last.map(|(at, _)| at);
    if last.is_some_and(|(_, state)| state == SessionState::Interrupted) {
        let mark = LAST_RECORD.to_owned();
        session.derived.insert("ended_at".to_owned(), mark);
    }
}
