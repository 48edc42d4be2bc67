//! What a recorder's frames say, put together from its lanes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::{Assembler, Frame, FrameError, SeriesDefinition};
use crate::session::SeriesKey;

/// How far the lanes of a recorder are read, and what its series numbers mean.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) lanes: BTreeMap<u32, LaneReading>,
    names: BTreeMap<u32, SeriesKey>,
    /// Series that were named since the last [`take_new`](Self::take_new).
    new: Vec<u32>,
}

/// How far a lane is read.
#[derive(Debug, Default)]
pub(crate) struct LaneReading {
    /// Frames below this number were read.
    pub(crate) next: u64,
    pub(crate) assembler: Assembler,
}

impl Reading {
    /// Reads a frame of a lane, unless it was read before; gives what it says once its last part is there.
    pub(crate) fn frame(
        &mut self,
        lane: u32,
        number: u64,
        bytes: &[u8],
    ) -> Result<Option<Frame>, FrameError> {
        let lane = self.lanes.entry(lane).or_default();
        if number < lane.next {
            return Ok(None);
        }
        lane.next = number.saturating_add(1);
        lane.assembler.push(bytes)
    }

    /// Notes what a number means; the first meaning stays.
    pub(crate) fn define(&mut self, series: &SeriesDefinition) {
        if let Entry::Vacant(entry) = self.names.entry(series.number) {
            entry.insert(series.key());
            self.new.push(series.number);
        }
    }

    /// Notes what a number means, as it is kept already.
    pub(crate) fn know(&mut self, number: u32, key: SeriesKey) {
        self.names.insert(number, key);
    }

    /// The number of a series; one that has none gets the next.
    pub(crate) fn number(&mut self, key: SeriesKey) -> u32 {
        let known = self.names.iter().find(|(_, known)| **known == key);
        if let Some((number, _)) = known {
            return *number;
        }
        let last = self.names.last_key_value();
        let number = last.map_or(0, |(last, _)| last.saturating_add(1));
        self.define(&SeriesDefinition {
            number,
            name: key.name,
            run: key.run,
            rank: key.rank,
        });
        number
    }

    /// What all numbers mean.
    pub(crate) fn definitions(&self) -> Vec<SeriesDefinition> {
        let names = self.names.iter();
        names
            .map(|(number, key)| SeriesDefinition {
                number: *number,
                name: key.name.clone(),
                run: key.run,
                rank: key.rank,
            })
            .collect()
    }

    /// What a number means, if that was said.
    pub(crate) fn name(&self, number: u32) -> Option<&SeriesKey> {
        self.names.get(&number)
    }

    /// Series that were named since this was called last.
    pub(crate) fn take_new(&mut self) -> Vec<(u32, SeriesKey)> {
        let new = std::mem::take(&mut self.new);
        new.into_iter()
            .filter_map(|number| Some((number, self.names.get(&number)?.clone())))
            .collect()
    }
}

/// The key of a series whose name is lost.
pub(crate) fn nameless(number: u32, rank: Option<u32>) -> SeriesKey {
    SeriesKey {
        name: format!("series {number}"),
        run: None,
        rank,
    }
}
