//! What a person states about a session when it is published.

use chrono::NaiveDate;
use entrenar::preserve::PreserveOptions;
use entrenar::research::{Author, License};

use crate::when;

/// Statements that `preserve` and `cite` take.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Statement {
    /// An author: 'Ana Silva' or 'Silva, Ana' (repeatable) [default: the session's user]
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    author: Vec<String>,
    /// The title [default: the session's name]
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    title: Option<String>,
    /// The licence, as an SPDX expression: MIT, CC-BY-4.0
    #[arg(long, value_name = "SPDX", value_parser = license)]
    license: Option<License>,
    /// The day of publication
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = when::day)]
    date: Option<NaiveDate>,
}

fn license(text: &str) -> Result<License, String> {
    License::parse(text)
        .map_err(|error| format!("{error}; https://spdx.org/licenses lists the identifiers"))
}

impl Statement {
    /// As the library takes it.
    pub(crate) fn options(&self) -> PreserveOptions {
        PreserveOptions {
            authors: self.author.iter().map(Author::new).collect(),
            title: self.title.clone(),
            license: self.license.clone(),
            date: self.date,
            ..PreserveOptions::default()
        }
    }
}
