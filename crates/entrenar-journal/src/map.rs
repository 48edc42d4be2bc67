//! Memory that several threads and processes share, the guard against forks, and two instructions of the
//! processor (checksum, counter): the only file with `unsafe` code.
//!
//! A [`Region`] is seen as atomic words and nothing else, so that no two accesses are a data race,
//! whatever another thread, a reader in another process, or a damaged file does.
#![expect(
    unsafe_code,
    reason = "memory maps and two instructions; every other file is safe code"
)]

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::MmapRaw;

/// Preallocated words: a mapped file, or plain memory where no file can be mapped.
#[derive(Debug)]
pub struct Region(Backing);

#[derive(Debug)]
enum Backing {
    /// The mapping and its length in words.
    Mapped(MmapRaw, usize),
    Memory(Box<[AtomicU64]>),
}

impl Region {
    /// Maps a file whose bytes are all allocated, and touches every page.
    ///
    /// The file must not be truncated while it is mapped: an access behind its end kills the process.
    /// The journal creates its files itself (new, private to the user) and never truncates one.
    ///
    /// # Errors
    /// When the system refuses, or the file is empty or not a whole number of words.
    pub fn map(file: &File) -> io::Result<Self> {
        let length = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        if length == 0 || !length.is_multiple_of(8) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "length is not a multiple of 8",
            ));
        }
        let map = memmap2::MmapOptions::new()
            .len(length)
            .populate()
            .map_raw(file)?;
        Ok(Self(Backing::Mapped(map, length / 8)))
    }

    /// Plain memory of this process: it does not survive a kill.
    #[must_use]
    pub fn memory(bytes: usize) -> Self {
        Self(Backing::Memory(
            (0..bytes / 8).map(|_| AtomicU64::new(0)).collect(),
        ))
    }

    /// The words, in the order of the file.
    #[inline]
    pub fn words(&self) -> &[AtomicU64] {
        match &self.0 {
            // SAFETY: the mapping is `words * 8` bytes long (see `map`), lives as long as `self`, begins at
            // a page and so is aligned, is readable and writable, and is touched through these atomics
            // alone. Every bit pattern is a valid `AtomicU64`.
            Backing::Mapped(map, words) => unsafe {
                std::slice::from_raw_parts(map.as_mut_ptr().cast::<AtomicU64>(), *words)
            },
            Backing::Memory(words) => words,
        }
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words().len() * 8
    }

    /// Whether there is not one word.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words().is_empty()
    }

    /// Whether the words survive a kill of this process.
    #[must_use]
    pub const fn is_mapped(&self) -> bool {
        matches!(self.0, Backing::Mapped(..))
    }

    /// Stores bytes, the last word filled up with zeros; `word` is the index of the first word. What does
    /// not fit is left out.
    pub(crate) fn write(&self, word: usize, bytes: &[u8]) {
        let target = self.words().get(word..).unwrap_or_default();
        let (whole, rest) = bytes.as_chunks::<8>();
        let mut last = [0; 8];
        for (last, byte) in last.iter_mut().zip(rest) {
            *last = *byte;
        }
        let tail = (!rest.is_empty()).then_some(&last);
        for (word, bytes) in target.iter().zip(whole.iter().chain(tail)) {
            word.store(u64::from_le_bytes(*bytes).to_le(), Ordering::Relaxed);
        }
    }

    /// Appends `length` bytes from the word of index `word` to `out`; false where there are not as many.
    pub(crate) fn read(&self, word: usize, length: usize, out: &mut Vec<u8>) -> bool {
        let Some(words) = self
            .words()
            .get(word..)
            .and_then(|w| w.get(..length.div_ceil(8)))
        else {
            return false;
        };
        let end = out.len() + length;
        out.reserve(words.len() * 8);
        for word in words {
            out.extend_from_slice(&u64::from_le(word.load(Ordering::Relaxed)).to_le_bytes());
        }
        out.truncate(end);
        true
    }

    /// All bytes, as they would be in the file.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.read(0, self.len(), &mut out);
        out
    }
}

/// Tells the process that made it from its forked children: without a system call on Linux.
#[derive(Debug)]
pub(crate) struct ForkGuard {
    pid: u32,
    /// A page that the kernel shows as zeros to a forked child (Linux 4.14 and later).
    #[cfg(target_os = "linux")]
    page: Option<memmap2::MmapMut>,
}

impl ForkGuard {
    #[cfg(target_os = "linux")]
    pub(crate) fn new() -> io::Result<Self> {
        const PAGE: usize = 4096;
        let mut page = memmap2::MmapMut::map_anon(PAGE)?;
        // SAFETY: the range is exactly the private, anonymous mapping just made; wiping it in a child cannot
        // hurt anybody, since nobody else knows it and any byte is a valid `u8`.
        let advised = unsafe {
            rustix::mm::madvise(
                page.as_mut_ptr().cast(),
                page.len(),
                rustix::mm::Advice::LinuxWipeOnFork,
            )
        };
        if let Some(first) = page.first_mut() {
            *first = 1;
        }
        Ok(Self {
            pid: std::process::id(),
            page: advised.is_ok().then_some(page),
        })
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            pid: std::process::id(),
        })
    }

    /// Whether this is the process that made the guard.
    #[inline]
    pub(crate) fn is_owner(&self) -> bool {
        #[cfg(target_os = "linux")]
        if let Some(page) = &self.page {
            // SAFETY: the page is mapped, readable and longer than a byte; nobody writes it after `new`, and a
            // child sees another, zeroed page from its first instruction on. Volatile, because to the
            // compiler nothing could change the byte.
            return unsafe { page.as_ptr().read_volatile() == 1 };
        }
        std::process::id() == self.pid
    }
}

/// CRC-32C of seven words, as bytes in little-endian order, after a checksum of what came before.
#[inline]
pub(crate) fn checksum_words(seed: u32, words: &[u64; 7]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("sse4.2") {
        // SAFETY: the processor has the instruction.
        return unsafe { checksum_words_sse42(seed, words) };
    }
    checksum_words_portable(seed, words)
}

fn checksum_words_portable(seed: u32, words: &[u64; 7]) -> u32 {
    words.iter().fold(seed, |seed, word| {
        crc32c::crc32c_append(seed, &word.to_le_bytes())
    })
}

/// The crate's function costs 21 ns for 56 bytes, this 4.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse4.2")]
fn checksum_words_sse42(seed: u32, words: &[u64; 7]) -> u32 {
    let state = words.iter().fold(u64::from(!seed), |state, word| {
        std::arch::x86_64::_mm_crc32_u64(state, *word)
    });
    !crate::slot::halves(state).0
}

/// The processor's time stamp counter, where there is one. Whether it is a clock the caller must know.
#[inline]
#[cfg_attr(
    all(target_arch = "x86_64", target_os = "linux", not(miri)),
    expect(clippy::unnecessary_wraps, reason = "other processors have none")
)]
pub(crate) fn ticks() -> Option<u64> {
    #[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
    {
        // SAFETY: every processor of this architecture has the instruction, which reads a register; Linux lets
        // programs use it unless they forbade it to themselves (`PR_SET_TSC`).
        Some(unsafe { std::arch::x86_64::_rdtsc() })
    }
    #[cfg(not(all(target_arch = "x86_64", target_os = "linux", not(miri))))]
    None
}

/// `fork(2)`, for the test of what a child does: its id in the parent, `None` in the child.
///
/// # Errors
/// When the system refuses.
#[cfg(all(unix, feature = "faults"))]
pub fn fork() -> io::Result<Option<u32>> {
    // SAFETY: the test's child runs code that needs no lock of another thread; glibc makes its own
    // allocator usable in the child.
    let id = unsafe { libc::fork() };
    match u32::try_from(id) {
        Ok(0) => Ok(None),
        Ok(id) => Ok(Some(id)),
        Err(_) => Err(io::Error::last_os_error()),
    }
}

/// Ends the process at once, without destructors and handlers, as a forked child must.
#[cfg(all(unix, feature = "faults"))]
pub fn exit_now(code: i32) -> ! {
    // SAFETY: `_exit` has no precondition.
    unsafe { libc::_exit(code) }
}

/// Waits for a forked child; its exit code, or `None` if a signal ended it.
///
/// # Errors
/// When the system refuses.
#[cfg(all(unix, feature = "faults"))]
pub fn wait_for(child: u32) -> io::Result<Option<i32>> {
    let mut status = 0;
    let id = libc::pid_t::try_from(child).map_err(io::Error::other)?;
    // SAFETY: `status` is a valid place for an int.
    if unsafe { libc::waitpid(id, &raw mut status, 0) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_of_words_agree_with_those_of_bytes() {
        let mut word = 0x0123_4567_89ab_cdef_u64;
        for round in 0..200 {
            let words = std::array::from_fn(|_| {
                word = word.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(round);
                word
            });
            let bytes: Vec<u8> = words
                .iter()
                .flat_map(|word: &u64| word.to_le_bytes())
                .collect();
            let seed = crate::slot::halves(word).0;
            assert_eq!(
                checksum_words(seed, &words),
                crc32c::crc32c_append(seed, &bytes)
            );
            assert_eq!(
                checksum_words_portable(seed, &words),
                crc32c::crc32c_append(seed, &bytes)
            );
        }
    }

    #[test]
    fn a_region_reads_back_what_was_written() {
        let region = Region::memory(64);
        region.write(1, b"eleven byte");
        region.write(7, &[1; 100]);
        let mut bytes = Vec::new();
        assert!(region.read(1, 11, &mut bytes));
        assert_eq!(bytes, b"eleven byte");
        assert!(!region.read(7, 9, &mut bytes));
        assert_eq!(region.bytes()[56..], [1; 8]);
    }
}
