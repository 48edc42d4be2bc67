//! CSL-JSON: one item or a list of them.
//!
//! Source: Citation Style Language 1.0.2, `schemas/input/csl-data.json`; and what programs write
//! beyond it: `ORCID` in names and `license` (Crossref), lists where one text is meant.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::problem::{Problems, text_of};
use super::{Bibliography, Problem, ReadError, ReadLimits};
use crate::research::reference::csl;
use crate::research::{
    Author, Doi, Identifier, NameParts, Orcid, PartialDate, Reference, ReferenceKind, RelationType,
    UsedAs,
};

/// Reads CSL-JSON.
///
/// An item of a type that CSL does not know is read as [`ReferenceKind::Other`]. The second item
/// of an id is left out, which is told.
///
/// # Errors
/// If the file is too large, no JSON, or neither an item nor a list.
pub fn csl_json(bytes: &[u8], limits: ReadLimits) -> Result<Bibliography, ReadError> {
    let text = text_of(bytes, limits)?;
    let document: Value = serde_json::from_str(text).map_err(|error| {
        ReadError::Syntax(Problem {
            line: Some(error.line()),
            column: Some(error.column()),
            at: String::new(),
            message: without_place(&error.to_string()),
        })
    })?;
    let not_items = || {
        ReadError::Syntax(Problem {
            line: None,
            column: None,
            at: String::new(),
            message: "neither an item of CSL-JSON nor a list of items".into(),
        })
    };
    let items = match document {
        Value::Array(items) => items,
        Value::Object(mut object) => match object.remove("items") {
            Some(Value::Array(items)) if !object.contains_key("type") => items,
            Some(other) => {
                object.insert("items".into(), other);
                vec![Value::Object(object)]
            }
            None => vec![Value::Object(object)],
        },
        _ => return Err(not_items()),
    };
    if items.len() > limits.max_entries {
        return Err(ReadError::TooManyEntries {
            limit: limits.max_entries,
        });
    }
    let mut problems = Problems::new("");
    let mut references = Vec::new();
    let mut keys = BTreeSet::new();
    for (at, item) in items.into_iter().enumerate() {
        let place = format!("[{at}]");
        let Value::Object(item) = item else {
            problems.add(None, &place, "it is no object, so it is left out");
            continue;
        };
        if !["type", "title", "author", "DOI", "URL", "id"]
            .iter()
            .any(|name| item.contains_key(*name))
        {
            problems.add(None, &place, "it is no item of CSL-JSON, so it is left out");
            continue;
        }
        let reference = Item {
            place,
            problems: &mut problems,
        }
        .read(item);
        if let Some(key) = &reference.key
            && !keys.insert(key.clone())
        {
            let message = format!("the id {key:?} is there already, so the item is left out");
            problems.add(None, &format!("[{at}]"), message);
            continue;
        }
        references.push(reference);
    }
    Ok(Bibliography {
        references,
        problems: problems.finish(),
    })
}

fn without_place(message: &str) -> String {
    match message.rsplit_once(" at line ") {
        Some((before, _)) => before.to_owned(),
        None => message.to_owned(),
    }
}

struct Item<'a, 'b> {
    place: String,
    problems: &'a mut Problems<'b>,
}

impl Item<'_, '_> {
    fn problem(&mut self, field: &str, message: impl Into<String>) {
        let at = format!("{}.{field}", self.place);
        self.problems.add(None, &at, message);
    }

    fn read(&mut self, item: Map<String, Value>) -> Reference {
        let mut reference = Reference::new(ReferenceKind::Other);
        let mut custom = None;
        for (name, value) in item {
            match name.as_str() {
                "custom" => custom = Some(value),
                "author" => self.names(&name, value, &mut reference.authors, &mut reference.extra),
                "editor" => self.names(&name, value, &mut reference.editors, &mut reference.extra),
                "issued" => reference.issued = self.date(&name, value, &mut reference.extra),
                "accessed" => reference.accessed = self.date(&name, value, &mut reference.extra),
                _ => self.text_field(&mut reference, name, value),
            }
        }
        if let Some(custom) = custom {
            self.custom(&mut reference, custom);
        }
        reference
    }

    fn text_field(&mut self, reference: &mut Reference, name: String, value: Value) {
        if value.is_null() {
            return;
        }
        let Some(text) = text(&value) else {
            reference.extra.insert(name, value);
            return;
        };
        if text.is_empty() {
            return;
        }
        let field = match name.as_str() {
            "type" => {
                match csl::kind_of(&text) {
                    Some(kind) => reference.kind = kind,
                    None => self.problem("type", format!("CSL has no type {text:?}")),
                }
                if text != csl::type_of(reference.kind) {
                    reference.foreign_type = Some(text);
                }
                return;
            }
            "DOI" => {
                match Doi::parse(&text) {
                    Ok(doi) => reference.doi = Some(doi),
                    Err(error) => {
                        self.problem("DOI", error.to_string());
                        reference.extra.insert(name, value);
                    }
                }
                return;
            }
            "ISBN" | "ISSN" | "PMID" => {
                for part in text.split([',', ';', ' ']).filter(|part| !part.is_empty()) {
                    match Identifier::parse(&format!("{name}:{part}")) {
                        Ok(identifier) => reference.identifiers.push(identifier),
                        Err(error) => {
                            self.problem(&name, error.to_string());
                            reference.extra.insert(name.clone(), value.clone());
                        }
                    }
                }
                return;
            }
            "keyword" => {
                let words = text.split([',', ';']).map(str::trim);
                reference.keywords = words
                    .filter(|word| !word.is_empty())
                    .map(ToOwned::to_owned)
                    .collect();
                return;
            }
            "id" => &mut reference.key,
            "title" => &mut reference.title,
            "genre" => &mut reference.genre,
            "container-title" => &mut reference.container_title,
            "collection-title" => &mut reference.collection_title,
            "event-title" => &mut reference.event_title,
            "volume" => &mut reference.volume,
            "issue" => &mut reference.issue,
            "number" => &mut reference.number,
            "page" => &mut reference.pages,
            "publisher" => &mut reference.publisher,
            "publisher-place" => &mut reference.publisher_place,
            "edition" => &mut reference.edition,
            "version" => &mut reference.version,
            "language" => &mut reference.language,
            "abstract" => &mut reference.abstract_text,
            "note" => &mut reference.note,
            "license" => &mut reference.license,
            "URL" => &mut reference.url,
            _ => {
                reference.extra.insert(name, value);
                return;
            }
        };
        *field = Some(text);
    }

    fn names(
        &mut self,
        field: &str,
        value: Value,
        people: &mut Vec<Author>,
        extra: &mut BTreeMap<String, Value>,
    ) {
        let names = match value {
            Value::Array(names) => names,
            Value::Null => return,
            one @ (Value::Object(_) | Value::String(_)) => vec![one],
            other => {
                self.problem(field, "it is no list of names");
                extra.insert(field.to_owned(), other);
                return;
            }
        };
        for (at, name) in names.into_iter().enumerate() {
            match author(&name) {
                Ok(author) => people.push(author),
                Err(message) => {
                    self.problem(&format!("{field}[{at}]"), message);
                    let kept = extra
                        .entry(format!("{field}[]"))
                        .or_insert_with(|| Value::Array(Vec::new()));
                    if let Value::Array(list) = kept {
                        list.push(name);
                    }
                }
            }
        }
    }

    fn date(
        &mut self,
        field: &str,
        value: Value,
        extra: &mut BTreeMap<String, Value>,
    ) -> Option<PartialDate> {
        let (date, is_whole) = date(&value);
        if date.is_none() && !value.is_null() {
            self.problem(field, "it is no date that a calendar has");
        }
        if !is_whole {
            // Where there is no date at all, the name would be taken for one.
            let name = if date.is_some() {
                field.to_owned()
            } else {
                format!("{field}?")
            };
            extra.insert(name, value);
        }
        date
    }

    fn custom(&mut self, reference: &mut Reference, custom: Value) {
        let Value::Object(mut custom) = custom else {
            reference.extra.insert("custom".into(), custom);
            return;
        };
        if let Some(Value::String(license)) = custom.remove("license") {
            reference.license = Some(license);
        }
        if let Some(Value::Array(orcids)) = custom.remove("orcid") {
            for entry in &orcids {
                let at = entry
                    .get("author")
                    .and_then(Value::as_u64)
                    .unwrap_or_default();
                let at = usize::try_from(at).unwrap_or_default();
                let author = at
                    .checked_sub(1)
                    .and_then(|at| reference.authors.get_mut(at));
                let orcid = entry.get("orcid").and_then(Value::as_str).map(Orcid::parse);
                match (author, orcid) {
                    (Some(author), Some(Ok(orcid))) => author.orcid = Some(orcid),
                    (_, Some(Err(error))) => self.problem("custom.orcid", error.to_string()),
                    _ => self.problem("custom.orcid", "it names no author"),
                }
            }
        }
        if let Some(Value::Object(own)) = custom.remove("entrenar") {
            self.own(reference, own);
        }
        if !custom.is_empty() {
            reference.extra.insert("custom".into(), custom.into());
        }
    }

    fn own(&mut self, reference: &mut Reference, own: Map<String, Value>) {
        for (name, value) in own {
            let text = value.as_str().unwrap_or_default();
            let understood = match name.as_str() {
                "kind" => ReferenceKind::parse(text)
                    .map(|kind| reference.kind = kind)
                    .is_some(),
                "type" => {
                    reference.foreign_type = Some(text.to_owned());
                    true
                }
                "relation" => RelationType::parse(text)
                    .map(|relation| reference.relation = relation)
                    .is_ok(),
                "as" => UsedAs::parse(text)
                    .map(|used_as| reference.used_as = Some(used_as))
                    .is_some(),
                "session" => {
                    reference.session = Some(text.to_owned());
                    true
                }
                "identifiers" => value.as_array().is_some_and(|list| {
                    list.iter().all(|identifier| {
                        let parsed = identifier.as_str().map(Identifier::parse);
                        match parsed {
                            Some(Ok(identifier)) => {
                                reference.identifiers.push(identifier);
                                true
                            }
                            _ => false,
                        }
                    })
                }),
                "extra" => match value.as_object() {
                    Some(extra) => {
                        reference.extra.extend(extra.clone());
                        true
                    }
                    None => false,
                },
                _ => false,
            };
            if !understood {
                let field = format!("custom.entrenar.{name}");
                self.problem(&field, "it is not understood");
                reference.extra.insert(field, value);
            }
        }
    }
}

/// A text, a number, or the first of a list of texts (Crossref gives titles so).
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(list) => match list.as_slice() {
            [] => Some(String::new()),
            [one] => one.as_str().map(|text| text.trim().to_owned()),
            _ => None,
        },
        _ => None,
    }
}

fn author(name: &Value) -> Result<Author, &'static str> {
    let object = match name {
        Value::String(text) if !text.trim().is_empty() => return Ok(Author::new(text.trim())),
        Value::Object(object) => object,
        _ => return Err("it is no name"),
    };
    let part = |field: &str| {
        let text = object.get(field)?.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let mut author = if let Some(literal) = part("literal").or_else(|| part("name")) {
        Author::organisation(literal)
    } else {
        let particle = match (part("dropping-particle"), part("non-dropping-particle")) {
            (Some(dropping), Some(kept)) => Some(format!("{dropping} {kept}")),
            (dropping, kept) => dropping.or(kept),
        };
        let (family, given) = match (part("family"), part("given")) {
            (Some(family), given) => (family, given),
            (None, Some(given)) => (given, None),
            (None, None) => return Err("the name is empty"),
        };
        person(NameParts {
            given,
            particle,
            family,
            suffix: part("suffix"),
        })
    };
    if let Some(orcid) = part("ORCID") {
        author.orcid = Orcid::parse(&orcid).ok();
    }
    Ok(author)
}

/// A person whose parts are known; the name as a whole is put together from them.
pub(super) fn person(parts: NameParts) -> Author {
    let whole = [
        parts.given.as_deref(),
        parts.particle.as_deref(),
        Some(parts.family.as_str()),
        parts.suffix.as_deref(),
    ];
    let whole: Vec<&str> = whole.into_iter().flatten().collect();
    Author::new(whole.join(" ")).with_name_parts(parts)
}

/// The (first) date, and whether that is all that the value says.
fn date(value: &Value) -> (Option<PartialDate>, bool) {
    let object = match value {
        Value::Object(object) => object,
        Value::String(text) => {
            let date = edtf(text);
            return (
                date,
                date.is_some_and(|date| date.to_string() == text.trim()),
            );
        }
        _ => return (None, value.is_null()),
    };
    if let Some(Value::Array(ranges)) = object.get("date-parts") {
        let parts: Option<Vec<i64>> = ranges
            .first()
            .and_then(Value::as_array)
            .map(|parts| parts.iter().map_while(number).collect());
        let date = parts.and_then(|parts| {
            let small = |at: usize| parts.get(at).copied().map(u32::try_from);
            PartialDate::new(
                i32::try_from(*parts.first()?).ok()?,
                small(1).transpose().ok()?,
                small(2).transpose().ok()?,
            )
        });
        return (date, object.len() == 1 && ranges.len() == 1);
    }
    let raw = object.get("raw").or_else(|| object.get("literal"));
    let Some(text) = raw.and_then(Value::as_str) else {
        return (None, object.is_empty());
    };
    let date = edtf(text);
    let is_whole = date.is_some_and(|date| date.to_string() == text.trim());
    (date, is_whole && object.len() == 1)
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The first date of an EDTF text (ISO 8601-2), without its marks of doubt.
pub(super) fn edtf(text: &str) -> Option<PartialDate> {
    let first = text
        .split('/')
        .map(str::trim)
        .find(|part| !matches!(*part, "" | ".."))?;
    let first = first.trim_end_matches(['~', '?', '%']);
    let day = first.split('T').next().unwrap_or(first);
    PartialDate::parse(day).or_else(|| {
        // a season in place of the month
        let (year, season) = day.split_once('-').filter(|(year, _)| !year.is_empty())?;
        let season: u32 = season.parse().ok()?;
        (21..=24)
            .contains(&season)
            .then(|| PartialDate::parse(year))?
    })
}
