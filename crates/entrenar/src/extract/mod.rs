//! Printed text → points.
//!
//! Two steps: a terminal line model turns bytes into logical lines (carriage returns,
//! backspaces, escapes understood), then small named grammars read metrics from each line.
//! [`apply`] does it for all outputs of a session and finds its runs.

use std::ops::Range;

use crate::session::EntrenarSession;

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
    /// The metric's name as printed.
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

/// Reads all points of a text as a program printed it, terminal escapes included.
pub fn points(_text: &str) -> Vec<ExtractedPoint> {
    Vec::new()
}

/// Reads the outputs of all cells of `session` into its metrics and finds its runs.
pub fn apply(_session: &mut EntrenarSession) {}
