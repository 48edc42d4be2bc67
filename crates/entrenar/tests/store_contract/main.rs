//! What every store does, whatever keeps the sessions.
//!
//! A backend is one line at the end: a name, and a function that opens its store in a folder.
#![cfg(feature = "store")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests, called through a macro"
)]

mod chain;
mod lists;
mod redaction;
#[path = "../store_support/mod.rs"]
mod store_support;

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use entrenar::session::*;
use entrenar::store::*;
use serde_json::json;

use chain::*;
use lists::*;
use redaction::*;
use store_support as support;

type Open = fn(&Path) -> Box<dyn Store>;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// A session with a loss, a cell and an output, read from the source `text`.
fn read_from(text: &str) -> EntrenarSession {
    let sha256 = Sha256Hash::of(text.as_bytes());
    let id: String = sha256.to_string().chars().take(16).collect();
    let mut session = EntrenarSession::empty(id, "A notebook").with_tag("lora");
    session
        .derived
        .insert("name".into(), "the file's name".into());
    session.source = Some(SourceInfo {
        name: Some("a.ipynb".into()),
        format: SourceFormat::Jupyter,
        sha256,
        size: u64::try_from(text.len()).unwrap(),
    });
    session.started_at = Some(at(1_700_000_000));
    for loss in [0.5, 0.25] {
        session.metrics.add_loss(loss);
    }
    session.add_recorded_cell(
        CodeCell {
            execution_order: 1,
            source: "train()".into(),
            output: Some("loss 0.5\nloss 0.25\n".into()),
            timestamp: at(1_700_000_001),
            duration_ms: Some(10),
        },
        CellRecord {
            outputs: vec![output::stream("stdout", "loss 0.5\nloss 0.25\n")],
            ..CellRecord::default()
        },
    );
    session
}

fn ids(store: &dyn Store, query: &ListQuery) -> Vec<String> {
    let summaries = store.list(query).unwrap();
    summaries.into_iter().map(|summary| summary.id).collect()
}

fn importing_the_same_source_again_changes_nothing(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let session = read_from("one");
    let import = |store: &mut dyn Store, session: &EntrenarSession| {
        store.import(session, Some(b"one")).unwrap()
    };
    assert_eq!(import(&mut *store, &session), ImportStatus::Imported);
    store.tag(&session.id, &["kept".into()], &[]).unwrap();
    let edited = store.session(&session.id).unwrap();
    let events = store.events(None).unwrap();
    assert_eq!(import(&mut *store, &session), ImportStatus::Unchanged);
    let renamed = EntrenarSession {
        name: "the same file under another name".into(),
        ..session.clone()
    };
    assert_eq!(import(&mut *store, &renamed), ImportStatus::Unchanged);
    assert_eq!(store.session(&session.id).unwrap(), edited);
    assert_eq!(store.events(None).unwrap(), events);
    assert_eq!(store.source(&session.id).unwrap().unwrap(), b"one");
}

fn a_session_without_source_is_known_by_its_content(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let mut session = EntrenarSession::new_at("s", "S", &support::clock());
    session.metrics.add_loss(f64::NAN);
    assert_eq!(
        store.import(&session, None).unwrap(),
        ImportStatus::Imported
    );
    assert_eq!(
        store.import(&session, None).unwrap(),
        ImportStatus::Unchanged
    );
    store.set_notes("s", Some("x")).unwrap();
    assert_eq!(
        store.import(&session, None).unwrap(),
        ImportStatus::Unchanged
    );
    let edited = store.session("s").unwrap();
    assert_eq!(edited.notes.as_deref(), Some("x"));
    assert_eq!(
        store.import(&edited, None).unwrap(),
        ImportStatus::Unchanged
    );
    assert_eq!(store.source("s").unwrap(), None);
}

fn an_id_belongs_to_one_session(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let first = EntrenarSession::empty("s", "first");
    let second = EntrenarSession::empty("s", "second");
    let third = EntrenarSession::empty("t", "third");
    store.import(&first, None).unwrap();
    let error = store.import(&second, None).unwrap_err();
    assert!(matches!(error, StoreError::IdTaken { id } if id == "s"));
    let mut same_id = read_from("one");
    same_id.id = "s".into();
    let statuses = store
        .import_all(&[(&second, None), (&third, None), (&same_id, Some(b"one"))])
        .unwrap();
    assert!(matches!(statuses[0], Err(StoreError::IdTaken { .. })));
    assert_eq!(*statuses[1].as_ref().unwrap(), ImportStatus::Imported);
    assert!(matches!(statuses[2], Err(StoreError::IdTaken { .. })));
    assert_eq!(store.session("s").unwrap(), first);
    assert_eq!(store.session("t").unwrap(), third);
    assert_eq!(store.check().unwrap(), []);
}

fn other_bytes_than_the_source_are_not_kept_as_source(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let session = read_from("the notebook");
    store.import(&session, Some(b"a session.json")).unwrap();
    assert_eq!(store.session(&session.id).unwrap(), session);
    assert_eq!(store.source(&session.id).unwrap(), None);
    let again = store.import(&session, Some(b"the notebook")).unwrap();
    assert_eq!(again, ImportStatus::Unchanged);
}

fn ids_are_found_by_their_beginning(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    for id in ["abc", "abcd", "b%_", "ü1", "a\0b"] {
        store.import(&EntrenarSession::empty(id, ""), None).unwrap();
    }
    for (prefix, id) in [("abc", "abc"), ("abcd", "abcd"), ("b", "b%_"), ("ü", "ü1")] {
        assert_eq!(store.resolve(prefix).unwrap(), id);
    }
    assert_eq!(store.resolve("a\0b").unwrap(), "a\0b");
    let error = store.resolve("ab").unwrap_err();
    assert!(matches!(error, StoreError::Ambiguous { ids, .. } if ids == ["abc", "abcd"]));
    for unknown in ["x", "%", "B", "", "abcde"] {
        let error = store.resolve(unknown).unwrap_err();
        assert!(matches!(error, StoreError::NotFound { .. }), "{unknown}");
    }
}

fn edits_change_what_they_say(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let mut session = read_from("one");
    store.import(&session, Some(b"one")).unwrap();
    let id = session.id.clone();
    store
        .tag(&id, &["new".into(), "new".into()], &["lora".into()])
        .unwrap();
    store.set_notes(&id, Some("a\0note")).unwrap();
    store.rename(&id, "A name").unwrap();
    session.tags = vec!["new".into()];
    session.notes = Some("a\0note".into());
    session.name = "A name".into();
    session.derived.remove("name");
    assert_eq!(store.session(&id).unwrap(), session);
    let before = store.events(None).unwrap();
    store.tag(&id, &["new".into()], &["gone".into()]).unwrap();
    store.set_notes(&id, Some("a\0note")).unwrap();
    store.rename(&id, "A name").unwrap();
    assert_eq!(store.events(None).unwrap(), before, "nothing was changed");
    store.set_notes(&id, None).unwrap();
    assert_eq!(store.session(&id).unwrap().notes, None);
    assert_eq!(store.check().unwrap(), []);
}

fn a_session_that_is_not_there_is_an_error(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let errors = [
        store.session("x").map(drop).unwrap_err(),
        store.source("x").map(drop).unwrap_err(),
        store.tag("x", &["t".into()], &[]).unwrap_err(),
        store.set_notes("x", None).unwrap_err(),
        store.rename("x", "y").unwrap_err(),
        store.remove("x").unwrap_err(),
        store.redact("x", "secret").map(drop).unwrap_err(),
    ];
    for error in errors {
        assert!(
            matches!(&error, StoreError::NotFound { id } if id == "x"),
            "{error}"
        );
    }
    assert_eq!(store.events(None).unwrap(), []);
}

fn a_removed_session_is_gone_and_may_come_back(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let (one, two) = (read_from("one"), read_from("two"));
    store
        .import_all(&[(&one, Some(b"one")), (&two, Some(b"two"))])
        .unwrap();
    store.remove(&one.id).unwrap();
    assert_eq!(
        ids(&*store, &ListQuery::default()),
        std::slice::from_ref(&two.id)
    );
    assert_eq!(store.session(&two.id).unwrap(), two);
    assert_eq!(store.check().unwrap(), [], "no blob is left alone");
    let status = store.import(&one, Some(b"one")).unwrap();
    assert_eq!(status, ImportStatus::Imported);
    assert_eq!(store.session(&one.id).unwrap(), one);
    let kinds: Vec<_> = store
        .events(Some(&one.id))
        .unwrap()
        .into_iter()
        .map(|event| event.kind)
        .collect();
    assert_eq!(kinds, ["import", "remove", "import"]);
    assert_eq!(store.check().unwrap(), []);
}

fn large_outputs_come_back(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let large = output::stream("stdout", "a line of output\n".repeat(400_000));
    for id in ["a", "b"] {
        let mut session = EntrenarSession::empty(id, id);
        let cell = CodeCell {
            execution_order: 1,
            source: String::new(),
            output: output::plain_text(&large),
            timestamp: at(0),
            duration_ms: None,
        };
        session.add_recorded_cell(
            cell,
            CellRecord {
                outputs: vec![large.clone()],
                ..CellRecord::default()
            },
        );
        store.import(&session, None).unwrap();
        assert!(store.session(id).unwrap() == session);
    }
    store.remove("a").unwrap();
    assert!(store.session("b").unwrap().cell_records[0].outputs[0] == large);
    assert_eq!(store.check().unwrap(), []);
}

fn json_too_deep_to_read_back_is_refused(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let nested = |levels: usize| {
        let value = (0..levels).fold(json!(0), |value, _| json!([value]));
        let mut session = EntrenarSession::empty(levels.to_string(), "");
        session.document.metadata.insert("deep".into(), value);
        session
    };
    let fits = nested(125);
    store.import(&fits, None).unwrap();
    assert!(store.session(&fits.id).unwrap() == fits);
    for levels in [126, 127, 500] {
        let error = store.import(&nested(levels), None).unwrap_err();
        assert!(matches!(error, StoreError::TooDeep { .. }), "{error}");
    }
}

fn points_that_are_awkward_come_back(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let mut session = EntrenarSession::empty("s", "S");
    let values = [
        f64::NAN,
        f64::INFINITY,
        -0.0,
        f64::NEG_INFINITY,
        f64::MIN_POSITIVE,
    ];
    let steps = [i64::MIN, i64::MAX, 0, -1, i64::MAX];
    for index in 0..200_000_usize {
        let point = Point {
            value: values[index % 5],
            step: (index % 7 != 0).then_some(steps[index % 5]),
            epoch: (index % 3 == 0).then_some(0.5),
            ..Point::default()
        };
        session.metrics.push(SeriesKey::named("loss"), point);
    }
    store.import(&session, None).unwrap();
    assert!(store.session("s").unwrap() == session);
    let summary = &store.list(&ListQuery::default()).unwrap()[0];
    assert_eq!(summary.points, 200_000);
    assert_eq!(summary.final_loss, Some(f64::MIN_POSITIVE));
    assert_eq!(store.check().unwrap(), []);
}

fn events_form_a_chain_without_foreign_text(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let session = read_from("one");
    store.import(&session, Some(b"one")).unwrap();
    store
        .import(&EntrenarSession::empty("t", ""), None)
        .unwrap();
    let id = &session.id;
    store.tag(id, &["hunter2 tag".into()], &[]).unwrap();
    store.set_notes(id, Some("hunter2 note")).unwrap();
    store.rename(id, "hunter2 name").unwrap();
    store.redact(id, "hunter2").unwrap();
    store.remove(id).unwrap();
    let events = store.events(None).unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "import", "import", "tag", "note", "rename", "redact", "remove"
        ]
    );
    let sequences: Vec<_> = events.iter().map(|event| event.sequence).collect();
    assert_eq!(sequences, [1, 2, 3, 4, 5, 6, 7]);
    assert!(events.iter().all(|event| !event.detail.contains("hunter2")));
    let detail: serde_json::Value = serde_json::from_str(&events[0].detail).unwrap();
    assert_eq!(
        (&detail["cells"], &detail["points"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(detail["source"], json!(Sha256Hash::of(b"one").to_string()));
    assert_eq!(store.events(Some(id)).unwrap().len(), 6);
    assert_eq!(store.check().unwrap(), []);
}

fn what_is_written_about_an_artifact_is_kept(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let session = read_from("one");
    let id = &session.id;
    store.import(&session, Some(b"one")).unwrap();
    assert_eq!(store.artifact_metadata(id).unwrap(), None);
    let text = "# by hand\ntitle = \"hunter2 \u{e9}\"\n";
    for _ in 0..2 {
        store.set_artifact_metadata(id, Some(text)).unwrap();
    }
    assert_eq!(store.artifact_metadata(id).unwrap().as_deref(), Some(text));
    // It is no part of the session, and the same text again is no event.
    assert_eq!(store.session(id).unwrap(), session);
    assert_eq!(store.events(Some(id)).unwrap().len(), 2);
    store.redact(id, "hunter2").unwrap();
    let redacted = store.artifact_metadata(id).unwrap().unwrap();
    assert_eq!(redacted, text.replace("hunter2", "[REDACTED]"));
    assert_eq!(store.check().unwrap(), []);
    let copy = folder.path().join("copy.db");
    store.backup(&copy).unwrap();
    store.set_artifact_metadata(id, None).unwrap();
    assert_eq!(store.artifact_metadata(id).unwrap(), None);
    let copy = SqliteStore::open(&copy, StoreMode::ReadOnly, SystemClock).unwrap();
    assert_eq!(copy.artifact_metadata(id).unwrap(), Some(redacted));
    let events = store.events(Some(id)).unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["import", "artifact", "redact", "artifact"]);
    assert!(events.iter().all(|event| !event.detail.contains("hunter2")));
    store.set_artifact_metadata(id, Some(text)).unwrap();
    store.set_references(id, Some("[]")).unwrap();
    assert_eq!(store.references(id).unwrap().as_deref(), Some("[]"));
    assert_eq!(store.check().unwrap(), []);
    store.remove(id).unwrap();
    store.import(&session, Some(b"one")).unwrap();
    assert_eq!(store.artifact_metadata(id).unwrap(), None);
    assert_eq!(store.references(id).unwrap(), None);
    assert_eq!(store.check().unwrap(), []);
    assert!(store.set_artifact_metadata("gone", Some(text)).is_err());
}

fn a_backup_is_a_store_with_the_same_sessions(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let session = read_from("one");
    store.import(&session, Some(b"one")).unwrap();
    let copy = folder.path().join("copy.db");
    store.backup(&copy).unwrap();
    let error = store.backup(&copy).unwrap_err();
    assert!(matches!(error, StoreError::File(_)), "{error}");
    let error = store.backup(&folder.path().join("no/such")).unwrap_err();
    assert!(error.to_string().contains("no/"), "{error}");
    store.remove(&session.id).unwrap();
    let restored = SqliteStore::open(&copy, StoreMode::ReadOnly, SystemClock).unwrap();
    assert_eq!(restored.session(&session.id).unwrap(), session);
    assert_eq!(restored.check().unwrap(), []);
}

fn the_clock_of_the_store_gives_the_times(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    store
        .import(&EntrenarSession::empty("s", ""), None)
        .unwrap();
    let now = support::clock().0;
    assert_eq!(
        store.list(&ListQuery::default()).unwrap()[0].imported_at,
        now
    );
    assert_eq!(store.events(None).unwrap()[0].time - now, TimeDelta::zero());
}

macro_rules! contract {
    ($backend:ident, $open:expr) => {
        contract!($backend, $open;
            importing_the_same_source_again_changes_nothing,
            a_session_without_source_is_known_by_its_content,
            an_id_belongs_to_one_session,
            other_bytes_than_the_source_are_not_kept_as_source,
            ids_are_found_by_their_beginning,
            edits_change_what_they_say,
            a_session_that_is_not_there_is_an_error,
            a_removed_session_is_gone_and_may_come_back,
            large_outputs_come_back,
            json_too_deep_to_read_back_is_refused,
            points_that_are_awkward_come_back,
            figures_that_are_nan_are_shown_so,
            every_order_is_that_of_the_values,
            every_condition_filters,
            the_names_of_all_metrics_are_known,
            text_is_found_wherever_the_query_says,
            events_form_a_chain_without_foreign_text,
            a_session_has_its_own_chain,
            a_removed_session_begins_a_new_chain,
            a_redacted_session_is_what_its_chain_says,
            a_redacted_secret_does_not_come_back,
            a_secret_that_stands_everywhere_is_refused,
            what_is_written_about_an_artifact_is_kept,
            a_backup_is_a_store_with_the_same_sessions,
            the_clock_of_the_store_gives_the_times,
        );
    };
    ($backend:ident, $open:expr; $($name:ident,)+) => {
        mod $backend {
            $(
                #[test]
                fn $name() {
                    super::$name($open);
                }
            )+
        }
    };
}

contract!(sqlite, |folder| Box::new(super::support::open(
    &folder.join("store.db")
)));
