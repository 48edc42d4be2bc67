//! Printed text → points.
//!
//! Two steps. A terminal line model ([`lines`]) turns text into logical lines: carriage returns,
//! backspaces, cursor movement and escapes are understood, and each state of a redrawn line is
//! seen. Small named grammars then read numbers with their names from each line, and a reader
//! decides which of them are metrics: the name has a metric word, or the same unknown name comes
//! again and again in log lines. Times, throughput, memory, settings and arguments are left out.
//!
//! | rule | reads |
//! |---|---|
//! | `key=value`, `key: value`, `name value` | pairs anywhere in a line |
//! | `dict` | Python dictionaries and JSON objects on one line |
//! | `progress bar` | tqdm, Keras, rich, Ultralytics |
//! | `columns` | plain tables whose first column counts (fastai, scikit-learn); Ultralytics' validation |
//! | `boxed` | framed tables of a name and a value (Lightning, Stable-Baselines3) |
//! | `report` | the lines of COCO's evaluation, the accuracy of a classification report |
//! | `symbols` | tuples of symbols (Julia) |
//!
//! A decimal comma is read as one where its line can be read in no other way (`loss 0,51 acc 0,87`);
//! a number with a comma of unclear meaning is not read.
//!
//! A step or an epoch comes from the line itself, else from the last line of the same text that
//! showed one.
//!
//! [`apply`] does this for all outputs of a session and finds its runs. It reads streams,
//! dictionaries that a cell evaluated to, and tables of metrics in HTML (rule `html table`). The
//! state of widgets is another kind of input, which this module does not read.

mod apply;
mod clues;
mod commas;
mod config;
mod grammar;
mod html;
pub mod lines;
mod marks;
mod number;
mod reader;
mod runs;
mod source;
mod words;

use std::ops::Range;

pub use apply::apply;
#[cfg(feature = "ruchy-sessions")]
pub(crate) use source::without_text;

/// Whether a value was reported once or is an intermediate state of a redrawn line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointKind {
    /// Reported once for a step, an epoch or an evaluation.
    Log,
    /// An intermediate state of a line that was redrawn, such as a bar's running mean.
    Progress,
}

/// A point read from printed text.
#[derive(Debug, Clone, PartialEq)]
pub struct ExtractedPoint {
    /// The metric's name as printed. Where the line says for the whole of it which part of the
    /// data it is about (`Test set: …`, `train epoch: 1, …`), that word comes before it.
    pub name: String,
    /// The value; NaN and infinities are data.
    pub value: f64,
    /// The step that the text shows for it.
    pub step: Option<i64>,
    /// The epoch that the text shows for it.
    pub epoch: Option<f64>,
    /// The rank that the text shows for it.
    pub rank: Option<u32>,
    /// Byte range of the value in the text.
    pub span: Range<usize>,
    /// Name of the grammar that read it.
    pub rule: &'static str,
    /// Logged once, or a state of a redrawn line.
    pub kind: PointKind,
}

/// Number of points of one text beyond which no more are read, so that memory stays bounded
/// (below 2 GiB) whatever the text is.
pub const MAX_POINTS: usize = 4_000_000;

/// Reads all points, up to [`MAX_POINTS`], of a text as a program printed it, terminal escapes included.
pub fn points(text: &str) -> Vec<ExtractedPoint> {
    let mut reader = reader::Reader::of(text);
    lines::scan(text, |state| reader.line(state));
    reader.finish()
}
