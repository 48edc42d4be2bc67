//! Ruchy's notebooks, audit streams and input histories.

#![cfg(feature = "ruchy-sessions")]
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::path::PathBuf;

use entrenar::bridge::{self, Limits, SourceContext};
use entrenar::ecosystem::{EntrenarSession, RuchyBridgeError, RuchySession};
use entrenar::session::{DocumentCell, SeriesKey, SourceFormat, TimeSource, WarningKind};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/ruchy")
        .join(name)
}

fn read(name: &str) -> EntrenarSession {
    bridge::read_file(&path(name), Limits::default())
        .unwrap()
        .session
}

fn read_slice(bytes: &[u8]) -> EntrenarSession {
    bridge::read(bytes, &SourceContext::default()).unwrap()
}

/// The notebook server of Ruchy 4.2.1: what a cell printed and what it showed are one text.
#[test]
fn ruchy_421_notebook() {
    let session = read("ruchy421_notebook_train.rnb");
    let source = session.source.as_ref().unwrap();
    assert_eq!(source.format, SourceFormat::RuchyNotebook);
    assert_eq!(session.code_history.len(), 8);
    assert_eq!(session.document.cells.len(), 9);
    let DocumentCell::Markdown(title) = &session.document.cells[0] else {
        panic!("the first cell is text");
    };
    assert_eq!(title.source, "# Linear regression\nTraining run");
    assert_eq!(session.document.metadata["kernel"], "ruchy");
    assert_eq!(session.warnings, []);

    let counts: Vec<_> = session
        .cell_records
        .iter()
        .map(|record| record.execution_count.unwrap())
        .collect();
    assert_eq!(counts, [1, 2, 3, 4, 5, 6, 7, 8]);
    let printed = &session.cell_records[6].outputs[0];
    assert_eq!(printed["output_type"], "stream");
    let shown = &session.cell_records[7].outputs[0];
    assert_eq!(shown["output_type"], "execute_result");
    assert_eq!(shown["execution_count"], 8);

    // The printed losses are the loss; the list that was shown is a series of its own.
    let names: Vec<_> = session.metrics.series().iter().map(|s| s.name()).collect();
    assert_eq!(names, ["loss", "accuracy", "losses"]);
    assert_eq!(session.metrics.total_steps(), 5);
    assert_eq!(session.metrics.final_accuracy(), Some(96.675));
    let losses = session.metrics.get(&SeriesKey::named("losses")).unwrap();
    assert_eq!(losses.values().len(), 5);
    assert_eq!(losses.values()[4..], [3.325_000_000_000_001]);
    // The data `xs` and `ys` are no metrics.
    assert!(session.metrics.named("xs").next().is_none());

    assert_eq!((session.started_at, session.ended_at), (None, None));
    for record in &session.cell_records {
        assert_eq!(record.time_source, TimeSource::Derived);
    }
    assert_eq!(
        session.derived["cells.timestamp"],
        "the file's modification time, or 1970-01-01 where that is not known"
    );
}

/// The shape of the notebooks in Ruchy's own repository: never run, so without outputs.
#[test]
fn ruchy_notebook_that_never_ran() {
    let session = read_slice(
        br##"{"cells":[{"cell_type":"markdown","source":"# A"},{"cell_type":"code","source":"1 + 1"}],
             "metadata":{"language":"ruchy","version":"1.0.0","kernel":"ruchy"}}"##,
    );
    assert_eq!(session.code_history.len(), 1);
    assert_eq!(session.code_history[0].output, None);
    assert_eq!(session.warnings[0].kind, WarningKind::Order);
}

/// A notebook whose cells ran in another order, with fields and cells that no Ruchy writes.
#[test]
fn ruchy_notebook_in_the_order_of_its_counts() {
    let session = read_slice(
        br#"{"cells":[
             {"cell_type":"code","source":"losses","output":"[0.5, 0.25]","execution_count":9,"tags":["x"]},
             {"cell_type":"code","source":["a ","= 1"],"execution_count":null},
             {"cell_type":"code","source":"let mut losses = train()","output":"epoch 1\n[0.5]","execution_count":2},
             {"cell_type":"heading","source":"H"}, 7],
             "metadata":{"language":"ruchy"},"theme":"dark"}"#,
    );
    let sources: Vec<_> = session.code_history.iter().map(|c| &*c.source).collect();
    assert_eq!(sources, ["let mut losses = train()", "losses", "a = 1"]);
    let places: Vec<_> = session
        .document
        .cells
        .iter()
        .map(|cell| match cell {
            DocumentCell::Code(index) => Ok(*index),
            DocumentCell::Raw(text) => Err(&*text.source),
            DocumentCell::Markdown(_) => Err("markdown"),
        })
        .collect();
    assert_eq!(places, [Ok(1), Ok(2), Ok(0), Err("H"), Err("7")]);
    assert_eq!(session.cell_records[1].extra["tags"][0], "x");
    assert_eq!(session.document.extra["theme"], "dark");
    assert_eq!(session.metrics.total_steps(), 2);
    let paths: Vec<_> = session
        .warnings
        .iter()
        .map(|warning| warning.place.path.as_deref().unwrap())
        .collect();
    assert_eq!(
        paths,
        [
            "theme",
            "cells[0].tags",
            "cells[3].cell_type",
            "cells[3].cell_type",
            "cells[4]"
        ]
    );
}

/// Ruchy 4.2.1's converter: a notebook without `outputs` and `execution_count`.
#[test]
fn ruchy_421_converter_notebook() {
    let session = read("lib421_demo_converter.ipynb");
    let sources: Vec<_> = session.code_history.iter().map(|c| &*c.source).collect();
    assert_eq!(sources, ["let x = 1", "fun f(a) {\na + 1\n}", "f(x)"]);
    assert_eq!(
        session.source.as_ref().unwrap().format,
        SourceFormat::Jupyter
    );

    let recording = RuchySession::from_path(path("lib421_demo_converter.ipynb")).unwrap();
    assert_eq!(recording.cells.len(), 3);
    let converted = EntrenarSession::from(recording);
    assert_eq!(converted.id, session.id);
    assert_eq!(converted.document, session.document);
    assert_eq!(converted.code_history, session.code_history);
}

/// A Jupyter notebook of a Ruchy kernel, executed: what its cells evaluate to is read as in
/// Ruchy's own formats.
#[test]
fn jupyter_notebook_of_a_ruchy_kernel() {
    let notebook = r#"{"nbformat":4,"nbformat_minor":5,"cells":[
        {"cell_type":"code","id":"a","metadata":{},"source":"let mut losses = []","execution_count":1,"outputs":[]},
        {"cell_type":"code","id":"b","metadata":{},"source":["train()\n","losses"],"execution_count":2,
         "outputs":[{"output_type":"execute_result","execution_count":2,"metadata":{},"data":{"text/plain":["[1.5, ","0.5]"]}}]}],
        "metadata":{"kernelspec":{"display_name":"Ruchy","language":"LANGUAGE","name":"LANGUAGE"}}}"#;
    let session = read_slice(notebook.replace("LANGUAGE", "ruchy").as_bytes());
    assert_eq!(session.metrics.total_steps(), 2);
    assert_eq!(session.metrics.final_loss(), Some(0.5));
    let recording = RuchySession::from_slice(notebook.replace("LANGUAGE", "ruchy").as_bytes());
    let recorded = EntrenarSession::from(recording.unwrap());
    assert_eq!(recorded.metrics, session.metrics);
    assert_eq!(recorded.code_history, session.code_history);
    // A list that any other kernel shows is not read by Ruchy's rules.
    let session = read_slice(notebook.replace("LANGUAGE", "python").as_bytes());
    assert!(session.metrics.named("losses").next().is_none());
}

/// `runtime::audit` of Ruchy 4.2.1, as JSON Lines and as objects without a separator.
#[test]
fn ruchy_421_audit_streams() {
    for name in ["lib421_audit.jsonl", "lib421_audit.json"] {
        let session = read(name);
        assert_eq!(session.code_history.len(), 8, "{name}");
        let losses = session.metrics.get(&SeriesKey::named("losses")).unwrap();
        assert_eq!(losses.values(), [1.0, 0.5, 1.0 / 3.0]);
        assert_eq!(session.metrics.point_count(), 3);
        let failed: Vec<_> = session
            .cells()
            .filter(|(_, record)| record.unwrap().error.is_some())
            .map(|(cell, _)| &*cell.source)
            .collect();
        assert_eq!(failed, ["undefined_x", "use std", "π"]);
        let training = &session.cell_records[2];
        assert_eq!(
            training.outputs,
            [] as [serde_json::Value; 0],
            "`()` shows nothing"
        );
        assert_eq!(training.mode.as_deref(), Some("Interactive"));
        assert_eq!(
            training.metadata["input_hash"],
            11_977_648_447_505_609_235_u64
        );
        assert_eq!(training.metadata["eval_type"], "ControlFlow");
        assert_eq!(training.metadata["confidence"], 1.0);
        assert_eq!((session.started_at, session.ended_at), (None, None));
        assert_eq!(session.warnings, []);
    }
}

/// Every entry of an audit stream is an evaluation that ended, though `()` shows nothing.
#[test]
fn ruchy_421_audit_stream_as_a_script() {
    let script = entrenar::export::ruchy_script::script(&read("lib421_audit.jsonl"));
    let script = String::from_utf8(script).unwrap();
    assert!(script.contains("\nfor epoch in 1..4 {"), "{script}");
    assert!(!script.contains("not finished"), "{script}");
}

/// An audit stream of Ruchy 4.2.1 that was cut off, and one with a broken line.
#[test]
fn damaged_audit_streams_give_the_rest() {
    let bytes = std::fs::read(path("lib421_audit.jsonl")).unwrap();
    let cut = read_slice(&bytes[..bytes.len() - 40]);
    assert_eq!(cut.code_history.len(), 7);
    assert_eq!(cut.warnings.len(), 1);
    assert!(cut.warnings[0].message.contains("cut off"));
    let last_line = bytes[..bytes.len() - 1]
        .iter()
        .rposition(|b| *b == b'\n')
        .unwrap()
        + 1;
    assert_eq!(cut.warnings[0].place.byte, u64::try_from(last_line).ok());

    let text = String::from_utf8(bytes).unwrap();
    let broken = text.replacen("{\"timestamp_ns\":2883885", "{oops", 1);
    let broken = read_slice(broken.as_bytes());
    assert_eq!(broken.code_history.len(), 7);
    assert!(broken.warnings[0].message.contains("not JSON"));
}

/// The REPL of Ruchy 4.2.1: entries of several lines, and the warning that this is all there is.
#[test]
fn ruchy_421_history() {
    let session = read("ruchy421_repl_train_bracketed_paste.history.txt");
    assert_eq!(
        session.source.as_ref().unwrap().format,
        SourceFormat::RuchyHistory
    );
    assert_eq!(session.code_history.len(), 52);
    let function = session
        .code_history
        .iter()
        .find(|cell| cell.source.starts_with("fun mse"))
        .unwrap();
    assert_eq!(function.source.lines().count(), 10);
    assert!(
        session
            .code_history
            .iter()
            .all(|cell| cell.output.is_none())
    );
    assert!(session.metrics.is_empty());
    assert_eq!(session.warnings.len(), 1);
    assert_eq!(session.warnings[0].kind, WarningKind::Missing);
    assert!(session.warnings[0].message.contains("inputs only"));
    for name in [
        "ctrlc",
        "ctrld",
        "empty_quit",
        "errors",
        "train_gd",
        "train_multiline",
    ] {
        let session = read(&format!("ruchy421_repl_{name}.history.txt"));
        assert!(!session.code_history.is_empty(), "{name}");
    }
}

/// What is not Ruchy's is refused by `RuchySession`, with the reason as its source.
#[test]
fn other_formats_are_refused() {
    let python = br#"{"nbformat":4,"nbformat_minor":5,"cells":[],"metadata":{"kernelspec":{"language":"python"}}}"#;
    let error = RuchySession::from_slice(python).unwrap_err();
    assert!(matches!(error, RuchyBridgeError::Read(_)));
    let reason = std::error::Error::source(&error).unwrap().to_string();
    assert!(reason.contains("jupyter"), "{reason}");
    let error = RuchySession::from_path(path("no such file.replay")).unwrap_err();
    let reason = std::error::Error::source(&error).unwrap().to_string();
    assert!(reason.contains("no such file.replay"), "{reason}");
}
