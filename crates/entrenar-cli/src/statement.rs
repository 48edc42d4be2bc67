//! What a person states about a session when it is published.

use chrono::NaiveDate;
use clap::builder::NonEmptyStringValueParser;
use entrenar::preserve::PreserveOptions;
use entrenar::research::metadata::{ArtifactMetadata, MetadataOrigin, MetadataSource};
use entrenar::research::{
    Affiliation, Author, Funding, License, RelatedIdentifier, ResearchArtifact,
};

use crate::app::App;
use crate::cited;
use crate::errors::Failure;
use crate::metadata;
use crate::when;

/// Statements that `preserve`, `cite` and the other verbs of artifacts take.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Metadata (see also `entrenar artifact --help`)")]
pub(crate) struct Statement {
    /// An author, with e-mail address and ORCID iD where known: 'Ana Silva <ana@example.org>
    /// (0000-0002-1825-0097)' (repeatable)
    #[arg(long, value_name = "NAME", value_parser = author)]
    author: Vec<Author>,
    /// Where those authors work of whom it is not known otherwise (repeatable)
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    affiliation: Vec<String>,
    /// The title [default: the session's name]
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    title: Option<String>,
    /// The licence, as an SPDX expression: MIT, CC-BY-4.0
    #[arg(long, value_name = "SPDX", value_parser = license)]
    license: Option<License>,
    /// The day of publication
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = when::day)]
    date: Option<NaiveDate>,
    /// A keyword, instead of all others (repeatable)
    #[arg(long, value_name = "WORD", value_parser = NonEmptyStringValueParser::new())]
    keyword: Vec<String>,
    /// Who paid: 'Funder' or 'Funder, number of the award' (repeatable)
    #[arg(long, value_name = "FUNDER", value_parser = funding)]
    funding: Vec<Funding>,
    /// What it relates to: 'IsSupplementTo doi:10.1234/x'; without a relation it is cited
    /// (repeatable)
    #[arg(long, value_name = "[RELATION] ID", value_parser = related)]
    related: Vec<RelatedIdentifier>,
    /// Read no entrenar.toml, CITATION.cff, codemeta.json or .zenodo.json
    #[arg(long)]
    no_metadata_files: bool,
}

fn author(text: &str) -> Result<Author, String> {
    Author::parse(text).map_err(|error| error.to_string())
}

fn license(text: &str) -> Result<License, String> {
    License::parse(text)
        .map_err(|error| format!("{error}; https://spdx.org/licenses lists the identifiers"))
}

fn funding(text: &str) -> Result<Funding, String> {
    Funding::parse(text).map_err(|error| error.to_string())
}

fn related(text: &str) -> Result<RelatedIdentifier, String> {
    RelatedIdentifier::parse(text).map_err(|error| error.to_string())
}

fn some<T: Clone>(items: &[T]) -> Option<Vec<T>> {
    (!items.is_empty()).then(|| items.to_vec())
}

impl Statement {
    /// Everything that is stated about the session of that (whole) id: the options, what was
    /// written for it in the store, and the metadata files. What could not be taken of a file
    /// is told on standard error.
    ///
    /// The artifact is `preserve::describe(&session, &options)`.
    pub(crate) fn options(&self, app: &mut App, id: &str) -> Result<PreserveOptions, Failure> {
        let mut sources = vec![MetadataSource::new(MetadataOrigin::Flags, self.flags())];
        sources.extend(metadata::sources(app, id, !self.no_metadata_files)?);
        let references = cited::of_session(app, id, &sources)?;
        Ok(PreserveOptions {
            metadata: sources,
            references,
            ..PreserveOptions::default()
        })
    }

    /// Tells what is wrong with the metadata files, before anything is done.
    pub(crate) fn check_files(&self) -> Result<(), Failure> {
        if self.no_metadata_files {
            return Ok(());
        }
        metadata::check_files()
    }

    /// Nothing is stated on the command line.
    pub(crate) fn none() -> Self {
        Self {
            author: Vec::new(),
            affiliation: Vec::new(),
            title: None,
            license: None,
            date: None,
            keyword: Vec::new(),
            funding: Vec::new(),
            related: Vec::new(),
            no_metadata_files: false,
        }
    }

    fn flags(&self) -> ArtifactMetadata {
        let affiliations: Vec<Affiliation> =
            self.affiliation.iter().map(Affiliation::new).collect();
        ArtifactMetadata {
            authors: some(&self.author),
            affiliations: some(&affiliations),
            title: self.title.clone(),
            license: self.license.clone(),
            date: self.date,
            keywords: some(&self.keyword),
            funding: some(&self.funding),
            related: some(&self.related),
            ..ArtifactMetadata::default()
        }
    }

    /// The flags that could have said what the artifact lacks.
    pub(crate) fn absent(artifact: &ResearchArtifact) -> Vec<&'static str> {
        let mut absent = Vec::new();
        if artifact.authors.is_empty() {
            absent.push("--author NAME");
        }
        if artifact.license.is_none() {
            absent.push("--license SPDX");
        }
        if artifact.release_date.is_none() {
            absent.push("--date YYYY-MM-DD");
        }
        absent
    }
}
