//! Which archive is meant, and how it is reached.

use entrenar::research::archive::{
    Archive, ArchiveApi, ConnectError, Connection, DataverseConfig, FIGSHARE, FigshareConfig,
};
use entrenar::research::{
    ArchiveDeposit, Importance, MissingField, ResearchArtifact, ZenodoConfig,
};

use super::place;
use crate::errors::Failure;

/// What archives with lists of their own want from these.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Lists {
    /// A category of Figshare's list, by title or number; Figshare wants one at least
    #[arg(long, value_name = "NAME")]
    category: Vec<String>,
    /// A subject of Dataverse's list, such as 'Computer and Information Science'
    #[arg(long, value_name = "NAME")]
    subject: Option<String>,
    /// The address for questions at a Dataverse, where it is not that of the account
    #[arg(long, value_name = "E-MAIL")]
    contact: Option<String>,
}

impl Lists {
    /// What is said now, else what was said when the deposit was begun.
    pub(super) fn or(&self, first: &Self) -> Self {
        let mut lists = self.clone();
        if lists.category.is_empty() {
            lists.category.clone_from(&first.category);
        }
        lists.subject = lists.subject.or_else(|| first.subject.clone());
        lists.contact = lists.contact.or_else(|| first.contact.clone());
        lists
    }
}

/// An archive, without a token.
#[derive(Debug)]
pub(super) enum Target {
    /// Zenodo, or another that runs InvenioRDM.
    Invenio(ZenodoConfig),
    /// Figshare, by the address of its API.
    Figshare(String),
    /// A Dataverse: its address, and the collection.
    Dataverse(String, String),
}

impl Target {
    /// The archive of that name or address. An address that ends in `/v2` is Figshare's API, one
    /// with `/dataverse/NAME` the page of a collection in a Dataverse.
    pub(super) fn of(to: &str) -> Result<Self, Failure> {
        let address = to.trim_end_matches('/');
        if to == "figshare" {
            return Ok(Self::Figshare(FIGSHARE.to_owned()));
        }
        if address.contains("://") && address.ends_with("/v2") {
            return Ok(Self::Figshare(address.to_owned()));
        }
        match address.rsplit_once("/dataverse/") {
            Some((url, collection)) if url.contains("://") && !collection.contains('/') => {
                Ok(Self::Dataverse(url.to_owned(), collection.to_owned()))
            }
            _ => place::config(to).map(Self::Invenio),
        }
    }

    /// The address by which it is found again.
    pub(super) fn base_url(&self) -> Result<String, Failure> {
        // The address is judged by the same rules everywhere.
        let judged = |url: &str| place::base_url(&ZenodoConfig::new("").with_base_url(url));
        match self {
            Self::Invenio(config) => place::base_url(config),
            Self::Figshare(url) => judged(url),
            Self::Dataverse(url, collection) => {
                Ok(format!("{}/dataverse/{collection}", judged(url)?))
            }
        }
    }

    pub(super) fn api(&self) -> ArchiveApi {
        match self {
            Self::Invenio(_) => ArchiveApi::Records,
            Self::Figshare(_) => ArchiveApi::Figshare,
            Self::Dataverse(..) => ArchiveApi::Dataverse,
        }
    }

    /// The variable that holds the token.
    pub(super) fn variable(&self) -> &'static str {
        match self {
            Self::Invenio(_) => "ZENODO_TOKEN",
            Self::Figshare(_) => "FIGSHARE_TOKEN",
            Self::Dataverse(..) => "DATAVERSE_TOKEN",
        }
    }

    /// The archive; `known` is the API that it was found to speak earlier.
    pub(super) fn connect(
        self,
        token: &str,
        lists: &Lists,
        known: Option<ArchiveApi>,
        connection: &Connection,
    ) -> Result<Box<dyn Archive>, ConnectError> {
        match self {
            Self::Invenio(config) => {
                let config = config.with_token(token);
                match known {
                    Some(api) => config.connect_as(api, connection),
                    None => config.connect(connection),
                }
            }
            Self::Figshare(url) => figshare(&url, token, lists).connect(connection),
            Self::Dataverse(url, collection) => {
                dataverse(&url, &collection, token, lists).connect(connection)
            }
        }
    }

    /// What the archive insists on and nobody gave, as sentences.
    pub(super) fn missing(&self, artifact: &ResearchArtifact, lists: &Lists) -> Vec<String> {
        let items = match self {
            Self::Invenio(_) => {
                let deposit = ArchiveDeposit::new(ZenodoConfig::new("known")).with_file("a file");
                match deposit.prepare(artifact) {
                    Ok(prepared) => prepared.missing().to_vec(),
                    Err(_unusable) => Vec::new(),
                }
            }
            Self::Figshare(url) => figshare(url, "known", lists).missing(artifact),
            Self::Dataverse(url, collection) => {
                dataverse(url, collection, "known", lists).missing(artifact)
            }
        };
        items
            .iter()
            .filter(|item| item.importance == Importance::Required)
            .filter(|item| item.field != MissingField::Token)
            .map(|item| match item.field {
                MissingField::Category => format!("{} `--category NAME`", item.message),
                MissingField::Subject => format!("{} `--subject NAME`", item.message),
                _ => item.message.clone(),
            })
            .collect()
    }
}

fn figshare(url: &str, token: &str, lists: &Lists) -> FigshareConfig {
    let config = FigshareConfig::new(token).with_base_url(url);
    lists
        .category
        .iter()
        .fold(config, FigshareConfig::with_category)
}

fn dataverse(url: &str, collection: &str, token: &str, lists: &Lists) -> DataverseConfig {
    let mut config = DataverseConfig::new(url, token, collection);
    if let Some(subject) = &lists.subject {
        config = config.with_subject(subject);
    }
    if let Some(contact) = &lists.contact {
        config = config.with_contact(contact);
    }
    config
}
