use entrenar::store::Store as _;

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::term::{Line, Tone};

/// Give a session another name
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar rename 3f2a91 'LoRA, rank 64'")]
pub(crate) struct Args {
    /// The session's id or the beginning of it; the id stays
    id: String,
    /// The new name
    name: String,
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let name = self.name.trim();
        if name.is_empty() {
            return Err(Failure::usage("a name cannot be empty"));
        }
        let (mut store, id) = app.find_to_write(&self.id)?;
        store.rename(&id, name)?;
        app.out
            .line(&Line::of(Tone::Id, id).plain("  ").and(Tone::Strong, name))?;
        Ok(Exit::Done)
    }
}
