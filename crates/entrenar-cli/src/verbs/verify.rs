//! Whether an artifact folder, a zip, a bag or a stored session is as it was.

use std::error::Error as _;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use entrenar::preserve::verify::{
    self, Problem, ProblemKind, Report, SessionCopy, SignatureStatus, SubjectKind, TimestampStatus,
    Verified, VerifyError, VerifyOptions,
};
use entrenar::research::signing::PublicKey;
use entrenar::research::signing::timestamp::TrustAnchors;
use entrenar::session::SystemClock;
use entrenar::store::{SqliteStore, Store as _, StoreError, StoreMode};
use serde_json::{Value, json};

use crate::app::App;
use crate::errors::{Exit, Failure, Plain};
use crate::figures;
use crate::shell::word;
use crate::term::{Line, Tone};

/// Problems that are printed one by one.
const SHOWN: usize = 50;

/// Verify an artifact folder, a zip or bag of one, or a session of the store
///
/// Finds every byte that was changed, every file that is missing, was added or renamed; checks the
/// content of each metadata file, the event chain, signatures and timestamps. Nothing is unpacked
/// or changed. Ends with exit code 6 where something does not hold, and 1 where it cannot be read.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar verify lora-artifact
  entrenar verify lora.zip --public-key alice.pub
  entrenar verify lora.zip --tsa-ca freetsa-ca.pem
  entrenar verify 3f2a91
  entrenar verify lora.zip --against
  entrenar verify lora.zip --against published.zip
  entrenar verify lora.zip --json | jq '.problems[].message'")]
pub(crate) struct Args {
    /// A folder, a zip, or the id of a session
    #[arg(value_name = "DIR|ZIP|ID")]
    subject: PathBuf,
    /// Insist on a signature by this key: a line or file of minisign; may be repeated
    #[arg(long, value_name = "KEY|FILE")]
    public_key: Vec<String>,
    /// Insist on a timestamp by an authority of these certificates (PEM or DER)
    #[arg(long, value_name = "FILE")]
    tsa_ca: Option<PathBuf>,
    /// Compare with another copy: a store, an id, a folder or a zip; alone, the store
    #[arg(long, value_name = "STORE|ID|DIR|ZIP", num_args = 0..=1, default_missing_value = "-")]
    against: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let options = VerifyOptions {
            public_keys: self
                .public_key
                .iter()
                .map(|key| public_key(key))
                .collect::<Result<_, _>>()?,
            authorities: self.tsa_ca.as_deref().map(authorities).transpose()?,
            ..VerifyOptions::default()
        };
        let name = self.subject.to_string_lossy().into_owned();
        let is_path = fs::symlink_metadata(&self.subject).is_ok();
        let Verified {
            mut report,
            session,
            chain,
        } = if is_path {
            verify::verify(&self.subject, &options).map_err(|error| unreadable(&error))?
        } else {
            named(app, &name)?
        };
        if let Some(other) = &self.against {
            let Some(session) = &session else {
                return Err(Failure::new(
                    Exit::InputFailed,
                    format!("{name} has no session that can be compared"),
                )
                .hint("`entrenar verify` without `--against` says what is wrong with it"));
            };
            let (label, theirs) = other_copy(app, other, &session.id, &options)?;
            if !theirs.report.holds() {
                let problems = figures::count(theirs.report.problems.len(), "problem", "problems");
                report
                    .notes
                    .push(format!("{label} does not hold itself: {problems}"));
            }
            let Some(other) = &theirs.session else {
                return Err(Failure::new(
                    Exit::InputFailed,
                    format!("{label} has no session that can be compared"),
                ));
            };
            let ours = SessionCopy {
                session,
                chain: chain.as_ref(),
            };
            let theirs = SessionCopy {
                session: other,
                chain: theirs.chain.as_ref(),
            };
            verify::compare(&mut report, ours, theirs, &label);
        }
        if self.json {
            app.out.json(&document(&name, &report))?;
        } else {
            print(app, &name, &report)?;
        }
        Ok(if report.holds() {
            Exit::Done
        } else {
            Exit::Broken
        })
    }
}

/// Verifies what is no path: a session of the store, if there is one of that id.
fn named(app: &App, name: &str) -> Result<Verified, Failure> {
    let missing = || {
        Failure::new(
            Exit::NotFound,
            format!("{name} is neither a file or folder nor the id of a session"),
        )
        .hint("`entrenar list` shows the ids")
    };
    let store = app.store_if_there()?.ok_or_else(missing)?;
    match store.resolve(name) {
        Err(StoreError::NotFound { .. }) => Err(missing()),
        id => in_store(&store, &id?),
    }
}

/// Verifies a session of the store.
fn stored(app: &App, id: &str) -> Result<Verified, Failure> {
    let (store, id) = app.find(id)?;
    in_store(&store, &id)
}

fn in_store(store: &SqliteStore, id: &str) -> Result<Verified, Failure> {
    let session = store.session(id)?;
    let chain = store.chain(id)?;
    let mut report = verify::verify_stored(&session, store.source(id)?.as_deref(), &chain);
    for finding in store.check()? {
        if finding.session.as_deref().is_none_or(|of| of == id) {
            report
                .problems
                .push(Problem::new(ProblemKind::Changed, "", finding.message).at("store"));
        }
    }
    Ok(Verified {
        report,
        session: Some(session),
        chain: Some(chain),
    })
}

/// The copy that `other` names, and what to call it.
fn other_copy(
    app: &App,
    other: &Path,
    id: &str,
    options: &VerifyOptions,
) -> Result<(String, Verified), Failure> {
    if other == Path::new("-") {
        return Ok(("the store".into(), stored(app, id)?));
    }
    let label = other.to_string_lossy().into_owned();
    if fs::symlink_metadata(other).is_err() {
        return Ok((format!("session {label}"), stored(app, &label)?));
    }
    if is_store(other) {
        let store = SqliteStore::open(other, StoreMode::ReadOnly, SystemClock)?;
        let verified = in_store(&store, &store.resolve(id)?)?;
        return Ok((label, verified));
    }
    // Only the one that is verified need be signed.
    let options = VerifyOptions {
        threads: options.threads,
        ..VerifyOptions::default()
    };
    let verified = verify::verify(other, &options).map_err(|error| unreadable(&error))?;
    Ok((label, verified))
}

/// Whether the file begins as one of SQLite does.
fn is_store(path: &Path) -> bool {
    begins_with(path, b"SQLite format 3\0")
}

fn begins_with(path: &Path, magic: &[u8]) -> bool {
    let mut begin = Vec::new();
    let length = u64::try_from(magic.len()).unwrap_or(u64::MAX);
    let is_file = fs::metadata(path).is_ok_and(|found| found.is_file());
    is_file
        && fs::File::open(path)
            .and_then(|file| file.take(length).read_to_end(&mut begin))
            .is_ok()
        && begin == magic
}

/// The largest key or bundle of certificates that is read.
const MAX_KEY_BYTES: u64 = 16 << 20;

/// A key, or the file that holds one.
fn public_key(given: &str) -> Result<PublicKey, Failure> {
    let not_read = |path: &Path| format!("cannot read the public key {}", path.display());
    let path = Path::new(given);
    let (text, of) = if path.exists() {
        let bytes = small_file(path, &not_read(path))?;
        (String::from_utf8_lossy(&bytes).into_owned(), not_read(path))
    } else {
        (given.to_owned(), "cannot read --public-key".to_owned())
    };
    PublicKey::parse(&text).map_err(|error| {
        Failure::new(Exit::Usage, of)
            .because(&error)
            .hint("give the line of a key of minisign, which begins with RW, or its .pub file")
    })
}

fn authorities(path: &Path) -> Result<TrustAnchors, Failure> {
    let of = format!("cannot read the certificates in {}", path.display());
    let bytes = small_file(path, &of)?;
    TrustAnchors::parse(&bytes).map_err(|error| Failure::new(Exit::Usage, of).because(&error))
}

fn small_file(path: &Path, message: &str) -> Result<Vec<u8>, Failure> {
    let failed = |error: &dyn std::error::Error| Failure::new(Exit::Usage, message).because(error);
    let found = fs::metadata(path).map_err(|error| failed(&error))?;
    if !found.is_file() {
        return Err(failed(&Plain("it is no regular file")));
    }
    if found.len() > MAX_KEY_BYTES {
        return Err(failed(&Plain("it is larger than any of its kind")));
    }
    fs::read(path).map_err(|error| failed(&error))
}

fn unreadable(error: &VerifyError) -> Failure {
    if let VerifyError::NotAZip { path, .. } = error
        && !begins_with(path, b"PK")
    {
        let message = format!("{} is neither an artifact folder nor a zip", path.display());
        return Failure::new(Exit::InputFailed, message)
            .hint("`entrenar preserve FILE` writes a folder that can be verified");
    }
    let mut failure = Failure::new(Exit::InputFailed, error.to_string());
    if let Some(source) = error.source() {
        failure = failure.because(source);
    }
    match error {
        VerifyError::NotAnArtifact { path } => failure
            .because(&Plain(
                "without its checksums nobody can say what was in it",
            ))
            .hint({
                let enter = if path.is_dir() {
                    format!("cd {}", word(path as &Path))
                } else {
                    format!("unzip -d DIR {} && cd DIR", word(path as &Path))
                };
                format!(
                    "`entrenar preserve FILE` writes a folder that can be verified; for what \
                     another program wrote: `{enter} && sha256sum -c LIST`"
                )
            }),
        _ => failure,
    }
}

fn print(app: &mut App, name: &str, report: &Report) -> Result<(), Failure> {
    let head = if report.holds() {
        Line::of(Tone::Good, "holds ").plain(name)
    } else {
        let problems = figures::count(report.problems.len(), "problem", "problems");
        Line::of(Tone::Bad, "does not hold ").plain(format!("{name}: {problems}"))
    };
    app.out.long_line(&head)?;
    for problem in report.problems.iter().take(SHOWN) {
        app.out.long_line(&problem_line(problem))?;
        if !problem.hint.is_empty() {
            app.out
                .long_line(&Line::new().dim(format!("            {}", problem.hint)))?;
        }
    }
    if report.problems.len() > SHOWN {
        let more = figures::grouped(report.problems.len() - SHOWN);
        app.out
            .line(&Line::new().dim(format!("  … and {more} more; --json lists all")))?;
    }
    for (label, fact) in facts(report) {
        app.out
            .long_line(&Line::of(Tone::Dim, format!("  {label:<12}")).plain(fact))?;
    }
    for note in &report.notes {
        app.out
            .long_line(&Line::of(Tone::Warning, "  note        ").plain(note))?;
    }
    Ok(())
}

fn problem_line(problem: &Problem) -> Line {
    let mut line = Line::of(Tone::Bad, format!("  {:<10} ", problem.kind.as_str()));
    let place = match (problem.file.as_str(), problem.place.as_str()) {
        ("", "") => String::new(),
        (file, "") => format!("{file}: "),
        ("", place) => format!("{place}: "),
        (file, place) => format!("{file}, {place}: "),
    };
    line.push(Tone::Strong, &place);
    line.plain(&problem.message)
}

/// What was checked, a line each.
fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let size = figures::bytes(report.bytes);
    if report.subject != SubjectKind::Session {
        let files = figures::count(report.files, "file", "files");
        facts.push((report.subject.as_str(), format!("{files}, {size}")));
    } else if report.files > 0 {
        facts.push(("source", size));
    }
    if let Some(sums) = report.sums {
        facts.push(("SHA256SUMS", sums.to_string()));
    }
    if !report.validated.is_empty() {
        facts.push(("checked", report.validated.join(", ")));
    }
    if let Some((count, head)) = report.events {
        let events = figures::count(count, "event", "events");
        facts.push(("events", format!("{events}, the last {head}")));
    }
    for signature in &report.signatures {
        let status = match &signature.status {
            SignatureStatus::Good { comment } if comment.is_empty() => "good".to_owned(),
            SignatureStatus::Good { comment } => format!("good: {comment}"),
            SignatureStatus::UnknownKey => "by a key not known to you: not checked".to_owned(),
            SignatureStatus::Bad => "does not hold".to_owned(),
        };
        facts.push((
            "signature",
            format!("{}, key {}: {status}", signature.file, signature.key),
        ));
    }
    for timestamp in &report.timestamps {
        let time = timestamp
            .time
            .map_or_else(|| "no time".to_owned(), figures::second);
        let by = timestamp.authority.as_deref().unwrap_or("nobody named");
        let status = match timestamp.status {
            TimestampStatus::Good => "good",
            TimestampStatus::UnknownAuthority => "by an authority not known to you: not checked",
            TimestampStatus::Bad => "does not hold",
        };
        facts.push((
            "timestamp",
            format!("{}, {time} by {by}: {status}", timestamp.file),
        ));
    }
    facts
}

/// The report as JSON; docs/cli-json.md describes it.
fn document(name: &str, report: &Report) -> Value {
    let problem = |problem: &Problem| {
        json!({
            "kind": problem.kind.as_str(),
            "file": problem.file,
            "place": problem.place,
            "message": problem.message,
            "hint": problem.hint,
        })
    };
    let signatures: Vec<_> = report
        .signatures
        .iter()
        .map(|signature| {
            let (status, comment) = match &signature.status {
                SignatureStatus::Good { comment } => ("good", Some(comment)),
                SignatureStatus::UnknownKey => ("unknown-key", None),
                SignatureStatus::Bad => ("bad", None),
            };
            json!({
                "file": signature.file,
                "key": signature.key,
                "status": status,
                "comment": comment,
            })
        })
        .collect();
    let timestamps: Vec<_> = report
        .timestamps
        .iter()
        .map(|timestamp| {
            json!({
                "file": timestamp.file,
                "time": timestamp.time,
                "authority": timestamp.authority,
                "status": match timestamp.status {
                    TimestampStatus::Good => "good",
                    TimestampStatus::UnknownAuthority => "unknown-authority",
                    TimestampStatus::Bad => "bad",
                },
            })
        })
        .collect();
    json!({
        "subject": name,
        "kind": report.subject.as_str(),
        "holds": report.holds(),
        "files": report.files,
        "bytes": report.bytes,
        "sums_sha256": report.sums.map(|hash| hash.to_string()),
        "session": report.session,
        "events": report.events.map(|(count, head)| json!({
            "count": count,
            "head": head.to_string(),
        })),
        "validated": report.validated,
        "signatures": signatures,
        "timestamps": timestamps,
        "notes": report.notes,
        "problems": report.problems.iter().map(problem).collect::<Vec<_>>(),
    })
}
