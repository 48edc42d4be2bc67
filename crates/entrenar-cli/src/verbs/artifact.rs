mod check;
mod edit;
mod show;

use crate::app::App;
use crate::errors::{Exit, Failure};

/// Show, edit and check what is stated about a session's artifact
///
/// What a citation, crate or deposit says of a session comes from, in this order:
///
///   1. the options of the verb: --author, --license, …
///   2. what `entrenar artifact edit` keeps for the session in the store
///   3. entrenar.toml of the project: in this folder, or above it up to the one with .git
///   4. CITATION.cff, codemeta.json, .zenodo.json there: authors, licence, keywords, funding and
///      repository; their DOI becomes something that the session references
///   5. entrenar.toml of the user: ~/.config/entrenar/entrenar.toml
///   6. the session itself
///
/// The first that says something counts; keywords, subjects, related works, software and
/// hardware are collected from 3 to 6.
#[derive(Debug, clap::Args)]
#[command(
    verbatim_doc_comment,
    after_help = "\
Examples:
  entrenar artifact show 3f2a91
  entrenar artifact edit 3f2a91
  entrenar artifact edit 3f2a91 --set license=CC-BY-4.0 --set keywords=lora
  entrenar artifact check 3f2a91 --for zenodo"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Show(show::Args),
    Edit(edit::Args),
    Check(check::Args),
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        match self.what {
            What::Show(args) => args.run(app),
            What::Edit(args) => args.run(app),
            What::Check(args) => args.run(app),
        }
    }
}
