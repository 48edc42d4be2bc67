//! What a program can log, and what the session is then.

use std::collections::BTreeSet;
use std::time::Duration;

use entrenar::record::{
    DropReason, EnvironmentOptions, MAX_NAME_BYTES, Outcome, RecordError, Recorder,
    RecorderOptions, Resume, SystemOptions,
};
use entrenar::session::{
    Clock as _, CodeCell, EntrenarSession, RunStatus, SeriesKey, SessionMetrics, SystemClock,
};
use entrenar::store::{Store as _, StoreError};

use crate::support::{open, quiet, scratch, series, steps, wait_until};

fn cell(source: &str) -> CodeCell {
    CodeCell {
        execution_order: 1,
        source: source.into(),
        output: Some("ok".into()),
        timestamp: SystemClock.now(),
        duration_ms: Some(3),
    }
}

#[test]
fn everything_that_is_logged_is_in_the_session() {
    let scratch = scratch();
    let session = EntrenarSession::new("s-1", "Fine-tuning")
        .with_user("ana")
        .with_config("lr", "0.1")
        .with_tag("first");
    let recorder = Recorder::start(session, &scratch.store, quiet()).unwrap();
    for step in 0..500 {
        let value = step as f64;
        assert_eq!(
            recorder.log(step, &[("loss", value), ("lr", 0.1)]),
            Outcome::Logged
        );
    }
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0] {
        recorder.log(-7, &[("odd", value)]);
    }
    recorder.log(3, &[("odd", 1.0)]);
    entrenar::log!(recorder, i64::MIN, odd = 2, "val/loss" = 0.5_f32);
    recorder.cell(cell("a = 1"));
    recorder.cell(cell("train()"));
    recorder.config("lr", "0.2");
    recorder.config("rank", "64");
    recorder.tag("second");
    recorder.notes(Some("it works"));
    let report = recorder.finish().unwrap();
    assert!(report.is_complete(), "{report:?}");
    assert_eq!((report.points, report.series), (1007, 4));
    drop(recorder);
    assert_eq!(scratch.journal_files(), [] as [String; 0]);

    let session = scratch.session("s-1");
    assert_eq!(session.name, "Fine-tuning");
    assert_eq!(session.user.as_deref(), Some("ana"));
    assert_eq!(session.config["lr"], "0.2");
    assert_eq!(session.config["rank"], "64");
    assert_eq!(session.tags, ["first", "second"]);
    assert_eq!(session.notes.as_deref(), Some("it works"));
    let sources: Vec<_> = session.code_history.iter().map(|c| &*c.source).collect();
    assert_eq!(sources, ["a = 1", "train()"]);
    assert!(session.ended_at.is_some());
    let loss = series(&session, "loss");
    assert_eq!(steps(loss), (0..500).collect::<Vec<_>>());
    assert!(
        loss.points()
            .all(|point| point.time_us.unwrap() > 1_600_000_000_000_000)
    );
    let odd = series(&session, "odd");
    assert_eq!(steps(odd), [-7, -7, -7, -7, 3, i64::MIN]);
    let bits: Vec<_> = odd.values().iter().map(|value| value.to_bits()).collect();
    let expected = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 1.0, 2.0];
    assert_eq!(bits, expected.map(f64::to_bits));
    assert_eq!(series(&session, "val/loss").values(), [0.5]);
}

#[test]
fn a_live_session_knows_its_figures_as_the_session_does() {
    let scratch = scratch();
    let recorder = scratch.start("s-1", quiet());
    let mut metrics = SessionMetrics::new();
    assert_eq!(recorder.metrics.total_steps(), 0);
    assert_eq!(recorder.metrics.best_loss(), None);
    for value in [0.5, f64::NAN, 0.2, f64::NEG_INFINITY, 0.3] {
        recorder.metrics.add_loss(value);
        metrics.add_loss(value);
        recorder.metrics.add_accuracy(1.0 - value);
        metrics.add_accuracy(1.0 - value);
    }
    recorder.metrics.log(40, "loss", 0.4);
    metrics.log(40, "loss", 0.4);
    recorder.metrics.add_loss(0.6);
    metrics.add_loss(0.6);
    recorder.metrics.add_lr(1e-3);
    recorder.metrics.add_grad_norm(2.0);
    recorder.metrics.add_custom("f1", 0.7);
    let live = &recorder.metrics;
    assert_eq!(live.total_steps(), metrics.total_steps() as u64);
    assert_eq!(live.final_loss(), metrics.final_loss());
    assert_eq!(live.best_loss(), metrics.best_loss());
    assert_eq!(live.final_accuracy(), metrics.final_accuracy());
    assert_eq!(live.best_accuracy(), metrics.best_accuracy());
    assert_eq!(live.non_finite_count(), metrics.non_finite_count() as u64);
    assert_eq!(live.point_count(), 15);
    assert_eq!(live.names(), ["loss", "accuracy", "lr", "grad_norm", "f1"]);
    recorder.finish().unwrap();
    let session = scratch.session("s-1");
    assert_eq!(steps(series(&session, "loss")), [0, 1, 2, 3, 4, 40, 41]);
}

#[test]
fn runs_stay_apart() {
    let scratch = scratch();
    let recorder = scratch.start("s-1", quiet());
    recorder.log(0, &[("before", 1.0)]);
    for (number, lr) in ["0.1", "0.2"].into_iter().enumerate() {
        let run = recorder.begin_run(Some(&format!("lr {lr}")), [("lr", lr)]);
        assert_eq!(run.number() as usize, number);
        recorder.log(0, &[("loss", number as f64)]);
        run.series("loss").log(1, 0.5);
        run.config("seed", "7");
        assert_eq!(run.end(RunStatus::Finished), Outcome::Logged);
    }
    recorder.log(1, &[("before", 2.0)]);
    assert_eq!(recorder.metrics.total_steps(), 4);
    recorder.finish().unwrap();

    let session = scratch.session("s-1");
    assert_eq!(session.runs.len(), 2);
    assert_eq!(session.runs[1].name.as_deref(), Some("lr 0.2"));
    assert_eq!(session.runs[1].config["lr"], "0.2");
    assert_eq!(session.runs[1].config["seed"], "7");
    assert_eq!(session.runs[1].status, RunStatus::Finished);
    let of_run = |name: &str, run| SeriesKey {
        name: name.into(),
        run,
        rank: None,
    };
    let loss = session.metrics.get(&of_run("loss", Some(1))).unwrap();
    assert_eq!(loss.values(), [1.0, 0.5]);
    let before = session.metrics.get(&of_run("before", None)).unwrap();
    assert_eq!(before.values(), [1.0, 2.0]);
}

#[test]
fn threads_log_at_the_same_time() {
    let scratch = scratch();
    let recorder = scratch.start(
        "s-1",
        RecorderOptions {
            burst: 65_536,
            ..quiet()
        },
    );
    const THREADS: i64 = 8;
    const POINTS: i64 = 2000;
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let recorder = recorder.clone();
            scope.spawn(move || {
                let own = recorder.series(&format!("thread {thread}"));
                for step in 0..POINTS {
                    assert_eq!(own.log(step, 1.0), Outcome::Logged);
                    recorder.log(step, &[("all", thread as f64)]);
                    recorder.metrics.add_loss(0.5);
                }
                recorder.cell(cell(&format!("{thread}")));
            });
        }
    });
    assert_eq!(recorder.metrics.total_steps(), (THREADS * POINTS) as u64);
    let report = recorder.finish().unwrap();
    assert!(report.is_complete(), "{report:?}");
    let session = scratch.session("s-1");
    for thread in 0..THREADS {
        let own = series(&session, &format!("thread {thread}"));
        assert_eq!(steps(own), (0..POINTS).collect::<Vec<_>>());
    }
    assert_eq!(series(&session, "all").len() as i64, THREADS * POINTS);
    // No two threads took the same next step.
    let taken: BTreeSet<_> = steps(series(&session, "loss")).into_iter().collect();
    assert_eq!(taken, (0..THREADS * POINTS).collect());
    assert_eq!(session.code_history.len() as i64, THREADS);
}

#[test]
fn ten_thousand_series() {
    let scratch = scratch();
    let recorder = scratch.start(
        "s-1",
        RecorderOptions {
            burst: 32_768,
            ..quiet()
        },
    );
    for number in 0..10_000 {
        let name = format!("layer.{number}.weight");
        assert_eq!(recorder.log(0, &[(&name, 0.5)]), Outcome::Logged);
    }
    let report = recorder.finish().unwrap();
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(report.series, 10_000);
    assert_eq!(scratch.session("s-1").metrics.series().len(), 10_000);
}

#[test]
fn names_have_a_limit_that_is_told() {
    let scratch = scratch();
    let recorder = scratch.start("s-1", quiet());
    let long = "é".repeat(MAX_NAME_BYTES);
    let too_long = Outcome::Dropped(DropReason::TooLong);
    assert_eq!(recorder.log(0, &[(&long, 1.0), ("loss", 2.0)]), too_long);
    let handle = recorder.series(&long);
    assert_eq!(handle.log(0, 1.0), too_long);
    assert_eq!(handle.name(), long);
    for odd in ["", "\0", " ", "损失/\u{202e}x"] {
        assert_eq!(recorder.log(0, &[(odd, 1.0)]), Outcome::Logged, "{odd:?}");
    }
    assert!(recorder.status().dropped >= 2);
    let report = recorder.finish().unwrap();
    assert!(!report.is_complete());
    assert!(!report.troubles.is_empty());
    let session = scratch.session("s-1");
    assert_eq!(series(&session, "loss").values(), [2.0]);
    assert_eq!(series(&session, "\0").values(), [1.0]);
    let warned = session.warnings.iter();
    assert!(
        warned
            .map(|one| &one.message)
            .any(|text| text.contains("too long")),
        "{:?}",
        session.warnings
    );
}

#[test]
fn after_the_end_everything_is_dropped() {
    let scratch = scratch();
    let recorder = scratch.start("s-1", quiet());
    let handle = recorder.series("loss");
    handle.log(0, 1.0);
    let other = recorder.clone();
    recorder.finish().unwrap();
    let closed = Outcome::Dropped(DropReason::Closed);
    assert_eq!(handle.log(1, 1.0), closed);
    assert_eq!(other.log(1, &[("loss", 1.0)]), closed);
    assert!(matches!(other.cell(cell("1")), Outcome::Dropped(_)));
    assert!(matches!(other.finish(), Err(RecordError::Finished)));
    assert!(other.status().finished);
    assert!(other.flush().is_err());
    assert_eq!(series(&scratch.session("s-1"), "loss").len(), 1);
}

#[test]
fn dropping_the_last_recorder_finishes() {
    let scratch = scratch();
    let recorder = scratch.start("s-1", quiet());
    let handle = recorder.series("loss");
    handle.log(0, 1.0);
    drop(recorder.clone());
    handle.log(1, 1.0);
    drop(recorder);
    assert!(matches!(handle.log(2, 1.0), Outcome::Dropped(_)));
    let session = scratch.session("s-1");
    assert_eq!(steps(series(&session, "loss")), [0, 1]);
    assert!(session.ended_at.is_some());
}

#[test]
fn a_session_is_in_the_store_while_it_is_recorded() {
    let scratch = scratch();
    let recorder = scratch.start("s-1", quiet());
    recorder.log(0, &[("loss", 1.0)]);
    recorder.flush().unwrap();
    wait_until(|| recorder.status().sealed == 1);
    let session = scratch.session("s-1");
    assert_eq!(series(&session, "loss").values(), [1.0]);
    assert_eq!(session.ended_at, None);
    recorder.log(1, &[("loss", 2.0)]);
    recorder.flush().unwrap();
    assert_eq!(series(&scratch.session("s-1"), "loss").values(), [1.0, 2.0]);
    recorder.finish().unwrap();
}

#[test]
fn a_session_goes_on_as_the_options_say() {
    let scratch = scratch();
    let start = |resume, session| {
        let options = RecorderOptions { resume, ..quiet() };
        Recorder::start(session, &scratch.store, options)
    };
    let session = || EntrenarSession::new("s-1", "Test");
    let missing = start(Resume::Must, session());
    assert!(matches!(missing, Err(RecordError::NotThere { .. })));

    let first = start(Resume::Never, session()).unwrap();
    let run = first.begin_run(None, [] as [(&str, &str); 0]);
    first.metrics.add_loss(0.5);
    first.metrics.add_loss(0.1);
    run.end(RunStatus::Finished);
    first.metrics.add_custom("whole", 1.0);
    first.finish().unwrap();

    let taken = start(Resume::Never, session());
    assert!(matches!(taken, Err(RecordError::AlreadyThere { .. })));
    let second = start(Resume::Must, session()).unwrap();
    // Steps and numbers of runs go on.
    second.metrics.add_custom("whole", 2.0);
    assert_eq!(second.metrics.total_steps(), 2);
    let run = second.begin_run(None, [] as [(&str, &str); 0]);
    assert_eq!(run.number(), 1);
    second.metrics.add_loss(0.3);
    second.finish().unwrap();

    let session = scratch.session("s-1");
    assert_eq!(steps(series(&session, "whole")), [0, 1]);
    assert_eq!(session.runs.len(), 2);
    assert_eq!(session.metrics.total_steps(), 3);
}

#[test]
fn an_empty_id_and_an_imported_session_are_refused() {
    let scratch = scratch();
    let refused = Recorder::start(EntrenarSession::new("", "S"), &scratch.store, quiet());
    assert!(matches!(refused, Err(RecordError::Id { .. })));
    let mut store = entrenar::store::SqliteStore::open(
        &scratch.store,
        entrenar::store::StoreMode::ReadWrite,
        SystemClock,
    )
    .unwrap();
    store
        .import(&EntrenarSession::new("s-1", "S"), None)
        .unwrap();
    drop(store);
    let refused = Recorder::start(EntrenarSession::new("s-1", "S"), &scratch.store, quiet());
    assert!(matches!(
        refused,
        Err(RecordError::Store(StoreError::IdTaken { .. }))
    ));
}

#[test]
fn a_fork_has_the_points_up_to_its_step() {
    let scratch = scratch();
    let parent = scratch.start("parent", quiet());
    for step in 0..100 {
        parent.log(step, &[("loss", step as f64)]);
        if step % 10 == 0 {
            parent.log(step, &[("val/loss", 0.5)]);
        }
    }
    parent.cell(cell("train()"));
    parent.config("lr", "0.1");
    parent.finish().unwrap();

    let session = EntrenarSession::new("child", "Child").with_config("seed", "2");
    let child = Recorder::fork("parent", Some(30), session, &scratch.store, quiet()).unwrap();
    assert_eq!(child.metrics.total_steps(), 31);
    child.metrics.add_loss(-1.0);
    child.finish().unwrap();

    let session = scratch.session("child");
    let loss = series(&session, "loss");
    assert_eq!(steps(loss), (0..=31).collect::<Vec<_>>());
    assert_eq!(loss.values().last(), Some(&-1.0));
    assert_eq!(steps(series(&session, "val/loss")), [0, 10, 20, 30]);
    assert_eq!(session.code_history.len(), 1);
    assert_eq!(session.config["lr"], "0.1");
    let origin = session.forked_from.unwrap();
    assert_eq!((&*origin.session, origin.step), ("parent", Some(30)));
    // Times are those of the parent's points.
    let parent = scratch.session("parent");
    let time = |session: &entrenar::session::Series| session.point(5).unwrap().time_us;
    assert_eq!(
        time(series(&parent, "loss")),
        time(series(&scratch.session("child"), "loss"))
    );
    let orphan = EntrenarSession::new("other", "Other");
    let refused = Recorder::fork("nobody", None, orphan, &scratch.store, quiet());
    assert!(matches!(refused, Err(RecordError::NotThere { .. })));
}

#[test]
fn a_fork_of_a_session_that_is_still_recorded_has_all_of_it() {
    let scratch = scratch();
    let options = RecorderOptions {
        burst: 100_000,
        ..quiet()
    };
    let parent = scratch.start("parent", options);
    // More than one segment, and more than one chunk.
    for step in 0..100_000 {
        assert_eq!(parent.log(step, &[("loss", step as f64)]), Outcome::Logged);
    }
    let session = EntrenarSession::new("child", "Child");
    let child = Recorder::fork("parent", Some(90_000), session, &scratch.store, quiet()).unwrap();
    child.log(5, &[("loss", 0.5)]);
    child.finish().unwrap();
    parent.finish().unwrap();
    let child = scratch.session("child");
    let expected: Vec<_> = (0..=90_000).chain([5]).collect();
    let found = steps(series(&child, "loss"));
    let differs = found.iter().zip(&expected).position(|(a, b)| a != b);
    assert_eq!((differs, found.len()), (None, expected.len()));
    assert_eq!(series(&scratch.session("parent"), "loss").len(), 100_000);
}

#[test]
fn each_rank_of_a_fork_takes_what_its_own_rank_had() {
    let scratch = scratch();
    let of = |rank| RecorderOptions {
        rank: Some(rank),
        ..quiet()
    };
    let parents = [0, 1].map(|rank| scratch.start("parent", of(rank)));
    for (rank, parent) in (0_u32..).zip(&parents) {
        parent.log(1, &[("loss", f64::from(rank))]);
        parent.cell(cell("train()"));
    }
    drop(parents);
    let fork = |rank| {
        let session = EntrenarSession::new("child", "Child");
        Recorder::fork("parent", None, session, &scratch.store, of(rank)).unwrap()
    };
    drop([fork(0), fork(1)]);
    let child = scratch.session("child");
    let found = child.metrics.series().iter();
    let mut found: Vec<_> = found
        .map(|series| (series.key().rank, series.values().to_vec()))
        .collect();
    found.sort_by_key(|(rank, _)| *rank);
    assert_eq!(found, [(Some(0), vec![0.0]), (Some(1), vec![1.0])]);
    assert_eq!(child.code_history.len(), 2);
}

#[test]
fn what_the_session_had_before_is_recorded_first() {
    let scratch = scratch();
    let mut session = EntrenarSession::new("s-1", "Test");
    session.metrics.add_loss(0.5);
    session.metrics.add_loss(0.4);
    // More than `quiet` has memory for.
    for step in 0..50_000 {
        session.metrics.add_lr(f64::from(step));
    }
    session.add_code_cell(cell("import x"));
    let recorder = Recorder::start(session, &scratch.store, quiet()).unwrap();
    recorder.metrics.add_loss(0.3);
    assert_eq!(recorder.metrics.total_steps(), 3);
    assert!(recorder.finish().unwrap().is_complete());
    let session = scratch.session("s-1");
    assert_eq!(series(&session, "loss").values(), [0.5, 0.4, 0.3]);
    assert_eq!(series(&session, "lr").len(), 50_000);
    assert_eq!(session.code_history[0].source, "import x");
}

#[test]
fn surroundings_and_system_are_recorded_unless_told_otherwise() {
    let scratch = scratch();
    let options = RecorderOptions {
        environment: Some(EnvironmentOptions {
            git: false,
            gpus: false,
            ..EnvironmentOptions::default()
        }),
        system: Some(SystemOptions {
            every: Duration::from_millis(20),
            gpus: false,
            ..SystemOptions::default()
        }),
        ..quiet()
    };
    let recorder = scratch.start("s-1", options);
    recorder.metrics.add_custom("speed", 1.0);
    if cfg!(target_os = "linux") {
        wait_until(|| {
            let names = recorder.metrics.names();
            names.iter().any(|name| name == "system/cpu_percent")
        });
    }
    assert_eq!(recorder.metrics.total_steps(), 1);
    recorder.finish().unwrap();
    let session = scratch.session("s-1");
    let environment = &session.environment;
    assert_eq!(
        environment["versions"]["entrenar"],
        env!("CARGO_PKG_VERSION")
    );
    assert!(environment.contains_key("command_line"));
    assert!(!environment.contains_key("git"));
    if cfg!(target_os = "linux") {
        let memory = series(&session, "system/process_memory_bytes");
        assert!(memory.values()[0] > 100_000.0);
        assert_eq!(memory.point(0).unwrap().step, None);
    }

    let recorder = scratch.start("s-2", quiet());
    recorder.finish().unwrap();
    let session = scratch.session("s-2");
    assert!(session.environment.is_empty() && session.metrics.is_empty());
}

#[test]
fn a_large_cell_is_kept_whole() {
    let scratch = scratch();
    let recorder = scratch.start("s-1", quiet());
    let mut large = cell("print()");
    large.output = Some("0123456789abcdef".repeat(500_000));
    assert_eq!(recorder.cell(large.clone()), Outcome::Logged);
    assert_eq!(recorder.cell(cell("after")), Outcome::Logged);
    recorder.finish().unwrap();
    let session = scratch.session("s-1");
    assert_eq!(session.code_history[0].output, large.output);
    assert_eq!(session.code_history[1].source, "after");
    assert_eq!(open(&scratch.store).check().unwrap(), []);
}
