//! What the metadata files of a working folder say that is true of a session, too.
//!
//! `CITATION.cff`, `codemeta.json` and `.zenodo.json` describe the project whose folder it is, not
//! the session. Its authors, licence, keywords, funding, repository and affiliations carry over;
//! its title, version, dates, description and identifiers do not. A DOI of the project becomes
//! something that the session references.

use super::node::{Content, Node, Problems};
use super::{ArtifactMetadata, MetadataError, MetadataProblem, json};
use crate::research::identifier::check_url;
use crate::research::{
    Affiliation, ArtifactType, Author, Doi, Funding, Identifier, License, NameParts, Orcid,
    RelatedIdentifier, RelationType, Ror, ValidationError,
};

/// What was read of a file of the working folder.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FolderMetadata {
    /// What carries over to a session.
    pub metadata: ArtifactMetadata,
    /// What is right in its format and could not be taken, such as a licence that SPDX does not
    /// have.
    pub remarks: Vec<MetadataProblem>,
}

/// Reads a JSON file that is one object, of which `metadata` takes what carries over.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn read_object(
    file: &str,
    bytes: &[u8],
    metadata: impl FnOnce(&mut Foreign<'_, '_>, &Node) -> ArtifactMetadata,
) -> Result<FolderMetadata, MetadataError> {
    let text = super::text_of(file, bytes)?;
    let mut problems = Problems::new(text);
    let mut read = FolderMetadata::default();
    if let Some(node) = json::parse(text, &mut problems) {
        if matches!(node.value, Content::Table(_)) {
            let mut reader = Foreign::new(&mut problems);
            let metadata = metadata(&mut reader, &node);
            read = reader.finish(text, metadata);
        } else {
            problems.wrong_kind(&node, "", "an object");
        }
    }
    problems.finish(file, read)
}

/// The relation of a session to the project in whose folder it lies.
pub(super) fn reference_to(doi: &Doi) -> RelatedIdentifier {
    RelatedIdentifier {
        identifier: Identifier::of_doi(doi),
        relation: RelationType::References,
        artifact_type: Some(ArtifactType::Code),
    }
}

/// A licence by its SPDX identifier, or by the address of a page about it.
pub(super) fn license_of(text: &str) -> Result<License, ValidationError> {
    let bare = text.trim().trim_end_matches('/');
    let lower = bare.to_ascii_lowercase();
    let page = ["https://", "http://"]
        .iter()
        .find_map(|scheme| lower.strip_prefix(scheme));
    let Some(page) = page else {
        return License::parse(bare);
    };
    let page = page.strip_prefix("www.").unwrap_or(page);
    if let Some(id) = page.strip_prefix("spdx.org/licenses/") {
        let id = id.trim_end_matches(".html").trim_end_matches(".json");
        return License::parse(id);
    }
    for place in ["opensource.org/licenses/", "opensource.org/license/"] {
        if let Some(id) = page.strip_prefix(place) {
            return License::parse(id);
        }
    }
    let commons = page.strip_prefix("creativecommons.org/").map(|rest| {
        rest.trim_end_matches("/legalcode")
            .trim_end_matches("/deed.en")
    });
    match commons.and_then(|rest| rest.split_once('/')) {
        Some(("licenses", rest)) => {
            if let Some((kind, version)) = rest.split_once('/') {
                return License::parse(&format!("CC-{kind}-{version}"));
            }
        }
        Some(("publicdomain", "zero/1.0")) => return License::parse("CC0-1.0"),
        _ => {}
    }
    License::parse(bare)
}

/// Reads values of JSON-LD and of Zenodo's JSON, where one thing may stand for a list of one.
pub(super) struct Foreign<'p, 't> {
    pub(super) problems: &'p mut Problems<'t>,
    pub(super) remarks: Vec<(usize, String, String)>,
}

impl<'p, 't> Foreign<'p, 't> {
    pub(super) fn new(problems: &'p mut Problems<'t>) -> Self {
        Self {
            problems,
            remarks: Vec::new(),
        }
    }

    pub(super) fn remark(&mut self, at: usize, key: &str, message: impl Into<String>) {
        if self.remarks.len() < MetadataError::MAX_PROBLEMS {
            self.remarks.push((at, key.to_owned(), message.into()));
        }
    }

    /// The items of a list, or the one thing that stands in its place; null is nothing.
    pub(super) fn items(node: Option<&Node>) -> &[Node] {
        match node.map(|node| &node.value) {
            None | Some(Content::Null) => &[],
            Some(Content::List(items)) => items,
            Some(_) => node.map(std::slice::from_ref).unwrap_or_default(),
        }
    }

    /// The text of `key`; absent where it is null or empty, a problem where it is something else.
    pub(super) fn text(&mut self, node: &Node, key: &str, path: &str) -> Option<String> {
        let value = node.get(key)?;
        if value.value == Content::Null {
            return None;
        }
        let text = self.problems.text(value, &join(path, key))?;
        Some(text).filter(|text| !crate::research::text::one_line(text).is_empty())
    }

    pub(super) fn parsed<T>(
        &mut self,
        node: &Node,
        key: &str,
        path: &str,
        parse: impl Fn(&str) -> Result<T, ValidationError>,
    ) -> Option<T> {
        let text = self.text(node, key, path)?;
        let at = node.get(key).map_or(node.at, |value| value.at);
        self.problems.take(at, &join(path, key), parse(&text))
    }

    /// The name of a person by its parts or as a whole.
    pub(super) fn person(&mut self, node: &Node, path: &str) -> Option<Author> {
        let given = self.text(node, "givenName", path);
        let family = self.text(node, "familyName", path);
        let name = self.text(node, "name", path);
        match (family, name) {
            (Some(family), name) => {
                let parts = NameParts {
                    given,
                    family,
                    ..NameParts::default()
                };
                Some(Author::of_parts(name, parts))
            }
            (None, Some(name)) => Some(Author::new(name)),
            (None, None) => given.map(Author::new),
        }
    }

    /// A licence; what SPDX does not have is remarked and left out.
    pub(super) fn license(&mut self, at: usize, key: &str, text: &str) -> Option<License> {
        match license_of(text) {
            Ok(license) => Some(license),
            Err(error) => {
                self.remark(at, key, format!("not taken: {error}"));
                None
            }
        }
    }

    /// Keywords as a list or in one text, separated by commas.
    pub(super) fn keywords(&mut self, node: Option<&Node>, key: &str) -> Option<Vec<String>> {
        let mut keywords = Vec::new();
        let in_one_text = matches!(node.map(|node| &node.value), Some(Content::Text(_)));
        for item in Self::items(node) {
            let Some(text) = self.problems.text(item, key) else {
                continue;
            };
            let parts: Vec<&str> = if in_one_text {
                text.split([',', ';']).collect()
            } else {
                vec![&text]
            };
            let parts = parts.into_iter().map(str::trim);
            keywords.extend(parts.filter(|part| !part.is_empty()).map(str::to_owned));
        }
        some(keywords)
    }

    /// The address of the source code. One that only git understands is no address of a page.
    pub(super) fn repository(&mut self, node: &Node, key: &str) -> Option<String> {
        let at = node.get(key)?.at;
        let text = self.text(node, key, "")?;
        let web = text.strip_prefix("git+").unwrap_or(&text);
        match check_url(web) {
            Ok(url) => Some(url),
            Err(error) => {
                self.remark(at, key, format!("not taken: {error}"));
                None
            }
        }
    }

    pub(super) fn finish(self, text: &str, metadata: ArtifactMetadata) -> FolderMetadata {
        let remarks = self
            .remarks
            .into_iter()
            .map(|(at, key, message)| MetadataProblem {
                position: Some(super::Position::of(text, at)),
                key,
                message,
            });
        FolderMetadata {
            metadata,
            remarks: remarks.collect(),
        }
    }
}

/// The id where it is one of ORCID's, by its address or its form.
pub(super) fn orcid_of(text: &str) -> Option<Result<Orcid, ValidationError>> {
    let is_one = text.to_ascii_lowercase().contains("orcid.org/");
    is_one.then(|| Orcid::parse(text))
}

/// An organisation by name, with the id where it is a right one of ROR's.
pub(super) fn organisation_of(name: String, id: Option<&str>) -> Affiliation {
    let ror = id
        .filter(|id| id.to_ascii_lowercase().contains("ror.org/"))
        .and_then(|id| Ror::parse(id).ok());
    Affiliation {
        ror,
        ..Affiliation::new(name)
    }
}

pub(super) fn funding_of(funder: Affiliation, award_number: Option<String>) -> Funding {
    Funding {
        funder_ror: funder.ror,
        award_number,
        ..Funding::new(funder.name)
    }
}

pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// A list with something in it.
pub(super) fn some<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_known_by_their_pages() {
        for (text, id) in [
            ("mit", "MIT"),
            ("https://spdx.org/licenses/Apache-2.0", "Apache-2.0"),
            ("http://spdx.org/licenses/MIT.html", "MIT"),
            ("https://opensource.org/licenses/MIT", "MIT"),
            (
                "https://creativecommons.org/licenses/by-sa/4.0/",
                "CC-BY-SA-4.0",
            ),
            (
                "https://creativecommons.org/licenses/by/4.0/legalcode",
                "CC-BY-4.0",
            ),
            (
                "https://creativecommons.org/publicdomain/zero/1.0/",
                "CC0-1.0",
            ),
        ] {
            assert_eq!(license_of(text).unwrap().as_str(), id, "{text}");
        }
        for text in ["other-open", "https://example.org/LICENSE", "https://é"] {
            assert!(license_of(text).is_err(), "{text}");
        }
    }
}
