//! A new store that is made with its first sessions.
#![cfg(feature = "store")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod store_support;

use std::borrow::Cow;
use std::fs::{self, File};
use std::path::Path;

use entrenar::session::*;
use entrenar::store::*;

fn session(id: &str, points: u32) -> EntrenarSession {
    let mut session = EntrenarSession::empty(id, id.to_uppercase());
    for step in 0..points {
        session.metrics.add_loss(1.0 / f64::from(step + 1));
    }
    session
}

fn prepared(session: &EntrenarSession) -> Prepared<'_> {
    Prepared::new(Cow::Borrowed(session), None)
}

fn create<'a>(
    path: &Path,
    sessions: impl IntoIterator<Item = Prepared<'a>>,
) -> Option<Vec<Result<ImportStatus, StoreError>>> {
    SqliteStore::create(path, SystemClock, sessions).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_store_is_there_with_its_first_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/store.db");
    let (one, other) = (session("one", 5000), session("two", 3));
    let changed = session("one", 4);
    let mut there = Vec::new();
    let statuses = create(
        &path,
        [&one, &other, &one, &changed].map(|session| {
            there.push(path.exists());
            prepared(session)
        }),
    );
    assert_eq!(there, [false; 4]);
    let statuses = statuses.unwrap();
    assert!(
        matches!(
            &statuses[..],
            [
                Ok(ImportStatus::Imported),
                Ok(ImportStatus::Imported),
                Ok(ImportStatus::Unchanged),
                Err(StoreError::IdTaken { .. }),
            ]
        ),
        "{statuses:?}"
    );
    assert_eq!(names(path.parent().unwrap()), ["store.db"]);

    let mut store = store_support::open(&path);
    assert_eq!(store.session("one").unwrap(), one);
    assert_eq!(store.session("two").unwrap(), other);
    assert_eq!(store.events(None).unwrap().len(), 2);
    assert_eq!(store.check().unwrap(), []);
    store.import(&session("three", 1), None).unwrap();
    assert_eq!(store.list(&ListQuery::default()).unwrap().len(), 3);
}

#[test]
fn a_store_that_is_there_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    drop(store_support::open(&path));
    let sessions = std::iter::from_fn(|| unreachable!("nothing is asked for"));
    assert!(create(&path, sessions).is_none());
    // Opening these says what is wrong.
    assert!(create(folder.path(), std::iter::empty()).is_none());
    assert!(create(&path.join("inside.db"), std::iter::empty()).is_none());
}

#[test]
fn a_store_that_another_process_makes_meanwhile_takes_the_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let (one, other) = (session("one", 70_000), session("two", 3));
    let sessions = [&one, &other].map(prepared).into_iter().inspect(|_next| {
        store_support::open(&path).import(&other, None).unwrap();
    });
    let statuses = create(&path, sessions).unwrap();
    assert!(
        matches!(
            &statuses[..],
            [Ok(ImportStatus::Imported), Ok(ImportStatus::Unchanged)]
        ),
        "{statuses:?}"
    );
    let store = store_support::open(&path);
    assert_eq!(store.session("one").unwrap(), one);
    assert_eq!(store.session("two").unwrap(), other);
    assert!(!names(folder.path()).iter().any(|n| n.contains("partial")));
}

#[test]
fn what_a_killed_process_left_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let at = |name: &str| folder.path().join(name);
    let others = [
        ".other.db.12.0.partial",
        ".store.db.12.partial",
        ".store.db.x.0.partial",
    ];
    for name in [".store.db.12.0.partial"].iter().chain(&others) {
        File::create(at(name)).unwrap();
    }
    let busy = File::create(at(".store.db.13.7.partial")).unwrap();
    busy.lock().unwrap();
    create(&path, std::iter::empty()).unwrap();
    let mut expected = vec![".store.db.13.7.partial", "store.db"];
    expected.extend(others);
    expected.sort();
    assert_eq!(names(folder.path()), expected);
}
