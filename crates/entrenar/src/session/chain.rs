//! A session's own event chain: what was imported and edited, each entry naming the hash of the
//! one before.
//!
//! It is made of the store's log (`Store::chain`) and stands in an artifact folder as
//! `events.jsonl`, a JSON object on each line:
//!
//! ```json
//! {"sequence":1,"kind":"import","detail":{"cells":2,…},"hash":"…"}
//! ```
//!
//! No time of day is in it: two stores with the same import and the same edits have the same
//! chain. The layout of hashes and details is in `docs/store-format.md`.

mod state;

use std::fmt;

use serde_json::Value;

pub use self::state::CONTENT_VERSION;
use self::state::State;
#[cfg(feature = "record")]
pub(crate) use self::state::finish_detail;
pub(crate) use self::state::import_detail;
#[cfg(any(feature = "store", feature = "preserve"))]
pub(crate) use self::state::{sorted, state_fields};
use super::{ContentDigest, EntrenarSession, Sha256Hash};

/// First bytes of what an event's hash covers.
const DOMAIN: &[u8] = b"entrenar session event 1\0";
/// Problems of a file that are listed.
const PROBLEMS: usize = 100;

/// One entry of a session's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionEvent {
    /// Place in the chain, from 1.
    pub sequence: u64,
    /// `import`, `tag`, `note`, `rename`, `redact`, …
    pub kind: String,
    /// What was done: a JSON object with sorted keys. Texts stand in it by their SHA-256.
    pub detail: String,
    /// SHA-256 over the hash before and this entry.
    pub hash: Sha256Hash,
}

/// The events of one session, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionChain {
    session: String,
    events: Vec<SessionEvent>,
}

/// What is wrong with a line of `events.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainProblem {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for ChainProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// How two chains of a session differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainDifference<'a> {
    /// One goes on where the other ends: these events came later.
    Longer {
        /// Whether it is the other chain that goes on.
        other: bool,
        /// The later events.
        later: &'a [SessionEvent],
    },
    /// The chains part at this event.
    Parts {
        /// The event of the one.
        ours: &'a SessionEvent,
        /// The event of the other at the same place.
        theirs: &'a SessionEvent,
    },
}

impl SessionChain {
    /// A chain without an event.
    pub fn new(session: impl Into<String>) -> Self {
        Self {
            session: session.into(),
            events: Vec::new(),
        }
    }

    /// The chain of a session that was imported and not edited.
    pub fn of_import(session: &EntrenarSession) -> Self {
        let mut chain = Self::new(&session.id);
        let source = session.source.as_ref().map(|source| source.sha256);
        let detail = import_detail(session, &ContentDigest::of(session), source);
        chain.push("import", detail);
        chain
    }

    /// The id of the session.
    pub fn session(&self) -> &str {
        &self.session
    }

    /// The events, oldest first.
    pub fn events(&self) -> &[SessionEvent] {
        &self.events
    }

    /// The hash of the last event: it stands for the whole chain.
    pub fn head(&self) -> Option<Sha256Hash> {
        self.events.last().map(|event| event.hash)
    }

    /// Appends an event. `detail` is a JSON object with sorted keys and no white space.
    pub fn push(&mut self, kind: impl Into<String>, detail: impl Into<String>) {
        let (kind, detail) = (kind.into(), detail.into());
        let sequence = self.next_sequence();
        let hash = event_hash(self.head(), sequence, &self.session, &kind, &detail);
        self.events.push(SessionEvent {
            sequence,
            kind,
            detail,
            hash,
        });
    }

    fn next_sequence(&self) -> u64 {
        self.events.last().map_or(0, |event| event.sequence) + 1
    }

    /// The chain as JSON Lines.
    pub fn to_jsonl(&self) -> Vec<u8> {
        let lines = self.events.iter().map(line);
        lines.collect::<String>().into_bytes()
    }

    /// Reads what [`to_jsonl`](Self::to_jsonl) wrote for the session of that id.
    ///
    /// # Errors
    /// Every line that is not exactly as it would be written, that does not follow the one
    /// before, or whose hash is another; 100 at most.
    pub fn parse(session: &str, bytes: &[u8]) -> Result<Self, Vec<ChainProblem>> {
        let mut chain = Self::new(session);
        let mut problems = Vec::new();
        let mut rest = bytes;
        let mut number = 0;
        while !rest.is_empty() && problems.len() < PROBLEMS {
            number += 1;
            let end = rest.iter().position(|byte| *byte == b'\n');
            let (text, after) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
            rest = after;
            match Self::read_line(text) {
                Ok(event) => {
                    let hash = event_hash(
                        chain.head(),
                        event.sequence,
                        session,
                        &event.kind,
                        &event.detail,
                    );
                    if event.sequence != chain.next_sequence() {
                        problems.push(ChainProblem {
                            line: number,
                            message: format!(
                                "event {} does not follow the one before",
                                event.sequence
                            ),
                        });
                    } else if hash != event.hash {
                        problems.push(ChainProblem {
                            line: number,
                            message: format!(
                                "event {} ({}) is not what its hash says",
                                event.sequence, event.kind
                            ),
                        });
                    }
                    chain.events.push(event);
                }
                Err(message) => problems.push(ChainProblem {
                    line: number,
                    message,
                }),
            }
        }
        if problems.is_empty() {
            Ok(chain)
        } else {
            Err(problems)
        }
    }

    fn read_line(bytes: &[u8]) -> Result<SessionEvent, String> {
        let text = std::str::from_utf8(bytes).map_err(|error| format!("not UTF-8: {error}"))?;
        let value: Value =
            serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
        let field = |name: &str| {
            value
                .get(name)
                .ok_or_else(|| format!("the field `{name}` is missing"))
        };
        let event = SessionEvent {
            sequence: field("sequence")?
                .as_u64()
                .ok_or("`sequence` is not a number of events")?,
            kind: field("kind")?
                .as_str()
                .ok_or("`kind` is not a text")?
                .to_owned(),
            detail: match field("detail")? {
                Value::Object(detail) => Value::Object(detail.clone()).to_string(),
                _ => return Err("`detail` is not an object".into()),
            },
            hash: field("hash")?
                .as_str()
                .and_then(|hash| hash.parse().ok())
                .ok_or("`hash` is not a SHA-256")?,
        };
        if event.sequence == u64::MAX {
            return Err("`sequence` is too large".into());
        }
        if line(&event).as_bytes() != bytes {
            return Err("the line is not in the form in which entrenar writes it".into());
        }
        Ok(event)
    }

    /// Where this chain and `other` part, or which of the two goes on; `None` where they are
    /// equal.
    pub fn difference<'a>(&'a self, other: &'a Self) -> Option<ChainDifference<'a>> {
        let pairs = self.events.iter().zip(&other.events);
        if let Some((ours, theirs)) = pairs.clone().find(|(ours, theirs)| ours != theirs) {
            return Some(ChainDifference::Parts { ours, theirs });
        }
        let shared = pairs.len();
        let later = |events: &'a [SessionEvent]| events.get(shared..).filter(|e| !e.is_empty());
        if let Some(later) = later(&other.events) {
            return Some(ChainDifference::Longer { other: true, later });
        }
        later(&self.events).map(|later| ChainDifference::Longer {
            other: false,
            later,
        })
    }

    /// What in `session` is not as the chain says: the place of each, and a sentence.
    pub fn differences(&self, session: &EntrenarSession) -> Vec<(String, String)> {
        self.state().differences(session)
    }

    /// Whether [`differences`](Self::differences) can compare the content: its digest is of
    /// the version that this program knows.
    pub fn covers_content(&self) -> bool {
        self.state().version == Some(CONTENT_VERSION)
    }

    fn state(&self) -> State {
        let mut state = State::default();
        for event in &self.events {
            let detail: Value = serde_json::from_str(&event.detail).unwrap_or_default();
            state.apply(&event.kind, &detail);
        }
        state
    }
}

/// A line of `events.jsonl`.
fn line(event: &SessionEvent) -> String {
    let kind = Value::from(event.kind.as_str());
    format!(
        "{{\"sequence\":{},\"kind\":{kind},\"detail\":{},\"hash\":\"{}\"}}\n",
        event.sequence, event.detail, event.hash
    )
}

fn event_hash(
    previous: Option<Sha256Hash>,
    sequence: u64,
    session: &str,
    kind: &str,
    detail: &str,
) -> Sha256Hash {
    let mut bytes = Vec::with_capacity(256 + detail.len());
    bytes.extend_from_slice(DOMAIN);
    bytes.extend_from_slice(&previous.map_or([0; 32], |hash| *hash.as_bytes()));
    bytes.extend_from_slice(&sequence.to_le_bytes());
    for text in [session, kind, detail] {
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    Sha256Hash::of(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::CodeCell;

    fn session(cells: u32) -> EntrenarSession {
        let mut session = EntrenarSession::empty("s", "S").with_tag("a");
        for order in 1..=cells {
            session.add_code_cell(CodeCell {
                execution_order: order,
                source: format!("step({order})"),
                output: None,
                timestamp: chrono::DateTime::UNIX_EPOCH,
                duration_ms: None,
            });
        }
        session.metrics.add_loss(0.5);
        session
    }

    #[test]
    fn a_chain_survives_its_file_and_every_changed_byte_is_found() {
        let mut chain = SessionChain::of_import(&session(3));
        chain.push("note", r#"{"notes":null}"#);
        let bytes = chain.to_jsonl();
        assert_eq!(SessionChain::parse("s", &bytes), Ok(chain.clone()));
        assert!(SessionChain::parse("t", &bytes).is_err());
        for at in 0..bytes.len() {
            for flip in [1, 0x20, 0x80] {
                let mut changed = bytes.clone();
                changed[at] ^= flip;
                assert!(SessionChain::parse("s", &changed).is_err(), "byte {at}");
            }
        }
    }

    #[test]
    fn a_changed_session_is_named_by_its_place() {
        let chain = SessionChain::of_import(&session(3));
        assert_eq!(chain.differences(&session(3)), []);
        let mut changed = session(3).with_tag("b").with_user("eve");
        changed.code_history[1].source.push(' ');
        changed.metrics.add_loss(0.25);
        let places: Vec<_> = chain
            .differences(&changed)
            .into_iter()
            .map(|d| d.0)
            .collect();
        assert_eq!(
            places,
            ["metadata.tags", "cells[1]", "metadata", "series[0]"]
        );
        assert_eq!(chain.differences(&session(4))[0].0, "cells");

        let many = SessionChain::of_import(&session(10_000));
        assert!(many.events()[0].detail.len() < 2_000);
        let mut changed = session(10_000);
        changed.code_history[5000].source.push(' ');
        assert_eq!(
            many.differences(&changed)[0].0,
            "cells[4867] to cells[5023]"
        );
    }

    #[test]
    fn the_first_event_that_differs_is_named() {
        let mut one = SessionChain::of_import(&session(1));
        let mut two = one.clone();
        assert_eq!(one.difference(&two), None);
        one.push("note", "{}");
        assert!(matches!(
            one.difference(&two),
            Some(ChainDifference::Longer { other: false, later }) if later.len() == 1
        ));
        two.push("tag", "{}");
        assert!(matches!(
            two.difference(&one),
            Some(ChainDifference::Parts { ours, theirs }) if ours.kind == "tag" && theirs.kind == "note"
        ));
    }
}
