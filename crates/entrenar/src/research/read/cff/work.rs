//! A reference in a `CITATION.cff`.

use std::collections::BTreeMap;

use super::Reader;
use super::yaml::{Node, Tree};
use crate::research::{Author, Identifier, PartialDate, Reference, ReferenceKind};

fn kind_of(word: &str) -> Option<ReferenceKind> {
    Some(match word {
        "article" | "magazine-article" | "newspaper-article" => ReferenceKind::Article,
        "book" | "edited-work" | "encyclopedia" | "dictionary" | "catalogue" => ReferenceKind::Book,
        "conference-paper" => ReferenceKind::ConferencePaper,
        "proceedings" | "conference" => ReferenceKind::Proceedings,
        "data" | "database" => ReferenceKind::Dataset,
        "software"
        | "software-code"
        | "software-container"
        | "software-executable"
        | "software-virtual-machine" => ReferenceKind::Software,
        "report" | "manual" | "government-document" => ReferenceKind::Report,
        "thesis" => ReferenceKind::Thesis,
        "unpublished" => ReferenceKind::Manuscript,
        "slides" => ReferenceKind::Presentation,
        "patent" => ReferenceKind::Patent,
        "standard" => ReferenceKind::Standard,
        "website" | "blog" => ReferenceKind::WebPage,
        "art" | "audiovisual" | "film-broadcast" | "map" | "multimedia" | "music"
        | "sound-recording" | "video" => ReferenceKind::Media,
        "bill"
        | "generic"
        | "grant"
        | "hearing"
        | "historical-work"
        | "legal-case"
        | "legal-rule"
        | "pamphlet"
        | "personal-communication"
        | "serial"
        | "statute" => ReferenceKind::Other,
        _ => return None,
    })
}

/// Whether the kind alone says what the word says.
fn is_usual(word: &str) -> bool {
    matches!(
        word,
        "article"
            | "book"
            | "conference-paper"
            | "proceedings"
            | "data"
            | "software"
            | "report"
            | "thesis"
            | "unpublished"
            | "slides"
            | "patent"
            | "standard"
            | "website"
            | "generic"
    )
}

/// Keys of CFF that [`Reference`] has no field for.
const KEPT: [&str; 35] = [
    "abbreviation",
    "collection-doi",
    "collection-type",
    "commit",
    "copyright",
    "data-type",
    "database",
    "database-provider",
    "date-downloaded",
    "department",
    "editors-series",
    "entry",
    "filename",
    "format",
    "issue-title",
    "license-url",
    "loc-end",
    "loc-start",
    "medium",
    "nihmsid",
    "number-volumes",
    "patent-states",
    "pmcid",
    "recipients",
    "repository",
    "repository-artifact",
    "scope",
    "section",
    "senders",
    "status",
    "term",
    "translators",
    "volume-title",
    "year-original",
    "contact",
];

impl Reader<'_> {
    pub(super) fn work(&mut self, at: &str, node: &Node) -> Option<Reference> {
        let Tree::Map(entries) = &node.value else {
            self.problem(node.place, at, "a reference should be a mapping");
            self.keep(at, node);
            return None;
        };
        let mut it = Reference::new(ReferenceKind::Other);
        let mut extra = BTreeMap::new();
        let mut date = Dates::default();
        let (mut start, mut end) = (None, None);
        let mut names = [const { None }; 5];
        for required in ["type", "title", "authors"] {
            if !entries.iter().any(|(key, _)| key == required) {
                self.problem(node.place, at, format!("the key {required} is missing"));
            }
        }
        for (key, node) in entries {
            let field = format!("{at}.{key}");
            let at = field.as_str();
            match key.as_str() {
                "type" => {
                    let word = self.text(at, node).unwrap_or_default();
                    match kind_of(&word) {
                        Some(kind) => it.kind = kind,
                        None => {
                            self.problem(node.place, at, format!("CFF has no type {word:?}"));
                        }
                    }
                    it.foreign_type = (!is_usual(&word)).then_some(word);
                }
                "title" => it.title = self.text(at, node),
                "authors" => it.authors = self.people(at, node),
                "editors" => it.editors = self.people(at, node),
                "abstract" => it.abstract_text = self.text(at, node),
                "doi" => it.doi = self.doi(at, node),
                "url" => it.url = self.text(at, node),
                "repository-code" => {
                    let code = self.text(at, node);
                    extra.extend(code.clone().map(|code| (key.clone(), code.into())));
                    it.url = it.url.take().or(code);
                }
                "journal" => it.container_title = self.text(at, node),
                "collection-title" => it.collection_title = self.text(at, node),
                "volume" => it.volume = self.text(at, node),
                "issue" => it.issue = self.text(at, node),
                "number" => it.number = self.text(at, node),
                "pages" => it.pages = self.text(at, node),
                "start" => start = self.text(at, node),
                "end" => end = self.text(at, node),
                "edition" => it.edition = self.text(at, node),
                "version" => it.version = self.text(at, node),
                "notes" => it.note = self.text(at, node),
                "thesis-type" => it.genre = self.text(at, node),
                "languages" => it.language = self.texts(at, node).into_iter().next(),
                "keywords" => it.keywords = self.texts(at, node),
                "license" => {
                    let (given, license) = self.licenses(at, node);
                    it.license = license
                        .map(|license| license.to_string())
                        .or_else(|| Some(given.join(" OR ")).filter(|text| !text.is_empty()));
                }
                "publisher" => names[0] = self.entity(at, node),
                "institution" => names[1] = self.entity(at, node),
                "conference" => names[2] = self.entity(at, node),
                "location" => names[3] = self.entity(at, node),
                "isbn" | "issn" | "pmid" => {
                    for text in self
                        .text(at, node)
                        .iter()
                        .flat_map(|text| text.split([',', ' ']))
                    {
                        if text.is_empty() {
                            continue;
                        }
                        match Identifier::parse(&format!("{key}:{text}")) {
                            Ok(identifier) => it.identifiers.push(identifier),
                            Err(error) => {
                                self.problem(node.place, at, error.to_string());
                                extra.insert(key.clone(), node.to_json());
                            }
                        }
                    }
                }
                "identifiers" => {
                    for given in self.identifiers(at, node) {
                        match given.identifier {
                            Some(identifier) => it.identifiers.push(identifier),
                            None => {
                                extra.insert(key.clone(), node.to_json());
                            }
                        }
                    }
                }
                "year" => date.year = self.number(at, node),
                "month" => date.month = self.number(at, node),
                "date-published" => date.published = self.date(at, node),
                "date-released" => date.released = self.date(at, node),
                "issue-date" => date.issue = self.date(at, node),
                "date-accessed" => it.accessed = self.date(at, node),
                key if KEPT.contains(&key) => {
                    extra.insert(key.to_owned(), node.to_json());
                }
                _ => {
                    self.problem(node.place, at, "CFF 1.2.0 has no such key; it is kept");
                    extra.insert(key.clone(), node.to_json());
                }
            }
        }
        it.issued = date.best();
        if it.pages.is_none() {
            it.pages = match (start, end) {
                (Some(start), Some(end)) => Some(format!("{start}-{end}")),
                (start, end) => start.or(end),
            };
        }
        let [publisher, institution, conference, location, _] =
            names.map(|name: Option<Author>| name);
        let name = |entity: Option<Author>| entity.map(|entity| entity.name);
        it.publisher = name(publisher).or_else(|| name(institution));
        it.event_title = name(conference);
        it.publisher_place = name(location);
        // in a collection, CFF has the book or proceedings as its title
        if it.container_title.is_none()
            && matches!(
                it.kind,
                ReferenceKind::ConferencePaper | ReferenceKind::Chapter
            )
        {
            it.container_title = it
                .collection_title
                .take()
                .or_else(|| it.event_title.clone());
        }
        it.extra = extra;
        Some(it)
    }

    fn entity(&mut self, at: &str, node: &Node) -> Option<Author> {
        match &node.value {
            Tree::Scalar(text, _) if !node.is_null() => {
                self.problem(node.place, at, "an entity should be a mapping with a name");
                Some(Author::organisation(text.trim()))
            }
            _ => self.one(at, node),
        }
    }

    fn number(&mut self, at: &str, node: &Node) -> Option<i32> {
        let text = self.text(at, node)?;
        let number = text.parse().ok();
        if number.is_none() {
            self.problem(node.place, at, format!("{text:?} is no number"));
            self.keep(at, node);
        }
        number
    }
}

#[derive(Default)]
struct Dates {
    year: Option<i32>,
    month: Option<i32>,
    published: Option<PartialDate>,
    released: Option<PartialDate>,
    issue: Option<PartialDate>,
}

impl Dates {
    fn best(&self) -> Option<PartialDate> {
        let month = self.month.and_then(|month| u32::try_from(month).ok());
        let stated = self.year.and_then(|year| {
            PartialDate::new(year, month, None).or_else(|| PartialDate::from_year(year))
        });
        let day = self.published.or(self.released).or(self.issue);
        // a year that contradicts the day is what somebody wrote to be cited
        match (day, stated) {
            (Some(day), Some(stated)) if day.year() != stated.year() => Some(stated),
            (Some(day), _) => Some(day),
            (None, stated) => stated,
        }
    }
}
