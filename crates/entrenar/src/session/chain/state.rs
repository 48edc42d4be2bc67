//! What the events of a chain say about the session: the details of imports and edits, and the
//! comparison of a session with them.

use serde_json::{Map, Value, json};

use crate::session::{ContentDigest, EntrenarSession, SessionState, Sha256Hash};

/// The version of the content digest in the details of imports and redactions.
pub const CONTENT_VERSION: u64 = 2;
/// The most stretches into which a list is cut for the digests that locate a change.
const STRETCHES: usize = 64;
/// Hexadecimal digits of a digest that only locates a change.
const MARK_DIGITS: usize = 12;

/// The detail of the import of `session`, whose content digest is `digest`, with a source document
/// of the SHA-256 `source`.
pub(crate) fn import_detail(
    session: &EntrenarSession,
    digest: &ContentDigest,
    source: Option<Sha256Hash>,
) -> String {
    let mut fields = state_fields(session, digest);
    fields.extend(counts(session, session.metrics.point_count()));
    fields.push((
        "source".to_owned(),
        json!(source.map(|hash| hash.to_string())),
    ));
    sorted(fields)
}

/// The detail of the end of a recording of `points` points, whose content digest is `digest`. The points
/// themselves need not be in `session`.
#[cfg(feature = "record")]
pub(crate) fn finish_detail(
    session: &EntrenarSession,
    digest: &ContentDigest,
    points: usize,
) -> String {
    let mut fields = state_fields(session, digest);
    fields.extend(counts(session, points));
    let state = session.state.map(SessionState::as_str);
    fields.push(("state".to_owned(), json!(state)));
    sorted(fields)
}

fn counts(session: &EntrenarSession, points: usize) -> [(String, Value); 3] {
    [
        ("cells".to_owned(), json!(session.code_history.len())),
        ("points".to_owned(), json!(points)),
        ("warnings".to_owned(), json!(session.warnings.len())),
    ]
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
pub(super) struct State {
    content: Option<String>,
    pub(super) version: Option<u64>,
    parts: Map<String, Value>,
    name: Option<String>,
    /// Known, and the digest of the mark where there is one.
    name_derived: Option<Option<String>>,
    notes: Option<Option<String>>,
    tags: Option<Vec<String>>,
    /// A recorder began and the recording is not finished: nothing is said of what it is by now.
    is_live: bool,
}

impl State {
    pub(super) fn apply(&mut self, kind: &str, detail: &Value) {
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
            "start" | "fork" | "resume" => {
                *self = Self {
                    is_live: true,
                    ..Self::default()
                };
            }
            "import" | "redact" | "finish" => {
                self.is_live = false;
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

    pub(super) fn differences(&self, session: &EntrenarSession) -> Vec<(String, String)> {
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
        if self.is_live {
            if session.state != Some(SessionState::Live) {
                add(
                    "metadata.state",
                    "the event chain says that the recording went on",
                );
            }
            return found;
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
