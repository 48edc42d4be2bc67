//! A work that somebody else made, as a BibLaTeX entry.

use super::biblatex::Entry;
use super::facts::Who;
use super::tex::Tex;
use crate::research::text::one_line;
use crate::research::{IdentifierScheme, Reference, ReferenceKind};

/// Types of BibLaTeX that are kept where the file had them.
const TYPES: [&str; 33] = [
    "article",
    "artwork",
    "audio",
    "book",
    "bookinbook",
    "booklet",
    "collection",
    "dataset",
    "image",
    "inbook",
    "incollection",
    "inproceedings",
    "inreference",
    "manual",
    "mastersthesis",
    "misc",
    "movie",
    "music",
    "mvbook",
    "mvcollection",
    "mvproceedings",
    "online",
    "patent",
    "periodical",
    "phdthesis",
    "proceedings",
    "reference",
    "report",
    "software",
    "suppbook",
    "techreport",
    "unpublished",
    "video",
];

/// Fields that only BibLaTeX has, kept where the file had them.
const KEPT: [&str; 9] = [
    "addendum",
    "chapter",
    "eid",
    "howpublished",
    "pagetotal",
    "shorttitle",
    "titleaddon",
    "venue",
    "volumes",
];

fn type_of(kind: ReferenceKind) -> &'static str {
    match kind {
        ReferenceKind::Article => "article",
        ReferenceKind::ConferencePaper => "inproceedings",
        ReferenceKind::Proceedings => "proceedings",
        ReferenceKind::Book => "book",
        ReferenceKind::Chapter => "incollection",
        ReferenceKind::Report => "report",
        ReferenceKind::Thesis => "thesis",
        ReferenceKind::Manuscript | ReferenceKind::Presentation => "unpublished",
        ReferenceKind::Patent => "patent",
        ReferenceKind::Dataset => "dataset",
        ReferenceKind::Software | ReferenceKind::Notebook => "software",
        ReferenceKind::WebPage => "online",
        _ => "misc",
    }
}

/// The entry under that key.
pub(in crate::research) fn entry(reference: &Reference, key: &str) -> String {
    let kept = reference
        .foreign_type
        .as_deref()
        .filter(|name| TYPES.contains(name));
    let entry_type = kept.unwrap_or_else(|| type_of(reference.kind));
    let mut entry = Entry::new(Tex::Utf8, entry_type, key);
    let plain = |text: &Option<String>| text.as_deref().map(one_line).unwrap_or_default();
    for (name, people) in [
        ("author", &reference.authors),
        ("editor", &reference.editors),
    ] {
        let mut names: Vec<String> = people
            .iter()
            .filter(|author| author.is_named())
            .map(|author| Tex::Utf8.name(&Who::of(author)))
            .collect();
        if reference.extra.contains_key(&format!("{name}+")) && !names.is_empty() {
            names.push("others".to_owned());
        }
        entry.raw(name, &names.join(" and "));
    }
    entry.text("title", &plain(&reference.title));
    entry.text("type", &plain(&reference.genre));
    let container = plain(&reference.container_title);
    match reference.kind {
        ReferenceKind::Article => entry.text("journaltitle", &container),
        ReferenceKind::ConferencePaper | ReferenceKind::Chapter => {
            entry.text("booktitle", &container);
        }
        _ if reference.extra.contains_key("howpublished") => {}
        _ => entry.text("howpublished", &container),
    }
    entry.text("series", &plain(&reference.collection_title));
    entry.text("eventtitle", &plain(&reference.event_title));
    entry.text("volume", &plain(&reference.volume));
    let issue = plain(&reference.issue);
    let number = if issue.is_empty() {
        plain(&reference.number)
    } else {
        issue
    };
    entry.text("number", &number);
    entry.text("edition", &plain(&reference.edition));
    entry.text("version", &plain(&reference.version));
    let publisher = match entry_type {
        "thesis" | "phdthesis" | "mastersthesis" | "report" | "techreport" => "institution",
        "online" | "manual" => "organization",
        _ => "publisher",
    };
    entry.text(publisher, &plain(&reference.publisher));
    entry.text("location", &plain(&reference.publisher_place));
    if let Some(date) = reference.issued {
        let text = date.to_string();
        entry.raw("year", &date.year().to_string());
        entry.raw("date", &text);
    }
    // a range is two hyphens to TeX
    entry.raw(
        "pages",
        &Tex::Utf8
            .escaped(&plain(&reference.pages))
            .replace('-', "--"),
    );
    entry.raw("doi", reference.doi.as_ref().map_or("", |doi| doi.as_str()));
    entry.raw("url", &verbatim(&plain(&reference.url)));
    if let Some(accessed) = reference.accessed {
        entry.raw("urldate", &accessed.to_string());
    }
    let of = |scheme| {
        let found = reference
            .identifiers
            .iter()
            .find(|id| id.scheme() == scheme);
        found
            .map(|identifier| verbatim(identifier.value()))
            .unwrap_or_default()
    };
    let eprints = [
        (IdentifierScheme::ArXiv, "arxiv"),
        (IdentifierScheme::Pmid, "pubmed"),
        (IdentifierScheme::Handle, "hdl"),
    ];
    if let Some((scheme, name)) = eprints
        .into_iter()
        .find(|(scheme, _)| !of(*scheme).is_empty())
    {
        entry.raw("eprint", &of(scheme));
        entry.raw("eprinttype", name);
    }
    entry.raw("isbn", &of(IdentifierScheme::Isbn));
    entry.raw("issn", &of(IdentifierScheme::Issn));
    entry.text("language", &plain(&reference.language));
    for name in KEPT {
        if let Some(text) = reference.extra.get(name).and_then(|value| value.as_str()) {
            entry.text(name, &one_line(text));
        }
    }
    let keywords: Vec<String> = reference
        .keywords
        .iter()
        .map(|keyword| Tex::Utf8.protected(&one_line(keyword), ","))
        .collect();
    entry.raw("keywords", &keywords.join(", "));
    entry.text("abstract", &plain(&reference.abstract_text));
    entry.text("note", &plain(&reference.note));
    entry.end()
}

/// What a verbatim field cannot hold, percent-encoded.
fn verbatim(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '{' => out.push_str("%7B"),
            '}' => out.push_str("%7D"),
            '\\' => out.push_str("%5C"),
            ' ' => out.push_str("%20"),
            c => out.push(c),
        }
    }
    out
}
