//! A copy of a session in which credentials are replaced by marks.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use super::file::Content;
use super::{ArtifactFile, ArtifactFolder, Attachments, PreserveError, project, texts};
use crate::files::FileError;
use crate::research::ResearchArtifact;
use crate::secrets::gate::Report;
use crate::secrets::replace::Replacer;
use crate::session::chain;
use crate::session::{
    ContentDigest, EntrenarSession, Origin, Point, Series, SessionChain, SessionMetrics,
    Sha256Hash, output,
};

/// The list of what was replaced.
pub const REDACTIONS: &str = "redactions.json";
/// Longest attached file that is rewritten, in bytes.
const LONGEST_FILE: u64 = 64 << 20;

/// A credential that was replaced in a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redaction {
    /// What it looked like: the id of a rule.
    pub rule: &'static str,
    /// What stands in its place.
    pub mark: String,
    /// How many places it had.
    pub count: usize,
}

/// What was replaced, for people and for `redactions.json`. Fingerprints are not told: that of a
/// short password could be guessed from.
pub(super) fn list(report: &Report, replacer: &Replacer) -> Vec<Redaction> {
    let redaction = |finding: &crate::secrets::gate::GateFinding| {
        Some(Redaction {
            rule: finding.rule.id,
            mark: replacer.mark(finding.fingerprint)?.to_owned(),
            count: finding.count,
        })
    };
    report.blocking().filter_map(redaction).collect()
}

/// The bytes of [`REDACTIONS`].
pub(super) fn json(redactions: &[Redaction]) -> Vec<u8> {
    let list: Vec<Value> = redactions
        .iter()
        .map(|one| json!({ "mark": one.mark, "rule": one.rule }))
        .collect();
    let value = json!({ "entrenar_redactions": 1, "redactions": list });
    format!("{value:#}\n").into_bytes()
}

/// The session without credentials; what is derived of its texts stays true.
pub(super) fn session(session: &EntrenarSession, replacer: &Replacer) -> EntrenarSession {
    let mut session = session.clone();
    let shifts = Shifts::of(&session, replacer);
    for record in &mut session.cell_records {
        for output in &mut record.outputs {
            join(output, replacer);
        }
        if let Some(error) = &mut record.error {
            let whole = error.traceback.join("\n");
            if let Some(text) = replacer.replace_text(&whole) {
                error.traceback = text.split('\n').map(ToOwned::to_owned).collect();
            }
            edit(&mut error.name, replacer);
        }
    }
    texts::visit_keeping_points(
        &mut session,
        &mut |_, text| replacer.replace_text(text),
        &mut |_, _| {},
    );
    if let Some(id) = &mut session.foreign_id {
        edit(id, replacer);
    }
    if let Some(name) = session.source.as_mut().and_then(|s| s.name.as_mut()) {
        edit(name, replacer);
    }
    shifts.apply(&mut session);
    session
}

fn edit(text: &mut String, replacer: &Replacer) {
    if let Some(other) = replacer.replace_text(text) {
        *text = other;
    }
}

/// Puts the lines of a text together where a credential goes over several of them.
fn join(value: &mut Value, replacer: &Replacer) {
    match value {
        Value::Array(lines) if !lines.is_empty() && lines.iter().all(Value::is_string) => {
            let texts: Vec<&str> = lines.iter().filter_map(Value::as_str).collect();
            // The lines of a traceback have no ends.
            let ended = texts.iter().rev().skip(1).all(|line| line.ends_with('\n'));
            let whole = texts.join(if ended { "" } else { "\n" });
            if let Some(text) = replacer.replace_text(&whole) {
                *lines = if ended {
                    text.split_inclusive('\n').map(Value::from).collect()
                } else {
                    text.split('\n').map(Value::from).collect()
                };
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| join(item, replacer)),
        Value::Object(map) => map.values_mut().for_each(|value| join(value, replacer)),
        _ => {}
    }
}

/// The description without credentials.
pub(super) fn artifact(artifact: &ResearchArtifact, replacer: &Replacer) -> ResearchArtifact {
    let mut artifact = artifact.clone();
    texts::description(&mut artifact, &mut |_, text| replacer.replace_text(text));
    for address in [&mut artifact.url, &mut artifact.repository] {
        // An address with a mark in it leads nowhere.
        address.take_if(|text| replacer.replace_text(text).is_some());
    }
    artifact
}

/// The source document without credentials; the session then names this document.
pub(super) fn source(
    bytes: &[u8],
    session: &mut EntrenarSession,
    replacer: &Replacer,
) -> Option<Vec<u8>> {
    let replaced = replacer.replace(bytes)?.bytes;
    if let Some(source) = &mut session.source {
        source.sha256 = Sha256Hash::of(&replaced);
        source.size = u64::try_from(replaced.len()).unwrap_or(u64::MAX);
    }
    Some(replaced)
}

/// The chain of events with that of the redaction, which says what the session then is.
pub(super) fn chain(
    chain: &SessionChain,
    session: &EntrenarSession,
    redacted_source: bool,
    redactions: &[Redaction],
) -> SessionChain {
    let mut chain = chain.clone();
    let occurrences: usize = redactions.iter().map(|one| one.count).sum();
    let source = session.source.as_ref().filter(|_| redacted_source);
    let mut fields = chain::state_fields(session, &ContentDigest::of(session));
    fields.push(("occurrences".to_owned(), json!(occurrences)));
    fields.push((
        "source".to_owned(),
        json!(source.map(|source| source.sha256.to_string())),
    ));
    chain.push("redact", chain::sorted(fields));
    chain
}

/// Attached files without credentials; those without any stay on disk.
pub(super) fn attachments(
    found: &Attachments,
    replacer: &Replacer,
) -> Result<Attachments, PreserveError> {
    let mut attachments = found.clone();
    for file in &mut attachments.files {
        let bytes = match &file.content {
            Content::Bytes(bytes) => bytes.clone(),
            Content::Disk(disk) if disk.size() <= LONGEST_FILE => {
                fs::read(disk.path()).map_err(FileError::at("read", disk.path()))?
            }
            // What is in it stops the copy when it is looked at again.
            Content::Disk(_) => continue,
        };
        replace(file, &bytes, replacer);
    }
    Ok(attachments)
}

/// Files of the project folder, which no session holds.
pub(super) fn project_files(folder: &mut ArtifactFolder, replacer: &Replacer) {
    let inside = |path: &str| {
        path.strip_prefix(project::FOLDER)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    for file in folder.files.iter_mut().filter(|file| inside(&file.path)) {
        if let Some(bytes) = file.bytes().map(<[u8]>::to_vec) {
            replace(file, &bytes, replacer);
        }
    }
}

fn replace(file: &mut ArtifactFile, bytes: &[u8], replacer: &Replacer) {
    if let Some(replaced) = replacer.replace(bytes) {
        file.content = Content::Bytes(replaced.bytes);
    }
}

/// A stretch of a text that was replaced: begin, end, length of the mark.
type Stretch = (u32, u32, u32);

/// Where marks stand in the texts of outputs, by cell and output: the places of points move.
struct Shifts(BTreeMap<(u32, u32), Vec<Stretch>>);

impl Shifts {
    fn of(session: &EntrenarSession, replacer: &Replacer) -> Self {
        let mut shifts = BTreeMap::new();
        for (cell, record) in (0..).zip(&session.cell_records) {
            for (place, value) in (0..).zip(&record.outputs) {
                let text = output::plain_text(value).unwrap_or_default();
                let Some(replaced) = replacer.replace(text.as_bytes()) else {
                    continue;
                };
                let stretches: Vec<Stretch> = replaced
                    .ranges
                    .into_iter()
                    .filter_map(|(range, mark)| {
                        Some((
                            range.start.try_into().ok()?,
                            range.end.try_into().ok()?,
                            mark.try_into().ok()?,
                        ))
                    })
                    .collect();
                shifts.insert((cell, place), stretches);
            }
        }
        Self(shifts)
    }

    fn apply(&self, session: &mut EntrenarSession) {
        if self.0.is_empty() {
            return;
        }
        let mut metrics = SessionMetrics::new();
        for series in session.metrics.series() {
            let mut moved = Series::new(series.key().clone());
            for point in series.points() {
                moved.push(Point {
                    value: point.value,
                    step: point.step,
                    epoch: point.epoch,
                    time_us: point.time_us,
                    origin: point.origin.map(|origin| self.moved(origin)),
                });
            }
            metrics.insert(moved);
        }
        session.metrics = metrics;
    }

    fn moved(&self, origin: &Origin) -> Origin {
        let mut origin = origin.clone();
        let Some(stretches) = self.0.get(&(origin.cell, origin.output)) else {
            return origin;
        };
        let moved = |at: u32| {
            stretches.iter().fold(at, |moved, (start, end, mark)| {
                if at >= *end {
                    moved.saturating_sub(end - start).saturating_add(*mark)
                } else if at > *start {
                    moved.saturating_sub(at - start)
                } else {
                    moved
                }
            })
        };
        origin.span = moved(origin.span.start)..moved(origin.span.end);
        origin
    }
}
