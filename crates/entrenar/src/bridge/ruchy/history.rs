//! `repl_history.txt`: the inputs of the REPL, as rustyline keeps them.
//!
//! Version 2 begins with the line `#V2` and writes a line break inside an entry as `\n` and a
//! backslash as `\\`; without that line, entries stand as they are. Ruchy keeps the last 100
//! entries, drops repeated ones and those that begin with a space, and writes no output and no
//! time.

use crate::session::{Place, WarningKind};

use super::raw::Warnings;
use super::session::{RuchyCell, RuchySession};

/// Reads a history; every text is one.
pub(super) fn read(text: &str, warnings: &mut Warnings) -> RuchySession {
    let (escaped, entries) = match text.strip_prefix("#V2") {
        Some(rest) if rest.is_empty() || rest.starts_with(['\n', '\r']) => (true, rest),
        _ => (false, text),
    };
    let cells: Vec<RuchyCell> = entries
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| match escaped {
            true => RuchyCell::new(unescape(line)),
            false => RuchyCell::new(line),
        })
        .collect();
    warnings.add(
        WarningKind::Missing,
        Place::default(),
        "an input history holds inputs only: no outputs, no times, not which inputs failed; \
         repeated inputs, those that begin with a space and all but the last 100 may be missing",
    );
    RuchySession {
        cells,
        ..RuchySession::default()
    }
}

/// Undoes rustyline's escapes; any other backslash stands for itself.
fn unescape(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('\\') {
        let (plain, tail) = rest.split_at(at);
        text.push_str(plain);
        let (c, length) = match tail.as_bytes() {
            [_, b'n', ..] => ('\n', 2),
            [_, b'\\', ..] => ('\\', 2),
            _ => ('\\', 1),
        };
        text.push(c);
        rest = tail.get(length..).unwrap_or_default();
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_version_2_are_undone() {
        assert_eq!(unescape(r"f() {\n    \\x \t\"), "f() {\n    \\x \\t\\");
        let sources = |text: &str| -> Vec<String> {
            let session = read(text, &mut Warnings::default());
            session.cells.into_iter().map(|cell| cell.source).collect()
        };
        assert_eq!(sources("#V2\na\\nb\n:quit\n"), ["a\nb", ":quit"]);
        assert_eq!(sources("a\\nb\n#V2\n"), ["a\\nb", "#V2"]);
        assert_eq!(sources("#V2"), [""; 0]);
    }
}
