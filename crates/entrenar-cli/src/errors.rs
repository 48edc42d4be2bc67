//! What went wrong, as a user meets it: one sentence, the causes, a hint, an exit code.

use std::error::Error;
use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use entrenar::bridge::BridgeError;
use entrenar::files::FileError;
use entrenar::store::StoreError;

use crate::shell::word;
use crate::term::{Line, Stream, Tone};

/// How the program ends. The numbers are documented in `--help` and docs/cli.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All was done; warnings do not change that.
    Done = 0,
    /// Some input could not be read; the rest was done.
    InputFailed = 1,
    /// The command line cannot be understood.
    Usage = 2,
    /// No such session, or several.
    NotFound = 3,
    /// The store cannot be opened, read or written, or is damaged.
    Store = 4,
    /// The output is there already or cannot be written.
    Output = 5,
    /// What was verified does not hold, or what was checked lacks something required.
    Broken = 6,
    /// What was to be written holds what looks like a credential.
    Secret = 7,
    /// The archive did not do what it was asked, or cannot be reached; it goes on later.
    Archive = 8,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::InputFailed => 1,
            Exit::Usage => 2,
            Exit::NotFound => 3,
            Exit::Store => 4,
            Exit::Output => 5,
            Exit::Broken => 6,
            Exit::Secret => 7,
            Exit::Archive => 8,
        })
    }
}

/// Why a verb could not be done.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The reader of our output has gone, which is no error.
    Closed,
    /// To be told to the user.
    Told(Box<Told>),
}

/// A failure to be told to the user.
#[derive(Debug)]
pub(crate) struct Told {
    exit: Exit,
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
    /// Whether what was read holds no session, and nobody said that it does.
    unknown_format: bool,
}

impl Failure {
    /// A failure of that kind.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self::Told(Box::new(Told {
            exit,
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            unknown_format: false,
        }))
    }

    /// A command line that parses and makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Adds the chain of causes of `error`, itself first.
    pub(crate) fn because(mut self, error: &dyn Error) -> Self {
        if let Self::Told(told) = &mut self {
            told.causes.push(sentence(error));
            told.causes.extend(sources(error));
        }
        self
    }

    /// Adds something the user can do.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Self::Told(told) = &mut self {
            told.hints.push(hint.into());
        }
        self
    }

    /// Puts `new` in the place of the hint `old`, if it was given.
    pub(crate) fn other_hint(mut self, old: &str, new: &str) -> Self {
        if let Self::Told(told) = &mut self {
            for hint in told.hints.iter_mut().filter(|hint| *hint == old) {
                new.clone_into(hint);
            }
        }
        self
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Closed => Exit::Done,
            Self::Told(told) => told.exit,
        }
    }

    /// The same, of something that holds no session: nobody said that it does.
    pub(crate) fn of_unknown_format(mut self) -> Self {
        if let Self::Told(told) = &mut self {
            told.unknown_format = true;
        }
        self
    }

    /// Whether what was read holds no session, and nobody said that it does.
    pub(crate) fn is_unknown_format(&self) -> bool {
        matches!(self, Self::Told(told) if told.unknown_format)
    }

    /// Message and causes in one line, for lists and JSON.
    pub(crate) fn in_one_line(&self) -> String {
        match self {
            Self::Closed => String::new(),
            Self::Told(told) => {
                let mut line = told.message.clone();
                for cause in &told.causes {
                    line.push_str(": ");
                    line.push_str(cause);
                }
                line
            }
        }
    }

    /// Tells the user. Commands in hints begin with `program`, which names the store where the
    /// user did.
    pub(crate) fn tell(&self, stderr: &mut Stream, program: &str) -> io::Result<()> {
        let Self::Told(told) = self else {
            return Ok(());
        };
        let indent = |line: Line, text: &str| {
            let mut rest = text.lines();
            let mut lines = vec![line.plain(rest.next().unwrap_or_default())];
            lines.extend(rest.map(|more| Line::new().plain("  ").plain(more)));
            lines
        };
        for line in indent(Line::of(Tone::Bad, "error").plain(": "), &told.message) {
            stderr.long_line(&line)?;
        }
        for cause in &told.causes {
            for line in indent(Line::of(Tone::Dim, "  because").plain(" "), cause) {
                stderr.long_line(&line)?;
            }
        }
        for hint in &told.hints {
            let hint = hint.replace("`entrenar ", &format!("`{program}"));
            for line in indent(Line::of(Tone::Good, "hint").plain(": "), &hint) {
                stderr.long_line(&line)?;
            }
        }
        stderr.flush()
    }

    /// The file or document at `input` could not be read as a session.
    pub(crate) fn unreadable(input: impl Display, error: &BridgeError) -> Self {
        let failure = Self::new(Exit::InputFailed, format!("cannot read {input}"));
        // The path stands in the message already.
        let failure = match error {
            BridgeError::Io { source, .. } => failure.because(source),
            BridgeError::NotAFile { .. } => failure.because(&Plain("it is not a regular file")),
            error => failure.because(error),
        };
        match error {
            BridgeError::NotAFile { path } => failure.hint(format!(
                "give its content on standard input: `entrenar import - < {}`",
                word(path)
            )),
            BridgeError::TooLarge { size, .. } => failure.hint(format!(
                "where the memory is there, raise the limit: `--max-bytes {size}`"
            )),
            BridgeError::TooManyValues { .. } | BridgeError::TooManyCells { .. } => failure
                .hint("where the memory is there, a higher `--max-bytes` allows more of them"),
            BridgeError::Json { message, .. } if message.starts_with("nested") => failure,
            BridgeError::Json { .. } => {
                failure.hint("the file may be cut off or damaged; open it in the program that wrote it")
            }
            BridgeError::UnknownFormat { .. } => failure.hint(
                "known are Jupyter notebooks (.ipynb), Ruchy recordings (.replay, .rnb, audit .jsonl, \
                 repl_history.txt) and entrenar's own session.json",
            ),
            _ => failure,
        }
    }

    /// `path` cannot be written.
    pub(crate) fn unwritable(path: &Path, source: &dyn Error) -> Self {
        Self::new(Exit::Output, format!("cannot write {}", path.display())).because(source)
    }
}

/// What a failed write to standard output means.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::Closed;
        }
        Self::new(Exit::Output, "cannot write to standard output").because(&error)
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        let mut failure = Self::new(Exit::Output, error.to_string());
        if let Self::Told(told) = &mut failure {
            told.causes.extend(sources(&error));
        }
        failure
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let exit = match &error {
            StoreError::NotFound { .. } | StoreError::Ambiguous { .. } => Exit::NotFound,
            StoreError::IdTaken { .. }
            | StoreError::TooLarge { .. }
            | StoreError::TooDeep { .. } => Exit::InputFailed,
            StoreError::Unredactable { .. } => Exit::Usage,
            _ => Exit::Store,
        };
        let mut failure = Self::new(exit, error.to_string());
        if let Self::Told(told) = &mut failure {
            told.causes.extend(sources(&error));
        }
        match error {
            StoreError::NotFound { id } => {
                let file = PathBuf::from(&id);
                if file.exists() {
                    failure.hint(format!(
                        "that is a file: `entrenar import {}` gives it an id",
                        word(&file)
                    ))
                } else {
                    failure.hint("`entrenar list` shows the ids")
                }
            }
            StoreError::Ambiguous { .. } => failure.hint("give more of the id"),
            StoreError::IdTaken { id } => failure.hint(format!(
                "look at the other one: `entrenar show {}`",
                word(&id)
            )),
            StoreError::NotAStore { .. } => {
                failure.hint("name another file with `--store PATH` or the variable ENTRENAR_STORE")
            }
            StoreError::NewerSchema { .. } => {
                failure.hint("update entrenar, or name another file with `--store PATH`")
            }
            StoreError::Locked { .. } => failure.hint("try again when the other process is done"),
            StoreError::ReadOnly { .. } => failure.hint(
                "check the rights of the file and its folder, or name another with `--store PATH`",
            ),
            StoreError::Full { .. } => {
                failure.hint("free some space and try again; nothing was changed")
            }
            StoreError::Live { .. } => failure
                .hint("wait until it ends; if its process is gone, `entrenar doctor` recovers it"),
            StoreError::Journal { .. } => {
                failure.hint("what was recorded is still there: `entrenar doctor` tries again")
            }
            StoreError::Damaged { .. } => failure.hint(DOCTOR_HINT),
            _ => failure,
        }
    }
}

/// What to do about a damaged store.
pub(crate) const DOCTOR_HINT: &str = "`entrenar doctor` looks at the whole store";

/// A cause that is only a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Plain(pub(crate) &'static str);

/// What an error says, without the number that the system has for it.
fn sentence(error: &dyn Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error ") {
        Some((before, number)) if number.trim_end_matches(')').parse::<i32>().is_ok() => {
            before.to_owned()
        }
        _ => text,
    }
}

fn sources(error: &dyn Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(sentence(cause));
        next = cause.source();
    }
    causes
}

/// Replaces the panic message, which is for programmers, by a note for users. The store needs
/// no care: a transaction that did not end changed nothing.
pub(crate) fn install_bug_note() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(|at| format!(" ({}:{})", at.file(), at.line()))
            .unwrap_or_default();
        let mut stderr = Stream::stderr(crate::term::ColourChoice::Auto);
        let lines = [
            Line::of(Tone::Bad, "error").plain(format!(": entrenar met a bug{place}")),
            Line::of(Tone::Good, "hint").plain(
                ": what was not finished was not kept; please report the command and this line",
            ),
        ];
        for line in lines {
            if stderr.long_line(&line).is_err() {
                return;
            }
        }
    }));
}
