use entrenar::export::session_json::{self, Times};
use entrenar::store::Store as _;

use crate::app::App;
use crate::cells;
use crate::errors::{Exit, Failure};
use crate::summary;
use crate::term::{Line, Tone};

/// Show metadata, runs, metrics and cells of a session
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar show 3f2a91
  entrenar show 3f2a91 --no-cells
  entrenar show 3f2a91 --full | less -R
  entrenar show 3f2a91 --json | jq '.metrics[].name'")]
pub(crate) struct Args {
    /// The session's id or the beginning of it
    id: String,
    /// Show the cells (the default)
    #[arg(long, overrides_with = "no_cells")]
    cells: bool,
    /// Leave the cells out
    #[arg(long)]
    no_cells: bool,
    /// Show long sources, outputs and warnings whole
    #[arg(long)]
    full: bool,
    /// Print the whole session as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let (store, id) = app.find(&self.id)?;
        let session = store.session(&id)?;
        if self.json {
            app.out
                .json_bytes(&session_json::to_vec(&session, Times::All))?;
            return Ok(Exit::Done);
        }
        app.out.line(&summary::title(&session))?;
        for line in summary::facts(&session) {
            app.out.line(&line)?;
        }
        for line in summary::forks(&store.forks(&id)?) {
            app.out.line(&line)?;
        }
        let columns = app.out.columns();
        let tables = [
            ("Runs", summary::runs(&session)),
            ("Metrics", summary::metrics(&session)),
        ];
        for (title, table) in tables {
            let Some(table) = table else { continue };
            app.heading(title)?;
            for line in table.lines(columns) {
                app.out.line(&line)?;
            }
        }
        let warnings = summary::warnings(&session.warnings, self.full);
        if !warnings.is_empty() {
            app.heading("Warnings")?;
            for line in warnings {
                app.out.line(&line)?;
            }
        }
        if session.code_history.is_empty() {
            app.out.gap()?;
            app.out.line(&Line::of(Tone::Dim, "no cells"))?;
        } else if !self.no_cells {
            app.heading("Cells")?;
            cells::print(app, &session, self.full)?;
        }
        Ok(Exit::Done)
    }
}
