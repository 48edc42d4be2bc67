//! How to reach Figshare or a Dataverse.

use std::fmt;
use std::sync::Arc;

use super::api::Archive;
use super::client::dataverse::DataverseArchive;
use super::client::figshare::FigshareArchive;
use super::config::{DepositError, Token, check_base_url};
use super::connect::{ConnectError, Connection};
use super::http::{Credential, Http};
use super::missing::{self, MissingItem};
use crate::research::ResearchArtifact;
use crate::research::format::dataverse::SUBJECTS;

/// Figshare's own address.
pub const FIGSHARE: &str = "https://api.figshare.com/v2";

/// How to reach Figshare. The token is never shown.
#[derive(Debug, Clone)]
pub struct FigshareConfig {
    token: Token,
    base_url: Result<String, DepositError>,
    categories: Vec<String>,
}

impl FigshareConfig {
    /// Figshare, with that personal token.
    pub fn new(token: impl Into<String>) -> Self {
        Self {
            token: Token(token.into()),
            base_url: Ok(FIGSHARE.to_owned()),
            categories: Vec::new(),
        }
    }

    /// Uses another address of its API, with the version in it.
    #[must_use]
    pub fn with_base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = check_base_url(&url.into());
        self
    }

    /// Adds a category of Figshare's list, by its id or title; it publishes nothing without one.
    #[must_use]
    pub fn with_category(mut self, category: impl Into<String>) -> Self {
        self.categories.push(category.into());
        self
    }

    /// What Figshare insists on and nobody gave: nothing is put in its place.
    pub fn missing(&self, artifact: &ResearchArtifact) -> Vec<MissingItem> {
        missing::of_figshare(
            artifact,
            self.token.is_usable(),
            !self.categories.is_empty(),
        )
    }

    /// The archive.
    ///
    /// # Errors
    /// If the configuration cannot be used.
    pub fn connect(&self, connection: &Connection) -> Result<Box<dyn Archive>, ConnectError> {
        let credential = |token: &str| Credential::new("authorization", "token ", token);
        let http = reach(&self.base_url, &self.token, credential, connection)?;
        Ok(Box::new(FigshareArchive::new(
            http,
            self.categories.clone(),
        )))
    }
}

/// How to reach a Dataverse installation. The token is never shown.
#[derive(Debug, Clone)]
pub struct DataverseConfig {
    token: Token,
    base_url: Result<String, DepositError>,
    collection: String,
    subject: Option<String>,
    contact: Option<String>,
}

impl DataverseConfig {
    /// The installation at `url`, with that API token, and the collection (by its alias) in which
    /// datasets are made.
    pub fn new(
        url: impl Into<String>,
        token: impl Into<String>,
        collection: impl Into<String>,
    ) -> Self {
        Self {
            token: Token(token.into()),
            base_url: check_base_url(&url.into()),
            collection: collection.into(),
            subject: None,
            contact: None,
        }
    }

    /// Sets the subject, one of Dataverse's list; it takes no dataset without one.
    #[must_use]
    pub fn with_subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Sets the address for questions, where it is not the account's.
    #[must_use]
    pub fn with_contact(mut self, address: impl Into<String>) -> Self {
        self.contact = Some(address.into());
        self
    }

    /// The subjects that Dataverse knows.
    pub fn subjects() -> &'static [&'static str] {
        &SUBJECTS
    }

    /// What Dataverse insists on and nobody gave: nothing is put in its place.
    pub fn missing(&self, artifact: &ResearchArtifact) -> Vec<MissingItem> {
        missing::of_dataverse(artifact, self.token.is_usable(), self.subject.as_deref())
    }

    /// The archive.
    ///
    /// # Errors
    /// If the configuration cannot be used.
    pub fn connect(&self, connection: &Connection) -> Result<Box<dyn Archive>, ConnectError> {
        let credential = |token: &str| Credential::new("x-dataverse-key", "", token);
        let http = reach(&self.base_url, &self.token, credential, connection)?;
        Ok(Box::new(DataverseArchive::new(
            http,
            self.collection.clone(),
            self.subject.clone(),
            self.contact.clone(),
        )))
    }
}

impl fmt::Display for FigshareConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(&self.base_url, f)
    }
}

impl fmt::Display for DataverseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(&self.base_url, f)
    }
}

/// The archive's address; never the token.
fn show(base_url: &Result<String, DepositError>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match base_url {
        Ok(url) => f.write_str(url),
        Err(_) => f.write_str("an archive without a usable address"),
    }
}

fn reach(
    base_url: &Result<String, DepositError>,
    token: &Token,
    credential: impl FnOnce(&str) -> Credential,
    connection: &Connection,
) -> Result<Http, ConnectError> {
    let base = base_url.clone()?;
    if !token.is_usable() {
        return Err(ConnectError::NoToken);
    }
    let timer = Arc::clone(&connection.timer);
    let credential = credential(token.0.trim());
    Ok(Http::new(&base, Some(credential), timer, connection.limits))
}
