//! Charts for the terminal, in braille: each character has two columns and four rows of dots.

mod canvas;

use entrenar::export::chart::{Axis, Chart, ChartOptions, ChartSeries, Line as ChartLine};
use entrenar::window::MAX_PIXELS;

use self::canvas::Canvas;
use crate::figures;
use crate::term::{Line, Tone, width};

/// The room that a chart has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    /// Columns of the whole.
    pub(crate) columns: usize,
    /// Rows of the drawing itself.
    pub(crate) rows: usize,
    /// Whether colours tell the lines apart; where not, letters on the lines do.
    pub(crate) colour: bool,
}

/// Letters that stand for the lines.
const LETTERS: &[u8; 26] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The mark of the n-th line in chart and legend.
pub(crate) fn letter(n: usize) -> String {
    let letter = LETTERS.get(n % LETTERS.len()).copied().unwrap_or(b'?');
    char::from(letter).to_string()
}

/// Columns beside and for the drawing itself.
fn room(chart: &Chart, frame: Frame) -> (usize, usize) {
    let ticks = chart.y.ticks.iter();
    let margin = ticks.map(|tick| width(&tick.label)).max().unwrap_or(0);
    let marks = if chart.lines.len() > 1 { 2 } else { 0 };
    (
        margin,
        frame.columns.saturating_sub(margin + 2 + marks).max(10),
    )
}

/// In how many columns a chart of `series` shows what its dots do.
///
/// The n-th of d columns of dots is around n / (d − 1) of the width, so its borders are borders of
/// 2 (d − 1) columns.
pub(crate) fn pixels(series: &[ChartSeries], options: &ChartOptions, frame: Frame) -> u32 {
    let (_, columns) = room(&Chart::new(series, options), frame);
    u32::try_from(2 * (2 * columns - 1)).unwrap_or(MAX_PIXELS)
}

/// Draws `series`; no lines at all where no value has a place.
pub(crate) fn chart(series: &[ChartSeries], options: &ChartOptions, frame: Frame) -> Vec<Line> {
    let chart = Chart::new(series, options);
    if chart.is_empty() {
        return Vec::new();
    }
    let (margin, columns) = room(&chart, frame);
    let mut canvas = Canvas::new(columns, frame.rows.max(2));
    paint(&mut canvas, &chart, frame.colour);

    let mut lines = Vec::new();
    for row in 0..canvas.rows() {
        let on_row = |value: f64| chart.y.position(value).map(|at| canvas.row_of(at)) == Some(row);
        let tick = chart.y.ticks.iter().find(|tick| on_row(tick.value));
        let (label, edge) = tick.map_or(("", "│"), |tick| (tick.label.as_str(), "┤"));
        let padding = " ".repeat(margin.saturating_sub(width(label)));
        let mut line = Line::new().dim(format!("{padding}{label} {edge}"));
        canvas.write_row(row, &mut line);
        lines.push(line);
    }
    lines.extend(abscissa(&chart.x, columns, margin, &options.x_label));
    lines
}

/// The line that the eye is to follow: the smoothed one, else the one that was logged.
fn main_parts(line: &ChartLine) -> &[Vec<(f64, f64)>] {
    if line.smoothed.is_empty() {
        &line.parts
    } else {
        &line.smoothed
    }
}

/// Draws all lines: what is faint first, so that nothing hides a line.
fn paint(canvas: &mut Canvas, chart: &Chart, colour: bool) {
    let place = |(x, y): &(f64, f64)| Some((chart.x.position(*x)?, chart.y.position(*y)?));
    let places =
        |part: &Vec<(f64, f64)>| -> Vec<(f64, f64)> { part.iter().filter_map(place).collect() };
    for (n, line) in chart.lines.iter().enumerate() {
        if !line.smoothed.is_empty() {
            for part in &line.parts {
                // Without colours, dots are what can be told from the smoothed line.
                canvas.part(&places(part), Tone::FaintSeries(n), colour);
            }
        }
    }
    for (n, line) in chart.lines.iter().enumerate() {
        for part in main_parts(line) {
            canvas.part(&places(part), Tone::Series(n), true);
        }
    }
    if chart.lines.len() < 2 {
        return;
    }
    let mut ends = Vec::new();
    for (n, line) in chart.lines.iter().enumerate() {
        let places: Vec<_> = main_parts(line).iter().flat_map(places).collect();
        if !colour {
            canvas.letters(&places, &letter(n), n, chart.lines.len());
        }
        if let Some((_, height)) = places.last() {
            ends.push((*height, letter(n), Tone::Series(n)));
        }
    }
    canvas.mark_ends(ends);
}

fn abscissa(xs: &Axis, columns: usize, margin: usize, name: &str) -> Vec<Line> {
    let mut rule: Vec<char> = vec!['─'; columns];
    let mut labels = String::new();
    // The last columns are the name's.
    let room = columns.saturating_sub(width(name) + 2);
    for tick in &xs.ticks {
        let Some(at) = xs
            .position(tick.value)
            .map(|share| canvas::cell(share, columns))
        else {
            continue;
        };
        let wide = width(&tick.label);
        let start = at.saturating_sub(wide / 2);
        let used = width(&labels);
        if (used == 0 || start > used + 1) && start + wide <= room {
            labels.push_str(&" ".repeat(start.saturating_sub(used)));
            labels.push_str(&tick.label);
            if let Some(mark) = rule.get_mut(at) {
                *mark = '┬';
            }
        }
    }
    let left = " ".repeat(margin + 1);
    let gap = " ".repeat(columns.saturating_sub(width(&labels) + width(name)));
    let rule: String = rule.into_iter().collect();
    vec![
        Line::new().dim(format!("{left}└{rule}")),
        Line::new().dim(format!("{left} {labels}{gap}{name}")),
    ]
}

/// One line for each series: its mark, its name, and the figures that a reader looks for.
pub(crate) fn legend(series: &[ChartSeries]) -> Vec<Line> {
    series
        .iter()
        .enumerate()
        .map(|(n, one)| {
            let mark = if series.len() > 1 {
                format!("{} ━━ ", letter(n))
            } else {
                "━━ ".into()
            };
            let drawn = one.figures();
            let mut line = Line::of(Tone::Series(n), mark).plain(&one.label);
            line.push(Tone::Dim, "  ");
            line.push(Tone::Dim, figures::count(drawn.count, "point", "points"));
            let figure = |name: &str, value: Option<f64>| {
                value
                    .map(|v| format!(", {name} {}", figures::number(v)))
                    .unwrap_or_default()
            };
            line.push(Tone::Dim, figure("last", drawn.last));
            line.push(Tone::Dim, figure("min", drawn.min));
            line.push(Tone::Dim, figure("max", drawn.max));
            if drawn.not_finite > 0 {
                line.push(Tone::Warning, format!(", {} not finite", drawn.not_finite));
            }
            line
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> ChartOptions {
        ChartOptions {
            x_label: "step".into(),
            ..ChartOptions::default()
        }
    }

    fn frame(columns: usize, rows: usize) -> Frame {
        Frame {
            columns,
            rows,
            colour: false,
        }
    }

    fn series(label: &str, points: impl IntoIterator<Item = (f64, f64)>) -> ChartSeries {
        ChartSeries {
            label: label.into(),
            points: points.into_iter().collect(),
            ..ChartSeries::default()
        }
    }

    fn text(lines: &[Line]) -> String {
        lines.iter().map(|line| line.text() + "\n").collect()
    }

    #[test]
    fn a_falling_line() {
        let falling = series(
            "loss",
            (0..50).map(|n| (f64::from(n), 1.0 / f64::from(n + 1))),
        );
        insta::assert_snapshot!(text(&chart(&[falling], &options(), frame(60, 10))));
    }

    #[test]
    fn two_lines_have_letters() {
        let up = series("a", (0..20).map(|n| (f64::from(n), f64::from(n))));
        let down = series("b", (0..20).map(|n| (f64::from(n), f64::from(20 - n))));
        let both = [up, down];
        let drawn = text(&chart(&both, &options(), frame(60, 8)));
        insta::assert_snapshot!(drawn + &text(&legend(&both)));
    }

    #[test]
    fn the_values_stay_visible_behind_the_smoothed_line() {
        let noisy = (0..200).map(|n| (f64::from(n), f64::from(n % 7)));
        let smooth = ChartOptions {
            smoothing: Some(0.9),
            ..options()
        };
        let lines = chart(&[series("loss", noisy)], &smooth, frame(60, 8));
        insta::assert_snapshot!(text(&lines));
    }

    #[test]
    fn strange_numbers_draw_something_and_never_panic() {
        let strange = [
            0.0,
            -0.0,
            1e299,
            -1e299,
            f64::MIN_POSITIVE,
            1e-310,
            f64::MAX,
            1.0,
        ];
        for a in strange {
            for b in strange {
                for log_y in [false, true] {
                    let options = ChartOptions { log_y, ..options() };
                    let points = [
                        (0.0, a),
                        (b, b),
                        (f64::NAN, 1.0),
                        (1.0, f64::NAN),
                        (1.0, 1.0),
                    ];
                    let lines = chart(&[series("x", points)], &options, frame(40, 6));
                    assert_eq!(lines.len(), 8, "{a} {b}");
                    assert!(
                        lines.iter().all(|line| line.width() <= 40),
                        "{}",
                        text(&lines)
                    );
                }
            }
        }
    }

    #[test]
    fn nothing_finite_draws_nothing() {
        assert!(chart(&[series("x", [(0.0, f64::NAN)])], &options(), frame(40, 6)).is_empty());
        assert!(chart(&[], &options(), frame(40, 6)).is_empty());
    }
}
