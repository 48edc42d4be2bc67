//! Figshare and Dataverse inside a test, written after their documentation: neither was to be had.
//!
//! * Figshare: <https://docs.figshare.com> ("Articles", "Figshare Upload Service")
//! * Dataverse: <https://guides.dataverse.org/en/latest/> ("Native API", "Direct DataFile
//!   Upload/Replace API")

pub(crate) mod dataverse;
pub(crate) mod figshare;

use std::io::BufReader;
use std::net::TcpStream;
use std::sync::{Mutex, MutexGuard};

use md5::{Digest as _, Md5};

use super::fake_archive::http::{Request, Response, read_request};

pub(crate) fn md5(bytes: &[u8]) -> String {
    let digest = Md5::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn lock<T>(inside: &Mutex<T>) -> MutexGuard<'_, T> {
    inside
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Answers the requests of one connection.
pub(crate) fn serve(mut stream: TcpStream, mut answer: impl FnMut(&Request, &str) -> Response) {
    let Ok(copy) = stream.try_clone() else { return };
    let mut reader = BufReader::with_capacity(1 << 18, copy);
    while let Ok(Some(request)) = read_request(&mut reader, &mut stream) {
        if request.is_cut {
            break;
        }
        let close = request.header("connection") == Some("close");
        let host = request.header("host").unwrap_or("localhost").to_owned();
        let response = answer(&request, &format!("http://{host}"));
        if response.write(&mut stream).is_err() || close {
            break;
        }
    }
}
