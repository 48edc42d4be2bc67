//! Whether each metadata file keeps to its format, and whether they agree.

mod claims;
mod notebook;
#[cfg(feature = "signing")]
mod preregistration;
mod ro_crate;
mod session;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::session::{EntrenarSession, SessionChain, Sha256Hash};

use super::super::{SESSION_JSON, SHA256SUMS};

use super::VerifyOptions;
use super::report::{Problem, ProblemKind, Report};
#[cfg(any(feature = "citations", feature = "signing"))]
pub(super) use session::cause;

/// The largest metadata file whose content is checked. Larger ones are compared with their
/// checksums alone.
pub(super) const MAX_BYTES: u64 = 512 << 20;

const NOTEBOOK: &str = "notebook.ipynb";
const METRICS: &str = "metrics.csv";
const SCRIPT: &str = "session.ruchy";
const EVENTS: &str = "events.jsonl";
const PREREGISTRATION: &str = "preregistration.json";

const CITATION_BIB: &str = "citation.bib";
const CITATION_CFF: &str = "CITATION.cff";
const CODEMETA: &str = "codemeta.json";
const DATACITE: &str = "datacite.json";

/// The files whose content is checked, sorted.
pub(super) const METADATA: &[&str] = &[
    CITATION_CFF,
    CITATION_BIB,
    CODEMETA,
    DATACITE,
    EVENTS,
    METRICS,
    NOTEBOOK,
    PREREGISTRATION,
    ro_crate::METADATA_FILE,
    SESSION_JSON,
    SCRIPT,
];

/// Whether the content of the file is checked, so that its bytes are wanted.
pub(super) fn is_metadata(path: &str) -> bool {
    path.starts_with(SHA256SUMS) || METADATA.contains(&path)
}

/// A file of the folder.
#[derive(Debug)]
struct Known {
    sha256: Option<Sha256Hash>,
    size: u64,
    bytes: Option<Vec<u8>>,
}

/// The files of the folder, by path.
#[derive(Debug, Default)]
pub(super) struct Files(BTreeMap<String, Known>);

impl Files {
    pub(super) fn add(
        &mut self,
        path: &str,
        sha256: Option<Sha256Hash>,
        size: u64,
        bytes: Option<Vec<u8>>,
    ) {
        let known = Known {
            sha256,
            size,
            bytes,
        };
        self.0.insert(path.to_owned(), known);
    }

    /// The bytes of a file that is there and is metadata.
    pub(super) fn bytes(&self, path: &str) -> Option<&[u8]> {
        self.0.get(path)?.bytes.as_deref()
    }

    /// The digest of a file.
    #[cfg(feature = "signing")]
    pub(super) fn sha256(&self, path: &str) -> Option<Sha256Hash> {
        self.0.get(path)?.sha256
    }

    pub(super) fn digests(&self) -> BTreeMap<&str, Option<Sha256Hash>> {
        self.0
            .iter()
            .map(|(path, known)| (path.as_str(), known.sha256))
            .collect()
    }
}

/// The most JSON values of one file; a value takes some 64 bytes of memory.
const MAX_VALUES: usize = 20_000_000;

/// The JSON in the file at `path`; that it is none, or too much, is a problem.
fn json(path: &str, bytes: &[u8], found: &mut Findings<'_>) -> Option<Value> {
    // Each value but the first stands behind one of these. Those in texts are counted, too.
    let is_mark = |byte: &&u8| matches!(**byte, b',' | b':' | b'[' | b'{');
    let most = bytes.iter().filter(is_mark).count();
    if most > MAX_VALUES {
        found.problem(
            ProblemKind::Limit,
            path,
            "",
            format!("it has up to {most} values, more than are read"),
        );
        return None;
    }
    match serde_json::from_slice(bytes) {
        Ok(value) => Some(value),
        Err(error) => {
            let place = format!("line {}, column {}", error.line(), error.column());
            found.problem(ProblemKind::Format, path, &place, "it is no JSON");
            None
        }
    }
}

/// Where the checks of one crate put what they find.
struct Findings<'a> {
    prefix: &'a str,
    problems: Vec<Problem>,
    validated: Vec<String>,
    notes: Vec<String>,
}

impl Findings<'_> {
    /// A problem of the file at `path` in the crate.
    fn problem(&mut self, kind: ProblemKind, path: &str, place: &str, message: impl Into<String>) {
        let file = format!("{}{path}", self.prefix);
        self.problems
            .push(Problem::new(kind, file, message).at(place));
    }

    /// The content of the file was checked, whatever was found.
    fn validated(&mut self, path: &str) {
        self.validated.push(format!("{}{path}", self.prefix));
    }
}

/// Checks the content of all metadata files. That a file of `told` is there or not, or has other
/// bytes, is known already.
pub(super) fn check(
    files: &Files,
    prefix: &str,
    options: &VerifyOptions,
    told: &BTreeSet<String>,
    report: &mut Report,
) -> (Option<EntrenarSession>, Option<SessionChain>) {
    let mut found = Findings {
        prefix,
        problems: Vec::new(),
        validated: Vec::new(),
        notes: Vec::new(),
    };
    for (path, known) in &files.0 {
        if is_metadata(path) && known.size > MAX_BYTES {
            found.notes.push(format!(
                "{prefix}{path} has {} bytes; its content was not checked",
                known.size
            ));
        }
    }
    let session = session::read(files, &mut found);
    let mut chain = None;
    if let Some(session) = &session {
        report.session = Some(session.id.clone());
        session::check_exports(files, session, &mut found);
        session::check_source(files, session, &mut found);
        chain = session::check_events(files, session, &mut found);
        if let Some(chain) = &chain {
            report.events = chain.head().map(|head| (chain.events().len(), head));
        }
    }
    notebook::check(files, session.as_ref(), &mut found);
    #[cfg(feature = "signing")]
    preregistration::check(
        files,
        session.as_ref(),
        options.authorities.as_ref(),
        &mut found,
    );
    #[cfg(not(feature = "signing"))]
    let _ = options;
    let graph = ro_crate::check(files, told, &mut found);
    claims::check(files, graph.as_ref(), &mut found);
    report.problems.append(&mut found.problems);
    report.validated.append(&mut found.validated);
    report.notes.append(&mut found.notes);
    (session, chain)
}
