use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser, TypedValueParser as _};
use entrenar::preserve::{self, PreserveOptions};
use entrenar::research::graph::{identity, unique_key};
use entrenar::research::{
    Author, Doi, PartialDate, Reference, ReferenceKind, RelationType, UsedAs,
};
use entrenar::store::Store as _;

use crate::app::App;
use crate::cited;
use crate::errors::{Exit, Failure, Plain};
use crate::figures;
use crate::term::{Line, Tone};

/// Add works from a bibliography, one by its facts, or another session
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar references add 3f2a91 refs.bib
  entrenar references add 3f2a91 refs.bib --key hu2022lora --as base-model
  entrenar references add 3f2a91 CITATION.cff --as software
  entrenar references add 3f2a91 - < items.csl.json
  entrenar references add 3f2a91 --doi 10.5281/zenodo.1003150 --title 'The corpus' --as dataset
  entrenar references add 3f2a91 --session 77b0c2 --as base-model --relation IsDerivedFrom

A work that is there already (by DOI, identifier or address) is replaced. What is wrong with a file
is told with line and column; the rest of it is read.")]
pub(crate) struct Args {
    /// The session's id or the beginning of it
    id: String,
    /// BibTeX or BibLaTeX, CITATION.cff or CSL-JSON; `-` for standard input
    files: Vec<PathBuf>,
    /// Only the entry of this key (repeatable) [default: all]
    #[arg(long, value_name = "KEY", requires = "files")]
    key: Vec<String>,
    /// What the work was used as [default: by its kind]
    #[arg(long = "as", value_name = "USE", value_parser = uses())]
    used_as: Option<UsedAs>,
    /// How the session relates to it: a relation type of DataCite
    #[arg(long, value_name = "RELATION", value_parser = relation)]
    relation: Option<RelationType>,
    /// Another session of the store
    #[arg(long, value_name = "ID", conflicts_with_all = ["files", "title", "doi", "url"])]
    session: Option<String>,
    /// The DOI of a work
    #[arg(long, value_parser = doi, conflicts_with = "files")]
    doi: Option<Doi>,
    /// The title of a work
    #[arg(long, value_parser = NonEmptyStringValueParser::new(), conflicts_with = "files")]
    title: Option<String>,
    /// An author of it (repeatable)
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new(), conflicts_with = "files")]
    author: Vec<String>,
    /// When it was published: YYYY, YYYY-MM or YYYY-MM-DD
    #[arg(long, value_name = "DATE", value_parser = date, conflicts_with = "files")]
    date: Option<PartialDate>,
    /// Its address
    #[arg(long, value_parser = NonEmptyStringValueParser::new(), conflicts_with = "files")]
    url: Option<String>,
    /// What kind of work it is [default: by --as]
    #[arg(long, value_parser = kinds(), conflicts_with = "files")]
    kind: Option<ReferenceKind>,
}

fn uses() -> impl clap::builder::TypedValueParser<Value = UsedAs> {
    PossibleValuesParser::new(UsedAs::ALL.map(UsedAs::as_str))
        .try_map(|word| UsedAs::parse(&word).ok_or(Plain("no such use")))
}

fn kinds() -> impl clap::builder::TypedValueParser<Value = ReferenceKind> {
    PossibleValuesParser::new(ReferenceKind::ALL.map(ReferenceKind::as_str))
        .try_map(|word| ReferenceKind::parse(&word).ok_or(Plain("no such kind")))
}

fn relation(text: &str) -> Result<RelationType, String> {
    RelationType::parse(text).map_err(|error| {
        let names: Vec<&str> = RelationType::ALL.iter().map(|it| it.as_str()).collect();
        format!("{error}; there are {}", names.join(", "))
    })
}

fn doi(text: &str) -> Result<Doi, String> {
    Doi::parse(text).map_err(|error| error.to_string())
}

fn date(text: &str) -> Result<PartialDate, String> {
    PartialDate::parse(text).ok_or_else(|| "it is none of YYYY, YYYY-MM and YYYY-MM-DD".to_owned())
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let (store, id) = app.find(&self.id)?;
        let mut new = if self.files.is_empty() {
            vec![self.stated(app, &id)?]
        } else {
            self.read_files(app)?
        };
        drop(store);
        for reference in &mut new {
            reference.used_as = self.used_as.or(reference.used_as);
            reference.relation = self.relation.unwrap_or(reference.relation);
        }
        let (mut store, id) = app.find_to_write(&id)?;
        let mut references = cited::in_store(&store, &id)?;
        let mut taken: BTreeSet<String> = references
            .iter()
            .filter_map(|reference| Some(reference.key.as_deref()?.to_lowercase()))
            .collect();
        for mut reference in new {
            let same = identity(&reference);
            let known = references.iter_mut().find(|known| identity(known) == same);
            let (done, key) = match known {
                Some(known) => {
                    reference.key.clone_from(&known.key);
                    *known = reference;
                    ("replaced", known.key.clone().unwrap_or_default())
                }
                None => {
                    let key = unique_key(&reference, &mut taken);
                    reference.key = Some(key.clone());
                    references.push(reference);
                    ("added", key)
                }
            };
            app.out
                .line(&Line::new().plain(format!("{done} ")).and(Tone::Id, &key))?;
        }
        cited::keep(&mut store, &id, &references)?;
        let count = figures::count(references.len(), "work", "works");
        let line = Line::new().dim(format!("session {id} cites {count}"));
        app.out.line(&line)?;
        Ok(Exit::Done)
    }

    /// The work that the options describe.
    fn stated(&self, app: &App, id: &str) -> Result<Reference, Failure> {
        if let Some(other) = &self.session {
            let (store, other) = app.find(other)?;
            if other == id {
                return Err(Failure::usage("a session cannot cite itself"));
            }
            let session = store.session(&other)?;
            let described = preserve::describe(&session, &PreserveOptions::default());
            return Ok(Reference::from(&described));
        }
        if self.doi.is_none() && self.title.is_none() && self.url.is_none() {
            return Err(Failure::usage("no work is given").hint(
                "name a file (`refs.bib`), `--doi` with `--title`, or another session: `--session ID`",
            ));
        }
        let kind = self.kind.unwrap_or(match self.used_as {
            Some(UsedAs::Dataset) => ReferenceKind::Dataset,
            Some(UsedAs::BaseModel) => ReferenceKind::Model,
            Some(UsedAs::Software) => ReferenceKind::Software,
            Some(UsedAs::Paper) => ReferenceKind::Article,
            None => ReferenceKind::Other,
        });
        let mut reference = Reference::new(kind);
        reference.title.clone_from(&self.title);
        reference.authors = self.author.iter().map(Author::new).collect();
        reference.issued = self.date;
        reference.doi.clone_from(&self.doi);
        reference.url.clone_from(&self.url);
        Ok(reference)
    }

    fn read_files(&self, app: &mut App) -> Result<Vec<Reference>, Failure> {
        let mut all = Vec::new();
        for path in &self.files {
            if let Some(doi) = path.to_str().and_then(|text| Doi::parse(text).ok())
                && !path.exists()
            {
                return Err(Failure::usage(format!(
                    "{} is a DOI and no file; DOIs are not looked up",
                    path.display()
                ))
                .hint(format!(
                    "name a file (`refs.bib`), or say what it is: `--doi {doi} --title TITLE`"
                )));
            }
            all.extend(cited::read_file(app, path)?);
        }
        if self.key.is_empty() {
            if all.is_empty() {
                return Err(Failure::new(Exit::InputFailed, "no work was read"));
            }
            return Ok(all);
        }
        let has = |reference: &Reference, key: &str| reference.key.as_deref() == Some(key);
        for key in &self.key {
            if !all.iter().any(|reference| has(reference, key)) {
                let keys: Vec<&str> = all.iter().filter_map(|it| it.key.as_deref()).collect();
                let failure =
                    Failure::new(Exit::InputFailed, format!("no entry has the key {key}"));
                return Err(failure.hint(format!("there are {}", some_of(&keys))));
            }
        }
        all.retain(|reference| self.key.iter().any(|key| has(reference, key)));
        Ok(all)
    }
}

/// The first of them, and how many more there are.
fn some_of(names: &[&str]) -> String {
    const MOST: usize = 20;
    let shown: Vec<&str> = names.iter().take(MOST).copied().collect();
    match names.len().saturating_sub(MOST) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
