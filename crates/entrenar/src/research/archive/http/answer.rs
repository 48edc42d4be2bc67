//! What an archive answers, or why it does not.

use serde_json::Value;
use ureq::http::HeaderMap;

use crate::research::archive::error::ArchiveError;
use crate::research::text::one_line;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
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

/// What kind of body an answer has, for people.
pub(super) fn kind(answer: &Answer) -> String {
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

/// What went wrong: whether the request may have arrived decides.
pub(super) fn failure(host: String, error: &ureq::Error) -> ArchiveError {
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
