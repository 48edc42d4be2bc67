use clap_complete::Shell;

use crate::app::{self, App};
use crate::errors::{Exit, Failure};

/// Print the completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar completions bash > ~/.local/share/bash-completion/completions/entrenar
  entrenar completions zsh > ~/.zfunc/_entrenar
  entrenar completions fish > ~/.config/fish/completions/entrenar.fish")]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut app::command(), "entrenar", &mut script);
        app.out.document(&script)?;
        Ok(Exit::Done)
    }
}
