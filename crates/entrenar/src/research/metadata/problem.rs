use std::fmt;

/// A place in a text file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters, from 1.
    pub column: usize,
}

impl Position {
    /// The place of a byte of `text`.
    pub(crate) fn of(text: &str, byte: usize) -> Self {
        let before = text.get(..text.floor_char_boundary(byte)).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.get(line_start..).unwrap_or_default();
        Self {
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: line.chars().count() + 1,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Something in a metadata file that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetadataProblem {
    /// Where in the file; `None` where the format's reader does not tell.
    pub position: Option<Position>,
    /// The key, such as `authors[1].orcid`; empty for the file as a whole.
    pub key: String,
    /// What is wrong, as a sentence without a full stop.
    pub message: String,
}

/// The position, the key and what is wrong.
impl fmt::Display for MetadataProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(position) = self.position {
            write!(f, "{position}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// Everything that is wrong with a metadata file, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetadataError {
    /// The file, as the caller named it.
    pub file: String,
    /// The problems; at most [`MAX_PROBLEMS`](Self::MAX_PROBLEMS).
    pub problems: Vec<MetadataProblem>,
    /// How many more there are.
    pub more: usize,
}

impl MetadataError {
    /// How many problems of a file are kept; the rest is counted.
    pub const MAX_PROBLEMS: usize = 100;
}

/// One line for each problem: `FILE:LINE:COLUMN: KEY: what is wrong`.
impl fmt::Display for MetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            let join = if problem.position.is_some() {
                ":"
            } else {
                ": "
            };
            write!(f, "{}{join}{problem}", self.file)?;
        }
        if self.more > 0 {
            write!(f, "\n{}: and {} more problems", self.file, self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for MetadataError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_characters() {
        let text = "a\nбв=x\n";
        let at = text.find('=').unwrap();
        assert_eq!(Position::of(text, at).to_string(), "2:3");
        assert_eq!(Position::of(text, 999).to_string(), "3:1");
        // In the middle of a character.
        assert_eq!(Position::of(text, 3).to_string(), "2:1");
    }
}
