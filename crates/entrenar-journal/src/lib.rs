//! Points recorded in nanoseconds, and kept through a kill, a frozen disk and a power loss.
//!
//! A training program logs numbers and must not notice. So `log` writes into preallocated memory that belongs
//! to a file on tmpfs: no system call, no lock, no page fault, no disk. What is in such a file survives the
//! process. Two threads work behind: one prepares segments ahead, one copies what is finished to journal
//! files on disk and syncs them. [`recover()`] reads what is left, whatever happened. The journal knows series by
//! number and frames as bytes; what they mean is its caller's affair.
//!
//! ```
//! use entrenar_journal::{Journal, Options, Outcome, Point, now_micros, recover};
//!
//! # let scratch = tempfile::tempdir()?;
//! # let (memory, folder) = (scratch.path().join("memory"), scratch.path().join("journal"));
//! // `memory_folder(&[])` finds a folder in memory for the segments.
//! let journal = Journal::create(Options::new(&memory, &folder))?;
//! let writer = journal.writer(); // from any thread
//! for step in 0..1000 {
//!     writer.log(&Point { series: 7, step: Some(step), value: 0.5, micros: now_micros(), ..Point::default() });
//! }
//! let mut lane = journal.lane()?; // frames of any length, one lane a thread
//! assert_eq!(lane.append(b"any bytes"), Outcome::Logged(0));
//! journal.flush()?; // now they survive a power loss
//!
//! // Another process, or this one after a crash:
//! let (recovered, report) = recover(&folder)?;
//! assert_eq!(recovered.recorders[0].points.len(), 1000);
//! assert_eq!(recovered.recorders[0].lanes[0].frames, [(0, b"any bytes".to_vec())]);
//! assert_eq!(report.damage, []);
//!
//! journal.close()?; // seals the journal and deletes the segments
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | layer | what it adds |
//! |---|---|
//! | `map` | memory shared as atomic words; the only `unsafe` code |
//! | `slot`, `tickets` | a point published last; who may write where (checked under loom, see `model/`) |
//! | `clock` | the wall clock by the processor's counter, kept true by the ahead thread |
//! | `segments`, `lane` | regions in a ring; frames in preallocated memory |
//! | `ahead`, `sleeper`, `disk`, `files` | the two threads; numbered journal files |
//! | `journal`, `shared` | handles, flush, close, forks |
//! | `lock` | whose process is alive |
//! | `read` | a journal file in pieces, whatever became of it |
//! | `recover` | everything that can be read, and a report |
//! | `follow` | what a running recorder writes, as it comes |
//! | `storage` | the file system, behind a seam for tests |
//!
//! Feature `faults` is for tests: it breaks the order of publication, so that they prove they would notice.
//! The bytes are drawn in `docs/journal-format.md`.

mod ahead;
mod clock;
mod disk;
mod error;
mod files;
mod follow;
mod head;
mod journal;
mod lane;
pub mod layout;
mod lock;
mod map;
mod options;
mod ranges;
mod read;
mod recover;
mod report;
mod segments;
mod shared;
mod sleeper;
mod slot;
mod storage;
mod sync;
mod tickets;

pub use clock::now_micros;
pub use error::Error;
pub use follow::{Follower, Progress, recorders};
pub use head::{FileKind, FileName, NotAnId, RecorderId};
pub use journal::{Journal, Lane, Outcome, Reason, Writer};
pub use lock::{RecorderLock, is_alive};
pub use map::Region;
#[cfg(all(unix, feature = "faults"))]
pub use map::{exit_now, fork, wait_for};
pub use options::{ChildOpener, Options};
pub use read::{Item, JournalReader, Mark, Seal};
pub use recover::{LaneFrames, Recorder, Recovered, Recovery, recover, recover_each, recover_from};
pub use report::{Damage, DamageKind, Report};
#[cfg(feature = "faults")]
pub use segments::reverse_publication;
pub use shared::Status;
pub use slot::Point;
pub use storage::{FileSystem, LogFile, Medium, Storage, medium, memory_folder};
