//! The central directory of a zip and the records that end it (APPNOTE 4.3.12 to 4.3.16).

use std::io;

use super::Bytes;
use crate::preserve::verify::tree::MAX_FILES;

/// The largest central directory that is read.
const MAX_DIRECTORY: u64 = 512 << 20;

pub(super) const LOCAL: u32 = 0x0403_4b50;
pub(super) const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;

const CENTRAL_LENGTH: usize = 46;
const END_LENGTH: u64 = 22;
const LOCATOR_LENGTH: u64 = 20;
const END_64_LENGTH: u64 = 56;

/// Bits of the general purpose flag (APPNOTE 4.4.4).
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
pub(super) const DESCRIPTOR: u16 = 1 << 3;

/// Why the bytes are no zip that can be read at all.
#[derive(Debug, thiserror::Error)]
pub(in crate::preserve::verify) enum NotAZip {
    /// The reading itself failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// They are not in the form of a zip.
    #[error("{0}")]
    Form(String),
}

fn form(message: impl Into<String>) -> NotAZip {
    NotAZip::Form(message.into())
}

/// Reads little-endian numbers one after the other.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

/// A file as the central directory has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) made_by: u16,
    pub(super) needed: u16,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) time: u16,
    pub(super) date: u16,
    pub(super) crc: u32,
    pub(super) packed: u64,
    pub(super) size: u64,
    pub(super) name: String,
    pub(super) raw_name: Vec<u8>,
    pub(super) attributes: u32,
    pub(super) offset: u64,
    /// The whole header, as it stands in the zip.
    pub(super) header: Vec<u8>,
}

impl Record {
    pub(super) fn is_link(&self) -> bool {
        const UNIX: u16 = 3;
        const OS_X: u16 = 19;
        const KIND: u32 = 0o170_000;
        const REGULAR: u32 = 0o100_000;
        let kind = self.attributes >> 16 & KIND;
        // Other kinds than files and folders are pipes and devices.
        matches!(self.made_by >> 8, UNIX | OS_X) && !matches!(kind, 0 | REGULAR | 0o040_000)
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.flags & ENCRYPTED != 0
    }
}

/// The central directory.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) records: Vec<Record>,
    /// Where it begins.
    pub(super) start: u64,
    /// Where it ends.
    pub(super) end: u64,
    /// Length of the comment of the zip.
    pub(super) comment: u64,
}

struct End {
    entries: u64,
    size: u64,
    offset: u64,
    comment: u64,
}

/// Reads the directory.
pub(super) fn read(bytes: &Bytes) -> Result<Directory, NotAZip> {
    let end = find_end(bytes)?;
    if end.size > MAX_DIRECTORY || end.entries > u64::try_from(MAX_FILES).unwrap_or(u64::MAX) {
        return Err(form(format!(
            "its directory has {} entries in {} bytes, more than this program reads",
            end.entries, end.size
        )));
    }
    let stop = end
        .offset
        .checked_add(end.size)
        .filter(|stop| *stop <= bytes.length())
        .ok_or_else(|| form("its directory lies outside the file"))?;
    let data = bytes.read(end.offset, end.size)?;
    let mut fields = Fields(&data);
    let mut records = Vec::new();
    while !fields.0.is_empty() {
        let record = record(&mut fields).ok_or_else(|| {
            form(format!(
                "entry {} of its directory is broken",
                records.len()
            ))
        })?;
        records.push(record);
    }
    if u64::try_from(records.len()) != Ok(end.entries) {
        return Err(form(format!(
            "its directory has {} entries and says {}",
            records.len(),
            end.entries
        )));
    }
    Ok(Directory {
        records,
        start: end.offset,
        end: stop,
        comment: end.comment,
    })
}

fn find_end(bytes: &Bytes) -> Result<End, NotAZip> {
    let length = bytes.length();
    let searched = length.min(END_LENGTH + u64::from(u16::MAX));
    let tail = bytes.read(length - searched, searched)?;
    let is_end = |at: &usize| -> bool {
        let mut fields = Fields(tail.get(*at..).unwrap_or_default());
        fields.u32() == Some(END)
            && fields.bytes(16).is_some()
            && fields.u16().map(usize::from) == Some(fields.0.len())
    };
    let at = (0..tail.len())
        .rev()
        .find(is_end)
        .ok_or_else(|| form("the end of its directory is not there"))?;
    let at_u64 = u64::try_from(at).unwrap_or(u64::MAX);
    let mut fields = Fields(tail.get(at..).unwrap_or_default());
    let read = || -> Option<([u16; 4], [u32; 2], u16)> {
        fields.u32()?;
        Some((
            [fields.u16()?, fields.u16()?, fields.u16()?, fields.u16()?],
            [fields.u32()?, fields.u32()?],
            fields.u16()?,
        ))
    };
    let mut read = read;
    let ([disk, first_disk, here, entries], [size, offset], comment) =
        read().ok_or_else(|| form("the end of its directory is cut"))?;
    let end_offset = length - searched + at_u64;
    let needs_64 = entries == u16::MAX || size == u32::MAX || offset == u32::MAX;
    if !needs_64 || end_offset < LOCATOR_LENGTH {
        if (disk, first_disk) != (0, 0) || here != entries {
            return Err(form("it is one part of several"));
        }
        return Ok(End {
            entries: entries.into(),
            size: size.into(),
            offset: offset.into(),
            comment: comment.into(),
        });
    }
    let locator = bytes.read(end_offset - LOCATOR_LENGTH, LOCATOR_LENGTH)?;
    let mut fields = Fields(&locator);
    let located = (fields.u32(), fields.u32(), fields.u64(), fields.u32());
    let (Some(LOCATOR_64), Some(0), Some(at), Some(1)) = located else {
        return Err(form("its Zip64 directory is not there"));
    };
    let inside = at.checked_add(END_64_LENGTH);
    if inside.is_none_or(|end| end > end_offset) {
        return Err(form("its Zip64 directory lies outside the file"));
    }
    let record = bytes.read(at, END_64_LENGTH)?;
    let mut fields = Fields(&record);
    let mut end_64 = || {
        let signature = fields.u32()?;
        fields.bytes(12)?;
        let disks = (fields.u32()?, fields.u32()?);
        let here = fields.u64()?;
        let entries = fields.u64()?;
        let (size, offset) = (fields.u64()?, fields.u64()?);
        (signature == END_64 && disks == (0, 0) && here == entries).then_some(End {
            entries,
            size,
            offset,
            comment: comment.into(),
        })
    };
    end_64().ok_or_else(|| form("its Zip64 directory is broken"))
}

fn record(fields: &mut Fields<'_>) -> Option<Record> {
    let all = fields.0;
    if fields.u32()? != CENTRAL {
        return None;
    }
    let made_by = fields.u16()?;
    let needed = fields.u16()?;
    let flags = fields.u16()?;
    let method = fields.u16()?;
    let (time, date) = (fields.u16()?, fields.u16()?);
    let crc = fields.u32()?;
    let (packed, size) = (fields.u32()?, fields.u32()?);
    let lengths = [fields.u16()?, fields.u16()?, fields.u16()?].map(usize::from);
    let [name_length, extra_length, comment_length] = lengths;
    let disk = fields.u16()?;
    fields.u16()?;
    let attributes = fields.u32()?;
    let offset = fields.u32()?;
    let raw_name = fields.bytes(name_length)?.to_vec();
    let mut extra = Fields(fields.bytes(extra_length)?);
    fields.bytes(comment_length)?;
    let mut wide = [u64::from(size), u64::from(packed), u64::from(offset)];
    let narrow = [size, packed, offset];
    while extra.0.len() >= 4 {
        let (id, length) = (extra.u16()?, extra.u16()?);
        let mut part = Fields(extra.bytes(length.into())?);
        if id == ZIP64 {
            for (value, narrow) in wide.iter_mut().zip(narrow) {
                if narrow == u32::MAX {
                    *value = part.u64()?;
                }
            }
        }
    }
    let [size, packed, offset] = wide;
    if disk != 0 && disk != u16::MAX {
        return None;
    }
    let length = CENTRAL_LENGTH + lengths.iter().sum::<usize>();
    Some(Record {
        made_by,
        needed,
        flags,
        method,
        time,
        date,
        crc,
        packed,
        size,
        name: String::from_utf8_lossy(&raw_name).into_owned(),
        raw_name,
        attributes,
        offset,
        header: all.get(..length)?.to_vec(),
    })
}

/// The extra field that holds sizes beyond 32 bits (APPNOTE 4.5.3).
pub(super) const ZIP64: u16 = 1;
