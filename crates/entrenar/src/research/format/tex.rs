//! Text and names in TeX's notation, for BibLaTeX (UTF-8) and classic BibTeX (commands for letters
//! outside of ASCII).

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::decompose_canonical;

use super::facts::Who;
use crate::research::AuthorKind;

/// How letters outside of ASCII are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tex {
    /// As themselves.
    Utf8,
    /// By LaTeX's commands, as BibTeX's special characters (`{\"u}`), where LaTeX has one; what it
    /// has none for (Han, Arabic, emoji) stays as it is.
    Commands,
}

impl Tex {
    /// One name of the author field. Whatever a program could take apart otherwise than meant
    /// stands in braces.
    pub(super) fn name(self, who: &Who<'_>) -> String {
        let parts = &who.parts;
        let part = |text: &str| {
            let plain = text.split(' ').all(|word| {
                word.starts_with(|c: char| c.is_alphabetic() && !c.is_lowercase())
                    && !word.eq_ignore_ascii_case("and")
                    && word
                        .chars()
                        .all(|c| c.is_alphanumeric() || "-.'’".contains(c))
                    && (self == Self::Utf8 || word.chars().all(has_command))
            });
            if plain {
                self.escaped(text)
            } else {
                self.braced(text)
            }
        };
        let Some(given) = parts
            .given
            .as_ref()
            .filter(|_| who.kind == AuthorKind::Person)
        else {
            return self.braced(&parts.full_family());
        };
        let mut name = match &parts.particle {
            // Lower-case words before the family name are the particle to every program.
            Some(particle) if particle.chars().all(|c| c.is_lowercase() || c == ' ') => {
                format!("{} {}", self.escaped(particle), part(&parts.family))
            }
            Some(particle) => self.braced(&format!("{particle} {}", parts.family)),
            None => part(&parts.family),
        };
        if let Some(suffix) = &parts.suffix {
            name.push_str(", ");
            name.push_str(&part(suffix));
        }
        format!("{name}, {}", part(given))
    }

    /// Text in braces, which is one name to every program.
    fn braced(self, text: &str) -> String {
        if text.eq_ignore_ascii_case("others") {
            // Biber takes `{others}` for "et al.", in braces too.
            let (head, tail) = text.split_at_checked(3).unwrap_or((text, ""));
            return format!("{{{head}{{}}{tail}}}");
        }
        let escaped = self.escaped(text);
        if self == Self::Commands && !escaped.is_ascii() {
            // 8-bit BibTeX takes the first byte for an initial, except of a special character.
            return format!("{{\\textup{{{escaped}}}}}");
        }
        format!("{{{escaped}}}")
    }

    /// `text` escaped, in braces if it holds one of `separators`.
    pub(super) fn protected(self, text: &str, separators: &str) -> String {
        if text.contains(|c| separators.contains(c)) {
            format!("{{{}}}", self.escaped(text))
        } else {
            self.escaped(text)
        }
    }

    /// `text`, which is in one line, as the value of a field in braces.
    ///
    /// BibTeX counts braces even behind a backslash: an unbalanced one is written by its name.
    pub(super) fn escaped(self, text: &str) -> String {
        let composed: String;
        let text = match self {
            Self::Commands if !text.is_ascii() => {
                composed = text.nfc().collect();
                &composed
            }
            _ => text,
        };
        let balanced = is_balanced(text);
        let mut out = String::with_capacity(text.len() + 8);
        let mut previous = '\0';
        for c in text.chars() {
            if is_ligature(previous, c) {
                out.push_str("{}");
            }
            previous = c;
            match c {
                '{' if balanced => out.push_str("\\{"),
                '}' if balanced => out.push_str("\\}"),
                '{' => out.push_str("\\textbraceleft{}"),
                '}' => out.push_str("\\textbraceright{}"),
                '\\' => out.push_str("\\textbackslash{}"),
                '~' => out.push_str("\\textasciitilde{}"),
                '^' => out.push_str("\\textasciicircum{}"),
                '%' | '#' | '$' | '_' | '&' => {
                    out.push('\\');
                    out.push(c);
                }
                _ if c.is_ascii() || self == Self::Utf8 => out.push(c),
                _ => push_command(&mut out, c),
            }
        }
        out
    }
}

fn is_balanced(text: &str) -> bool {
    let mut depth = 0_i64;
    let never_negative = text.bytes().all(|c| {
        depth += i64::from(c == b'{') - i64::from(c == b'}');
        depth >= 0
    });
    never_negative && depth == 0
}

/// Whether TeX sets the two characters as one other: dashes, quotation marks, `¿` and `¡`.
fn is_ligature(first: char, second: char) -> bool {
    match second {
        '-' | '\'' | ',' | '<' | '>' => first == second,
        '`' => matches!(first, '`' | '?' | '!'),
        _ => false,
    }
}

fn has_command(c: char) -> bool {
    let mut out = String::new();
    push_command(&mut out, c);
    out.is_ascii()
}

/// Adds a composed character by LaTeX's command for it, or as it is.
fn push_command(out: &mut String, c: char) {
    if c.is_ascii() {
        return out.push(c);
    }
    if let Some(command) = command(c) {
        out.push_str("{\\");
        out.push_str(command);
        return out.push('}');
    }
    let mut base = None;
    let mut mark = None;
    let mut count = 0;
    decompose_canonical(c, |part| {
        count += 1;
        match count {
            1 => base = Some(part),
            _ => mark = accent(part),
        }
    });
    match (base, mark) {
        (Some(base), Some(mark)) if count == 2 && base.is_ascii_alphabetic() => {
            out.push_str("{\\");
            out.push(mark);
            match base {
                // the accent takes the place of the dot
                'i' | 'j' if !matches!(mark, 'c' | 'd' | 'k' | 'b') => {
                    out.push_str("{\\");
                    out.push(base);
                    out.push_str("}}");
                }
                _ if mark.is_ascii_alphabetic() => {
                    out.push('{');
                    out.push(base);
                    out.push_str("}}");
                }
                _ => {
                    out.push(base);
                    out.push('}');
                }
            }
        }
        _ => out.push(c),
    }
}

/// LaTeX's accent for a combining mark.
fn accent(mark: char) -> Option<char> {
    Some(match mark {
        '\u{300}' => '`',
        '\u{301}' => '\'',
        '\u{302}' => '^',
        '\u{303}' => '~',
        '\u{304}' => '=',
        '\u{306}' => 'u',
        '\u{307}' => '.',
        '\u{308}' => '"',
        '\u{30a}' => 'r',
        '\u{30b}' => 'H',
        '\u{30c}' => 'v',
        '\u{323}' => 'd',
        '\u{327}' => 'c',
        '\u{328}' => 'k',
        '\u{331}' => 'b',
        _ => return None,
    })
}

/// The command of LaTeX's kernel for a letter or sign that is no accented letter.
fn command(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'Æ' => "AE",
        'œ' => "oe",
        'Œ' => "OE",
        'ø' => "o",
        'Ø' => "O",
        'ł' => "l",
        'Ł' => "L",
        'å' => "aa",
        'Å' => "AA",
        'ı' => "i",
        '¡' => "textexclamdown",
        '¿' => "textquestiondown",
        '£' => "pounds",
        '§' => "S",
        '¶' => "P",
        '©' => "copyright",
        '®' => "textregistered",
        '™' => "texttrademark",
        '•' => "textbullet",
        '–' => "textendash",
        '—' => "textemdash",
        '‘' => "textquoteleft",
        '’' => "textquoteright",
        '“' => "textquotedblleft",
        '”' => "textquotedblright",
        '…' => "ldots",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::facts::Facts;
    use super::*;
    use crate::research::{ArtifactType, Author, ResearchArtifact};

    fn name(tex: Tex, given: &str) -> String {
        let artifact =
            ResearchArtifact::new("", "", ArtifactType::Code).with_author(Author::new(given));
        tex.name(&Facts::new(&artifact).authors()[0])
    }

    #[test]
    fn what_tex_takes_for_markup_is_escaped() {
        let escaped = |text| Tex::Utf8.escaped(text);
        assert_eq!(
            escaped(r"50% #1 $x_i$ a&b ~^\LaTeX -- ``q'' {b}"),
            r"50\% \#1 \$x\_i\$ a\&b \textasciitilde{}\textasciicircum{}\textbackslash{}LaTeX -{}- `{}`q'{}' \{b\}"
        );
        assert_eq!(escaped("}{"), r"\textbraceright{}\textbraceleft{}");
    }

    #[test]
    fn letters_have_commands() {
        for (text, latex) in [
            ("Jürgen Müller", r#"J{\"u}rgen M{\"u}ller"#),
            ("Erdős Pál", r"Erd{\H{o}}s P{\'a}l"),
            ("Łódź, Ångström", r#"{\L}{\'o}d{\'z}, {\AA}ngstr{\"o}m"#),
            ("naïve şuğ", r#"na{\"{\i}}ve {\c{s}}u{\u{g}}"#),
            ("e\u{301}", r"{\'e}"),
            ("日本 ế 😀", "日本 ế 😀"),
        ] {
            assert_eq!(Tex::Commands.escaped(text), latex);
        }
    }

    #[test]
    fn names_are_written_so_that_their_parts_stay_what_they_are() {
        for (given, expected) in [
            ("Ludwig van Beethoven", "van Beethoven, Ludwig"),
            ("Müller, Jürgen", "Müller, Jürgen"),
            ("Santiago Ramón y Cajal", "{Ramón y Cajal}, Santiago"),
            ("Sammy Davis, Jr.", "Davis, Jr., Sammy"),
            ("researcher@university.edu", "{researcher@university.edu}"),
            ("The HF Team and Friends", "{The HF Team and Friends}"),
            ("others", "{oth{}ers}"),
            ("Plato", "{Plato}"),
            ("Sean O\"Neil", "{O\"Neil}, Sean"),
            ("A} B", r"B, {A\textbraceright{}}"),
        ] {
            assert_eq!(name(Tex::Utf8, given), expected);
        }
        assert_eq!(name(Tex::Commands, "Émile Zola"), r"Zola, {\'E}mile");
        assert_eq!(
            name(Tex::Commands, "山田 太郎"),
            r"{\textup{山田}}, {\textup{太郎}}"
        );
    }

    proptest! {
        #[test]
        fn braces_balance_and_nothing_bare_remains(
            text in "[-{}\\\\%#$~^_&`'a \\PC]{0,40}",
            commands: bool,
        ) {
            let tex = if commands { Tex::Commands } else { Tex::Utf8 };
            let out = tex.escaped(&text);
            let mut depth = 0_i32;
            for c in out.chars() {
                depth += i32::from(c == '{') - i32::from(c == '}');
                prop_assert!(depth >= 0);
            }
            prop_assert_eq!(depth, 0);
            let mut characters = out.chars();
            while let Some(c) = characters.next() {
                if c == '\\' {
                    let escaped = characters.next();
                    prop_assert!(escaped.is_some());
                } else {
                    prop_assert!(!"%#$~^_&".contains(c), "{}", out);
                }
            }
        }
    }
}
