use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

/// How a training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RunStatus {
    /// The cells that belong to the run ended without an error.
    Finished,
    /// A cell of the run ended with an error.
    Failed,
    /// Nothing tells how the run ended.
    #[default]
    Unknown,
}

impl RunStatus {
    /// The name used in JSON and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// The status of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Finished, Self::Failed, Self::Unknown]
            .into_iter()
            .find(|s| s.as_str() == name)
    }
}

/// One training inside a session.
///
/// A run is known by its number: its place in `EntrenarSession::runs`, counted from 0. A
/// [`Series`](super::Series) names the run that its points belong to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrainingRun {
    /// A name, where one was given.
    pub name: Option<String>,
    /// The run's own configuration; the session's holds for all runs.
    pub config: BTreeMap<String, String>,
    /// Index in the code history of the first cell of the run.
    pub first_cell: Option<u32>,
    /// Index in the code history of the last cell of the run.
    pub last_cell: Option<u32>,
    /// When the run began, where the source recorded it.
    pub started_at: Option<DateTime<Utc>>,
    /// When the run ended, where the source recorded it.
    pub ended_at: Option<DateTime<Utc>>,
    /// How it ended.
    pub status: RunStatus,
}
