//! A session's own event chain.

use super::*;

pub(super) fn a_session_has_its_own_chain(open: Open) {
    let session = read_from("one");
    let edited = |with_other: bool| {
        let folder = tempfile::tempdir().unwrap();
        let mut store = open(folder.path());
        if with_other {
            store.import(&read_from("two"), Some(b"two")).unwrap();
        }
        store.import(&session, Some(b"one")).unwrap();
        store
            .tag(&session.id, &["x".into()], &["lora".into()])
            .unwrap();
        store.rename(&session.id, "Another").unwrap();
        store.set_notes(&session.id, Some("n")).unwrap();
        let chain = store.chain(&session.id).unwrap();
        let kept = store.session(&session.id).unwrap();
        (chain, kept)
    };
    let (one, kept) = edited(false);
    let (two, _) = edited(true);
    assert_eq!(one, two, "it does not depend on what else the store holds");
    assert_eq!(one.difference(&two), None);
    let kinds: Vec<_> = one.events().iter().map(|e| e.kind.as_str()).collect();
    assert_eq!(kinds, ["import", "tag", "rename", "note"]);
    let back = SessionChain::parse(&session.id, &one.to_jsonl()).unwrap();
    assert_eq!(back, one);
    assert!(one.covers_content());
    assert_eq!(one.differences(&kept), []);
    let mut other = kept;
    other.notes = None;
    other.code_history[0].source.push(' ');
    let places: Vec<_> = one.differences(&other).into_iter().map(|d| d.0).collect();
    assert_eq!(places, ["metadata.notes", "cells[0]"]);
}

pub(super) fn a_redacted_session_is_what_its_chain_says(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let mut session = read_from("one");
    session.code_history[0].source.push_str(" # hunter2");
    session.notes = Some("hunter2 again".into());
    store.import(&session, Some(b"one")).unwrap();
    store.redact(&session.id, "hunter2").unwrap();
    let (chain, kept) = (
        store.chain(&session.id).unwrap(),
        store.session(&session.id).unwrap(),
    );
    assert_eq!(chain.differences(&kept), []);
    assert_ne!(chain.differences(&session), []);
    assert_eq!(store.check().unwrap(), []);
}

pub(super) fn a_removed_session_begins_a_new_chain(open: Open) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let session = read_from("one");
    store.import(&session, Some(b"one")).unwrap();
    let first = store.chain(&session.id).unwrap();
    store.set_notes(&session.id, Some("n")).unwrap();
    store.remove(&session.id).unwrap();
    assert!(matches!(
        store.chain(&session.id),
        Err(StoreError::NotFound { .. })
    ));
    store.import(&session, Some(b"one")).unwrap();
    assert_eq!(store.chain(&session.id).unwrap(), first);
}
