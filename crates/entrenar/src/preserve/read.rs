use std::io;
use std::path::Path;

use crate::bridge::{self, BridgeError, Limits, SourceContext};
use crate::session::{EntrenarSession, ImportWarning, Place, Sha256Hash, WarningKind};

use super::verify::ZippedArtifact;
use super::{PreserveError, SESSION_JSON, SHA256SUMS, name, sums};

/// Whether `dir` looks like an artifact folder.
pub fn is_artifact_folder(dir: &Path) -> bool {
    dir.join(SESSION_JSON).is_file() && dir.join(SHA256SUMS).is_file()
}

/// Reads a session and its source document back from an artifact folder.
///
/// A session is equal to the one that was written. A missing source document, and a
/// `session.json` that was changed since, are listed as warnings of the session.
///
/// # Errors
/// If `session.json` cannot be read, or if the source document is not the one that the session
/// was read from.
pub fn read_folder(dir: &Path) -> Result<(EntrenarSession, Option<Vec<u8>>), PreserveError> {
    read_folder_within(dir, Limits::default())
}

/// As [`read_folder`], with bounds for each of its files.
///
/// # Errors
/// As [`read_folder`].
pub fn read_folder_within(
    dir: &Path,
    limits: Limits,
) -> Result<(EntrenarSession, Option<Vec<u8>>), PreserveError> {
    read_files(dir, &|name| bridge::load(&dir.join(name), limits))
}

/// As [`read_folder_within`], from a zip or a zipped bag of an artifact folder.
///
/// # Errors
/// As [`read_folder`], and if the zip is not sound.
pub fn read_zip_within(
    path: &Path,
    limits: Limits,
) -> Result<(EntrenarSession, Option<Vec<u8>>), PreserveError> {
    let zipped = ZippedArtifact::open(path)?;
    read_files(path, &|name| zipped.load(name, limits))
}

/// Gives the bytes of a file of the artifact.
type Load<'a> = dyn Fn(&str) -> Result<(Vec<u8>, SourceContext), BridgeError> + 'a;

/// Reads the session that `load` gives the files of; `dir` is for messages.
fn read_files(
    dir: &Path,
    load: &Load<'_>,
) -> Result<(EntrenarSession, Option<Vec<u8>>), PreserveError> {
    let unreadable = |source| PreserveError::Session {
        path: dir.join(SESSION_JSON),
        source,
    };
    let (document, mut context) = load(SESSION_JSON).map_err(unreadable)?;
    let sha256 = Sha256Hash::of(&document);
    context.sha256 = Some(sha256);
    let mut session = bridge::read(&document, &context).map_err(unreadable)?;
    let sums = match load(SHA256SUMS) {
        Ok((bytes, _)) => bytes,
        // It says nothing then.
        Err(_) => Vec::new(),
    };
    let listed = sums::parse(&String::from_utf8_lossy(&sums));
    if let Some((_, hash)) = listed.iter().find(|(path, _)| path == SESSION_JSON)
        && *hash != sha256
    {
        session.warnings.push(ImportWarning::new(
            WarningKind::InvalidValue,
            Place::path(SESSION_JSON),
            "the file was changed since the folder was written",
        ));
    }
    let Some(info) = &session.source else {
        return Ok((session, None));
    };
    let name = format!("{}/{}", name::SOURCE_FOLDER, name::of_source(&session));
    let path = dir.join(&name);
    let bytes = match load(&name) {
        Ok((bytes, _)) => bytes,
        Err(BridgeError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            // It was exported without, or removed.
            session.warnings.push(ImportWarning::new(
                WarningKind::Missing,
                Place::path(name::SOURCE_FOLDER),
                "the folder does not hold the source document",
            ));
            return Ok((session, None));
        }
        Err(source) => return Err(PreserveError::Source { path, source }),
    };
    let found = Sha256Hash::of(&bytes);
    if found != info.sha256 {
        return Err(PreserveError::SourceChanged {
            path,
            expected: info.sha256,
            found,
        });
    }
    Ok((session, Some(bytes)))
}
