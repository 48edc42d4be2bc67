//! The session bridge under its published names.

mod artifact;

pub use crate::bridge::ruchy::{RuchyBridgeError, RuchySession};
pub use crate::session::{CodeCell, EntrenarSession, SessionMetrics};
pub use artifact::session_to_artifact;
