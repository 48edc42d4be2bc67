use entrenar::store::Store as _;

use crate::app::App;
use crate::cited;
use crate::errors::{Exit, Failure};
use crate::term::{Line, Tone};

/// Remove works that a session cites
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar references rm 3f2a91 hu2022lora
  entrenar references rm 3f2a91 --all")]
pub(crate) struct Args {
    /// The session's id or the beginning of it
    id: String,
    /// Keys, as `references list` shows them
    #[arg(value_name = "KEY", required_unless_present = "all")]
    keys: Vec<String>,
    /// All of them
    #[arg(long, conflicts_with = "keys")]
    all: bool,
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let (mut store, id) = app.find_to_write(&self.id)?;
        if self.all {
            store.set_references(&id, None)?;
            app.out.line(&Line::new().dim("all references removed"))?;
            return Ok(Exit::Done);
        }
        let mut references = cited::in_store(&store, &id)?;
        for key in &self.keys {
            if !references.iter().any(|it| it.key.as_deref() == Some(key)) {
                let message = format!("session {id} cites nothing of the key {key}");
                return Err(Failure::new(Exit::NotFound, message)
                    .hint(format!("`entrenar references list {id}` shows the keys")));
            }
        }
        references.retain(|it| !self.keys.iter().any(|key| it.key.as_deref() == Some(key)));
        cited::keep(&mut store, &id, &references)?;
        for key in &self.keys {
            app.out
                .line(&Line::new().plain("removed ").and(Tone::Id, key))?;
        }
        Ok(Exit::Done)
    }
}
