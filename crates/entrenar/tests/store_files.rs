//! The SQLite store's files: bad ones, damaged ones, and what is left in them.
#![cfg(feature = "store")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use chrono::DateTime;
use entrenar::session::*;
use entrenar::store::*;
use rusqlite::Connection;
use serde_json::json;

const SECRET: &str = "tok-\"9ü\\é-hunter2";

fn read_only(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, StoreMode::ReadOnly, SystemClock)
}

fn read_write(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, StoreMode::ReadWrite, SystemClock)
}

/// A session that holds `text` in a cell, an output and the source document.
fn session(text: &str) -> (EntrenarSession, Vec<u8>) {
    let source = serde_json::to_vec(&json!({"outputs": [text, text.repeat(5000)]})).unwrap();
    let mut session = EntrenarSession::empty("0123456789abcdef", "S").with_notes(text);
    session.source = Some(SourceInfo {
        name: Some("a.ipynb".into()),
        format: SourceFormat::Jupyter,
        sha256: Sha256Hash::of(&source),
        size: 1,
    });
    session.metrics.add_loss(0.5);
    let cell = CodeCell {
        execution_order: 1,
        source: text.into(),
        output: Some(text.into()),
        timestamp: DateTime::UNIX_EPOCH,
        duration_ms: None,
    };
    let outputs = vec![
        output::stream("stdout", text),
        output::stream("stdout", text.repeat(5000)),
    ];
    session.add_recorded_cell(
        cell,
        CellRecord {
            outputs,
            ..CellRecord::default()
        },
    );
    (session, source)
}

#[test]
fn a_store_is_made_with_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/store.db");
    let error = read_only(&path).unwrap_err();
    assert!(matches!(error, StoreError::File(_)), "{error:?}");
    assert!(error.to_string().contains("store.db"), "{error}");
    assert!(!folder.path().join("a").exists(), "reading makes nothing");
    drop(read_write(&path).unwrap());
    assert_eq!(
        read_only(&path)
            .unwrap()
            .list(&ListQuery::default())
            .unwrap(),
        []
    );
}

#[test]
fn what_is_not_a_store_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, content: &[u8]| -> PathBuf {
        let path = folder.path().join(name);
        #[expect(clippy::disallowed_methods, reason = "makes a file to test with")]
        fs::write(&path, content).unwrap();
        path
    };
    let fifo = folder.path().join("fifo");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let other = folder.path().join("other.db");
    Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1);")
        .unwrap();
    let marked = folder.path().join("marked.db");
    Connection::open(&marked)
        .unwrap()
        .execute_batch("PRAGMA application_id = 7;")
        .unwrap();
    let mut sqlite_header = b"SQLite format 3\0".to_vec();
    sqlite_header.resize(300, 0xff);
    for path in [
        folder.path().to_owned(),
        fifo,
        other,
        marked,
        at(
            "text",
            b"not a database, but a text that is long enough to be one",
        ),
        at("short", b"x"),
        at("header", &sqlite_header),
    ] {
        let before = fs::metadata(&path)
            .unwrap()
            .is_file()
            .then(|| fs::read(&path).unwrap());
        for error in [
            read_only(&path).unwrap_err(),
            read_write(&path).unwrap_err(),
        ] {
            assert!(
                matches!(&error, StoreError::NotAStore { path: p, .. } if *p == path),
                "{}: {error:?}",
                path.display()
            );
        }
        if let Some(before) = before {
            assert!(
                fs::read(&path).unwrap() == before,
                "{} was changed",
                path.display()
            );
        }
    }
}

#[test]
fn an_empty_file_becomes_a_store_when_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty");
    drop(fs::File::create(&path).unwrap());
    let error = read_only(&path).unwrap_err();
    assert!(matches!(error, StoreError::NotAStore { .. }), "{error:?}");
    drop(read_write(&path).unwrap());
    drop(read_only(&path).unwrap());
}

#[test]
fn a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    drop(read_write(&path).unwrap());
    Connection::open(&path)
        .unwrap()
        .execute_batch("PRAGMA user_version = 999")
        .unwrap();
    for error in [
        read_only(&path).unwrap_err(),
        read_write(&path).unwrap_err(),
    ] {
        assert!(
            matches!(
                error,
                StoreError::NewerSchema {
                    found: 999,
                    known: 6,
                    ..
                }
            ),
            "{error:?}"
        );
    }
}

#[test]
fn an_older_schema_is_migrated_when_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    // Schema 0: marked as ours, before the first migration.
    Connection::open(&path)
        .unwrap()
        .execute_batch("PRAGMA application_id = 0x456e7472; PRAGMA user_version = 0;")
        .unwrap();
    let error = read_only(&path).unwrap_err();
    assert!(error.to_string().contains("older schema 0"), "{error}");
    let (session, source) = session("text");
    let mut store = read_write(&path).unwrap();
    store.import(&session, Some(&source)).unwrap();
    assert_eq!(
        read_only(&path).unwrap().session(&session.id).unwrap(),
        session
    );
}

#[test]
fn a_store_of_schema_1_is_read_as_it_is_and_migrated_when_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let (session, source) = session("text");
    read_write(&path)
        .unwrap()
        .import(&session, Some(&source))
        .unwrap();
    Connection::open(&path)
        .unwrap()
        .execute_batch("DROP TABLE artifact_metadata; DROP TABLE artifact_references; DROP TABLE deposit_steps; DROP TABLE deposits; DROP TABLE pages; DROP TABLE series_figures; DROP TABLE recorder_lanes; DROP TABLE recorder_series; DROP TABLE recorders; DROP TABLE recordings; PRAGMA user_version = 1;")
        .unwrap();
    let old = read_only(&path).unwrap();
    assert_eq!(old.session(&session.id).unwrap(), session);
    assert_eq!(old.artifact_metadata(&session.id).unwrap(), None);
    assert_eq!(old.references(&session.id).unwrap(), None);
    assert_eq!(old.deposits(None).unwrap(), []);
    assert_eq!(old.check().unwrap(), []);
    drop(old);
    let mut store = read_write(&path).unwrap();
    store.set_artifact_metadata(&session.id, Some("x")).unwrap();
    let kept = store.artifact_metadata(&session.id).unwrap();
    assert_eq!(kept.as_deref(), Some("x"));
    assert_eq!(store.check().unwrap(), []);
}

#[test]
fn deposits_are_kept_and_outlive_their_session() {
    use entrenar::research::archive::{ArchiveApi, DepositLog as _, DepositState, Step};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let (session, source) = session("text");
    let mut store = read_write(&path).unwrap();
    store.import(&session, Some(&source)).unwrap();
    let mut state = DepositState::new(
        "ab".repeat(16),
        &session.id,
        "https://archive.example",
        ArchiveApi::Records,
    );
    store.save(&state).unwrap();
    state.step = Step::CreatingDraft;
    store.save(&state).unwrap();
    state.may_have_orphans = true;
    store.save(&state).unwrap();
    state.step = Step::Published;
    state.doi = Some("10.5072/1".into());
    store.save(&state).unwrap();
    let events = store.events(Some(&session.id)).unwrap();
    assert_eq!(events.last().unwrap().kind, "deposit");
    assert_eq!(
        events.last().unwrap().detail,
        format!(r#"{{"deposit":"{}","doi":"10.5072/1"}}"#, state.id)
    );
    assert_eq!(store.check().unwrap(), []);
    store.remove(&session.id).unwrap();
    drop(store);
    let store = read_only(&path).unwrap();
    let kept = store.deposits(Some(&session.id)).unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].state, state);
    let steps: Vec<&str> = kept[0]
        .steps
        .iter()
        .map(|step| step.step.as_str())
        .collect();
    assert_eq!(steps, ["planned", "creating-draft", "published"]);
    assert_eq!(store.deposits(Some("another")).unwrap(), []);
    assert_eq!(store.deposits(None).unwrap().len(), 1);
}

#[test]
fn a_locked_store_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut store = read_write(&path).unwrap();
    store.set_busy_timeout(Duration::from_millis(50)).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (session, source) = session("text");
    let error = store.import(&session, Some(&source)).unwrap_err();
    assert!(
        matches!(&error, StoreError::Locked { path: p } if *p == path),
        "{error:?}"
    );
    assert_eq!(
        store.list(&ListQuery::default()).unwrap(),
        [],
        "reading goes on"
    );
    other.execute_batch("ROLLBACK").unwrap();
    store.import(&session, Some(&source)).unwrap();
}

#[test]
fn a_store_opened_for_reading_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let (session, source) = session("text");
    let mut writer = read_write(&path).unwrap();
    writer.import(&session, Some(&source)).unwrap();
    let mut store = read_only(&path).unwrap();
    let id = &session.id;
    for error in [
        store
            .import(&EntrenarSession::empty("x", ""), None)
            .map(drop)
            .unwrap_err(),
        store.rename(id, "x").unwrap_err(),
        store.remove(id).unwrap_err(),
        store.redact(id, "text").map(drop).unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
    }
    assert_eq!(store.session(id).unwrap(), session);
    assert_eq!(store.source(id).unwrap().unwrap(), source);
}

/// Takes the right to write (mode 0o555 / 0o444), or says that this user has every right.
#[cfg(unix)]
fn forbid_writing(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = if path.is_dir() { 0o555 } else { 0o444 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let denied = if path.is_dir() {
        fs::File::create(path.join("probe")).is_err()
    } else {
        fs::File::options().append(true).open(path).is_err()
    };
    if !denied {
        #[expect(clippy::print_stdout, reason = "said in the test's output")]
        {
            println!("SKIPPED: this user may write everywhere");
        }
    }
    denied
}

#[cfg(unix)]
#[test]
fn a_store_that_may_not_be_written_can_be_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("odd ?#% name");
    fs::create_dir(&folder).unwrap();
    let path = folder.join("store.db");
    let (session, source) = session("text");
    read_write(&path)
        .unwrap()
        .import(&session, Some(&source))
        .unwrap();
    if !forbid_writing(&path) {
        return;
    }
    let error = read_write(&path).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
    assert_eq!(
        read_only(&path).unwrap().session(&session.id).unwrap(),
        session
    );
    assert!(forbid_writing(&folder));
    let error = read_write(&path).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
    let error = read_write(&folder.join("new.db")).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
    let store = read_only(&path).unwrap();
    assert_eq!(store.session(&session.id).unwrap(), session);
    assert_eq!(store.list(&ListQuery::default()).unwrap().len(), 1);
    drop(store);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    let error = read_only(&path).unwrap_err();
    assert!(matches!(error, StoreError::File(_)), "{error:?}");
}

#[test]
fn damage_of_each_kind_is_found() {
    let (session, source) = session("text");
    for (damage, found) in [
        ("UPDATE blobs SET data = CAST('x' AS BLOB)", "blob"),
        ("UPDATE chunks SET data = substr(data, 2)", "chunk"),
        ("UPDATE chunks SET max = 7", "figures of chunk"),
        (
            "UPDATE sessions SET best_loss = 0",
            "figures that lists show",
        ),
        (
            "UPDATE cells SET source = 'other'",
            "not what the event log says",
        ),
        (
            "UPDATE outputs SET body = '{' WHERE body IS NOT NULL",
            "damaged",
        ),
        (
            "UPDATE events SET detail = '{}' WHERE sequence = 1",
            "event 1",
        ),
        ("DELETE FROM events WHERE sequence = 1", "does not follow"),
        (
            "UPDATE sessions SET source_format = 'unknown'",
            "unknown source format",
        ),
        (
            "UPDATE outputs SET blob = 77 WHERE blob IS NOT NULL",
            "is not there",
        ),
        ("UPDATE series SET count = 9", "instead of 9"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let mut store = read_write(&path).unwrap();
        store.import(&session, Some(&source)).unwrap();
        store.tag(&session.id, &["t".into()], &[]).unwrap();
        assert_eq!(store.check().unwrap(), []);
        let editor = Connection::open(&path).unwrap();
        editor.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        assert!(editor.execute(damage, []).unwrap() > 0, "{damage}");
        let findings = store.check().unwrap();
        assert!(
            findings
                .iter()
                .any(|finding| finding.message.contains(found)),
            "{damage}: {findings:?}"
        );
    }
}

#[test]
fn damaged_pages_are_an_error_or_a_finding_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let (session, source) = session("text");
    read_write(&path)
        .unwrap()
        .import(&session, Some(&source))
        .unwrap();
    let whole = fs::read(&path).unwrap();
    let mut noticed = 0;
    for page in 1..whole.len() / 4096 {
        let mut damaged = whole.clone();
        damaged[page * 4096..][..64].fill(0xa5);
        let copy = folder.path().join("copy.db");
        #[expect(clippy::disallowed_methods, reason = "makes a file to test with")]
        fs::write(&copy, damaged).unwrap();
        let Ok(store) = read_only(&copy) else {
            noticed += 1;
            continue;
        };
        let findings = store.check().unwrap();
        if let Ok(found) = store.session(&session.id)
            && findings.is_empty()
        {
            assert_eq!(found, session, "page {page}");
        } else {
            noticed += 1;
        }
    }
    assert!(noticed > 10, "{noticed}");
}

fn holds(bytes: &[u8], needle: &str) -> bool {
    bytes
        .windows(needle.len())
        .any(|window| window == needle.as_bytes())
}

/// The files of the store that hold the secret, as it is or escaped.
fn files_with_secret(folder: &Path) -> Vec<String> {
    let json = json!(SECRET).to_string();
    let escaped = json.trim_matches('"');
    let twice = json!(escaped).to_string();
    let tail = "hunter2";
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        for form in [SECRET, escaped, twice.trim_matches('"'), tail] {
            if holds(&bytes, form) {
                found.push(format!("{}: {form}", path.display()));
            }
        }
    }
    found
}

#[test]
fn no_file_holds_a_redacted_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut store = read_write(&path).unwrap();
    let nested = json!(SECRET).to_string();
    let (mut session, source) = session(&format!("{SECRET} {nested}"));
    session.tags = vec![SECRET.into()];
    store.import(&session, Some(&source)).unwrap();
    // Copies that are gone already: replaced notes, a removed tag, a removed session.
    let id = &session.id;
    store.set_notes(id, Some("others")).unwrap();
    store.tag(id, &[], &[SECRET.into()]).unwrap();
    let removed = EntrenarSession::empty("removed", SECRET.repeat(500));
    store.import(&removed, None).unwrap();
    store.remove("removed").unwrap();
    let mut reader = read_only(&path).unwrap();
    assert_eq!(reader.session(id).unwrap().notes.as_deref(), Some("others"));
    assert!(
        !files_with_secret(folder.path()).is_empty(),
        "nothing to redact"
    );

    store.redact(id, SECRET).unwrap();
    assert_eq!(files_with_secret(folder.path()), Vec::<String>::new());
    assert!(!format!("{:?}", reader.session(id).unwrap()).contains("hunter2"));
    reader = read_only(&path).unwrap();
    assert_eq!(reader.check().unwrap(), []);
    assert_eq!(
        store.import(&session, Some(&source)).unwrap(),
        ImportStatus::Unchanged
    );
    drop((store, reader));
    assert_eq!(files_with_secret(folder.path()), Vec::<String>::new());
}
