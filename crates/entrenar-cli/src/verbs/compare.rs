use std::collections::{BTreeMap, BTreeSet};

use entrenar::export::chart::ChartSeries;
use entrenar::session::{EntrenarSession, SeriesSummary, number};
use entrenar::store::{StoreError, StoreView};
use serde_json::{Value, json};

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::figures;
use crate::plot::{self, Frame};
use crate::series::{self, Drawing, Wanted};
use crate::table::{Column, Table};
use crate::term::{Line, Tone};

/// Compare sessions: what differs, metrics side by side, one chart
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar compare 3f2a91 b07c44
  entrenar compare 3f2a91 b07c44 --metric val_loss
  entrenar compare 3f2a91 b07c44 --json | jq .config")]
pub(crate) struct Args {
    /// Ids of sessions, or the beginnings of them
    #[arg(required = true, num_args = 2.., value_name = "ID")]
    ids: Vec<String>,
    /// Draw this metric (repeatable) [default: the loss]
    #[arg(long, value_name = "NAME")]
    metric: Vec<String>,
    /// Print the comparison as JSON
    #[arg(long)]
    json: bool,
}

/// A fact with its value in each session.
type Row = (String, Vec<Option<String>>);

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        // The ids are required.
        let Some((store, ids)) = app.named(&self.ids)? else {
            return Ok(Exit::Done);
        };
        let view = store.view(&ids)?;
        let sessions = series::described(&view, &ids)?;
        let cells = ids.iter().map(|id| view.cells(id));
        let cells: Vec<usize> = cells.collect::<Result<_, _>>()?;
        let (metadata, config) = (
            differing_metadata(&sessions, &cells),
            differing_config(&sessions),
        );
        let metrics = side_by_side(&view, &sessions)?;
        if self.json {
            app.out
                .json(&to_json(&sessions, &metadata, &config, &metrics))?;
            return Ok(Exit::Done);
        }
        let heads: Vec<String> = (0..sessions.len()).map(plot::letter).collect();
        for (session, head) in sessions.iter().zip(&heads) {
            let line = Line::of(Tone::Dim, format!("{head}  "))
                .and(Tone::Id, &session.id)
                .plain("  ")
                .and(Tone::Strong, &session.name);
            app.out.line(&line)?;
        }
        let mut columns = vec![("", Column::Left)];
        columns.extend(heads.iter().map(|head| (head.as_str(), Column::Flexible)));
        for (title, rows) in [
            ("Metadata that differs", &metadata),
            ("Config that differs", &config),
        ] {
            if rows.is_empty() {
                continue;
            }
            let mut table = Table::new(&columns);
            for (name, values) in rows {
                let mut cells = vec![Line::of(Tone::Dim, name)];
                cells.extend(values.iter().map(|value| match value {
                    Some(value) => Line::new().plain(value),
                    None => Line::new().dim("–"),
                }));
                table.row(cells);
            }
            app.heading(title)?;
            for line in table.lines(app.out.columns()) {
                app.out.line(&line)?;
            }
        }
        if !metrics.is_empty() {
            app.heading("Metrics")?;
            for line in metrics_table(&metrics, &heads).lines(app.out.columns()) {
                app.out.line(&line)?;
            }
        }
        let wanted = Wanted {
            metrics: &self.metric,
            ..Wanted::default()
        };
        let drawing = match Drawing::stored(&view, &sessions, wanted, false) {
            Ok(drawing) => drawing,
            // A comparison without a chart is one still, unless the chart was asked for.
            Err(failure) if !self.metric.is_empty() => return Err(failure),
            Err(_) => return Ok(Exit::Done),
        };
        let frame = Frame {
            columns: app.chart_columns(),
            rows: 14,
            colour: app.out.has_colour(),
        };
        let options = drawing.options();
        let pixels = |series: &[ChartSeries]| plot::pixels(series, &options, frame);
        let series = drawing.reduced(&options, pixels)?;
        app.out.gap()?;
        let lines = plot::chart(&series, &options, frame);
        for line in lines.iter().chain(&plot::legend(&series)) {
            app.out.line(line)?;
        }
        Ok(Exit::Done)
    }
}

fn differing_metadata(sessions: &[EntrenarSession], cells: &[usize]) -> Vec<Row> {
    type Fact = fn(&EntrenarSession) -> Option<String>;
    let facts: [(&str, Fact); 7] = [
        ("name", |s| Some(s.name.clone())),
        ("user", |s| s.user.clone()),
        ("architecture", |s| s.architecture.clone()),
        ("dataset", |s| s.dataset.clone()),
        ("format", |s| {
            s.source.as_ref().map(|source| source.format.to_string())
        }),
        ("began", |s| s.started_at.map(figures::second)),
        ("took", |s| s.duration().map(figures::duration)),
    ];
    let last: [(&str, Fact); 2] = [
        ("tags", |s| (!s.tags.is_empty()).then(|| s.tags.join(", "))),
        ("notes", |s| s.notes.clone()),
    ];
    let row = |(name, fact): &(&str, Fact)| -> Row {
        ((*name).to_owned(), sessions.iter().map(fact).collect())
    };
    let cells = cells.iter().map(|count| Some(count.to_string()));
    let cells = ("cells".to_owned(), cells.collect());
    let rows = facts.iter().map(row).chain([cells]);
    rows.chain(last.iter().map(row)).filter(differs).collect()
}

fn differing_config(sessions: &[EntrenarSession]) -> Vec<Row> {
    let names: BTreeSet<&String> = sessions.iter().flat_map(|s| s.config.keys()).collect();
    names
        .into_iter()
        .map(|name| {
            let values = sessions.iter().map(|s| s.config.get(name).cloned());
            (name.clone(), values.collect())
        })
        .filter(differs)
        .collect()
}

fn differs((_, values): &Row) -> bool {
    values.windows(2).any(|pair| pair.first() != pair.last())
}

/// A metric by its label, with what each session says of it.
type Metric = (String, Vec<Option<SeriesSummary>>);

/// Series by label, each with its place in every session.
fn side_by_side(
    view: &StoreView<'_>,
    sessions: &[EntrenarSession],
) -> Result<Vec<Metric>, StoreError> {
    let mut rows: Vec<Metric> = Vec::new();
    // Of each label the rows; a second series of a label in one session has a row of its own.
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, session) in sessions.iter().enumerate() {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for (info, series) in view.series_of(&session.id)? {
            let Some(summary) = series.summary()? else {
                continue;
            };
            let label = series::label(session, &info.key);
            let known = places.entry(label.clone()).or_default();
            let nth = seen.entry(label.clone()).or_default();
            let at = known.get(*nth).copied().unwrap_or(rows.len());
            *nth += 1;
            if at == rows.len() {
                known.push(at);
                rows.push((label, vec![None; sessions.len()]));
            }
            if let Some(slot) = rows.get_mut(at).and_then(|(_, row)| row.get_mut(place)) {
                *slot = Some(summary);
            }
        }
    }
    Ok(rows)
}

fn metrics_table(rows: &[Metric], heads: &[String]) -> Table {
    let names: Vec<[String; 3]> = heads
        .iter()
        .map(|head| [format!("{head} last"), "min".to_owned(), "max".to_owned()])
        .collect();
    let mut columns = vec![("metric", Column::Main)];
    for name in names.iter().flatten() {
        columns.push((name.as_str(), Column::Right));
    }
    let mut table = Table::new(&columns);
    for figure in [2, 3] {
        let columns: Vec<usize> = (0..heads.len()).map(|head| head * 3 + figure).collect();
        table.may_drop_early(&columns);
    }
    for (label, summaries) in rows {
        let mut cells = vec![Line::new().plain(label)];
        for summary in summaries {
            let summary = summary.as_ref();
            let last = summary.map(|s| figures::number(s.last)).unwrap_or_default();
            cells.push(Line::of(Tone::Strong, last));
            for value in [summary.and_then(|s| s.min), summary.and_then(|s| s.max)] {
                cells.push(Line::new().plain(figures::optional_number(value)));
            }
        }
        table.row(cells);
    }
    table
}

fn to_json(
    sessions: &[EntrenarSession],
    metadata: &[Row],
    config: &[Row],
    metrics: &[Metric],
) -> Value {
    let rows = |rows: &[Row]| -> Value {
        rows.iter()
            .map(|(name, values)| json!({ "name": name, "values": values }))
            .collect()
    };
    let figures = |summary: &Option<SeriesSummary>| -> Value {
        let Some(summary) = summary else {
            return Value::Null;
        };
        json!({
            "points": summary.count,
            "first": number::to_json(summary.first),
            "last": number::to_json(summary.last),
            "min": summary.min.map(number::to_json),
            "max": summary.max.map(number::to_json),
            "nan": summary.nan_count,
            "infinite": summary.infinite_count,
        })
    };
    json!({
        "sessions": sessions.iter().map(|s| s.id.as_str()).collect::<Vec<_>>(),
        "metadata": rows(metadata),
        "config": rows(config),
        "metrics": metrics
            .iter()
            .map(|(label, series)| {
                json!({ "name": label, "values": series.iter().map(figures).collect::<Vec<_>>() })
            })
            .collect::<Vec<_>>(),
    })
}
