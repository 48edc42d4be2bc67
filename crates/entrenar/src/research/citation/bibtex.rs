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
    match (citation.release_date(), citation.year()) {
        (Some(date), _) => field("date", &date),
        (None, Some(year)) => field("year", &format!("{year:04}")),
        (None, None) => {}
    }
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
    for c in text.chars() {
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
