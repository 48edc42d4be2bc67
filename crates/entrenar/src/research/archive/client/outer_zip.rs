//! A ZIP archive with one file in it, uncompressed, made around a file while that is sent.
//!
//! Dataverse unpacks ZIP files that are uploaded, one layer deep ("User Guide: Dataset + File
//! Management"): a ZIP file in a ZIP file arrives as it is. Source of the form: PKWARE's
//! APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16.

use std::fs::File;
use std::io::Read as _;

use super::super::api::LocalFile;
use crate::files::FileError;

/// Largest file that this form can hold; larger ones need ZIP64.
pub(super) const LARGEST: u64 = 0xffff_fffe - 0x1_0000;

/// What stands before a file, and after it.
type Around = (Vec<u8>, Vec<u8>);

/// What stands before the file and after it; it is read once for its checksum. `None`: it is too
/// large, or its name is.
pub(super) fn around(file: &LocalFile, name: &str) -> Result<Option<Around>, FileError> {
    let (Ok(size), Ok(length)) = (u32::try_from(file.size), u16::try_from(name.len())) else {
        return Ok(None);
    };
    if file.size > LARGEST {
        return Ok(None);
    }
    // Version 2.0; names in UTF-8; stored; 1980-01-01.
    let mut common = Vec::new();
    for number in [20_u16, 1 << 11, 0, 0, 0x21] {
        common.extend(number.to_le_bytes());
    }
    for number in [crc32(file)?, size, size] {
        common.extend(number.to_le_bytes());
    }
    common.extend(length.to_le_bytes());
    common.extend(0_u16.to_le_bytes());
    let mut before = b"PK\x03\x04".to_vec();
    before.extend(&common);
    before.extend(name.bytes());
    let start = u32::try_from(before.len())
        .unwrap_or(u32::MAX)
        .saturating_add(size);

    let mut after = b"PK\x01\x02\x14\x00".to_vec();
    after.extend(&common);
    // No comment, first disk, no attributes, and the file begins at the beginning.
    after.extend([0; 14]);
    after.extend(name.bytes());
    let directory = u32::try_from(after.len()).unwrap_or(u32::MAX);
    after.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    after.extend(directory.to_le_bytes());
    after.extend(start.to_le_bytes());
    after.extend([0; 2]);
    Ok(Some((before, after)))
}

/// The checksum of a file (ISO 3309, as ZIP has it).
fn crc32(file: &LocalFile) -> Result<u32, FileError> {
    let mut open = File::open(&file.path).map_err(FileError::at("read", &file.path))?;
    let mut buffer = vec![0; 1 << 16];
    let mut crc = u32::MAX;
    loop {
        let read = open
            .read(&mut buffer)
            .map_err(FileError::at("read", &file.path))?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return Ok(!crc);
        };
        for byte in bytes {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn other_programs_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inner");
        crate::files::write_atomic(&path, b"123456789").unwrap();
        let file = LocalFile::read("größe.zip", &path).unwrap();
        assert_eq!(crc32(&file).unwrap(), 0xcbf4_3926);
        let (before, after) = around(&file, "größe.zip").unwrap().unwrap();
        let whole = [before.as_slice(), b"123456789", after.as_slice()].concat();
        let mut read = zip::ZipArchive::new(Cursor::new(whole)).unwrap();
        assert_eq!(read.len(), 1);
        let mut inner = read.by_index(0).unwrap();
        assert_eq!(inner.name().unwrap(), "größe.zip");
        let mut content = Vec::new();
        inner.read_to_end(&mut content).unwrap();
        assert_eq!(content, b"123456789");
    }
}
