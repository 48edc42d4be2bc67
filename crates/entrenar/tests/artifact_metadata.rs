//! Metadata files as people write them: all problems at once, each with its place.
#![cfg(feature = "citations")]

use entrenar::research::metadata::*;

fn toml(text: &str) -> Result<ArtifactMetadata, MetadataError> {
    read_toml("entrenar.toml", text.as_bytes(), TomlScope::Session)
}

#[test]
fn every_problem_is_told_at_once() {
    let text = r#"
titel = "x"
keywords = "lora"
version = 1.0
license = "my own"
date = 0000-01-01
language = "english"
doi = "11.1/x"
url = "example.org"
type = "thing"
hardware = ["A100", 8, ""]

[[authors]]
name = "Ana"
orcid = "0000-0002-1825-0098"
email = "ana"
roles = ["Software", "boss"]
affiliations = ["Lab", { name = "MIT", ror = "042nb2s45" }, { ror = "042nb2s44" }]

[[authors]]
given = "Bo"

[[authors]]
organisation = "X"
name = "Y"

[[funding]]
award = 12

[[related]]
identifier = "isbn:978-0-262-03561-4"
relation = "likes"

[tool.other]
x = 1
"#;
    insta::assert_snapshot!(toml(text).unwrap_err().to_string());
}

#[test]
fn every_error_of_syntax_is_told() {
    let text = "title = \"a\nlicense = MIT\nkeywords = [\"a\",\n[[authors]\nname = 'x'\n";
    insta::assert_snapshot!(toml(text).unwrap_err().to_string());
    let twice = "title = \"a\"\ntitle = \"b\"\n";
    insta::assert_snapshot!(toml(twice).unwrap_err().to_string());
}

#[test]
fn hostile_files_are_refused() {
    let error = |bytes: &[u8]| {
        let error = read_toml("t", bytes, TomlScope::Project).unwrap_err();
        error.to_string()
    };
    assert_eq!(error(b"title = \"a\xff\""), "t:1:11: it is not UTF-8");
    let huge = vec![b' '; MAX_FILE_BYTES + 1];
    assert_eq!(error(&huge), "t: it is longer than 1 MiB");
    let deep = format!("title = {}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(!error(deep.as_bytes()).is_empty());
    let many: String = (0..20_000).map(|i| format!("k{i} = 1\n")).collect();
    let error = read_toml("t", many.as_bytes(), TomlScope::User).unwrap_err();
    assert_eq!(error.problems.len(), MetadataError::MAX_PROBLEMS);
    assert_eq!(error.more, 20_000 - MetadataError::MAX_PROBLEMS);
}

#[test]
fn a_file_says_only_what_may_be_true_of_its_sessions() {
    let text = "doi = \"10.1234/x\"\ntitle = \"x\"\n";
    let error = |scope| {
        read_toml("t", text.as_bytes(), scope)
            .unwrap_err()
            .problems
            .len()
    };
    assert_eq!(error(TomlScope::Project), 1);
    assert_eq!(error(TomlScope::User), 2);
    assert!(toml(text).is_ok());
}

#[test]
fn an_edited_text_keeps_all_but_the_hints() {
    let artifact = entrenar::research::ResearchArtifact::new(
        "s-1",
        "Rank 64",
        entrenar::research::ArtifactType::Notebook,
    );
    let described = merge(artifact, &[]);
    let stored = "# mine\nlicense = \"MIT\"\n\n[[authors]]\nname = \"Ana\" # me\n";
    let shown = template(stored, &described);
    insta::assert_snapshot!(shown);
    assert_eq!(without_hints(&shown, &shown), stored);
    // Each hint is right as it stands.
    let uncommented: String = shown
        .lines()
        .filter_map(|line| line.strip_prefix("#: "))
        .filter(|line| line.contains(" = "))
        .map(|line| format!("{line}\n"))
        .collect();
    let metadata = toml(&uncommented).unwrap();
    assert_eq!(metadata.title.as_deref(), Some("Rank 64"));
    assert!(metadata.funding.is_some() && metadata.subjects.is_some());
    let mine = shown.replace("#: doi", "doi").replace("# mine", "#: mine");
    let kept = without_hints(&mine, &shown);
    assert!(
        kept.contains("#: mine\n") && kept.starts_with("doi = "),
        "{kept}"
    );
    assert!(toml(&kept).unwrap().doi.is_some());
}

#[test]
fn hostile_values_are_shown_so_that_they_read_back() {
    use entrenar::research::*;
    let texts = [
        "a \"b\" \\ 'c' \"\"\" #: d\ne\tf\rg",
        "\u{0}\u{1b}[31m\u{7f}\u{9b}\u{feff}\u{2028}x",
        "\\u0041 {vs} [x] = y # z",
        "日本語 \u{1f600} \u{202e}",
    ];
    for text in texts {
        let mut artifact = ResearchArtifact::new(text, text, ArtifactType::Model)
            .with_author(
                Author::new(format!("Ana {text}"))
                    .with_orcid("0000-0002-1825-0097")
                    .unwrap()
                    .with_affiliation(Affiliation::new(text).with_ror("042nb2s44").unwrap())
                    .with_role(ContributorRole::WritingReviewEditing),
            )
            .with_author(Author::organisation(text))
            .with_description(text)
            .with_version(text)
            .with_keywords([text]);
        artifact.abstract_text = Some(text.into());
        artifact.publisher = Some(text.into());
        artifact.funding = vec![Funding::new(text).with_award_number(text)];
        artifact.hardware = vec![text.into()];
        artifact.subjects = vec![Subject {
            term: text.into(),
            scheme: Some(text.into()),
            uri: None,
        }];
        artifact.software = vec![Software {
            name: text.into(),
            version: Some(text.into()),
            url: Some("https://example.org/?a=b#c".into()),
        }];
        artifact.related = vec![RelatedIdentifier::parse("IsPartOf isbn:9780262035613").unwrap()];
        let shown = template("", &merge(artifact.clone(), &[]));
        let uncommented: String = shown
            .lines()
            .filter_map(|line| line.strip_prefix("#: "))
            .filter(|line| line.contains("  # from "))
            .map(|line| format!("{line}\n"))
            .collect();
        let source = MetadataSource::new(MetadataOrigin::Edited, toml(&uncommented).unwrap());
        let plain = ResearchArtifact::new(text, "", ArtifactType::Notebook);
        assert_eq!(merge(plain, &[source]).artifact, artifact, "{text:?}");
    }
}

#[test]
fn the_example_of_the_documentation_is_right() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/entrenar.toml");
    let bytes = std::fs::read(path).unwrap();
    let metadata = read_toml(path, &bytes, TomlScope::Project).unwrap();
    assert_eq!(metadata.authors.unwrap().len(), 3);
    assert_eq!(metadata.people.len(), 1);
    let text = String::from_utf8(bytes).unwrap();
    for field in MetadataField::ALL {
        use MetadataField as F;
        let of_one_session = [
            F::Title,
            F::Abstract,
            F::Description,
            F::Version,
            F::Date,
            F::Type,
            F::Doi,
            F::Url,
        ];
        let said =
            text.contains(&format!("\n{field} = ")) || text.contains(&format!("[[{field}]]"));
        assert!(said != of_one_session.contains(field), "{field}");
    }
}

#[test]
fn single_fields_are_set_and_removed() {
    let set = |text: &str, field, values: &[&str]| {
        let values = values.iter().map(ToString::to_string).collect();
        set_in_toml(text, &[(field, values)])
    };
    use MetadataField as F;
    let text = "# mine\nlicense = \"MIT\" # why\n\n[[authors]]\nname = \"Ana\"\n";
    let edited = set(text, F::License, &["CC-BY-4.0"]).unwrap();
    assert_eq!(edited, text.replace("\"MIT\"", "\"CC-BY-4.0\""));
    let edited = set(text, F::License, &[]).unwrap();
    assert_eq!(edited, "# mine\n\n[[authors]]\nname = \"Ana\"\n");
    let edited = set(text, F::Keywords, &["a \"b\"", "c"]).unwrap();
    assert!(
        edited.contains("keywords = [\"a \\\"b\\\"\", \"c\"]\n[[authors]]"),
        "{edited}"
    );
    assert_eq!(toml(&edited).unwrap().keywords.unwrap(), ["a \"b\"", "c"]);
    let error = set(text, F::Authors, &["Bo"]).unwrap_err().to_string();
    assert!(
        error.starts_with("artifact metadata:4:3: authors: "),
        "{error}"
    );
    for (values, expected) in [
        (vec!["[\"x\", 'y']"], "software = [\"x\", 'y']\n"),
        (
            vec!["{ name = \"x\" }", "y"],
            "software = [{ name = \"x\" }, \"y\"]\n",
        ),
        (vec!["y\"] # \n"], "software = [\"y\\\"] # \\n\"]\n"),
        (vec!["\"x\" # c"], "software = [\"\\\"x\\\" # c\"]\n"),
    ] {
        assert_eq!(set("", F::Software, &values).unwrap(), expected);
    }
    assert_eq!(
        set("", F::Version, &["1.0"]).unwrap(),
        "version = \"1.0\"\n"
    );
    assert_eq!(
        set("x", F::Version, &["1.0"]).unwrap_err().problems.len(),
        1
    );
}

/// A right file with a few places changed at random.
fn damaged(seed: &str) -> impl proptest::strategy::Strategy<Value = Vec<u8>> + use<> {
    use proptest::prelude::*;
    let seed = seed.as_bytes().to_vec();
    let length = seed.len();
    let piece = prop_oneof![
        any::<u8>().prop_map(|byte| vec![byte]),
        "[\\[\\]{}\"'=,#:\\\\\n.]{1,4}".prop_map(String::into_bytes),
        Just(Vec::new()),
    ];
    let changes = prop::collection::vec((0..length, 0_usize..20, piece), 0..6);
    changes.prop_map(move |changes| {
        let mut bytes = seed.clone();
        for (at, removed, piece) in changes {
            let at = at.min(bytes.len());
            let end = (at + removed).min(bytes.len());
            bytes.splice(at..end, piece);
        }
        bytes
    })
}

const EXAMPLE: &str = include_str!("../../../examples/entrenar.toml");

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(1500))]

    /// Whatever was done to it, it is read or refused with places, and what is right stays right.
    #[test]
    fn a_damaged_file_is_read_or_refused(bytes in damaged(EXAMPLE)) {
        let read = read_toml("t", &bytes, TomlScope::Session);
        if let Err(error) = &read {
            assert!(!error.problems.is_empty() && !error.to_string().is_empty());
        }
        let Ok(text) = std::str::from_utf8(&bytes) else { return Ok(()) };
        let changed = set_in_toml(text, &[
            (MetadataField::License, vec!["MIT".into()]),
            (MetadataField::Keywords, Vec::new()),
        ]);
        let Ok(read) = read else { return Ok(()) };
        if let Ok(changed) = changed {
            let again = read_toml("t", changed.as_bytes(), TomlScope::Session).unwrap();
            assert_eq!(again.license.unwrap().as_str(), "MIT");
            assert_eq!((again.authors, again.keywords), (read.authors.clone(), None));
        }
        let artifact = entrenar::research::ResearchArtifact::new(
            "s", "S", entrenar::research::ArtifactType::Notebook,
        );
        let source = MetadataSource::new(MetadataOrigin::Edited, read.clone());
        let shown = template(text, &merge(artifact, &[source]));
        let kept = without_hints(&shown, &shown);
        assert_eq!(read_toml("t", kept.as_bytes(), TomlScope::Session), Ok(read));
    }

    #[test]
    fn damaged_files_of_a_folder_are_read_or_refused(
        codemeta in damaged(r#"{"author": [{"@id": "https://orcid.org/0000-0002-1825-0097", "givenName": "Ana", "familyName": "Silva", "affiliation": {"name": "L"}}], "license": ["https://spdx.org/licenses/MIT"], "keywords": "a, b", "funder": {"name": "F"}, "funding": "1; 2", "identifier": {"value": "10.1234/x"}}"#),
        zenodo in damaged(r#"{"creators": [{"name": "Silva, Ana", "orcid": "0000-0002-1825-0097"}], "license": {"id": "cc-by-4.0"}, "grants": [{"id": "10.13039/501100000780::1"}], "subjects": [{"term": "t"}], "doi": "10.1234/x"}"#),
        cff in damaged("cff-version: 1.2.0\nmessage: m\ntitle: \"t\"\nauthors:\n  - family-names: Silva\n    given-names: Ana\n    orcid: https://orcid.org/0000-0002-1825-0097\nlicense: [MIT, Apache-2.0]\nkeywords: [a, b]\ndoi: 10.1234/x\n"),
    ) {
        for read in [
            read_codemeta("f", &codemeta),
            read_zenodo("f", &zenodo),
            read_cff("f", &cff),
        ] {
            match read {
                Ok(found) => assert!(found.metadata.title.is_none() && found.metadata.doi.is_none()),
                Err(error) => assert!(!error.problems.is_empty()),
            }
        }
    }
}
