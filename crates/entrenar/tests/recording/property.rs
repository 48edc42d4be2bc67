//! Whatever is recorded, and wherever it is sealed, cut and sealed again: the session is the one that logging into
//! it directly gives.

use entrenar::session::{CellRecord, CodeCell, ContentDigest, SeriesKey, TrainingRun, output};
use entrenar::store::recording::{Frame, Start};
use entrenar::store::{ListQuery, Store as _};
use proptest::prelude::*;

use super::support::{Place, Twin, assert_same, point, session_of, time};

#[derive(Debug, Clone)]
enum Step {
    Points(Vec<(u8, f64, i64)>),
    Many(u8, u16),
    Cell(String),
    Config(u8, String),
    Run(u8),
    /// Sealed; whether the files are deleted, or the process dies before.
    Seal(bool),
    Look,
}

fn step() -> impl Strategy<Value = Step> {
    let value = prop_oneof![
        4 => -10.0..10.0,
        1 => Just(f64::NAN),
        1 => Just(f64::NEG_INFINITY),
        1 => Just(-0.0),
    ];
    prop_oneof![
        4 => proptest::collection::vec((0..5_u8, value, -50..50_i64), 1..60).prop_map(Step::Points),
        2 => (0..5_u8, 1..8000_u16).prop_map(|(series, count)| Step::Many(series, count)),
        1 => "[a-z]{0,9}".prop_map(Step::Cell),
        1 => (0..2_u8, "[a-z]{0,3}").prop_map(|(name, value)| Step::Config(name, value)),
        1 => (0..2_u8).prop_map(Step::Run),
        4 => any::<bool>().prop_map(Step::Seal),
        1 => Just(Step::Look),
    ]
}

fn key(number: u8) -> SeriesKey {
    let (name, run) = match number {
        0 => ("loss", None),
        1 => ("loss", Some(0)),
        2 => ("val/acc", None),
        3 => ("accuracy", Some(1)),
        _ => ("x", None),
    };
    SeriesKey {
        name: name.into(),
        run,
        rank: None,
    }
}

fn cases() -> ProptestConfig {
    let cases = std::env::var("ENTRENAR_SEAL_CASES").ok();
    ProptestConfig {
        cases: cases.and_then(|cases| cases.parse().ok()).unwrap_or(12),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases())]
    #[test]
    fn what_was_recorded_is_what_would_have_been_logged(
        steps in proptest::collection::vec(step(), 0..14),
        dies in any::<bool>(),
    ) {
        let place = Place::new();
        let mut store = place.open();
        let start = Start::new("s", "S", time(10));
        let mut expected = session_of(&start);
        let mut twin = Twin::new(place.options(), start);
        let mut now = 10;
        for step in steps {
            match step {
                Step::Points(points) => for (series, value, at) in points {
                    now += 3;
                    twin.log(&mut expected, &key(series), &point(value, at, now));
                },
                Step::Many(series, count) => for at in 0..count {
                    now += 1;
                    let value = 1.0 / f64::from(at % 977 + 1);
                    twin.log(&mut expected, &key(series), &point(value, at.into(), now));
                },
                Step::Cell(source) => {
                    let order = u32::try_from(expected.code_history.len()).unwrap() + 1;
                    let cell = CodeCell {
                        execution_order: order,
                        output: Some(source.clone()),
                        source,
                        // A clock that goes back does not move a cell.
                        timestamp: time(now - i64::from(order % 3) * 100),
                        duration_ms: None,
                    };
                    let record = CellRecord {
                        outputs: vec![output::stream("stdout", cell.source.clone())],
                        ..CellRecord::default()
                    };
                    twin.cell(&mut expected, cell, record);
                }
                Step::Config(name, value) => {
                    let name = format!("c{name}");
                    twin.frame(&Frame::Config { name: name.clone(), value: value.clone() });
                    expected.config.insert(name, value);
                }
                Step::Run(number) => {
                    let run = TrainingRun { name: Some(format!("at {now}")), ..TrainingRun::default() };
                    twin.frame(&Frame::Run { number: number.into(), run: run.clone() });
                    let place = usize::from(number);
                    if expected.runs.len() <= place {
                        expected.runs.resize(place + 1, TrainingRun::default());
                    }
                    expected.runs[place] = run;
                }
                Step::Seal(release) => {
                    let sealed = twin.seal(&mut store, release);
                    // Said again, it changes nothing.
                    let again = twin.seal_below(&mut store, sealed.below).unwrap();
                    prop_assert_eq!((again.points, again.cells), (0, 0));
                }
                Step::Look => if store.recording("s").unwrap().is_some() {
                    assert_same(&store.session("s").unwrap(), &expected);
                    let list = store.list(&ListQuery::default()).unwrap();
                    let metrics = &expected.metrics;
                    prop_assert_eq!(list[0].points, metrics.point_count());
                    prop_assert_eq!(list[0].cells, expected.code_history.len());
                    prop_assert_eq!(list[0].steps, metrics.total_steps());
                    // A figure in a row does not tell 0 from −0; its NaN is NaN.
                    let bits = |value: Option<f64>| value.map(|value| (value + 0.0).to_bits());
                    prop_assert_eq!(bits(list[0].final_loss), bits(metrics.final_loss()));
                    prop_assert_eq!(list[0].best_loss, metrics.best_loss());
                    prop_assert_eq!(list[0].best_accuracy, metrics.best_accuracy());
                },
            }
        }
        let count = expected.metrics.point_count();
        if dies {
            twin.die(&mut store);
            let stored = store.session("s").unwrap();
            expected.state = stored.state;
            expected.ended_at = stored.ended_at;
            expected.derived.clone_from(&stored.derived);
            expected.warnings.clone_from(&stored.warnings);
            prop_assert_eq!(stored.warnings.len(), 1);
        } else {
            twin.finish(&mut store, &mut expected, now);
        }
        let stored = store.session("s").unwrap();
        assert_same(&stored, &expected);
        prop_assert_eq!(ContentDigest::of(&stored).content, ContentDigest::of(&expected).content);
        // Figures, chunks and the event log agree with the points.
        prop_assert_eq!(store.check().unwrap(), []);
        let list = store.list(&ListQuery::default()).unwrap();
        prop_assert_eq!(list[0].points, count);
        prop_assert_eq!(place.files(), Vec::<String>::new());
    }
}
