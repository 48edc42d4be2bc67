//! The secret gate over a folder that was built: every file that is about to leave.

use std::fs::File;

use super::file::Content;
use super::{ArtifactFolder, Digest, PreserveError};
use crate::files::FileError;
use crate::secrets::gate::{Report, SecretGate};
use crate::session::EntrenarSession;

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
    let mut gate = gate.clone();
    for author in &folder.artifact.authors {
        for address in author.email.iter().chain([&author.name]) {
            gate = gate.own_email(address);
        }
    }
    let mut check = gate.check();
    check.session(session);
    for file in &folder.files {
        match &file.content {
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
    Ok(check.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preserve::{ArtifactFile, DiskFile, Parts, PreserveOptions, build, describe};
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
        let mut folder = build(&session, &artifact, &Parts::default()).unwrap();
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
