//! Where metadata are found: in the store, in the working folder and above it, in the user's
//! configuration.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use entrenar::preserve::{self, PreserveOptions};
use entrenar::research::metadata::{
    FolderMetadata, MAX_FILE_BYTES, MetadataError, MetadataField, MetadataOrigin, MetadataSource,
    TomlScope, read_cff, read_codemeta, read_toml, read_zenodo,
};
use entrenar::session::EntrenarSession;
use entrenar::store::{Store as _, StoreError};

use crate::app::App;
use crate::errors::{Exit, Failure, Plain};
use crate::shell::word;
use crate::term::{Line, Tone};

/// The configuration's name, in a project and in the user's folder.
const ENTRENAR_TOML: &str = "entrenar.toml";

type FolderReader = fn(&str, &[u8]) -> Result<FolderMetadata, MetadataError>;
type FolderFile = (&'static str, FolderReader, fn(String) -> MetadataOrigin);

/// The files of a working folder that other programs read, too.
const FOLDER_FILES: [FolderFile; 3] = [
    ("CITATION.cff", read_cff, MetadataOrigin::Cff),
    ("codemeta.json", read_codemeta, MetadataOrigin::Codemeta),
    (".zenodo.json", read_zenodo, MetadataOrigin::Zenodo),
];

/// What is stated about the session of that (whole) id, but on the command line.
pub(crate) fn sources(
    app: &mut App,
    id: &str,
    files: bool,
) -> Result<Vec<MetadataSource>, Failure> {
    let mut found = Found::default();
    if let Some(text) = edited(app, id)? {
        let name = format!("artifact metadata of session {id}");
        let read = read_toml(&name, text.as_bytes(), TomlScope::Session);
        found.add(MetadataOrigin::Edited, read);
    }
    if files {
        found.files(&Surroundings::of_process())?;
    }
    let (sources, remarks) = found.finish(id)?;
    for remark in remarks {
        app.err
            .long_line(&Line::of(Tone::Warning, "! ").plain(remark))?;
    }
    Ok(sources)
}

/// A hint to edit what is stated for the session of that id.
pub(crate) fn edit_hint(id: &str, does: &str) -> String {
    format!("`entrenar artifact edit {}` {does}", word(id))
}

/// Tells whose word counted where that was a file of the working folder, of which the user may not
/// think: a line for each.
pub(crate) fn tell_files(
    app: &mut App,
    session: &EntrenarSession,
    options: &PreserveOptions,
) -> Result<(), Failure> {
    let described = preserve::describe_with_origins(session, options);
    let mut said: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for field in MetadataField::ALL {
        for origin in described.origins_of(*field) {
            let file = origin.file();
            if let Some(file) = file.filter(|_| !matches!(origin, MetadataOrigin::User(_))) {
                said.entry(file).or_default().push(field.key());
            }
        }
    }
    for (file, fields) in said {
        let file = if file.starts_with("../") {
            file.to_owned()
        } else {
            format!("./{file}")
        };
        let line = Line::new().dim(format!(
            "{} from {file}; --no-metadata-files leaves it out",
            fields.join(", ")
        ));
        app.err.long_line(&line)?;
    }
    Ok(())
}

/// Tells what is wrong with the files.
pub(crate) fn check_files() -> Result<(), Failure> {
    let mut found = Found::default();
    found.files(&Surroundings::of_process())?;
    found.finish("ID").map(drop)
}

/// What was written for the session, if it is in the store.
pub(crate) fn edited(app: &App, id: &str) -> Result<Option<String>, Failure> {
    let Some(store) = app.store_if_there()? else {
        return Ok(None);
    };
    match store.artifact_metadata(id) {
        Err(StoreError::NotFound { .. }) => Ok(None),
        found => Ok(found?),
    }
}

/// Everything that is wrong with metadata files, in one failure.
pub(crate) fn wrong(errors: &[MetadataError]) -> Failure {
    let count: usize = errors
        .iter()
        .map(|error| error.problems.len() + error.more)
        .sum();
    let what = if count == 1 { "problem" } else { "problems" };
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let message = format!("{count} {what} in metadata:\n{}", lines.join("\n"));
    Failure::new(Exit::InputFailed, message)
}

/// Sources as they are found, and what is wrong with them.
#[derive(Debug, Default)]
struct Found {
    sources: Vec<MetadataSource>,
    errors: Vec<MetadataError>,
    remarks: Vec<String>,
}

impl Found {
    fn add(
        &mut self,
        origin: MetadataOrigin,
        read: Result<entrenar::research::metadata::ArtifactMetadata, MetadataError>,
    ) {
        match read {
            Ok(metadata) => self.sources.push(MetadataSource::new(origin, metadata)),
            Err(error) => self.errors.push(error),
        }
    }

    fn files(&mut self, around: &Surroundings) -> Result<(), Failure> {
        if let Some((name, bytes)) = around.project_file(ENTRENAR_TOML)? {
            let read = read_toml(&name, &bytes, TomlScope::Project);
            self.add(MetadataOrigin::Project(name), read);
        }
        for (file, read, origin) in FOLDER_FILES {
            let Some((name, bytes)) = around.project_file(file)? else {
                continue;
            };
            match read(&name, &bytes) {
                Ok(read) => {
                    let remarks = read.remarks.iter();
                    self.remarks
                        .extend(remarks.map(|remark| format!("{name}:{remark}")));
                    let source = MetadataSource::new(origin(name), read.metadata);
                    self.sources.push(source);
                }
                Err(error) => self.errors.push(error),
            }
        }
        if let Some(path) = &around.user_toml
            && let Some(bytes) = read_file(path)?
        {
            let name = path.display().to_string();
            let read = read_toml(&name, &bytes, TomlScope::User);
            self.add(MetadataOrigin::User(name), read);
        }
        Ok(())
    }

    fn finish(self, id: &str) -> Result<(Vec<MetadataSource>, Vec<String>), Failure> {
        if self.errors.is_empty() {
            return Ok((self.sources, self.remarks));
        }
        let failure = wrong(&self.errors);
        let of_store = |error: &MetadataError| error.file.starts_with("artifact metadata of ");
        Err(if self.errors.iter().any(of_store) {
            failure.hint(edit_hint(id, "opens what is kept in the store"))
        } else {
            failure.hint("correct them, or read no such files with --no-metadata-files")
        })
    }
}

/// Where files are looked for.
#[derive(Debug)]
struct Surroundings {
    /// The current folder and those above it, up to the root of the project.
    folders: Vec<PathBuf>,
    user_toml: Option<PathBuf>,
}

impl Surroundings {
    fn of_process() -> Self {
        let home = absolute(std::env::var_os("HOME"));
        let config = absolute(std::env::var_os("XDG_CONFIG_HOME"))
            .or_else(|| Some(home.as_ref()?.join(".config")));
        let current = std::env::current_dir().unwrap_or_default();
        Self {
            folders: project_folders(&current, home.as_deref()),
            user_toml: config.map(|folder| folder.join("entrenar").join(ENTRENAR_TOML)),
        }
    }

    /// The nearest file of that name, with the name by which it is shown.
    fn project_file(&self, name: &str) -> Result<Option<(String, Vec<u8>)>, Failure> {
        for (above, folder) in self.folders.iter().enumerate() {
            let path = folder.join(name);
            if let Some(bytes) = read_file(&path)? {
                let shown = format!("{}{name}", "../".repeat(above));
                return Ok(Some((shown, bytes)));
            }
        }
        Ok(None)
    }
}

fn absolute(value: Option<OsString>) -> Option<PathBuf> {
    value.map(PathBuf::from).filter(|path| path.is_absolute())
}

/// The current folder and those above it, up to the one with `.git` or the home folder; the
/// current one alone where neither is above it.
fn project_folders(current: &Path, home: Option<&Path>) -> Vec<PathBuf> {
    let is_root = |folder: &Path| folder.join(".git").exists() || Some(folder) == home;
    let all: Vec<PathBuf> = current.ancestors().map(Path::to_owned).collect();
    let count = all.iter().position(|folder| is_root(folder)).unwrap_or(0) + 1;
    all.into_iter().take(count).collect()
}

/// The bytes of a file, one more than the limit at most; `None` where there is no file.
pub(crate) fn read_file(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let failure = || Failure::new(Exit::InputFailed, format!("cannot read {}", path.display()));
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(None),
        Err(error) => return Err(failure().because(&error)),
        Ok(found) if !found.is_file() => {
            return Err(failure().because(&Plain("it is not a regular file")));
        }
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX);
    File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|error| failure().because(&error))?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_ends_at_its_root() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b/c");
        fs::create_dir_all(&inner).unwrap();
        let count = |home: Option<&str>| {
            let home = home.map(|home| folder.path().join(home));
            project_folders(&inner, home.as_deref()).len()
        };
        assert_eq!(count(None), 1);
        assert_eq!(count(Some("a")), 3);
        assert_eq!(count(Some("elsewhere")), 1);
        fs::create_dir(folder.path().join("a/b/.git")).unwrap();
        assert_eq!(count(Some("a")), 2);
    }
}
