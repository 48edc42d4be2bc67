//! What a full and a bare artifact look like in each format.

use chrono::{DateTime, NaiveDate};
use entrenar::research::format::{Format, FormatError};
use entrenar::research::{
    Affiliation, ArchiveDeposit, ArtifactType, Author, CitationMetadata, ContributorRole, Doi,
    Funding, Identifier, Importance, Language, License, MissingField, Reference, ReferenceKind,
    RelatedIdentifier, RelationType, ResearchArtifact, Software, Subject, ValidationError,
    ZenodoConfig,
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

#[test]
fn a_full_artifact_in_every_format() {
    let mut artifact = full().unwrap();
    artifact.release_date = NaiveDate::from_ymd_opt(2024, 2, 29);
    artifact.abstract_text = Some("What happens when the rank grows?\nNothing <bad>.".into());
    artifact.language = Some(Language::parse("en-GB").unwrap());
    artifact.publisher = Some("Zenodo".into());
    artifact.repository = Some("https://example.org/code.git".into());
    artifact.subjects = vec![Subject {
        term: "Machine learning".into(),
        scheme: Some("LCSH".into()),
        uri: Some("https://id.loc.gov/authorities/subjects/sh85079324".into()),
    }];
    artifact.funding = vec![
        Funding::new("European Commission")
            .with_ror("00k4n6c32")
            .unwrap()
            .with_award_number("777541")
            .with_award_title("Adapters"),
    ];
    artifact.related = vec![
        RelatedIdentifier {
            identifier: Identifier::parse("swh:1:rev:309cf2674ee7a0749978cf8265ab91a60aea0f7d")
                .unwrap(),
            relation: RelationType::IsDerivedFrom,
            artifact_type: Some(ArtifactType::Code),
        },
        RelatedIdentifier {
            identifier: Identifier::parse("10.5072/zenodo.41").unwrap(),
            relation: RelationType::IsVersionOf,
            artifact_type: None,
        },
        RelatedIdentifier {
            identifier: Identifier::parse("https://example.org/de").unwrap(),
            relation: RelationType::HasTranslation,
            artifact_type: None,
        },
    ];
    artifact.references = vec![
        Reference::new(ReferenceKind::Article)
            .with_title("LoRA: Low-Rank Adaptation")
            .with_author(Author::new("Edward J. Hu"))
            .with_doi(Doi::parse("10.48550/arXiv.2106.09685").unwrap()),
    ];
    artifact.software = vec![Software {
        name: "torch".into(),
        version: Some("2.9.1".into()),
        url: None,
    }];
    artifact.hardware = vec!["NVIDIA A100 80GB".into()];
    for format in Format::ALL {
        let name = format!("every_format_{}", format.name());
        insta::assert_snapshot!(name, format.write(&artifact).unwrap());
    }
}

#[test]
fn names_of_formats_are_read_and_differ() {
    for format in Format::ALL {
        assert_eq!(format.name().parse(), Ok(*format));
        let same = |other: &&Format| other.file_name() == format.file_name();
        assert_eq!(Format::ALL.iter().filter(same).count(), 1);
    }
    let error = "endnote".parse::<Format>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "\"endnote\" is not the name of a citation format"
    );
}

#[test]
fn datacite_without_a_year_is_refused() {
    let error = Format::DataciteJson.write(&bare()).unwrap_err();
    assert_eq!(error, FormatError::NoYear);
}
