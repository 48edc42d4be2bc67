//! The artifact folder: every export of one session, with checksums; `docs/artifact-folder.md`
//! describes its files.
//!
//! [`build`] puts it together, [`write()`] and its siblings put it in place as a whole or not at
//! all, [`read_folder`] reads it back. The same session gives the same bytes on any machine.

#[cfg(feature = "ro-crate")]
pub mod anonymous;
mod attachments;
mod bag;
mod error;
mod file;
pub mod gate;
mod graph;
mod media;
mod name;
mod pour;
mod preview;
mod project;
mod read;
mod readme;
mod redaction;
#[cfg(feature = "signing")]
pub mod sign;
mod sums;
#[cfg_attr(
    not(feature = "ro-crate"),
    expect(dead_code, reason = "anonymous crates use the rest of it")
)]
mod texts;
pub mod verify;
mod write;
#[cfg(feature = "ro-crate")]
mod zip;

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};

use crate::ecosystem::session_to_artifact;
use crate::export::session_json::{self, Times};
use crate::export::{csv, html, notebook, ruchy_script};
use crate::research::format::Format;
use crate::research::metadata::{
    self, ArtifactMetadata, Described, MetadataOrigin, MetadataSource,
};
use crate::research::ro_crate::{Graph, METADATA_FILE, PREVIEW_FILE, Version};
use crate::research::{
    ArtifactType, Author, CitationMetadata, Doi, License, Reference, ResearchArtifact,
};
use crate::secrets::{self, SecretFinding};
use crate::session::{
    EntrenarSession, ImportWarning, Place, SessionChain, Sha256Hash, WarningKind,
};

use pour::Sink;

pub use attachments::{Attachment, Attachments};
pub use bag::write_bag;
pub use error::PreserveError;
pub use file::{ArtifactFile, Content, Digest, DiskFile, Role};
pub use name::safe_file_name;
pub use project::{GitState, LARGEST_DIFF, Project};
pub use read::{is_artifact_folder, read_folder, read_folder_within, read_zip_within};
pub use redaction::{REDACTIONS, Redaction};
pub use write::{Written, write};
#[cfg(feature = "ro-crate")]
pub use zip::write_zip;

/// The points as Parquet; `metrics.csv` has the same.
const METRICS_PARQUET: &str = "metrics.parquet";
/// The session's own JSON.
pub const SESSION_JSON: &str = "session.json";
/// The session's own chain of events.
pub const EVENTS: &str = "events.jsonl";
/// What was planned before the training.
pub const PREREGISTRATION: &str = "preregistration.json";
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
    /// The works that the session cites.
    pub references: Vec<Reference>,
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

/// What goes into a folder besides the session and its description.
#[derive(Debug, Clone, Copy, Default)]
pub struct Parts<'a> {
    /// The session's source document.
    pub source: Option<&'a [u8]>,
    /// What happened to the session in the store.
    pub chain: Option<&'a SessionChain>,
    /// A preregistration of the session, as its file has it.
    pub preregistration: Option<&'a [u8]>,
    /// Files that were added.
    pub attachments: Option<&'a Attachments>,
    /// The state of a project folder.
    pub project: Option<&'a Project>,
    /// What was replaced in this copy of the session, as [`REDACTIONS`] has it; what
    /// [`gate::build`] makes.
    pub redactions: Option<&'a [u8]>,
    /// The version of RO-Crate.
    pub version: Version,
}

/// An artifact folder, put together and not yet written.
#[derive(Debug, Clone, PartialEq)]
pub struct ArtifactFolder {
    /// The files by path, without those that are made of their digests: the two files of
    /// RO-Crate, and `SHA256SUMS`.
    pub files: Vec<ArtifactFile>,
    /// What a person should look at before the folder is shared.
    pub warnings: Vec<ImportWarning>,
    /// What looks like a credential; `warnings` has a sentence for each.
    pub secrets: Vec<SecretFinding>,
    /// What the citation files and the page were made of.
    pub artifact: ResearchArtifact,
    graph: Option<Graph>,
}

/// The files that are made of the digests of all others.
struct Made {
    metadata: Vec<ArtifactFile>,
    sums: ArtifactFile,
}

impl ArtifactFolder {
    /// The bytes of the file of that path, if they are in memory.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.files.iter().find(|file| file.path == path)?.bytes()
    }

    /// Paths of all files that will be written, sorted.
    pub fn paths(&self) -> Vec<String> {
        let late = match self.graph {
            Some(_) => &[METADATA_FILE, PREVIEW_FILE, SHA256SUMS][..],
            None => &[SHA256SUMS][..],
        };
        let mut paths: Vec<String> = self.files.iter().map(|file| file.path.clone()).collect();
        paths.extend(late.iter().map(|path| (*path).to_owned()));
        paths.sort();
        paths
    }

    /// Whether it is an RO-Crate; without a date of publication it is not.
    pub fn is_crate(&self) -> bool {
        self.graph.is_some()
    }

    /// All files with their bytes, sorted by path; files on disk are read into memory.
    ///
    /// # Errors
    /// If a file on disk cannot be read, or changed since it was looked at.
    pub fn complete(&self) -> Result<BTreeMap<String, Vec<u8>>, PreserveError> {
        let mut memory = Memory::default();
        pour::all(self, "", &mut memory)?;
        Ok(memory.files)
    }

    fn made_of(&self, digests: &[Digest]) -> Made {
        let mut listed: Vec<(&str, Digest)> = self
            .files
            .iter()
            .map(|file| file.path.as_str())
            .zip(digests.iter().copied())
            .collect();
        let mut metadata = Vec::new();
        if let Some(graph) = &self.graph {
            let paths = listed.iter().map(|(path, _)| *path);
            let size = sums::size(paths.chain([METADATA_FILE, PREVIEW_FILE]));
            let graph = graph::with_digests(graph, &self.files, digests, size);
            let json = graph.to_json();
            let page = preview::page(&graph, &json);
            metadata.push(ArtifactFile::new(METADATA_FILE, json, ""));
            metadata.push(ArtifactFile::new(PREVIEW_FILE, page, ""));
        }
        for file in &metadata {
            listed.push((&file.path, Digest::of(file.bytes().unwrap_or_default())));
        }
        listed.sort_by(|a, b| a.0.cmp(b.0));
        let sums = ArtifactFile::new(SHA256SUMS, sums::text(listed), "");
        Made { metadata, sums }
    }
}

#[derive(Debug, Default)]
struct Memory {
    files: BTreeMap<String, Vec<u8>>,
    open: Option<(String, Vec<u8>)>,
}

impl Sink for Memory {
    fn begin(&mut self, path: &str, _size: u64) -> Result<(), PreserveError> {
        self.open = Some((path.to_owned(), Vec::new()));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), PreserveError> {
        if let Some((_, open)) = &mut self.open {
            open.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), PreserveError> {
        self.files.extend(self.open.take());
        Ok(())
    }
}

/// Puts together the folder of `session`, described by `artifact`.
///
/// An empty session has a folder too. The two files of RO-Crate need a date of publication: the
/// artifact's release date, else the day on which the session ended, if that was recorded.
/// Without one they are left out, and a warning says so.
///
/// # Errors
/// [`PreserveError::SourceMismatch`] if the source is not the document that the session names.
pub fn build(
    session: &EntrenarSession,
    artifact: &ResearchArtifact,
    parts: &Parts<'_>,
) -> Result<ArtifactFolder, PreserveError> {
    let mut files = documents(session, artifact);
    if let Some(bytes) = parts.source {
        check_source(session, bytes)?;
        let path = format!("{}/{}", name::SOURCE_FOLDER, name::of_source(session));
        files.push(ArtifactFile::new(
            path,
            bytes,
            "the original document, byte for byte",
        ));
    }
    if let Some(chain) = parts.chain {
        let about = "what happened to the session since it was kept, each entry with its hash";
        files.push(ArtifactFile::new(EVENTS, chain.to_jsonl(), about));
    }
    if let Some(bytes) = parts.preregistration {
        let about = "what was planned, committed to before the training";
        files.push(ArtifactFile::new(PREREGISTRATION, bytes, about));
    }
    if let Some(bytes) = parts.redactions {
        let about = "which credentials were replaced in this copy, and by what";
        files.push(ArtifactFile::new(REDACTIONS, bytes, about));
    }
    let mut secrets = secrets::scan(session);
    let mut further = Vec::new();
    #[cfg(feature = "parquet")]
    match crate::export::parquet::metrics(session) {
        Ok(bytes) => files.push(ArtifactFile::new(
            METRICS_PARQUET,
            bytes,
            "every point of every metric, as Parquet",
        )),
        Err(error) => further.push(ImportWarning::new(
            WarningKind::Limit,
            Place::path(METRICS_PARQUET),
            format!("{error}; the folder is made without it"),
        )),
    }
    if let Some(attachments) = parts.attachments {
        files.extend(attachments.files.iter().cloned());
        further.extend(attachments.warnings.iter().cloned());
    }
    if let Some(project) = parts.project {
        files.extend(project.files());
        secrets.extend(project.secrets());
        further.extend(project.warnings().iter().cloned());
    }
    let date = publication_date(artifact);
    let readme = readme::text(session, artifact, &files, date.is_some());
    files.push(ArtifactFile::new("README.md", readme, "what each file is"));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    attachments::check_collisions(files.iter().map(|file| file.path.as_str()))?;
    let graph = date.map(|date| {
        graph::of(&graph::Facts {
            session,
            artifact,
            files: &files,
            project: parts.project,
            date,
            version: parts.version,
        })
    });
    if graph.is_none() {
        further.push(ImportWarning::new(
            WarningKind::Missing,
            Place::path(METADATA_FILE),
            "RO-Crate insists on a date of publication, and none is stated or recorded; the \
             folder is made without RO-Crate metadata",
        ));
    }
    let mut warnings = warnings(session, parts.source.is_some(), &secrets);
    warnings.extend(further);
    Ok(ArtifactFolder {
        files,
        warnings,
        secrets,
        artifact: artifact.clone(),
        graph,
    })
}

/// The date that a crate of `artifact` is published on: the stated one, else the day of the
/// recorded end.
pub fn publication_date(artifact: &ResearchArtifact) -> Option<NaiveDate> {
    let possible = |date: &NaiveDate| (1..=9999).contains(&date.year());
    artifact
        .release_date
        .or_else(|| Some(artifact.completed_at?.date_naive()))
        .filter(possible)
}

/// The files that every folder has.
fn documents(session: &EntrenarSession, artifact: &ResearchArtifact) -> Vec<ArtifactFile> {
    let citation = CitationMetadata::without_year(artifact);
    let mut files = vec![
        ArtifactFile::new(
            "CITATION.cff",
            citation.to_cff(),
            "how to cite it (Citation File Format 1.2.0)",
        ),
        ArtifactFile::new(
            "citation.bib",
            citation.to_bibtex(),
            "how to cite it (BibLaTeX)",
        ),
        ArtifactFile::new(
            "index.html",
            html::page(session, artifact),
            "the session as one page",
        ),
        ArtifactFile::new(
            "metrics.csv",
            csv::metrics(session),
            "every point of every metric",
        ),
        ArtifactFile::new(
            "notebook.ipynb",
            notebook::edition_with_doi(session, artifact.doi.as_ref().map(Doi::as_str)),
            "all cells as a notebook, an edition made by entrenar",
        ),
        ArtifactFile::new(
            SESSION_JSON,
            session_json::to_vec(session, Times::Recorded),
            "the whole session",
        ),
    ];
    for (format, about) in [
        (
            Format::Codemeta,
            "a description for software indexes (CodeMeta 3.1)",
        ),
        (
            Format::DataciteJson,
            "a description for DOI registries (DataCite 4.5)",
        ),
    ] {
        // DataCite insists on a year that somebody stated.
        if let Ok(text) = format.write(artifact) {
            files.push(ArtifactFile::new(format.file_name(), text, about));
        }
    }
    if ruchy_script::is_ruchy(session) {
        let script = ruchy_script::script(session);
        files.push(ArtifactFile::new(
            "session.ruchy",
            script,
            "the cells that ran, as a script",
        ));
    }
    files
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
    let mut described = metadata::merge(artifact, &options.sources());
    let references = options.references.iter().cloned();
    described.artifact.references.extend(references);
    described
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
                    finding.rule.title
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
