//! What the program `git` says about the working folder.

use std::path::Path;

use serde::Serialize;

use super::EnvironmentOptions;
use crate::record::program::run;
use crate::secrets::mask;

/// The state of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct GitCommit {
    /// The commit's hash; absent before the first commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The branch; absent where none is checked out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// What tracked files have beyond the commit, as a unified diff with credentials masked; absent where it
    /// was not wanted or could not be had, empty where nothing was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    /// Whether the diff goes on after what is kept.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub diff_cut: bool,
}

/// Bytes that are read beyond those that are kept, so that a credential at the end is seen whole.
const BEYOND: usize = 64 << 10;

/// The state of the repository that `folder` is in; `None` where it is in none.
pub(super) fn state(folder: &Path, options: &EnvironmentOptions) -> Option<GitCommit> {
    let folder = folder.to_str()?;
    let ask = |args: &[&str], limit: usize| {
        // No monitor, pager or lock of the folder's own configuration is used.
        let mut all = vec!["-C", folder, "-c", "core.fsmonitor=false"];
        all.extend(["--no-pager", "--no-optional-locks"]);
        all.extend(args);
        run(&options.places.git, &all, limit, options.patience)
    };
    let line = |args: &[&str]| ask(args, 4096)?.line();
    if line(&["rev-parse", "--is-inside-work-tree"])? != "true" {
        return None;
    }
    let commit = line(&["rev-parse", "--verify", "--quiet", "HEAD"]);
    let base = if commit.is_some() { "HEAD" } else { "--cached" };
    let diff = options.git_diff.then(|| {
        let args = ["diff", "--no-color", "--no-ext-diff", "--no-textconv", base];
        ask(&args, options.diff_bytes.saturating_add(BEYOND))
    });
    let diff = diff.flatten().filter(|diff| diff.cut || diff.success);
    let (diff, diff_cut) = match diff {
        Some(diff) => {
            let text = mask::mask(&String::from_utf8_lossy(&diff.bytes));
            let (text, cut) = shortened(text, options.diff_bytes);
            (Some(text), cut || diff.cut)
        }
        None => (None, false),
    };
    Some(GitCommit {
        commit,
        branch: line(&["symbolic-ref", "--quiet", "--short", "HEAD"]),
        diff,
        diff_cut,
    })
}

/// Whole lines of the text, at most `most` bytes; whether something was left out.
fn shortened(mut text: String, most: usize) -> (String, bool) {
    if text.len() <= most {
        return (text, false);
    }
    let kept = text.as_bytes().get(..most).unwrap_or_default();
    let end = memchr::memrchr(b'\n', kept).map_or(0, |at| at + 1);
    text.truncate(end);
    (text, true)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;
    use crate::record::environment::Places;

    fn git(folder: &Path, args: &[&str]) {
        let done = Command::new("git")
            .arg("-C")
            .arg(folder)
            .args(["-c", "user.name=A", "-c", "user.email=a@example.org"])
            .args(args)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        assert!(done.status.success(), "{args:?}: {done:?}");
    }

    #[test]
    fn commit_branch_and_a_masked_bounded_diff() {
        if Command::new("git").arg("--version").output().is_err() {
            println!("SKIPPED: git is not installed");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let options = EnvironmentOptions::default();
        assert_eq!(state(path, &options), None);

        git(path, &["init", "-q", "-b", "trunk"]);
        assert_eq!(state(path, &options).unwrap().commit, None);
        let put = |text: &str| crate::files::write_atomic(&path.join("a.py"), text.as_bytes());
        put("lr = 1\n").unwrap();
        git(path, &["add", "a.py"]);
        git(path, &["commit", "-q", "-m", "first"]);
        let clean = state(path, &options).unwrap();
        assert_eq!(clean.commit.as_ref().unwrap().len(), 40);
        assert_eq!(clean.branch.as_deref(), Some("trunk"));
        assert_eq!(clean.diff.as_deref(), Some(""));

        let token = ["ghp_", "16C7e42F292c6912E7710c838347Ae178B4a"].concat();
        put(&format!(
            "lr = 2\nkey = '{token}'\n{}",
            "x = 0\n".repeat(100)
        ))
        .unwrap();
        let options = EnvironmentOptions {
            diff_bytes: 300,
            ..options
        };
        let dirty = state(path, &options).unwrap();
        let diff = dirty.diff.unwrap();
        assert!(diff.contains("+lr = 2\n"), "{diff}");
        assert!(
            !diff.contains(&token) && diff.contains("[redacted"),
            "{diff}"
        );
        assert!(diff.len() <= 300 && diff.ends_with('\n') && dirty.diff_cut);
        fs::remove_dir_all(path.join(".git")).unwrap();
    }

    #[test]
    fn without_git_nothing_is_known() {
        let options = EnvironmentOptions {
            places: Places {
                git: "/no/such/git".into(),
                ..Places::default()
            },
            ..EnvironmentOptions::default()
        };
        assert_eq!(state(Path::new("/"), &options), None);
    }
}
