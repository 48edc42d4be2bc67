//! A disk that fails or stands still when it is told to.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Duration;

use entrenar_journal::{FileSystem, LogFile, Region, Storage};

/// Cloned, it is the same disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// Number of the error with which writes fail; 0 for none.
    error: AtomicI32,
    frozen: AtomicBool,
}

impl Disk {
    pub(crate) fn storage(&self) -> Arc<dyn Storage> {
        Arc::new(self.clone())
    }

    /// From now on writes fail with this error number; with 0 they do not.
    pub(crate) fn fail(&self, error: i32) {
        self.0.error.store(error, Ordering::Relaxed);
    }

    /// From now on whoever writes or syncs waits, until this is called with false.
    pub(crate) fn freeze(&self, frozen: bool) {
        self.0.frozen.store(frozen, Ordering::Relaxed);
    }

    fn wait(&self) {
        while self.0.frozen.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

const REAL: FileSystem = FileSystem { map: true };

impl Storage for Disk {
    fn allocate(&self, path: &Path, bytes: usize) -> io::Result<Region> {
        REAL.allocate(path, bytes)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn LogFile>> {
        self.wait();
        Ok(Box::new(OnDisk {
            file: REAL.create(path)?,
            disk: self.clone(),
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        REAL.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        REAL.remove(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.wait();
        REAL.sync_folder(folder)
    }
}

#[derive(Debug)]
struct OnDisk {
    file: Box<dyn LogFile>,
    disk: Disk,
}

impl LogFile for OnDisk {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.disk.wait();
        match self.disk.0.error.load(Ordering::Relaxed) {
            0 => self.file.write_at(offset, bytes),
            number => Err(io::Error::from_raw_os_error(number)),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.wait();
        self.file.sync()
    }
}

/// A file system of its own in memory, of a size: what is written to it when it is full fails in the kernel.
pub(crate) struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    /// None, and said so, where the user may not mount anything.
    #[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
    pub(crate) fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = run(
            &[
                "mount",
                "-t",
                "tmpfs",
                "-o",
                &format!("size={size}"),
                "tmpfs",
            ],
            folder.path(),
        );
        if mounted {
            return Some(Self { folder });
        }
        println!("SKIPPED: a real full disk needs the right to mount one");
        None
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Gives it another size.
    pub(crate) fn resize(&self, size: &str) {
        assert!(run(
            &["mount", "-o", &format!("remount,size={size}")],
            self.path()
        ));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        run(&["umount", "--lazy"], self.folder.path());
    }
}

fn run(command: &[&str], folder: &Path) -> bool {
    let (program, arguments) = command.split_first().unwrap();
    let mut command = std::process::Command::new(program);
    let output = command.args(arguments).arg(folder).output();
    output.is_ok_and(|output| output.status.success())
}
