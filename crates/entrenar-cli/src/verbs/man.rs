use std::fs;
use std::path::PathBuf;

use crate::app::{self, App};
use crate::errors::{Exit, Failure};
use crate::figures;
use crate::save;
use crate::term::{Line, Tone};

/// Write the manual pages
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar man ~/.local/share/man/man1
  man entrenar-preserve")]
pub(crate) struct Args {
    /// The folder to write to; it is made if it is not there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let folder = &self.folder;
        fs::create_dir_all(folder).map_err(|error| Failure::unwritable(folder, &error))?;
        let mut command = app::command();
        command.build();
        let mut pages = vec![command.clone()];
        pages.extend(
            command
                .get_subcommands()
                .filter(|c| c.get_name() != "help")
                .cloned(),
        );
        for page in &pages {
            let man = clap_mangen::Man::new(page.clone());
            let name = man.get_filename();
            let mut text = Vec::new();
            man.render(&mut text)?;
            save::file(&folder.join(name), &text)?;
        }
        let line = Line::of(Tone::Good, "wrote ")
            .plain(figures::count(pages.len(), "page", "pages"))
            .dim(" to ")
            .plain(folder.display().to_string());
        app.out.long_line(&line)?;
        Ok(Exit::Done)
    }
}
