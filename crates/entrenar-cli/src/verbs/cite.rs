use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};
use entrenar::preserve;
use entrenar::research::Reference;
use entrenar::research::format::{Format, FormatError};
use entrenar::research::graph::CitedWork;

use crate::app::App;
use crate::cited;
use crate::errors::{Exit, Failure};
use crate::metadata;
use crate::save;
use crate::statement::Statement;
use crate::styled::Styled;

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
  entrenar cite 3f2a91 --format zenodo -o .zenodo.json
  entrenar cite 3f2a91 --style apa
  entrenar cite 3f2a91 --style ieee --locale de --text html
  entrenar cite 3f2a91 --csl my-journal.csl --in-text
  entrenar cite 3f2a91 --upstream > upstream.bib     (all that it builds on, as BibLaTeX)
  entrenar cite 3f2a91 --upstream --style nature

Styles: apa, ieee, chicago-author-date, chicago-notes, mla, vancouver, nature and about 80 more
(`--style list` shows them), or any file of the Citation Style Language.")]
pub(crate) struct Args {
    /// The session's id or the beginning of it
    id: String,
    /// The format
    #[arg(long, short, default_value = "biblatex", value_parser = formats())]
    format: Format,
    /// Everything that the session cites, and that those sessions cite, instead of itself
    #[arg(long, conflicts_with = "format")]
    upstream: bool,
    #[command(flatten)]
    styled: Styled,
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
        if self.styled.wants_list() {
            return Styled::list(app);
        }
        let style = self.styled.style()?;
        let session = app.session(&self.id)?;
        let options = self.statement.options(app, &session.id)?;
        let mut text = if self.upstream {
            let (graph, root) = cited::graph(app, &session.id, &options)?;
            match style {
                Some(style) => {
                    let works: Vec<Reference> = graph
                        .upstream(root)
                        .into_iter()
                        .filter_map(|node| graph.work(node))
                        .map(|work| match work {
                            CitedWork::Artifact(artifact) => Reference::from(&**artifact),
                            CitedWork::Reference(reference) => (**reference).clone(),
                        })
                        .collect();
                    self.styled.write(&style, &works)?
                }
                None => graph.upstream_biblatex(root),
            }
        } else {
            metadata::tell_files(app, &session, &options)?;
            let artifact = preserve::describe(&session, &options);
            match style {
                Some(style) => self.styled.write(&style, &[Reference::from(&artifact)])?,
                None => self
                    .format
                    .write(&artifact)
                    .map_err(|error| refused(self.format, &error))?,
            }
        };
        if !text.ends_with('\n') && !text.is_empty() {
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
