use std::fmt::Write as _;

use crate::export::escape::markup;

/// Terminal text as HTML: colours and weight as classes of the page, everything else that a
/// terminal would obey taken out; a line that was written over shows its last state.
pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    let mut style = Style::default();
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let line = line.strip_suffix('\r').unwrap_or(line);
        // What stands before the last carriage return was written over, unless nothing was.
        let shown = line
            .rsplit('\r')
            .find(|part| !part.trim().is_empty())
            .unwrap_or_default();
        if let Some(before) = line.len().checked_sub(shown.len()) {
            style.obey(line.get(..before).unwrap_or_default());
        }
        styled(&mut out, shown, &mut style);
    }
    out
}

/// The foreground colour (0 to 15) and weight in force.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Style {
    colour: Option<u8>,
    bold: bool,
}

impl Style {
    /// Takes over the colour changes in a text that is not shown.
    fn obey(&mut self, text: &str) {
        if text.contains('\u{1b}') {
            styled(&mut String::new(), text, self);
        }
    }

    /// Select Graphic Rendition (ECMA-48, 8.3.117).
    fn select(&mut self, parameters: &str) {
        let mut codes = parameters
            .split([';', ':'])
            .map(|code| code.parse().unwrap_or(0_u16));
        while let Some(code) = codes.next() {
            match code {
                0 => *self = Self::default(),
                1 => self.bold = true,
                22 => self.bold = false,
                30..=37 => self.colour = u8::try_from(code - 30).ok(),
                90..=97 => self.colour = u8::try_from(code - 82).ok(),
                39 => self.colour = None,
                // A colour of 256 or of 16 million: its parameters are skipped.
                38 | 48 | 58 => {
                    let skip = if codes.next() == Some(5) { 1 } else { 3 };
                    let index = codes.by_ref().take(skip).last();
                    if code == 38 {
                        self.colour = (skip == 1)
                            .then_some(index)
                            .flatten()
                            .and_then(|index| u8::try_from(index).ok())
                            .filter(|index| *index < 16);
                    }
                }
                _ => {}
            }
        }
    }

    fn open(self, out: &mut String) {
        if self == Self::default() {
            return;
        }
        out.push_str("<span class=\"");
        if let Some(colour) = self.colour {
            let _infallible = write!(out, "a{colour}");
        }
        if self.bold {
            out.push_str(if self.colour.is_some() { " ab" } else { "ab" });
        }
        out.push_str("\">");
    }
}

fn styled(out: &mut String, line: &str, style: &mut Style) {
    let mut rest = line;
    loop {
        let (text, escape) = match rest.split_once('\u{1b}') {
            Some((text, escape)) => (text, Some(escape)),
            None => (rest, None),
        };
        if !text.is_empty() {
            style.open(out);
            out.push_str(&markup(&without_controls(text)));
            if *style != Style::default() {
                out.push_str("</span>");
            }
        }
        let Some(escape) = escape else { return };
        rest = after_escape(escape, style);
    }
}

/// What follows an escape sequence; `escape` begins behind the ESC.
fn after_escape<'a>(escape: &'a str, style: &mut Style) -> &'a str {
    let mut chars = escape.chars();
    match chars.next() {
        // CSI: parameters, then a final byte from @ to ~.
        Some('[') => {
            let body = chars.as_str();
            let Some(end) = body.find(|c| matches!(c, '@'..='~')) else {
                return "";
            };
            let (parameters, rest) = body.split_at(end);
            if rest.starts_with('m') {
                style.select(parameters);
            }
            rest.get(1..).unwrap_or_default()
        }
        // OSC, DCS, APC, PM, SOS: up to BEL or ST.
        Some(']' | 'P' | '_' | '^' | 'X') => {
            let body = chars.as_str();
            match body.find(['\u{7}', '\u{1b}']) {
                Some(end) => {
                    let rest = body.get(end + 1..).unwrap_or_default();
                    rest.strip_prefix('\\').unwrap_or(rest)
                }
                None => "",
            }
        }
        Some('(' | ')' | '#') => {
            chars.next();
            chars.as_str()
        }
        Some(_) => chars.as_str(),
        None => "",
    }
}

/// Backspaces done, other control characters dropped.
fn without_controls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{8}' => {
                out.pop();
            }
            '\t' => out.push(c),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_classes_and_other_sequences_are_gone() {
        assert_eq!(
            html("\u{1b}[0;31mValueError\u{1b}[0m: \u{1b}[1mx<y\u{1b}[22m\u{1b}[2K"),
            "<span class=\"a1\">ValueError</span>: <span class=\"ab\">x&lt;y</span>"
        );
        assert_eq!(
            html("\u{1b}]0;evil title\u{7}a\u{1b}]8;;http://x\u{1b}\\b"),
            "ab"
        );
        assert_eq!(
            html("\u{1b}[38;5;9mred\u{1b}[38;2;1;2;3m rgb"),
            "<span class=\"a9\">red</span> rgb"
        );
        assert_eq!(html("\u{1b}[31"), "");
    }

    #[test]
    fn a_redrawn_line_shows_its_last_state() {
        assert_eq!(html("10%\r50%\r100%\r\ndone\r\n"), "100%\ndone\n");
        assert_eq!(html("50%\r100%\r"), "100%");
        assert_eq!(html("abc\u{8}\u{8}xy"), "axy");
    }
}
