//! A session that is read piece by piece, for those who take it over.

use std::ops::ControlFlow;

use rusqlite::Connection;

use super::super::failure::Failure;
use super::super::value::Text;
use super::super::{SqliteStore, load};
use super::{append, tail};
use crate::session::{EntrenarSession, Series, SeriesKey};
use crate::store::StoreError;

/// A part of a session.
#[derive(Debug)]
#[non_exhaustive]
pub enum Piece<'a> {
    /// The whole session without its points: the first piece.
    Session(Box<EntrenarSession>),
    /// Points of a series, which come behind those that came before.
    Points(&'a SeriesKey, &'a Series),
}

impl SqliteStore {
    /// Gives a session to `take`, all of it as it is at one moment, until that says enough. Memory is that of the
    /// session without its points, of some thousand points, and of the unsealed tail of a live session.
    ///
    /// # Errors
    /// As [`session`](crate::store::Store::session).
    pub fn session_in_pieces(
        &self,
        id: &str,
        mut take: impl FnMut(Piece<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let folder = self.journal_folder();
        let mut tries = 0;
        // Nothing is given before it is known that the tail is whole.
        while self.read(|connection| {
            tries += 1;
            let row = load::row_of(connection, id)?;
            let tail = tail::of(connection, &folder, id)?;
            if tail::is_to_be_read_again(tail.as_ref(), tries) {
                return Ok(true);
            }
            let mut session = load::without_points(connection, id, row)?;
            if let Some(tail) = tail {
                tail.apply(&mut session);
            }
            let unsealed = std::mem::take(&mut session.metrics);
            if take(Piece::Session(Box::new(session))).is_break() {
                return Ok(false);
            }
            for (series, key) in keys(connection, row)? {
                let mut flow = ControlFlow::Continue(());
                append::each_chunk(connection, series, |points| {
                    if flow.is_continue() {
                        flow = take(Piece::Points(&key, points));
                    }
                })?;
                if flow.is_break() {
                    return Ok(false);
                }
            }
            for series in unsealed.series() {
                if take(Piece::Points(series.key(), series)).is_break() {
                    break;
                }
            }
            Ok(false)
        })? {
            std::thread::yield_now();
        }
        Ok(())
    }
}

/// Rows and names of the series of a session, in their order.
fn keys(connection: &Connection, session: i64) -> Result<Vec<(i64, SeriesKey)>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT series, name, run, rank FROM series WHERE session = ?1 ORDER BY place",
    )?;
    let keys = statement.query_map([session], |row| {
        let key = SeriesKey {
            name: row.get::<_, Text>(1)?.0,
            run: row.get(2)?,
            rank: row.get(3)?,
        };
        Ok((row.get(0)?, key))
    })?;
    Ok(keys.collect::<Result<_, _>>()?)
}
