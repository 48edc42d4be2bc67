//! Citations judged by the programs of the field: biber, pybtex, cffconvert, PyYAML with the
//! schema of the Citation File Format, citation-js; and archive metadata by InvenioRDM.
//!
//! Hostile artifacts are written to a folder, and `scripts/oracle/check_citations.py` reads it
//! with each program and compares what they read with what was meant. Tried with biber 2.18,
//! pybtex 0.26, cffconvert 2.0.0 and citation-js 0.7.21.
//!
//! * `ENTRENAR_PYTHON`: the Python that has pybtex, cffconvert and PyYAML (default `python3`)
//! * `ENTRENAR_CITATION_JS`: a folder with `node_modules/citation-js` (optional)
//! * `ENTRENAR_INVENIO`, `ENTRENAR_INVENIO_TOKEN`: address (with `/api`) and token of a local
//!   InvenioRDM that makes drafts of the archive metadata (optional; tried with 14.0.5)

#![expect(clippy::unwrap_used, reason = "helpers of a test")]

mod citation_support;

use citation_support::{hostile_artifacts, judge, write};
use entrenar::research::{
    ArchiveDeposit, AuthorKind, CitationMetadata, Importance, PreparedDeposit, ResearchArtifact,
    ZenodoConfig,
};
use serde_json::{Value, json};

/// What the programs must read.
fn meant(
    artifact: &ResearchArtifact,
    citation: &CitationMetadata,
    deposit: &PreparedDeposit,
) -> Value {
    let missing: Vec<String> = deposit
        .missing()
        .iter()
        .filter(|item| item.importance == Importance::Required)
        .map(|item| format!("{:?}", item.field))
        .collect();
    let authors: Vec<Value> = artifact
        .authors
        .iter()
        .filter(|author| author.is_named())
        .map(|author| {
            let parts = author.parts();
            json!({
                "person": author.kind() == AuthorKind::Person,
                "given": parts.given.unwrap_or_default(),
                "particle": parts.particle.unwrap_or_default(),
                "family": parts.family,
                "suffix": parts.suffix.unwrap_or_default(),
            })
        })
        .collect();
    json!({
        "key": citation.key(),
        "title": artifact.title,
        // Terms of vocabularies are keywords to CITATION.cff.
        "keywords": artifact.keywords.iter()
            .chain(artifact.subjects.iter().map(|subject| &subject.term))
            .collect::<Vec<_>>(),
        "authors": authors,
        "missing": missing,
    })
}

/// Writes the citations and has the programs read them.
fn judge_citations(artifacts: &[ResearchArtifact]) {
    let folder = tempfile::tempdir().unwrap();
    let mut all = String::new();
    let mut expected = Vec::new();
    for (case, artifact) in artifacts.iter().enumerate() {
        let citation = match case % 3 {
            0 => CitationMetadata::without_year(artifact),
            _ => CitationMetadata::from_artifact(artifact, 2024),
        };
        let bibtex = citation.to_bibtex();
        write(&folder.path().join(format!("{case:03}.bib")), &bibtex);
        write(
            &folder.path().join(format!("{case:03}.cff")),
            &citation.to_cff(),
        );
        let mut archive = ZenodoConfig::new("t");
        if case % 5 == 0 {
            archive = archive.with_base_url("https://archive.example.org");
        }
        let deposit = ArchiveDeposit::new(archive).prepare(artifact).unwrap();
        write(
            &folder.path().join(format!("{case:03}.record.json")),
            &deposit.to_json(),
        );
        all.push_str(&bibtex);
        expected.push(meant(artifact, &citation, &deposit));
    }
    write(&folder.path().join("all.bib"), &all);
    write(
        &folder.path().join("meant.json"),
        &Value::from(expected).to_string(),
    );
    judge("check_citations.py", folder.path());
}

#[test]
fn the_programs_of_the_field_read_hostile_citations() {
    judge_citations(&hostile_artifacts(220));
}

#[cfg(feature = "ruchy-sessions")]
#[test]
fn the_programs_of_the_field_read_citations_of_real_sessions() {
    if let Some(artifacts) = citation_support::real_artifacts() {
        judge_citations(&artifacts);
    }
}
