//! What each verb prints and how it ends.

use std::fs;

use entrenar::session::{EntrenarSession, Sha256Hash};

use crate::support::{Home, lora};

/// A store with two sessions of known figures.
fn two() -> Home {
    let home = Home::new();
    home.session(&lora("aaaa-64", "LoRA, rank 64", 64));
    home.session(&lora("bbbb-16", "LoRA, rank 16", 16));
    home
}

macro_rules! transcript {
    ($home:expr, $args:expr) => {
        insta::assert_snapshot!($home.transcript(&$args))
    };
}

#[test]
fn help_fits_a_screen_and_names_every_verb() {
    let help = Home::new().run(&["--help"]).out();
    assert!(help.lines().count() <= 24, "{help}");
    assert!(
        help.lines().all(|line| line.chars().count() <= 80),
        "{help}"
    );
    for verb in [
        "preserve",
        "import",
        "list",
        "show",
        "plot",
        "compare",
        "export",
        "cite",
        "artifact",
        "log",
        "tail",
        "tag",
        "note",
        "rename",
        "rm",
        "redact",
        "backup",
        "doctor",
        "completions",
        "man",
    ] {
        assert!(
            help.contains(&format!("{verb} ")) || help.contains(&format!("{verb},")),
            "{verb}"
        );
        let own = Home::new().run(&[verb, "--help"]);
        assert_eq!(own.code, Some(0));
        assert!(own.out().contains("Examples:\n  entrenar "), "{verb}");
        assert!(own.out().contains("--store"), "{verb}");
    }
}

#[test]
fn help_is_what_it_was() {
    let nothing = Home::new().run(&[]);
    assert_eq!(nothing.code, Some(2));
    assert_eq!(nothing.err(), Home::new().run(&["--help"]).out());
    transcript!(Home::new(), ["--help"]);
}

#[test]
fn import_reads_real_recordings() {
    let home = Home::new();
    home.recording("lib421_rec_train_gd.replay")
        .recording("cli1301_empty_quit.replay")
        .recording("xgb_train.ipynb");
    let ran = home.run(&["import", ".", "--json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    let array = ran.json();
    let rows: Vec<_> = array.as_array().unwrap().iter().collect();
    let sources: Vec<_> = rows
        .iter()
        .map(|row| row["source"].as_str().unwrap())
        .collect();
    assert_eq!(
        sources,
        [
            "./cli1301_empty_quit.replay",
            "./lib421_rec_train_gd.replay",
            "./xgb_train.ipynb"
        ]
    );
    for row in &rows {
        assert_eq!(row["status"], "imported");
        let sha256 = row["sha256"].as_str().unwrap();
        assert_eq!(sha256.len(), 64);
        assert!(sha256.starts_with(row["id"].as_str().unwrap()));
        assert!(row["warnings"].is_array() && row.get("error").is_none());
    }
    assert!(rows[1]["cells"].as_u64().unwrap() >= 10, "{}", rows[1]);
    let again = home.run(&["import", ".", "--json"]).json();
    for row in again.as_array().unwrap() {
        assert_eq!(row["status"], "unchanged");
    }
}

#[test]
fn import_goes_on_behind_a_bad_file() {
    let home = Home::new();
    home.recording("cli1301_unicode.replay")
        .file("cut.ipynb", b"{\"nbformat\": 4, \"cells\": [")
        .file("odd.ipynb", b"just text");
    let args = [
        "import",
        "cut.ipynb",
        "cli1301_unicode.replay",
        "odd.ipynb",
        "gone.replay",
    ];
    let ran = home.run(&args);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out().contains("1 imported, 3 failed"), "{}", ran.out());
    insta::assert_snapshot!(ran.err());
    let mut args = args.to_vec();
    args.push("--json");
    let ran = home.run(&args);
    assert_eq!((ran.code, ran.err().as_str()), (Some(1), ""));
    let array = ran.json();
    let status: Vec<_> = array
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["status"].as_str().unwrap())
        .collect();
    assert_eq!(status, ["failed", "unchanged", "failed", "failed"]);
    let error = array[0]["error"].as_str().unwrap();
    assert!(
        error.contains("cut.ipynb") && error.contains("byte"),
        "{error}"
    );
}

#[test]
fn import_reads_standard_input() {
    let home = Home::new();
    home.recording("cli1301_unicode.replay");
    let bytes = fs::read(home.work().join("cli1301_unicode.replay")).unwrap();
    let ran = home.run_with(&["import", "-", "--json"], &bytes);
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    assert_eq!(ran.json()[0]["source"], "-");
    let twice = home.run_with(&["import", "-", "-"], &bytes);
    assert_eq!(twice.code, Some(2));
}

#[test]
fn the_same_recording_twice_in_one_call_is_one_session() {
    let home = Home::new();
    home.recording("cli1301_unicode.replay");
    let bytes = fs::read(home.work().join("cli1301_unicode.replay")).unwrap();
    home.file("copy.replay", &bytes);
    let ran = home.run(&["import", "cli1301_unicode.replay", "copy.replay", "--json"]);
    let array = ran.json();
    assert_eq!(array[0]["status"], "imported");
    assert_eq!(array[1]["status"], "unchanged");
    assert_eq!(array[0]["id"], array[1]["id"]);
}

#[test]
fn list_shows_what_is_there() {
    transcript!(two(), ["list"]);
}

#[test]
fn list_of_nothing_says_what_to_do() {
    transcript!(Home::new(), ["list"]);
    assert!(!Home::new().store().exists());
    assert_eq!(Home::new().run(&["list", "--json"]).out(), "[]\n");
    transcript!(two(), ["list", "--tag", "no-such-tag"]);
}

#[test]
fn list_as_json() {
    transcript!(two(), ["list", "--json", "--limit", "1"]);
}

#[test]
fn list_finds_and_sorts() {
    let home = two();
    let ids = |args: &[&str]| -> Vec<String> {
        let mut all = vec!["list", "--json"];
        all.extend(args);
        let ran = home.run(&all);
        assert_eq!(ran.code, Some(0), "{args:?} {}", ran.err());
        let array = ran.json();
        array
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let (both, a, b): (&[&str], &[&str], &[&str]) =
        (&["aaaa-64", "bbbb-16"], &["aaaa-64"], &["bbbb-16"]);
    assert_eq!(ids(&[]), both);
    assert_eq!(ids(&["--reverse"]), ["bbbb-16", "aaaa-64"]);
    assert_eq!(ids(&["--sort", "best_loss"]), ["bbbb-16", "aaaa-64"]);
    assert_eq!(ids(&["--where", "f1>0.55"]), a);
    assert_eq!(ids(&["--where", "best_loss<0.1"]), b);
    assert_eq!(ids(&["--text", "RANK 64"]), a);
    assert_eq!(ids(&["--tag", "lora", "--limit", "1", "--offset", "1"]), b);
    assert_eq!(ids(&["--since", "2026-11-23"]), [""; 0]);
    assert_eq!(
        ids(&["--until", "2026-11-22", "--since", "2026-11-22"]),
        both
    );
    assert_eq!(home.run(&["list", "--where", "loss=1"]).code, Some(2));
    assert_eq!(home.run(&["list", "--since", "soon"]).code, Some(2));
}

#[test]
fn show_is_for_people() {
    transcript!(two(), ["show", "aaaa"]);
}

#[test]
fn show_of_a_real_recording_leaves_nothing_out() {
    let home = Home::new();
    home.recording("lib421_rec_errors.replay")
        .run(&["import", "lib421_rec_errors.replay"]);
    let id = home.run(&["list", "--json"]).json()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let ran = home.run(&["show", &id]);
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    let whole = home.run(&["show", &id, "--json"]).json();
    assert_eq!(whole["entrenar_session"], 1);
    assert_eq!(whole["id"], id.as_str());
    let cells = whole["cells"].as_array().unwrap();
    assert!(cells.iter().any(|cell| !cell["error"].is_null()));
    for cell in cells {
        let first = cell["source"]
            .as_str()
            .unwrap()
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned();
        assert!(ran.out().contains(&first), "{first}");
    }
    let short = home.run(&["show", &id, "--no-cells"]).out();
    assert!(!short.contains("[1]") && short.len() < ran.out().len());
}

#[test]
fn plot_draws_several_sessions() {
    transcript!(two(), ["plot", "aaaa", "bbbb", "--height", "10"]);
}

#[test]
fn plot_smooths_and_scales() {
    transcript!(
        two(),
        [
            "plot", "aaaa", "--log", "--smooth", "0.9", "--height", "8", "--width", "60"
        ]
    );
}

#[test]
fn plot_writes_svg_and_json() {
    let home = two();
    assert_eq!(
        home.run(&["plot", "aaaa", "--svg", "loss.svg"]).code,
        Some(0)
    );
    let svg = fs::read_to_string(home.work().join("loss.svg")).unwrap();
    assert!(svg.starts_with("<svg") || svg.starts_with("<?xml"), "{svg}");
    let json = home
        .run(&["plot", "aaaa", "bbbb", "--metric", "f1", "--json"])
        .json();
    assert_eq!(json[1]["session"], "bbbb-16");
    assert_eq!(json[1]["points"][0][1], 0.516);
    transcript!(home, ["plot", "aaaa", "--metric", "val_loss"]);
}

#[test]
fn compare_shows_what_differs() {
    transcript!(two(), ["compare", "aaaa", "bbbb"]);
}

#[test]
fn compare_as_json() {
    transcript!(two(), ["compare", "aaaa", "bbbb", "--json"]);
    assert_eq!(two().run(&["compare", "aaaa"]).code, Some(2));
}

#[test]
fn export_gives_a_notebook_back_byte_for_byte() {
    let home = Home::new();
    for name in ["keras_nan.ipynb", "hf_trainer.ipynb", "xgb_train.ipynb"] {
        let ran = home.recording(name).run(&["import", name, "--json"]);
        let id = ran.json()[0]["id"].as_str().unwrap().to_owned();
        let done = home.run(&["export", &id, "--format", "notebook", "-o", "again.ipynb"]);
        assert_eq!(
            (done.code, done.out().as_str()),
            (Some(0), ""),
            "{}",
            done.err()
        );
        let original = fs::read(home.work().join(name)).unwrap();
        assert!(
            fs::read(home.work().join("again.ipynb")).unwrap() == original,
            "{name}"
        );
        let piped = home.run(&["export", &id, "--format", "notebook"]);
        assert!(piped.stdout == original, "{name}");
    }
}

#[test]
fn what_is_exported_as_json_reads_back_equal() {
    let home = Home::new();
    home.recording("lib421_rec_train_gd.replay")
        .run(&["import", "lib421_rec_train_gd.replay"]);
    let id = home.run(&["list", "--json"]).json()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    home.run(&["export", &id, "--format", "json", "-o", "session.json"]);
    let again = home.run(&["--store", "other.db", "import", "session.json", "--json"]);
    assert_eq!(again.code, Some(0), "{}", again.err());
    assert_eq!(again.json()[0]["id"], id.as_str());
    let export = |store: &str| {
        home.run(&["export", &id, "--format", "json", "--store", store])
            .stdout
    };
    assert!(export("other.db") == export(&home.store().display().to_string()));
}

#[test]
fn export_for_tools_of_others() {
    let home = two();
    home.session(&EntrenarSession::empty("cccc", "Nothing yet"));
    let export = |id: &str, more: &[&str]| home.run(&[&["export", id, "--format"], more].concat());

    let prov = export("aaaa", &["prov"]).json();
    assert_eq!(
        prov["activity"]["session:session"]["prov:label"],
        "LoRA, rank 64"
    );
    let croissant = export("aaaa", &["croissant", "--license", "MIT", "--title", "T"]).json();
    assert_eq!(croissant["name"], "T");
    assert_eq!(croissant["license"], "https://spdx.org/licenses/MIT");
    let table = export("aaaa", &["csv"]).out();
    assert_eq!(
        croissant["distribution"][0]["sha256"],
        Sha256Hash::of(table.as_bytes()).to_string()
    );
    let card = export("aaaa", &["model-card", "--task", "text-generation"]).out();
    assert!(
        card.starts_with("---\ntags:\n") && card.contains("\n# LoRA, rank 64\n"),
        "{card}"
    );

    transcript!(home, ["export", "cccc", "--format", "croissant"]);
    transcript!(home, ["export", "aaaa", "--format", "csv", "--task", "x"]);
    transcript!(
        home,
        [
            "export",
            "aaaa",
            "--format",
            "model-card",
            "--task",
            "Text Generation"
        ]
    );
}

#[test]
fn export_of_points_and_scripts() {
    let home = two();
    transcript!(home, ["export", "aaaa", "--format", "ruchy"]);
    let csv = home.run(&["export", "aaaa", "--format", "csv"]).out();
    assert_eq!(csv.lines().count(), 82);
    let jsonl = home.run(&["export", "aaaa", "--format", "jsonl"]).out();
    assert_eq!(jsonl.lines().count(), 81);
    home.recording("cli1301_unicode.replay")
        .run(&["import", "cli1301_unicode.replay"]);
    let list = home.run(&["list", "--json", "--text", "unicode"]).json();
    let id = list[0]["id"].as_str().unwrap();
    assert_eq!(home.run(&["export", id, "--format", "ruchy"]).code, Some(0));
}

#[test]
fn cite_invents_nothing() {
    transcript!(two(), ["cite", "aaaa"]);
    transcript!(
        two(),
        ["cite", "aaaa", "--format", "cff", "--date", "2026-11-22"]
    );
}

const REFS: &str = "\
@inproceedings{hu2022lora, author={Edward J. Hu and Yelong Shen}, title={{LoRA}: Low-Rank Adaptation},
  booktitle={ICLR}, year=2022, eprint={2106.09685}, eprinttype={arxiv}}
@dataset{corpus, author={{The Corpus Team}}, title={The corpus}, publisher={Zenodo}, date={2023-05-01},
  doi={10.5281/zenodo.1003150}}
@book{bad, title={unclosed
";

#[test]
fn references_are_kept_and_cited_through_other_sessions() {
    let home = two();
    home.file("refs.bib", REFS.as_bytes());
    transcript!(home, ["references", "add", "aaaa", "refs.bib"]);
    transcript!(
        home,
        [
            "references",
            "add",
            "aaaa",
            "--session",
            "bbbb",
            "--as",
            "base-model"
        ]
    );
    // a circle
    let back = ["references", "add", "bbbb", "--session", "aaaa"];
    assert_eq!(home.run(&back).code, Some(0));
    let by_doi = "--doi 10.1000/182 --title Doc --author Silva --date 2020-05 --as paper";
    let add = ["references", "add", "bbbb"]
        .into_iter()
        .chain(by_doi.split(' '));
    assert_eq!(home.run(&add.collect::<Vec<_>>()).code, Some(0));
    transcript!(home, ["references", "list", "aaaa"]);
    let json = home.run(&["references", "list", "bbbb", "--json"]).json();
    assert_eq!(json["references"][1]["csl"]["DOI"], "10.1000/182");
    transcript!(home, ["cite", "aaaa", "--upstream"]);
    transcript!(home, ["cite", "aaaa", "--upstream", "--style", "apa"]);
    // the same again replaces; its key stays
    let again = home.run(&["references", "add", "aaaa", "refs.bib", "--key", "corpus"]);
    assert!(again.out().contains("replaced corpus"), "{}", again.out());
    transcript!(home, ["references", "rm", "aaaa", "corpus"]);
    transcript!(home, ["references", "rm", "aaaa", "corpus"]);
    transcript!(home, ["references", "add", "aaaa"]);
    transcript!(
        home,
        ["references", "add", "aaaa", "refs.bib", "--key", "nope"]
    );
    let gone = home.run(&["rm", "--yes", "bbbb"]);
    assert_eq!(gone.code, Some(0));
    let upstream = home.run(&["cite", "aaaa", "--upstream"]);
    assert!(
        upstream.out().contains("LoRA, rank 16"),
        "{}",
        upstream.out()
    );
    assert_eq!(
        home.run(&["references", "rm", "aaaa", "--all"]).code,
        Some(0)
    );
    assert_eq!(home.run(&["cite", "aaaa", "--upstream"]).out(), "");
    assert_eq!(home.run(&["doctor"]).code, Some(0));
}

#[test]
fn a_project_names_its_bibliography() {
    let home = two();
    home.file("refs.bib", REFS.as_bytes());
    home.file("entrenar.toml", b"references = \"refs.bib\"\n");
    let upstream = home.run(&["cite", "aaaa", "--upstream"]);
    assert_eq!(
        upstream.out().matches("\n@").count() + 1,
        2,
        "{}",
        upstream.out()
    );
    assert!(
        upstream.err().contains("refs.bib:5:1"),
        "{}",
        upstream.err()
    );
    let none = home.run(&["cite", "aaaa", "--upstream", "--no-metadata-files"]);
    assert_eq!(none.out(), "");
    home.file("entrenar.toml", b"references = [\"gone.bib\", 7]\n");
    transcript!(home, ["cite", "aaaa", "--upstream"]);
    home.file("entrenar.toml", b"references = [\"gone.bib\"]\n");
    transcript!(home, ["cite", "aaaa", "--upstream"]);
}

#[test]
fn citations_are_formatted() {
    let home = two();
    let date = ["--date", "2026-11-22", "--author", "Ludwig van Beethoven"];
    for style in ["apa", "ieee", "mla"] {
        let args = [&["cite", "aaaa", "--style", style], &date[..]].concat();
        insta::assert_snapshot!(home.transcript(&args));
    }
    let names = home.run(&["cite", "aaaa", "--style", "list"]).out();
    assert!(
        names.lines().count() > 90 && names.contains("\nnature\n"),
        "{names}"
    );
    transcript!(home, ["cite", "aaaa", "--style", "nope"]);
    transcript!(home, ["cite", "aaaa", "--locale", "de"]);
    home.file("x.csl", b"<style/>");
    transcript!(home, ["cite", "aaaa", "--csl", "x.csl"]);
    assert_eq!(
        home.run(&["cite", "aaaa", "--style", "apa", "--format", "cff"])
            .code,
        Some(2)
    );
    assert_eq!(
        home.run(&["cite", "aaaa", "--style", "apa", "--locale", "xx"])
            .code,
        Some(2)
    );
}

#[test]
fn tags_notes_and_names_change() {
    let home = two();
    transcript!(home, ["tag", "aaaa", "+paper", "-lora", "--add", "rank 64"]);
    transcript!(home, ["tag", "aaaa", "paper"]);
    assert_eq!(
        home.run(&["note", "aaaa", "diverges after 900"]).code,
        Some(0)
    );
    assert_eq!(
        home.run_with(&["note", "bbbb", "-"], "two\nlines\n".as_bytes())
            .code,
        Some(0)
    );
    assert_eq!(
        home.run(&["rename", "aaaa", "The run in the paper"]).code,
        Some(0)
    );
    let show = |id| home.run(&["show", id, "--json"]).json()["metadata"].clone();
    assert_eq!(show("aaaa")["name"], "The run in the paper");
    assert_eq!(show("aaaa")["notes"], "diverges after 900");
    assert_eq!(
        show("aaaa")["tags"],
        serde_json::json!(["paper", "rank 64"])
    );
    assert_eq!(show("bbbb")["notes"], "two\nlines");
    assert_eq!(home.run(&["note", "bbbb", ""]).code, Some(0));
    assert!(show("bbbb")["notes"].is_null());
}

#[test]
fn rm_asks_or_refuses() {
    let home = two();
    transcript!(home, ["rm", "aaaa"]);
    transcript!(home, ["rm", "--yes", "aaaa"]);
    transcript!(home, ["show", "aaaa"]);
    assert_eq!(
        home.run(&["list", "--json"])
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn redact_leaves_no_copy() {
    let secret = "hf_abcdefghijklmnopqrstuvwxyz012345";
    let home = Home::new();
    let mut session = lora("leak", "A leak", 8);
    session.notes = Some(format!("token {secret}"));
    session.code_history[0].source = format!("login('{secret}')");
    home.session(&session);
    let wrong = home.run_with(&["redact", "leak"], b"another");
    assert_eq!(wrong.code, Some(3));
    let done = home.run_with(&["redact", "leak"], format!("{secret}\n").as_bytes());
    assert_eq!(done.code, Some(0), "{}", done.err());
    assert!(
        done.out().starts_with("redacted 2 places"),
        "{}",
        done.out()
    );
    assert!(!(done.out() + &done.err()).contains(secret));
    let whole = home.run(&["show", "leak", "--json"]).out();
    assert!(!whole.contains(secret));
    for entry in home.store().parent().unwrap().read_dir().unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(
            !bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes())
        );
    }
}

#[test]
fn what_was_redacted_stays_redacted() {
    let secret = "train-logloss:0.52888";
    let home = Home::new();
    home.recording("xgb_train.ipynb")
        .run(&["import", "xgb_train.ipynb"]);
    let id = home.run(&["list", "--json"]).json()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        home.run_with(&["redact", &id], secret.as_bytes()).code,
        Some(0)
    );
    // The file still holds it.
    let ran = home.run(&["preserve", "xgb_train.ipynb", "-o", "out"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    assert!(ran.out().contains("redacted in the store"), "{}", ran.out());
    for (name, bytes) in files(&home.work().join("out")) {
        let found = bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!found, "{name}");
    }
}

#[test]
fn backup_is_a_store() {
    let home = two();
    assert_eq!(home.run(&["backup", "copy.db"]).code, Some(0));
    let copy = home.run(&["list", "--json", "--store", "copy.db"]).out();
    assert_eq!(copy, home.run(&["list", "--json"]).out());
    transcript!(home, ["backup", "copy.db"]);
}

#[test]
fn doctor_finds_a_sound_store_sound() {
    let home = two();
    transcript!(home, ["doctor"]);
    let json = home.run(&["doctor", "--json"]).json();
    assert_eq!(json["sessions"], 2);
    assert_eq!(json["findings"], serde_json::json!([]));
}

#[test]
fn completions_and_pages_are_made() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = home.run(&["completions", shell]);
        assert_eq!(ran.code, Some(0));
        assert!(ran.out().contains("preserve"), "{shell}");
    }
    assert_eq!(home.run(&["man", "pages/man1"]).code, Some(0));
    let page = fs::read_to_string(home.work().join("pages/man1/entrenar-preserve.1")).unwrap();
    assert!(
        page.contains(".TH") && page.contains("\\-\\-license"),
        "{page}"
    );
    assert!(home.work().join("pages/man1/entrenar.1").exists());
}

#[test]
fn the_store_may_be_named_before_or_after_the_verb_or_by_a_variable() {
    let home = two();
    let store = home.store().display().to_string();
    let expected = home.run(&["list"]).out();
    let other = Home::new();
    assert_eq!(other.run(&["--store", &store, "list"]).out(), expected);
    assert_eq!(other.run(&["list", "--store", &store]).out(), expected);
    let by_variable = other
        .command(&["list"])
        .env("ENTRENAR_STORE", &store)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(by_variable.stdout).unwrap(), expected);
    let homeless = other
        .command(&["list"])
        .env_remove("HOME")
        .env_remove("XDG_DATA_HOME")
        .output()
        .unwrap();
    assert_eq!(homeless.status.code(), Some(4));
    insta::assert_snapshot!(String::from_utf8(homeless.stderr).unwrap());
}

/// The paths of all files in a folder with their bytes.
fn files(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in next.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.push((name, fs::read(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

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
