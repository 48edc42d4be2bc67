//! The form in which entrenar writes a zip.

use super::directory::Directory;
use super::{Bytes, Problem, ProblemKind};

/// Length of the record that ends a zip, and of those before it where there is Zip64.
const END: u64 = 22;
const END_64: u64 = 56 + 20;

/// Compares the bytes outside the files with those that entrenar writes.
pub(super) fn check(
    bytes: &Bytes,
    directory: &Directory,
    problems: &mut Vec<Problem>,
    _notes: &mut Vec<String>,
) {
    let tail = bytes.length() - directory.end;
    if ![END, END + END_64].contains(&(tail - directory.comment)) {
        problems.push(
            Problem::new(
                ProblemKind::Layout,
                "",
                "there are bytes behind the directory that belong to nothing",
            )
            .at(format!("byte {}", directory.end)),
        );
    }
}
