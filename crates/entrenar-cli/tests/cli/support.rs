//! Runs the program in an environment of its own and shows all it did.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use entrenar::export::session_json::{self, Times};
use entrenar::session::{CodeCell, EntrenarSession, FixedClock};

/// A working directory with a home and a store, removed at the end.
pub(crate) struct Home {
    folder: tempfile::TempDir,
}

/// What a run of the program printed and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Ran {
    pub(crate) fn out(&self) -> String {
        String::from_utf8(self.stdout.clone()).unwrap()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8(self.stderr.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}", self.out()))
    }
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("work")).unwrap();
        Self { folder }
    }

    /// The working directory.
    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// The default store's file.
    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("data/entrenar/entrenar.db")
    }

    /// Copies a recording into the working directory, with a fixed modification time.
    pub(crate) fn recording(&self, name: &str) -> &Self {
        let from = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/data")
            .join(name);
        self.file(name, &fs::read(&from).unwrap())
    }

    /// Writes a file into the working directory, with a fixed modification time.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> &Self {
        let path = self.work().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file = File::create(&path).unwrap();
        file.write_all(bytes).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_300_000);
        file.set_modified(time).unwrap();
        self
    }

    /// Imports a session that was made in the test.
    pub(crate) fn session(&self, session: &EntrenarSession) -> &Self {
        let name = format!("made-{}.json", self.work().read_dir().unwrap().count());
        self.file(&name, &session_json::to_vec(session, Times::All));
        let ran = self.run(&["import", &name]);
        assert_eq!(ran.code, Some(0), "{}", ran.err());
        fs::remove_file(self.work().join(name)).unwrap();
        self
    }

    /// The command, without anything of the surroundings.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_entrenar"));
        command
            .env_clear()
            .env("HOME", self.folder.path())
            .env("XDG_DATA_HOME", self.folder.path().join("data"))
            .env("TZ", "Asia/Kathmandu")
            .current_dir(self.work())
            .args(args)
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        ran(self.command(args).output().unwrap())
    }

    pub(crate) fn run_with(&self, args: &[&str], stdin: &[u8]) -> Ran {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that does not read its input closes the pipe.
        drop(child.stdin.take().unwrap().write_all(stdin));
        ran(child.wait_with_output().unwrap())
    }

    /// The command line with all that it printed, for a snapshot.
    pub(crate) fn transcript(&self, args: &[&str]) -> String {
        self.show(args, &self.run(args))
    }

    pub(crate) fn show(&self, args: &[&str], ran: &Ran) -> String {
        let mut text = format!("$ entrenar {}\n{}", args.join(" "), ran.out());
        if !ran.stderr.is_empty() {
            text.push_str("--- stderr\n");
            text.push_str(&ran.err());
        }
        text.push_str(&format!("--- exit code {}\n", ran.code.unwrap()));
        self.settle(&text)
    }

    /// Replaces what differs from run to run: the folder and the time of import.
    fn settle(&self, text: &str) -> String {
        let text = text.replace(&self.folder.path().display().to_string(), "$HOME");
        let key = "\"imported_at\": \"";
        text.lines()
            .map(|line| match line.split_once(key) {
                Some((before, _)) => format!("{before}{key}…\",\n"),
                None => format!("{}\n", without_parquet(line)),
            })
            .collect()
    }
}

/// The line as it is without the feature `parquet`, which adds a format and a file.
fn without_parquet(line: &str) -> String {
    if !cfg!(feature = "parquet") {
        return line.to_owned();
    }
    let line = line.replace("model-card, parquet]", "model-card]");
    // The files of a deposit are not those of the folder.
    let Some((before, after)) = line
        .split_once(" files, ")
        .filter(|_| !line.starts_with("files "))
    else {
        return line;
    };
    let digits = before.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (before, count) = before.split_at(digits);
    match count.parse::<u32>() {
        Ok(count) => format!("{before}{} files, {after}", count - 1),
        Err(_) => line,
    }
}

fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code(),
        stdout: output.stdout,
        stderr: output.stderr,
    }
}

pub(crate) fn clock(seconds: i64) -> FixedClock {
    FixedClock(chrono::DateTime::from_timestamp(1_795_343_018 + seconds, 0).unwrap())
}

/// A session with known figures.
pub(crate) fn lora(id: &str, name: &str, rank: i32) -> EntrenarSession {
    let mut session = EntrenarSession::new_at(id, name, &clock(i64::from(rank)))
        .with_user("ana")
        .with_architecture("llama-7b")
        .with_config("rank", rank.to_string())
        .with_config("lr", "1e-4")
        .with_tag("lora");
    for step in 0..40 {
        let step = f64::from(step);
        session
            .metrics
            .add_loss(f64::from(rank) / 32.0 / (1.0 + step / 4.0));
        session.metrics.add_accuracy(100.0 - 50.0 / (1.0 + step));
    }
    session
        .metrics
        .add_custom("f1", 0.5 + f64::from(rank) / 1000.0);
    session.add_code_cell(CodeCell {
        execution_order: 1,
        source: "model = load_model(\"llama-7b\")\ntrainer.train()".into(),
        output: Some("Training completed.".into()),
        timestamp: clock(1).0,
        duration_ms: Some(45_000),
    });
    session.end_at(&clock(i64::from(rank) + 3700));
    session
}

/// A store with two sessions of known figures.
pub(crate) fn two() -> Home {
    let home = Home::new();
    home.session(&lora("aaaa-64", "LoRA, rank 64", 64));
    home.session(&lora("bbbb-16", "LoRA, rank 16", 16));
    home
}

/// The paths of all files in a folder with their bytes.
pub(crate) fn files(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in next.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.push((name, fs::read(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}
