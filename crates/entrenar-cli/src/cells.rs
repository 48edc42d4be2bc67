//! Cells with what they printed, for people.

use entrenar::session::{CellRecord, CodeCell, EntrenarSession, TimeSource};
use serde_json::Value;

use crate::app::App;
use crate::errors::Failure;
use crate::figures;
use crate::term::{Line, Tone, settled};

/// Lines of a source or an output that are shown at its beginning and at its end.
const HEAD: usize = 8;
const TAIL: usize = 6;

/// Characters of a line that are shown unless all are asked for.
const LONGEST: usize = 2000;

/// Prints all cells in the order in which they ran; long ones in part unless `full`.
pub(crate) fn print(app: &mut App, session: &EntrenarSession, full: bool) -> Result<(), Failure> {
    for (number, (cell, record)) in session.cells().enumerate() {
        app.out.gap()?;
        app.out.line(&header(number + 1, cell, record))?;
        let source = cell
            .source
            .lines()
            .map(|line| line.trim_end_matches('\r').to_owned());
        block(app, source, full, &|text| {
            Line::of(Tone::Dim, "  │ ").plain(text)
        })?;
        let bad = record.is_some_and(|r| r.error.is_some());
        let tone = if bad { Tone::Bad } else { Tone::Plain };
        let printed = cell.output.as_deref().unwrap_or_default();
        block(app, settled(printed), full, &|text| {
            Line::new().plain("    ").and(tone, text)
        })?;
        for kind in record.into_iter().flat_map(|r| &r.outputs).filter_map(rich) {
            app.out.line(&Line::new().plain("    ").dim(kind))?;
        }
    }
    Ok(())
}

fn header(number: usize, cell: &CodeCell, record: Option<&CellRecord>) -> Line {
    let mut line = Line::of(Tone::Strong, format!("[{number}]"));
    if record.is_none_or(|r| r.time_source == TimeSource::Recorded) {
        line.push(Tone::Dim, format!("  {}", figures::second(cell.timestamp)));
    }
    if let Some(millis) = cell.duration_ms {
        let length = i64::try_from(millis)
            .ok()
            .and_then(chrono::TimeDelta::try_milliseconds);
        if let Some(length) = length {
            line.push(Tone::Dim, format!("  {}", figures::duration(length)));
        }
    }
    if let Some(error) = record.and_then(|r| r.error.as_ref()) {
        let name = if error.name.is_empty() {
            "failed"
        } else {
            &error.name
        };
        line.push(Tone::Bad, format!("  {name}"));
    }
    line
}

/// Media types of an output that is more than text.
fn rich(output: &Value) -> Option<String> {
    let data = output.get("data")?.as_object()?;
    let kinds: Vec<_> = data
        .keys()
        .map(String::as_str)
        .filter(|kind| *kind != "text/plain")
        .collect();
    (!kinds.is_empty()).then(|| format!("‹{}›", kinds.join(", ")))
}

/// Prints lines; of many, the beginning and the end. Only what is shown is held in memory.
fn block(
    app: &mut App,
    lines: impl Iterator<Item = String>,
    full: bool,
    show: &dyn Fn(&str) -> Line,
) -> Result<(), Failure> {
    let mut tail = std::collections::VecDeque::new();
    let mut skipped = 0_usize;
    for (at, mut text) in lines.enumerate() {
        if !full && let Some((end, _)) = text.char_indices().nth(LONGEST) {
            text.truncate(end);
            text.push('…');
        }
        if full || at < HEAD {
            print_one(app, &show(&text), full)?;
            continue;
        }
        tail.push_back(text);
        if tail.len() > TAIL {
            tail.pop_front();
            skipped += 1;
        }
    }
    if skipped > 0 {
        let mark = format!("… {}", figures::count(skipped, "line more", "lines more"));
        let mut line = show("");
        line.push(Tone::Dim, mark);
        app.out.line(&line)?;
    }
    for text in tail {
        app.out.line(&show(&text))?;
    }
    Ok(())
}

fn print_one(app: &mut App, line: &Line, full: bool) -> Result<(), Failure> {
    Ok(if full {
        app.out.long_line(line)
    } else {
        app.out.line(line)
    }?)
}
