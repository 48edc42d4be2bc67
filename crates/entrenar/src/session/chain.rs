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

use std::fmt;

use serde_json::{Map, Value, json};

use super::{ContentDigest, EntrenarSession, Sha256Hash};

/// First bytes of what an event's hash covers.
const DOMAIN: &[u8] = b"entrenar session event 1\0";
/// The version of the content digest in the details of imports and redactions.
pub const CONTENT_VERSION: u64 = 2;
/// The most stretches into which a list is cut for the digests that locate a change.
const STRETCHES: usize = 64;
/// Hexadecimal digits of a digest that only locates a change.
const MARK_DIGITS: usize = 12;
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

    /// Whether [`differences`](Self::differences) can compare the content: the log of an older
    /// store has a digest that only the store itself can check.
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

/// The detail of the import of `session`, whose content digest is `digest`, with a source document
/// of the SHA-256 `source`.
pub(crate) fn import_detail(
    session: &EntrenarSession,
    digest: &ContentDigest,
    source: Option<Sha256Hash>,
) -> String {
    let mut fields = state_fields(session, digest);
    fields.extend([
        ("cells".to_owned(), json!(session.code_history.len())),
        ("points".to_owned(), json!(session.metrics.point_count())),
        (
            "source".to_owned(),
            json!(source.map(|hash| hash.to_string())),
        ),
        ("warnings".to_owned(), json!(session.warnings.len())),
    ]);
    sorted(fields)
}

/// The fields of an import and of a redaction that say what the session then is.
pub(crate) fn state_fields(
    session: &EntrenarSession,
    digest: &ContentDigest,
) -> Vec<(String, Value)> {
    let tags: Vec<_> = session.tags.iter().map(|tag| text_digest(tag)).collect();
    let derived = session.derived.get("name").map(|how| text_digest(how));
    let notes = session.notes.as_deref().map(text_digest);
    let fields = [
        ("content", json!(digest.content.to_string())),
        ("content_version", json!(CONTENT_VERSION)),
        ("name", json!(text_digest(&session.name))),
        ("name_derived", json!(derived)),
        ("notes", json!(notes)),
        (
            "parts",
            Value::Object(Marks::of(digest).0.into_iter().collect()),
        ),
        ("tags", json!(tags)),
    ];
    fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// A JSON object with sorted keys.
pub(crate) fn sorted(mut fields: Vec<(String, Value)>) -> String {
    fields.sort_by(|a, b| a.0.cmp(&b.0));
    Value::Object(fields.into_iter().collect()).to_string()
}

/// The digest by which an event names a text.
fn text_digest(text: &str) -> String {
    Sha256Hash::of(text.as_bytes()).to_string()
}

/// Short digests of the parts of the content, by name. They only say where a change is: that
/// there is none, the digest of the content says.
struct Marks(Vec<(String, Value)>);

impl Marks {
    fn of(digest: &ContentDigest) -> Self {
        let parts = [
            ("cells", stretches(&digest.cells)),
            ("document", mark(&digest.document)),
            ("metadata", mark(&digest.metadata)),
            ("runs", mark(&digest.runs)),
            ("series", stretches(&digest.series)),
            ("warnings", mark(&digest.warnings)),
        ];
        Self(
            parts
                .into_iter()
                .map(|(name, mark)| (name.to_owned(), Value::from(mark)))
                .collect(),
        )
    }
}

fn mark(digest: &Sha256Hash) -> String {
    let mut text = digest.to_string();
    text.truncate(MARK_DIGITS);
    text
}

/// The length of the stretches of a list of that many items; the last may be shorter.
fn stretch_length(items: usize) -> usize {
    items.div_ceil(STRETCHES).max(1)
}

/// A mark for each stretch of the list.
fn stretches(digests: &[Sha256Hash]) -> String {
    digests
        .chunks(stretch_length(digests.len()))
        .map(|stretch| match stretch {
            [one] => mark(one),
            several => {
                let bytes: Vec<u8> = several
                    .iter()
                    .flat_map(|digest| *digest.as_bytes())
                    .collect();
                mark(&Sha256Hash::of(&bytes))
            }
        })
        .collect()
}

/// What the events of a chain say about the session.
#[derive(Default)]
struct State {
    content: Option<String>,
    version: Option<u64>,
    parts: Map<String, Value>,
    name: Option<String>,
    /// Known, and the digest of the mark where there is one.
    name_derived: Option<Option<String>>,
    notes: Option<Option<String>>,
    tags: Option<Vec<String>>,
}

impl State {
    fn apply(&mut self, kind: &str, detail: &Value) {
        let text = |name: &str| detail.get(name).and_then(Value::as_str).map(str::to_owned);
        let texts = |name: &str| -> Option<Vec<String>> {
            let list = detail.get(name)?.as_array()?;
            Some(
                list.iter()
                    .filter_map(|tag| tag.as_str().map(str::to_owned))
                    .collect(),
            )
        };
        let optional = |name: &str| detail.get(name).map(|_| text(name));
        match kind {
            "import" | "redact" => {
                self.content = text("content");
                self.version = detail.get("content_version").and_then(Value::as_u64);
                self.parts = match detail.get("parts") {
                    Some(Value::Object(parts)) => parts.clone(),
                    _ => Map::new(),
                };
                self.name = text("name");
                self.name_derived = optional("name_derived");
                self.notes = optional("notes");
                self.tags = texts("tags");
            }
            "rename" => {
                self.name = text("name");
                self.name_derived = Some(None);
            }
            "note" => self.notes = optional("notes"),
            "tag" => {
                if let Some(tags) = &mut self.tags {
                    let removed = texts("removed").unwrap_or_default();
                    tags.retain(|tag| !removed.contains(tag));
                    tags.extend(texts("added").unwrap_or_default());
                }
            }
            _ => {}
        }
    }

    fn differences(&self, session: &EntrenarSession) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut add = |place: &str, message: &str| {
            found.push((place.to_owned(), message.to_owned()));
        };
        let said = "is not what the event chain says";
        if self
            .name
            .as_ref()
            .is_some_and(|name| *name != text_digest(&session.name))
        {
            add("metadata.name", said);
        }
        let derived = session.derived.get("name").map(|how| text_digest(how));
        if self
            .name_derived
            .as_ref()
            .is_some_and(|known| *known != derived)
        {
            add("metadata.derived.name", said);
        }
        let notes = session.notes.as_deref().map(text_digest);
        if self.notes.as_ref().is_some_and(|known| *known != notes) {
            add("metadata.notes", said);
        }
        let tags: Vec<_> = session.tags.iter().map(|tag| text_digest(tag)).collect();
        if self.tags.as_ref().is_some_and(|known| *known != tags) {
            add("metadata.tags", said);
        }
        let Some(content) = &self.content else {
            add("", "the event chain does not say what the content is");
            return found;
        };
        if self.version != Some(CONTENT_VERSION) {
            return found;
        }
        let digest = ContentDigest::of(session);
        if *content == digest.content.to_string() {
            return found;
        }
        let before = found.len();
        for (name, mark) in Marks::of(&digest).0 {
            let (Some(known), Some(actual)) =
                (self.parts.get(&name).and_then(Value::as_str), mark.as_str())
            else {
                continue;
            };
            if known == actual {
                continue;
            }
            let items = match name.as_str() {
                "cells" => digest.cells.len(),
                "series" => digest.series.len(),
                _ => {
                    found.push((name, said.to_owned()));
                    continue;
                }
            };
            found.extend(stretch_differences(&name, items, known, actual));
        }
        if found.len() == before {
            found.push((
                String::new(),
                "the content is not what the event chain says".into(),
            ));
        }
        found
    }
}

/// Which stretches of a list differ.
fn stretch_differences(
    name: &str,
    items: usize,
    known: &str,
    actual: &str,
) -> Vec<(String, String)> {
    if known.len() != actual.len() {
        let message = format!("there are {items}; the event chain says another number");
        return vec![(name.to_owned(), message)];
    }
    let length = stretch_length(items);
    let marks = |text: &str| -> Vec<Vec<u8>> {
        text.as_bytes()
            .chunks(MARK_DIGITS)
            .map(<[u8]>::to_vec)
            .collect()
    };
    marks(known)
        .iter()
        .zip(&marks(actual))
        .enumerate()
        .filter(|(_, (known, actual))| known != actual)
        .map(|(index, _)| {
            let first = index * length;
            let last = (first + length).min(items).saturating_sub(1);
            let place = if first == last {
                format!("{name}[{first}]")
            } else {
                format!("{name}[{first}] to {name}[{last}]")
            };
            (place, "is not what the event chain says".to_owned())
        })
        .collect()
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
