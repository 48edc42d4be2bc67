//! A recorder's journal becomes a session in the store.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod property;
mod support;
mod torn;
mod windows;

use entrenar::bridge::SourceContext;
use entrenar::export::session_json;
use entrenar::session::{
    CellRecord, CodeCell, ContentDigest, ForkOrigin, SeriesKey, SessionState, output,
};
use entrenar::store::recording::{Frame, Start};
use entrenar::store::{ListQuery, Store as _, StoreError};

use support::{Place, Twin, assert_same, point, session_of, time};

#[test]
fn a_recording_is_a_session_while_it_runs_and_after() {
    let place = Place::new();
    let mut store = place.open();
    let mut start = Start::new("live-1", "Live", time(1_000_000));
    start.user = Some("alice".into());
    start.tags = vec!["a".into()];
    start.config.insert("lr".into(), "0.1".into());
    let mut expected = session_of(&start);
    let mut twin = Twin::new(place.options(), start);
    assert!(twin.seal(&mut store, true).began);

    let loss = SeriesKey::named("loss");
    for step in 0..5000_i32 {
        let value = 1.0 / f64::from(step + 1);
        let step = i64::from(step);
        twin.log(&mut expected, &loss, &point(value, step, 1_000_000 + step));
    }
    let cell = CodeCell {
        execution_order: 1,
        source: "train()".into(),
        output: Some("ok\n".repeat(20_000)),
        timestamp: time(2_000_000),
        duration_ms: Some(7),
    };
    let record = CellRecord {
        outputs: vec![output::stream("stdout", "ok\n".repeat(20_000))],
        ..CellRecord::default()
    };
    twin.cell(&mut expected, cell, record);
    twin.frame(&Frame::Config {
        name: "lr".into(),
        value: "0.2".into(),
    });
    expected.config.insert("lr".into(), "0.2".into());
    // Nothing of it is sealed: it comes from the journal.
    assert_same(&place.open().session("live-1").unwrap(), &expected);
    let sealed = twin.seal(&mut store, true);
    assert_eq!(
        (sealed.points, sealed.cells, sealed.began),
        (5000, 1, false)
    );
    assert_same(&place.open().session("live-1").unwrap(), &expected);
    for step in 0..100 {
        let value = if step % 7 == 0 {
            f64::NAN
        } else {
            f64::INFINITY
        };
        twin.log(&mut expected, &loss, &point(value, 10 - step, step));
    }
    assert_same(&place.open().session("live-1").unwrap(), &expected);
    let tail = store.series_tail("live-1", &loss).unwrap();
    assert_eq!(tail.len(), 100);
    assert!(matches!(
        store.remove("live-1"),
        Err(StoreError::Live { .. })
    ));
    let status = store.recording("live-1").unwrap().unwrap();
    assert_eq!(status.state, SessionState::Live);
    assert_eq!(store.check().unwrap(), []);

    twin.finish(&mut store, &mut expected, 9_000_000);
    let stored = store.session("live-1").unwrap();
    assert_same(&stored, &expected);
    assert_eq!(ContentDigest::of(&stored), ContentDigest::of(&expected));
    assert_eq!(place.files(), Vec::<String>::new());
    assert_eq!(store.check().unwrap(), []);
    let kinds: Vec<_> = store
        .events(None)
        .unwrap()
        .into_iter()
        .map(|event| event.kind)
        .collect();
    assert_eq!(kinds, ["start", "finish"]);
    let chain = store.chain("live-1").unwrap();
    assert_eq!(chain.differences(&stored), []);
    let mut changed = stored.clone();
    changed.metrics.add_loss(1.0);
    assert_ne!(chain.differences(&changed), []);
    let list = store.list(&ListQuery::default()).unwrap();
    assert_eq!((list[0].points, list[0].cells), (5100, 1));
    store.remove("live-1").unwrap();
    assert_eq!(store.check().unwrap(), []);
}

#[test]
fn what_waited_is_merged_at_the_end_and_its_room_given_back() {
    let place = Place::new();
    let mut store = place.open();
    let start = Start::new("many", "Many series", time(1));
    let mut expected = session_of(&start);
    let mut twin = Twin::new(place.options(), start);
    let keys: Vec<_> = (0..40).map(|n| SeriesKey::named(format!("s{n}"))).collect();
    let mut now = 0;
    for seal in 0..6 {
        // Each in a journal file and a transaction of its own; one series has enough for its last form.
        for step in 0..700_i32 {
            for (number, key) in (0..).zip(&keys) {
                for again in 0..if number == 7 { 8 } else { 1 } {
                    now += 17 + i64::from(step * number % 5);
                    let value = f64::from((step * 8 + again) * 40 + number).sin();
                    let value = (value * 1e4).round() / 1e4;
                    let step = i64::from(seal * 700 + step);
                    twin.log(&mut expected, key, &point(value, step, now));
                }
            }
        }
        twin.seal(&mut store, true);
        store = place.open();
        let live = store.session("many").unwrap();
        assert!(live.metrics == expected.metrics);
    }
    drop(store);
    let size = || std::fs::metadata(place.store_path()).unwrap().len();
    let waiting = size();
    store = place.open();
    twin.finish(&mut store, &mut expected, 9_000_000);
    let stored = store.session("many").unwrap();
    assert_same(&stored, &expected);
    assert_eq!(ContentDigest::of(&stored), ContentDigest::of(&expected));
    assert_eq!(store.check().unwrap(), []);
    drop(store);
    // Most points waited: a page is free where each was.
    assert!(size() < waiting * 2 / 3, "{waiting} {}", size());
}

#[test]
fn a_killed_recorder_is_recovered_whole_and_can_be_resumed() {
    let place = Place::new();
    let mut store = place.open();
    let start = Start::new("killed", "Killed", time(5));
    let mut expected = session_of(&start);
    let loss = SeriesKey::named("loss");
    let mut twin = Twin::new(place.options(), start.clone());
    for step in 0..3000 {
        twin.log(&mut expected, &loss, &point(0.5, step, step));
        if step == 1000 {
            // Sealed, and killed before the files were deleted.
            assert_eq!(twin.seal(&mut store, false).points, 1001);
        }
    }
    twin.frame(&Frame::Tag("late".into()));
    expected.add_tag("late");
    let recovered = twin.die(&mut store);
    assert_eq!(recovered.session, "killed");
    assert_eq!(recovered.state, SessionState::Interrupted);
    assert_eq!(recovered.sealed.points, 1999);
    assert_eq!(place.files(), Vec::<String>::new());
    let stored = store.session("killed").unwrap();
    assert_eq!(stored.state, Some(SessionState::Interrupted));
    assert_eq!(stored.ended_at, Some(time(2999)));
    assert_eq!(stored.warnings.len(), 1);
    assert!(stored.warnings[0].message.contains("interrupted"));
    expected.state = stored.state;
    expected.ended_at = stored.ended_at;
    expected.derived = stored.derived.clone();
    expected.warnings = stored.warnings.clone();
    assert_same(&stored, &expected);
    assert_eq!(store.chain("killed").unwrap().differences(&stored), []);
    assert_eq!(store.check().unwrap(), []);

    let ends = store.series_ends("killed").unwrap();
    assert_eq!((ends[0].count, ends[0].next_step), (3000, 3000));
    let mut start = Start::new("killed", "Killed", time(8000));
    start.resumed = true;
    let mut twin = Twin::new(place.options(), start);
    twin.seal(&mut store, true);
    expected.ended_at = None;
    expected.derived.clear();
    expected.state = Some(SessionState::Live);
    assert_same(&store.session("killed").unwrap(), &expected);
    assert_eq!(store.check().unwrap(), []);
    for step in 2990..3100 {
        twin.log(&mut expected, &loss, &point(0.25, step, 8000 + step));
    }
    twin.finish(&mut store, &mut expected, 20_000);
    let stored = store.session("killed").unwrap();
    assert_same(&stored, &expected);
    assert_eq!(store.check().unwrap(), []);
    let chain = store.chain("killed").unwrap();
    assert_eq!(chain.differences(&stored), []);
    let kinds: Vec<_> = chain.events().iter().map(|e| e.kind.as_str()).collect();
    assert_eq!(kinds, ["start", "finish", "resume", "finish"]);
}

#[test]
fn orphans_are_found_by_their_locks() {
    let place = Place::new();
    let mut store = place.open();
    let mut expected = session_of(&Start::new("alive", "", time(5)));
    let loss = SeriesKey::named("loss");
    let mut alive = Twin::new(place.options(), Start::new("alive", "", time(5)));
    alive.log(&mut expected, &loss, &point(1.0, 0, 6));
    let mut orphan = Twin::new(place.options(), Start::new("orphan", "", time(5)));
    orphan.log(&mut expected, &loss, &point(2.0, 0, 7));
    // Closed without an end: its lock is free and its files are there.
    let id = orphan.journal.recorder();
    drop(orphan.lane);
    orphan.journal.close().unwrap();
    assert_eq!(store.orphans(&place.journals()).unwrap(), [id]);
    let recovered = store.recover_orphans(&place.journals()).unwrap();
    assert_eq!(recovered.len(), 1);
    assert_eq!(recovered[0].as_ref().unwrap().session, "orphan");
    assert_eq!(store.session("orphan").unwrap().metrics.point_count(), 1);
    assert!(matches!(
        store.session("alive"),
        Err(StoreError::NotFound { .. })
    ));
    assert_eq!(store.recover_orphans(&place.journals()).unwrap().len(), 0);
    drop(alive);
}

#[test]
fn ranks_record_into_one_session_and_cells_are_merged_by_time() {
    let place = Place::new();
    let mut store = place.open();
    let mut expected = session_of(&Start::new("ranks", "Ranks", time(5)));
    let mut ranks: Vec<Twin> = (0..2)
        .map(|rank| {
            let mut start = Start::new("ranks", "Ranks", time(5));
            start.rank = Some(rank);
            Twin::new(place.options(), start)
        })
        .collect();
    let cell = |micros: i64, rank: u32| {
        let cell = CodeCell {
            execution_order: 1,
            source: format!("at {micros}"),
            output: None,
            timestamp: time(micros),
            duration_ms: None,
        };
        let mut record = CellRecord::default();
        record.metadata.insert("rank".into(), rank.into());
        (cell, record)
    };
    for (rank, micros) in [(0, 10), (0, 30), (1, 20), (1, 40), (0, 25)] {
        let twin = &mut ranks[rank];
        let rank = u32::try_from(rank).unwrap();
        let (cell, record) = cell(micros, rank);
        twin.cell(&mut session_of(&twin.start.clone()), cell, record);
        let loss = SeriesKey {
            rank: Some(rank),
            ..SeriesKey::named("loss")
        };
        twin.log(&mut expected, &loss, &point(1.0, micros, micros));
        twin.seal(&mut store, true);
    }
    // Rank 0's last cell stays behind its own, whatever its clock says.
    let places = |session: &entrenar::session::EntrenarSession| {
        let cells = session.code_history.iter();
        let cells = cells.map(|cell| (cell.execution_order, cell.source.clone()));
        cells.collect::<Vec<_>>()
    };
    let wanted = [
        (1, "at 10".to_owned()),
        (2, "at 20".to_owned()),
        (3, "at 30".to_owned()),
        (4, "at 25".to_owned()),
        (5, "at 40".to_owned()),
    ];
    let live = store.session("ranks").unwrap();
    assert_eq!(places(&live), wanted);
    assert_eq!(
        store.recording("ranks").unwrap().unwrap().recorders.len(),
        2
    );
    for twin in ranks {
        twin.finish(&mut store, &mut expected, 50);
    }
    let stored = store.session("ranks").unwrap();
    assert_eq!(places(&stored), wanted);
    assert_eq!(stored.metrics.series().len(), 2);
    assert_eq!(stored.state, Some(SessionState::Finished));
    assert_eq!(store.check().unwrap(), []);
    assert_eq!(store.chain("ranks").unwrap().differences(&stored), []);
}

#[test]
fn a_recorded_session_is_edited_redacted_and_exported_like_any() {
    let place = Place::new();
    let mut store = place.open();
    let mut start = Start::new("forked", "Forked", time(5));
    start.host = Some("machine-of-hunter2222".into());
    start.forked_from = Some(ForkOrigin {
        session: "parent".into(),
        step: Some(9),
    });
    let mut expected = session_of(&start);
    let mut twin = Twin::new(place.options(), start);
    let environment = serde_json::json!({"command": "train --password hunter2222", "cpus": 2});
    let serde_json::Value::Object(environment) = environment else {
        unreachable!()
    };
    twin.frame(&Frame::Environment(environment.clone()));
    expected.environment = environment;
    twin.log(
        &mut expected,
        &SeriesKey::named("hunter2222"),
        &point(1.0, 1, 6),
    );
    twin.seal(&mut store, true);
    store.tag("forked", &["by hand".into()], &[]).unwrap();
    expected.add_tag("by hand");
    assert!(matches!(
        store.redact("forked", "hunter2222"),
        Err(StoreError::Live { .. })
    ));
    assert_same(&store.session("forked").unwrap(), &expected);
    twin.finish(&mut store, &mut expected, 70);
    store.set_notes("forked", Some("n")).unwrap();
    expected.notes = Some("n".into());
    let stored = store.session("forked").unwrap();
    assert_same(&stored, &expected);

    let json = session_json::to_vec(&stored, session_json::Times::All);
    let context = SourceContext::default();
    let read = entrenar::bridge::session_json::read(&json, &context).unwrap();
    assert_same(&read, &stored);

    assert!(store.redact("forked", "hunter2222").unwrap().occurrences >= 2);
    let redacted = store.session("forked").unwrap();
    assert!(!format!("{redacted:?}").contains("hunter2222"));
    assert_eq!(
        store.recording("forked").unwrap().unwrap().recorders[0].host,
        None
    );
    assert_eq!(store.check().unwrap(), []);
    let chain = store.chain("forked").unwrap();
    assert_eq!(chain.differences(&redacted), []);
    assert_eq!(chain.events()[0].kind, "fork");
    drop(store);
    for entry in std::fs::read_dir(place.folder.path()).unwrap() {
        if let Ok(bytes) = std::fs::read(entry.unwrap().path()) {
            assert!(!bytes.windows(10).any(|window| window == b"hunter2222"));
        }
    }

    // It goes on after a redaction.
    let mut store = place.open();
    let mut start = Start::new("forked", "Forked", time(80));
    start.resumed = true;
    let mut twin = Twin::new(place.options(), start);
    twin.log(&mut expected, &SeriesKey::named("loss"), &point(1.0, 2, 90));
    twin.finish(&mut store, &mut expected, 99);
    assert_eq!(store.check().unwrap(), []);
    let stored = store.session("forked").unwrap();
    assert_eq!(stored.metrics.point_count(), 2);
    assert_eq!(store.chain("forked").unwrap().differences(&stored), []);
}

#[test]
fn a_store_that_was_deleted_gets_what_is_left() {
    let place = Place::new();
    let mut store = place.open();
    let start = Start::new("again", "Again", time(5));
    let mut expected = session_of(&start);
    let mut twin = Twin::new(place.options(), start);
    let loss = SeriesKey::named("loss");
    twin.log(&mut expected, &loss, &point(1.0, 1, 6));
    assert!(twin.seal(&mut store, true).began);
    drop(store);
    std::fs::remove_file(place.store_path()).unwrap();
    let mut store = place.open();
    twin.log(&mut expected, &loss, &point(2.0, 2, 7));
    // The recorder says again who it is, and is told that the store is another one.
    let sealed = twin.seal(&mut store, true);
    assert!(sealed.began);
    assert_eq!(sealed.points, 1);
    twin.frame(&Frame::Start(Box::new(twin.start.clone())));
    for series in twin.series.clone() {
        twin.frame(&Frame::Series(series));
    }
    twin.journal.flush().unwrap();
    // Deleted once more, and the process dies: its journal alone says which session that is.
    drop(store);
    std::fs::remove_file(place.store_path()).unwrap();
    twin.log(&mut expected, &loss, &point(3.0, 3, 8));
    let mut store = place.open();
    let recovered = twin.die(&mut store);
    assert_eq!(recovered.session, "again");
    let stored = store.session("again").unwrap();
    assert_eq!(stored.metrics.series()[0].key(), &loss);
    assert_eq!(stored.metrics.series()[0].values(), [3.0]);
    assert!(
        stored
            .warnings
            .iter()
            .any(|warning| warning.message.contains("in another store")),
        "{:?}",
        stored.warnings
    );
    assert_eq!(store.check().unwrap(), []);
}

#[test]
fn without_its_first_frame_a_recording_keeps_its_points() {
    let place = Place::new();
    let mut store = place.open();
    let journal = entrenar_journal::Journal::create(place.options()).unwrap();
    let (id, writer) = (journal.recorder(), journal.writer());
    for step in 0..10 {
        writer.log_now(3, step, 0.5);
    }
    journal.close().unwrap();
    let recovered = store.recover_orphans(&place.journals()).unwrap();
    let session = &recovered[0].as_ref().unwrap().session;
    assert!(
        id.to_string()
            .starts_with(session.trim_start_matches("recovered-"))
    );
    let stored = store.session(session).unwrap();
    assert_eq!(stored.metrics.series()[0].name(), "series 3");
    assert_eq!(stored.metrics.point_count(), 10);
    assert_eq!(stored.warnings.len(), 3, "{:?}", stored.warnings);
    assert_eq!(store.check().unwrap(), []);
}
