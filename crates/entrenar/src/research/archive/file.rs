//! Files as they are sent.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use md5::{Digest as _, Md5};

use super::api::LocalFile;
use crate::files::FileError;

/// Size and MD5 of a file.
///
/// # Errors
/// If it cannot be read.
pub fn md5_of(path: &Path) -> Result<(u64, String), FileError> {
    let mut file = File::open(path).map_err(FileError::at("read", path))?;
    let mut hash = Md5::new();
    let mut buffer = vec![0; 1 << 18];
    let mut size = 0_u64;
    loop {
        let read = file
            .read(&mut buffer)
            .map_err(FileError::at("read", path))?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        hash.update(bytes);
        size += u64::try_from(read).unwrap_or(u64::MAX);
    }
    let digest = hash.finalize();
    Ok((
        size,
        digest.iter().map(|byte| format!("{byte:02x}")).collect(),
    ))
}

impl LocalFile {
    /// The file at `path`, as it is now, under that name.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(name: impl Into<String>, path: &Path) -> Result<Self, FileError> {
        let (size, md5) = md5_of(path)?;
        Ok(Self {
            name: name.into(),
            path: path.to_owned(),
            size,
            md5,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_md5_of_rfc_1321() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        crate::files::write_atomic(&path, b"message digest").unwrap();
        let expected = "f96b697d7cb7938d525a2f31aaf161d0".to_owned();
        assert_eq!(md5_of(&path).unwrap(), (14, expected));
    }
}
