//! The session model: what one sitting with one kernel, REPL or process was.
//!
//! This is the lowest layer; it uses no other module of the crate. A session has
//!
//! * metadata ([`EntrenarSession`]'s own fields),
//! * [`SessionMetrics`]: named [`Series`] of points, as columns,
//! * a code history of [`CodeCell`]s in the order they ran, and beside it what a source file
//!   holds beyond that ([`CellRecord`], [`Document`]),
//! * [`TrainingRun`]s, which say which points belong to which training,
//! * where it came from ([`SourceInfo`], [`ImportWarning`], the `derived` marks).

pub mod chain;
mod clock;
mod difference;
mod digest;
mod document;
mod hash;
mod metrics;
mod model;
pub mod names;
pub mod number;
mod origin;
pub mod output;
mod recording;
mod run;
mod series;
mod source;

pub use chain::{SessionChain, SessionEvent};
pub use clock::{Clock, FixedClock, SystemClock};
pub use difference::differences;
pub use digest::ContentDigest;
#[cfg(feature = "record")]
pub(crate) use digest::SeriesDigest;
pub use document::{CellError, CellRecord, Document, DocumentCell, TextCell, TimeSource};
pub use hash::Sha256Hash;
pub use metrics::SessionMetrics;
#[cfg(feature = "record")]
pub(crate) use metrics::ranked;
pub use model::{CodeCell, EntrenarSession};
pub use origin::{Origin, OriginKind};
pub use recording::{Fork, ForkOrigin, SessionState};
pub use run::{RunStatus, TrainingRun};
#[cfg(feature = "store")]
pub(crate) use series::OptionalColumn;
pub use series::{Point, PointRef, Series, SeriesKey, SeriesSummary};
pub use source::{ImportWarning, Place, SourceFormat, SourceInfo, WarningKind};
