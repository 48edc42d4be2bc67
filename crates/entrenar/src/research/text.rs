//! Foreign text made fit for one-line fields.

/// A character that stands for one which text formats cannot or should not carry: the control
/// pictures for C0 and DEL, U+FFFD for C1 controls, noncharacters and the byte order mark.
pub(super) fn visible(c: char) -> char {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}' | '\u{feff}' | '\u{fdd0}'..='\u{fdef}' => '\u{fffd}',
        _ if u32::from(c) & 0xfffe == 0xfffe => '\u{fffd}',
        _ => c,
    }
}

fn breaks_line(c: char) -> bool {
    matches!(
        c,
        '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// Whether a character leaves no mark: white space, zero-width and direction characters.
pub(super) fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}')
}

/// `text` in one line: runs of spaces, tabs and line ends are one space, none at the ends;
/// control characters are shown by visible ones. Text that leaves no mark at all is empty.
pub(crate) fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text
        .trim()
        .split(breaks_line)
        .filter(|word| !word.is_empty())
    {
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(word.chars().map(visible));
    }
    if out.chars().all(is_invisible) {
        out.clear();
    }
    out
}

/// `text` with its lines kept: control characters are shown by visible ones.
pub(crate) fn lines(text: &str) -> String {
    text.lines()
        .map(one_line)
        .collect::<Vec<_>>()
        .join("\n")
        .trim()
        .to_owned()
}

/// `items` in one line each, without the empty ones, each once, in their order.
pub(crate) fn distinct<'a>(items: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for item in items {
        let item = one_line(item);
        if !item.is_empty() && !out.contains(&item) {
            out.push(item);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_shown_and_lines_joined() {
        assert_eq!(
            one_line(" a\r\n\tb\0\u{1b}[31m\u{7f}\u{9b}\u{ffff} "),
            "a b␀␛[31m␡\u{fffd}\u{fffd}"
        );
        assert_eq!(one_line("\u{200b} \u{202e}"), "");
        assert_eq!(lines("a\n\nb \u{7}\n"), "a\n\nb ␇");
    }
}
