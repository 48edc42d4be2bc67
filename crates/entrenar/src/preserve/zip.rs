//! A folder as a ZIP archive: stored, never compressed, with nothing of the machine in it.
//!
//! APPNOTE.TXT 6.3.10. Entries stand in the order in which all writers put files out, have the
//! first time that the format knows (1980-01-01 00:00) and the permissions 0644; files of 4 GiB
//! and more have the fields of ZIP64. So the same files give the same archive everywhere.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::files::{FileError, beside, sync_parent};

use super::pour::{self, Sink};
use super::write::Written;
use super::{ArtifactFolder, PreserveError, bag, safe_file_name};

/// Writes `folder` to the archive `path`: beside it, synced, then renamed into place.
///
/// With `bagit`, the archive holds one folder, which is a bag; it has the name of the session's
/// id. With `force`, a file at `path` is replaced.
///
/// # Errors
/// [`PreserveError::Exists`] without `force`; [`PreserveError::NotReplaceable`] for what is no
/// file; or the step that failed. Nothing is left behind then.
pub fn write_zip(
    folder: &ArtifactFolder,
    path: &Path,
    bagit: bool,
    force: bool,
) -> Result<Written, PreserveError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(FileError::at("read", path)(error).into()),
        Ok(_) if !force => {
            return Err(PreserveError::Exists {
                path: path.to_owned(),
            });
        }
        Ok(found) if found.is_file() => {}
        Ok(_) => {
            return Err(PreserveError::NotReplaceable {
                path: path.to_owned(),
            });
        }
    }
    let partial = beside(path);
    let written = fill(folder, &partial, bagit).and_then(|sizes| {
        fs::rename(&partial, path).map_err(FileError::at("rename", path))?;
        sync_parent(path)?;
        Ok(sizes)
    });
    match written {
        Ok(sizes) => Ok(Written {
            path: path.to_owned(),
            kept: None,
            files: sizes.len(),
            bytes: sizes.iter().sum(),
        }),
        Err(error) => {
            // The first error is the one to report.
            drop(fs::remove_file(&partial));
            Err(error)
        }
    }
}

fn fill(folder: &ArtifactFolder, partial: &Path, bagit: bool) -> Result<Vec<u64>, PreserveError> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(partial)
        .map_err(FileError::at("create", partial))?;
    let mut sink = ZipSink {
        path: partial,
        zip: ZipWriter::new(Output {
            file: BufWriter::with_capacity(1 << 18, file),
            has_failed: false,
        }),
    };
    let sizes = if bagit {
        let name = match safe_file_name(&folder.artifact.id) {
            name if name.is_empty() => "session".to_owned(),
            name => name,
        };
        bag::put(folder, &format!("{name}/"), &mut sink)?
    } else {
        let written = pour::all(folder, "", &mut sink)?;
        written.into_iter().map(|(_, digest)| digest.size).collect()
    };
    let path = sink.path;
    let output = sink.zip.finish().map_err(|source| failed(path, source))?;
    let file = output
        .file
        .into_inner()
        .map_err(|error| FileError::at("write", path)(error.into_error()))?;
    file.sync_all().map_err(FileError::at("sync", path))?;
    Ok(sizes)
}

fn failed(path: &Path, source: zip::result::ZipError) -> PreserveError {
    match source {
        zip::result::ZipError::Io(source) => FileError::at("write", path)(source).into(),
        source => PreserveError::Zip {
            path: path.to_owned(),
            source,
        },
    }
}

/// The archive's file. A dropped `ZipWriter` tries to complete the archive and prints what fails
/// then; after a failure, which was returned, nothing more is written and nothing fails.
struct Output {
    file: BufWriter<File>,
    has_failed: bool,
}

impl Output {
    fn unless_failed<T>(
        &mut self,
        nothing: T,
        act: impl FnOnce(&mut BufWriter<File>) -> io::Result<T>,
    ) -> io::Result<T> {
        if self.has_failed {
            return Ok(nothing);
        }
        let done = act(&mut self.file);
        let is_final = |error: &io::Error| error.kind() != io::ErrorKind::Interrupted;
        self.has_failed = done.as_ref().is_err_and(is_final);
        done
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.unless_failed(bytes.len(), |file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.unless_failed((), Write::flush)
    }
}

impl Seek for Output {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.unless_failed(0, |file| file.seek(to))
    }
}

struct ZipSink<'a> {
    path: &'a Path,
    zip: ZipWriter<Output>,
}

impl Sink for ZipSink<'_> {
    fn begin(&mut self, path: &str, size: u64) -> Result<(), PreserveError> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644)
            .large_file(size >= u64::from(u32::MAX));
        self.zip
            .start_file(path, options)
            .map_err(|source| failed(self.path, source))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), PreserveError> {
        self.zip
            .write_all(bytes)
            .map_err(FileError::at("write", self.path))?;
        Ok(())
    }

    fn end(&mut self) -> Result<(), PreserveError> {
        Ok(())
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn after_a_failure_nothing_more_is_written_and_nothing_fails() {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut output = Output {
            file: BufWriter::with_capacity(4, full),
            has_failed: false,
        };
        let error = output.write(b"more than four").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(output.write(b"more than four").unwrap(), 14);
        output.flush().unwrap();
        output.seek(SeekFrom::Start(0)).unwrap();
    }
}
