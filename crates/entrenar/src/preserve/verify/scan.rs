//! Reads every file once: its SHA-256, and the bytes of those whose content is checked.

use std::io::{self, Read as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sha2::{Digest as _, Sha256};

use crate::session::Sha256Hash;

use super::report::{Problem, ProblemKind};
use super::tree::Tree;

/// Bytes that are read at once.
const CHUNK: usize = 1 << 18;
/// More threads than this wait for the disk.
const MAX_THREADS: usize = 8;

/// What was read of a file.
#[derive(Debug)]
pub(super) struct Scanned {
    /// Its SHA-256; `None` where it could not be read.
    pub(super) sha256: Option<Sha256Hash>,
    /// Its bytes, where they were asked for.
    pub(super) kept: Option<Vec<u8>>,
}

/// Reads all files of `tree`, on several threads, in the order of its entries. Those of which
/// `keep` says so are kept.
pub(super) fn scan(
    tree: &Tree,
    threads: Option<usize>,
    keep: impl Fn(&str, u64) -> bool + Sync,
) -> (Vec<Scanned>, Vec<Problem>) {
    let entries = tree.entries();
    // The largest first, so that no thread is left alone with one in the end.
    let mut order: Vec<_> = (0..entries.len()).collect();
    order.sort_by_key(|place| std::cmp::Reverse(entries.get(*place).map(|entry| entry.size)));
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(entries.len()));
    let work = || {
        let mut buffer = vec![0; CHUNK];
        while let Some(place) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Some(entry) = entries.get(*place) else {
                break;
            };
            let kept = keep(&entry.path, entry.size);
            let result = read(tree, *place, entry.size, kept, &mut buffer);
            if let Ok(mut results) = results.lock() {
                results.push((*place, result));
            }
        }
    };
    let threads = threads
        .or_else(|| Some(thread::available_parallelism().ok()?.get()))
        .unwrap_or(1)
        .clamp(1, MAX_THREADS)
        .min(entries.len().max(1));
    thread::scope(|scope| {
        for number in 1..threads {
            // Where no thread can be had, this one does all.
            drop(
                thread::Builder::new()
                    .name(format!("verify {number}"))
                    .spawn_scoped(scope, work),
            );
        }
        work();
    });
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by_key(|(place, _)| *place);
    let mut problems = Vec::new();
    let scanned = results
        .into_iter()
        .zip(entries)
        .map(|((_, result), entry)| match result {
            Ok((scanned, found)) => {
                problems
                    .extend(found.map(|(kind, message)| Problem::new(kind, &entry.path, message)));
                scanned
            }
            Err(error) => {
                problems.push(
                    Problem::new(
                        ProblemKind::Changed,
                        &entry.path,
                        format!("it cannot be read: {error}"),
                    )
                    .hint("look at its permissions and at the disk"),
                );
                Scanned {
                    sha256: None,
                    kept: None,
                }
            }
        })
        .collect();
    (scanned, problems)
}

/// The SHA-256 of all that `reader` gives.
#[cfg(feature = "signing")]
pub(super) fn digest(mut reader: impl io::Read) -> io::Result<Sha256Hash> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(Sha256Hash::from_bytes(hasher.finalize().into())),
            Ok(count) => hasher.update(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The bytes of one file, which are as many as it should have and have the CRC-32 that the zip
/// states.
pub(super) fn read_whole(tree: &Tree, place: usize, size: u64) -> io::Result<Vec<u8>> {
    let (scanned, found) = read(tree, place, size, true, &mut vec![0; CHUNK])?;
    match found {
        Some((_, message)) => Err(io::Error::other(message)),
        None => Ok(scanned.kept.unwrap_or_default()),
    }
}

type Found = Option<(ProblemKind, String)>;

fn read(
    tree: &Tree,
    place: usize,
    size: u64,
    keep: bool,
    buffer: &mut [u8],
) -> io::Result<(Scanned, Found)> {
    let mut reader = tree.open(place)?;
    let stated = tree.crc(place);
    let mut hasher = Sha256::new();
    let mut crc = flate2::Crc::new();
    let mut kept = keep.then(Vec::new);
    let mut length: u64 = 0;
    loop {
        let count = match reader.read(buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let bytes = buffer.get(..count).unwrap_or_default();
        length = length.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        hasher.update(bytes);
        if stated.is_some() {
            crc.update(bytes);
        }
        if let Some(kept) = &mut kept {
            kept.extend_from_slice(bytes);
        }
        if length > size {
            break;
        }
    }
    let sha256 = Some(Sha256Hash::from_bytes(hasher.finalize().into()));
    let found = if length != size {
        let than = if length > size { "more" } else { "fewer" };
        Some((
            ProblemKind::Changed,
            format!("it has {than} bytes than the {size} that it should have"),
        ))
    } else if stated.is_some_and(|stated| stated != crc.sum()) {
        Some((
            ProblemKind::Layout,
            "its CRC-32 in the zip is not that of its bytes".to_owned(),
        ))
    } else {
        None
    };
    Ok((Scanned { sha256, kept }, found))
}
