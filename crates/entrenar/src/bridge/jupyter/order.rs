//! The order in which the code cells of a notebook ran.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

/// What a cell tells about when it ran.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Clue {
    pub(super) count: Option<i64>,
    pub(super) start: Option<DateTime<Utc>>,
    pub(super) has_outputs: bool,
}

/// How the order is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Each execution count is there once.
    Counts,
    /// No cell has a count; the recorded times tell.
    Times,
    /// Counts are there more than once (a kernel was restarted), and the recorded times tell.
    TimesForRepeatedCounts,
    /// The recorded times of all cells that have a count tell another order than the counts:
    /// a kernel was restarted.
    TimesAgainstCounts,
    /// Counts are there more than once, and not every such cell has a time.
    FileForRepeatedCounts,
    /// No cell has a count or a time.
    File,
}

impl Rule {
    /// What a reader of the session should know about it.
    pub(super) fn warning(self) -> Option<&'static str> {
        match self {
            Self::Counts => None,
            Self::Times => {
                Some("no cell has an execution count; the recorded times give the order")
            }
            Self::TimesForRepeatedCounts => Some(
                "execution counts repeat (more than one kernel session); the recorded times give the order",
            ),
            Self::TimesAgainstCounts => Some(
                "execution counts and recorded times disagree (more than one kernel session); the times give the order",
            ),
            Self::FileForRepeatedCounts => Some(
                "execution counts repeat (more than one kernel session) and not every cell has a time; the cells are in the order of the file",
            ),
            Self::File => Some(
                "no cell has an execution count or a time; the cells are in the order of the file",
            ),
        }
    }
}

/// The indices of the cells in the order in which they ran, and how that is known.
///
/// A cell that tells nothing keeps its place behind the code cell before it in the file, or
/// before the first one that tells something.
pub(super) fn order(clues: &[Clue]) -> (Vec<usize>, Rule) {
    let rule = rule(clues);
    let key = |clue: &Clue| match rule {
        Rule::Counts => clue.count.map(|count| (None, Some(count))),
        Rule::Times | Rule::TimesForRepeatedCounts | Rule::TimesAgainstCounts => {
            clue.start.map(|start| (Some(start), clue.count))
        }
        Rule::FileForRepeatedCounts | Rule::File => None,
    };
    let mut last = clues.iter().find_map(key);
    let mut keyed: Vec<_> = clues
        .iter()
        .enumerate()
        .map(|(index, clue)| {
            last = key(clue).or(last);
            // The cell that gave the key, then those behind it: a stable sort keeps that.
            (last, index)
        })
        .collect();
    keyed.sort_by_key(|(key, _)| *key);
    (keyed.into_iter().map(|(_, index)| index).collect(), rule)
}

/// Number of cells with outputs of which `rule` cannot tell when they ran.
pub(super) fn unplaced(clues: &[Clue], rule: Rule) -> usize {
    let is_placed = |clue: &&Clue| match rule {
        Rule::Counts => clue.count.is_some(),
        Rule::Times | Rule::TimesForRepeatedCounts | Rule::TimesAgainstCounts => {
            clue.start.is_some()
        }
        Rule::FileForRepeatedCounts | Rule::File => true,
    };
    let with_outputs = clues.iter().filter(|clue| clue.has_outputs);
    with_outputs.filter(|clue| !is_placed(clue)).count()
}

fn rule(clues: &[Clue]) -> Rule {
    let counted: Vec<_> = clues
        .iter()
        .filter_map(|clue| Some((clue.count?, clue.start)))
        .collect();
    if counted.is_empty() {
        return if clues.iter().any(|clue| clue.start.is_some()) {
            Rule::Times
        } else {
            Rule::File
        };
    }
    let counts: BTreeSet<_> = counted.iter().map(|(count, _)| count).collect();
    let is_unique = counts.len() == counted.len();
    let times: Option<BTreeSet<_>> = counted.iter().map(|(_, start)| *start).collect();
    match times {
        None if is_unique => Rule::Counts,
        None => Rule::FileForRepeatedCounts,
        Some(_) if !is_unique => Rule::TimesForRepeatedCounts,
        Some(times) => {
            let mut by_count = counted.clone();
            by_count.sort_by_key(|(count, _)| *count);
            let agree = by_count.is_sorted_by_key(|(_, start)| *start);
            // Equal times of two cells are stand-ins of some program, not observations.
            if agree || times.len() < counted.len() {
                Rule::Counts
            } else {
                Rule::TimesAgainstCounts
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clues(cells: &[(Option<i64>, Option<i64>)]) -> Vec<Clue> {
        let time = |s| DateTime::from_timestamp(1_700_000_000 + s, 0);
        cells
            .iter()
            .map(|(count, start)| Clue {
                count: *count,
                start: start.and_then(time),
                has_outputs: true,
            })
            .collect()
    }

    #[test]
    fn counts_decide_and_cells_without_one_stay_with_their_neighbours() {
        let cells = clues(&[
            (None, None),
            (Some(5), None),
            (None, None),
            (Some(2), None),
            (None, Some(1)),
        ]);
        assert_eq!(order(&cells), (vec![3, 4, 0, 1, 2], Rule::Counts));
        assert_eq!(unplaced(&cells, Rule::Counts), 3);
    }

    #[test]
    fn times_decide_where_counts_cannot() {
        let cells = clues(&[
            (Some(1), Some(30)),
            (Some(2), Some(40)),
            (Some(1), Some(10)),
        ]);
        assert_eq!(order(&cells), (vec![2, 0, 1], Rule::TimesForRepeatedCounts));
        let cells = clues(&[
            (Some(1), Some(30)),
            (Some(2), Some(40)),
            (Some(9), Some(10)),
        ]);
        assert_eq!(order(&cells), (vec![2, 0, 1], Rule::TimesAgainstCounts));
        let cells = clues(&[(None, Some(30)), (None, None), (None, Some(10))]);
        assert_eq!(order(&cells), (vec![2, 0, 1], Rule::Times));
        let cells = clues(&[(Some(2), Some(30)), (Some(1), Some(30))]);
        assert_eq!(order(&cells), (vec![1, 0], Rule::Counts));
    }

    #[test]
    fn else_the_file_decides() {
        let cells = clues(&[(Some(2), Some(9)), (Some(1), None), (Some(2), Some(3))]);
        assert_eq!(order(&cells), (vec![0, 1, 2], Rule::FileForRepeatedCounts));
        let cells = clues(&[(None, None), (None, None)]);
        assert_eq!(order(&cells), (vec![0, 1], Rule::File));
        assert_eq!(order(&[]), (vec![], Rule::File));
    }
}
