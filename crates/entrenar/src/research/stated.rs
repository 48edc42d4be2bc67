//! Values that are written as one text: on the command line, or in a list of `entrenar.toml`.

use super::metadata::parse_email;
use super::text::one_line;
use super::{
    Author, Funding, Identifier, NameParts, Orcid, RelatedIdentifier, RelationType, Ror,
    ValidationError,
};

impl Author {
    /// Reads an author written as `Ana Silva <ana@example.org> (0000-0002-1825-0097)`; address
    /// and iD may be absent, and stand in any order behind the name.
    ///
    /// ```
    /// use entrenar::research::Author;
    ///
    /// let author = Author::parse("Ana Silva <ana@example.org> (0000-0002-1825-0097)")?;
    /// assert_eq!(author.name, "Ana Silva");
    /// assert_eq!(author.orcid.unwrap().as_str(), "0000-0002-1825-0097");
    /// # Ok::<(), entrenar::research::ValidationError>(())
    /// ```
    ///
    /// # Errors
    /// If there is no name, or the address or iD is none.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let error = |reason: String| ValidationError::InvalidAuthor {
            given: text.to_owned(),
            reason,
        };
        let (mut orcid, mut email) = (None, None);
        let mut name = text.trim();
        loop {
            if let Some((before, inside)) = bracketed(name, '<', '>')
                && email.is_none()
                && inside.contains('@')
            {
                let address = parse_email(inside).map_err(|cause| error(cause.to_string()))?;
                email = Some(address);
                name = before;
            } else if let Some((before, inside)) = bracketed(name, '(', ')')
                && orcid.is_none()
                && looks_like_orcid(inside)
            {
                let id = Orcid::parse(inside).map_err(|cause| error(cause.to_string()))?;
                orcid = Some(id);
                name = before;
            } else {
                break;
            }
        }
        if one_line(name).is_empty() {
            return Err(error("there is no name".to_owned()));
        }
        if name.contains(['<', '>']) {
            let reason = "write it as 'Ana Silva <ana@example.org> (0000-0002-1825-0097)'";
            return Err(error(reason.to_owned()));
        }
        let mut author = Self::new(name);
        (author.orcid, author.email) = (orcid, email);
        Ok(author)
    }

    /// A person of stated parts; the whole name, where nobody gave one, is made of them.
    pub(super) fn of_parts(name: Option<String>, parts: NameParts) -> Self {
        let whole = name.unwrap_or_else(|| {
            let family = parts.full_family();
            let in_order = [
                parts.given.as_deref(),
                Some(&family),
                parts.suffix.as_deref(),
            ];
            let in_order: Vec<&str> = in_order.into_iter().flatten().collect();
            in_order.join(" ")
        });
        Self::new(whole).with_name_parts(parts)
    }
}

/// `text` before a last part in brackets, and what is in them.
fn bracketed(text: &str, open: char, close: char) -> Option<(&str, &str)> {
    let (before, inside) = text.strip_suffix(close)?.rsplit_once(open)?;
    Some((before.trim_end(), inside.trim()))
}

fn looks_like_orcid(text: &str) -> bool {
    let address = text.to_ascii_lowercase().contains("orcid.org/");
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '-' | 'X' | 'x');
    address || (digits >= 8 && text.chars().all(plain))
}

impl Funding {
    /// Reads funding written as `Funder`, `Funder, number of the award`, or with the funder's ROR
    /// id behind it: `FCT, UIDB/00001/2020 (https://ror.org/00snfqn58)`.
    ///
    /// # Errors
    /// If there is no funder, or the ROR id is none.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let mut rest = text.trim();
        let mut funder_ror = None;
        if let Some((before, inside)) = bracketed(rest, '(', ')')
            && let Some(id) = inside.to_ascii_lowercase().find("ror.org/").map(|_| inside)
        {
            funder_ror = Some(Ror::parse(id)?);
            rest = before;
        }
        // A comma may belong to the funder's name; a number has a digit and stands last.
        let (funder, number) = match rest.rsplit_once(',') {
            Some((funder, number)) if number.contains(|c: char| c.is_ascii_digit()) => {
                (funder, Some(one_line(number)))
            }
            _ => (rest, None),
        };
        let funder = one_line(funder);
        if funder.is_empty() {
            return Err(ValidationError::InvalidFunding {
                given: text.to_owned(),
                reason: "there is no funder; write it as 'Funder, number of the award'",
            });
        }
        Ok(Self {
            funder_ror,
            award_number: number,
            ..Self::new(funder)
        })
    }
}

impl RelatedIdentifier {
    /// Reads `Relation identifier`, such as `IsSupplementTo doi:10.1234/x`; without a relation
    /// the artifact cites it.
    ///
    /// # Errors
    /// If the identifier is none, or there is no such relation.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let text = text.trim();
        let (relation, identifier) = match text.split_once(char::is_whitespace) {
            // `ISBN 0-8044-2957-X` is an identifier with a space.
            Some((first, rest)) if !["isbn", "issn"].contains(&first.to_lowercase().as_str()) => {
                (RelationType::parse(first)?, rest)
            }
            _ => (RelationType::Cites, text),
        };
        Ok(Self {
            identifier: Identifier::parse(identifier)?,
            relation,
            artifact_type: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authors_in_one_text() {
        let parse = |text| {
            Author::parse(text).map(|a| {
                (
                    a.name.clone(),
                    a.email,
                    a.orcid.map(|o| o.as_str().to_owned()),
                )
            })
        };
        let (name, mail, id) = ("Ana Silva", "ana@x.org", "0000-0002-1825-0097");
        for text in [
            "Ana Silva <ana@x.org> (0000-0002-1825-0097)",
            "Ana Silva (https://orcid.org/0000-0002-1825-0097) <ana@x.org>",
            " Ana Silva<ana@x.org>(0000000218250097) ",
        ] {
            let all = (name.to_owned(), Some(mail.to_owned()), Some(id.to_owned()));
            assert_eq!(parse(text).unwrap(), all, "{text}");
        }
        assert_eq!(parse("Lab (Lisbon)").unwrap().0, "Lab (Lisbon)");
        assert_eq!(parse("ana@x.org").unwrap().0, "ana@x.org");
        for bad in [
            "",
            "<ana@x.org>",
            "Ana <ana>",
            "Ana Silva (0000-0002-1825-0098)",
            "Ana <a@b> <c@d>",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn funding_in_one_text() {
        let parsed = Funding::parse("FCT, UIDB/00001/2020 (https://ror.org/00snfqn58)").unwrap();
        assert_eq!(parsed.funder, "FCT");
        assert_eq!(parsed.award_number.as_deref(), Some("UIDB/00001/2020"));
        assert!(parsed.funder_ror.is_some());
        let parsed = Funding::parse("Ministry of Health, Family and Youth").unwrap();
        assert_eq!(parsed.award_number, None);
        assert!(Funding::parse(", 12").is_err());
        assert!(Funding::parse("X (https://ror.org/00snfqn59)").is_err());
    }

    #[test]
    fn relations_in_one_text() {
        let parsed = RelatedIdentifier::parse("issupplementto doi:10.1234/x").unwrap();
        assert_eq!(parsed.relation, RelationType::IsSupplementTo);
        let parsed = RelatedIdentifier::parse("ISBN 0-8044-2957-X").unwrap();
        assert_eq!(parsed.relation, RelationType::Cites);
        assert!(RelatedIdentifier::parse("Likes doi:10.1234/x").is_err());
    }
}
