use std::io::{self, IsTerminal as _};

use entrenar::store::Store as _;

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::figures;
use crate::term::{Line, Tone};

/// Remove sessions from the store
///
/// The files that they were read from stay. The store's log keeps that they were there.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar rm 3f2a91
  entrenar rm --yes 3f2a91 b07c44")]
pub(crate) struct Args {
    /// Ids of sessions, or the beginnings of them
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let mut ids = Vec::new();
        for id in &self.ids {
            let (_, id) = app.find(id)?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        if !self.yes && !confirmed(app, &ids)? {
            app.err.line(&Line::new().dim("nothing was removed"))?;
            return Ok(Exit::Done);
        }
        let mut store = app.store_to_write()?;
        for id in &ids {
            store.remove(id)?;
            app.out
                .line(&Line::new().plain("removed ").and(Tone::Id, id))?;
        }
        Ok(Exit::Done)
    }
}

fn confirmed(app: &mut App, ids: &[String]) -> Result<bool, Failure> {
    if !(io::stdin().is_terminal() && app.err.is_terminal()) {
        return Err(
            Failure::usage("nobody can be asked: this is not a terminal")
                .hint("`--yes` removes without asking"),
        );
    }
    for session in app.sessions(ids)? {
        let line = Line::of(Tone::Id, &session.id)
            .plain("  ")
            .and(Tone::Strong, &session.name)
            .dim(format!(
                "  {}, {}",
                figures::count(session.code_history.len(), "cell", "cells"),
                figures::count(session.metrics.point_count(), "point", "points")
            ));
        app.err.line(&line)?;
    }
    let what = figures::count(ids.len(), "session", "sessions");
    app.err
        .ask(&Line::new().plain(format!("Remove {what} from the store? [y/N] ")))?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(|error| {
        Failure::new(Exit::InputFailed, "cannot read the answer").because(&error)
    })?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
