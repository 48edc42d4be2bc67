//! What led to what, as PROV-JSON (W3C member submission of 24 April 2013).
//!
//! Entities are the source document, the notebook, the table of metrics and each series of it, and
//! the dataset; activities are the session, its cells and its runs; agents are the authors, where
//! they work, and the kernel and other software. Relations say which activity used, started and
//! made which. Only what is recorded is said: a derived time is left out.
//!
//! Identifiers are `session:` names below `urn:x-entrenar:session:ID:`; what PROV and schema.org
//! have no word for is `entrenar:`, `urn:x-entrenar:terms:`.

use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use crate::research::text::one_line;
use crate::research::{Author, AuthorKind, ResearchArtifact};
use crate::session::{
    CellRecord, CodeCell, EntrenarSession, RunStatus, Series, TimeSource, TrainingRun,
};

use super::json::{percent_encoded, pretty};
use super::time::rfc3339;

/// The media type of PROV-JSON.
pub const MEDIA_TYPE: &str = "application/json";

const SESSION: &str = "session:session";
const SOURCE: &str = "session:source";
const NOTEBOOK: &str = "session:notebook";
const METRICS: &str = "session:metrics";
const DATASET: &str = "session:dataset";

/// The provenance of `session`, made by the authors of `artifact`, as indented JSON.
///
/// The file names are those of the artifact folder: `notebook.ipynb` and `metrics.csv`.
pub fn document(session: &EntrenarSession, artifact: &ResearchArtifact) -> Vec<u8> {
    let mut prov = Document::default();
    prov.session(session, artifact);
    prov.cells(session);
    prov.runs(session);
    prov.series(session);
    prov.agents(session, artifact);
    pretty(&prov.into_value(&session.id))
}

/// The records of a document by their kind, in the order in which they were added.
#[derive(Debug, Default)]
struct Document {
    entities: Map<String, Value>,
    activities: Map<String, Value>,
    agents: Map<String, Value>,
    relations: Relations,
}

#[derive(Debug, Default)]
struct Relations(Vec<(&'static str, Map<String, Value>)>);

impl Relations {
    /// Adds a relation of that kind between `pairs` of role and identifier.
    fn add(&mut self, kind: &'static str, pairs: &[(&str, &str)]) {
        let position = self.0.iter().position(|(known, _)| *known == kind);
        let position = position.unwrap_or_else(|| {
            self.0.push((kind, Map::new()));
            self.0.len() - 1
        });
        if let Some((_, records)) = self.0.get_mut(position) {
            let id = format!("_:{kind}{}", records.len() + 1);
            let relation: Map<_, _> = pairs
                .iter()
                .map(|(role, id)| (format!("prov:{role}"), json!(id)))
                .collect();
            records.insert(id, relation.into());
        }
    }
}

impl Document {
    fn session(&mut self, session: &EntrenarSession, artifact: &ResearchArtifact) {
        let stated = |field: &str| !session.derived.contains_key(field);
        let mut activity = Attributes::new("entrenar:Session", &artifact.title);
        activity.time(
            "prov:startTime",
            session.started_at.filter(|_| stated("started_at")),
        );
        activity.time(
            "prov:endTime",
            session.ended_at.filter(|_| stated("ended_at")),
        );
        activity.text("entrenar:architecture", session.architecture.as_deref());
        activity.parameters(&session.config);
        self.activities.insert(SESSION.into(), activity.into());

        if let Some(source) = &session.source {
            let mut entity = Attributes::new("schema:DigitalDocument", "");
            entity.text("prov:label", source.name.as_deref());
            entity.text("schema:sha256", Some(&source.sha256.to_string()));
            entity.insert("schema:contentSize", json!(source.size.to_string()));
            entity.text("entrenar:format", Some(source.format.as_str()));
            self.entities.insert(SOURCE.into(), entity.into());
            self.made(SOURCE, SESSION);
        }
        for (id, file, media_type, is_there) in [
            (NOTEBOOK, "notebook.ipynb", "application/x-ipynb+json", true),
            (
                METRICS,
                "metrics.csv",
                "text/csv",
                session.has_training_data(),
            ),
        ] {
            if is_there {
                let mut entity = Attributes::new("schema:DigitalDocument", file);
                entity.text("schema:encodingFormat", Some(media_type));
                if id == METRICS {
                    entity.and_type("prov:Collection");
                }
                self.entities.insert(id.into(), entity.into());
                self.made(id, SESSION);
                if session.source.is_some() {
                    let pair = [("generatedEntity", id), ("usedEntity", SOURCE)];
                    self.relations.add("wasDerivedFrom", &pair);
                }
            }
        }
        if let Some(dataset) = session.dataset.as_deref().map(one_line)
            && !dataset.is_empty()
        {
            let entity = Attributes::new("schema:Dataset", &dataset);
            self.entities.insert(DATASET.into(), entity.into());
            let pair = [("activity", SESSION), ("entity", DATASET)];
            self.relations.add("used", &pair);
        }
    }

    fn cells(&mut self, session: &EntrenarSession) {
        for (index, (cell, record)) in session.cells().enumerate() {
            let id = cell_id(index);
            let mut activity = Attributes::new("entrenar:Cell", &format!("cell {index}"));
            let (began, ended) = cell_times(cell, record);
            activity.time("prov:startTime", began);
            activity.time("prov:endTime", ended);
            activity.insert("entrenar:executionOrder", json!(cell.execution_order));
            if let Some(error) = record.and_then(|record| record.error.as_ref()) {
                let name = Some(error.name.as_str()).filter(|name| !one_line(name).is_empty());
                activity.text("entrenar:error", Some(name.unwrap_or("not recorded")));
            }
            self.activities.insert(id.clone(), activity.into());
            self.started(&id, SESSION);
        }
    }

    fn runs(&mut self, session: &EntrenarSession) {
        for (index, run) in session.runs.iter().enumerate() {
            let id = run_id(index);
            self.activities.insert(id.clone(), run_activity(index, run));
            let first = run.first_cell.and_then(|cell| usize::try_from(cell).ok());
            match first.filter(|cell| *cell < session.code_history.len()) {
                Some(cell) => self.started(&id, &cell_id(cell)),
                None => self.started(&id, SESSION),
            }
            if self.entities.contains_key(DATASET) {
                let pair = [("activity", id.as_str()), ("entity", DATASET)];
                self.relations.add("used", &pair);
            }
        }
    }

    fn series(&mut self, session: &EntrenarSession) {
        for (index, series) in session.metrics.series().iter().enumerate() {
            let Some(entity) = series_entity(series) else {
                continue;
            };
            let id = format!("session:series-{index}");
            self.entities.insert(id.clone(), entity);
            let run = series.key().run.and_then(|run| usize::try_from(run).ok());
            match run.filter(|run| *run < session.runs.len()) {
                Some(run) => self.made(&id, &run_id(run)),
                None => self.made(&id, SESSION),
            }
            let pair = [("collection", METRICS), ("entity", id.as_str())];
            self.relations.add("hadMember", &pair);
        }
    }

    fn agents(&mut self, session: &EntrenarSession, artifact: &ResearchArtifact) {
        let mut places: Vec<String> = Vec::new();
        for author in artifact.authors.iter().filter(|author| author.is_named()) {
            let id = format!("session:author-{}", self.agents.len() - places.len() + 1);
            self.agents.insert(id.clone(), author_agent(author));
            self.associated(SESSION, &id);
            for entity in [NOTEBOOK, METRICS] {
                if self.entities.contains_key(entity) {
                    let pair = [("entity", entity), ("agent", id.as_str())];
                    self.relations.add("wasAttributedTo", &pair);
                }
            }
            for place in &author.affiliations {
                let name = one_line(&place.name);
                if name.is_empty() {
                    continue;
                }
                let known = places.iter().position(|known| *known == name);
                let number = known.unwrap_or_else(|| {
                    places.push(name.clone());
                    places.len() - 1
                });
                let organisation = format!("session:organisation-{}", number + 1);
                if known.is_none() {
                    let mut agent = Attributes::new("prov:Organization", &name);
                    agent.uri("schema:identifier", place.ror.as_ref().map(|ror| ror.uri()));
                    self.agents.insert(organisation.clone(), agent.into());
                }
                let pair = [("delegate", id.as_str()), ("responsible", &organisation)];
                self.relations.add("actedOnBehalfOf", &pair);
            }
        }
        let software = kernel(session).into_iter().chain(
            artifact
                .software
                .iter()
                .map(|software| (software.name.clone(), software.version.clone())),
        );
        for (number, (name, version)) in (1..).zip(software) {
            let id = format!("session:software-{number}");
            let mut agent = Attributes::new("prov:SoftwareAgent", &name);
            agent.text("schema:softwareVersion", version.as_deref());
            self.agents.insert(id.clone(), agent.into());
            self.associated(SESSION, &id);
        }
    }

    fn made(&mut self, entity: &str, activity: &str) {
        let pair = [("entity", entity), ("activity", activity)];
        self.relations.add("wasGeneratedBy", &pair);
    }

    fn started(&mut self, activity: &str, starter: &str) {
        let pair = [("activity", activity), ("starter", starter)];
        self.relations.add("wasStartedBy", &pair);
    }

    fn associated(&mut self, activity: &str, agent: &str) {
        let pair = [("activity", activity), ("agent", agent)];
        self.relations.add("wasAssociatedWith", &pair);
    }

    fn into_value(self, session_id: &str) -> Value {
        let mut document = Map::new();
        let namespace = format!("urn:x-entrenar:session:{}:", percent_encoded(session_id));
        document.insert(
            "prefix".into(),
            json!({
                "entrenar": "urn:x-entrenar:terms:",
                "schema": "https://schema.org/",
                "session": namespace,
            }),
        );
        let records = [
            ("entity", self.entities),
            ("activity", self.activities),
            ("agent", self.agents),
        ];
        for (kind, records) in records.into_iter().chain(self.relations.0) {
            if !records.is_empty() {
                document.insert(kind.to_owned(), records.into());
            }
        }
        document.into()
    }
}

/// The attributes of one record; empty texts and unknown facts are left out.
#[derive(Debug)]
struct Attributes(Map<String, Value>);

impl Attributes {
    fn new(kind: &str, label: &str) -> Self {
        let mut attributes = Self(Map::new());
        attributes.insert("prov:type", qualified(kind));
        attributes.text("prov:label", Some(label));
        attributes
    }

    fn insert(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// Adds a second type.
    fn and_type(&mut self, kind: &str) {
        if let Some(first) = self.0.get_mut("prov:type") {
            *first = json!([first, qualified(kind)]);
        }
    }

    fn text(&mut self, name: &str, value: Option<&str>) {
        if let Some(text) = value.map(one_line).filter(|text| !text.is_empty()) {
            self.insert(name, text.into());
        }
    }

    fn uri(&mut self, name: &str, value: Option<String>) {
        if let Some(uri) = value {
            self.insert(name, json!({"$": uri, "type": "xsd:anyURI"}));
        }
    }

    fn number(&mut self, name: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.insert(name, json!({"$": double(value), "type": "xsd:double"}));
        }
    }

    /// A moment that `xsd:dateTime` and its readers can hold: years 1 to 9999.
    fn time(&mut self, name: &str, value: Option<DateTime<Utc>>) {
        if let Some(time) = value.filter(|time| (1..=9999).contains(&time.year())) {
            self.insert(name, rfc3339(time).into());
        }
    }

    fn parameters<'a>(&mut self, config: impl IntoIterator<Item = (&'a String, &'a String)>) {
        let parameters: Vec<Value> = config
            .into_iter()
            .map(|(name, value)| json!(format!("{}={}", one_line(name), one_line(value))))
            .collect();
        if !parameters.is_empty() {
            self.insert("entrenar:parameter", parameters.into());
        }
    }
}

impl From<Attributes> for Value {
    fn from(attributes: Attributes) -> Self {
        Self::Object(attributes.0)
    }
}

fn qualified(name: &str) -> Value {
    json!({"$": name, "type": "prov:QUALIFIED_NAME"})
}

/// The lexical form of `xsd:double`.
fn double(value: f64) -> String {
    match value {
        f64::INFINITY => "INF".into(),
        f64::NEG_INFINITY => "-INF".into(),
        value => crate::session::number::to_text(value),
    }
}

fn cell_id(index: usize) -> String {
    format!("session:cell-{index}")
}

fn run_id(index: usize) -> String {
    format!("session:run-{index}")
}

fn cell_times(
    cell: &CodeCell,
    record: Option<&CellRecord>,
) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
    if record.is_some_and(|record| record.time_source == TimeSource::Derived) {
        return (None, record.and_then(|record| record.ended_at));
    }
    let lasted = cell
        .duration_ms
        .and_then(|millis| TimeDelta::try_milliseconds(i64::try_from(millis).ok()?));
    let ended = record
        .and_then(|record| record.ended_at)
        .or_else(|| cell.timestamp.checked_add_signed(lasted?));
    (Some(cell.timestamp), ended)
}

fn run_activity(index: usize, run: &TrainingRun) -> Value {
    let name = run
        .name
        .as_deref()
        .map(one_line)
        .filter(|name| !name.is_empty());
    let label = name.unwrap_or_else(|| format!("run {index}"));
    let mut activity = Attributes::new("entrenar:TrainingRun", &label);
    activity.time("prov:startTime", run.started_at);
    activity.time("prov:endTime", run.ended_at);
    if run.status != RunStatus::Unknown {
        activity.text("entrenar:status", Some(run.status.as_str()));
    }
    activity.parameters(&run.config);
    activity.into()
}

fn series_entity(series: &Series) -> Option<Value> {
    let summary = series.summary()?;
    let mut entity = Attributes::new("entrenar:Series", series.name());
    if let Some(rank) = series.key().rank {
        entity.insert("entrenar:rank", json!(rank));
    }
    entity.insert("entrenar:points", json!(summary.count));
    entity.number("entrenar:last", Some(summary.last));
    entity.number("entrenar:minimum", summary.min);
    entity.number("entrenar:maximum", summary.max);
    Some(entity.into())
}

fn author_agent(author: &Author) -> Value {
    let kind = match author.kind() {
        AuthorKind::Organisation => "prov:Organization",
        _ => "prov:Person",
    };
    let mut agent = Attributes::new(kind, &author.name);
    agent.uri(
        "schema:identifier",
        author.orcid.as_ref().map(|orcid| orcid.uri()),
    );
    agent.into()
}

/// The kernel's language with its version, as nbformat's `language_info` has them, else the name
/// of its `kernelspec`.
fn kernel(session: &EntrenarSession) -> Option<(String, Option<String>)> {
    let metadata = &session.document.metadata;
    let text = |part: &str, field: &str| {
        let text = one_line(metadata.get(part)?.get(field)?.as_str()?);
        (!text.is_empty()).then_some(text)
    };
    text("language_info", "name")
        .map(|name| (name, text("language_info", "version")))
        .or_else(|| Some((text("kernelspec", "name")?, None)))
}
