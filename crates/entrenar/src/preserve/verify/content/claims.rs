//! What the files that describe the artifact say of it, and whether they say the same.

use std::collections::BTreeSet;

use serde_json::Value;

use super::ro_crate::{self, Graph, METADATA_FILE};
use super::{CITATION_BIB, CITATION_CFF, CODEMETA, DATACITE, Files, Findings, ProblemKind, json};

/// What one file says; what it has no place for is `None`.
#[derive(Debug, Default)]
struct Claims {
    title: Option<String>,
    /// The words of each name, sorted: formats order the parts of a name in their own ways.
    authors: Option<Vec<Vec<String>>>,
    doi: Option<String>,
    version: Option<String>,
    /// The SPDX identifiers in it, sorted.
    license: Option<BTreeSet<String>>,
    date: Option<String>,
}

/// Reads all that are there, and compares each with the first.
pub(super) fn check(files: &Files, graph: Option<&Graph>, found: &mut Findings<'_>) {
    let mut all = Vec::new();
    if let Some(graph) = graph {
        all.extend(of_crate(graph).map(|claims| (METADATA_FILE, claims)));
    }
    for (path, read) in [
        (CODEMETA, of_codemeta as fn(&Value) -> Claims),
        (DATACITE, of_datacite),
    ] {
        let Some(bytes) = files.bytes(path) else {
            continue;
        };
        found.validated(path);
        match json(path, bytes, found) {
            Some(value @ Value::Object(_)) => all.push((path, read(&value))),
            Some(_) => found.problem(ProblemKind::Format, path, "$", "it is no object"),
            None => {}
        }
    }
    citations(files, found, &mut all);
    let Some(((first, expected), others)) = all.split_first() else {
        return;
    };
    for (path, claims) in others {
        for (what, same) in [
            (
                "title",
                agree(expected.title.as_ref(), claims.title.as_ref()),
            ),
            (
                "authors",
                agree(expected.authors.as_ref(), claims.authors.as_ref()),
            ),
            ("DOI", agree(expected.doi.as_ref(), claims.doi.as_ref())),
            (
                "version",
                agree(expected.version.as_ref(), claims.version.as_ref()),
            ),
            (
                "licence",
                agree(expected.license.as_ref(), claims.license.as_ref()),
            ),
            ("date", agree(expected.date.as_ref(), claims.date.as_ref())),
        ] {
            if !same {
                found.problem(
                    ProblemKind::Disagrees,
                    path,
                    "",
                    format!("it has another {what} than {first}"),
                );
            }
        }
    }
}

fn agree<T: PartialEq>(one: Option<&T>, two: Option<&T>) -> bool {
    match (one, two) {
        (Some(one), Some(two)) => one == two,
        _ => true,
    }
}

/// Letters and digits in lower case: formats differ in how they write what stands between.
fn letters(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

fn words(name: &str) -> Vec<String> {
    let mut words: Vec<_> = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.sort();
    words
}

/// The identifiers of an SPDX expression.
fn identifiers(expression: &str) -> BTreeSet<String> {
    expression
        .split(|c: char| c.is_whitespace() || c == '(' || c == ')')
        .filter(|word| !["", "AND", "OR", "WITH"].contains(word))
        .map(str::to_owned)
        .collect()
}

fn doi(text: &str) -> Option<String> {
    let doi = text
        .strip_prefix("https://doi.org/")
        .or_else(|| text.strip_prefix("doi:"))
        .unwrap_or(text);
    doi.starts_with("10.").then(|| letters(doi))
}

fn of_crate(graph: &Graph) -> Option<Claims> {
    let root = graph.root()?;
    let text = |property: &str| ro_crate::text(root, property).map(str::to_owned);
    let authors = ro_crate::links(root, "author").map(|id| {
        let author = graph.get(id);
        words(
            author
                .and_then(|entity| ro_crate::text(entity, "name"))
                .unwrap_or(id),
        )
    });
    let licenses = ro_crate::links(root, "license").flat_map(|id| {
        match id.strip_prefix("https://spdx.org/licenses/") {
            Some(id) => identifiers(id),
            None => graph
                .get(id)
                .and_then(|entity| ro_crate::text(entity, "identifier"))
                .map(identifiers)
                .unwrap_or_default(),
        }
    });
    Some(Claims {
        title: text("name").as_deref().map(letters),
        authors: Some(authors.collect()),
        doi: ro_crate::values(root, "identifier")
            .iter()
            .filter_map(Value::as_str)
            .find_map(doi),
        version: text("version"),
        license: Some(licenses.collect()),
        date: text("datePublished").and_then(|date| date.get(..10).map(str::to_owned)),
    })
}

fn list(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items.iter().collect(),
        Some(value) => vec![value],
    }
}

fn text_of(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().map(str::to_owned)
}

fn of_codemeta(value: &Value) -> Claims {
    let authors = list(value.get("author").map(|author| {
        // JSON-LD keeps the order of authors in a list of its own.
        author.get("@list").unwrap_or(author)
    }));
    let name = |author: &Value| {
        let parts = ["givenName", "familyName"].map(|part| text_of(author, part));
        let whole = text_of(author, "name");
        words(&whole.unwrap_or_else(|| parts.into_iter().flatten().collect::<Vec<_>>().join(" ")))
    };
    let licenses: BTreeSet<_> = list(value.get("license"))
        .into_iter()
        .filter_map(|license| {
            let uri = license.as_str().or_else(|| license.get("@id")?.as_str())?;
            uri.strip_prefix("https://spdx.org/licenses/")
        })
        .flat_map(identifiers)
        .collect();
    Claims {
        title: text_of(value, "name").as_deref().map(letters),
        authors: value.get("author").is_some().then(|| {
            authors
                .into_iter()
                .filter(|a| is_person(a))
                .map(name)
                .collect()
        }),
        doi: text_of(value, "@id").as_deref().and_then(doi),
        version: text_of(value, "version"),
        license: (!licenses.is_empty()).then_some(licenses),
        date: text_of(value, "datePublished"),
    }
}

/// CodeMeta puts roles beside the people who have them.
fn is_person(value: &Value) -> bool {
    let kind = list(value.get("@type").or_else(|| value.get("type")));
    !kind
        .iter()
        .filter_map(|kind| kind.as_str())
        .any(|kind| kind.ends_with("Role"))
}

fn of_datacite(value: &Value) -> Claims {
    let title = list(value.get("titles"))
        .first()
        .and_then(|title| text_of(title, "title"));
    let authors: Vec<_> = list(value.get("creators"))
        .into_iter()
        .filter_map(|creator| text_of(creator, "name"))
        .filter(|name| name != ":unav")
        .map(|name| words(&name))
        .collect();
    let licenses: BTreeSet<_> = list(value.get("rightsList"))
        .into_iter()
        .filter_map(|right| text_of(right, "rightsIdentifier"))
        .collect();
    Claims {
        title: title.as_deref().map(letters),
        authors: Some(authors),
        doi: text_of(value, "doi").as_deref().and_then(doi),
        version: text_of(value, "version"),
        license: (!licenses.is_empty()).then_some(licenses),
        date: None,
    }
}

/// `CITATION.cff` and `citation.bib`.
#[cfg(feature = "citations")]
fn citations(files: &Files, found: &mut Findings<'_>, all: &mut Vec<(&'static str, Claims)>) {
    use crate::research::read::{ReadLimits, biblatex, cff};

    use super::cause;

    /// Stands in a CFF for the author that it insists on.
    const NO_AUTHOR: &str = "Author not recorded";

    if let Some(bytes) = files.bytes(CITATION_CFF) {
        found.validated(CITATION_CFF);
        match cff(bytes, ReadLimits::default()) {
            Err(error) => found.problem(ProblemKind::Format, CITATION_CFF, "", cause(&error)),
            Ok(cff) => {
                for problem in &cff.problems {
                    found.problem(
                        ProblemKind::Format,
                        CITATION_CFF,
                        &place(problem.line, problem.column, &problem.at),
                        problem.message.clone(),
                    );
                }
                if cff.cff_version.as_deref() != Some("1.2.0") {
                    found.problem(
                        ProblemKind::Format,
                        CITATION_CFF,
                        "cff-version",
                        "it is not 1.2.0",
                    );
                }
                let names = cff.authors.iter().map(|author| author.name.as_str());
                let licenses: BTreeSet<_> =
                    cff.licenses.iter().flat_map(|id| identifiers(id)).collect();
                all.push((
                    CITATION_CFF,
                    Claims {
                        title: cff.title.as_deref().map(letters),
                        authors: Some(names.filter(|name| *name != NO_AUTHOR).map(words).collect()),
                        doi: cff.doi.as_ref().and_then(|value| doi(value.as_str())),
                        version: cff.version.clone(),
                        license: (!licenses.is_empty()).then_some(licenses),
                        date: None,
                    },
                ));
            }
        }
    }
    if let Some(bytes) = files.bytes(CITATION_BIB) {
        found.validated(CITATION_BIB);
        match biblatex(bytes, ReadLimits::default()) {
            Err(error) => found.problem(ProblemKind::Format, CITATION_BIB, "", cause(&error)),
            Ok(read) => {
                for problem in &read.problems {
                    found.problem(
                        ProblemKind::Format,
                        CITATION_BIB,
                        &place(problem.line, problem.column, &problem.at),
                        problem.message.clone(),
                    );
                }
                let [entry] = read.references.as_slice() else {
                    return found.problem(
                        ProblemKind::Format,
                        CITATION_BIB,
                        "",
                        format!(
                            "it has {} entries, and should have one",
                            read.references.len()
                        ),
                    );
                };
                all.push((
                    CITATION_BIB,
                    Claims {
                        title: entry.title.as_deref().map(letters),
                        ..Claims::default()
                    },
                ));
            }
        }
    }
}

#[cfg(feature = "citations")]
fn place(line: Option<usize>, column: Option<usize>, at: &str) -> String {
    let line = match (line, column) {
        (Some(line), Some(column)) => format!("line {line}, column {column}"),
        (Some(line), None) => format!("line {line}"),
        _ => String::new(),
    };
    match (line.is_empty(), at.is_empty()) {
        (true, _) => at.to_owned(),
        (false, true) => line,
        (false, false) => format!("{line} ({at})"),
    }
}

/// Without readers of the two formats their checksums alone are compared.
#[cfg(not(feature = "citations"))]
fn citations(_files: &Files, _found: &mut Findings<'_>, _all: &mut Vec<(&'static str, Claims)>) {
    const _: (&str, &str) = (CITATION_BIB, CITATION_CFF);
}
