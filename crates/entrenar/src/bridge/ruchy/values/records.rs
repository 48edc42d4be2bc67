//! Points in a value: lists, objects of lists, lists of objects, single numbers.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::session::names;

use super::is_metric_name;
use super::parse::Shown;

/// One number of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// Name of the series.
    pub name: String,
    /// The grammar that found it.
    pub rule: &'static str,
    /// Whether it is a single number.
    pub single: bool,
    /// The numbers with their places in the text.
    pub values: Vec<FoundValue>,
}

/// One number of a series.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FoundValue {
    pub value: f64,
    pub step: Option<i64>,
    pub epoch: Option<f64>,
    pub span: Range<usize>,
}

/// All series in the value of the variable or field `path`.
pub(super) fn find(path: &str, value: &Shown) -> Vec<Found> {
    let mut found = Vec::new();
    collect(path, value, &mut found);
    found
}

fn collect(path: &str, value: &Shown, found: &mut Vec<Found>) {
    match value {
        Shown::Number(number, span) => {
            if is_metric_name(path) {
                found.push(Found {
                    name: path.to_owned(),
                    rule: "ruchy-number",
                    single: true,
                    values: vec![FoundValue::bare(*number, span.clone())],
                });
            }
        }
        Shown::List(items) => {
            if let Some(numbers) = value.numbers() {
                found.push(Found {
                    name: path.to_owned(),
                    rule: "ruchy-list",
                    single: false,
                    values: numbers
                        .into_iter()
                        .map(|(number, span)| FoundValue::bare(number, span))
                        .collect(),
                });
            } else {
                collect_records(path, items, found);
            }
        }
        Shown::Object(fields) => collect_object(path, fields, found),
        Shown::Text(_) | Shown::Other => {}
    }
}

impl FoundValue {
    fn bare(value: f64, span: Range<usize>) -> Self {
        Self {
            value,
            step: None,
            epoch: None,
            span,
        }
    }
}

/// What a field counts, if it is no metric.
#[derive(Clone, Copy, PartialEq)]
enum Counter {
    Epoch,
    Step,
}

fn counter(key: &str) -> Option<Counter> {
    match names::fold(key).as_str() {
        "epoch" | "epochs" => Some(Counter::Epoch),
        "step" | "steps" | "iteration" | "iterations" | "iter" | "batch" | "global_step" => {
            Some(Counter::Step)
        }
        _ => None,
    }
}

/// The number as a step, if it is whole.
fn whole(number: f64) -> Option<i64> {
    let text = format!("{number:.0}");
    let whole: i64 = text.parse().ok()?;
    (number.fract() == 0.0).then_some(whole)
}

/// An object: series of its lists and single numbers, with epochs and steps beside them.
fn collect_object(path: &str, fields: &[(String, Shown)], found: &mut Vec<Found>) {
    let first = found.len();
    for (key, value) in fields {
        if counter(key).is_none() {
            collect(&format!("{path}.{key}"), value, found);
        }
    }
    for (key, value) in fields {
        let Some(counter) = counter(key) else {
            continue;
        };
        let counts = match value {
            Shown::Number(number, _) => vec![*number],
            list => list
                .numbers()
                .unwrap_or_default()
                .into_iter()
                .map(|(number, _)| number)
                .collect(),
        };
        for series in found.iter_mut().skip(first) {
            let fits = series.values.len() == counts.len();
            let direct = series.name.matches('.').count() == path.matches('.').count() + 1;
            if fits && direct {
                for (value, count) in series.values.iter_mut().zip(&counts) {
                    value.count(counter, *count);
                }
            }
        }
    }
}

impl FoundValue {
    fn count(&mut self, counter: Counter, number: f64) {
        match counter {
            Counter::Epoch => self.epoch = self.epoch.or(Some(number)),
            Counter::Step => self.step = self.step.or_else(|| whole(number)),
        }
    }
}

/// A list of objects: a series for each metric among their numbers.
fn collect_records(path: &str, items: &[Shown], found: &mut Vec<Found>) {
    let mut order: Vec<Found> = Vec::new();
    let mut index: BTreeMap<&str, usize> = BTreeMap::new();
    for item in items {
        let Shown::Object(fields) = item else {
            return;
        };
        for (key, value) in fields {
            let Shown::Number(number, span) = value else {
                continue;
            };
            if counter(key).is_some() || !is_metric_name(key) {
                continue;
            }
            let mut point = FoundValue::bare(*number, span.clone());
            for (other, count) in fields {
                if let (Some(counter), Shown::Number(count, _)) = (counter(other), count) {
                    point.count(counter, *count);
                }
            }
            let end = order.len();
            let at = *index.entry(key).or_insert(end);
            match order.get_mut(at) {
                Some(series) => series.values.push(point),
                None => order.push(Found {
                    name: format!("{path}.{key}"),
                    rule: "ruchy-records",
                    single: false,
                    values: vec![point],
                }),
            }
        }
    }
    found.append(&mut order);
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    /// Name, values, steps and epochs of each series.
    fn series(path: &str, text: &str) -> Vec<String> {
        find(path, &parse(text).unwrap())
            .iter()
            .map(|found| {
                let values: Vec<String> = found
                    .values
                    .iter()
                    .map(|v| format!("{:?}@{:?}/{:?}", v.value, v.step, v.epoch))
                    .collect();
                format!("{} {}", found.name, values.join(" "))
            })
            .collect()
    }

    #[test]
    fn lists_are_named_by_the_variable() {
        assert_eq!(
            series("losses", "[1.5, 0.5]"),
            ["losses 1.5@None/None 0.5@None/None"]
        );
        for none in [
            "[]",
            "[1, \"a\"]",
            "[[1], [2]]",
            "[true]",
            "\"loss\"",
            "nil",
        ] {
            assert_eq!(series("losses", none), [""; 0], "{none}");
        }
    }

    #[test]
    fn objects_give_a_series_a_key_with_epochs_beside() {
        assert_eq!(
            series("history", "{epoch: [1, 2], loss: [1.5, 0.5], lr: 0.1}"),
            ["history.loss 1.5@None/Some(1.0) 0.5@None/Some(2.0)"]
        );
        assert_eq!(
            series("last", "{step: 10, val: {acc: 0.5}, loss: 0.25}"),
            ["last.val.acc 0.5@None/None", "last.loss 0.25@Some(10)/None"]
        );
    }

    #[test]
    fn lists_of_objects_give_metrics_only() {
        assert_eq!(
            series(
                "log",
                "[{epoch: 1, loss: 0.5, lr: 0.1}, {epoch: 2, loss: 0.25, lr: 0.1}]"
            ),
            ["log.loss 0.5@None/Some(1.0) 0.25@None/Some(2.0)"]
        );
    }

    #[test]
    fn single_numbers_count_for_metrics_only() {
        assert_eq!(series("val_loss", "0.5").len(), 1);
        for none in ["w", "b", "lr", "epoch", "loss_fn", "x"] {
            assert_eq!(series(none, "0.5"), [""; 0], "{none}");
        }
    }
}
