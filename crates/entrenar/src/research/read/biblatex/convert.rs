//! An entry as a reference.

use std::collections::BTreeMap;

use ::biblatex::{Chunks, ChunksExt as _, Person};
use serde_json::Value;

use super::{Entry, tex};
use crate::research::read::csl_json::{edtf, person};
use crate::research::read::problem::Problems;
use crate::research::text::one_line;
use crate::research::{
    Author, Doi, Identifier, IdentifierScheme, NameParts, PartialDate, Reference, ReferenceKind,
};

/// Entry types and the kind that each is.
fn kind_of(entry_type: &str) -> ReferenceKind {
    match entry_type {
        "article" | "suppperiodical" | "review" => ReferenceKind::Article,
        "preprint" => ReferenceKind::Preprint,
        "inproceedings" | "conference" => ReferenceKind::ConferencePaper,
        "proceedings" | "mvproceedings" => ReferenceKind::Proceedings,
        "book" | "mvbook" | "collection" | "mvcollection" | "reference" | "mvreference"
        | "booklet" => ReferenceKind::Book,
        "inbook" | "incollection" | "bookinbook" | "suppbook" | "suppcollection"
        | "inreference" => ReferenceKind::Chapter,
        "report" | "techreport" | "manual" => ReferenceKind::Report,
        "thesis" | "phdthesis" | "mastersthesis" => ReferenceKind::Thesis,
        "unpublished" => ReferenceKind::Manuscript,
        "presentation" | "talk" => ReferenceKind::Presentation,
        "patent" => ReferenceKind::Patent,
        "standard" => ReferenceKind::Standard,
        "dataset" | "data" => ReferenceKind::Dataset,
        "software" | "softwareversion" | "softwaremodule" | "codefragment" => {
            ReferenceKind::Software
        }
        "online" | "electronic" | "www" | "webpage" => ReferenceKind::WebPage,
        "artwork" | "audio" | "image" | "movie" | "music" | "performance" | "video" => {
            ReferenceKind::Media
        }
        _ => ReferenceKind::Other,
    }
}

/// The entry type that a kind is written as.
pub(super) fn is_usual(kind: ReferenceKind, entry_type: &str) -> bool {
    matches!(
        (kind, entry_type),
        (ReferenceKind::Article, "article")
            | (ReferenceKind::ConferencePaper, "inproceedings")
            | (ReferenceKind::Proceedings, "proceedings")
            | (ReferenceKind::Book, "book")
            | (ReferenceKind::Chapter, "incollection")
            | (ReferenceKind::Report, "report")
            | (ReferenceKind::Thesis, "thesis")
            | (ReferenceKind::Manuscript, "unpublished")
            | (ReferenceKind::Patent, "patent")
            | (ReferenceKind::Dataset, "dataset")
            | (ReferenceKind::Software, "software")
            | (ReferenceKind::WebPage, "online")
            | (ReferenceKind::Preprint, "online")
            | (ReferenceKind::Other, "misc")
    )
}

struct Fields<'a, 'b> {
    key: String,
    place: usize,
    raw: BTreeMap<String, String>,
    fields: BTreeMap<String, Chunks>,
    problems: &'a mut Problems<'b>,
    extra: BTreeMap<String, Value>,
}

impl Fields<'_, '_> {
    fn problem(&mut self, message: impl Into<String>) {
        self.problems.add(Some(self.place), &self.key, message);
    }

    /// Takes the text of the first of these fields that has one.
    fn text(&mut self, names: &[&str]) -> Option<String> {
        for name in names {
            if let Some(chunks) = self.fields.remove(*name) {
                self.raw.remove(*name);
                let text = tex::text(&chunks);
                if !text.is_empty() {
                    return Some(text);
                }
            }
        }
        None
    }

    /// Takes a field in which TeX decodes nothing but the characters that it must.
    fn verbatim(&mut self, name: &str) -> Option<String> {
        self.fields.remove(name)?;
        let raw = self.raw.remove(name)?;
        let mut text = one_line(&raw);
        for (escaped, plain) in [
            ("\\_", "_"),
            ("\\%", "%"),
            ("\\#", "#"),
            ("\\&", "&"),
            ("\\$", "$"),
            ("\\~", "~"),
            ("{\\textasciitilde}", "~"),
            ("\\textasciitilde{}", "~"),
        ] {
            if text.contains('\\') {
                text = text.replace(escaped, plain);
            }
        }
        let text = text
            .trim_start_matches('{')
            .trim_end_matches('}')
            .trim()
            .to_owned();
        (!text.is_empty()).then_some(text)
    }

    fn keep(&mut self, name: &str, text: impl Into<String>) {
        self.extra
            .insert(name.to_owned(), Value::String(text.into()));
    }

    fn names(&mut self, name: &str) -> Vec<Author> {
        let Some(chunks) = self.fields.remove(name) else {
            return Vec::new();
        };
        let raw = self.raw.remove(name).unwrap_or_default();
        let people = match chunks.parse::<Vec<Person>>() {
            Ok(people) => people,
            Err(error) => {
                self.problem(format!("{name}: {error}; it is kept as it stands"));
                self.keep(name, one_line(&raw));
                return Vec::new();
            }
        };
        let mut authors = Vec::new();
        for found in people {
            let part = |text: &str| {
                let text = one_line(&tex::cleaned(text));
                (!text.is_empty()).then_some(text)
            };
            let Some(family) = part(&found.name) else {
                continue;
            };
            let parts = NameParts {
                given: part(&found.given_name),
                particle: part(&found.prefix),
                family,
                suffix: part(&found.suffix),
            };
            let has_parts =
                parts.given.is_some() || parts.particle.is_some() || parts.suffix.is_some();
            if has_parts {
                authors.push(person(parts));
            } else if parts.family == "others" {
                // "and others": there are more than the entry names
                self.keep(&format!("{name}+"), "others");
            } else if parts.family.contains(' ') {
                authors.push(Author::organisation(parts.family));
            } else {
                authors.push(Author::new(parts.family));
            }
        }
        authors
    }

    fn date(&mut self, prefix: &str) -> Option<PartialDate> {
        let field = format!("{prefix}date");
        if let Some(text) = self.text(&[&field]) {
            let date = edtf(&text);
            if date.is_none() {
                self.problem(format!(
                    "{field}: {text:?} is no date; it is kept as it stands"
                ));
            }
            if date.is_none_or(|date| date.to_string() != text) {
                self.keep(&field, text);
            }
            if date.is_some() {
                return date;
            }
        }
        let text = self.text(&[&format!("{prefix}year")])?;
        if let Some(date) = PartialDate::parse(&text).filter(|date| date.month().is_some()) {
            return Some(date);
        }
        let year = text.trim_matches(|c: char| !c.is_ascii_digit() && c != '-');
        let year = year
            .parse::<i32>()
            .ok()
            .filter(|_| (3..=5).contains(&year.len()));
        let Some(date) = year.and_then(PartialDate::from_year) else {
            self.problem(format!(
                "{prefix}year: {text:?} is no year; it is kept as it stands"
            ));
            self.keep(&format!("{prefix}year"), text);
            return edtf_in(&self.extra, prefix);
        };
        if date.year().to_string() != text {
            self.keep(&format!("{prefix}year"), text);
        }
        let month = self.text(&[&format!("{prefix}month")]);
        let Some(month) = month else {
            return Some(date);
        };
        let number = month
            .parse()
            .ok()
            .or_else(|| tex::month(&month)?.parse().ok());
        let day = self
            .text(&[&format!("{prefix}day")])
            .and_then(|day| day.parse().ok());
        let exact = PartialDate::new(date.year(), number, day)
            .or_else(|| PartialDate::new(date.year(), number, None))
            .filter(|date| date.month().is_some());
        if exact.is_none() {
            self.keep(&format!("{prefix}month"), month);
        }
        exact.or(Some(date))
    }

    /// The title with its subtitle.
    fn title(&mut self, name: &str, subtitle: &str) -> Option<String> {
        let title = self.text(&[name]);
        let subtitle = self.text(&[subtitle]);
        match (title, subtitle) {
            (Some(title), Some(subtitle)) => {
                let colon = if title.ends_with(['?', '!', '.', ':']) {
                    " "
                } else {
                    ": "
                };
                Some(format!("{title}{colon}{subtitle}"))
            }
            (title, subtitle) => title.or(subtitle),
        }
    }

    /// A list whose items are joined by `and`.
    fn list(&mut self, names: &[&str]) -> Option<String> {
        let text = self.text(names)?;
        Some(
            text.split(" and ")
                .map(str::trim)
                .collect::<Vec<_>>()
                .join("; "),
        )
    }
}

fn edtf_in(extra: &BTreeMap<String, Value>, prefix: &str) -> Option<PartialDate> {
    edtf(extra.get(&format!("{prefix}date"))?.as_str()?)
}

pub(super) fn reference(entry: Entry, problems: &mut Problems<'_>) -> Reference {
    let mut kind = kind_of(&entry.kind);
    let mut fields = Fields {
        key: entry.key,
        place: entry.place,
        raw: entry.raw,
        fields: entry.fields,
        problems,
        extra: BTreeMap::new(),
    };
    let f = &mut fields;
    let mut it = Reference::new(kind);
    it.title = f.title("title", "subtitle");
    it.authors = f.names("author");
    it.editors = f.names("editor");
    it.issued = f.date("");
    it.accessed = f.date("url");
    identifiers(f, &mut it);
    let is_arxiv = it
        .identifiers
        .iter()
        .any(|id| id.scheme() == IdentifierScheme::ArXiv);
    if is_arxiv && matches!(kind, ReferenceKind::WebPage | ReferenceKind::Other) {
        kind = ReferenceKind::Preprint;
    }
    it.kind = kind;
    it.container_title = f
        .title("journaltitle", "journalsubtitle")
        .or_else(|| f.text(&["journal"]))
        .or_else(|| f.title("booktitle", "booksubtitle"))
        .or_else(|| f.title("maintitle", "mainsubtitle"));
    it.collection_title = f.text(&["series"]);
    it.event_title = f.text(&["eventtitle"]);
    it.volume = f.text(&["volume"]);
    it.issue = f.text(&["issue"]);
    match kind {
        ReferenceKind::Article if it.issue.is_none() => it.issue = f.text(&["number"]),
        _ => it.number = f.text(&["number"]),
    }
    it.pages = f
        .text(&["pages"])
        .map(|pages| pages.replace(['–', '—'], "-"));
    it.publisher = f
        .list(&["publisher"])
        .or_else(|| f.list(&["institution"]))
        .or_else(|| f.list(&["school"]))
        .or_else(|| f.list(&["organization"]));
    it.publisher_place = f.list(&["location", "address"]);
    it.edition = f.text(&["edition"]);
    it.version = f.text(&["version"]);
    it.language = f.text(&["language", "langid"]);
    it.abstract_text = f.text(&["abstract"]);
    it.note = f.text(&["note"]);
    it.license = f.text(&["license"]);
    it.genre = f
        .text(&["type"])
        .map(|word| genre(&word))
        .or(match entry.kind.as_str() {
            "phdthesis" => Some("PhD thesis".to_owned()),
            "mastersthesis" => Some("Master’s thesis".to_owned()),
            _ => None,
        });
    if let Some(words) = f.text(&["keywords", "keyword"]) {
        it.keywords = words
            .split([',', ';'])
            .map(|word| word.trim().to_owned())
            .filter(|word| !word.is_empty())
            .collect();
    }
    if let Some(how) = f.text(&["howpublished"]) {
        if how.starts_with("https://") || how.starts_with("http://") {
            it.url.get_or_insert(how);
        } else if it.publisher.is_none() {
            it.publisher = Some(how);
        } else {
            f.keep("howpublished", how);
        }
    }
    // the rest, decoded where it could be
    for (name, chunks) in std::mem::take(&mut fields.fields) {
        let text = tex::text(&chunks);
        fields.raw.remove(&name);
        if !text.is_empty() {
            fields.keep(&name, text);
        }
    }
    for (name, raw) in std::mem::take(&mut fields.raw) {
        if !matches!(name.as_str(), "crossref" | "xdata") {
            fields.keep(&name, raw);
        }
    }
    it.extra = fields.extra;
    it.key = Some(fields.key).filter(|key| !key.is_empty());
    it.foreign_type = (!is_usual(kind, &entry.kind)).then_some(entry.kind);
    it
}

/// The words for which biblatex has localisation keys.
fn genre(word: &str) -> String {
    match word {
        "phdthesis" => "PhD thesis",
        "mathesis" => "Master’s thesis",
        "bathesis" => "Bachelor’s thesis",
        "techreport" => "Technical report",
        "resreport" => "Research report",
        "software" => "Software",
        "datacd" => "Data CD",
        other => other,
    }
    .to_owned()
}

fn identifiers(f: &mut Fields<'_, '_>, it: &mut Reference) {
    if let Some(text) = f.verbatim("doi") {
        match Doi::parse(&text) {
            Ok(doi) => it.doi = Some(doi),
            Err(error) => {
                f.problem(format!("doi: {error}; it is kept as it stands"));
                f.keep("doi", text);
            }
        }
    }
    it.url = f.verbatim("url").or_else(|| f.verbatim("urlraw"));
    if let Some(eprint) = f.verbatim("eprint") {
        let given = f.text(&["eprinttype", "archiveprefix"]);
        let prefix = given.clone().unwrap_or_default().to_ascii_lowercase();
        let parsed = match prefix.as_str() {
            "" | "arxiv" => Identifier::parse(&format!("arXiv:{}", without_arxiv(&eprint))),
            "pubmed" | "pmid" => Identifier::parse(&format!("pmid:{eprint}")),
            "hdl" | "handle" => Identifier::parse(&format!("hdl:{eprint}")),
            _ => Identifier::parse(&eprint),
        };
        match parsed {
            Ok(identifier) => it.identifiers.push(identifier),
            Err(_) => {
                f.keep("eprint", eprint);
                if let Some(given) = given {
                    f.keep("eprinttype", given);
                }
            }
        }
    }
    for (name, prefix) in [
        ("isbn", "isbn:"),
        ("issn", "issn:"),
        ("pmid", "pmid:"),
        ("swhid", ""),
    ] {
        let Some(text) = f.verbatim(name) else {
            continue;
        };
        for part in text.split([',', ';', ' ']).filter(|part| !part.is_empty()) {
            match Identifier::parse(&format!("{prefix}{part}")) {
                Ok(identifier) => it.identifiers.push(identifier),
                Err(error) => {
                    f.problem(format!("{name}: {error}; it is kept as it stands"));
                    f.keep(name, text.clone());
                }
            }
        }
    }
}

fn without_arxiv(text: &str) -> &str {
    match text.get(..6) {
        Some(head) if head.eq_ignore_ascii_case("arxiv:") => text.get(6..).unwrap_or(text),
        _ => text,
    }
}
