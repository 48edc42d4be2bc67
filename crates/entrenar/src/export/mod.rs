//! Writers, one pure file per format: a session in, bytes out; someone else does files.
//!
//! All output is deterministic: the same session gives the same bytes.
