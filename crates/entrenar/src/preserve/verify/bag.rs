//! BagIt 1.0 (RFC 8493): the payload in `data/` and the files that describe it.

use std::collections::BTreeMap;

use crate::session::Sha256Hash;

use super::files;
use super::report::{Problem, ProblemKind};
use super::sums::{self, Form};

/// The file that makes a folder a bag.
pub(super) const DECLARATION: &str = "bagit.txt";
/// The folder that holds the payload.
pub(super) const PAYLOAD: &str = "data/";
const INFO: &str = "bag-info.txt";
const MANIFEST: &str = "manifest-sha256.txt";
const TAG_MANIFEST: &str = "tagmanifest-sha256.txt";
const DECLARED: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

/// Whether the bytes of the file are wanted.
pub(super) fn is_tag_file(path: &str) -> bool {
    [DECLARATION, INFO, MANIFEST, TAG_MANIFEST].contains(&path)
}

/// Checks declaration, both manifests and the size that `bag-info.txt` states.
///
/// `top` is the folder that is the bag, with the `/` behind it.
pub(super) fn check(
    top: &str,
    all: &BTreeMap<&str, Option<Sha256Hash>>,
    sizes: &BTreeMap<&str, u64>,
    kept: &BTreeMap<&str, Vec<u8>>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let kept = |name: &str| kept.get(format!("{top}{name}").as_str());
    if kept(DECLARATION).is_some_and(|bytes| bytes != DECLARED.as_bytes()) {
        problems.push(Problem::new(
            ProblemKind::Format,
            format!("{top}{DECLARATION}"),
            "it is not the declaration of BagIt 1.0 in UTF-8",
        ));
    }
    let (payload, tags): (BTreeMap<_, _>, BTreeMap<_, _>) = all
        .iter()
        .filter_map(|(path, hash)| Some((path.strip_prefix(top)?, *hash)))
        .partition(|(path, _)| path.starts_with(PAYLOAD));
    for (manifest, there) in [(MANIFEST, &payload), (TAG_MANIFEST, &tags)] {
        let Some(bytes) = kept(manifest) else {
            problems.push(Problem::new(
                ProblemKind::Missing,
                format!("{top}{manifest}"),
                "a bag of entrenar has this file",
            ));
            continue;
        };
        let (list, found) = sums::parse(&format!("{top}{manifest}"), bytes, Form::BagIt);
        problems.extend(found);
        problems.extend(files::compare(there, &list, top, |path| {
            path == TAG_MANIFEST
        }));
    }
    let bytes: u64 = payload
        .keys()
        .filter_map(|path| sizes.get(format!("{top}{path}").as_str()))
        .sum();
    let oxum = format!("{bytes}.{}", payload.len());
    match kept(INFO).map(|info| String::from_utf8_lossy(info)) {
        None => problems.push(Problem::new(
            ProblemKind::Missing,
            format!("{top}{INFO}"),
            "a bag of entrenar has this file",
        )),
        Some(info) => {
            let stated: Vec<_> = info
                .lines()
                .filter_map(|line| line.strip_prefix("Payload-Oxum: "))
                .collect();
            if stated != [oxum.as_str()] {
                problems.push(
                    Problem::new(
                        ProblemKind::Disagrees,
                        format!("{top}{INFO}"),
                        format!(
                            "its Payload-Oxum is {}, and should be {oxum}",
                            stated.join(", ")
                        ),
                    )
                    .at("Payload-Oxum"),
                );
            }
        }
    }
    problems
}
