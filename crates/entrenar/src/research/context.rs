//! What surrounds an artifact: money, subjects, software, language.

use std::fmt;

use super::identifier::check_url;
use super::{Ror, ValidationError};

/// Money that paid for the work.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Funding {
    /// The name of the funder.
    pub funder: String,
    /// The funder's ROR id, where known.
    pub funder_ror: Option<Ror>,
    /// The funder's number of the award.
    pub award_number: Option<String>,
    /// The title of the award.
    pub award_title: Option<String>,
    /// The address of a page about the award, http(s).
    pub award_url: Option<String>,
}

impl Funding {
    /// Money of that funder.
    pub fn new(funder: impl Into<String>) -> Self {
        Self {
            funder: funder.into(),
            funder_ror: None,
            award_number: None,
            award_title: None,
            award_url: None,
        }
    }

    /// Sets the funder's ROR id.
    ///
    /// # Errors
    /// If it is not a ROR id or its check digits are wrong.
    pub fn with_ror(mut self, ror: &str) -> Result<Self, ValidationError> {
        self.funder_ror = Some(Ror::parse(ror)?);
        Ok(self)
    }

    /// Sets the number of the award.
    #[must_use]
    pub fn with_award_number(mut self, number: impl Into<String>) -> Self {
        self.award_number = Some(number.into());
        self
    }

    /// Sets the title of the award.
    #[must_use]
    pub fn with_award_title(mut self, title: impl Into<String>) -> Self {
        self.award_title = Some(title.into());
        self
    }

    /// Sets the address of a page about the award.
    ///
    /// # Errors
    /// If it is not an http or https address in the characters of RFC 3986.
    pub fn with_award_url(mut self, url: &str) -> Result<Self, ValidationError> {
        self.award_url = Some(check_url(url)?);
        Ok(self)
    }
}

/// A term of a vocabulary; a free word is a keyword.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// The term.
    pub term: String,
    /// The name of the vocabulary, where known.
    pub scheme: Option<String>,
    /// The address of the term, where known.
    pub uri: Option<String>,
}

/// A program or library that was used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Software {
    /// Its name.
    pub name: String,
    /// Its version, where known.
    pub version: Option<String>,
    /// Its address, where known.
    pub url: Option<String>,
}

/// A language, as a well-formed BCP 47 tag (RFC 5646, section 2.1: language, script, region and
/// variants; no extensions and private use).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language(String);

impl Language {
    /// Reads a tag; its case is made the customary one.
    ///
    /// ```
    /// use entrenar::research::Language;
    ///
    /// assert_eq!(Language::parse("pt-br")?.as_str(), "pt-BR");
    /// assert!(Language::parse("Portuguese!").is_err());
    /// # Ok::<(), entrenar::research::ValidationError>(())
    /// ```
    ///
    /// # Errors
    /// If it is not a well-formed tag.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let error = || ValidationError::InvalidLanguage {
            given: text.to_owned(),
        };
        let mut subtags = text.trim().split(['-', '_']);
        let alphabetic = |text: &str| text.bytes().all(|b| b.is_ascii_alphabetic());
        let language = subtags
            .next()
            .filter(|tag| (2..=3).contains(&tag.len()) && alphabetic(tag))
            .ok_or_else(error)?;
        let mut tag = language.to_ascii_lowercase();
        let mut stage = 0;
        for subtag in subtags {
            let (next, written) = match subtag.len() {
                4 if alphabetic(subtag) => {
                    let (head, rest) = subtag.split_at(1);
                    (1, head.to_ascii_uppercase() + &rest.to_ascii_lowercase())
                }
                2 if alphabetic(subtag) => (2, subtag.to_ascii_uppercase()),
                3 if subtag.bytes().all(|b| b.is_ascii_digit()) => (2, subtag.to_owned()),
                4 if subtag.starts_with(|c: char| c.is_ascii_digit())
                    && subtag.bytes().all(|b| b.is_ascii_alphanumeric()) =>
                {
                    (3, subtag.to_ascii_lowercase())
                }
                5..=8 if subtag.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                    (3, subtag.to_ascii_lowercase())
                }
                _ => return Err(error()),
            };
            if next < stage || (next == stage && next != 3) {
                return Err(error());
            }
            stage = next;
            tag.push('-');
            tag.push_str(&written);
        }
        Ok(Self(tag))
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The primary language subtag: two or three letters of ISO 639.
    pub fn primary(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages() {
        for (text, tag) in [
            ("EN", "en"),
            ("zh-hans-cn", "zh-Hans-CN"),
            ("de_AT", "de-AT"),
            ("es-419", "es-419"),
            ("sl-rozaj-biske", "sl-rozaj-biske"),
            ("de-1996", "de-1996"),
        ] {
            assert_eq!(Language::parse(text).unwrap().as_str(), tag);
        }
        for text in ["", "english", "e", "en-", "en-US-GB", "en-US-Latn", "en-x"] {
            assert!(Language::parse(text).is_err(), "{text}");
        }
        assert_eq!(Language::parse("pt-BR").unwrap().primary(), "pt");
    }
}
