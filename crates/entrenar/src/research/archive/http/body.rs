//! What a request carries: JSON, a file that may not change meanwhile, a form.

use std::cell::RefCell;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::ops::ControlFlow;

use serde_json::Value;

use crate::files::FileError;
use crate::research::archive::api::{LocalFile, Sending};
use crate::research::archive::error::ArchiveError;

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
pub(super) const BOUNDARY: &str = "entrenar-5f2b8a6e1c9d47308e6a2f7d0b5c41e9";

impl Form<'_> {
    /// What stands before the file, and after it.
    pub(super) fn frame(&self) -> (Vec<u8>, Vec<u8>) {
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

/// Reads the stretch of a file, and notices when the file is not what it was.
pub(super) struct FileReader<'a, 'b> {
    file: &'a LocalFile,
    open: File,
    begun: std::fs::Metadata,
    pub(super) left: u64,
    sending: &'a mut (dyn Sending + 'b),
    failed: &'a RefCell<Option<ArchiveError>>,
}

impl<'a, 'b> FileReader<'a, 'b> {
    pub(super) fn open(
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
    pub(super) fn finish(&self) -> Result<(), ArchiveError> {
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
