//! Records a session while it happens.
//!
//! [`Recorder`] takes points, cells and settings from any thread in some tens of nanoseconds a point, keeps them
//! through a kill of the process, and makes them part of a store every few seconds. The journal that stands
//! between is the crate `entrenar-journal`; what its frames mean is [`store::recording`](crate::store::recording).
//!
//! ```
//! use entrenar::record::{Recorder, RecorderOptions};
//! use entrenar::session::EntrenarSession;
//! # let folder = tempfile::tempdir()?;
//! # let store = folder.path().join("entrenar.db");
//!
//! let session = EntrenarSession::new("sess-001", "Fine-tuning").with_user("alice");
//! let recorder = Recorder::start(session, store, RecorderOptions::default())?;
//! let loss = recorder.series("loss");
//! for step in 0..1000 {
//!     loss.log(step, 1.0 / (step + 1) as f64);
//!     if step % 100 == 0 {
//!         entrenar::log!(recorder, step, accuracy = 0.9, "val/loss" = 0.4);
//!     }
//! }
//! assert_eq!(recorder.metrics.total_steps(), 1000);
//! recorder.finish()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | what it adds |
//! |---|---|
//! | `names`, `figures` | names looked up without a lock; what is known of a series without its points |
//! | `core` | the hot path; the control lane; forked processes |
//! | `recorder`, `handle`, `live`, `run` | what a program uses |
//! | `follow` | what another process sees while it is recorded |
//! | `environment`, `system`, `gpu`, `program` | the surroundings |
//! | `background`, `seal` | the thread that seals into the store, and tells what goes wrong |
//!
//! `docs/recording.md` says what survives what, and what is captured.

mod background;
mod contents;
mod core;
mod earlier;
mod environment;
mod error;
mod figures;
mod follow;
mod gpu;
mod handle;
mod live;
mod names;
mod options;
mod outcome;
mod program;
mod recorder;
mod run;
mod seal;
mod status;
mod system;

pub use environment::{Environment, EnvironmentOptions, GitCommit, Machine, Places};
pub use error::RecordError;
pub use follow::{Following, Recorded, SessionFollower};
pub use gpu::Gpu;
pub use handle::SeriesHandle;
pub use live::LiveMetrics;
pub use names::MAX_NAME_BYTES;
pub use options::{RecorderOptions, Resume, TroubleCallback};
pub use outcome::{DropReason, Outcome};
pub use recorder::Recorder;
pub use run::RunHandle;
pub use status::{FinishReport, Status, StatusTrouble, Trouble};
pub use system::SystemOptions;

/// Logs values of one step by their names: `log!(recorder, step, loss = 0.5, "val/loss" = 0.4)`.
///
/// A name is an identifier or a literal; a value is any number. It is
/// [`Recorder::log`](crate::record::Recorder::log), and gives what that gives.
///
/// ```
/// # use entrenar::record::{Recorder, RecorderOptions};
/// # use entrenar::session::EntrenarSession;
/// # let folder = tempfile::tempdir()?;
/// # let store = folder.path().join("entrenar.db");
/// # let options = RecorderOptions { environment: None, ..RecorderOptions::default() };
/// # let recorder = Recorder::start(EntrenarSession::new("s-1", "S"), store, options)?;
/// let (loss, correct, seen) = (0.5_f32, 45, 50);
/// entrenar::log!(recorder, 7, loss, accuracy = correct as f64 / seen as f64, "seen/all" = seen);
/// assert_eq!(recorder.metrics.names(), ["loss", "accuracy", "seen/all"]);
/// # recorder.finish()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[macro_export]
macro_rules! log {
    ($recorder:expr, $step:expr, $($values:tt)+) => {
        $crate::__log_values!($recorder, $step, [] $($values)+)
    };
}

/// Gathers the pairs of [`log!`].
#[doc(hidden)]
#[macro_export]
macro_rules! __log_values {
    ($recorder:expr, $step:expr, [$($done:tt)*]) => {
        $recorder.log($step, &[$($done)*])
    };
    ($recorder:expr, $step:expr, [$($done:tt)*] $name:ident = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__log_values!(
            $recorder, $step, [$($done)* (stringify!($name), $value as f64),] $($($rest)*)?
        )
    };
    ($recorder:expr, $step:expr, [$($done:tt)*] $name:literal = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__log_values!($recorder, $step, [$($done)* ($name, $value as f64),] $($($rest)*)?)
    };
    ($recorder:expr, $step:expr, [$($done:tt)*] $name:ident $(, $($rest:tt)*)?) => {
        $crate::__log_values!(
            $recorder, $step, [$($done)* (stringify!($name), $name as f64),] $($($rest)*)?
        )
    };
}
