//! The artifact folder.
