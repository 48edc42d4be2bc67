//! A configuration document as a tree whose parts know where they stand.

use super::problem::{MetadataError, MetadataProblem, Position};

/// A value and the byte at which it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) at: usize,
    pub(super) value: Content,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    Null,
    Bool(bool),
    /// A number as it is written.
    Number(String),
    Text(String),
    /// A date or time as it is written (TOML alone has them).
    Time(String),
    List(Vec<Node>),
    Table(Vec<Entry>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) at: usize,
    pub(super) value: Node,
}

impl Content {
    /// What it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::Time(_) => "a date or time",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

impl Node {
    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The entry of that key; of equal keys the last counts, as in JavaScript and Python.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Content::Table(entries) => entries
                .iter()
                .rev()
                .find(|entry| entry.key == key)
                .map(|entry| &entry.value),
            _ => None,
        }
    }
}

/// Collects what is wrong with a document.
#[derive(Debug)]
pub(super) struct Problems<'a> {
    text: &'a str,
    found: Vec<(Option<usize>, String, String)>,
    more: usize,
}

impl<'a> Problems<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            found: Vec::new(),
            more: 0,
        }
    }

    pub(super) fn add(&mut self, at: Option<usize>, key: &str, message: impl Into<String>) {
        if self.found.len() < MetadataError::MAX_PROBLEMS {
            self.found.push((at, key.to_owned(), message.into()));
        } else {
            self.more += 1;
        }
    }

    /// Whether a further problem would only be counted.
    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= MetadataError::MAX_PROBLEMS
    }

    /// Takes the value, or tells of the problem and takes nothing.
    pub(super) fn take<T, E: std::fmt::Display>(
        &mut self,
        at: usize,
        key: &str,
        value: Result<T, E>,
    ) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(error) => {
                self.add(Some(at), key, error.to_string());
                None
            }
        }
    }

    pub(super) fn wrong_kind(&mut self, node: &Node, key: &str, wanted: &str) {
        let found = node.value.kind();
        self.add(Some(node.at), key, format!("it is {found}, not {wanted}"));
    }

    /// The text of a node.
    pub(super) fn text(&mut self, node: &Node, key: &str) -> Option<String> {
        match &node.value {
            Content::Text(text) => Some(text.clone()),
            _ => {
                self.wrong_kind(node, key, "a text");
                None
            }
        }
    }

    /// A text with something in it.
    pub(super) fn filled_text(&mut self, node: &Node, key: &str) -> Option<String> {
        let text = self.text(node, key)?;
        if crate::research::text::one_line(&text).is_empty() {
            self.add(Some(node.at), key, "it is empty");
            return None;
        }
        Some(text)
    }

    /// `value`, or all problems, the first line first.
    pub(super) fn finish<T>(mut self, file: &str, value: T) -> Result<T, MetadataError> {
        if self.found.is_empty() {
            return Ok(value);
        }
        self.found.sort_by_key(|(at, _, _)| at.unwrap_or(0));
        Err(MetadataError {
            file: file.to_owned(),
            problems: self
                .found
                .into_iter()
                .map(|(at, key, message)| MetadataProblem {
                    position: at.map(|at| Position::of(self.text, at)),
                    key,
                    message,
                })
                .collect(),
            more: self.more,
        })
    }
}

/// The name of `known` that is nearest to `given` by edit distance, if one is near enough to be
/// meant.
pub fn nearest<'a>(given: &str, known: &[&'a str]) -> Option<&'a str> {
    // Long keys are nobody's typing mistake.
    if given.len() > 40 {
        return None;
    }
    let given = given.to_lowercase();
    known
        .iter()
        .map(|name| (distance(&given, name), *name))
        .filter(|(distance, name)| *distance <= name.len() / 3 + 1 && *distance < name.len())
        .min()
        .map(|(_, name)| name)
}

/// Edit distance (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (cell, right) in row.iter_mut().skip(1).zip(b.chars()) {
            let here = (diagonal + usize::from(left != right))
                .min(*cell + 1)
                .min(before + 1);
            diagonal = *cell;
            *cell = here;
            before = here;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_key_is_recognised() {
        let known = ["license", "authors", "keywords", "title"];
        assert_eq!(nearest("licence", &known), Some("license"));
        assert_eq!(nearest("Author", &known), Some("authors"));
        assert_eq!(nearest("keyword", &known), Some("keywords"));
        assert_eq!(nearest("zzz", &known), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
