//! What a request of the list is, and the running of it.

use super::http::{self, Reply};
use super::normal::Normal;
use serde_json::{Map, Value, json};

/// Whose token goes with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Tester,
    Other,
    NoScope,
    Expired,
    Wrong,
    Nobody,
}

/// What is sent.
pub(crate) enum Body {
    None,
    Json(Value),
    /// A content type (or none) and bytes.
    Bytes(Option<&'static str>, Vec<u8>),
    /// Bytes of a file that should be longer, then the connection is closed.
    Cut(Vec<u8>, usize),
}

/// One request: `{name}` in path and body stands for what an earlier reply of the same group held.
pub(crate) struct Step {
    name: &'static str,
    who: Who,
    method: &'static str,
    path: String,
    body: Body,
    keep: Vec<(&'static str, &'static str)>,
}

impl Step {
    pub(crate) fn new(name: &'static str, method: &'static str, path: impl Into<String>) -> Self {
        let path = path.into();
        Self {
            name,
            who: Who::Tester,
            method,
            path,
            body: Body::None,
            keep: Vec::new(),
        }
    }

    pub(crate) fn get(name: &'static str, path: impl Into<String>) -> Self {
        Self::new(name, "GET", path)
    }

    pub(crate) fn post(name: &'static str, path: impl Into<String>) -> Self {
        Self::new(name, "POST", path)
    }

    pub(crate) fn put(name: &'static str, path: impl Into<String>) -> Self {
        Self::new(name, "PUT", path)
    }

    pub(crate) fn delete(name: &'static str, path: impl Into<String>) -> Self {
        Self::new(name, "DELETE", path)
    }

    pub(crate) fn by(mut self, who: Who) -> Self {
        self.who = who;
        self
    }

    pub(crate) fn json(mut self, body: Value) -> Self {
        self.body = Body::Json(body);
        self
    }

    /// Bytes as a file's content.
    pub(crate) fn content(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.typed(Some("application/octet-stream"), bytes)
    }

    pub(crate) fn typed(mut self, kind: Option<&'static str>, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Body::Bytes(kind, bytes.into());
        self
    }

    pub(crate) fn cut(mut self, bytes: &[u8], declared: usize) -> Self {
        self.body = Body::Cut(bytes.to_vec(), declared);
        self
    }

    /// Keeps the text at a JSON pointer of the reply under a name.
    pub(crate) fn keep(mut self, name: &'static str, pointer: &'static str) -> Self {
        self.keep.push((name, pointer));
        self
    }
}

/// Requests that share what they keep.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) steps: Vec<Step>,
}

/// A server with the users that the list wants.
pub(crate) struct Server {
    /// The address with `/api`, without a slash at the end.
    pub(crate) base: String,
    pub(crate) tester: String,
    pub(crate) other: String,
    pub(crate) noscope: String,
    pub(crate) expired: String,
}

impl Server {
    fn token(&self, who: Who) -> Option<&str> {
        match who {
            Who::Tester => Some(&self.tester),
            Who::Other => Some(&self.other),
            Who::NoScope => Some(&self.noscope),
            Who::Expired => Some(&self.expired),
            Who::Wrong => Some("aWrongToken"),
            Who::Nobody => None,
        }
    }

    fn ask(&self, step: &Step, normal: &Normal) -> Option<Reply> {
        let path = normal.fill(&step.path);
        let rest = self.base.strip_prefix("http://").unwrap();
        let (address, prefix) = rest.split_once('/').unwrap();
        let mut headers = vec![("Accept".to_owned(), "application/json".to_owned())];
        if let Some(token) = self.token(step.who) {
            headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
        }
        let (kind, bytes, declared) = match &step.body {
            Body::None => (None, None, 0),
            Body::Json(value) => {
                let bytes = normal.fill(&value.to_string()).into_bytes();
                let length = bytes.len();
                (Some("application/json"), Some(bytes), length)
            }
            Body::Bytes(kind, bytes) => (*kind, Some(bytes.clone()), bytes.len()),
            Body::Cut(bytes, declared) => (
                Some("application/octet-stream"),
                Some(bytes.clone()),
                *declared,
            ),
        };
        if let Some(kind) = kind {
            headers.push(("Content-Type".to_owned(), kind.to_owned()));
        }
        // A POST or PUT without a body says so.
        let empty = step.method == "POST" || step.method == "PUT";
        let body = match &bytes {
            Some(bytes) => Some((bytes.as_slice(), declared)),
            None => empty.then_some((&[] as &[u8], 0)),
        };
        http::send(
            address,
            step.method,
            &format!("/{prefix}{path}"),
            &headers,
            body,
        )
    }
}

/// Sends every request of a group; the transcript holds what every such server should say.
pub(crate) fn run(server: &Server, group: &Group) -> Vec<Value> {
    let mut normal = Normal::new(&server.base);
    let mut transcript = Vec::new();
    for step in &group.steps {
        let Some(reply) = server.ask(step, &normal) else {
            transcript.push(Value::Object(said(group, step)));
            continue;
        };
        let parsed: Option<Value> = serde_json::from_slice(&reply.body).ok();
        for (name, pointer) in &step.keep {
            let value = parsed.as_ref().and_then(|body| body.pointer(pointer));
            let text = value.and_then(Value::as_str).unwrap_or_else(|| {
                let body = String::from_utf8_lossy(&reply.body);
                panic!(
                    "{}/{}: no {pointer} in {} {body}",
                    group.name, step.name, reply.status
                )
            });
            normal.keep(name, text);
        }
        transcript.push(entry(group, step, &reply, parsed, &normal));
    }
    transcript
}

fn entry(
    group: &Group,
    step: &Step,
    reply: &Reply,
    parsed: Option<Value>,
    normal: &Normal,
) -> Value {
    let kind = reply.header("content-type").unwrap_or("none");
    let limits = [
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "retry-after",
    ];
    let body = match parsed {
        Some(value) => normal.json(value),
        None if kind.starts_with("text/html") => json!("(HTML)"),
        None if reply.body.is_empty() => Value::Null,
        None => normal.text(&String::from_utf8_lossy(&reply.body)),
    };
    let mut entry = said(group, step);
    entry.insert("status".to_owned(), json!(reply.status));
    entry.insert("type".to_owned(), json!(kind.split(';').next()));
    entry.insert(
        "rate_limit_headers".to_owned(),
        json!(
            limits
                .iter()
                .filter(|name| reply.header(name).is_some())
                .collect::<Vec<_>>()
        ),
    );
    entry.insert("body".to_owned(), body);
    Value::Object(entry)
}

/// What was asked: all that is known where the connection was cut.
fn said(group: &Group, step: &Step) -> Map<String, Value> {
    let mut entry = Map::new();
    entry.insert(
        "step".to_owned(),
        json!(format!("{}/{}", group.name, step.name)),
    );
    entry.insert(
        "as".to_owned(),
        json!(format!("{:?}", step.who).to_lowercase()),
    );
    entry.insert(
        "request".to_owned(),
        json!(format!("{} {}", step.method, step.path)),
    );
    entry
}
