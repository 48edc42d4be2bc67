//! File names that are safe on every system.

use crate::session::{EntrenarSession, SourceFormat};

/// The folder that holds the source document.
pub(super) const SOURCE_FOLDER: &str = "source";

/// Longest name in bytes; common file systems allow 255.
const LONGEST: usize = 200;

/// The file name for the session's source document: its own, with what a file system or a shell
/// could take for something else replaced by `_`.
pub(super) fn of_source(session: &EntrenarSession) -> String {
    let source = session.source.as_ref();
    let original = source.and_then(|source| source.name.as_deref());
    let safe = safe_file_name(original.unwrap_or_default());
    if !safe.is_empty() {
        return safe;
    }
    let extension = match source.map(|source| source.format) {
        Some(SourceFormat::Jupyter) => "ipynb",
        Some(SourceFormat::RuchyReplay) => "replay",
        Some(SourceFormat::RuchyNotebook) => "rnb",
        Some(SourceFormat::RuchyAudit) => "jsonl",
        Some(SourceFormat::RuchyHistory) => "txt",
        Some(SourceFormat::SessionJson) => "json",
        None => "bin",
    };
    format!("source.{extension}")
}

/// A name for a file or folder made of `name`: one part, no control characters, no leading dash,
/// short enough for common file systems. Empty where nothing is left of it.
pub fn safe_file_name(name: &str) -> String {
    let replaced: String = name
        .chars()
        .map(|c| match c {
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => '_',
            c if c.is_control() => '_',
            c => c,
        })
        .collect();
    let trimmed = replaced.trim().trim_end_matches('.');
    if trimmed.chars().all(|c| c == '.' || c == '_') {
        return String::new();
    }
    let trimmed = trimmed
        .strip_prefix('-')
        .map_or_else(|| trimmed.to_owned(), |rest| format!("_{rest}"));
    let trimmed = match is_reserved(&trimmed) {
        true => format!("_{trimmed}"),
        false => trimmed,
    };
    shortened(&trimmed)
}

/// Whether Windows takes the name for a device, whatever its extension.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let numbered = |prefix: &str| {
        stem.get(..3)
            .is_some_and(|head| head.eq_ignore_ascii_case(prefix))
            && stem.get(3..).is_some_and(|tail| {
                matches!(tail, "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9")
            })
    };
    ["con", "prn", "aux", "nul"]
        .iter()
        .any(|device| stem.eq_ignore_ascii_case(device))
        || numbered("com")
        || numbered("lpt")
}

/// Cuts a long name in its middle, so that the extension stays.
fn shortened(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if extension.len() <= 16 => (stem, format!(".{extension}")),
        _ => (name, String::new()),
    };
    let room = LONGEST - extension.len();
    let mut end = room.min(stem.len());
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{extension}", stem.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_is_dangerous_and_keep_the_rest() {
        for (name, expected) in [
            ("Übung 1 (final).ipynb", "Übung 1 (final).ipynb"),
            ("../../etc/passwd", ".._.._etc_passwd"),
            ("a\nb\u{1b}.replay", "a_b_.replay"),
            ("-rf", "_rf"),
            ("..", ""),
            ("/", ""),
            ("", ""),
            ("x. ", "x"),
            ("aux.tar.gz", "_aux.tar.gz"),
            ("Com1", "_Com1"),
            ("com10.txt", "com10.txt"),
            ("consul", "consul"),
        ] {
            assert_eq!(safe_file_name(name), expected, "{name:?}");
        }
        let long = safe_file_name(&format!("{}.ipynb", "ä".repeat(300)));
        assert!(long.len() <= LONGEST && long.ends_with("ä.ipynb"));
    }
}
