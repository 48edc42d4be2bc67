//! Live recordings on the command line: what a killed one left, and what was forked.

use std::fs;
use std::path::PathBuf;

use entrenar::record::{Recorder, RecorderOptions};
use entrenar::session::EntrenarSession;
use entrenar::store::recording::{Frame, SeriesDefinition, Start, journal_folder};
use entrenar_journal::{Journal, Options};

use crate::support::Home;

/// What is left of a recording with 100 points when its process is killed: a journal that was closed without an
/// end. Gives its folder.
fn killed(home: &Home, id: &str) -> PathBuf {
    let folder = journal_folder(&home.store());
    let journal = Journal::create(Options::new(&folder, &folder)).unwrap();
    let mut lane = journal.lane().unwrap();
    let started = chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let series = SeriesDefinition {
        number: 0,
        name: "loss".into(),
        run: None,
        rank: None,
    };
    for frame in [
        Frame::Start(Box::new(Start::new(id, "Killed", started))),
        Frame::Series(series),
    ] {
        for part in frame.parts(1 << 10).unwrap() {
            lane.append(&part);
        }
    }
    for step in 0..100 {
        journal.writer().log_now(0, step, 0.5);
    }
    drop(lane);
    journal.close().unwrap();
    folder
}

#[test]
fn doctor_recovers_what_a_killed_recorder_left() {
    let home = Home::new();
    let folder = killed(&home, "live-1");

    // No store is there yet: nothing is made without being asked for.
    let looked = home.run(&["doctor", "--no-recover"]);
    assert_eq!(looked.code, Some(0));
    let ran = home.run(&["doctor", "--json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    let json = ran.json();
    assert_eq!(json["recovered"][0]["session"], "live-1");
    assert_eq!(json["recovered"][0]["state"], "interrupted");
    assert_eq!(json["recovered"][0]["points"], 100);
    assert_eq!(json["not_recovered"], 0);
    assert_eq!(json["findings"], serde_json::json!([]));
    assert_eq!(
        home.run(&["list", "--json"]).json()[0]["state"],
        "interrupted"
    );
    let shown = home.run(&["show", "live-1"]);
    assert!(shown.out().contains("interrupted"), "{}", shown.out());
    assert!(fs::read_dir(&folder).unwrap().next().is_none());
    let again = home.run(&["doctor"]);
    assert!(!again.out().contains("recovered"), "{}", again.out());
}

#[test]
fn who_reads_the_store_is_told_of_killed_recorders() {
    let home = Home::new();
    killed(&home, "first");
    assert_eq!(home.run(&["doctor"]).code, Some(0));
    assert_eq!(home.run(&["list"]).err(), "");
    killed(&home, "second");
    let listed = home.run(&["list", "--json"]);
    assert_eq!(listed.json().as_array().unwrap().len(), 1);
    let hint = "hint: 1 recording was interrupted by a kill or crash; `entrenar";
    assert!(listed.err().starts_with(hint), "{}", listed.err());
    killed(&home, "third");
    let shown = home.run(&["show", "first"]);
    assert!(shown.err().contains("2 recordings were"), "{}", shown.err());
    let examined = home.run(&["doctor", "--no-recover"]);
    assert_eq!(examined.err(), "");
    assert!(examined.out().contains("2 killed recorders left a journal"));
    assert_eq!(home.run(&["doctor"]).code, Some(0));
    assert_eq!(home.run(&["show", "third"]).err(), "");
}

#[test]
fn a_session_names_its_forks_and_they_name_it() {
    let home = Home::new();
    let options = RecorderOptions {
        environment: None,
        ..RecorderOptions::default()
    };
    let session = |id: &str, name: &str| EntrenarSession::new(id, name);
    let parent = Recorder::start(session("base", "Base"), home.store(), options.clone()).unwrap();
    for step in 0..100 {
        parent.log(step, &[("loss", 0.5)]);
    }
    parent.finish().unwrap();
    for (id, name, step) in [
        ("warmer", "Warmer", Some(60)),
        ("colder", "Colder", Some(40)),
        ("longer", "Longer", None),
    ] {
        let (session, store) = (session(id, name), home.store());
        let child = Recorder::fork("base", step, session, store, options.clone()).unwrap();
        child.log(100, &[("loss", 0.25)]);
        child.finish().unwrap();
    }
    let shown = home.run(&["show", "base"]).out();
    let forks: Vec<&str> = shown
        .lines()
        .skip_while(|line| !line.starts_with("forks"))
        .take(3)
        .collect();
    assert_eq!(
        forks,
        [
            "forks     colder at step 40  Colder",
            "          warmer at step 60  Warmer",
            "          longer  Longer",
        ]
    );
    let shown = home.run(&["show", "warmer"]).out();
    assert!(shown.contains("fork of   base at step 60"), "{shown}");
}
