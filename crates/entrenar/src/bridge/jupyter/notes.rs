use std::collections::BTreeMap;

use crate::session::{ImportWarning, Place, WarningKind};

/// Largest number of different warnings of one notebook.
const MAX_DIFFERENT: usize = 500;

/// Gathers the warnings of a notebook: one of each, with the first place and how many more
/// places there are, so that a large notebook with one habit gives one warning.
#[derive(Debug, Default)]
pub(super) struct Notes {
    index: BTreeMap<(WarningKind, String), usize>,
    notes: Vec<(ImportWarning, usize)>,
    left_out: usize,
}

impl Notes {
    /// Adds a warning; `path` is asked for only where it is the first of its kind.
    pub(super) fn add(&mut self, kind: WarningKind, path: impl FnOnce() -> String, message: &str) {
        let key = (kind, message.to_owned());
        if let Some((_, count)) = self.index.get(&key).and_then(|at| self.notes.get_mut(*at)) {
            *count += 1;
        } else if self.notes.len() < MAX_DIFFERENT {
            self.index.insert(key, self.notes.len());
            let warning = ImportWarning::new(kind, Place::path(path()), message);
            self.notes.push((warning, 1));
        } else {
            self.left_out += 1;
        }
    }

    /// Adds a value that the format does not allow.
    pub(super) fn invalid(&mut self, path: impl FnOnce() -> String, message: &str) {
        self.add(WarningKind::InvalidValue, path, message);
    }

    /// Adds a field that the format does not define.
    pub(super) fn unknown(&mut self, path: impl FnOnce() -> String, key: &str) {
        let message = format!("the format has no field `{key}` here; it is kept");
        self.add(WarningKind::UnknownField, path, &message);
    }

    /// All warnings, in the order in which they first came.
    pub(super) fn into_warnings(self) -> impl Iterator<Item = ImportWarning> {
        let rest = (self.left_out > 0).then(|| {
            let message = format!("{} more warnings were left out", self.left_out);
            ImportWarning::new(WarningKind::Limit, Place::default(), message)
        });
        self.notes
            .into_iter()
            .map(|(mut warning, count)| {
                let places = if count == 2 { "place" } else { "places" };
                if count > 1 {
                    let more = format!(" (and at {} more {places})", count - 1);
                    warning.message.push_str(&more);
                }
                warning
            })
            .chain(rest)
    }
}
