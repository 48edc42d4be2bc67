#![no_main]
//! The artifact folder of whatever was read: it can be built, its page holds nothing that acts,
//! its paths stay in the folder, and its `session.json` gives the session back.

use entrenar::bridge::{self, SourceContext};
use entrenar::preserve::{self, Parts, PreserveOptions};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fuzz_target!(|bytes: &[u8]| {
    check(bytes, SourceContext::default());
    // What is no document is the content of one: name, text, HTML and image between NULs.
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.split('\0');
    let mut part = || parts.next().unwrap_or_default();
    let name = part().to_owned();
    let document = json!({
        "nbformat": 4, "nbformat_minor": 5, "metadata": {"title": part()},
        "cells": [
            {"cell_type": "markdown", "id": part(), "source": part(), "metadata": {}},
            {"cell_type": "code", "id": part(), "source": part(), "metadata": {}, "execution_count": 1,
             "outputs": [
                {"output_type": "display_data", "metadata": {}, "data": {"text/html": part()}},
                {"output_type": "display_data", "metadata": {}, "data": {"image/svg+xml": part()}},
                {"output_type": "display_data", "metadata": {}, "data": {"text/markdown": part(), "image/png": part()}},
                {"output_type": "stream", "name": "stdout", "text": part()},
                {"output_type": "error", "ename": part(), "evalue": part(), "traceback": [part()]},
             ]},
        ],
    });
    let context = SourceContext {
        name: Some(name),
        ..SourceContext::default()
    };
    check(document.to_string().as_bytes(), context);
});

fn check(bytes: &[u8], context: SourceContext) {
    let Ok(session) = bridge::read(bytes, &context) else {
        return;
    };
    let source = session
        .source
        .as_ref()
        .is_some_and(|s| s.sha256 == entrenar::session::Sha256Hash::of(bytes));
    let mut artifact = preserve::describe(&session, &PreserveOptions::default());
    artifact.release_date = chrono::NaiveDate::from_ymd_opt(2026, 11, 22);
    let parts = Parts {
        source: source.then_some(bytes),
        ..Parts::default()
    };
    let folder =
        preserve::build(&session, &artifact, &parts).expect("whatever was read can be preserved");
    let files = folder.complete().expect("all files are in memory");
    for path in files.keys() {
        assert!(
            !path.starts_with('/') && !path.split('/').any(|part| matches!(part, "" | "." | ".."))
        );
        assert!(!path.contains(|c: char| c.is_control()));
    }
    check_crate(&files["ro-crate-metadata.json"]);
    let page = std::str::from_utf8(&files["ro-crate-preview.html"]).expect("UTF-8");
    assert_eq!(
        (
            page.matches("<script").count(),
            page.matches("</script").count()
        ),
        (1, 1)
    );
    let page = std::str::from_utf8(folder.file("index.html").expect("a page")).expect("UTF-8");
    for tag in page.split('<').skip(1) {
        let name: String = tag
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        assert!(
            ![
                "script", "iframe", "object", "embed", "base", "form", "link"
            ]
            .contains(&name.to_ascii_lowercase().as_str()),
            "<{name}"
        );
    }
    let json = folder.file(preserve::SESSION_JSON).expect("a session.json");
    bridge::read(json, &SourceContext::default()).expect("our own session.json can be read");
}

/// Every entity is described once, by an `@id` in the characters of RFC 3987, and every local reference has its
/// entity.
fn check_crate(metadata: &[u8]) {
    let metadata: Value = serde_json::from_slice(metadata).expect("JSON");
    let entities = metadata["@graph"].as_array().expect("a graph");
    let ids: std::collections::BTreeSet<&str> = entities
        .iter()
        .filter_map(|entity| entity["@id"].as_str())
        .collect();
    assert_eq!(ids.len(), entities.len());
    let allowed = |b: u8| {
        !b.is_ascii() || b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b)
    };
    assert!(ids.iter().all(|id| id.bytes().all(allowed)));
    for value in entities
        .iter()
        .filter_map(Value::as_object)
        .flat_map(|entity| entity.values())
    {
        for value in value
            .as_array()
            .map_or(std::slice::from_ref(value), Vec::as_slice)
        {
            if let Some(id) = value.get("@id").and_then(Value::as_str) {
                assert!(
                    id.contains("://") || id.starts_with("mailto:") || ids.contains(id),
                    "{id}"
                );
            }
        }
    }
}
