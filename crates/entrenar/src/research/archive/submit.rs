//! The deposit as a state machine.
//!
//! Each step is kept by a [`DepositLog`] before its request is sent. Whatever step a deposit was
//! cut off at, running it again goes on: what can be asked of the archive is asked instead of
//! being done twice, so that there is one draft, one record, and no file is sent that is there.

mod parties;
mod upload;

pub use self::parties::{Contents, ContentsError, Frozen, Unwatched, Watch};
use super::api::{Archive, PublishedRecord, Standing};
use super::error::ArchiveError;
use super::http::{Timer, pause};
use super::state::{ArchiveApi, DepositLog, DepositState, Draft, FileState, LogError, Step};
use crate::research::Doi;

/// How often something is tried whose answer gets lost.
const ATTEMPTS: u32 = 6;
/// How often drafts are looked for: an archive's index may be some seconds behind.
const SEARCHES: u32 = 3;

/// How far a deposit is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// A complete draft.
    Draft,
    /// A published record. Nobody can take that back.
    Published,
}

/// Why a deposit stopped. It goes on where it is run again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DepositFailure {
    /// The archive did not do what it was asked.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The state of the deposit cannot be kept; nothing more was sent.
    #[error("the state of the deposit cannot be kept")]
    Log(#[source] LogError),
    /// What is to be deposited cannot be made or read.
    #[error("what is to be deposited cannot be made")]
    Contents(#[source] ContentsError),
    /// The draft is not at the archive any more: somebody deleted it. Discard the deposit and
    /// begin a new one.
    #[error("the draft {id} is not at the archive any more")]
    Vanished {
        /// The archive's id of it.
        id: String,
    },
    /// The draft waits for reviewers at the archive.
    #[error("the draft {id} waits for a review at the archive")]
    InReview {
        /// The archive's id of it.
        id: String,
    },
    /// A published record has other files than were sent.
    #[error("the published record has other files than were sent: {}", names.join(", "))]
    Differs {
        /// Their names.
        names: Vec<String>,
    },
    /// A published record cannot be discarded.
    #[error("it is published, and what is published stays")]
    IsPublished,
}

/// Brings a deposit from where it is to a goal.
pub struct Depositor<'a> {
    /// The archive.
    pub archive: &'a dyn Archive,
    /// Who keeps the state.
    pub log: &'a mut dyn DepositLog,
    /// What is deposited.
    pub contents: &'a mut dyn Contents,
    /// Who is told.
    pub watch: &'a mut dyn Watch,
    /// Time.
    pub timer: &'a dyn Timer,
}

impl std::fmt::Debug for Depositor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Depositor")
            .field("api", &self.archive.api())
            .finish_non_exhaustive()
    }
}

impl Depositor<'_> {
    /// Goes on from the step of `state` until `goal` is reached. `state` is how far it came, also
    /// where it fails.
    ///
    /// # Errors
    /// If something fails that does not pass soon; run it again later.
    pub fn run(&mut self, state: &mut DepositState, goal: Goal) -> Result<(), DepositFailure> {
        state.stopped = None;
        let done = self.steps(state, goal);
        self.note(state, done)
    }

    /// Deletes the draft, and every other one that bears the deposit's marker.
    ///
    /// # Errors
    /// [`DepositFailure::IsPublished`]; or if the archive fails.
    pub fn discard(&mut self, state: &mut DepositState) -> Result<(), DepositFailure> {
        state.stopped = None;
        let done = self.delete_draft(state);
        self.note(state, done)
    }

    /// Keeps why it stopped. That this cannot be kept either is no news.
    fn note(
        &mut self,
        state: &mut DepositState,
        done: Result<(), DepositFailure>,
    ) -> Result<(), DepositFailure> {
        if let Err(error) = &done {
            state.stopped = Some(error.to_string());
            drop(self.log.save(state));
        }
        done
    }

    fn steps(&mut self, state: &mut DepositState, goal: Goal) -> Result<(), DepositFailure> {
        loop {
            match state.step {
                Step::Planned | Step::CreatingDraft => self.make_draft(state)?,
                Step::DraftCreated => self.reserve_doi(state)?,
                Step::DoiReserved => self.freeze(state)?,
                Step::Frozen => self.describe(state)?,
                Step::Described => self.upload(state)?,
                Step::Uploaded if goal == Goal::Draft => return self.sweep(state),
                Step::Uploaded | Step::Publishing => self.publish(state)?,
                Step::Published => self.finish(state)?,
                Step::Done | Step::Discarded => return Ok(()),
                Step::Discarding => return self.delete_draft(state),
            }
        }
    }

    fn reach(&mut self, state: &mut DepositState, step: Step) -> Result<(), DepositFailure> {
        state.step = step;
        self.log.save(state).map_err(DepositFailure::Log)?;
        self.watch.reached(state);
        Ok(())
    }

    fn keep(&mut self, state: &DepositState) -> Result<(), DepositFailure> {
        self.log.save(state).map_err(DepositFailure::Log)
    }

    /// Does what may be done twice until an answer comes.
    fn insist<T>(
        &mut self,
        mut ask: impl FnMut(&dyn Archive) -> Result<T, ArchiveError>,
    ) -> Result<T, ArchiveError> {
        let mut attempt = 1;
        loop {
            match ask(self.archive) {
                Err(error) if error.is_lost() && attempt < ATTEMPTS => {
                    self.watch.again(&error);
                    self.timer.sleep(pause(attempt));
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    fn draft(state: &DepositState) -> Result<Draft, DepositFailure> {
        state.draft.clone().ok_or_else(|| DepositFailure::Vanished {
            id: state.id.clone(),
        })
    }

    fn make_draft(&mut self, state: &mut DepositState) -> Result<(), DepositFailure> {
        // A request may have been sent of which nothing is known.
        let mut search = state.step == Step::CreatingDraft && state.new_version_of.is_none();
        state.may_have_orphans |= search;
        self.reach(state, Step::CreatingDraft)?;
        let draft = if let Some(of) = state.new_version_of.clone() {
            self.insist(|archive| archive.new_version(&of))?
        } else {
            let title = self.contents.title();
            let marker = state.marker();
            let mut attempt = 1;
            loop {
                if search && let Some(found) = self.search(&marker)? {
                    break found;
                }
                match self.archive.create(&title, &marker) {
                    Ok(draft) => break draft,
                    Err(error) if error.is_lost() => {
                        state.may_have_orphans = true;
                        self.keep(state)?;
                        if attempt >= ATTEMPTS {
                            return Err(error.into());
                        }
                        self.watch.again(&error);
                        self.timer.sleep(pause(attempt));
                        search = true;
                        attempt += 1;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        };
        state.draft = Some(draft);
        self.reach(state, Step::DraftCreated)
    }

    /// The draft that bears the marker; of several, the oldest.
    fn search(&mut self, marker: &str) -> Result<Option<Draft>, ArchiveError> {
        for attempt in 1..=SEARCHES {
            let found = self.insist(|archive| archive.find(marker))?;
            if let Some(first) = found.into_iter().next() {
                return Ok(Some(first));
            }
            self.timer.sleep(pause(attempt));
        }
        Ok(None)
    }

    fn reserve_doi(&mut self, state: &mut DepositState) -> Result<(), DepositFailure> {
        if let Some(doi) = self.contents.stated_doi() {
            state.doi = Some(doi);
            return self.reach(state, Step::DoiReserved);
        }
        let mut draft = Self::draft(state)?;
        let doi = self.insist(|archive| archive.reserve_doi(&mut draft));
        let doi = vanished(&draft, doi)?;
        state.draft = Some(draft);
        if let Some(doi) = &doi {
            check_doi(state, doi)?;
        }
        state.doi = doi;
        self.reach(state, Step::DoiReserved)
    }

    fn freeze(&mut self, state: &mut DepositState) -> Result<(), DepositFailure> {
        let frozen = self
            .contents
            .freeze(self.archive, &state.terms, state.doi.as_deref())
            .map_err(DepositFailure::Contents)?;
        state.files = frozen
            .files
            .iter()
            .map(|file| {
                let known = state.files.iter().find(|known| {
                    (&known.name, known.size, &known.md5) == (&file.name, file.size, &file.md5)
                });
                known.cloned().unwrap_or_else(|| FileState {
                    name: file.name.clone(),
                    size: file.size,
                    md5: file.md5.clone(),
                    arrived: false,
                    part_size: None,
                    parts: Vec::new(),
                })
            })
            .collect();
        self.reach(state, Step::Frozen)
    }

    /// What was frozen, if it is still what was written down; else it is made anew.
    fn frozen(&mut self, state: &mut DepositState) -> Result<Option<Frozen>, DepositFailure> {
        let frozen = self.contents.frozen().map_err(DepositFailure::Contents)?;
        let same = |frozen: &Frozen| {
            let files = frozen.files.iter();
            files
                .map(|file| (&file.name, file.size, &file.md5))
                .eq(state
                    .files
                    .iter()
                    .map(|file| (&file.name, file.size, &file.md5)))
        };
        if let Some(frozen) = frozen.filter(same) {
            return Ok(Some(frozen));
        }
        self.reach(state, Step::DoiReserved)?;
        Ok(None)
    }

    fn describe(&mut self, state: &mut DepositState) -> Result<(), DepositFailure> {
        let Some(frozen) = self.frozen(state)? else {
            return Ok(());
        };
        let mut draft = Self::draft(state)?;
        let done = self.insist(|archive| archive.set_metadata(&mut draft, &frozen.metadata));
        if let Err(ArchiveError::Refused { .. }) = &done {
            // What is refused is corrected, and then the files are made anew.
            state.step = Step::DoiReserved;
        }
        vanished(&draft, done)?;
        state.draft = Some(draft);
        self.reach(state, Step::Described)
    }

    /// Deletes drafts that were made by requests whose answer was lost.
    fn sweep(&mut self, state: &mut DepositState) -> Result<(), DepositFailure> {
        if !state.may_have_orphans {
            return Ok(());
        }
        let own = Self::draft(state)?;
        let marker = state.marker();
        for draft in self.insist(|archive| archive.find(&marker))? {
            if draft.id != own.id {
                self.insist(|archive| archive.discard(&draft))?;
            }
        }
        state.may_have_orphans = false;
        self.keep(state)
    }

    fn publish(&mut self, state: &mut DepositState) -> Result<(), DepositFailure> {
        let draft = Self::draft(state)?;
        let mut ask = state.step != Step::Publishing;
        self.sweep(state)?;
        if ask {
            self.reach(state, Step::Publishing)?;
        }
        let mut attempt = 1;
        let record = loop {
            let lost = if ask {
                match self.archive.publish(&draft) {
                    // Published already, if an answer was lost.
                    Ok(()) | Err(ArchiveError::NotFound { .. }) => None,
                    Err(error) if error.is_lost() => Some(error),
                    Err(error) => {
                        if let ArchiveError::Refused { .. } = &error {
                            state.step = Step::DoiReserved;
                        } else {
                            state.step = Step::Uploaded;
                        }
                        return Err(error.into());
                    }
                }
            } else {
                None
            };
            match self.insist(|archive| archive.standing(&draft))? {
                Standing::Published(record) => break record,
                Standing::Gone => return Err(DepositFailure::Vanished { id: draft.id }),
                Standing::InReview => return Err(DepositFailure::InReview { id: draft.id }),
                Standing::Draft if attempt < ATTEMPTS => {}
                Standing::Draft => {
                    let host = state.base_url.clone();
                    let reason = "it does not publish the draft".to_owned();
                    return Err(lost.unwrap_or(ArchiveError::Lost { host, reason }).into());
                }
            }
            if let Some(error) = &lost {
                self.watch.again(error);
            }
            if ask {
                self.timer.sleep(pause(attempt));
            }
            attempt += 1;
            ask = true;
        };
        self.read_back(state, &draft, record)
    }

    /// Looks whether the published record is what was sent.
    fn read_back(
        &mut self,
        state: &mut DepositState,
        draft: &Draft,
        record: PublishedRecord,
    ) -> Result<(), DepositFailure> {
        let reserved = state.doi.clone();
        state.url = record.url;
        state.doi = record.doi.or_else(|| reserved.clone());
        self.reach(state, Step::Published)?;
        if let (Some(reserved), Some(found)) = (&reserved, &state.doi)
            && !reserved.eq_ignore_ascii_case(found)
        {
            return Err(ArchiveError::UnexpectedDoi {
                host: state.base_url.clone(),
                doi: found.clone(),
                why: format!("but reserved {reserved}, which is in the files"),
            }
            .into());
        }
        let there = self.insist(|archive| archive.published_files(draft))?;
        let names: Vec<String> = state
            .files
            .iter()
            .filter(|file| {
                let there = there.iter().find(|there| there.name == file.name);
                !there.is_some_and(|there| {
                    there.size.is_none_or(|size| size == file.size)
                        && there.md5.as_ref().is_none_or(|md5| *md5 == file.md5)
                })
            })
            .map(|file| file.name.clone())
            .collect();
        if names.is_empty() && there.len() == state.files.len() {
            return Ok(());
        }
        Err(DepositFailure::Differs { names })
    }

    fn finish(&mut self, state: &mut DepositState) -> Result<(), DepositFailure> {
        if let Some(community) = state.terms.community.clone() {
            let draft = Self::draft(state)?;
            self.insist(|archive| archive.join(&draft, &community))?;
        }
        self.reach(state, Step::Done)?;
        self.contents.clear().map_err(DepositFailure::Contents)
    }

    fn delete_draft(&mut self, state: &mut DepositState) -> Result<(), DepositFailure> {
        if state.step.is_published() {
            return Err(DepositFailure::IsPublished);
        }
        if state.step == Step::Discarded {
            return Ok(());
        }
        if let Some(draft) = state.draft.clone()
            && state.step == Step::Publishing
            && let Standing::Published(record) = self.insist(|archive| archive.standing(&draft))?
        {
            self.read_back(state, &draft, record)?;
            return Err(DepositFailure::IsPublished);
        }
        let was_sent = state.step != Step::Planned;
        self.reach(state, Step::Discarding)?;
        if let Some(draft) = state.draft.clone() {
            self.insist(|archive| archive.discard(&draft))?;
        }
        if was_sent && (state.draft.is_none() || state.may_have_orphans) {
            let marker = state.marker();
            while let Some(draft) = self.search(&marker)? {
                self.insist(|archive| archive.discard(&draft))?;
            }
        }
        self.reach(state, Step::Discarded)?;
        self.contents.clear().map_err(DepositFailure::Contents)
    }
}

/// A draft that is not there any more is another failure than one that was never there.
fn vanished<T>(draft: &Draft, done: Result<T, ArchiveError>) -> Result<T, DepositFailure> {
    match done {
        Err(ArchiveError::NotFound { .. }) => Err(DepositFailure::Vanished {
            id: draft.id.clone(),
        }),
        done => Ok(done?),
    }
}

/// A DOI must be one, and of the archive's prefix where that is known.
fn check_doi(state: &DepositState, doi: &str) -> Result<(), ArchiveError> {
    let unexpected = |why: String| ArchiveError::UnexpectedDoi {
        host: state.base_url.clone(),
        doi: doi.chars().take(200).collect(),
        why,
    };
    if Doi::parse(doi).is_err() {
        return Err(unexpected("which is no DOI".to_owned()));
    }
    let zenodo = matches!(state.api, ArchiveApi::Records | ArchiveApi::Legacy)
        && state.base_url == "https://zenodo.org";
    let expected = match &state.doi_prefix {
        Some(prefix) => prefix.as_str(),
        None if zenodo => "10.5281",
        None => return Ok(()),
    };
    match doi.split_once('/') {
        Some((prefix, _)) if prefix == expected => Ok(()),
        _ => Err(unexpected(format!("whose prefix is not {expected}"))),
    }
}
