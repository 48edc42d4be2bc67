//! Lists of checksums, read strictly: `SHA256SUMS` in the form of GNU coreutils ("sha2
//! utilities": a digest, two spaces, a name; a backslash before the line if the name has
//! escapes) and the manifests of BagIt (RFC 8493, section 2.1.3).

use std::collections::BTreeMap;

use crate::session::Sha256Hash;

use super::report::{Problem, ProblemKind};

/// Problems of one list that are told.
const PROBLEMS: usize = 100;

/// How names are written in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// GNU coreutils: `\\`, `\n`, `\r` in a line that begins with a backslash.
    Coreutils,
    /// BagIt: `%25`, `%0A`, `%0D`.
    BagIt,
}

/// The digests of a list, by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sums(pub(super) BTreeMap<String, Sha256Hash>);

/// Reads the list in `file`. Lines that are not in their form, names that leave the folder, names
/// that come twice, and an order that is not that of the names' bytes are problems; the rest
/// of the list is used.
pub(super) fn parse(file: &str, bytes: &[u8], form: Form) -> (Sums, Vec<Problem>) {
    let mut sums = Sums::default();
    let mut problems = Vec::new();
    let mut last: Option<String> = None;
    let mut add = |number: usize, message: &str| {
        if problems.len() < PROBLEMS {
            problems.push(
                Problem::new(ProblemKind::Checksums, file, message).at(format!("line {number}")),
            );
        }
    };
    for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let number = index + 1;
        let Some(line) = line.strip_suffix(b"\n") else {
            add(number, "the last line does not end");
            break;
        };
        let Ok(line) = std::str::from_utf8(line) else {
            add(number, "the line is not UTF-8");
            continue;
        };
        let (hash, path) = match entry(line, form) {
            Ok(entry) => entry,
            Err(message) => {
                add(number, message);
                continue;
            }
        };
        if let Some(message) = unsafe_path(&path) {
            add(number, message);
            continue;
        }
        if last.as_ref().is_some_and(|last| *last >= path) {
            add(number, "the lines are not in the order of the names");
        }
        if sums.0.insert(path.clone(), hash).is_some() {
            add(number, "the name comes twice");
        }
        last = Some(path);
    }
    (sums, problems)
}

fn entry(line: &str, form: Form) -> Result<(Sha256Hash, String), &'static str> {
    let marked = match form {
        Form::Coreutils => line.strip_prefix('\\'),
        Form::BagIt => None,
    };
    let (digits, escaped) = marked
        .unwrap_or(line)
        .split_once("  ")
        .ok_or("the line is not a SHA-256, two spaces and a name")?;
    if digits.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err("the SHA-256 is not in lower-case hexadecimal digits");
    }
    let hash = digits
        .parse()
        .map_err(|_error| "the line does not begin with a SHA-256")?;
    let path = match form {
        Form::Coreutils => match marked {
            Some(_) => unescaped(escaped)?,
            None => escaped.to_owned(),
        },
        Form::BagIt => escaped
            .replace("%0A", "\n")
            .replace("%0D", "\r")
            .replace("%25", "%"),
    };
    let written = match form {
        Form::Coreutils => path
            .replace('\\', "\\\\")
            .replace('\n', "\\n")
            .replace('\r', "\\r"),
        Form::BagIt => path
            .replace('%', "%25")
            .replace('\n', "%0A")
            .replace('\r', "%0D"),
    };
    if written != escaped || (form == Form::Coreutils && marked.is_some() == (written == path)) {
        return Err("the name is not escaped as it should be");
    }
    Ok((hash, path))
}

fn unescaped(path: &str) -> Result<String, &'static str> {
    let mut out = String::with_capacity(path.len());
    let mut chars = path.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next() {
                Some('\\') => '\\',
                Some('n') => '\n',
                Some('r') => '\r',
                _ => return Err("the name has an escape that is none"),
            },
            c => c,
        });
    }
    Ok(out)
}

/// Why a path must not be followed inside a folder; `None` if it may.
pub(super) fn unsafe_path(path: &str) -> Option<&'static str> {
    let bytes = path.as_bytes();
    if path.is_empty() {
        return Some("the name is empty");
    }
    if path.len() > 4096 {
        return Some("the name is longer than any system allows");
    }
    if path.contains('\0') {
        return Some("the name has a NUL character");
    }
    if path.starts_with(['/', '\\']) || bytes.get(1) == Some(&b':') && bytes.len() > 2 {
        return Some("the name is an absolute path");
    }
    let parts = || path.split(['/', '\\']);
    if parts().any(|part| part == "..") {
        return Some("the name climbs out of the folder");
    }
    if path.split('/').any(|part| part.is_empty() || part == ".") {
        return Some("the name has an empty part");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn problems(text: &str) -> Vec<String> {
        let (_, problems) = parse("SHA256SUMS", text.as_bytes(), Form::Coreutils);
        problems
            .into_iter()
            .map(|problem| format!("{}: {}", problem.place, problem.message))
            .collect()
    }

    #[test]
    fn a_good_list_is_read_and_others_are_told() {
        let text = format!("{A}  a\n\\{A}  b\\\\c\\nd\n{A}  z/y\n");
        let (sums, found) = parse("SHA256SUMS", text.as_bytes(), Form::Coreutils);
        assert_eq!(found, []);
        let names: Vec<_> = sums.0.keys().collect();
        assert_eq!(names, ["a", "b\\c\nd", "z/y"]);
        for (text, message) in [
            (format!("{A}  a"), "line 1: the last line does not end"),
            (
                format!("{A} *a\n"),
                "line 1: the line is not a SHA-256, two spaces and a name",
            ),
            (
                format!("{A}  b\n{A}  a\n"),
                "line 2: the lines are not in the order of the names",
            ),
            (
                format!("{A}  a\n\n"),
                "line 2: the line is not a SHA-256, two spaces and a name",
            ),
            (
                format!("{A}  /etc/passwd\n"),
                "line 1: the name is an absolute path",
            ),
            (
                format!("{A}  a/../../b\n"),
                "line 1: the name climbs out of the folder",
            ),
            (
                format!("\\{A}  ..\\\\b\n"),
                "line 1: the name climbs out of the folder",
            ),
            (
                format!("\\{A}  C:\\\\b\n"),
                "line 1: the name is an absolute path",
            ),
            (format!("{A}  a//b\n"), "line 1: the name has an empty part"),
            (
                format!("\\{A}  ab\n"),
                "line 1: the name is not escaped as it should be",
            ),
            (format!("{A}  \n"), "line 1: the name is empty"),
            (
                A.to_uppercase() + "  a\n",
                "line 1: the SHA-256 is not in lower-case hexadecimal digits",
            ),
        ] {
            assert_eq!(
                problems(&text).first().map(String::as_str),
                Some(message),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_manifest_of_bagit_escapes_with_per_cent() {
        let text = format!("{A}  data/100%25.txt\n{A}  data/a%0Ab\n");
        let (sums, found) = parse("manifest-sha256.txt", text.as_bytes(), Form::BagIt);
        assert_eq!(found, []);
        let names: Vec<_> = sums.0.keys().collect();
        assert_eq!(names, ["data/100%.txt", "data/a\nb"]);
    }
}
