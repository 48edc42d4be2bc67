//! What is left of TeX in a decoded text.

use ::biblatex::{Chunk, Chunks};

use crate::research::text::one_line;

/// Commands of which only the argument is text.
const SHELLS: [&str; 24] = [
    "emph",
    "enquote",
    "ensuremath",
    "href",
    "mathrm",
    "mbox",
    "mkbibbold",
    "mkbibemph",
    "mkbibquote",
    "nolinkurl",
    "path",
    "textbf",
    "textit",
    "textmd",
    "textnormal",
    "textrm",
    "textsc",
    "textsf",
    "textsl",
    "texttt",
    "textup",
    "underline",
    "uppercase",
    "url",
];
/// Commands that are no text at all.
const SWITCHES: [&str; 22] = [
    "bf",
    "bfseries",
    "em",
    "itshape",
    "it",
    "newblock",
    "newline",
    "noopsort",
    "nocase",
    "normalfont",
    "par",
    "protect",
    "relax",
    "rm",
    "sc",
    "scshape",
    "sf",
    "sl",
    "small",
    "tt",
    "ttfamily",
    "upshape",
];

/// A decoded value as one line of text.
pub(super) fn text(chunks: &Chunks) -> String {
    let mut out = String::new();
    for chunk in chunks {
        match &chunk.v {
            Chunk::Normal(part) | Chunk::Verbatim(part) => out.push_str(part),
            Chunk::Math(part) => {
                out.push('$');
                out.push_str(part);
                out.push('$');
            }
        }
    }
    one_line(&cleaned(&out))
}

/// `text` without commands that say only how it looks, and with spaces for `~`.
pub(super) fn cleaned(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '~', '\'', '`']) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        if let Some(behind) = from.strip_prefix("''") {
            out.push('”');
            rest = behind;
            continue;
        }
        if let Some(behind) = from.strip_prefix("``") {
            out.push('“');
            rest = behind;
            continue;
        }
        let mut characters = from.chars();
        let first = characters.next().unwrap_or_default();
        let behind = characters.as_str();
        if first != '\\' {
            out.push(if first == '~' { '\u{a0}' } else { first });
            rest = behind;
            continue;
        }
        let length = behind
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(behind.len());
        let (name, after) = behind.split_at_checked(length).unwrap_or((behind, ""));
        if SWITCHES.contains(&name) {
            rest = after.trim_start();
        } else if let Some((inner, after)) = argument(after).filter(|_| SHELLS.contains(&name)) {
            out.push_str(&cleaned(inner));
            rest = after;
        } else if name.is_empty() && behind.starts_with([' ', ',', ';', ':', '!', '/']) {
            // spaces of TeX: `\ ` and `\,` are seen, the others are not
            if behind.starts_with([' ', ',']) {
                out.push(' ');
            }
            rest = behind.get(1..).unwrap_or_default();
        } else {
            out.push('\\');
            out.push_str(name);
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// The text in the braces that `text` begins with, and what follows.
fn argument(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some((text.get(1..at)?, text.get(at + 1..)?));
                }
            }
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The number of a month from the macro that every style defines, or its English name.
pub(super) fn month(name: &str) -> Option<&'static str> {
    const MONTHS: [(&str, &str); 12] = [
        ("jan", "1"),
        ("feb", "2"),
        ("mar", "3"),
        ("apr", "4"),
        ("may", "5"),
        ("jun", "6"),
        ("jul", "7"),
        ("aug", "8"),
        ("sep", "9"),
        ("oct", "10"),
        ("nov", "11"),
        ("dec", "12"),
    ];
    let name = name.to_ascii_lowercase();
    let head = name.get(..3)?;
    let is_name =
        name.len() == 3 || name.len() > 3 && name.bytes().all(|c| c.is_ascii_alphabetic());
    MONTHS
        .iter()
        .find(|(short, _)| *short == head && is_name)
        .map(|(_, number)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_text_stays() {
        for (tex, expected) in [
            (r"\textbf{a \emph{b}} c", "a b c"),
            (r"A~B", "A\u{a0}B"),
            (r"\url{https://x.org/a_b}", "https://x.org/a_b"),
            (r"\newblock A", "A"),
            (r"\unknown{x}", r"\unknown{x}"),
            (r"``q''", "“q”"),
            (r"a\,b", "a b"),
            (r"don't", "don't"),
            (r"\", r"\"),
        ] {
            assert_eq!(cleaned(tex), expected, "{tex}");
        }
    }
}
