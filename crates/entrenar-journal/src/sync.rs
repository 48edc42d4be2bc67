//! The atomics of the publication protocols: `std`'s here, loom's in the model check, which includes
//! `slot.rs`, `tickets.rs` and `clock/scale.rs` beside another file of this name.

pub(crate) use std::sync::atomic::{AtomicU64, Ordering};
