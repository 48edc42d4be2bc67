use proptest::prelude::*;

use super::*;
use crate::session::Point;
use crate::store::sqlite::chunk::{Paging, encode_all, encode_plain, is_paged};
use crate::store::sqlite::schema::MIGRATIONS;
use crate::window::raster::{View, cases, drawing};

/// A database with one series, of number 1.
fn database(series: &Series, paging: Paging) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    for migration in MIGRATIONS {
        connection.execute_batch(migration).unwrap();
    }
    connection
        .execute_batch(
            "PRAGMA foreign_keys = OFF;
             INSERT INTO series (series, session, place, name, count) VALUES (1, 1, 0, 'loss', 0)",
        )
        .unwrap();
    let mut start = 0;
    for (place, mut chunk) in (0..).zip(encode_all(series, paging)) {
        let end = start + chunk.statistics.count;
        if place % 2 == 1 && !is_paged(&chunk.data) {
            chunk = encode_plain(series, start..end);
        }
        row::insert(&connection, 1, place, &chunk).unwrap();
        start = end;
    }
    connection
}

fn part(series: &Series, range: std::ops::Range<usize>) -> Series {
    let mut part = Series::new(series.key().clone());
    for point in series.points().skip(range.start).take(range.len()) {
        part.push(Point {
            value: point.value,
            step: point.step,
            epoch: point.epoch,
            time_us: point.time_us,
            origin: point.origin.cloned(),
        });
    }
    part
}

fn answer(connection: &Connection, view: &View, tail: Option<&Series>) -> Window {
    let query = view.query();
    let all = |sorted| {
        let series = (Some(1), tail);
        gather(connection, series, &query, Exactness::Exact, sorted).unwrap()
    };
    let gathered = all(false);
    if gathered.aggregator.must_sort() {
        return all(true).finish(true);
    }
    gathered.finish(true)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(256), ..ProptestConfig::default() })]

    #[test]
    fn a_window_looks_like_all_points(
        (series, view) in drawing(700),
        (chunk_points, whole_points) in (20..400_usize, prop_oneof![Just(0), 0..400_usize]),
        page_points in (1..5_u16).prop_map(|eighths| eighths * 8),
        tail in prop_oneof![Just(0), 0..200_usize],
    ) {
        let stored = series.len().saturating_sub(tail);
        let paging = Paging { chunk_points, whole_points, page_points };
        let connection = database(&part(&series, 0..stored), paging);
        let tail = part(&series, stored..series.len());
        let window = answer(&connection, &view, (!tail.is_empty()).then_some(&tail));
        view.check(&series, &window)?;
        let (all, few) = (view.of_all(&series), view.of_window(&series, &window));
        prop_assert!(all == few, "{}\n{}\n{:?}", all.text(), few.text(), window);
        prop_assert_eq!(window.lines, Window::of(&series, &view.query()).lines);
    }
}

/// Steps at equal distances, and several pages in each column of a window, of which few show.
fn even_steps() -> impl Strategy<Value = (Series, WindowQuery)> {
    let value = prop_oneof![
        60 => -1.0..1.0,
        20 => (-3..4_i8).prop_map(f64::from),
        1 => Just(f64::NAN),
        1 => Just(-20.0),
    ];
    let values = proptest::collection::vec(value, 300..900);
    let view = (0..40_u32, 1..30_u32, 3..14_u32, any::<bool>());
    (values, 0..4_u32, view).prop_map(|(values, stride, (from, cut, pixels, above))| {
        let mut series = Series::new(SeriesKey::named("loss"));
        for (step, value) in (5..).step_by(stride as usize + 1).zip(values) {
            series.push(Point {
                value,
                step: Some(step),
                ..Point::default()
            });
        }
        let to = 5 + (stride + 1) * u32::try_from(series.len()).unwrap() - cut;
        let axis = WindowAxis::Step;
        let query = WindowQuery::new(axis, from.into(), to.into(), pixels).unwrap();
        let query = if above {
            query.values(-5.0, 9.0)
        } else {
            query
        };
        (series, query)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(512), ..ProptestConfig::default() })]

    #[test]
    fn pages_across_borders_are_as_if_read_whole(
        (series, query) in even_steps(),
        chunk_points in 60..500_usize,
    ) {
        let paging = Paging { chunk_points, whole_points: 0, page_points: 8 };
        let connection = database(&series, paging);
        let gathered = gather(&connection, (Some(1), None), &query, Exactness::Exact, false);
        prop_assert_eq!(gathered.unwrap().finish(true), Window::of(&series, &query));
    }
}
