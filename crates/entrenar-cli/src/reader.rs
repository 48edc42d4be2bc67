//! Reads many inputs on all processors and hands them over in order, with bounded memory.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use entrenar::bridge::Limits;

use crate::errors::{Exit, Failure};
use crate::input::{Input, Read};

/// Bytes of sources that may be read ahead of the one that is wanted next.
const AHEAD_BYTES: u64 = 64 << 20;
/// Inputs that may be read ahead of the one that is wanted next.
const AHEAD_INPUTS: usize = 256;

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

/// Reads `inputs` and gives each with its place to `take`, in order. A failure of `take` ends
/// it; a failure to read is handed over like a session.
pub(crate) fn read_in_order(
    inputs: &[Input],
    limits: Limits,
    mut take: impl FnMut(usize, Result<Read, Failure>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let workers = thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(inputs.len())
        .min(8);
    if workers < 2 {
        return inputs
            .iter()
            .enumerate()
            .try_for_each(|(at, input)| take(at, read(input, limits)));
    }
    let sizes: Vec<u64> = inputs.iter().map(Input::size).collect();
    let gate = Gate::default();
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        let (gate, sizes) = (&gate, sizes.as_slice());
        for number in 0..workers {
            let sender = sender.clone();
            let work = move || {
                while let Some(at) = gate.claim(sizes) {
                    let Some(input) = inputs.get(at) else { break };
                    if sender.send((at, read(input, limits))).is_err() {
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
        let mut early = BTreeMap::new();
        for wanted in 0..inputs.len() {
            let read = loop {
                if let Some(read) = early.remove(&wanted) {
                    break read;
                }
                match receiver.recv() {
                    Ok((at, read)) => drop(early.insert(at, read)),
                    Err(error) => {
                        gate.stop();
                        let failure = Failure::new(Exit::InputFailed, "a reader ended too early");
                        return Err(failure.because(&error));
                    }
                }
            };
            if let Err(failure) = take(wanted, read) {
                gate.stop();
                return Err(failure);
            }
            gate.handed_over(sizes.get(wanted).copied().unwrap_or_default());
        }
        Ok(())
    })
}

/// Reads one input; a bug in a reader is that input's failure and not the others'.
fn read(input: &Input, limits: Limits) -> Result<Read, Failure> {
    catch_unwind(AssertUnwindSafe(|| input.read(limits))).unwrap_or_else(|_panic| {
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
        let mut seen = Vec::new();
        read_in_order(&inputs, Limits::default(), |at, read| {
            assert!(read.is_err());
            seen.push(at);
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, (0..600).collect::<Vec<_>>());
    }

    #[test]
    fn ends_when_it_is_told_to() {
        let inputs = vec![Input::File("/no/such".into()); 600];
        let mut taken = 0;
        let ended = read_in_order(&inputs, Limits::default(), |at, _| {
            taken += 1;
            if at == 3 {
                Err(Failure::Closed)
            } else {
                Ok(())
            }
        });
        assert!(matches!(ended, Err(Failure::Closed)));
        assert_eq!(taken, 4);
    }
}
