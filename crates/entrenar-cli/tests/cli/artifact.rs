//! Where an artifact's metadata come from, as a user meets it.

use std::fs;

use crate::support::{Home, Ran, lora};

fn home() -> Home {
    let home = Home::new();
    home.session(&lora("aaaa-64", "LoRA, rank 64", 64));
    home
}

macro_rules! transcript {
    ($home:expr, $args:expr) => {
        insta::assert_snapshot!($home.transcript(&$args))
    };
}

const PROJECT: &str = r#"
license = "CC-BY-4.0"
keywords = ["fine-tuning"]
repository = "https://example.org/lab/lorakit"
funding = ["FCT, UIDB/00001/2020 (https://ror.org/00snfqn58)"]
affiliation = { name = "Lab of Numbers", ror = "042nb2s44" }
"#;

const USER: &str = r#"
license = "MIT"
language = "en"

[[people]]
given = "Ana"
family = "da Silva Costa"
orcid = "0000-0002-1825-0097"
known_as = ["ana"]
"#;

const CODEMETA: &str = r#"{"@type": "SoftwareSourceCode", "name": "lorakit", "version": "2.1",
  "identifier": "https://doi.org/10.5281/zenodo.1003150", "license": "proprietary",
  "keywords": "lora, llm"}"#;

/// A home with a file of each kind.
fn furnished() -> Home {
    let home = home();
    home.file("entrenar.toml", PROJECT.as_bytes())
        .file("codemeta.json", CODEMETA.as_bytes())
        .file("../.config/entrenar/entrenar.toml", USER.as_bytes());
    home
}

#[test]
fn every_source_counts_in_its_place() {
    let home = furnished();
    transcript!(home, ["artifact", "show", "aaaa"]);
    transcript!(
        home,
        [
            "artifact",
            "show",
            "aaaa",
            "--license",
            "Apache-2.0",
            "--keyword",
            "only",
            "--json"
        ]
    );
    let cff = home.run(&["cite", "aaaa", "--format", "cff"]).out();
    assert!(
        cff.contains("CC-BY-4.0") && cff.contains("da Silva Costa"),
        "{cff}"
    );
    let bare = home.run(&["cite", "aaaa", "--format", "cff", "--no-metadata-files"]);
    assert!(!bare.out().contains("CC-BY-4.0") && bare.err().is_empty());
    // The title, version and DOI of the project are not the session's.
    assert!(
        cff.contains("LoRA, rank 64") && !cff.contains("2.1"),
        "{cff}"
    );
}

#[test]
fn a_project_is_found_from_a_folder_in_it() {
    let home = home();
    home.file("entrenar.toml", PROJECT.as_bytes())
        .file(".git/HEAD", b"")
        .file("notebooks/deep/x", b"");
    let mut command = home.command(&["artifact", "show", "aaaa", "--json"]);
    let output = command
        .current_dir(home.work().join("notebooks/deep"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("../../entrenar.toml"), "{text}");
}

#[test]
fn all_that_is_wrong_is_told_at_once_and_nothing_is_done() {
    let home = home();
    home.file(
        "entrenar.toml",
        b"licence = \"MIT\"\nauthors = [\"Ana (0000-0002-1825-0098)\"]\ndate = \"0000-01-01\"\n",
    )
    .file(
        ".zenodo.json",
        b"{\"creators\": [{\"name\": 7}],\n  \"license\": ",
    )
    .recording("cli1301_unicode.replay");
    transcript!(home, ["artifact", "show", "aaaa"]);
    let ran = home.run(&["preserve", "cli1301_unicode.replay"]);
    assert_eq!(ran.code, Some(1), "{}", ran.err());
    assert!(!home.work().join("cli1301_unicode.replay.artifact").exists());
    let list = home.run(&["list", "--json"]).json();
    assert_eq!(list.as_array().unwrap().len(), 1, "nothing was imported");
    let done = home.run(&["preserve", "cli1301_unicode.replay", "--no-metadata-files"]);
    assert_eq!(done.code, Some(0), "{}", done.err());
}

#[test]
fn odd_files_are_refused() {
    let home = home();
    fs::create_dir(home.work().join("entrenar.toml")).unwrap();
    transcript!(home, ["artifact", "show", "aaaa"]);
    fs::remove_dir(home.work().join("entrenar.toml")).unwrap();
    home.file("codemeta.json", &vec![b' '; (1 << 20) + 1]);
    transcript!(home, ["cite", "aaaa"]);
}

#[test]
fn flags_are_checked() {
    let home = home();
    for (args, said) in [
        (["--author", "Ana (0000-0002-1825-0098)"], "check digit"),
        (["--license", "my own"], "not an SPDX license expression"),
        (["--date", "0000-01-01"], "no year 0"),
        (["--related", "Likes doi:10.1234/x"], "not a relation"),
        (["--funding", " "], "no funder"),
    ] {
        let ran = home.run(&["cite", "aaaa", args[0], args[1]]);
        assert_eq!(ran.code, Some(2), "{args:?}");
        assert!(ran.err().contains(said), "{}", ran.err());
    }
}

#[test]
fn single_fields_are_kept_for_a_session() {
    let home = home();
    let edit = |args: &[&str]| -> Ran {
        let args: Vec<&str> = ["artifact", "edit", "aaaa"]
            .iter()
            .chain(args)
            .copied()
            .collect();
        home.run(&args)
    };
    let set = [
        "--set",
        "license=MIT",
        "--set",
        "keywords=a b",
        "--set",
        "keywords=c",
    ];
    assert_eq!(edit(&set).out(), "metadata kept\n");
    assert_eq!(edit(&set).out(), "nothing was changed\n");
    let shown = home.run(&["artifact", "show", "aaaa"]).out();
    assert!(
        shown.contains("a b, c") && shown.contains("artifact edit"),
        "{shown}"
    );
    transcript!(
        home,
        [
            "artifact",
            "edit",
            "aaaa",
            "--set",
            "license=mine",
            "--set",
            "doi=11.1/x"
        ]
    );
    assert_eq!(edit(&["--set", "licence=MIT"]).code, Some(2));
    assert_eq!(
        edit(&["--unset", "license", "--unset", "keywords"]).code,
        Some(0)
    );
    assert!(
        !home
            .run(&["artifact", "show", "aaaa"])
            .out()
            .contains("artifact edit")
    );
    // What is kept goes with a backup, and not with what was redacted.
    assert_eq!(edit(&["--set", "title=hunter2 title"]).code, Some(0));
    assert_eq!(
        home.run_with(&["redact", "aaaa"], b"hunter2\n").code,
        Some(0)
    );
    assert!(home.run(&["cite", "aaaa"]).out().contains("REDACTED"));
    assert_eq!(home.run(&["doctor"]).code, Some(0));
    assert_eq!(edit(&["--clear"]).out(), "what was stated is removed\n");
}

#[test]
fn a_file_is_taken_whole_or_not_at_all() {
    let home = home();
    home.file("good.toml", b"# mine\ntitle = \"By hand\"\n")
        .file("bad.toml", b"title = 1\n\n[[authors]]\nnam = \"x\"\n");
    assert_eq!(
        home.run(&["artifact", "edit", "aaaa", "--file", "good.toml"])
            .code,
        Some(0)
    );
    transcript!(home, ["artifact", "edit", "aaaa", "--file", "bad.toml"]);
    assert!(home.run(&["cite", "aaaa"]).out().contains("By hand"));
    let ran = home.run_with(
        &["artifact", "edit", "aaaa", "--file", "-"],
        b"title = \"Piped\"",
    );
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    assert!(home.run(&["cite", "aaaa"]).out().contains("Piped"));
    assert_eq!(
        home.run(&["artifact", "edit", "aaaa", "--file", "gone"])
            .code,
        Some(1)
    );
}

#[cfg(unix)]
#[test]
fn the_text_of_an_editor_is_never_lost() {
    let home = home();
    let edit = |editor: &str| {
        let mut command = home.command(&["artifact", "edit", "aaaa"]);
        let output = command.env("EDITOR", editor).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    };
    let left = home.store().with_file_name("artifact-aaaa-64.toml");
    // Closed as it was: nothing is stated.
    let (code, out, err) = edit("true");
    assert_eq!(
        (code, out.as_str()),
        (Some(0), "nothing is stated; nothing was changed\n"),
        "{err}"
    );
    assert!(!left.exists());
    home.file(
        "bad.sh",
        b"echo 'license = \"mine\"' >> \"$1\"; echo 'titel = 1' >> \"$1\"\n",
    );
    let (code, _, err) = edit("sh bad.sh");
    assert_eq!(code, Some(1));
    assert!(
        err.contains("unknown key; did you mean `title`?") && err.contains("not an SPDX"),
        "{err}"
    );
    assert!(err.contains("artifact-aaaa-64.toml:"), "{err}");
    assert!(fs::read_to_string(&left).unwrap().contains("titel = 1"));
    // The next edit goes on with that text.
    home.file(
        "mend.sh",
        b"sed -i 's/\"mine\"/\"MIT\"/; s/^titel = 1/title = \"T\"/' \"$1\"\n",
    );
    let (code, out, err) = edit("sh mend.sh");
    assert_eq!((code, out.as_str()), (Some(0), "metadata kept\n"), "{err}");
    assert!(err.contains("an earlier edit"), "{err}");
    assert!(!left.exists());
    let (code, _, err) = edit("false");
    assert_eq!(code, Some(1), "{err}");
    assert!(left.exists() && err.contains("your text is in"), "{err}");
    fs::remove_file(&left).unwrap();
    // The hints are gone, and what was stated is there to be edited.
    home.file("look.sh", b"cat \"$1\" > seen.toml\n");
    assert_eq!(edit("sh look.sh").1, "nothing was changed\n");
    let seen = fs::read_to_string(home.work().join("seen.toml")).unwrap();
    assert!(
        seen.ends_with("\nlicense = \"MIT\"\ntitle = \"T\"\n"),
        "{seen}"
    );
    assert!(
        seen.contains("#: version = \"1.0.0+steps40\"  # from session"),
        "{seen}"
    );
    let without = home.run(&["artifact", "edit", "aaaa"]);
    assert_eq!(without.code, Some(2), "{}", without.err());
}

#[test]
fn what_is_missing_is_listed_with_hints() {
    let home = home();
    transcript!(home, ["artifact", "check", "aaaa"]);
    transcript!(
        home,
        [
            "artifact",
            "check",
            "aaaa",
            "--for",
            "datacite",
            "--date",
            "2026-11-22",
            "--json"
        ]
    );
    home.file("entrenar.toml", PROJECT.as_bytes())
        .file("../.config/entrenar/entrenar.toml", USER.as_bytes());
    let args = [
        "artifact",
        "check",
        "aaaa",
        "--for",
        "zenodo",
        "--date",
        "2026-11-22",
    ];
    let ran = home.run(&args);
    assert_eq!(
        (ran.code, ran.out().as_str()),
        (Some(0), "nothing is missing\n"),
        "{}",
        ran.err()
    );
    assert_eq!(
        home.run(&["artifact", "check", "aaaa", "--for", "moon"])
            .code,
        Some(2)
    );
}
