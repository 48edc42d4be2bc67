use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};
use entrenar::preserve;
use entrenar::research::format::{Format, FormatError};

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::save;
use crate::statement::Statement;

/// Print a description of a session for citation managers, archives and search engines
///
/// Title, authors, ORCID iDs, DOI, licence, version and dates are the same in every format. Nothing
/// is invented: without --date there is no year, and without an author there is none. A format that
/// insists on something says that it is not recorded (CITATION.cff: the author; DataCite: author,
/// publisher and DOI) or is refused (DataCite without a year).
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar cite 3f2a91 >> references.bib
  entrenar cite 3f2a91 --format bibtex-classic
  entrenar cite 3f2a91 --format cff -o CITATION.cff
  entrenar cite 3f2a91 --format datacite-json --date 2026-11-22 --author 'Ana Silva'
  entrenar cite 3f2a91 --format zenodo -o .zenodo.json")]
pub(crate) struct Args {
    /// The session's id or the beginning of it
    id: String,
    /// The format
    #[arg(long, short, default_value = "biblatex", value_parser = formats())]
    format: Format,
    #[command(flatten)]
    statement: Statement,
    /// Write to this file, replacing it [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

fn formats() -> impl clap::builder::TypedValueParser<Value = Format> {
    let values = Format::ALL.iter().map(|format| {
        let value = PossibleValue::new(format.name()).help(format.title());
        match format {
            // Most people say BibTeX and mean what their editor of today reads.
            Format::Biblatex => value.alias("bibtex"),
            _ => value,
        }
    });
    PossibleValuesParser::new(values).try_map(|name| match name.as_str() {
        "bibtex" => Ok(Format::Biblatex),
        name => name.parse(),
    })
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let session = app.session(&self.id)?;
        let artifact = preserve::describe(&session, &self.statement.options(app, &session.id)?);
        let mut text = self
            .format
            .write(&artifact)
            .map_err(|error| refused(self.format, &error))?;
        if !text.ends_with('\n') {
            text.push('\n');
        }
        save::document(app, self.output.as_deref(), text.as_bytes())?;
        Ok(Exit::Done)
    }
}

fn refused(format: Format, error: &FormatError) -> Failure {
    let failure = Failure::new(Exit::Usage, format!("cannot write {format}")).because(error);
    match error {
        FormatError::NoYear => failure.hint("state the day of publication: `--date YYYY-MM-DD`"),
        _ => failure,
    }
}
