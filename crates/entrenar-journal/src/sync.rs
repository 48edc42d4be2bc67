//! The atomics of the publication protocol: `std`'s here, loom's in the model check, which includes
//! `slot.rs` and `tickets.rs` beside another file of this name.

pub(crate) use std::sync::atomic::{AtomicU64, Ordering};
