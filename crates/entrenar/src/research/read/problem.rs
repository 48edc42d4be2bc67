use std::fmt;

/// How much a reader of bibliographies takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// The longest file, in bytes.
    pub max_bytes: usize,
    /// The most entries.
    pub max_entries: usize,
    /// The deepest nesting of braces, lists and mappings.
    pub max_depth: usize,
}

impl Default for ReadLimits {
    /// 16 MiB, 20,000 entries, 64 levels.
    fn default() -> Self {
        Self {
            max_bytes: 16 << 20,
            max_entries: 20_000,
            max_depth: 64,
        }
    }
}

/// Something in a bibliography that is not what it should be. The rest was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1, where the format tells.
    pub line: Option<usize>,
    /// The column in characters, from 1, where the format tells.
    pub column: Option<usize>,
    /// The key of the entry, or the path of the field in the document; empty for the whole file.
    pub at: String,
    /// What is wrong and what was done about it, as a sentence without a full stop.
    pub message: String,
}

/// `LINE:COLUMN: AT: MESSAGE`, as far as known.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, "{line}:{column}: ")?;
        }
        if !self.at.is_empty() {
            write!(f, "{}: ", self.at)?;
        }
        f.write_str(&self.message)
    }
}

/// Why a bibliography cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Give a smaller file, or raise the limit.
    #[error("it has {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Its length in bytes.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// Split the file, or raise the limit.
    #[error("it has more than {limit} entries")]
    TooManyEntries {
        /// The limit.
        limit: usize,
    },
    /// The file is no text.
    #[error("it is not UTF-8 (byte {at})")]
    NotUtf8 {
        /// Bytes before the first that is not.
        at: usize,
    },
    /// The document does not parse; nothing of it can be used.
    #[error("{0}")]
    Syntax(Problem),
    /// Name the format, or give another file.
    #[error("it is neither BibTeX, CITATION.cff nor CSL-JSON")]
    UnknownFormat,
    /// This build has no reader of the format.
    #[error("this build reads no {0}: the feature `citations` is off")]
    NotBuilt(&'static str),
}

/// The text of a file, without its byte order mark.
pub(super) fn text_of(bytes: &[u8], limits: ReadLimits) -> Result<&str, ReadError> {
    if bytes.len() > limits.max_bytes {
        return Err(ReadError::TooLarge {
            size: bytes.len(),
            limit: limits.max_bytes,
        });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| ReadError::NotUtf8 {
        at: error.valid_up_to(),
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Collects problems of a text, giving bytes their lines and columns.
#[derive(Debug)]
pub(super) struct Problems<'a> {
    text: &'a str,
    line_starts: Vec<usize>,
    found: Vec<Problem>,
    more: usize,
}

/// The most problems that are kept; more are counted.
const MOST: usize = 1000;

impl<'a> Problems<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self {
            text,
            line_starts: std::iter::once(0)
                .chain(newlines.map(|(at, _)| at + 1))
                .collect(),
            found: Vec::new(),
            more: 0,
        }
    }

    pub(super) fn add(&mut self, byte: Option<usize>, at: &str, message: impl Into<String>) {
        let place = byte.map(|byte| self.place(byte));
        self.add_at(place, at, message);
    }

    pub(super) fn add_at(
        &mut self,
        place: Option<(usize, usize)>,
        at: &str,
        message: impl Into<String>,
    ) {
        if self.found.len() >= MOST {
            self.more += 1;
            return;
        }
        self.found.push(Problem {
            line: place.map(|(line, _)| line),
            column: place.map(|(_, column)| column),
            at: at.to_owned(),
            message: message.into(),
        });
    }

    fn place(&self, byte: usize) -> (usize, usize) {
        let byte = self.text.floor_char_boundary(byte);
        let line = self.line_starts.partition_point(|start| *start <= byte);
        let start = self.line_starts.get(line.saturating_sub(1)).copied();
        let before = self.text.get(start.unwrap_or_default()..byte);
        (line, before.unwrap_or_default().chars().count() + 1)
    }

    /// The problems in the order of the file.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        self.found
            .sort_by_key(|problem| (problem.line, problem.column));
        if self.more > 0 {
            self.found.push(Problem {
                line: None,
                column: None,
                at: String::new(),
                message: format!("{} more problems", self.more),
            });
        }
        self.found
    }
}
