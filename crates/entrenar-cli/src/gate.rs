//! The secret gate of verbs that write what others will see.

use entrenar::preserve::gate::{self, Gated};
use entrenar::preserve::{self, Parts, PreserveError, PreserveOptions};
use entrenar::research::ResearchArtifact;
use entrenar::secrets::gate::{GateFinding, Report, SecretGate};
use entrenar::secrets::{Fingerprint, Severity};
use entrenar::session::EntrenarSession;
use serde_json::{Value, json};

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::figures;
use crate::packing::cannot_build;
use crate::term::{Line, Tone};

/// Findings that a message lists; all are in `--json`.
const SHOWN: usize = 20;
/// Places of one finding that a message lists.
const PLACES: usize = 3;

/// What is said about credentials in what is about to leave.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub(crate) struct GateArgs {
    /// Replace what looks like a credential in the copy
    #[arg(long)]
    pub(crate) redact_secrets: bool,
    /// Let the credential of that fingerprint pass: it is none (repeatable)
    #[arg(long, value_name = "FINGERPRINT")]
    pub(crate) allow_secret: Vec<Fingerprint>,
}

impl GateArgs {
    /// The gate.
    pub(crate) fn gate(&self) -> SecretGate {
        let allowed = self.allow_secret.iter();
        allowed.fold(SecretGate::new(), |gate, fingerprint| {
            gate.allow(*fingerprint)
        })
    }

    /// Puts the folder together and looks at it.
    pub(crate) fn build(
        &self,
        session: &EntrenarSession,
        artifact: &ResearchArtifact,
        parts: &Parts<'_>,
    ) -> Result<Gated, PreserveError> {
        gate::build(session, artifact, parts, &self.gate(), self.redact_secrets)
    }

    /// A copy of a session and its document without credentials.
    pub(crate) fn copy(
        &self,
        session: EntrenarSession,
        source: Option<Vec<u8>>,
    ) -> Result<(EntrenarSession, Option<Vec<u8>>), Failure> {
        let artifact = preserve::describe(&session, &PreserveOptions::default());
        let parts = Parts {
            source: source.as_deref(),
            ..Parts::default()
        };
        let gated = gate::build(&session, &artifact, &parts, &self.gate(), true)
            .map_err(|error| cannot_build(&session, &error))?;
        let Some(copy) = gated.session else {
            return Ok((session, source));
        };
        let inside = |path: &str| path.starts_with("source/");
        let document = gated.folder.files.iter().find(|file| inside(&file.path));
        Ok((
            copy,
            document.and_then(|file| file.bytes()).map(<[u8]>::to_vec),
        ))
    }

    /// Looks at a document that was made of `session`.
    pub(crate) fn document(&self, session: &EntrenarSession, bytes: &[u8]) -> Report {
        const DOCUMENT: &str = "the document";
        let gate = self.gate();
        let mut check = gate.check();
        check.bytes(DOCUMENT, bytes);
        let alone = check.finish();
        if !alone.blocks() {
            return alone;
        }
        // Told by the cells, where they are in it.
        let mut check = gate.check();
        check.session(session);
        check.bytes(DOCUMENT, bytes);
        let mut report = check.finish();
        let is_in_it = |fingerprint| {
            let mut found = alone.findings.iter();
            found.any(|one| one.fingerprint == fingerprint)
        };
        report.findings.retain(|one| is_in_it(one.fingerprint));
        report
    }
}

/// Refuses what a report blocks; with `json` the report is printed as well.
pub(crate) fn pass(app: &mut App, report: &Report, json: bool) -> Result<(), Failure> {
    if !report.blocks() {
        return Ok(());
    }
    if json {
        app.out
            .json(&json!({ "blocked": true, "gate": report_json(report) }))?;
    }
    Err(refusal(report))
}

fn refusal(report: &Report) -> Failure {
    let blocking: Vec<&GateFinding> = report.blocking().collect();
    let what = figures::count(blocking.len(), "credential", "credentials");
    let mut text = format!("nothing is written: {what} would leave with it");
    for finding in blocking.iter().take(SHOWN) {
        text.push_str(&format!(
            "\n{} of {}, fingerprint {}",
            finding.rule.title,
            figures::count(finding.length, "byte", "bytes"),
            finding.fingerprint
        ));
        for place in finding.places.iter().take(PLACES) {
            text.push_str(&format!("\n  {place}"));
        }
        let more = finding
            .count
            .saturating_sub(PLACES.min(finding.places.len()));
        if more > 0 {
            let more = figures::count(more, "more place", "more places");
            text.push_str(&format!("\n  and {more}"));
        }
    }
    let more = blocking.len().saturating_sub(SHOWN);
    if more > 0 {
        text.push_str(&format!("\nand {more} more; `--json` lists all"));
    }
    let first = blocking
        .first()
        .map(|finding| finding.fingerprint.to_string())
        .unwrap_or_default();
    Failure::new(Exit::Secret, text)
        .hint("revoke what was real: whoever has the session has it, too")
        .hint("`--redact-secrets` replaces it in the copy; `entrenar redact ID` in the store")
        .hint(format!(
            "`--allow-secret {first}` lets it pass if it is no credential"
        ))
}

/// Tells what is no reason to stop: what was allowed, personal folders, what nobody looked into.
pub(crate) fn warn(app: &mut App, gated: &Gated) -> Result<(), Failure> {
    let report = &gated.report;
    for redaction in gated.redactions.iter().take(SHOWN) {
        let places = figures::count(redaction.count, "place", "places");
        let line = Line::of(Tone::Good, "replaced ")
            .plain(&redaction.mark)
            .dim(format!("  {places}"));
        app.out.line(&line)?;
    }
    for (title, plural) in [
        ("folder of a person", "folders of persons"),
        ("e-mail address", "e-mail addresses"),
    ] {
        let found: Vec<_> = report
            .findings
            .iter()
            .filter(|finding| finding.rule.title == title)
            .collect();
        let Some(place) = found.first().and_then(|finding| finding.places.first()) else {
            continue;
        };
        let count = figures::count(found.len(), title, plural);
        let line = Line::of(Tone::Warning, "! ")
            .plain(format!("{count} can be read in it, the first at {place}"));
        app.out.line(&line)?;
    }
    let allowed = report
        .findings
        .iter()
        .filter(|finding| finding.allowed && finding.rule.severity == Severity::Blocks)
        .count();
    if allowed > 0 {
        let count = figures::count(allowed, "credential", "credentials");
        let line = Line::of(Tone::Warning, "! ").plain(format!("{count} allowed to pass"));
        app.out.line(&line)?;
    }
    for unseen in &report.unseen {
        let line = Line::of(Tone::Warning, "! ").plain(format!(
            "{}: not looked into for credentials ({})",
            unseen.path, unseen.reason
        ));
        app.out.line(&line)?;
    }
    Ok(())
}

/// As JSON; no credential is in it.
pub(crate) fn to_json(gated: &Gated) -> Value {
    let redactions: Vec<Value> = gated
        .redactions
        .iter()
        .map(|one| json!({ "mark": one.mark, "rule": one.rule, "count": one.count }))
        .collect();
    let mut value = report_json(&gated.report);
    if let Some(map) = value.as_object_mut() {
        map.insert("redactions".into(), redactions.into());
    }
    value
}

fn report_json(report: &Report) -> Value {
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            let places: Vec<Value> = finding
                .places
                .iter()
                .map(|place| {
                    json!({
                        "text": place.text,
                        "line": place.line,
                        "column": place.column,
                    })
                })
                .collect();
            json!({
                "rule": finding.rule.id,
                "title": finding.rule.title,
                "severity": finding.rule.severity,
                "fingerprint": finding.fingerprint,
                "length": finding.length,
                "allowed": finding.allowed,
                "count": finding.count,
                "places": places,
            })
        })
        .collect();
    let unseen: Vec<Value> = report
        .unseen
        .iter()
        .map(|one| json!({ "path": one.path, "reason": one.reason }))
        .collect();
    json!({ "findings": findings, "unseen": unseen })
}
