use std::fs::{self, File};
use std::path::{Path, PathBuf};

use entrenar::preserve::sign::{self, Signable, SignableError, beside};
use entrenar::research::signing::in_toto::Envelope;
use entrenar::research::signing::timestamp::{self, Reply, Request};
use entrenar::research::signing::{SecretKey, TrustedComment};
use serde_json::json;

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::figures;
use crate::keys::{self, SigningKey};
use crate::save;
use crate::shell::word;
use crate::term::{Line, Tone};

/// Sign an artifact folder or a zip, or timestamp it
///
/// The folder is verified first; what does not hold is not signed. Written are SHA256SUMS.minisig
/// (which minisign verifies) and SHA256SUMS.intoto.json (an in-toto statement that names every
/// file), for a zip beside it. A timestamp of an authority (RFC 3161) proves since when the
/// folder exists: write a request, send it, attach the reply.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar sign lora-artifact
  entrenar sign lora-artifact --timestamp-request
  curl -sS -H 'Content-Type: application/timestamp-query' \\
    --data-binary @lora-artifact/SHA256SUMS.tsq http://timestamp.digicert.com -o reply.tsr
  entrenar sign lora-artifact --attach-timestamp reply.tsr --tsa-ca authority.pem")]
pub(crate) struct Args {
    /// An artifact folder, or a zip of one
    #[arg(value_name = "DIR|ZIP")]
    subject: PathBuf,
    #[command(flatten)]
    key: SigningKey,
    /// Make no signature: write the request for a timestamp alone
    #[arg(long, requires = "timestamp_request", conflicts_with_all = ["key", "password_file"])]
    unsigned: bool,
    /// Also write a request for a timestamp (….tsq)
    #[arg(long)]
    timestamp_request: bool,
    /// Attach the reply of an authority (….tsr) instead of signing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "password_file", "timestamp_request"])]
    attach_timestamp: Option<PathBuf>,
    /// The authority's certificates, PEM: check the timestamp before it is attached
    #[arg(long, value_name = "FILE", requires = "attach_timestamp")]
    tsa_ca: Option<PathBuf>,
    /// Replace a signature by another key, or another timestamp
    #[arg(long)]
    force: bool,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

/// What was written.
#[derive(Default)]
struct Done {
    files: Vec<PathBuf>,
    lines: Vec<(&'static str, String)>,
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let signable = sign::signable(&self.subject).map_err(|error| refused(&error))?;
        let mut done = Done::default();
        let mut public_key = None;
        if let Some(reply) = &self.attach_timestamp {
            self.attach(&signable, reply, &mut done)?;
        } else {
            if !self.unsigned {
                let key = self.key.load(app)?;
                self.sign(&signable, &key, &mut done)?;
                public_key = Some(key.public_key());
            }
            if self.timestamp_request {
                request(&signable, &mut done)?;
            }
        }
        if self.json {
            app.out.json(&json!({
                "subject": self.subject.to_string_lossy(),
                "signed": signable.content.to_string_lossy(),
                "sha256": signable.sha256.to_string(),
                "files": done.files.iter().map(|file| file.to_string_lossy()).collect::<Vec<_>>(),
                "public_key": public_key.map(|key| key.to_line()),
                "key_id": public_key.map(|key| key.id().to_string()),
            }))?;
            return Ok(Exit::Done);
        }
        for file in &done.files {
            let line = Line::of(Tone::Good, "wrote      ").plain(file.display().to_string());
            app.out.long_line(&line)?;
        }
        for (label, text) in &done.lines {
            app.out
                .long_line(&Line::of(Tone::Dim, format!("{label:<10} ")).plain(text))?;
        }
        Ok(Exit::Done)
    }

    fn sign(&self, signable: &Signable, key: &SecretKey, done: &mut Done) -> Result<(), Failure> {
        let content = &signable.content;
        let cannot = |error: &dyn std::error::Error| {
            Failure::new(
                Exit::InputFailed,
                format!("cannot sign {}", content.display()),
            )
            .because(error)
        };
        let name = sign::name(content);
        let comment = TrustedComment::of_file(&name, signable.sha256.as_bytes())
            .map_err(|error| cannot(&error))?;
        let file = File::open(content).map_err(|error| cannot(&error))?;
        let signature = key.sign(file, comment).map_err(|error| cannot(&error))?;
        let envelope = Envelope::sign(&signable.statement, key);
        let written = [
            (
                beside(content, ".minisig"),
                signature.to_text().into_bytes(),
            ),
            (beside(content, ".intoto.json"), envelope.to_json()),
        ];
        for (path, bytes) in &written {
            self.refuse_other(path, bytes)?;
        }
        for (path, bytes) in written {
            save::file(&path, &bytes)?;
            done.files.push(path);
        }
        done.lines.push((
            "verify",
            format!("minisign -Vm {} -P {}", word(content), key.public_key()),
        ));
        Ok(())
    }

    /// Refuses to replace another file; the same one may be written again.
    fn refuse_other(&self, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
        if self.force || fs::symlink_metadata(path).is_err() {
            return Ok(());
        }
        if fs::read(path).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        Err(Failure::new(
            Exit::Output,
            format!("{} is there already, and is another one", path.display()),
        )
        .hint("`--force` replaces it"))
    }

    fn attach(&self, signable: &Signable, path: &Path, done: &mut Done) -> Result<(), Failure> {
        let cannot = |error: &dyn std::error::Error| {
            Failure::new(
                Exit::InputFailed,
                format!("cannot attach {}", path.display()),
            )
            .because(error)
        };
        let bytes = keys::read(path)?;
        let reply = Reply::parse(&bytes).map_err(|error| cannot(&error))?;
        let sha256 = signable.sha256.as_bytes();
        reply
            .check_content(sha256)
            .map_err(|error| cannot(&error))?;
        let query = beside(&signable.content, ".tsq");
        if query.exists() {
            let request = Request::parse(&keys::read(&query)?).map_err(|error| {
                Failure::new(Exit::InputFailed, format!("cannot use {}", query.display()))
                    .because(&error)
            })?;
            reply.check_request(&request).map_err(|error| {
                cannot(&error).hint(format!(
                    "send {} again, or remove it if the reply answers another request",
                    word(&query)
                ))
            })?;
        }
        let time = figures::second(reply.unchecked_time());
        let said = match &self.tsa_ca {
            Some(path) => {
                let info = reply
                    .verify(sha256, &keys::anchors(path)?)
                    .map_err(|error| cannot(&error))?;
                format!("{time} by {}: good", info.tsa_name)
            }
            None => format!("{time}; not checked, for no --tsa-ca was given"),
        };
        let target = beside(&signable.content, ".tsr");
        self.refuse_other(&target, &bytes)?;
        save::file(&target, &bytes)?;
        done.files.push(target.clone());
        done.lines.push(("stamped", said));
        done.lines.push((
            "verify",
            format!(
                "openssl ts -verify -data {} -in {} -CAfile authority.pem",
                word(&signable.content),
                word(&target)
            ),
        ));
        Ok(())
    }
}

/// Writes the request for a timestamp; one that is there is kept, for its reply may be under way.
fn request(signable: &Signable, done: &mut Done) -> Result<(), Failure> {
    let path = beside(&signable.content, ".tsq");
    let waiting = fs::read(&path)
        .ok()
        .and_then(|bytes| Request::parse(&bytes).ok())
        .is_some_and(|request| request.sha256 == *signable.sha256.as_bytes());
    if !waiting {
        let nonce = timestamp::nonce()
            .map_err(|error| Failure::new(Exit::Output, "cannot make a request").because(&error))?;
        save::file(
            &path,
            &timestamp::request(signable.sha256.as_bytes(), nonce),
        )?;
    }
    done.lines.push(("send it", send_line(&path)));
    done.files.push(path);
    Ok(())
}

/// The command that sends a request to an authority.
pub(super) fn send_line(query: &Path) -> String {
    format!(
        "curl -sS -H 'Content-Type: application/timestamp-query' --data-binary {} TSA-URL -o reply.tsr",
        word(format!("@{}", query.display()))
    )
}

fn refused(error: &SignableError) -> Failure {
    match error {
        SignableError::Broken { path, problems } => {
            let count = figures::count(problems.len(), "problem", "problems");
            let mut failure = Failure::new(
                Exit::Broken,
                format!(
                    "{} does not hold and is not signed: {count}",
                    path.display()
                ),
            );
            if let Some(first) = problems.first() {
                failure = failure.because(&First(format!("{}: {}", first.file, first.message)));
            }
            failure.hint(format!("`entrenar verify {}` lists all", word(path)))
        }
        SignableError::Bag { .. } => Failure::new(Exit::InputFailed, error.to_string())
            .hint("sign the folder before it becomes a bag, or a zip of the bag"),
        error => {
            let failure = Failure::new(Exit::InputFailed, error.to_string());
            match std::error::Error::source(error) {
                Some(cause) => failure.because(cause),
                None => failure,
            }
        }
    }
}

/// A cause that is a sentence made here.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct First(String);
