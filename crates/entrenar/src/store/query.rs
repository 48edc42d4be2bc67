use chrono::{DateTime, Utc};

use crate::research::archive::DepositState;
use crate::session::SessionState;

/// How a metric is compared with a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

/// A condition on a metric: its last value compares so with a number.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricBound {
    /// `final_loss`, `best_loss`, `final_accuracy`, `best_accuracy`, or a series' name, whose
    /// last value counts.
    pub metric: String,
    /// The comparison.
    pub comparison: Comparison,
    /// The number.
    pub value: f64,
}

/// What sessions are sorted by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SortKey {
    /// When the session began (sessions without a begin come last).
    #[default]
    Started,
    /// When the session was imported.
    Imported,
    /// The id.
    Id,
    /// The name.
    Name,
    /// The user.
    User,
    /// The format of the source.
    Format,
    /// Number of cells.
    Cells,
    /// Number of points.
    Points,
    /// Number of runs.
    Runs,
    /// Number of steps.
    Steps,
    /// Time from begin to end.
    Duration,
    /// Last loss.
    FinalLoss,
    /// Smallest finite loss.
    BestLoss,
    /// Last accuracy.
    FinalAccuracy,
    /// Largest finite accuracy.
    BestAccuracy,
    /// Last value of the series of that name.
    Metric(String),
}

/// Which sessions to list; the default is all, newest begin first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListQuery {
    /// All of these tags.
    pub tags: Vec<String>,
    /// This text, without case, in name, notes, user, source name, id or a cell's source.
    pub text: Option<String>,
    /// Began at or after.
    pub since: Option<DateTime<Utc>>,
    /// Began before.
    pub until: Option<DateTime<Utc>>,
    /// All of these bounds.
    pub bounds: Vec<MetricBound>,
    /// The order; sessions without the value come last in either direction.
    pub sort: SortKey,
    /// Turns the natural direction round. Naturally times, counts and accuracies come largest
    /// first; names and losses smallest first. Equal values are ordered by id.
    pub reverse: bool,
    /// At most so many.
    pub limit: Option<usize>,
    /// Skip so many first.
    pub offset: usize,
}

/// What a list shows of a session.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    missing_docs,
    reason = "the fields are those of EntrenarSession and SessionMetrics"
)]
pub struct SessionSummary {
    pub id: String,
    pub name: String,
    pub user: Option<String>,
    pub tags: Vec<String>,
    pub source_name: Option<String>,
    pub format: Option<String>,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub imported_at: DateTime<Utc>,
    pub cells: usize,
    pub points: usize,
    pub runs: usize,
    pub steps: usize,
    pub warnings: usize,
    pub final_loss: Option<f64>,
    pub best_loss: Option<f64>,
    pub final_accuracy: Option<f64>,
    pub best_accuracy: Option<f64>,
    /// How far the recording is, of a session that was recorded live. The figures of a live one are those of
    /// the present; the order and the bounds of a list are those of its last seal.
    pub state: Option<SessionState>,
    /// Last value of the series that the query sorts by or bounds, by name.
    pub metrics: Vec<(String, f64)>,
}

/// What a redaction did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Redaction {
    /// Number of places where the secret stood.
    pub occurrences: usize,
}

/// One entry of the store's hash-chained event log.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// Place in the chain, from 1.
    pub sequence: u64,
    /// The session it concerns.
    pub session: Option<String>,
    /// `import`, `tag`, `note`, `rename`, `remove`, `redact`, …
    pub kind: String,
    /// When it was done.
    pub time: DateTime<Utc>,
    /// What was done, as JSON with sorted keys; never holds a secret.
    pub detail: String,
    /// SHA-256 over the previous hash and this entry, in hexadecimal.
    pub hash: String,
}

/// A deposit of a session, and how far it is.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredDeposit {
    /// How far it is.
    pub state: DepositState,
    /// When that was written.
    pub updated: DateTime<Utc>,
    /// The steps that it took, oldest first.
    pub steps: Vec<StoredStep>,
}

/// A step of a deposit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredStep {
    /// Its name, as in JSON.
    pub step: String,
    /// When it was written down.
    pub time: DateTime<Utc>,
}

/// Damage that `check` found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The session it concerns, where known.
    pub session: Option<String>,
    /// What is wrong and what to do.
    pub message: String,
}
