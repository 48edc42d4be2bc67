use proptest::prelude::*;

use super::*;
use crate::session::{EntrenarSession, Point, SystemClock};
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::chunk::is_paged;
use crate::store::{Store as _, StoreMode};

const SMALL: Limits = Limits {
    few: 48,
    many: 200,
    part: 4,
    chunks: 4,
    paging: Paging {
        chunk_points: 200,
        whole_points: 40,
        page_points: 16,
    },
};

/// Points `from..to` of a series, each different from all others.
fn points(number: usize, from: usize, to: usize) -> impl Iterator<Item = Point> {
    (from..to).map(move |index| {
        let position = u32::try_from(number * 100_000 + index).unwrap();
        Point {
            value: f64::from(position) / 7.0,
            step: (index % 5 != number).then(|| i64::from(position) * 3),
            epoch: (index % 11 == 0).then(|| f64::from(position)),
            time_us: Some(1_700_000_000_000_000 + i64::from(position) * 1_000),
            origin: None,
        }
    })
}

/// The length and the form of each chunk of a series.
fn forms(connection: &Connection, row: i64) -> Vec<(usize, &'static str)> {
    let mut statement = connection
        .prepare("SELECT count, data FROM chunks WHERE series = ?1 ORDER BY place")
        .unwrap();
    let mut rows = statement.query([row]).unwrap();
    let mut all = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let data = chunk_row::blob(row, 1).unwrap();
        let form = match (is_paged(data), chunk::is_plain(data)) {
            (true, _) => "paged",
            (_, true) => "waits",
            _ => "whole",
        };
        all.push((row.get(0).unwrap(), form));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Any batches of several series, some of them in one transaction, with the store opened anew in between.
    #[test]
    fn what_was_put_behind_a_series_is_read_back(
        batches in proptest::collection::vec(
            (0..4_usize, prop_oneof![1..4_usize, 1..60_usize, 150..500_usize], 0..4_u8),
            1..50,
        ),
        settles in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("entrenar.db");
        let open = || SqliteStore::open(&path, StoreMode::ReadWrite, SystemClock).unwrap();
        let mut store = open();
        store.import(&EntrenarSession::new("grows", "Grows"), None).unwrap();
        let mut lengths = [0_usize; 4];
        let mut batches = batches.as_slice();
        while !batches.is_empty() {
            let together = 1 + batches.iter().take_while(|(.., end)| *end > 0).count();
            let (now, later) = batches.split_at(together.min(batches.len()));
            batches = later;
            if now.len() % 3 == 0 {
                store = open();
            }
            store.write(|transaction, _| {
                let mut appender = Appender::new(transaction, 1)?;
                appender.limits = SMALL;
                for (number, count, _) in now {
                    let key = SeriesKey::named(format!("series {number}"));
                    let mut new = Series::new(key.clone());
                    let start = lengths[*number];
                    points(*number, start, start + count).for_each(|point| new.push(point));
                    lengths[*number] += count;
                    appender.add(transaction, &key, &new)?;
                }
                appender.finish(transaction)?;
                session::write_figures(transaction, 1)
            }).unwrap();
        }
        let rows = store.read(|connection| session::series(connection, 1)).unwrap();
        if settles {
            for series in &rows {
                store.write(|connection, _| settle_to(connection, series.row, SMALL)).unwrap();
                // What is settled stays as it is.
                let again = store.write(|connection, _| settle_to(connection, series.row, SMALL));
                prop_assert_eq!(again.unwrap(), 0);
            }
        }
        // The event of the import knows nothing of these points.
        let found = store.check().unwrap();
        prop_assert!(found.iter().all(|found| found.message.starts_with("its content")), "{found:?}");
        let read = store.session("grows").unwrap();
        prop_assert_eq!(read.metrics.series().len(), rows.len());
        for (series, row) in read.metrics.series().iter().zip(&rows) {
            let number: usize = series.name()[7..].parse().unwrap();
            let mut logged = Series::new(series.key().clone());
            points(number, 0, lengths[number]).for_each(|point| logged.push(point));
            prop_assert_eq!(series, &logged);
            let forms = store.read(|connection| Ok(forms(connection, row.row))).unwrap();
            let waiting = forms.iter().filter(|(_, form)| *form == "waits");
            // Four of about a length, and fewer for each doubling up to 200 points.
            let most = if settles { 0 } else { 4 + 8 };
            prop_assert!(waiting.clone().count() <= most);
            let points: usize = waiting.map(|(count, _)| count).sum();
            prop_assert!(points < SMALL.few.max(lengths[number] / SMALL.part));
        }
    }
}

#[test]
fn the_chunks_of_a_series_grow_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("entrenar.db");
    let mut store = SqliteStore::open(&path, StoreMode::ReadWrite, SystemClock).unwrap();
    store
        .import(&EntrenarSession::new("grows", "Grows"), None)
        .unwrap();
    let key = SeriesKey::named("loss");
    for batch in 0..39 {
        store
            .write(|transaction, _| {
                let mut appender = Appender::new(transaction, 1)?;
                appender.limits = SMALL;
                let mut new = Series::new(key.clone());
                points(0, batch * 20, batch * 20 + 20).for_each(|point| new.push(point));
                appender.add(transaction, &key, &new)?;
                appender.finish(transaction)
            })
            .unwrap();
    }
    let row = store
        .read(|connection| session::series(connection, 1))
        .unwrap()[0]
        .row;
    let now = |store: &SqliteStore| {
        let forms = store.read(|connection| Ok(forms(connection, row)));
        let forms = forms.unwrap().into_iter();
        forms
            .map(|(count, form)| format!("{count} {form}\n"))
            .collect::<String>()
    };
    insta::assert_snapshot!(now(&store), @r"
    48 paged
    48 paged
    64 paged
    48 paged
    64 paged
    80 paged
    128 paged
    160 paged
    100 waits
    20 waits
    20 waits
    ");
    store
        .write(|connection, _| settle_to(connection, row, SMALL))
        .unwrap();
    insta::assert_snapshot!(now(&store), @r"
    48 paged
    48 paged
    64 paged
    48 paged
    64 paged
    80 paged
    128 paged
    160 paged
    140 paged
    ");
}
