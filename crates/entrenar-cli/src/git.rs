//! What the program `git` says about a folder.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use entrenar::preserve::GitState;

use crate::errors::{Exit, Failure};

/// The state of the repository that `dir` is in; `None` where it is in none.
pub(crate) fn state(dir: &Path) -> Result<Option<GitState>, Failure> {
    let inside = run(dir, &["rev-parse", "--is-inside-work-tree"])?;
    if !inside.status.success() {
        let said = String::from_utf8_lossy(&inside.stderr);
        if said.contains("not a git repository") {
            return Ok(None);
        }
        return Err(failed(dir, said.trim()));
    }
    let line = |args: &[&str]| -> Result<Option<String>, Failure> {
        let output = run(dir, args)?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok((output.status.success() && !text.is_empty()).then_some(text))
    };
    let commit = line(&["rev-parse", "--verify", "--quiet", "HEAD"])?;
    let mut remotes = Vec::new();
    for name in line(&["remote"])?.unwrap_or_default().lines() {
        if let Some(url) = line(&["remote", "get-url", name])? {
            remotes.push((name.to_owned(), url));
        }
    }
    // The one that a clone calls so comes first.
    remotes.sort_by_key(|(name, _)| (name != "origin", name.clone()));
    let status = run(
        dir,
        &["status", "--porcelain=v1", "-z", "--untracked-files=normal"],
    )?;
    if !status.status.success() {
        return Err(failed(dir, String::from_utf8_lossy(&status.stderr).trim()));
    }
    let base = if commit.is_some() { "HEAD" } else { "--cached" };
    let diff = run(
        dir,
        &["diff", "--no-color", "--no-ext-diff", "--no-textconv", base],
    )?;
    if !diff.status.success() {
        return Err(failed(dir, String::from_utf8_lossy(&diff.stderr).trim()));
    }
    Ok(Some(GitState {
        commit,
        branch: line(&["symbolic-ref", "--quiet", "--short", "HEAD"])?,
        remotes,
        changes: changes(&status.stdout),
        diff: Some(diff.stdout),
    }))
}

/// Two letters, a space and a path, each ended by NUL; a renamed file has its old path behind it.
fn changes(status: &[u8]) -> Vec<(String, String)> {
    let mut changes = Vec::new();
    let text = String::from_utf8_lossy(status);
    let mut entries = text.split('\0').filter(|entry| !entry.is_empty());
    while let Some(entry) = entries.next() {
        let (Some(state), Some(path)) = (entry.get(..2), entry.get(3..)) else {
            continue;
        };
        if state.contains(['R', 'C']) {
            entries.next();
        }
        changes.push((state.to_owned(), path.to_owned()));
    }
    changes.sort_by(|a, b| a.1.cmp(&b.1));
    changes
}

fn run(dir: &Path, args: &[&str]) -> Result<Output, Failure> {
    Command::new("git")
        .arg("-C")
        .arg(dir)
        // Neither hooks nor a pager nor a monitor of the folder's own configuration are run.
        .args([
            "-c",
            "core.fsmonitor=false",
            "--no-pager",
            "--no-optional-locks",
        ])
        .args(args)
        .env("LC_ALL", "C")
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| {
            Failure::new(
                Exit::InputFailed,
                format!("cannot ask git about {}", dir.display()),
            )
            .because(&error)
            .hint("install git, or leave out `--project`")
        })
}

fn failed(dir: &Path, said: &str) -> Failure {
    let said = said.lines().next().unwrap_or("git failed").to_owned();
    Failure::new(
        Exit::InputFailed,
        format!("cannot ask git about {}: {said}", dir.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renamed_file_counts_once() {
        let status = b"R  new name\0old\0 M b\0?? \xc3\xa4/\0";
        let found = changes(status);
        let found: Vec<_> = found
            .iter()
            .map(|(s, p)| (s.as_str(), p.as_str()))
            .collect();
        assert_eq!(found, [(" M", "b"), ("R ", "new name"), ("??", "ä/")]);
    }
}
