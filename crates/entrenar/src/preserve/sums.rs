//! `SHA256SUMS` in the form of GNU coreutils, which `sha256sum -c` reads.

use std::fmt::Write as _;

use crate::session::Sha256Hash;

use super::ArtifactFile;

/// A line for each file, in the order of `files`.
///
/// As in GNU coreutils, a name with a backslash or a line break has them escaped, and its line
/// begins with a backslash.
pub(super) fn text(files: &[ArtifactFile]) -> String {
    let mut text = String::new();
    for file in files {
        let escaped = file
            .path
            .replace('\\', "\\\\")
            .replace('\n', "\\n")
            .replace('\r', "\\r");
        let mark = if escaped == file.path { "" } else { "\\" };
        let hash = Sha256Hash::of(&file.bytes);
        let _infallible = writeln!(text, "{mark}{hash}  {escaped}");
    }
    text
}

/// Paths and digests of a list that [`text`] wrote; lines of another form are skipped.
pub(super) fn parse(text: &str) -> Vec<(String, Sha256Hash)> {
    text.lines()
        .filter_map(|line| {
            let escaped = line.strip_prefix('\\');
            let (hash, path) = escaped.unwrap_or(line).split_once("  ")?;
            let path = if escaped.is_some() {
                unescaped(path)
            } else {
                path.to_owned()
            };
            Some((path, hash.parse().ok()?))
        })
        .collect()
}

fn unescaped(path: &str) -> String {
    let mut out = String::new();
    let mut chars = path.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some(other) => out.push(other),
                None => {}
            },
            (c, false) => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_survive() {
        let files = ["a", "b\\n c", "d\ne"].map(|path| ArtifactFile {
            path: path.into(),
            bytes: path.into(),
        });
        let read = parse(&text(&files));
        let paths: Vec<_> = read.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["a", "b\\n c", "d\ne"]);
        assert!(text(&files).lines().count() == 3);
    }
}
