use std::path::PathBuf;

use entrenar::export::model_card::{self, ModelCardOptions};
use entrenar::export::session_json::{self, Times};
use entrenar::export::{croissant, csv, jsonl, notebook, prov, ruchy_script};
use entrenar::preserve;
use entrenar::session::SourceFormat;
use entrenar::store::Store as _;

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::gate::{self, GateArgs};
use crate::save;
use crate::statement::Statement;

/// Write a session in another format
///
/// A session that was read from a notebook gives back exactly the bytes of that notebook; any
/// other becomes a notebook of format 4.5. `json` is session.json, `csv` and `jsonl` hold all
/// points of all metrics, `ruchy` is a script of the cells. `prov` is W3C PROV-JSON: which cell,
/// run, person and program made what. `croissant` is MLCommons Croissant 1.1: metrics.csv with its
/// columns and checksum, for data set tools. `model-card` is a README for the Hugging Face Hub;
/// with --task its metadata hold the results.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar export 3f2a91 --format notebook -o again.ipynb
  entrenar export 3f2a91 --format notebook --public --redact-secrets -o shared.ipynb
  entrenar export 3f2a91 --format csv > metrics.csv
  entrenar export 3f2a91 --format jsonl | jq .value
  entrenar export 3f2a91 --format prov -o provenance.json
  entrenar export 3f2a91 --format croissant --license CC-BY-4.0 -o croissant.json
  entrenar export 3f2a91 --format model-card --task text-generation -o README.md")]
pub(crate) struct Args {
    /// The session's id or the beginning of it
    id: String,
    /// The format
    #[arg(long, short, value_enum)]
    format: Format,
    /// The task of the model card's results, as the Hub names it: text-classification
    #[arg(long, value_name = "TASK", value_parser = task)]
    task: Option<String>,
    #[command(flatten)]
    statement: Statement,
    /// Write nothing that holds what looks like a credential: others will see it
    #[arg(long)]
    public: bool,
    #[command(flatten)]
    gate: GateArgs,
    /// Write to this file, replacing it [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    Notebook,
    Json,
    Csv,
    Jsonl,
    Ruchy,
    Prov,
    Croissant,
    ModelCard,
    #[cfg(feature = "parquet")]
    Parquet,
}

fn task(text: &str) -> Result<String, String> {
    if model_card::is_task(text) {
        Ok(text.to_owned())
    } else {
        Err("a task has lower-case letters, digits and hyphens, such as text-generation".to_owned())
    }
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        if self.task.is_some() && !matches!(self.format, Format::ModelCard) {
            return Err(
                Failure::usage("--task is about the results of a model card")
                    .hint("say `--format model-card`, or leave --task out"),
            );
        }
        let (store, id) = app.find(&self.id)?;
        let mut session = store.session(&id)?;
        let mut source = store.source(&id)?;
        let is_notebook = session
            .source
            .as_ref()
            .is_some_and(|source| source.format == SourceFormat::Jupyter);
        // Who says what is to be done with credentials means that there are to be none.
        let is_public = self.public || self.gate != GateArgs::default();
        if self.gate.redact_secrets {
            (session, source) = self.gate.copy(session, source)?;
        }
        let bytes = match self.format {
            Format::Notebook => {
                let own = source.filter(|_| is_notebook);
                own.unwrap_or_else(|| notebook::edition(&session))
            }
            Format::Json => session_json::to_vec(&session, Times::Recorded),
            Format::Csv => csv::metrics(&session),
            Format::Jsonl => jsonl::points(&session),
            Format::Ruchy if !ruchy_script::is_ruchy(&session) => {
                return Err(Failure::usage(format!("session {id} is not Ruchy code"))
                    .hint("`--format notebook` gives its cells"));
            }
            Format::Ruchy => ruchy_script::script(&session),
            Format::Prov => {
                let artifact =
                    preserve::describe(&session, &self.statement.options(app, &session.id)?);
                prov::document(&session, &artifact)
            }
            Format::Croissant => {
                let artifact =
                    preserve::describe(&session, &self.statement.options(app, &session.id)?);
                let table = csv::metrics(&session);
                croissant::document(&session, &artifact, &table).ok_or_else(|| {
                    Failure::usage(format!("session {id} has no metrics to describe"))
                        .hint("`--format prov` says what is known of its cells")
                })?
            }
            #[cfg(feature = "parquet")]
            Format::Parquet => entrenar::export::parquet::metrics(&session)
                .map_err(|error| Failure::usage(error.to_string()))?,
            Format::ModelCard => {
                let artifact =
                    preserve::describe(&session, &self.statement.options(app, &session.id)?);
                let options = ModelCardOptions {
                    task: self.task.clone(),
                };
                model_card::document(&session, &artifact, &options)
            }
        };
        if is_public {
            gate::pass(app, &self.gate.document(&session, &bytes), false)?;
        }
        save::document(app, self.output.as_deref(), &bytes)?;
        Ok(Exit::Done)
    }
}
