//! Tuples of symbols and values, as Julia and Lisp print them: `(:epoch, 1, :trn, 0.9)`.

use super::super::number;
use super::dict::Entry;

/// Reads such a line: the entries with a number.
pub(in crate::extract) fn read(line: &str) -> Option<Vec<Entry>> {
    let inside = line.trim().strip_prefix("(:")?.strip_suffix(')')?;
    let base = line.as_ptr().addr();
    let mut entries = Vec::new();
    let mut name = "";
    for (index, part) in inside.split(',').enumerate() {
        let part = part.trim();
        if index % 2 == 0 {
            name = part.strip_prefix(':').unwrap_or(part);
            if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                return None;
            }
        } else {
            let number = number::read(part, 0).filter(|number| number.end == part.len())?;
            let at = part.as_ptr().addr() - base;
            entries.push(Entry {
                key: name.to_owned(),
                value: number.value,
                span: at..at + number.end,
                integer: number.integer,
            });
        }
    }
    Some(entries)
}
