//! The rows of a session that is recorded: they change as it grows.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::super::failure::Failure;
use super::super::import::{self, FINAL_ACCURACY_NAN, FINAL_LOSS_NAN};
use super::super::recordings;
use super::super::value::{Text, length, optional_moment, optional_text, text};
use super::append::{self, Figures};
use crate::session::names::{accuracy_rank, loss_rank};
use crate::session::{EntrenarSession, Series, SeriesKey, ranked};

/// The id of the session in that row.
pub(super) fn id_of(connection: &Connection, row: i64) -> Result<String, Failure> {
    Ok(connection
        .prepare_cached("SELECT id FROM sessions WHERE session = ?1")?
        .query_row([row], |row| row.get::<_, Text>(0))?
        .0)
}

/// A series of a session.
#[derive(Debug, Clone)]
pub(super) struct SeriesRow {
    pub(super) row: i64,
    pub(super) key: SeriesKey,
    pub(super) count: usize,
}

/// All series of a session, in their order.
pub(super) fn series(connection: &Connection, session: i64) -> Result<Vec<SeriesRow>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT series, name, run, rank, count FROM series WHERE session = ?1 ORDER BY place",
    )?;
    let mut rows = statement.query([session])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(SeriesRow {
            row: row.get(0)?,
            key: SeriesKey {
                name: row.get::<_, Text>(1)?.0,
                run: row.get(2)?,
                rank: row.get(3)?,
            },
            count: row.get(4)?,
        });
    }
    Ok(all)
}

/// Adds a series to a session; its row.
pub(super) fn new_series(
    connection: &Connection,
    session: i64,
    place: usize,
    key: &SeriesKey,
) -> Result<i64, Failure> {
    connection
        .prepare_cached(
            "INSERT INTO series (session, place, name, run, rank, count)
             VALUES (?1, ?2, ?3, ?4, ?5, 0)",
        )?
        .execute(params![
            session,
            length(place),
            text(&key.name),
            key.run,
            key.rank
        ])?;
    Ok(connection.last_insert_rowid())
}

/// Writes what differs between the session as its rows have it and as it is to be; points and cells aside.
pub(super) fn write_changes(
    connection: &Connection,
    row: i64,
    stored: &EntrenarSession,
    session: &EntrenarSession,
) -> Result<(), Failure> {
    if stored == session {
        return Ok(());
    }
    let (ended_us, ended_rest) = optional_moment(session.ended_at);
    connection
        .prepare_cached(
            "UPDATE sessions SET user = ?2, architecture = ?3, dataset = ?4, config = ?5,
               notes = ?6, ended_us = ?7, ended_rest = ?8, runs = ?9, warnings = ?10,
               duration_us = ?7 - started_us
             WHERE session = ?1",
        )?
        .execute(params![
            row,
            optional_text(session.user.as_deref()),
            optional_text(session.architecture.as_deref()),
            optional_text(session.dataset.as_deref()),
            import::names(&session.config),
            optional_text(session.notes.as_deref()),
            ended_us,
            ended_rest,
            length(session.runs.len()),
            length(session.warnings.len()),
        ])?;
    recordings::put(connection, row, session)?;
    let delete = |table: &str| {
        connection
            .prepare_cached(&format!("DELETE FROM {table} WHERE session = ?1"))?
            .execute([row])
            .map_err(Failure::from)
    };
    if stored.runs != session.runs {
        delete("runs")?;
        import::run_rows(connection, session, row)?;
    }
    let small = |session: &EntrenarSession| {
        let EntrenarSession {
            tags,
            derived,
            warnings,
            ..
        } = session;
        (tags.clone(), derived.clone(), warnings.clone())
    };
    if small(stored) != small(session) {
        for table in ["tags", "derived", "warnings"] {
            delete(table)?;
        }
        import::small_rows(connection, session, row)?;
    }
    Ok(())
}

/// A series with its figures.
pub(super) struct Known {
    pub(super) key: SeriesKey,
    pub(super) figures: Figures,
}

/// The figures of a session that lists show.
pub(super) struct ListFigures {
    pub(super) points: usize,
    pub(super) steps: usize,
    pub(super) final_loss: Option<f64>,
    pub(super) best_loss: Option<f64>,
    pub(super) final_accuracy: Option<f64>,
    pub(super) best_accuracy: Option<f64>,
}

impl ListFigures {
    /// As `SessionMetrics` has them.
    fn of(all: &[Known]) -> Self {
        let of = |rank: fn(&str) -> Option<usize>| ranked(all.iter().map(|s| (&s.key, s)), rank);
        let (loss, accuracy) = (of(loss_rank), of(accuracy_rank));
        let last = |series: &[&Known]| series.last().map(|series| series.figures.last);
        let finite = |series: &[&Known]| -> Vec<(f64, f64)> {
            series.iter().filter_map(|s| s.figures.finite).collect()
        };
        let low = finite(&loss).into_iter().map(|range| range.0);
        let high = finite(&accuracy).into_iter().map(|range| range.1);
        let steps = if loss.is_empty() {
            let mut lengths: BTreeMap<(&str, Option<u32>), usize> = BTreeMap::new();
            for series in all {
                let name = (series.key.name.as_str(), series.key.rank);
                *lengths.entry(name).or_default() += series.figures.count;
            }
            lengths.into_values().max().unwrap_or(0)
        } else {
            loss.iter().map(|series| series.figures.count).sum()
        };
        Self {
            points: all.iter().map(|series| series.figures.count).sum(),
            steps,
            final_loss: last(&loss),
            best_loss: low.reduce(f64::min),
            final_accuracy: last(&accuracy),
            best_accuracy: high.reduce(f64::max),
        }
    }
}

/// All series of a session with their rows and figures, in their order. Empty ones there are none: a series
/// begins with its first point.
pub(super) fn known(connection: &Connection, session: i64) -> Result<Vec<(i64, Known)>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT series.series, name, run, rank, count, series_figures.series IS NOT NULL,
           last, finite_min, finite_max
         FROM series LEFT JOIN series_figures USING (series) WHERE session = ?1 ORDER BY place",
    )?;
    let mut rows = statement.query([session])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let (series, count) = (row.get(0)?, row.get(4)?);
        let key = SeriesKey {
            name: row.get::<_, Text>(1)?.0,
            run: row.get(2)?,
            rank: row.get(3)?,
        };
        let figures = if row.get(5)? {
            Figures {
                count,
                last: row.get::<_, Option<f64>>(6)?.unwrap_or(f64::NAN),
                finite: row.get::<_, Option<f64>>(7)?.zip(row.get(8)?),
            }
        } else {
            append::computed_figures(connection, series)?
        };
        all.push((series, Known { key, figures }));
    }
    Ok(all)
}

fn of_session(connection: &Connection, session: i64) -> Result<Vec<Known>, Failure> {
    let all = known(connection, session)?;
    Ok(all.into_iter().map(|(_, known)| known).collect())
}

/// The figures of a session together with the unsealed `tail` of its series.
pub(super) fn figures_with(
    connection: &Connection,
    session: i64,
    tail: &[&Series],
) -> Result<ListFigures, Failure> {
    let mut all = of_session(connection, session)?;
    for series in tail {
        let position = all.iter().position(|known| known.key == *series.key());
        let figures = match position.and_then(|at| all.get_mut(at)) {
            Some(known) => &mut known.figures,
            None => {
                all.push(Known {
                    key: series.key().clone(),
                    figures: Figures::default(),
                });
                match all.last_mut() {
                    Some(known) => &mut known.figures,
                    None => continue,
                }
            }
        };
        figures.add(series);
    }
    Ok(ListFigures::of(&all))
}

/// Keeps the figures of series that an earlier redaction wrote anew, so that they are computed once.
fn keep_figures(connection: &Connection, session: i64) -> Result<(), Failure> {
    let missing: Vec<(i64, usize)> = connection
        .prepare_cached(
            "SELECT series, count FROM series LEFT JOIN series_figures USING (series)
             WHERE session = ?1 AND series_figures.series IS NULL",
        )?
        .query_map([session], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (row, count) in missing {
        let figures = append::figures(connection, row, count)?;
        append::put_figures(connection, row, &figures)?;
    }
    Ok(())
}

/// Brings the figures for lists to those of the points.
pub(super) fn write_figures(connection: &Connection, session: i64) -> Result<(), Failure> {
    keep_figures(connection, session)?;
    let all = of_session(connection, session)?;
    let ListFigures {
        points,
        steps,
        final_loss,
        best_loss,
        final_accuracy,
        best_accuracy,
    } = ListFigures::of(&all);
    let mut nan_figures = 0;
    if final_loss.is_some_and(f64::is_nan) {
        nan_figures |= FINAL_LOSS_NAN;
    }
    if final_accuracy.is_some_and(f64::is_nan) {
        nan_figures |= FINAL_ACCURACY_NAN;
    }
    connection
        .prepare_cached(
            "UPDATE sessions SET points = ?2, steps = ?3, final_loss = ?4, best_loss = ?5,
               final_accuracy = ?6, best_accuracy = ?7, nan_figures = ?8,
               cells = (SELECT count(*) FROM cells WHERE cells.session = sessions.session)
             WHERE session = ?1",
        )?
        .execute(params![
            session,
            length(points),
            length(steps),
            final_loss,
            best_loss,
            final_accuracy,
            best_accuracy,
            nan_figures,
        ])?;
    write_last_values(connection, session, &all)
}

/// The last value of each name: of several runs that of the last, of several ranks that of the lowest.
fn write_last_values(connection: &Connection, session: i64, all: &[Known]) -> Result<(), Failure> {
    let mut last: BTreeMap<&str, &Known> = BTreeMap::new();
    for series in all {
        let entry = last.entry(&series.key.name).or_insert(series);
        let order = |series: &Known| (series.key.run, Reverse(series.key.rank));
        if order(series) > order(entry) {
            *entry = series;
        }
    }
    let mut statement = connection.prepare_cached(
        "INSERT INTO last_values (session, name, value) VALUES (?1, ?2, ?3)
         ON CONFLICT (session, name) DO UPDATE SET value = ?3 WHERE value IS NOT ?3",
    )?;
    for (name, series) in last {
        statement.execute(params![session, text(name), series.figures.last])?;
    }
    Ok(())
}
