//! Python dictionaries and JSON objects on one line: `{'loss': 0.69, 'epoch': 1.0}`.
//!
//! Numbers may be quoted (Hugging Face 5), wrapped (`np.float32(0.5)`), NaN or infinite. The
//! entries of a dictionary inside are named by the path (`train/loss`).

use std::ops::Range;

use super::super::number;

/// An entry with a number.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::extract) struct Entry {
    pub(in crate::extract) key: String,
    pub(in crate::extract) value: f64,
    /// Bytes of the text that hold the value, without quotation marks.
    pub(in crate::extract) span: Range<usize>,
    pub(in crate::extract) integer: bool,
}

/// What a dictionary holds.
#[derive(Debug, Default, PartialEq)]
pub(in crate::extract) struct Dict {
    pub(in crate::extract) entries: Vec<Entry>,
    /// Number of values that are words, truth values or nothing.
    pub(in crate::extract) words: usize,
    /// Byte behind the closing brace.
    pub(in crate::extract) end: usize,
}

/// Deepest dictionary inside a dictionary that is read.
const MAX_DEPTH: usize = 4;

/// Reads the dictionary that begins at `start`; `None` unless it is one from brace to brace.
pub(in crate::extract) fn read(text: &str, start: usize) -> Option<Dict> {
    let mut dict = Dict::default();
    let mut reader = Reader {
        text,
        at: start,
        dict: &mut dict,
    };
    reader.object("", 0)?;
    dict.end = reader.at;
    Some(dict)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    dict: &'a mut Dict,
}

impl Reader<'_> {
    fn byte(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn blanks(&mut self) {
        while matches!(self.byte(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        self.blanks();
        (self.byte() == byte).then(|| self.at += 1)
    }

    fn object(&mut self, prefix: &str, depth: usize) -> Option<()> {
        self.eat(b'{')?;
        loop {
            self.blanks();
            if self.byte() == b'}' {
                self.at += 1;
                return Some(());
            }
            let key = self.key()?;
            self.eat(b':')?;
            self.blanks();
            let name = if prefix.is_empty() {
                key
            } else {
                format!("{prefix}/{key}")
            };
            self.value(&name, depth)?;
            self.blanks();
            match self.byte() {
                b',' => self.at += 1,
                b'}' => {}
                _ => return None,
            }
        }
    }

    fn key(&mut self) -> Option<String> {
        match self.byte() {
            b'"' | b'\'' => self.quoted().map(|span| self.piece(span).to_owned()),
            b'0'..=b'9' | b'-' => {
                let number = number::read(self.text, self.at)?;
                let key = self.piece(self.at..number.end).to_owned();
                self.at = number.end;
                Some(key)
            }
            _ => None,
        }
    }

    fn piece(&self, span: Range<usize>) -> &str {
        self.text.get(span).unwrap_or_default()
    }

    /// Reads a quoted string; the range is without its quotation marks.
    fn quoted(&mut self) -> Option<Range<usize>> {
        let mark = self.byte();
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut at = start;
        loop {
            match bytes.get(at)? {
                b'\\' => at += 2,
                byte if *byte == mark => break,
                _ => at += 1,
            }
        }
        self.at = at + 1;
        Some(start..at)
    }

    fn value(&mut self, name: &str, depth: usize) -> Option<()> {
        match self.byte() {
            b'{' if depth < MAX_DEPTH => return self.object(name, depth + 1),
            b'"' | b'\'' => {
                let span = self.quoted()?;
                match number::read(self.text, span.start) {
                    Some(number) if number.end == span.end => self.push(name, number, span.start),
                    _ => self.dict.words += 1,
                }
                return Some(());
            }
            _ => {}
        }
        if let Some(number) = number::read(self.text, self.at)
            && self.ends_value(number.end)
        {
            self.push(name, number, self.at);
            self.at = number.end;
            return Some(());
        }
        let start = self.at;
        let wrapped = self.wrapped();
        self.balanced()?;
        match wrapped {
            Some(at) => {
                if let Some(number) = number::read(self.text, at) {
                    self.push(name, number, at);
                }
            }
            None => {
                let value = self.piece(start..self.at).trim();
                self.dict.words += usize::from(value.starts_with(|c: char| c.is_alphabetic()));
            }
        }
        Some(())
    }

    fn ends_value(&self, at: usize) -> bool {
        let rest = self.text.get(at..).unwrap_or_default().trim_start();
        rest.starts_with([',', '}'])
    }

    /// Where the number of `np.float32(0.5)` or `tensor(0.5, …)` begins.
    fn wrapped(&self) -> Option<usize> {
        let rest = self.text.get(self.at..)?;
        let open = rest
            .bytes()
            .position(|b| !(b.is_ascii_alphanumeric() || b == b'_' || b == b'.'))?;
        let name = rest.get(..open)?.rsplit('.').next()?;
        let known = ["tensor", "float32", "float64", "float16", "Array", "array"].contains(&name);
        (known && rest.as_bytes().get(open) == Some(&b'(')).then_some(self.at + open + 1)
    }

    /// Passes over a value of another kind, up to its comma or the closing brace.
    fn balanced(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.byte() {
                0 if self.at >= self.text.len() => return None,
                b'"' | b'\'' => {
                    self.quoted()?;
                    continue;
                }
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' => depth = depth.checked_sub(1)?,
                b'}' if depth == 0 => return Some(()),
                b'}' => depth -= 1,
                b',' if depth == 0 => return Some(()),
                _ => {}
            }
            self.at += 1;
        }
    }

    fn push(&mut self, name: &str, number: number::Number, at: usize) {
        self.dict.entries.push(Entry {
            key: name.trim().to_owned(),
            value: number.value,
            span: at..number.end,
            integer: number.integer,
        });
    }
}
