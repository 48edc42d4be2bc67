//! What is to be verified, as a list of files: of a folder, walked without following a link, or
//! of a zip.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization as _;

use crate::files::FileError;

use super::report::{Problem, ProblemKind};
use super::zip::Archive;

/// The most files that are looked at.
pub(super) const MAX_FILES: usize = 1_000_000;
/// The deepest folder that is looked into.
const MAX_DEPTH: usize = 128;

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its path in the folder, with `/` between the parts.
    pub(super) path: String,
    /// Its size in bytes.
    pub(super) size: u64,
}

/// Files to be verified.
#[derive(Debug)]
pub(super) enum Tree {
    /// Those of a folder.
    Folder { root: PathBuf, entries: Vec<Entry> },
    /// Those of a zip.
    Zip(Archive),
}

impl Tree {
    /// The files, sorted by path.
    pub(super) fn entries(&self) -> &[Entry] {
        match self {
            Self::Folder { entries, .. } => entries,
            Self::Zip(archive) => archive.entries(),
        }
    }

    /// Opens the file of that place in [`entries`](Self::entries).
    pub(super) fn open(&self, place: usize) -> io::Result<Box<dyn Read + '_>> {
        match self {
            Self::Folder { root, entries } => {
                let entry = entries.get(place).ok_or(io::ErrorKind::NotFound)?;
                let path = root.join(&entry.path);
                // What was a file may have been replaced by a pipe since.
                if !fs::symlink_metadata(&path)?.is_file() {
                    return Err(io::Error::other("it is no regular file any more"));
                }
                Ok(Box::new(File::open(path)?))
            }
            Self::Zip(archive) => archive.open(place),
        }
    }

    /// The CRC-32 that the zip states.
    pub(super) fn crc(&self, place: usize) -> Option<u32> {
        match self {
            Self::Folder { .. } => None,
            Self::Zip(archive) => archive.crc(place),
        }
    }
}

/// Walks the folder at `root`. Links, pipes and devices, names that are not UTF-8 and folders
/// without a file are problems.
pub(super) fn walk(root: &Path) -> Result<(Tree, Vec<Problem>), FileError> {
    let mut entries = Vec::new();
    let mut problems = Vec::new();
    let mut pending = vec![(PathBuf::new(), 0)];
    while let Some((folder, depth)) = pending.pop() {
        let at = root.join(&folder);
        let read = fs::read_dir(&at).map_err(FileError::at("read", &at))?;
        let mut is_empty = true;
        for found in read {
            is_empty = false;
            let found = found.map_err(FileError::at("read", &at))?;
            let path = folder.join(found.file_name());
            let Some(name) = path.to_str().map(str::to_owned) else {
                problems.push(Problem::new(
                    ProblemKind::Name,
                    path.to_string_lossy(),
                    "the name is not UTF-8",
                ));
                continue;
            };
            let kind = found.metadata().map_err(FileError::at("read", &path))?;
            if kind.is_dir() {
                if depth >= MAX_DEPTH {
                    problems.push(Problem::new(
                        ProblemKind::Limit,
                        name,
                        format!("folders are nested more than {MAX_DEPTH} deep"),
                    ));
                } else {
                    pending.push((path, depth + 1));
                }
            } else if kind.is_file() {
                if entries.len() >= MAX_FILES {
                    problems.push(Problem::new(
                        ProblemKind::Limit,
                        "",
                        format!("there are more than {MAX_FILES} files"),
                    ));
                    pending.clear();
                    break;
                }
                entries.push(Entry {
                    path: name,
                    size: kind.len(),
                });
            } else {
                let what = if kind.is_symlink() {
                    "it is a symbolic link; it is not followed"
                } else {
                    "it is neither a file nor a folder"
                };
                problems.push(
                    Problem::new(ProblemKind::Name, name, what)
                        .hint("put the file itself in its place"),
                );
            }
        }
        if is_empty && depth > 0 {
            problems.push(
                Problem::new(
                    ProblemKind::Added,
                    folder.to_string_lossy(),
                    "the folder is empty, and nothing lists it",
                )
                .hint("remove it"),
            );
        }
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    problems.extend(collisions(&entries));
    let root = root.to_owned();
    Ok((Tree::Folder { root, entries }, problems))
}

/// Names that some system takes for one: they differ in case or in the form of their Unicode
/// characters alone.
pub(super) fn collisions(entries: &[Entry]) -> Vec<Problem> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let mut problems = Vec::new();
    for entry in entries {
        let folded: String = entry
            .path
            .nfc()
            .flat_map(char::to_lowercase)
            .nfc()
            .collect();
        match seen.get(&folded) {
            Some(other) if *other != entry.path => problems.push(
                Problem::new(
                    ProblemKind::Name,
                    &entry.path,
                    format!("some systems take the name for that of {other:?}"),
                )
                .hint("give one of the two another name"),
            ),
            Some(_) => problems.push(Problem::new(
                ProblemKind::Name,
                &entry.path,
                "the name comes twice",
            )),
            None => {
                seen.insert(folded, &entry.path);
            }
        }
    }
    problems
}
