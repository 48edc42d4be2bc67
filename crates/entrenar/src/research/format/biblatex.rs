//! BibLaTeX: one entry in UTF-8.
//!
//! Source: the BibLaTeX manual 3.19, sections 2.1 (types), 2.2 (fields) and 3.7 (annotations).

use super::facts::{Facts, Rights};
use super::tex::Tex;
use crate::research::text::one_line;
use crate::research::{ArtifactType, IdentifierScheme};

pub(in crate::research) fn entry(facts: &Facts<'_>, key: &str) -> String {
    let (entry_type, described) = match facts.artifact.artifact_type {
        ArtifactType::Notebook | ArtifactType::Code | ArtifactType::Workflow => ("software", None),
        ArtifactType::Dataset => ("dataset", None),
        ArtifactType::Model => ("misc", Some("Trained model")),
        ArtifactType::Paper => ("misc", Some("Paper")),
    };
    let mut entry = Entry::new(Tex::Utf8, entry_type, key);
    entry.authors(facts);
    entry.text("title", &facts.title());
    entry.raw("type", described.unwrap_or_default());
    // Both where the day is known: BibLaTeX reads the date, classic styles the year. They agree, so
    // Biber has nothing to warn of.
    entry.year(facts);
    entry.raw("date", &facts.date_text().unwrap_or_default());
    // Of these types the data model gives a publisher to data sets only.
    let publisher = match entry_type {
        "dataset" => "publisher",
        _ => "organization",
    };
    entry.text(publisher, &facts.publisher().unwrap_or_default());
    entry.common(facts);
    entry.end()
}

/// An entry that is being written; both dialects share most fields.
pub(super) struct Entry {
    tex: Tex,
    out: String,
}

impl Entry {
    pub(super) fn new(tex: Tex, entry_type: &str, key: &str) -> Self {
        Self {
            tex,
            out: format!("@{entry_type}{{{key},\n"),
        }
    }

    /// A field whose value is TeX; an empty one is left out.
    pub(super) fn raw(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            for part in ["  ", name, " = {", value, "},\n"] {
                self.out.push_str(part);
            }
        }
    }

    /// A field whose value is text.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.raw(name, &self.tex.escaped(value));
    }

    /// The authors, and their ORCID iDs as annotations of the names.
    pub(super) fn authors(&mut self, facts: &Facts<'_>) {
        let authors = facts.authors();
        let names: Vec<String> = authors.iter().map(|who| self.tex.name(who)).collect();
        self.raw("author", &names.join(" and "));
        let orcids: Vec<String> = authors
            .iter()
            .zip(1..)
            .filter_map(|(who, at)| Some(format!("{at}=\"{}\"", who.orcid()?.as_str())))
            .collect();
        self.raw("author+an:orcid", &orcids.join("; "));
    }

    pub(super) fn year(&mut self, facts: &Facts<'_>) {
        let year = facts.year().map(|year| format!("{year:04}"));
        self.raw("year", &year.unwrap_or_default());
    }

    /// The month, by the macro that every style defines.
    pub(super) fn month(&mut self, month: &str) {
        self.out.push_str("  month = ");
        self.out.push_str(month);
        self.out.push_str(",\n");
    }

    /// From `version` to `note`: what both dialects say alike.
    pub(super) fn common(&mut self, facts: &Facts<'_>) {
        let text = |text: Option<String>| text.unwrap_or_default();
        self.text("version", &text(facts.version()));
        self.raw("doi", facts.doi().map_or("", |doi| doi.as_str()));
        self.raw("url", &text(facts.url().or_else(|| facts.repository())));
        if let Some(arxiv) = facts.artifact.related.iter().find(|related| {
            related.relation == crate::research::RelationType::IsIdenticalTo
                && related.identifier.scheme() == IdentifierScheme::ArXiv
        }) {
            self.raw("eprint", arxiv.identifier.value());
            self.raw("eprinttype", "arxiv");
        }
        self.raw("language", facts.language().unwrap_or_default());
        let keywords: Vec<String> = facts
            .keywords_and_subjects()
            .iter()
            .map(|keyword| self.tex.protected(keyword, ","))
            .collect();
        self.raw("keywords", &keywords.join(", "));
        self.text("abstract", &one_line(&facts.summary().join("\n")));
        let mut notes = facts.remarks();
        // Neither dialect has a field for a licence, a grant or what was used.
        notes.extend(match facts.rights() {
            Rights::NotChosen => None,
            _ => facts
                .artifact
                .license
                .as_ref()
                .map(|license| format!("License: {license}.")),
        });
        notes.extend(facts.funding().map(|grant| grant.sentence()));
        notes.extend(facts.equipment());
        self.text("note", &notes.join(" "));
    }

    pub(super) fn end(mut self) -> String {
        self.out.push_str("}\n");
        self.out
    }
}
