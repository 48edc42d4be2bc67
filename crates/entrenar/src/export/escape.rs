use std::borrow::Cow;

/// Escapes text for element content and quoted attributes of HTML and XML.
///
/// Control characters that XML 1.0 does not allow become U+FFFD; carriage returns become line
/// feeds, as parsers do it.
pub(crate) fn markup(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| replacement(c).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match replacement(c) {
            Some(_) if c == '\r' => {
                if chars.peek() != Some(&'\n') {
                    escaped.push('\n');
                }
            }
            Some(entity) => escaped.push_str(entity),
            None => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

fn replacement(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        '\r' => Some("\n"),
        '\t' | '\n' => None,
        // Overrides of the writing direction could make a page show what it does not hold.
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => Some("\u{FFFD}"),
        '\u{FFFE}' | '\u{FFFF}' => Some("\u{FFFD}"),
        c if c.is_control() => Some("\u{FFFD}"),
        _ => None,
    }
}

/// At most `limit` characters of `text`, with an ellipsis where it is longer.
pub(crate) fn shortened(text: &str, limit: usize) -> Cow<'_, str> {
    match text.char_indices().nth(limit) {
        None => Cow::Borrowed(text),
        Some(_) => {
            let cut = text
                .char_indices()
                .nth(limit.saturating_sub(1))
                .map_or(0, |(at, _)| at);
            Cow::Owned(format!("{}…", text.get(..cut).unwrap_or_default()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_and_control_characters_do_not_pass() {
        assert_eq!(
            markup("<a href=\"x\">'&\u{1b}\0\r\nb\r\u{202E}"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;\u{FFFD}\u{FFFD}\nb\n\u{FFFD}"
        );
        assert!(matches!(markup("é\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn long_text_is_shortened() {
        assert_eq!(shortened("héllo", 5), "héllo");
        assert_eq!(shortened("héllo!", 5), "héll…");
    }
}
