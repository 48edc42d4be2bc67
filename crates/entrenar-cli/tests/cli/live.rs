//! Sessions that are being recorded, by this process, while the program looks at them.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use entrenar::session::SystemClock;
use entrenar::store::recording::{End, Frame, Known, SeriesDefinition, Start, journal_folder};
use entrenar::store::{SqliteStore, StoreMode};
use entrenar_journal::{Journal, Lane, Options, Outcome, Point, Writer};

use crate::support::Home;

/// Microseconds between points.
const MICROS: i64 = 20_000;

/// A session `live-1` with one series.
struct Live {
    store: SqliteStore,
    journal: Journal,
    lane: Lane,
    writer: Writer,
    start: Start,
    series: SeriesDefinition,
}

impl Live {
    fn begin(home: &Home) -> Self {
        let store = home.store();
        let folder = journal_folder(&store);
        let journal = Journal::create(Options::new(&folder, &folder)).unwrap();
        let mut lane = journal.lane().unwrap();
        let started = chrono::DateTime::from_timestamp(1_795_343_000, 0).unwrap();
        let mut start = Start::new("live-1", "Live", started);
        start.config.insert("lr".into(), "0.1".into());
        let series = SeriesDefinition {
            number: 0,
            name: "loss".into(),
            run: None,
            rank: None,
        };
        frame(&mut lane, &Frame::Start(Box::new(start.clone())));
        frame(&mut lane, &Frame::Series(series.clone()));
        let mut live = Self {
            store: SqliteStore::open(&store, StoreMode::ReadWrite, SystemClock).unwrap(),
            writer: journal.writer(),
            journal,
            lane,
            start,
            series,
        };
        live.seal();
        live
    }

    fn log(&mut self, steps: std::ops::Range<i32>) {
        for step in steps {
            let point = Point {
                series: 0,
                flags: 0,
                step: Some(step.into()),
                value: f64::from(step % 97) / 97.0 + 1_000.0 / (1_000.0 + f64::from(step)),
                micros: 1_795_343_000_000_000 + MICROS * i64::from(step),
                epoch: None,
            };
            while !matches!(self.writer.log(&point), Outcome::Logged(_)) {
                std::thread::yield_now();
            }
        }
    }

    fn seal(&mut self) {
        let below = self.journal.next_file().unwrap();
        let known = Known {
            start: &self.start,
            series: std::slice::from_ref(&self.series),
            dropped: 0,
        };
        let folder = journal_folder(self.store.path());
        let recorder = self.journal.recorder();
        let sealed = self.store.seal(&folder, recorder, below, known).unwrap();
        self.journal.release(sealed.below).unwrap();
    }

    /// Everything in the store, and nothing more to come.
    fn end(mut self) {
        let at = chrono::DateTime::from_timestamp(1_795_344_000, 0).unwrap();
        frame(&mut self.lane, &Frame::End(End { at, failed: false }));
        let folder = journal_folder(self.store.path());
        let recorder = self.journal.recorder();
        let _lock = self.journal.lock().unwrap();
        self.journal.close().unwrap();
        self.store.seal_rest(&folder, recorder, None).unwrap();
    }
}

fn frame(lane: &mut Lane, frame: &Frame) {
    for part in frame.parts(1 << 10).unwrap() {
        assert!(matches!(lane.append(&part), Outcome::Logged(_)));
    }
}

#[test]
fn charts_of_a_live_session_have_what_is_in_its_journal() {
    let home = Home::new();
    home.session(&crate::support::lora("other", "Other", 8));
    let mut live = Live::begin(&home);
    // Nothing but the journal has points.
    live.log(0..30);
    let drawn = home.run(&["plot", "live-1", "--json"]);
    assert_eq!(drawn.code, Some(0), "{}", drawn.err());
    assert_eq!(drawn.json()[0]["points"].as_array().unwrap().len(), 30);
    let legend = home.run(&["plot", "live-1"]).out();
    assert!(legend.contains("loss"), "{legend}");

    // More than are read whole, most of them in the store and some behind them in the journal.
    live.log(30..25_000);
    live.seal();
    live.log(25_000..30_000);
    let verbs: [&[&str]; 4] = [
        &["plot", "live-1"],
        &["plot", "live-1", "--svg", "-"],
        &["plot", "live-1", "--smooth", "0.9"],
        &["compare", "other", "live-1", "--json"],
    ];
    let looks = || verbs.map(|words| home.run(words));
    let during = looks();
    assert!(during.iter().all(|ran| ran.code == Some(0)));
    let compared = during[3].json();
    assert_eq!(compared["metrics"][0]["values"][1]["points"], 30_000);
    let table = home.run(&["compare", "other", "live-1"]).out();
    assert!(table.contains("Live"), "{table}");
    live.end();
    for (during, after) in during.iter().zip(looks()).take(3) {
        assert_eq!(during.out(), after.out());
    }
    assert_eq!(compared["metrics"], looks()[3].json()["metrics"]);
}

#[test]
fn log_says_what_it_did_and_what_is_wrong() {
    let home = Home::new();
    let calls: [&[&str]; 7] = [
        &[
            "log",
            "--new",
            "Sweep",
            "--session",
            "sweep-1",
            "step=3",
            "loss=0.5",
        ],
        &[
            "log",
            "--session",
            "sweep-1",
            "step=4",
            "loss=0.25",
            "val/acc=0.9",
        ],
        &["log", "--session", "sweep-1"],
        &["log", "--session", "sweep-1", "step=half", "loss=1"],
        &["log", "--session", "sweep-1", "loss"],
        &["log", "--session", "sweep-1", "--finish"],
        &["log", "--session", "nobody", "loss=1"],
    ];
    let said: Vec<String> = calls.iter().map(|words| home.transcript(words)).collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn tail_follows_until_the_end() {
    let home = Home::new();
    let mut live = Live::begin(&home);
    live.log(0..3);
    let words: [&[&str]; 2] = [&["tail", "live-1"], &["tail", "live-1", "--json"]];
    let mut followers = words.map(|words| {
        let mut command = home.command(words);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    });
    // Each has seen the first points before the last ones and the end come.
    let mut begun = followers.each_mut().map(|follower| {
        let mut out = BufReader::new(follower.stdout.take().unwrap());
        let mut text = String::new();
        for _ in 0..3 {
            out.read_line(&mut text).unwrap();
        }
        (out, text)
    });
    live.log(3..5);
    for (out, text) in &mut begun {
        for _ in 0..2 {
            out.read_line(text).unwrap();
        }
    }
    live.end();
    let mut said = Vec::new();
    for ((words, mut follower), (mut out, mut text)) in words.iter().zip(followers).zip(begun) {
        out.read_to_string(&mut text).unwrap();
        assert_eq!(follower.wait().unwrap().code(), Some(0));
        said.push(format!("$ entrenar {}\n{text}", words.join(" ")));
    }
    insta::assert_snapshot!(said.join("\n"));
}
