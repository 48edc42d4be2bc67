//! Where segments and journal files lie: the seam at which tests cut, freeze and fail.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::map::Region;

/// What keeps segments and journal files. [`FileSystem`] is the real one.
pub trait Storage: Debug + Send + Sync {
    /// Makes a new segment of `bytes` bytes, all allocated, zero and touched.
    ///
    /// # Errors
    /// When there is no space, or the file exists.
    fn allocate(&self, path: &Path, bytes: usize) -> io::Result<Region>;

    /// Makes a new, empty journal file.
    ///
    /// # Errors
    /// When the system refuses, or the file exists.
    fn create(&self, path: &Path) -> io::Result<Box<dyn LogFile>>;

    /// Gives a segment its next name.
    ///
    /// # Errors
    /// When the system refuses.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Deletes a segment or journal file.
    ///
    /// # Errors
    /// When the system refuses.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes names of files in a folder survive a power loss.
    ///
    /// # Errors
    /// When the system refuses.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// A journal file being written.
pub trait LogFile: Debug + Send {
    /// Writes all bytes at an offset: the end of the file, or where an earlier write failed.
    ///
    /// # Errors
    /// When the system refuses; the same bytes are then written again at the same offset, or none at all.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Returns when all written bytes survive a power loss.
    ///
    /// # Errors
    /// When they may not. The journal then writes no more.
    fn sync(&mut self) -> io::Result<()>;
}

/// What a folder's file system is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Medium {
    /// Memory: `log` never waits for a disk, and a kill loses nothing.
    Memory,
    /// A local disk: a kill loses nothing, but a stalled disk can delay `log`.
    Disk,
    /// A network file system, on which no file should be mapped.
    Network,
}

/// The machine's file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileSystem {
    /// Whether segments are mapped files. Where not, they are memory of the process, and a kill loses what
    /// was not written to the journal yet (100 ms by default).
    pub map: bool,
}

impl FileSystem {
    /// Maps segments unless their folder is on a network file system.
    #[must_use]
    pub fn for_segments(folder: &Path) -> Self {
        Self {
            map: medium(folder) != Medium::Network,
        }
    }
}

impl Storage for FileSystem {
    fn allocate(&self, path: &Path, bytes: usize) -> io::Result<Region> {
        if !self.map {
            return Ok(Region::memory(bytes));
        }
        let file = private()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)?;
        let region = allocate_all(&file, bytes).and_then(|()| Region::map(&file));
        if region.is_err()
            && let Err(error) = fs::remove_file(path)
        {
            return Err(error);
        }
        region
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn LogFile>> {
        Ok(Box::new(private().write(true).create_new(true).open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if self.map {
            fs::rename(from, to)
        } else {
            Ok(())
        }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        if cfg!(unix) {
            File::open(folder)?.sync_all()
        } else {
            Ok(())
        }
    }
}

impl LogFile for File {
    #[cfg(unix)]
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(self, bytes, offset)
    }

    #[cfg(not(unix))]
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        use std::io::{Seek as _, Write as _};
        self.seek(io::SeekFrom::Start(offset))?;
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()?;
        // A deleted file takes every write, and keeps none.
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::nlink(&self.metadata()?) == 0 {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "the file was deleted",
            ));
        }
        Ok(())
    }
}

/// Options of files that only their user may read.
pub(crate) fn private() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "modes exist on Unix"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Takes the space of a whole file now, so that no later store into its mapping can fail.
fn allocate_all(file: &File, bytes: usize) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{FallocateFlags, fallocate};
        let length = u64::try_from(bytes).map_err(io::Error::other)?;
        loop {
            match fallocate(file, FallocateFlags::empty(), 0, length) {
                Ok(()) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => break,
                Err(error) => return Err(error.into()),
            }
        }
    }
    let zeros = [0; 65536];
    let (mut file, mut left) = (file, bytes);
    while left > 0 {
        let part = zeros.get(..left.min(zeros.len())).unwrap_or_default();
        io::Write::write_all(&mut file, part)?;
        left -= part.len();
    }
    file.sync_data()
}

/// What kind of file system a folder is on; [`Medium::Disk`] where that cannot be told.
#[must_use]
pub fn medium(folder: &Path) -> Medium {
    #[cfg(target_os = "linux")]
    {
        /// linux/magic.h, and what the programs' own headers say.
        const MEMORY: [i64; 2] = [0x0102_1994 /* tmpfs */, 0x8584_58f6 /* ramfs */];
        const NETWORK: [i64; 13] = [
            0x6969,      // NFS
            0x517b,      // SMB
            0xff53_4d42, // CIFS
            0xfe53_4d42, // SMB2
            0x6573_5546, // FUSE: sshfs and others; mapping shared files is not for all of them
            0x0102_1997, // 9P
            0x00c3_6400, // Ceph
            0x0bd0_0bd0, // Lustre
            0x5346_414f, // AFS
            0x4750_4653, // GPFS
            0x1983_0326, // BeeGFS
            0x7375_7245, // Coda
            0x0116_1970, // GFS2
        ];
        if let Ok(found) = rustix::fs::statfs(folder) {
            #[expect(
                clippy::useless_conversion,
                reason = "its width depends on the machine"
            )]
            let kind = i64::from(found.f_type);
            if MEMORY.contains(&kind) {
                return Medium::Memory;
            }
            if NETWORK.contains(&kind) {
                return Medium::Network;
            }
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = folder;
    Medium::Disk
}

/// A folder in memory for segments: the first of `/dev/shm` and the given ones (a caller passes
/// `XDG_RUNTIME_DIR`) that really is memory and may be written.
#[must_use]
pub fn memory_folder(more: &[&Path]) -> Option<PathBuf> {
    let first: &[&Path] = if cfg!(target_os = "linux") {
        &[Path::new("/dev/shm")]
    } else {
        &[]
    };
    let mut folders = first.iter().chain(more);
    folders
        .find(|folder| medium(folder) == Medium::Memory && is_writable(folder))
        .map(|f| f.to_path_buf())
}

fn is_writable(folder: &Path) -> bool {
    #[cfg(unix)]
    {
        use rustix::fs::{Access, access};
        access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok()
    }
    #[cfg(not(unix))]
    fs::metadata(folder).is_ok_and(|found| !found.permissions().readonly())
}
