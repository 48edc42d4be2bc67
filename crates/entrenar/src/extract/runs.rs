//! Which points belong to which training.

use std::collections::BTreeMap;

use crate::session::{EntrenarSession, RunStatus, TimeSource, TrainingRun};

use super::ExtractedPoint;
use super::apply::CellPoint;
use super::config;
use super::source;

/// Place of a point in its training.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Position {
    epoch: Option<f64>,
    step: Option<i64>,
}

impl Position {
    fn of(point: &ExtractedPoint) -> Option<Self> {
        (point.epoch.is_some() || point.step.is_some()).then_some(Self {
            epoch: point.epoch,
            step: point.step,
        })
    }

    /// The order of two places; `None` where they cannot be compared.
    fn order(self, other: Self) -> Option<std::cmp::Ordering> {
        match (self.epoch, other.epoch) {
            (Some(a), Some(b)) => match a.partial_cmp(&b)? {
                std::cmp::Ordering::Equal => match (self.step, other.step) {
                    (Some(a), Some(b)) => Some(a.cmp(&b)),
                    _ => Some(std::cmp::Ordering::Equal),
                },
                different => Some(different),
            },
            (None, None) => Some(self.step?.cmp(&other.step?)),
            _ => None,
        }
    }
}

/// First and last place of a series in the current run, and the cell of the last.
#[derive(Debug, Clone, Copy)]
struct Extent {
    first: Position,
    last: Position,
    cell: usize,
}

impl Extent {
    /// Whether a point at `position` in `cell` begins the series again.
    fn begins_again(&self, position: Position, cell: usize) -> bool {
        use std::cmp::Ordering::{Equal, Less};
        let back = position.order(self.last);
        let to_first = position.order(self.first);
        if cell == self.cell {
            back == Some(Less) && matches!(to_first, Some(Less | Equal))
        } else {
            back == Some(Less) || back == Some(Equal) && to_first == Some(Equal)
        }
    }
}

/// A run while it is found.
#[derive(Default)]
struct Open<'a> {
    extents: BTreeMap<(&'a str, Option<u32>), Extent>,
}

impl<'a> Open<'a> {
    /// Enters a point of `cell` that has a place.
    fn see(&mut self, point: &'a ExtractedPoint, cell: usize) {
        let Some(position) = Position::of(point) else {
            return;
        };
        let key = (point.name.as_str(), point.rank);
        let extent = self.extents.entry(key).or_insert(Extent {
            first: position,
            last: position,
            cell,
        });
        extent.last = position;
        extent.cell = cell;
    }

    /// Whether a point without a place, in `cell`, is a value of a metric that the run placed in
    /// an earlier cell: a later evaluation of the model, not one more step of the training.
    fn evaluates(&self, point: &ExtractedPoint, cell: usize) -> bool {
        let key = (point.name.as_str(), point.rank);
        self.extents
            .get(&key)
            .is_some_and(|extent| extent.cell < cell)
    }
}

/// Whether `points` go on, each behind the one before, up to `position`: one training.
fn leads_to(points: &[CellPoint], position: Position) -> bool {
    let places = points.iter().filter_map(|(point, ..)| Position::of(point));
    let mut before: Option<Position> = None;
    for place in places.chain([position]) {
        let back = before.is_some_and(|before| {
            !matches!(
                before.order(place),
                Some(std::cmp::Ordering::Less | std::cmp::Ordering::Equal)
            )
        });
        if back {
            return false;
        }
        before = Some(place);
    }
    true
}

/// Finds the runs of `session`, enters them, and returns the run of each point of each cell.
pub(super) fn find(
    session: &mut EntrenarSession,
    cells: &[(usize, Vec<CellPoint>)],
) -> Vec<Vec<Option<u32>>> {
    let base = session.runs.len();
    let mut spans: Vec<(usize, usize)> = Vec::new();
    let mut assigned = Vec::with_capacity(cells.len());
    let mut open = Open::default();
    for (cell, points) in cells {
        let mut runs = Vec::with_capacity(points.len());
        // Values before the first placed point of the cell belong to that point's run.
        let mut waiting = 0;
        for (point, ..) in points {
            let Some(position) = Position::of(point) else {
                if runs.len() == waiting {
                    waiting += 1;
                }
                let current = spans.len().checked_sub(1);
                runs.push(current.filter(|_| !open.evaluates(point, *cell)));
                continue;
            };
            let key = (point.name.as_str(), point.rank);
            let again = open
                .extents
                .get(&key)
                .is_some_and(|extent| extent.begins_again(position, *cell));
            if spans.is_empty() || again {
                let before = spans.len().checked_sub(1);
                let began_before = spans.last().is_some_and(|(first, _)| first < cell);
                spans.push((*cell, *cell));
                open = Open::default();
                // The first lines of a training may show other metrics than its later ones.
                let so_far = points.get(..runs.len()).unwrap_or_default();
                if again && began_before && leads_to(so_far, position) {
                    for run in runs.iter_mut().filter(|run| **run == before) {
                        *run = Some(spans.len() - 1);
                    }
                    for (point, ..) in so_far {
                        open.see(point, *cell);
                    }
                }
            }
            open.see(point, *cell);
            let run = spans.len() - 1;
            if runs.len() == waiting {
                runs.fill(Some(run));
                waiting = usize::MAX;
            }
            runs.push(Some(run));
        }
        for run in runs.iter().flatten() {
            if let Some(span) = spans.get_mut(*run) {
                span.1 = *cell;
            }
        }
        assigned.push(runs);
    }
    if spans.is_empty()
        && let (Some((first, _)), Some((last, _))) = (cells.first(), cells.last())
    {
        spans.push((*first, *last));
        for run in assigned.iter_mut().flatten() {
            *run = Some(0);
        }
    }
    let found = describe(session, &spans, &assigned, cells);
    session.runs.extend(found);
    assigned
        .into_iter()
        .map(|runs| {
            runs.into_iter()
                .map(|run| run.and_then(|run| u32::try_from(base + run).ok()))
                .collect()
        })
        .collect()
}

fn describe(
    session: &EntrenarSession,
    spans: &[(usize, usize)],
    assigned: &[Vec<Option<usize>>],
    cells: &[(usize, Vec<CellPoint>)],
) -> Vec<TrainingRun> {
    let configs = configs(session, spans);
    let mut runs = Vec::with_capacity(spans.len());
    for (index, ((first, last), config)) in spans.iter().zip(configs).enumerate() {
        let alone = |cell: usize, begins: bool| {
            spans.iter().enumerate().all(|(other, span)| {
                other == index
                    || if begins {
                        other > index || span.1 != cell
                    } else {
                        other < index || span.0 != cell
                    }
            })
        };
        // A cell's error is that of the last run in it.
        let mut status = RunStatus::Finished;
        for ((cell, _), owners) in cells.iter().zip(assigned) {
            if !owners.contains(&Some(index)) {
                continue;
            }
            match session.cell_records.get(*cell) {
                None => status = RunStatus::Unknown,
                Some(record) if record.error.is_some() && alone(*cell, false) => {
                    status = RunStatus::Failed;
                    break;
                }
                Some(_) => {}
            }
        }
        let recorded = |cell: usize| {
            session
                .cell_records
                .get(cell)
                .is_some_and(|record| record.time_source == TimeSource::Recorded)
        };
        let started_at = session
            .code_history
            .get(*first)
            .filter(|_| recorded(*first) && alone(*first, true))
            .map(|cell| cell.timestamp);
        let ended_at = session
            .cell_records
            .get(*last)
            .filter(|_| alone(*last, false))
            .and_then(|record| record.ended_at)
            .or_else(|| {
                let cell = session.code_history.get(*last)?;
                let duration = i64::try_from(cell.duration_ms?).ok()?;
                (recorded(*last) && alone(*last, false)).then_some(())?;
                cell.timestamp
                    .checked_add_signed(chrono::TimeDelta::try_milliseconds(duration)?)
            });
        runs.push(TrainingRun {
            name: None,
            config,
            first_cell: u32::try_from(*first).ok(),
            last_cell: u32::try_from(*last).ok(),
            started_at,
            ended_at,
            status,
        });
    }
    runs
}

/// The settings that hold for each run: what the cells up to its first one assign, and above that
/// what the call of its first cell that trains is given.
///
/// An assignment counts if the run's code uses it, itself or through what it uses. One that no
/// code uses counts, too, unless it was made before an earlier run, or a method trains
/// (`model.fit`), which sees no variables of a notebook. A setting that the first cell assigns or
/// gives differently several times is left out where several runs begin in that cell.
fn configs(session: &EntrenarSession, spans: &[(usize, usize)]) -> Vec<BTreeMap<String, String>> {
    let mut configs = Vec::with_capacity(spans.len());
    let mut assigned: BTreeMap<String, (String, usize)> = BTreeMap::new();
    let mut ambiguous = Vec::new();
    let mut code = source::Code::default();
    let mut next = 0;
    let mut before: Option<usize> = None;
    for (first, last) in spans {
        while next <= *first {
            if let Some(cell) = session.code_history.get(next) {
                let mut config = BTreeMap::new();
                ambiguous = config::read(&cell.source, &mut config);
                for (name, value) in config {
                    assigned.insert(name, (value, next));
                }
            }
            next += 1;
        }
        let given = session
            .code_history
            .get(*first)
            .map(|cell| config::given(&cell.source))
            .unwrap_or_default();
        let mut own = BTreeMap::new();
        if !assigned.is_empty() {
            for cell in code.cells()..=*last {
                if let Some(cell) = session.code_history.get(cell) {
                    code.add(&cell.source);
                }
            }
            let used = code.used(*first..=*last);
            for (name, (value, cell)) in &assigned {
                let since = before.is_none_or(|before| *cell > before);
                let free = since && !given.by_method && !code.is_used_at_all(name);
                // A seed is that of the whole process.
                let seed = name.to_ascii_lowercase().contains("seed");
                if *cell == *first || free || seed || code.is_used(&used, name) {
                    own.insert(name.clone(), value.clone());
                }
            }
        }
        if spans.iter().filter(|span| span.0 == *first).count() > 1 {
            for name in &ambiguous {
                own.remove(name);
            }
        }
        for (name, value) in given.settings {
            match value {
                Some(value) => own.insert(name, value),
                None => own.remove(&name),
            };
        }
        before = Some(*first);
        configs.push(own);
    }
    configs
}
