use std::path::PathBuf;

use entrenar::export::session_json::{self, Times};
use entrenar::export::{csv, jsonl, notebook, ruchy_script};
use entrenar::session::SourceFormat;
use entrenar::store::Store as _;

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::save;

/// Write a session in another format
///
/// A session that was read from a notebook gives back exactly the bytes of that notebook; any
/// other becomes a notebook of format 4.5. `json` is session.json, `csv` and `jsonl` hold all
/// points of all metrics, `ruchy` is a script of the cells.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar export 3f2a91 --format notebook -o again.ipynb
  entrenar export 3f2a91 --format csv > metrics.csv
  entrenar export 3f2a91 --format jsonl | jq .value")]
pub(crate) struct Args {
    /// The session's id or the beginning of it
    id: String,
    /// The format
    #[arg(long, short, value_enum)]
    format: Format,
    /// Write to this file, replacing it [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    Notebook,
    Json,
    Csv,
    Jsonl,
    Ruchy,
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let (store, id) = app.find(&self.id)?;
        let session = store.session(&id)?;
        let is_notebook = session
            .source
            .as_ref()
            .is_some_and(|source| source.format == SourceFormat::Jupyter);
        let bytes = match self.format {
            Format::Notebook => {
                let own = if is_notebook {
                    store.source(&id)?
                } else {
                    None
                };
                own.unwrap_or_else(|| notebook::edition(&session))
            }
            Format::Json => session_json::to_vec(&session, Times::Recorded),
            Format::Csv => csv::metrics(&session),
            Format::Jsonl => jsonl::points(&session),
            Format::Ruchy if !ruchy_script::is_ruchy(&session) => {
                return Err(Failure::usage(format!("session {id} is not Ruchy code"))
                    .hint("`--format notebook` gives its cells"));
            }
            Format::Ruchy => ruchy_script::script(&session),
        };
        save::document(app, self.output.as_deref(), &bytes)?;
        Ok(Exit::Done)
    }
}
