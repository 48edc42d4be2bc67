//! Prints the points of one captured output, one JSON object a line.
//!
//! `extract extract --json --as terminal|text|notebook FILE`

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program prints"
)]

use std::process::ExitCode;

use entrenar::extract::{self, PointKind};
use entrenar::session::number;
use serde_json::{Value, json};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(lines) => {
            print!("{lines}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<String, String> {
    let [verb, json, flag, kind, file] = arguments else {
        return Err("usage: extract extract --json --as KIND FILE".into());
    };
    if (verb.as_str(), json.as_str(), flag.as_str()) != ("extract", "--json", "--as") {
        return Err("usage: extract extract --json --as KIND FILE".into());
    }
    match kind.as_str() {
        "terminal" | "text" => {
            let bytes = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
            Ok(printed(&String::from_utf8_lossy(&bytes)))
        }
        "notebook" => notebook(file),
        _ => Err(format!("cannot read {kind}")),
    }
}

fn printed(text: &str) -> String {
    let mut lines = String::new();
    for point in extract::points(text) {
        let line = json!({
            "name": point.name,
            "value": number::to_json(point.value),
            "step": point.step,
            "epoch": point.epoch,
            "rank": point.rank,
            "kind": match point.kind { PointKind::Log => "log", PointKind::Progress => "progress" },
            "text": text.get(point.span),
            "rule": point.rule,
        });
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    lines
}

fn notebook(file: &str) -> Result<String, String> {
    let imported = entrenar::bridge::read_file(file.as_ref(), entrenar::bridge::Limits::default())
        .map_err(|error| format!("{file}: {error}"))?;
    let mut lines = String::new();
    let session = &imported.session;
    for series in session.metrics.series() {
        for point in series.points() {
            let text = point.origin.and_then(|origin| {
                let cell = session
                    .cell_records
                    .get(usize::try_from(origin.cell).ok()?)?;
                let output = cell.outputs.get(usize::try_from(origin.output).ok()?)?;
                let text = entrenar::session::output::plain_text(output)?;
                let start = usize::try_from(origin.span.start).ok()?;
                let end = usize::try_from(origin.span.end).ok()?;
                text.get(start..end).map(str::to_owned)
            });
            let line: Value = json!({
                "name": series.name(),
                "value": number::to_json(point.value),
                "step": point.step,
                "epoch": point.epoch,
                "run": series.key().run,
                "rank": series.key().rank,
                "kind": "log",
                "text": text,
                "rule": point.origin.map(|origin| origin.rule.as_ref()),
            });
            lines.push_str(&line.to_string());
            lines.push('\n');
        }
    }
    Ok(lines)
}
