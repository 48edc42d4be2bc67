//! Single files of an artifact in a zip, read through the checks of a verification.

use std::io;
use std::path::{Path, PathBuf};

use crate::bridge::{BridgeError, Limits, SourceContext};
use crate::files::FileError;

use super::tree::Tree;
use super::{VerifyError, place, scan, zip};

/// A zip, or a zipped bag, of an artifact.
#[derive(Debug)]
pub(in crate::preserve) struct ZippedArtifact {
    path: PathBuf,
    tree: Tree,
    /// What stands before the names of its files.
    prefix: String,
}

impl ZippedArtifact {
    /// Reads the directory of the zip. One in which something is wrong is refused.
    ///
    /// # Errors
    /// If it cannot be read, is no sound zip, or holds no artifact.
    pub(in crate::preserve) fn open(path: &Path) -> Result<Self, VerifyError> {
        let found = std::fs::metadata(path).map_err(FileError::at("read", path))?;
        let (archive, problems, _) = zip::Archive::open_file(path, found.len())
            .map_err(|error| super::not_a_zip(path, error))?;
        if let Some(problem) = problems.first() {
            let reason = match problem.file.as_str() {
                "" => problem.message.clone(),
                file => format!("{file}: {}", problem.message),
            };
            return Err(VerifyError::NotAZip {
                path: path.to_owned(),
                reason,
            });
        }
        let tree = Tree::Zip(archive);
        let place = place(&tree);
        if !place.is_known {
            return Err(VerifyError::NotAnArtifact {
                path: path.to_owned(),
            });
        }
        Ok(Self {
            path: path.to_owned(),
            prefix: place.prefix(),
            tree,
        })
    }

    /// The bytes of the artifact's file of that name.
    ///
    /// # Errors
    /// If there is none, it is larger than the limit, or it is not as the zip says.
    pub(in crate::preserve) fn load(
        &self,
        name: &str,
        limits: Limits,
    ) -> Result<(Vec<u8>, SourceContext), BridgeError> {
        let failed = |source| BridgeError::Io {
            path: self.path.join(name),
            source,
        };
        let whole = format!("{}{name}", self.prefix);
        let entries = self.tree.entries();
        let (at, entry) = entries
            .iter()
            .enumerate()
            .find(|(_, entry)| entry.path == whole)
            .ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
        if entry.size > limits.max_bytes {
            return Err(BridgeError::TooLarge {
                size: entry.size,
                limit: limits.max_bytes,
            });
        }
        let bytes = scan::read_whole(&self.tree, at, entry.size).map_err(failed)?;
        let context = SourceContext {
            name: name.rsplit('/').next().map(str::to_owned),
            limits,
            ..SourceContext::default()
        };
        Ok((bytes, context))
    }
}
