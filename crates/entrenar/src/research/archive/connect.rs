//! From a configuration to an archive that can be asked.

use std::sync::Arc;

use serde_json::Value;

use super::api::Archive;
use super::client::invenio::{InvenioArchive, PartRule};
use super::client::legacy::LegacyArchive;
use super::config::{DepositError, ZenodoApi, ZenodoConfig};
use super::error::ArchiveError;
use super::http::{Again, Credential, Http, HttpLimits, RequestBody, SystemTimer, Timer};
use super::state::ArchiveApi;

/// How an archive is reached: time, limits, and when files are sent in parts.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Time.
    pub timer: Arc<dyn Timer>,
    /// Limits.
    pub limits: HttpLimits,
    /// When files are sent in parts.
    pub parts: PartRule,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            timer: Arc::new(SystemTimer),
            limits: HttpLimits::default(),
            parts: PartRule::default(),
        }
    }
}

/// An archive cannot be connected to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The address cannot be used.
    #[error(transparent)]
    Config(#[from] DepositError),
    /// There is no token; make one at the archive.
    #[error("there is no access token that could be sent")]
    NoToken,
    /// The archive does not answer as one.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

impl ZenodoConfig {
    /// The archive. With [`ZenodoApi::Auto`] it is asked which API it speaks.
    ///
    /// # Errors
    /// If the configuration cannot be used, or no archive answers.
    pub fn connect(&self, connection: &Connection) -> Result<Box<dyn Archive>, ConnectError> {
        let http = self.http(connection)?;
        let api = match self.api() {
            ZenodoApi::Auto => detect(&http)?,
            ZenodoApi::Records => ArchiveApi::Records,
            ZenodoApi::Legacy => ArchiveApi::Legacy,
        };
        Ok(self.archive(http, api, connection))
    }

    /// The archive, which was found to speak `api` earlier; nothing is asked.
    ///
    /// # Errors
    /// If the configuration cannot be used.
    pub fn connect_as(
        &self,
        api: ArchiveApi,
        connection: &Connection,
    ) -> Result<Box<dyn Archive>, ConnectError> {
        let http = self.http(connection)?;
        Ok(self.archive(http, api, connection))
    }

    fn http(&self, connection: &Connection) -> Result<Http, ConnectError> {
        let base = self.target()?.base_url;
        if !self.has_token() {
            return Err(ConnectError::NoToken);
        }
        let timer = Arc::clone(&connection.timer);
        let token = Credential::bearer(self.token());
        Ok(Http::new(&base, Some(token), timer, connection.limits))
    }

    fn archive(&self, http: Http, api: ArchiveApi, connection: &Connection) -> Box<dyn Archive> {
        match api {
            ArchiveApi::Legacy => Box::new(LegacyArchive::new(http)),
            _ => Box::new(InvenioArchive::new(
                http,
                self.publisher(),
                connection.parts,
            )),
        }
    }
}

/// Which of the two APIs a server speaks: the records API where it lists the user's records, the
/// deposit API where it does not and lists depositions.
fn detect(http: &Http) -> Result<ArchiveApi, ArchiveError> {
    let ask = |path| http.json("GET", path, RequestBody::None, Again::Safe);
    let what = match ask("/api/user/records?size=1") {
        Ok(found) if found.pointer("/hits/hits").is_some_and(Value::is_array) => {
            return Ok(ArchiveApi::Records);
        }
        Ok(_) => "its list of records has no records".to_owned(),
        Err(ArchiveError::NotFound { .. }) => "it has neither /api/user/records nor \
            /api/deposit/depositions"
            .to_owned(),
        Err(error) => return Err(error),
    };
    match ask("/api/deposit/depositions?size=1") {
        Ok(Value::Array(_)) => Ok(ArchiveApi::Legacy),
        Ok(_) | Err(ArchiveError::NotFound { .. } | ArchiveError::NotAnArchive { .. }) => {
            Err(ArchiveError::NotAnArchive {
                host: http.host().to_owned(),
                what,
            })
        }
        Err(error) => Err(error),
    }
}
