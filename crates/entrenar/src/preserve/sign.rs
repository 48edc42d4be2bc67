//! What is signed of an artifact folder or a zip: only what holds.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::verify::{self, Problem, ProblemKind, VerifyError, VerifyOptions};
use super::{SHA256SUMS, sums};
use crate::files::FileError;
use crate::research::signing::in_toto::{Statement, Subject};
use crate::session::Sha256Hash;

/// What a signature is made over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signable {
    /// The file whose bytes are signed: a folder's `SHA256SUMS`, or the zip.
    pub content: PathBuf,
    /// Its SHA-256.
    pub sha256: Sha256Hash,
    /// The files that the statement names.
    pub statement: Statement,
}

/// Nothing is signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignableError {
    /// It does not hold: repair it, or preserve the session again.
    #[error("{} does not hold: {}", path.display(), first(problems))]
    Broken {
        /// The folder or zip.
        path: PathBuf,
        /// All that is wrong.
        problems: Vec<Problem>,
    },
    /// A bag lists all of its files, so that none can be added: sign the folder before, or a
    /// zip of the bag.
    #[error("{} is a bag, which has no place for a signature", path.display())]
    Bag {
        /// The folder.
        path: PathBuf,
    },
    /// A file changed while it was looked at.
    #[error("{} changed while it was read", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be verified at all.
    #[error(transparent)]
    Unreadable(#[from] VerifyError),
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
}

fn first(problems: &[Problem]) -> String {
    let more = match problems.len() {
        0 | 1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    problems.first().map_or_else(String::new, |problem| {
        format!("{}: {}{more}", problem.file, problem.message)
    })
}

/// Verifies the folder or zip at `path` and says what a signature of it is made over. Earlier
/// signatures in the folder are not looked at: they may be replaced.
///
/// # Errors
/// If it does not hold or cannot be read.
pub fn signable(path: &Path) -> Result<Signable, SignableError> {
    let report = verify::verify(path, &VerifyOptions::default())?.report;
    let of_signature = |problem: &Problem| {
        matches!(
            problem.kind,
            ProblemKind::Signature | ProblemKind::Timestamp
        )
    };
    let problems: Vec<Problem> = report
        .problems
        .into_iter()
        .filter(|problem| !of_signature(problem))
        .collect();
    if !problems.is_empty() {
        let path = path.to_owned();
        return Err(SignableError::Broken { path, problems });
    }
    if !path.is_dir() {
        let sha256 = digest(path)?;
        let subject = Subject::new(name(path), *sha256.as_bytes());
        return Ok(Signable {
            content: path.to_owned(),
            sha256,
            statement: Statement::link("preserve", vec![subject], Vec::new()),
        });
    }
    let content = path.join(SHA256SUMS);
    if !content.is_file() {
        return Err(SignableError::Bag { path: path.into() });
    }
    let bytes = fs::read(&content).map_err(FileError::at("read", &content))?;
    let sha256 = Sha256Hash::of(&bytes);
    if report.sums != Some(sha256) {
        return Err(SignableError::Changed { path: content });
    }
    let subjects: Vec<Subject> = sums::parse(&String::from_utf8_lossy(&bytes))
        .into_iter()
        .map(|(name, sha256)| Subject::new(name, *sha256.as_bytes()))
        .collect();
    // What the session was read from is a material of everything else.
    let materials = subjects
        .iter()
        .filter(|file| file.name.starts_with("source/"))
        .cloned()
        .collect();
    Ok(Signable {
        content,
        sha256,
        statement: Statement::link("preserve", subjects, materials),
    })
}

/// The path of a signature or timestamp of that file, such as `SHA256SUMS.minisig`.
pub fn beside(content: &Path, ending: &str) -> PathBuf {
    let mut name = content.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// The name of a file, for comments and statements.
pub fn name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn digest(path: &Path) -> Result<Sha256Hash, FileError> {
    let mut file = File::open(path).map_err(FileError::at("read", path))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        let length = match file.read(&mut buffer) {
            Ok(0) => return Ok(Sha256Hash::from_bytes(hasher.finalize().into())),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(FileError::at("read", path)(error)),
        };
        hasher.update(buffer.get(..length).unwrap_or_default());
    }
}
