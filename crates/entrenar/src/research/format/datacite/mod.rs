//! DataCite metadata: what JSON and XML say alike.
//!
//! Source: DataCite Metadata Schema 4.5, 4.6 and 4.7, "Properties" and Appendix 3 (standard values
//! for unknown information): `:unav` is a value that is not available, `:unas` one that is not
//! assigned. There is no such value for the year of publication, so without one there is no
//! document.

mod json;
mod xml;

use super::facts::{Facts, Rights, Who, license_name, license_url};
use super::{FormatError, relation};
use crate::research::{ArtifactType, AuthorKind, RelatedIdentifier};

pub(super) use json::text as json_text;
pub(super) use xml::text as xml_text;

/// Not available, possibly unknown.
const UNAVAILABLE: &str = ":unav";
/// Not assigned.
const UNASSIGNED: &str = ":unas";

/// A version of DataCite's metadata schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DataciteVersion {
    /// 4.5 of January 2024, which InvenioRDM speaks.
    V4_5,
    /// 4.6 of December 2024: adds translations.
    V4_6,
    /// 4.7 of March 2026: adds SWHID and the relation `Other`.
    V4_7,
}

/// A resource as DataCite describes it, without what nobody gave.
struct Resource<'a> {
    facts: Facts<'a>,
    year: i32,
    creators: Vec<Who<'a>>,
    related: Vec<(&'static str, String, RelatedIdentifier)>,
    rights: Vec<Right>,
    descriptions: Vec<(&'static str, String)>,
    dates: Vec<Day>,
}

/// One date.
struct Day {
    date: String,
    kind: &'static str,
    information: Option<&'static str>,
}

/// One licence.
struct Right {
    name: String,
    /// The identifier of the SPDX list.
    id: Option<&'static str>,
}

impl Right {
    fn uri(&self) -> Option<String> {
        self.id.map(license_url)
    }
}

const SPDX: &str = "https://spdx.org/licenses/";

impl<'a> Resource<'a> {
    fn of(facts: Facts<'a>, version: DataciteVersion) -> Result<Self, FormatError> {
        let year = facts.year().ok_or(FormatError::NoYear)?;
        let related = relation::of(facts.artifact)
            .into_iter()
            .filter(|related| match version {
                DataciteVersion::V4_5 => relation::is_in_4_5(related.relation),
                DataciteVersion::V4_6 => related.relation != crate::research::RelationType::Other,
                DataciteVersion::V4_7 => true,
            })
            .map(|related| {
                let has_swhid = version >= DataciteVersion::V4_7;
                let (kind, value) = relation::datacite(&related.identifier, has_swhid);
                (kind, value, related)
            })
            .collect();
        let rights = match facts.rights() {
            Rights::NotChosen => Vec::new(),
            Rights::AnyOf(ids) => ids
                .into_iter()
                .map(|id| Right {
                    name: license_name(id).to_owned(),
                    id: Some(id),
                })
                .collect(),
            Rights::Expression(license) => vec![Right {
                name: license.to_string(),
                id: None,
            }],
        };
        let mut descriptions = Vec::new();
        match (facts.abstract_text(), facts.description()) {
            (Some(own), made) => {
                descriptions.push(("Abstract", own.clone()));
                descriptions.extend(
                    made.filter(|made| *made != own)
                        .map(|made| ("TechnicalInfo", made)),
                );
            }
            (None, made) => descriptions.extend(made.map(|made| ("Abstract", made))),
        }
        let equipment = facts.equipment().join("\n");
        if !equipment.is_empty() {
            descriptions.push(("TechnicalInfo", equipment));
        }
        let remarks = facts.remarks().join("\n");
        if !remarks.is_empty() {
            descriptions.push(("Other", remarks));
        }
        let issued = facts.date_text().map(|date| Day {
            date,
            kind: "Issued",
            information: None,
        });
        let recorded = facts.recorded_days().map(|date| Day {
            date,
            kind: "Created",
            information: Some("When the session was recorded."),
        });
        Ok(Self {
            creators: facts.authors(),
            related,
            rights,
            descriptions,
            dates: issued.into_iter().chain(recorded).collect(),
            facts,
            year,
        })
    }

    fn resource_type(&self) -> &'static str {
        type_name(self.facts.artifact.artifact_type)
    }
}

/// A kind of artifact as the controlled list `resourceTypeGeneral` has it.
fn type_name(artifact_type: ArtifactType) -> &'static str {
    match artifact_type {
        ArtifactType::Dataset => "Dataset",
        ArtifactType::Model => "Model",
        ArtifactType::Code => "Software",
        ArtifactType::Paper => "Text",
        ArtifactType::Notebook => "ComputationalNotebook",
        ArtifactType::Workflow => "Workflow",
    }
}

/// `None` for an e-mail address: whose it is, is not known.
fn name_type(who: &Who<'_>) -> Option<&'static str> {
    match who.kind {
        AuthorKind::Person => Some("Personal"),
        AuthorKind::Organisation => Some("Organizational"),
        AuthorKind::Email => None,
    }
}
