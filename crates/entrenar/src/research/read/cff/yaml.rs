//! YAML as a tree whose parts know where they stand.
//!
//! Scalars stay text: whether `1.10` is a number is for the field to say. Anchors and aliases,
//! tags, several documents and repeated keys are refused, as no `CITATION.cff` needs them.

use std::collections::BTreeSet;

use granit_parser::{Event, Parser, ScalarStyle, Span};

use crate::research::read::{Problem, ReadError, ReadLimits};

/// A place: line and column, from 1.
pub(super) type Place = (usize, usize);

/// A part of the document.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Tree,
}

/// What a part is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    /// A text; `true` where it stood without quotes.
    Scalar(String, bool),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in its order.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// Whether it is an empty value, `~` or `null`.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Tree::Scalar(text, true)
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// As JSON; all scalars are texts.
    pub(super) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Tree::Scalar(..) if self.is_null() => serde_json::Value::Null,
            Tree::Scalar(text, _) => text.as_str().into(),
            Tree::List(items) => items.iter().map(Self::to_json).collect(),
            Tree::Map(entries) => entries
                .iter()
                .map(|(key, node)| (key.clone(), node.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}

fn place(span: &Span) -> Place {
    (span.start.line(), span.start.col() + 1)
}

fn refused(place: Place, message: impl Into<String>) -> ReadError {
    ReadError::Syntax(Problem {
        line: Some(place.0),
        column: Some(place.1),
        at: String::new(),
        message: message.into(),
    })
}

enum Open {
    List(Place, Vec<Node>),
    Map(Place, Vec<(String, Node)>, Option<String>, BTreeSet<String>),
}

/// Parses one document.
pub(super) fn parse(text: &str, limits: ReadLimits) -> Result<Node, ReadError> {
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let marker = error.marker();
            refused((marker.line(), marker.col() + 1), error.info().to_string())
        })?;
        let at = place(&span);
        let finished = match event {
            Event::DocumentStart(..) => {
                documents += 1;
                if documents > 1 {
                    return Err(refused(at, "there is a second document"));
                }
                None
            }
            Event::Alias(_) => {
                return Err(refused(at, "an alias; anchors and aliases are refused"));
            }
            Event::Scalar(text, style, _, _) => {
                let plain = style == ScalarStyle::Plain;
                Some(Node {
                    place: at,
                    value: Tree::Scalar(text.into_owned(), plain),
                })
            }
            Event::SequenceStart(..) => {
                open.push(Open::List(at, Vec::new()));
                None
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(at, Vec::new(), None, BTreeSet::new()));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List(place, items)) => Some(Node {
                    place,
                    value: Tree::List(items),
                }),
                Some(Open::Map(place, entries, ..)) => Some(Node {
                    place,
                    value: Tree::Map(entries),
                }),
                None => None,
            },
            _ => None,
        };
        if open.len() > limits.max_depth {
            return Err(refused(
                at,
                format!("nested more than {} deep", limits.max_depth),
            ));
        }
        let Some(node) = finished else { continue };
        match open.last_mut() {
            None => root = Some(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map(_, _, key @ None, known)) => {
                let Tree::Scalar(text, _) = node.value else {
                    return Err(refused(node.place, "a key is no text"));
                };
                if !known.insert(text.clone()) {
                    return Err(refused(
                        node.place,
                        format!("the key {text:?} is there twice"),
                    ));
                }
                *key = Some(text);
            }
            Some(Open::Map(_, entries, key, _)) => {
                entries.extend(key.take().map(|key| (key, node)));
            }
        }
    }
    root.ok_or_else(|| refused((1, 1), "the document is empty"))
}
