//! Verifying an artifact folder, a zip of one, or a bag: that every byte is as it was, that each
//! metadata file keeps to its format and agrees with the others, who signed it, and since when
//! it exists.
//!
//! `docs/verify.md` says what is checked, and what each kind of problem means.

mod bag;
mod content;
mod files;
mod report;
mod scan;
mod sums;
mod tree;
mod zip;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::files::FileError;
use crate::session::{EntrenarSession, SessionChain, Sha256Hash};

pub use report::{
    Problem, ProblemKind, Report, SignatureCheck, SignatureStatus, SubjectKind, TimestampCheck,
    TimestampStatus,
};

use super::SHA256SUMS;
use sums::Form;
use tree::Tree;

/// What a verification needs beside the files.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    /// The number of threads that read; `None` for as many as the machine has.
    pub threads: Option<usize>,
}

/// Why nothing can be said about what was to be verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// It cannot be read: look at the path and its permissions.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is neither a folder nor a file.
    #[error("{} is neither a folder nor a zip", path.display())]
    NotReadable {
        /// The path.
        path: PathBuf,
    },
    /// It is a folder or zip without checksums: no artifact folder, or what is left of one.
    #[error("{} has no {SHA256SUMS}", path.display())]
    NotAnArtifact {
        /// The path.
        path: PathBuf,
    },
    /// The file is no zip that can be read.
    #[error("{} cannot be read as a zip: {reason}", path.display())]
    NotAZip {
        /// The path.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// What was verified: the report, and what it says about the session.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// What was found.
    pub report: Report,
    /// The session in it, if it can be read.
    pub session: Option<EntrenarSession>,
    /// Its event chain, if it has one that can be read.
    pub chain: Option<SessionChain>,
}

/// Verifies the folder, bag or zip at `path`.
///
/// Everything that does not hold is in the report; an error means that nothing can be said.
///
/// # Errors
/// If it cannot be read, or is no artifact folder at all.
pub fn verify(path: &Path, options: &VerifyOptions) -> Result<Verified, VerifyError> {
    let found = fs::metadata(path).map_err(FileError::at("read", path))?;
    let (tree, problems, notes) = if found.is_dir() {
        let (tree, problems) = tree::walk(path)?;
        (tree, problems, Vec::new())
    } else if found.is_file() {
        let (archive, problems, notes) =
            zip::Archive::open_file(path, found.len()).map_err(|error| match error {
                zip::NotAZip::Io(source) => FileError::at("read", path)(source).into(),
                zip::NotAZip::Form(reason) => VerifyError::NotAZip {
                    path: path.to_owned(),
                    reason,
                },
            })?;
        (Tree::Zip(archive), problems, notes)
    } else {
        return Err(VerifyError::NotReadable {
            path: path.to_owned(),
        });
    };
    let mut verified = verify_tree(&tree, options, path, problems)?;
    verified.report.notes.splice(0..0, notes);
    verified.report = verified.report.sorted();
    Ok(verified)
}

fn verify_tree(
    tree: &Tree,
    options: &VerifyOptions,
    path: &Path,
    problems: Vec<Problem>,
) -> Result<Verified, VerifyError> {
    let has = |name: &str| tree.entries().iter().any(|entry| entry.path == name);
    let is_bag = has(bag::DECLARATION);
    let prefix = if is_bag { bag::PAYLOAD } else { "" };
    let is_damaged_zip = tree.entries().is_empty() && !problems.is_empty();
    if !is_bag && !has(SHA256SUMS) && !is_damaged_zip {
        return Err(VerifyError::NotAnArtifact {
            path: path.to_owned(),
        });
    }
    let is_zip = matches!(tree, Tree::Zip(_));
    let mut report = Report::new(match (is_zip, is_bag) {
        (false, false) => SubjectKind::Folder,
        (false, true) => SubjectKind::Bag,
        (true, false) => SubjectKind::Zip,
        (true, true) => SubjectKind::ZippedBag,
    });
    report.problems = problems;
    let keep = |path: &str, size: u64| {
        content::is_metadata(path.strip_prefix(prefix).unwrap_or(path))
            && size <= content::MAX_BYTES
            || is_bag && bag::is_tag_file(path)
    };
    let (scanned, unread) = scan::scan(tree, options.threads, keep);
    report.problems.extend(unread);
    report.files = tree.entries().len();
    report.bytes = tree.entries().iter().map(|entry| entry.size).sum();

    let all: BTreeMap<&str, Option<Sha256Hash>> = tree
        .entries()
        .iter()
        .zip(&scanned)
        .map(|(entry, scanned)| (entry.path.as_str(), scanned.sha256))
        .collect();
    let sizes: BTreeMap<&str, u64> = tree
        .entries()
        .iter()
        .map(|entry| (entry.path.as_str(), entry.size))
        .collect();
    let mut kept = BTreeMap::new();
    for (entry, scanned) in tree.entries().iter().zip(scanned) {
        if let Some(bytes) = scanned.kept {
            kept.insert(entry.path.as_str(), bytes);
        }
    }
    if is_bag {
        let found = bag::check(&all, &sizes, &kept);
        report.problems.extend(found);
    }
    let below = |path: &'_ str| path.starts_with(prefix);
    let mut crate_files = content::Files::default();
    for (path, sha256) in all.iter().filter(|(path, _)| below(path)) {
        let name = path.strip_prefix(prefix).unwrap_or(path);
        let size = sizes.get(path).copied().unwrap_or_default();
        crate_files.add(name, *sha256, size, kept.remove(path));
    }
    check_sums(&crate_files, prefix, &mut report);
    let (session, chain) = content::check(&crate_files, prefix, &mut report);
    Ok(Verified {
        report,
        session,
        chain,
    })
}

/// The folder against its `SHA256SUMS`.
fn check_sums(files: &content::Files, prefix: &str, report: &mut Report) {
    let Some(bytes) = files.bytes(SHA256SUMS) else {
        return;
    };
    report.sums = Some(Sha256Hash::of(bytes));
    let (list, mut problems) = sums::parse(SHA256SUMS, bytes, Form::Coreutils);
    for problem in &mut problems {
        problem.file.insert_str(0, prefix);
    }
    report.problems.extend(problems);
    if list.0.contains_key(SHA256SUMS) {
        report.problems.push(Problem::new(
            ProblemKind::Checksums,
            format!("{prefix}{SHA256SUMS}"),
            "it lists itself",
        ));
    }
    let there = files.digests();
    report
        .problems
        .extend(files::compare(&there, &list, prefix, is_unlisted));
}

/// The checksums themselves, and what signs them.
fn is_unlisted(path: &str) -> bool {
    path == SHA256SUMS
        || path
            .strip_prefix(SHA256SUMS)
            .is_some_and(|rest| SIGNATURE_ENDINGS.contains(&rest))
}

/// What the names of signatures and timestamps of a file add to its name.
const SIGNATURE_ENDINGS: [&str; 4] = [".minisig", ".intoto.json", ".tsr", ".tsq"];

/// For the fuzz target of zips.
#[cfg(fuzzing)]
pub fn fuzz_zip(bytes: &[u8]) {
    zip::fuzz(bytes);
}

/// For the fuzz target of lists of checksums.
#[cfg(fuzzing)]
pub fn fuzz_sums(bytes: &[u8]) {
    for form in [Form::Coreutils, Form::BagIt] {
        let (list, _) = sums::parse(SHA256SUMS, bytes, form);
        assert!(list.0.keys().all(|path| sums::unsafe_path(path).is_none()));
    }
}
