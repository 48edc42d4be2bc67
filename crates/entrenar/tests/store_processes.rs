//! Two processes that import and read at once.
#![cfg(feature = "store")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod store_support;

use std::path::PathBuf;
use std::process::{Child, Command};

use entrenar::session::*;
use entrenar::store::*;

/// Names the store to the child process, and its number.
const CHILD: &str = "ENTRENAR_TEST_PROCESS";
/// Sessions that each process imports alone.
const OWN: usize = 25;
/// Sessions that both import.
const COMMON: usize = 25;

fn session(text: &str) -> (EntrenarSession, Vec<u8>) {
    let source = text.repeat(1000).into_bytes();
    let sha256 = Sha256Hash::of(&source);
    let mut session = EntrenarSession::empty(sha256.to_string(), text);
    session.source = Some(SourceInfo {
        name: None,
        format: SourceFormat::Jupyter,
        sha256,
        size: 1,
    });
    for step in 0..500 {
        session.metrics.add_loss(f64::from(step));
    }
    (session, source)
}

fn sessions_of(process: usize) -> Vec<(EntrenarSession, Vec<u8>)> {
    (0..OWN.max(COMMON))
        .flat_map(|n| {
            [
                session(&format!("own {process} {n}")),
                session(&format!("common {n}")),
            ]
        })
        .collect()
}

/// What the child does: nothing unless it was started as one.
#[test]
fn child() {
    let Ok(argument) = std::env::var(CHILD) else {
        return;
    };
    let (process, path) = argument.split_once(':').unwrap();
    let mut store = store_support::open(&PathBuf::from(path));
    for (session, source) in sessions_of(process.parse().unwrap()) {
        store.import(&session, Some(&source)).unwrap();
        assert_eq!(store.session(&session.id).unwrap(), session);
    }
}

fn start(process: usize, path: &std::path::Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD, format!("{process}:{}", path.display()))
        .spawn()
        .unwrap()
}

#[test]
fn both_import_all_and_a_reader_sees_whole_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    // Both also make the store.
    let mut children = [start(0, &path), start(1, &path)];
    let mut seen = 0;
    let store = store_support::open(&path);
    while children
        .iter_mut()
        .any(|child| child.try_wait().unwrap().is_none())
    {
        let sessions = store.list(&ListQuery::default()).unwrap();
        assert!(sessions.len() >= seen);
        seen = sessions.len();
        for summary in sessions.iter().take(3) {
            assert_eq!(
                store.session(&summary.id).unwrap().metrics.point_count(),
                500
            );
        }
    }
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let imports = store.events(None).unwrap();
    assert_eq!(imports.len(), 2 * OWN + COMMON, "each once");
    assert_eq!(
        store.list(&ListQuery::default()).unwrap().len(),
        2 * OWN + COMMON
    );
    for (session, source) in [sessions_of(0), sessions_of(1)].concat() {
        assert_eq!(store.session(&session.id).unwrap(), session);
        assert_eq!(store.source(&session.id).unwrap().unwrap(), source);
    }
    assert_eq!(store.check().unwrap(), []);
}

#[test]
fn a_backup_while_another_process_writes_is_one_state() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = store_support::open(&path);
    let mut child = start(0, &path);
    let mut copies = 0;
    while child.try_wait().unwrap().is_none() {
        let copy = folder.path().join(format!("copy{copies}"));
        store.backup(&copy).unwrap();
        copies += 1;
        let restored = SqliteStore::open(&copy, StoreMode::ReadOnly, SystemClock).unwrap();
        assert_eq!(restored.check().unwrap(), []);
    }
    assert!(child.wait().unwrap().success());
    assert!(copies > 0);
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("partial"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}
