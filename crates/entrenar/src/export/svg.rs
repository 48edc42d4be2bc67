//! Charts as SVG 1.1: self-contained, the same bytes everywhere, readable without colours.

use std::fmt::Write as _;

use super::chart::{Chart, ChartOptions, ChartSeries, Line, decimate};
use super::escape::{markup, shortened};
use super::text_width::{columns, fitted};
use crate::session::number;

/// Rules for the classes that charts use; colours by Okabe and Ito, which people with any
/// common colour blindness can tell apart (adapted for dark backgrounds).
pub(super) const STYLE: &str = include_str!("svg/chart.css");

/// Colours before they repeat; from then on lines are dashed.
const COLOURS: usize = 7;
/// More series than this are drawn and counted, but not named in the legend.
const LEGEND_LIMIT: usize = 21;
/// Up to this number of points, each gets a dot.
const DOT_LIMIT: usize = 60;

const WIDTH: f64 = 720.0;
const PLOT_HEIGHT: f64 = 230.0;
const RIGHT: f64 = 18.0;
const LEGEND_ROW: f64 = 18.0;
/// Width of a column of text, about half an em.
const CHARACTER: f64 = 6.6;

/// Draws `series` as a document of its own.
///
/// Points that cannot be drawn (NaN, infinities, on a logarithmic axis what is not positive)
/// break the line and are counted in a note. A very long series is reduced to the first,
/// smallest, largest and last value of each pixel column, which gives the same picture.
pub fn chart(series: &[ChartSeries], options: &ChartOptions) -> String {
    drawing(series, options, &format!("<style>{STYLE}</style>"))
}

/// Over how many columns a chart of `series` is drawn: what is reduced to so many, or to a multiple,
/// gives the same picture.
pub fn pixels(series: &[ChartSeries], options: &ChartOptions) -> u32 {
    let chart = Chart::new(series, options);
    Layout::new(&chart, options).columns()
}

/// Draws `series` for a page that has the [`STYLE`] already.
#[cfg(feature = "preserve")]
pub(super) fn inline_chart(series: &[ChartSeries], options: &ChartOptions) -> String {
    drawing(series, options, "")
}

fn drawing(series: &[ChartSeries], options: &ChartOptions, style: &str) -> String {
    let chart = Chart::new(series, options);
    let layout = Layout::new(&chart, options);
    let mut svg = Svg(String::new());
    svg.line(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" role=\"img\" \
         viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\">",
        w = Px(WIDTH),
        h = Px(layout.height),
    ));
    let title = if options.title.is_empty() {
        "Chart"
    } else {
        &options.title
    };
    svg.line(format_args!("<title>{}</title>", markup(title)));
    svg.line(format_args!(
        "<desc>{}</desc>",
        markup(&describe(series, &chart))
    ));
    if !style.is_empty() {
        svg.line(format_args!("{style}"));
    }
    svg.line(format_args!(
        "<rect class=\"bg\" width=\"{}\" height=\"{}\"/>",
        Px(WIDTH),
        Px(layout.height)
    ));
    if !options.title.is_empty() {
        svg.text("title", 14.0, 22.0, "start", &fitted(&options.title, 84));
    }
    legend(&mut svg, &chart, &layout);
    axes(&mut svg, &chart, &layout, options);
    for (index, line) in chart.lines.iter().enumerate() {
        draw_line(&mut svg, &chart, &layout, line, index);
    }
    notes(&mut svg, &chart, &layout, options);
    svg.0.push_str("</svg>\n");
    svg.0
}

/// Where things are, in pixels.
struct Layout {
    height: f64,
    left: f64,
    top: f64,
    legend_top: f64,
    legend: Vec<(usize, f64, f64)>,
}

impl Layout {
    fn new(chart: &Chart, options: &ChartOptions) -> Self {
        let widest = chart
            .y
            .ticks
            .iter()
            .map(|tick| width_of(&tick.label))
            .fold(20.0, f64::max);
        let mut top = if options.title.is_empty() { 14.0 } else { 36.0 };
        let legend_top = top;
        let mut legend = Vec::new();
        let named = chart.lines.len() > 1
            || chart.lines.iter().any(|line| {
                !line.label.is_empty()
                    && line.label != options.title
                    && line.label != options.y_label
            });
        if named {
            let (mut x, mut row) = (14.0, 0.0);
            for (index, line) in chart.lines.iter().enumerate().take(LEGEND_LIMIT) {
                let width = 34.0 + width_of(&legend_label(&line.label));
                if x > 14.0 && x + width > WIDTH - RIGHT {
                    (x, row) = (14.0, row + 1.0);
                }
                legend.push((index, x, row));
                x += width;
            }
            if chart.lines.len() > LEGEND_LIMIT {
                row += 1.0;
            }
            top += LEGEND_ROW * (row + 1.0) + 2.0;
        }
        if !options.y_label.is_empty() {
            top += 12.0;
        }
        top += 6.0;
        let below = if options.x_label.is_empty() {
            30.0
        } else {
            46.0
        };
        Self {
            height: top + PLOT_HEIGHT + below,
            left: 14.0 + widest + 8.0,
            top,
            legend_top,
            legend,
        }
    }

    fn width(&self) -> f64 {
        WIDTH - RIGHT - self.left
    }

    /// Whole pixels of the width.
    fn columns(&self) -> u32 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "1 to 720"
        )]
        let columns = self.width().ceil().clamp(1.0, WIDTH) as u32;
        columns
    }

    fn bottom(&self) -> f64 {
        self.top + PLOT_HEIGHT
    }

    fn x(&self, chart: &Chart, value: f64) -> f64 {
        self.left + chart.x.position(value).unwrap_or_default() * self.width()
    }

    fn y(&self, chart: &Chart, value: f64) -> f64 {
        self.bottom() - chart.y.position(value).unwrap_or_default() * PLOT_HEIGHT
    }
}

fn legend(svg: &mut Svg, chart: &Chart, layout: &Layout) {
    for &(index, x, row) in &layout.legend {
        let y = layout.legend_top + row * LEGEND_ROW;
        let Some(line) = chart.lines.get(index) else {
            continue;
        };
        svg.line(format_args!(
            "<path class=\"line key {}\" d=\"M{} {}h18\"/>",
            stroke(index),
            Px(x),
            Px(y + 6.0)
        ));
        svg.text(
            "name",
            x + 23.0,
            y + 10.0,
            "start",
            &legend_label(&line.label),
        );
    }
    if chart.lines.len() > LEGEND_LIMIT {
        let row = layout.legend.last().map_or(0.0, |(_, _, row)| row + 1.0);
        let more = chart.lines.len() - LEGEND_LIMIT;
        svg.text(
            "name",
            14.0,
            layout.legend_top + row * LEGEND_ROW + 10.0,
            "start",
            &format!("and {more} more"),
        );
    }
}

fn axes(svg: &mut Svg, chart: &Chart, layout: &Layout, options: &ChartOptions) {
    let (right, bottom) = (WIDTH - RIGHT, layout.bottom());
    for tick in &chart.y.ticks {
        let y = layout.y(chart, tick.value);
        svg.line(format_args!(
            "<path class=\"grid\" d=\"M{} {}H{}\"/>",
            Px(layout.left),
            Px(y),
            Px(right)
        ));
        svg.text("tick", layout.left - 7.0, y + 4.0, "end", &tick.label);
    }
    for tick in &chart.x.ticks {
        let x = layout.x(chart, tick.value);
        svg.line(format_args!(
            "<path class=\"axis\" d=\"M{} {}v5\"/>",
            Px(x),
            Px(bottom)
        ));
        svg.text("tick", x, bottom + 18.0, "middle", &tick.label);
    }
    svg.line(format_args!(
        "<path class=\"axis\" d=\"M{} {}H{}\"/>",
        Px(layout.left),
        Px(bottom),
        Px(right)
    ));
    if !options.x_label.is_empty() {
        let middle = layout.left + layout.width() / 2.0;
        svg.text(
            "label",
            middle,
            bottom + 36.0,
            "middle",
            &fitted(&options.x_label, 60),
        );
    }
    if !options.y_label.is_empty() {
        let label = if options.log_y {
            format!("{} (log scale)", fitted(&options.y_label, 60))
        } else {
            fitted(&options.y_label, 60).into_owned()
        };
        svg.text("label", 14.0, layout.top - 10.0, "start", &label);
    }
}

fn draw_line(svg: &mut Svg, chart: &Chart, layout: &Layout, line: &Line, index: usize) {
    let smoothed = !line.smoothed.is_empty();
    let points: usize = line.parts.iter().map(Vec::len).sum();
    let mut group = format!("<g class=\"series {}\">", fill(index));
    // The full name, for a pointer that rests on the line.
    let _infallible = write!(
        group,
        "<title>{}</title>",
        markup(&shortened(&line.label, 200))
    );
    svg.line(format_args!("{group}"));
    path(
        svg,
        chart,
        layout,
        &line.parts,
        &if smoothed {
            format!("line raw {}", stroke(index))
        } else {
            format!("line {}", stroke(index))
        },
    );
    path(
        svg,
        chart,
        layout,
        &line.smoothed,
        &format!("line {}", stroke(index)),
    );
    for part in &line.parts {
        // A part of one point has no line that could show it.
        if points <= DOT_LIMIT && !smoothed || part.len() == 1 {
            for &(x, y) in part {
                svg.line(format_args!(
                    "<circle cx=\"{}\" cy=\"{}\" r=\"2.2\"/>",
                    Px(layout.x(chart, x)),
                    Px(layout.y(chart, y))
                ));
            }
        }
    }
    svg.line(format_args!("</g>"));
}

fn path(svg: &mut Svg, chart: &Chart, layout: &Layout, parts: &[Vec<(f64, f64)>], class: &str) {
    let mut data = String::new();
    for part in parts.iter().filter(|part| part.len() > 1) {
        let kept = decimate(part, (chart.x.min, chart.x.max), layout.columns());
        let mut command = 'M';
        for (x, y) in kept {
            let _infallible = write!(
                data,
                "{command}{} {}",
                Px(layout.x(chart, x)),
                Px(layout.y(chart, y))
            );
            command = 'L';
        }
    }
    if !data.is_empty() {
        svg.line(format_args!("<path class=\"{class}\" d=\"{data}\"/>"));
    }
}

fn notes(svg: &mut Svg, chart: &Chart, layout: &Layout, options: &ChartOptions) {
    if chart.is_empty() {
        svg.text(
            "empty",
            layout.left + layout.width() / 2.0,
            layout.top + PLOT_HEIGHT / 2.0,
            "middle",
            "no values that can be drawn",
        );
    }
    if chart.left_out > 0 {
        let what = if options.log_y {
            "not finite or not positive"
        } else {
            "NaN or infinite"
        };
        let note = format!("{} not drawn: {what}", count(chart.left_out, "value"));
        svg.text("note", WIDTH - RIGHT, layout.top - 10.0, "end", &note);
    }
}

fn describe(series: &[ChartSeries], chart: &Chart) -> String {
    let mut text: Vec<String> = series
        .iter()
        .zip(&chart.lines)
        .take(LEGEND_LIMIT)
        .map(|(series, line)| {
            let figures = series.figures();
            let drawn = || line.parts.iter().flatten().map(|(_, y)| *y);
            let mut text = format!(
                "{}: {}",
                shortened(&line.label, 80),
                count(figures.count, "point")
            );
            if let (Some(first), Some(last), Some(min), Some(max)) = (
                figures.first,
                figures.last,
                drawn().reduce(f64::min),
                drawn().reduce(f64::max),
            ) {
                let _infallible = write!(
                    text,
                    ", first {}, last {}, smallest {}, largest {}",
                    number::to_text(first),
                    number::to_text(last),
                    number::to_text(min),
                    number::to_text(max)
                );
            }
            text
        })
        .collect();
    if series.len() > LEGEND_LIMIT {
        text.push(format!("and {} more series", series.len() - LEGEND_LIMIT));
    }
    text.join("; ")
}

pub(super) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

fn legend_label(label: &str) -> String {
    fitted(label, 40).into_owned()
}

fn stroke(index: usize) -> String {
    match index / COLOURS {
        0 => format!("s{}", index % COLOURS),
        dashes => format!("s{} d{}", index % COLOURS, dashes.min(3)),
    }
}

fn fill(index: usize) -> String {
    format!("f{}", index % COLOURS)
}

fn width_of(text: &str) -> f64 {
    f64::from(columns(text)) * CHARACTER
}

struct Svg(String);

impl Svg {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        let _infallible = self.0.write_fmt(line);
        self.0.push('\n');
    }

    fn text(&mut self, class: &str, x: f64, y: f64, anchor: &str, text: &str) {
        self.line(format_args!(
            "<text class=\"{class}\" x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
            Px(x),
            Px(y),
            markup(text)
        ));
    }
}

/// A coordinate with at most one decimal, so that a page stays small.
struct Px(f64);

impl std::fmt::Display for Px {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{:.1}", self.0);
        let text = text.strip_suffix(".0").unwrap_or(&text);
        f.write_str(if text == "-0" { "0" } else { text })
    }
}
