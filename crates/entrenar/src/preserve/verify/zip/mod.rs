//! Zip files, read in place and strictly (PKWARE APPNOTE 6.3.10): what the central directory
//! says must be what stands before each file, no byte may lie outside, and no name may leave
//! the folder.
//!
//! Nothing is unpacked to disk. Files are stored or deflated; a deflated one is read up to the
//! size that it states and no further.

mod canonical;
mod directory;
mod layout;

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::read::DeflateDecoder;

use super::report::{Problem, ProblemKind};
use super::sums::unsafe_path;
use super::tree::{Entry, collisions};

pub(super) use directory::NotAZip;

/// A zip may unpack to this much whatever its own size,
const BOMB_FLOOR: u64 = 256 << 20;
/// and to that many times its size: text deflates to a twentieth at best.
const BOMB_RATIO: u64 = 100;

/// The bytes of a zip.
#[derive(Debug)]
pub(super) enum Bytes {
    /// Those of a file.
    File { path: PathBuf, length: u64 },
    /// These.
    #[cfg(any(test, fuzzing))]
    Memory(Vec<u8>),
}

impl Bytes {
    fn length(&self) -> u64 {
        match self {
            Self::File { length, .. } => *length,
            #[cfg(any(test, fuzzing))]
            Self::Memory(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        }
    }

    /// Reads `length` bytes from `offset`; fewer where the zip ends before.
    fn reader(&self, offset: u64, length: u64) -> io::Result<Box<dyn Read + '_>> {
        match self {
            Self::File { path, .. } => {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(offset))?;
                Ok(Box::new(file.take(length)))
            }
            #[cfg(any(test, fuzzing))]
            Self::Memory(bytes) => {
                let mut cursor = io::Cursor::new(bytes.as_slice());
                cursor.set_position(offset);
                Ok(Box::new(cursor.take(length)))
            }
        }
    }

    /// The `length` bytes at `offset`.
    fn read(&self, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.reader(offset, length)?.read_to_end(&mut bytes)?;
        if u64::try_from(bytes.len()) != Ok(length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    }
}

/// How a file is kept in a zip (APPNOTE 4.4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Stored,
    Deflated,
}

/// Where a file is in the zip.
#[derive(Debug, Clone, Copy)]
struct Location {
    method: Method,
    /// Where its bytes begin.
    data: u64,
    /// How many they are in the zip.
    packed: u64,
    crc: u32,
}

/// A zip whose directory was read.
#[derive(Debug)]
pub(super) struct Archive {
    bytes: Bytes,
    entries: Vec<Entry>,
    locations: Vec<Location>,
}

impl Archive {
    /// Reads the directory of the zip at `path`; what is wrong with it is listed.
    pub(super) fn open_file(
        path: &Path,
        length: u64,
    ) -> Result<(Self, Vec<Problem>, Vec<String>), NotAZip> {
        Self::read(Bytes::File {
            path: path.to_owned(),
            length,
        })
    }

    /// As [`open_file`](Self::open_file).
    pub(super) fn read(bytes: Bytes) -> Result<(Self, Vec<Problem>, Vec<String>), NotAZip> {
        let directory = directory::read(&bytes)?;
        let mut problems = Vec::new();
        let mut notes = Vec::new();
        let spans = layout::check(&bytes, &directory, &mut problems, &mut notes)?;
        let mut kept = Vec::new();
        let mut total: u64 = 0;
        let mut folders = 0;
        let names = directory.records.iter().map(|record| record.name.as_str());
        let mut files: Vec<&str> = names.filter(|name| !name.ends_with('/')).collect();
        files.sort_unstable();
        for (record, span) in directory.records.iter().zip(&spans) {
            let mut refuse = |kind, message: &str| {
                problems.push(Problem::new(kind, &record.name, message));
            };
            if record.name.ends_with('/') {
                // Other programs write an entry without bytes for each folder.
                let after = files.partition_point(|file| *file < record.name.as_str());
                let is_above = files
                    .get(after)
                    .is_some_and(|f| f.starts_with(&record.name));
                if is_above && record.size == 0 && record.packed == 0 {
                    folders += 1;
                    continue;
                }
                refuse(
                    ProblemKind::Added,
                    "it is an entry for a folder, which no crate has",
                );
                continue;
            }
            if let Some(message) = unsafe_path(&record.name) {
                refuse(ProblemKind::Name, message);
                continue;
            }
            if record.name.contains('\\') || record.name.chars().any(char::is_control) {
                refuse(
                    ProblemKind::Name,
                    "the name has a backslash or a control character",
                );
                continue;
            }
            if record.is_link() {
                refuse(
                    ProblemKind::Name,
                    "it is a symbolic link; it is not followed",
                );
                continue;
            }
            if record.is_encrypted() {
                refuse(ProblemKind::Layout, "it is encrypted and cannot be read");
                continue;
            }
            let method = match record.method {
                0 => Method::Stored,
                8 => Method::Deflated,
                other => {
                    refuse(
                        ProblemKind::Layout,
                        &format!("it is compressed by method {other}; 0 and 8 are read"),
                    );
                    continue;
                }
            };
            if method == Method::Stored && record.packed != record.size {
                refuse(ProblemKind::Layout, "it is stored and has two sizes");
                continue;
            }
            let Some(data) = span.data else {
                continue;
            };
            total = total.saturating_add(record.size);
            kept.push((
                Entry {
                    path: record.name.clone(),
                    size: record.size,
                },
                Location {
                    method,
                    data,
                    packed: record.packed,
                    crc: record.crc,
                },
            ));
        }
        if folders > 0 {
            notes.push(format!(
                "{folders} entries for folders, which hold nothing: another program packed it again"
            ));
        }
        let most = bytes.length().saturating_mul(BOMB_RATIO).max(BOMB_FLOOR);
        if total > most {
            problems.push(
                Problem::new(
                    ProblemKind::Limit,
                    "",
                    format!(
                        "the zip has {} bytes and says that it unpacks to {total}: this looks like \
                         a zip bomb, and its files were not read",
                        bytes.length()
                    ),
                )
                .hint("do not unpack it"),
            );
            kept.clear();
        }
        kept.sort_by(|a, b| a.0.path.cmp(&b.0.path));
        let (entries, locations): (Vec<_>, Vec<_>) = kept.into_iter().unzip();
        problems.extend(collisions(&entries));
        let archive = Self {
            bytes,
            entries,
            locations,
        };
        Ok((archive, problems, notes))
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn crc(&self, place: usize) -> Option<u32> {
        self.locations.get(place).map(|location| location.crc)
    }

    /// The bytes of a file, unpacked.
    pub(super) fn open(&self, place: usize) -> io::Result<Box<dyn Read + '_>> {
        let (Some(location), Some(entry)) = (self.locations.get(place), self.entries.get(place))
        else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let packed = self.bytes.reader(location.data, location.packed)?;
        Ok(match location.method {
            Method::Stored => packed,
            // One byte more than it states shows that it states too few.
            Method::Deflated => {
                Box::new(DeflateDecoder::new(packed).take(entry.size.saturating_add(1)))
            }
        })
    }
}

/// For the fuzz target of zips: reads the directory and every file of `bytes`.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8]) {
    let Ok((archive, _, _)) = Archive::read(Bytes::Memory(bytes.to_vec())) else {
        return;
    };
    for (place, entry) in archive.entries().iter().enumerate() {
        assert!(unsafe_path(&entry.path).is_none());
        if let Ok(mut reader) = archive.open(place) {
            let read = io::copy(&mut reader, &mut io::sink()).unwrap_or_default();
            assert!(read <= entry.size.saturating_add(1));
        }
    }
}

#[cfg(test)]
mod tests;
