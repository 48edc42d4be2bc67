//! Whether all files are there, each with its bytes, and none beside.

use std::collections::{BTreeMap, BTreeSet};

use crate::session::Sha256Hash;

use super::report::{Problem, ProblemKind};
use super::sums::Sums;

/// Compares the files that are there, by path below the list's folder, with a list of
/// checksums in `list`.
///
/// `unlisted` says which files need not be listed.
pub(super) fn compare(
    there: &BTreeMap<&str, Option<Sha256Hash>>,
    list: &Sums,
    prefix: &str,
    unlisted: impl Fn(&str) -> bool,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut missing = BTreeSet::new();
    for (path, expected) in &list.0 {
        match there.get(path.as_str()) {
            None => {
                missing.insert(path.as_str());
            }
            Some(Some(found)) if found != expected => problems.push(
                Problem::new(
                    ProblemKind::Changed,
                    format!("{prefix}{path}"),
                    format!("its SHA-256 is {found}, and should be {expected}"),
                )
                .hint("restore it from a copy that verifies"),
            ),
            // One that cannot be read was told.
            Some(_) => {}
        }
    }
    let mut added: Vec<_> = there
        .iter()
        .filter(|(path, _)| !list.0.contains_key(**path) && !unlisted(path))
        .collect();
    // A file that is missing and one that was added with the same bytes are one that was renamed.
    added.retain(|(path, found)| {
        let before = missing
            .iter()
            .copied()
            .find(|missing| found.is_some() && list.0.get(*missing) == found.as_ref());
        let Some(before) = before else { return true };
        missing.remove(before);
        problems.push(
            Problem::new(
                ProblemKind::Renamed,
                format!("{prefix}{path}"),
                format!("it was {before:?} when the checksums were made"),
            )
            .hint(format!("rename it to {before:?}")),
        );
        false
    });
    problems.extend(added.into_iter().map(|(path, _)| {
        Problem::new(
            ProblemKind::Added,
            format!("{prefix}{path}"),
            "the checksums do not list it",
        )
        .hint("remove it, or do not trust it")
    }));
    problems.extend(missing.into_iter().map(|path| {
        Problem::new(
            ProblemKind::Missing,
            format!("{prefix}{path}"),
            "the checksums list it, and it is not there",
        )
        .hint("restore it from a copy that verifies")
    }));
    problems
}

/// The files of which [`compare`] tells: the checks of their content need not tell again.
pub(super) fn told(there: &BTreeMap<&str, Option<Sha256Hash>>, list: &Sums) -> BTreeSet<String> {
    if list.0.is_empty() {
        return BTreeSet::new();
    }
    let listed = list
        .0
        .iter()
        .filter(|(path, hash)| there.get(path.as_str()).copied().flatten().as_ref() != Some(*hash));
    let added = there.keys().filter(|path| !list.0.contains_key(**path));
    listed
        .map(|(path, _)| path.clone())
        .chain(added.map(|path| (*path).to_owned()))
        .collect()
}
