//! The recorder: what is logged is in the store afterwards, whatever happens on the way.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::unwrap_used,
    reason = "tests"
)]

mod api;
mod crowd;
mod disk;
mod follow;
mod hard_times;
mod kills;
mod processes;
mod support;
