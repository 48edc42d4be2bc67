//! What each verb prints and how it ends.

use std::fs;

use entrenar::session::{EntrenarSession, Sha256Hash};

use crate::support::{Home, files, lora, two};

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
