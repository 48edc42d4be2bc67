//! HTTP to an archive: one request at a time, nothing followed to elsewhere, everything bounded.
//!
//! * The token goes to the archive's own origin (scheme, host, port) and nowhere else.
//! * A wait is made for 429 alone (and for 503 that names a time), as long as `Retry-After` or
//!   `X-RateLimit-Reset` says, up to [`HttpLimits::longest_wait`] in all.
//! * What cannot do harm twice is sent again after a failure, with growing pauses; what can is
//!   sent once, and [`ArchiveError::Lost`] says that its outcome is not known.

use std::cell::RefCell;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use ureq::http::{self, HeaderMap};
use ureq::{Agent, SendBody};

use super::api::{LocalFile, Sending};
use super::error::ArchiveError;
use crate::files::FileError;
use crate::research::text::one_line;

/// Longest message of a server that is shown, in characters.
const LONGEST_MESSAGE: usize = 300;
/// Redirects that are followed within the archive.
const MOST_REDIRECTS: usize = 5;
/// Bodies of more bytes ask whether they are welcome before they are sent.
const EXPECT_FROM: u64 = 1 << 20;
/// Bytes that are read from a file and written to the network at once.
const BUFFER: usize = 1 << 18;

/// Time, so that tests need not wait.
pub trait Timer: fmt::Debug + Send + Sync {
    /// The present moment.
    fn now(&self) -> SystemTime;
    /// Waits.
    fn sleep(&self, time: Duration);
}

/// The machine's time.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemTimer;

impl Timer for SystemTimer {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place of this module that reads the clock"
    )]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// How long things may take, and how large they may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpLimits {
    /// Until a connection is there.
    pub connect: Duration,
    /// Without a byte taken or given while something is sent or received.
    pub stall: Duration,
    /// Until the answer begins, after all was sent.
    pub answer: Duration,
    /// All waiting for one request, where the archive limits rates.
    pub longest_wait: Duration,
    /// How often a request is sent that cannot do harm twice.
    pub attempts: u32,
    /// The largest answer, in bytes.
    pub largest_answer: u64,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            stall: Duration::from_secs(60),
            answer: Duration::from_secs(300),
            longest_wait: Duration::from_secs(15 * 60),
            attempts: 5,
            largest_answer: 16 << 20,
        }
    }
}

/// What shows the archive who asks. Nothing shows it.
#[derive(Clone)]
pub struct Credential {
    header: &'static str,
    value: SecretString,
    token: SecretString,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (hidden)", self.header)
    }
}

impl Credential {
    /// `Authorization: Bearer TOKEN`.
    pub fn bearer(token: &str) -> Self {
        Self::new("authorization", "Bearer ", token)
    }

    /// The header of that name, with `prefix` and the token.
    pub fn new(header: &'static str, prefix: &str, token: &str) -> Self {
        let token = token.trim();
        Self {
            header,
            value: format!("{prefix}{token}").into(),
            token: token.to_owned().into(),
        }
    }
}

/// Whether a request may be sent again when its outcome is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// It does no harm twice.
    Safe,
    /// It is sent once.
    Never,
}

/// A stretch of a file as the body of a request.
pub struct FileBody<'a> {
    /// The file.
    pub file: &'a LocalFile,
    /// Where the stretch begins.
    pub offset: u64,
    /// Its length.
    pub length: u64,
    /// Who is told.
    pub sending: &'a mut dyn Sending,
}

impl fmt::Debug for FileBody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileBody")
            .field("file", &self.file)
            .field("offset", &self.offset)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// What a request carries.
#[derive(Debug)]
pub enum RequestBody<'a> {
    /// Nothing.
    None,
    /// JSON.
    Json(&'a Value),
    /// A file, or a stretch of it, as `application/octet-stream`.
    File(FileBody<'a>),
    /// A file with one more header, its name and value: what some storages want beside it.
    Labelled(&'static str, &'static str, FileBody<'a>),
    /// A form (`multipart/form-data`, RFC 7578) of a JSON text and a file.
    Form(Form<'a>),
}

/// A form with one field of JSON and perhaps a file.
#[derive(Debug)]
pub struct Form<'a> {
    /// The name of the field, and its JSON.
    pub field: (&'static str, &'a Value),
    /// The file, under the name that it has at the archive.
    pub file: Option<(&'a str, FileBody<'a>)>,
    /// Bytes that are sent as the file's, before and after its own.
    pub around: (Vec<u8>, Vec<u8>),
}

/// What separates the parts of a form. It would have to stand in a file on a line of its own to
/// be mistaken, after two hyphens.
const BOUNDARY: &str = "entrenar-5f2b8a6e1c9d47308e6a2f7d0b5c41e9";

impl Form<'_> {
    /// What stands before the file, and after it.
    fn frame(&self) -> (Vec<u8>, Vec<u8>) {
        let (name, json) = self.field;
        let mut before = format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{json}\r\n"
        );
        if let Some((name, _)) = &self.file {
            // HTML's way of writing a file name (HTML Standard, 4.10.22.8).
            let name = name
                .replace('"', "%22")
                .replace('\r', "%0D")
                .replace('\n', "%0A");
            before.push_str(&format!(
                "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; \
                 filename=\"{name}\"\r\ncontent-type: application/octet-stream\r\n\r\n"
            ));
        }
        let line = if self.file.is_some() { "\r\n" } else { "" };
        let mut before = before.into_bytes();
        before.extend(&self.around.0);
        let mut after = self.around.1.clone();
        after.extend(format!("{line}--{BOUNDARY}--\r\n").into_bytes());
        (before, after)
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    /// Whether the status is one of success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON, if it is JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// The connection to one archive.
#[derive(Debug, Clone)]
pub struct Http {
    agent: Agent,
    base: String,
    origin: String,
    host: String,
    credential: Option<Credential>,
    timer: Arc<dyn Timer>,
    limits: HttpLimits,
}

impl Http {
    /// The archive at `base`, an address without a slash at the end. That it is https or on
    /// this machine was checked when it was set.
    pub fn new(
        base: &str,
        credential: Option<Credential>,
        timer: Arc<dyn Timer>,
        limits: HttpLimits,
    ) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // The library reads no environment variables.
            .proxy(None)
            .user_agent(concat!("entrenar/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(limits.connect))
            .timeout_connect(Some(limits.connect))
            .timeout_per_read(Some(limits.stall.max(limits.answer)))
            .timeout_per_write(Some(limits.stall))
            .timeout_recv_response(Some(limits.answer))
            .output_buffer_size(BUFFER)
            .max_idle_age(Duration::from_secs(5))
            .build();
        let origin = origin(base).unwrap_or_default();
        let host = origin.split("://").nth(1).unwrap_or_default().to_owned();
        Self {
            agent: Agent::new_with_config(config),
            base: base.to_owned(),
            origin,
            host,
            credential,
            timer,
            limits,
        }
    }

    /// The archive's address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The archive's host, with the port where it has an own.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Time.
    pub fn timer(&self) -> &dyn Timer {
        &*self.timer
    }

    /// Sends a request to `path` of the archive (it begins with a slash), or to a whole address:
    /// the token goes along to the archive's own origin alone.
    ///
    /// # Errors
    /// Where no answer comes, or one that is no answer of an archive. A status of refusal is an
    /// answer.
    pub fn send(
        &self,
        method: &'static str,
        path: &str,
        mut body: RequestBody<'_>,
        again: Again,
    ) -> Result<Answer, ArchiveError> {
        let mut url = if path.starts_with('/') {
            format!("{}{path}", self.base)
        } else {
            path.to_owned()
        };
        let mut waited = Duration::ZERO;
        let mut attempt = 1;
        let mut redirects = 0;
        loop {
            let result = self.send_once(method, &url, &mut body);
            let answer = match result {
                Ok(answer) => answer,
                Err(error) => {
                    let harmless = matches!(error, ArchiveError::Unreachable { .. })
                        || (error.is_lost() && again == Again::Safe);
                    if !harmless || attempt >= self.limits.attempts {
                        return Err(error);
                    }
                    self.timer.sleep(pause(attempt));
                    attempt += 1;
                    continue;
                }
            };
            match answer.status {
                429 => self.wait(&answer, &mut waited)?,
                503 if again == Again::Safe
                    && answer.header("retry-after").is_some()
                    && attempt < self.limits.attempts =>
                {
                    self.wait(&answer, &mut waited)?;
                    attempt += 1;
                }
                500.. if again == Again::Safe && attempt < self.limits.attempts => {
                    self.timer.sleep(pause(attempt));
                    attempt += 1;
                }
                301 | 302 | 303 | 307 | 308 => {
                    redirects += 1;
                    url = self.redirected(method, &url, &answer, redirects)?;
                }
                _ => return Ok(answer),
            }
        }
    }

    /// As [`send`](Self::send), where the answer must be one of success with a body of JSON.
    ///
    /// # Errors
    /// Also for every status of refusal.
    pub fn json(
        &self,
        method: &'static str,
        path: &str,
        body: RequestBody<'_>,
        again: Again,
    ) -> Result<Value, ArchiveError> {
        let answer = self.send(method, path, body, again)?;
        self.expect_json(path, &answer)
    }

    /// The JSON of an answer of success.
    ///
    /// # Errors
    /// For a status of refusal, or a body that is no JSON.
    pub fn expect_json(&self, path: &str, answer: &Answer) -> Result<Value, ArchiveError> {
        if !answer.is_success() {
            return Err(self.refusal(path, answer));
        }
        answer.json().ok_or_else(|| self.not_json(answer))
    }

    /// What an answer that is not one of success means.
    pub fn refusal(&self, path: &str, answer: &Answer) -> ArchiveError {
        let host = self.host.clone();
        let (status, message) = (answer.status, self.message(answer));
        match status {
            401 | 403 => ArchiveError::Forbidden {
                host,
                status,
                message,
            },
            404 | 410 => ArchiveError::NotFound {
                host,
                what: self.clean(path.split('?').next().unwrap_or_default()),
            },
            500.. => ArchiveError::Server {
                host,
                status,
                message,
            },
            400..500 if answer.json().is_some() => ArchiveError::Refused {
                refusals: super::refusal::read(&answer.json().unwrap_or_default(), |text| {
                    self.clean(text)
                }),
            },
            _ => ArchiveError::NotAnArchive {
                host,
                what: format!("status {status}, {}", kind(answer)),
            },
        }
    }

    fn not_json(&self, answer: &Answer) -> ArchiveError {
        ArchiveError::NotAnArchive {
            host: self.host.clone(),
            what: format!("status {} with {}", answer.status, kind(answer)),
        }
    }

    /// The message in an answer, if it has one.
    pub fn message(&self, answer: &Answer) -> String {
        let json = answer.json().unwrap_or_default();
        let text = ["message", "error", "description"]
            .iter()
            .find_map(|key| json.get(key)?.as_str());
        self.clean(text.unwrap_or_default())
    }

    /// A server's text as it may be shown: one line, not too long, and never with the token.
    pub fn clean(&self, text: &str) -> String {
        let mut text = one_line(text);
        if let Some(credential) = &self.credential {
            let token = credential.token.expose_secret();
            if !token.is_empty() {
                text = text.replace(token, "(hidden)");
            }
        }
        if let Some((end, _)) = text.char_indices().nth(LONGEST_MESSAGE) {
            text.truncate(end);
            text.push('…');
        }
        text
    }

    fn send_once(
        &self,
        method: &'static str,
        url: &str,
        body: &mut RequestBody<'_>,
    ) -> Result<Answer, ArchiveError> {
        let mut request = http::Request::builder().method(method).uri(url);
        request = request.header("accept", "application/json");
        if let Some(credential) = &self.credential
            && origin(url).is_some_and(|origin| origin == self.origin)
        {
            let mut value = http::HeaderValue::from_str(credential.value.expose_secret()).map_err(
                |_invalid| ArchiveError::Forbidden {
                    host: self.host.clone(),
                    status: 401,
                    message: "it holds characters that cannot be sent".to_owned(),
                },
            )?;
            value.set_sensitive(true);
            request = request.header(credential.header, value);
        }
        let failed = RefCell::new(None);
        let sent = match body {
            RequestBody::None if matches!(method, "GET" | "DELETE" | "HEAD") => {
                self.run(request, SendBody::none())
            }
            RequestBody::None => {
                request = request.header("content-length", "0");
                self.run(request, SendBody::from_reader(&mut io::empty()))
            }
            RequestBody::Json(value) => {
                let bytes = value.to_string().into_bytes();
                request = request
                    .header("content-type", "application/json")
                    .header("content-length", bytes.len());
                self.run(request, SendBody::from_reader(&mut bytes.as_slice()))
            }
            RequestBody::File(part) => self.run_file(request, part, &failed),
            RequestBody::Labelled(name, value, part) => {
                self.run_file(request.header(*name, *value), part, &failed)
            }
            RequestBody::Form(form) => self.run_form(request, form, &failed),
        };
        // Why the reading of the body stopped is the cause of all that followed.
        match failed.into_inner() {
            Some(error) => Err(error),
            None => sent,
        }
    }

    fn run_file(
        &self,
        request: http::request::Builder,
        part: &mut FileBody<'_>,
        failed: &RefCell<Option<ArchiveError>>,
    ) -> Result<Answer, ArchiveError> {
        let mut reader = FileReader::open(part, failed)?;
        let mut request = request
            .header("content-type", "application/octet-stream")
            .header("content-length", reader.left);
        if reader.left >= EXPECT_FROM {
            request = request.header("expect", "100-continue");
        }
        let sent = self.run(request, SendBody::from_reader(&mut reader));
        if sent.is_ok() {
            reader.finish()?;
        }
        sent
    }

    fn run_form(
        &self,
        request: http::request::Builder,
        form: &mut Form<'_>,
        failed: &RefCell<Option<ArchiveError>>,
    ) -> Result<Answer, ArchiveError> {
        let (before, after) = form.frame();
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let request = request.header("content-type", kind);
        let around = u64::try_from(before.len() + after.len()).unwrap_or(u64::MAX);
        let Some((_, part)) = &mut form.file else {
            let mut whole = before.as_slice().chain(after.as_slice());
            let request = request.header("content-length", around);
            return self.run(request, SendBody::from_reader(&mut whole));
        };
        let mut reader = FileReader::open(part, failed)?;
        let request = request.header("content-length", around.saturating_add(reader.left));
        let mut whole = before.as_slice().chain(&mut reader).chain(after.as_slice());
        let sent = self.run(request, SendBody::from_reader(&mut whole));
        if sent.is_ok() {
            reader.finish()?;
        }
        sent
    }

    fn run(
        &self,
        request: http::request::Builder,
        body: SendBody<'_>,
    ) -> Result<Answer, ArchiveError> {
        let host = || self.host.clone();
        let request = request
            .body(body)
            .map_err(|error| ArchiveError::Unreachable {
                host: host(),
                reason: error.to_string(),
            })?;
        let response = self
            .agent
            .run(request)
            .map_err(|error| failure(host(), &error))?;
        let (parts, body) = response.into_parts();
        let mut bytes = Vec::new();
        let limit = self.limits.largest_answer;
        body.into_reader()
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| ArchiveError::Lost {
                host: host(),
                reason: format!("the answer is cut off: {error}"),
            })?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
            return Err(ArchiveError::NotAnArchive {
                host: host(),
                what: format!("the answer has more than {limit} bytes"),
            });
        }
        Ok(Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: bytes,
        })
    }

    /// Waits as long as a 429 or 503 says.
    fn wait(&self, answer: &Answer, waited: &mut Duration) -> Result<(), ArchiveError> {
        let now = self
            .timer
            .now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let asked = answer
            .header("retry-after")
            .and_then(|text| retry_after(text, now))
            .or_else(|| {
                let reset: u64 = answer.header("x-ratelimit-reset")?.trim().parse().ok()?;
                Some(Duration::from_secs(reset).saturating_sub(now))
            })
            .unwrap_or(Duration::from_secs(10));
        // A clock that differs from the server's must not make a busy loop.
        let wait = asked.max(Duration::from_secs(1));
        if waited.saturating_add(wait) > self.limits.longest_wait {
            return Err(ArchiveError::RateLimited {
                host: self.host.clone(),
                wait,
            });
        }
        *waited += wait;
        self.timer.sleep(wait);
        Ok(())
    }

    /// Where a redirect within the archive leads.
    fn redirected(
        &self,
        method: &str,
        url: &str,
        answer: &Answer,
        count: usize,
    ) -> Result<String, ArchiveError> {
        let location = answer.header("location").unwrap_or_default();
        let to = resolve(url, location);
        let keeps_method = method == "GET" || matches!(answer.status, 307 | 308);
        let stays = origin(url) == origin(&to) && origin(&to).is_some();
        if stays && keeps_method && count <= MOST_REDIRECTS {
            return Ok(to);
        }
        let shown = to.split(['?', '#']).next().unwrap_or_default();
        let shown = match shown.split_once("://") {
            // What stands before an @ is a name or a password.
            Some((scheme, rest)) => {
                let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
                format!("{scheme}://{rest}")
            }
            None => shown.to_owned(),
        };
        Err(ArchiveError::Redirected {
            host: self.host.clone(),
            to: self.clean(&shown),
        })
    }
}

/// The pause before the attempt after that one: 1, 2, 4, … seconds, a minute at most.
pub(super) fn pause(attempt: u32) -> Duration {
    let seconds = 1_u64
        .checked_shl(attempt.saturating_sub(1))
        .unwrap_or(u64::MAX);
    Duration::from_secs(seconds.min(60))
}

/// `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
fn retry_after(text: &str, now: Duration) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = chrono::DateTime::parse_from_rfc2822(text).ok()?;
    let at = u64::try_from(date.timestamp()).ok()?;
    Some(Duration::from_secs(at).saturating_sub(now))
}

/// Whether something may be sent to an address that an archive names for its uploads: it is
/// encrypted, or the archive's own origin.
pub(super) fn may_upload_to(http: &Http, url: &str) -> bool {
    let Some(origin) = origin(url) else {
        return false;
    };
    origin.starts_with("https://") || origin == http.origin
}

/// Scheme, host and port of an address, in lower case, with the port that is meant where none
/// is written.
fn origin(url: &str) -> Option<String> {
    let uri: http::Uri = url.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let host = uri.host()?.to_ascii_lowercase();
    Some(match (scheme.as_str(), uri.port_u16()) {
        ("https", Some(443)) | ("http", Some(80)) | (_, None) => format!("{scheme}://{host}"),
        (_, Some(port)) => format!("{scheme}://{host}:{port}"),
    })
}

/// A `Location`, which may lack the scheme and host (RFC 3986, section 5.2, for absolute paths).
fn resolve(url: &str, location: &str) -> String {
    let scheme = url.split("://").next().unwrap_or_default();
    if location.starts_with("//") {
        return format!("{scheme}:{location}");
    }
    if location.contains("://") {
        return location.to_owned();
    }
    let rest = url.split("://").nth(1).unwrap_or_default();
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    format!("{scheme}://{host}/{}", location.trim_start_matches('/'))
}

/// What kind of body an answer has, for people.
fn kind(answer: &Answer) -> String {
    let media = answer.header("content-type").unwrap_or_default();
    let media = one_line(media.split(';').next().unwrap_or_default());
    match (answer.body.is_empty(), media.as_str()) {
        (true, _) => "an empty body".to_owned(),
        (false, "application/json") => "JSON that is cut off or damaged".to_owned(),
        (false, "text/html") => "a web page (HTML) instead of JSON".to_owned(),
        (false, "") => "something that is no JSON".to_owned(),
        (false, media) => format!("{media} instead of JSON"),
    }
}

fn failure(host: String, error: &ureq::Error) -> ArchiveError {
    use std::io::ErrorKind;
    let (sent, reason) = match error {
        ureq::Error::HostNotFound => (false, "there is no host of that name".to_owned()),
        ureq::Error::ConnectionFailed => (false, "no connection".to_owned()),
        ureq::Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused => (false, "the connection was refused".to_owned()),
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
                (false, "there is no way to it".to_owned())
            }
            _ => (true, without_number(&error.to_string())),
        },
        ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => {
            (false, "it did not answer in time".to_owned())
        }
        ureq::Error::Timeout(_) => (true, "it did not answer in time".to_owned()),
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => {
            (false, format!("no safe connection: {error}"))
        }
        error => (true, error.to_string()),
    };
    if sent {
        ArchiveError::Lost { host, reason }
    } else {
        ArchiveError::Unreachable { host, reason }
    }
}

fn without_number(text: &str) -> String {
    match text.split_once(" (os error ") {
        Some((before, _)) => before.to_owned(),
        None => text.to_owned(),
    }
}

/// Reads the stretch of a file, and notices when the file is not what it was.
struct FileReader<'a, 'b> {
    file: &'a LocalFile,
    open: File,
    begun: std::fs::Metadata,
    left: u64,
    sending: &'a mut (dyn Sending + 'b),
    failed: &'a RefCell<Option<ArchiveError>>,
}

impl<'a, 'b> FileReader<'a, 'b> {
    fn open(
        part: &'a mut FileBody<'b>,
        failed: &'a RefCell<Option<ArchiveError>>,
    ) -> Result<Self, ArchiveError> {
        let file = part.file;
        let at = |action| FileError::at(action, &file.path);
        let mut open = File::open(&file.path).map_err(at("read"))?;
        let begun = open.metadata().map_err(at("read"))?;
        if begun.len() != file.size {
            return Err(changed(file));
        }
        open.seek(SeekFrom::Start(part.offset))
            .map_err(at("read"))?;
        Ok(Self {
            file,
            open,
            begun,
            left: part.length,
            sending: &mut *part.sending,
            failed,
        })
    }

    /// Looks again when all was sent.
    fn finish(&self) -> Result<(), ArchiveError> {
        let at = || FileError::at("read", &self.file.path);
        let now = self.open.metadata().map_err(at())?;
        let same_time = match (now.modified(), self.begun.modified()) {
            (Ok(now), Ok(begun)) => now == begun,
            _ => true,
        };
        if now.len() == self.begun.len() && same_time {
            return Ok(());
        }
        Err(changed(self.file))
    }

    fn fail(&self, error: ArchiveError) -> io::Error {
        let text = error.to_string();
        *self.failed.borrow_mut() = Some(error);
        io::Error::other(text)
    }
}

impl Read for FileReader<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let most = most.min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let Some(room) = buffer.get_mut(..most) else {
            return Ok(0);
        };
        let read = match self.open.read(room) {
            // The end came too early: the file was cut.
            Ok(0) => return Err(self.fail(changed(self.file))),
            Ok(read) => read,
            Err(error) => {
                let error = FileError::at("read", &self.file.path)(error);
                return Err(self.fail(error.into()));
            }
        };
        let count = u64::try_from(read).unwrap_or(u64::MAX);
        self.left = self.left.saturating_sub(count);
        match self.sending.sent(count) {
            ControlFlow::Continue(()) => Ok(read),
            ControlFlow::Break(()) => Err(self.fail(ArchiveError::Interrupted)),
        }
    }
}

fn changed(file: &LocalFile) -> ArchiveError {
    ArchiveError::FileChanged {
        path: file.path.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert_eq!(
            origin("https://Zenodo.org/api/x"),
            origin("https://zenodo.org:443")
        );
        assert_ne!(origin("https://zenodo.org"), origin("http://zenodo.org"));
        assert_ne!(
            origin("https://zenodo.org"),
            origin("https://zenodo.org:8443")
        );
        assert_ne!(
            origin("https://zenodo.org"),
            origin("https://zenodo.org.evil.example")
        );
        assert_ne!(
            origin("https://zenodo.org"),
            origin("https://zenodo.org@evil.example")
        );
        assert_eq!(origin("nonsense"), None);
    }

    #[test]
    fn a_location_may_be_a_path() {
        let at = |location| resolve("https://a.example:8443/api/x?y", location);
        assert_eq!(at("/login"), "https://a.example:8443/login");
        assert_eq!(at("//b.example/x"), "https://b.example/x");
        assert_eq!(at("http://b.example/x"), "http://b.example/x");
    }

    #[test]
    fn a_wait_is_named_in_seconds_or_by_a_date() {
        let now = Duration::from_secs(784_111_777);
        assert_eq!(retry_after("7", now), Some(Duration::from_secs(7)));
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:50:37 GMT", now),
            Some(Duration::from_secs(60))
        );
        assert_eq!(retry_after("soon", now), None);
    }

    #[test]
    fn pauses_grow_up_to_a_minute() {
        let seconds: Vec<u64> = (1..9).map(|n| pause(n).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(pause(u32::MAX).as_secs(), 60);
    }

    #[test]
    fn a_server_cannot_make_us_show_the_token() {
        let http = Http::new(
            "https://a.example",
            Some(Credential::bearer("tok-5eCr3t")),
            Arc::new(SystemTimer),
            HttpLimits::default(),
        );
        assert_eq!(
            http.clean("no token tok-5eCr3t\nhere"),
            "no token (hidden) here"
        );
        assert!(!format!("{http:?}").contains("5eCr3t"));
    }
}
