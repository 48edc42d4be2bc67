//! Ruchy's formats.
mod error;

use super::{BridgeError, SourceContext};
use crate::session::{EntrenarSession, SourceFormat};

pub use error::RuchyBridgeError;

/// Reads one of Ruchy's formats.
///
/// # Errors
/// If it cannot be read.
pub fn read(
    _bytes: &[u8],
    _format: SourceFormat,
    _context: &SourceContext,
) -> Result<EntrenarSession, BridgeError> {
    Err(BridgeError::Empty)
}
