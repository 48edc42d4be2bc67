//! Any valid notebook, read and written as an edition, holds the same cells and outputs.
#![expect(
    clippy::indexing_slicing,
    reason = "a test fails where a part is missing"
)]

mod jupyter_support;

use entrenar::export::notebook::edition;
use entrenar::session::{DocumentCell, EntrenarSession, output};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use jupyter_support::read;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z0-9 =.\n\r\t\u{1b}]{0,40}",
        Just(String::new()),
    ]
}

/// A text as nbformat allows it: a string or a list of strings.
fn multiline() -> impl Strategy<Value = Value> {
    (text(), any::<bool>()).prop_map(|(text, split)| {
        if split {
            text.split_inclusive('\n').map(Value::from).collect()
        } else {
            Value::from(text)
        }
    })
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((text(), inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn metadata() -> impl Strategy<Value = Value> {
    prop::collection::vec(("x[a-z]{0,5}", any_json()), 0..3)
        .prop_map(|entries| Value::Object(entries.into_iter().collect()))
}

fn data() -> impl Strategy<Value = Value> {
    let text = prop_oneof!["text/(plain|html)", "image/(png|svg\\+xml)"];
    let entry = prop_oneof![(text, multiline()), ("application/(x\\+)?json", any_json()),];
    prop::collection::vec(entry, 0..4)
        .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>()))
}

fn an_output() -> impl Strategy<Value = Value> {
    prop_oneof![
        ("std(out|err)", multiline())
            .prop_map(|(name, text)| json!({"output_type": "stream", "name": name, "text": text})),
        (data(), metadata())
            .prop_map(|(d, m)| json!({"output_type": "display_data", "data": d, "metadata": m})),
        (data(), metadata(), any::<Option<u32>>()).prop_map(|(d, m, count)| json!(
            {"output_type": "execute_result", "data": d, "metadata": m, "execution_count": count})),
        (text(), text(), prop::collection::vec(text(), 0..3)).prop_map(|(n, v, t)| json!(
            {"output_type": "error", "ename": n, "evalue": v, "traceback": t})),
    ]
}

fn cell() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => (multiline(), metadata(), any::<Option<u8>>(), prop::collection::vec(an_output(), 0..4))
            .prop_map(|(source, metadata, count, outputs)| json!(
                {"cell_type": "code", "source": source, "metadata": metadata,
                 "execution_count": count, "outputs": outputs})),
        1 => ("markdown|raw", multiline(), metadata(), data()).prop_map(|(kind, source, metadata, data)|
            json!({"cell_type": kind, "source": source, "metadata": metadata, "attachments": {"f": data}})),
    ]
}

fn notebook() -> impl Strategy<Value = Value> {
    (
        prop::collection::vec((cell(), any::<Option<u8>>()), 0..8),
        metadata(),
    )
        .prop_map(|(cells, metadata)| {
            let cells: Vec<_> = cells
                .into_iter()
                .map(|(mut cell, id)| {
                    if let Some(id) = id {
                        cell["id"] = format!("id{}", id % 8).into();
                    }
                    cell
                })
                .collect();
            json!({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})
        })
}

/// An output with its texts joined, so that a string and a list of lines are equal.
fn joined(output: &Value) -> Value {
    let mut output = output.clone();
    if output["output_type"] == "stream" {
        output["text"] = output::multiline(&output["text"]).into();
    }
    if let Some(Value::Object(data)) = output.get_mut("data") {
        for (kind, value) in data {
            if !kind.starts_with("application/") {
                *value = output::multiline(value).into();
            }
        }
    }
    output
}

/// All that the edition has to keep, in the order of the document.
fn content(session: &EntrenarSession) -> Vec<Value> {
    session
        .document
        .cells
        .iter()
        .map(|cell| match cell {
            DocumentCell::Code(index) => {
                let (cell, record) = (&session.code_history[*index], &session.cell_records[*index]);
                let outputs: Vec<_> = record.outputs.iter().map(joined).collect();
                json!({"order": cell.execution_order, "source": cell.source, "outputs": outputs,
                       "text": cell.output, "count": record.execution_count, "metadata": record.metadata,
                       "failed": record.error.is_some()})
            }
            DocumentCell::Markdown(cell) | DocumentCell::Raw(cell) => {
                let attachments: Map<_, _> = cell
                    .attachments
                    .iter()
                    .map(|(name, data)| (name.clone(), joined(&json!({"data": data}))))
                    .collect();
                json!({"source": cell.source, "metadata": cell.metadata, "attachments": attachments})
            }
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn an_edition_holds_the_same_cells_and_outputs(notebook in notebook()) {
        let session = read(notebook.to_string());
        prop_assert_eq!(session.document.cells.len(), notebook["cells"].as_array().unwrap().len());
        let written = edition(&session);
        let again = read(&written);
        prop_assert_eq!(content(&again), content(&session));
        prop_assert!(again.warnings.iter().all(|w| w.kind == entrenar::session::WarningKind::Order),
            "{:?}", again.warnings);
        prop_assert_eq!(again.metrics.point_count(), session.metrics.point_count());
    }

    #[test]
    fn any_json_is_read_or_refused(value in any_json(), cells in any_json(), text in any::<Vec<u8>>()) {
        let notebook = json!({"nbformat": 4, "metadata": value, "cells": [cells.clone(), {"cell_type": "code", "outputs": cells}]});
        let session = read(notebook.to_string());
        let again = read(edition(&session));
        prop_assert_eq!(again.document.cells.len(), session.document.cells.len());
        prop_assert!(jupyter_support::try_read(&text).is_err());
    }
}
