//! One file per verb: its arguments and what it does.

mod artifact;
mod backup;
mod cite;
mod compare;
mod completions;
mod crate_;
mod deposit;
mod doctor;
mod export;
mod import;
mod keygen;
mod list;
mod log;
mod man;
mod note;
mod plot;
mod preregister;
mod preserve;
mod redact;
mod references;
mod rename;
mod rm;
mod show;
mod sign;
mod tag;
mod tail;
mod verify;

pub(crate) use tag::spell_out;

use crate::app::App;
use crate::errors::{Exit, Failure};

/// What the user wants.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    Preserve(preserve::Args),
    Import(import::Args),
    List(list::Args),
    Show(show::Args),
    Plot(plot::Args),
    Compare(compare::Args),
    Export(export::Args),
    Cite(cite::Args),
    Artifact(artifact::Args),
    References(references::Args),
    Verify(verify::Args),
    Sign(sign::Args),
    Preregister(preregister::Args),
    Keygen(keygen::Args),
    Crate(crate_::Args),
    Deposit(deposit::Args),
    Log(log::Args),
    Tail(tail::Args),
    Tag(tag::Args),
    Note(note::Args),
    Rename(rename::Args),
    Rm(rm::Args),
    Redact(redact::Args),
    Backup(backup::Args),
    Doctor(doctor::Args),
    Completions(completions::Args),
    Man(man::Args),
}

impl Verb {
    /// Does it.
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        match self {
            Self::Preserve(args) => args.run(app),
            Self::Import(args) => args.run(app),
            Self::List(args) => args.run(app),
            Self::Show(args) => args.run(app),
            Self::Plot(args) => args.run(app),
            Self::Compare(args) => args.run(app),
            Self::Export(args) => args.run(app),
            Self::Cite(args) => args.run(app),
            Self::Artifact(args) => args.run(app),
            Self::References(args) => args.run(app),
            Self::Verify(args) => args.run(app),
            Self::Sign(args) => args.run(app),
            Self::Preregister(args) => args.run(app),
            Self::Keygen(args) => args.run(app),
            Self::Crate(args) => args.run(app),
            Self::Deposit(args) => args.run(app),
            Self::Log(args) => args.run(app),
            Self::Tail(args) => args.run(app),
            Self::Tag(args) => args.run(app),
            Self::Note(args) => args.run(app),
            Self::Rename(args) => args.run(app),
            Self::Rm(args) => args.run(app),
            Self::Redact(args) => args.run(app),
            Self::Backup(args) => args.run(app),
            Self::Doctor(args) => args.run(app),
            Self::Completions(args) => args.run(app),
            Self::Man(args) => args.run(app),
        }
    }
}
