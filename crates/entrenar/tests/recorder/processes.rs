//! Several processes: ranks of one session, kills, forks. Each child is this test program again.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use entrenar::record::{Outcome, Recorder, RecorderOptions};
use entrenar::session::{EntrenarSession, SeriesKey, SystemClock};
use entrenar::store::{SqliteStore, StoreMode};

use crate::support::{quiet, scratch, series, steps, wait_until};

const ROLE: &str = "ENTRENAR_TEST_RECORDER_ROLE";
const STORE: &str = "ENTRENAR_TEST_RECORDER_STORE";

fn child(role: &str, store: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["processes::played_by_a_child", "--exact", "--nocapture"])
        .env(ROLE, role)
        .env(STORE, store)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

/// Does nothing unless it is a child of another test.
#[test]
fn played_by_a_child() {
    let (Ok(role), Some(store)) = (std::env::var(ROLE), std::env::var_os(STORE)) else {
        return;
    };
    let store = PathBuf::from(store);
    if let Some(rank) = role.strip_prefix("rank ") {
        let rank = rank.parse().unwrap();
        let options = RecorderOptions {
            rank: Some(rank),
            ..quiet()
        };
        let session = EntrenarSession::new("ranks", "Ranks");
        let recorder = Recorder::start(session, store, options).unwrap();
        for step in 0..1000 {
            assert_eq!(
                recorder.log(step, &[("loss", f64::from(rank))]),
                Outcome::Logged
            );
        }
        assert!(recorder.finish().unwrap().is_complete());
    } else {
        let session = EntrenarSession::new("killed", "Killed");
        let recorder = Recorder::start(session, &store, quiet()).unwrap();
        let acknowledged = store.with_extension("count");
        let mut step = 0;
        loop {
            recorder.log(step, &[("loss", 0.5)]);
            step += 1;
            if step % 100 == 0 {
                entrenar::files::write_atomic(&acknowledged, step.to_string().as_bytes()).unwrap();
            }
        }
    }
}

#[test]
fn ranks_record_into_one_session() {
    let scratch = scratch();
    let mut children: Vec<_> = (0..4)
        .map(|rank| child(&format!("rank {rank}"), &scratch.store))
        .collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let session = scratch.session("ranks");
    for rank in 0..4 {
        let key = SeriesKey {
            name: "loss".into(),
            run: None,
            rank: Some(rank),
        };
        let series = session.metrics.get(&key).unwrap();
        assert_eq!(steps(series), (0..1000).collect::<Vec<_>>());
        assert_eq!(series.values()[7..8], [f64::from(rank)]);
    }
    assert_eq!(session.metrics.total_steps(), 1000);
    assert!(session.ended_at.is_some());
    assert_eq!(scratch.journal_files(), [] as [String; 0]);
}

#[test]
fn a_killed_process_loses_nothing_that_was_logged() {
    let scratch = scratch();
    let mut child = child("killed", &scratch.store);
    let path = scratch.store.with_extension("count");
    let acknowledged = || -> i64 {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        text.parse().unwrap_or(0)
    };
    wait_until(|| acknowledged() >= 3000);
    child.kill().unwrap();
    child.wait().unwrap();
    let acknowledged = acknowledged();

    let mut store = SqliteStore::open(&scratch.store, StoreMode::ReadWrite, SystemClock).unwrap();
    let folder = store.journal_folder();
    for recovered in store.recover_orphans(&folder).unwrap() {
        recovered.unwrap();
    }
    drop(store);
    let session = scratch.session("killed");
    let steps = steps(series(&session, "loss"));
    assert!(
        steps.len() as i64 >= acknowledged,
        "{} of {acknowledged}",
        steps.len()
    );
    assert_eq!(steps, (0..steps.len() as i64).collect::<Vec<_>>());

    // The session can go on.
    let recorder = scratch.start("killed", quiet());
    let next = recorder.metrics.total_steps();
    recorder.metrics.add_loss(0.1);
    assert_eq!(next as usize, steps.len());
    recorder.finish().unwrap();
    let session = scratch.session("killed");
    assert_eq!(series(&session, "loss").len(), steps.len() + 1);
}

#[cfg(unix)]
#[test]
fn a_forked_child_records_into_the_same_session() {
    use entrenar_journal::{exit_now, fork, wait_for};

    let scratch = scratch();
    let recorder = scratch.start("s-1", quiet());
    let loss = recorder.series("loss");
    loss.log(0, 0.5);
    let Some(child) = fork().unwrap() else {
        let good = loss.log(1, 0.4) == Outcome::Logged
            && recorder.log(2, &[("loss", 0.3), ("new in child", 1.0)]) == Outcome::Logged
            && recorder.tag("forked") == Outcome::Logged
            && recorder.finish().is_ok();
        exit_now(if good { 0 } else { 1 });
    };
    assert_eq!(wait_for(child).unwrap(), Some(0));
    loss.log(3, 0.2);
    recorder.log(3, &[("new in parent", 1.0)]);
    let report = recorder.finish().unwrap();
    assert!(report.is_complete(), "{report:?}");
    drop((recorder, loss));
    let session = scratch.session("s-1");
    let mut found = steps(series(&session, "loss"));
    found.sort_unstable();
    assert_eq!(found, [0, 1, 2, 3]);
    assert_eq!(series(&session, "new in child").len(), 1);
    assert_eq!(series(&session, "new in parent").len(), 1);
    assert_eq!(session.tags, ["forked"]);
    assert_eq!(scratch.journal_files(), [] as [String; 0]);
}
