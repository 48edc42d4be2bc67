//! `entrenar crate`.

use std::fs;
use std::process::Command;

use crate::support::{Home, lora};

fn one() -> Home {
    let home = Home::new();
    home.session(&lora("aaaa-64", "LoRA, rank 64", 64));
    home
}

#[test]
fn a_crate_with_files_as_folder_zip_and_bag() {
    let home = one();
    home.file("data/train set.csv", b"a,b\n1,2\n");
    home.file("model.safetensors", b"weights");
    let args = |output: &'static str| {
        vec![
            "crate",
            "aaaa-64",
            "-o",
            output,
            "--license",
            "CC-BY-4.0",
            "--input",
            "data",
            "--result",
            "model.safetensors=weights/rank 64.safetensors",
        ]
    };
    let said = home.transcript(&args("out"));
    // The size changes with the version of the program, which is in some of the files.
    let (before, rest) = said.split_once(" files, ").unwrap();
    let (_, after) = rest.split_once(", RO-Crate").unwrap();
    insta::assert_snapshot!("folder", format!("{before} files, …, RO-Crate{after}"));
    let inside = home.work().join("out");
    for path in [
        "attachments/data/train set.csv",
        "attachments/weights/rank 64.safetensors",
        "events.jsonl",
        "ro-crate-metadata.json",
        "ro-crate-preview.html",
    ] {
        assert!(inside.join(path).is_file(), "{path}");
    }
    let verified = home.run(&["verify", "out"]);
    assert_eq!(
        verified.code,
        Some(0),
        "{}{}",
        verified.out(),
        verified.err()
    );

    let again = home.run(&args("out"));
    assert_eq!(again.code, Some(5), "{}", again.err());

    for name in ["one.zip", "two.zip"] {
        assert_eq!(home.run(&args(name)).code, Some(0));
    }
    let bytes = |name: &str| fs::read(home.work().join(name)).unwrap();
    assert!(bytes("one.zip") == bytes("two.zip"));
    assert_eq!(home.run(&["verify", "one.zip"]).code, Some(0));

    let mut bag = args("bag");
    bag.extend(["--bagit", "--json"]);
    let said = home.run(&bag).json();
    assert_eq!(said["bagit"], true);
    assert!(
        home.work()
            .join("bag/data/ro-crate-metadata.json")
            .is_file()
    );
    assert_eq!(home.run(&["verify", "bag"]).code, Some(0));
}

#[test]
fn what_cannot_be_made_is_refused_and_leaves_nothing() {
    let home = one();
    home.file("a.txt", b"a");
    let mut text = String::new();
    for args in [
        vec!["crate", "aaaa-64", "-o", "x", "--include", "none"],
        vec!["crate", "aaaa-64", "-o", "x", "--include", "a.txt=../../a"],
        vec![
            "crate",
            "aaaa-64",
            "-o",
            "x",
            "--include",
            "a.txt",
            "--include",
            "a.txt=A.TXT",
        ],
        vec!["crate", "aaaa-64", "-o", "x", "--format", "1.0"],
        vec!["crate", "aaaa-64", "-o", "x", "--project", "none"],
        vec!["crate", "aaaa-64", "-o", "x", "--preregistration", "a.txt"],
        vec!["crate", "zzzz", "-o", "x"],
    ] {
        text.push_str(&home.transcript(&args));
    }
    insta::assert_snapshot!("refused", text);
    home.file(
        "plain.ipynb",
        br#"{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}"#,
    );
    let args = ["crate", "plain.ipynb", "-o", "x"];
    insta::assert_snapshot!("no_date", home.transcript(&args));
    assert!(!home.work().join("x").exists());
}

#[test]
fn the_state_of_a_project_is_told_without_credentials() {
    let home = one();
    home.file("p/uv.lock", b"version = 1\n");
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(home.work().join("p"));
        command.env("GIT_CONFIG_GLOBAL", "/dev/null");
        command.args(["-c", "user.name=a", "-c", "user.email=a@example.org"]);
        command
            .args(args)
            .output()
            .is_ok_and(|output| output.status.success())
    };
    let remote = "https://ana:hunter2@example.org/x.git";
    if !(git(&["init", "-q", "-b", "main"])
        && git(&["add", "."])
        && git(&["commit", "-qm", "one"])
        && git(&["remote", "add", "origin", remote]))
    {
        println!("SKIPPED: no git");
        return;
    }
    home.file("p/uv.lock", b"version = 22\n");
    let path = std::env::var_os("PATH").unwrap();
    let output = home
        .command(&["crate", "aaaa-64", "-o", "x", "--project", "p"])
        .env("PATH", path)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let read = |path: &str| fs::read_to_string(home.work().join("x").join(path)).unwrap();
    let state = read("environment/git.json");
    assert!(
        state.contains("\"branch\": \"main\"") && state.contains("uv.lock"),
        "{state}"
    );
    assert!(state.contains("https://example.org/x.git") && !state.contains("hunter2"));
    assert!(read("environment/git.diff").contains("+version = 22"));
    assert!(read("ro-crate-metadata.json").contains("project: git commit"));
}

#[test]
fn an_anonymous_crate_says_what_was_removed() {
    let home = Home::new();
    home.session(&lora("aaaa-64", "Ana Silva's LoRA", 64).with_user("asilva"));
    home.file("notes.txt", b"silva: see /home/asilva/thesis/x.csv");
    let args = [
        "crate",
        "aaaa-64",
        "-o",
        "review",
        "--anonymous",
        "--author",
        "Ana Silva",
        "--license",
        "MIT",
        "--date",
        "2026-11-22",
        "--include",
        "notes.txt",
        "--json",
    ];
    let said = home.run(&args);
    assert_eq!(said.code, Some(0), "{}", said.err());
    let said: serde_json::Value = serde_json::from_str(&said.out()).unwrap();
    insta::assert_json_snapshot!("anonymous", said["anonymous"]);
    let review = home.work().join("review");
    for entry in fs::read_dir(&review).unwrap() {
        let path = entry.unwrap().path();
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        assert!(!text.to_lowercase().contains("silva"), "{}", path.display());
    }
    assert_eq!(
        fs::read_to_string(review.join("attachments/notes.txt")).unwrap(),
        "Person1: see /anonymous/folder1/x.csv"
    );
    let mapping = fs::read_to_string(home.work().join("review.mapping.json")).unwrap();
    assert!(mapping.contains("Ana Silva"));
    assert_eq!(home.run(&["verify", "review"]).code, Some(0));
    // A second time the mapping is there.
    fs::remove_dir_all(&review).unwrap();
    assert_eq!(home.run(&args).code, Some(5));
}

#[test]
fn what_was_packed_is_read_from_zip_and_bag() {
    let home = Home::new();
    home.recording("xgb_train.ipynb");
    let id = home.run(&["import", "xgb_train.ipynb", "--json"]).json()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let crated = |output: &str, more: &[&str]| {
        let args = ["crate", &id, "-o", output, "--date", "2026-11-22"];
        let ran = home.run(&[&args, more].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.err());
    };
    crated("one.zip", &[]);
    crated("bag.zip", &["--bagit"]);
    crated("bag", &["--bagit"]);
    let source = fs::read(home.work().join("xgb_train.ipynb")).unwrap();
    for name in ["one.zip", "bag.zip", "bag"] {
        let store = format!("{name}.db");
        let ran = home.run(&["--store", &store, "import", name, "--json"]);
        assert_eq!(ran.code, Some(0), "{name}: {}", ran.err());
        assert_eq!(ran.json()[0]["id"], *id, "{name}");
        assert_eq!(ran.json()[0]["warnings"].as_array().unwrap().len(), 0);
        let back = home.run(&["--store", &store, "export", &id, "--format", "notebook"]);
        assert_eq!(back.stdout, source, "{name}");
    }

    // A zip in which a byte differs is refused, not half read.
    let mut bytes = fs::read(home.work().join("one.zip")).unwrap();
    let at = bytes
        .windows(12)
        .rposition(|part| part == b"session.json")
        .unwrap();
    bytes[at] = b'S';
    home.file("changed.zip", &bytes);
    let ran = home.run(&["--store", "changed.db", "import", "changed.zip"]);
    assert_eq!(ran.code, Some(1), "{}", ran.out());
    assert!(ran.err().contains("unpack others"), "{}", ran.err());
}

#[test]
fn nothing_leaves_with_a_credential() {
    let home = Home::new();
    // Put together here so that no scanner takes this file for a leak.
    let token = format!("hf_{}", "q7Zk2Wm9Xc4Vb1Nt8Lp3Rj6Hs5Gd0FyTaQ");
    let notebook = format!(
        r#"{{"cells": [{{"cell_type": "code", "execution_count": 1, "metadata": {{}}, "outputs": [],
        "source": ["login('{token}')"]}}], "metadata": {{}}, "nbformat": 4, "nbformat_minor": 4}}"#
    );
    home.file("a.ipynb", notebook.as_bytes());
    let args = ["crate", "a.ipynb", "-o", "out", "--date", "2026-11-22"];
    let refused = home.run(&args);
    assert_eq!(refused.code, Some(7), "{}", refused.err());
    let said = refused.err();
    assert!(said.contains("cells[0].source line 1 column 8"), "{said}");
    assert!(!said.contains(&token) && !home.work().join("out").exists());
    let fingerprint = said.split_once("fingerprint ").unwrap().1;
    let fingerprint = &fingerprint[..16];

    let allowed = [&args[..], &["--allow-secret", fingerprint, "--force"]].concat();
    assert_eq!(home.run(&allowed).code, Some(0));
    let redacted = [&args[..], &["--redact-secrets", "--force"]].concat();
    assert_eq!(home.run(&redacted).code, Some(0));
    let document = fs::read_to_string(home.work().join("out/source/a.ipynb")).unwrap();
    assert!(document.contains("login('[redacted: Hugging Face token #1]')"));
    assert_eq!(home.run(&["verify", "out"]).code, Some(0));
}
