//! What of a session is deposited.
//!
//! The crate as one archive, and beside it, so that the archive's page shows them: README.md,
//! CITATION.cff and the notebook. All hold the DOI.

use std::fs;

use entrenar::files::{self, FileError};
use entrenar::preserve::gate::Gated;
use entrenar::preserve::{self, Attachments, Parts, PreserveOptions, Project};
use entrenar::research::archive::{
    Archive, Contents, ContentsError, DepositState, Frozen, LocalFile, Terms,
};
use entrenar::research::{Doi, ResearchArtifact};
use entrenar::session::{Clock as _, EntrenarSession, SessionChain, SystemClock};
use entrenar::store::{SqliteStore, Store as _};

use super::Args;
use super::place::Place;
use super::target::{Lists, Target};
use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::gate;
use crate::packing::cannot_build;

/// The crate's name at the archive.
const CRATE: &str = "crate.zip";
/// The files of the crate that are beside it, too, in the order in which they are sent.
const BESIDE: [&str; 3] = ["README.md", "CITATION.cff", "notebook.ipynb"];

/// The session and everything that goes with it.
#[derive(Debug)]
pub(super) struct SessionContents<'a> {
    place: &'a Place,
    session: EntrenarSession,
    source: Option<Vec<u8>>,
    chain: SessionChain,
    artifact: ResearchArtifact,
    title: String,
    attachments: Attachments,
    project: Option<Project>,
    preregistration: Option<Vec<u8>>,
    frozen: Option<Frozen>,
    gate: gate::GateArgs,
}

impl<'a> SessionContents<'a> {
    /// `first` is the command that began the deposit, `now` the one that goes on with it.
    pub(super) fn new(
        app: &mut App,
        store: &SqliteStore,
        first: &Args,
        now: &Args,
        place: &'a Place,
        state: &DepositState,
        resumed: bool,
    ) -> Result<Self, Failure> {
        let session = store.session(&state.artifact)?;
        let mut options = first.statement.options(app, &session.id)?;
        if resumed {
            // What is said now corrects what was said then.
            let corrected: PreserveOptions = now.statement.options(app, &session.id)?;
            options.metadata.splice(0..0, corrected.metadata);
        }
        let mut artifact = preserve::describe(&session, &options);
        if artifact.release_date.is_none() {
            // The day of the deposit is a fact, unlike in a crate.
            artifact.release_date = Some(SystemClock.now().date_naive());
        }
        let mut gate = first.gate.clone();
        gate.redact_secrets |= now.gate.redact_secrets;
        gate.allow_secret
            .extend(now.gate.allow_secret.iter().copied());
        Ok(Self {
            place,
            source: store.source(&session.id)?,
            chain: store.chain(&session.id)?,
            session,
            title: artifact.title.clone(),
            artifact,
            attachments: first.packing.attachments()?,
            project: first.packing.project()?,
            preregistration: first.packing.preregistration()?,
            frozen: match state.step {
                step if step >= entrenar::research::archive::Step::Frozen => place.frozen()?,
                _ => None,
            },
            gate,
        })
    }

    /// Whether the files are made.
    pub(super) fn is_frozen(&self) -> bool {
        self.frozen.is_some()
    }

    /// What would be sent: refused where it holds credentials, before anything is.
    pub(super) fn check(
        &mut self,
        app: &mut App,
        target: &Target,
        lists: &Lists,
        json: bool,
    ) -> Result<(), Failure> {
        let missing = target.missing(&self.artifact, lists);
        if !missing.is_empty() {
            let text = format!(
                "the archive insists on more; nothing was sent\n{}",
                missing.join("\n")
            );
            return Err(Failure::new(Exit::Usage, text)
                .hint("`--author NAME`, `--title TITLE`, or `entrenar artifact edit ID`"));
        }
        let gated = self.gated(None)?;
        gate::pass(app, &gated.report, json)?;
        if !json {
            gate::warn(app, &gated)?;
        }
        // Where something in it was replaced, this is the title that leaves.
        self.title = gated.folder.artifact.title;
        Ok(())
    }

    /// The crate, without what the gate replaces, and what the gate says.
    fn gated(&self, doi: Option<Doi>) -> Result<Gated, Failure> {
        let mut artifact = self.artifact.clone();
        if doi.is_some() {
            artifact.doi = doi;
        }
        let parts = Parts {
            source: self.source.as_deref(),
            chain: Some(&self.chain),
            attachments: Some(&self.attachments),
            project: self.project.as_ref(),
            preregistration: self.preregistration.as_deref(),
            ..Parts::default()
        };
        self.gate
            .build(&self.session, &artifact, &parts)
            .map_err(|error| cannot_build(&self.session, &error))
    }

    fn make(
        &mut self,
        archive: &dyn Archive,
        terms: &Terms,
        doi: Option<&str>,
    ) -> Result<Frozen, Failure> {
        let doi = doi.map(Doi::parse).transpose().map_err(|error| {
            Failure::new(Exit::Archive, "the archive gave no usable DOI").because(&error)
        })?;
        let Gated { folder, report, .. } = self.gated(doi)?;
        if report.blocks() {
            return Err(Failure::new(
                Exit::Secret,
                "what is to be deposited holds what looks like a credential",
            ));
        }
        self.place.thaw()?;
        let path = self.place.folder.join(CRATE);
        preserve::write_zip(&folder, &path, false, true)
            .map_err(|error| crate::packing::cannot_write(&path, &error))?;
        let mut files = vec![LocalFile::read(CRATE, &path)?];
        let mut beside = Vec::new();
        for name in BESIDE {
            let Some(bytes) = folder.file(name).filter(|bytes| !bytes.is_empty()) else {
                continue;
            };
            let path = self.place.folder.join(name);
            files::write_atomic(&path, bytes)?;
            beside.push(LocalFile::read(name, &path)?);
        }
        files.splice(0..0, beside);
        let frozen = Frozen {
            metadata: archive.metadata(&folder.artifact, terms),
            files,
        };
        self.place.keep_frozen(&frozen)?;
        Ok(frozen)
    }
}

impl Contents for SessionContents<'_> {
    fn title(&self) -> String {
        self.title.clone()
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
        let frozen = self
            .make(archive, terms, doi)
            .map_err(|failure| ContentsError::from(failure.in_one_line()))?;
        self.frozen = Some(frozen.clone());
        Ok(frozen)
    }

    fn frozen(&mut self) -> Result<Option<Frozen>, ContentsError> {
        if self.frozen.is_none() {
            self.frozen = self
                .place
                .frozen()
                .map_err(|failure| ContentsError::from(failure.in_one_line()))?;
        }
        Ok(self.frozen.clone())
    }

    fn clear(&mut self) -> Result<(), ContentsError> {
        let mut names: Vec<&str> = BESIDE.to_vec();
        names.push(CRATE);
        for name in names {
            let path = self.place.folder.join(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(FileError::at("remove", &path)(error).into());
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// For what needs no contents: a draft that is deleted.
#[derive(Debug)]
pub(super) struct Nothing;

impl Contents for Nothing {
    fn title(&self) -> String {
        String::new()
    }

    fn stated_doi(&self) -> Option<String> {
        None
    }

    fn freeze(
        &mut self,
        _archive: &dyn Archive,
        _terms: &Terms,
        _doi: Option<&str>,
    ) -> Result<Frozen, ContentsError> {
        Err("a deposit that is discarded is not made".into())
    }

    fn frozen(&mut self) -> Result<Option<Frozen>, ContentsError> {
        Ok(None)
    }

    fn clear(&mut self) -> Result<(), ContentsError> {
        Ok(())
    }
}
