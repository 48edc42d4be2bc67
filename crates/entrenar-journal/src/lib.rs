//! Points in nanoseconds, kept through anything.

mod ahead;
mod clock;
mod disk;
mod error;
mod files;
mod head;
mod journal;
mod lane;
pub mod layout;
mod map;
mod options;
mod recover;
mod segments;
mod shared;
mod slot;
mod storage;
mod sync;
mod tickets;

pub use clock::now_micros;
pub use error::Error;
pub use head::{FileKind, FileName, NotAnId, RecorderId};
pub use journal::{Journal, Lane, Outcome, Reason, Writer};
pub use map::Region;
#[cfg(all(unix, feature = "faults"))]
pub use map::{exit_now, fork, wait_for};
pub use options::Options;
pub use recover::{
    Damage, DamageKind, LaneFrames, Recorder, Recovered, Recovery, Report, Seal, recover,
};
pub use shared::Status;
pub use slot::Point;
pub use storage::{FileSystem, LogFile, Medium, Storage, medium, memory_folder};
