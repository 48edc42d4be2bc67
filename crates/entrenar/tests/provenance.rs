//! PROV-JSON and Croissant of a session of known figures.
#![cfg(feature = "ruchy-sessions")]
#![expect(clippy::unwrap_used, reason = "tests")]

use chrono::{DateTime, TimeDelta};
use entrenar::export::model_card::{self, ModelCardOptions};
use entrenar::export::{croissant, csv, prov};
use entrenar::research::{Affiliation, Author, License, ResearchArtifact};
use entrenar::session::*;
use serde_json::{Value, json};

fn session() -> EntrenarSession {
    let began = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let mut session = EntrenarSession::empty("id with/odd #", "Rank 64 against \"rank\" 8\n")
        .with_architecture("llama-2-7b")
        .with_dataset("alpaca-clean")
        .with_config("rank", "64");
    session.started_at = Some(began);
    session.ended_at = Some(began + TimeDelta::hours(1));
    session.document.metadata.insert(
        "language_info".into(),
        json!({"name": "python", "version": "3.11.7"}),
    );
    session.source = Some(SourceInfo {
        name: Some("a b.ipynb".into()),
        format: SourceFormat::Jupyter,
        sha256: Sha256Hash::of(b"x"),
        size: 1,
    });
    for order in 1..=2 {
        let cell = CodeCell {
            execution_order: order,
            source: "train()".into(),
            output: None,
            timestamp: began + TimeDelta::seconds(i64::from(order)),
            duration_ms: Some(1500),
        };
        let record = CellRecord {
            time_source: if order == 1 {
                TimeSource::Recorded
            } else {
                TimeSource::Derived
            },
            error: (order == 2).then(|| CellError {
                name: "KeyboardInterrupt".into(),
                ..CellError::default()
            }),
            ..CellRecord::default()
        };
        session.add_recorded_cell(cell, record);
    }
    session.runs.push(TrainingRun {
        config: [("lr".to_owned(), "0.001".to_owned())].into(),
        first_cell: Some(1),
        status: RunStatus::Failed,
        ..TrainingRun::default()
    });
    for (run, name, value) in [
        (Some(0), "loss", 0.5),
        (Some(0), "loss", f64::NAN),
        (None, "bleu", f64::INFINITY),
    ] {
        let key = SeriesKey {
            name: name.into(),
            run,
            rank: None,
        };
        let point = Point {
            value,
            step: Some(1),
            ..Point::default()
        };
        session.metrics.push(key, point);
    }
    session
}

fn artifact(session: &EntrenarSession) -> ResearchArtifact {
    let place = Affiliation::new("California Digital Library")
        .with_ror("03yrm5c26")
        .unwrap();
    let ada = Author::new("Ada Lovelace").with_orcid("0000-0002-1825-0097");
    entrenar::ecosystem::session_to_artifact(session)
        .unwrap()
        .with_authors([
            ada.unwrap().with_affiliation(place.clone()),
            Author::organisation("The Analytical Engine Team").with_affiliation(place),
        ])
        .with_license(License::parse("MIT OR Apache-2.0").unwrap())
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn provenance_of_a_session() {
    let session = session();
    insta::assert_snapshot!(text(prov::document(&session, &artifact(&session))));
}

#[test]
fn provenance_of_nothing() {
    let session = EntrenarSession::empty("", "");
    let artifact = ResearchArtifact::new("", "", entrenar::research::ArtifactType::Notebook);
    insta::assert_snapshot!(text(prov::document(&session, &artifact)));
}

#[test]
fn a_time_that_was_derived_is_not_said() {
    let mut session = session();
    session
        .derived
        .insert("started_at".into(), "the first cell".into());
    let document: Value =
        serde_json::from_slice(&prov::document(&session, &artifact(&session))).unwrap();
    let activity = &document["activity"]["session:session"];
    assert_eq!(activity.get("prov:startTime"), None);
    assert_eq!(activity["prov:endTime"], "2023-11-14T23:13:20Z");
}

#[test]
fn the_table_of_metrics_as_a_data_set() {
    let session = session();
    let table = csv::metrics(&session);
    let document = croissant::document(&session, &artifact(&session), &table).unwrap();
    insta::assert_snapshot!(text(document));
}

#[test]
fn there_is_no_data_set_without_a_point() {
    let mut session = session();
    session.metrics = SessionMetrics::new();
    let artifact = artifact(&session);
    assert_eq!(croissant::document(&session, &artifact, b""), None);
}

#[test]
fn only_semantic_versions_licences_and_dates_that_were_given() {
    let session = session();
    let describe = |artifact: ResearchArtifact| -> Value {
        serde_json::from_slice(&croissant::document(&session, &artifact, b"").unwrap()).unwrap()
    };
    for (version, is_kept) in [
        ("1.0.0", true),
        ("1.2.3-rc.1+build.7", true),
        ("1.0", false),
        ("01.0.0", false),
        ("1.0.0-01", false),
        ("v1.0.0", false),
        ("", false),
    ] {
        let document = describe(artifact(&session).with_version(version));
        assert_eq!(document.get("version").is_some(), is_kept, "{version}");
    }
    let mut bare = artifact(&session);
    bare.license = None;
    bare.completed_at = None;
    bare.authors.clear();
    let document = describe(bare);
    assert_eq!(document["license"]["name"], "No licence chosen");
    for field in ["datePublished", "creator", "url"] {
        assert_eq!(document.get(field), None, "{field}");
    }
}

#[test]
fn a_model_card_with_results() {
    let mut session = session();
    session.metrics.log(7, "accuracy", 0.875);
    session.metrics.log(7, "tiny", 1e-7);
    session.metrics.log(7, "huge", 2e300);
    let options = ModelCardOptions {
        task: Some("text-generation".into()),
    };
    let card = model_card::document(&session, &artifact(&session), &options);
    insta::assert_snapshot!(text(card));
}

#[test]
fn a_model_card_of_nothing() {
    let session = EntrenarSession::empty("", "");
    let artifact = ResearchArtifact::new("", "", entrenar::research::ArtifactType::Notebook);
    let card = model_card::document(&session, &artifact, &ModelCardOptions::default());
    insta::assert_snapshot!(text(card));
}

#[test]
fn licences_by_the_names_of_the_hub() {
    let session = session();
    for (license, meant) in [
        ("MIT", "license: \"mit\"\n"),
        ("GPL-3.0-or-later", "license: \"gpl-3.0\"\n"),
        (
            "0BSD",
            "license: \"other\"\nlicense_name: \"0bsd\"\nlicense_link: \"https://spdx.org/licenses/0BSD.html\"\n",
        ),
        (
            "MIT OR Apache-2.0",
            "license: \"other\"\nlicense_name: \"mit-or-apache-2.0\"\n",
        ),
    ] {
        let artifact = artifact(&session).with_license(License::parse(license).unwrap());
        let card = text(model_card::document(
            &session,
            &artifact,
            &ModelCardOptions::default(),
        ));
        assert!(card.contains(meant), "{license}: {card}");
    }
}
