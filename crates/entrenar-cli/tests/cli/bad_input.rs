//! Input that cannot be read, and places that cannot be written.

use std::fs;

use entrenar::export::session_json::{self, Times};

use crate::support::{Home, lora};

/// Every failure says what failed, why, and what to do; none shows the inside of the program.
fn told(home: &Home, args: &[&str]) -> String {
    let ran = home.run(args);
    let text = home.show(args, &ran);
    assert!(
        ran.code.is_some_and(|code| (1..=5).contains(&code)),
        "{text}"
    );
    for inside in [
        "panicked",
        "RUST_BACKTRACE",
        "Error {",
        "Os {",
        "Some(",
        "src/",
    ] {
        assert!(!text.contains(inside), "{inside}: {text}");
    }
    text
}

#[test]
fn inputs() {
    let home = Home::new();
    home.file("empty.ipynb", b"")
        .file("cut.replay", b"{\"version\":{\"major\":1},\"timeline\":[{")
        .file("text.ipynb", b"hello")
        .file("number.json", b"42")
        .file("binary.ipynb", &[0, 159, 146, 150, 255])
        .file("nothing/readme.txt", b"")
        .file("big.ipynb", &[b' '; 2000])
        .file("deep.ipynb", "[".repeat(100_000).as_bytes());
    let mut text = String::new();
    for args in [
        &["import", "empty.ipynb"][..],
        &["import", "cut.replay"],
        &["import", "text.ipynb"],
        &["import", "number.json"],
        &["import", "binary.ipynb"],
        &["import", "deep.ipynb"],
        &["import", "nothing"],
        &["import", "no-such-file.ipynb"],
        &["import", "*.nothing"],
        &["import", "big.ipynb", "--max-bytes", "1000"],
        &["import", "big.ipynb", "--max-bytes", "1000000000"],
        &["import", "-"],
        &["import", "/dev/null"],
        &["preserve", "no-such-file.ipynb"],
        &["preserve", "nothing"],
    ] {
        text.push_str(&told(&home, args));
        text.push('\n');
    }
    insta::assert_snapshot!(text);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let home = Home::new();
    let made = std::process::Command::new("mkfifo")
        .arg(home.work().join("pipe.ipynb"))
        .status();
    if !made.is_ok_and(|status| status.success()) {
        println!("SKIPPED: no program `mkfifo`");
        return;
    }
    insta::assert_snapshot!(told(&home, &["import", "pipe.ipynb"]));
    // A folder with a pipe in it has no session.
    assert_eq!(home.run(&["import", "."]).code, Some(1));
}

#[cfg(unix)]
#[test]
fn a_file_without_permission() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    home.file("secret.ipynb", b"{}");
    let path = home.work().join("secret.ipynb");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&path).is_ok() {
        println!("SKIPPED: this user may read everything");
        return;
    }
    insta::assert_snapshot!(told(&home, &["import", "secret.ipynb"]));
}

#[test]
fn ids() {
    let home = Home::new();
    let mut text = told(&home, &["show", "aaaa"]);
    home.session(&lora("aaaa-1", "one", 8))
        .session(&lora("aaaa-2", "two", 8));
    home.file("lora.ipynb", b"{}");
    for args in [
        &["show", "aaaa"][..],
        &["show", "zzzz"],
        &["show", "lora.ipynb"],
        &["show", ""],
        &["show", "%"],
        &["show", "-x"],
        &["show"],
        &["rm", "--yes", "aaaa"],
        &["plot", "aaaa-1", "aaaa"],
        &["export", "aaaa-1", "--format", "yaml"],
        &["frobnicate"],
    ] {
        text.push_str(&told(&home, args));
        text.push('\n');
    }
    insta::assert_snapshot!(text);
}

#[test]
fn stores() {
    let home = Home::new();
    home.file(
        "text.db",
        &b"this is not a database, it is a text. ".repeat(40),
    )
    .file("folder/x", b"");
    let mut text = String::new();
    for args in [
        &["--store", "text.db", "list"][..],
        &["--store", "folder", "list"],
        &["--store", "", "list"],
        &["--store", "text.db/inside.db", "import", "folder/x"],
        &["--store", "text.db", "doctor"],
        &["--store", "none.db", "backup", "copy.db"],
    ] {
        text.push_str(&told(&home, args));
        text.push('\n');
    }
    insta::assert_snapshot!(text);
}

#[test]
fn outputs() {
    let home = Home::new();
    home.session(&lora("aaaa", "one", 8))
        .file("there/mine.txt", b"mine");
    let mut text = String::new();
    for args in [
        &["export", "aaaa", "--format", "csv", "-o", "there"][..],
        &[
            "export",
            "aaaa",
            "--format",
            "csv",
            "-o",
            "no/such/folder.csv",
        ],
        &["plot", "aaaa", "--svg", "there"],
        &["preserve", "--id", "aaaa", "-o", "there"],
        &["man", "there/mine.txt"],
    ] {
        text.push_str(&told(&home, args));
        text.push('\n');
    }
    assert_eq!(
        fs::read(home.work().join("there/mine.txt")).unwrap(),
        b"mine"
    );
    insta::assert_snapshot!(text);
    if fs::metadata("/dev/full").is_ok() {
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let ended = home
            .command(&["show", "aaaa"])
            .stdout(full)
            .output()
            .unwrap();
        assert_eq!(ended.status.code(), Some(5));
        let stderr = String::from_utf8(ended.stderr).unwrap();
        assert!(
            stderr.starts_with("error: cannot write to standard output"),
            "{stderr}"
        );
    }
}

#[test]
fn a_device_is_written_to_and_not_replaced() {
    let home = Home::new();
    home.session(&lora("aaaa", "one", 8));
    let ran = home.run(&["export", "aaaa", "--format", "csv", "-o", "/dev/null"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn an_empty_file_is_no_store_yet() {
    let home = Home::new();
    home.file("empty.db", b"");
    let ran = home.run(&["--store", "empty.db", "list"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    let text = told(&home, &["--store", "empty.db", "show", "aaaa"]);
    assert!(text.contains("there is no store at empty.db yet"), "{text}");
}

#[test]
fn an_id_names_no_other_folder() {
    let home = Home::new();
    for (id, folder) in [
        ("..", "session"),
        ("../../up", ".._.._up"),
        ("/etc/x", "_etc_x"),
    ] {
        home.session(&lora(id, "one", 8));
        let ran = home.run(&["preserve", "--id", id, "--force"]);
        assert_eq!(ran.code, Some(0), "{}", ran.err());
        assert!(home.work().join(folder).join("SHA256SUMS").is_file());
    }
}

#[test]
fn an_id_that_nobody_can_type_is_replaced() {
    let home = Home::new();
    let long = "x".repeat(1000);
    for id in ["", " ", "a\0b", long.as_str()] {
        let json = session_json::to_vec(&lora(id, "one", 8), Times::All);
        home.file("odd.json", &json);
        let ran = home.run(&["import", "odd.json", "--json"]);
        assert_eq!(ran.code, Some(0), "{}", ran.err());
        let imported = ran.json();
        assert_eq!(imported[0]["warnings"][0]["path"], "id");
        let new = imported[0]["id"].as_str().unwrap();
        assert_eq!(home.run(&["show", new]).code, Some(0));
        let again = home.run(&["import", "odd.json", "--json"]).json();
        assert_eq!(again[0]["status"], "unchanged");
    }
}

#[test]
fn the_longest_file_names_are_preserved() {
    let home = Home::new();
    let name = format!("{}.json", "x".repeat(250));
    home.file(
        &name,
        &session_json::to_vec(&lora("aaaa", "one", 8), Times::All),
    );
    for _ in 0..2 {
        let ran = home.run(&["preserve", &name, "--force"]);
        assert_eq!(ran.code, Some(0), "{}", ran.err());
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_in_an_artifact_folder_is_not_waited_for() {
    let home = Home::new();
    home.recording("cli1301_empty_quit.replay");
    let name = fs::read_dir(home.work()).unwrap().next().unwrap().unwrap();
    let name = name.file_name().into_string().unwrap();
    let ran = home.run(&["preserve", &name, "-o", "art"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    let source = home.work().join("art/source").join(&name);
    fs::remove_file(&source).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&source).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("SKIPPED: no program `mkfifo`");
        return;
    }
    let text = told(&home, &["import", "art"]);
    assert!(text.contains("is not a regular file"), "{text}");
}

#[test]
fn a_copy_of_a_document_without_times_is_unchanged() {
    let home = Home::new();
    let mut json = session_json::to_value(&lora("aaaa", "one", 8), Times::Recorded);
    json["cells"][0]["timestamp"] = serde_json::Value::Null;
    home.file("one.json", json.to_string().as_bytes());
    assert_eq!(home.run(&["import", "one.json"]).code, Some(0));
    let file = fs::File::options()
        .write(true)
        .open(home.work().join("one.json"))
        .unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
    let again = home.run(&["import", "one.json", "--json"]).json();
    assert_eq!(again[0]["status"], "unchanged");
}
