//! Jupyter notebooks.
use super::{BridgeError, SourceContext};
use crate::session::EntrenarSession;

/// Reads a notebook.
///
/// # Errors
/// If it is not JSON.
pub fn read(_bytes: &[u8], _context: &SourceContext) -> Result<EntrenarSession, BridgeError> {
    Err(BridgeError::Empty)
}
