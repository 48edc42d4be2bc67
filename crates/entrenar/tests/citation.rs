//! What a full and a bare artifact look like in each format.

use chrono::{DateTime, NaiveDate};
use entrenar::research::{
    Affiliation, ArchiveDeposit, ArtifactType, Author, CitationMetadata, ContributorRole, Doi,
    Importance, License, MissingField, ResearchArtifact, ValidationError, ZenodoConfig,
};

fn full() -> Result<ResearchArtifact, ValidationError> {
    let institute = Affiliation::new("California Digital Library").with_ror("03yrm5c26")?;
    let artifact = ResearchArtifact::new(
        "3f9a6c0de1b2a4d5",
        "Rank 64 {vs} rank 8: 100 % of \"alpaca\" & more",
        ArtifactType::Notebook,
    )
    .with_author(
        Author::new("Ludwig van Beethoven")
            .with_orcid("https://orcid.org/0000-0002-1825-0097")?
            .with_affiliation(institute)
            .with_affiliation(Affiliation::new("Universität Bonn"))
            .with_role(ContributorRole::Software),
    )
    .with_author(Author::new("The HF Team and Friends"))
    .with_author(Author::new("researcher@university.edu"))
    .with_author(Author::new("Sammy Davis, Jr."))
    .with_license(License::parse("MIT OR Apache-2.0")?)
    .with_doi(Doi::parse("10.5072/zenodo.42")?)
    .with_url("https://example.org/runs/a_b?rank=64#top")?
    .with_version("1.0.0+steps2")
    .with_description("Training of llama-2-7b.\nLoss: final NaN, best 0.2 <b>&</b>.")
    .with_keywords(["lora", "a, b", "lora", "fine_tuning"])
    .with_recorded_times(
        DateTime::from_timestamp(1_700_000_000, 0),
        DateTime::from_timestamp(1_700_100_000, 0),
    );
    Ok(artifact)
}

fn bare() -> ResearchArtifact {
    ResearchArtifact::new("0011223344556677", "", ArtifactType::Notebook)
        .with_derived_title("run7", "the file's name")
}

#[test]
fn a_full_artifact_in_biblatex() {
    let artifact = full().unwrap();
    insta::assert_snapshot!(CitationMetadata::from_artifact(&artifact, 2024).to_bibtex());
}

#[test]
fn a_full_artifact_in_cff() {
    let date = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
    let artifact = full().unwrap().with_release_date(date);
    insta::assert_snapshot!(CitationMetadata::without_year(&artifact).to_cff());
}

#[test]
fn a_bare_artifact_in_biblatex_and_cff() {
    let citation = CitationMetadata::without_year(&bare());
    insta::assert_snapshot!(format!("{}\n{}", citation.to_bibtex(), citation.to_cff()));
}

#[test]
fn a_full_artifact_for_the_archive() {
    let date = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
    let artifact = full().unwrap().with_release_date(date);
    let deposit = ArchiveDeposit::new(ZenodoConfig::new("t"));
    insta::assert_snapshot!(deposit.prepare(&artifact).unwrap().to_json());
}

#[test]
fn a_bare_artifact_for_the_archive_lacks_much() {
    let deposit = ArchiveDeposit::new(ZenodoConfig::new(""));
    let prepared = deposit.prepare(&bare()).unwrap();
    let missing: Vec<String> = prepared
        .missing()
        .iter()
        .map(|item| format!("{:?}: {item}", item.importance))
        .collect();
    insta::assert_snapshot!(format!("{}{}", prepared.to_json(), missing.join("\n")));
    assert!(!prepared.is_complete());
}

#[test]
fn nothing_required_but_files_is_missing_where_all_is_stated() {
    let date = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
    let artifact = full().unwrap().with_release_date(date);
    let prepared = ArchiveDeposit::new(ZenodoConfig::new("t"))
        .prepare(&artifact)
        .unwrap();
    let required: Vec<_> = prepared
        .missing()
        .iter()
        .filter(|item| item.importance == Importance::Required)
        .map(|item| item.field)
        .collect();
    assert_eq!(required, [MissingField::Files]);
}

#[test]
fn a_release_date_gives_the_year_unless_one_was_given() {
    let date = NaiveDate::from_ymd_opt(2023, 5, 6).unwrap();
    let artifact = bare().with_release_date(date);
    let dated = CitationMetadata::without_year(&artifact);
    assert_eq!(dated.year(), Some(2023));
    assert!(dated.to_bibtex().contains("date = {2023-05-06}"));
    assert!(dated.to_bibtex().contains("year = {2023}"));
    assert!(dated.to_cff().contains("date-released: 2023-05-06"));
    let other = CitationMetadata::from_artifact(&artifact, 2024);
    assert!(other.to_bibtex().contains("  year = {2024}"));
    assert!(!other.to_bibtex().contains("2023"));
    assert!(!other.to_cff().contains("date-released"));
}

#[test]
fn years_that_no_format_has_are_left_out() {
    for year in [0, -5, 10_000, i32::MAX] {
        let citation = CitationMetadata::from_artifact(&bare(), year);
        assert!(!citation.to_bibtex().contains("year"), "{year}");
    }
    let early = CitationMetadata::from_artifact(&bare(), 7).to_bibtex();
    assert!(early.contains("year = {0007}"), "{early}");
}

#[test]
fn a_licence_that_cff_cannot_express_is_still_said() {
    let cff = |text: &str| {
        let license = License::parse(text).unwrap();
        CitationMetadata::without_year(&bare().with_license(license)).to_cff()
    };
    assert!(cff("MIT").contains("\nlicense: MIT\n"));
    assert!(cff("MIT OR Zlib").contains("\nlicense:\n  - MIT\n  - Zlib\n"));
    assert!(cff("MIT AND Zlib").contains("License: MIT AND Zlib."));
    assert!(cff("BSD-3-Clause-HP").contains("license-url: \"https://spdx.org/licenses/"));
    assert!(!cff("MIT AND Zlib").contains("\nlicense"));
}
