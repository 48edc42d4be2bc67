//! Metrics from printed text: what is read, what is left, and what it is worth on real output.

use entrenar::extract::{self, ExtractedPoint, PointKind};

/// Name, value, step and epoch of each point that was logged.
fn logged(text: &str) -> Vec<(String, f64, Option<i64>, Option<f64>)> {
    extract::points(text)
        .into_iter()
        .filter(|point| point.kind == PointKind::Log)
        .map(|point| (point.name, point.value, point.step, point.epoch))
        .collect()
}

/// Names and values alone, as `name=value` separated by blanks.
fn brief(text: &str) -> String {
    logged(text)
        .iter()
        .map(|(name, value, ..)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("; ")
}

#[test]
fn every_family_of_lines_is_read() {
    for (text, expected) in [
        // key=value, with any separator between the pairs
        ("loss=0.5 acc=0.9", "loss=0.5; acc=0.9"),
        ("loss=0.5, acc=0.9", "loss=0.5; acc=0.9"),
        ("loss = 0.5 | val_loss = 0.6", "loss=0.5; val_loss=0.6"),
        (
            "loss=0.5\tval_custom_auc_top5=0.25",
            "loss=0.5; val_custom_auc_top5=0.25",
        ),
        ("loss=nan acc=-inf", "loss=NaN; acc=-inf"),
        // key: value, names of several words
        (
            "\tTrain Loss: 3.157 | Train PPL:  23.492",
            "Train Loss=3.157; Train PPL=23.492",
        ),
        (
            "\t Val. Loss: 3.927 |  Val. PPL:  50.743",
            "Val. Loss=3.927; Val. PPL=50.743",
        ),
        ("val. loss: 0.25", "val. loss=0.25"),
        (
            "Test set: Average loss: 0.43, Accuracy: 9/10 (90%)",
            "Test set Average loss=0.43; Test set Accuracy=90",
        ),
        (
            "Quantile 95% Coverage Error: 0.3 | 90% quantile loss: 0.5",
            "Quantile 95% Coverage Error=0.3; 90% quantile loss=0.5",
        ),
        ("Accuracy: 90% loss: 0.25", "Accuracy=90; loss=0.25"),
        ("AUC=0.95±0.01", "AUC=0.95"),
        ("Final score (RMSE): 5.291", "Final score (RMSE)=5.291"),
        ("HammingLoss: 0.2304", "HammingLoss=0.2304"),
        ("AUC: = 0.9167", "AUC=0.9167"),
        ("Accuracy: 1,234.5", "Accuracy=1234.5"),
        (
            "Epoch 1 loss 0.51 val_acc 87.5% lr 0.1",
            "loss=0.51; val_acc=87.5; lr=0.1",
        ),
        // decimal commas
        ("Epoch 1: loss 0,51 acc 0,87", "loss=0.51; acc=0.87"),
        ("loss = 0,51", "loss=0.51"),
        ("loss: 1,234, acc: 0,871", "loss=1.234; acc=0.871"),
        ("loss 2,301\nloss 0,912", "loss=2.301; loss=0.912"),
        ("loss: 1,234\nacc: 0,871", "loss=1234; acc=0.871"),
        (
            "epoch  train_loss  valid_loss\n0      0,51        1,25",
            "train_loss=0.51; valid_loss=1.25",
        ),
        // commas of unclear meaning
        ("loss 0,51 acc 0.87", "acc=0.87"),
        ("loss=0,512 lr=0.5 acc=0.9", "lr=0.5; acc=0.9"),
        ("loss=1,2,3 acc=0.5", "acc=0.5"),
        ("loss=1.234,56 acc=0.5", "acc=0.5"),
        ("losses=[0.1,0.2] loss=0.5,acc=0.9", "loss=0.5; acc=0.9"),
        (
            "train-logloss:0.5+0.01\ttest-auc:0.9+0.02",
            "train-logloss=0.5; test-auc=0.9",
        ),
        (
            "Best validation accuracy score: 0.83±0.02",
            "Best validation accuracy score=0.83",
        ),
        (
            "eval at epoch 1: auc:0.49,logloss:0.69,ndcg@2:0.32",
            "eval auc=0.49; eval logloss=0.69; eval ndcg@2=0.32",
        ),
        ("Accuracy: 92.5%", "Accuracy=92.5"),
        (
            "loss: tensor(0.6931, grad_fn=<NllLossBackward0>)",
            "loss=0.6931",
        ),
        // dictionaries
        (
            "{'loss': 0.69, 'grad_norm': 1.5, 'learning_rate': 1e-4, 'epoch': 1.0}",
            "loss=0.69; grad_norm=1.5; learning_rate=0.0001",
        ),
        (
            "{'eval_loss': '0.283', 'eval_runtime': '0.07', 'epoch': '1'}",
            "eval_loss=0.283",
        ),
        (r#"{"loss": NaN, "step": 3}"#, "loss=NaN"),
        (
            "metrics = {'train_loss': np.float32(0.2)}",
            "train_loss=0.2",
        ),
        (
            r#"{"train": {"loss": 0.5}, "test": {"loss": 0.75}}"#,
            "train/loss=0.5; test/loss=0.75",
        ),
        // Ruchy
        (
            "epoch 3 loss=0.5 accuracy=99.5 lr=0.05",
            "loss=0.5; accuracy=99.5; lr=0.05",
        ),
        ("step 3 loss: 0.5", "loss=0.5"),
        // plain names
        (
            "step 30: train loss 4.36, val loss 4.43",
            "train loss=4.36; val loss=4.43",
        ),
        (
            "[Epoch 1 Batch 500] loss 6.73, perplexity 834.37",
            "loss=6.73; perplexity=834.37",
        ),
        ("Test accuracy 85.83%", "Test accuracy=85.83"),
        // bars
        (
            "Epoch 2/5\n44/44 - 1s - 20ms/step - loss: 1.06 - val_loss: 1.25\n",
            "loss=1.06; val_loss=1.25",
        ),
        (
            "100%|██████████| 24/24 [00:00<00:00, 721.18it/s, loss=0.117]",
            "loss=0.117",
        ),
        // tables
        ("│ test_loss │ 0.61 │\n│ epochs │ 3 │", "test_loss=0.61"),
        (
            "| rollout/           |          |\n|    ep_rew_mean     | 22.1     |",
            "rollout/ep_rew_mean=22.1",
        ),
        ("(:epoch, 1, :loss, 0.5)", "loss=0.5"),
    ] {
        assert_eq!(brief(text), expected, "{text}");
    }
}

#[test]
fn what_is_no_metric_is_left() {
    for text in [
        "eta: 0:01:00  time: 0.5  data_time: 0.1  memory: 1489",
        "time: 3.2s, 1ms/step, 12.3s/it",
        "2021-05-02 16:17:55,634 INFO start",
        "Epoch 1/5\n44/44 - 6s - 131ms/step\n",
        "lr: 0.1",
        "learning_rate = 1e-3 # with baby networks can afford to go a bit higher",
        "Namespace(lr=0.1, batch_size=32, loss=0.5)",
        "LogisticRegression(C=1.0, max_iter=100)",
        "LGBMClassifier(colsample_bytree=0.7,\n               loss=0.25, reg_alpha=0.09,\n               verbose=-1)",
        "Requirement already satisfied: numpy>=1.23.0 in /usr/lib (from map) (2.0.2)",
        "Downloading loss-0.5.1-py3-none-any.whl (6.2 kB)",
        "foo.py:12: UserWarning: loss: 0.5 is odd",
        "see https://example.org/?loss=0.5",
        "loss.shape: (10, 3), accuracy.shape: (10,)",
        "Model size: 12.5 MB, error budget: 44 MB",
        "{'boosting_type': 'Plain', 'depth': 8, 'learning_rate': 0.07}",
        "{'iou': 0.7, 'device': 'cpu', 'mode': 'train'}",
        "engine: agnostic_nms=False, amp=True, batch=8, iou=0.7, mode=train, name=x, cache=disk",
        "Epoch 2: val_loss improved from 2.25506 to 0.55813, saving model to ck.keras",
        "Metric val_loss improved by 0.771 >= min_delta = 0.0. New best score: 0.720",
        "loss_weight: 0.5, label_smoothing=0.1",
        "Total params: 2,410 (9.41 KB)",
        "losses: 0.5 0.4 0.3",
        "Sample predictions:  0.4286844 0.2480608",
        "the loss of 0.5 is better than 0.6",
        "a loss 0.5 better than before",
        "with loss 0.5 the accuracy 0.9 came",
        "HTTP error: 404",
        "precision: 32",
        "batch_size = 64\ndropout = 0.2\noptimizer = adam\niou = 0.5\n",
        "best epoch: 10, num_epochs=20",
        "version: 1.2.3, accuracy==0.5.1",
        "loss: 4 seconds",
    ] {
        assert_eq!(brief(text), "", "{text}");
    }
}

#[test]
fn steps_and_epochs_come_from_the_line_or_from_the_last_header() {
    let cases = [
        ("Epoch 3/10 loss: 0.5", None, Some(3.0)),
        ("[Epoch 3]\nloss: 0.5", None, Some(3.0)),
        ("epoch: 3\nloss: 0.5", None, Some(3.0)),
        ("Iteration 12, loss = 0.5", Some(12), None),
        ("[7]\ttrain-auc:0.5", Some(7), None),
        ("Epoch: [2][  40/640]\tLoss 0.5 (0.5)", Some(40), Some(2.0)),
        (
            "Train Epoch: 1 [128/1280 (10%)]\tLoss: 0.5",
            Some(128),
            Some(1.0),
        ),
        ("{'loss': 0.5, 'epoch': 1.5}", None, Some(1.5)),
        ("step 20\nval loss: 0.5", Some(20), None),
        (
            "Epoch 2/5\n44/44 [====] - 1s - loss: 0.5\n",
            None,
            Some(2.0),
        ),
        ("INFO:absl:train epoch: 4, loss: 0.5", None, Some(4.0)),
        ("Epoch(train)  [3][10/15]  loss: 0.5", Some(10), Some(3.0)),
        ("loss: 0.5", None, None),
    ];
    for (text, step, epoch) in cases {
        let points = logged(text);
        let first = points.first().unwrap_or_else(|| panic!("{text}"));
        assert_eq!((first.1, first.2, first.3), (0.5, step, epoch), "{text}");
    }
}

#[test]
fn an_unknown_name_needs_repetition_in_log_lines() {
    let log = |count: u32| {
        (1..=count)
            .map(|epoch| format!("epoch {epoch}: wibble=0.{epoch} v_num=0\n"))
            .collect::<String>()
    };
    assert_eq!(brief(&log(2)), "");
    assert_eq!(
        brief(&log(4)),
        "wibble=0.1; wibble=0.2; wibble=0.3; wibble=0.4"
    );
    // Without a counter on the line it could be anything.
    assert_eq!(brief("wibble=0.1\nwibble=0.2\nwibble=0.3\n"), "");
}

#[test]
fn only_the_last_state_of_a_bar_counts() {
    let text = "Epoch 1/2\r1/3 [=>...] - loss: 0.9\r2/3 [==>.] - loss: 0.8\r3/3 [====] - loss: 0.7 - val_loss: 0.75\n";
    assert_eq!(brief(text), "loss=0.7; val_loss=0.75");
    let progress = extract::points(text)
        .into_iter()
        .filter(|point| point.kind == PointKind::Progress)
        .count();
    assert_eq!(progress, 2);
    // What follows the epochs is an evaluation, not part of the last epoch.
    let text = "Epoch 2/2\n44/44 - 0s - loss: 0.5\n13/13 - 0s - loss: 0.6\n";
    assert_eq!(
        logged(text),
        [
            ("loss".into(), 0.5, None, Some(2.0)),
            ("loss".into(), 0.6, None, None)
        ]
    );
}

#[test]
fn the_table_of_a_validator_belongs_to_its_epoch() {
    let head = "  Epoch  GPU_mem  box_loss  Instances  Size\n";
    let bar =
        "Class  Images  Instances  Box(P  R  mAP50  mAP50-95): 100%|████| 2/2 [00:01<00:00]\n";
    let text = format!(
        "{head}  1/2  0G  1.5  8  640: 100%|████| 5/5 [00:01<00:00]\n  {bar}  all  150  300  0.56  0.6  0.5  0.25\n  \
         {bar}  all  150  300  0.57  0.6  0.5  0.25\n  cat  50  100  0.1  0.2  0.3  0.4\n"
    );
    let points = logged(&text);
    let precision: Vec<_> = points
        .iter()
        .filter(|point| point.0 == "metrics/precision(B)")
        .map(|point| (point.1, point.3))
        .collect();
    assert_eq!(precision, [(0.56, Some(1.0)), (0.57, None)]);
    assert_eq!(points.len(), 9);
}

#[test]
fn ranks_are_read_from_their_brackets() {
    let points = extract::points("[rank1] step 3 | loss 5.3 | lr 5.00e-02\nrank: 64 loss 0.5\n");
    let ranks: Vec<_> = points.iter().map(|p| (p.name.as_str(), p.rank)).collect();
    // The rank of an adapter is not that of a process.
    assert_eq!(ranks, [("loss", Some(1)), ("lr", Some(1)), ("loss", None)]);
}

#[test]
fn spans_are_the_bytes_of_the_value() {
    let text = "\u{1b}[32mé epoch 1\u{1b}[0m loss: \u{1b}[1m0.50\u{1b}[0m acc: 90.0%\n";
    let points = extract::points(text);
    let texts: Vec<_> = points
        .iter()
        .filter_map(|p| text.get(p.span.clone()))
        .collect();
    assert_eq!(texts, ["0.50", "90.0%"]);
}

/// The points of a capture, one a line, for a snapshot: first and last three.
fn capture(text: &str) -> String {
    let points: Vec<ExtractedPoint> = extract::points(text)
        .into_iter()
        .filter(|point| point.kind == PointKind::Log)
        .collect();
    let mut lines: Vec<String> = points
        .iter()
        .map(|p| {
            format!(
                "{} = {} (step {:?}, epoch {:?}, rank {:?}, {}: {:?})",
                p.name,
                p.value,
                p.step,
                p.epoch,
                p.rank,
                p.rule,
                &text[p.span.clone()]
            )
        })
        .collect();
    let count = lines.len();
    if count > 16 {
        lines.splice(8..count - 8, ["…".to_owned()]);
    }
    format!("{count} points\n{}\n", lines.join("\n"))
}

macro_rules! captures {
    ($($name:ident, $file:literal;)*) => {
        $(
            #[test]
            fn $name() {
                insta::assert_snapshot!(capture(include_str!(concat!("data/captures/", $file))));
            }
        )*
    };
}

// Each was written by the program that its name says; see data/captures/README.md.
captures! {
    keras_3_redraws_with_backspaces, "keras-callbacks.pipe.txt";
    tqdm_nested_bars, "tqdm-nested.pty.txt";
    transformers_5_quoted_numbers, "transformers-trainer.pipe.txt";
    lightgbm_repeats_the_best_iteration, "lightgbm-train.pipe.txt";
    xgboost_pairs_behind_a_bracket, "xgboost-train.pipe.txt";
    scikit_learn_columns, "scikit-learn-boosting.pipe.txt";
    scikit_learn_grid_search, "scikit-learn-grid.pipe.txt";
    pytorch_imagenet_meters, "pytorch-imagenet.pipe.txt";
    nanogpt_settings_then_log, "nanogpt-char.pipe.txt";
    accelerate_log_behind_a_bar, "accelerate-loop.pty.txt";
    lightning_bar_with_stale_values, "lightning-tqdm.pipe.txt";
    pytorch_ranks, "pytorch-ddp.pipe.txt";
    ultralytics_columns_with_bars, "ultralytics-detect.pipe.txt";
}
