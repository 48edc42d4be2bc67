//! `.zenodo.json`: the deposit metadata of Zenodo's REST API (<https://developers.zenodo.org>,
//! "Deposit metadata").

use super::folder::{
    self, FolderMetadata, Foreign, funding_of, join, organisation_of, reference_to, some,
};
use super::node::{Content, Node};
use super::{ArtifactMetadata, MetadataError};
use crate::research::{Affiliation, Author, Doi, Funding, License, Orcid, Subject};

/// The funders whose grants Zenodo knows, by their Crossref funder id (10.13039/…).
const FUNDERS: [(&str, &str); 18] = [
    ("100000001", "National Science Foundation"),
    ("100000002", "National Institutes of Health"),
    ("100001345", "Social Science Research Council"),
    ("100004440", "Wellcome Trust"),
    ("501100000690", "UK Research and Innovation"),
    ("501100000780", "European Commission"),
    ("501100000806", "European Environment Agency"),
    ("501100000923", "Australian Research Council"),
    (
        "501100000925",
        "National Health and Medical Research Council",
    ),
    ("501100001602", "Science Foundation Ireland"),
    ("501100001665", "Agence Nationale de la Recherche"),
    ("501100001711", "Swiss National Science Foundation"),
    ("501100001871", "Fundação para a Ciência e a Tecnologia"),
    ("501100002341", "Academy of Finland"),
    ("501100002428", "FWF Austrian Science Fund"),
    (
        "501100003246",
        "Nederlandse Organisatie voor Wetenschappelijk Onderzoek",
    ),
    ("501100004488", "Hrvatska Zaklada za Znanost"),
    (
        "501100006588",
        "Ministarstvo Znanosti, Obrazovanja i Sporta",
    ),
];

/// Reads what a `.zenodo.json` says that is true of a session of its project, too.
///
/// Taken are `creators`, `license`, `keywords`, `subjects` and `grants`; a `doi` becomes something
/// that the session references.
///
/// # Errors
/// Everything that is wrong with it: no JSON, wrong types, ORCID iDs with wrong check digits.
pub fn read_zenodo(file: &str, bytes: &[u8]) -> Result<FolderMetadata, MetadataError> {
    folder::read_object(file, bytes, metadata)
}

fn metadata(reader: &mut Foreign<'_, '_>, node: &Node) -> ArtifactMetadata {
    let creators = Foreign::items(node.get("creators")).iter().enumerate();
    let authors =
        creators.filter_map(|(at, node)| creator(reader, node, &format!("creators[{at}]")));
    let authors = some(authors.collect());
    let grants = Foreign::items(node.get("grants")).iter().enumerate();
    let funding = grants.filter_map(|(at, node)| grant(reader, node, &format!("grants[{at}]")));
    let funding = some(funding.collect());
    let subjects = Foreign::items(node.get("subjects")).iter().enumerate();
    let subjects = subjects.filter_map(|(at, node)| {
        let path = format!("subjects[{at}]");
        Some(Subject {
            term: reader.text(node, "term", &path)?,
            scheme: None,
            uri: reader
                .text(node, "identifier", &path)
                .filter(|id| crate::research::identifier::check_url(id).is_ok()),
        })
    });
    let subjects = some(subjects.collect());
    let doi = reader.parsed(node, "doi", "", Doi::parse);
    ArtifactMetadata {
        authors,
        license: license(reader, node),
        keywords: reader.keywords(node.get("keywords"), "keywords"),
        subjects,
        funding,
        related: doi.map(|doi| vec![reference_to(&doi)]),
        ..ArtifactMetadata::default()
    }
}

fn creator(reader: &mut Foreign<'_, '_>, node: &Node, path: &str) -> Option<Author> {
    if !matches!(node.value, Content::Table(_)) {
        reader.problems.wrong_kind(node, path, "an object");
        return None;
    }
    let orcid = reader.parsed(node, "orcid", path, Orcid::parse);
    let affiliation = reader.text(node, "affiliation", path);
    let Some(name) = reader.text(node, "name", path) else {
        if node.get("name").is_none() {
            reader.problems.add(Some(node.at), path, "it has no `name`");
        }
        return None;
    };
    let mut author = Author::new(name);
    author.orcid = orcid;
    author.affiliations = affiliation.map(Affiliation::new).into_iter().collect();
    Some(author)
}

fn license(reader: &mut Foreign<'_, '_>, node: &Node) -> Option<License> {
    let license = node.get("license")?;
    let text = match &license.value {
        Content::Null => return None,
        Content::Table(_) => reader.text(license, "id", "license")?,
        _ => reader.text(node, "license", "")?,
    };
    // Zenodo's own names of two licences.
    let known = match text.trim().to_ascii_lowercase().as_str() {
        "mit-license" => Some(License::MIT),
        "apache2.0" => Some(License::APACHE_2_0),
        _ => None,
    };
    known.or_else(|| reader.license(license.at, "license", &text))
}

/// `10.13039/FUNDER::NUMBER`, or the number of a grant of the European Commission.
fn grant(reader: &mut Foreign<'_, '_>, node: &Node, path: &str) -> Option<Funding> {
    if !matches!(node.value, Content::Table(_)) {
        reader.problems.wrong_kind(node, path, "an object");
        return None;
    }
    let id = reader.text(node, "id", path)?;
    let (funder, number) = id
        .split_once("::")
        .unwrap_or(("10.13039/501100000780", &id));
    let registered = funder.rsplit('/').next().unwrap_or_default();
    let known = FUNDERS.iter().find(|(id, _)| *id == registered);
    let Some((_, name)) = known else {
        let message = format!("not taken: the name of the funder {funder} is not known");
        reader.remark(node.at, &join(path, "id"), message);
        return None;
    };
    let funder = organisation_of((*name).to_owned(), None);
    Some(funding_of(funder, Some(number.trim().to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_carries_over_is_taken() {
        let text = r#"{
  "title": "lorakit 2.1", "upload_type": "software", "version": "2.1",
  "description": "<p>of the software</p>", "license": "mit-license",
  "creators": [
    {"name": "Silva, Ana", "affiliation": "Lab", "orcid": "0000-0002-1825-0097"},
    {"name": "Li, Bo"}
  ],
  "keywords": ["lora"], "grants": [{"id": "10.13039/501100000780::283595"}, {"id": "777541"}],
  "related_identifiers": [{"identifier": "10.1234/x", "relation": "isSupplementTo"}],
  "subjects": [{"term": "Astronomy", "identifier": "http://id.loc.gov/authorities/subjects/sh85009003", "scheme": "url"}]
}"#;
        let read = read_zenodo(".zenodo.json", text.as_bytes()).unwrap();
        assert_eq!(read.remarks, []);
        let metadata = read.metadata;
        assert_eq!(metadata.authors.unwrap()[0].given().as_deref(), Some("Ana"));
        assert_eq!(metadata.license, Some(License::MIT));
        let funding = metadata.funding.unwrap();
        assert_eq!(funding[0].funder, "European Commission");
        assert_eq!(funding[1].award_number.as_deref(), Some("777541"));
        assert_eq!(metadata.subjects.unwrap()[0].term, "Astronomy");
        // What relates to the project's release does not relate to the session.
        assert_eq!(
            (metadata.title, metadata.version, metadata.related),
            (None, None, None)
        );
    }

    #[test]
    fn problems_have_places() {
        let text = "{\"creators\": [\n  {\"name\": \"A\", \"orcid\": \"0000-0002-1825-0098\"},\n  {\"orcid\": 7}, \"x\"\n], \"license\": 1, \"doi\": \"x\"}";
        let error = read_zenodo("z", text.as_bytes()).unwrap_err();
        let lines: Vec<_> = error.problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "2:26: creators[0].orcid: \"0000-0002-1825-0098\" is not an ORCID iD: its check digit is wrong",
                "3:3: creators[1]: it has no `name`",
                "3:13: creators[1].orcid: it is a number, not a text",
                "3:17: creators[2]: it is a text, not an object",
                "4:15: license: it is a number, not a text",
                "4:25: doi: \"x\" is not a DOI",
            ]
        );
    }
}
