use std::fmt;

use crate::research::signing::SigningError;
use crate::research::signing::timestamp::TimestampError;

/// Something that is wrong with a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanProblem {
    /// The line, from 1; 0 for the plan as a whole.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for PlanProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.message),
            line => write!(f, "line {line}: {}", self.message),
        }
    }
}

/// A preregistration cannot be read, made or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PreregistrationError {
    /// The plan cannot be used: all that is wrong with it.
    #[error("{file}: {}", list(problems))]
    Plan {
        /// The file, as it was named.
        file: String,
        /// What is wrong, in the order of the lines.
        problems: Vec<PlanProblem>,
    },
    /// The file is no preregistration or no opening.
    #[error("{what}, {place}: {reason}")]
    Malformed {
        /// What was read: `preregistration` or `opening`.
        what: &'static str,
        /// Where in it.
        place: String,
        /// What is wrong there.
        reason: String,
    },
    /// The private opening was given where the public file belongs: do not publish it.
    #[error("this is the private opening of a preregistration, not the public file")]
    IsOpening,
    /// The opening belongs to another preregistration.
    #[error("the opening belongs to the preregistration {found}, not to {expected}")]
    OtherOpening {
        /// The commitment of the preregistration.
        expected: String,
        /// The commitment that the opening names.
        found: String,
    },
    /// There is no section of that name.
    #[error("there is no section {name:?}; there are {known}")]
    NoSuchSection {
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// A text of the opening is not the one that was committed to.
    #[error("the text of section {name:?} in the opening is not the one that was committed to")]
    EditedText {
        /// The section.
        name: String,
    },
    /// The key or the random numbers failed.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// The timestamp cannot be read or is of something else.
    #[error(transparent)]
    Timestamp(#[from] TimestampError),
}

impl PreregistrationError {
    pub(super) fn malformed(
        what: &'static str,
        place: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self::Malformed {
            what,
            place: place.into(),
            reason: reason.into(),
        }
    }

    pub(super) fn json(what: &'static str, error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let reason = text
            .split_once(" at line ")
            .map_or(text.as_str(), |(reason, _)| reason);
        Self::malformed(
            what,
            format!("line {} column {}", error.line(), error.column()),
            reason,
        )
    }
}

fn list(problems: &[PlanProblem]) -> String {
    let problems: Vec<String> = problems.iter().map(PlanProblem::to_string).collect();
    problems.join("; ")
}
