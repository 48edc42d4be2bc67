//! Names of series, and the numbers that stand for them in the journal.
//!
//! A name is looked up without a lock: in a table of cells that are set once. A table that is half full is
//! followed by one of twice its size; the old ones stay where they are, so that a reader never meets one
//! that was freed. Only a new name takes the lock of its caller.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use super::figures::{Figures, Seen};

/// Longest name of a series, in bytes.
pub const MAX_NAME_BYTES: usize = 1024;
/// Bytes that all names of a recorder may take, with what is kept beside each.
const MOST_BYTES: usize = 10 << 20;
/// Cells of the first table: a power of two.
const FIRST_CELLS: usize = 256;
/// Tables: the last would have 2^27 cells, far beyond `MOST_BYTES`.
const TABLES: usize = 20;

/// What stands for no run.
pub(super) const NO_RUN: u32 = u32::MAX;

/// A series of this recorder.
#[derive(Debug)]
pub(super) struct Entry {
    hash: u64,
    /// Number of the run, or [`NO_RUN`].
    run: u32,
    /// What stands for the series in the journal.
    pub(super) number: u32,
    pub(super) name: Box<str>,
    pub(super) figures: Figures,
}

impl Entry {
    /// Number of the run in the session.
    pub(super) fn run(&self) -> Option<u32> {
        (self.run != NO_RUN).then_some(self.run)
    }
}

/// All series of a recorder.
#[derive(Debug)]
pub(super) struct Names {
    tables: [OnceLock<Table>; TABLES],
    current: AtomicUsize,
}

#[derive(Debug)]
struct Table {
    /// A power of two.
    cells: Box<[OnceLock<Arc<Entry>>]>,
}

/// Who may add names.
#[derive(Debug, Default)]
pub(super) struct Registrar {
    /// All series, by their numbers.
    entries: Vec<Arc<Entry>>,
    bytes: usize,
}

/// Memory for names is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoRoom;

impl Names {
    pub(super) fn new() -> Self {
        let names = Self {
            tables: [const { OnceLock::new() }; TABLES],
            current: AtomicUsize::new(0),
        };
        if let Some(first) = names.tables.first() {
            first.get_or_init(|| Table::new(FIRST_CELLS));
        }
        names
    }

    /// The series of that name in that run.
    #[inline]
    pub(super) fn get(&self, name: &str, run: u32) -> Option<&Arc<Entry>> {
        let current = self.current.load(Ordering::Acquire);
        self.tables
            .get(current)?
            .get()?
            .find(name, run, hash(name, run))
    }

    /// All series, by their numbers.
    pub(super) fn all(&self) -> Vec<Arc<Entry>> {
        let current = self.current.load(Ordering::Acquire);
        let table = self.tables.get(current).and_then(OnceLock::get);
        let cells = table.map_or(&[][..], |table| &table.cells);
        let mut all: Vec<_> = cells.iter().filter_map(OnceLock::get).cloned().collect();
        all.sort_by_key(|entry| entry.number);
        all
    }

    /// The series of that name in that run, made if it is not there. `define` is shown the new one before
    /// anybody can find it.
    ///
    /// # Errors
    /// What `define` says, or that there is no room.
    pub(super) fn add<E: From<NoRoom>>(
        &self,
        registrar: &mut Registrar,
        name: &str,
        run: u32,
        seen: Seen,
        define: impl FnOnce(&Entry) -> Result<(), E>,
    ) -> Result<Arc<Entry>, E> {
        if let Some(entry) = self.get(name, run) {
            return Ok(Arc::clone(entry));
        }
        let bytes = bytes_of(name);
        let number = u32::try_from(registrar.entries.len()).map_err(|_too_many| NoRoom)?;
        if registrar.bytes + bytes > MOST_BYTES {
            return Err(NoRoom.into());
        }
        let entry = Arc::new(Entry {
            hash: hash(name, run),
            run,
            number,
            name: name.into(),
            figures: Figures::new(seen),
        });
        let current = self.current.load(Ordering::Relaxed);
        let table = self.tables.get(current).and_then(OnceLock::get);
        let table = table.ok_or(NoRoom)?;
        define(&entry)?;
        registrar.bytes += bytes;
        registrar.entries.push(Arc::clone(&entry));
        if registrar.entries.len() * 2 <= table.cells.len() {
            table.put(&entry);
        } else if let Some(next) = self.tables.get(current + 1) {
            next.get_or_init(|| {
                let next = Table::new(table.cells.len() * 2);
                for entry in &registrar.entries {
                    next.put(entry);
                }
                next
            });
            self.current.store(current + 1, Ordering::Release);
        }
        Ok(entry)
    }
}

impl Registrar {
    /// One for a forked process, whose own may be locked by a thread that it does not have.
    pub(super) fn of(names: &Names) -> Self {
        let entries = names.all();
        Self {
            bytes: entries.iter().map(|entry| bytes_of(&entry.name)).sum(),
            entries,
        }
    }
}

/// Bytes of an entry with its cells in two tables and its place in the list.
fn bytes_of(name: &str) -> usize {
    size_of::<Entry>() + name.len() + 6 * size_of::<OnceLock<Arc<Entry>>>() + 24
}

impl Table {
    fn new(cells: usize) -> Self {
        Self {
            cells: (0..cells).map(|_| OnceLock::new()).collect(),
        }
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the lower bits are meant")]
    fn places(&self, hash: u64) -> impl Iterator<Item = &OnceLock<Arc<Entry>>> {
        let mask = self.cells.len() - 1;
        let first = hash as usize;
        (0..self.cells.len()).filter_map(move |step| self.cells.get((first + step) & mask))
    }

    #[inline]
    fn find(&self, name: &str, run: u32, hash: u64) -> Option<&Arc<Entry>> {
        for cell in self.places(hash) {
            let entry = cell.get()?;
            if entry.hash == hash && entry.run == run && *entry.name == *name {
                return Some(entry);
            }
        }
        None
    }

    /// Puts an entry into the first free cell; there is one, as the table is at most half full.
    fn put(&self, entry: &Arc<Entry>) {
        for cell in self.places(entry.hash) {
            if cell.set(Arc::clone(entry)).is_ok() {
                return;
            }
        }
    }
}

/// Folds eight bytes at a time, each by a multiplication whose halves are added.
#[inline]
fn hash(name: &str, run: u32) -> u64 {
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    #[expect(clippy::cast_possible_truncation, reason = "halves are meant")]
    let fold = |state: u64, word: u64| {
        let product = u128::from(state ^ word) * u128::from(K);
        (product as u64) ^ ((product >> 64) as u64)
    };
    let bytes = name.as_bytes();
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let mut state = fold(K ^ u64::from(run), length);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        state = fold(state, u64::from_le_bytes(*word));
    }
    let mut last = 0;
    for byte in rest {
        last = last << 8 | u64::from(*byte);
    }
    fold(state, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(names: &Names, registrar: &mut Registrar, name: &str, run: u32) -> Arc<Entry> {
        names
            .add::<NoRoom>(registrar, name, run, Seen::NOTHING, |_| Ok(()))
            .unwrap()
    }

    #[test]
    fn ten_thousand_names_keep_their_numbers() {
        let names = Names::new();
        let mut registrar = Registrar::default();
        for number in 0..10_000 {
            let name = format!("layer.{}.weight/{}", number % 100, number / 100);
            assert!(names.get(&name, NO_RUN).is_none());
            assert_eq!(add(&names, &mut registrar, &name, NO_RUN).number, number);
            assert_eq!(add(&names, &mut registrar, &name, NO_RUN).number, number);
        }
        for number in 0..10_000 {
            let name = format!("layer.{}.weight/{}", number % 100, number / 100);
            assert_eq!(names.get(&name, NO_RUN).unwrap().number, number);
            assert!(names.get(&name, 0).is_none());
        }
        assert_eq!(registrar.entries.len(), 10_000);
        let copy = Registrar::of(&names);
        assert_eq!(copy.bytes, registrar.bytes);
        assert!(
            (0..)
                .zip(&copy.entries)
                .all(|(number, entry)| entry.number == number)
        );
    }

    #[test]
    fn runs_have_series_of_their_own_and_odd_names_are_names() {
        let names = Names::new();
        let mut registrar = Registrar::default();
        for (number, (name, run)) in [
            ("loss", NO_RUN),
            ("loss", 0),
            ("loss", 1),
            ("", 0),
            ("\0", 0),
            ("\0\0", 0),
            ("损失", 0),
        ]
        .into_iter()
        .enumerate()
        {
            let entry = add(&names, &mut registrar, name, run);
            assert_eq!(usize::try_from(entry.number).unwrap(), number);
            assert_eq!(entry.run(), (run != NO_RUN).then_some(run));
        }
    }

    #[test]
    fn memory_for_names_ends() {
        let names = Names::new();
        let mut registrar = Registrar::default();
        let long = "x".repeat(MAX_NAME_BYTES - 8);
        let mut added = 0;
        while names
            .add::<NoRoom>(
                &mut registrar,
                &format!("{added:08}{long}"),
                NO_RUN,
                Seen::NOTHING,
                |_| Ok(()),
            )
            .is_ok()
        {
            added += 1;
        }
        assert!((5_000..12_000).contains(&added), "{added}");
        assert!(registrar.bytes <= MOST_BYTES);
    }

    #[test]
    fn a_series_that_cannot_be_defined_is_not_there() {
        let names = Names::new();
        let mut registrar = Registrar::default();
        let refused = names.add(&mut registrar, "a", 0, Seen::NOTHING, |_| Err(NoRoom));
        assert_eq!(refused.err(), Some(NoRoom));
        assert!(names.get("a", 0).is_none());
        assert_eq!(add(&names, &mut registrar, "b", 0).number, 0);
    }

    #[test]
    fn readers_find_what_a_writer_adds() {
        let names = Names::new();
        let known = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    loop {
                        let below = known.load(Ordering::Acquire);
                        for number in 0..below {
                            let entry = names.get(&number.to_string(), NO_RUN).unwrap();
                            assert_eq!(usize::try_from(entry.number).unwrap(), number);
                        }
                        if below == 2000 {
                            break;
                        }
                    }
                });
            }
            let mut registrar = Registrar::default();
            for number in 0..2000_usize {
                add(&names, &mut registrar, &number.to_string(), NO_RUN);
                known.store(number + 1, Ordering::Release);
            }
        });
    }
}
