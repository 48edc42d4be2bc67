/// A value is not what its field says it is. The value itself is part of the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValidationError {
    /// Not an ORCID iD: sixteen digits, the last of which is a check digit (or `X`).
    #[error("{given:?} is not an ORCID iD: {reason}")]
    InvalidOrcid {
        /// What was given.
        given: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Not a ROR id: `0`, six letters or digits and two check digits.
    #[error("{given:?} is not a ROR id: {reason}")]
    InvalidRorId {
        /// What was given.
        given: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Not a DOI: `10.`, a registrant, `/` and a suffix.
    #[error("{given:?} is not a DOI")]
    InvalidDoi {
        /// What was given.
        given: String,
    },
    /// Not an http(s) address in the characters of RFC 3986.
    #[error("{given:?} is not an http or https address: {reason}")]
    InvalidUrl {
        /// What was given.
        given: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Not an SPDX licence expression; see <https://spdx.org/licenses/> for the identifiers.
    #[error("{given:?} is not an SPDX license expression: {reason}")]
    InvalidLicense {
        /// What was given.
        given: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Not an identifier of a known scheme.
    #[error("{given:?} is not an identifier: {reason}")]
    InvalidIdentifier {
        /// What was given.
        given: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Not one of DataCite's relations.
    #[error("{given:?} is not a relation; `Cites`, `IsDerivedFrom` and `IsSupplementTo` are some")]
    InvalidRelation {
        /// What was given.
        given: String,
    },
    /// Not a BCP 47 language tag.
    #[error("{given:?} is not a language tag; `en` and `pt-BR` are some")]
    InvalidLanguage {
        /// What was given.
        given: String,
    },
    /// Not a kind of artifact.
    #[error(
        "{given:?} is not a kind of artifact; say dataset, model, code, paper, notebook or workflow"
    )]
    InvalidType {
        /// What was given.
        given: String,
    },
    /// Not one of the fourteen roles of CRediT.
    #[error("{given:?} is not a role of CRediT; `Software` and `Data curation` are some")]
    InvalidRole {
        /// What was given.
        given: String,
    },
    /// Not a day from the year 1 to 9999.
    #[error("{given:?} is not a day: {reason}")]
    InvalidDate {
        /// What was given.
        given: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Not an e-mail address.
    #[error("{given:?} is not an e-mail address")]
    InvalidEmail {
        /// What was given.
        given: String,
    },
    /// Not funding as one text: `Funder`, `Funder, number`, `Funder, number (ROR id)`.
    #[error("{given:?} is not funding: {reason}")]
    InvalidFunding {
        /// What was given.
        given: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Not an author as one text: `Name <address> (ORCID iD)`.
    #[error("{given:?} is not an author: {reason}")]
    InvalidAuthor {
        /// What was given.
        given: String,
        /// What is wrong with it.
        reason: String,
    },
}
