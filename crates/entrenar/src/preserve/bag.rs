//! A folder as a bag: BagIt 1.0 (RFC 8493), with the files in `data/`.

use std::fmt::Write as _;
use std::path::Path;

use super::file::{ArtifactFile, Digest};
use super::pour::{self, Sink};
use super::write::{Written, write_by};
use super::{ArtifactFolder, PreserveError};

/// Writes `folder` to `dir` as a bag; otherwise as [`write()`](super::write()).
///
/// # Errors
/// As [`write()`](super::write()).
pub fn write_bag(
    folder: &ArtifactFolder,
    dir: &Path,
    force: bool,
) -> Result<Written, PreserveError> {
    write_by(dir, force, |sink| put(folder, "", sink))
}

/// Puts out a bag, each path behind `prefix`; returns the sizes of its files.
pub(super) fn put(
    folder: &ArtifactFolder,
    prefix: &str,
    sink: &mut dyn Sink,
) -> Result<Vec<u64>, PreserveError> {
    let payload = pour::all(folder, &format!("{prefix}data/"), sink)?;
    let bytes: u64 = payload.iter().map(|(_, digest)| digest.size).sum();
    let paths: Vec<(String, Digest)> = payload
        .iter()
        .map(|(path, digest)| (format!("data/{path}"), *digest))
        .collect();
    let info = info(folder, bytes, payload.len());
    let tags = [
        ("bag-info.txt", info),
        (
            "bagit.txt",
            "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n".to_owned(),
        ),
        ("manifest-sha256.txt", manifest(&paths)),
    ];
    let mut sizes: Vec<u64> = payload.iter().map(|(_, digest)| digest.size).collect();
    let mut listed = Vec::new();
    for (name, text) in tags {
        let file = ArtifactFile::new(name, text, "");
        let digest = pour::one(sink, &format!("{prefix}{name}"), &file)?;
        listed.push((name.to_owned(), digest));
    }
    let last = ArtifactFile::new("tagmanifest-sha256.txt", manifest(&listed), "");
    let digest = pour::one(sink, &format!("{prefix}{}", last.path), &last)?;
    sizes.extend(listed.iter().map(|(_, digest)| digest.size));
    sizes.push(digest.size);
    Ok(sizes)
}

/// RFC 8493, section 2.1.3: in a path only line breaks and the percent sign are encoded.
fn manifest(files: &[(String, Digest)]) -> String {
    let mut text = String::new();
    for (path, digest) in files {
        let path = path
            .replace('%', "%25")
            .replace('\n', "%0A")
            .replace('\r', "%0D");
        let _infallible = writeln!(text, "{}  {path}", digest.sha256);
    }
    text
}

/// RFC 8493, section 2.2.2. The day of bagging is no fact of the session and is left out.
fn info(folder: &ArtifactFolder, bytes: u64, files: usize) -> String {
    let line = crate::research::ro_crate::one_line;
    let mut text = String::new();
    let mut add = |label: &str, value: &str| {
        if !value.is_empty() {
            let _infallible = writeln!(text, "{label}: {value}");
        }
    };
    let artifact = &folder.artifact;
    add("Bag-Software-Agent", "entrenar");
    add("External-Description", &line(&artifact.title));
    add("External-Identifier", &line(&artifact.id));
    add("Payload-Oxum", &format!("{bytes}.{files}"));
    add(
        "Source-Organization",
        &line(artifact.publisher.as_deref().unwrap_or_default()),
    );
    text
}
