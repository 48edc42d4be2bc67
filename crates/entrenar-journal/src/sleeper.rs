//! The sleep of the ahead thread: short while segments are used up, long otherwise, and then ended by
//! whoever begins a segment.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::thread::Thread;
use std::time::Duration;

/// Wakes one thread, without a lock.
#[derive(Debug, Default)]
pub(crate) struct Sleeper {
    /// Whether a writer must wake the thread: it sleeps for long.
    asleep: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Sleeper {
    /// Makes this thread the one that is woken.
    pub(crate) fn is_me(&self) {
        self.thread.get_or_init(std::thread::current);
    }

    /// Ends any sleep, or prevents the next.
    pub(crate) fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Ends a long sleep. A system call, but only when nobody began a segment for a second: a thread that
    /// logs all the time never makes it.
    #[cold]
    pub(crate) fn wake_from_long(&self) {
        // Pairs with the fence in `sleep_long`: this thread sees `asleep`, or the sleeper sees what this
        // thread did before.
        fence(Ordering::SeqCst);
        if self.asleep.load(Ordering::Relaxed) && self.asleep.swap(false, Ordering::AcqRel) {
            self.wake();
        }
    }

    /// Sleeps for a while that no writer ends.
    pub(crate) fn sleep(pause: Duration) {
        std::thread::park_timeout(pause);
    }

    /// Sleeps until woken, at most this long; not at all if there is work after all.
    pub(crate) fn sleep_long(&self, at_most: Duration, has_work: impl FnOnce() -> bool) {
        self.asleep.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if !has_work() {
            std::thread::park_timeout(at_most);
        }
        self.asleep.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn who_begins_a_segment_ends_a_long_sleep() {
        let sleeper = Arc::new(Sleeper::default());
        let other = Arc::clone(&sleeper);
        let thread = std::thread::Builder::new().spawn(move || {
            other.is_me();
            other.sleep_long(Duration::from_secs(3600), || true);
            other.sleep_long(Duration::from_secs(3600), || false);
        });
        let thread = thread.unwrap();
        while !thread.is_finished() {
            sleeper.wake_from_long();
            std::thread::yield_now();
        }
    }
}
