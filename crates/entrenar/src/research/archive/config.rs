use std::fmt;

use crate::research::ValidationError;
use crate::research::identifier::check_url;
use crate::research::text::one_line;

/// An access token. Nothing shows it: not Debug, not an error, not JSON (it has no `Serialize`).
#[derive(Clone)]
pub(super) struct Token(pub(super) String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() {
            "(none)"
        } else {
            "(hidden)"
        })
    }
}

impl Token {
    /// Whether it could be sent in an HTTP header.
    pub(super) fn is_usable(&self) -> bool {
        let token = self.0.trim();
        !token.is_empty() && token.chars().all(|c| c.is_ascii_graphic())
    }
}

/// Which API of Zenodo is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ZenodoApi {
    /// The records API, or the deposit API where the server has no other: it is asked.
    #[default]
    Auto,
    /// InvenioRDM's records API, which Zenodo has since October 2023.
    Records,
    /// The older deposit API (`/api/deposit/depositions`).
    Legacy,
}

/// How to reach Zenodo or another archive that runs InvenioRDM.
///
/// The token is never shown, and there is no way to read it back.
///
/// ```
/// use entrenar::research::ZenodoConfig;
///
/// let config = ZenodoConfig::new("abc123").with_community("ml");
/// assert!(!format!("{config:?} {config}").contains("abc123"));
/// ```
#[derive(Debug, Clone)]
pub struct ZenodoConfig {
    token: Token,
    sandbox: bool,
    community: Option<String>,
    publisher: Option<String>,
    api: ZenodoApi,
    // Checked when it is set, so that an address with a credential in it is never kept.
    base_url: Option<Result<String, DepositError>>,
}

impl ZenodoConfig {
    /// Zenodo, with that access token.
    pub fn new(token: impl Into<String>) -> Self {
        Self {
            token: Token(token.into()),
            sandbox: false,
            community: None,
            publisher: None,
            api: ZenodoApi::Auto,
            base_url: None,
        }
    }

    /// Uses another access token.
    #[must_use]
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        self.token = Token(token.into());
        self
    }

    /// Uses Zenodo's sandbox, whose DOIs are not real.
    #[must_use]
    pub fn with_sandbox(mut self, sandbox: bool) -> Self {
        self.sandbox = sandbox;
        self
    }

    /// Sets the community that the record is to be submitted to.
    #[must_use]
    pub fn with_community(mut self, community: impl Into<String>) -> Self {
        self.community = Some(community.into());
        self
    }

    /// Sets the publisher: the archive's name, where it is not Zenodo.
    #[must_use]
    pub fn with_publisher(mut self, publisher: impl Into<String>) -> Self {
        self.publisher = Some(publisher.into());
        self
    }

    /// Uses that API, instead of asking the server which it has.
    #[must_use]
    pub fn with_api(mut self, api: ZenodoApi) -> Self {
        self.api = api;
        self
    }

    /// Uses another archive that runs InvenioRDM; `url` is its address without `/api`.
    #[must_use]
    pub fn with_base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(check_base_url(&url.into()));
        self
    }

    /// Whether a token was given that could be sent in an HTTP header.
    pub fn has_token(&self) -> bool {
        self.token.is_usable()
    }

    #[cfg(feature = "deposit")]
    pub(super) fn token(&self) -> &str {
        self.token.0.trim()
    }

    #[cfg(feature = "deposit")]
    pub(super) fn api(&self) -> ZenodoApi {
        self.api
    }

    /// Whether it is the sandbox.
    pub fn is_sandbox(&self) -> bool {
        self.sandbox
    }

    /// The publisher: the given one, else Zenodo where that is the archive.
    pub(super) fn publisher(&self) -> Option<String> {
        match (&self.publisher, &self.base_url) {
            (Some(publisher), _) => Some(one_line(publisher)).filter(|name| !name.is_empty()),
            (None, None) => Some("Zenodo".to_owned()),
            (None, Some(_)) => None,
        }
    }

    /// Where a deposit would go.
    ///
    /// # Errors
    /// If the address is none, or is neither https nor on this machine.
    pub(super) fn target(&self) -> Result<ArchiveTarget, DepositError> {
        let base_url = match (&self.base_url, self.sandbox) {
            (Some(url), _) => url.clone()?,
            (None, true) => "https://sandbox.zenodo.org".to_owned(),
            (None, false) => "https://zenodo.org".to_owned(),
        };
        Ok(ArchiveTarget {
            base_url,
            sandbox: self.sandbox,
            community: self.community.clone(),
        })
    }
}

/// The archive's address; never the token.
impl fmt::Display for ZenodoConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.target() {
            Ok(target) => f.write_str(&target.base_url),
            Err(_) => f.write_str("an archive without a usable address"),
        }
    }
}

pub(super) fn check_base_url(url: &str) -> Result<String, DepositError> {
    // A name or password in the address would be shown with it.
    if url.contains('@') {
        return Err(DepositError::CredentialsInUrl);
    }
    if url.contains(['?', '#']) {
        return Err(DepositError::QueryInUrl);
    }
    let url = check_url(url).map_err(DepositError::BaseUrl)?;
    let url = url.trim_end_matches('/').to_owned();
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    let here = ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| {
        host.strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    });
    if !scheme.eq_ignore_ascii_case("https") && !here {
        return Err(DepositError::Unencrypted { url });
    }
    Ok(url)
}

/// Where a deposit would go. It holds no token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArchiveTarget {
    /// The archive's address, without a slash at the end.
    pub base_url: String,
    /// Whether it is Zenodo's sandbox.
    pub sandbox: bool,
    /// The community that the record is to be submitted to.
    pub community: Option<String>,
}

/// A deposit cannot be prepared at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DepositError {
    /// The archive's address is none.
    #[error("the archive's address cannot be used")]
    BaseUrl(#[source] ValidationError),
    /// The archive's address would send the token unencrypted; use https.
    #[error("{url:?} would send the access token unencrypted; use https")]
    Unencrypted {
        /// The address.
        url: String,
    },
    /// The archive's address holds a name or password; leave it out.
    #[error("the archive's address holds a user name or password")]
    CredentialsInUrl,
    /// The archive's address holds a query or fragment, which may be a token; leave it out.
    #[error("the archive's address holds a query or fragment")]
    QueryInUrl,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::research::{ArchiveDeposit, ArtifactType, ResearchArtifact};

    #[test]
    fn a_token_is_in_nothing_that_can_be_shown() {
        let token = "tok-5eCr3t";
        let artifact = ResearchArtifact::new("s", "Title", ArtifactType::Notebook);
        let bases = [
            None,
            Some("http://example.org".to_owned()),
            Some("nonsense".to_owned()),
            Some(format!("https://user:{token}@example.org")),
            Some(format!("https://example.org/?access_token={token}")),
            Some("https://archive.example.org/".to_owned()),
        ];
        let mut outcomes = Vec::new();
        for base in bases {
            let mut config = ZenodoConfig::new(token)
                .with_community("c")
                .with_sandbox(true);
            if let Some(base) = base {
                config = config.with_base_url(base);
            }
            let mut shown = format!("{config}{config:?}{config:#?}");
            let deposit = ArchiveDeposit::new(config);
            match deposit.prepare(&artifact) {
                Ok(prepared) => {
                    outcomes.push(true);
                    let missing: Vec<String> =
                        prepared.missing().iter().map(ToString::to_string).collect();
                    shown.push_str(&format!(
                        "{prepared:?}{prepared:#?}{}{:?}{missing:?}{deposit:?}",
                        prepared.to_json(),
                        prepared.target()
                    ));
                }
                Err(error) => {
                    outcomes.push(false);
                    let source = std::error::Error::source(&error).map(ToString::to_string);
                    shown.push_str(&format!("{error}{error:?}{source:?}"));
                }
            }
            assert!(!shown.contains(token), "{shown}");
        }
        assert_eq!(outcomes, [true, false, false, false, false, true]);
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        let target = |url: &str| ZenodoConfig::new("t").with_base_url(url).target();
        assert_eq!(
            target("http://127.0.0.1:15000/").unwrap().base_url,
            "http://127.0.0.1:15000"
        );
        assert!(target("http://127.0.0.1.example.org").is_err());
        assert!(target("http://localhost.example.org").is_err());
    }
}
