//! What `preserve` and `crate` put into a folder besides the session.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use entrenar::preserve::{Attachment, Attachments, PreserveError, Project, Role};
use entrenar::research::preregistration::{Checks, Preregistration};
use entrenar::session::EntrenarSession;

use crate::errors::{Exit, Failure, Plain};
use crate::git;
use crate::metadata;
use crate::shell::word;

/// Files that are added.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Packing {
    /// Add a file or folder under `attachments/` (repeatable) [default NAME: the path]
    #[arg(long, value_name = "PATH[=NAME]", value_parser = clap::value_parser!(OsString))]
    include: Vec<OsString>,
    /// As --include, for what the trainings read
    #[arg(long, value_name = "PATH[=NAME]", value_parser = clap::value_parser!(OsString))]
    input: Vec<OsString>,
    /// As --include, for what the trainings wrote
    #[arg(long, value_name = "PATH[=NAME]", value_parser = clap::value_parser!(OsString))]
    result: Vec<OsString>,
    /// Add the lock files and the git state of this folder, as they are now
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
    /// Add the public file that `preregister` wrote before the training
    #[arg(long, value_name = "FILE")]
    preregistration: Option<PathBuf>,
}

impl Packing {
    /// The files that were named; they are found, not yet read.
    pub(crate) fn attachments(&self) -> Result<Attachments, Failure> {
        let wanted: Vec<Attachment> = [
            (&self.include, Role::Other),
            (&self.input, Role::Input),
            (&self.result, Role::Output),
        ]
        .into_iter()
        .flat_map(|(named, role)| named.iter().map(move |text| attachment(text, role)))
        .collect();
        Attachments::find(&wanted).map_err(|error| {
            let failure = Failure::new(Exit::InputFailed, "cannot add the files").because(&error);
            match error {
                PreserveError::Unsuitable { .. } => failure.hint(
                    "name what a link points at with its own `--include`, or copy the folder \
                     with `cp -rL`",
                ),
                PreserveError::Collision { .. } => {
                    failure.hint("give one of them another name: `--include PATH=NAME`")
                }
                PreserveError::UnsafeName { .. } => {
                    failure.hint("a name is a relative path without `..`: `--include PATH=a/b`")
                }
                PreserveError::TooManyFiles { .. } => failure.hint("pack them into one file first"),
                _ => failure,
            }
        })
    }

    /// The preregistration, if one was named; a file that is none, or is the private one, is
    /// refused.
    pub(crate) fn preregistration(&self) -> Result<Option<Vec<u8>>, Failure> {
        let Some(path) = &self.preregistration else {
            return Ok(None);
        };
        let text = format!("cannot add the preregistration {}", path.display());
        let Some(bytes) = metadata::read_file(path)? else {
            return Err(
                Failure::new(Exit::InputFailed, text).because(&Plain("there is no such file"))
            );
        };
        match Preregistration::parse(&bytes) {
            Ok(public) => {
                match public.verify(&Checks::default()).problems.first() {
                    None => Ok(Some(bytes)),
                    Some(problem) => Err(Failure::new(Exit::InputFailed, text)
                        .because(problem)
                        .hint(format!(
                            "`entrenar preregister verify {}` lists all",
                            word(path)
                        ))),
                }
            }
            Err(error) => Err(Failure::new(Exit::InputFailed, text)
                .because(&error)
                .hint("name the public file; the private one stays with you")),
        }
    }

    /// The state of the project folder, if one was named.
    pub(crate) fn project(&self) -> Result<Option<Project>, Failure> {
        let Some(dir) = &self.project else {
            return Ok(None);
        };
        let project = Project::read(dir).map_err(|error| {
            let text = format!("cannot read the project folder {}", dir.display());
            Failure::new(Exit::InputFailed, text).because(&error)
        })?;
        Ok(Some(match git::state(dir)? {
            Some(state) => project.with_git(state),
            None => project,
        }))
    }
}

/// `PATH` or `PATH=NAME`; a path that exists as it stands is taken as one.
fn attachment(text: &OsStr, role: Role) -> Attachment {
    let whole = Attachment {
        path: PathBuf::from(text),
        name: None,
        role,
    };
    if fs::symlink_metadata(&whole.path).is_ok() {
        return whole;
    }
    match text.to_str().and_then(|text| text.rsplit_once('=')) {
        Some((path, name)) => Attachment {
            path: PathBuf::from(path),
            name: Some(name.to_owned()),
            role,
        },
        None => whole,
    }
}

/// Why a folder cannot be put together.
pub(crate) fn cannot_build(session: &EntrenarSession, error: &PreserveError) -> Failure {
    Failure::new(
        Exit::InputFailed,
        format!("cannot preserve session {}", session.id),
    )
    .because(error)
}

/// Why what was put together cannot be written to `path`.
pub(crate) fn cannot_write(path: &Path, error: &PreserveError) -> Failure {
    match error {
        PreserveError::ChangedWhileRead { .. } => Failure::new(
            Exit::InputFailed,
            format!("cannot write {}", path.display()),
        )
        .because(error)
        .hint("wait until nothing writes to that file, and try again"),
        // What could not be read is one of the files that were added.
        PreserveError::File(error) if error.action == "read" => Failure::new(
            Exit::InputFailed,
            format!("cannot write {}", path.display()),
        )
        .because(error),
        // The file beside, which is renamed in the end, is of no concern to the user.
        PreserveError::File(error) => Failure::unwritable(path, &error.source),
        error => Failure::unwritable(path, error),
    }
}
