use std::path::PathBuf;

use entrenar::preserve;
use entrenar::research::CitationMetadata;

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::save;
use crate::statement::Statement;

/// Print a citation of a session
///
/// Nothing is invented: without --date there is no year, and without an author BibTeX has none
/// (CITATION.cff, which insists on one, says that the author is not recorded).
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar cite 3f2a91 >> references.bib
  entrenar cite 3f2a91 --format cff -o CITATION.cff
  entrenar cite 3f2a91 --date 2026-11-22")]
pub(crate) struct Args {
    /// The session's id or the beginning of it
    id: String,
    /// The format
    #[arg(long, short, value_enum, default_value = "bibtex")]
    format: Format,
    #[command(flatten)]
    statement: Statement,
    /// Write to this file, replacing it [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    Bibtex,
    Cff,
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let session = app.session(&self.id)?;
        let artifact = preserve::describe(&session, &self.statement.options());
        let citation = CitationMetadata::without_year(&artifact);
        let mut text = match self.format {
            Format::Bibtex => citation.to_bibtex(),
            Format::Cff => citation.to_cff(),
        };
        if !text.ends_with('\n') {
            text.push('\n');
        }
        save::document(app, self.output.as_deref(), text.as_bytes())?;
        Ok(Exit::Done)
    }
}
