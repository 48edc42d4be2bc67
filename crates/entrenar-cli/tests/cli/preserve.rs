//! What `preserve` writes, and that it reads back.

use std::fs;

use crate::support::{Home, files, lora};

#[test]
fn preserve_keeps_shows_and_writes() {
    let home = Home::new();
    home.session(&lora("aaaa-64", "LoRA, rank 64", 64));
    let args = ["preserve", "--id", "aaaa", "-o", "out"];
    let ran = home.run(&args);
    insta::assert_snapshot!(settle_size(&home.show(&args, &ran)));
    transcript!(home, ["preserve", "--id", "aaaa", "-o", "out"]);
    assert_eq!(
        home.run(&["preserve", "--id", "aaaa", "-o", "out", "--force"])
            .code,
        Some(0)
    );
}

#[test]
fn a_folder_with_other_files_is_kept_beside() {
    let home = Home::new();
    home.session(&lora("aaaa-64", "LoRA, rank 64", 64))
        .file("there/mine.txt", b"mine");
    let ran = home.run(&["preserve", "--id", "aaaa", "-o", "there", "--force"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    assert!(
        ran.out().contains("what was there is kept as"),
        "{}",
        ran.out()
    );
    assert_eq!(
        fs::read(home.work().join("there.old/mine.txt")).unwrap(),
        b"mine"
    );
    assert!(home.work().join("there/index.html").exists());
}

/// The size of the folder changes with every word of its page.
fn settle_size(text: &str) -> String {
    text.lines()
        .map(|line| match line.split_once(" files, ") {
            Some((before, _)) => format!("{before} files, …\n"),
            None => format!("{line}\n"),
        })
        .collect()
}

#[test]
fn preserve_of_real_recordings_is_the_same_everywhere() {
    for name in [
        "lib421_rec_train_gd.replay",
        "hf_trainer.ipynb",
        "cli1301_empty_quit.replay",
    ] {
        let (one, two) = (Home::new(), Home::new());
        one.recording(name);
        let ran = one.run(&["preserve", name]);
        assert_eq!(ran.code, Some(0), "{}", ran.err());
        // Other store, path, time zone, locale, and way to get there.
        let bytes = fs::read(one.work().join(name)).unwrap();
        two.file(&format!("a b/ü/{name}"), &bytes);
        let mut command = two.command(&["--store", "x.db", "preserve", "-o", "deep/er"]);
        let output = command
            .arg(format!("a b/ü/{name}"))
            .env("TZ", "America/St_Johns")
            .env("LC_ALL", "de_DE.UTF-8")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0));
        let stem = name.split('.').next().unwrap();
        let first = files(&one.work().join(stem));
        assert!(first == files(&two.work().join("deep/er")), "{name}");
        let source = format!("source/{name}");
        assert!(
            first
                .iter()
                .any(|(path, file)| *path == source && *file == bytes),
            "{name}"
        );
        // A second time, now that it is in the store.
        let again = one.run(&["preserve", name, "-o", "again", "--json"]);
        assert_eq!(again.json()["status"], "unchanged");
        assert!(first == files(&one.work().join("again")), "{name}");
    }
}

#[test]
fn an_artifact_folder_reads_back() {
    let home = Home::new();
    home.recording("hf_trainer.ipynb")
        .run(&["preserve", "hf_trainer.ipynb", "-o", "out"]);
    let ran = home.run(&["--store", "other.db", "import", ".", "--json"]);
    let array = ran.json();
    let sources: Vec<_> = array
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["source"].as_str().unwrap())
        .collect();
    assert_eq!(sources, ["./hf_trainer.ipynb", "./out"]);
    assert_eq!(
        array[1]["status"], "unchanged",
        "the folder holds the same document"
    );
    let ran = home.run(&["--store", "third.db", "import", "out", "--json"]);
    assert_eq!(ran.json()[0]["status"], "imported", "{}", ran.err());
    let id = ran.json()[0]["id"].as_str().unwrap().to_owned();
    let notebook = home
        .run(&["--store", "third.db", "export", &id, "--format", "notebook"])
        .stdout;
    assert!(notebook == fs::read(home.work().join("hf_trainer.ipynb")).unwrap());
    let again = home.run(&["--store", "third.db", "preserve", "out", "-o", "out2"]);
    assert_eq!(again.code, Some(0), "{}", again.err());
    assert!(files(&home.work().join("out")) == files(&home.work().join("out2")));
}

#[test]
fn what_was_stated_is_preserved() {
    let home = Home::new();
    home.recording("xgb_train.ipynb");
    let args = [
        "preserve",
        "xgb_train.ipynb",
        "-o",
        "out",
        "--author",
        "Ana Silva",
        "--author",
        "Müller, Jürgen",
        "--title",
        "Trees",
        "--license",
        "MIT",
        "--date",
        "2026-11-22",
    ];
    let ran = home.run(&args);
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    assert!(!ran.out().contains("not given"), "{}", ran.out());
    let read = |name: &str| fs::read_to_string(home.work().join("out").join(name)).unwrap();
    for word in ["Ana", "Jürgen", "Trees", "MIT", "2026-11-22"] {
        assert!(read("CITATION.cff").contains(word), "{word}");
    }
    let list = home.run(&["list", "--json"]).json();
    let id = list[0]["id"].as_str().unwrap();
    let mut cite = vec!["cite", id];
    cite.extend(&args[4..]);
    assert_eq!(home.run(&cite).out(), read("citation.bib"));
    let wrong = home.run(&[
        "preserve",
        "xgb_train.ipynb",
        "-o",
        "no",
        "--license",
        "mine",
    ]);
    assert_eq!(wrong.code, Some(2));
}
