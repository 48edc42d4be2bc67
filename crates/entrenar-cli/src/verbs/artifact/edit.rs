use std::fs;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use entrenar::files;
use entrenar::preserve;
use entrenar::research::metadata::{
    MAX_FILE_BYTES, MetadataField, TomlScope, read_toml, set_in_toml, template, without_hints,
};
use entrenar::session::Sha256Hash;
use entrenar::store::{SqliteStore, Store as _};

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::metadata;
use crate::shell::word;
use crate::statement::Statement;
use crate::term::{Line, Tone};

/// State metadata of this one session, in your editor or by options
///
/// The editor ($VISUAL, $EDITOR, else vi) opens a TOML file with a hint for each field. When it
/// is closed, everything that is wrong is told at once, and the file can be edited again; it is
/// only removed once its content is in the store.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar artifact edit 3f2a91
  entrenar artifact edit 3f2a91 --set license=MIT --set 'authors=Ana Silva (0000-0002-1825-0097)'
  entrenar artifact edit 3f2a91 --set keywords=lora --set 'keywords=rank 64' --unset date
  entrenar artifact edit 3f2a91 --file metadata.toml
  entrenar artifact edit 3f2a91 --clear")]
pub(super) struct Args {
    /// The session's id or the beginning of it
    id: String,
    /// Set a field; several values of one field are a list (repeatable)
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment)]
    set: Vec<(MetadataField, String)>,
    /// State nothing about a field (repeatable)
    #[arg(long, value_name = "KEY", value_parser = field)]
    unset: Vec<MetadataField>,
    /// Take this TOML file; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["set", "unset", "clear"])]
    file: Option<PathBuf>,
    /// State nothing for this session
    #[arg(long, conflicts_with_all = ["set", "unset"])]
    clear: bool,
}

fn field(key: &str) -> Result<MetadataField, String> {
    MetadataField::of_key(key).ok_or_else(|| {
        let keys: Vec<&str> = MetadataField::ALL.iter().map(|field| field.key()).collect();
        format!("there is no such field; known are {}", keys.join(", "))
    })
}

fn assignment(text: &str) -> Result<(MetadataField, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| "write it as KEY=VALUE, such as license=MIT".to_owned())?;
    Ok((field(key.trim())?, value.trim().to_owned()))
}

impl Args {
    pub(super) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let (mut store, id) = app.find_to_write(&self.id)?;
        let stored = store.artifact_metadata(&id)?.unwrap_or_default();
        if self.clear {
            return keep(app, &mut store, &id, &stored, "");
        }
        if let Some(file) = &self.file {
            let text = read_text(file)?;
            let name = file.display().to_string();
            checked(&name, &text)?;
            return keep(app, &mut store, &id, &stored, &text);
        }
        if self.set.is_empty() && self.unset.is_empty() {
            return in_editor(app, store, &id, &stored);
        }
        let mut changes: Vec<(MetadataField, Vec<String>)> = Vec::new();
        for (field, value) in self.set {
            match changes.iter_mut().find(|(one, _)| *one == field) {
                Some((_, values)) => values.push(value),
                None => changes.push((field, vec![value])),
            }
        }
        for field in self.unset {
            if changes.iter().any(|(one, _)| *one == field) {
                let message = format!("{field} is set and unset at once");
                return Err(Failure::usage(message));
            }
            changes.push((field, Vec::new()));
        }
        let text = set_in_toml(&stored, &changes).map_err(|error| {
            metadata::wrong(&[error])
                .hint(metadata::edit_hint(&id, "opens the text in your editor"))
        })?;
        checked("artifact metadata", &text)?;
        keep(app, &mut store, &id, &stored, &text)
    }
}

/// Everything that is wrong with the text, or nothing.
fn checked(name: &str, text: &str) -> Result<(), Failure> {
    read_toml(name, text.as_bytes(), TomlScope::Session)
        .map(drop)
        .map_err(|error| metadata::wrong(&[error]).hint("nothing was changed"))
}

fn keep(
    app: &mut App,
    store: &mut SqliteStore,
    id: &str,
    stored: &str,
    text: &str,
) -> Result<Exit, Failure> {
    let is_empty = text.trim().is_empty();
    let done = match (is_empty, text == stored) {
        (true, _) if stored.is_empty() => "nothing is stated; nothing was changed",
        (_, true) => "nothing was changed",
        (true, false) => "what was stated is removed",
        (false, false) => "metadata kept",
    };
    store.set_artifact_metadata(id, (!is_empty).then_some(text))?;
    app.out.line(&Line::new().dim(done))?;
    Ok(Exit::Done)
}

fn read_text(path: &Path) -> Result<String, Failure> {
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        let limit = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX);
        io::stdin()
            .lock()
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| {
                Failure::new(Exit::InputFailed, "cannot read standard input").because(&error)
            })?;
        bytes
    } else {
        metadata::read_file(path)?.ok_or_else(|| {
            Failure::new(
                Exit::InputFailed,
                format!("there is no file {}", path.display()),
            )
        })?
    };
    // What is no UTF-8 or too long is told as every other problem.
    let name = path.display().to_string();
    read_toml(&name, &bytes, TomlScope::Session)
        .map_err(|error| metadata::wrong(&[error]).hint("nothing was changed"))?;
    String::from_utf8(bytes).map_err(|error| {
        Failure::new(Exit::InputFailed, format!("cannot read {name}")).because(&error)
    })
}

/// Lets the user edit until the text is right or the user has had enough.
fn in_editor(app: &mut App, store: SqliteStore, id: &str, stored: &str) -> Result<Exit, Failure> {
    let editor = editor(id)?;
    let session = store.session(id)?;
    let path = place(store.path(), id);
    // The user may think for long; nobody else has to wait.
    drop(store);
    // What is stated elsewhere is shown; what is wrong there is told where it counts.
    let options = Statement::none().options(app, id).unwrap_or_default();
    let described = preserve::describe_with_origins(&session, &options);
    let shown = template(stored, &described);
    if path.exists() {
        let line = Line::of(Tone::Warning, "! ")
            .plain("this is the text of an earlier edit that was not kept: ")
            .plain(path.display().to_string());
        app.err.long_line(&line)?;
    } else {
        files::write_atomic(&path, shown.as_bytes())?;
    }
    loop {
        open(&editor, &path)?;
        let text = match read_text(&path) {
            Ok(text) => text,
            Err(failure) => {
                app.tell(&failure);
                if again(app)? {
                    continue;
                }
                let message = "the metadata were not kept";
                return Err(Failure::new(Exit::InputFailed, message)
                    .hint(format!("your text is in {}", path.display()))
                    .hint(metadata::edit_hint(id, "goes on with it")));
            }
        };
        let text = without_hints(&text, &shown);
        let (mut store, id) = app.find_to_write(id)?;
        let exit = keep(app, &mut store, &id, stored, &text)?;
        fs::remove_file(&path).map_err(|error| Failure::unwritable(&path, &error))?;
        return Ok(exit);
    }
}

/// The file that is edited lies beside the store, where it outlives a crash.
fn place(store: &Path, id: &str) -> PathBuf {
    let mut name = format!("artifact-{id}");
    let safe = preserve::safe_file_name(&name);
    // Two ids may have the same safe name.
    if safe != name {
        name = format!("{safe}-{}", Sha256Hash::of(id.as_bytes()));
    }
    store.with_file_name(preserve::safe_file_name(&format!("{name}.toml")))
}

fn again(app: &mut App) -> Result<bool, Failure> {
    if !(io::stdin().is_terminal() && app.err.is_terminal()) {
        return Ok(false);
    }
    app.err.ask(&Line::new().plain("Edit again? [Y/n] "))?;
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer).map_err(|error| {
        Failure::new(Exit::InputFailed, "cannot read the answer").because(&error)
    })?;
    Ok(read > 0 && !matches!(answer.trim().to_lowercase().as_str(), "n" | "no"))
}

/// The command of the user's editor.
fn editor(id: &str) -> Result<String, Failure> {
    let named = ["VISUAL", "EDITOR"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|command| !command.trim().is_empty());
    match named {
        Some(command) => Ok(command),
        None if io::stdin().is_terminal() => Ok("vi".to_owned()),
        None => Err(
            Failure::usage("there is no terminal for an editor").hint(format!(
                "`entrenar artifact edit {} --set KEY=VALUE` needs none, nor does --file FILE",
                word(id)
            )),
        ),
    }
}

/// Runs the editor, whose command may have options, as git does.
fn open(editor: &str, path: &Path) -> Result<(), Failure> {
    let failure = |message: String| {
        Failure::new(Exit::InputFailed, message).hint(format!("your text is in {}", path.display()))
    };
    let status = if cfg!(unix) {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("{editor} \"$1\"")).arg("sh");
        shell.arg(path).status()
    } else {
        Command::new(editor).arg(path).status()
    };
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failure(format!("the editor {editor:?} failed ({status})"))),
        Err(error) => Err(failure(format!("cannot run the editor {editor:?}")).because(&error)),
    }
}
