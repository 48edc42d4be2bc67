//! What is left of TeX in a decoded text.

use ::biblatex::{Chunk, Chunks};
use unicode_normalization::UnicodeNormalization as _;

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

/// Letters and signs that have commands of their own, which take no argument.
const LETTERS: [(&str, char); 39] = [
    ("AA", 'Å'),
    ("AE", 'Æ'),
    ("L", 'Ł'),
    ("O", 'Ø'),
    ("OE", 'Œ'),
    ("P", '¶'),
    ("S", '§'),
    ("SS", 'ẞ'),
    ("aa", 'å'),
    ("ae", 'æ'),
    ("alpha", 'α'),
    ("beta", 'β'),
    ("copyright", '©'),
    ("delta", 'δ'),
    ("dots", '…'),
    ("gamma", 'γ'),
    ("i", 'ı'),
    ("j", 'ȷ'),
    ("l", 'ł'),
    ("lambda", 'λ'),
    ("ldots", '…'),
    ("mu", 'µ'),
    ("o", 'ø'),
    ("oe", 'œ'),
    ("pounds", '£'),
    ("ss", 'ß'),
    ("textbullet", '•'),
    ("textellipsis", '…'),
    ("textemdash", '—'),
    ("textendash", '–'),
    ("textexclamdown", '¡'),
    ("textmu", 'µ'),
    ("textquestiondown", '¿'),
    ("textquotedblleft", '“'),
    ("textquotedblright", '”'),
    ("textquoteleft", '‘'),
    ("textquoteright", '’'),
    ("textregistered", '®'),
    ("texttrademark", '™'),
];

/// The combining mark of an accent's command.
fn mark(accent: char) -> Option<char> {
    Some(match accent {
        '`' => '\u{300}',
        '\'' => '\u{301}',
        '^' => '\u{302}',
        '~' => '\u{303}',
        '=' => '\u{304}',
        'u' => '\u{306}',
        '.' => '\u{307}',
        '"' => '\u{308}',
        'r' => '\u{30a}',
        'H' => '\u{30b}',
        'v' => '\u{30c}',
        'd' => '\u{323}',
        'c' => '\u{327}',
        'k' => '\u{328}',
        'b' => '\u{331}',
        _ => return None,
    })
}

/// A raw value with its accented and special letters as themselves: `\'{\i}`, `\o{}`, `\ss `.
pub(super) fn with_letters(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        match letter(from) {
            Some((text, behind)) => {
                out.push_str(&text);
                rest = behind;
            }
            None => {
                // the backslash with the character that it may escape
                let length: usize = from.chars().take(2).map(char::len_utf8).sum();
                let (kept, behind) = from.split_at_checked(length).unwrap_or((from, ""));
                out.push_str(kept);
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The letter that the command at the start of `text` makes, and what follows it.
fn letter(text: &str) -> Option<(String, &str)> {
    let command = text.strip_prefix('\\')?;
    let length = command
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(command.len());
    let (name, behind) = command.split_at_checked(length)?;
    if let Ok(at) = LETTERS.binary_search_by_key(&name, |(name, _)| name) {
        let (_, letter) = LETTERS.get(at)?;
        let behind = behind
            .strip_prefix("{}")
            .unwrap_or_else(|| behind.trim_start());
        return Some((letter.to_string(), behind));
    }
    // a sign takes the next letter; a letter takes what stands in braces or behind a space
    let accent = command.chars().next()?;
    let combining = mark(accent)?;
    let behind = command.get(accent.len_utf8()..)?;
    if accent.is_ascii_alphabetic() && (length != 1 || !behind.starts_with(['{', ' ', '\\'])) {
        return None;
    }
    let behind = behind.trim_start();
    let (base, behind) = match argument(behind) {
        Some((inner, behind)) => (inner.trim().to_owned(), behind),
        None if behind.starts_with('\\') => {
            let (base, behind) = letter(behind)?;
            (base, behind)
        }
        None => {
            let base = behind.chars().next().filter(|c| c.is_alphabetic())?;
            (base.to_string(), behind.get(base.len_utf8()..)?)
        }
    };
    let base = match base.as_str() {
        "\\i" | "ı" => "i".to_owned(),
        "\\j" | "ȷ" => "j".to_owned(),
        _ => base,
    };
    let mut characters = base.chars();
    let first = characters.next().filter(|c| c.is_alphabetic())?;
    let mut composed: String = [first, combining].into_iter().nfc().collect();
    composed.push_str(characters.as_str());
    Some((composed, behind))
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
    fn letters_are_themselves() {
        assert!(LETTERS.is_sorted());
        for (tex, expected) in [
            (r"Espelos{\'\i}n", "Espelos{í}n"),
            (r"H\o{}iland-J\o{}rgensen", "Høiland-Jørgensen"),
            (r#"G\"odel G{\"o}del G\"{o}del"#, "Gödel G{ö}del Gödel"),
            (
                r"\'{\i} \v{c} \c c \H{o} \vec \o x \ss",
                "í č ç ő \\vec øx ß",
            ),
            (r"\'{ab} \\'a \& \", "áb \\\\'a \\& \\"),
            (r"Bose\textendash{{Einstein}}", "Bose–{{Einstein}}"),
            (r"\'{} \'1 \url{x}", r"\'{} \'1 \url{x}"),
        ] {
            assert_eq!(with_letters(tex), expected, "{tex}");
        }
    }

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
