//! Windows of a session that is being recorded are those of all its points, also of those that are in its
//! journals alone. That a window looks like all points is tested where it is made.

use entrenar::session::{EntrenarSession, Point, Series, SeriesKey, SessionMetrics};
use entrenar::store::recording::Start;
use entrenar::store::{Store as _, StoreView, StoredSeriesInfo};
use entrenar::window::{Window, WindowAxis, WindowQuery};
use proptest::prelude::*;

use super::support::{Place, Twin, point, session_of, time};

/// Points that follow each other, and whether what came before them is sealed.
#[derive(Debug, Clone)]
struct Stretch {
    points: Vec<Point>,
    is_sealed: bool,
}

fn stretch() -> impl Strategy<Value = Stretch> {
    let value = prop_oneof![
        12 => -10.0..10.0,
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(-0.0),
    ];
    let values = prop_oneof![
        2 => proptest::collection::vec(value.clone(), 0..40),
        1 => proptest::collection::vec(value, 2000..6000),
    ];
    (values, 0..200_i64, 0..3_i64, any::<bool>()).prop_map(|(values, first, stride, is_sealed)| {
        let points = (0..).zip(values).map(|(row, value)| {
            let mut point = point(value, first + stride * row, 1_000 + first + row);
            point.epoch = (row % 3 > 0).then_some(0.25);
            point
        });
        Stretch {
            points: points.collect(),
            is_sealed,
        }
    })
}

/// The columns of a chunk's row do not tell 0 from −0, and have one NaN.
fn same(a: Option<f64>, b: Option<f64>) -> bool {
    a == b || a.zip(b).is_some_and(|(a, b)| a.is_nan() && b.is_nan())
}

fn info_agrees(info: &StoredSeriesInfo, series: &Series) {
    let steps = || series.points().filter_map(|point| point.step);
    let times = || series.points().filter_map(|point| point.time_us);
    let count = |is: fn(f64) -> bool| series.values().iter().filter(|value| is(**value)).count();
    assert_eq!(info.count, series.len() as u64);
    assert_eq!(info.steps, steps().min().zip(steps().max()));
    assert_eq!(info.times_us, times().min().zip(times().max()));
    assert_eq!(info.nan_count, count(f64::is_nan) as u64);
    assert!(same(info.first, series.values().first().copied()));
    assert!(same(info.last, series.values().last().copied()));
}

/// What a view says of a session, compared with the same points in memory.
fn agrees(view: &StoreView<'_>, id: &str, all: &SessionMetrics) {
    let stored = view.series_of(id).unwrap();
    assert_eq!(stored.len(), all.series().len());
    for (series, (info, stored)) in all.series().iter().zip(&stored) {
        assert_eq!(info.key, *series.key());
        info_agrees(info, series);
        // As text, where NaN is NaN.
        assert_eq!(format!("{:?}", stored.info().unwrap()), format!("{info:?}"));
        // As `summary` of a series in memory; 0 and −0 are the same there.
        assert_eq!(
            format!("{:?}", stored.summary().unwrap()).replace("-0.0", "0.0"),
            format!("{:?}", series.summary()).replace("-0.0", "0.0")
        );
        let mut read = Series::new(series.key().clone());
        stored.for_each(|points| read.extend(points)).unwrap();
        assert!(read == *series);
        for (axis, from, to, pixels) in [
            (WindowAxis::Step, 0.0, 400.0, 37),
            (WindowAxis::Step, 150.0, 9_000.0, 300),
            (WindowAxis::Time, 1_000.0, 8_000.0, 100),
            (WindowAxis::Epoch, 0.0, 1.0, 3),
            (WindowAxis::Arrival, 5_000.0, 20_000.0, 1_000),
        ] {
            let query = WindowQuery::new(axis, from, to, pixels).unwrap();
            assert_eq!(
                stored.query(&query).unwrap(),
                Window::of(series, &query),
                "{query:?}"
            );
            let preview = stored.preview(&query).unwrap();
            for point in preview.lines.iter().flatten() {
                let at = usize::try_from(point.index).unwrap();
                let value = series.values().get(at).unwrap();
                assert!(value.to_bits() == point.value.to_bits());
            }
            let known = stored.abscissas(axis).unwrap();
            let left_out = Window::of(series, &query).left_out;
            assert_eq!(known.count, info.count - left_out);
        }
    }
}

fn description(session: &EntrenarSession) -> EntrenarSession {
    let mut session = session.clone();
    session.metrics = SessionMetrics::default();
    session.code_history.clear();
    session.cell_records.clear();
    session.document.cells.clear();
    session
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("ENTRENAR_CASES").map_or(12, |cases| cases.parse().unwrap()),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]
    #[test]
    fn a_live_window_is_that_of_all_points(
        stretches in proptest::collection::vec(stretch(), 1..8),
    ) {
        let place = Place::new();
        let mut store = place.open();
        let start = Start::new("s", "S", time(10));
        let mut expected = session_of(&start);
        let mut twin = Twin::new(place.options(), start);
        twin.seal(&mut store, true);
        let ids = ["s".to_owned()];
        for (number, stretch) in stretches.into_iter().enumerate() {
            if stretch.is_sealed {
                twin.seal(&mut store, true);
            }
            let key = SeriesKey::named(if number % 4 == 3 { "accuracy" } else { "loss" });
            for point in stretch.points {
                twin.log(&mut expected, &key, &point);
            }
        }
        // What is sealed and logged after a view was made does not show in it.
        let reader = place.open();
        let view = reader.view(&ids).unwrap();
        let before = expected.clone();
        twin.log(&mut expected, &SeriesKey::named("loss"), &point(99.0, 3, 4));
        twin.seal(&mut store, true);
        agrees(&view, "s", &before.metrics);
        prop_assert_eq!(view.description("s").unwrap(), &description(&before));
        prop_assert!(view.description("t").is_err());
        drop(view);
        agrees(&reader.view(&ids).unwrap(), "s", &expected.metrics);
        prop_assert_eq!(store.check().unwrap(), []);
        twin.finish(&mut store, &mut expected, 1_000_000);
        agrees(&reader.view(&ids).unwrap(), "s", &expected.metrics);
    }
}
