//! A reference as an item of CSL-JSON.
//!
//! Source: Citation Style Language 1.0.2, `schemas/input/csl-data.json`. What CSL has no variable
//! for is in `custom`, as that schema recommends; our own words are in `custom.entrenar`.

use serde_json::{Map, Value, json};

use super::{Reference, ReferenceKind};
use crate::research::{Author, AuthorKind, IdentifierScheme, PartialDate, RelationType};

/// The types of CSL 1.0.2 and the kind that each is, sorted.
const TYPES: [(&str, ReferenceKind); 45] = [
    ("article", ReferenceKind::Preprint),
    ("article-journal", ReferenceKind::Article),
    ("article-magazine", ReferenceKind::Article),
    ("article-newspaper", ReferenceKind::Article),
    ("bill", ReferenceKind::Other),
    ("book", ReferenceKind::Book),
    ("broadcast", ReferenceKind::Media),
    ("chapter", ReferenceKind::Chapter),
    ("classic", ReferenceKind::Book),
    ("collection", ReferenceKind::Other),
    ("dataset", ReferenceKind::Dataset),
    ("document", ReferenceKind::Other),
    ("entry", ReferenceKind::Chapter),
    ("entry-dictionary", ReferenceKind::Chapter),
    ("entry-encyclopedia", ReferenceKind::Chapter),
    ("event", ReferenceKind::Other),
    ("figure", ReferenceKind::Media),
    ("graphic", ReferenceKind::Media),
    ("hearing", ReferenceKind::Other),
    ("interview", ReferenceKind::Other),
    ("legal_case", ReferenceKind::Other),
    ("legislation", ReferenceKind::Other),
    ("manuscript", ReferenceKind::Manuscript),
    ("map", ReferenceKind::Media),
    ("motion_picture", ReferenceKind::Media),
    ("musical_score", ReferenceKind::Media),
    ("pamphlet", ReferenceKind::Other),
    ("paper-conference", ReferenceKind::ConferencePaper),
    ("patent", ReferenceKind::Patent),
    ("performance", ReferenceKind::Media),
    ("periodical", ReferenceKind::Other),
    ("personal_communication", ReferenceKind::Other),
    ("post", ReferenceKind::WebPage),
    ("post-weblog", ReferenceKind::WebPage),
    ("regulation", ReferenceKind::Other),
    ("report", ReferenceKind::Report),
    ("review", ReferenceKind::Article),
    ("review-book", ReferenceKind::Article),
    ("software", ReferenceKind::Software),
    ("song", ReferenceKind::Media),
    ("speech", ReferenceKind::Presentation),
    ("standard", ReferenceKind::Standard),
    ("thesis", ReferenceKind::Thesis),
    ("treaty", ReferenceKind::Other),
    ("webpage", ReferenceKind::WebPage),
];

/// Names, dates and texts that CSL knows and [`Reference`] has no field for, sorted.
const OTHER_VARIABLES: [&str; 71] = [
    "PMCID",
    "annote",
    "archive",
    "archive-place",
    "archive_collection",
    "archive_location",
    "authority",
    "available-date",
    "call-number",
    "categories",
    "chair",
    "chapter-number",
    "citation-key",
    "citation-label",
    "citation-number",
    "collection-editor",
    "collection-number",
    "compiler",
    "composer",
    "container-author",
    "container-title-short",
    "contributor",
    "curator",
    "dimensions",
    "director",
    "division",
    "editorial-director",
    "event",
    "event-date",
    "event-place",
    "executive-producer",
    "first-reference-note-number",
    "guest",
    "host",
    "illustrator",
    "interviewer",
    "journalAbbreviation",
    "jurisdiction",
    "locator",
    "medium",
    "narrator",
    "number-of-pages",
    "number-of-volumes",
    "organizer",
    "original-author",
    "original-date",
    "original-publisher",
    "original-publisher-place",
    "original-title",
    "page-first",
    "part",
    "part-title",
    "performer",
    "printing",
    "producer",
    "recipient",
    "references",
    "reviewed-author",
    "reviewed-genre",
    "reviewed-title",
    "scale",
    "script-writer",
    "section",
    "series-creator",
    "shortTitle",
    "source",
    "status",
    "submitted",
    "supplement",
    "title-short",
    "translator",
];

/// The kind that a CSL type is.
pub(in crate::research) fn kind_of(csl_type: &str) -> Option<ReferenceKind> {
    let at = TYPES
        .binary_search_by_key(&csl_type, |(name, _)| name)
        .ok()?;
    TYPES.get(at).map(|(_, kind)| *kind)
}

/// The CSL type of a kind.
pub(in crate::research) fn type_of(kind: ReferenceKind) -> &'static str {
    match kind {
        ReferenceKind::Article => "article-journal",
        ReferenceKind::Preprint => "article",
        ReferenceKind::ConferencePaper => "paper-conference",
        ReferenceKind::Proceedings | ReferenceKind::Book => "book",
        ReferenceKind::Chapter => "chapter",
        ReferenceKind::Report => "report",
        ReferenceKind::Thesis => "thesis",
        ReferenceKind::Manuscript => "manuscript",
        ReferenceKind::Presentation => "speech",
        ReferenceKind::Patent => "patent",
        ReferenceKind::Standard => "standard",
        ReferenceKind::Dataset => "dataset",
        ReferenceKind::Software | ReferenceKind::Model | ReferenceKind::Notebook => "software",
        ReferenceKind::WebPage => "webpage",
        ReferenceKind::Media => "motion_picture",
        ReferenceKind::Other => "document",
    }
}

impl Reference {
    /// The reference as an item of CSL-JSON under that id.
    ///
    /// [`read::csl_json`](crate::research::read::csl_json) reads it back.
    pub fn to_csl_json(&self, id: &str) -> Value {
        let mut item = Map::new();
        let csl_type = self
            .foreign_type
            .as_deref()
            .filter(|name| kind_of(name) == Some(self.kind))
            .unwrap_or_else(|| type_of(self.kind));
        item.insert("id".into(), id.into());
        item.insert("type".into(), csl_type.into());
        let mut put = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                item.insert(name.into(), value.into());
            }
        };
        put("title", self.title.as_deref());
        put("genre", self.genre.as_deref());
        put("container-title", self.container_title.as_deref());
        put("collection-title", self.collection_title.as_deref());
        put("event-title", self.event_title.as_deref());
        put("volume", self.volume.as_deref());
        put("issue", self.issue.as_deref());
        put("number", self.number.as_deref());
        put("page", self.pages.as_deref());
        put("publisher", self.publisher.as_deref());
        put("publisher-place", self.publisher_place.as_deref());
        put("edition", self.edition.as_deref());
        put("version", self.version.as_deref());
        put("language", self.language.as_deref());
        put("abstract", self.abstract_text.as_deref());
        put("note", self.note.as_deref());
        put("DOI", self.doi.as_ref().map(|doi| doi.as_str()));
        put("URL", self.url.as_deref());
        let keywords = self.keywords.join(", ");
        put(
            "keyword",
            Some(keywords.as_str()).filter(|text| !text.is_empty()),
        );
        let mut others: Vec<Value> = Vec::new();
        for identifier in &self.identifiers {
            let name = match identifier.scheme() {
                IdentifierScheme::Isbn => "ISBN",
                IdentifierScheme::Issn => "ISSN",
                IdentifierScheme::Pmid => "PMID",
                _ => "",
            };
            if name.is_empty() || item.contains_key(name) {
                others.push(identifier.to_string().into());
            } else {
                item.insert(name.into(), identifier.value().into());
            }
        }
        for (name, people) in [("author", &self.authors), ("editor", &self.editors)] {
            let names: Vec<Value> = people.iter().filter_map(name_item).collect();
            if !names.is_empty() {
                item.insert(name.into(), names.into());
            }
        }
        for (name, date) in [("issued", self.issued), ("accessed", self.accessed)] {
            if let Some(date) = date {
                item.insert(name.into(), date_item(date));
            }
        }
        let mut extra = Map::new();
        for (name, value) in &self.extra {
            let is_more_of_a_date = matches!(name.as_str(), "issued" | "accessed");
            if is_more_of_a_date || OTHER_VARIABLES.binary_search(&name.as_str()).is_ok() {
                item.insert(name.clone(), value.clone());
            } else {
                extra.insert(name.clone(), value.clone());
            }
        }
        let custom = self.custom(csl_type, others, extra);
        if !custom.is_empty() {
            item.insert("custom".into(), custom.into());
        }
        item.into()
    }

    fn custom(
        &self,
        csl_type: &str,
        identifiers: Vec<Value>,
        mut extra: Map<String, Value>,
    ) -> Map<String, Value> {
        let mut custom = match extra.remove("custom") {
            Some(Value::Object(custom)) => custom,
            Some(other) => Map::from_iter([("custom".to_owned(), other)]),
            None => Map::new(),
        };
        if let Some(license) = &self.license {
            custom.insert("license".into(), license.as_str().into());
        }
        let orcids: Vec<Value> = self
            .authors
            .iter()
            .zip(1..)
            .filter_map(|(author, at)| {
                Some(json!({ "author": at, "orcid": author.orcid.as_ref()?.uri() }))
            })
            .collect();
        if !orcids.is_empty() {
            custom.insert("orcid".into(), orcids.into());
        }
        let mut own = Map::new();
        if kind_of(csl_type) != Some(self.kind) {
            own.insert("kind".into(), self.kind.as_str().into());
        }
        let foreign = self.foreign_type.as_deref();
        if let Some(foreign) = foreign.filter(|name| *name != csl_type) {
            own.insert("type".into(), foreign.into());
        }
        if self.relation != RelationType::Cites {
            own.insert("relation".into(), self.relation.as_str().into());
        }
        if let Some(used_as) = self.used_as {
            own.insert("as".into(), used_as.as_str().into());
        }
        if let Some(session) = &self.session {
            own.insert("session".into(), session.as_str().into());
        }
        if !identifiers.is_empty() {
            own.insert("identifiers".into(), identifiers.into());
        }
        if !extra.is_empty() {
            own.insert("extra".into(), extra.into());
        }
        if !own.is_empty() {
            custom.insert("entrenar".into(), own.into());
        }
        custom
    }
}

fn name_item(author: &Author) -> Option<Value> {
    let (kind, parts) = author.parsed();
    if parts.family.is_empty() {
        return None;
    }
    if kind != AuthorKind::Person {
        return Some(json!({ "literal": parts.family }));
    }
    let mut item = Map::new();
    item.insert("family".into(), parts.family.into());
    let rest = [
        ("given", parts.given),
        ("non-dropping-particle", parts.particle),
        ("suffix", parts.suffix),
    ];
    for (name, part) in rest {
        if let Some(part) = part {
            item.insert(name.into(), part.into());
        }
    }
    Some(item.into())
}

fn date_item(date: PartialDate) -> Value {
    let mut parts: Vec<Value> = vec![date.year().into()];
    parts.extend(date.month().map(Value::from));
    parts.extend(date.day().map(Value::from));
    json!({ "date-parts": [parts] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted() {
        assert!(TYPES.is_sorted_by_key(|(name, _)| *name));
        assert!(OTHER_VARIABLES.is_sorted());
    }

    #[test]
    fn each_kind_has_a_type_that_csl_knows() {
        for kind in ReferenceKind::ALL {
            assert!(kind_of(type_of(kind)).is_some(), "{kind}");
        }
    }
}
