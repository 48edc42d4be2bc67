//! `codemeta.json`: CodeMeta 2.0, 3.0 and 3.1 (terms of <https://codemeta.github.io/terms/>).

use super::folder::{
    self, FolderMetadata, Foreign, funding_of, join, orcid_of, organisation_of, reference_to, some,
};
use super::node::{Content, Node};
use super::{ArtifactMetadata, MetadataError};
use crate::research::{Affiliation, Author, Doi, Funding, License};

/// Reads what a `codemeta.json` says that is true of a session of its project, too.
///
/// Taken are `author`, `license`, `keywords`, `codeRepository`, `funder` and `funding`; a DOI in
/// `identifier` or `@id` becomes something that the session references.
///
/// # Errors
/// Everything that is wrong with it: no JSON, wrong types, ORCID iDs with wrong check digits.
pub fn read_codemeta(file: &str, bytes: &[u8]) -> Result<FolderMetadata, MetadataError> {
    folder::read_object(file, bytes, metadata)
}

fn metadata(reader: &mut Foreign<'_, '_>, node: &Node) -> ArtifactMetadata {
    let authors = Foreign::items(node.get("author")).iter().enumerate();
    let authors = authors.filter_map(|(at, node)| author(reader, node, &format!("author[{at}]")));
    let authors = some(authors.collect());
    let dois = ["identifier", "@id", "id"]
        .into_iter()
        .flat_map(|key| Foreign::items(node.get(key)))
        .filter_map(|node| Doi::parse(text_or_id(node)?).ok());
    let mut related: Vec<_> = dois.map(|doi| reference_to(&doi)).collect();
    related.dedup();
    ArtifactMetadata {
        authors,
        license: license(reader, node),
        keywords: reader.keywords(node.get("keywords"), "keywords"),
        repository: reader.repository(node, "codeRepository"),
        funding: funding(reader, node),
        related: some(related),
        ..ArtifactMetadata::default()
    }
}

/// The text of a value, or the id or value of an object that stands in its place.
fn text_or_id(node: &Node) -> Option<&str> {
    node.as_text().or_else(|| {
        ["@id", "id", "value", "url"]
            .iter()
            .find_map(|key| node.get(key)?.as_text())
    })
}

fn has_type(node: &Node, wanted: &str) -> bool {
    let types = ["@type", "type"]
        .into_iter()
        .filter_map(|key| node.get(key));
    types
        .flat_map(|types| Foreign::items(Some(types)))
        .filter_map(Node::as_text)
        .any(|name| name.rsplit([':', '/']).next() == Some(wanted))
}

fn author(reader: &mut Foreign<'_, '_>, node: &Node, path: &str) -> Option<Author> {
    if let Content::Text(text) = &node.value {
        let is_reference = text.starts_with("_:") || text.starts_with("http");
        return (!is_reference && !text.trim().is_empty()).then(|| Author::new(text.as_str()));
    }
    if !matches!(node.value, Content::Table(_)) {
        reader.problems.wrong_kind(node, path, "an object");
        return None;
    }
    // CodeMeta 3.0: what an author did, beside the author.
    if has_type(node, "Role") {
        return None;
    }
    let mut author = if has_type(node, "Organization") {
        Author::organisation(reader.text(node, "name", path)?)
    } else {
        let Some(person) = reader.person(node, path) else {
            reader.remark(node.at, path, "not taken: it has no name");
            return None;
        };
        person
    };
    for key in ["@id", "id", "identifier", "sameAs"] {
        for value in Foreign::items(node.get(key)) {
            let found = text_or_id(value).and_then(orcid_of);
            let Some(found) = found else { continue };
            let orcid = reader.problems.take(value.at, &join(path, key), found);
            author.orcid = author.orcid.or(orcid);
        }
    }
    author.email = reader
        .text(node, "email", path)
        .map(|email| email.trim_start_matches("mailto:").to_owned());
    let affiliations = Foreign::items(node.get("affiliation"));
    author.affiliations = affiliations
        .iter()
        .filter_map(|node| organisation(reader, node, &join(path, "affiliation")))
        .collect();
    Some(author)
}

fn organisation(reader: &mut Foreign<'_, '_>, node: &Node, path: &str) -> Option<Affiliation> {
    match &node.value {
        Content::Text(name) if name.trim().is_empty() => None,
        Content::Text(name) => Some(Affiliation::new(name.as_str())),
        Content::Table(_) => {
            let name = ["name", "legalName"]
                .iter()
                .find_map(|key| reader.text(node, key, path))?;
            let id = ["@id", "id", "identifier"]
                .iter()
                .find_map(|key| node.get(key)?.as_text());
            Some(organisation_of(name, id))
        }
        _ => {
            reader
                .problems
                .wrong_kind(node, path, "a name or an object");
            None
        }
    }
}

fn license(reader: &mut Foreign<'_, '_>, node: &Node) -> Option<License> {
    let items = Foreign::items(node.get("license"));
    let [one] = items else {
        if let Some(first) = items.first() {
            let message = "not taken: several licences, and no word on how they go together";
            reader.remark(first.at, "license", message);
        }
        return None;
    };
    let text = text_or_id(one).or_else(|| one.get("name")?.as_text());
    let Some(text) = text else {
        let wanted = "an address or SPDX identifier";
        reader.problems.wrong_kind(one, "license", wanted);
        return None;
    };
    reader.license(one.at, "license", text)
}

/// `funder` names who paid, `funding` the awards, in free text.
fn funding(reader: &mut Foreign<'_, '_>, node: &Node) -> Option<Vec<Funding>> {
    let funders = Foreign::items(node.get("funder")).iter();
    let funders: Vec<Affiliation> = funders
        .filter_map(|node| organisation(reader, node, "funder"))
        .collect();
    let awards: Vec<String> = Foreign::items(node.get("funding"))
        .iter()
        .filter_map(Node::as_text)
        .flat_map(|text| text.split(';'))
        .map(|award| award.trim().to_owned())
        .filter(|award| !award.is_empty())
        .collect();
    if let [funder] = funders.as_slice()
        && !awards.is_empty()
    {
        let awards = awards.into_iter();
        return some(
            awards
                .map(|award| funding_of(funder.clone(), Some(award)))
                .collect(),
        );
    }
    if let Some(at) = node.get("funding").map(|node| node.at)
        && !awards.is_empty()
    {
        let message = "not taken: no single `funder` to whom the awards belong";
        reader.remark(at, "funding", message);
    }
    some(
        funders
            .into_iter()
            .map(|funder| funding_of(funder, None))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_carries_over_is_taken() {
        let text = r#"{
  "@context": "https://w3id.org/codemeta/3.1", "@type": "SoftwareSourceCode",
  "name": "lorakit", "version": "2.1", "identifier": "https://doi.org/10.5281/zenodo.1003150",
  "description": "of the software", "datePublished": "2024-01-01",
  "license": "https://spdx.org/licenses/Apache-2.0",
  "codeRepository": "https://github.com/lab/lorakit",
  "keywords": "lora, fine-tuning",
  "funder": {"@type": "Organization", "name": "FCT", "@id": "https://ror.org/00snfqn58"},
  "funding": "UIDB/00001/2020; UIDB/00002/2020",
  "author": [
    {"@type": "Person", "@id": "https://orcid.org/0000-0002-1825-0097", "givenName": "Ana",
     "familyName": "da Silva", "email": "ana@x.org",
     "affiliation": {"@type": "Organization", "name": "Lab", "@id": "https://ror.org/042nb2s44"}},
    {"type": "Organization", "name": "The Team"},
    {"type": "Role", "schema:author": "_:a", "roleName": "Developer"}
  ]
}"#;
        let read = read_codemeta("codemeta.json", text.as_bytes()).unwrap();
        assert_eq!(read.remarks, []);
        let metadata = read.metadata;
        let authors = metadata.authors.unwrap();
        assert_eq!(authors.len(), 2);
        assert_eq!(authors[0].family(), "da Silva");
        assert_eq!(authors[0].name, "Ana da Silva");
        assert!(authors[0].orcid.is_some() && authors[0].affiliations[0].ror.is_some());
        assert_eq!(metadata.license, Some(License::APACHE_2_0));
        assert_eq!(metadata.keywords.unwrap(), ["lora", "fine-tuning"]);
        let funding = metadata.funding.unwrap();
        assert_eq!(funding[1].award_number.as_deref(), Some("UIDB/00002/2020"));
        let related = metadata.related.unwrap();
        assert_eq!(related[0].identifier.value(), "10.5281/zenodo.1003150");
        // What is the project's own is not the session's.
        assert_eq!((metadata.title, metadata.version), (None, None));
        assert_eq!((metadata.description, metadata.doi), (None, None));
    }

    #[test]
    fn problems_have_places_and_foreign_things_are_remarks() {
        let text = "{\n\"author\": [{\"@id\": \"https://orcid.org/0000-0002-1825-0098\", \"name\": 3}],\n\"keywords\": 7}";
        let error = read_codemeta("c", text.as_bytes()).unwrap_err();
        let lines: Vec<_> = error.problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "2:69: author[0].name: it is a number, not a text",
                "3:13: keywords: it is a number, not a text",
            ]
        );
        let text =
            r#"{"license": "proprietary", "codeRepository": "git@x:y", "author": ["Bo", {}]}"#;
        let read = read_codemeta("c", text.as_bytes()).unwrap();
        assert_eq!(read.remarks.len(), 3);
        assert_eq!(read.metadata.authors.unwrap()[0].name, "Bo");
        for text in ["", "[]", "{\"a\":", "7", "\u{feff}{}x"] {
            assert!(read_codemeta("c", text.as_bytes()).is_err(), "{text}");
        }
    }
}
