//! The text that `entrenar artifact edit` shows, and changes to it.

use std::collections::HashSet;
use std::ops::Range;

use ::toml::de::{DeTable, DeValue};

use super::{Described, MetadataError, MetadataField, MetadataOrigin, MetadataProblem, Position};
use crate::research::text::one_line;
use crate::research::{Affiliation, Author, AuthorKind, ResearchArtifact};

/// Begins a line that is a hint and is not kept.
const HINT: &str = "#:";

/// Fields whose value is a list.
fn is_list(field: MetadataField) -> bool {
    use MetadataField as F;
    matches!(
        field,
        F::Authors
            | F::Keywords
            | F::Subjects
            | F::Funding
            | F::Related
            | F::Software
            | F::Hardware
    )
}

/// The text to be edited: for each field that `stored` does not set, a hint with its present value
/// or an example; then `stored` as it is.
pub fn template(stored: &str, described: &Described) -> String {
    let artifact = &described.artifact;
    let name = one_line(&artifact.title);
    let mut text = format!(
        "\
#: The artifact of session {} ({name}).
#:
#: What stands here counts before entrenar.toml and the other files; only options of the command
#: line count more. To state something, write a line without \"#:\" before it; lines with it are
#: hints and are not kept. An empty file states nothing. docs/entrenar-toml.md describes each key.
#:
",
        one_line(&artifact.id)
    );
    let set = top_level(stored);
    for field in MetadataField::ALL {
        if set.iter().any(|entry| entry.key == field.key()) {
            continue;
        }
        let now = described.origins_of(*field);
        let line = match present(*field, artifact).filter(|_| !now.is_empty()) {
            Some(value) => {
                let from: Vec<String> = now.iter().map(MetadataOrigin::to_string).collect();
                format!("{field} = {value}  # from {}", one_line(&from.join(", ")))
            }
            None => format!("{field} = {}  # not stated; an example", example(*field)),
        };
        text.push_str(&format!("{HINT} {line}\n"));
    }
    text.push('\n');
    text.push_str(stored);
    text
}

/// What is left of an edited text without the hints of the `template` that it was made of.
pub fn without_hints(edited: &str, template: &str) -> String {
    let hints: HashSet<&str> = template
        .lines()
        .filter(|line| line.starts_with(HINT))
        .collect();
    let kept: String = edited
        .split_inclusive('\n')
        .filter(|line| !hints.contains(line.trim_end_matches(['\n', '\r'])))
        .collect();
    kept.trim_start_matches(['\n', '\r']).to_owned()
}

fn example(field: MetadataField) -> &'static str {
    use MetadataField as F;
    match field {
        F::Title => "\"Rank 64 against rank 8\"",
        F::Authors => "[\"Ana Silva <ana@example.org> (0000-0002-1825-0097)\"]",
        F::Abstract => "\"\"\"Several lines.\"\"\"",
        F::Description => "\"What was done, in a few sentences.\"",
        F::Keywords => "[\"lora\", \"fine-tuning\"]",
        F::Subjects => "[{ term = \"Machine learning\", scheme = \"MeSH\" }]",
        F::License => "\"CC-BY-4.0\"",
        F::Version => "\"1.0.0\"",
        F::Date => "2026-11-22",
        F::Language => "\"en\"",
        F::Type => "\"notebook\"",
        F::Doi => "\"10.5281/zenodo.1234567\"",
        F::Url => "\"https://example.org/run\"",
        F::Repository => "\"https://example.org/lab/code\"",
        F::Publisher => "\"Zenodo\"",
        F::Funding => "[\"Funder, number of the award\"]",
        F::Related => "[\"IsSupplementTo doi:10.1234/paper\"]",
        F::Software => "[{ name = \"PyTorch\", version = \"2.9\" }]",
        F::Hardware => "[\"NVIDIA A100 80GB\"]",
    }
}

/// The present value, as TOML in one line.
fn present(field: MetadataField, artifact: &ResearchArtifact) -> Option<String> {
    use MetadataField as F;
    let text = |text: &Option<String>| text.as_deref().map(quoted);
    let list = |items: Vec<String>| (!items.is_empty()).then(|| format!("[{}]", items.join(", ")));
    match field {
        F::Title => Some(quoted(&artifact.title)),
        F::Authors => list(artifact.authors.iter().map(author).collect()),
        F::Abstract => text(&artifact.abstract_text),
        F::Description => text(&artifact.description),
        F::Keywords => list(artifact.keywords.iter().map(|word| quoted(word)).collect()),
        F::Subjects => list(
            artifact
                .subjects
                .iter()
                .map(|subject| {
                    table(&[
                        ("term", Some(&subject.term)),
                        ("scheme", subject.scheme.as_ref()),
                        ("uri", subject.uri.as_ref()),
                    ])
                })
                .collect(),
        ),
        F::License => artifact.license.as_ref().map(|it| quoted(it.as_str())),
        F::Version => Some(quoted(&artifact.version)),
        F::Date => artifact.release_date.map(|day| day.to_string()),
        F::Language => artifact.language.as_ref().map(|it| quoted(it.as_str())),
        F::Type => Some(quoted(&artifact.artifact_type.to_string().to_lowercase())),
        F::Doi => artifact.doi.as_ref().map(|it| quoted(it.as_str())),
        F::Url => text(&artifact.url),
        F::Repository => text(&artifact.repository),
        F::Publisher => text(&artifact.publisher),
        F::Funding => list(
            artifact
                .funding
                .iter()
                .map(|one| {
                    let ror = one.funder_ror.as_ref().map(ToString::to_string);
                    table(&[
                        ("funder", Some(&one.funder)),
                        ("ror", ror.as_ref()),
                        ("award", one.award_number.as_ref()),
                        ("title", one.award_title.as_ref()),
                        ("url", one.award_url.as_ref()),
                    ])
                })
                .collect(),
        ),
        F::Related => list(
            artifact
                .related
                .iter()
                .map(|one| {
                    let kind = one.artifact_type.map(|it| it.to_string().to_lowercase());
                    table(&[
                        ("identifier", Some(&one.identifier.to_string())),
                        ("relation", Some(&one.relation.to_string())),
                        ("type", kind.as_ref()),
                    ])
                })
                .collect(),
        ),
        F::Software => list(
            artifact
                .software
                .iter()
                .map(|one| {
                    table(&[
                        ("name", Some(&one.name)),
                        ("version", one.version.as_ref()),
                        ("url", one.url.as_ref()),
                    ])
                })
                .collect(),
        ),
        F::Hardware => list(artifact.hardware.iter().map(|it| quoted(it)).collect()),
    }
}

fn table(fields: &[(&str, Option<&String>)]) -> String {
    let fields: Vec<String> = fields
        .iter()
        .filter_map(|(key, value)| Some(format!("{key} = {}", quoted((*value)?))))
        .collect();
    format!("{{ {} }}", fields.join(", "))
}

fn author(author: &Author) -> String {
    let (kind, parts) = author.parsed();
    let mut fields = Vec::new();
    let mut put = |key: &str, value: Option<String>| {
        fields.extend(value.map(|value| format!("{key} = {}", quoted(&value))));
    };
    // The parts say more than the name where the rules would take it apart in another way.
    let derived = Author::new(author.name.as_str()).parsed();
    if derived == (kind, parts.clone()) {
        put("name", Some(author.name.clone()));
    } else if kind == AuthorKind::Organisation {
        put("organisation", Some(author.name.clone()));
    } else {
        put("given", parts.given);
        put("particle", parts.particle);
        put("family", Some(parts.family));
        put("suffix", parts.suffix);
    }
    put(
        "orcid",
        author.orcid.as_ref().map(|it| it.as_str().to_owned()),
    );
    put("email", author.email.clone());
    if !author.affiliations.is_empty() {
        let all: Vec<String> = author.affiliations.iter().map(affiliation).collect();
        fields.push(format!("affiliations = [{}]", all.join(", ")));
    }
    if !author.roles.is_empty() {
        let all: Vec<String> = author.roles.iter().map(|it| quoted(it.name())).collect();
        fields.push(format!("roles = [{}]", all.join(", ")));
    }
    format!("{{ {} }}", fields.join(", "))
}

fn affiliation(affiliation: &Affiliation) -> String {
    let ror = affiliation.ror.as_ref().map(ToString::to_string);
    if ror.is_none() && affiliation.country.is_none() {
        return quoted(&affiliation.name);
    }
    table(&[
        ("name", Some(&affiliation.name)),
        ("ror", ror.as_ref()),
        ("country", affiliation.country.as_ref()),
    ])
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A key of a document and where it stands.
struct TopLevel {
    key: String,
    /// The key, `=` and the value; `None` where it is a table with a heading of its own.
    inline: Option<Range<usize>>,
    at: usize,
}

/// The keys of a document in their order, as far as it parses.
fn top_level(text: &str) -> Vec<TopLevel> {
    let (table, _errors) = DeTable::parse_recoverable(text);
    let mut entries: Vec<TopLevel> = table
        .get_ref()
        .iter()
        .map(|(key, value)| {
            let (name, end) = (key.span(), value.span().end);
            let between = text.get(name.end..value.span().start).unwrap_or_default();
            let is_inline = between.trim() == "=";
            TopLevel {
                key: key.get_ref().to_string(),
                inline: is_inline.then_some(name.start..end),
                at: name.start,
            }
        })
        .collect();
    entries.sort_by_key(|entry| entry.at);
    entries
}

/// Sets fields in a text that [`read_toml`](super::read_toml) reads; no value removes the field. The
/// rest of the text, comments too, stays as it is.
///
/// A value is TOML (`["a", "b"]`, `"a"`) or plain text; several are the items of a list.
///
/// # Errors
/// If the text does not parse, or has the field as tables with a heading (`[[authors]]`).
pub fn set_in_toml(
    text: &str,
    changes: &[(MetadataField, Vec<String>)],
) -> Result<String, MetadataError> {
    let failed = |at: usize, key: &str, message: &str| MetadataError {
        file: "artifact metadata".to_owned(),
        problems: vec![MetadataProblem {
            position: Some(Position::of(text, at)),
            key: key.to_owned(),
            message: message.to_owned(),
        }],
        more: 0,
    };
    if let Err(error) = DeTable::parse(text) {
        let at = error.span().map_or(0, |span| span.start);
        return Err(failed(at, "", error.message().trim()));
    }
    let entries = top_level(text);
    // Pieces to be replaced, from the end to the begin.
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let mut added = String::new();
    for (field, values) in changes {
        let line = toml_of(*field, values).map(|value| format!("{field} = {value}"));
        match entries.iter().find(|entry| entry.key == field.key()) {
            None => added.extend(line.map(|line| line + "\n")),
            Some(TopLevel {
                inline: None, at, ..
            }) => {
                let message = "it is written as tables with headings; change it in the editor";
                return Err(failed(*at, field.key(), message));
            }
            Some(TopLevel {
                inline: Some(range),
                ..
            }) => match line {
                Some(line) => edits.push((range.clone(), line)),
                None => {
                    let rest = text.get(range.end..).unwrap_or_default();
                    let end = rest.find('\n').map_or(text.len(), |at| range.end + at + 1);
                    edits.push((range.start..end, String::new()));
                }
            },
        }
    }
    let first_heading = entries
        .iter()
        .filter(|entry| entry.inline.is_none())
        .map(|entry| {
            let before = text.get(..entry.at).unwrap_or_default();
            before.rfind('\n').map_or(0, |newline| newline + 1)
        })
        .min()
        .unwrap_or(text.len());
    let before = text.get(..first_heading).unwrap_or_default();
    if !added.is_empty() && !before.is_empty() && !before.ends_with('\n') {
        added.insert(0, '\n');
    }
    edits.push((first_heading..first_heading, added));
    edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    let mut edited = text.to_owned();
    for (range, replacement) in edits {
        edited.replace_range(range, &replacement);
    }
    Ok(edited)
}

fn toml_of(field: MetadataField, values: &[String]) -> Option<String> {
    let last = values.last()?;
    if !is_list(field) {
        let is_string = as_toml(last, |value| matches!(value, DeValue::String(_)));
        return Some(if is_string {
            last.clone()
        } else {
            quoted(last)
        });
    }
    if let [one] = values
        && as_toml(one, |value| matches!(value, DeValue::Array(_)))
    {
        return Some(one.clone());
    }
    let item = |value: &String| {
        let is_item = as_toml(value, |value| {
            matches!(value, DeValue::String(_) | DeValue::Table(_))
        });
        if is_item {
            value.clone()
        } else {
            quoted(value)
        }
    };
    let items: Vec<String> = values.iter().map(item).collect();
    Some(format!("[{}]", items.join(", ")))
}

/// Whether the text is one TOML value of that kind, and nothing more.
fn as_toml(text: &str, is: impl Fn(&DeValue<'_>) -> bool) -> bool {
    if text.contains(['\n', '\r']) {
        return false;
    }
    DeValue::parse(text.trim()).is_ok_and(|value| is(value.get_ref()))
}
