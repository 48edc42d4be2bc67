//! Runs a program for a bounded time and keeps a bounded part of what it writes.

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

/// What a program wrote to its standard output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    /// The first bytes of it.
    pub(super) bytes: Vec<u8>,
    /// Whether there was more.
    pub(super) cut: bool,
    /// Whether the program ended well; unknown, so false, where `cut`.
    pub(super) success: bool,
}

impl Written {
    /// The only line of a program that ended well.
    pub(super) fn line(self) -> Option<String> {
        let text = String::from_utf8(self.bytes).ok()?;
        let text = text.trim();
        (self.success && !text.is_empty()).then(|| text.to_owned())
    }
}

/// Runs `program` and waits at most `patience`; keeps at most `limit` bytes. `None` where it cannot be
/// started or does not end in time (it is then killed).
pub(super) fn run(
    program: &Path,
    args: &[&str],
    limit: usize,
    patience: Duration,
) -> Option<Written> {
    let until = Instant::now().checked_add(patience)?;
    let mut child = Command::new(program)
        .args(args)
        .env("LC_ALL", "C")
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let Some(mut out) = child.stdout.take() else {
        reap(child);
        return None;
    };
    let (sender, receiver) = sync_channel(1);
    // A thread of its own: a grandchild may keep the pipe open for ever.
    let reader = Builder::new()
        .name("entrenar-program".to_owned())
        .spawn(move || {
            let mut bytes = Vec::new();
            let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
            let read = out.by_ref().take(most).read_to_end(&mut bytes);
            drop(sender.send(read.map(|_| bytes)));
        });
    let read = match reader {
        Ok(_) => receiver.recv_timeout(patience).ok().and_then(Result::ok),
        Err(_) => None,
    };
    let Some(mut bytes) = read else {
        reap(child);
        return None;
    };
    if bytes.len() > limit {
        bytes.truncate(limit);
        reap(child);
        return Some(Written {
            bytes,
            cut: true,
            success: false,
        });
    }
    loop {
        match child.try_wait() {
            Ok(Some(status)) => {
                return Some(Written {
                    bytes,
                    cut: false,
                    success: status.success(),
                });
            }
            Ok(None) if Instant::now() < until => thread::sleep(Duration::from_millis(2)),
            Ok(None) | Err(_) => {
                reap(child);
                return None;
            }
        }
    }
}

/// Ends a program without waiting for it: one that hangs in the kernel ends when it can.
fn reap(mut child: Child) {
    // It may have ended by itself.
    drop(child.kill());
    let waiter = Builder::new()
        .name("entrenar-program".to_owned())
        .spawn(move || drop(child.wait()));
    drop(waiter);
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, limit: usize, patience: Duration) -> Option<Written> {
        run(Path::new("/bin/sh"), &["-c", script], limit, patience)
    }

    #[test]
    fn output_and_end_of_a_program() {
        let long = Duration::from_secs(20);
        let written = shell("echo a; exit 0", 10, long).unwrap();
        assert_eq!(written.line().as_deref(), Some("a"));
        let failed = shell("echo a; exit 3", 10, long).unwrap();
        assert_eq!((failed.success, failed.line()), (false, None));
        let cut = shell("echo 0123456789; sleep 60", 4, long).unwrap();
        assert_eq!((cut.bytes.as_slice(), cut.cut), (&b"0123"[..], true));
    }

    #[test]
    fn a_program_that_hangs_is_not_waited_for() {
        let begin = Instant::now();
        let patience = Duration::from_millis(50);
        assert_eq!(shell("exec sleep 60", 10, patience), None);
        // The grandchild keeps the pipe open.
        assert_eq!(shell("sleep 60 & wait", 10, patience), None);
        assert_eq!(shell("exec 1>&-; sleep 60", 10, patience), None);
        assert!(begin.elapsed() < Duration::from_secs(30));
        assert_eq!(run(Path::new("/no/such/program"), &[], 10, patience), None);
    }
}
