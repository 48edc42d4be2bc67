use entrenar::store::{Finding, ListQuery, Store as _};
use serde_json::json;

use crate::app::App;
use crate::errors::{DOCTOR_HINT, Exit, Failure};
use crate::figures;
use crate::term::{Line, Tone};

/// Look for damage in the store
///
/// Checks the file's pages, the hashes of all documents, that every series can be read, and the
/// chain of the log. Ends with exit code 4 where something is damaged.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar doctor
  entrenar --store copy.db doctor --json")]
pub(crate) struct Args {
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        self.look(app).map_err(|failure| {
            failure.other_hint(DOCTOR_HINT, "bring back a copy made by `entrenar backup`")
        })
    }

    fn look(self, app: &mut App) -> Result<Exit, Failure> {
        let path = app.store_path()?;
        let store = app.store_if_there()?;
        let (sessions, findings) = match &store {
            Some(store) => (store.list(&ListQuery::default())?.len(), store.check()?),
            None => (0, Vec::new()),
        };
        let exit = if findings.is_empty() {
            Exit::Done
        } else {
            Exit::Store
        };
        if self.json {
            let found = |f: &Finding| json!({ "session": f.session, "message": f.message });
            app.out.json(&json!({
                "store": path.to_string_lossy(),
                "exists": store.is_some(),
                "sessions": sessions,
                "findings": findings.iter().map(found).collect::<Vec<_>>(),
            }))?;
            return Ok(exit);
        }
        app.out
            .long_line(&Line::of(Tone::Dim, "store ").plain(path.display().to_string()))?;
        if store.is_none() {
            app.out
                .line(&Line::new().dim("not there yet; the first import makes it"))?;
            return Ok(exit);
        }
        for finding in &findings {
            let mut line = Line::of(Tone::Bad, "damaged ");
            if let Some(id) = &finding.session {
                line.push(Tone::Id, id);
                line.push(Tone::Plain, " ");
            }
            app.out.long_line(&line.plain(&finding.message))?;
        }
        if findings.is_empty() {
            let sessions = figures::count(sessions, "session", "sessions");
            app.out
                .line(&Line::of(Tone::Good, "sound ").dim(format!("({sessions})")))?;
        }
        Ok(exit)
    }
}
