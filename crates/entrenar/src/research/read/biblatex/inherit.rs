//! What an entry takes over from others: `crossref` and `xdata`.
//!
//! Source: the biblatex manual 3.21, sections 2.4.1 and 3.13.6 and appendix B (the default rules).

use std::collections::BTreeMap;

use biblatex::Chunks;

use super::Entry;
use crate::research::read::problem::Problems;

/// Fields that nothing inherits.
const NEVER: [&str; 16] = [
    "crossref",
    "entryset",
    "entrysubtype",
    "execute",
    "ids",
    "label",
    "options",
    "presort",
    "related",
    "relatedoptions",
    "relatedstring",
    "relatedtype",
    "shorthand",
    "shorthandintro",
    "sortkey",
    "xref",
];

/// The longest chain of parents.
const MOST: usize = 16;

/// The fields of each entry with those that it inherits.
pub(super) fn resolve(entries: &mut [Entry], problems: &mut Problems<'_>) {
    let keys: BTreeMap<String, usize> = entries
        .iter()
        .enumerate()
        .rev()
        .map(|(at, entry)| (entry.key.to_lowercase(), at))
        .collect();
    let mut done = vec![false; entries.len()];
    for at in 0..entries.len() {
        one(at, entries, &keys, &mut done, &mut Vec::new(), problems);
    }
}

fn one(
    at: usize,
    entries: &mut [Entry],
    keys: &BTreeMap<String, usize>,
    done: &mut [bool],
    above: &mut Vec<usize>,
    problems: &mut Problems<'_>,
) {
    if done.get(at).copied().unwrap_or(true) {
        return;
    }
    let Some(entry) = entries.get(at) else { return };
    let (key, place) = (entry.key.clone(), entry.place);
    let parents: Vec<(bool, String)> = entry
        .xdata
        .iter()
        .map(|parent| (true, parent.clone()))
        .chain(entry.crossref.iter().map(|parent| (false, parent.clone())))
        .collect();
    above.push(at);
    for (is_xdata, parent) in parents {
        let named = if is_xdata { "xdata" } else { "crossref" };
        let Some(parent_at) = keys.get(&parent.to_lowercase()).copied() else {
            let message = format!("{named} names {parent:?}, which is not in the file");
            problems.add(Some(place), &key, message);
            continue;
        };
        if above.contains(&parent_at) || above.len() > MOST {
            let message = format!("{named} to {parent:?} goes round in a circle or too far");
            problems.add(Some(place), &key, message);
            continue;
        }
        one(parent_at, entries, keys, done, above, problems);
        let Some(parent) = entries.get(parent_at) else {
            continue;
        };
        let (parent_kind, fields) = (parent.kind.clone(), parent.fields.clone());
        if let Some(entry) = entries.get_mut(at) {
            inherit(entry, is_xdata, &parent_kind, fields);
        }
    }
    above.pop();
    if let Some(done) = done.get_mut(at) {
        *done = true;
    }
}

fn inherit(entry: &mut Entry, is_xdata: bool, parent_kind: &str, fields: BTreeMap<String, Chunks>) {
    let has_date = ["date", "year"]
        .iter()
        .any(|name| entry.fields.contains_key(*name));
    // What gets another name goes first: the title of a volume counts more than its `booktitle`.
    let mut same = Vec::new();
    for (name, value) in fields {
        if NEVER.contains(&name.as_str())
            || (has_date && matches!(&*name, "date" | "year" | "month"))
        {
            continue;
        }
        let target = if is_xdata {
            Some(name.clone())
        } else {
            renamed(&name, parent_kind, &entry.kind)
        };
        match target {
            Some(target) if target != name => {
                entry.fields.entry(target).or_insert(value);
            }
            Some(_) => same.push((name, value)),
            None => {}
        }
    }
    for (name, value) in same {
        entry.fields.entry(name).or_insert(value);
    }
}

/// The field that a parent's field becomes in the child, if any.
fn renamed(name: &str, parent: &str, child: &str) -> Option<String> {
    let in_book = matches!(child, "inbook" | "bookinbook" | "suppbook");
    let in_collection = matches!(child, "incollection" | "inreference" | "suppcollection");
    let prefix = match parent {
        "mvbook" if in_book || child == "book" => "main",
        "mvcollection" | "mvreference"
            if in_collection || matches!(child, "collection" | "reference") =>
        {
            "main"
        }
        "mvproceedings" if matches!(child, "proceedings" | "inproceedings" | "conference") => {
            "main"
        }
        "book" if in_book => "book",
        "collection" | "reference" if in_collection => "book",
        "proceedings" if matches!(child, "inproceedings" | "conference") => "book",
        // classic BibTeX has no types for collections
        "book" | "proceedings" if in_collection => "book",
        "periodical" if matches!(child, "article" | "suppperiodical") => "journal",
        _ => "",
    };
    match name {
        "title" | "subtitle" | "titleaddon" if !prefix.is_empty() => {
            Some(format!("{prefix}{name}"))
        }
        "shorttitle" | "sorttitle" | "indextitle" | "indexsorttitle" if !prefix.is_empty() => None,
        "author" if in_book && matches!(parent, "mvbook" | "book") => Some("author".to_owned()),
        _ => Some(name.to_owned()),
    }
}
