/// How far the recording of a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SessionState {
    /// A recorder is at work.
    Live,
    /// Every recorder ended as it should.
    Finished,
    /// A recorder's process ended without a word; what it had logged was recovered.
    Interrupted,
    /// A recorder said that the training failed.
    Failed,
}

impl SessionState {
    const ALL: [Self; 4] = [Self::Live, Self::Finished, Self::Interrupted, Self::Failed];

    /// The name used in JSON and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Finished => "finished",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// The session that a session goes on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForkOrigin {
    /// Id of that session.
    pub session: String,
    /// The last step that both have; `None` for the end of that session.
    pub step: Option<i64>,
}

/// A session that goes on from another one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fork {
    /// Id of the session that goes on.
    pub session: String,
    /// Its name.
    pub name: String,
    /// The last step that both have; `None` for the end of the other session.
    pub step: Option<i64>,
}
