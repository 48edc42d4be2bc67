use std::borrow::Cow;
use std::ops::Range;

/// How a point came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OriginKind {
    /// Read from text that a cell printed.
    Printed,
    /// Read from a value that a cell evaluated to, such as a list of losses.
    Evaluated,
    /// Read from a structured file (CSV, JSON Lines) that a program logged.
    File,
}

impl OriginKind {
    /// The name used in JSON and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Printed => "printed",
            Self::Evaluated => "evaluated",
            Self::File => "file",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Printed, Self::Evaluated, Self::File]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// Where a point was read: which output of which cell, which bytes of its text, by which rule.
///
/// Points logged through the API have no origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// How the point came to be known.
    pub kind: OriginKind,
    /// Index of the cell in the session's code history.
    pub cell: u32,
    /// Index of the output in that cell's outputs.
    pub output: u32,
    /// Byte range of the value in that output's text; in its HTML for the rule `html table`.
    pub span: Range<u32>,
    /// Name of the grammar that read it.
    pub rule: Cow<'static, str>,
}
