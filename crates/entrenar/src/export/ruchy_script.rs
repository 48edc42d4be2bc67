//! The cells of a Ruchy session as a script that `ruchy FILE` runs.
//!
//! What ran without an error stands as code, in the order in which it ran. REPL commands, cells
//! that failed and cells that were never finished stand as comments.

use crate::session::{CellRecord, CodeCell, EntrenarSession, SourceFormat};

/// Whether the session's cells are Ruchy code.
pub fn is_ruchy(session: &EntrenarSession) -> bool {
    let by_format = session
        .source
        .as_ref()
        .is_some_and(|source| source.format.is_ruchy());
    let metadata = &session.document.metadata;
    let named = |object: &str, field: &str| {
        metadata
            .get(object)
            .and_then(|value| value.get(field)?.as_str())
            .is_some_and(|name| name.eq_ignore_ascii_case("ruchy"))
    };
    by_format
        || named("kernelspec", "name")
        || named("kernelspec", "language")
        || named("language_info", "name")
}

/// The script.
///
/// Ruchy 4.2.1 refuses an empty program, an empty statement and a statement that begins with a
/// bracket right behind an expression; a unit value and semicolons are set accordingly.
pub fn script(session: &EntrenarSession) -> Vec<u8> {
    let mut out = String::new();
    comment(&mut out, &session.name);
    comment(
        &mut out,
        "The cells of a Ruchy session in the order in which they ran; run it with `ruchy FILE`.",
    );
    comment(
        &mut out,
        "REPL commands and cells that failed or were never finished are comments.",
    );
    let format = session.source.as_ref().map(|source| source.format);
    let mut before: Option<char> = None;
    for (cell, record) in session.cells() {
        if cell.source.trim().is_empty() {
            continue;
        }
        let order = cell.execution_order;
        let state = state(cell, record, format);
        let code = cell.source.replace("\r\n", "\n").replace('\r', "\n");
        let (first, last) = ends(&code);
        if matches!(state, State::Ran)
            && before.is_some_and(|c| c != ';')
            && first.is_some_and(continues)
        {
            out.push_str(";\n");
        }
        out.push('\n');
        match state {
            State::Ran => {
                comment(&mut out, &format!("cell {order}"));
                out.push_str(code.trim_end());
                out.push('\n');
                before = last.or(before);
            }
            State::Command => commented(&mut out, cell, &format!("cell {order}, a REPL command:")),
            State::Unfinished => {
                commented(&mut out, cell, &format!("cell {order} was not finished:"));
            }
            State::Failed(message) => {
                commented(&mut out, cell, &format!("cell {order} failed ({message}):"));
            }
        }
    }
    if before.is_none() {
        out.push_str("\n// Nothing ran; a program cannot be empty.\n()\n");
    }
    out.into_bytes()
}

enum State<'a> {
    Ran,
    Command,
    Unfinished,
    Failed(&'a str),
}

fn state<'a>(
    cell: &CodeCell,
    record: Option<&'a CellRecord>,
    format: Option<SourceFormat>,
) -> State<'a> {
    if cell.source.trim_start().starts_with(':') {
        return State::Command;
    }
    let Some(record) = record else {
        return State::Ran;
    };
    if let Some(error) = &record.error {
        return State::Failed(&error.message);
    }
    let ended = !record.outputs.is_empty()
        || record.ended_at.is_some()
        || record.execution_count.is_some()
        || cell.duration_ms.is_some();
    match format {
        // A history holds inputs alone and does not tell; an audit stream holds evaluations
        // that ended alone.
        None | Some(SourceFormat::RuchyHistory | SourceFormat::RuchyAudit) => State::Ran,
        Some(_) if ended => State::Ran,
        Some(_) => State::Unfinished,
    }
}

fn commented(out: &mut String, cell: &CodeCell, heading: &str) {
    comment(out, heading);
    for line in cell.source.trim_end().lines() {
        comment(out, line);
    }
}

/// A comment of one line, whatever the text holds.
fn comment(out: &mut String, text: &str) {
    let line: String = text
        .chars()
        .map(|c| {
            if c == '\t' || !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}') {
                c
            } else {
                ' '
            }
        })
        .collect();
    out.push_str("// ");
    out.push_str(line.trim_end());
    out.push('\n');
}

/// Whether a line that begins with this character could continue the expression before it.
fn continues(c: char) -> bool {
    c.is_ascii_punctuation() && !matches!(c, '"' | '\'' | '_' | '#' | '@')
}

/// The first and the last character that is neither white space nor in a comment.
fn ends(code: &str) -> (Option<char>, Option<char>) {
    let (mut first, mut last) = (None, None);
    let mut chars = code.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_whitespace() {
            continue;
        }
        match (c, chars.peek()) {
            ('/', Some('/')) => {
                while chars.next_if(|c| *c != '\n').is_some() {}
                continue;
            }
            ('/', Some('*')) => {
                let mut previous = ' ';
                chars.next();
                for c in chars.by_ref() {
                    if previous == '*' && c == '/' {
                        break;
                    }
                    previous = c;
                }
                continue;
            }
            ('"', _) => {
                while let Some(inside) = chars.next() {
                    match inside {
                        '\\' => drop(chars.next()),
                        '"' => break,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        first = first.or(Some(c));
        last = Some(c);
    }
    (first, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_code_are_found_outside_comments_and_texts() {
        assert_eq!(ends("let a = 1; // b\n/* c */"), (Some('l'), Some(';')));
        assert_eq!(ends("\"// no comment; \\\"\""), (Some('"'), Some('"')));
        assert_eq!(ends("// only\n"), (None, None));
        assert_eq!(ends("[1] // x"), (Some('['), Some(']')));
    }
}
