use std::fmt;

use super::name::{self, AuthorKind, NameParts};
use super::text::one_line;
use super::{ContributorRole, Orcid, Ror, ValidationError};

/// The entity that stands in `CITATION.cff`, which insists on an author, where nobody is named.
pub(super) const NO_AUTHOR: &str = "Author not recorded";

/// The organisation that a contributor works at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Affiliation {
    /// Its name.
    pub name: String,
    /// Its ROR id, where known.
    pub ror: Option<Ror>,
    /// Its country, where known.
    pub country: Option<String>,
}

impl Affiliation {
    /// An organisation of that name.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ror: None,
            country: None,
        }
    }

    /// Sets the ROR id.
    ///
    /// # Errors
    /// If it is not a ROR id or its check digits are wrong.
    pub fn with_ror(mut self, ror: &str) -> Result<Self, ValidationError> {
        self.ror = Some(Ror::parse(ror)?);
        Ok(self)
    }

    /// Sets the country.
    #[must_use]
    pub fn with_country(mut self, country: impl Into<String>) -> Self {
        self.country = Some(country.into());
        self
    }
}

/// A contributor: a person, an organisation or team, or an e-mail address.
///
/// The name is kept as it was given. Its kind and parts are derived by the rules that
/// `docs/artifact-metadata.md` lists; where they err,
/// [`with_name_parts`](Self::with_name_parts) and [`organisation`](Self::organisation) say it
/// outright.
///
/// ```
/// use entrenar::research::{Author, AuthorKind};
///
/// assert_eq!(Author::new("Ludwig van Beethoven").family(), "van Beethoven");
/// assert_eq!(Author::new("Müller, Jürgen").given().as_deref(), Some("Jürgen"));
/// assert_eq!(Author::new("The HF Team and Friends").kind(), AuthorKind::Organisation);
/// assert_eq!(Author::organisation("Ada Lovelace").kind(), AuthorKind::Organisation);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The name as it was given.
    pub name: String,
    /// The contributor's ORCID iD.
    pub orcid: Option<Orcid>,
    /// The contributor's e-mail address.
    pub email: Option<String>,
    /// Where the contributor works.
    pub affiliations: Vec<Affiliation>,
    /// What the contributor did.
    pub roles: Vec<ContributorRole>,
    stated: Option<(AuthorKind, NameParts)>,
}

impl Author {
    /// A contributor of that name.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            orcid: None,
            email: None,
            affiliations: Vec::new(),
            roles: Vec::new(),
            stated: None,
        }
    }

    /// An organisation or team, whatever its name looks like.
    pub fn organisation(name: impl Into<String>) -> Self {
        let mut author = Self::new(name);
        let whole = NameParts::whole(one_line(&author.name));
        author.stated = Some((AuthorKind::Organisation, whole));
        author
    }

    /// States the parts of a person's name instead of deriving them.
    #[must_use]
    pub fn with_name_parts(mut self, parts: NameParts) -> Self {
        let part = |text: Option<String>| {
            text.map(|text| one_line(&text))
                .filter(|text| !text.is_empty())
        };
        let parts = NameParts {
            given: part(parts.given),
            particle: part(parts.particle),
            family: one_line(&parts.family),
            suffix: part(parts.suffix),
        };
        self.stated = Some((AuthorKind::Person, parts));
        self
    }

    /// Sets the ORCID iD, given bare or as an address.
    ///
    /// # Errors
    /// If it is not an ORCID iD or its check digit is wrong.
    pub fn with_orcid(mut self, orcid: &str) -> Result<Self, ValidationError> {
        self.orcid = Some(Orcid::parse(orcid)?);
        Ok(self)
    }

    /// Sets the e-mail address.
    #[must_use]
    pub fn with_email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// Adds an affiliation.
    #[must_use]
    pub fn with_affiliation(mut self, affiliation: Affiliation) -> Self {
        self.affiliations.push(affiliation);
        self
    }

    /// Adds a role; one that is there already is not added again.
    #[must_use]
    pub fn with_role(mut self, role: ContributorRole) -> Self {
        if !self.roles.contains(&role) {
            self.roles.push(role);
        }
        self
    }

    /// Adds several roles.
    #[must_use]
    pub fn with_roles(self, roles: impl IntoIterator<Item = ContributorRole>) -> Self {
        roles.into_iter().fold(self, Self::with_role)
    }

    /// Whether there is a name at all.
    pub fn is_named(&self) -> bool {
        !self.family().is_empty()
    }

    /// Whether it is a person, an organisation or an e-mail address.
    pub fn kind(&self) -> AuthorKind {
        self.parsed().0
    }

    /// The parts of the name; for an organisation or an e-mail address all of it is `family`.
    pub fn parts(&self) -> NameParts {
        self.parsed().1
    }

    /// The family name with its particle; the whole name where it has no parts.
    pub fn family(&self) -> String {
        self.parts().full_family()
    }

    /// The given names.
    pub fn given(&self) -> Option<String> {
        self.parts().given
    }

    pub(super) fn parsed(&self) -> (AuthorKind, NameParts) {
        self.stated
            .clone()
            .unwrap_or_else(|| name::parse(&one_line(&self.name)))
    }

    /// Whether both are known to be the same: by ORCID iD, else by e-mail address or whole name.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        if let (Some(own), Some(others)) = (&self.orcid, &other.orcid) {
            return own == others;
        }
        let folded = |author: &Self| {
            let (kind, parts) = author.parsed();
            let fold = |text: &str| text.to_lowercase();
            let family = fold(&parts.full_family());
            (!family.is_empty()).then(|| {
                let is_organisation = kind == AuthorKind::Organisation;
                let given = parts.given.as_deref().map(fold);
                (
                    is_organisation,
                    family,
                    given,
                    parts.suffix.as_deref().map(fold),
                )
            })
        };
        let email = |author: &Self| author.email_address().map(|email| email.to_lowercase());
        folded(self).is_some_and(|own| Some(own) == folded(other))
            || email(self).is_some_and(|own| Some(own) == email(other))
    }

    /// Whether both have an ORCID iD, and not the same.
    pub(super) fn has_other_orcid_than(&self, other: &Self) -> bool {
        matches!((&self.orcid, &other.orcid), (Some(own), Some(others)) if own != others)
    }

    /// Takes from `known` what is not known of this contributor; an e-mail address or, where
    /// `rename` is set, any name gives way to the known name.
    pub(super) fn complete_from(&mut self, known: &Self, rename: bool) {
        let has_address_for_name =
            self.kind() == AuthorKind::Email && known.kind() != AuthorKind::Email;
        if rename || has_address_for_name {
            if has_address_for_name && self.email.is_none() {
                self.email = Some(one_line(&self.name));
            }
            self.name.clone_from(&known.name);
            self.stated.clone_from(&known.stated);
        }
        self.orcid = self.orcid.take().or_else(|| known.orcid.clone());
        self.email = self.email.take().or_else(|| known.email.clone());
        if self.affiliations.is_empty() {
            self.affiliations.clone_from(&known.affiliations);
        }
        if self.roles.is_empty() {
            self.roles.clone_from(&known.roles);
        }
    }

    /// The address to write to: the stated one, else the name where it is an e-mail address.
    pub(super) fn email_address(&self) -> Option<String> {
        let (kind, parts) = self.parsed();
        match &self.email {
            Some(email) => Some(one_line(email)).filter(|email| !email.is_empty()),
            None => (kind == AuthorKind::Email).then_some(parts.family),
        }
    }
}

/// The name as it was given.
impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stated_parts_win() {
        let parts = NameParts {
            given: Some("Minh".into()),
            family: "Van Tran".into(),
            ..NameParts::default()
        };
        let author = Author::new("Minh Van Tran").with_name_parts(parts);
        assert_eq!(author.family(), "Van Tran");
        assert_eq!(Author::new("Minh Van Tran").family(), "Tran");
    }

    #[test]
    fn a_blank_name_is_no_name() {
        assert!(!Author::new(" \n").is_named());
        assert!(Author::new("\0").is_named());
    }

    #[test]
    fn wrong_identifiers_are_refused() {
        assert!(
            Author::new("A B")
                .with_orcid("0000-0002-1825-0098")
                .is_err()
        );
        assert!(
            Affiliation::new("X")
                .with_ror("https://ror.org/zzzzzzzzz")
                .is_err()
        );
    }
}
