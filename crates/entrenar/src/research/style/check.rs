//! What a CSL file must not do to the program that applies it.

use std::collections::{BTreeMap, BTreeSet};

use hayagriva::citationberg::IndependentStyle;
use serde_json::Value;

use super::StyleError;

/// The longest file, in bytes; the largest public styles have 300 KB.
const LONGEST: usize = 2 << 20;
/// The deepest nesting of elements, and of calls of macros.
const DEEPEST: usize = 100;
/// The most macros that applying all calls once may run.
const MOST_CALLS: u64 = 100_000;

fn invalid(message: impl Into<String>) -> StyleError {
    StyleError::InvalidStyle {
        message: message.into(),
    }
}

/// Size and depth, before the file is parsed.
pub(super) fn source(xml: &str) -> Result<(), StyleError> {
    if xml.len() > LONGEST {
        return Err(invalid(format!("it is longer than {} MiB", LONGEST >> 20)));
    }
    let mut depth = 0_usize;
    for part in xml.split('<').skip(1) {
        let tag = part.split('>').next().unwrap_or_default();
        if tag.starts_with(['!', '?']) {
            continue;
        }
        if tag.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else if !tag.ends_with('/') {
            depth += 1;
        }
        if depth > DEEPEST {
            return Err(invalid(format!(
                "its elements are nested more than {DEEPEST} deep"
            )));
        }
    }
    Ok(())
}

/// Macros that call themselves, or each other so often that the style would not end.
pub(super) fn macros(style: &IndependentStyle) -> Result<(), StyleError> {
    let mut calls: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for csl_macro in &style.macros {
        let tree = serde_json::to_value(&csl_macro.children)
            .map_err(|error| invalid(error.to_string()))?;
        let mut called = Vec::new();
        collect(&tree, &mut called);
        calls.entry(&csl_macro.name).or_insert(called);
    }
    let mut costs = BTreeMap::new();
    for name in calls.keys() {
        cost(name, &calls, &mut BTreeSet::new(), &mut costs)?;
    }
    Ok(())
}

fn collect(tree: &Value, called: &mut Vec<String>) {
    match tree {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if name == "@macro" => called.push(text.clone()),
                    value => collect(value, called),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, called)),
        _ => {}
    }
}

/// How many macros run where `name` is called.
fn cost<'a>(
    name: &'a str,
    calls: &'a BTreeMap<&str, Vec<String>>,
    above: &mut BTreeSet<&'a str>,
    costs: &mut BTreeMap<&'a str, u64>,
) -> Result<u64, StyleError> {
    if let Some(cost) = costs.get(name) {
        return Ok(*cost);
    }
    if !above.insert(name) {
        return Err(invalid(format!("the macro {name:?} calls itself")));
    }
    if above.len() > DEEPEST {
        return Err(invalid(format!(
            "its macros call each other more than {DEEPEST} deep"
        )));
    }
    let mut total = 1_u64;
    for called in calls.get(name).into_iter().flatten() {
        total = total.saturating_add(cost(called, calls, above, costs)?);
    }
    if total > MOST_CALLS {
        return Err(invalid(format!(
            "the macro {name:?} runs more than {MOST_CALLS} others"
        )));
    }
    above.remove(name);
    costs.insert(name, total);
    Ok(total)
}
