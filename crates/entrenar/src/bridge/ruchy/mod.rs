//! What Ruchy writes: recordings, notebooks, audit streams and input histories.
//!
//! | format | written by | holds |
//! |---|---|---|
//! | `.replay` | `ruchy repl --record` of 1.30 to 3.7, the library of all versions | inputs, values, errors, times |
//! | `.rnb` | the notebook server | sources, outputs, execution counts |
//! | `.jsonl` | programs that use `ruchy::runtime::audit` | inputs, values, errors, order |
//! | `repl_history.txt` | the REPL of 4.x | inputs |
//! | `.ipynb` | converters of Ruchy; read by [`jupyter`](super::jupyter) | sources, outputs |
//!
//! [`RuchySession`] holds any of them, and [`EntrenarSession`] is made of it. What a session
//! printed is in none of them but `.rnb`; the training history comes from the values that were
//! evaluated, see [`values`].

mod audit;
mod convert;
mod error;
mod history;
mod kernel;
mod notebook;
mod raw;
mod replay;
mod session;
mod timeline;
pub mod values;

use super::text;
use super::{BridgeError, SourceContext};
use crate::session::{EntrenarSession, SourceFormat};
use raw::Warnings;

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
    let mut session = match format {
        SourceFormat::RuchyNotebook => notebook::read(bytes, context.limits)?,
        SourceFormat::RuchyReplay => read_text(bytes, |text, notes| {
            replay::read(text, context.limits, notes)
        })?,
        SourceFormat::RuchyAudit => read_text(bytes, |text, notes| {
            audit::read(text, context.limits, notes)
        })?,
        SourceFormat::RuchyHistory => {
            read_text(bytes, |text, notes| Ok(history::read(text, notes)))?
        }
        other => {
            return Err(BridgeError::UnknownFormat {
                hint: format!("{other} is not one of Ruchy's formats"),
            });
        }
    };
    session.source = Some(context.source_info(bytes, format));
    session.file_modified = context.modified;
    Ok(session)
}

/// Decodes and reads a text; places in it become places in the bytes.
fn read_text(
    bytes: &[u8],
    read: impl FnOnce(&str, &mut Warnings) -> Result<RuchySession, BridgeError>,
) -> Result<RuchySession, BridgeError> {
    let decoded = text::decode(bytes)?;
    let mut warnings = Warnings::default();
    let mut session = read(&decoded.text, &mut warnings).map_err(|mut error| {
        if let BridgeError::Json { position, .. }
        | BridgeError::TooManyValues { position, .. }
        | BridgeError::TooManyCells { position, .. } = &mut error
        {
            position.byte = decoded.source_byte(position.byte);
        }
        error
    })?;
    session.warnings.extend(decoded.warnings.iter().cloned());
    session
        .warnings
        .extend(warnings.finish().map(|mut warning| {
            let byte = warning
                .place
                .byte
                .and_then(|byte| usize::try_from(byte).ok());
            let byte = byte.map(|byte| decoded.source_byte(byte));
            warning.place.byte = byte.and_then(|byte| u64::try_from(byte).ok());
            warning
        }));
    Ok(session)
}
