use entrenar::store::Store as _;

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::term::Line;

/// Add and remove tags of a session
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar tag 3f2a91 +lora +paper -draft
  entrenar tag 3f2a91 --add 'rank 64' --remove -h")]
pub(crate) struct Args {
    /// The session's id or the beginning of it
    id: String,
    /// `+TAG` adds, `-TAG` removes
    #[arg(value_name = "±TAG", allow_hyphen_values = true)]
    changes: Vec<String>,
    /// Add this tag (repeatable)
    #[arg(long, value_name = "TAG", allow_hyphen_values = true)]
    add: Vec<String>,
    /// Remove this tag (repeatable)
    #[arg(long, value_name = "TAG", allow_hyphen_values = true)]
    remove: Vec<String>,
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let (mut add, mut remove) = (self.add, self.remove);
        for change in self.changes {
            if let Some(tag) = change.strip_prefix('+') {
                add.push(tag.to_owned());
            } else if let Some(tag) = change.strip_prefix('-') {
                remove.push(tag.to_owned());
            } else {
                return Err(Failure::usage(format!("{change}: neither +TAG nor -TAG"))
                    .hint(format!("`+{change}` adds it, `-{change}` removes it")));
            }
        }
        if add.is_empty() && remove.is_empty() {
            return Err(Failure::usage("no tag is given").hint("`+TAG` adds, `-TAG` removes"));
        }
        if add.iter().chain(&remove).any(|tag| tag.trim().is_empty()) {
            return Err(Failure::usage("a tag cannot be empty"));
        }
        let (mut store, id) = app.find_to_write(&self.id)?;
        store.tag(&id, &add, &remove)?;
        let tags = store.session(&id)?.tags;
        app.out.line(&if tags.is_empty() {
            Line::new().dim("no tags")
        } else {
            Line::new().dim("tags ").plain(tags.join(", "))
        })?;
        Ok(Exit::Done)
    }
}
