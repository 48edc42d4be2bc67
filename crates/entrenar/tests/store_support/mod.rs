//! A store to test with.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::Path;

use chrono::DateTime;
use entrenar::session::FixedClock;
use entrenar::store::{SqliteStore, StoreMode};

/// A clock for stores in tests: 2026-01-02 03:04:05 UTC.
pub(crate) fn clock() -> FixedClock {
    FixedClock(DateTime::from_timestamp(1_767_323_045, 0).unwrap())
}

/// Opens the store at `path` for writing.
pub(crate) fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, StoreMode::ReadWrite, clock()).unwrap()
}
