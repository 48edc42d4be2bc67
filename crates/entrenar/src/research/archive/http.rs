//! HTTP to an archive: one request at a time, nothing followed to elsewhere, everything bounded.
//!
//! * The token goes to the archive's own origin (scheme, host, port) and nowhere else.
//! * A wait is made for 429 alone (and for 503 that names a time), as long as `Retry-After` or
//!   `X-RateLimit-Reset` says, up to [`HttpLimits::longest_wait`] in all.
//! * What cannot do harm twice is sent again after a failure, with growing pauses; what can is
//!   sent once, and [`ArchiveError::Lost`] says that its outcome is not known.

mod answer;
mod body;
mod origin;
mod pace;

use std::cell::RefCell;
use std::fmt;
use std::io::{self, Read as _};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use ureq::{Agent, SendBody, http};

pub use self::answer::Answer;
use self::answer::{failure, kind};
use self::body::{BOUNDARY, FileReader};
pub use self::body::{FileBody, Form, RequestBody};
pub(super) use self::origin::may_upload_to;
use self::origin::{origin, resolve};
pub(super) use self::pace::pause;
use self::pace::retry_after;
pub use self::pace::{SystemTimer, Timer};
use super::error::ArchiveError;
use crate::research::text::one_line;

/// Longest message of a server that is shown, in characters.
const LONGEST_MESSAGE: usize = 300;
/// Redirects that are followed within the archive.
const MOST_REDIRECTS: usize = 5;
/// Bodies of more bytes ask whether they are welcome before they are sent.
const EXPECT_FROM: u64 = 1 << 20;
/// Bytes that are read from a file and written to the network at once.
const BUFFER: usize = 1 << 18;

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

#[cfg(test)]
mod tests {
    use super::*;

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
