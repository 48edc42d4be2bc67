//! The surroundings of a training, captured once.

mod git;
mod machine;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::gpu::{self, Gpu};
use crate::secrets::mask;

pub use git::GitCommit;
pub use machine::Machine;

/// Which of its surroundings a recorder captures: all of this by default, and each part can be left out.
/// No part reads the value of an environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentOptions {
    /// The program's arguments, with what looks like a credential masked.
    pub command_line: bool,
    /// The working folder.
    pub working_folder: bool,
    /// Commit and branch of the working folder, by the program `git`.
    pub git: bool,
    /// What the tracked files of the working folder have beyond the commit, with what looks like a credential
    /// masked. Only together with `git`.
    pub git_diff: bool,
    /// Bytes of the diff that are kept. Default 256 KiB.
    pub diff_bytes: usize,
    /// System, kernel, processors and memory.
    pub machine: bool,
    /// Graphics processors, by the program `nvidia-smi`.
    pub gpus: bool,
    /// Versions that the caller knows, by name: `python`, `ruchy`. entrenar's own and that of the Rust compiler
    /// that built it are added.
    pub versions: BTreeMap<String, String>,
    /// How long each program may take. Default 5 s; the recorder does not wait for it.
    pub patience: Duration,
    /// Where programs and files about the system are.
    pub places: Places,
}

impl Default for EnvironmentOptions {
    fn default() -> Self {
        Self {
            command_line: true,
            working_folder: true,
            git: true,
            git_diff: true,
            diff_bytes: 256 << 10,
            machine: true,
            gpus: true,
            versions: BTreeMap::new(),
            patience: Duration::from_secs(5),
            places: Places::default(),
        }
    }
}

/// Where programs and files about the system are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The program `git`: a path, or a name that is looked for as the system does.
    pub git: PathBuf,
    /// The program `nvidia-smi`, likewise.
    pub nvidia_smi: PathBuf,
    /// The process file system.
    pub proc: PathBuf,
    /// The name of the system, in the form of os-release(5).
    pub os_release: PathBuf,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            git: "git".into(),
            nvidia_smi: "nvidia-smi".into(),
            proc: "/proc".into(),
            os_release: "/etc/os-release".into(),
        }
    }
}

/// The surroundings of a training. What could not be learned, or was not wanted, is absent.
///
/// ```
/// use entrenar::record::{Environment, EnvironmentOptions};
///
/// let environment = Environment::capture(&EnvironmentOptions::default());
/// assert_eq!(environment.versions["entrenar"], env!("CARGO_PKG_VERSION"));
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct Environment {
    /// The program and its arguments; what looks like a credential is masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_line: Option<Vec<String>>,
    /// The working folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_folder: Option<String>,
    /// The state of the repository that the working folder is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git: Option<GitCommit>,
    /// System, kernel, processors and memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<Machine>,
    /// Graphics processors, in the order of their numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gpus: Vec<Gpu>,
    /// Versions by name: `entrenar`, `rust`, and what the caller knew.
    pub versions: BTreeMap<String, String>,
}

impl Environment {
    /// Captures it. Takes as long as the programs that are asked, within the options' patience.
    #[must_use]
    pub fn capture(options: &EnvironmentOptions) -> Self {
        Self::capture_in(std::env::current_dir().ok().as_deref(), options)
    }

    /// As [`capture`](Self::capture), for a program that began in that folder.
    pub(super) fn capture_in(folder: Option<&Path>, options: &EnvironmentOptions) -> Self {
        Self {
            command_line: options.command_line.then(|| {
                let arguments: Vec<String> = std::env::args_os()
                    .map(|argument| argument.to_string_lossy().into_owned())
                    .collect();
                bounded(mask::mask_arguments(&arguments))
            }),
            working_folder: folder
                .filter(|_| options.working_folder)
                .map(|folder| folder.display().to_string()),
            git: folder
                .filter(|_| options.git)
                .and_then(|folder| git::state(folder, options)),
            machine: options
                .machine
                .then(|| Machine::read(&options.places.proc, &options.places.os_release)),
            gpus: if options.gpus {
                gpu::list(&options.places.nvidia_smi, options.patience)
            } else {
                Vec::new()
            },
            versions: versions(options),
        }
    }
}

/// The arguments as far as they are short; a shell may expand a pattern to millions.
fn bounded(mut arguments: Vec<String>) -> Vec<String> {
    const MOST_BYTES: usize = 64 << 10;
    let mut bytes = 0;
    let kept = arguments.iter().take_while(|argument| {
        bytes += argument.len() + 1;
        bytes <= MOST_BYTES
    });
    let kept = kept.count();
    if kept < arguments.len() {
        let left_out = format!("[{} more arguments]", arguments.len() - kept);
        arguments.truncate(kept);
        arguments.push(left_out);
    }
    arguments
}

fn versions(options: &EnvironmentOptions) -> BTreeMap<String, String> {
    let mut versions =
        BTreeMap::from([("entrenar".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]);
    if let Some(rust) = option_env!("ENTRENAR_RUSTC") {
        versions.insert("rust".to_owned(), rust.to_owned());
    }
    versions.extend(options.versions.clone());
    versions
}

/// The text of a small file about the system.
pub(super) fn small_file(path: &Path) -> Option<String> {
    use std::io::Read as _;
    const MOST: u64 = 4 << 20;
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .ok()?
        .take(MOST)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_captured_that_is_not_wanted() {
        let options = EnvironmentOptions {
            command_line: false,
            working_folder: false,
            git: false,
            machine: false,
            gpus: false,
            versions: BTreeMap::from([("python".to_owned(), "3.13.1".to_owned())]),
            ..EnvironmentOptions::default()
        };
        let environment = Environment::capture(&options);
        let expected = Environment {
            versions: environment.versions.clone(),
            ..Environment::default()
        };
        assert_eq!(environment, expected);
        assert_eq!(environment.versions["python"], "3.13.1");
    }

    #[test]
    fn a_command_line_of_any_length_is_kept_in_part() {
        let many = vec!["x".repeat(1000); 100];
        let kept = bounded(many);
        assert_eq!((kept.len(), kept[65].as_str()), (66, "[35 more arguments]"));
        assert_eq!(bounded(vec!["a".into()]), ["a"]);
    }

    #[test]
    fn this_test_has_a_command_line_and_a_folder() {
        let environment = Environment::capture(&EnvironmentOptions::default());
        let command = environment.command_line.unwrap();
        assert_eq!(command.len(), std::env::args_os().count());
        assert!(environment.working_folder.is_some());
        assert!(environment.versions.contains_key("rust"));
    }
}
