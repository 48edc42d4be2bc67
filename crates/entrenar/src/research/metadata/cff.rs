//! What a `CITATION.cff` of the working folder says that is true of a session, too.

use super::folder::{FolderMetadata, reference_to, some};
use super::{ArtifactMetadata, MAX_FILE_BYTES, MetadataError, MetadataProblem, Position};
use crate::research::author::NO_AUTHOR;
use crate::research::read::{self, Problem, ReadError, ReadLimits};

/// Reads what a `CITATION.cff` says that is true of a session of its project, too.
///
/// Taken are `authors`, `license`, `keywords` and `repository-code`; the `doi` becomes something
/// that the session references.
///
/// # Errors
/// If it is no YAML document with a mapping, or something is wrong with its authors.
pub fn read_cff(file: &str, bytes: &[u8]) -> Result<FolderMetadata, MetadataError> {
    let limits = ReadLimits {
        max_bytes: MAX_FILE_BYTES,
        ..ReadLimits::default()
    };
    let error = |problems| MetadataError {
        file: file.to_owned(),
        problems,
        more: 0,
    };
    let cff = match read::cff(bytes, limits) {
        Ok(cff) => cff,
        Err(ReadError::Syntax(problem)) => return Err(error(vec![problem_of(problem)])),
        Err(other) => {
            return Err(error(vec![MetadataProblem {
                position: None,
                key: String::new(),
                message: other.to_string(),
            }]));
        }
    };
    let of = |keys: &'static [&'static str]| {
        let is_of = move |problem: &&Problem| keys.iter().any(|key| problem.at.starts_with(key));
        let found = cff.problems.iter().filter(is_of).cloned();
        found.map(problem_of).collect::<Vec<_>>()
    };
    let mut wrong = of(&["authors"]);
    if !wrong.is_empty() {
        let more = wrong.len().saturating_sub(MetadataError::MAX_PROBLEMS);
        wrong.truncate(MetadataError::MAX_PROBLEMS);
        return Err(MetadataError {
            more,
            ..error(wrong)
        });
    }
    let remarks = of(&["license", "keywords", "repository-code", "doi"]);
    // What entrenar itself writes where nobody is named.
    let authors = cff.authors.into_iter();
    let authors = authors.filter(|author| author.name != NO_AUTHOR);
    let metadata = ArtifactMetadata {
        authors: some(authors.collect()),
        license: cff.license,
        keywords: some(cff.keywords),
        repository: cff
            .repository_code
            .filter(|url| crate::research::identifier::check_url(url).is_ok()),
        related: cff.doi.map(|doi| vec![reference_to(&doi)]),
        ..ArtifactMetadata::default()
    };
    Ok(FolderMetadata { metadata, remarks })
}

fn problem_of(problem: Problem) -> MetadataProblem {
    let position = problem.line.zip(problem.column);
    MetadataProblem {
        position: position.map(|(line, column)| Position { line, column }),
        key: problem.at,
        message: problem.message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_carries_over_is_taken() {
        let text = "\
cff-version: 1.2.0
message: cite it
title: lorakit
version: \"2.1\"
date-released: 2024-01-01
doi: 10.5281/zenodo.1003150
license: Apache-2.0
keywords: [lora]
repository-code: https://example.org/lab/lorakit
authors:
  - family-names: Silva
    given-names: Ana
    orcid: https://orcid.org/0000-0002-1825-0097
    affiliation: Lab
  - name: Author not recorded
";
        let read = read_cff("CITATION.cff", text.as_bytes()).unwrap();
        assert_eq!(read.remarks, []);
        let metadata = read.metadata;
        let authors = metadata.authors.unwrap();
        assert_eq!(authors.len(), 1);
        assert_eq!(authors[0].family(), "Silva");
        assert!(authors[0].orcid.is_some() && authors[0].affiliations.len() == 1);
        assert_eq!(metadata.license.unwrap().as_str(), "Apache-2.0");
        assert_eq!(metadata.related.unwrap().len(), 1);
        assert_eq!((metadata.title, metadata.version), (None, None));
        assert_eq!((metadata.doi, metadata.date), (None, None));
    }

    #[test]
    fn problems_have_places() {
        let text = "cff-version: 1.2.0\ntitle: x\nauthors:\n  - family-names: A\n    orcid: https://orcid.org/0000-0002-1825-0098\nlicense: mine\n";
        let error = read_cff("C", text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("C:5:12: authors[0].orcid: "), "{error}");
        let text = "title: x\nlicense: mine\nauthors: []\nreferences: 7\n";
        let read = read_cff("C", text.as_bytes()).unwrap();
        assert_eq!(read.remarks.len(), 1, "{:?}", read.remarks);
        for text in ["", "- a", "a: [", "a: \"", "\u{0}"] {
            assert!(read_cff("C", text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
