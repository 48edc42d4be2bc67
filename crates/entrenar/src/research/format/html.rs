//! Text as the little HTML that archives take in descriptions.

/// A paragraph a line, all markup escaped; empty lines are left out.
pub(super) fn paragraphs<'a>(texts: impl IntoIterator<Item = &'a String>) -> String {
    let mut out = String::new();
    for line in texts.into_iter().flat_map(|text| text.lines()) {
        if !line.is_empty() {
            out.push_str("<p>");
            push_escaped(&mut out, line);
            out.push_str("</p>");
        }
    }
    out
}

fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            _ => out.push(c),
        }
    }
}
