//! What goes into the store comes out equal.
#![cfg(feature = "store")]

mod store_support;

use entrenar::store::{ImportStatus, Store as _};
use proptest::prelude::*;

proptest! {
    #[test]
    fn any_session_comes_back_equal(session in store_support::session()) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store_support::open(&folder.path().join("store.db"));
        prop_assert_eq!(store.import(&session, None).unwrap(), ImportStatus::Imported);
        prop_assert_eq!(&store.session(&session.id).unwrap(), &session);
        prop_assert_eq!(store.import(&session, None).unwrap(), ImportStatus::Unchanged);
        prop_assert_eq!(&store.session(&session.id).unwrap(), &session);
        prop_assert_eq!(store.list(&Default::default()).unwrap().len(), 1);
    }
}
