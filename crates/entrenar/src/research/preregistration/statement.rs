//! The text that is signed and stamped: one fact a line.

use crate::research::signing::{hex, unhex};

use super::{PreregistrationError, SECTION_LIMIT, sha256};

pub(super) const HEADER: &str = "entrenar preregistration 1";
const WHAT: &str = "preregistration";

/// What a statement says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) title: Option<String>,
    pub(super) authors: Vec<String>,
    /// Names and commitments, in the order of the plan.
    pub(super) sections: Vec<(String, [u8; 32])>,
    /// The commitment to all lines above it, as the statement has it.
    pub(super) whole: [u8; 32],
}

/// The text for these facts.
pub(super) fn text(
    title: Option<&str>,
    authors: &[String],
    sections: &[(String, [u8; 32])],
) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut text = format!("{HEADER}\n");
    let mut line = |kind: &str, rest: String| {
        text.push_str(kind);
        text.push(' ');
        text.push_str(&rest);
        text.push('\n');
    };
    if let Some(title) = title {
        line("title", quoted(title));
    }
    for author in authors {
        line("author", quoted(author));
    }
    for (name, digest) in sections {
        line("section", format!("{} {}", quoted(name), hex(digest)));
    }
    let whole = hex(&whole(&text));
    text.push_str(&format!("whole {whole}\n"));
    text
}

/// The commitment to all lines above the last.
pub(super) fn whole(lines: &str) -> [u8; 32] {
    sha256(&[b"entrenar preregistration whole 1\0", lines.as_bytes()])
}

/// The lines of a statement above the last.
pub(super) fn above_whole(statement: &str) -> &str {
    let end = statement
        .trim_end_matches('\n')
        .rfind('\n')
        .map_or(0, |at| at + 1);
    statement.get(..end).unwrap_or_default()
}

/// Reads a statement.
pub(super) fn parse(statement: &str) -> Result<Statement, PreregistrationError> {
    let bad = |line: usize, reason: &str| {
        PreregistrationError::malformed(WHAT, format!("line {line} of the statement"), reason)
    };
    let Some(body) = statement.strip_suffix('\n') else {
        return Err(bad(1, "the statement does not end with a line end"));
    };
    let mut lines = body.split('\n').zip(1..);
    if lines.next().is_none_or(|(line, _)| line != HEADER) {
        return Err(bad(1, "this should be `entrenar preregistration 1`"));
    }
    let (mut title, mut authors, mut sections) = (None, Vec::new(), Vec::new());
    let mut whole = None;
    for (line, number) in lines {
        if whole.is_some() {
            return Err(bad(number, "nothing should follow `whole`"));
        }
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        let quoted = |text: &str| {
            serde_json::from_str::<String>(text)
                .map_err(|_json| bad(number, "the text is not in quotes"))
        };
        match kind {
            "title" if title.is_none() && authors.is_empty() && sections.is_empty() => {
                title = Some(quoted(rest)?);
            }
            "author" if sections.is_empty() => authors.push(quoted(rest)?),
            "section" => {
                let (name, digest) = rest
                    .rsplit_once(' ')
                    .ok_or_else(|| bad(number, "a section has a name and a digest"))?;
                let name = quoted(name)?;
                let digest = unhex(digest)
                    .ok_or_else(|| bad(number, "a digest is 64 lower-case hexadecimal digits"))?;
                if sections.iter().any(|(other, _)| *other == name) {
                    return Err(bad(number, "this section is there twice"));
                }
                if sections.len() == SECTION_LIMIT {
                    return Err(bad(number, "there are more than 100 sections"));
                }
                sections.push((name, digest));
            }
            "whole" => {
                let digest = unhex(rest)
                    .ok_or_else(|| bad(number, "a digest is 64 lower-case hexadecimal digits"))?;
                whole = Some(digest);
            }
            _ => return Err(bad(number, "this line is not known here")),
        }
    }
    let Some(whole) = whole else {
        return Err(bad(body.lines().count(), "the line `whole` is missing"));
    };
    if sections.is_empty() {
        return Err(bad(1, "there is no section"));
    }
    Ok(Statement {
        title,
        authors,
        sections,
        whole,
    })
}
