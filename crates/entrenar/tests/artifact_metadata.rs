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
