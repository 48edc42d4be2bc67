//! `CITATION.cff`.
//!
//! Source: Citation File Format 1.2.0, `schema-guide.md` and `schema.json`; files of 1.0.3 and
//! 1.1.0 are read by the same rules.

mod people;
mod work;
mod yaml;

use std::collections::BTreeMap;

use serde_json::Value;

use super::problem::{Problems, text_of};
use super::{Bibliography, Problem, ReadError, ReadLimits};
use crate::research::{Author, Doi, Identifier, License, PartialDate, Reference, ReferenceKind};
use yaml::{Node, Place, Tree};

/// What a `CITATION.cff` describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CffKind {
    /// A program; also where the file says nothing.
    Software,
    /// Data.
    Dataset,
}

/// One of the `identifiers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CffIdentifier {
    /// `doi`, `url`, `swh` or `other`, as it was given.
    pub kind: String,
    /// The identifier as it was given.
    pub value: String,
    /// What it identifies.
    pub description: Option<String>,
    /// The identifier as one of a known scheme.
    pub identifier: Option<Identifier>,
}

/// A `CITATION.cff`, whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Cff {
    /// The version of the format.
    pub cff_version: Option<String>,
    /// What the file says to whoever wants to cite.
    pub message: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// What it describes.
    pub kind: CffKind,
    /// The authors: persons and entities.
    pub authors: Vec<Author>,
    /// Whom to ask.
    pub contact: Vec<Author>,
    /// The abstract.
    pub abstract_text: Option<String>,
    /// The commit or other revision.
    pub commit: Option<String>,
    /// The day of the release.
    pub date_released: Option<PartialDate>,
    /// The DOI.
    pub doi: Option<Doi>,
    /// Further identifiers.
    pub identifiers: Vec<CffIdentifier>,
    /// Keywords.
    pub keywords: Vec<String>,
    /// The licences as given; several are a choice.
    pub licenses: Vec<String>,
    /// The licences as one SPDX expression, where they are valid.
    pub license: Option<License>,
    /// The address of a licence that SPDX does not list.
    pub license_url: Option<String>,
    /// What to cite instead.
    pub preferred_citation: Option<Reference>,
    /// The works that it builds on.
    pub references: Vec<Reference>,
    /// The address in a repository that is none of source code or built artifacts.
    pub repository: Option<String>,
    /// The address in a repository of built artifacts.
    pub repository_artifact: Option<String>,
    /// The address of the source code.
    pub repository_code: Option<String>,
    /// The address of a page about it.
    pub url: Option<String>,
    /// The version.
    pub version: Option<String>,
    /// What the file says beyond, by path.
    pub extra: BTreeMap<String, Value>,
    /// What is wrong with the file, in the order of its lines.
    pub problems: Vec<Problem>,
}

/// Reads a `CITATION.cff`, with everything that is wrong with it.
///
/// # Errors
/// If the file is too large or no YAML document with a mapping, or has aliases.
pub fn cff(bytes: &[u8], limits: ReadLimits) -> Result<Cff, ReadError> {
    let text = text_of(bytes, limits)?;
    let root = yaml::parse(text, limits)?;
    let Tree::Map(entries) = root.value else {
        return Err(ReadError::Syntax(Problem {
            line: Some(root.place.0),
            column: Some(root.place.1),
            at: String::new(),
            message: "it is no mapping of keys to values".into(),
        }));
    };
    let mut reader = Reader {
        problems: Problems::new(text),
        extra: BTreeMap::new(),
        max_entries: limits.max_entries,
    };
    let mut cff = reader.document(&entries);
    if cff.references.len() >= limits.max_entries {
        return Err(ReadError::TooManyEntries {
            limit: limits.max_entries,
        });
    }
    cff.extra = reader.extra;
    cff.problems = reader.problems.finish();
    Ok(cff)
}

impl Cff {
    /// The work that the file describes.
    pub fn reference(&self) -> Reference {
        let mut reference = Reference::new(match self.kind {
            CffKind::Software => ReferenceKind::Software,
            CffKind::Dataset => ReferenceKind::Dataset,
        });
        reference.title = self.title.clone();
        reference.authors = self.authors.clone();
        reference.abstract_text = self.abstract_text.clone();
        reference.issued = self.date_released;
        reference.doi = self.doi.clone();
        reference.url = [
            &self.url,
            &self.repository_code,
            &self.repository,
            &self.repository_artifact,
        ]
        .into_iter()
        .flatten()
        .next()
        .cloned();
        for given in &self.identifiers {
            let Some(identifier) = &given.identifier else {
                continue;
            };
            match Doi::parse(identifier.value()) {
                Ok(doi) if reference.doi.is_none() => reference.doi = Some(doi),
                Ok(doi) if reference.doi.as_ref() == Some(&doi) => {}
                _ => reference.identifiers.push(identifier.clone()),
            }
        }
        reference.keywords = self.keywords.clone();
        reference.license = match &self.license {
            Some(license) => Some(license.to_string()),
            None => Some(self.licenses.join(" OR "))
                .filter(|text| !text.is_empty())
                .or_else(|| self.license_url.clone()),
        };
        reference.version = self.version.clone();
        reference
    }

    /// The works to cite: the preferred citation, else the described work; then its references.
    pub fn into_bibliography(self) -> Bibliography {
        let mut references = vec![match &self.preferred_citation {
            Some(preferred) => preferred.clone(),
            None => self.reference(),
        }];
        references.extend(self.references);
        Bibliography {
            references,
            problems: self.problems,
        }
    }
}

struct Reader<'a> {
    problems: Problems<'a>,
    extra: BTreeMap<String, Value>,
    max_entries: usize,
}

impl Reader<'_> {
    fn problem(&mut self, place: Place, at: &str, message: impl Into<String>) {
        self.problems.add_at(Some(place), at, message);
    }

    /// Keeps what is not understood.
    fn keep(&mut self, at: &str, node: &Node) {
        self.extra.insert(at.to_owned(), node.to_json());
    }

    fn text(&mut self, at: &str, node: &Node) -> Option<String> {
        match &node.value {
            Tree::Scalar(text, _) => {
                let text = text.trim();
                (!text.is_empty() && !node.is_null()).then(|| text.to_owned())
            }
            _ => {
                self.problem(node.place, at, "it should be a text");
                self.keep(at, node);
                None
            }
        }
    }

    /// The items of a list; a single value where a list should be is told and read as one.
    fn items<'n>(&mut self, at: &str, node: &'n Node) -> &'n [Node] {
        match &node.value {
            Tree::List(items) => items,
            _ if node.is_null() => &[],
            _ => {
                self.problem(node.place, at, "it should be a list");
                std::slice::from_ref(node)
            }
        }
    }

    fn texts(&mut self, at: &str, node: &Node) -> Vec<String> {
        let items = self.items(at, node).iter().enumerate();
        let items: Vec<(String, &Node)> = items
            .map(|(number, item)| (format!("{at}[{number}]"), item))
            .collect();
        items
            .into_iter()
            .filter_map(|(at, item)| self.text(&at, item))
            .collect()
    }

    fn date(&mut self, at: &str, node: &Node) -> Option<PartialDate> {
        let text = self.text(at, node)?;
        // YAML readers of other languages take a time behind the day, too
        let day = text.split(['T', ' ']).next().unwrap_or(&text);
        let date = PartialDate::parse(day).filter(|date| date.full().is_some());
        if date.is_none() {
            self.problem(node.place, at, format!("{text:?} is no day (YYYY-MM-DD)"));
            self.keep(at, node);
            return PartialDate::parse(day);
        }
        date
    }

    fn doi(&mut self, at: &str, node: &Node) -> Option<Doi> {
        let text = self.text(at, node)?;
        match Doi::parse(&text) {
            Ok(doi) => Some(doi),
            Err(error) => {
                self.problem(node.place, at, error.to_string());
                self.keep(at, node);
                None
            }
        }
    }

    fn licenses(&mut self, at: &str, node: &Node) -> (Vec<String>, Option<License>) {
        let licenses = match &node.value {
            Tree::List(_) => self.texts(at, node),
            _ => self.text(at, node).into_iter().collect(),
        };
        if licenses.is_empty() {
            return (licenses, None);
        }
        match License::parse(&licenses.join(" OR ")) {
            Ok(license) => (licenses, Some(license)),
            Err(error) => {
                self.problem(node.place, at, error.to_string());
                (licenses, None)
            }
        }
    }

    fn identifiers(&mut self, at: &str, node: &Node) -> Vec<CffIdentifier> {
        let mut identifiers = Vec::new();
        for (number, item) in self.items(at, node).iter().enumerate() {
            let at = format!("{at}[{number}]");
            let Tree::Map(entries) = &item.value else {
                self.problem(
                    item.place,
                    &at,
                    "it should be a mapping with `type` and `value`",
                );
                self.keep(&at, item);
                continue;
            };
            let mut kind = None;
            let mut value = None;
            let mut description = None;
            for (key, node) in entries {
                let at = format!("{at}.{key}");
                match key.as_str() {
                    "type" => kind = self.text(&at, node),
                    "value" => value = self.text(&at, node),
                    "description" => description = self.text(&at, node),
                    _ => self.unknown(&at, node),
                }
            }
            let Some(value) = value else {
                self.problem(item.place, &at, "it has no value");
                continue;
            };
            let kind = kind.unwrap_or_default();
            let identifier = match kind.as_str() {
                "doi" | "url" | "swh" => match Identifier::parse(&value) {
                    Ok(identifier) => Some(identifier),
                    Err(error) => {
                        self.problem(item.place, &at, error.to_string());
                        None
                    }
                },
                "other" => Identifier::parse(&value).ok(),
                _ => {
                    self.problem(
                        item.place,
                        &at,
                        "its type is none of doi, url, swh and other",
                    );
                    None
                }
            };
            identifiers.push(CffIdentifier {
                kind,
                value,
                description,
                identifier,
            });
        }
        identifiers
    }

    fn unknown(&mut self, at: &str, node: &Node) {
        self.problem(node.place, at, "CFF 1.2.0 has no such key; it is kept");
        self.keep(at, node);
    }

    fn document(&mut self, entries: &[(String, Node)]) -> Cff {
        let mut cff = Cff {
            cff_version: None,
            message: None,
            title: None,
            kind: CffKind::Software,
            authors: Vec::new(),
            contact: Vec::new(),
            abstract_text: None,
            commit: None,
            date_released: None,
            doi: None,
            identifiers: Vec::new(),
            keywords: Vec::new(),
            licenses: Vec::new(),
            license: None,
            license_url: None,
            preferred_citation: None,
            references: Vec::new(),
            repository: None,
            repository_artifact: None,
            repository_code: None,
            url: None,
            version: None,
            extra: BTreeMap::new(),
            problems: Vec::new(),
        };
        for required in ["cff-version", "message", "title", "authors"] {
            if !entries.iter().any(|(key, _)| key == required) {
                self.problem((1, 1), "", format!("the key {required} is missing"));
            }
        }
        for (key, node) in entries {
            let at = key.as_str();
            match at {
                "cff-version" => {
                    cff.cff_version = self.text(at, node);
                    let version = cff.cff_version.as_deref().unwrap_or_default();
                    if !["1.0.3", "1.1.0", "1.2.0"].contains(&version) {
                        let message = format!("version {version:?} is not known; read as 1.2.0");
                        self.problem(node.place, at, message);
                    }
                }
                "message" => cff.message = self.text(at, node),
                "title" => cff.title = self.text(at, node),
                "type" => match self.text(at, node).as_deref() {
                    Some("software") => {}
                    Some("dataset") => cff.kind = CffKind::Dataset,
                    _ => {
                        self.problem(node.place, at, "it is neither software nor dataset");
                        self.keep(at, node);
                    }
                },
                "authors" => cff.authors = self.people(at, node),
                "contact" => cff.contact = self.people(at, node),
                "abstract" => cff.abstract_text = self.text(at, node),
                "commit" => cff.commit = self.text(at, node),
                "date-released" => cff.date_released = self.date(at, node),
                "doi" => cff.doi = self.doi(at, node),
                "identifiers" => cff.identifiers = self.identifiers(at, node),
                "keywords" => cff.keywords = self.texts(at, node),
                "license" => (cff.licenses, cff.license) = self.licenses(at, node),
                "license-url" => cff.license_url = self.text(at, node),
                "preferred-citation" => cff.preferred_citation = self.work(at, node),
                "references" => {
                    let works = self.items(at, node).iter().take(self.max_entries);
                    let works: Vec<(String, &Node)> = works
                        .enumerate()
                        .map(|(number, item)| (format!("{at}[{number}]"), item))
                        .collect();
                    cff.references = works
                        .into_iter()
                        .filter_map(|(at, item)| self.work(&at, item))
                        .collect();
                }
                "repository" => cff.repository = self.text(at, node),
                "repository-artifact" => cff.repository_artifact = self.text(at, node),
                "repository-code" => cff.repository_code = self.text(at, node),
                "url" => cff.url = self.text(at, node),
                "version" => cff.version = self.text(at, node),
                _ => self.unknown(at, node),
            }
        }
        cff
    }
}
