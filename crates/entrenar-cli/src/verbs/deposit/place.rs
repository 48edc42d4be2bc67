//! Where a deposit is prepared: a folder beside the store, until it is over.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use entrenar::files::{self, FileError};
use entrenar::research::archive::{DepositState, Frozen, LocalFile};
use entrenar::research::{ArchiveDeposit, ArtifactType, ResearchArtifact, ZenodoConfig};
use serde_json::{Value, json};

use super::Args;
use crate::app::App;
use crate::errors::{Exit, Failure, Plain};

/// The archive of that name or address; without a token.
pub(super) fn config(to: &str) -> Result<ZenodoConfig, Failure> {
    let none = ZenodoConfig::new("");
    let config = match to {
        "zenodo" | "https://zenodo.org" => none,
        "sandbox" | "https://sandbox.zenodo.org" => none.with_sandbox(true),
        url if url.contains("://") => {
            let url = url.trim_end_matches('/');
            let url = url.strip_suffix("/api").unwrap_or(url);
            none.with_base_url(url).with_publisher(host(url))
        }
        other => {
            return Err(
                Failure::usage(format!("{other:?} is neither an archive nor an address")).hint(
                    "write `zenodo`, `sandbox`, or an address such as https://archive.example.org",
                ),
            );
        }
    };
    base_url(&config)?;
    Ok(config)
}

/// A publisher's name is needed for a DOI; a host's is the one that is known.
fn host(url: &str) -> String {
    let rest = url.split("://").nth(1).unwrap_or_default();
    rest.split('/').next().unwrap_or_default().to_owned()
}

/// The archive's address.
pub(super) fn base_url(config: &ZenodoConfig) -> Result<String, Failure> {
    let nothing = ResearchArtifact::new("", "", ArtifactType::Notebook);
    match ArchiveDeposit::new(config.clone()).prepare(&nothing) {
        Ok(prepared) => Ok(prepared.target().base_url.clone()),
        Err(error) => Err(Failure::usage("the archive's address cannot be used").because(&error)),
    }
}

/// The folder of one deposit.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) folder: PathBuf,
}

impl Place {
    /// The folder of the deposit, made if it is not there.
    pub(super) fn of(app: &App, state: &DepositState) -> Result<Self, Failure> {
        let folder = Self::folder_of(app, &state.id)?;
        fs::create_dir_all(&folder).map_err(FileError::at("create", &folder))?;
        Ok(Self { folder })
    }

    fn folder_of(app: &App, deposit: &str) -> Result<PathBuf, Failure> {
        Ok(app.store_path()?.with_file_name("deposits").join(deposit))
    }

    /// Removes the folder of a deposit of which nothing is kept.
    pub(super) fn remove_of(app: &App, deposit: &str) -> Result<(), Failure> {
        let folder = Self::folder_of(app, deposit)?;
        Self { folder }.remove();
        Ok(())
    }

    /// Keeps every other process away from the deposit, until the value is dropped.
    pub(super) fn lock(&self, session: &str) -> Result<File, Failure> {
        let path = self.folder.join("lock");
        let file = File::create(&path).map_err(FileError::at("create", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(Failure::new(
                Exit::Store,
                format!("another process is at the deposit of session {session}"),
            )
            .hint("wait until it is done")),
            Err(TryLockError::Error(error)) => Err(FileError::at("lock", &path)(error).into()),
        }
    }

    /// The command line with which the deposit was begun.
    pub(super) fn command(&self) -> Result<Option<Command>, Failure> {
        let path = self.folder.join("command.json");
        let Some(json) = read_json(&path)? else {
            return Ok(None);
        };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let words = json.get("words").and_then(Value::as_array);
        let words: Option<Vec<String>> = words.map(|words| words.iter().filter_map(text).collect());
        match (words, json.get("folder").and_then(text)) {
            (Some(words), Some(folder)) => Ok(Some(Command { words, folder })),
            _ => Err(damaged(&path)),
        }
    }

    pub(super) fn keep_command(&self, command: &Command) -> Result<(), Failure> {
        let json = json!({ "folder": command.folder, "words": command.words });
        let path = self.folder.join("command.json");
        Ok(files::write_atomic(
            &path,
            format!("{json:#}\n").as_bytes(),
        )?)
    }

    /// Writes down what was frozen: the last thing that is written.
    pub(super) fn keep_frozen(&self, frozen: &Frozen) -> Result<(), FileError> {
        let files: Vec<Value> = frozen
            .files
            .iter()
            .map(|file| json!({ "name": file.name, "size": file.size, "md5": file.md5 }))
            .collect();
        let json = json!({ "metadata": frozen.metadata, "files": files });
        files::write_atomic(&self.frozen_path(), format!("{json:#}\n").as_bytes())
    }

    fn frozen_path(&self) -> PathBuf {
        self.folder.join("frozen.json")
    }

    /// Nothing is frozen any more.
    pub(super) fn thaw(&self) -> Result<(), FileError> {
        match fs::remove_file(self.frozen_path()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(FileError::at("remove", &self.frozen_path())(error))
            }
            _ => Ok(()),
        }
    }

    /// What was frozen, where it is whole.
    pub(super) fn frozen(&self) -> Result<Option<Frozen>, Failure> {
        let path = self.frozen_path();
        let Some(json) = read_json(&path)? else {
            return Ok(None);
        };
        let mut frozen = Frozen {
            metadata: json.get("metadata").cloned().unwrap_or_default(),
            files: Vec::new(),
        };
        for file in json
            .get("files")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let text = |key: &str| file.get(key).and_then(Value::as_str).map(str::to_owned);
            let size = file.get("size").and_then(Value::as_u64);
            let (Some(name), Some(md5), Some(size)) = (text("name"), text("md5"), size) else {
                return Err(damaged(&path));
            };
            let path = self.folder.join(&name);
            if fs::metadata(&path).map_or(true, |found| found.len() != size) {
                return Ok(None);
            }
            frozen.files.push(LocalFile {
                name,
                path,
                size,
                md5,
            });
        }
        Ok(Some(frozen))
    }

    /// Removes the folder; what cannot be removed is left.
    pub(super) fn remove(&self) {
        drop(fs::remove_dir_all(&self.folder));
        if let Some(above) = self.folder.parent() {
            // Empty only when no other deposit is open.
            drop(fs::remove_dir(above));
        }
    }
}

fn read_json(path: &Path) -> Result<Option<Value>, Failure> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(FileError::at("read", path)(error).into()),
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|_error| damaged(path))
}

fn damaged(path: &Path) -> Failure {
    Failure::new(Exit::Store, format!("{} is damaged", path.display()))
        .because(&Plain("it is not what was written there"))
        .hint("remove it; the deposit is prepared anew when it goes on")
}

/// A command line, and the folder in which it was given.
#[derive(Debug)]
pub(super) struct Command {
    folder: String,
    words: Vec<String>,
}

impl Command {
    /// Of this process.
    pub(super) fn of_process() -> Self {
        let folder = std::env::current_dir().unwrap_or_default();
        Self {
            folder: folder.to_string_lossy().into_owned(),
            words: std::env::args_os()
                .map(|word| word.to_string_lossy().into_owned())
                .collect(),
        }
    }

    /// Its arguments; the process goes to its folder, where its paths begin.
    pub(super) fn args(&self) -> Result<Option<Args>, Failure> {
        let folder = Path::new(&self.folder);
        std::env::set_current_dir(folder).map_err(|error| {
            let text = format!("the deposit was begun in {}", self.folder);
            Failure::new(Exit::InputFailed, text)
                .because(&error)
                .hint("make that folder again, or discard the deposit and begin a new one")
        })?;
        let words = self.words.iter().map(OsString::from).collect();
        Ok(super::arguments(words))
    }
}
