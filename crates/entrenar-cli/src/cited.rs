//! The works that a session cites, as the store keeps them.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use entrenar::preserve::{self, PreserveOptions};
use entrenar::research::Reference;
use entrenar::research::graph::{CitationGraph, NodeId, identity};
use entrenar::research::metadata::MetadataSource;
use entrenar::research::read::{self, ReadError, ReadLimits};
use entrenar::store::{SqliteStore, Store as _, StoreError};
use serde_json::Value;

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::metadata;
use crate::term::{Line, Tone};

/// The works that the session of that (whole) id cites, and those of the bibliographies that an
/// `entrenar.toml` among `sources` names.
pub(crate) fn of_session(
    app: &mut App,
    id: &str,
    sources: &[MetadataSource],
) -> Result<Vec<Reference>, Failure> {
    let mut references = of(app, id)?;
    let mut known: BTreeSet<String> = references.iter().map(identity).collect();
    for source in sources {
        let Some(file) = source.origin.file() else {
            continue;
        };
        let folder = Path::new(file).parent().unwrap_or_else(|| Path::new(""));
        for name in &source.metadata.references {
            let read = read_file(app, &folder.join(name))
                .map_err(|failure| failure.hint(format!("{file} names it as `references`")))?;
            references.extend(read.into_iter().filter(|it| known.insert(identity(it))));
        }
    }
    Ok(references)
}

/// The works of a bibliography; what is wrong with it is told.
pub(crate) fn read_file(app: &mut App, path: &Path) -> Result<Vec<Reference>, Failure> {
    let name = path.display().to_string();
    let read = read::bibliography(&name, &bytes_of(path)?, ReadLimits::default())
        .map_err(|error| unreadable(&name, &error))?;
    for problem in &read.problems {
        let line = Line::of(Tone::Warning, "! ").plain(format!("{name}:{problem}"));
        app.err.long_line(&line)?;
    }
    Ok(read.references)
}

/// The works that the session of that (whole) id cites; none where it is not in the store.
pub(crate) fn of(app: &App, id: &str) -> Result<Vec<Reference>, Failure> {
    match app.store_if_there()? {
        Some(store) => match in_store(&store, id) {
            Err(StoreFailure::Store(StoreError::NotFound { .. })) => Ok(Vec::new()),
            found => Ok(found?),
        },
        None => Ok(Vec::new()),
    }
}

/// Why references cannot be had.
pub(crate) enum StoreFailure {
    Store(StoreError),
    Told(Failure),
}

impl From<StoreError> for StoreFailure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<StoreFailure> for Failure {
    fn from(failure: StoreFailure) -> Self {
        match failure {
            StoreFailure::Store(error) => error.into(),
            StoreFailure::Told(failure) => failure,
        }
    }
}

/// The works that the session of that (whole) id cites.
pub(crate) fn in_store(store: &SqliteStore, id: &str) -> Result<Vec<Reference>, StoreFailure> {
    let Some(text) = store.references(id)? else {
        return Ok(Vec::new());
    };
    let read = read::csl_json(text.as_bytes(), ReadLimits::default()).map_err(|error| {
        let message = format!("cannot read the references of session {id}");
        let failure = Failure::new(Exit::Store, message).because(&error);
        StoreFailure::Told(
            failure.hint(format!("`entrenar references rm {id} --all` removes them")),
        )
    })?;
    Ok(read.references)
}

/// Keeps them instead of what was kept.
pub(crate) fn keep(
    store: &mut SqliteStore,
    id: &str,
    references: &[Reference],
) -> Result<(), Failure> {
    let mut taken = BTreeSet::new();
    let items: Vec<Value> = references
        .iter()
        .map(|reference| {
            let key = entrenar::research::graph::unique_key(reference, &mut taken);
            reference.to_csl_json(&key)
        })
        .collect();
    let text = format!("{:#}\n", Value::from(items));
    Ok(store.set_references(id, (!references.is_empty()).then_some(&text))?)
}

/// The session with everything upstream of it; `options` are what is stated of the session itself.
pub(crate) fn graph(
    app: &mut App,
    id: &str,
    options: &PreserveOptions,
) -> Result<(CitationGraph, NodeId), Failure> {
    let (store, id) = app.find(id)?;
    let mut graph = CitationGraph::new();
    let root = graph.add_artifact(&preserve::describe(&store.session(&id)?, options));
    let mut asked = BTreeSet::from([id]);
    loop {
        let missing = graph.missing_artifacts();
        let next = missing.into_iter().find(|id| !asked.contains(*id));
        let Some(next) = next.map(ToOwned::to_owned) else {
            return Ok((graph, root));
        };
        asked.insert(next.clone());
        let session = match store.session(&next) {
            // It was removed; what the reference says of it remains.
            Err(StoreError::NotFound { .. }) => continue,
            found => found?,
        };
        let options = PreserveOptions {
            metadata: metadata::sources(app, &next, false)?,
            references: in_store(&store, &next)?,
            ..PreserveOptions::default()
        };
        graph.add_artifact(&preserve::describe(&session, &options));
    }
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, Failure> {
    let limit = u64::try_from(ReadLimits::default().max_bytes).unwrap_or(u64::MAX);
    let failed = |error: &io::Error| {
        Failure::new(Exit::InputFailed, format!("cannot read {}", path.display())).because(error)
    };
    let mut bytes = Vec::new();
    // One byte beyond the limit is enough for the reader to refuse it.
    let most = limit.saturating_add(1);
    if path == Path::new("-") {
        let stdin = io::stdin().lock();
        stdin
            .take(most)
            .read_to_end(&mut bytes)
            .map_err(|error| failed(&error))?;
    } else {
        let file = File::open(path).map_err(|error| failed(&error))?;
        file.take(most)
            .read_to_end(&mut bytes)
            .map_err(|error| failed(&error))?;
    }
    Ok(bytes)
}

fn unreadable(name: &str, error: &ReadError) -> Failure {
    let failure = Failure::new(Exit::InputFailed, format!("cannot read {name}")).because(error);
    match error {
        ReadError::NotUtf8 { .. } => failure.hint("convert it first: `iconv -f latin1 -t utf-8`"),
        ReadError::UnknownFormat => {
            failure.hint("files are known by .bib, .cff and .json, or by how they begin")
        }
        _ => failure,
    }
}
