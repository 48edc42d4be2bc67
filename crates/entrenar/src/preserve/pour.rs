//! The one order in which all writers put out the files of a folder.
//!
//! By path, `SHA256SUMS` last. A file on disk is read once, and hashed while it is written; the
//! metadata, which hold all digests, follow behind `attachments/`, where such files are.

use crate::research::ro_crate::METADATA_FILE;

use super::file::{ArtifactFile, Digest};
use super::{ArtifactFolder, PreserveError};

/// Where files go.
pub(super) trait Sink {
    /// Begins the file at `path`, which is safe, of `size` bytes.
    fn begin(&mut self, path: &str, size: u64) -> Result<(), PreserveError>;
    /// Adds bytes to it.
    fn write(&mut self, bytes: &[u8]) -> Result<(), PreserveError>;
    /// Ends it.
    fn end(&mut self) -> Result<(), PreserveError>;
}

/// Puts out one file.
pub(super) fn one(
    sink: &mut dyn Sink,
    path: &str,
    file: &ArtifactFile,
) -> Result<Digest, PreserveError> {
    sink.begin(path, file.size())?;
    let digest = file.copy(|bytes| sink.write(bytes))?;
    sink.end()?;
    Ok(digest)
}

/// Puts out all files, each path behind `prefix`; returns what was written, in that order.
pub(super) fn all(
    folder: &ArtifactFolder,
    prefix: &str,
    sink: &mut dyn Sink,
) -> Result<Vec<(String, Digest)>, PreserveError> {
    let path = |file: &ArtifactFile| format!("{prefix}{}", file.path);
    let before = folder
        .files
        .partition_point(|file| file.path.as_str() < METADATA_FILE);
    let (first, rest) = folder.files.split_at(before);
    let mut digests = Vec::with_capacity(folder.files.len());
    for file in first {
        digests.push(one(sink, &path(file), file)?);
    }
    for file in rest {
        digests.push(file.copy(|_bytes| Ok(()))?);
    }
    let made = folder.made_of(&digests);
    let mut metadata = Vec::new();
    for file in &made.metadata {
        metadata.push(one(sink, &path(file), file)?);
    }
    for (file, digest) in rest.iter().zip(digests.iter().skip(before)) {
        match file.bytes() {
            // It was hashed already.
            Some(bytes) => {
                sink.begin(&path(file), digest.size)?;
                sink.write(bytes)?;
                sink.end()?;
            }
            None if one(sink, &path(file), file)? == *digest => {}
            None => return Err(file.changed()),
        }
    }
    let sums = one(sink, &path(&made.sums), &made.sums)?;
    let all = folder
        .files
        .iter()
        .chain(&made.metadata)
        .chain([&made.sums]);
    let digests = digests.into_iter().chain(metadata).chain([sums]);
    let mut written: Vec<_> = all.map(|file| file.path.clone()).zip(digests).collect();
    written.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(written)
}
