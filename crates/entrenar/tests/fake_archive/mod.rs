//! An archive that runs inside a test: InvenioRDM's records API and Zenodo's deposit API, as
//! invenio-app-rdm 14.0.5 answered, with its surprises (`tests/invenio_conformance.rs` compares
//! the two, reply by reply):
//!
//! * a draft is made (201) even if it is invalid, `errors` says why;
//! * a wrong MD5 that is declared for a file is silently replaced;
//! * content over a committed file is 200, and the file is gone; so is one that was cut off;
//! * a commit with a part missing is 200, and the file has a hole;
//! * a commit before the content is 500;
//! * an unknown term of a vocabulary is 400 without a field;
//! * `X-RateLimit-*` and `Retry-After` are on every answer;
//! * a bad token is 403;
//! * parts can be sent again one by one; with Zenodo's policy the first part is refused.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::iter_over_hash_type,
    dead_code,
    reason = "helpers of tests, of which each test uses a part"
)]

mod describe;
mod files;
pub(crate) mod http;
mod legacy;
pub(crate) mod proxy;
mod records;
mod reviews;
mod shown;

use std::collections::BTreeMap;
use std::io::BufReader;
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard};

use md5::{Digest as _, Md5};
use serde_json::{Value, json};

use http::{Listening, Request, Response, read_request};

/// The token that the fake takes.
pub(crate) const TOKEN: &str = "tok-5eCr3t-0123456789abcdefghij";

/// The token of another user.
pub(crate) const OTHER_TOKEN: &str = "tok-0thEr-9876543210zyxwvutsrq";

/// How it takes files in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Parts {
    /// It does.
    #[default]
    Taken,
    /// The announcement is 201, the first part 403, as at Zenodo.
    RefusedLate,
    /// The announcement is 400.
    RefusedEarly,
}

/// How the fake behaves.
#[derive(Debug, Clone)]
pub(crate) struct Behaviour {
    pub(crate) parts: Parts,
    /// The prefix of its DOIs.
    pub(crate) prefix: String,
    /// The prefix of the DOIs of published records, where it differs.
    pub(crate) published_prefix: Option<String>,
    pub(crate) records_api: bool,
    pub(crate) legacy_api: bool,
    /// So many searches for drafts do not see the newest one yet.
    pub(crate) search_lag: u32,
    /// So many times the bytes of a file are damaged on their way.
    pub(crate) damaged: u32,
    /// The token lacks the scope for drafts.
    pub(crate) no_scope: bool,
    /// Most bytes of the files of a record.
    pub(crate) quota: u64,
    /// It takes files without content, as InvenioRDM does by itself and Zenodo does not.
    pub(crate) empty_files: bool,
    /// It gives no DOI before publication.
    pub(crate) no_reservation: bool,
    /// Publication is taken (202) and done so many requests for the record later.
    pub(crate) slow_publication: u32,
    /// Content is counted and hashed, not kept.
    pub(crate) forgets_content: bool,
    /// Every answer is this one.
    pub(crate) always: Option<(u16, &'static str, Vec<u8>)>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            parts: Parts::Taken,
            prefix: "10.5072".into(),
            published_prefix: None,
            records_api: true,
            legacy_api: true,
            search_lag: 0,
            damaged: 0,
            no_scope: false,
            quota: 50_000_000_000,
            empty_files: false,
            no_reservation: false,
            slow_publication: 0,
            forgets_content: false,
            always: None,
        }
    }
}

/// A file of a record.
#[derive(Debug, Clone, Default)]
pub(crate) struct StoredFile {
    pub(crate) content: Option<Vec<u8>>,
    pub(crate) size: u64,
    pub(crate) md5: String,
    pub(crate) committed: bool,
    /// Size and checksum as they were announced.
    pub(crate) declared: (Option<u64>, Option<String>),
    /// In parts: their number, size, and what came.
    pub(crate) parts: Option<(u64, u64, BTreeMap<u64, Vec<u8>>)>,
}

/// A draft or a record.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) body: Value,
    pub(crate) published: bool,
    pub(crate) doi: Option<String>,
    pub(crate) files: BTreeMap<String, StoredFile>,
    pub(crate) communities: Vec<String>,
    pub(crate) created: u64,
    /// Looks until an accepted publication is done.
    pub(crate) waits: Option<u32>,
    /// Searches that do not see it yet.
    pub(crate) hidden: u32,
}

/// What the fake holds and counts.
#[derive(Debug, Default)]
pub(crate) struct Inside {
    pub(crate) records: BTreeMap<String, Record>,
    /// Times that whole content (or a part) of a file was taken, by record, name and part.
    pub(crate) taken: BTreeMap<(String, String, u64), u32>,
    /// Bytes of bodies of content that arrived in whole.
    pub(crate) content_bytes: u64,
    /// Each request: method and target.
    pub(crate) requests: Vec<(String, String)>,
    /// Headers of each request, for the search for tokens.
    pub(crate) seen: Vec<Request>,
    pub(crate) behaviour: Behaviour,
    more: BTreeMap<String, records::More>,
    next: u64,
}

impl Inside {
    pub(crate) fn published(&self) -> Vec<&Record> {
        self.records.values().filter(|one| one.published).collect()
    }

    pub(crate) fn drafts(&self) -> Vec<&Record> {
        self.records.values().filter(|one| !one.published).collect()
    }

    /// Files of which the same bytes were taken more than once.
    pub(crate) fn taken_twice(&self) -> Vec<&(String, String, u64)> {
        let twice = self.taken.iter().filter(|(_, count)| **count > 1);
        twice.map(|(key, _)| key).collect()
    }

    /// An id of InvenioRDM's form.
    fn new_id(&mut self) -> String {
        self.next += 1;
        format!("{:05}-r{:04}", self.next, self.next * 7 % 10_000)
    }

    /// Content that did not come whole: its entry is gone.
    fn cut(&mut self, request: &Request) {
        let path = http::decode(request.path());
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        if let ["api", "records", id, "draft", "files", key, "content"] = parts[..]
            && let Some(record) = self.records.get_mut(id).filter(|one| !one.published)
            && record
                .files
                .get(key)
                .is_some_and(|file| file.parts.is_none())
        {
            record.files.remove(key);
        }
    }

    fn more(&mut self, id: &str) -> &mut records::More {
        self.more.entry(id.to_owned()).or_default()
    }
}

/// The fake, until it is dropped.
#[derive(Debug)]
pub(crate) struct FakeArchive {
    pub(crate) inside: Arc<Mutex<Inside>>,
    listening: Listening,
}

impl FakeArchive {
    pub(crate) fn start(behaviour: Behaviour) -> Self {
        Self::start_at(0, behaviour)
    }

    pub(crate) fn start_at(port: u16, behaviour: Behaviour) -> Self {
        let inside = Arc::new(Mutex::new(Inside {
            behaviour,
            ..Inside::default()
        }));
        let shared = Arc::clone(&inside);
        let listening = Listening::start(port, move |stream| serve(&shared, stream)).unwrap();
        Self { inside, listening }
    }

    pub(crate) fn url(&self) -> String {
        self.listening.url()
    }

    pub(crate) fn inside(&self) -> MutexGuard<'_, Inside> {
        lock(&self.inside)
    }

    /// How many records and how many drafts there are.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let inside = self.inside();
        (inside.published().len(), inside.drafts().len())
    }

    pub(crate) fn serve_for_ever(self) {
        self.listening.join();
    }
}

fn lock(inside: &Mutex<Inside>) -> MutexGuard<'_, Inside> {
    inside
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn serve(inside: &Mutex<Inside>, mut stream: TcpStream) {
    let Ok(copy) = stream.try_clone() else { return };
    let mut reader = BufReader::with_capacity(1 << 18, copy);
    while let Ok(Some(request)) = read_request(&mut reader, &mut stream) {
        if request.is_cut {
            lock(inside).cut(&request);
            break;
        }
        let close = request.header("connection") == Some("close");
        let host = request.header("host").unwrap_or("localhost").to_owned();
        let response = answer(&mut lock(inside), &request, &format!("http://{host}"));
        if response.write(&mut stream).is_err() || close {
            break;
        }
    }
}

fn answer(inside: &mut Inside, request: &Request, base: &str) -> Response {
    let target = request.target.clone();
    inside.requests.push((request.method.clone(), target));
    inside.seen.push(Request {
        body: Vec::new(),
        ..request.clone()
    });
    if let Some((status, media, body)) = inside.behaviour.always.clone() {
        return Response {
            status,
            headers: vec![("Content-Type".into(), media.into())],
            body,
        };
    }
    let response = route(inside, request, base);
    if response.is_unrouted() {
        return response;
    }
    response
        .with("X-RateLimit-Limit", "1000")
        .with("X-RateLimit-Remaining", "999")
        .with("X-RateLimit-Reset", "1795300060")
        .with("Retry-After", "60")
}

fn route(inside: &mut Inside, request: &Request, base: &str) -> Response {
    let token = request
        .header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(str::to_owned)
        .or_else(|| request.query("access_token"));
    let is_ours = token.as_deref() == Some(TOKEN);
    let path = request.path().trim_end_matches('/').to_owned();
    let parts: Vec<String> = path.split('/').skip(1).map(http::decode).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["api", "deposit", "depositions", rest @ ..] if inside.behaviour.legacy_api => {
            if !is_ours {
                return permission_denied();
            }
            legacy::depositions(inside, request, rest, base)
        }
        ["api", "files", bucket, name] if inside.behaviour.legacy_api => {
            if !is_ours {
                return permission_denied();
            }
            legacy::bucket(inside, request, bucket, name)
        }
        ["api", rest @ ..] if inside.behaviour.records_api => {
            records::route(inside, request, rest, base)
        }
        _ => not_found(),
    }
}

fn error(status: u16, message: &str) -> Response {
    Response::json(status, &json!({ "status": status, "message": message }))
}

fn broken() -> Response {
    let message = "The server encountered an internal error and was unable to complete your \
        request. Either the server is overloaded or there is an error in the application.";
    error(500, message)
}

fn permission_denied() -> Response {
    error(403, "Permission denied.")
}

fn not_found() -> Response {
    error(404, "The persistent identifier does not exist.")
}

fn invalid(errors: &[Value]) -> Response {
    let body = json!({
        "status": 400,
        "message": "A validation error occurred.",
        "errors": errors,
    });
    Response::json(400, &body)
}

fn md5(bytes: &[u8]) -> String {
    let digest = Md5::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A time that depends on nothing but the number of records before.
fn time(number: u64) -> String {
    let (minutes, seconds) = (number / 60 % 60, number % 60);
    format!("2026-11-22T12:{minutes:02}:{seconds:02}.000000+00:00")
}
