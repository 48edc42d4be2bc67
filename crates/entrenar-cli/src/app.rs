//! The command line as a whole: global options, verbs, and what every verb needs.

use std::cell::Cell;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{CommandFactory as _, FromArgMatches as _, Parser};
use entrenar::session::{EntrenarSession, SystemClock};
use entrenar::store::{SqliteStore, Store as _, StoreMode};

use crate::errors::{Exit, Failure};
use crate::store_path;
use crate::term::{ColourChoice, Line, Stream, Tone};
use crate::verbs::{self, Verb};

/// A flight recorder for interactive machine-learning training.
#[derive(Debug, Parser)]
#[command(
    name = "entrenar",
    version,
    arg_required_else_help = true,
    subcommand_value_name = "VERB",
    subcommand_help_heading = "Verbs",
    max_term_width = 100,
    after_long_help = EXIT_CODES,
)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

/// Options that every verb takes, before or after its name.
#[derive(Debug, clap::Args)]
struct Global {
    /// The store's file [default: entrenar/entrenar.db in the XDG data directory]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "ENTRENAR_STORE",
        hide_env_values = true,
        help_heading = "Global options"
    )]
    store: Option<PathBuf>,
    /// When to use colours
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        hide_possible_values = true,
        help_heading = "Global options"
    )]
    color: ColourChoice,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done; warnings do not change that
  1  some input could not be read; the rest was done
  2  the command line cannot be understood
  3  no such session, or several
  4  the store cannot be opened, read or written, or is damaged
  5  the output is there already or cannot be written
  6  what was verified does not hold; what was checked is incomplete
  7  what was to be written holds what looks like a credential
  8  an archive did not do what it was asked; the deposit can go on";

/// What `entrenar --help` says: everything on one screen of 24 lines.
const HELP: &str = "\
Keeps what happened in a training session, shows it, and makes it citable.

Usage: entrenar [OPTIONS] VERB …   (entrenar VERB --help: options and examples)

  preserve FILE      read, keep, show, and write a citable artifact folder
  import FILE…       keep sessions from files, folders, globs, or - for stdin
  list               find sessions by tag, text, date or metric; sort them
  log, tail ID       record points from a script; follow what is recorded
  show, plot ID…     metadata, runs, metrics, cells; charts, here or as SVG
  compare A B…       what differs, metrics side by side, one chart
  export ID          as notebook, json, csv, jsonl, ruchy, PROV, Croissant, …
  cite, references   as BibTeX, CITATION.cff, APA, …; what it cites itself
  crate ID           as RO-Crate with files of yours: folder, zip or bag
  deposit ID         at Zenodo or another archive, as a draft or published
  artifact VERB ID   show, edit, check what is stated: authors, licence, …
  verify DIR|ZIP|ID  whether an artifact is as it was
  sign, preregister  sign and timestamp it; commit to a plan beforehand; keygen
  tag, note, rename, rm, redact (a secret); backup and doctor for the store

  --store FILE       the store [env ENTRENAR_STORE; default: XDG data directory]
  --color WHEN       auto, always or never [NO_COLOR is honoured]
  -h, --help; -V, --version   (verbs for your shell: completions, man DIR)

Exit: 1 input, 2 usage, 3 session, 4 store, 5 output, 6 verify, 7 secret, 8 net
";

/// The command with all its verbs, for completions and man pages.
pub(crate) fn command() -> clap::Command {
    Cli::command()
}

/// What a command line asks for.
pub(crate) enum Invocation {
    /// A verb.
    Run {
        /// What every verb needs.
        app: Box<App>,
        /// The verb.
        verb: Box<Verb>,
    },
    /// Help or an error, which was printed.
    Answered(Exit),
}

/// Reads the command line; help, version and errors are printed here.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Invocation {
    let parsed = command()
        .override_help(HELP)
        .try_get_matches_from(verbs::spell_out(args.into_iter().collect()))
        .and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed {
        Ok(Cli { global, verb }) => Invocation::Run {
            app: Box::new(App {
                out: Stream::stdout(global.color),
                err: Stream::stderr(global.color),
                store: global.store,
                orphans: Cell::new(0),
            }),
            verb: Box::new(verb),
        },
        Err(error) => Invocation::Answered(answer(&error)),
    }
}

fn answer(error: &clap::Error) -> Exit {
    if error.use_stderr() {
        let mut stderr = Stream::stderr(ColourChoice::Auto);
        let text = error.render().to_string();
        for line in text.trim_end().lines() {
            let line = match line.strip_prefix("error:") {
                Some(rest) => Line::of(Tone::Bad, "error").plain(":").plain(rest),
                None => match line.strip_prefix("hint:") {
                    Some(rest) => Line::of(Tone::Good, "hint").plain(":").plain(rest),
                    None => Line::new().plain(line),
                },
            };
            if stderr.long_line(&line).is_err() {
                break;
            }
        }
        return Exit::Usage;
    }
    let mut stdout = Stream::stdout(ColourChoice::Auto);
    let printed = stdout.help(&error.render()).and_then(|()| stdout.flush());
    match printed.map_err(Failure::from) {
        Ok(()) => Exit::Done,
        Err(failure) => failure.exit(),
    }
}

/// The verb of a command line that was read before and is read again.
pub(crate) fn verb_of(args: impl IntoIterator<Item = OsString>) -> Option<Verb> {
    let matches = command().try_get_matches_from(args).ok()?;
    Some(Cli::from_arg_matches(&matches).ok()?.verb)
}

/// Nobody may write into a folder.
#[derive(Debug, thiserror::Error)]
#[error("nobody may write into {}", .0.display())]
struct Closed(PathBuf);

/// The folder in which the missing `path` would have to be made, if nobody may write into it.
fn closed_folder(path: &Path) -> Option<PathBuf> {
    path.ancestors()
        .skip(1)
        .map(|folder| match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => folder,
        })
        .find_map(|folder| Some((folder, fs::metadata(folder).ok()?)))
        .filter(|(_, found)| found.permissions().readonly())
        .map(|(folder, _)| folder.to_owned())
}

/// What every verb needs: where to print, where the store is.
#[derive(Debug)]
pub(crate) struct App {
    /// Standard output.
    pub(crate) out: Stream,
    /// Standard error.
    pub(crate) err: Stream,
    store: Option<PathBuf>,
    /// Killed recorders that left something beside a store that was looked at.
    orphans: Cell<usize>,
}

impl App {
    /// The store's file.
    pub(crate) fn store_path(&self) -> Result<PathBuf, Failure> {
        store_path::resolve(self.store.clone())
    }

    /// Makes the store's path whole, before the process goes to another folder.
    pub(crate) fn settle_store(&mut self) -> Result<(), Failure> {
        let path = self.store_path()?;
        let whole =
            std::path::absolute(&path).map_err(|error| Failure::unwritable(&path, &error))?;
        if self.store.is_some() {
            self.store = Some(whole);
        }
        Ok(())
    }

    /// The store, made if it is not there.
    pub(crate) fn store_to_write(&self) -> Result<SqliteStore, Failure> {
        let path = self.store_path()?;
        Ok(SqliteStore::open(&path, StoreMode::ReadWrite, SystemClock)?)
    }

    /// The store as it is; `None` where there is none yet, or the empty file that is left of a
    /// first import that was killed. In the end the user is told of recordings that were interrupted.
    pub(crate) fn store_if_there(&self) -> Result<Option<SqliteStore>, Failure> {
        let store = self.store_to_examine()?;
        if let Some(store) = &store {
            // A folder that cannot be read hinders nobody who reads the store.
            let orphans = store.orphans(&store.journal_folder()).unwrap_or_default();
            self.orphans.set(orphans.len());
        }
        Ok(store)
    }

    /// As [`store_if_there`](Self::store_if_there), without a word of recordings.
    pub(crate) fn store_to_examine(&self) -> Result<Option<SqliteStore>, Failure> {
        let path = self.store_path()?;
        if fs::metadata(&path).is_ok_and(|found| found.is_file() && found.len() == 0) {
            return Ok(None);
        }
        match path.try_exists() {
            Ok(false) => match closed_folder(&path) {
                None => Ok(None),
                Some(folder) => Err(Failure::new(
                    Exit::Store,
                    format!("there can be no store at {}", path.display()),
                )
                .because(&Closed(folder))
                .hint("name another file with `--store PATH` or the variable ENTRENAR_STORE")),
            },
            // Where that cannot be told, opening says why.
            Ok(true) | Err(_) => Ok(Some(SqliteStore::open(
                &path,
                StoreMode::ReadOnly,
                SystemClock,
            )?)),
        }
    }

    /// The store, which must be there, and the whole id of the session that `id` names.
    pub(crate) fn find(&self, id: &str) -> Result<(SqliteStore, String), Failure> {
        let store = self.store_if_there()?.ok_or_else(|| self.missing(id))?;
        let id = store.resolve(id)?;
        Ok((store, id))
    }

    /// As [`find`](Self::find), to change the session.
    pub(crate) fn find_to_write(&self, id: &str) -> Result<(SqliteStore, String), Failure> {
        if self.store_if_there()?.is_none() {
            return Err(self.missing(id));
        }
        let store = self.store_to_write()?;
        let id = store.resolve(id)?;
        Ok((store, id))
    }

    /// The session that `id` names.
    pub(crate) fn session(&self, id: &str) -> Result<EntrenarSession, Failure> {
        let (store, id) = self.find(id)?;
        Ok(store.session(&id)?)
    }

    /// The store, and the whole ids of the sessions that `ids` name; `None` where there is none.
    pub(crate) fn named(
        &self,
        ids: &[String],
    ) -> Result<Option<(SqliteStore, Vec<String>)>, Failure> {
        let Some(first) = ids.first() else {
            return Ok(None);
        };
        let (store, _) = self.find(first)?;
        let ids = ids.iter().map(|id| store.resolve(id));
        let ids = ids.collect::<Result<_, _>>()?;
        Ok(Some((store, ids)))
    }

    /// The sessions that `ids` name.
    pub(crate) fn sessions(&self, ids: &[String]) -> Result<Vec<EntrenarSession>, Failure> {
        let Some(first) = ids.first() else {
            return Ok(Vec::new());
        };
        let (store, _) = self.find(first)?;
        ids.iter()
            .map(|id| Ok(store.session(&store.resolve(id)?)?))
            .collect()
    }

    fn missing(&self, id: &str) -> Failure {
        let path = self.store_path().unwrap_or_default();
        Failure::new(
            Exit::NotFound,
            format!(
                "no session {id:?}: there is no store at {} yet",
                path.display()
            ),
        )
        .hint("`entrenar import FILE` makes it")
    }

    /// Prints a heading with a line before it.
    pub(crate) fn heading(&mut self, text: &str) -> Result<(), Failure> {
        self.out.gap()?;
        Ok(self.out.line(&Line::of(Tone::Strong, text))?)
    }

    /// Columns of a chart: the terminal's, up to where a chart reads well, or 80.
    pub(crate) fn chart_columns(&self) -> usize {
        self.out.columns().unwrap_or(80).min(160)
    }

    /// A command that the user may run next, on the same store.
    pub(crate) fn command(&self, words: &str) -> String {
        match &self.store {
            Some(path)
                if std::env::var_os("ENTRENAR_STORE").as_deref() != Some(path.as_os_str()) =>
            {
                format!("entrenar --store {} {words}", crate::shell::word(path))
            }
            _ => format!("entrenar {words}"),
        }
    }

    /// Prints what is left and tells how it went.
    pub(crate) fn finish(mut self, done: Result<Exit, Failure>) -> Exit {
        // What was printed before a failure comes before its message.
        let flushed = self.out.flush().map_err(Failure::from);
        self.tell_of_orphans();
        let failure = match (done, flushed) {
            (Ok(exit), Ok(())) => return exit,
            (Err(failure), _) | (Ok(_), Err(failure)) => failure,
        };
        self.tell(&failure);
        failure.exit()
    }

    fn tell_of_orphans(&mut self) {
        let count = self.orphans.get();
        if count > 0 {
            let (recordings, them) = match count {
                1 => ("1 recording was".to_owned(), "it"),
                count => (format!("{count} recordings were"), "them"),
            };
            let line = Line::of(Tone::Good, "hint")
                .plain(format!(": {recordings} interrupted by a kill or crash; "))
                .plain(format!(
                    "`{}` takes {them} into the store",
                    self.command("doctor")
                ));
            // Where standard error is closed nobody wants to know.
            drop(self.err.long_line(&line));
            drop(self.err.flush());
        }
    }

    /// Tells the user of a failure; where standard error is closed, the exit code still tells.
    pub(crate) fn tell(&mut self, failure: &Failure) {
        let program = self.command("");
        drop(failure.tell(&mut self.err, &program));
    }
}
