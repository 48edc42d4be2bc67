use std::fs;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use entrenar::preserve::sign::beside;
use entrenar::research::preregistration::{
    Checks, FILE_NAME, Opening, Plan, Preregistration, PreregistrationError, Report, SectionStatus,
    Stamp,
};
use entrenar::research::signing::timestamp::{self, Request, TrustAnchors};
use serde_json::{Value, json};

use super::sign::send_line;
use crate::app::App;
use crate::errors::{Exit, Failure, Plain};
use crate::figures;
use crate::keys::{self, SigningKey};
use crate::save;
use crate::shell::word;
use crate::term::{Line, Tone};

/// Commit to hypothesis, method and analysis before the training
///
/// The plan is a Markdown file with a section for each (`## Hypothesis`, `## Method`, `## Analysis`
/// and others of your own), or a TOML file with a key for each. Written are a public file with
/// salted commitments, from which nobody can read the plan, and a private file that opens them.
/// Nobody learns from the public file when it was written: only a timestamp of an authority
/// proves that.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  entrenar preregister plan.md --timestamp-request
  entrenar preregister attach preregistration.json reply.tsr --tsa-ca authority.pem
  entrenar preregister open preregistration.json --section hypothesis
  entrenar preregister verify preregistration.json --public-key lab.pub"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    step: Option<Step>,
    #[command(flatten)]
    commit: Commit,
}

#[derive(Debug, clap::Subcommand)]
enum Step {
    Attach(Attach),
    Open(Open),
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
struct Commit {
    /// The plan, or `-` for standard input [default: your editor is started]
    #[arg(value_name = "PLAN")]
    plan: Option<PathBuf>,
    /// The public file to write
    #[arg(long, short, value_name = "FILE", default_value = FILE_NAME)]
    output: PathBuf,
    /// The private file to write [default: ….opening.json beside the public one]
    #[arg(long, value_name = "FILE")]
    opening: Option<PathBuf>,
    /// A title that everybody may read
    #[arg(long, value_name = "TEXT")]
    public_title: Option<String>,
    /// An author whom everybody may read; may be repeated
    #[arg(long = "public-author", value_name = "NAME")]
    public_authors: Vec<String>,
    #[command(flatten)]
    key: SigningKey,
    /// Do not sign
    #[arg(long, conflicts_with_all = ["key", "password_file"])]
    unsigned: bool,
    /// Also write a request for a timestamp (….tsq)
    #[arg(long)]
    timestamp_request: bool,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

/// Attach the reply of a timestamp authority (RFC 3161)
#[derive(Debug, clap::Args)]
struct Attach {
    /// The public file, which is changed
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The reply
    #[arg(value_name = "REPLY")]
    reply: PathBuf,
    /// The authority's certificates, PEM: check the timestamp before it is attached
    #[arg(long, value_name = "FILE")]
    tsa_ca: Option<PathBuf>,
    /// Replace a timestamp that is attached already
    #[arg(long)]
    force: bool,
}

/// Put texts of the plan into the public file, where everybody can check them
#[derive(Debug, clap::Args)]
struct Open {
    /// The public file, which is changed
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The private file [default: ….opening.json beside the public one]
    #[arg(long, value_name = "FILE")]
    opening: Option<PathBuf>,
    /// Open this section only; may be repeated [default: all]
    #[arg(long = "section", value_name = "NAME")]
    sections: Vec<String>,
}

/// Check a preregistration: texts, signature, timestamp
///
/// Ends with exit code 6 where something does not hold, and 1 where it cannot be read.
#[derive(Debug, clap::Args)]
struct Verify {
    /// The public file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The private file, to check its texts, too
    #[arg(long, value_name = "FILE")]
    opening: Option<PathBuf>,
    /// The key that should have signed: a file, or its line
    #[arg(long, value_name = "KEY")]
    public_key: Option<String>,
    /// The certificates of timestamp authorities that you trust, PEM
    #[arg(long, value_name = "FILE")]
    tsa_ca: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        match self.step {
            None => self.commit.run(app),
            Some(Step::Attach(attach)) => attach.run(app),
            Some(Step::Open(open)) => open.run(app),
            Some(Step::Verify(verify)) => verify.run(app),
        }
    }
}

impl Commit {
    fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let private = self
            .opening
            .clone()
            .unwrap_or_else(|| opening_path(&self.output));
        for path in [&self.output, &private] {
            if fs::symlink_metadata(path).is_ok() {
                return Err(Failure::new(
                    Exit::Output,
                    format!("{} is there already", path.display()),
                )
                .because(&Plain("a commitment that is replaced is none"))
                .hint("`-o FILE` writes another"));
            }
        }
        let mut plan = self.plan()?;
        plan.public_title = self.public_title;
        plan.public_authors = self.public_authors;
        let cannot = |error: &dyn std::error::Error| {
            Failure::new(Exit::Output, "cannot make the preregistration").because(error)
        };
        let (mut public, opening) =
            Preregistration::commit(&plan).map_err(|error| cannot(&error))?;
        if !self.unsigned {
            let key = self.key.load(app).map_err(|failure| match &self.key.key {
                None => failure.hint("`--unsigned` makes a preregistration without a signature"),
                Some(_) => failure,
            })?;
            public.sign(&key).map_err(|error| cannot(&error))?;
        }
        // Without the opening the public file would be worth nothing.
        keys::write_private(&private, &opening.to_json())?;
        if let Err(failure) = save::file(&self.output, &public.to_json()) {
            drop(fs::remove_file(&private));
            return Err(failure);
        }
        let mut files = vec![self.output.clone(), private.clone()];
        let query = beside(&self.output, ".tsq");
        if self.timestamp_request {
            let nonce = timestamp::nonce().map_err(|error| cannot(&error))?;
            save::file(&query, &public.timestamp_request(nonce))?;
            files.push(query.clone());
        }
        if self.json {
            app.out.json(&json!({
                "commitment": public.whole(),
                "sections": public.section_names().collect::<Vec<_>>(),
                "statement_sha256": Value::from(hex(&public.statement_sha256())),
                "files": files.iter().map(|file| file.to_string_lossy()).collect::<Vec<_>>(),
            }))?;
            return Ok(Exit::Done);
        }
        let names: Vec<&str> = public.section_names().collect();
        let line = Line::of(Tone::Good, "committed to ").plain(names.join(", "));
        app.out.long_line(&line)?;
        row(app, "commitment", public.whole())?;
        row(
            app,
            "public",
            format!("{}  (publish it)", self.output.display()),
        )?;
        row(
            app,
            "private",
            format!(
                "{}  (keep it: nothing else can open the commitments)",
                private.display()
            ),
        )?;
        if self.timestamp_request {
            row(app, "send it", send_line(&query))?;
            let attach = format!("preregister attach {} reply.tsr", word(&self.output));
            row(app, "then", app.command(&attach))?;
        } else {
            let text = "no timestamp: nothing proves when this was written (--timestamp-request)";
            app.out.line(&Line::of(Tone::Warning, "! ").plain(text))?;
        }
        Ok(Exit::Done)
    }

    fn plan(&self) -> Result<Plan, Failure> {
        let (name, bytes) = match &self.plan {
            Some(path) if path == Path::new("-") => {
                let mut bytes = Vec::new();
                io::stdin()
                    .lock()
                    .take(32 << 20)
                    .read_to_end(&mut bytes)
                    .map_err(|error| {
                        Failure::new(Exit::InputFailed, "cannot read standard input")
                            .because(&error)
                    })?;
                ("standard input".to_owned(), bytes)
            }
            Some(path) => (path.display().to_string(), keys::read(path)?),
            None if io::stdin().is_terminal() => ("the plan".to_owned(), edited(&self.output)?),
            None => {
                return Err(Failure::usage(
                    "no plan is given, and there is no terminal to write it on",
                )
                .hint("name a file: `entrenar preregister plan.md`"));
            }
        };
        Plan::from_file(&name, &bytes).map_err(|error| {
            let failure = Failure::new(Exit::InputFailed, format!("cannot use {name}"));
            let failure = match &error {
                PreregistrationError::Plan { problems, .. } => {
                    problems.iter().fold(failure, |failure, problem| {
                        failure.because(&Sentence(problem.to_string()))
                    })
                }
                error => failure.because(error),
            };
            failure.hint("a plan has the sections `## Hypothesis`, `## Method` and `## Analysis`")
        })
    }
}

/// What the user writes in the editor that VISUAL or EDITOR names.
fn edited(output: &Path) -> Result<Vec<u8>, Failure> {
    let editor = ["VISUAL", "EDITOR"]
        .into_iter()
        .find_map(|name| {
            std::env::var(name)
                .ok()
                .filter(|value| !value.trim().is_empty())
        })
        .ok_or_else(|| {
            Failure::usage("no plan is given, and neither VISUAL nor EDITOR names an editor")
                .hint("name a file: `entrenar preregister plan.md`")
        })?;
    let draft = beside(output, ".draft.md");
    keys::write_private(&draft, Plan::template().as_bytes())?;
    let failed = |reason: &dyn std::error::Error| {
        Failure::new(Exit::InputFailed, format!("the editor {editor:?} failed")).because(reason)
    };
    let mut words = editor.split_whitespace();
    let status = Command::new(words.next().unwrap_or("vi"))
        .args(words)
        .arg(&draft)
        .status();
    let result = match status {
        Ok(status) if status.success() => keys::read(&draft),
        Ok(status) => Err(failed(&Sentence(status.to_string()))),
        Err(error) => Err(failed(&error)),
    };
    let bytes = result?;
    let plan = Plan::from_file("the plan", &bytes);
    if plan.is_ok() {
        drop(fs::remove_file(&draft));
        return Ok(bytes);
    }
    let failure = Failure::new(Exit::InputFailed, "the plan is not complete");
    let failure = match plan {
        Err(error) => failure.because(&error),
        Ok(_) => failure,
    };
    Err(failure.hint(format!(
        "it is kept: complete {} and run `entrenar preregister {}`",
        draft.display(),
        word(&draft)
    )))
}

impl Attach {
    fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let mut public = registration(&self.file)?;
        if public.has_timestamp() && !self.force {
            return Err(Failure::new(
                Exit::Output,
                format!("{} has a timestamp already", self.file.display()),
            )
            .hint("`--force` replaces it"));
        }
        let cannot = |error: &dyn std::error::Error| {
            Failure::new(
                Exit::InputFailed,
                format!("cannot attach {}", self.reply.display()),
            )
            .because(error)
        };
        let query = beside(&self.file, ".tsq");
        let request = if query.exists() {
            Some(Request::parse(&keys::read(&query)?).map_err(|error| cannot(&error))?)
        } else {
            None
        };
        public
            .attach_timestamp(&keys::read(&self.reply)?, request.as_ref())
            .map_err(|error| cannot(&error))?;
        let anchors = self.tsa_ca.as_deref().map(keys::anchors).transpose()?;
        let report = public.verify(&Checks {
            anchors: anchors.as_ref(),
            ..Checks::default()
        });
        if let Some(problem) = report.problems.first() {
            return Err(cannot(problem));
        }
        save::file(&self.file, &public.to_json())?;
        app.out.long_line(
            &Line::of(Tone::Good, "attached   ").plain(self.reply.display().to_string()),
        )?;
        row(app, "stamped", stamp(&report.stamp))?;
        Ok(Exit::Done)
    }
}

impl Open {
    fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let mut public = registration(&self.file)?;
        let path = self.opening.unwrap_or_else(|| opening_path(&self.file));
        let opening = opening(&path)?;
        let names: Vec<String> = self
            .sections
            .iter()
            .map(|name| name.to_lowercase())
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        public.open(&opening, &names).map_err(|error| {
            let exit = match error {
                PreregistrationError::EditedText { .. } => Exit::Broken,
                _ => Exit::InputFailed,
            };
            Failure::new(exit, format!("cannot open {}", self.file.display())).because(&error)
        })?;
        save::file(&self.file, &public.to_json())?;
        let names = if names.is_empty() {
            public.section_names().collect()
        } else {
            names
        };
        app.out
            .long_line(&Line::of(Tone::Good, "opened ").plain(names.join(", ")))?;
        Ok(Exit::Done)
    }
}

impl Verify {
    fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let public = registration(&self.file)?;
        let opening = self.opening.as_deref().map(opening).transpose()?;
        let key = self
            .public_key
            .as_deref()
            .map(keys::public_key)
            .transpose()?;
        let anchors: Option<TrustAnchors> =
            self.tsa_ca.as_deref().map(keys::anchors).transpose()?;
        let report = public.verify(&Checks {
            opening: opening.as_ref(),
            public_key: key.as_ref(),
            anchors: anchors.as_ref(),
        });
        if self.json {
            app.out.json(&document(&self.file, &public, &report))?;
        } else {
            print(app, &self.file, &public, &report)?;
        }
        Ok(if report.holds() {
            Exit::Done
        } else {
            Exit::Broken
        })
    }
}

fn print(
    app: &mut App,
    file: &Path,
    public: &Preregistration,
    report: &Report,
) -> Result<(), Failure> {
    let head = if report.holds() {
        Line::of(Tone::Good, "holds ").plain(file.display().to_string())
    } else {
        let problems = figures::count(report.problems.len(), "problem", "problems");
        Line::of(Tone::Bad, "does not hold ").plain(format!("{}: {problems}", file.display()))
    };
    app.out.long_line(&head)?;
    for problem in &report.problems {
        app.out
            .long_line(&Line::of(Tone::Bad, "  ").plain(problem.to_string()))?;
    }
    if let Some(title) = public.title() {
        row(app, "title", title.to_owned())?;
    }
    if !public.authors().is_empty() {
        row(app, "authors", public.authors().join(", "))?;
    }
    for section in &report.sections {
        let status = match section.status {
            SectionStatus::Open => "the text is the one that was committed to",
            SectionStatus::Sealed => "sealed",
            SectionStatus::Edited => "edited",
        };
        row(app, &section.name, status.to_owned())?;
    }
    row(app, "commitment", public.whole())?;
    let signed = match (report.signed_by, report.key_was_given) {
        (Some(id), true) => format!("by the key {id}, which you gave"),
        (Some(id), false) => {
            format!("by the key {id}, which the file names itself; --public-key says whose it is")
        }
        (None, _) if public.is_signed() => "the signature does not hold".to_owned(),
        (None, _) => "no".to_owned(),
    };
    row(app, "signed", signed)?;
    let stamped = match &report.stamp {
        Stamp::None if public.has_timestamp() => "the timestamp does not hold".to_owned(),
        other => stamp(other),
    };
    row(app, "stamped", stamped)
}

fn stamp(stamp: &Stamp) -> String {
    match stamp {
        Stamp::Proven(info) => format!("{} by {}: good", figures::second(info.time), info.tsa_name),
        Stamp::Claimed(time) => format!(
            "{} says the file; not checked, for no --tsa-ca was given",
            figures::second(*time)
        ),
        Stamp::None => "no: nothing proves when it was written".to_owned(),
    }
}

/// The report as JSON; docs/cli-json.md describes it.
fn document(file: &Path, public: &Preregistration, report: &Report) -> Value {
    let status = |status| match status {
        SectionStatus::Open => "open",
        SectionStatus::Sealed => "sealed",
        SectionStatus::Edited => "edited",
    };
    let (time, authority, proven) = match &report.stamp {
        Stamp::Proven(info) => (Some(info.time), Some(info.tsa_name.clone()), true),
        Stamp::Claimed(time) => (Some(*time), None, false),
        Stamp::None => (None, None, false),
    };
    json!({
        "file": file.to_string_lossy(),
        "holds": report.holds(),
        "commitment": public.whole(),
        "title": public.title(),
        "authors": public.authors(),
        "sections": report.sections.iter().map(|section| json!({
            "name": section.name,
            "status": status(section.status),
        })).collect::<Vec<_>>(),
        "signed_by": report.signed_by.map(|id| id.to_string()),
        "key_was_given": report.key_was_given,
        "time": time,
        "time_is_proven": proven,
        "authority": authority,
        "problems": report.problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn registration(path: &Path) -> Result<Preregistration, Failure> {
    Preregistration::parse(&keys::read(path)?).map_err(|error| {
        let failure = Failure::new(Exit::InputFailed, format!("cannot read {}", path.display()))
            .because(&error);
        match error {
            PreregistrationError::IsOpening => {
                failure.hint("name the public file, and keep this one private")
            }
            _ => failure,
        }
    })
}

fn opening(path: &Path) -> Result<Opening, Failure> {
    Opening::parse(&keys::read(path)?).map_err(|error| {
        Failure::new(Exit::InputFailed, format!("cannot read {}", path.display())).because(&error)
    })
}

/// `x.opening.json` beside `x.json`.
fn opening_path(public: &Path) -> PathBuf {
    match public.extension() {
        Some(ending) if ending == "json" => public.with_extension("opening.json"),
        _ => beside(public, ".opening.json"),
    }
}

fn row(app: &mut App, label: &str, text: String) -> Result<(), Failure> {
    Ok(app
        .out
        .long_line(&Line::of(Tone::Dim, format!("  {label:<10} ")).plain(text))?)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A cause that is a sentence made here.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Sentence(String);
