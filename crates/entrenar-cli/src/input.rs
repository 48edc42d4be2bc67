//! What the user names on the command line, as things to be read one by one.

use std::fmt;
use std::fs;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use entrenar::bridge::{self, BridgeError, Limits, SourceContext};
use entrenar::export::session_json::{self, Times};
use entrenar::preserve::{self, SESSION_JSON};
use entrenar::session::{EntrenarSession, ImportWarning, Place, Sha256Hash, WarningKind};

use crate::errors::{Exit, Failure, Plain};

/// One thing to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// Standard input.
    Stdin,
    /// A file that was named.
    File(PathBuf),
    /// A file that was found in a folder, so that nobody said it holds a session.
    Found(PathBuf),
    /// An artifact folder that `preserve` or `crate` wrote, or a zip of one.
    Artifact(PathBuf),
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::File(path) | Self::Found(path) | Self::Artifact(path) => path.display().fmt(f),
        }
    }
}

impl Input {
    /// The name for machines: the path as it was given or found, `-` for standard input.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Stdin => "-".into(),
            other => other.to_string(),
        }
    }

    /// About how many bytes it has.
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Stdin => 0,
            Self::File(path) | Self::Found(path) => fs::metadata(path).map_or(0, |m| m.len()),
            Self::Artifact(path) if path.is_file() => fs::metadata(path).map_or(0, |m| m.len()),
            Self::Artifact(folder) => {
                fs::metadata(folder.join(SESSION_JSON)).map_or(0, |m| m.len())
            }
        }
    }

    /// Reads it.
    pub(crate) fn read(&self, limits: Limits) -> Result<Read, Failure> {
        let unreadable = |error: BridgeError| Failure::unreadable(self, &error);
        match self {
            Self::Stdin => {
                let bytes = read_stdin(limits)?;
                let sha256 = Sha256Hash::of(&bytes);
                let context = SourceContext {
                    limits,
                    sha256: Some(sha256),
                    ..SourceContext::default()
                };
                let session = bridge::read(&bytes, &context).map_err(unreadable)?;
                Ok(Read::new(session, bytes, &sha256))
            }
            Self::File(path) | Self::Found(path) => {
                let read = bridge::read_file(path, limits).map_err(|error| {
                    let failure = unreadable(error);
                    if matches!(self, Self::Found(_)) && is_something_else(path) {
                        failure.of_unknown_format()
                    } else {
                        failure
                    }
                })?;
                Ok(Read::new(read.session, read.source, &read.sha256))
            }
            Self::Artifact(path) if path.is_file() => {
                let (session, source) =
                    preserve::read_zip_within(path, limits).map_err(|error| {
                        Failure::new(Exit::InputFailed, format!("cannot read {self}"))
                            .because(&error)
                            .hint("only a zip that `entrenar crate` wrote is read as it is; unpack others")
                    })?;
                Ok(Read {
                    session: with_usable_id(session),
                    source,
                })
            }
            Self::Artifact(folder) => {
                let (session, source) =
                    preserve::read_folder_within(folder, limits).map_err(|error| {
                        Failure::new(Exit::InputFailed, format!("cannot read {self}"))
                            .because(&error)
                    })?;
                Ok(Read {
                    session: with_usable_id(session),
                    source,
                })
            }
        }
    }
}

/// A session that was read, with its source document where that is at hand.
#[derive(Debug)]
pub(crate) struct Read {
    /// The session.
    pub(crate) session: EntrenarSession,
    /// The bytes that the session's source names by their SHA-256.
    pub(crate) source: Option<Vec<u8>>,
}

impl Read {
    /// A `session.json` names another document as its source: its own bytes are not that.
    fn new(session: EntrenarSession, bytes: Vec<u8>, sha256: &Sha256Hash) -> Self {
        let is_source = session
            .source
            .as_ref()
            .is_some_and(|source| source.sha256 == *sha256);
        Self {
            session: with_usable_id(session),
            source: is_source.then_some(bytes),
        }
    }
}

/// Longest id that is taken from a document, in bytes.
const LONGEST_ID: usize = 200;

/// Gives a session whose id nobody could name on a command line one that is made of its content.
fn with_usable_id(mut session: EntrenarSession) -> EntrenarSession {
    let id = &session.id;
    if !id.trim().is_empty() && id.len() <= LONGEST_ID && !id.contains('\0') {
        return session;
    }
    let content = session_json::to_vec(&session, Times::Recorded);
    let new = bridge::session_id(&Sha256Hash::of(&content));
    let old = std::mem::replace(&mut session.id, new);
    session.warnings.push(ImportWarning::new(
        WarningKind::InvalidValue,
        Place::path("id"),
        "the id is empty, too long or has a zero byte; the session has another one here",
    ));
    session.foreign_id.get_or_insert(old);
    session
}

fn read_stdin(limits: Limits) -> Result<Vec<u8>, Failure> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Err(
            Failure::new(Exit::InputFailed, "cannot read standard input")
                .because(&Plain("it is a terminal"))
                .hint("name a file, or give one: `entrenar import - < FILE`"),
        );
    }
    let mut bytes = Vec::new();
    // One byte beyond the limit is enough for the reader to refuse it.
    stdin
        .lock()
        .take(limits.max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| {
            Failure::new(Exit::InputFailed, "cannot read standard input").because(&error)
        })?;
    Ok(bytes)
}

/// Turns one argument into inputs: `-`, a file, a folder with all below it, or a pattern. A
/// failure keeps its place, so that it does not stop the others.
pub(crate) fn gather(argument: &Path) -> Vec<Result<Input, (String, Failure)>> {
    let name = argument.display().to_string();
    if argument == Path::new("-") {
        return vec![Ok(Input::Stdin)];
    }
    match fs::metadata(argument) {
        Ok(found) if found.is_dir() => {
            let mut inputs = Vec::new();
            search(argument, &mut inputs);
            if inputs.is_empty() {
                let failure = Failure::new(
                    Exit::InputFailed,
                    format!("no session in the folder {name}"),
                )
                .hint(
                    "looked for .ipynb, .replay, .rnb, .jsonl, repl_history.txt and session.json",
                );
                inputs.push(Err((name, failure)));
            }
            inputs
        }
        Ok(_) if is_zip(argument) => vec![Ok(Input::Artifact(argument.to_owned()))],
        Ok(_) => vec![Ok(Input::File(argument.to_owned()))],
        Err(error) => pattern(&name).unwrap_or_else(|| {
            let failure =
                Failure::new(Exit::InputFailed, format!("cannot read {name}")).because(&error);
            vec![Err((name, failure))]
        }),
    }
}

/// Whether a file begins as a zip does, one that is empty too (APPNOTE 4.3.7, 4.3.16).
fn is_zip(path: &Path) -> bool {
    let mut begin = Vec::new();
    // A pipe would wait, and give what it gave only once.
    path.is_file()
        && fs::File::open(path)
            .and_then(|file| file.take(4).read_to_end(&mut begin))
            .is_ok()
        && (begin == b"PK\x03\x04" || begin == b"PK\x05\x06")
}

/// The files and folders that match a pattern the shell did not expand.
fn pattern(text: &str) -> Option<Vec<Result<Input, (String, Failure)>>> {
    if !text.contains(['*', '?', '[']) {
        return None;
    }
    let found: Vec<PathBuf> = glob::glob(text).ok()?.filter_map(Result::ok).collect();
    if found.is_empty() {
        let failure = Failure::new(Exit::InputFailed, format!("nothing matches {text}"));
        return Some(vec![Err((text.to_owned(), failure))]);
    }
    Some(found.iter().flat_map(|path| gather(path)).collect())
}

/// Walks a folder in the order of names. Links to folders are not followed, so there is no
/// circle; hidden folders and Jupyter's checkpoints are passed over.
fn search(folder: &Path, inputs: &mut Vec<Result<Input, (String, Failure)>>) {
    if preserve::is_artifact_folder(folder) {
        inputs.push(Ok(Input::Artifact(folder.to_owned())));
        return;
    }
    let listed = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut entries = match listed {
        Ok(entries) => entries,
        Err(error) => {
            let name = folder.display().to_string();
            let failure = Failure::new(Exit::InputFailed, format!("cannot read the folder {name}"))
                .because(&error);
            inputs.push(Err((name, failure)));
            return;
        }
    };
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && !hidden => search(&path, inputs),
            Ok(kind) if !kind.is_dir() && is_known(&path) && path.is_file() => {
                inputs.push(Ok(Input::Found(path)));
            }
            _ => {}
        }
    }
}

/// As much of a file tells what it is.
const HEAD_BYTES: u64 = 1 << 20;

/// Whether a file whose extension many programs use holds something else than a session.
fn is_something_else(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    if !["jsonl", "json", "txt"]
        .iter()
        .any(|general| extension.eq_ignore_ascii_case(general))
    {
        return false;
    }
    let mut head = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head));
    let context = SourceContext {
        name: Some(path.to_string_lossy().into_owned()),
        ..SourceContext::default()
    };
    match (read, bridge::detect(&head, &context)) {
        (Err(_), _) | (Ok(_), Ok(_)) => false,
        // Of a longer file, what was read may end within a line or a character.
        (Ok(length), Err(error)) => {
            length < usize::try_from(HEAD_BYTES).unwrap_or(usize::MAX)
                || matches!(error, BridgeError::UnknownFormat { .. })
        }
    }
}

fn is_known(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    ["ipynb", "replay", "rnb", "jsonl"]
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
        || name == SESSION_JSON
        || name.ends_with("repl_history.txt")
        || name.ends_with(".history.txt")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            entrenar::files::write_atomic(&path, b"{}").unwrap();
        }
        folder
    }

    fn names(folder: &Path, gathered: Vec<Result<Input, (String, Failure)>>) -> Vec<String> {
        let prefix = format!("{}/", folder.display());
        gathered
            .into_iter()
            .map(|input| input.map_or_else(|(name, _)| format!("! {name}"), |i| i.name()))
            .map(|name| name.replace(&prefix, ""))
            .collect()
    }

    #[test]
    fn a_folder_is_searched_in_order_for_what_can_be_read() {
        let folder = folder_with(&[
            "b/z.ipynb",
            "b/.ipynb_checkpoints/z-checkpoint.ipynb",
            "a.replay",
            "notes.txt",
            "model.json",
            "c/session.json",
            "d/session.json",
            "d/SHA256SUMS",
            "d/notebook.ipynb",
        ]);
        let found = gather(folder.path());
        assert_eq!(
            names(folder.path(), found),
            ["a.replay", "b/z.ipynb", "c/session.json", "d"]
        );
    }

    #[test]
    fn a_pattern_that_the_shell_left_is_expanded() {
        let folder = folder_with(&["a.replay", "b.replay", "c.ipynb"]);
        let found = gather(&folder.path().join("*.replay"));
        assert_eq!(names(folder.path(), found), ["a.replay", "b.replay"]);
        let none = gather(&folder.path().join("*.rnb"));
        assert_eq!(names(folder.path(), none), ["! *.rnb"]);
    }
}
