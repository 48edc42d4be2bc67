//! One state of a store, in which sessions that are being recorded are as far as they are.

use std::collections::BTreeMap;

use rusqlite::Transaction;

use super::failure::Failure;
use super::series::{StoredSeries, StoredSeriesInfo, infos};
use super::{SqliteStore, load};
use crate::session::{EntrenarSession, Series};
use crate::store::StoreError;

/// How often journals are read anew before what is missing is missing.
pub(super) const TRIES: u32 = 20;

/// One state of a store and of the journals beside it, made by [`SqliteStore::view`]: what is recorded,
/// sealed or written meanwhile does not show. What else is read from the store while it is there is read
/// from the same state.
///
/// A log that other processes write grows as long as a view is there.
#[derive(Debug)]
pub struct StoreView<'a> {
    store: &'a SqliteStore,
    sessions: BTreeMap<String, Viewed>,
    /// Dropped, which ends it: there is nothing to commit.
    _state: Transaction<'a>,
}

/// A session of a view.
#[derive(Debug)]
struct Viewed {
    row: i64,
    description: EntrenarSession,
    cells: usize,
    /// The points that are in its journals alone, by series.
    tail: Vec<Series>,
}

impl SqliteStore {
    /// The present state of the sessions of these (whole) ids.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or if the store or a journal cannot be read.
    pub fn view(&self, ids: &[String]) -> Result<StoreView<'_>, StoreError> {
        let look = || -> Result<(StoreView<'_>, bool), Failure> {
            let state = self.connection.unchecked_transaction()?;
            let mut sessions = BTreeMap::new();
            let mut is_torn = false;
            for id in ids {
                let (session, torn) = self.viewed(id)?;
                is_torn |= torn;
                sessions.insert(id.clone(), session);
            }
            let view = StoreView {
                store: self,
                sessions,
                _state: state,
            };
            Ok((view, is_torn))
        };
        let mut tries = 1;
        loop {
            let (view, is_torn) = look().map_err(|failure| failure.at(&self.path))?;
            // A journal file that vanished was sealed: the next state has it.
            if !is_torn || tries == TRIES {
                return Ok(view);
            }
            drop(view);
            tries += 1;
            std::thread::yield_now();
        }
    }

    /// A session as it is, and whether a journal file vanished while it was read.
    fn viewed(&self, id: &str) -> Result<(Viewed, bool), Failure> {
        let connection = &self.connection;
        let row = load::row_of(connection, id)?;
        #[cfg_attr(
            not(feature = "record"),
            expect(unused_mut, reason = "live sessions are completed")
        )]
        let mut viewed = Viewed {
            row,
            description: load::description(connection, id, row)?,
            cells: load::cell_count(connection, row)?,
            tail: Vec::new(),
        };
        #[cfg(feature = "record")]
        if viewed.description.state == Some(crate::session::SessionState::Live)
            && let Some(tail) = super::record::tail(connection, &self.journal_folder(), id)?
        {
            let is_torn = tail.is_torn();
            viewed.cells += tail.cells();
            viewed.tail = tail.describe(&mut viewed.description);
            return Ok((viewed, is_torn));
        }
        Ok((viewed, false))
    }
}

impl StoreView<'_> {
    fn of(&self, id: &str) -> Result<&Viewed, StoreError> {
        let not_found = || StoreError::NotFound { id: id.to_owned() };
        self.sessions.get(id).ok_or_else(not_found)
    }

    /// A session of the view without its points, cells and document.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for one that the view was not made of.
    pub fn description(&self, id: &str) -> Result<&EntrenarSession, StoreError> {
        Ok(&self.of(id)?.description)
    }

    /// How many cells a session of the view has.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for one that the view was not made of.
    pub fn cells(&self, id: &str) -> Result<usize, StoreError> {
        Ok(self.of(id)?.cells)
    }

    /// The series of a session of the view, in their order: those of the store, each with its points that
    /// are in a journal alone, then those that a journal alone has.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a session that the view was not made of; if the store cannot be read.
    pub fn series_of(
        &self,
        id: &str,
    ) -> Result<Vec<(StoredSeriesInfo, StoredSeries<'_>)>, StoreError> {
        let session = self.of(id)?;
        let mut tails: Vec<&Series> = session.tail.iter().collect();
        let stored = self
            .store
            .read(|connection| infos(connection, "session", session.row))?;
        let mut all = Vec::new();
        for mut info in stored {
            let place = tails.iter().position(|tail| *tail.key() == info.key);
            let tail = place.map(|place| tails.remove(place));
            if let Some(tail) = tail {
                info.add(tail);
            }
            let series = StoredSeries::new(self.store, Some(info.id), tail);
            all.push((info, series));
        }
        for tail in tails {
            let mut info = StoredSeriesInfo::empty(tail.key().clone());
            info.add(tail);
            all.push((info, StoredSeries::new(self.store, None, Some(tail))));
        }
        Ok(all)
    }
}
