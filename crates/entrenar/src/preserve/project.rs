//! The state of a project folder: its lock files, and what git says about it.
//!
//! It is read on request only, because it is no part of the session: the folder may have changed
//! since the session ran. Everything that names it says so.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::bridge::{self, Limits};
use crate::files::FileError;
use crate::secrets::{self, SecretFinding};
use crate::session::{ImportWarning, Place, WarningKind};

use super::PreserveError;
use super::file::ArtifactFile;

/// The folder that holds what was found.
pub(super) const FOLDER: &str = "environment";

/// Names of files that pin versions, besides `requirements*.txt` and `*conda-lock*.yml`.
const LOCK_FILES: [&str; 24] = [
    ".python-version",
    ".tool-versions",
    "Cargo.lock",
    "Manifest.toml",
    "Pipfile.lock",
    "conda-lock.yml",
    "constraints.txt",
    "environment.yaml",
    "environment.yml",
    "flake.lock",
    "go.sum",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "packrat.lock",
    "pdm.lock",
    "pixi.lock",
    "pnpm-lock.yaml",
    "poetry.lock",
    "pylock.toml",
    "renv.lock",
    "rust-toolchain",
    "rust-toolchain.toml",
    "uv.lock",
    "yarn.lock",
];

/// A larger lock file is left out, and said to be.
const LARGEST_LOCK_FILE: u64 = 32 << 20;
/// A larger difference to the commit is left out, and said to be.
pub const LARGEST_DIFF: usize = 4 << 20;

/// What git says about a folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GitState {
    /// The commit that is checked out; `None` in a repository without one.
    pub commit: Option<String>,
    /// The branch; `None` where none is checked out.
    pub branch: Option<String>,
    /// Addresses of remote repositories, by name.
    pub remotes: Vec<(String, String)>,
    /// Paths that differ from the commit or are unknown to git, with git's two letters for each.
    pub changes: Vec<(String, String)>,
    /// The difference to the commit; `None` where it is empty or larger than [`LARGEST_DIFF`].
    pub diff: Option<Vec<u8>>,
}

/// The state of a project folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Project {
    lock_files: Vec<(String, Vec<u8>)>,
    git: Option<GitState>,
    warnings: Vec<ImportWarning>,
}

impl Project {
    /// Reads the lock files that are directly in `dir`.
    ///
    /// # Errors
    /// If the folder or one of them cannot be read.
    pub fn read(dir: &Path) -> Result<Self, PreserveError> {
        let mut project = Self::default();
        let names: Result<Vec<_>, io::Error> = fs::read_dir(dir)
            .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect());
        let names = names.map_err(FileError::at("read", dir))?;
        let mut names: Vec<String> = names
            .into_iter()
            .filter_map(|name| name.into_string().ok())
            .filter(|name| is_lock_file(name))
            .collect();
        names.sort();
        for name in names {
            let path = dir.join(&name);
            let found = fs::metadata(&path).map_err(FileError::at("read", &path))?;
            if !found.is_file() {
                continue;
            }
            if found.len() > LARGEST_LOCK_FILE {
                project.warn(&name, "larger than 32 MiB; it is left out");
                continue;
            }
            let limits = Limits::default();
            let (bytes, _) = bridge::load(&path, limits)
                .map_err(|source| PreserveError::Source { path, source })?;
            project.lock_files.push((name, bytes));
        }
        Ok(project)
    }

    /// Sets what git says. Credentials in the addresses of remotes are taken out.
    #[must_use]
    pub fn with_git(mut self, mut git: GitState) -> Self {
        for (_, url) in &mut git.remotes {
            *url = without_credentials(url);
        }
        if let Some(diff) = git.diff.take_if(|diff| diff.len() > LARGEST_DIFF) {
            let size = diff.len();
            let text = format!("of {size} bytes is larger than 4 MiB; it is left out");
            self.warn("git.diff", &text);
        }
        git.diff.take_if(|diff| diff.is_empty());
        self.git = Some(git);
        self
    }

    /// Names of the lock files.
    pub fn lock_files(&self) -> impl Iterator<Item = &str> {
        self.lock_files.iter().map(|(name, _)| name.as_str())
    }

    /// What git said.
    pub fn git(&self) -> Option<&GitState> {
        self.git.as_ref()
    }

    fn warn(&mut self, name: &str, what: &str) {
        self.warnings.push(ImportWarning::new(
            WarningKind::Limit,
            Place::path(format!("{FOLDER}/{name}")),
            what,
        ));
    }

    pub(super) fn warnings(&self) -> &[ImportWarning] {
        &self.warnings
    }

    pub(super) fn files(&self) -> Vec<ArtifactFile> {
        const FOUND: &str = "as found when the crate was made";
        let mut files: Vec<_> = self
            .lock_files
            .iter()
            .map(|(name, bytes)| {
                // A hidden file would be overlooked.
                let name = name.trim_start_matches('.');
                let path = format!("{FOLDER}/{name}");
                ArtifactFile::new(
                    path,
                    bytes.clone(),
                    &format!("versions of packages, {FOUND}"),
                )
            })
            .collect();
        if let Some(git) = &self.git {
            let mut json = format!("{:#}", git.to_json()).into_bytes();
            json.push(b'\n');
            let about = format!("state of the git repository, {FOUND}");
            files.push(ArtifactFile::new(
                format!("{FOLDER}/git.json"),
                json,
                &about,
            ));
            if let Some(diff) = &git.diff {
                let about = format!("difference to the commit, {FOUND}");
                let path = format!("{FOLDER}/git.diff");
                files.push(ArtifactFile::new(path, diff.clone(), &about));
            }
        }
        files
    }

    /// What stands in the metadata, by name.
    pub(super) fn facts(&self) -> Vec<(&'static str, Value)> {
        let Some(git) = &self.git else {
            return Vec::new();
        };
        let mut facts = Vec::new();
        if let Some(commit) = &git.commit {
            facts.push(("git commit", commit.as_str().into()));
        }
        if let Some(branch) = &git.branch {
            facts.push(("git branch", branch.as_str().into()));
        }
        let state = match git.changes.is_empty() {
            true => "as committed".to_owned(),
            false => format!("{} paths differ from the commit", git.changes.len()),
        };
        facts.push(("git state", state.into()));
        if let Some((_, url)) = git.remotes.first() {
            facts.push(("git remote", url.as_str().into()));
        }
        facts
    }

    pub(super) fn secrets(&self) -> Vec<SecretFinding> {
        let mut findings = Vec::new();
        for file in self.files() {
            let text = String::from_utf8_lossy(file.bytes().unwrap_or_default()).into_owned();
            findings.extend(secrets::scan_text(&file.path, &text));
        }
        findings
    }
}

impl GitState {
    fn to_json(&self) -> Value {
        let remotes: Map<String, Value> = self
            .remotes
            .iter()
            .map(|(name, url)| (name.clone(), url.as_str().into()))
            .collect();
        let changes: Vec<Value> = self
            .changes
            .iter()
            .map(|(state, path)| json!({ "path": path, "state": state }))
            .collect();
        json!({
            "branch": self.branch,
            "changes": changes,
            "commit": self.commit,
            "remotes": remotes,
        })
    }
}

fn is_lock_file(name: &str) -> bool {
    let ends = |suffix: &str| name.ends_with(suffix);
    LOCK_FILES.contains(&name)
        || (name.starts_with("requirements") && ends(".txt"))
        || (name.contains("conda-lock") && (ends(".yml") || ends(".yaml")))
}

/// An address without the name and password of a user, and without a query.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        // `git@host:path` names an account that is no secret.
        return url.to_owned();
    };
    let (authority, path) = match rest.find(['/', '?', '#']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_credential_is_in_an_address() {
        for (url, plain) in [
            ("https://u:p@example.org/a.git", "https://example.org/a.git"),
            ("https://tok@en@example.org", "https://example.org"),
            ("https://example.org/a?token=x#y", "https://example.org/a"),
            ("git@example.org:a/b.git", "git@example.org:a/b.git"),
            ("ssh://git@example.org/a", "ssh://example.org/a"),
        ] {
            assert_eq!(without_credentials(url), plain);
        }
    }

    #[test]
    fn lock_files_are_known_by_name() {
        for name in [
            "uv.lock",
            "requirements-dev.txt",
            "linux.conda-lock.yml",
            "Cargo.lock",
        ] {
            assert!(is_lock_file(name), "{name}");
        }
        assert!(!is_lock_file("notes.txt") && LOCK_FILES.is_sorted());
    }
}
