use crate::research::text::{distinct, one_line};
use crate::research::{ArtifactType, Author, AuthorKind};

use super::CitationMetadata;

pub(super) fn entry(citation: &CitationMetadata) -> String {
    let artifact = citation.artifact();
    let (entry_type, described) = match artifact.artifact_type {
        ArtifactType::Notebook | ArtifactType::Code | ArtifactType::Workflow => ("software", None),
        ArtifactType::Dataset => ("dataset", None),
        ArtifactType::Model => ("misc", Some("Trained model")),
        ArtifactType::Paper => ("misc", Some("Paper")),
    };
    let mut out = format!("@{entry_type}{{{},\n", citation.key());
    let mut field = |name: &str, value: &str| {
        if !value.is_empty() {
            out.push_str(&format!("  {name} = {{{value}}},\n"));
        }
    };
    let authors: Vec<String> = artifact.named_authors().map(name).collect();
    field("author", &authors.join(" and "));
    field("title", &escaped(&citation.title()));
    field("type", described.unwrap_or_default());
    // Both where the day is known: BibLaTeX reads the date, classic styles the year. They agree, so
    // Biber has nothing to warn of.
    let year = citation.year().map(|year| format!("{year:04}"));
    field("year", &year.unwrap_or_default());
    field("date", &citation.release_date().unwrap_or_default());
    field("version", &escaped(&one_line(&artifact.version)));
    field("doi", artifact.doi.as_ref().map_or("", |doi| doi.as_str()));
    field("url", &artifact.valid_url().unwrap_or_default());
    let keywords: Vec<String> = distinct(&artifact.keywords)
        .iter()
        .map(|keyword| protected(keyword, ","))
        .collect();
    field("keywords", &keywords.join(", "));
    let description = artifact.description.as_deref().unwrap_or_default();
    field("abstract", &escaped(&one_line(description)));
    let mut notes = citation.remarks();
    // BibLaTeX has no field for a licence.
    notes.extend(
        artifact
            .license
            .as_ref()
            .map(|license| format!("License: {license}.")),
    );
    field("note", &escaped(&notes.join(" ")));
    out.push_str("}\n");
    out
}

/// One name of the author field. Whatever a program could take apart otherwise than meant stands
/// in braces.
fn name(author: &Author) -> String {
    let (kind, parts) = author.parsed();
    let part = |text: &str| {
        let plain = text.split(' ').all(|word| {
            word.starts_with(|c: char| c.is_alphabetic() && !c.is_lowercase())
                && !word.eq_ignore_ascii_case("and")
                && word
                    .chars()
                    .all(|c| c.is_alphanumeric() || "-.'’".contains(c))
        });
        if plain { escaped(text) } else { braced(text) }
    };
    let Some(given) = parts.given.as_ref().filter(|_| kind == AuthorKind::Person) else {
        return braced(&parts.full_family());
    };
    let mut name = match &parts.particle {
        // Lower-case words before the family name are the particle to every program.
        Some(particle) if particle.chars().all(|c| c.is_lowercase() || c == ' ') => {
            format!("{} {}", escaped(particle), part(&parts.family))
        }
        Some(particle) => braced(&format!("{particle} {}", parts.family)),
        None => part(&parts.family),
    };
    if let Some(suffix) = &parts.suffix {
        name.push_str(", ");
        name.push_str(&part(suffix));
    }
    format!("{name}, {}", part(given))
}

fn braced(text: &str) -> String {
    if text.eq_ignore_ascii_case("others") {
        // Biber takes `{others}` for "et al.", in braces too.
        let (head, tail) = text.split_at_checked(3).unwrap_or((text, ""));
        return format!("{{{head}{{}}{tail}}}");
    }
    format!("{{{}}}", escaped(text))
}

/// `text` escaped, in braces if it holds one of `separators`.
fn protected(text: &str, separators: &str) -> String {
    if text.contains(|c| separators.contains(c)) {
        braced(text)
    } else {
        escaped(text)
    }
}

/// `text`, which is in one line, as the value of a field in braces.
///
/// BibTeX counts braces even behind a backslash: an unbalanced one is written by its name.
fn escaped(text: &str) -> String {
    let balanced = {
        let mut depth = 0_i64;
        let never_negative = text.chars().all(|c| {
            depth += i64::from(c == '{') - i64::from(c == '}');
            depth >= 0
        });
        never_negative && depth == 0
    };
    let mut out = String::with_capacity(text.len());
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
            _ => out.push(c),
        }
    }
    out
}

/// Whether TeX sets the two characters as one other: dashes, quotation marks, `¿` and `¡`.
fn is_ligature(first: char, second: char) -> bool {
    match second {
        '-' | '\'' | ',' | '<' | '>' => first == second,
        '`' => matches!(first, '`' | '?' | '!'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_tex_takes_for_markup_is_escaped() {
        assert_eq!(
            escaped(r"50% #1 $x_i$ a&b ~^\LaTeX -- ``q'' {b}"),
            r"50\% \#1 \$x\_i\$ a\&b \textasciitilde{}\textasciicircum{}\textbackslash{}LaTeX -{}- `{}`q'{}' \{b\}"
        );
        assert_eq!(escaped("}{"), r"\textbraceright{}\textbraceleft{}");
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
            assert_eq!(name(&Author::new(given)), expected);
        }
    }

    proptest! {
        #[test]
        fn braces_balance_and_nothing_bare_remains(text in "[-{}\\\\%#$~^_&`'a \\PC]{0,40}") {
            let out = escaped(&text);
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
