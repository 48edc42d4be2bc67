use std::path::Path;

use rusqlite::ErrorCode;

use crate::files::FileError;
use crate::store::StoreError;

/// Why work on the database failed, before the store's path is known.
#[derive(Debug)]
pub(super) enum Failure {
    /// SQLite failed.
    Sql(rusqlite::Error),
    /// The store refuses.
    Store(StoreError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::Store(error.into())
    }
}

impl Failure {
    /// What was read back cannot be.
    pub(super) fn damaged(what: impl Into<String>) -> Self {
        Self::Store(StoreError::Damaged { what: what.into() })
    }

    /// The error for the store at `path`.
    pub(super) fn at(self, path: &Path) -> StoreError {
        let path = path.to_owned();
        let error = match self {
            Self::Store(error) => return error,
            Self::Sql(error) => error,
        };
        let damaged = |what: String| StoreError::Damaged { what };
        match (&error, error.sqlite_error_code()) {
            (_, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)) => {
                StoreError::Locked { path }
            }
            (_, Some(ErrorCode::ReadOnly)) => StoreError::ReadOnly { path },
            (_, Some(ErrorCode::DiskFull)) => StoreError::Full { path },
            (_, Some(ErrorCode::NotADatabase)) => StoreError::NotAStore {
                path,
                reason: "it is not an SQLite file".into(),
            },
            (_, Some(ErrorCode::DatabaseCorrupt)) => damaged(error.to_string()),
            (_, Some(ErrorCode::TooBig)) => StoreError::TooLarge {
                what: "a row".into(),
                limit: super::schema::MAX_VALUE_BYTES,
            },
            (
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::IntegralValueOutOfRange(..),
                _,
            ) => damaged(error.to_string()),
            _ => StoreError::Database {
                path,
                source: Box::new(error),
            },
        }
    }
}
