//! What goes into the store comes out equal.
#![cfg(feature = "store")]

mod store_sessions;
mod store_support;

use entrenar::store::{ImportStatus, Store as _};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_session_comes_back_equal(session in store_sessions::session()) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store_support::open(&folder.path().join("store.db"));
        prop_assert_eq!(store.import(&session, None).unwrap(), ImportStatus::Imported);
        prop_assert_eq!(&store.session(&session.id).unwrap(), &session);
        prop_assert_eq!(store.import(&session, None).unwrap(), ImportStatus::Unchanged);
        prop_assert_eq!(&store.session(&session.id).unwrap(), &session);
        prop_assert_eq!(store.list(&Default::default()).unwrap().len(), 1);
    }

}

proptest! {
    // Each case writes the whole file anew, with a sync.
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn a_redacted_session_differs_in_the_secret_alone(session in store_sessions::session()) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store_support::open(&folder.path().join("store.db"));
        let mut with_secret = session;
        with_secret.id = "s".into();
        with_secret.name = "name".into();
        store.import(&with_secret, None).unwrap();
        store.set_notes("s", Some("<hunter2-token>")).unwrap();
        prop_assert_eq!(store.redact("s", "hunter2-token").unwrap().occurrences, 1);
        let mut expected = with_secret;
        expected.notes = Some("<[REDACTED]>".into());
        prop_assert_eq!(store.session("s").unwrap(), expected);
        prop_assert_eq!(store.check().unwrap(), []);
    }
}
