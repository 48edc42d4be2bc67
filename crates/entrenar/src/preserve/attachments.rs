//! Files that a person adds to a folder: found on disk, named safely, never read into memory.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use unicode_normalization::UnicodeNormalization as _;

use crate::files::FileError;
use crate::session::{ImportWarning, Place, WarningKind};

use super::file::{ArtifactFile, Content, DiskFile, Role};
use super::{PreserveError, name};

/// The folder that holds them.
pub(super) const FOLDER: &str = "attachments";

/// Most files of one folder.
const MOST_FILES: usize = 200_000;
/// What version control keeps in a folder of a project: its history, and the addresses of its
/// remotes with their passwords.
const REPOSITORY_FOLDERS: [&str; 6] = [".git", ".hg", ".svn", ".jj", ".bzr", "CVS"];
/// Deepest folder below the one that was named.
const MOST_LEVELS: usize = 64;

/// A file or folder to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Where it is.
    pub path: PathBuf,
    /// Its path in the folder of attachments, with `/` between the parts; where absent, `path`
    /// if that is relative and stays below the current folder, else the last part of it.
    pub name: Option<String>,
    /// What it has to do with the trainings.
    pub role: Role,
}

/// Files that were found, and what a person should know of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Attachments {
    pub(super) files: Vec<ArtifactFile>,
    pub(super) warnings: Vec<ImportWarning>,
}

impl Attachments {
    /// Finds all files of `wanted`; folders with everything below them. Nothing is read yet.
    ///
    /// A symbolic link that is named itself is followed. Inside a folder, symbolic links, pipes,
    /// devices and names that are not Unicode are refused, all of them at once. The folder in which
    /// version control keeps its history (`.git`) is left out, with a warning; named itself, it is
    /// refused.
    ///
    /// # Errors
    /// [`PreserveError::Unsuitable`] with all that cannot be added;
    /// [`PreserveError::Collision`] if two files would have the same name on some system;
    /// [`PreserveError::UnsafeName`] for a name that is no path inside the folder; or
    /// [`PreserveError::File`].
    pub fn find(wanted: &[Attachment]) -> Result<Self, PreserveError> {
        let mut found = Self::default();
        let mut unsuitable = Vec::new();
        for attachment in wanted {
            let parts = match &attachment.name {
                Some(name) => stated(name)?,
                None => derived(&attachment.path),
            };
            let mut walk = Walk {
                role: attachment.role,
                found: &mut found,
                unsuitable: &mut unsuitable,
            };
            let path = &attachment.path;
            let metadata = fs::metadata(path).map_err(FileError::at("read", path))?;
            let within = fs::canonicalize(path).unwrap_or_else(|_error| path.clone());
            if within
                .iter()
                .filter_map(|part| part.to_str())
                .any(is_repository)
            {
                unsuitable.push((path.clone(), "it is the history of a repository"));
            } else if metadata.is_dir() {
                walk.folder(path, &parts, 0)?;
            } else if metadata.is_file() {
                let parts = match (parts.is_empty(), path.file_name().and_then(|n| n.to_str())) {
                    (true, Some(name)) => vec![name.to_owned()],
                    (true, None) => return Err(PreserveError::NotAFile { path: path.clone() }),
                    (false, _) => parts,
                };
                walk.file(DiskFile::of(path, &metadata)?, &parts)?;
            } else {
                unsuitable.push((path.clone(), "it is no regular file"));
            }
        }
        if !unsuitable.is_empty() {
            unsuitable.sort();
            return Err(PreserveError::Unsuitable {
                problems: unsuitable,
            });
        }
        found.files.sort_by(|a, b| a.path.cmp(&b.path));
        check_collisions(found.files.iter().map(|file| file.path.as_str()))?;
        Ok(found)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

struct Walk<'a> {
    role: Role,
    found: &'a mut Attachments,
    unsuitable: &'a mut Vec<(PathBuf, &'static str)>,
}

impl Walk<'_> {
    fn folder(&mut self, dir: &Path, parts: &[String], level: usize) -> Result<(), PreserveError> {
        if level > MOST_LEVELS {
            self.unsuitable.push((dir.to_owned(), "it is too deep"));
            return Ok(());
        }
        let failed = FileError::at("read", dir);
        let entries: Result<Vec<_>, _> = fs::read_dir(dir)
            .and_then(Iterator::collect)
            .map_err(failed);
        let mut entries: Vec<fs::DirEntry> = entries?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let Some(name) = entry.file_name().to_str().map(ToOwned::to_owned) else {
                self.unsuitable.push((path, "its name is not Unicode"));
                continue;
            };
            let metadata = entry.metadata().map_err(FileError::at("read", &path))?;
            let kind = metadata.file_type();
            let mut inner = parts.to_vec();
            // In a linked working tree `.git` is a file.
            if is_repository(&name) {
                inner.push(name);
                self.found.warnings.push(ImportWarning::new(
                    WarningKind::Limit,
                    Place::path(inner.join("/")),
                    "the history of a repository is left out",
                ));
                continue;
            }
            inner.push(name);
            if kind.is_dir() {
                self.folder(&path, &inner, level + 1)?;
            } else if kind.is_file() {
                self.file(DiskFile::of(&path, &metadata)?, &inner)?;
            } else if kind.is_symlink() {
                self.unsuitable.push((path, "it is a symbolic link"));
            } else {
                self.unsuitable.push((path, "it is no regular file"));
            }
        }
        Ok(())
    }

    fn file(&mut self, file: DiskFile, parts: &[String]) -> Result<(), PreserveError> {
        if self.found.files.len() >= MOST_FILES {
            return Err(PreserveError::TooManyFiles { most: MOST_FILES });
        }
        let original = parts.join("/");
        let safe: Vec<String> = parts
            .iter()
            .map(|part| match name::safe_file_name(part) {
                safe if safe.is_empty() => "_".to_owned(),
                safe => safe,
            })
            .collect();
        let path = format!("{FOLDER}/{}", safe.join("/"));
        let mut about = "attachment".to_owned();
        if safe != parts {
            about = format!("attachment; its own name is {original:?}");
            self.found.warnings.push(ImportWarning::new(
                WarningKind::InvalidValue,
                Place::path(original),
                format!("the name is not possible on every system; the file is kept as {path:?}"),
            ));
        }
        self.found.files.push(ArtifactFile {
            path,
            content: Content::Disk(file),
            about,
            role: self.role,
        });
        Ok(())
    }
}

/// Whether version control keeps its history under that name.
fn is_repository(name: &str) -> bool {
    REPOSITORY_FOLDERS.contains(&name)
}

/// The parts of a name that a person gave.
fn stated(name: &str) -> Result<Vec<String>, PreserveError> {
    let parts: Vec<String> = name.split('/').map(ToOwned::to_owned).collect();
    let bad = |part: &String| part.trim().is_empty() || part == "." || part == "..";
    if parts.iter().any(bad) {
        return Err(PreserveError::UnsafeName {
            name: name.to_owned(),
        });
    }
    Ok(parts)
}

/// The parts of `path` if it stays below the current folder, else the last one.
fn derived(path: &Path) -> Vec<String> {
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                let last = path.file_name();
                return last
                    .map(|name| name.to_string_lossy().into_owned())
                    .into_iter()
                    .collect();
            }
        }
    }
    parts
}

/// Refuses paths that are one on a system that knows no case or composes characters, and a file
/// where another path needs a folder.
pub(super) fn check_collisions<'a>(
    paths: impl IntoIterator<Item = &'a str>,
) -> Result<(), PreserveError> {
    let mut known: BTreeMap<String, &str> = BTreeMap::new();
    for path in paths {
        if let Some(other) = known.insert(folded(path), path) {
            return Err(PreserveError::Collision {
                one: other.to_owned(),
                other: path.to_owned(),
            });
        }
    }
    for (key, path) in &known {
        let above = key.match_indices('/').filter_map(|(at, _)| key.get(..at));
        for folder in above {
            if let Some(file) = known.get(folder) {
                return Err(PreserveError::Collision {
                    one: (*file).to_owned(),
                    other: (*path).to_owned(),
                });
            }
        }
    }
    Ok(())
}

fn folded(path: &str) -> String {
    path.nfd()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .nfc()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_leaves_the_folder() {
        for name in ["../x", "a/../../x", "/x", "a//b", "", ".", "a/", " /x"] {
            assert!(stated(name).is_err(), "{name}");
        }
        assert_eq!(stated("a b/#1 %.bin").unwrap(), ["a b", "#1 %.bin"]);
        for (path, parts) in [
            ("data/x", vec!["data", "x"]),
            ("./x", vec!["x"]),
            ("../secret/x", vec!["x"]),
            ("/etc/passwd", vec!["passwd"]),
            (".", vec![]),
        ] {
            assert_eq!(derived(Path::new(path)), parts);
        }
    }

    #[test]
    fn the_history_of_a_repository_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("lab/.git/logs")).unwrap();
        for file in ["lab/.git/config", "lab/.git/logs/HEAD", "lab/x.csv"] {
            fs::File::create(folder.path().join(file)).unwrap();
        }
        let find = |path: &str| {
            Attachments::find(&[Attachment {
                path: folder.path().join(path),
                name: None,
                role: Role::Other,
            }])
        };
        let found = find("lab").unwrap();
        assert_eq!(found.files.len(), 1);
        assert_eq!(found.warnings.len(), 1);
        for path in ["lab/.git", "lab/.git/config"] {
            assert!(find(path).is_err(), "{path}");
        }
    }

    #[test]
    fn what_is_one_name_elsewhere_is_refused() {
        let check = |paths: &[&str]| check_collisions(paths.iter().copied());
        assert!(check(&["a/b", "a/c", "ab"]).is_ok());
        for pair in [
            ["a/B", "A/b"],
            ["é", "e\u{301}"],
            ["ß", "SS"],
            ["a", "a/b"],
            ["A", "a/b"],
        ] {
            assert!(check(&pair).is_err(), "{pair:?}");
        }
    }
}
