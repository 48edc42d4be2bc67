//! How fast a file is uploaded, next to `curl -T` to the same server in the same run, and in how
//! much memory.
//!
//! ```text
//! cargo run --release -p entrenar --features deposit --example upload_speed [MIB [ROUNDS]]
//! ```
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement, run by hand"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use entrenar::research::archive::http::{Credential, Http, HttpLimits, SystemTimer};
use entrenar::research::archive::{
    Archive as _, ArchiveError, Draft, InvenioArchive, LocalFile, PartRule, Sending,
};

#[derive(Debug)]
struct Silent;

impl Sending for Silent {
    fn sent(&mut self, _bytes: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn parts(&self) -> (Option<u64>, Vec<u32>) {
        (None, Vec::new())
    }

    fn begin_parts(&mut self, _size: Option<u64>) -> Result<(), ArchiveError> {
        Ok(())
    }

    fn part_arrived(&mut self, _part: u32) -> Result<(), ArchiveError> {
        Ok(())
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let first = args.next();
    if first.as_deref() == Some("serve") {
        return serve();
    }
    let mib: u64 = first.map_or(1024, |text| text.parse().unwrap());
    let rounds: u32 = args.next().map_or(5, |text| text.parse().unwrap());
    let mut server = Command::new(std::env::current_exe().unwrap())
        .arg("serve")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut address = String::new();
    BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut address)
        .unwrap();
    let base = format!("http://{}", address.trim());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("big.bin");
    make(&path, mib);
    let (size, md5) = entrenar::research::archive::md5_of(&path).unwrap();
    let file = LocalFile {
        name: "big.bin".into(),
        path: path.clone(),
        size,
        md5,
    };
    let before = peak_kib();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        // Turn about, so that neither has the warmer machine.
        let pair = [round % 2 == 0, round % 2 == 1];
        for mine in pair {
            let begin = Instant::now();
            if mine {
                upload(&base, &file);
            } else {
                curl(&base, &path);
            }
            let rate =
                f64::from(u32::try_from(size >> 20).unwrap()) / begin.elapsed().as_secs_f64();
            if mine { &mut ours } else { &mut theirs }.push(rate);
        }
    }
    let after = peak_kib();
    server.kill().unwrap();
    server.wait().unwrap();
    println!("{mib} MiB, {rounds} rounds, MiB/s: median (all)");
    let (mine, curl) = (median(&ours), median(&theirs));
    println!("entrenar  {mine:.0}  {ours:.0?}");
    println!("curl -T   {curl:.0}  {theirs:.0?}");
    println!("ratio     {:.0} %", 100.0 * mine / curl);
    println!(
        "memory    {after} KiB at most, {} KiB more than before",
        after - before
    );
}

fn median(rates: &[f64]) -> f64 {
    let mut sorted = rates.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn make(path: &Path, mib: u64) {
    let mut file = std::fs::File::create(path).unwrap();
    let block: Vec<u8> = (0..1_u32 << 20)
        .map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes()[3])
        .collect();
    for _ in 0..mib {
        file.write_all(&block).unwrap();
    }
}

fn upload(base: &str, file: &LocalFile) {
    let http = Http::new(
        base,
        Some(Credential::bearer("none")),
        Arc::new(SystemTimer),
        HttpLimits::default(),
    );
    let whole = PartRule {
        from: u64::MAX,
        size: 1,
    };
    let archive = InvenioArchive::new(http, None, whole);
    let mut draft = Draft::new("1");
    draft.remote = serde_json::Value::Null;
    archive.put_file(&draft, file, &mut Silent).unwrap();
}

fn curl(base: &str, path: &Path) {
    let status = Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--fail",
            "--output",
            "/dev/null",
        ])
        .arg("-T")
        .arg(path)
        .arg(format!("{base}/raw/content"))
        .status()
        .unwrap();
    assert!(status.success());
}

/// The most memory that this process had, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Reads what comes and throws it away.
fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap());
    for stream in listener.incoming() {
        let stream = stream.unwrap();
        std::thread::Builder::new()
            .name("connection".into())
            .spawn(move || drop(connection(stream)))
            .unwrap();
    }
}

fn connection(mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::with_capacity(1 << 18, stream.try_clone()?);
    let mut buffer = vec![0; 1 << 18];
    loop {
        let (mut first, mut length, mut expects) = (String::new(), 0_u64, false);
        if reader.read_line(&mut first)? == 0 {
            return Ok(());
        }
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            expects |= line.starts_with("expect:");
        }
        if expects {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let mut body = reader.by_ref().take(length);
        while body.read(&mut buffer)? > 0 {}
        let (status, json) = if first.starts_with("GET") {
            (404, r#"{"message": "no such file"}"#)
        } else {
            let entry = r#"{"key": "big.bin", "status": "completed", "entries": []}"#;
            (200, entry)
        };
        // In one piece: small pieces would wait for each other's acknowledgement.
        let answer = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{json}",
            json.len()
        );
        stream.write_all(answer.as_bytes())?;
    }
}
