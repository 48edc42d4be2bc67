//! What looks like a credential.

use crate::session::EntrenarSession;

/// A place that looks like a credential; it never holds the credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretFinding {
    /// Where it is, such as `cells[3].source`.
    pub place: String,
    /// Which kind it looks like.
    pub rule: &'static str,
    /// The line in that text, from 1.
    pub line: usize,
}

/// Looks through the session.
pub fn scan(_session: &EntrenarSession) -> Vec<SecretFinding> {
    Vec::new()
}
