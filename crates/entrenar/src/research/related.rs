use std::fmt;

use super::identifier::{check_url, without_prefix};
use super::{ArtifactType, Doi, ValidationError};

/// What kind of identifier it is: DataCite 4.7's `relatedIdentifierType`, as far as it is used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum IdentifierScheme {
    /// Archival Resource Key.
    Ark,
    /// An arXiv identifier, such as `arXiv:2106.09685`.
    ArXiv,
    /// Digital object identifier.
    Doi,
    /// Handle.
    Handle,
    /// International Standard Book Number.
    Isbn,
    /// International Standard Serial Number.
    Issn,
    /// PubMed identifier.
    Pmid,
    /// SoftWare Hash IDentifier.
    Swhid,
    /// An http(s) address.
    Url,
    /// Uniform Resource Name.
    Urn,
}

impl IdentifierScheme {
    /// DataCite's name of the scheme.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ark => "ARK",
            Self::ArXiv => "arXiv",
            Self::Doi => "DOI",
            Self::Handle => "Handle",
            Self::Isbn => "ISBN",
            Self::Issn => "ISSN",
            Self::Pmid => "PMID",
            Self::Swhid => "SWHID",
            Self::Url => "URL",
            Self::Urn => "URN",
        }
    }
}

impl fmt::Display for IdentifierScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An identifier of something else, with its scheme.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier {
    scheme: IdentifierScheme,
    value: String,
}

impl Identifier {
    /// Reads an identifier and finds its scheme: by a prefix (`doi:`, `arXiv:`, `isbn:`, `issn:`,
    /// `pmid:`, `hdl:`, `swh:`, `ark:`, `urn:`), by the address of its resolver, or by its form.
    ///
    /// ```
    /// use entrenar::research::{Identifier, IdentifierScheme};
    ///
    /// let paper = Identifier::parse("https://arxiv.org/abs/2106.09685")?;
    /// assert_eq!((paper.scheme(), paper.value()), (IdentifierScheme::ArXiv, "2106.09685"));
    /// # Ok::<(), entrenar::research::ValidationError>(())
    /// ```
    ///
    /// # Errors
    /// If no scheme fits, or a check digit is wrong.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let text = text.trim();
        let error = |reason| ValidationError::InvalidIdentifier {
            given: text.to_owned(),
            reason,
        };
        let made = |scheme, value: &str| Self {
            scheme,
            value: value.to_owned(),
        };
        let after = |prefixes: &[&str]| {
            let rest = without_prefix(text, prefixes).trim_start();
            (rest.len() < text.len()).then_some(rest)
        };
        if let Ok(doi) = Doi::parse(text) {
            return Ok(made(IdentifierScheme::Doi, doi.as_str()));
        }
        if let Some(rest) = after(&[
            "arxiv:",
            "https://arxiv.org/abs/",
            "http://arxiv.org/abs/",
            "https://arxiv.org/pdf/",
        ]) {
            let id = rest.strip_suffix(".pdf").unwrap_or(rest);
            return is_arxiv(id)
                .then(|| made(IdentifierScheme::ArXiv, id))
                .ok_or_else(|| error("it has not the form of an arXiv identifier"));
        }
        if let Some(rest) = after(&["isbn:", "urn:isbn:", "isbn "]) {
            let digits: String = rest.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
            return is_isbn(&digits)
                .then(|| made(IdentifierScheme::Isbn, &digits.to_ascii_uppercase()))
                .ok_or_else(|| error("its check digit is wrong, or it has not 10 or 13 digits"));
        }
        if let Some(rest) = after(&["issn:", "urn:issn:", "issn "]) {
            return is_issn(rest)
                .then(|| made(IdentifierScheme::Issn, &rest.to_ascii_uppercase()))
                .ok_or_else(|| {
                    error("its check digit is wrong, or it has not the form 0000-0000")
                });
        }
        if let Some(rest) = after(&["pmid:", "https://pubmed.ncbi.nlm.nih.gov/"]) {
            let id = rest.trim_end_matches('/');
            let digits = (1..=9).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit());
            return digits
                .then(|| made(IdentifierScheme::Pmid, id))
                .ok_or_else(|| error("it is not a number"));
        }
        if let Some(rest) = after(&["hdl:", "https://hdl.handle.net/", "http://hdl.handle.net/"]) {
            let form = rest.split_once('/').is_some_and(|(prefix, suffix)| {
                !prefix.is_empty() && !suffix.is_empty() && is_plain(rest)
            });
            return form
                .then(|| made(IdentifierScheme::Handle, rest))
                .ok_or_else(|| error("it has not the form prefix/suffix"));
        }
        if after(&["swh:"]).is_some() {
            return is_swhid(text)
                .then(|| made(IdentifierScheme::Swhid, text))
                .ok_or_else(|| error("it has not the form swh:1:type:40 hexadecimal digits"));
        }
        if after(&["ark:"]).is_some() && is_plain(text) {
            return Ok(made(IdentifierScheme::Ark, text));
        }
        if after(&["urn:"]).is_some() && is_plain(text) {
            return Ok(made(IdentifierScheme::Urn, text));
        }
        check_url(text).map(|url| made(IdentifierScheme::Url, &url))
    }

    /// The DOI as an identifier.
    pub fn of_doi(doi: &Doi) -> Self {
        Self {
            scheme: IdentifierScheme::Doi,
            value: doi.as_str().to_owned(),
        }
    }

    /// The scheme.
    pub fn scheme(&self) -> IdentifierScheme {
        self.scheme
    }

    /// The identifier without the prefix that names its scheme (SWHID, ARK and URN, whose prefix
    /// belongs to them, keep it).
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The identifier as an address or URN that stands for itself anywhere.
    pub fn uri(&self) -> String {
        let value = &self.value;
        match self.scheme {
            IdentifierScheme::Doi => format!("https://doi.org/{value}"),
            IdentifierScheme::ArXiv => format!("https://arxiv.org/abs/{value}"),
            IdentifierScheme::Handle => format!("https://hdl.handle.net/{value}"),
            IdentifierScheme::Pmid => format!("https://pubmed.ncbi.nlm.nih.gov/{value}/"),
            IdentifierScheme::Isbn => format!("urn:isbn:{value}"),
            IdentifierScheme::Issn => format!("urn:issn:{value}"),
            IdentifierScheme::Swhid => format!("https://archive.softwareheritage.org/{value}"),
            IdentifierScheme::Ark => format!("https://n2t.net/{value}"),
            IdentifierScheme::Url | IdentifierScheme::Urn => value.clone(),
        }
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scheme {
            IdentifierScheme::Url
            | IdentifierScheme::Urn
            | IdentifierScheme::Ark
            | IdentifierScheme::Swhid => f.write_str(&self.value),
            IdentifierScheme::Handle => write!(f, "hdl:{}", self.value),
            scheme => write!(f, "{}:{}", scheme.as_str().to_ascii_lowercase(), self.value),
        }
    }
}

fn is_plain(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_graphic() && !"{}\\\"`^|<>".contains(c))
}

/// `2106.09685`, `2106.09685v2` or `hep-th/9901001`.
fn is_arxiv(id: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let id = match id.rsplit_once('v') {
        Some((id, version)) if digits(version) => id,
        _ => id,
    };
    if let Some((archive, number)) = id.split_once('/') {
        let plain = |c: char| c.is_ascii_alphabetic() || matches!(c, '-' | '.');
        return !archive.is_empty()
            && archive.chars().all(plain)
            && number.len() == 7
            && digits(number);
    }
    id.split_once('.').is_some_and(|(month, number)| {
        month.len() == 4 && (4..=5).contains(&number.len()) && digits(month) && digits(number)
    })
}

/// ISBN-10 (weights 10 to 1, mod 11) or ISBN-13 (weights 1 and 3, mod 10), without hyphens.
fn is_isbn(digits: &str) -> bool {
    let value = |at: usize, c: char| match c {
        'X' | 'x' if at == 9 && digits.len() == 10 => Some(10),
        c => c.to_digit(10),
    };
    let Some(values) = digits
        .chars()
        .enumerate()
        .map(|(at, c)| value(at, c))
        .collect::<Option<Vec<u32>>>()
    else {
        return false;
    };
    match values.len() {
        10 => {
            values
                .iter()
                .zip((1..=10).rev())
                .map(|(v, w)| v * w)
                .sum::<u32>()
                % 11
                == 0
        }
        13 => {
            values
                .iter()
                .zip([1, 3].iter().cycle())
                .map(|(v, w)| v * w)
                .sum::<u32>()
                % 10
                == 0
        }
        _ => false,
    }
}

/// `0000-0000` with a check digit (ISO 3297: weights 8 to 1, mod 11).
fn is_issn(text: &str) -> bool {
    let Some((left, right)) = text.split_once('-') else {
        return false;
    };
    if left.len() != 4 || right.len() != 4 {
        return false;
    }
    let mut sum = 0;
    for (at, (c, weight)) in left
        .chars()
        .chain(right.chars())
        .zip((1..=8).rev())
        .enumerate()
    {
        let value = match c {
            'X' | 'x' if at == 7 => 10,
            c => match c.to_digit(10) {
                Some(digit) => digit,
                None => return false,
            },
        };
        sum += value * weight;
    }
    sum % 11 == 0
}

/// SWHID 1.2, core identifier with optional qualifiers.
fn is_swhid(text: &str) -> bool {
    let core = text.split(';').next().unwrap_or_default();
    let mut parts = core.split(':');
    let head = (parts.next(), parts.next(), parts.next());
    let (Some("swh"), Some("1"), Some("cnt" | "dir" | "rev" | "rel" | "snp")) = head else {
        return false;
    };
    let hash = parts.next().unwrap_or_default();
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    parts.next().is_none() && hash.len() == 40 && hash.bytes().all(hex) && is_plain(text)
}

macro_rules! relation_types {
    ($($name:ident => $doc:literal),* $(,)?) => {
        /// How an artifact relates to something else: DataCite 4.7, `relationType`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum RelationType {
            $(#[doc = $doc] $name,)*
        }

        impl RelationType {
            /// All of them, in the order of the specification.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// DataCite's name.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }
        }
    };
}

relation_types! {
    IsCitedBy => "It is cited by the other.",
    Cites => "It cites the other.",
    IsCollectedBy => "It is collected by the other.",
    Collects => "It collects the other.",
    IsSupplementTo => "It is a supplement to the other.",
    IsSupplementedBy => "It is supplemented by the other.",
    IsContinuedBy => "It is continued by the other.",
    Continues => "It continues the other.",
    IsDescribedBy => "It is described by the other.",
    Describes => "It describes the other.",
    HasMetadata => "The other is its metadata.",
    IsMetadataFor => "It is metadata of the other.",
    HasVersion => "The other is a version of it.",
    IsVersionOf => "It is a version of the other.",
    IsNewVersionOf => "It is a newer version of the other.",
    IsPreviousVersionOf => "It is an older version of the other.",
    IsPartOf => "It is a part of the other.",
    HasPart => "The other is a part of it.",
    IsPublishedIn => "It is published in the other.",
    IsReferencedBy => "It is referenced by the other.",
    References => "It references the other.",
    IsDocumentedBy => "It is documented by the other.",
    Documents => "It documents the other.",
    IsCompiledBy => "It is compiled by the other.",
    Compiles => "It compiles the other.",
    IsVariantFormOf => "It is a variant form of the other.",
    IsOriginalFormOf => "It is the original form of the other.",
    IsIdenticalTo => "It is identical to the other.",
    IsReviewedBy => "It is reviewed by the other.",
    Reviews => "It reviews the other.",
    IsDerivedFrom => "It is derived from the other.",
    IsSourceOf => "The other is derived from it.",
    IsRequiredBy => "It is required by the other.",
    Requires => "It requires the other.",
    IsObsoletedBy => "It is obsoleted by the other.",
    Obsoletes => "It obsoletes the other.",
    HasTranslation => "The other is a translation of it.",
    IsTranslationOf => "It is a translation of the other.",
    Other => "Related in another way.",
}

impl RelationType {
    /// The relation of that name, in any case.
    ///
    /// # Errors
    /// If there is none.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        Self::ALL
            .iter()
            .copied()
            .find(|relation| relation.as_str().eq_ignore_ascii_case(text.trim()))
            .ok_or_else(|| ValidationError::InvalidRelation {
                given: text.to_owned(),
            })
    }
}

impl fmt::Display for RelationType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Something else that the artifact relates to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelatedIdentifier {
    /// What it is called.
    pub identifier: Identifier,
    /// How the artifact relates to it.
    pub relation: RelationType,
    /// What kind of thing it is, where known.
    pub artifact_type: Option<ArtifactType>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_are_found() {
        use IdentifierScheme as S;
        for (text, scheme, value) in [
            (
                "doi:10.5281/zenodo.1003150",
                S::Doi,
                "10.5281/zenodo.1003150",
            ),
            ("arXiv:2106.09685v2", S::ArXiv, "2106.09685v2"),
            (
                "https://arxiv.org/abs/hep-th/9901001",
                S::ArXiv,
                "hep-th/9901001",
            ),
            ("isbn:978-0-262-03561-3", S::Isbn, "9780262035613"),
            ("ISBN 0-8044-2957-x", S::Isbn, "080442957X"),
            ("issn:2049-3630", S::Issn, "2049-3630"),
            ("pmid:12345678", S::Pmid, "12345678"),
            ("hdl:2027/mdp.39015", S::Handle, "2027/mdp.39015"),
            (
                "swh:1:rev:309cf2674ee7a0749978cf8265ab91a60aea0f7d",
                S::Swhid,
                "swh:1:rev:309cf2674ee7a0749978cf8265ab91a60aea0f7d",
            ),
            (
                "ark:/12148/btv1b8449691v",
                S::Ark,
                "ark:/12148/btv1b8449691v",
            ),
            (
                "urn:nbn:de:101:1-201102033592",
                S::Urn,
                "urn:nbn:de:101:1-201102033592",
            ),
            (
                "https://example.org/a?b=c",
                S::Url,
                "https://example.org/a?b=c",
            ),
        ] {
            let found = Identifier::parse(text).unwrap();
            assert_eq!((found.scheme(), found.value()), (scheme, value), "{text}");
            assert_eq!(
                Identifier::parse(&found.to_string()).unwrap(),
                found,
                "{text}"
            );
        }
    }

    #[test]
    fn wrong_identifiers_are_refused() {
        for text in [
            "",
            "isbn:978-0-262-03561-4",
            "issn:2049-3631",
            "arxiv:21.1",
            "swh:1:rev:12",
            "pmid:x",
            "hdl:x",
            "example.org",
            "ftp://example.org",
        ] {
            assert!(Identifier::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn relations_are_read_in_any_case() {
        for relation in RelationType::ALL {
            let name = relation.as_str().to_lowercase();
            assert_eq!(RelationType::parse(&name).unwrap(), *relation);
        }
        assert!(RelationType::parse("likes").is_err());
    }
}
