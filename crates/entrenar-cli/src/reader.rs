//! Reads many inputs on all processors and hands them over in order, with bounded memory.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use entrenar::bridge::Limits;

use crate::errors::{Exit, Failure};
use crate::input::{Input, Read};

/// Bytes of sources that may be read ahead of the one that is wanted next.
const AHEAD_BYTES: u64 = 64 << 20;
/// Inputs that may be read ahead of the one that is wanted next: whoever is further ahead takes time and new memory
/// from the one who keeps what was read.
const AHEAD_INPUTS: usize = 16;

/// Who may read what: the input that is wanted next may always be read, so that nobody waits
/// for ever; others only while what was read ahead is within the bounds.
#[derive(Debug, Default)]
struct Progress {
    claimed: usize,
    wanted: usize,
    ahead_bytes: u64,
    stopped: bool,
}

#[derive(Debug, Default)]
struct Gate {
    progress: Mutex<Progress>,
    moved: Condvar,
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next input; `None` when there is none or all was stopped.
    fn claim(&self, sizes: &[u64]) -> Option<usize> {
        let mut progress = self.lock();
        let at = progress.claimed;
        let size = *sizes.get(at)?;
        progress.claimed += 1;
        while !progress.stopped
            && at > progress.wanted
            && (at - progress.wanted >= AHEAD_INPUTS || progress.ahead_bytes + size > AHEAD_BYTES)
        {
            progress = self
                .moved
                .wait(progress)
                .unwrap_or_else(PoisonError::into_inner);
        }
        progress.ahead_bytes += size;
        (!progress.stopped).then_some(at)
    }

    fn handed_over(&self, size: u64) {
        let mut progress = self.lock();
        progress.wanted += 1;
        progress.ahead_bytes = progress.ahead_bytes.saturating_sub(size);
        self.moved.notify_all();
    }

    fn stop(&self) {
        self.lock().stopped = true;
        self.moved.notify_all();
    }
}

/// The inputs that were read, in order.
pub(crate) struct Results<'a, T> {
    total: usize,
    wanted: usize,
    readers: Readers<'a, T>,
}

enum Readers<'a, T> {
    /// None: what is wanted is read when it is asked for.
    Here(&'a dyn Fn(usize) -> Result<T, Failure>),
    Threads {
        receiver: mpsc::Receiver<(usize, Result<T, Failure>)>,
        early: BTreeMap<usize, Result<T, Failure>>,
        gate: &'a Gate,
        sizes: &'a [u64],
    },
}

impl<T> Results<'_, T> {
    /// The next input's place and what was read; `None` after the last, or where that takes
    /// longer than `patience`. What is late comes at a later call.
    pub(crate) fn next_within(
        &mut self,
        patience: Duration,
    ) -> Option<(usize, Result<T, Failure>)> {
        let wanted = self.wanted;
        if wanted >= self.total {
            return None;
        }
        let read = match &mut self.readers {
            Readers::Here(read) => read(wanted),
            Readers::Threads {
                receiver,
                early,
                gate,
                sizes,
            } => {
                let read = loop {
                    if let Some(read) = early.remove(&wanted) {
                        break read;
                    }
                    match receiver.recv_timeout(patience) {
                        Ok((at, read)) => drop(early.insert(at, read)),
                        Err(RecvTimeoutError::Timeout) => return None,
                        Err(error @ RecvTimeoutError::Disconnected) => {
                            let failure =
                                Failure::new(Exit::InputFailed, "a reader ended too early");
                            break Err(failure.because(&error));
                        }
                    }
                };
                gate.handed_over(sizes.get(wanted).copied().unwrap_or_default());
                read
            }
        };
        self.wanted += 1;
        Some((wanted, read))
    }
}

impl<T> Iterator for Results<'_, T> {
    type Item = (usize, Result<T, Failure>);

    fn next(&mut self) -> Option<Self::Item> {
        while self.wanted < self.total {
            let next = self.next_within(Duration::from_secs(3600));
            if next.is_some() {
                return next;
            }
        }
        None
    }
}

/// Reads `inputs`, has each prepared where it was read, and gives them in order to `take`.
///
/// A failure to read is handed over like a session. What `take` leaves is not read.
pub(crate) fn read_in_order<T: Send, R>(
    inputs: &[Input],
    limits: Limits,
    prepare: impl Fn(Read) -> T + Sync,
    take: impl FnOnce(&mut Results<'_, T>) -> R,
) -> Result<R, Failure> {
    let total = inputs.len();
    let read_at = |at: usize| match inputs.get(at) {
        Some(input) => read(input, limits, &prepare),
        None => Err(Failure::new(Exit::InputFailed, "there is no such input")),
    };
    let workers = thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(total)
        .min(8);
    if workers < 2 {
        return Ok(take(&mut Results {
            total,
            wanted: 0,
            readers: Readers::Here(&read_at),
        }));
    }
    let sizes: Vec<u64> = inputs.iter().map(Input::size).collect();
    let gate = Gate::default();
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        let (gate, sizes, read_at) = (&gate, sizes.as_slice(), &read_at);
        for number in 0..workers {
            let sender = sender.clone();
            let work = move || {
                while let Some(at) = gate.claim(sizes) {
                    if sender.send((at, read_at(at))).is_err() {
                        break;
                    }
                }
            };
            let spawned = thread::Builder::new()
                .name(format!("reader-{number}"))
                .spawn_scoped(scope, work);
            if let Err(error) = spawned {
                gate.stop();
                return Err(
                    Failure::new(Exit::InputFailed, "cannot start a thread").because(&error)
                );
            }
        }
        drop(sender);
        let taken = take(&mut Results {
            total,
            wanted: 0,
            readers: Readers::Threads {
                receiver,
                early: BTreeMap::new(),
                gate,
                sizes,
            },
        });
        gate.stop();
        Ok(taken)
    })
}

/// Reads one input; a bug in a reader is that input's failure and not the others'.
fn read<T>(input: &Input, limits: Limits, prepare: impl Fn(Read) -> T) -> Result<T, Failure> {
    let work = || input.read(limits).map(prepare);
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_panic| {
        Err(Failure::new(
            Exit::InputFailed,
            format!("cannot read {input}: its reader met a bug"),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hands_over_in_order_whatever_fails() {
        let inputs: Vec<_> = (0..600)
            .map(|n| Input::File(format!("/no/such/{n}").into()))
            .collect();
        let seen = read_in_order(
            &inputs,
            Limits::default(),
            |read| read,
            |results| {
                results
                    .map(|(at, read)| {
                        assert!(read.is_err());
                        at
                    })
                    .collect::<Vec<_>>()
            },
        );
        assert_eq!(seen.unwrap(), (0..600).collect::<Vec<_>>());
    }

    #[test]
    fn ends_when_the_rest_is_left() {
        let inputs = vec![Input::File("/no/such".into()); 600];
        let taken = read_in_order(
            &inputs,
            Limits::default(),
            |read| read,
            |results| results.take(4).count(),
        );
        assert_eq!(taken.unwrap(), 4);
    }
}
