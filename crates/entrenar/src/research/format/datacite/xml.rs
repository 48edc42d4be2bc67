//! DataCite's XML.
//!
//! Source: `metadata.xsd` of kernel 4.6 and 4.7; the order of the elements is free, the one here
//! is that of the documentation.

use super::{DataciteVersion, Resource, SPDX, UNASSIGNED, UNAVAILABLE, Who, name_type, type_name};
use crate::research::AuthorKind;
use crate::research::format::FormatError;
use crate::research::format::facts::Facts;
use crate::research::format::xml::Xml;

const NAMESPACE: &str = "http://datacite.org/schema/kernel-4";

pub(in crate::research::format) fn text(
    facts: Facts<'_>,
    version: DataciteVersion,
) -> Result<String, FormatError> {
    let resource = Resource::of(facts, version)?;
    let location = match version {
        DataciteVersion::V4_5 => "4.5",
        DataciteVersion::V4_6 => "4.6",
        DataciteVersion::V4_7 => "4.7",
    };
    let location =
        format!("{NAMESPACE} https://schema.datacite.org/meta/kernel-{location}/metadata.xsd");
    let mut xml = Xml::new();
    xml.branch(
        "resource",
        &[
            ("xmlns", Some(NAMESPACE)),
            (
                "xmlns:xsi",
                Some("http://www.w3.org/2001/XMLSchema-instance"),
            ),
            ("xsi:schemaLocation", Some(&location)),
        ],
        |xml| properties(xml, &resource),
    );
    Ok(xml.finish())
}

fn properties(xml: &mut Xml, resource: &Resource<'_>) {
    let facts = &resource.facts;
    let language = facts.language();
    let doi = facts.doi().map_or(UNASSIGNED, |doi| doi.as_str());
    xml.leaf("identifier", &[("identifierType", Some("DOI"))], doi);
    xml.branch("creators", &[], |xml| {
        for who in &resource.creators {
            creator(xml, who);
        }
        if resource.creators.is_empty() {
            xml.branch("creator", &[], |xml| {
                xml.leaf("creatorName", &[], UNAVAILABLE);
            });
        }
    });
    xml.branch("titles", &[], |xml| {
        xml.leaf("title", &[("xml:lang", language)], &facts.title());
    });
    let publisher = facts.publisher();
    xml.leaf(
        "publisher",
        &[],
        publisher.as_deref().unwrap_or(UNAVAILABLE),
    );
    xml.leaf("publicationYear", &[], &format!("{:04}", resource.year));
    let kind = resource.resource_type();
    // The text of the element is free; the general type says all that is known.
    xml.leaf("resourceType", &[("resourceTypeGeneral", Some(kind))], kind);
    let keywords = facts.keywords().into_iter().map(|term| (term, None, None));
    let subjects: Vec<_> = keywords.chain(facts.subjects()).collect();
    xml.list("subjects", &subjects, |xml, (term, scheme, uri)| {
        let attributes = [
            ("subjectScheme", scheme.as_deref()),
            ("valueURI", uri.as_deref()),
        ];
        xml.leaf("subject", &attributes, term);
    });
    xml.list("dates", &resource.dates, |xml, day| {
        let attributes = [
            ("dateType", Some(day.kind)),
            ("dateInformation", day.information),
        ];
        xml.leaf("date", &attributes, &day.date);
    });
    if let Some(language) = language {
        xml.leaf("language", &[], language);
    }
    let id: Vec<String> = facts.id().into_iter().collect();
    xml.list("alternateIdentifiers", &id, |xml, id| {
        let attributes = [("alternateIdentifierType", Some("Session id"))];
        xml.leaf("alternateIdentifier", &attributes, id);
    });
    xml.list(
        "relatedIdentifiers",
        &resource.related,
        |xml, (kind, value, related)| {
            let attributes = [
                ("relatedIdentifierType", Some(*kind)),
                ("relationType", Some(related.relation.as_str())),
                ("resourceTypeGeneral", related.artifact_type.map(type_name)),
            ];
            xml.leaf("relatedIdentifier", &attributes, value);
        },
    );
    if let Some(version) = facts.version() {
        xml.leaf("version", &[], &version);
    }
    xml.list("rightsList", &resource.rights, |xml, right| {
        let uri = right.uri();
        let attributes = [
            ("rightsURI", uri.as_deref()),
            ("rightsIdentifier", right.id),
            ("rightsIdentifierScheme", right.id.map(|_| "SPDX")),
            ("schemeURI", right.id.map(|_| SPDX)),
        ];
        xml.leaf("rights", &attributes, &right.name);
    });
    xml.list(
        "descriptions",
        &resource.descriptions,
        |xml, (kind, text)| {
            xml.leaf("description", &[("descriptionType", Some(kind))], text);
        },
    );
    let funding: Vec<_> = facts.funding().collect();
    xml.list("fundingReferences", &funding, |xml, grant| {
        xml.branch("fundingReference", &[], |xml| {
            xml.leaf("funderName", &[], &grant.funder);
            if let Some(ror) = grant.ror {
                let attributes = [("funderIdentifierType", Some("ROR"))];
                xml.leaf("funderIdentifier", &attributes, &ror.uri());
            }
            if let Some(number) = &grant.number {
                xml.leaf("awardNumber", &[("awardURI", grant.url.as_deref())], number);
            }
            if let Some(title) = &grant.title {
                xml.leaf("awardTitle", &[], title);
            }
        });
    });
}

fn creator(xml: &mut Xml, who: &Who<'_>) {
    xml.branch("creator", &[], |xml| {
        let attributes = [("nameType", name_type(who))];
        xml.leaf("creatorName", &attributes, &who.inverted());
        if let Some(given) = who.given() {
            xml.leaf("givenName", &[], given);
        }
        if who.kind == AuthorKind::Person {
            xml.leaf("familyName", &[], &who.family());
        }
        if let Some(orcid) = who.orcid() {
            let attributes = [
                ("nameIdentifierScheme", Some("ORCID")),
                ("schemeURI", Some("https://orcid.org")),
            ];
            xml.leaf("nameIdentifier", &attributes, &orcid.uri());
        }
        for (name, ror) in who.affiliations() {
            let id = ror.map(|ror| ror.uri());
            let attributes = [
                ("affiliationIdentifier", id.as_deref()),
                ("affiliationIdentifierScheme", ror.map(|_| "ROR")),
                ("schemeURI", ror.map(|_| "https://ror.org")),
            ];
            let name = match &id {
                Some(id) if name.is_empty() => id,
                _ => &name,
            };
            xml.leaf("affiliation", &attributes, name);
        }
    });
}
