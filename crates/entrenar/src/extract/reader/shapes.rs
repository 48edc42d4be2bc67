//! Lines of a shape of their own: rows of tables, dictionaries, tuples of symbols, reports.

use super::{Counters, Entering, Found, LineState, Marks, Meaning, PointKind, Reader, TABLE_GAP};
use super::{boxed, columns, dict, pairs, report, split_of, symbols, validator, with_split, words};

impl Reader {
    /// Reads a row of the table whose header came before; `false` where it is none.
    pub(super) fn table_row(
        &mut self,
        state: &LineState<'_>,
        base: usize,
        text: &str,
        open: bool,
        kind: Option<PointKind>,
    ) -> bool {
        let Some((header, gap)) = &mut self.table else {
            return false;
        };
        let Some(row) = columns::row(text, header, open) else {
            *gap += 1;
            if *gap > TABLE_GAP {
                self.table = None;
            }
            return false;
        };
        *gap = 0;
        let names = header.names.clone();
        let mut counters = Counters::default();
        counters.set(header.counter, row.count);
        if open {
            self.validated = counters;
        }
        let mut found = Vec::new();
        for (name, cell) in names.into_iter().skip(1).zip(row.cells) {
            if let Some((value, span, integer)) = cell {
                found.push(Found {
                    meaning: self.meaning(&name),
                    name,
                    value,
                    span,
                    integer,
                    plain: true,
                });
            }
        }
        let kind = kind.unwrap_or(if state.last {
            PointKind::Log
        } else {
            PointKind::Progress
        });
        let entering = Entering {
            rule: "columns",
            kind,
            log_line: true,
        };
        self.enter(state, base, found, counters, entering);
        true
    }

    pub(super) fn dict(
        &mut self,
        state: &LineState<'_>,
        base: usize,
        text: &str,
        kind: PointKind,
    ) -> bool {
        let Some(start) = text.find('{') else {
            return false;
        };
        let Some(dict) = dict::read(text, start) else {
            return false;
        };
        if !text.get(dict.end..).unwrap_or_default().trim().is_empty() {
            return false;
        }
        let before = text.get(..start).unwrap_or_default();
        let before_pairs = pairs::read(before);
        let mut counters = Self::counters(before, Marks::of(before), &before_pairs);
        let split = split_of(before, &before_pairs);
        let found = self.sort(dict.entries, split, &mut counters);
        if dict.words >= 2 && !counters.any() {
            // A dictionary of settings.
            return true;
        }
        self.see(&counters);
        let at = self.at(&counters);
        let entering = Entering {
            rule: "dict",
            kind,
            log_line: counters.any(),
        };
        self.enter(state, base, found, at, entering);
        true
    }

    /// Takes the counters out of the entries of a dictionary; the rest are values, named with
    /// the part of the data (`split`) that the line is about.
    fn sort(
        &mut self,
        entries: Vec<dict::Entry>,
        split: Option<&str>,
        counters: &mut Counters,
    ) -> Vec<Found> {
        let mut found = Vec::new();
        for entry in entries {
            match words::counter(&entry.key) {
                Some(counter) => counters.set(counter, entry.value),
                None => found.push(Found {
                    meaning: self.meaning(&entry.key),
                    name: with_split(&entry.key, split),
                    value: entry.value,
                    span: entry.span,
                    integer: entry.integer,
                    plain: true,
                }),
            }
        }
        found
    }

    pub(super) fn symbols(
        &mut self,
        state: &LineState<'_>,
        base: usize,
        text: &str,
        kind: PointKind,
    ) -> bool {
        let Some(entries) = symbols::read(text) else {
            return false;
        };
        let mut counters = Counters::default();
        let found = self.sort(entries, None, &mut counters);
        let entering = Entering {
            rule: "symbols",
            kind,
            log_line: counters.any(),
        };
        self.enter(state, base, found, counters, entering);
        true
    }

    /// The row of a validator for all classes: of the epoch just shown, else without a place.
    pub(super) fn validated(
        &mut self,
        state: &LineState<'_>,
        base: usize,
        text: &str,
        kind: PointKind,
    ) -> bool {
        let columns = self.validator.as_ref().map(Vec::len);
        let Some(row) = columns.and_then(|columns| validator::row(text, columns)) else {
            return false;
        };
        let names = self.validator.take().unwrap_or_default();
        let at = std::mem::take(&mut self.validated);
        let values = names.into_iter().zip(row);
        let found = values.map(|(name, (value, span))| Found {
            name,
            value,
            span,
            integer: false,
            meaning: Meaning::Metric,
            plain: true,
        });
        let entering = Entering {
            rule: "columns",
            kind,
            log_line: true,
        };
        self.enter(state, base, found.collect(), at, entering);
        true
    }

    /// Lines of evaluation reports, each with one value.
    pub(super) fn report(
        &mut self,
        state: &LineState<'_>,
        base: usize,
        text: &str,
        kind: PointKind,
    ) -> bool {
        let Some(entry) = report::read(text) else {
            return false;
        };
        if let Some(value) = entry.value {
            let found = Found {
                name: entry.name,
                value,
                span: entry.span,
                integer: false,
                meaning: Meaning::Metric,
                plain: true,
            };
            self.enter_one(state, base, found, "report", kind);
        }
        true
    }

    pub(super) fn boxed(
        &mut self,
        state: &LineState<'_>,
        base: usize,
        text: &str,
        kind: PointKind,
    ) -> bool {
        match boxed::row(text) {
            None => return false,
            Some(boxed::Row::Section(name)) => name.clone_into(&mut self.section),
            Some(boxed::Row::Value {
                name,
                value,
                span,
                integer,
            }) => {
                let meaning = self.meaning(name);
                let name = format!("{}{name}", self.section);
                let found = Found {
                    name,
                    value,
                    span,
                    integer,
                    meaning,
                    plain: false,
                };
                self.enter_one(state, base, found, "boxed", kind);
            }
        }
        true
    }

    /// A value that stands alone: it belongs to the step at which the text is.
    fn enter_one(
        &mut self,
        state: &LineState<'_>,
        base: usize,
        found: Found,
        rule: &'static str,
        kind: PointKind,
    ) {
        let entering = Entering {
            rule,
            kind,
            log_line: false,
        };
        self.enter(state, base, vec![found], self.context, entering);
    }
}
