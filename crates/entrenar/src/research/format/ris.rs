//! RIS: one record.
//!
//! Source: RIS Format Specifications (Research Information Systems, 2001; and the list of tags of
//! 2011). Each tag has one line, lines end in CR LF. What RIS has no tag for (licence, ORCID iDs,
//! grants) is in `N1`, a sentence each.

use chrono::Datelike as _;

use super::facts::{Facts, Who};
use crate::research::text::one_line;
use crate::research::{ArtifactType, AuthorKind};

pub(in crate::research) fn record(facts: &Facts<'_>, key: &str) -> String {
    let mut out = String::with_capacity(1024);
    let mut tag = |name: &str, value: &str| {
        for part in [name, "  - ", value, "\r\n"] {
            out.push_str(part);
        }
    };
    let kind = match facts.artifact.artifact_type {
        ArtifactType::Notebook | ArtifactType::Code | ArtifactType::Workflow => "COMP",
        ArtifactType::Dataset => "DATA",
        ArtifactType::Model => "GEN",
        ArtifactType::Paper => "UNPB",
    };
    tag("TY", kind);
    tag("ID", key);
    tag("TI", &facts.title());
    let authors = facts.authors();
    for who in &authors {
        tag("AU", &name(who));
    }
    if let Some(year) = facts.year() {
        tag("PY", &format!("{year:04}"));
    }
    if let Some(date) = facts.date() {
        let (year, month, day) = (date.year(), date.month(), date.day());
        tag("DA", &format!("{year:04}/{month:02}/{day:02}"));
    }
    let mut some = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            tag(name, &value);
        }
    };
    some("ET", facts.version());
    some("PB", facts.publisher());
    some("DO", facts.doi().map(ToString::to_string));
    some("UR", facts.url());
    some("L2", facts.repository());
    some("LA", facts.language().map(ToOwned::to_owned));
    for keyword in facts.keywords_and_subjects() {
        some("KW", Some(keyword));
    }
    let summary = one_line(&facts.summary().join("\n"));
    some("AB", Some(summary).filter(|text| !text.is_empty()));
    let license = facts.artifact.license.as_ref();
    some("N1", license.map(|license| format!("License: {license}.")));
    for (who, at) in authors.iter().zip(1..) {
        some(
            "N1",
            who.orcid()
                .map(|orcid| format!("ORCID iD of author {at}: {}", orcid.uri())),
        );
    }
    let sentences = facts
        .remarks()
        .into_iter()
        .chain(facts.funding().map(|grant| grant.sentence()))
        .chain(facts.equipment());
    for sentence in sentences {
        some("N1", Some(sentence));
    }
    some("AN", facts.id());
    out.push_str("ER  - \r\n");
    out
}

/// `Family, Given, Suffix`. A name without parts that has a comma gets a second one behind the
/// first, which by that order means: no given names.
fn name(who: &Who<'_>) -> String {
    let parts = &who.parts;
    let no_comma = |text: &str| text.replace(',', " ");
    match (&parts.given, who.kind) {
        (Some(given), AuthorKind::Person) => {
            let mut name = format!("{}, {}", no_comma(&parts.full_family()), no_comma(given));
            if let Some(suffix) = &parts.suffix {
                name.push_str(", ");
                name.push_str(&no_comma(suffix));
            }
            name
        }
        _ => who.family().replacen(',', ",,", 1),
    }
}
