//! The cells, in the order of the document where there is one.

use std::fmt::Write as _;

use chrono::TimeDelta;
use serde_json::Value;

use crate::export::escape::{markup, shortened};
use crate::session::{CellRecord, CodeCell, DocumentCell, EntrenarSession, TextCell, TimeSource};

use super::budget::Budget;
use super::{format, markdown, outputs};

/// Source of one cell that is shown.
const SOURCE_LIMIT: usize = 64 << 10;
/// Cells that are shown.
const MOST_CELLS: usize = 3000;

pub(super) fn section(page: &mut String, session: &EntrenarSession, budget: &mut Budget) {
    if session.code_history.is_empty() && session.document.cells.is_empty() {
        return;
    }
    page.push_str("<section id=\"cells\">\n<h2>Cells</h2>\n");
    let mut named = vec![false; session.code_history.len()];
    for cell in &session.document.cells {
        if let DocumentCell::Code(index) = cell
            && let Some(flag) = named.get_mut(*index)
        {
            *flag = true;
        }
    }
    let mut shown = 0;
    for cell in session.document.cells.iter().take(MOST_CELLS) {
        shown += 1;
        match cell {
            DocumentCell::Code(index) => {
                if let Some(cell) = session.code_history.get(*index) {
                    code(page, cell, session.cell_records.get(*index), budget);
                }
            }
            DocumentCell::Markdown(text) => prose(page, text, budget),
            DocumentCell::Raw(text) => {
                source(page, "raw", &text.source, budget);
            }
        }
    }
    let rest = || {
        session
            .cells()
            .zip(&named)
            .filter(|(_, named)| !**named)
            .map(|(cell, _)| cell)
    };
    if !session.document.cells.is_empty() && rest().next().is_some() {
        page.push_str("<h3>Cells that ran and are not in the document</h3>\n");
    }
    for (cell, record) in rest() {
        if shown >= MOST_CELLS {
            break;
        }
        shown += 1;
        code(page, cell, record, budget);
    }
    let total = session.document.cells.len() + rest().count();
    if total > shown {
        let _infallible = writeln!(
            page,
            "<p class=\"cut\">{} more cells are in the notebook.</p>",
            format::grouped(total - shown)
        );
    }
    page.push_str("</section>\n");
}

fn code(page: &mut String, cell: &CodeCell, record: Option<&CellRecord>, budget: &mut Budget) {
    let failed = record.and_then(|r| r.error.as_ref());
    let _infallible = writeln!(
        page,
        "<article class=\"cell{}\">",
        if failed.is_some() { " failed" } else { "" }
    );
    page.push_str("<header>");
    let label = match record.and_then(|r| r.execution_count) {
        Some(count) => format!("[{count}]"),
        None => format!("#{}", cell.execution_order),
    };
    let _infallible = write!(page, "<span class=\"count\">{label}</span>");
    if let Some(count) = record.and_then(|r| r.execution_count)
        && count != i64::from(cell.execution_order)
    {
        let _infallible = write!(page, "<span>#{}</span>", cell.execution_order);
    }
    if record.is_none_or(|r| r.time_source == TimeSource::Recorded) {
        let _infallible = write!(page, "<span>{}</span>", format::moment(cell.timestamp));
    }
    if let Some(ms) = cell.duration_ms {
        let duration = TimeDelta::milliseconds(i64::try_from(ms).unwrap_or(i64::MAX / 2));
        let _infallible = write!(page, "<span>{}</span>", format::duration(duration));
    }
    if let Some(error) = failed {
        let name = if error.name.is_empty() {
            "failed".into()
        } else {
            shortened(&error.name, 80)
        };
        let _infallible = write!(page, "<span class=\"badge bad\">{}</span>", markup(&name));
    }
    page.push_str("</header>\n");
    source(page, "code", &cell.source, budget);
    let outputs: &[Value] = record.map_or(&[], |r| &r.outputs);
    for output in outputs {
        outputs::output(page, output, budget);
    }
    // A cell that was added by hand has its text only.
    if outputs.is_empty()
        && let Some(text) = &cell.output
    {
        let stream = crate::session::output::stream("stdout", text.as_str());
        outputs::output(page, &stream, budget);
    }
    page.push_str("</article>\n");
}

fn source(page: &mut String, class: &str, text: &str, budget: &mut Budget) {
    if text.trim().is_empty() {
        return;
    }
    let cut = budget.cut(text.trim_end(), SOURCE_LIMIT);
    let _infallible = write!(page, "<pre class=\"{class}\"><code>{}", markup(cut.begin));
    if let Some(note) = cut.note() {
        let _infallible = writeln!(page, "<span class=\"cut\">… {note} …</span>");
    }
    let _infallible = writeln!(page, "{}</code></pre>", markup(cut.end));
}

fn prose(page: &mut String, cell: &TextCell, budget: &mut Budget) {
    if cell.source.trim().is_empty() {
        return;
    }
    let cut = budget.cut(&cell.source, SOURCE_LIMIT);
    let rendered = markdown::render(cut.begin, &cell.attachments);
    match rendered {
        Some(html) if budget.take(html.len()) => {
            let _infallible = writeln!(page, "<div class=\"prose\">{html}</div>");
        }
        _ => {
            let _infallible = writeln!(page, "<pre class=\"raw\">{}</pre>", markup(cut.begin));
        }
    }
    if let Some(note) = cut.note() {
        let _infallible = writeln!(page, "<p class=\"cut\">… {note}</p>");
    }
}
