//! The artifact folder: every export of one session, with checksums; `docs/artifact-folder.md`
//! describes its files.
//!
//! [`build`] makes the files in memory, [`write()`] puts them in place as a whole or not at all,
//! [`read_folder`] reads them back. The same session gives the same bytes on any machine.

mod error;
mod name;
mod read;
mod readme;
#[cfg(feature = "signing")]
pub mod sign;
mod sums;
pub mod verify;
mod write;

use chrono::NaiveDate;

use crate::ecosystem::session_to_artifact;
use crate::export::session_json::{self, Times};
use crate::export::{csv, html, notebook, ruchy_script};
use crate::research::metadata::{
    self, ArtifactMetadata, Described, MetadataOrigin, MetadataSource,
};
use crate::research::{ArtifactType, Author, CitationMetadata, License, ResearchArtifact};
use crate::secrets::{self, SecretFinding};
use crate::session::{EntrenarSession, ImportWarning, Place, Sha256Hash, WarningKind};

pub use error::PreserveError;
pub use name::safe_file_name;
pub use read::{is_artifact_folder, read_folder, read_folder_within};
pub use write::{Written, write};

/// The session's own JSON.
pub const SESSION_JSON: &str = "session.json";
/// The checksums.
pub const SHA256SUMS: &str = "SHA256SUMS";

/// What the person who preserves a session states about it. What is absent is taken from the
/// session where it is recorded there, and else left out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PreserveOptions {
    /// The authors, instead of the session's user.
    pub authors: Vec<Author>,
    /// The title, instead of the session's name.
    pub title: Option<String>,
    /// The licence.
    pub license: Option<License>,
    /// The day of the release.
    pub date: Option<NaiveDate>,
    /// What else is known, and from where; see [`metadata::merge`].
    pub metadata: Vec<MetadataSource>,
}

impl PreserveOptions {
    /// All sources: what is stated in the fields counts as said on the command line.
    fn sources(&self) -> Vec<MetadataSource> {
        let stated = ArtifactMetadata {
            authors: (!self.authors.is_empty()).then(|| self.authors.clone()),
            title: self.title.clone(),
            license: self.license.clone(),
            date: self.date,
            ..ArtifactMetadata::default()
        };
        let mut sources = vec![MetadataSource::new(MetadataOrigin::Flags, stated)];
        sources.extend(self.metadata.iter().cloned());
        sources
    }
}

/// One file of an artifact folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactFile {
    /// Its path in the folder, with `/` between the parts.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// An artifact folder in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct ArtifactFolder {
    /// The files, `SHA256SUMS` last.
    pub files: Vec<ArtifactFile>,
    /// What a person should look at before the folder is shared.
    pub warnings: Vec<ImportWarning>,
    /// What looks like a credential; `warnings` has a sentence for each.
    pub secrets: Vec<SecretFinding>,
    /// What the citation files and the page were made of.
    pub artifact: ResearchArtifact,
}

impl ArtifactFolder {
    /// The file of that path.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.files
            .iter()
            .find(|file| file.path == path)
            .map(|file| file.bytes.as_slice())
    }
}

/// Makes the files of an artifact folder of `session`, whose source document is `source`.
///
/// An empty session has a folder too.
///
/// # Errors
/// [`PreserveError::SourceMismatch`] if `source` is not the document that the session names.
pub fn build(
    session: &EntrenarSession,
    source: Option<&[u8]>,
    options: &PreserveOptions,
) -> Result<ArtifactFolder, PreserveError> {
    let artifact = describe(session, options);
    let citation = CitationMetadata::without_year(&artifact);
    let mut files = Vec::new();
    let mut add = |path: String, bytes: Vec<u8>| files.push(ArtifactFile { path, bytes });

    add("CITATION.cff".into(), citation.to_cff().into_bytes());
    add("citation.bib".into(), citation.to_bibtex().into_bytes());
    add(
        "index.html".into(),
        html::page(session, &artifact).into_bytes(),
    );
    add("metrics.csv".into(), csv::metrics(session));
    add("notebook.ipynb".into(), notebook::edition(session));
    add(
        "README.md".into(),
        readme::text(session, &artifact, source.is_some()).into_bytes(),
    );
    add(
        SESSION_JSON.into(),
        session_json::to_vec(session, Times::Recorded),
    );
    if ruchy_script::is_ruchy(session) {
        add("session.ruchy".into(), ruchy_script::script(session));
    }
    if let Some(bytes) = source {
        check_source(session, bytes)?;
        let path = format!("{}/{}", name::SOURCE_FOLDER, name::of_source(session));
        add(path, bytes.to_vec());
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let sums = sums::text(&files);
    files.push(ArtifactFile {
        path: SHA256SUMS.into(),
        bytes: sums.into_bytes(),
    });

    let secrets = secrets::scan(session);
    Ok(ArtifactFolder {
        files,
        warnings: warnings(session, source.is_some(), &secrets),
        secrets,
        artifact,
    })
}

fn check_source(session: &EntrenarSession, bytes: &[u8]) -> Result<(), PreserveError> {
    let found = Sha256Hash::of(bytes);
    match &session.source {
        Some(source) if source.sha256 != found => Err(PreserveError::SourceMismatch {
            expected: source.sha256,
            found,
        }),
        _ => Ok(()),
    }
}

/// The citable description of a session: what it says about itself, and on top of it what the
/// person states. The citation files of the folder are made of it.
pub fn describe(session: &EntrenarSession, options: &PreserveOptions) -> ResearchArtifact {
    describe_with_origins(session, options).artifact
}

/// As [`describe`], with the origin of each field.
pub fn describe_with_origins(session: &EntrenarSession, options: &PreserveOptions) -> Described {
    let artifact = session_to_artifact(session).unwrap_or_else(|_empty| {
        let mut artifact =
            ResearchArtifact::new(&session.id, &session.name, ArtifactType::Notebook)
                .with_version("1.0.0+steps0")
                .with_description("A session without a cell or a metric.");
        artifact.title_derived_from = session.derived.get("name").cloned();
        match session
            .user
            .as_deref()
            .filter(|user| !user.trim().is_empty())
        {
            Some(user) => artifact.with_author(Author::new(user)),
            None => artifact,
        }
    });
    metadata::merge(artifact, &options.sources())
}

fn warnings(
    session: &EntrenarSession,
    has_source: bool,
    secrets: &[SecretFinding],
) -> Vec<ImportWarning> {
    let mut warnings: Vec<_> = secrets
        .iter()
        .map(|finding| {
            ImportWarning::new(
                WarningKind::Secret,
                Place::path(format!("{} line {}", finding.place, finding.line)),
                format!(
                    "this looks like a credential ({}); remove it before you share the folder",
                    finding.rule
                ),
            )
        })
        .collect();
    if session.source.is_some() && !has_source {
        warnings.push(ImportWarning::new(
            WarningKind::Missing,
            Place::path(name::SOURCE_FOLDER),
            "the source document is not at hand; the folder is made without it",
        ));
    }
    warnings
}
