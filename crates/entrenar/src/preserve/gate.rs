//! The secret gate over a folder: every file that is about to leave.

use std::fs::File;

use super::file::Content;
use super::{ArtifactFolder, Digest, METRICS_PARQUET, Parts, PreserveError, Redaction, redaction};
use crate::files::FileError;
use crate::research::ResearchArtifact;
use crate::secrets::gate::{GateCheck, Report, SecretGate};
use crate::secrets::replace::Replacer;
use crate::session::EntrenarSession;

/// A folder that was put together and looked at.
#[derive(Debug, Clone)]
pub struct Gated {
    /// The folder. It must not leave where [`report`](Self::report) blocks.
    pub folder: ArtifactFolder,
    /// What is in it.
    pub report: Report,
    /// The copy of the session in which credentials were replaced, if there were any.
    pub session: Option<EntrenarSession>,
    /// What was replaced.
    pub redactions: Vec<Redaction>,
}

/// Puts together the folder of `session` as [`build`](super::build) does, and looks at everything
/// in it.
///
/// With `redact`, credentials are replaced in a copy: in all texts of the session, in the source
/// document, in the description, in attached files up to 64 MiB and in those of the project; the
/// same credential by the same mark everywhere. The folder is made of that copy, with
/// `redactions.json` in it, and looked at again. What still blocks then stands where nothing can be
/// replaced, such as the name of a file or a preregistration.
///
/// # Errors
/// As [`build`](super::build), and if an attached file cannot be read.
pub fn build(
    session: &EntrenarSession,
    artifact: &ResearchArtifact,
    parts: &Parts<'_>,
    gate: &SecretGate,
    redact: bool,
) -> Result<Gated, PreserveError> {
    let folder = super::build(session, artifact, parts)?;
    let gate = of_authors(gate, &folder);
    let mut look = gate.check_to_replace();
    look_at(&mut look, &folder, session)?;
    let (report, credentials) = look.finish_to_replace();
    if !redact || !report.blocks() {
        return Ok(Gated {
            folder,
            report,
            session: None,
            redactions: Vec::new(),
        });
    }
    let replacer = Replacer::new(&report, credentials);
    let redactions = redaction::list(&report, &replacer);
    let mut copy = redaction::session(session, &replacer);
    let source = parts
        .source
        .and_then(|bytes| redaction::source(bytes, &mut copy, &replacer));
    let chain = parts
        .chain
        .map(|chain| redaction::chain(chain, &copy, source.is_some(), &redactions));
    let attachments = parts
        .attachments
        .map(|found| redaction::attachments(found, &replacer))
        .transpose()?;
    let list = redaction::json(&redactions);
    let parts = Parts {
        source: source.as_deref().or(parts.source),
        chain: chain.as_ref(),
        attachments: attachments.as_ref(),
        redactions: Some(&list),
        ..*parts
    };
    let artifact = redaction::artifact(artifact, &replacer);
    let mut folder = super::build(&copy, &artifact, &parts)?;
    redaction::project_files(&mut folder, &replacer);
    let mut look = gate.check();
    look_at(&mut look, &folder, &copy)?;
    Ok(Gated {
        folder,
        report: look.finish(),
        session: Some(copy),
        redactions,
    })
}

/// Looks at everything in `folder`: at `session` first, of which most of it was made, so that a
/// credential is told by its cell; then at each file, also those on disk, and the names of files.
/// An author's own e-mail address is not told.
///
/// # Errors
/// [`PreserveError::File`] if a file on disk cannot be read.
pub fn check(
    folder: &ArtifactFolder,
    session: &EntrenarSession,
    gate: &SecretGate,
) -> Result<Report, PreserveError> {
    let gate = of_authors(gate, folder);
    let mut check = gate.check();
    look_at(&mut check, folder, session)?;
    Ok(check.finish())
}

/// The gate for a work of these authors.
fn of_authors(gate: &SecretGate, folder: &ArtifactFolder) -> SecretGate {
    let authors = folder.artifact.authors.iter();
    authors
        .flat_map(|author| author.email.iter().chain([&author.name]))
        .fold(gate.clone(), |gate, address| gate.own_email(address))
}

fn look_at(
    check: &mut GateCheck<'_>,
    folder: &ArtifactFolder,
    session: &EntrenarSession,
) -> Result<(), PreserveError> {
    check.session(session);
    for file in &folder.files {
        match &file.content {
            // Every text in it was seen in metrics.csv.
            Content::Bytes(_) if file.path == METRICS_PARQUET => {}
            Content::Bytes(bytes) => check.bytes(&file.path, bytes),
            Content::Disk(disk) => {
                let failed = |error| FileError::at("read", disk.path())(error);
                let mut opened = File::open(disk.path()).map_err(failed)?;
                check.read(&file.path, &mut opened).map_err(failed)?;
            }
        }
    }
    // The digests in it are no text that somebody wrote.
    let digests = vec![Digest::of(b""); folder.files.len()];
    for file in folder.made_of(&digests).metadata {
        check.bytes(&file.path, file.bytes().unwrap_or_default());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preserve::{ArtifactFile, DiskFile, PreserveOptions, describe};
    use crate::research::Author;
    use crate::session::output;
    use crate::session::{CellRecord, CodeCell};

    fn token(prefix: &str) -> String {
        format!("{prefix}{}", "q7Zk2Wm9Xc4Vb1Nt8Lp3Rj6Hs5Gd0FyTaQeU")
    }

    fn session() -> EntrenarSession {
        let mut session = EntrenarSession::empty("s1", "LoRA").with_config("lr", "0.1");
        session.add_recorded_cell(
            CodeCell {
                execution_order: 1,
                source: format!("!pip install x\nlogin('{}')", token("hf_")),
                output: None,
                timestamp: chrono::DateTime::UNIX_EPOCH,
                duration_ms: None,
            },
            CellRecord {
                outputs: vec![output::stream(
                    "stdout",
                    "\u{1b}[32mdone\u{1b}[0m ana@uni-x.de",
                )],
                ..CellRecord::default()
            },
        );
        session
    }

    #[test]
    fn a_credential_is_told_by_its_cell_and_every_file_is_seen() {
        let session = session();
        let options = PreserveOptions {
            authors: vec![Author::new("Ana Silva").with_email("ana@uni-x.de")],
            ..PreserveOptions::default()
        };
        let artifact = describe(&session, &options);
        let mut folder = crate::preserve::build(&session, &artifact, &Parts::default()).unwrap();
        let report = check(&folder, &session, &SecretGate::new()).unwrap();
        let [found] = report.findings.as_slice() else {
            panic!("{:?}", report.findings);
        };
        assert_eq!(found.rule.id, "huggingface-token");
        assert_eq!(
            found.places[0].to_string(),
            "cells[0].source line 2 column 8"
        );
        for path in ["index.html", "notebook.ipynb", "session.json"] {
            assert!(
                found.places.iter().any(|place| place.text == path),
                "{path}"
            );
        }
        assert!(report.blocks());

        let file = tempfile::NamedTempFile::new().unwrap();
        let text = format!("x\nnpm={}", token("npm_"));
        crate::files::write_atomic(file.path(), text.as_bytes()).unwrap();
        let mut disk = ArtifactFile::new("attachments/notes.txt", "", "");
        disk.content = Content::Disk(DiskFile::at(file.path()).unwrap());
        folder.files.push(disk);
        let gate = SecretGate::new().allow(found.fingerprint);
        let report = check(&folder, &session, &gate).unwrap();
        let blocking: Vec<_> = report.blocking().collect();
        assert_eq!(blocking.len(), 1);
        assert_eq!(blocking[0].rule.id, "npm-token");
        assert_eq!(
            blocking[0].places[0].to_string(),
            "attachments/notes.txt line 2 column 5"
        );
    }
}
