//! What the tests of deposits share.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::iter_over_hash_type,
    dead_code,
    reason = "helpers of tests, of which each test uses a part"
)]

pub(crate) mod chance;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use entrenar::research::archive::http::{HttpLimits, Timer};
use entrenar::research::archive::{
    Archive, ArchiveApi, ArchiveError, Connection, Contents, ContentsError, DepositFailure,
    DepositLog, DepositState, Depositor, Frozen, Goal, LocalFile, LogError, PartRule, Terms, Watch,
};
use entrenar::research::{
    ArtifactType, Author, Doi, License, ResearchArtifact, ZenodoApi, ZenodoConfig,
};

/// A clock that does not wait, and remembers for how long it would have.
#[derive(Debug, Clone, Default)]
pub(crate) struct NoWait(pub(crate) Arc<Mutex<Vec<Duration>>>);

impl NoWait {
    pub(crate) fn slept(&self) -> Vec<Duration> {
        self.0.lock().unwrap().clone()
    }
}

impl Timer for NoWait {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_300_000)
    }

    fn sleep(&self, time: Duration) {
        self.0.lock().unwrap().push(time);
    }
}

/// Connections that wait for nothing, with parts of 4 KiB from 10 KiB on.
pub(crate) fn connection(timer: &NoWait) -> Connection {
    let mut limits = HttpLimits::default();
    limits.answer = Duration::from_millis(400);
    limits.stall = Duration::from_millis(400);
    Connection {
        timer: Arc::new(timer.clone()),
        limits,
        parts: PartRule {
            from: 10 << 10,
            size: 4 << 10,
        },
    }
}

pub(crate) fn config(url: &str, api: ZenodoApi) -> ZenodoConfig {
    ZenodoConfig::new(super::fake_archive::TOKEN)
        .with_base_url(url)
        .with_publisher("Test archive")
        .with_api(api)
}

pub(crate) fn artifact() -> ResearchArtifact {
    let mut artifact = ResearchArtifact::new("s-1", "Rank 64", ArtifactType::Notebook)
        .with_author(
            Author::new("Ana Silva")
                .with_orcid("0000-0002-1825-0097")
                .unwrap(),
        )
        .with_description("A run with rank 64.")
        .with_license(License::parse("MIT").unwrap());
    artifact.release_date = chrono::NaiveDate::from_ymd_opt(2026, 11, 22);
    artifact
}

/// Contents in a folder: a README with the DOI in it, and files of given sizes.
#[derive(Debug, Clone)]
pub(crate) struct InFolder {
    pub(crate) folder: PathBuf,
    pub(crate) artifact: ResearchArtifact,
    pub(crate) sizes: Vec<(String, usize)>,
    pub(crate) frozen: Option<Frozen>,
    /// How often the files were made.
    pub(crate) made: u32,
    pub(crate) cleared: bool,
}

impl InFolder {
    pub(crate) fn new(folder: &Path, sizes: &[(&str, usize)]) -> Self {
        Self {
            folder: folder.to_owned(),
            artifact: artifact(),
            sizes: sizes
                .iter()
                .map(|(name, size)| ((*name).to_owned(), *size))
                .collect(),
            frozen: None,
            made: 0,
            cleared: false,
        }
    }
}

impl Contents for InFolder {
    fn title(&self) -> String {
        self.artifact.title.clone()
    }

    fn stated_doi(&self) -> Option<String> {
        None
    }

    fn freeze(
        &mut self,
        archive: &dyn Archive,
        terms: &Terms,
        doi: Option<&str>,
    ) -> Result<Frozen, ContentsError> {
        self.made += 1;
        let mut artifact = self.artifact.clone();
        artifact.doi = doi.map(|doi| Doi::parse(doi).unwrap());
        let readme = self.folder.join("README.md");
        let text = format!("# Rank 64\n\nDOI {}\n", doi.unwrap_or("none"));
        entrenar::files::write_atomic(&readme, text.as_bytes())?;
        let mut files = vec![LocalFile::read("README.md", &readme)?];
        for (name, size) in &self.sizes {
            let path = self.folder.join(name);
            let bytes: Vec<u8> = (0..*size)
                .map(|at| u8::try_from(at * 31 % 251).unwrap())
                .collect();
            entrenar::files::write_atomic(&path, &bytes)?;
            files.push(LocalFile::read(name, &path)?);
        }
        let metadata = archive.metadata(&artifact, terms);
        let frozen = Frozen { metadata, files };
        self.frozen = Some(frozen.clone());
        Ok(frozen)
    }

    fn frozen(&mut self) -> Result<Option<Frozen>, ContentsError> {
        Ok(self.frozen.clone())
    }

    fn clear(&mut self) -> Result<(), ContentsError> {
        self.cleared = true;
        Ok(())
    }
}

/// What survives a kill, and the kills: the log fails for ever once it was killed.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    pub(crate) kept: Option<DepositState>,
    pub(crate) saves: u32,
    /// Killed at that save: before it is written, or after.
    pub(crate) kill_at: Option<(u32, bool)>,
    pub(crate) dead: bool,
}

impl DepositLog for Disk {
    fn save(&mut self, state: &DepositState) -> Result<(), LogError> {
        if self.dead {
            return Err("killed".into());
        }
        self.saves += 1;
        let now = self.kill_at.filter(|(at, _)| *at == self.saves);
        if let Some((_, false)) = now {
            self.dead = true;
            return Err("killed".into());
        }
        // What is kept is what a program would read again.
        let text = serde_json::to_string(state).unwrap();
        self.kept = Some(serde_json::from_str(&text).unwrap());
        if now.is_some() {
            self.dead = true;
            return Err("killed".into());
        }
        Ok(())
    }
}

/// Stops after so many bytes.
#[derive(Debug)]
pub(crate) struct StopAfter(pub(crate) u64);

impl Watch for StopAfter {
    fn sent(&mut self, bytes: u64) -> ControlFlow<()> {
        match self.0.checked_sub(bytes) {
            Some(left) => {
                self.0 = left;
                ControlFlow::Continue(())
            }
            None => ControlFlow::Break(()),
        }
    }
}

pub(crate) fn new_state(url: &str) -> DepositState {
    DepositState::new(
        "0123456789abcdef0123456789abcdef",
        "s-1",
        url,
        ArchiveApi::Records,
    )
}

/// One life of the program: from `state` to `goal`, or to where it is cut off.
pub(crate) fn live(
    config: &ZenodoConfig,
    state: &mut DepositState,
    goal: Goal,
    log: &mut dyn DepositLog,
    contents: &mut InFolder,
    watch: &mut dyn Watch,
    timer: &NoWait,
) -> Result<(), DepositFailure> {
    let connection = connection(timer);
    let archive = match config.connect(&connection) {
        Ok(archive) => archive,
        Err(entrenar::research::archive::ConnectError::Archive(error)) => return Err(error.into()),
        Err(error) => panic!("{error}"),
    };
    state.api = archive.api();
    Depositor {
        archive: &*archive,
        log,
        contents,
        watch,
        timer,
    }
    .run(state, goal)
}

pub(crate) fn is_refused(failure: &DepositFailure) -> Vec<String> {
    match failure {
        DepositFailure::Archive(ArchiveError::Refused { refusals }) => {
            refusals.iter().map(ToString::to_string).collect()
        }
        other => panic!("{other:?}"),
    }
}
