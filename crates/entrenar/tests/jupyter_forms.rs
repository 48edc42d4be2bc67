//! Forms of the notebook format, by small notebooks written by hand after the schemas of nbformat
//! 2 to 4.5 and after what JupyterLab 4, papermill 2.6, Colab and VS Code write.

mod jupyter_support;

use entrenar::export::notebook::edition;
use entrenar::session::{DocumentCell, EntrenarSession, TimeSource, WarningKind};
use serde_json::{Value, json};

use jupyter_support::{context, messages, oracle, read, read_value, sources};

fn code(source: &str, count: Option<i64>, metadata: &Value, outputs: &Value) -> Value {
    json!({"cell_type": "code", "source": source, "execution_count": count,
           "metadata": metadata, "outputs": outputs})
}

fn v4(cells: &[Value]) -> Value {
    json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})
}

fn kinds(session: &EntrenarSession) -> Vec<WarningKind> {
    session.warnings.iter().map(|w| w.kind).collect()
}

fn ran(cells: &[(&str, Option<i64>, Value)]) -> EntrenarSession {
    let cells: Vec<_> = cells
        .iter()
        .map(|(source, count, metadata)| code(source, *count, metadata, &json!([])))
        .collect();
    read_value(&v4(&cells))
}

/// Checks a notebook with nbformat 5.11.1, where that is installed.
fn validate(notebook: &[u8]) {
    let Some(python) = jupyter_support::python("nbformat") else {
        return;
    };
    let file = tempfile::Builder::new().suffix(".ipynb").tempfile();
    let path = file
        .map(|file| file.into_temp_path())
        .expect("a temporary file");
    entrenar::files::write_atomic(&path, notebook).expect("the file is written");
    let (faults, ok) = oracle(&python, "validate_notebooks.py", &[path.to_path_buf()]);
    assert!(ok, "{faults}");
}

fn lab(second: u32) -> Value {
    json!({"execution": {
        "iopub.status.busy": format!("2024-05-01T10:00:{second:02}.25Z"),
        "iopub.execute_input": format!("2024-05-01T10:00:{second:02}.26Z"),
        "shell.execute_reply": format!("2024-05-01T10:00:{:02}.25Z", second + 1),
        "iopub.status.idle": format!("2024-05-01T10:00:{:02}.75Z", second + 1),
    }})
}

#[test]
fn nbformat_3_comes_in_the_form_of_nbformat_4() {
    let session = read_value(&json!({
        "metadata": {"name": "Fourier series"}, "nbformat": 3, "nbformat_minor": 0,
        "worksheets": [{"metadata": {}, "cells": [
            {"cell_type": "heading", "level": 2, "metadata": {}, "source": ["Data\n", "here"]},
            {"cell_type": "code", "collapsed": true, "input": ["a = 1\n", "a"], "language": "python",
             "metadata": {}, "prompt_number": 4, "outputs": [
                {"output_type": "stream", "stream": "stderr", "text": ["careful\n"]},
                {"output_type": "pyout", "prompt_number": 4, "text": "1", "html": ["<b>", "1</b>"],
                 "json": "{\"a\": 1}", "metadata": {"png": {"width": 3}}},
                {"output_type": "display_data", "png": "aGk=", "metadata": {"x": 1}},
                {"output_type": "pyerr", "ename": "E", "evalue": "v", "traceback": ["t1", "t2"]},
             ]},
        ]}, {"cells": [{"cell_type": "markdown", "source": "end"}]}],
    }));
    assert_eq!(session.name, "Fourier series");
    assert_eq!(sources(&session), ["a = 1\na"]);
    let record = &session.cell_records[0];
    assert_eq!(record.execution_count, Some(4));
    assert_eq!(record.metadata["collapsed"], true);
    assert_eq!(record.extra["language"], "python");
    assert_eq!(
        Value::Array(record.outputs.clone()),
        json!([
            {"output_type": "stream", "name": "stderr", "text": ["careful\n"]},
            {"output_type": "execute_result", "execution_count": 4,
             "metadata": {"image/png": {"width": 3}},
             "data": {"text/plain": "1", "text/html": ["<b>", "1</b>"], "application/json": {"a": 1}}},
            {"output_type": "display_data", "metadata": {"x": 1}, "data": {"image/png": "aGk="}},
            {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["t1", "t2"]},
        ])
    );
    let error = record.error.as_ref().unwrap();
    assert_eq!(
        (&*error.name, &*error.message, error.traceback.len()),
        ("E", "v", 2)
    );
    assert_eq!(
        session.code_history[0].output.as_deref(),
        Some("careful\n1\nt1\nt2")
    );
    let DocumentCell::Markdown(heading) = &session.document.cells[0] else {
        panic!("{:?}", session.document.cells);
    };
    assert_eq!(heading.source, "## Data here");
    assert_eq!(session.document.cells.len(), 3);
    assert_eq!(messages(&session), Vec::<String>::new());
}

#[test]
fn nbformat_2_has_no_names_for_streams() {
    let session = read_value(&json!({
        "metadata": {}, "nbformat": 2,
        "worksheets": [{"cells": [{"cell_type": "code", "input": "print 1", "prompt_number": 1,
            "outputs": [{"output_type": "stream", "text": "1\n"},
                        {"output_type": "pyout", "text": "2", "latex": "$2$"}]}]}],
    }));
    assert_eq!(session.cell_records[0].outputs[0]["name"], "stdout");
    assert_eq!(
        session.cell_records[0].outputs[1]["data"],
        json!({"text/plain": "2", "text/latex": "$2$"})
    );
    assert!(session.warnings.is_empty(), "{:?}", messages(&session));
}

#[test]
fn every_minor_version_opens_and_unusual_ones_are_said() {
    let notebook = |major: Value, minor: Value| {
        let mut notebook = v4(&[code("1", Some(1), &json!({}), &json!([]))]);
        notebook["nbformat"] = major;
        notebook["nbformat_minor"] = minor;
        read_value(&notebook)
    };
    for minor in 0..=5 {
        let session = notebook(json!(4), json!(minor));
        assert_eq!(sources(&session), ["1"]);
        assert!(session.warnings.is_empty(), "{:?}", messages(&session));
    }
    for (major, minor) in [
        (json!(4), json!(99)),
        (json!(4), json!("x")),
        (json!(4), Value::Null),
        (json!(5), json!(0)),
        (json!("4"), json!(5)),
    ] {
        let session = notebook(major, minor);
        assert_eq!((sources(&session).len(), session.warnings.len()), (1, 1));
    }
    let without = read(r#"{"cells": [{"cell_type": "code", "source": "1", "outputs": []}]}"#);
    assert_eq!(
        (sources(&without), kinds(&without)),
        (vec!["1"], vec![WarningKind::Missing])
    );
}

#[test]
fn a_worksheet_and_cells_in_one_document_are_both_read() {
    let mut notebook = v4(&[code("new", Some(1), &json!({}), &json!([]))]);
    notebook["worksheets"] =
        json!([{"cells": [{"cell_type": "code", "input": "old", "outputs": []}]}]);
    assert_eq!(sources(&read_value(&notebook)), ["new", "old"]);
    for empty in [
        json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}}),
        json!({"nbformat": 3, "worksheets": [], "metadata": {}}),
        json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": {"a": 1}}),
        json!({"nbformat": 4, "nbformat_minor": 5, "metadata": 7, "cells": []}),
    ] {
        let session = read_value(&empty);
        assert!(session.code_history.is_empty());
        let said = session.warnings.len();
        assert_eq!(said > 0, empty["nbformat"] == 4, "{:?}", messages(&session));
    }
}

#[test]
fn cells_come_in_the_order_of_their_counts() {
    let none = json!({});
    let session = ran(&[
        ("third", Some(7), none.clone()),
        ("never", None, none.clone()),
        ("first", Some(2), none.clone()),
        ("second", Some(3), none),
    ]);
    assert_eq!(sources(&session), ["first", "second", "third", "never"]);
    let orders: Vec<_> = session
        .code_history
        .iter()
        .map(|c| c.execution_order)
        .collect();
    assert_eq!(orders, [1, 2, 3, 4]);
    assert_eq!(session.document.cells, [2, 3, 0, 1].map(DocumentCell::Code));
    assert!(session.warnings.is_empty());
}

#[test]
fn repeated_counts_are_settled_by_times_or_said() {
    let session = ran(&[
        ("b", Some(1), lab(30)),
        ("c", Some(2), lab(40)),
        ("a", Some(1), lab(10)),
    ]);
    assert_eq!(sources(&session), ["a", "b", "c"]);
    assert_eq!(kinds(&session), [WarningKind::Order]);
    let session = ran(&[
        ("a", Some(2), lab(30)),
        ("b", Some(1), json!({})),
        ("c", Some(1), lab(10)),
    ]);
    assert_eq!(sources(&session), ["a", "b", "c"]);
    assert_eq!(kinds(&session), [WarningKind::Order]);
    let session = ran(&[("a", None, json!({})), ("b", None, json!({}))]);
    assert_eq!(sources(&session), ["a", "b"]);
    assert_eq!(kinds(&session), [WarningKind::Order]);
    assert!(ran(&[("only", None, json!({}))]).warnings.is_empty());
}

#[test]
fn times_of_cells_are_read_and_bound_the_session() {
    let session = ran(&[
        ("a", Some(1), lab(10)),
        ("b", Some(2), lab(20)),
        ("c", None, json!({})),
    ]);
    let times: Vec<_> = session
        .cells()
        .map(|(cell, record)| {
            let record = record.unwrap();
            (
                cell.timestamp.to_rfc3339(),
                cell.duration_ms,
                record.time_source,
            )
        })
        .collect();
    assert_eq!(
        times[0],
        (
            "2024-05-01T10:00:10.250+00:00".into(),
            Some(1500),
            TimeSource::Recorded
        )
    );
    assert_eq!(
        times[2],
        (
            "2023-11-14T22:13:20+00:00".into(),
            None,
            TimeSource::Derived
        )
    );
    assert_eq!(session.started_at.unwrap().timestamp_subsec_millis(), 250);
    assert_eq!(session.duration().unwrap().num_milliseconds(), 11_500);
    let derived: Vec<_> = session.derived.keys().map(String::as_str).collect();
    assert_eq!(
        derived,
        ["cells.timestamp", "ended_at", "name", "started_at"]
    );

    let unknown = entrenar::bridge::read(
        v4(&[code("1", Some(1), &json!({}), &json!([]))])
            .to_string()
            .as_bytes(),
        &entrenar::bridge::SourceContext::default(),
    )
    .unwrap();
    assert_eq!(unknown.code_history[0].timestamp.timestamp(), 0);
    assert_eq!((unknown.started_at, unknown.ended_at), (None, None));
}

#[test]
fn papermill_tells_parameters_and_times() {
    let mut notebook = v4(&[code(
        "1",
        Some(1),
        &json!({"papermill": {
        "duration": 0.5, "start_time": "2024-05-01T10:00:01", "end_time": "2024-05-01T10:00:01.500000",
        "status": "completed", "exception": false}}),
        &json!([]),
    )]);
    notebook["metadata"] = json!({"papermill": {
        "start_time": "2024-05-01T10:00:00.000001", "end_time": "2024-05-01T10:00:09.000001",
        "parameters": {"lr": 0.001, "name": "x", "layers": [1, 2], "none": null}}});
    let session = read_value(&notebook);
    assert_eq!(session.duration().unwrap().num_seconds(), 9);
    assert!(!session.derived.contains_key("started_at"));
    let config: Vec<_> = session
        .config
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        config,
        [
            ("layers", "[1,2]"),
            ("lr", "0.001"),
            ("name", "x"),
            ("none", "null")
        ]
    );
    assert_eq!(session.code_history[0].duration_ms, Some(500));
    assert!(session.warnings.is_empty(), "{:?}", messages(&session));

    notebook["metadata"]["papermill"]["end_time"] = "2024-05-01T09:00:00".into();
    let session = read_value(&notebook);
    assert_eq!(kinds(&session), [WarningKind::Time]);
    assert_eq!(
        session.derived["ended_at"],
        "the latest recorded end of a cell"
    );
}

#[test]
fn a_title_and_a_user_come_only_from_the_file() {
    let with = |metadata: Value| {
        let mut notebook = v4(&[code("# Not a title", Some(1), &json!({}), &json!([]))]);
        notebook["metadata"] = metadata;
        let session = read_value(&notebook);
        (
            session.name.clone(),
            session.derived.contains_key("name"),
            session.user,
        )
    };
    let derived = ("notebook".to_owned(), true, None);
    assert_eq!(with(json!({})), derived);
    assert_eq!(with(json!({"colab": {"name": "Untitled3.ipynb"}})), derived);
    assert_eq!(with(json!({"title": ["x"], "authors": "me"})), derived);
    let colab = with(json!({"colab": {"name": "LoRA run.ipynb"}}));
    assert_eq!(colab, ("LoRA run".to_owned(), false, None));
    let full = with(json!({"title": "T", "authors": [{"name": "Ada"}], "colab": {"name": "x"}}));
    assert_eq!(full, ("T".to_owned(), false, Some("Ada".to_owned())));
    assert_eq!(
        with(json!({"authors": [{"name": "A"}, {"name": "B"}]})),
        derived
    );

    let by = |names: &[&str]| {
        let cells = names.iter().map(|name| {
            (
                "1",
                None,
                json!({"executionInfo": {
            "timestamp": 1_714_557_602_000_i64, "elapsed": 2000, "user": {"displayName": name}}}),
            )
        });
        ran(&cells.collect::<Vec<_>>()).user
    };
    assert_eq!(by(&["Ada", "", "Ada"]), Some("Ada".to_owned()));
    assert_eq!(by(&["Ada", "Bob"]), None);
}

#[test]
fn what_is_odd_is_kept_and_said() {
    let session = read_value(&json!({
        "cells": [
            null,
            "text",
            {"cell_type": "markdown", "source": 5, "metadata": [], "id": 7},
            {"cell_type": "mermaid", "source": "graph", "metadata": {}},
            {"cell_type": "sql", "source": "select 1", "outputs": [], "execution_count": 1},
            {"source": "?"},
            {"cell_type": "code", "source": ["a", 1, "b"], "metadata": {}, "execution_count": "3",
             "outputs": [null, "x", {}, {"output_type": "later", "data": 1},
                         {"output_type": "execute_result", "execution_count": null, "data": {}, "metadata": {}},
                         {"output_type": "stream", "text": 7, "more": 1}],
             "novelty": {"a": 1}},
            {"cell_type": "code", "source": "", "metadata": {}, "outputs": "gone"},
        ],
        "metadata": {"x": 1}, "nbformat": 4, "nbformat_minor": 5, "frontend": "f",
    }));
    assert_eq!(session.document.cells.len(), 8);
    assert_eq!(sources(&session), ["select 1", "ab", ""]);
    let record = &session.cell_records[1];
    assert_eq!(record.outputs.len(), 6);
    assert_eq!(record.outputs[..2], [Value::Null, json!("x")]);
    assert_eq!(
        record.outputs[5],
        json!({"output_type": "stream", "text": 7, "more": 1})
    );
    assert_eq!(record.extra["execution_count"], "3");
    assert_eq!(record.extra["source"], json!(["a", 1, "b"]));
    assert_eq!(record.extra["novelty"], json!({"a": 1}));
    assert_eq!(session.cell_records[2].outputs, [json!("gone")]);
    assert_eq!(session.document.extra["frontend"], "f");
    let DocumentCell::Markdown(cell) = &session.document.cells[2] else {
        panic!("{:?}", session.document.cells[2]);
    };
    assert_eq!(
        Value::Object(cell.extra.clone()),
        json!({"source": 5, "metadata": [], "id": 7})
    );
    insta::assert_snapshot!("odd", messages(&session).join("\n"));

    // The edition is valid and loses none of it.
    let written = edition(&session);
    validate(&written);
    let edition: Value = serde_json::from_slice(&written).unwrap();
    assert_eq!(edition["cells"].as_array().unwrap().len(), 8);
    assert_eq!(edition["cells"][6]["outputs"].as_array().unwrap().len(), 6);
    let kept = &edition["cells"][6]["metadata"]["entrenar"];
    assert_eq!(kept["outputs"]["5"], json!({"more": 1, "text": 7}));
    assert_eq!(kept["extra"]["novelty"], json!({"a": 1}));
}

#[test]
fn one_habit_of_a_large_notebook_is_one_warning() {
    let cell = json!({"cell_type": "markdown", "metadata": {}, "source": "", "novelty": 1});
    let session = read_value(&v4(&vec![cell; 5000]));
    assert_eq!(
        messages(&session),
        ["cells[0]: the format has no field `novelty` here; it is kept (and at 4999 more places)"]
    );
}

#[test]
fn attachments_widgets_and_ids_are_kept_and_exported() {
    let widgets = json!({"application/vnd.jupyter.widget-state+json": {"state": {"a": {}}}});
    let bundle = json!({"a.png": {"image/png": "aGk="}});
    let session = read_value(&json!({
        "cells": [
            {"cell_type": "markdown", "id": "m-1", "metadata": {}, "source": "![](attachment:a.png)",
             "attachments": bundle},
            {"cell_type": "raw", "id": "not valid", "metadata": {"format": "text/html"}, "source": ["<b>\n", "x"]},
            {"cell_type": "code", "id": "m-1", "metadata": {"tags": ["a", "a"]}, "source": "1",
             "execution_count": 1, "outputs": []},
            {"cell_type": "raw", "id": "cell-3", "metadata": {}, "source": ""},
        ],
        "metadata": {"widgets": widgets, "kernelspec": {"display_name": "R"}},
        "nbformat": 4, "nbformat_minor": 5,
    }));
    let written = edition(&session);
    validate(&written);
    let edition: Value = serde_json::from_slice(&written).unwrap();
    assert_eq!(edition["cells"][0]["attachments"], bundle);
    assert_eq!(edition["metadata"]["widgets"], widgets);
    assert_eq!(
        edition["metadata"]["kernelspec"],
        json!({"display_name": "R", "name": "R"})
    );
    assert_eq!(edition["cells"][1]["source"], json!(["<b>\n", "x"]));
    assert_eq!(
        edition["cells"][2]["metadata"]["entrenar"]["invalid"],
        json!({"tags": ["a", "a"]})
    );
    let ids: Vec<_> = (0..4)
        .map(|i| edition["cells"][i]["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["m-1", "cell-2", "cell-3-2", "cell-3"]);
    assert!(edition["metadata"].get("title").is_none());
    let text = String::from_utf8(written).unwrap();
    assert!(
        text.starts_with("{\n \"cells\": [\n  {\n   \"attachments\": {"),
        "{text}"
    );
    assert!(
        text.ends_with("\"nbformat\": 4,\n \"nbformat_minor\": 5\n}\n"),
        "{text}"
    );
    assert!(
        !text.contains("2023-11-14"),
        "the file's time is not the cells'"
    );
}

#[test]
fn a_session_without_a_document_becomes_a_notebook() {
    let at = context().modified.unwrap();
    let mut session =
        EntrenarSession::new_at("s", "Title", &entrenar::session::FixedClock(at)).with_user("Ada");
    session.add_code_cell(entrenar::session::CodeCell {
        execution_order: 1,
        source: "train()".into(),
        output: Some("loss=0.5\n".into()),
        timestamp: at,
        duration_ms: Some(2500),
    });
    insta::assert_snapshot!("from_api", String::from_utf8(edition(&session)).unwrap());
}

#[cfg(feature = "ruchy-sessions")]
#[test]
fn values_that_cells_of_the_ruchy_kernel_show_are_series() {
    let result = |text: &str| {
        json!([{"output_type": "execute_result", "execution_count": 1, "metadata": {},
                "data": {"text/plain": text}}])
    };
    let mut notebook = v4(&[code("losses", Some(1), &json!({}), &result("[1.5, 0.5]"))]);
    notebook["metadata"] = json!({"kernelspec": {"name": "ruchy", "display_name": "Ruchy"}});
    assert_eq!(read_value(&notebook).metrics.final_loss(), Some(0.5));
    notebook["metadata"] = json!({});
    assert_eq!(read_value(&notebook).metrics.final_loss(), None);
}
