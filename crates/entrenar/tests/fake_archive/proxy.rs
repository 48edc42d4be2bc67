//! A proxy between a client and an archive that does what networks do.

use std::io::{BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::time::Duration;

use serde_json::json;

use super::http::{Listening, Request, Response, read_request};

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection is cut before the archive sees the request.
    CutBefore,
    /// The archive sees half of the request.
    CutHalfway,
    /// The archive does what it was asked, and the answer is lost.
    LoseReply,
    /// Half of the answer comes.
    CutReply,
    /// The archive does what it was asked, later than the client waits.
    Late(Duration),
    /// This status, instead of asking the archive.
    Status(u16),
    /// The archive does what it was asked, and this status is the answer.
    StatusAfter(u16),
}

/// Chooses the fault of a request: its number from 0 on, and itself.
pub(crate) type Plan = Box<dyn FnMut(usize, &Request) -> Option<Fault> + Send>;

/// The proxy, until it is dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    listening: Listening,
}

impl Proxy {
    /// A proxy for the archive at `upstream`, such as `http://127.0.0.1:1234`.
    pub(crate) fn start(upstream: &str, plan: Plan) -> Self {
        let address: SocketAddr = upstream
            .strip_prefix("http://")
            .unwrap()
            .trim_end_matches('/')
            .parse()
            .unwrap();
        let plan = Mutex::new((0, plan));
        let listening = Listening::start(0, move |stream| {
            serve(address, &plan, stream);
        })
        .unwrap();
        Self { listening }
    }

    pub(crate) fn url(&self) -> String {
        self.listening.url()
    }
}

fn serve(upstream: SocketAddr, plan: &Mutex<(usize, Plan)>, mut stream: TcpStream) {
    let Ok(copy) = stream.try_clone() else { return };
    let mut reader = BufReader::new(copy);
    while let Ok(Some(request)) = read_request(&mut reader, &mut stream) {
        if request.is_cut {
            return;
        }
        let fault = {
            let mut plan = plan.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            let number = plan.0;
            plan.0 += 1;
            (plan.1)(number, &request)
        };
        let whole = head_and_body(&request);
        match fault {
            None => {
                if let Some(answer) = forward(upstream, &whole) {
                    drop(stream.write_all(&closing(&answer)));
                }
                return;
            }
            Some(Fault::CutBefore) => return,
            Some(Fault::CutHalfway) => {
                let half = whole
                    .get(..whole.len() - request.body.len() / 2 - 1)
                    .unwrap();
                if let Ok(mut to) = TcpStream::connect(upstream) {
                    drop(to.write_all(half));
                    drop(to.shutdown(std::net::Shutdown::Both));
                }
                return;
            }
            Some(Fault::LoseReply) => {
                drop(forward(upstream, &whole));
                return;
            }
            Some(Fault::CutReply) => {
                if let Some(answer) = forward(upstream, &whole) {
                    let answer = closing(&answer);
                    drop(stream.write_all(&answer[..answer.len() - answer.len() / 3]));
                }
                return;
            }
            Some(Fault::Late(time)) => {
                drop(forward(upstream, &whole));
                std::thread::sleep(time);
                return;
            }
            Some(Fault::Status(status)) => {
                if made_up(status).write(&mut stream).is_err() {
                    return;
                }
            }
            Some(Fault::StatusAfter(status)) => {
                drop(forward(upstream, &whole));
                if made_up(status).write(&mut stream).is_err() {
                    return;
                }
            }
        }
    }
}

fn made_up(status: u16) -> Response {
    if status == 429 {
        return Response::json(429, &json!({ "message": "6 per 1 minute", "status": 429 }))
            .with("Retry-After", "3")
            .with("X-RateLimit-Remaining", "0");
    }
    Response {
        status,
        headers: vec![("Content-Type".into(), "text/html".into())],
        body: format!("<html><h1>{status}</h1><p>nginx</p></html>").into_bytes(),
    }
}

fn head_and_body(request: &Request) -> Vec<u8> {
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.target);
    let hop = [
        "expect",
        "connection",
        "transfer-encoding",
        "content-length",
    ];
    for (name, value) in &request.headers {
        if !hop.contains(&name.as_str()) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    head.push_str(&format!(
        "content-length: {}\r\nconnection: close\r\n\r\n",
        request.body.len()
    ));
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(&request.body);
    bytes
}

/// The answer, with the news that the connection ends with it.
fn closing(answer: &[u8]) -> Vec<u8> {
    let end = answer.windows(2).position(|pair| pair == b"\r\n");
    let (status, rest) = answer.split_at(end.map_or(answer.len(), |at| at + 2));
    [status, b"Connection: close\r\n", rest].concat()
}

/// Sends what there is and reads until the archive closes the connection.
fn forward(upstream: SocketAddr, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut to = TcpStream::connect(upstream).ok()?;
    to.write_all(bytes).ok()?;
    let mut answer = Vec::new();
    to.read_to_end(&mut answer).ok()?;
    Some(answer)
}
