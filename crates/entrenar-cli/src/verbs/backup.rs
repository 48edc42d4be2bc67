use std::fs;
use std::path::PathBuf;

use entrenar::store::Store as _;

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::figures;
use crate::term::{Line, Tone};

/// Copy the store to a file, while others may write
///
/// The copy is a store itself: `entrenar --store FILE list` reads it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar backup ~/backups/entrenar-2026-11-22.db")]
pub(crate) struct Args {
    /// The file to write, which must not be there
    file: PathBuf,
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let path = &self.file;
        if fs::symlink_metadata(path).is_ok() {
            return Err(
                Failure::new(Exit::Output, format!("{} is there already", path.display()))
                    .hint("name a file that is not there"),
            );
        }
        let Some(store) = app.store_if_there()? else {
            let path = app.store_path()?;
            return Err(Failure::new(
                Exit::Store,
                format!("no store at {}", path.display()),
            ));
        };
        store.backup(path)?;
        let size = fs::metadata(path).map_or(0, |m| m.len());
        let line = Line::of(Tone::Good, "copied ")
            .dim(format!("{} to ", figures::bytes(size)))
            .plain(path.display().to_string());
        app.out.long_line(&line)?;
        Ok(Exit::Done)
    }
}
