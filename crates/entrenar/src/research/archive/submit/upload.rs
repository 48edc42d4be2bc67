//! The files of a deposit: what is there is not sent again, what arrived is noted part by part.

use std::ops::ControlFlow;

use super::{ATTEMPTS, DepositFailure, Depositor, Watch, vanished};
use crate::research::archive::api::{LocalFile, Sending};
use crate::research::archive::error::ArchiveError;
use crate::research::archive::file::md5_of;
use crate::research::archive::http::pause;
use crate::research::archive::state::{DepositLog, DepositState, Draft, FileState, LogError, Step};

/// How often a file is sent whose checksum is wrong at the archive.
const SENDINGS: u32 = 3;

impl Depositor<'_> {
    pub(super) fn upload(&mut self, state: &mut DepositState) -> Result<(), DepositFailure> {
        let Some(frozen) = self.frozen(state)? else {
            return Ok(());
        };
        let draft = Self::draft(state)?;
        let listed = self.insist(|archive| archive.files(&draft));
        for remote in vanished(&draft, listed)? {
            let file = frozen.files.iter().find(|file| file.name == remote.name);
            match file {
                // A new version may begin with the files of the old one.
                None => self.insist(|archive| archive.delete_file(&draft, &remote.name))?,
                Some(file) if remote.is(file) => {
                    if let Some(known) = known(state, &file.name) {
                        known.arrived = true;
                    }
                    self.watch.arrived(file);
                }
                Some(file) => {
                    if let Some(known) = known(state, &file.name) {
                        known.arrived = false;
                    }
                }
            }
        }
        self.keep(state)?;
        for file in &frozen.files {
            if !known(state, &file.name).is_some_and(|known| known.arrived) {
                self.send(state, &draft, file)?;
            }
        }
        self.reach(state, Step::Uploaded)
    }

    fn send(
        &mut self,
        state: &mut DepositState,
        draft: &Draft,
        file: &LocalFile,
    ) -> Result<(), DepositFailure> {
        let (mut attempt, mut sendings) = (1, 1);
        loop {
            let there = known(state, &file.name).map_or(0, |known| {
                let parts = u64::try_from(known.parts.len()).unwrap_or(0);
                known.part_size.unwrap_or(0).saturating_mul(parts)
            });
            self.watch.sending(file, there.min(file.size));
            let mut sending = Progress {
                name: &file.name,
                state: &mut *state,
                log: &mut *self.log,
                watch: &mut *self.watch,
                failed: None,
            };
            let sent = self.archive.put_file(draft, file, &mut sending);
            if let Some(failed) = sending.failed.take() {
                return Err(DepositFailure::Log(failed));
            }
            match sent {
                Ok(remote) if remote.is(file) => {
                    if let Some(known) = known(state, &file.name) {
                        known.arrived = true;
                        known.part_size = None;
                        known.parts.clear();
                    }
                    self.keep(state)?;
                    self.watch.arrived(file);
                    return Ok(());
                }
                Ok(remote) => {
                    if md5_of(&file.path).map_err(ArchiveError::from)?
                        != (file.size, file.md5.clone())
                    {
                        state.step = Step::DoiReserved;
                        let path = file.path.clone();
                        return Err(ArchiveError::FileChanged { path }.into());
                    }
                    if sendings >= SENDINGS {
                        return Err(ArchiveError::Checksum {
                            name: file.name.clone(),
                            expected: file.md5.clone(),
                            found: remote.md5.unwrap_or_else(|| "another size".to_owned()),
                        }
                        .into());
                    }
                    sendings += 1;
                    self.forget_parts(state, &file.name)?;
                    self.insist(|archive| archive.delete_file(draft, &file.name))?;
                }
                Err(error) if error.is_lost() && attempt < ATTEMPTS => {
                    self.watch.again(&error);
                    self.timer.sleep(pause(attempt));
                    attempt += 1;
                }
                Err(ArchiveError::FileChanged { path }) => {
                    // The files are made anew when it goes on.
                    state.step = Step::DoiReserved;
                    return Err(ArchiveError::FileChanged { path }.into());
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn forget_parts(&mut self, state: &mut DepositState, name: &str) -> Result<(), DepositFailure> {
        if let Some(known) = known(state, name) {
            known.arrived = false;
            known.part_size = None;
            known.parts.clear();
        }
        self.keep(state)
    }
}

/// What is known of a file.
pub(super) fn known<'a>(state: &'a mut DepositState, name: &str) -> Option<&'a mut FileState> {
    state.files.iter_mut().find(|file| file.name == name)
}

/// Keeps which parts arrived, and tells the watcher.
struct Progress<'a> {
    name: &'a str,
    state: &'a mut DepositState,
    log: &'a mut dyn DepositLog,
    watch: &'a mut dyn Watch,
    failed: Option<LogError>,
}

impl Progress<'_> {
    fn save(&mut self) -> Result<(), ArchiveError> {
        self.log.save(self.state).map_err(|error| {
            self.failed = Some(error);
            ArchiveError::Interrupted
        })
    }
}

impl Sending for Progress<'_> {
    fn sent(&mut self, bytes: u64) -> ControlFlow<()> {
        self.watch.sent(bytes)
    }

    fn parts(&self) -> (Option<u64>, Vec<u32>) {
        let file = self.state.files.iter().find(|file| file.name == self.name);
        file.map_or((None, Vec::new()), |file| {
            (file.part_size, file.parts.clone())
        })
    }

    fn begin_parts(&mut self, size: Option<u64>) -> Result<(), ArchiveError> {
        if let Some(file) = known(self.state, self.name) {
            file.part_size = size;
            file.parts.clear();
        }
        self.save()
    }

    fn part_arrived(&mut self, part: u32) -> Result<(), ArchiveError> {
        if let Some(file) = known(self.state, self.name) {
            file.parts.push(part);
        }
        self.save()
    }
}
