//! BibTeX and BibLaTeX.
//!
//! Source: the biblatex manual 3.21 (data model, name and date formats) and Tame the BeaST
//! (names). The crate `biblatex` parses the entries and decodes TeX; where it would give up a whole
//! file, the entries are given to it one by one.

mod convert;
mod inherit;
mod split;
mod tex;

use std::collections::{BTreeMap, BTreeSet};

use ::biblatex::{
    Bibliography as Parsed, Chunks, Field, ParseError, RawBibliography, RawChunk, RawEntry, Spanned,
};

use super::problem::{Problems, text_of};
use super::{Bibliography, ReadError, ReadLimits};
use split::{Part, PartKind};

/// An entry with its texts decoded.
#[derive(Debug)]
pub(super) struct Entry {
    key: String,
    /// The type in lower case.
    kind: String,
    /// Its first byte in the file.
    place: usize,
    /// The values as they stand in the file, macros put in.
    raw: BTreeMap<String, String>,
    fields: BTreeMap<String, Chunks>,
    crossref: Option<String>,
    xdata: Vec<String>,
}

/// The longest value that macros may make.
const LONGEST_VALUE: usize = 1 << 20;

/// Reads a BibTeX or BibLaTeX file.
///
/// An entry that does not parse is left out, a field that does not is kept as it stands; both are
/// told. Macros (`@string`), `crossref` and `xdata` are resolved; the second entry of a key is left
/// out, as BibTeX does.
///
/// # Errors
/// If the file is too large or no text in UTF-8.
pub fn biblatex(bytes: &[u8], limits: ReadLimits) -> Result<Bibliography, ReadError> {
    let text = text_of(bytes, limits)?;
    let mut problems = Problems::new(text);
    let parts = split::split(text, limits, &mut problems);
    let entries = parts.iter().filter(|part| part.kind == PartKind::Entry);
    if entries.count() > limits.max_entries {
        return Err(ReadError::TooManyEntries {
            limit: limits.max_entries,
        });
    }
    let mut macros = Macros::default();
    let mut entries = Vec::new();
    let mut keys = BTreeSet::new();
    for part in &parts {
        let raw = match RawBibliography::parse(&part.text) {
            Ok(raw) => raw,
            Err(error) => {
                let (at, message) = told(&error, part);
                let key = key_of(&part.text);
                let what = if part.kind == PartKind::Entry {
                    "entry"
                } else {
                    "macro"
                };
                let message = format!("{message}, so the {what} is left out");
                problems.add(Some(at), key, message);
                continue;
            }
        };
        for pair in &raw.abbreviations {
            let value = macros.resolve(&pair.value.v, pair.key.v, part.start, &mut problems);
            macros.defined.insert(pair.key.v.to_lowercase(), value);
        }
        for raw in &raw.entries {
            let entry = read(&raw.v, part.start, &macros, &mut problems);
            if entry.key.is_empty() {
                let message = "the entry has no key, so it cannot be cited by one";
                problems.add(Some(part.start), "", message);
            } else if !keys.insert(entry.key.clone()) {
                let message = "an entry of this key is there already, so this one is left out";
                problems.add(Some(part.start), &entry.key, message);
                continue;
            }
            entries.push(entry);
        }
    }
    inherit::resolve(&mut entries, &mut problems);
    let references = entries
        .into_iter()
        .filter(|entry| !matches!(entry.kind.as_str(), "xdata" | "set"))
        .map(|entry| convert::reference(entry, &mut problems))
        .collect();
    Ok(Bibliography {
        references,
        problems: problems.finish(),
    })
}

/// What stands between the opening brace and the first comma.
fn key_of(text: &str) -> &str {
    let behind = text.split_once(['{', '(']).map_or("", |(_, rest)| rest);
    let key = behind.split([',', '=', '}']).next().unwrap_or_default();
    key.lines().next().unwrap_or_default().trim()
}

/// Where in the file an error is, and what it is.
fn told(error: &ParseError, part: &Part<'_>) -> (usize, String) {
    // the error's own text ends with its range of bytes
    (part.start + error.span.start, error.kind.to_string())
}

/// What `@string` defines, by names in lower case.
#[derive(Debug, Default)]
struct Macros {
    defined: BTreeMap<String, String>,
}

impl Macros {
    /// The value as one text.
    fn resolve(
        &self,
        field: &Field<'_>,
        key: &str,
        place: usize,
        problems: &mut Problems<'_>,
    ) -> String {
        let mut value = String::new();
        for chunk in field {
            let piece = match chunk.v {
                RawChunk::Normal(text) => text,
                RawChunk::Abbreviation(name) => match self.defined.get(&name.to_lowercase()) {
                    Some(text) => text.as_str(),
                    None => match tex::month(name) {
                        Some(number) => number,
                        None => {
                            let message = format!("no @string defines {name}; it stands as text");
                            problems.add(Some(place + chunk.span.start), key, message);
                            name
                        }
                    },
                },
            };
            if value.len() + piece.len() > LONGEST_VALUE {
                let message = "macros make the value longer than 1 MiB; the rest is left out";
                problems.add(Some(place + chunk.span.start), key, message);
                break;
            }
            value.push_str(piece);
        }
        value
    }
}

fn read(raw: &RawEntry<'_>, start: usize, macros: &Macros, problems: &mut Problems<'_>) -> Entry {
    let mut entry = Entry {
        key: raw.key.v.to_owned(),
        kind: raw.kind.v.to_ascii_lowercase(),
        place: start,
        raw: BTreeMap::new(),
        fields: BTreeMap::new(),
        crossref: None,
        xdata: Vec::new(),
    };
    for pair in &raw.fields {
        let name = pair.key.v.to_ascii_lowercase();
        let place = start + pair.key.span.start;
        let value = macros.resolve(&pair.value.v, &entry.key, start, problems);
        let list = || value.split(',').map(|key| key.trim().to_owned());
        match name.as_str() {
            "crossref" => entry.crossref = Some(value.trim().to_owned()),
            "xdata" => entry.xdata.extend(list().filter(|key| !key.is_empty())),
            _ => match decode(&name, &tex::with_letters(&value)) {
                Ok(chunks) => {
                    if entry.fields.contains_key(&name) {
                        let message = format!("{name} is there twice; the first counts");
                        problems.add(Some(place), &entry.key, message);
                        continue;
                    }
                    entry.fields.insert(name.clone(), chunks);
                }
                Err(message) => {
                    let message = format!("{name}: {message}; it is kept as it stands");
                    problems.add(Some(place), &entry.key, message);
                }
            },
        }
        entry.raw.entry(name).or_insert(value);
    }
    entry
}

/// The value of a field, with TeX's escapes decoded.
fn decode(name: &str, value: &str) -> Result<Chunks, String> {
    let detached = |v| Spanned::new(v, 0..0);
    let raw = RawBibliography {
        preamble: String::new(),
        entries: vec![Spanned::new(
            RawEntry {
                key: Spanned::new("k", 0..0),
                kind: Spanned::new("misc", 0..0),
                fields: vec![::biblatex::Pair::new(
                    Spanned::new(safe_name(name), 0..0),
                    Spanned::new(vec![detached(RawChunk::Normal(value))], 0..0),
                )],
            },
            0..0,
        )],
        abbreviations: Vec::new(),
    };
    let parsed = Parsed::from_raw(raw).map_err(|error| error.kind.to_string())?;
    let fields = parsed.into_iter().next().map(|entry| entry.fields);
    Ok(fields
        .and_then(|fields| fields.into_values().next())
        .unwrap_or_default())
}

/// Fields that the crate itself would follow get another name: they are followed here.
fn safe_name(name: &str) -> &str {
    match name {
        "crossref" | "xdata" | "xref" | "ids" => "usera",
        name => name,
    }
}
