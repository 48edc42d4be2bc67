//! `session.json`, and what follows from it: the table of metrics, the script, the source
//! document, the event chain.

use crate::bridge::{SourceContext, session_json};
use crate::export::{csv, ruchy_script};
use crate::session::{EntrenarSession, SessionChain};

use super::super::super::name;
use super::{EVENTS, Files, Findings, METRICS, ProblemKind, SCRIPT, SESSION_JSON};

/// Reads `session.json`; a field that it should not have or that cannot be read is a problem.
pub(super) fn read(files: &Files, found: &mut Findings<'_>) -> Option<EntrenarSession> {
    let Some(bytes) = files.bytes(SESSION_JSON) else {
        if !files.0.contains_key(SESSION_JSON) {
            found.problem(
                ProblemKind::Missing,
                SESSION_JSON,
                "",
                "an artifact folder has the session in it",
            );
        }
        return None;
    };
    found.validated(SESSION_JSON);
    let session = match session_json::read(bytes, &SourceContext::default()) {
        Ok(session) => session,
        Err(error) => {
            found.problem(ProblemKind::Format, SESSION_JSON, "", cause(&error));
            return None;
        }
    };
    let written =
        crate::export::session_json::to_vec(&session, crate::export::session_json::Times::Recorded);
    if written != bytes {
        let (line, message) = match first_difference(&written, bytes) {
            Some(line) => (
                format!("line {line}"),
                "from here it is not as entrenar writes what it says",
            ),
            None => (String::new(), "it is not as entrenar writes what it says"),
        };
        found.problem(ProblemKind::Format, SESSION_JSON, &line, message);
    }
    Some(session)
}

/// An error with its causes, in one line.
pub(in crate::preserve::verify) fn cause(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// The line, from 1, in which the texts differ first.
fn first_difference(expected: &[u8], found: &[u8]) -> Option<usize> {
    let at = expected
        .iter()
        .zip(found)
        .position(|(a, b)| a != b)
        .or_else(|| (expected.len() != found.len()).then(|| expected.len().min(found.len())))?;
    let before = found.get(..at)?;
    Some(before.iter().filter(|byte| **byte == b'\n').count() + 1)
}

/// The files that are made of the session alone must be those that it gives.
pub(super) fn check_exports(files: &Files, session: &EntrenarSession, found: &mut Findings<'_>) {
    if let Some(bytes) = files.bytes(METRICS) {
        found.validated(METRICS);
        if let Some(line) = first_difference(&csv::metrics(session), bytes) {
            found.problem(
                ProblemKind::Disagrees,
                METRICS,
                &format!("line {line}"),
                "it does not hold the points of session.json",
            );
        }
    }
    if let Some(bytes) = files.bytes(SCRIPT) {
        found.validated(SCRIPT);
        if let Some(line) = first_difference(&ruchy_script::script(session), bytes) {
            found.problem(
                ProblemKind::Disagrees,
                SCRIPT,
                &format!("line {line}"),
                "it does not hold the cells of session.json",
            );
        }
    }
}

/// The source document must be the one from which the session says that it was read.
pub(super) fn check_source(files: &Files, session: &EntrenarSession, found: &mut Findings<'_>) {
    let Some(source) = &session.source else {
        return;
    };
    let path = format!("{}/{}", name::SOURCE_FOLDER, name::of_source(session));
    match files.0.get(&path) {
        None => found.notes.push(format!(
            "the source document is not in it ({})",
            source.name.as_deref().unwrap_or("without a name")
        )),
        Some(known) => {
            found.validated(&path);
            if known.sha256.is_some_and(|sha256| sha256 != source.sha256) {
                found.problem(
                    ProblemKind::Disagrees,
                    &path,
                    "",
                    format!(
                        "it is not the document that session.json was read from: that has the \
                         SHA-256 {}",
                        source.sha256
                    ),
                );
            } else if known.size != source.size {
                found.problem(
                    ProblemKind::Disagrees,
                    SESSION_JSON,
                    "$.metadata.source.size",
                    format!("it is {}, and {path} has {} bytes", source.size, known.size),
                );
            }
        }
    }
}

/// The event chain must hold, and the session must be what it says.
pub(super) fn check_events(
    files: &Files,
    session: &EntrenarSession,
    found: &mut Findings<'_>,
) -> Option<SessionChain> {
    let bytes = files.bytes(EVENTS)?;
    found.validated(EVENTS);
    let chain = match SessionChain::parse(&session.id, bytes) {
        Ok(chain) => chain,
        Err(problems) => {
            for problem in problems {
                found.problem(
                    ProblemKind::Events,
                    EVENTS,
                    &format!("line {}", problem.line),
                    problem.message,
                );
            }
            return None;
        }
    };
    if chain.events().is_empty() {
        found.problem(ProblemKind::Events, EVENTS, "", "it holds no event");
        return None;
    }
    for (place, message) in chain.differences(session) {
        let place = if place.is_empty() {
            "$".to_owned()
        } else {
            format!("$.{place}")
        };
        found.problem(ProblemKind::Events, SESSION_JSON, &place, message);
    }
    if !chain.covers_content() {
        found.notes.push(
            "the event chain has a content digest of another version, which is not compared"
                .to_owned(),
        );
    }
    Some(chain)
}
