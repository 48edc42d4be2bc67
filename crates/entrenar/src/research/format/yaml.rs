use std::fmt::Write as _;

/// `text` as a double-quoted YAML 1.2 scalar (section 7.3.1), in one line.
///
/// All but printable characters is escaped, so that every reader gives back the same text.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(c),
            '\u{a0}'..='\u{2027}' | '\u{202f}'..='\u{205f}' | '\u{2070}'..='\u{d7ff}' => {
                out.push(c);
            }
            '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'.. => out.push(c),
            // writing to a String cannot fail
            _ => write!(out, "\\u{:04x}", u32::from(c)).unwrap_or_default(),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The escapes above are JSON's too.
    fn read(scalar: &str) -> String {
        serde_json::from_str(scalar).unwrap()
    }

    proptest! {
            #[test]
            fn every_text_comes_back(text in any::<String>()) {
                let scalar = quoted(&text);
                prop_assert_eq!(read(&scalar), text);
    let raw = |c: char| c.is_control() || c == '\u{feff}';
                prop_assert_eq!(scalar.find(raw), None);
            }
        }

    #[test]
    fn what_is_not_printable_is_escaped() {
        assert_eq!(
            quoted("a\"\\\n\0\u{85}\u{2028}\u{ffff}é😀"),
            r#""a\"\\\n\u0000\u0085\u2028\uffffé😀""#
        );
    }
}
