//! The table of Ultralytics' validator: a header that is the label of a progress bar
//! (`Class Images Instances Box(P R mAP50 mAP50-95): 100%|…|`), then a row for all classes.
//!
//! The names are those of the same program's `results.csv` (`metrics/precision(B)`), as
//! `ultralytics/utils/metrics.py` makes them: the first letter of the group, P and R in full.

use std::ops::Range;

use super::super::number;

/// The names of the columns of metrics.
pub(in crate::extract) fn header(label: &str) -> Option<Vec<String>> {
    let mut cells = label.trim_end_matches([':', ' ']).split_whitespace();
    let counts = cells.next()? == "Class"
        && cells.next()? == "Images"
        && matches!(cells.next()?, "Instances" | "Labels");
    if !counts {
        return None;
    }
    let mut group = String::new();
    let mut names = Vec::new();
    for cell in cells {
        let inside = match cell.split_once('(') {
            Some((name, inside)) => {
                let letter = name.chars().next()?.to_ascii_uppercase();
                group = format!("({letter})");
                inside
            }
            None => cell,
        };
        let name = match inside.trim_end_matches(')') {
            "P" => "precision",
            "R" => "recall",
            other => other,
        };
        names.push(format!("metrics/{name}{group}"));
    }
    (names.len() >= 2).then_some(names)
}

/// The values of the row for all classes, and where each is.
pub(in crate::extract) fn row(line: &str, columns: usize) -> Option<Vec<(f64, Range<usize>)>> {
    let base = line.as_ptr().addr();
    let mut cells = line.split_whitespace();
    if cells.next()? != "all" {
        return None;
    }
    let mut values = Vec::new();
    for cell in cells {
        let number = number::read(cell, 0).filter(|number| number.end == cell.len())?;
        let at = cell.as_ptr().addr() - base;
        values.push((number.value, at..at + cell.len()));
    }
    // Images and instances come first.
    (values.len() == columns + 2).then(|| values.split_off(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values() {
        let names = header("   Class  Images  Instances  Box(P  R  mAP50  mAP50-95)").unwrap();
        assert_eq!(
            names,
            [
                "metrics/precision(B)",
                "metrics/recall(B)",
                "metrics/mAP50(B)",
                "metrics/mAP50-95(B)"
            ]
        );
        let line = "  all  150  300  0.56  0.6  0.5  0.25";
        let row = row(line, 4).unwrap();
        let values: Vec<_> = row.iter().map(|(value, _)| *value).collect();
        assert_eq!(values, [0.56, 0.6, 0.5, 0.25]);
        assert_eq!(line.get(row[0].1.clone()), Some("0.56"));
    }

    #[test]
    fn other_lines_are_none() {
        for label in [
            "",
            "Class",
            "Class Images Instances",
            "Classes Images Instances P R",
        ] {
            assert_eq!(header(label), None, "{label}");
        }
        for line in ["all 1 2 0.5", "cat 1 2 0.5 0.5", "all 1 2 0.5 x", "all"] {
            assert_eq!(row(line, 2), None, "{line}");
        }
    }
}
