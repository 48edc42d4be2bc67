//! One output of a cell, in the richest form that is safe.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::export::escape::{markup, shortened};
use crate::session::output::multiline;

use super::budget::Budget;
use super::image::{self, NoImage};
use super::{ansi, markdown, sanitise};

/// Text of one output that is shown.
const TEXT_LIMIT: usize = 48 << 10;
/// HTML of one output that is parsed.
const HTML_LIMIT: usize = 384 << 10;

/// Media types with a rich form, the richest first.
const RICH: [&str; 9] = [
    "text/html",
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "image/jpg",
    "image/gif",
    "image/webp",
    "text/markdown",
    "text/latex",
];

/// Appends an output in nbformat 4.
pub(super) fn output(page: &mut String, output: &Value, budget: &mut Budget) {
    let text_of = |key: &str| output.get(key).and_then(multiline).unwrap_or_default();
    match output.get("output_type").and_then(Value::as_str) {
        Some("stream") => {
            let class = if output.get("name").and_then(Value::as_str) == Some("stderr") {
                "out stream stderr"
            } else {
                "out stream"
            };
            terminal(page, class, &text_of("text"), budget);
        }
        Some("error") => error(page, output, budget),
        Some("display_data" | "execute_result" | "update_display_data") => {
            match output.get("data").and_then(Value::as_object) {
                Some(data) => bundle(page, data, budget),
                None => unknown(page, output, budget),
            }
        }
        _ => unknown(page, output, budget),
    }
}

fn error(page: &mut String, output: &Value, budget: &mut Budget) {
    let field = |key: &str| output.get(key).and_then(multiline).unwrap_or_default();
    let (name, message) = (field("ename"), field("evalue"));
    let traceback: Vec<_> = output
        .get("traceback")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let heading = match (name.is_empty(), message.is_empty()) {
        (false, false) => format!("{name}: {message}"),
        _ => format!("{name}{message}"),
    };
    let text = traceback.join("\n");
    page.push_str("<div class=\"out error\">");
    // Most tracebacks end with name and message; those that do not get them as a heading.
    if text.is_empty() || !name.is_empty() && !text.contains(&name) {
        let _infallible = write!(
            page,
            "<p class=\"what\">{}</p>",
            markup(&shortened(&heading, 2000))
        );
    }
    if !text.is_empty() {
        terminal(page, "trace", &text, budget);
    }
    page.push_str("</div>\n");
}

fn terminal(page: &mut String, class: &str, text: &str, budget: &mut Budget) {
    let cut = budget.cut(text, TEXT_LIMIT);
    let _infallible = write!(page, "<pre class=\"{class}\">{}", ansi::html(cut.begin));
    if let Some(note) = cut.note() {
        let _infallible = writeln!(page, "<span class=\"cut\">… {note} …</span>");
    }
    let _infallible = writeln!(page, "{}</pre>", ansi::html(cut.end));
}

/// A MIME bundle: the richest form that can be shown, and the names of those that cannot.
fn bundle(page: &mut String, data: &Map<String, Value>, budget: &mut Budget) {
    let plain = data.get("text/plain").and_then(multiline);
    let mut notes = Vec::new();
    let mut shown = false;
    for media_type in RICH {
        let Some(text) = data.get(media_type).and_then(multiline) else {
            continue;
        };
        match rich(media_type, &text, plain.as_deref(), budget) {
            Ok(html) => {
                let _infallible = writeln!(page, "<div class=\"out rich\">{html}</div>");
                shown = true;
                break;
            }
            Err(note) => notes.extend(note),
        }
    }
    if !shown {
        if let Some(text) = plain {
            terminal(page, "out", &text, budget);
            shown = true;
        } else if let Some(json) = data.get("application/json") {
            terminal(page, "out", &pretty(json), budget);
            shown = true;
        }
    }
    let mut others: Vec<_> = data
        .keys()
        .map(String::as_str)
        .filter(|key| {
            !RICH.contains(key) && *key != "text/plain" && (*key != "application/json" || !shown)
        })
        .collect();
    others.sort_unstable();
    if !others.is_empty() {
        notes.push(format!(
            "An output in a form that needs a program ({}) is kept in the notebook.",
            others.join(", ")
        ));
    }
    if !shown && notes.is_empty() {
        notes.push("An empty output.".into());
    }
    for note in notes {
        let _infallible = writeln!(
            page,
            "<p class=\"cut\">{}</p>",
            markup(&shortened(&note, 400))
        );
    }
}

/// One form of an output as HTML; `Err` with a note where it cannot be shown and that matters.
fn rich(
    media_type: &str,
    text: &str,
    plain: Option<&str>,
    budget: &mut Budget,
) -> Result<String, Option<String>> {
    match media_type {
        "text/html" => {
            let cut = text.len() > HTML_LIMIT;
            let begin = if cut {
                let mut end = HTML_LIMIT;
                while !text.is_char_boundary(end) {
                    end -= 1;
                }
                text.get(..end).unwrap_or_default()
            } else {
                text
            };
            let clean = sanitise::html(begin).ok_or(None)?;
            if !budget.take(clean.len()) {
                return Err(Some(FULL.into()));
            }
            Ok(if cut {
                format!(
                    "{clean}<p class=\"cut\">… this output is longer; the rest is in the \
                     notebook and in source/</p>"
                )
            } else {
                clean
            })
        }
        "text/markdown" => {
            let cut = budget.cut(text, TEXT_LIMIT);
            let mut html = markdown::render(cut.begin, &Map::new()).ok_or(None)?;
            if let Some(note) = cut.note() {
                let _infallible = write!(html, "<p class=\"cut\">… {note}</p>");
            }
            Ok(format!("<div class=\"prose\">{html}</div>"))
        }
        "text/latex" => {
            let cut = budget.cut(text, TEXT_LIMIT);
            Ok(format!("<pre class=\"latex\">{}</pre>", markup(cut.begin)))
        }
        _ => match image::data_url(media_type, text) {
            Ok(url) if budget.take(url.len()) => Ok(format!(
                "<img src=\"{url}\" alt=\"{}\">",
                markup(&super::format::one_line(&shortened(
                    plain.unwrap_or("image"),
                    200
                )))
            )),
            Ok(_) => Err(Some(FULL.into())),
            Err(NoImage::TooLarge) => Err(Some(format!(
                "An image ({media_type}) is too large for this page; it is in the notebook."
            ))),
            Err(NoImage::Invalid) => Err(Some(format!(
                "An output says that it is {media_type}, but it is not; it is kept in the notebook."
            ))),
        },
    }
}

const FULL: &str = "The page is full; this output is in the notebook and in source/.";

fn unknown(page: &mut String, output: &Value, budget: &mut Budget) {
    page.push_str("<p class=\"cut\">An output of an unknown kind:</p>\n");
    terminal(page, "out", &pretty(output), budget);
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
