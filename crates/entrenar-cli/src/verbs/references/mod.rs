//! The works that a session cites.

mod add;
mod list;
mod rm;

use crate::app::App;
use crate::errors::{Exit, Failure};

/// The works that a session cites: datasets, base models, papers, software, other sessions
///
/// They are kept in the store with the session, are named by `cite`, `preserve` and `crate`, and
/// make the graph that `cite --upstream` follows.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar references add 3f2a91 refs.bib
  entrenar references add 3f2a91 refs.bib --key hu2022lora --as base-model
  entrenar references add 3f2a91 --doi 10.5281/zenodo.1003150 --title 'The corpus' --as dataset
  entrenar references add 3f2a91 --session 77b0c2 --as base-model
  entrenar references list 3f2a91
  entrenar references rm 3f2a91 hu2022lora
  entrenar cite 3f2a91 --upstream > upstream.bib")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Add(add::Args),
    List(list::Args),
    Rm(rm::Args),
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        match self.what {
            What::Add(args) => args.run(app),
            What::List(args) => args.run(app),
            What::Rm(args) => args.run(app),
        }
    }
}
