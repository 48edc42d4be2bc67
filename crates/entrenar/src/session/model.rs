use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::{
    CellRecord, Clock, Document, ForkOrigin, ImportWarning, SessionMetrics, SessionState,
    SourceInfo, SystemClock, TrainingRun,
};

/// One executed piece of source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeCell {
    /// Place in the order in which the cells ran, from 1.
    pub execution_order: u32,
    /// The source as it was entered.
    pub source: String,
    /// What the cell printed and showed, as plain text; `None` where there was nothing.
    pub output: Option<String>,
    /// When the cell began to run.
    pub timestamp: DateTime<Utc>,
    /// How long it ran, in milliseconds, where known.
    pub duration_ms: Option<u64>,
}

/// One sitting with one kernel, REPL or process: metadata, metrics, code history, tags, notes.
///
/// ```
/// use entrenar::session::EntrenarSession;
///
/// let session = EntrenarSession::new("sess-001", "LoRA")
///     .with_user("alice")
///     .with_config("rank", "64")
///     .with_tag("lora");
/// assert_eq!(session.config["rank"], "64");
/// assert!(session.duration().is_none());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct EntrenarSession {
    /// Identifies the session in a store.
    pub id: String,
    /// The title.
    pub name: String,
    /// Who trained.
    pub user: Option<String>,
    /// The model's architecture.
    pub architecture: Option<String>,
    /// The dataset.
    pub dataset: Option<String>,
    /// Configuration, by name.
    pub config: BTreeMap<String, String>,
    /// Tags, in the order in which they were given, each once.
    pub tags: Vec<String>,
    /// Free text.
    pub notes: Option<String>,
    /// When the session began, where known.
    pub started_at: Option<DateTime<Utc>>,
    /// When the session ended; `None` while it runs or where nothing tells.
    pub ended_at: Option<DateTime<Utc>>,
    /// All points.
    pub metrics: SessionMetrics,
    /// All executed cells, in the order in which they ran.
    pub code_history: Vec<CodeCell>,
    /// What the source holds of each cell beyond `code_history`, by the same index; shorter
    /// where cells were added by hand.
    pub cell_records: Vec<CellRecord>,
    /// The order, text and metadata of the document that the session was read from.
    pub document: Document,
    /// The trainings inside the session; a series names its run by the index in here.
    pub runs: Vec<TrainingRun>,
    /// The id that the source gives the session; it need not be unique.
    pub foreign_id: Option<String>,
    /// The source document; `None` for a session made through the API.
    pub source: Option<SourceInfo>,
    /// Facts that the source does not hold and that were derived: the field's name (`name`,
    /// `started_at`, `ended_at`, `cells.timestamp`) and how it was derived.
    pub derived: BTreeMap<String, String>,
    /// What could not be taken as it is.
    pub warnings: Vec<ImportWarning>,
    /// How far the recording is; `None` for a session that was not recorded live.
    pub state: Option<SessionState>,
    /// The session that this one goes on from.
    pub forked_from: Option<ForkOrigin>,
    /// Where the session was recorded (command line, commit, machine), by name; empty where it was not.
    pub environment: Map<String, Value>,
}

impl EntrenarSession {
    /// A session that begins now.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new_at(id, name, &SystemClock)
    }

    /// A session that begins at the present moment of `clock`.
    pub fn new_at(id: impl Into<String>, name: impl Into<String>, clock: &dyn Clock) -> Self {
        Self {
            started_at: Some(clock.now()),
            ..Self::empty(id, name)
        }
    }

    /// A session of which nothing is known but its id and name: where a bridge begins.
    pub fn empty(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            user: None,
            architecture: None,
            dataset: None,
            config: BTreeMap::new(),
            tags: Vec::new(),
            notes: None,
            started_at: None,
            ended_at: None,
            metrics: SessionMetrics::new(),
            code_history: Vec::new(),
            cell_records: Vec::new(),
            document: Document::default(),
            runs: Vec::new(),
            foreign_id: None,
            source: None,
            derived: BTreeMap::new(),
            warnings: Vec::new(),
            state: None,
            forked_from: None,
            environment: Map::new(),
        }
    }

    /// Sets who trained.
    #[must_use]
    pub fn with_user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Sets the model's architecture.
    #[must_use]
    pub fn with_architecture(mut self, architecture: impl Into<String>) -> Self {
        self.architecture = Some(architecture.into());
        self
    }

    /// Sets the dataset.
    #[must_use]
    pub fn with_dataset(mut self, dataset: impl Into<String>) -> Self {
        self.dataset = Some(dataset.into());
        self
    }

    /// Sets one entry of the configuration.
    #[must_use]
    pub fn with_config(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.config.insert(name.into(), value.into());
        self
    }

    /// Adds a tag; one that is there already is not added again.
    #[must_use]
    pub fn with_tag(mut self, tag: impl Into<String>) -> Self {
        self.add_tag(tag);
        self
    }

    /// Sets the notes.
    #[must_use]
    pub fn with_notes(mut self, notes: impl Into<String>) -> Self {
        self.notes = Some(notes.into());
        self
    }

    /// Adds a tag; one that is there already is not added again.
    pub fn add_tag(&mut self, tag: impl Into<String>) {
        let tag = tag.into();
        if !self.tags.contains(&tag) {
            self.tags.push(tag);
        }
    }

    /// Appends a cell to the code history.
    pub fn add_code_cell(&mut self, cell: CodeCell) {
        self.code_history.push(cell);
    }

    /// Appends a cell with what its source holds beyond the five fields; returns its index.
    pub fn add_recorded_cell(&mut self, cell: CodeCell, record: CellRecord) -> usize {
        let index = self.code_history.len();
        self.cell_records.resize(index, CellRecord::default());
        self.code_history.push(cell);
        self.cell_records.push(record);
        index
    }

    /// All cells with their records, in the order in which they ran.
    pub fn cells(&self) -> impl Iterator<Item = (&CodeCell, Option<&CellRecord>)> {
        self.code_history
            .iter()
            .enumerate()
            .map(|(index, cell)| (cell, self.cell_records.get(index)))
    }

    /// Whether there is any point.
    pub fn has_training_data(&self) -> bool {
        !self.metrics.is_empty()
    }

    /// Marks the session as ended now.
    pub fn end(&mut self) {
        self.end_at(&SystemClock);
    }

    /// Marks the session as ended at the present moment of `clock`.
    pub fn end_at(&mut self, clock: &dyn Clock) {
        self.ended_at = Some(clock.now());
    }

    /// When the session began, unless that stands in for an unknown time (a file's modification
    /// time) and so must reach no format.
    pub fn recorded_start(&self) -> Option<DateTime<Utc>> {
        self.started_at.filter(|_| !self.stands_in("started_at"))
    }

    /// When the session ended, as [`recorded_start`](Self::recorded_start).
    pub fn recorded_end(&self) -> Option<DateTime<Utc>> {
        self.ended_at.filter(|_| !self.stands_in("ended_at"))
    }

    /// Where the cells' times stand in for unknown ones, a begin or end derived from them does
    /// so too.
    fn stands_in(&self, field: &str) -> bool {
        self.derived.contains_key(field) && self.derived.contains_key("cells.timestamp")
    }

    /// Time from begin to end; `None` before the end or where one of the two is not known.
    pub fn duration(&self) -> Option<TimeDelta> {
        Some(self.ended_at? - self.started_at?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::FixedClock;

    #[test]
    fn duration_is_known_after_the_end_only() {
        let at = |s| FixedClock(DateTime::from_timestamp(s, 0).unwrap());
        let mut session = EntrenarSession::new_at("s", "S", &at(100));
        assert_eq!(session.duration(), None);
        session.end_at(&at(3700));
        assert_eq!(session.duration().map(|d| d.num_hours()), Some(1));
    }

    #[test]
    fn a_tag_is_kept_once() {
        let session = EntrenarSession::new("s", "S")
            .with_tag("a")
            .with_tag("b")
            .with_tag("a");
        assert_eq!(session.tags, ["a", "b"]);
    }

    #[test]
    fn records_stay_beside_their_cells() {
        let cell = CodeCell {
            execution_order: 1,
            source: "1".into(),
            output: None,
            timestamp: DateTime::UNIX_EPOCH,
            duration_ms: None,
        };
        let mut session = EntrenarSession::new("s", "S");
        session.add_code_cell(cell.clone());
        let record = CellRecord {
            execution_count: Some(7),
            ..CellRecord::default()
        };
        assert_eq!(session.add_recorded_cell(cell, record), 1);
        let counts: Vec<_> = session
            .cells()
            .map(|(_, r)| r.unwrap().execution_count)
            .collect();
        assert_eq!(counts, [None, Some(7)]);
    }
}
