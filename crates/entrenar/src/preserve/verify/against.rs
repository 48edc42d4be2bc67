//! A session against its own chain, and against what another copy says of it.

use serde_json::Value;

use crate::session::chain::ChainDifference;
use crate::session::{EntrenarSession, SessionChain, SessionEvent, Sha256Hash, differences};

use super::super::SESSION_JSON;
use super::report::{Problem, ProblemKind, Report, SubjectKind};

/// A copy of a session, with its event chain where it has one.
#[derive(Debug, Clone, Copy)]
pub struct SessionCopy<'a> {
    /// The session.
    pub session: &'a EntrenarSession,
    /// Its events.
    pub chain: Option<&'a SessionChain>,
}

/// Verifies a session of a store against its event chain and its source document.
pub fn verify_stored(
    session: &EntrenarSession,
    source: Option<&[u8]>,
    chain: &SessionChain,
) -> Report {
    let mut report = Report::new(SubjectKind::Session);
    report.session = Some(session.id.clone());
    report.events = chain.head().map(|head| (chain.events().len(), head));
    for (place, message) in chain.differences(session) {
        report
            .problems
            .push(Problem::new(ProblemKind::Events, "", message).at(place));
    }
    if let Some(bytes) = source {
        report.files = 1;
        report.bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let expected = session.source.as_ref().map(|source| source.sha256);
        let found = Sha256Hash::of(bytes);
        if expected.is_some_and(|expected| expected != found) {
            report.problems.push(
                Problem::new(
                    ProblemKind::Changed,
                    "",
                    format!("the source document has the SHA-256 {found}"),
                )
                .at("source"),
            );
        }
    }
    report.sorted()
}

/// Adds to `report` how `ours`, which was verified, differs from `theirs`, which `name` names.
///
/// The first event that differs is a problem, and so is each cell, series and fact that does.
/// Events that only the one has after all those of both are no problem: it was edited later, and
/// the facts that these events set are not compared.
pub fn compare(report: &mut Report, ours: SessionCopy<'_>, theirs: SessionCopy<'_>, name: &str) {
    let mut later: Vec<&SessionEvent> = Vec::new();
    if let Some((one, two)) = ours.chain.zip(theirs.chain) {
        match one.difference(two) {
            None => {}
            Some(ChainDifference::Longer {
                other,
                later: events,
            }) => {
                later = events.iter().collect();
                let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
                let (longer, shorter) = if other { (name, "it") } else { ("it", name) };
                report.notes.push(format!(
                    "{longer} has later events than {shorter}: {}",
                    kinds.join(", ")
                ));
            }
            Some(ChainDifference::Parts { ours, theirs }) => report.problems.push(
                Problem::new(
                    ProblemKind::Differs,
                    "events.jsonl",
                    parted(ours, theirs, name),
                )
                .at(format!("event {}", ours.sequence))
                .hint("up to the event before, both have the same history"),
            ),
        }
    } else {
        report
            .notes
            .push(format!("only one of it and {name} has an event chain"));
    }
    let is_edited = |place: &str| {
        later.iter().any(|event| match event.kind.as_str() {
            "redact" => true,
            "rename" => place == "metadata.name" || place == "metadata.derived.name",
            "note" => place == "metadata.notes",
            "tag" => place == "metadata.tags",
            _ => false,
        })
    };
    for (place, message) in differences(ours.session, theirs.session) {
        if !is_edited(&place) {
            report.problems.push(
                Problem::new(
                    ProblemKind::Differs,
                    SESSION_JSON,
                    format!("{message} ({name})"),
                )
                .at(place),
            );
        }
    }
    report.problems.sort();
}

/// How two events at the same place differ.
fn parted(ours: &SessionEvent, theirs: &SessionEvent, name: &str) -> String {
    if ours.kind != theirs.kind {
        return format!(
            "the first event that differs: {} here, {} in {name}",
            ours.kind, theirs.kind
        );
    }
    let detail =
        |event: &SessionEvent| -> Value { serde_json::from_str(&event.detail).unwrap_or_default() };
    let (one, two) = (detail(ours), detail(theirs));
    let keys = |value: &Value| -> Vec<String> {
        value
            .as_object()
            .map(|map| map.keys().cloned().collect())
            .unwrap_or_default()
    };
    let mut fields = [keys(&one), keys(&two)].concat();
    fields.sort();
    fields.dedup();
    fields.retain(|field| one.get(field) != two.get(field));
    let kind = &ours.kind;
    if fields.is_empty() {
        return format!("the first event that differs: {kind}, by its hash ({name})");
    }
    format!(
        "the first event that differs: {kind} says another {} than in {name}",
        fields.join(", ")
    )
}
