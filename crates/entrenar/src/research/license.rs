use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use spdx::expression::{ExprNode, Operator};
use spdx::{Expression, LicenseItem};

use super::ValidationError;

/// A licence: a valid SPDX licence expression (SPDX 2.3, annex D).
///
/// ```
/// use entrenar::research::License;
///
/// assert_eq!(License::parse("mit or apache-2.0")?.as_str(), "MIT OR Apache-2.0");
/// assert!(License::parse("my licence").is_err());
/// # Ok::<(), entrenar::research::ValidationError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct License(Cow<'static, str>);

impl License {
    /// The MIT licence.
    pub const MIT: Self = Self(Cow::Borrowed("MIT"));
    /// The Apache licence 2.0.
    pub const APACHE_2_0: Self = Self(Cow::Borrowed("Apache-2.0"));
    /// The BSD licence with two clauses.
    pub const BSD_2_CLAUSE: Self = Self(Cow::Borrowed("BSD-2-Clause"));
    /// The BSD licence with three clauses.
    pub const BSD_3_CLAUSE: Self = Self(Cow::Borrowed("BSD-3-Clause"));
    /// The GNU General Public License, version 3 only.
    pub const GPL_3_0_ONLY: Self = Self(Cow::Borrowed("GPL-3.0-only"));
    /// The GNU General Public License, version 3 or later.
    pub const GPL_3_0_OR_LATER: Self = Self(Cow::Borrowed("GPL-3.0-or-later"));
    /// The Mozilla Public License 2.0.
    pub const MPL_2_0: Self = Self(Cow::Borrowed("MPL-2.0"));
    /// Creative Commons Attribution 4.0.
    pub const CC_BY_4_0: Self = Self(Cow::Borrowed("CC-BY-4.0"));
    /// Creative Commons Attribution Share Alike 4.0.
    pub const CC_BY_SA_4_0: Self = Self(Cow::Borrowed("CC-BY-SA-4.0"));
    /// Creative Commons Zero 1.0.
    pub const CC0_1_0: Self = Self(Cow::Borrowed("CC0-1.0"));

    /// Reads an SPDX expression; the case of identifiers and operators does not matter.
    ///
    /// # Errors
    /// If it is no SPDX expression, or an identifier is unknown or deprecated.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let canonical = canonical_case(text);
        match Expression::parse(&canonical) {
            Ok(_) => Ok(Self(Cow::Owned(canonical))),
            Err(error) => {
                let term = canonical.get(error.span.clone()).unwrap_or_default();
                let hint = match (&error.reason, spdx::imprecise_license_id(term)) {
                    (spdx::error::Reason::DeprecatedLicenseId, _) => {
                        format!("; say {term}-only or {term}-or-later")
                    }
                    (_, Some((id, _))) => format!("; did you mean {}?", id.name),
                    _ => String::new(),
                };
                Err(ValidationError::InvalidLicense {
                    given: text.to_owned(),
                    reason: format!("{} ({term:?}){hint}", reason_text(&error.reason)),
                })
            }
        }
    }

    /// The expression.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The identifier, where the expression is a single licence of the SPDX list.
    pub fn single_id(&self) -> Option<&'static str> {
        match self.alternatives()?.as_slice() {
            [id] => Some(id),
            _ => None,
        }
    }

    /// The identifiers, each once, where the expression is a choice (`OR`) of plain licences of
    /// the SPDX list; `None` where it has `AND`, `WITH`, `+` or a `LicenseRef`.
    pub fn alternatives(&self) -> Option<Vec<&'static str>> {
        let expression = Expression::parse(&self.0).ok()?;
        let mut ids = Vec::new();
        for node in expression.iter() {
            match node {
                ExprNode::Op(Operator::Or) => {}
                ExprNode::Op(Operator::And) => return None,
                ExprNode::Req(term) => match &term.req.license {
                    LicenseItem::Spdx { id, or_later }
                        if term.req.addition.is_none() && (!or_later || id.is_gnu()) =>
                    {
                        if !ids.contains(&id.name) {
                            ids.push(id.name);
                        }
                    }
                    _ => return None,
                },
            }
        }
        Some(ids)
    }

    /// The full name of a single licence, such as `MIT License`.
    pub fn full_name(&self) -> Option<&'static str> {
        Some(spdx::license_id(self.single_id()?)?.full_name)
    }
}

/// Puts identifiers and operators into the case that SPDX gives them.
fn canonical_case(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    let is_word = |c: char| c.is_alphanumeric() || "-.:".contains(c);
    for c in text.trim().chars() {
        if is_word(c) {
            word.push(c);
        } else {
            push_word(&mut out, &mut word);
            // white space of any kind separates terms
            out.push(if c.is_whitespace() { ' ' } else { c });
        }
    }
    push_word(&mut out, &mut word);
    out
}

fn push_word(out: &mut String, word: &mut String) {
    let same = |name: &str| name.eq_ignore_ascii_case(word);
    let operators = ["AND", "OR", "WITH"];
    let known = operators
        .into_iter()
        .chain(spdx::identifiers::LICENSES.iter().map(|id| id.name))
        .chain(spdx::identifiers::EXCEPTIONS.iter().map(|id| id.name))
        .find(|name| same(name));
    out.push_str(known.unwrap_or(word));
    word.clear();
}

fn reason_text(reason: &spdx::error::Reason) -> String {
    reason.to_string()
}

impl FromStr for License {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, ValidationError> {
        Self::parse(text)
    }
}

impl fmt::Display for License {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_ones_are_valid() {
        for license in [
            License::MIT,
            License::APACHE_2_0,
            License::BSD_2_CLAUSE,
            License::BSD_3_CLAUSE,
            License::GPL_3_0_ONLY,
            License::GPL_3_0_OR_LATER,
            License::MPL_2_0,
            License::CC_BY_4_0,
            License::CC_BY_SA_4_0,
            License::CC0_1_0,
        ] {
            assert_eq!(License::parse(license.as_str()), Ok(license.clone()));
            assert_eq!(license.single_id(), Some(license.as_str()));
        }
    }

    #[test]
    fn a_choice_is_told_from_a_conjunction() {
        let ids = |text| License::parse(text).unwrap().alternatives();
        assert_eq!(
            ids("MIT OR Apache-2.0 OR MIT"),
            Some(vec!["MIT", "Apache-2.0"])
        );
        assert_eq!(ids("MIT AND Apache-2.0"), None);
        assert_eq!(ids("Apache-2.0 WITH LLVM-exception"), None);
        assert_eq!(ids("LicenseRef-mine"), None);
    }

    #[test]
    fn what_is_no_licence_is_refused_with_a_hint() {
        for bad in [
            "",
            "  ",
            "my licence",
            "MIT OR",
            "(MIT",
            "MIT\" }",
            "Apache 2",
        ] {
            assert!(License::parse(bad).is_err(), "{bad}");
        }
        let message = License::parse("GPL-3.0").unwrap_err().to_string();
        assert!(
            message.contains("GPL-3.0-only or GPL-3.0-or-later"),
            "{message}"
        );
    }
}
