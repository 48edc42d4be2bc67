//! Trains a linear regression by gradient descent and records it:
//! `cargo run -p entrenar --features record --example record_training -- entrenar.db`, and then
//! `entrenar --store entrenar.db show linear-regression`.
#![expect(clippy::print_stdout, reason = "a program of its own")]

use entrenar::record::{Recorder, RecorderOptions};
use entrenar::session::{EntrenarSession, RunStatus};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = std::env::args().nth(1).unwrap_or("entrenar.db".into());
    let session = EntrenarSession::new("linear-regression", "Linear regression")
        .with_architecture("y = wx + b")
        .with_dataset("200 points of y = 3x - 2 with noise")
        .with_tag("example");
    let recorder = Recorder::start(session, &store, RecorderOptions::default())?;

    let data = points();
    for lr in [0.1, 0.5] {
        let run = recorder.begin_run(Some(&format!("lr {lr}")), [("lr", lr.to_string())]);
        let loss_of_step = run.series("loss");
        let (mut w, mut b) = (0.0, 0.0);
        for step in 0..300 {
            let (loss, dw, db) = gradient(&data, w, b);
            (w, b) = (w - lr * dw, b - lr * db);
            loss_of_step.log(step, loss);
            if step % 10 == 0 {
                let grad_norm = f64::hypot(dw, db);
                entrenar::log!(run, step, w, b, grad_norm);
            }
        }
        run.end(RunStatus::Finished);
        println!("lr {lr}: y = {w:.3}x {b:+.3}");
    }

    println!(
        "best loss {:.5}",
        recorder.metrics.best_loss().unwrap_or(f64::NAN)
    );
    let report = recorder.finish()?;
    println!("{} points in {}", report.points, report.store.display());
    Ok(())
}

/// Mean squared error and its gradient.
fn gradient(data: &[(f64, f64)], w: f64, b: f64) -> (f64, f64, f64) {
    let mut sums = (0.0, 0.0, 0.0);
    for (x, y) in data {
        let error = w * x + b - y;
        sums.0 += error * error;
        sums.1 += 2.0 * error * x;
        sums.2 += 2.0 * error;
    }
    let count = data.len() as f64;
    (sums.0 / count, sums.1 / count, sums.2 / count)
}

/// The same points each time.
fn points() -> Vec<(f64, f64)> {
    let mut state: u32 = 1;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state) / f64::from(u32::MAX)
    };
    let mut point = || {
        let x = 2.0 * random() - 1.0;
        (x, 3.0 * x - 2.0 + 0.1 * (random() - 0.5))
    };
    (0..200).map(|_| point()).collect()
}
