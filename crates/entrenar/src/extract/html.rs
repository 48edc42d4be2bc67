//! Tables of metrics in HTML, as fastai and the Trainer of Hugging Face show them in notebooks.
//!
//! A table is read if its first row names a counter first (`epoch`, `Step`) and a metric behind
//! it. A line of it is read if its cells are all of one kind (`td` or `th`), as many as in the
//! first row, and the first is a number. A data frame of pandas is none of these: its index is a
//! `th` before `td`s, and its first name is empty.

use std::ops::Range;

use super::words::{self, Counter, Meaning};
use super::{ExtractedPoint, MAX_POINTS, PointKind, number};

/// A cell: its text, and where that is.
struct Cell {
    heading: bool,
    text: String,
    /// Bytes of the text without blanks; `None` where tags divide it or it is empty.
    span: Option<Range<usize>>,
}

/// Reads the points of all tables of metrics in `html`; their spans are bytes of it.
pub(super) fn points(html: &str) -> Vec<ExtractedPoint> {
    let mut points = Vec::new();
    let mut at = 0;
    while let Some(begin) = find(html, at, "<table") {
        let end = find(html, begin, "</table").unwrap_or(html.len());
        table(html, begin..end, &mut points);
        at = end.max(begin + 1);
        if points.len() >= MAX_POINTS {
            break;
        }
    }
    points
}

/// Where `tag` begins, in lower case as all who write such tables have it.
fn find(html: &str, from: usize, tag: &str) -> Option<usize> {
    Some(from + html.get(from..)?.find(tag)?)
}

fn table(html: &str, range: Range<usize>, points: &mut Vec<ExtractedPoint>) {
    let mut rows = Rows { html, range };
    let Some(header) = rows.next() else { return };
    let mut columns: Vec<(&str, Meaning)> = Vec::new();
    for cell in &header {
        columns.push((&cell.text, words::meaning(&cell.text)));
    }
    let Some(counter) = columns.first().and_then(|(name, _)| words::counter(name)) else {
        return;
    };
    let is_metric = |meaning: Meaning| matches!(meaning, Meaning::Metric | Meaning::WeakMetric);
    if !columns.iter().any(|(_, meaning)| is_metric(*meaning)) {
        return;
    }
    for row in rows {
        let uniform = row.windows(2).all(|pair| match pair {
            [one, other] => one.heading == other.heading,
            _ => true,
        });
        let first = row.first().and_then(|cell| value(html, cell));
        let (true, true, Some((count, ..))) = (uniform, row.len() == columns.len(), first) else {
            continue;
        };
        let (mut epoch, mut step) = (None, None);
        let mut place = |counter: Counter, count: f64| match counter {
            Counter::Epoch => epoch = Some(count),
            Counter::Step | Counter::Batch => step = super::reader::whole(count),
        };
        place(counter, count);
        let mut found = Vec::new();
        for (cell, (name, meaning)) in row.iter().zip(&columns).skip(1) {
            let Some((value, span, integer)) = value(html, cell) else {
                continue;
            };
            if let Some(counter) = words::counter(name) {
                place(counter, value);
                continue;
            }
            let wanted = match meaning {
                Meaning::Metric | Meaning::WeakMetric | Meaning::LearningRate => true,
                Meaning::Unknown => !integer,
                Meaning::Denied => false,
            };
            if wanted {
                found.push((*name, value, span));
            }
        }
        points.extend(found.into_iter().map(|(name, value, span)| ExtractedPoint {
            name: name.to_owned(),
            value,
            step,
            epoch,
            rank: None,
            span,
            rule: "html table",
            kind: PointKind::Log,
        }));
    }
}

/// The number that a cell is, with its bytes, and whether it is a whole one.
fn value(html: &str, cell: &Cell) -> Option<(f64, Range<usize>, bool)> {
    let span = cell.span.clone()?;
    let number = number::read(html, span.start).filter(|number| number.end == span.end)?;
    Some((number.value, span, number.integer))
}

/// The rows of a table that have cells.
struct Rows<'a> {
    html: &'a str,
    range: Range<usize>,
}

impl Iterator for Rows<'_> {
    type Item = Vec<Cell>;

    fn next(&mut self) -> Option<Vec<Cell>> {
        loop {
            let begin =
                find(self.html, self.range.start, "<tr").filter(|at| *at < self.range.end)?;
            let next = find(self.html, begin + 3, "<tr").unwrap_or(self.range.end);
            let end = next.min(self.range.end);
            self.range.start = end;
            let row = cells(self.html, begin + 3..end);
            if !row.is_empty() {
                return Some(row);
            }
        }
    }
}

/// The cells of one row.
fn cells(html: &str, row: Range<usize>) -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::new();
    let mut open = false;
    let mut at = row.start;
    while at < row.end {
        let rest = html.get(at..row.end).unwrap_or_default();
        if let Some(tag) = rest.strip_prefix('<') {
            let end = rest.find('>').map_or(rest.len(), |close| close + 1);
            let name = tag
                .split([' ', '>', '\n', '\t', '/'])
                .next()
                .unwrap_or_default();
            if matches!(name, "td" | "th") {
                open = true;
                cells.push(Cell {
                    heading: name == "th",
                    text: String::new(),
                    span: None,
                });
            } else if ["/td", "/th", "/tr"]
                .iter()
                .any(|close| tag.starts_with(close))
            {
                open = false;
            }
            at += end;
            continue;
        }
        let end = rest.find('<').unwrap_or(rest.len());
        let text = rest.get(..end).unwrap_or_default();
        let inner = text.trim();
        if let Some(cell) = cells.last_mut().filter(|_| open && !inner.is_empty()) {
            let start = at + (text.len() - text.trim_start().len());
            let alone = cell.text.is_empty();
            cell.span = alone.then_some(start..start + inner.len());
            if !alone {
                cell.text.push(' ');
            }
            cell.text.push_str(&plain(inner));
        }
        at += end;
    }
    cells
}

/// Text without the entities that names have.
fn plain(text: &str) -> String {
    text.replace("&nbsp;", " ")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(html: &str) -> Vec<String> {
        points(html)
            .iter()
            .map(|point| {
                assert_eq!(
                    html.get(point.span.clone()).and_then(|v| v.parse().ok()),
                    Some(point.value)
                );
                let (name, value) = (&point.name, point.value);
                format!("{name}={value} {:?} {:?}", point.epoch, point.step)
            })
            .collect()
    }

    #[test]
    fn the_table_of_a_trainer() {
        // The form that transformers 5 shows.
        let html = r#"<div><progress value='60' max='60'></progress> [60/60]</div>
            <table border="1" class="dataframe">
            <thead><tr style="text-align: left;"><th>Step</th><th>Training Loss</th>
            <th>Samples Per Second</th><th>Custom</th></tr></thead>
            <tbody><tr><td>10</td><td>0.523085</td><td>12.5</td><td>0.5</td></tr>
            <tr><td>20</td><td>No log</td><td>12.5</td><td>7</td></tr></tbody></table><p>"#;
        assert_eq!(
            read(html),
            [
                "Training Loss=0.523085 None Some(10)",
                "Custom=0.5 None Some(10)"
            ]
        );
    }

    #[test]
    fn the_table_of_fastai_1_has_headings_only() {
        let html = "Total time: 16:47 <p><table style='width:300px'>\n <tr>\n <th>epoch</th>\n \
            <th>valid_loss</th>\n </tr>\n <tr>\n <th>1</th>\n <th>4.060273</th>\n </tr>\n</table>";
        assert_eq!(read(html), ["valid_loss=4.060273 Some(1.0) None"]);
    }

    #[test]
    fn a_data_frame_is_none() {
        // The forms of pandas 2: an index of numbers, and one with a name.
        for html in [
            "<table><thead><tr><th></th><th>epoch</th><th>loss</th></tr></thead><tbody>\
             <tr><th>0</th><td>1</td><td>0.5</td></tr></tbody></table>",
            "<table><thead><tr><th></th><th>loss</th></tr><tr><th>epoch</th><th></th></tr></thead>\
             <tbody><tr><th>1</th><td>0.5</td></tr></tbody></table>",
            "<table><tr><th>step</th><th>loss</th></tr><tr><th>1</th><td>0.5</td></tr></table>",
            "<table><tr><td>epoch</td><td>name</td></tr><tr><td>1</td><td>0.5</td></tr></table>",
            "<table><tr><td>epoch<td>loss<tr",
            "<table><",
        ] {
            assert_eq!(read(html), [""; 0], "{html}");
        }
    }
}
