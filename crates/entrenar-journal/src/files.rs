//! Journal files: frames appended to numbered files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Error;
use crate::head::{FileHead, FileKind, FileName, FrameHead, Owner};
use crate::layout::{file, frame};
use crate::storage::{LogFile, Storage};

/// The journal file being written, and the place of the next.
#[derive(Debug)]
pub(crate) struct Files {
    storage: Arc<dyn Storage>,
    folder: PathBuf,
    owner: Owner,
    slots: u64,
    file: Box<dyn LogFile>,
    path: PathBuf,
    /// Number of the file.
    pub(crate) number: u64,
    /// Bytes written and known to be whole.
    pub(crate) length: u64,
    frames: u64,
    seed: u32,
    /// Whether something was written since the last sync.
    pub(crate) dirty: bool,
    buffer: Vec<u8>,
}

impl Files {
    /// Makes the first file.
    pub(crate) fn create(
        storage: Arc<dyn Storage>,
        folder: &Path,
        owner: Owner,
        slots: u64,
        opening: &[(u32, Vec<u8>)],
    ) -> Result<Self, Error> {
        let number = 0;
        let (file, path) = new_file(&*storage, folder, owner, number)?;
        let mut files = Self {
            storage,
            folder: folder.to_path_buf(),
            owner,
            slots,
            file,
            path,
            number,
            length: 0,
            frames: 0,
            seed: owner.recorder.file_seed(number),
            dirty: false,
            buffer: Vec::new(),
        };
        files.begin(opening)?;
        Ok(files)
    }

    /// Ends the current file, synced, and opens the next. A failure to open leaves the current file in use.
    pub(crate) fn next(&mut self, opening: &[(u32, Vec<u8>)]) -> Result<(), Error> {
        self.sync()?;
        let number = self.number + 1;
        let (file, path) = new_file(&*self.storage, &self.folder, self.owner, number)?;
        let old = (
            std::mem::replace(&mut self.file, file),
            std::mem::replace(&mut self.path, path),
            self.number,
            self.length,
            self.frames,
            self.seed,
        );
        self.number = number;
        self.length = 0;
        self.frames = 0;
        self.seed = self.owner.recorder.file_seed(number);
        let begun = self.begin(opening);
        if begun.is_err() {
            let failed = std::mem::replace(&mut self.path, old.1);
            (self.file, self.number, self.length, self.frames, self.seed) =
                (old.0, old.2, old.3, old.4, old.5);
            self.storage
                .remove(&failed)
                .map_err(Error::io("delete", failed))?;
        }
        begun
    }

    fn begin(&mut self, opening: &[(u32, Vec<u8>)]) -> Result<(), Error> {
        let head = FileHead {
            owner: self.owner,
            number: self.number,
            slots: self.slots,
        };
        self.buffer.clear();
        self.buffer.extend_from_slice(&head.encode());
        let mut frames = 0;
        for (kind, payload) in opening {
            append_frame(&mut self.buffer, *kind, frames, self.seed, payload);
            frames += 1;
        }
        self.write_buffer(frames)?;
        self.sync()?;
        self.storage.sync_folder(&self.folder).map_err(Error::io(
            "make the names of files durable in",
            &self.folder,
        ))
    }

    /// Appends frames; all or, after a failure, none of them.
    pub(crate) fn append(&mut self, payloads: &[(u32, &[u8])]) -> Result<(), Error> {
        self.buffer.clear();
        let mut number = self.frames;
        for (kind, payload) in payloads {
            append_frame(&mut self.buffer, *kind, number, self.seed, payload);
            number += 1;
        }
        self.write_buffer(number)
    }

    fn write_buffer(&mut self, frames: u64) -> Result<(), Error> {
        self.dirty = true;
        self.file
            .write_at(self.length, &self.buffer)
            .map_err(Error::io("write", &self.path))?;
        self.length += u64::try_from(self.buffer.len()).unwrap_or(0);
        self.frames = frames;
        Ok(())
    }

    /// Returns when everything appended survives a power loss.
    pub(crate) fn sync(&mut self) -> Result<(), Error> {
        if self.dirty {
            self.file.sync().map_err(Error::io("sync", &self.path))?;
            self.dirty = false;
        }
        Ok(())
    }
}

fn new_file(
    storage: &dyn Storage,
    folder: &Path,
    owner: Owner,
    number: u64,
) -> Result<(Box<dyn LogFile>, PathBuf), Error> {
    let name = FileName {
        recorder: owner.recorder,
        kind: FileKind::Journal,
        number,
    };
    let path = folder.join(name.to_string());
    let file = storage.create(&path).map_err(Error::io("create", &path))?;
    Ok((file, path))
}

/// Appends one frame to a buffer, filled up to a multiple of eight bytes.
pub(crate) fn append_frame(out: &mut Vec<u8>, kind: u32, number: u64, seed: u32, payload: &[u8]) {
    debug_assert!(payload.len() <= frame::LONGEST);
    let head = FrameHead {
        kind,
        length: u32::try_from(payload.len()).unwrap_or(u32::MAX),
        payload_checksum: crc32c::crc32c(payload),
        number,
    };
    out.extend_from_slice(&head.encode(seed));
    out.extend_from_slice(payload);
    out.resize(out.len().next_multiple_of(8), 0);
    const _: () = assert!(frame::SIZE.is_multiple_of(8) && file::SIZE.is_multiple_of(8));
}
