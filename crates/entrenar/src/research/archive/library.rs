//! The deposit of a library user: files that are there already, one call.

use std::path::PathBuf;

use super::api::{Archive, LocalFile};
use super::connect::{ConnectError, Connection};
use super::state::{Access, ArchiveApi, DepositLog, DepositState, MemoryLog, Terms};
use super::submit::{Contents, ContentsError, DepositFailure, Depositor, Frozen, Goal, Unwatched};
use super::{Importance, PreparedDeposit};
use crate::research::{Doi, ResearchArtifact};

/// A deposit stopped before it was done.
#[derive(Debug, thiserror::Error)]
#[error("the deposit stopped at the step {}", state.step.as_str())]
pub struct SubmitError {
    /// How far it came. [`PreparedDeposit::resume`] goes on from there.
    pub state: Box<DepositState>,
    /// Why.
    pub source: SubmitFailure,
}

/// Why a deposit stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitFailure {
    /// No archive answers.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The deposit failed.
    #[error(transparent)]
    Deposit(#[from] DepositFailure),
    /// Something that the archive insists on is missing.
    #[error("the deposit lacks {}", what.join(" "))]
    Incomplete {
        /// What, as sentences.
        what: Vec<String>,
    },
    /// No random number for the deposit's id.
    #[error("no random numbers: {0}")]
    Random(String),
}

/// 32 random hexadecimal digits.
///
/// # Errors
/// If the system has no random numbers.
pub fn new_deposit_id() -> Result<String, SubmitFailure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| SubmitFailure::Random(error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl PreparedDeposit {
    /// Sends it: a draft with a reserved DOI, the description, and all files; published too, if
    /// [`with_publication`](super::ArchiveDeposit::with_publication) said so. The state is kept
    /// in memory; see [`resume`](Self::resume) for one that is kept elsewhere.
    ///
    /// The files are sent as they are. To have the DOI in them, implement [`Contents`] and use
    /// a [`Depositor`].
    ///
    /// # Errors
    /// With the state up to which it came.
    pub fn submit(&self) -> Result<DepositState, SubmitError> {
        let mut state = DepositState::new(
            String::new(),
            &self.artifact.id,
            &self.target().base_url,
            ArchiveApi::Records,
        );
        state.terms = self.terms();
        match new_deposit_id() {
            Ok(id) => state.id = id,
            Err(source) => {
                return Err(SubmitError {
                    state: Box::new(state),
                    source,
                });
            }
        }
        self.resume(state, &mut MemoryLog::default(), &Connection::default())
    }

    /// Goes on with a deposit from `state`, which `log` keeps: a new state begins one.
    ///
    /// # Errors
    /// With the state up to which it came.
    pub fn resume(
        &self,
        mut state: DepositState,
        log: &mut dyn DepositLog,
        connection: &Connection,
    ) -> Result<DepositState, SubmitError> {
        match self.go_on(&mut state, log, connection) {
            Ok(()) => Ok(state),
            Err(source) => Err(SubmitError {
                state: Box::new(state),
                source,
            }),
        }
    }

    fn go_on(
        &self,
        state: &mut DepositState,
        log: &mut dyn DepositLog,
        connection: &Connection,
    ) -> Result<(), SubmitFailure> {
        if !self.is_complete() {
            let what = self
                .missing()
                .iter()
                .filter(|item| item.importance == Importance::Required)
                .map(|item| format!("{item}"))
                .collect();
            return Err(SubmitFailure::Incomplete { what });
        }
        let archive = if state.draft.is_some() {
            self.config.connect_as(state.api, connection)?
        } else {
            self.config.connect(connection)?
        };
        state.api = archive.api();
        let mut contents = FilesAsTheyAre {
            artifact: &self.artifact,
            files: &self.files,
            frozen: None,
        };
        // In memory the frozen description is made again, of the same artifact.
        if !state.files.is_empty() {
            contents
                .freeze(&*archive, &state.terms, state.doi.as_deref())
                .map_err(DepositFailure::Contents)?;
        }
        let goal = if self.publishes {
            Goal::Published
        } else {
            Goal::Draft
        };
        Depositor {
            archive: &*archive,
            log,
            contents: &mut contents,
            watch: &mut Unwatched,
            timer: &*connection.timer,
        }
        .run(state, goal)?;
        Ok(())
    }

    fn terms(&self) -> Terms {
        Terms {
            access: Access::Open,
            embargo: None,
            community: self.target().community.clone(),
        }
    }
}

/// Files of the caller, in which no DOI is written.
#[derive(Debug)]
struct FilesAsTheyAre<'a> {
    artifact: &'a ResearchArtifact,
    files: &'a [PathBuf],
    frozen: Option<Frozen>,
}

impl Contents for FilesAsTheyAre<'_> {
    fn title(&self) -> String {
        self.artifact.title.clone()
    }

    fn stated_doi(&self) -> Option<String> {
        Some(self.artifact.doi.as_ref()?.as_str().to_owned())
    }

    fn freeze(
        &mut self,
        archive: &dyn Archive,
        terms: &Terms,
        doi: Option<&str>,
    ) -> Result<Frozen, ContentsError> {
        let mut artifact = self.artifact.clone();
        if let Some(doi) = doi {
            artifact.doi = Some(Doi::parse(doi)?);
        }
        let files: Result<Vec<LocalFile>, _> = self
            .files
            .iter()
            .map(|path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                LocalFile::read(name, path)
            })
            .collect();
        let frozen = Frozen {
            metadata: archive.metadata(&artifact, terms),
            files: files?,
        };
        self.frozen = Some(frozen.clone());
        Ok(frozen)
    }

    fn frozen(&mut self) -> Result<Option<Frozen>, ContentsError> {
        Ok(self.frozen.clone())
    }

    fn clear(&mut self) -> Result<(), ContentsError> {
        Ok(())
    }
}
