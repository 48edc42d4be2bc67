use std::path::PathBuf;

use entrenar::export::chart::{ChartOptions, ChartSeries};
use entrenar::export::svg;
use entrenar::session::number;
use serde_json::{Value, json};

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::plot::{self, Frame};
use crate::save;
use crate::series::{self, Drawing, Wanted};
use crate::term::{Line, Tone};

/// Draw metrics of one or more sessions
///
/// Without --metric it draws the loss, else the accuracy, else the longest series, one with
/// `loss` in its name before others.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar plot 3f2a91
  entrenar plot 3f2a91 b07c44 --metric val_loss --log
  entrenar plot 3f2a91 --smooth 0.9
  entrenar plot 3f2a91 --svg loss.svg")]
pub(crate) struct Args {
    /// Ids of sessions, or the beginnings of them
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// Draw this metric (repeatable)
    #[arg(long, value_name = "NAME")]
    metric: Vec<String>,
    /// Draw this run, by its number in `show` (repeatable)
    #[arg(long, value_name = "N")]
    run: Vec<u32>,
    /// Scale the values logarithmically; what is not positive is left out
    #[arg(long)]
    log: bool,
    /// Smooth by an exponential moving average with this weight (0 to 1); the values stay
    /// visible behind it
    #[arg(long, value_name = "WEIGHT", value_parser = weight)]
    smooth: Option<f64>,
    /// Write an SVG file instead (`-` for standard output)
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    svg: Option<PathBuf>,
    /// Rows of the chart
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(2..=500))]
    height: u16,
    /// Columns of the chart [default: the terminal's, or 80]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(20..=2000))]
    width: Option<u16>,
    /// Print the points as JSON
    #[arg(long)]
    json: bool,
}

fn weight(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|weight| (0.0..1.0).contains(weight))
        .ok_or_else(|| "a weight is from 0 (no smoothing) to less than 1".to_owned())
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        // The ids are required.
        let Some((store, ids)) = app.named(&self.ids)? else {
            return Ok(Exit::Done);
        };
        let view = store.view(&ids)?;
        let sessions = series::described(&view, &ids)?;
        let wanted = Wanted {
            metrics: &self.metric,
            runs: &self.run,
        };
        let drawing = Drawing::stored(&view, &sessions, wanted, self.json)?;
        if self.json {
            app.out.json(&to_json(&drawing))?;
            return Ok(Exit::Done);
        }
        if drawing.left_out > 0 {
            let line = Line::of(Tone::Warning, "! ").plain(format!(
                "the first {} series are drawn, {} are left out; {}",
                series::MOST_CURVES,
                drawing.left_out,
                drawing.advice()
            ));
            app.err.line(&line)?;
        }
        let options = ChartOptions {
            log_y: self.log,
            smoothing: self.smooth,
            ..drawing.options()
        };
        if let Some(path) = &self.svg {
            let pixels = |series: &[ChartSeries]| svg::pixels(series, &options);
            let series = drawing.reduced(&options, pixels)?;
            save::document(app, Some(path), svg::chart(&series, &options).as_bytes())?;
            return Ok(Exit::Done);
        }
        let frame = Frame {
            columns: self.width.map_or_else(|| app.chart_columns(), usize::from),
            rows: usize::from(self.height),
            colour: app.out.has_colour(),
        };
        let pixels = |series: &[ChartSeries]| plot::pixels(series, &options, frame);
        let series = drawing.reduced(&options, pixels)?;
        let lines = plot::chart(&series, &options, frame);
        if lines.is_empty() {
            let line = Line::of(Tone::Warning, "! ").plain("no value has a place in the chart");
            app.err.line(&line)?;
        }
        for line in lines.iter().chain(&plot::legend(&series)) {
            app.out.line(line)?;
        }
        Ok(Exit::Done)
    }
}

fn to_json(drawing: &Drawing<'_>) -> Value {
    let pair = |(x, y): &(f64, f64)| json!([number::to_json(*x), number::to_json(*y)]);
    drawing
        .lines
        .iter()
        .zip(drawing.series())
        .map(|(line, drawn)| {
            let key = &line.key;
            json!({
                "session": line.session.id,
                "label": line.label,
                "name": key.name,
                "run": key.run,
                "rank": key.rank,
                "x": drawing.x_label,
                "points": drawn.points.iter().map(pair).collect::<Vec<_>>(),
            })
        })
        .collect()
}
