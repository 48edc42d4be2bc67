//! Every format of an artifact read back by programs of its field: title, authors, ORCID iDs, DOI,
//! licence, version and dates must be the same in all.
//!
//! Hostile artifacts and those of real sessions are written to a folder in all formats;
//! `scripts/oracle/check_formats.py` reads them. Tried with pybtex 0.26.1, BibTeX 0.99d (TeX Live
//! 2022) with plain, abbrv and alpha, cffconvert 2.0.0, citation-js 0.7.21, rispy 0.10.0, lxml
//! 6.1.3 with DataCite's XSDs 4.6 and 4.7, datacite 1.4.1 (JSON schema 4.5), the schema of CSL in
//! commonmeta-py 0.312, PyLD 3.3.0, idutils 1.7.1, and the schema of
//! zenodraft/zenodo-upload-metadata-schema 0.3.0.
//!
//! * `ENTRENAR_PYTHON`, `ENTRENAR_CITATION_JS`: as in `citation_oracles.rs`
//! * `ENTRENAR_DATACITE_XSD`: a folder with `kernel-4.6/` and `kernel-4.7/` of DataCite's schema
//!   repository (optional)
//! * `ENTRENAR_ZENODO_SCHEMA`: Zenodo's upload schema (optional)

#![expect(clippy::unwrap_used, reason = "helpers of a test")]

mod citation_support;

use std::fs;

use citation_support::{hostile_artifacts, judge, write};
use entrenar::research::format::Format;
use entrenar::research::{Author, ResearchArtifact};
use serde_json::{Value, json};

fn author(author: &Author) -> Value {
    let parts = author.parts();
    json!({
        "given": parts.given.unwrap_or_default(),
        "particle": parts.particle.unwrap_or_default(),
        "family": parts.family,
        "suffix": parts.suffix.unwrap_or_default(),
        "orcid": author.orcid.as_ref().map(|orcid| orcid.as_str()),
    })
}

/// What the programs must read.
fn meant(artifact: &ResearchArtifact, refused: &[&str]) -> Value {
    let named: Vec<&Author> = artifact
        .authors
        .iter()
        .filter(|author| author.is_named())
        .collect();
    let alike = |a: &Author, b: &Author| a.parts() == b.parts() && a.kind() == b.kind();
    let unique = named
        .iter()
        .enumerate()
        .all(|(at, one)| named.iter().skip(at + 1).all(|other| !alike(one, other)));
    json!({
        "title": artifact.title,
        "authors": named.iter().map(|one| author(one)).collect::<Vec<_>>(),
        "unique_authors": unique,
        "doi": artifact.doi.as_ref().map_or("", |doi| doi.as_str()),
        "license": artifact.license.as_ref().map_or("", |license| license.as_str()),
        "version": artifact.version,
        "date": artifact.release_date.map_or(String::new(), |date| date.to_string()),
        "refused": refused,
    })
}

fn judge_formats(artifacts: &[ResearchArtifact]) {
    let folder = tempfile::tempdir().unwrap();
    for (case, artifact) in artifacts.iter().enumerate() {
        let folder = folder.path().join(format!("{case:03}"));
        fs::create_dir(&folder).unwrap();
        let mut refused = Vec::new();
        for format in Format::ALL {
            let file = format.file_name();
            match format.write(artifact) {
                Ok(text) => {
                    assert_eq!(format.write(artifact).as_deref(), Ok(text.as_str()));
                    write(&folder.join(file), &text);
                }
                Err(_) => refused.push(file),
            }
        }
        // DataCite alone may refuse, and only for want of a year.
        let datacite = ["datacite.json", "datacite-4.6.xml", "datacite.xml"];
        match artifact.release_date {
            Some(_) => assert!(refused.is_empty(), "{refused:?}"),
            None => assert_eq!(refused, datacite),
        }
        write(
            &folder.join("meant.json"),
            &meant(artifact, &refused).to_string(),
        );
    }
    judge("check_formats.py", folder.path());
}

#[test]
fn all_formats_of_hostile_artifacts_say_the_same() {
    judge_formats(&hostile_artifacts(240));
}

#[cfg(feature = "ruchy-sessions")]
#[test]
fn all_formats_of_real_sessions_say_the_same() {
    let Some(artifacts) = citation_support::real_artifacts() else {
        return;
    };
    let day = chrono::NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
    let artifacts: Vec<_> = artifacts
        .into_iter()
        .enumerate()
        .map(|(at, artifact)| match at % 2 {
            0 => artifact.with_release_date(day),
            _ => artifact,
        })
        .collect();
    judge_formats(&artifacts);
}
