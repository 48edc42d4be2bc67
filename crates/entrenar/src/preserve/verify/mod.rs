//! Verifying an artifact folder, a zip of one, or a bag: that every byte is as it was, that each
//! metadata file keeps to its format and agrees with the others, who signed it, and since when
//! it exists.
//!
//! `docs/verify.md` says what is checked, and what each kind of problem means.

mod against;
mod bag;
mod content;
mod files;
mod report;
mod scan;
#[cfg(feature = "signing")]
mod signatures;
mod single;
mod sums;
mod tree;
mod zip;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::files::FileError;
use crate::session::{EntrenarSession, SessionChain, Sha256Hash};

pub use against::{SessionCopy, compare, verify_stored};
pub use report::{
    Problem, ProblemKind, Report, SignatureCheck, SignatureStatus, SubjectKind, TimestampCheck,
    TimestampStatus,
};

pub(super) use single::ZippedArtifact;

use super::SHA256SUMS;
use sums::Form;
use tree::Tree;

/// What a verification needs beside the files.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    /// The number of threads that read; `None` for as many as the machine has.
    pub threads: Option<usize>,
    /// The keys that the caller trusts. With one, a signature by one of them is insisted on.
    #[cfg(feature = "signing")]
    pub public_keys: Vec<crate::research::signing::PublicKey>,
    /// The authorities that the caller trusts. With some, a timestamp by one of them is insisted on.
    #[cfg(feature = "signing")]
    pub authorities: Option<crate::research::signing::timestamp::TrustAnchors>,
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
            zip::Archive::open_file(path, found.len()).map_err(|error| not_a_zip(path, error))?;
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

fn not_a_zip(path: &Path, error: zip::NotAZip) -> VerifyError {
    match error {
        zip::NotAZip::Io(source) => FileError::at("read", path)(source).into(),
        zip::NotAZip::Form(reason) => VerifyError::NotAZip {
            path: path.to_owned(),
            reason,
        },
    }
}

/// Where among the files those of the artifact are.
struct Place {
    /// The folder that holds everything, with the `/` behind it; empty where there is none.
    top: String,
    is_bag: bool,
    /// Whether there are checksums or a bag's declaration.
    is_known: bool,
}

impl Place {
    /// What stands before the names of the artifact's files.
    fn prefix(&self) -> String {
        if self.is_bag {
            format!("{}{}", self.top, bag::PAYLOAD)
        } else {
            self.top.clone()
        }
    }
}

fn place(tree: &Tree) -> Place {
    let has = |name: &str| tree.entries().iter().any(|entry| entry.path == name);
    let known = |folder: &str| {
        has(&format!("{folder}{}", bag::DECLARATION)) || has(&format!("{folder}{SHA256SUMS}"))
    };
    let top = if matches!(tree, Tree::Zip(_)) && !known("") {
        one_folder(tree)
            .filter(|folder| known(folder))
            .unwrap_or_default()
    } else {
        String::new()
    };
    Place {
        is_bag: has(&format!("{top}{}", bag::DECLARATION)),
        is_known: known(&top),
        top,
    }
}

fn verify_tree(
    tree: &Tree,
    options: &VerifyOptions,
    path: &Path,
    problems: Vec<Problem>,
) -> Result<Verified, VerifyError> {
    let is_zip = matches!(tree, Tree::Zip(_));
    let place = place(tree);
    let prefix = place.prefix();
    let prefix = prefix.as_str();
    let Place {
        top,
        is_bag,
        is_known,
    } = place;
    let is_damaged_zip = tree.entries().is_empty() && !problems.is_empty();
    if !is_known && !is_damaged_zip {
        return Err(VerifyError::NotAnArtifact {
            path: path.to_owned(),
        });
    }
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
            || is_bag && bag::is_tag_file(path.strip_prefix(&top).unwrap_or_default())
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
        let found = bag::check(&top, &all, &sizes, &kept);
        report.problems.extend(found);
    }
    let mut crate_files = content::Files::default();
    for (path, sha256) in &all {
        let Some(name) = path.strip_prefix(prefix) else {
            // In a bag, its manifests say whether it belongs there.
            continue;
        };
        let size = sizes.get(path).copied().unwrap_or_default();
        crate_files.add(name, *sha256, size, kept.remove(path));
    }
    let listed = check_sums(&crate_files, prefix, &mut report);
    #[cfg(feature = "signing")]
    {
        check_signatures(&crate_files, &listed, prefix, options, &mut report);
        if is_zip {
            check_zip_signatures(path, options, &mut report);
        }
        signatures::check_wanted(options, &mut report);
    }
    let told = files::told(&crate_files.digests(), &listed);
    let (session, chain) = content::check(&crate_files, prefix, options, &told, &mut report);
    Ok(Verified {
        report,
        session,
        chain,
    })
}

/// The folder against its `SHA256SUMS`.
fn check_sums(files: &content::Files, prefix: &str, report: &mut Report) -> sums::Sums {
    let Some(bytes) = files.bytes(SHA256SUMS) else {
        report.problems.push(Problem::new(
            ProblemKind::Missing,
            format!("{prefix}{SHA256SUMS}"),
            "an artifact folder has its checksums in it",
        ));
        return sums::Sums::default();
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
    list
}

/// The folder at the top that holds everything, with the `/` behind it.
fn one_folder(tree: &Tree) -> Option<String> {
    let first = tree.entries().first()?;
    let (folder, _) = first.path.split_once('/')?;
    let folder = format!("{folder}/");
    let all = tree.entries().iter();
    all.map(|entry| entry.path.as_str())
        .all(|path| path.starts_with(&folder))
        .then_some(folder)
}

/// The signatures of the checksums, which stand in the folder.
#[cfg(feature = "signing")]
fn check_signatures(
    files: &content::Files,
    listed: &sums::Sums,
    prefix: &str,
    options: &VerifyOptions,
    report: &mut Report,
) {
    let Some((bytes, sha256)) = files.bytes(SHA256SUMS).zip(files.sha256(SHA256SUMS)) else {
        return;
    };
    let there = SIGNATURE_ENDINGS.into_iter().filter_map(|ending| {
        let bytes = files.bytes(&format!("{SHA256SUMS}{ending}"))?;
        Some((ending, bytes.to_vec()))
    });
    let signed = signatures::Signed {
        name: format!("{prefix}{SHA256SUMS}"),
        sha256,
        open: &|| Ok(Box::new(bytes)),
        subjects: Some(&listed.0),
    };
    signatures::check(&signed, &there.collect(), options, report);
}

/// The signatures of a zip, which stand beside it.
#[cfg(feature = "signing")]
fn check_zip_signatures(path: &Path, options: &VerifyOptions, report: &mut Report) {
    let beside = |ending: &str| {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(ending);
        path.with_file_name(name)
    };
    let limits = crate::bridge::Limits {
        max_bytes: MAX_SIGNATURE_BYTES,
        ..crate::bridge::Limits::default()
    };
    let mut there = BTreeMap::new();
    for ending in SIGNATURE_ENDINGS {
        let path = beside(ending);
        if fs::symlink_metadata(&path).is_err() {
            continue;
        }
        match crate::bridge::load(&path, limits) {
            Ok((bytes, _)) => {
                there.insert(ending, bytes);
            }
            Err(error) => report.problems.push(Problem::new(
                ProblemKind::Signature,
                path.to_string_lossy(),
                content::cause(&error),
            )),
        }
    }
    if there.is_empty() {
        return;
    }
    let open = || fs::File::open(path).map(|file| Box::new(file) as Box<dyn std::io::Read>);
    let sha256 = match open().and_then(scan::digest) {
        Ok(sha256) => sha256,
        Err(error) => {
            return report.problems.push(Problem::new(
                ProblemKind::Signature,
                "",
                format!("the zip cannot be read again: {error}"),
            ));
        }
    };
    let signed = signatures::Signed {
        name: path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        sha256,
        open: &open,
        subjects: None,
    };
    signatures::check(&signed, &there, options, report);
}

/// The largest signature or timestamp that is read.
#[cfg(feature = "signing")]
const MAX_SIGNATURE_BYTES: u64 = 64 << 20;

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

/// For the fuzz target of metadata: each metadata file, with `bytes` as its content.
#[cfg(fuzzing)]
pub fn fuzz_content(bytes: &[u8]) {
    let mut report = Report::new(SubjectKind::Folder);
    for path in content::METADATA {
        let mut files = content::Files::default();
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        files.add(
            path,
            Some(Sha256Hash::of(bytes)),
            size,
            Some(bytes.to_vec()),
        );
        drop(content::check(
            &files,
            "",
            &VerifyOptions::default(),
            &std::collections::BTreeSet::new(),
            &mut report,
        ));
    }
    drop(report.sorted());
}
