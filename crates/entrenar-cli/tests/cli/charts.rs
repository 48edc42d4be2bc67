//! What the points of a chart are drawn over.

use entrenar::session::{EntrenarSession, Point, SeriesKey};

use crate::support::{Home, clock};

/// A session with a loss at these epochs.
fn with_epochs(id: &str, epochs: &[Option<f64>]) -> EntrenarSession {
    let mut session = EntrenarSession::new_at(id, id, &clock(0));
    for (n, epoch) in (0_u32..).zip(epochs) {
        let point = Point {
            epoch: *epoch,
            value: 2.0 / f64::from(n + 1),
            ..Point::default()
        };
        session.metrics.push(SeriesKey::named("loss"), point);
    }
    session
}

fn epochs(first: Option<f64>) -> Vec<Option<f64>> {
    let mut epochs: Vec<_> = (1..=10).map(|epoch| Some(f64::from(epoch))).collect();
    epochs[0] = first;
    epochs
}

#[test]
fn no_point_is_given_an_epoch_that_it_has_not() {
    let home = Home::new();
    home.session(&with_epochs("whole", &epochs(Some(1.0))))
        .session(&with_epochs("gap", &epochs(None)))
        .session(&with_epochs("none", &[None; 10]));
    let drawn = |args: &[&str]| {
        let args = [&["plot", "--json"], args].concat();
        let document = home.run(&args).json();
        let mut lines = Vec::new();
        for line in document.as_array().unwrap() {
            let first = line["points"][0][0].as_f64().unwrap();
            let last = line["points"][9][0].as_f64().unwrap();
            lines.push((line["x"].as_str().unwrap().to_owned(), first, last));
        }
        lines
    };
    let epoch = ("epoch".to_owned(), 1.0, 10.0);
    let point = ("point".to_owned(), 0.0, 9.0);
    assert_eq!(drawn(&["whole"]), [epoch]);
    assert_eq!(
        drawn(&["gap", "--metric", "loss"]),
        std::slice::from_ref(&point)
    );
    // An axis is of one kind.
    assert_eq!(drawn(&["whole", "none"]), [point.clone(), point.clone()]);
    assert_eq!(drawn(&["whole", "gap"]), [point.clone(), point]);

    let axis = |args: &[&str]| {
        let text = home.run(args).out();
        let named =
            |name: &str| text.contains(&format!(">{name}<")) || text.contains(&format!("{name}\n"));
        (named("epoch"), named("point"))
    };
    assert_eq!(axis(&["plot", "gap", "--svg", "-"]), (false, true));
    assert_eq!(axis(&["plot", "whole", "--svg", "-"]), (true, false));
    assert_eq!(axis(&["compare", "whole", "none"]), (false, true));
    assert_eq!(axis(&["plot", "whole"]), (true, false));
}

#[test]
fn a_run_is_drawn_alone() {
    let home = Home::new();
    let mut session = EntrenarSession::new_at("runs", "many runs", &clock(0));
    for run in 0..15 {
        for step in 0..3 {
            let key = SeriesKey {
                run: Some(run),
                ..SeriesKey::named("loss")
            };
            let point = Point {
                step: Some(step),
                value: f64::from(run),
                ..Point::default()
            };
            session.metrics.push(key, point);
        }
    }
    home.session(&session);
    let all = home.run(&["plot", "runs", "--metric", "loss"]);
    assert!(
        all.err().contains("3 are left out; choose with --run N"),
        "{}",
        all.err()
    );
    let two = home.run(&["plot", "runs", "--run", "14", "--run", "2", "--json"]);
    let runs: Vec<_> = two
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["run"].clone())
        .collect();
    assert_eq!(runs, [2, 14]);
    let none = home.run(&["plot", "runs", "--run", "15"]);
    assert_eq!(none.code, Some(3));
    assert!(none.err().contains("runs 0 to 14"), "{}", none.err());
}
