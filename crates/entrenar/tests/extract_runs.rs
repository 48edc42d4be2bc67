//! Points of a session's outputs, and the runs that they belong to.

use chrono::{DateTime, Utc};
use entrenar::extract;
use entrenar::session::{
    CellError, CellRecord, CodeCell, EntrenarSession, RunStatus, SeriesKey, TimeSource, output,
};
use serde_json::{Value, json};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).expect("in range")
}

/// A session whose cells have these sources and outputs, ten seconds apart, eight long.
fn session(cells: &[(&str, Vec<Value>)]) -> EntrenarSession {
    let mut session = EntrenarSession::empty("s", "S");
    for (index, (source, outputs)) in (0_i32..).zip(cells) {
        let cell = CodeCell {
            execution_order: u32::try_from(index).expect("few cells") + 1,
            source: (*source).to_owned(),
            output: None,
            timestamp: at(i64::from(index) * 10),
            duration_ms: Some(8000),
        };
        let record = CellRecord {
            outputs: outputs.clone(),
            ..CellRecord::default()
        };
        session.add_recorded_cell(cell, record);
    }
    session
}

fn printed(cells: &[&str]) -> EntrenarSession {
    let cells: Vec<_> = cells
        .iter()
        .map(|text| ("", vec![output::stream("stdout", *text)]))
        .collect();
    let mut session = session(&cells);
    extract::apply(&mut session);
    session
}

/// Values of `name` by run.
fn by_run(session: &EntrenarSession, name: &str) -> Vec<(Option<u32>, Vec<f64>)> {
    session
        .metrics
        .named(name)
        .map(|series| (series.key().run, series.values().to_vec()))
        .collect()
}

#[test]
fn a_cell_that_begins_again_is_another_run_and_one_that_goes_on_is_not() {
    let session = printed(&[
        "epoch 1 loss=0.5\nepoch 2 loss=0.4\n",
        "epoch 3 loss=0.3\n",
        "epoch 1 loss=0.9\nepoch 2 loss=0.8\n",
    ]);
    assert_eq!(
        by_run(&session, "loss"),
        [(Some(0), vec![0.5, 0.4, 0.3]), (Some(1), vec![0.9, 0.8])]
    );
    let cells: Vec<_> = session
        .runs
        .iter()
        .map(|run| (run.first_cell, run.last_cell))
        .collect();
    assert_eq!(cells, [(Some(0), Some(1)), (Some(2), Some(2))]);
}

#[test]
fn a_cell_of_one_epoch_that_is_run_again_is_another_run() {
    let session = printed(&["epoch 1 loss=0.5\n", "epoch 1 loss=0.25\n"]);
    assert_eq!(
        by_run(&session, "loss"),
        [(Some(0), vec![0.5]), (Some(1), vec![0.25])]
    );
}

#[test]
fn a_restart_inside_a_cell_is_a_run_and_a_step_that_restarts_each_epoch_is_none() {
    let folds =
        printed(&["epoch 1 loss=0.5\nepoch 2 loss=0.4\nepoch 1 loss=0.9\nepoch 2 loss=0.8\n"]);
    assert_eq!(folds.runs.len(), 2);
    let epochs = printed(&[
        "epoch 1 step 1 loss=0.5\nepoch 1 step 2 loss=0.4\nepoch 2 step 1 loss=0.3\nepoch 2 step 2 loss=0.2\n",
    ]);
    assert_eq!(epochs.runs.len(), 1);
    // A value that is told again is no restart.
    let told = printed(&[
        "[1]\tloss:0.5\n[2]\tloss:0.4\n[3]\tloss:0.6\nEarly stopping, best iteration is:\n[2]\tloss:0.4\n",
    ]);
    assert_eq!(by_run(&told, "loss"), [(Some(0), vec![0.5, 0.4, 0.6])]);
}

#[test]
fn the_first_lines_of_a_training_are_of_its_run() {
    // They show fewer metrics, of names that the training before did not have.
    let session = printed(&[
        "step 4 loss=0.5\nstep 8 loss=0.4\n",
        "step 0 error=0.9\nstep 2 error=0.8\nstep 4 error=0.7 loss=0.3\nstep 6 error=0.6\n",
    ]);
    assert_eq!(
        by_run(&session, "error"),
        [(Some(1), vec![0.9, 0.8, 0.7, 0.6])]
    );
    assert_eq!(
        by_run(&session, "loss"),
        [(Some(0), vec![0.5, 0.4]), (Some(1), vec![0.3])]
    );
    assert_eq!(session.runs[0].last_cell, Some(0));
    // What goes on before it begins again is of the run before.
    let session = printed(&[
        "step 1 loss=0.5\nstep 2 loss=0.4\n",
        "step 3 loss=0.3\nstep 1 loss=0.9\n",
    ]);
    assert_eq!(
        by_run(&session, "loss"),
        [(Some(0), vec![0.5, 0.4, 0.3]), (Some(1), vec![0.9])]
    );
}

#[test]
fn evaluations_join_the_run_before_them() {
    let session = printed(&[
        "accuracy: 0.125\n",
        "epoch 1 loss=0.5\nepoch 2 loss=0.4\n",
        "accuracy: 0.75\n",
    ]);
    assert_eq!(
        by_run(&session, "accuracy"),
        [(None, vec![0.125]), (Some(0), vec![0.75])]
    );
    assert_eq!(session.runs[0].last_cell, Some(2));
}

#[test]
fn values_without_any_step_are_one_run_and_silence_is_none() {
    let session = printed(&["loss: 0.5\nloss: 0.4\n", "accuracy: 0.75\n"]);
    assert_eq!(session.runs.len(), 1);
    assert_eq!(by_run(&session, "loss"), [(Some(0), vec![0.5, 0.4])]);
    assert!(printed(&["hello\n"]).runs.is_empty());
}

#[test]
fn a_run_fails_with_its_cell() {
    let mut session = session(&[
        (
            "",
            vec![output::stream(
                "stdout",
                "epoch 1 loss=0.5\nepoch 2 loss=0.4\nepoch 1 loss=0.9\n",
            )],
        ),
        ("", vec![output::stream("stdout", "epoch 1 loss=0.7\n")]),
    ]);
    session.cell_records[0].error = Some(CellError {
        name: "KeyboardInterrupt".into(),
        ..CellError::default()
    });
    extract::apply(&mut session);
    let statuses: Vec<_> = session.runs.iter().map(|run| run.status).collect();
    // The first run of the failed cell had ended when the second began.
    assert_eq!(
        statuses,
        [RunStatus::Finished, RunStatus::Failed, RunStatus::Finished]
    );
}

#[test]
fn only_recorded_times_become_those_of_a_run() {
    let cells = [("", vec![output::stream("stdout", "epoch 1 loss=0.5\n")])];
    let mut recorded = session(&cells);
    extract::apply(&mut recorded);
    assert_eq!(recorded.runs[0].started_at, Some(at(0)));
    assert_eq!(recorded.runs[0].ended_at, Some(at(8)));
    let mut derived = session(&cells);
    derived.cell_records[0].time_source = TimeSource::Derived;
    extract::apply(&mut derived);
    assert_eq!(derived.runs[0].started_at, None);
    assert_eq!(derived.runs[0].ended_at, None);
}

#[test]
fn each_run_has_the_settings_that_held_when_it_began() {
    let train = |text: &str| vec![output::stream("stdout", text)];
    let mut session = session(&[
        (
            "lr = 0.1\nbatch_size = 32\ndef train():\n    run(batch_size)\n",
            vec![],
        ),
        ("train()", train("epoch 1 loss=0.5\n")),
        ("lr = 0.01\ntrain()", train("epoch 1 loss=0.7\n")),
        ("lr = 99", train("accuracy: 0.5\n")),
    ]);
    extract::apply(&mut session);
    let settings: Vec<Vec<_>> = session
        .runs
        .iter()
        .map(|run| run.config.iter().map(|(n, v)| format!("{n}={v}")).collect())
        .collect();
    assert_eq!(
        settings,
        [["batch_size=32", "lr=0.1"], ["batch_size=32", "lr=0.01"]]
    );
}

#[test]
fn settings_of_another_model_are_not_those_of_a_run() {
    let settings = |cells: &[(&str, &str)]| -> Vec<String> {
        let cells: Vec<_> = cells
            .iter()
            .map(|(source, text)| (*source, vec![output::stream("stdout", *text)]))
            .collect();
        let mut session = session(&cells);
        extract::apply(&mut session);
        session
            .runs
            .iter()
            .map(|run| {
                let config = run.config.iter().map(|(n, v)| format!("{n}={v}"));
                config.collect::<Vec<_>>().join(" ")
            })
            .collect()
    };
    let epoch = "epoch 1 loss=0.5\n";
    // An argument of the call counts more; the rest belongs to another model.
    assert_eq!(
        settings(&[
            (
                "lr = 0.5\nmodel_name = 'unrelated'\nnet = Net(model_name)",
                ""
            ),
            ("opt = Sgd(lr)\nnet.fit(x, opt)", epoch),
            ("net.predict(x)\ncnn = Net()", ""),
            ("cnn.fit(x, lr=0.001)", epoch),
        ]),
        ["lr=0.5 model_name=unrelated", "lr=0.001"]
    );
    assert_eq!(
        settings(&[
            ("lr = 0.5\nmodel_name = 'unrelated'", ""),
            ("cnn.fit(x, lr=0.001)", epoch),
        ]),
        ["lr=0.001"]
    );
    // A function from elsewhere: what it sees is not known.
    assert_eq!(
        settings(&[("lr = 0.5", ""), ("train(x)", epoch)]),
        ["lr=0.5"]
    );
    // What a later model is built from holds for it.
    assert_eq!(
        settings(&[
            ("hidden_size = 8\nheads = 4\nnum_heads = 4", ""),
            ("a = Net(num_heads)\na.fit()", epoch),
            ("b = Net(hidden_size)", ""),
            ("b.fit()", epoch),
            ("b.fit()", epoch),
        ]),
        ["num_heads=4", "hidden_size=8", "hidden_size=8"]
    );
    // An argument that is no literal hides the assignment of the same name.
    assert_eq!(
        settings(&[("lr = 0.5\nSEED = 3\nmodel.fit(lr=schedule(3))", epoch)]),
        ["SEED=3"]
    );
}

#[test]
fn origins_point_into_the_right_output() {
    let outputs = vec![
        output::stream("stdout", "Epoch 1/2\n"),
        output::stream("stderr", "INFO saved\n"),
        output::stream("stdout", "loss: 0."),
        json!({ "output_type": "stream", "name": "stdout", "text": ["25\n", "loss: 0.5\n"] }),
    ];
    let mut session = session(&[("", outputs)]);
    extract::apply(&mut session);
    let key = SeriesKey {
        name: "loss".into(),
        run: Some(0),
        rank: None,
    };
    let series = session.metrics.get(&key).unwrap();
    let places: Vec<_> = series
        .points()
        .map(|point| {
            let origin = point.origin.unwrap();
            let index = usize::try_from(origin.output).unwrap();
            let text = output::plain_text(&session.cell_records[0].outputs[index]).unwrap();
            let span = usize::try_from(origin.span.start).unwrap()
                ..usize::try_from(origin.span.end).unwrap();
            (point.value, point.epoch, index, text[span].to_owned())
        })
        .collect();
    // The first number is split over two outputs: its place is where it begins.
    assert_eq!(
        places,
        [
            (0.25, Some(1.0), 2, "0.".to_owned()),
            (0.5, Some(1.0), 3, "0.5".to_owned())
        ]
    );
}

#[test]
fn a_progress_state_counts_only_where_nothing_else_tells() {
    let interrupted =
        " 10%|#   | 1/10 [00:00<00:01, loss=0.9]\r 20%|##  | 2/10 [00:00<00:01, loss=0.8]";
    let session = printed(&[interrupted]);
    assert_eq!(by_run(&session, "loss"), [(Some(0), vec![0.9, 0.8])]);
    let session = printed(&[&format!("{interrupted}\nloss: 0.5\n")]);
    assert_eq!(by_run(&session, "loss"), [(Some(0), vec![0.5])]);
}

#[test]
fn of_what_a_cell_evaluated_to_only_a_dictionary_is_read() {
    let dictionary = "{'eval_loss': 0.25,\n 'eval_accuracy': 0.75,\n 'eval_runtime': 1.5}";
    for (text, count) in [
        (dictionary, 2),
        ("LogisticRegression(C=1.0, loss=0.5)", 0),
        ("loss    0.5\nacc     0.9\ndtype: float64", 0),
        ("0.5", 0),
        ("'loss: 0.5'", 0),
    ] {
        let mut session = session(&[("", vec![output::result(Some(1), text)])]);
        extract::apply(&mut session);
        assert_eq!(session.metrics.point_count(), count, "{text}");
    }
    let traceback = output::error("ValueError", "loss: 0.5", &["loss: 0.5".to_owned()]);
    let mut session = session(&[("", vec![traceback])]);
    extract::apply(&mut session);
    assert!(session.metrics.is_empty() && session.runs.is_empty());
}

#[test]
fn a_table_of_metrics_shown_again_with_more_lines_counts_once() {
    let table = |losses: &[&str]| {
        let lines: String = losses
            .iter()
            .enumerate()
            .map(|(epoch, loss)| format!("<tr><td>{epoch}</td><td>{loss}</td></tr>"))
            .collect();
        let html = format!("<table><tr><th>epoch</th><th>valid_loss</th></tr>{lines}</table>");
        json!({"output_type": "display_data", "metadata": {}, "data": {"text/html": html}})
    };
    let mut session = session(&[(
        "learn.fit(2); learn.fit(1)",
        vec![table(&["0.5"]), table(&["0.5", "0.25"]), table(&["0.125"])],
    )]);
    extract::apply(&mut session);
    assert_eq!(
        by_run(&session, "valid_loss"),
        [(Some(0), vec![0.5, 0.25]), (Some(1), vec![0.125])]
    );
    let series = session.metrics.named("valid_loss").next();
    let origin = series.and_then(|series| series.points().next()?.origin);
    let origin = origin.expect("read from an output");
    assert_eq!((origin.output, origin.rule.as_ref()), (1, "html table"));
}

#[test]
fn an_evaluation_in_a_later_cell_is_not_one_more_step() {
    let session = printed(&[
        "Epoch 1/2\n44/44 - 1s - loss: 1.5 - accuracy: 0.4\nEpoch 2/2\n44/44 - 1s - loss: 1.2 - accuracy: 0.5\n",
        "44/44 - 0s - loss: 1.3 - accuracy: 0.45\n",
    ]);
    assert_eq!(
        by_run(&session, "loss"),
        [(Some(0), vec![1.5, 1.2]), (None, vec![1.3])]
    );
    assert_eq!(session.metrics.total_steps(), 2);
    assert_eq!(session.metrics.final_loss(), Some(1.2));
}
