//! The table of metrics as a data set for machine learning: MLCommons Croissant 1.1
//! (<http://mlcommons.org/croissant/1.1>).
//!
//! One `FileObject`, `metrics.csv`, with its size and SHA-256, and one `RecordSet` whose fields are
//! its columns with their data types.

use chrono::{DateTime, Datelike as _};
use serde_json::{Map, Value, json};

use crate::research::text::{distinct, one_line};
use crate::research::{
    Affiliation, Author, AuthorKind, CitationMetadata, Identifier, License, ResearchArtifact,
};
use crate::session::{EntrenarSession, Series, Sha256Hash};

use super::csv::COLUMNS;
use super::json::pretty;

/// The file name that the format's tools look for beside the data.
pub const FILE_NAME: &str = "croissant.json";

/// The version that the description conforms to.
pub const CONFORMS_TO: &str = "http://mlcommons.org/croissant/1.1";

/// What stands for the licence, which the format insists on, where nobody chose one.
const NO_LICENSE: &str = "No licence chosen";

const TABLE: &str = "metrics.csv";

/// The description of `metrics.csv`, whose bytes are `table`; `None` for a session without a
/// point, which has no data to describe.
///
/// An address, a creator and a date are left out where nobody gave them; an unset licence is a
/// work called `No licence chosen`. The date of publication is the stated day of the release,
/// else the day on which the recorded work ended.
pub fn document(
    session: &EntrenarSession,
    artifact: &ResearchArtifact,
    table: &[u8],
) -> Option<Vec<u8>> {
    if !session.has_training_data() {
        return None;
    }
    let mut data = Map::new();
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            data.insert(name.to_owned(), value);
        }
    };
    let title = one_line(&artifact.title);
    let title = if title.is_empty() { TABLE } else { &title };
    add("@context", Some(context()));
    add("@type", Some("sc:Dataset".into()));
    add("conformsTo", Some(CONFORMS_TO.into()));
    add("name", Some(title.into()));
    add("description", Some(description(artifact, title).into()));
    add("version", version(&artifact.version));
    add("license", Some(license(artifact.license.as_ref())));
    add("url", url(artifact).map(Value::from));
    add("creator", creators(&artifact.authors));
    add("datePublished", published(artifact).map(Value::from));
    add("keywords", some_array(distinct(&artifact.keywords)));
    let citation = CitationMetadata::without_year(artifact).to_bibtex();
    add("citeAs", Some(citation.trim_end().into()));
    add(
        "distribution",
        Some(json!([{
            "@type": "cr:FileObject",
            "@id": TABLE,
            "name": TABLE,
            "description": "Every point of every metric, a row each.",
            "contentUrl": TABLE,
            "contentSize": format!("{} B", table.len()),
            "encodingFormat": "text/csv",
            "sha256": Sha256Hash::of(table).to_string(),
        }])),
    );
    let fields: Vec<Value> = COLUMNS.iter().map(|name| field(name, session)).collect();
    add(
        "recordSet",
        Some(json!([{
            "@type": "cr:RecordSet",
            "@id": "points",
            "name": "points",
            "description": "The points, series by series, in the order in which they came.",
            "field": fields,
        }])),
    );
    Some(pretty(&Value::Object(data)))
}

/// A column of the table as a field.
fn field(column: &str, session: &EntrenarSession) -> Value {
    let (data_type, description) = match column {
        "name" => ("sc:Text", "The name of the metric."),
        "run" => (
            "sc:Integer",
            "The number of the run, from 0; empty outside any run.",
        ),
        "rank" => (
            "sc:Integer",
            "The rank of the process; empty where there is one process.",
        ),
        "step" => ("sc:Integer", "The step; empty where unknown."),
        "epoch" => (
            "sc:Float",
            "The epoch, which may be fractional; empty where unknown.",
        ),
        "time" if has_calendar_times(session) => {
            ("sc:DateTime", "The wall time in UTC; empty where unknown.")
        }
        "time" => (
            "sc:Text",
            "The wall time in UTC, or in microseconds since 1970-01-01 where no calendar date \
             holds it; empty where unknown.",
        ),
        _ => (
            "sc:Float",
            "The value; NaN, Infinity and -Infinity are values like any other.",
        ),
    };
    json!({
        "@type": "cr:Field",
        "@id": format!("points/{column}"),
        "name": column,
        "description": description,
        "dataType": data_type,
        "source": {
            "fileObject": {"@id": TABLE},
            "extract": {"column": column},
        },
    })
}

/// Whether every time of a point is one that ISO 8601 writes with four digits of the year.
fn has_calendar_times(session: &EntrenarSession) -> bool {
    session
        .metrics
        .series()
        .iter()
        .flat_map(Series::points)
        .filter_map(|point| point.time_us)
        .all(|time| {
            DateTime::from_timestamp_micros(time)
                .is_some_and(|time| (1..=9999).contains(&time.year()))
        })
}

fn description(artifact: &ResearchArtifact, title: &str) -> String {
    [&artifact.abstract_text, &artifact.description]
        .into_iter()
        .flatten()
        .map(|text| one_line(text))
        .find(|text| !text.is_empty())
        .unwrap_or_else(|| format!("The metrics of {title}."))
}

/// The version, if it is one of Semantic Versioning 2.0.0, which the format asks for.
fn version(version: &str) -> Option<Value> {
    let number = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    let identifiers = |text: &str| {
        text.split('.').all(|part| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
    };
    let (rest, build) = match version.split_once('+') {
        Some((rest, build)) => (rest, Some(build)),
        None => (version, None),
    };
    let (core, pre) = match rest.split_once('-') {
        Some((core, pre)) => (core, Some(pre)),
        None => (rest, None),
    };
    let numeric = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let valid = core.split('.').count() == 3
        && core.split('.').all(number)
        && build.is_none_or(identifiers)
        && pre.is_none_or(|pre| {
            identifiers(pre) && pre.split('.').all(|part| !numeric(part) || number(part))
        });
    valid.then(|| version.into())
}

/// A single licence as its address at SPDX; any other expression as a work of that name.
fn license(license: Option<&License>) -> Value {
    match license.map(|license| (license, license.single_id())) {
        Some((_, Some(id))) => json!(format!("https://spdx.org/licenses/{id}")),
        Some((license, None)) => json!({"@type": "sc:CreativeWork", "name": license.as_str()}),
        None => json!({"@type": "sc:CreativeWork", "name": NO_LICENSE}),
    }
}

fn url(artifact: &ResearchArtifact) -> Option<String> {
    let doi = artifact
        .doi
        .as_ref()
        .map(|doi| Identifier::of_doi(doi).uri());
    doi.or_else(|| artifact.valid_url())
}

fn published(artifact: &ResearchArtifact) -> Option<String> {
    artifact
        .release_date
        .or_else(|| artifact.completed_at.map(|time| time.date_naive()))
        .filter(|date| (1..=9999).contains(&date.year()))
        .map(|date| date.to_string())
}

fn creators(authors: &[Author]) -> Option<Value> {
    some_array(
        authors
            .iter()
            .filter(|author| author.is_named())
            .map(creator),
    )
}

fn creator(author: &Author) -> Value {
    let mut creator = Map::new();
    let kind = match author.kind() {
        AuthorKind::Organisation => "sc:Organization",
        _ => "sc:Person",
    };
    creator.insert("@type".into(), kind.into());
    if let Some(orcid) = &author.orcid {
        creator.insert("@id".into(), orcid.uri().into());
    }
    creator.insert("name".into(), one_line(&author.name).into());
    if author.kind() == AuthorKind::Person {
        let parts = author.parts();
        if let Some(given) = parts.given.clone() {
            creator.insert("givenName".into(), given.into());
            creator.insert("familyName".into(), parts.full_family().into());
        }
    }
    let places = author.affiliations.iter().filter_map(affiliation);
    if let Some(places) = some_array(places) {
        creator.insert("affiliation".into(), places);
    }
    Value::Object(creator)
}

fn affiliation(place: &Affiliation) -> Option<Value> {
    let name = one_line(&place.name);
    (!name.is_empty()).then(|| {
        let id = place.ror.as_ref().map(|ror| ("@id", ror.uri()));
        [("@type", "sc:Organization".to_owned())]
            .into_iter()
            .chain(id)
            .chain([("name", name)])
            .map(|(key, value)| (key.to_owned(), Value::from(value)))
            .collect()
    })
}

fn some_array<T: Into<Value>>(items: impl IntoIterator<Item = T>) -> Option<Value> {
    let items: Vec<Value> = items.into_iter().map(Into::into).collect();
    (!items.is_empty()).then(|| items.into())
}

/// The terms of Croissant's own vocabulary in the recommended context (Croissant 1.1, appendix 1),
/// with those that mlcroissant 1.1.1 takes for granted.
const TERMS: [&str; 35] = [
    "annotation",
    "arrayShape",
    "citeAs",
    "column",
    "containedIn",
    "equivalentProperty",
    "excludes",
    "extract",
    "field",
    "fileObject",
    "fileProperty",
    "fileSet",
    "format",
    "includes",
    "isArray",
    "isLiveDataset",
    "jsonPath",
    "key",
    "md5",
    "parentField",
    "path",
    "readLines",
    "recordSet",
    "references",
    "regex",
    "repeated",
    "replace",
    "samplingRate",
    "sdVersion",
    "separator",
    "source",
    "subField",
    "transform",
    "unArchive",
    "value",
];

fn context() -> Value {
    let mut context = json!({
        "@language": "en",
        "@vocab": "https://schema.org/",
        "sc": "https://schema.org/",
        "cr": "http://mlcommons.org/croissant/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "dct": "http://purl.org/dc/terms/",
        "conformsTo": "dct:conformsTo",
        "data": {"@id": "cr:data", "@type": "@json"},
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        "description": {"@container": "@language"},
        "examples": {"@id": "cr:examples", "@type": "@json"},
        "name": {"@container": "@language"},
    });
    if let Some(terms) = context.as_object_mut() {
        for term in TERMS {
            terms.insert(term.to_owned(), format!("cr:{term}").into());
        }
    }
    context
}
