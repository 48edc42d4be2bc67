//! Blobs by SHA-256: each content is kept once.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::failure::Failure;
use super::schema::MAX_VALUE_BYTES;
use super::value::length;
use crate::session::Sha256Hash;
use crate::store::StoreError;

/// Keeps `data`, whose digest is `sha256`; gives the row it is in.
pub(super) fn put(
    connection: &Connection,
    sha256: &Sha256Hash,
    data: &[u8],
) -> Result<i64, Failure> {
    let known = connection
        .prepare_cached("SELECT blob FROM blobs WHERE sha256 = ?1")?
        .query_row([sha256.as_bytes()], |row| row.get(0))
        .optional()?;
    if let Some(blob) = known {
        return Ok(blob);
    }
    // Room first, then the bytes right into the pages: a bound parameter would be copied twice.
    connection
        .prepare_cached("INSERT INTO blobs (sha256, size, data) VALUES (?1, ?2, zeroblob(?2))")?
        .execute(params![sha256.as_bytes(), length(data.len())])?;
    let row = connection.last_insert_rowid();
    connection
        .blob_open("main", "blobs", "data", row, false)?
        .write_all_at(data, 0)?;
    Ok(row)
}

/// Refuses what the database cannot hold.
pub(super) fn fits(what: impl FnOnce() -> String, size: usize) -> Result<(), StoreError> {
    if u64::try_from(size).is_ok_and(|size| size <= MAX_VALUE_BYTES) {
        return Ok(());
    }
    Err(StoreError::TooLarge {
        what: what(),
        limit: MAX_VALUE_BYTES,
    })
}

/// The blobs that a session uses.
pub(super) fn used_by(connection: &Connection, session: i64) -> Result<Vec<i64>, Failure> {
    connection
        .prepare_cached(
            "SELECT source_blob FROM sessions WHERE session = ?1 AND source_blob IS NOT NULL
             UNION SELECT blob FROM outputs WHERE session = ?1 AND blob IS NOT NULL",
        )?
        .query_map([session], |row| row.get(0))?
        .collect::<Result<_, _>>()
        .map_err(Failure::from)
}

/// Removes those of `blobs` that no session uses any more.
pub(super) fn remove_unused(connection: &Connection, blobs: &[i64]) -> Result<(), Failure> {
    let mut statement = connection.prepare_cached(
        "DELETE FROM blobs WHERE blob = ?1
         AND NOT EXISTS (SELECT 1 FROM sessions WHERE source_blob = ?1)
         AND NOT EXISTS (SELECT 1 FROM outputs WHERE outputs.blob = ?1)",
    )?;
    for blob in blobs {
        statement.execute([blob])?;
    }
    Ok(())
}
