//! Lists: conditions, orders, figures.

use entrenar::session::*;
use entrenar::store::*;

use super::{Open, at, ids, read_from};

pub(crate) fn figures_that_are_nan_are_shown_so(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let mut session = EntrenarSession::empty("s", "S");
    session.metrics.add_loss(0.5);
    session.metrics.add_loss(f64::NAN);
    session.metrics.add_accuracy(f64::NEG_INFINITY);
    store.import(&session, None).unwrap();
    let query = ListQuery {
        sort: SortKey::Metric("loss".into()),
        ..ListQuery::default()
    };
    let summary = store.list(&query).unwrap().remove(0);
    assert!(summary.final_loss.unwrap().is_nan());
    assert_eq!(summary.best_loss, Some(0.5));
    assert_eq!(summary.final_accuracy, Some(f64::NEG_INFINITY));
    assert_eq!(summary.best_accuracy, None);
    assert_eq!(summary.metrics.len(), 1);
    assert!(summary.metrics[0].1.is_nan());
}

/// Sessions whose figures repeat, are missing, or are no numbers.
fn a_mixed_lot() -> Vec<EntrenarSession> {
    let losses = [0.5, 0.25, f64::NAN, f64::INFINITY, -0.0, 0.5];
    (0..48_i64)
        .map(|n| {
            let index = usize::try_from(n).unwrap();
            let mut session = EntrenarSession::empty(format!("s{:02}", (n * 31) % 48), "");
            session.name = ["b", "a", "Ä", ""][index % 4].into();
            session.user = (n % 3 == 0).then(|| format!("user {}", n % 2));
            session.started_at = (n % 5 != 0).then(|| at(1_700_000_000 - n % 7));
            session.ended_at = (n % 2 == 0).then(|| at(1_700_000_100 + n % 11));
            for _ in 0..n % 4 {
                session.metrics.add_loss(losses[index % 6]);
                session.metrics.add_accuracy(losses[(index + 1) % 6]);
                session.metrics.add_custom("f1", losses[(index + 2) % 6]);
            }
            if n % 6 == 0 {
                session.tags = vec!["six".into(), format!("tag{}", n % 4)];
                session.runs = vec![TrainingRun::default(); index % 5];
            }
            session
        })
        .collect()
}

/// What a list sorts by: no value, a NaN, or a value that grows in the natural direction.
fn key(session: &EntrenarSession, sort: &SortKey) -> Option<(f64, String)> {
    let metrics = &session.metrics;
    let number = |value: f64| (value, String::new());
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let count = |value: usize| Some(number(-(value as f64)));
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let seconds = |value: i64| number(-(value as f64));
    let text = |text: &str| (0.0, text.to_owned());
    match sort {
        SortKey::Started => session.started_at.map(|time| seconds(time.timestamp())),
        SortKey::Imported => Some(number(0.0)),
        SortKey::Id => Some(text(&session.id)),
        SortKey::Name => Some(text(&session.name)),
        SortKey::User => session.user.as_deref().map(text),
        SortKey::Format => None,
        SortKey::Cells => count(session.code_history.len()),
        SortKey::Points => count(metrics.point_count()),
        SortKey::Runs => count(session.runs.len()),
        SortKey::Steps => count(metrics.total_steps()),
        SortKey::Duration => session.duration().map(|time| seconds(time.num_seconds())),
        SortKey::FinalLoss => metrics.final_loss().map(number),
        SortKey::BestLoss => metrics.best_loss().map(number),
        SortKey::FinalAccuracy => metrics.final_accuracy().map(|value| number(-value)),
        SortKey::BestAccuracy => metrics.best_accuracy().map(|value| number(-value)),
        SortKey::Metric(name) => metrics
            .get(&SeriesKey::named(name.as_str()))
            .and_then(|series| series.values().last().copied())
            .map(number),
    }
}

pub(crate) fn every_order_is_that_of_the_values(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let sessions = a_mixed_lot();
    let imports: Vec<_> = sessions.iter().map(|session| (session, None)).collect();
    for status in store.import_all(&imports).unwrap() {
        assert_eq!(status.unwrap(), ImportStatus::Imported);
    }
    for sort in [
        SortKey::Started,
        SortKey::Imported,
        SortKey::Id,
        SortKey::Name,
        SortKey::User,
        SortKey::Format,
        SortKey::Cells,
        SortKey::Points,
        SortKey::Runs,
        SortKey::Steps,
        SortKey::Duration,
        SortKey::FinalLoss,
        SortKey::BestLoss,
        SortKey::FinalAccuracy,
        SortKey::BestAccuracy,
        SortKey::Metric("f1".into()),
        SortKey::Metric("nothing has it".into()),
    ] {
        for reverse in [false, true] {
            let mut expected: Vec<_> = sessions.iter().collect();
            expected.sort_by(|a, b| {
                let (x, y) = (key(a, &sort), key(b, &sort));
                let class = |key: &Option<(f64, String)>| match key {
                    Some((value, _)) if !value.is_nan() => 0,
                    Some(_) => 1,
                    None => 2,
                };
                let values = match (&x, &y) {
                    (Some((x, xs)), Some((y, ys))) => {
                        let numbers = x.partial_cmp(y).unwrap_or(std::cmp::Ordering::Equal);
                        numbers.then(xs.cmp(ys))
                    }
                    _ => std::cmp::Ordering::Equal,
                };
                let values = if reverse { values.reverse() } else { values };
                class(&x).cmp(&class(&y)).then(values).then(a.id.cmp(&b.id))
            });
            let expected: Vec<_> = expected.iter().map(|session| session.id.clone()).collect();
            let mut query = ListQuery {
                sort: sort.clone(),
                reverse,
                ..ListQuery::default()
            };
            assert_eq!(ids(&*store, &query), expected, "{sort:?} {reverse}");
            (query.offset, query.limit) = (7, Some(30));
            assert_eq!(ids(&*store, &query), expected[7..37], "{sort:?} {reverse}");
            (query.offset, query.limit) = (40, None);
            assert_eq!(ids(&*store, &query), expected[40..], "{sort:?} {reverse}");
            query.offset = 100;
            assert!(ids(&*store, &query).is_empty());
        }
    }
}

pub(crate) fn the_names_of_all_metrics_are_known(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    assert_eq!(store.metric_names().unwrap(), [""; 0]);
    let mut odd = EntrenarSession::empty("odd", "odd");
    for name in ["", "Loss", "ä\0b", "loss"] {
        odd.metrics.add_custom(name, f64::NAN);
    }
    store.import(&odd, None).unwrap();
    for session in a_mixed_lot() {
        store.import(&session, None).unwrap();
    }
    let names = ["", "Loss", "accuracy", "f1", "loss", "ä\0b"];
    assert_eq!(store.metric_names().unwrap(), names);
    store.remove("odd").unwrap();
    assert_eq!(store.metric_names().unwrap(), ["accuracy", "f1", "loss"]);
}

pub(crate) fn every_condition_filters(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let sessions = a_mixed_lot();
    let imports: Vec<_> = sessions.iter().map(|session| (session, None)).collect();
    store.import_all(&imports).unwrap();
    let expect = |query: ListQuery, keep: &dyn Fn(&EntrenarSession) -> bool| {
        let mut expected: Vec<_> = sessions
            .iter()
            .filter(|session| keep(session))
            .map(|session| session.id.clone())
            .collect();
        expected.sort();
        let query = ListQuery {
            sort: SortKey::Id,
            ..query
        };
        assert!(!expected.is_empty() && expected.len() < sessions.len());
        assert_eq!(ids(&*store, &query), expected, "{query:?}");
    };
    let all = ListQuery::default;
    let tags = ["six", "tag2"].map(String::from);
    expect(
        ListQuery {
            tags: tags.to_vec(),
            ..all()
        },
        &|session| tags.iter().all(|tag| session.tags.contains(tag)),
    );
    let (since, until) = (at(1_700_000_000 - 5), at(1_700_000_000 - 2));
    expect(
        ListQuery {
            since: Some(since),
            until: Some(until),
            ..all()
        },
        &|session| {
            session
                .started_at
                .is_some_and(|time| since <= time && time < until)
        },
    );
    expect(
        ListQuery {
            text: Some("ä".into()),
            ..all()
        },
        &|session| session.name == "Ä",
    );
    expect(
        ListQuery {
            text: Some("USER 1".into()),
            ..all()
        },
        &|session| session.user.as_deref() == Some("user 1"),
    );
    type Figure = fn(&EntrenarSession) -> Option<f64>;
    let figures: [(&str, Figure); 5] = [
        ("final_loss", |session| session.metrics.final_loss()),
        ("best_loss", |session| session.metrics.best_loss()),
        ("final_accuracy", |session| session.metrics.final_accuracy()),
        ("best_accuracy", |session| session.metrics.best_accuracy()),
        ("f1", |session| {
            let series = session.metrics.get(&SeriesKey::named("f1"))?;
            series.values().last().copied()
        }),
    ];
    for (metric, figure) in figures {
        for (comparison, holds) in [
            (Comparison::Less, (|a, b| a < b) as fn(f64, f64) -> bool),
            (Comparison::AtMost, |a, b| a <= b),
            (Comparison::Greater, |a, b| a > b),
            (Comparison::AtLeast, |a, b| a >= b),
        ] {
            let bound = MetricBound {
                metric: metric.into(),
                comparison,
                value: 0.25,
            };
            expect(
                ListQuery {
                    bounds: vec![bound],
                    ..all()
                },
                &|session| figure(session).is_some_and(|value| holds(value, 0.25)),
            );
        }
    }
}

pub(crate) fn text_is_found_wherever_the_query_says(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let mut session = read_from("one");
    session.notes = Some("Straße".into());
    session.user = Some("Ἀρχιμήδης".into());
    store.import(&session, Some(b"one")).unwrap();
    store
        .import(&EntrenarSession::empty("other", ""), None)
        .unwrap();
    for (text, found) in [
        ("NOTEBOOK", true),
        ("strasse", true),
        ("ΑΡΧΙΜΗΔΗΣ", false),
        ("ἀρχιμήδης", true),
        ("A.IPYNB", true),
        ("TRAIN()", true),
        (&session.id[3..9], true),
        ("loss 0.25", false),
        ("%", false),
    ] {
        let query = ListQuery {
            text: Some(text.into()),
            ..ListQuery::default()
        };
        let expected = if found {
            vec![session.id.clone()]
        } else {
            vec![]
        };
        assert_eq!(ids(&*store, &query), expected, "{text}");
    }
}
