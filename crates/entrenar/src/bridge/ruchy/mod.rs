//! What Ruchy writes: recordings, notebooks, audit streams and input histories.
//!
//! | format | written by | holds |
//! |---|---|---|
//! | `.replay` | `ruchy repl --record` of 1.30 to 3.7, the library of all versions | inputs, values, errors, times |
//! | `.rnb` | the notebook server | sources, outputs, execution counts |
//! | `.jsonl` | programs that use `ruchy::runtime::audit` | inputs, values, errors, order |
//! | `repl_history.txt` | the REPL of 4.x | inputs |
//!
//! [`RuchySession`] holds any of them, and [`EntrenarSession`] is made of it. What a session
//! printed is in none of them but `.rnb`; the training history comes from the values that were
//! evaluated, see [`values`].

mod audit;
mod convert;
mod error;
mod history;
mod notebook;
mod raw;
mod replay;
mod session;
mod timeline;
pub mod values;

use super::text;
use super::{BridgeError, SourceContext};
use crate::session::{EntrenarSession, SourceFormat};

pub use error::RuchyBridgeError;
pub use session::{
    RuchyCell, RuchyEnvironment, RuchyEvent, RuchyFormatVersion, RuchyLimits, RuchyMetadata,
    RuchyResult, RuchySession,
};

/// Reads one of Ruchy's formats.
///
/// # Errors
/// If the document is not of the format; what can be read is read, with warnings in the session.
pub fn read(
    bytes: &[u8],
    format: SourceFormat,
    context: &SourceContext,
) -> Result<EntrenarSession, BridgeError> {
    Ok(read_recording(bytes, format, context)?.into())
}

/// Reads one of Ruchy's formats as the recording that it is.
fn read_recording(
    bytes: &[u8],
    format: SourceFormat,
    context: &SourceContext,
) -> Result<RuchySession, BridgeError> {
    let mut warnings = raw::Warnings::default();
    let mut session = if format == SourceFormat::RuchyNotebook {
        notebook::read(bytes, context.limits, &mut warnings)?
    } else {
        let decoded = text::decode(bytes)?;
        let text = &decoded.text;
        let mut session = match format {
            SourceFormat::RuchyReplay => replay::read(text, context.limits, &mut warnings)?,
            SourceFormat::RuchyAudit => audit::read(text, context.limits, &mut warnings)?,
            SourceFormat::RuchyHistory => history::read(text, &mut warnings),
            other => {
                return Err(BridgeError::UnknownFormat {
                    hint: format!("{other} is not one of Ruchy's formats"),
                });
            }
        };
        session.warnings = decoded.warnings;
        session
    };
    session.warnings.extend(warnings.finish());
    session.source = Some(context.source_info(bytes, format));
    session.file_modified = context.modified;
    Ok(session)
}
