//! `entrenar verify`.
#![expect(
    clippy::disallowed_methods,
    reason = "a torn file is no loss to a test"
)]

use std::fs;

use crate::support::{Home, lora};

fn one() -> Home {
    let home = Home::new();
    home.session(&lora("aaaa-64", "LoRA, rank 64", 64));
    home
}

macro_rules! transcript {
    ($home:expr, $args:expr) => {
        insta::assert_snapshot!($home.transcript(&$args))
    };
}

/// A home with a session that was exported as folder and as zip.
fn home() -> Home {
    let home = one();
    for output in ["folder", "lora.zip"] {
        let args = ["crate", "aaaa-64", "--date", "2026-01-02", "-o", output];
        assert_eq!(home.run(&args).code, Some(0));
    }
    home
}

#[test]
fn what_was_exported_holds() {
    let home = home();
    for subject in ["folder", "lora.zip", "aaaa-64"] {
        let ran = home.run(&["verify", subject, "--json"]);
        assert_eq!(ran.code, Some(0), "{subject}: {}", ran.out());
        let report = ran.json();
        assert_eq!(report["holds"], true);
        assert_eq!(report["session"], "aaaa-64");
        assert_eq!(report["problems"], serde_json::json!([]));
        assert_eq!(report["events"]["count"], 1);
    }
    transcript!(home, ["verify", "aaaa-64"]);
}

#[test]
fn what_was_changed_is_told_with_its_place() {
    let home = home();
    let at = |name: &str| home.work().join("folder").join(name);
    let metrics = fs::read_to_string(at("metrics.csv")).unwrap();
    fs::write(at("metrics.csv"), metrics.replacen("0.", "1.", 1)).unwrap();
    fs::rename(at("README.md"), at("LIESMICH.md")).unwrap();
    fs::write(at("new.txt"), "x").unwrap();
    let ran = home.run(&["verify", "folder"]);
    assert_eq!(ran.code, Some(6));
    for text in [
        "does not hold folder",
        "metrics.csv",
        "LIESMICH.md",
        "new.txt",
    ] {
        assert!(ran.out().contains(text), "{}", ran.out());
    }
    for (args, code) in [
        (["verify", "nothing-there"], 3),
        (["verify", "."], 1),
        (["verify", "aaaa-64.ipynb"], 3),
    ] {
        assert_eq!(home.run(&args).code, Some(code), "{args:?}");
    }
}

#[test]
fn copies_are_compared_event_by_event() {
    let home = home();
    let against = |subject: &str| home.run(&["verify", subject, "--against", "-", "--json"]);
    assert_eq!(against("folder").json()["problems"], serde_json::json!([]));
    // Later edits are no problem.
    assert_eq!(home.run(&["tag", "aaaa-64", "+paper"]).code, Some(0));
    let later = against("lora.zip");
    assert_eq!(later.code, Some(0), "{}", later.out());
    assert!(later.out().contains("later events"), "{}", later.out());
    // Another history is one.
    let args = [
        "crate",
        "aaaa-64",
        "--date",
        "2026-01-02",
        "-o",
        "tagged.zip",
    ];
    assert_eq!(home.run(&args).code, Some(0));
    let other = one();
    assert_eq!(other.run(&["note", "aaaa-64", "other"]).code, Some(0));
    let args = [
        "crate",
        "aaaa-64",
        "--date",
        "2026-01-02",
        "-o",
        "noted.zip",
    ];
    assert_eq!(other.run(&args).code, Some(0));
    fs::copy(
        other.work().join("noted.zip"),
        home.work().join("noted.zip"),
    )
    .unwrap();
    let parted = home.run(&["verify", "noted.zip", "--against", "tagged.zip", "--json"]);
    assert_eq!(parted.code, Some(6));
    let problems = parted.json()["problems"].clone();
    assert_eq!(problems[0]["place"], "event 2", "{problems}");
}
