use std::borrow::Cow;

/// About how many columns of half an em a text takes: two for ideographs and emoji.
pub(super) fn columns(text: &str) -> u16 {
    text.chars()
        .fold(0, |sum: u16, c| sum.saturating_add(width(c)))
}

fn width(c: char) -> u16 {
    match c {
        '\u{300}'..='\u{36F}' => 0,
        '\u{1100}'..='\u{115F}'
        | '\u{2E80}'..='\u{A4CF}'
        | '\u{AC00}'..='\u{D7A3}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FF00}'..='\u{FF60}'
        | '\u{1F300}'..='\u{1FAFF}'
        | '\u{20000}'..='\u{3FFFD}' => 2,
        _ => 1,
    }
}

/// `text` on one line, cut with an ellipsis where it takes more than `limit` columns.
pub(super) fn fitted(text: &str, limit: u16) -> Cow<'_, str> {
    if columns(text) <= limit && !text.contains(['\n', '\r', '\t']) {
        return Cow::Borrowed(text);
    }
    let mut fitted = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += width(c);
        if used >= limit {
            fitted.push('…');
            break;
        }
        fitted.push(if c.is_whitespace() { ' ' } else { c });
    }
    Cow::Owned(fitted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_on_one_line() {
        assert_eq!(fitted("loss", 10), "loss");
        assert_eq!(fitted("a\nb", 10), "a b");
        assert_eq!(fitted("abcdefghij", 5), "abcd…");
        assert_eq!(fitted("損失損失損失", 6), "損失…");
    }
}
