//! The smallest HTTP client that can also misbehave: one request a connection, loopback only.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// A reply, headers in lower case.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name)?;
        Some(&found.1)
    }
}

/// Sends `body`, of which `declared` bytes are announced, and reads the reply.
///
/// With `declared` greater than the body the connection is closed instead: a cut upload, without reply.
pub(crate) fn send(
    address: &str,
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: Option<(&[u8], usize)>,
) -> Option<Reply> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_mins(2)))
        .unwrap();
    let mut head =
        format!("{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some((_, declared)) = body {
        head.push_str(&format!("Content-Length: {declared}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    if let Some((bytes, declared)) = body {
        // A server may refuse and close before it has read everything; its reply is still read.
        drop(stream.write_all(bytes));
        if bytes.len() < declared {
            drop(stream);
            // So that the server has noticed before the next request.
            std::thread::sleep(Duration::from_millis(300));
            return None;
        }
    }
    let mut answer = Vec::new();
    let mut some = [0; 64 * 1024];
    // A reset after the whole reply is no loss; an incomplete reply is noticed in `parse`.
    while !is_whole(&answer) {
        match stream.read(&mut some) {
            Ok(0) | Err(_) => break,
            Ok(count) => answer.extend_from_slice(&some[..count]),
        }
    }
    Some(parse(&answer))
}

/// Whether a reply of a stated length has arrived: not every server closes the connection by itself.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return false;
    };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    length.is_some_and(|length| answer.len() - end - 4 >= length.trim().parse::<usize>().unwrap())
}

fn parse(answer: &[u8]) -> Reply {
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap_or_else(|| panic!("no reply: {:?}", String::from_utf8_lossy(answer)));
    let head = std::str::from_utf8(&answer[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut reply = Reply {
        status,
        headers,
        body: answer[end + 4..].to_vec(),
    };
    if reply
        .header("transfer-encoding")
        .is_some_and(|value| value.contains("chunked"))
    {
        reply.body = unchunk(&reply.body);
    } else if let Some(length) = reply.header("content-length") {
        assert_eq!(
            reply.body.len(),
            length.parse::<usize>().unwrap(),
            "an incomplete reply"
        );
    }
    reply
}

fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n").unwrap();
        let line = std::str::from_utf8(&rest[..end]).unwrap();
        let size = usize::from_str_radix(line.split(';').next().unwrap().trim(), 16).unwrap();
        if size == 0 {
            return whole;
        }
        whole.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
}
