use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::bridge::{self, Limits};
use crate::files::{FileError, beside, short_name, sync_parent};

use super::pour::{self, Sink};
use super::{ArtifactFolder, PreserveError, SHA256SUMS, sums};

/// Where a folder was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The folder.
    pub path: PathBuf,
    /// Where the folder is that was there before, if it held anything that an artifact folder
    /// does not; other folders that were replaced are gone.
    pub kept: Option<PathBuf>,
    /// How many files it holds.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// Writes `folder` to `dir`: beside it, each file synced, then renamed into place, so that
/// `dir` is at any time absent, the old folder, or the whole new one.
///
/// With `force`, a folder at `dir` is replaced. If it holds files that no artifact folder lists
/// in its checksums, it is kept beside under another name.
///
/// # Errors
/// [`PreserveError::Exists`] without `force`; [`PreserveError::NotReplaceable`] for a file or a
/// root; or the step that failed. Nothing is left behind then.
pub fn write(folder: &ArtifactFolder, dir: &Path, force: bool) -> Result<Written, PreserveError> {
    write_by(dir, force, |sink| {
        let written = pour::all(folder, "", sink)?;
        Ok(written.into_iter().map(|(_, digest)| digest.size).collect())
    })
}

/// Writes what `fill` puts out to `dir`; it returns the sizes of the files.
pub(super) fn write_by(
    dir: &Path,
    force: bool,
    fill: impl FnOnce(&mut FolderSink<'_>) -> Result<Vec<u64>, PreserveError>,
) -> Result<Written, PreserveError> {
    let (dir, exists) = target(dir, force)?;
    let created = create_parents(&dir)?;
    let partial = beside(&dir);
    let result = write_files(&partial, fill).and_then(|sizes| {
        let kept = if exists {
            replace(&partial, &dir)?
        } else {
            rename(&partial, &dir)?;
            sync_parent(&dir)?;
            None
        };
        Ok((sizes, kept))
    });
    match result {
        Ok((sizes, kept)) => Ok(Written {
            path: dir,
            kept,
            files: sizes.len(),
            bytes: sizes.iter().sum(),
        }),
        Err(error) => {
            // The first error is the one to report.
            drop(fs::remove_dir_all(&partial));
            for parent in created {
                drop(fs::remove_dir(parent));
            }
            Err(error)
        }
    }
}

/// The folder to be made, and whether one is to be replaced.
fn target(dir: &Path, force: bool) -> Result<(PathBuf, bool), PreserveError> {
    let not_replaceable = || PreserveError::NotReplaceable {
        path: dir.to_owned(),
    };
    match fs::symlink_metadata(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if dir.file_name().is_none() {
                return Err(not_replaceable());
            }
            Ok((dir.to_owned(), false))
        }
        Err(error) => Err(FileError::at("read", dir)(error).into()),
        Ok(_) if !force => Err(PreserveError::Exists {
            path: dir.to_owned(),
        }),
        Ok(_) => {
            // A link stays and what it names is replaced; `.` gets a name.
            let real = fs::canonicalize(dir).map_err(FileError::at("read", dir))?;
            if !real.is_dir() || real.file_name().is_none() {
                return Err(not_replaceable());
            }
            Ok((real, true))
        }
    }
}

/// Creates the folders above `dir`; returns those that were not there, deepest first.
fn create_parents(dir: &Path) -> Result<Vec<PathBuf>, PreserveError> {
    let Some(parent) = dir.parent().filter(|p| !p.as_os_str().is_empty()) else {
        return Ok(Vec::new());
    };
    let missing: Vec<_> = parent
        .ancestors()
        .take_while(|p| !p.as_os_str().is_empty() && !p.exists())
        .map(Path::to_owned)
        .collect();
    if let Err(error) = fs::create_dir_all(parent) {
        for path in &missing {
            drop(fs::remove_dir(path));
        }
        return Err(FileError::at("create", parent)(error).into());
    }
    Ok(missing)
}

fn write_files(
    partial: &Path,
    fill: impl FnOnce(&mut FolderSink<'_>) -> Result<Vec<u64>, PreserveError>,
) -> Result<Vec<u64>, PreserveError> {
    if partial.exists() {
        // Left by a process of the same number that was killed.
        fs::remove_dir_all(partial).map_err(FileError::at("remove", partial))?;
    }
    fs::create_dir(partial).map_err(FileError::at("create", partial))?;
    let mut sink = FolderSink {
        root: partial,
        folders: BTreeSet::new(),
        open: None,
    };
    let sizes = fill(&mut sink)?;
    for inner in &sink.folders {
        sync_parent(&inner.join("file"))?;
    }
    sync_parent(&partial.join("file"))?;
    Ok(sizes)
}

/// Files in a new folder.
pub(super) struct FolderSink<'a> {
    root: &'a Path,
    folders: BTreeSet<PathBuf>,
    open: Option<(PathBuf, File)>,
}

impl Sink for FolderSink<'_> {
    fn begin(&mut self, path: &str, _size: u64) -> Result<(), PreserveError> {
        let path = self.root.join(path);
        if let Some(parent) = path.parent()
            && parent != self.root
            && !self.folders.contains(parent)
        {
            fs::create_dir_all(parent).map_err(FileError::at("create", parent))?;
            let inner = parent.ancestors().take_while(|folder| *folder != self.root);
            self.folders.extend(inner.map(Path::to_owned));
        }
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(FileError::at("create", &path))?;
        self.open = Some((path, file));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), PreserveError> {
        if let Some((path, file)) = &mut self.open {
            file.write_all(bytes)
                .map_err(FileError::at("write", path))?;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), PreserveError> {
        if let Some((path, file)) = self.open.take() {
            file.sync_all().map_err(FileError::at("sync", &path))?;
        }
        Ok(())
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), PreserveError> {
    fs::rename(from, to).map_err(FileError::at("rename", to))?;
    Ok(())
}

/// Puts `partial` in the place of the folder `dir`; returns where the old one is kept.
fn replace(partial: &Path, dir: &Path) -> Result<Option<PathBuf>, PreserveError> {
    let ours = holds_an_artifact_only(dir);
    let old = free_name(dir);
    rename(dir, &old)?;
    if let Err(error) = rename(partial, dir) {
        rename(&old, dir)?;
        return Err(error);
    }
    sync_parent(dir)?;
    if ours {
        // The new folder is in place: what cannot be removed does no harm.
        drop(fs::remove_dir_all(&old));
        Ok(None)
    } else {
        Ok(Some(old))
    }
}

/// A name beside `dir` that is not taken.
fn free_name(dir: &Path) -> PathBuf {
    let name = short_name(dir);
    let mut number: u64 = 0;
    loop {
        let suffix = if number == 0 {
            ".old".to_owned()
        } else {
            format!(".old{number}")
        };
        let path = dir.with_file_name(format!("{name}{suffix}"));
        if fs::symlink_metadata(&path).is_err() {
            return path;
        }
        number += 1;
    }
}

/// Whether every file in `dir` is one that its checksums list.
fn holds_an_artifact_only(dir: &Path) -> bool {
    // A pipe of that name is not waited for.
    let sums = bridge::load(&dir.join(SHA256SUMS), Limits::default());
    let sums = sums.map(|(bytes, _)| bytes).unwrap_or_default();
    let mut listed: BTreeSet<_> = sums::parse(&String::from_utf8_lossy(&sums))
        .into_iter()
        .map(|(path, _)| dir.join(path))
        .collect();
    listed.insert(dir.join(SHA256SUMS));
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            return false;
        };
        for entry in entries {
            let Ok(entry) = entry else { return false };
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() && listed.contains(&entry.path()) => {}
                _ => return false,
            }
        }
    }
    true
}
