//! Deposits at an archive that runs inside the test, by the program as its users meet it.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use chrono::DateTime;
use entrenar::session::{CodeCell, EntrenarSession};

use crate::fake_archive::proxy::{Fault, Proxy};
use crate::fake_archive::{Behaviour, FakeArchive, TOKEN};
use crate::support::{Home, Ran};

fn session() -> EntrenarSession {
    let at = |seconds: i64| DateTime::from_timestamp(1_795_300_000 + seconds, 0).unwrap();
    let mut session = EntrenarSession::empty("sess-001", "Rank 64 of LoRA").with_user("Ana Silva");
    session.metrics.add_loss(0.5);
    session.metrics.add_loss(0.25);
    session.add_code_cell(CodeCell {
        execution_order: 1,
        source: "fit()".into(),
        output: Some("loss 0.25".into()),
        timestamp: at(1),
        duration_ms: Some(10),
    });
    session.ended_at = Some(at(60));
    session
}

fn home() -> Home {
    let home = Home::new();
    home.session(&session());
    home
}

/// Runs the program with the token in the variable.
fn run(home: &Home, args: &[&str]) -> Ran {
    let output = home
        .command(args)
        .env("ZENODO_TOKEN", TOKEN)
        .output()
        .unwrap();
    Ran {
        code: output.status.code(),
        stdout: output.stdout,
        stderr: output.stderr,
    }
}

/// What it printed, without the port.
fn told(home: &Home, args: &[&str], url: &str) -> String {
    let ran = run(home, args);
    let text = home
        .show(args, &ran)
        .replace(url, "http://archive")
        .replace(url.strip_prefix("http://").unwrap(), "archive");
    // Sizes change with the formats inside.
    text.lines()
        .map(|line| match line.split_once(" files, ") {
            Some((before, _)) => format!("{before} files, …\n"),
            None => format!("{line}\n"),
        })
        .collect()
}

/// Everything that is on the disk.
fn on_disk(home: &Home) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![home.work().parent().unwrap().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                found.push((path.display().to_string(), bytes));
            }
        }
    }
    found
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

const BEGIN: [&str; 8] = [
    "deposit",
    "sess-001",
    "--date",
    "2026-11-22",
    "--license",
    "CC-BY-4.0",
    "--to",
    "URL",
];

fn begin<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut args: Vec<&str> = BEGIN.to_vec();
    args.pop();
    args.push(url);
    args.extend(more);
    args
}

#[test]
fn from_a_session_to_a_doi() {
    let home = home();
    let fake = FakeArchive::start(Behaviour::default());
    let url = fake.url();
    let mut text = told(&home, &begin(&url, &[]), &url);
    text.push_str(&told(&home, &begin(&url, &[]), &url));
    text.push_str(&told(&home, &["deposit", "--status"], &url));
    text.push_str(&told(
        &home,
        &["deposit", "sess-001", "--resume", "--publish"],
        &url,
    ));
    text.push_str(&told(
        &home,
        &["deposit", "sess-001", "--resume", "--publish", "--yes"],
        &url,
    ));
    text.push_str(&told(&home, &begin(&url, &["--publish", "--yes"]), &url));
    text.push_str(&told(&home, &["deposit", "sess-001", "--resume"], &url));
    text.push_str(&told(&home, &["deposit", "sess-001", "--discard"], &url));
    text.push_str(&told(&home, &["deposit", "sess-001", "--status"], &url));
    insta::assert_snapshot!(text);
    assert_eq!(fake.counts(), (1, 0));
    let inside = fake.inside();
    let record = inside.published()[0];
    let doi = record.doi.clone().unwrap();
    let content = |name: &str| record.files[name].content.clone().unwrap();
    let names: Vec<&String> = record.files.keys().collect();
    assert_eq!(
        names,
        ["CITATION.cff", "README.md", "crate.zip", "notebook.ipynb"]
    );
    for name in ["CITATION.cff", "notebook.ipynb", "crate.zip"] {
        assert!(holds(&content(name), &doi), "{name} lacks {doi}");
    }
    // Nothing is left beside the store, and what was published verifies.
    assert!(!home.store().with_file_name("deposits").exists());
    home.file("crate.zip", &content("crate.zip"));
    let verified = home.run(&["verify", "crate.zip"]);
    assert_eq!(
        verified.code,
        Some(0),
        "{}{}",
        verified.out(),
        verified.err()
    );
}

#[test]
fn a_new_version_of_what_was_published() {
    let home = home();
    let fake = FakeArchive::start(Behaviour::default());
    let url = fake.url();
    let first = run(&home, &begin(&url, &["--publish", "--yes", "--json"])).json();
    assert_eq!(first["step"], "done", "{first:#}");
    assert_eq!(first["published"], true);
    let more = [
        "--new-version",
        "--publish",
        "--yes",
        "--json",
        "--embargo",
        "2031-01-01",
    ];
    let second = run(&home, &begin(&url, &more)).json();
    assert_eq!(second["new_version_of"], first["record"], "{second:#}");
    assert_ne!(second["doi"], first["doi"]);
    assert_eq!(fake.counts(), (2, 0));
    let status = home.run(&["deposit", "--status", "--json"]).json();
    assert_eq!(status.as_array().unwrap().len(), 2);
    assert_eq!(status[0]["steps"][0]["step"], "creating-draft");
}

#[test]
fn a_draft_is_discarded() {
    let home = home();
    let fake = FakeArchive::start(Behaviour::default());
    let url = fake.url();
    let ran = run(&home, &begin(&url, &[]));
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    let text = told(&home, &["deposit", "sess-001", "--discard"], &url);
    insta::assert_snapshot!(text);
    assert_eq!(fake.counts(), (0, 0));
    assert!(!home.store().with_file_name("deposits").exists());
    let again = run(&home, &begin(&url, &["--publish", "--yes"]));
    assert_eq!(again.code, Some(0), "{}", again.err());
    assert_eq!(fake.counts(), (1, 0));
}

#[test]
#[cfg(all(unix, not(target_os = "macos")))]
fn the_token_may_be_in_the_keyring() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = home();
    let fake = FakeArchive::start(Behaviour::default());
    let url = fake.url();
    let host = url.strip_prefix("http://").unwrap();
    // In the place of libsecret's program, which needs the keyring of a desktop.
    let script = format!(
        "#!/bin/sh\n[ \"$*\" = 'lookup service entrenar archive {host}' ] && printf %s '{TOKEN}'\n"
    );
    home.file("bin/secret-tool", script.as_bytes());
    let tool = home.work().join("bin/secret-tool");
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
    let run = |url: &str| {
        home.command(&begin(url, &[]))
            .env("PATH", home.work().join("bin"))
            .output()
            .unwrap()
    };
    let ran = run(&url);
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    assert_eq!(fake.counts(), (0, 1));
    let ran = run("http://localhost:9");
    let told = String::from_utf8_lossy(&ran.stderr);
    assert!(told.contains("there is no access token"), "{told}");
    assert!(told.contains("secret-tool store"), "{told}");
}

#[test]
fn what_does_not_work_is_told_with_the_command_that_goes_on() {
    let home = home();
    let fake = FakeArchive::start(Behaviour::default());
    let url = fake.url();
    let mut text = String::new();
    let mut tell = |args: &[&str], url: &str| {
        text.push_str(&told(&home, args, url));
        text.push('\n');
    };
    tell(&["deposit", "sess-001"], &url);
    tell(&["deposit", "sess-001", "--to", "http://example.org"], &url);
    tell(
        &["deposit", "sess-001", "--to", "https://user:pw@example.org"],
        &url,
    );
    tell(&["deposit", "sess-001", "--to", "figshare.com"], &url);
    tell(
        &[
            "deposit",
            "sess-001",
            "--to",
            &url,
            "--token-file",
            "absent",
        ],
        &url,
    );
    tell(
        &["deposit", "sess-001", "--to", &url, "--new-version"],
        &url,
    );
    tell(&["deposit", "sess-001", "--resume"], &url);
    tell(&["deposit", "sess-009", "--to", &url], &url);
    tell(&["deposit", "sess-001", "--to", &url, "--title", "x"], &url);
    home.file("token", b"another-token\n");
    tell(
        &["deposit", "sess-001", "--to", &url, "--token-file", "token"],
        &url,
    );
    let page = FakeArchive::start(Behaviour {
        always: Some((200, "text/html", b"<html>".to_vec())),
        ..Behaviour::default()
    });
    tell(&["deposit", "sess-001", "--to", &page.url()], &page.url());
    // No failure left a draft or a folder.
    tell(&["deposit", "--status"], &url);
    insta::assert_snapshot!(text);
    assert_eq!(fake.counts(), (0, 0));
    assert!(!home.store().with_file_name("deposits").exists());
    let without = home.run(&begin(&url, &[]));
    assert_eq!(without.code, Some(2));
    assert!(
        without
            .err()
            .contains("there is no access token; nothing was sent")
    );
}

#[test]
fn what_the_archive_refuses_is_corrected_and_goes_on() {
    let home = home();
    let fake = FakeArchive::start(Behaviour::default());
    let url = fake.url();
    // A scope that is missing, and then a quota: each leaves a deposit that goes on.
    fake.inside().behaviour.no_scope = true;
    let mut text = told(&home, &begin(&url, &[]), &url);
    fake.inside().behaviour.no_scope = false;
    fake.inside().behaviour.quota = 700;
    text.push_str(&told(&home, &["deposit", "sess-001", "--resume"], &url));
    text.push_str(&told(&home, &["deposit", "sess-001", "--status"], &url));
    fake.inside().behaviour.quota = 1 << 30;
    let args = ["deposit", "sess-001", "--resume", "--publish", "--yes"];
    text.push_str(&told(&home, &args, &url));
    insta::assert_snapshot!(text);
    assert_eq!(fake.counts(), (1, 0));
}

#[test]
fn a_credential_does_not_leave() {
    let home = Home::new();
    let mut leaky = session();
    let secret = format!("ghp_{}", "q7Zk2Wm9Xc4Vb1Nt8Lp3Rj6Hs5Gd0FyTaQeU");
    leaky.code_history[0].source = format!("token = '{secret}'");
    home.session(&leaky);
    let fake = FakeArchive::start(Behaviour::default());
    let ran = run(&home, &begin(&fake.url(), &["--publish", "--yes"]));
    assert_eq!(ran.code, Some(7), "{}{}", ran.out(), ran.err());
    assert!(!ran.err().contains(&secret), "{}", ran.err());
    assert!(fake.inside().requests.is_empty());
    assert!(!home.store().with_file_name("deposits").exists());
    // In a copy it is replaced.
    let more = ["--publish", "--yes", "--redact-secrets"];
    let ran = run(&home, &begin(&fake.url(), &more));
    assert_eq!(ran.code, Some(0), "{}{}", ran.out(), ran.err());
    let inside = fake.inside();
    let record = inside.published()[0];
    assert!(!record.body.to_string().contains(&secret));
    for (name, file) in &record.files {
        assert!(!holds(file.content.as_ref().unwrap(), &secret), "{name}");
    }
}

#[test]
fn the_token_is_nowhere() {
    let home = home();
    let fake = FakeArchive::start(Behaviour::default());
    let url = fake.url();
    home.file("token", format!("{TOKEN}\n").as_bytes());
    let mut shown = Vec::new();
    fake.inside().behaviour.no_scope = true;
    let ran = home.run(&begin(&url, &["--token-file", "token"]));
    assert_eq!(ran.code, Some(8), "{}", ran.err());
    shown.extend([ran.stdout, ran.stderr]);
    fs::remove_file(home.work().join("token")).unwrap();
    for (path, bytes) in on_disk(&home) {
        assert!(!holds(&bytes, TOKEN), "{path}");
    }
    fake.inside().behaviour.no_scope = false;
    for args in [
        vec!["deposit", "sess-001", "--resume", "--json"],
        vec!["deposit", "sess-001", "--resume", "--publish", "--yes"],
        vec!["deposit", "--status", "--json"],
    ] {
        let ran = run(&home, &args);
        assert_eq!(ran.code, Some(0), "{}", ran.err());
        shown.extend([ran.stdout, ran.stderr]);
    }
    for bytes in &shown {
        assert!(!holds(bytes, TOKEN));
    }
    for (path, bytes) in on_disk(&home) {
        assert!(!holds(&bytes, TOKEN), "{path}");
    }
    assert_eq!(fake.counts(), (1, 0));
}

/// A program that is killed (SIGKILL) at its n-th request goes on where it was.
#[test]
fn killed_at_any_request_there_is_one_record() {
    for killed_at in 0..24 {
        let home = home();
        let fake = FakeArchive::start(Behaviour::default());
        let hold = if killed_at % 2 == 0 {
            Fault::CutBefore
        } else {
            Fault::LoseReply
        };
        let (reached, is_reached) = std::sync::mpsc::channel();
        let proxy = Proxy::start(
            &fake.url(),
            Box::new(move |number, _| {
                if number != killed_at {
                    return None;
                }
                // Nothing is answered before the client is gone.
                reached.send(()).unwrap_or_default();
                std::thread::sleep(Duration::from_millis(150));
                Some(hold)
            }),
        );
        let url = proxy.url();
        let mut child = home
            .command(&begin(&url, &["--publish", "--yes"]))
            .env("ZENODO_TOKEN", TOKEN)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let was_killed = loop {
            if is_reached.try_recv().is_ok() {
                child.kill().unwrap();
                child.wait().unwrap();
                break true;
            }
            if child.try_wait().unwrap().is_some() {
                break false;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        // Until the last request of the killed one has arrived.
        std::thread::sleep(Duration::from_millis(200));
        if was_killed {
            let ran = run(
                &home,
                &["deposit", "sess-001", "--resume", "--publish", "--yes"],
            );
            if ran.code == Some(3) {
                // It was killed before a draft was asked for: nothing to go on with.
                let ran = run(&home, &begin(&url, &["--publish", "--yes"]));
                assert_eq!(ran.code, Some(0), "{killed_at}: {}", ran.err());
            } else {
                assert_eq!(ran.code, Some(0), "{killed_at}: {}", ran.err());
            }
        }
        assert_eq!(
            fake.counts(),
            (1, 0),
            "{killed_at}: {:#?}",
            fake.inside().requests
        );
        let inside = fake.inside();
        assert!(
            inside.taken_twice().is_empty(),
            "{killed_at}: {:#?}",
            inside.requests
        );
        drop(inside);
        if !was_killed {
            assert!(killed_at > 15, "only {killed_at} requests");
            break;
        }
    }
}
