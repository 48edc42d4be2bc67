//! The session bridge under its published names.

pub use crate::bridge::ruchy::RuchyBridgeError;
pub use crate::session::{CodeCell, EntrenarSession, SessionMetrics};
