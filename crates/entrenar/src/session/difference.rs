//! Where two sessions differ.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::{CodeCell, ContentDigest, EntrenarSession, PointRef, Series};

/// The places in which `a` and `b` differ, each with a sentence; stand-in times are not
/// compared. Empty where both say the same.
pub fn differences(a: &EntrenarSession, b: &EntrenarSession) -> Vec<(String, String)> {
    let mut found = Vec::new();
    facts(a, b, &mut found);
    let (one, two) = (ContentDigest::of(a), ContentDigest::of(b));
    if one.content == two.content {
        return found;
    }
    if one.runs != two.runs {
        items(
            "runs",
            &a.runs,
            &b.runs,
            |run, other| run == other,
            &mut found,
        );
    }
    if one.document != two.document {
        let (one, two) = (&a.document, &b.document);
        items(
            "document.cells",
            &one.cells,
            &two.cells,
            |cell, other| cell == other,
            &mut found,
        );
        for (name, same) in [
            ("document.metadata", one.metadata == two.metadata),
            ("document.extra", one.extra == two.extra),
        ] {
            if !same {
                found.push((name.to_owned(), DIFFERS.to_owned()));
            }
        }
    }
    cells(a, b, &one, &two, &mut found);
    series(a, b, &one, &two, &mut found);
    if one.warnings != two.warnings {
        items(
            "warnings",
            &a.warnings,
            &b.warnings,
            |warning, other| warning == other,
            &mut found,
        );
    }
    found
}

type Found = Vec<(String, String)>;

const DIFFERS: &str = "it differs";

fn facts(a: &EntrenarSession, b: &EntrenarSession, found: &mut Found) {
    let mut fact = |name: &str, same: bool| {
        if !same {
            found.push((format!("metadata.{name}"), DIFFERS.to_owned()));
        }
    };
    fact("id", a.id == b.id);
    fact("name", a.name == b.name);
    fact("user", a.user == b.user);
    fact("architecture", a.architecture == b.architecture);
    fact("dataset", a.dataset == b.dataset);
    for (name, same) in keys(&a.config, &b.config) {
        fact(&format!("config.{name}"), same);
    }
    fact("tags", a.tags == b.tags);
    fact("notes", a.notes == b.notes);
    fact("started_at", a.recorded_start() == b.recorded_start());
    fact("ended_at", a.recorded_end() == b.recorded_end());
    fact("foreign_id", a.foreign_id == b.foreign_id);
    fact("source", a.source == b.source);
    fact("state", a.state == b.state);
    fact("forked_from", a.forked_from == b.forked_from);
    fact("environment", a.environment == b.environment);
    for (name, same) in keys(&a.derived, &b.derived) {
        fact(&format!("derived.{name}"), same);
    }
}

/// The keys of either map, and whether both have the same for it.
fn keys<'a>(
    a: &'a BTreeMap<String, String>,
    b: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = (&'a String, bool)> {
    let only_b = b.keys().filter(|key| !a.contains_key(*key));
    a.keys()
        .chain(only_b)
        .map(|key| (key, a.get(key) == b.get(key)))
}

/// Items of two lists, at the same places.
fn items<T>(name: &str, a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool, found: &mut Found) {
    if a.len() != b.len() {
        found.push((name.to_owned(), counts(a.len(), b.len())));
    }
    for (index, (one, two)) in a.iter().zip(b).enumerate() {
        if !same(one, two) {
            found.push((format!("{name}[{index}]"), DIFFERS.to_owned()));
            if a.len() != b.len() {
                // What follows has moved.
                return;
            }
        }
    }
}

fn counts(one: usize, two: usize) -> String {
    format!("there are {one} here and {two} there")
}

fn cells(
    a: &EntrenarSession,
    b: &EntrenarSession,
    one: &ContentDigest,
    two: &ContentDigest,
    found: &mut Found,
) {
    let moved = one.cells.len() != two.cells.len();
    if moved {
        found.push(("cells".to_owned(), counts(one.cells.len(), two.cells.len())));
    }
    for (index, (first, second)) in one.cells.iter().zip(&two.cells).enumerate() {
        if first == second {
            continue;
        }
        let pair = a.code_history.get(index).zip(b.code_history.get(index));
        let part = pair.map_or("", |(a, b)| part(a, b));
        found.push((format!("cells[{index}]{part}"), DIFFERS.to_owned()));
        if moved {
            return;
        }
    }
}

/// The first field in which two cells differ, with a dot before it.
fn part(a: &CodeCell, b: &CodeCell) -> &'static str {
    if a.source != b.source {
        ".source"
    } else if a.output != b.output {
        ".output"
    } else if a.execution_order != b.execution_order {
        ".order"
    } else if a.duration_ms != b.duration_ms {
        ".duration_ms"
    } else {
        ""
    }
}

fn series(
    a: &EntrenarSession,
    b: &EntrenarSession,
    one: &ContentDigest,
    two: &ContentDigest,
    found: &mut Found,
) {
    if one.series == two.series {
        return;
    }
    let name = |series: &Series| {
        let key = series.key();
        let part = |what: &str, number: Option<u32>| {
            number.map_or_else(String::new, |number| format!(", {what} {number}"))
        };
        format!(
            "metrics {:?}{}{}",
            key.name,
            part("run", key.run),
            part("rank", key.rank)
        )
    };
    let mut named = 0;
    for series in a.metrics.series() {
        match b.metrics.get(series.key()) {
            None => found.push((name(series), "the other does not have it".to_owned())),
            Some(other) if other == series => continue,
            Some(other) => {
                let message =
                    first_point(series, other).unwrap_or_else(|| counts(series.len(), other.len()));
                found.push((name(series), message));
            }
        }
        named += 1;
    }
    for series in b.metrics.series() {
        if a.metrics.get(series.key()).is_none() {
            found.push((name(series), "only the other has it".to_owned()));
            named += 1;
        }
    }
    if named == 0 {
        found.push(("metrics".to_owned(), "their order differs".to_owned()));
    }
}

fn first_point(a: &Series, b: &Series) -> Option<String> {
    let shown = |point: PointRef<'_>| {
        let step = point
            .step
            .map_or_else(String::new, |step| format!(" at step {step}"));
        format!("{}{step}", super::number::to_text(point.value))
    };
    let text = |value: Option<&dyn Display>| value.map(ToString::to_string);
    let same = |a: PointRef<'_>, b: PointRef<'_>| {
        (a.value.to_bits() == b.value.to_bits() || a.value.is_nan() && b.value.is_nan())
            && (a.step, a.time_us, a.origin) == (b.step, b.time_us, b.origin)
            && text(a.epoch.as_ref().map(|e| e as &dyn Display))
                == text(b.epoch.as_ref().map(|e| e as &dyn Display))
    };
    a.points()
        .zip(b.points())
        .enumerate()
        .find(|(_, (a, b))| !same(*a, *b))
        .map(|(index, (a, b))| format!("point {index} is {} here and {} there", shown(a), shown(b)))
}
