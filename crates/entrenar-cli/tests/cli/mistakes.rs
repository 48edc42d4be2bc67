//! What is told to who made a slip, and that nothing is lost by it.

use std::fs::File;

use crate::support::{Home, lora};

#[test]
fn an_empty_input_does_not_remove_notes() {
    let home = Home::new();
    home.session(&lora("aaaa", "one", 8));
    let notes = || home.run(&["show", "aaaa", "--json"]).json()["metadata"]["notes"].clone();
    assert_eq!(home.run(&["note", "aaaa", "diverges"]).code, Some(0));
    for args in [
        &["note", "aaaa"][..],
        &["note", "aaaa", "-"],
        &["note", "aaaa", " "],
    ] {
        for stdin in ["", " \n"] {
            let ran = home.run_with(args, stdin.as_bytes());
            assert_eq!(ran.code, Some(2), "{args:?}");
            assert!(ran.err().contains("'' removes the notes"), "{}", ran.err());
            assert_eq!(notes(), "diverges");
        }
    }
    assert_eq!(home.run(&["note", "aaaa", ""]).code, Some(0));
    assert!(notes().is_null());
}

#[test]
fn a_condition_that_is_none_is_told_with_its_place() {
    let home = Home::new();
    home.session(&lora("aaaa", "one", 8));
    for condition in ["loss << 3", "accuracy>0.9 and loss<0.1", "loss=0.5"] {
        let args = ["list", "--where", condition];
        assert_eq!(home.run(&args).code, Some(2), "{condition}");
        insta::assert_snapshot!(home.transcript(&args));
    }
}

#[test]
fn a_metric_that_nobody_has_is_told_with_its_neighbours() {
    let home = Home::new();
    home.session(&lora("aaaa", "one", 8));
    for (args, message) in [
        (
            ["--where", "los<0.5"],
            "! no session has a metric \"los\"; near it: loss",
        ),
        (
            ["--where", "train_loss<0.5"],
            "\"train_loss\"; near it: loss",
        ),
        (
            ["--sort", "nonsense"],
            "! no session has a metric \"nonsense\"\n",
        ),
        (["--sort", "cell"], "\"cell\"; near it: cells"),
    ] {
        let ran = home.run(&[&["list"], &args[..]].concat());
        assert_eq!(ran.code, Some(0));
        assert!(ran.err().contains(message), "{}", ran.err());
    }
    for args in [
        ["--where", "loss<0.5"],
        ["--where", "best_loss<1"],
        ["--sort", "f1"],
    ] {
        let ran = home.run(&[&["list"], &args[..]].concat());
        assert_eq!(ran.err(), "", "{args:?}");
    }
}

#[test]
fn what_is_no_session_is_passed_over_in_a_folder() {
    let home = Home::new();
    home.recording("cli1301_unicode.replay")
        .file("data/data.jsonl", b"{\"text\": \"a\"}\n{\"text\": \"b\"}\n")
        .file("data/list.jsonl", b"[1, 2]\n[3]\n")
        .file("data/cut.jsonl", b"{\"text\": \"a")
        .file("data/empty.jsonl", b"")
        .file("data/session.json", b"{\"cookie\": 1}");
    let ran = home.run(&["import", "."]);
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    assert_eq!(
        ran.err(),
        "passed over: 5 files are of no known kind, such as ./data/cut.jsonl; `import FILE` says why\n"
    );
    assert_eq!(
        home.run(&["list", "--json"])
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );

    // Who names a file means it, and who names a folder means that there is something in it.
    for name in ["data/data.jsonl", "data"] {
        assert_eq!(home.run(&["import", name]).code, Some(1), "{name}");
    }
    // What says that it is a recording, and is damaged, is told.
    home.file(
        "audit.jsonl",
        b"{\"path\": \"a\", \"sequence\": 1, \"x\": [",
    );
    assert_eq!(home.run(&["import", "."]).code, Some(1));
}

#[test]
fn messages_name_what_can_be_done() {
    let home = Home::new();
    home.session(&lora("aaaa", "one", 8));
    // An empty archive is the end record alone.
    let mut zip = b"PK\x05\x06".to_vec();
    zip.resize(22, 0);
    home.file("for.zip", &zip)
        .file("data.csv", b"a,b\n1,2\n")
        .file("empty.ipynb", b"");
    for (args, code, message) in [
        (
            &["verify", "for.zip"][..],
            1,
            "unzip -d DIR for.zip && cd DIR && sha256sum -c",
        ),
        (
            &["verify", "data.csv"],
            1,
            "data.csv is neither an artifact folder nor a zip",
        ),
        (
            &["verify", "empty.ipynb"],
            1,
            "is neither an artifact folder nor a zip",
        ),
        (
            &["verify", "gone"],
            3,
            "gone is neither a file or folder nor the id of a session",
        ),
        (&["import", "for.zip"], 1, "for.zip has no SHA256SUMS"),
        (
            &["artifact", "edit", "aaaa"],
            2,
            "`entrenar artifact edit aaaa --set KEY=VALUE`",
        ),
        (
            &["references", "add", "aaaa", "10.1234/x"],
            2,
            "DOIs are not looked up",
        ),
        (
            &["references", "add", "aaaa", "10.1234/x"],
            2,
            "`--doi 10.1234/x --title TITLE`",
        ),
    ] {
        let ran = home.run(args);
        assert_eq!(ran.code, Some(code), "{args:?}: {}", ran.err());
        assert!(ran.err().contains(message), "{args:?}: {}", ran.err());
    }
}

#[test]
fn a_store_that_cannot_be_is_told() {
    let home = Home::new();
    let ran = home.run(&["--store", "/proc/x/y.db", "list"]);
    assert_eq!(ran.code, Some(4), "{}", ran.err());
    assert!(
        ran.err().contains("nobody may write into /proc"),
        "{}",
        ran.err()
    );
    let ran = home.run(&["--store", "new/y.db", "list"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    assert!(ran.err().contains("no sessions yet"), "{}", ran.err());
}

#[test]
fn a_cut_store_is_not_sent_round_in_circles() {
    let home = Home::new();
    home.session(&lora("aaaa", "one", 8));
    let file = File::options().write(true).open(home.store()).unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    let ran = home.run(&["doctor"]);
    assert_eq!(ran.code, Some(4), "{}{}", ran.out(), ran.err());
    assert!(!ran.err().contains("entrenar doctor"), "{}", ran.err());
}

#[test]
fn a_citation_says_whose_word_counted() {
    let home = Home::new();
    home.session(&lora("aaaa", "one", 8));
    let cff = "cff-version: 1.2.0\nmessage: m\ntitle: Other\ntype: software\nlicense: MIT\n\
               authors:\n  - family-names: Silva\n    given-names: Ana\n";
    home.file("CITATION.cff", cff.as_bytes());
    let ran = home.run(&["cite", "aaaa"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    assert!(
        ran.err().contains("authors, license")
            && ran
                .err()
                .contains("from ./CITATION.cff; --no-metadata-files leaves it out"),
        "{}",
        ran.err()
    );
    assert_eq!(home.run(&["cite", "aaaa", "--no-metadata-files"]).err(), "");
}
