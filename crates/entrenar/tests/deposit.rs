//! Deposits at an archive that runs inside the test.
#![cfg(feature = "deposit")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod deposit_support;
mod fake_archive;

use deposit_support::{InFolder, NoWait, config, live, new_state};
use entrenar::research::ZenodoApi;
use entrenar::research::archive::{DepositFailure, DepositState, Goal, MemoryLog, Step, Unwatched};
use fake_archive::{Behaviour, FakeArchive};

const APIS: [ZenodoApi; 2] = [ZenodoApi::Records, ZenodoApi::Legacy];

/// A deposit without faults, up to `goal`.
fn deposit(
    fake: &FakeArchive,
    api: ZenodoApi,
    goal: Goal,
    change: impl FnOnce(&mut DepositState, &mut InFolder),
) -> (DepositState, Result<(), DepositFailure>, InFolder) {
    let folder = tempfile::tempdir().unwrap();
    let mut contents = InFolder::new(folder.path(), &[("crate.zip", 30_000), ("notes.txt", 5)]);
    let mut state = new_state(&fake.url());
    change(&mut state, &mut contents);
    let done = live(
        &config(&fake.url(), api),
        &mut state,
        goal,
        &mut MemoryLog::default(),
        &mut contents,
        &mut Unwatched,
        &NoWait::default(),
    );
    (state, done, contents)
}

#[test]
fn a_deposit_is_one_published_record_with_its_doi_inside() {
    for api in APIS {
        let fake = FakeArchive::start(Behaviour::default());
        let (state, done, contents) = deposit(&fake, api, Goal::Published, |_, _| ());
        done.unwrap();
        assert_eq!(state.step, Step::Done);
        assert!(contents.cleared);
        let inside = fake.inside();
        let [record] = inside.published()[..] else {
            panic!("{inside:?}")
        };
        assert!(inside.drafts().is_empty());
        assert_eq!(record.doi, state.doi);
        assert_eq!(record.files.len(), 3);
        let readme = record.files["README.md"].content.clone().unwrap();
        let readme = String::from_utf8(readme).unwrap();
        assert!(readme.contains(state.doi.as_deref().unwrap()), "{readme}");
        assert_eq!(record.files["crate.zip"].size, 30_000);
        // The mark by which a draft is found again is not in the record.
        assert!(
            !record.body.to_string().contains("entrenar-deposit"),
            "{}",
            record.body
        );
        assert_eq!(inside.taken_twice(), Vec::<&(String, String, u64)>::new());
        assert!(state.url.unwrap().contains("/records/"));
    }
}
