//! Writing what a verb makes to a file or to standard output.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use entrenar::files;

use crate::app::App;
use crate::errors::{Exit, Failure, Plain};

/// Writes `bytes` to `path` whole or not at all; without a path, or with `-`, to standard
/// output. A pipe or device is written to, a link is followed, a folder is refused.
pub(crate) fn document(app: &mut App, path: Option<&Path>, bytes: &[u8]) -> Result<(), Failure> {
    match path {
        None => Ok(app.out.document(bytes)?),
        Some(path) if path == Path::new("-") => Ok(app.out.document(bytes)?),
        Some(path) => file(path, bytes),
    }
}

/// Writes `bytes` to `path` whole or not at all.
pub(crate) fn file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => {
            Err(Failure::unwritable(path, &Plain("it is a folder")).hint("name a file in it"))
        }
        Ok(found) if !found.is_file() => OpenOptions::new()
            .write(true)
            .open(path)
            .and_then(|mut device| device.write_all(bytes))
            .map_err(|error| match Failure::from(error) {
                Failure::Closed => Failure::Closed,
                Failure::Told(_) => {
                    Failure::new(Exit::Output, format!("cannot write to {}", path.display()))
                }
            }),
        Ok(_) => {
            let real = fs::canonicalize(path).map_err(|e| Failure::unwritable(path, &e))?;
            write(&real, bytes)
        }
        Err(_) => write(path, bytes),
    }
}

/// The file beside, which is renamed in the end, is of no concern to the user.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    files::write_atomic(path, bytes).map_err(|error| Failure::unwritable(path, &error.source))
}
