//! Writers, one pure file per format: a session in, bytes out; someone else does files.
//!
//! All output is deterministic: the same session gives the same bytes, whatever the machine,
//! path, time zone or locale. Times that merely stand in for unknown ones (see
//! [`TimeSource::Derived`](crate::session::TimeSource::Derived)) are never written.

pub mod chart;
pub mod croissant;
pub mod csv;
pub(crate) mod escape;
#[cfg(feature = "preserve")]
pub mod html;
mod json;
pub mod jsonl;
pub mod model_card;
pub mod notebook;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod prov;
pub mod ruchy_script;
pub mod session_json;
pub mod svg;
mod text_width;
mod time;
