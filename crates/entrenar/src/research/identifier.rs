use std::fmt;
use std::str::FromStr;

use super::ValidationError;

/// Takes `prefix`, in any case, off the start of `text`.
pub(super) fn without_prefix<'a>(text: &'a str, prefixes: &[&str]) -> &'a str {
    prefixes
        .iter()
        .find_map(|prefix| {
            let (head, rest) = text.split_at_checked(prefix.len())?;
            head.eq_ignore_ascii_case(prefix).then_some(rest)
        })
        .unwrap_or(text)
}

/// An ORCID iD with a right check digit (ISO 7064 mod 11-2).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Orcid(String);

impl Orcid {
    /// Reads an iD, bare or as an address, with or without hyphens.
    ///
    /// # Errors
    /// If it has not sixteen digits or the check digit is wrong.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let error = |reason| ValidationError::InvalidOrcid {
            given: text.to_owned(),
            reason,
        };
        let bare = without_prefix(
            text.trim(),
            &["https://orcid.org/", "http://orcid.org/", "orcid.org/"],
        );
        let bare = bare.strip_suffix('/').unwrap_or(bare);
        let hyphens: Vec<usize> = bare.match_indices('-').map(|(at, _)| at).collect();
        if !hyphens.is_empty() && hyphens != [4, 9, 14] {
            return Err(error("it has not the form 0000-0000-0000-0000"));
        }
        let digits: Vec<u32> = bare
            .chars()
            .filter(|c| *c != '-')
            .enumerate()
            .map(|(at, c)| match c {
                'X' | 'x' if at == 15 => Some(10),
                _ => c.to_digit(10),
            })
            .collect::<Option<_>>()
            .filter(|digits: &Vec<u32>| digits.len() == 16)
            .ok_or_else(|| error("it has not the form 0000-0000-0000-0000"))?;
        let Some((check, body)) = digits.split_last() else {
            return Err(error("it is empty"));
        };
        let total = body.iter().fold(0, |sum, digit| (sum + digit) * 2 % 11);
        if (12 - total) % 11 != *check {
            return Err(error("its check digit is wrong"));
        }
        let mut canonical = String::with_capacity(19);
        for (at, digit) in digits.iter().enumerate() {
            if at > 0 && at % 4 == 0 {
                canonical.push('-');
            }
            canonical.push(char::from_digit(*digit, 10).unwrap_or('X'));
        }
        Ok(Self(canonical))
    }

    /// The iD without the address, `0000-0002-1825-0097`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The iD as an address, which is how it is to be shown.
    pub fn uri(&self) -> String {
        format!("https://orcid.org/{}", self.0)
    }
}

/// A ROR id of an organisation with right check digits (Crockford base 32; ISO 7064 mod 97-10).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ror(String);

impl Ror {
    /// Reads an id, bare or as an address.
    ///
    /// # Errors
    /// If it has not the form or the check digits are wrong.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        const ALPHABET: &str = "0123456789abcdefghjkmnpqrstvwxyz";
        let error = |reason| ValidationError::InvalidRorId {
            given: text.to_owned(),
            reason,
        };
        let bare = without_prefix(
            text.trim(),
            &["https://ror.org/", "http://ror.org/", "ror.org/"],
        );
        let bare = bare.strip_suffix('/').unwrap_or(bare).to_ascii_lowercase();
        let form = "it has not the form 0xxxxxx00";
        let (body, check) = bare.split_at_checked(7).ok_or_else(|| error(form))?;
        if !body.starts_with('0') || check.len() != 2 {
            return Err(error(form));
        }
        let number = body
            .chars()
            .try_fold(0_u64, |number, c| {
                let digit = ALPHABET.find(c)?;
                Some(number * 32 + u64::try_from(digit).ok()?)
            })
            .ok_or_else(|| error(form))?;
        if !check.bytes().all(|b| b.is_ascii_digit()) {
            return Err(error(form));
        }
        if check != format!("{:02}", 98 - number * 100 % 97) {
            return Err(error("its check digits are wrong"));
        }
        Ok(Self(bare))
    }

    /// The id without the address, `03yrm5c26`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as an address.
    pub fn uri(&self) -> String {
        format!("https://ror.org/{}", self.0)
    }
}

/// A DOI that an archive has given.
///
/// Only the form is checked: printable ASCII without spaces, quotes, braces and backslashes, so
/// that it can stand verbatim in every format.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Doi(String);

impl Doi {
    /// Reads a DOI, bare, with `doi:` or as an address.
    ///
    /// # Errors
    /// If it has not the form `10.<registrant>/<suffix>`.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let bare = without_prefix(
            text.trim(),
            &[
                "https://doi.org/",
                "http://doi.org/",
                "https://dx.doi.org/",
                "http://dx.doi.org/",
                "doi.org/",
                "doi:",
            ],
        );
        let valid = || {
            let (registrant, suffix) = bare.strip_prefix("10.")?.split_once('/')?;
            let mut parts = registrant.split('.');
            let first = parts.next()?;
            let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            let plain = |c: char| c.is_ascii_graphic() && !"{}\\\"`^|%".contains(c);
            (digits(first)
                && (4..=9).contains(&first.len())
                && parts.all(digits)
                && !suffix.is_empty()
                && suffix.chars().all(plain))
            .then(|| Self(bare.to_owned()))
        };
        valid().ok_or_else(|| ValidationError::InvalidDoi {
            given: text.to_owned(),
        })
    }

    /// The DOI without the address, `10.5281/zenodo.1003150`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! text_value {
    ($($name:ident => $shown:ident),*) => {$(
        impl FromStr for $name {
            type Err = ValidationError;

            fn from_str(text: &str) -> Result<Self, ValidationError> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.$shown().as_ref())
            }
        }
    )*};
}
text_value!(Orcid => uri, Ror => uri, Doi => as_str);

/// Checks that `text` is an http(s) address whose characters are those of RFC 3986.
pub(in crate::research) fn check_url(text: &str) -> Result<String, ValidationError> {
    let text = text.trim();
    let error = |reason| ValidationError::InvalidUrl {
        given: text.to_owned(),
        reason,
    };
    let rest = without_prefix(text, &["https://", "http://"]);
    if rest.len() == text.len() {
        return Err(error("it does not begin with https:// or http://"));
    }
    if rest.split(['/', '?', '#']).next().is_none_or(str::is_empty) {
        return Err(error("it has no host"));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c);
    if !text.chars().all(allowed) {
        return Err(error("a character in it must be percent-encoded"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orcid_examples_of_the_orcid_documentation() {
        for id in [
            "0000-0002-1825-0097",
            "0000-0001-5109-3700",
            "0000-0002-1694-233X",
        ] {
            assert_eq!(Orcid::parse(id).unwrap().as_str(), id);
            let address = format!("https://orcid.org/{id}");
            assert_eq!(Orcid::parse(&address).unwrap().to_string(), address);
            assert_eq!(Orcid::parse(&id.replace('-', "")).unwrap().as_str(), id);
        }
        for bad in [
            "",
            "0000-0002-1825-0098",
            "0000-0002-1825-00977",
            "X000-0002-1825-0097",
        ] {
            assert!(Orcid::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_single_change_of_an_orcid_is_refused() {
        for id in ["0000-0002-1825-0097", "0000-0002-1694-233X"] {
            for (at, old) in id.char_indices().filter(|(_, c)| *c != '-') {
                for new in "0123456789X".chars().filter(|new| *new != old) {
                    let mut changed: Vec<char> = id.chars().collect();
                    changed[at] = new;
                    let changed: String = changed.into_iter().collect();
                    assert!(Orcid::parse(&changed).is_err(), "{changed}");
                }
            }
        }
    }

    #[test]
    fn every_single_change_of_a_ror_id_is_refused() {
        // California Digital Library, MIT, CERN
        for id in ["03yrm5c26", "042nb2s44", "01ggx4157"] {
            assert_eq!(
                Ror::parse(id).unwrap().uri(),
                format!("https://ror.org/{id}")
            );
            for (at, old) in id.char_indices() {
                for new in "0123456789abcdefghijklmnopqrstuvwxyz".chars() {
                    if new == old {
                        continue;
                    }
                    let mut changed: Vec<char> = id.chars().collect();
                    changed[at] = new;
                    let changed: String = changed.into_iter().collect();
                    assert!(Ror::parse(&changed).is_err(), "{changed}");
                }
            }
        }
        assert!(Ror::parse("https://ror.org/zzzzzzzzz").is_err());
        assert!(Ror::parse("ééééééé").is_err());
    }

    #[test]
    fn dois_are_checked_by_form() {
        let doi = Doi::parse("https://doi.org/10.5281/zenodo.1003150").unwrap();
        assert_eq!(doi.as_str(), "10.5281/zenodo.1003150");
        for bad in [
            "10.5281",
            "10.5281/",
            "11.5281/x",
            "10.5281/a b",
            "10.5281/a}b",
            "10.1/x",
        ] {
            assert!(Doi::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_are_checked() {
        assert!(check_url("https://example.org/a?b=%20#c").is_ok());
        for bad in [
            "example.org",
            "ftp://x",
            "https://",
            "https:///x",
            "https://a b",
            "https://é/",
        ] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }
}
