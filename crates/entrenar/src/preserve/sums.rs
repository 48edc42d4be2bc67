//! `SHA256SUMS` in the form of GNU coreutils, which `sha256sum -c` reads.

use std::fmt::Write as _;

use crate::session::Sha256Hash;

use super::file::Digest;

/// A line for each file, in the order of the files.
///
/// As in GNU coreutils, a name with a backslash or a line break has them escaped, and its line
/// begins with a backslash.
pub(super) fn text<'a>(files: impl IntoIterator<Item = (&'a str, Digest)>) -> String {
    let mut text = String::new();
    for (path, digest) in files {
        let escaped = escaped(path);
        let mark = if escaped == path { "" } else { "\\" };
        let _infallible = writeln!(text, "{mark}{}  {escaped}", digest.sha256);
    }
    text
}

/// The size of the list of those paths.
pub(super) fn size<'a>(paths: impl IntoIterator<Item = &'a str>) -> u64 {
    const DIGEST_AND_SPACES: usize = 64 + 2;
    let size: usize = paths
        .into_iter()
        .map(|path| {
            let escaped = escaped(path);
            DIGEST_AND_SPACES + usize::from(escaped != path) + escaped.len() + 1
        })
        .sum();
    u64::try_from(size).unwrap_or(u64::MAX)
}

fn escaped(path: &str) -> String {
    path.replace('\\', "\\\\")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
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
        let files = ["a", "b\\n c", "d\ne"];
        let text = text(files.map(|path| (path, Digest::of(path.as_bytes()))));
        let read = parse(&text);
        let paths: Vec<_> = read.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, files);
        assert!(text.lines().count() == 3);
        assert_eq!(size(files), u64::try_from(text.len()).unwrap());
    }
}
