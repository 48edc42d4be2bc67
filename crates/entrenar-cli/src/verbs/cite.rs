use std::path::PathBuf;

use chrono::{Datelike as _, NaiveDate};
use entrenar::ecosystem::session_to_artifact;
use entrenar::research::CitationMetadata;

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::save;
use crate::when;

/// Print a citation of a session
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
    /// The day of publication; without it the citation has no year
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = when::day)]
    date: Option<NaiveDate>,
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
        let artifact = session_to_artifact(&session).map_err(|error| {
            Failure::new(
                Exit::InputFailed,
                format!("cannot cite session {}", session.id),
            )
            .because(&error)
        })?;
        let citation = match self.date {
            Some(date) => CitationMetadata::from_artifact(&artifact, date.year()),
            None => CitationMetadata::without_year(&artifact),
        };
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
