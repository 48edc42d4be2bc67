//! Lists: conditions and order in SQL, on indexes.

use rusqlite::types::Value;
use rusqlite::{CachedStatement, Connection, Row, params_from_iter};

use super::failure::Failure;
use super::import::{FINAL_ACCURACY_NAN, FINAL_LOSS_NAN};
use super::value::{Text, from_moment, length, moment, owned_text, text};
use super::{recordings, search};
use crate::store::{Comparison, ListQuery, SessionSummary, SortKey};

/// A condition or order with its parameters.
#[derive(Debug, Clone, Default)]
struct Sql {
    text: String,
    parameters: Vec<Value>,
}

impl Sql {
    fn and(&mut self, condition: &str, parameters: impl IntoIterator<Item = Value>) {
        self.text.push_str(" AND ");
        self.text.push_str(condition);
        self.parameters.extend(parameters);
    }
}

/// The sessions that match, in order.
pub(super) fn list(
    connection: &Connection,
    query: &ListQuery,
) -> Result<Vec<SessionSummary>, Failure> {
    search::register(connection)?;
    let rows = ordered_rows(connection, query)?;
    let names = metric_names(query);
    let mut summaries = Summaries::prepare(connection)?;
    rows.into_iter()
        .map(|row| summaries.read(row, &names))
        .collect()
}

/// The rows that match, in order, from `offset` on.
///
/// An order is looked up in parts, each of which an index can give: sessions with a number,
/// then those whose value is NaN, then those without a value.
fn ordered_rows(connection: &Connection, query: &ListQuery) -> Result<Vec<i64>, Failure> {
    let conditions = conditions(query);
    let wanted = query
        .limit
        .map_or(usize::MAX, |limit| limit.saturating_add(query.offset));
    let mut rows = Vec::new();
    for part in order(query) {
        let missing = wanted.saturating_sub(rows.len());
        if missing == 0 {
            break;
        }
        let sql = format!(
            "SELECT sessions.session FROM {} WHERE {}{} ORDER BY {} LIMIT ?",
            part.from, part.condition, conditions.text, part.order
        );
        let parameters = part
            .parameters
            .iter()
            .chain(&conditions.parameters)
            .cloned()
            .chain([Value::Integer(length(missing))]);
        let mut statement = connection.prepare_cached(&sql)?;
        let found = statement.query_map(params_from_iter(parameters), |row| row.get(0))?;
        for row in found {
            rows.push(row?);
        }
    }
    Ok(rows.into_iter().skip(query.offset).collect())
}

/// One part of an order.
struct Part {
    from: &'static str,
    condition: String,
    parameters: Vec<Value>,
    order: String,
}

impl Part {
    fn of_sessions(condition: impl Into<String>, order: impl Into<String>) -> Self {
        Self {
            from: "sessions",
            condition: condition.into(),
            parameters: Vec::new(),
            order: order.into(),
        }
    }
}

fn order(query: &ListQuery) -> Vec<Part> {
    /// Whether the natural direction is that of growing values.
    const GROWING: bool = true;
    let direction = |growing: bool| {
        if growing == query.reverse {
            "DESC"
        } else {
            "ASC"
        }
    };
    let by = |column: &str, growing: bool| {
        let direction = direction(growing);
        vec![
            Part::of_sessions(
                format!("{column} IS NOT NULL"),
                format!("{column} {direction}, id"),
            ),
            Part::of_sessions(format!("{column} IS NULL"), "id"),
        ]
    };
    let with_nan = |column: &str, growing: bool, bit: i64| {
        let mut parts = by(column, growing);
        parts.pop();
        for (nan, comparison) in [(true, "<>"), (false, "=")] {
            if nan || bit > 0 {
                parts.push(Part::of_sessions(
                    format!("{column} IS NULL AND nan_figures & {bit} {comparison} 0"),
                    "id",
                ));
            }
        }
        parts
    };
    match &query.sort {
        SortKey::Started => {
            let direction = direction(!GROWING);
            vec![
                Part::of_sessions(
                    "started_us IS NOT NULL",
                    format!("started_us {direction}, started_rest {direction}, id"),
                ),
                Part::of_sessions("started_us IS NULL", "id"),
            ]
        }
        SortKey::Imported => by("imported_us", !GROWING),
        SortKey::Id => vec![Part::of_sessions(
            "TRUE",
            format!("id {}", direction(GROWING)),
        )],
        SortKey::Name => by("name", GROWING),
        SortKey::User => by("user", GROWING),
        SortKey::Format => by("source_format", GROWING),
        SortKey::Cells => by("cells", !GROWING),
        SortKey::Points => by("points", !GROWING),
        SortKey::Runs => by("runs", !GROWING),
        SortKey::Steps => by("steps", !GROWING),
        SortKey::Duration => by("duration_us", !GROWING),
        SortKey::FinalLoss => with_nan("final_loss", GROWING, FINAL_LOSS_NAN),
        SortKey::BestLoss => by("best_loss", GROWING),
        SortKey::FinalAccuracy => with_nan("final_accuracy", !GROWING, FINAL_ACCURACY_NAN),
        SortKey::BestAccuracy => by("best_accuracy", !GROWING),
        SortKey::Metric(name) => by_metric(name, direction(GROWING)),
    }
}

/// By the last value of a series, smallest first.
fn by_metric(name: &str, direction: &str) -> Vec<Part> {
    const FROM: &str = "last_values JOIN sessions ON sessions.session = last_values.session";
    let name = || vec![owned_text(name)];
    vec![
        Part {
            from: FROM,
            condition: "last_values.name = ? AND value IS NOT NULL".into(),
            parameters: name(),
            order: format!("value {direction}, id"),
        },
        Part {
            from: FROM,
            condition: "last_values.name = ? AND value IS NULL".into(),
            parameters: name(),
            order: "id".into(),
        },
        Part {
            parameters: name(),
            ..Part::of_sessions(
                "NOT EXISTS (SELECT 1 FROM last_values
                   WHERE last_values.session = sessions.session AND last_values.name = ?)",
                "id",
            )
        },
    ]
}

fn conditions(query: &ListQuery) -> Sql {
    let mut sql = Sql::default();
    for tag in &query.tags {
        sql.and(
            "EXISTS (SELECT 1 FROM tags WHERE tags.session = sessions.session AND tag = ?)",
            [owned_text(tag)],
        );
    }
    if let Some(wanted) = &query.text {
        sql.and(
            "(contains_text(sessions.name, ?) OR contains_text(id, ?)
              OR contains_text(notes, ?) OR contains_text(user, ?)
              OR contains_text(source_name, ?)
              OR EXISTS (SELECT 1 FROM cells WHERE cells.session = sessions.session
                         AND contains_text(cells.source, ?)))",
            std::iter::repeat_n(Value::Blob(search::fold(wanted).into_bytes()), 6),
        );
    }
    for (time, comparison) in [(query.since, ">="), (query.until, "<")] {
        if let Some((micros, rest)) = time.map(moment) {
            sql.and(
                &format!("(started_us, started_rest) {comparison} (?, ?)"),
                [Value::Integer(micros), Value::Integer(rest.into())],
            );
        }
    }
    for bound in &query.bounds {
        let comparison = match bound.comparison {
            Comparison::Less => "<",
            Comparison::AtMost => "<=",
            Comparison::Greater => ">",
            Comparison::AtLeast => ">=",
        };
        let number = Value::Real(bound.value);
        if let Some(column) = figure(&bound.metric) {
            sql.and(&format!("{column} {comparison} ?"), [number]);
        } else {
            sql.and(
                &format!(
                    "EXISTS (SELECT 1 FROM last_values AS bound
                     WHERE bound.session = sessions.session
                     AND bound.name = ? AND bound.value {comparison} ?)"
                ),
                [owned_text(&bound.metric), number],
            );
        }
    }
    sql
}

/// The column of a figure that is not a series' last value.
fn figure(metric: &str) -> Option<&'static str> {
    ["final_loss", "best_loss", "final_accuracy", "best_accuracy"]
        .into_iter()
        .find(|name| *name == metric)
}

/// The series whose last values the list shows.
fn metric_names(query: &ListQuery) -> Vec<&str> {
    let sorted = match &query.sort {
        SortKey::Metric(name) => Some(name.as_str()),
        _ => None,
    };
    let bounds = query.bounds.iter().map(|bound| bound.metric.as_str());
    let mut names = Vec::new();
    for name in sorted
        .into_iter()
        .chain(bounds.filter(|name| figure(name).is_none()))
    {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The names of all metrics: from each the index leads to the next, however many sessions have it.
pub(super) fn all_metric_names(connection: &Connection) -> Result<Vec<String>, Failure> {
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE names (name) AS (
           SELECT min(name) FROM last_values
           UNION ALL
           SELECT (SELECT min(name) FROM last_values WHERE name > names.name)
           FROM names WHERE names.name IS NOT NULL)
         SELECT name FROM names WHERE name IS NOT NULL",
    )?;
    let names = statement
        .query_map([], |row| Ok(row.get::<_, Text>(0)?.0))?
        .collect::<Result<_, _>>()?;
    Ok(names)
}

struct Summaries<'a> {
    connection: &'a Connection,
    has_recordings: bool,
    session: CachedStatement<'a>,
    tags: CachedStatement<'a>,
    metric: CachedStatement<'a>,
}

impl<'a> Summaries<'a> {
    fn prepare(connection: &'a Connection) -> Result<Self, Failure> {
        Ok(Self {
            connection,
            has_recordings: recordings::are_kept(connection)?,
            session: connection.prepare_cached(
                "SELECT id, name, user, source_name, source_format, started_us, started_rest,
                   ended_us, ended_rest, imported_us, cells, points, runs, steps, warnings,
                   final_loss, best_loss, final_accuracy, best_accuracy, nan_figures
                 FROM sessions WHERE session = ?1",
            )?,
            tags: connection
                .prepare_cached("SELECT tag FROM tags WHERE session = ?1 ORDER BY place")?,
            metric: connection
                .prepare_cached("SELECT value FROM last_values WHERE session = ?1 AND name = ?2")?,
        })
    }

    fn read(&mut self, row: i64, names: &[&str]) -> Result<SessionSummary, Failure> {
        let tags = self
            .tags
            .query_map([row], |row| Ok(row.get::<_, Text>(0)?.0))?
            .collect::<Result<_, _>>()?;
        let mut metrics = Vec::new();
        for name in names {
            let mut values = self.metric.query((row, text(name)))?;
            if let Some(value) = values.next()? {
                let value = value.get::<_, Option<f64>>(0)?.unwrap_or(f64::NAN);
                metrics.push(((*name).to_owned(), value));
            }
        }
        let mut rows = self.session.query([row])?;
        let found = rows
            .next()?
            .ok_or_else(|| Failure::damaged("an index names a session that is not there"))?;
        let mut summary = summary(found, tags, metrics)?;
        if self.has_recordings {
            summary.state = recordings::state(self.connection, row)?;
        }
        Ok(summary)
    }
}

fn summary(
    row: &Row<'_>,
    tags: Vec<String>,
    metrics: Vec<(String, f64)>,
) -> Result<SessionSummary, Failure> {
    let optional = |column| -> Result<Option<String>, Failure> {
        Ok(row.get::<_, Option<Text>>(column)?.map(|text| text.0))
    };
    let time = |column: usize| -> Result<_, Failure> {
        let parts = row
            .get::<_, Option<i64>>(column)?
            .zip(row.get::<_, Option<u32>>(column + 1)?);
        Ok(parts.and_then(|(micros, rest)| from_moment(micros, rest)))
    };
    let nan_figures: i64 = row.get(19)?;
    let figure = |column, bit| -> Result<Option<f64>, Failure> {
        let value: Option<f64> = row.get(column)?;
        Ok(value.or((nan_figures & bit != 0).then_some(f64::NAN)))
    };
    Ok(SessionSummary {
        id: row.get::<_, Text>(0)?.0,
        name: row.get::<_, Text>(1)?.0,
        user: optional(2)?,
        tags,
        source_name: optional(3)?,
        format: row.get(4)?,
        started_at: time(5)?,
        ended_at: time(7)?,
        imported_at: from_moment(row.get(9)?, 0)
            .ok_or_else(|| Failure::damaged("the time of an import"))?,
        cells: row.get(10)?,
        points: row.get(11)?,
        runs: row.get(12)?,
        steps: row.get(13)?,
        warnings: row.get(14)?,
        final_loss: figure(15, FINAL_LOSS_NAN)?,
        best_loss: row.get(16)?,
        final_accuracy: figure(17, FINAL_ACCURACY_NAN)?,
        best_accuracy: row.get(18)?,
        state: None,
        metrics,
    })
}
