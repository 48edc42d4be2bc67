//! An artifact folder in which anything was changed does not verify.
#![cfg(feature = "ro-crate")]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a panic is how a test fails, and a torn file is no loss to one"
)]

mod verify_support;

use std::fs;
use std::path::Path;

use entrenar::preserve::verify::*;
use entrenar::research::signing::in_toto::{Envelope, Statement, Subject};
use entrenar::research::signing::{SecretKey, TrustedComment};
use entrenar::session::Sha256Hash;

use verify_support::{Fixture, problems, sums_again};

fn verified(path: &Path) -> Report {
    verify(path, &VerifyOptions::default()).unwrap().report
}

#[test]
fn what_was_written_holds() {
    let fixture = Fixture::folder();
    let report = verified(&fixture.path);
    assert_eq!(report.problems, []);
    assert_eq!(report.subject, SubjectKind::Folder);
    assert_eq!(report.files, fixture.files().len());
    for file in [
        "events.jsonl",
        "metrics.csv",
        "notebook.ipynb",
        "session.json",
    ] {
        assert!(report.validated.iter().any(|path| path == file), "{file}");
    }
    assert!(report.sums.is_some() && report.events.is_some());
}

#[test]
fn every_changed_byte_is_found_and_its_file_is_named() {
    let fixture = Fixture::folder();
    let mut random = 1_u64;
    for file in fixture.files() {
        let path = fixture.path.join(&file);
        let bytes = fs::read(&path).unwrap();
        for _ in 0..25 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from(random >> 33).unwrap() % bytes.len();
            let mut changed = bytes.clone();
            match random % 4 {
                0 => drop(changed.remove(at)),
                1 => changed.insert(at, b' '),
                2 if at > 0 && bytes[at] != bytes[at - 1] => changed.swap(at - 1, at),
                _ => changed[at] ^= 1 << (random % 7),
            }
            fs::write(&path, &changed).unwrap();
            let report = verified(&fixture.path);
            let named = |problem: &Problem| problem.file == file || file == "SHA256SUMS";
            assert!(
                report.problems.iter().any(named),
                "{file}, byte {at}: {:?}",
                report.problems
            );
        }
        fs::write(&path, &bytes).unwrap();
    }
    assert_eq!(problems(&fixture.path), [""; 0]);
}

#[test]
fn files_that_come_go_and_move_are_found() {
    type Change = fn(&Path);
    let cases: [(Change, &[&str]); 9] = [
        (
            |at| fs::write(at.join("new.txt"), "x").unwrap(),
            &["added new.txt"],
        ),
        (
            |at| fs::remove_file(at.join("README.md")).unwrap(),
            &["missing README.md"],
        ),
        (
            |at| fs::rename(at.join("README.md"), at.join("READ.md")).unwrap(),
            &["renamed READ.md"],
        ),
        (
            |at| {
                fs::copy(at.join("README.md"), at.join("READ.md")).unwrap();
            },
            &["added READ.md"],
        ),
        (
            |at| {
                fs::rename(at.join("README.md"), at.join("x")).unwrap();
                fs::rename(at.join("index.html"), at.join("README.md")).unwrap();
                fs::rename(at.join("x"), at.join("index.html")).unwrap();
            },
            &["changed README.md", "changed index.html"],
        ),
        (
            |at| fs::create_dir(at.join("empty")).unwrap(),
            &["added empty"],
        ),
        (
            |at| fs::write(at.join("README.md"), "").unwrap(),
            &["changed README.md"],
        ),
        (
            |at| fs::write(at.join("SHA256SUMS.old"), "x").unwrap(),
            &["added SHA256SUMS.old"],
        ),
        (
            |at| fs::write(at.join("Readme.md"), "x").unwrap(),
            &["added Readme.md", "name Readme.md"],
        ),
    ];
    for (change, expected) in cases {
        let fixture = Fixture::folder();
        change(&fixture.path);
        assert_eq!(problems(&fixture.path), expected);
    }
}

#[cfg(unix)]
#[test]
fn links_and_pipes_are_not_followed() {
    let fixture = Fixture::folder();
    let at = |name: &str| fixture.path.join(name);
    std::os::unix::fs::symlink("/etc/passwd", at("link")).unwrap();
    std::os::unix::fs::symlink("..", at("up")).unwrap();
    fs::rename(at("README.md"), at("other")).unwrap();
    std::os::unix::fs::symlink("other", at("README.md")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(at("pipe"))
        .status();
    assert!(made.unwrap().success());
    assert_eq!(
        problems(&fixture.path),
        [
            "name README.md",
            "name link",
            "renamed other",
            "name pipe",
            "name up"
        ]
    );
}

#[test]
fn the_list_of_checksums_has_one_form() {
    type Change = fn(&str) -> String;
    let cases: [(Change, &str); 8] = [
        (
            |text| {
                let mut lines: Vec<_> = text.lines().collect();
                lines.swap(1, 2);
                lines.join("\n") + "\n"
            },
            "checksums SHA256SUMS",
        ),
        (
            |text| {
                text.lines()
                    .skip(1)
                    .map(|line| format!("{line}\n"))
                    .collect()
            },
            "added CITATION.cff",
        ),
        (
            |text| format!("{}\n{text}", text.lines().next().unwrap()),
            "checksums SHA256SUMS",
        ),
        (|text| text.replace('\n', "\r\n"), "checksums SHA256SUMS"),
        (|text| text.trim_end().to_owned(), "checksums SHA256SUMS"),
        (|text| text.to_uppercase(), "checksums SHA256SUMS"),
        (
            |text| text.replace("  README.md", "  ../README.md"),
            "checksums SHA256SUMS",
        ),
        (
            |text| format!("{text}{}  z\n", Sha256Hash::of(b"")),
            "missing z",
        ),
    ];
    for (change, expected) in cases {
        let fixture = Fixture::folder();
        let path = fixture.path.join("SHA256SUMS");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, change(&text)).unwrap();
        let found = problems(&fixture.path);
        assert!(found.iter().any(|found| found == expected), "{found:?}");
    }
}

#[test]
fn an_edit_with_new_checksums_is_found_by_what_the_files_say() {
    for (file, from, to, expected) in [
        ("metrics.csv", ",0.5\n", ",0.4\n", "disagrees metrics.csv"),
        (
            "session.json",
            "\"value\": 0.5",
            "\"value\": 0.4",
            "events session.json",
        ),
        (
            "session.json",
            "\"LoRA\"",
            "\"Loro\"",
            "events session.json",
        ),
        (
            "session.json",
            "[\n      \"lora\"\n    ]",
            "[]",
            "events session.json",
        ),
        (
            "session.json",
            "\"recorded_by\"",
            "\"recorded-by\"",
            "events session.json",
        ),
        (
            "notebook.ipynb",
            "step(1)",
            "step(2)",
            "disagrees notebook.ipynb",
        ),
        (
            "notebook.ipynb",
            "\"nbformat_minor\": 5",
            "\"nbformat_minor\": 4",
            "format notebook.ipynb",
        ),
        (
            "events.jsonl",
            "\"points\":2",
            "\"points\":3",
            "events events.jsonl",
        ),
        (
            "source/train.ipynb",
            "step",
            "stop",
            "disagrees source/train.ipynb",
        ),
    ] {
        let fixture = Fixture::folder();
        let path = fixture.path.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from:?}: {text}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        sums_again(&fixture.path);
        let found = problems(&fixture.path);
        assert!(found.iter().any(|found| found == expected), "{found:?}");
    }
}

#[test]
fn a_signature_is_good_by_a_known_key_only() {
    let fixture = Fixture::folder();
    let (key, other) = (
        SecretKey::generate().unwrap(),
        SecretKey::generate().unwrap(),
    );
    let sums = fs::read(fixture.path.join("SHA256SUMS")).unwrap();
    let sign = |bytes: &[u8]| {
        let digest = *Sha256Hash::of(bytes).as_bytes();
        let comment = TrustedComment::of_file("SHA256SUMS", &digest).unwrap();
        key.sign(bytes, comment).unwrap().to_text()
    };
    let file = fixture.path.join("SHA256SUMS.minisig");
    fs::write(&file, sign(&sums)).unwrap();

    let unknown = verified(&fixture.path);
    assert_eq!(unknown.problems, []);
    assert_eq!(unknown.signatures[0].status, SignatureStatus::UnknownKey);
    assert_eq!(unknown.signatures[0].key, key.public_key().id().to_string());

    let by = |keys: &[&SecretKey]| {
        let options = VerifyOptions {
            public_keys: keys.iter().map(|key| key.public_key()).collect(),
            ..VerifyOptions::default()
        };
        verify(&fixture.path, &options).unwrap().report
    };
    let good = by(&[&other, &key]);
    assert_eq!(good.problems, []);
    assert!(matches!(
        good.signatures[0].status,
        SignatureStatus::Good { .. }
    ));
    let bad = by(&[&other]);
    assert_eq!(bad.problems[0].kind, ProblemKind::Signature);
    assert_eq!(bad.signatures[0].status, SignatureStatus::Bad);

    fs::write(&file, sign(b"another file")).unwrap();
    for report in [verified(&fixture.path), by(&[&key])] {
        assert!(
            report
                .problems
                .iter()
                .all(|p| p.kind == ProblemKind::Signature)
        );
        assert!(report.problems[0].message.contains("other bytes"));
    }
    let text = sign(&sums);
    for at in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[at] ^= 1;
        fs::write(&file, &changed).unwrap();
        let report = by(&[&key]);
        // The untrusted comment is no part of what is signed.
        let is_untrusted = at >= "untrusted comment: ".len() && at < text.find('\n').unwrap();
        assert!(!report.holds() || is_untrusted, "byte {at}");
    }
    fs::remove_file(&file).unwrap();
    assert_eq!(by(&[&key]).problems[0].kind, ProblemKind::Signature);
}

#[test]
fn a_statement_is_about_exactly_the_listed_files() {
    let fixture = Fixture::folder();
    let key = SecretKey::generate().unwrap();
    let text = fs::read_to_string(fixture.path.join("SHA256SUMS")).unwrap();
    let subjects: Vec<_> = text
        .lines()
        .map(|line| {
            let (hash, path) = line.split_once("  ").unwrap();
            let hash: Sha256Hash = hash.parse().unwrap();
            Subject::new(path, *hash.as_bytes())
        })
        .collect();
    let state = |subjects: Vec<Subject>| {
        let statement = Statement::link("preserve", subjects, Vec::new());
        let envelope = Envelope::sign(&statement, &key);
        let file = fixture.path.join("SHA256SUMS.intoto.json");
        fs::write(file, envelope.to_json()).unwrap();
        let options = VerifyOptions {
            public_keys: vec![key.public_key()],
            ..VerifyOptions::default()
        };
        verify(&fixture.path, &options).unwrap().report
    };
    assert_eq!(state(subjects.clone()).problems, []);
    let fewer = state(subjects[1..].to_vec());
    assert!(fewer.problems[0].message.contains("says nothing about"));
    let mut other = subjects;
    other[0] = Subject::new(other[0].name.clone(), [0; 32]);
    let other = state(other);
    assert!(
        other.problems[0].message.contains("another"),
        "{:?}",
        other.problems
    );
}

#[test]
fn huge_and_deep_metadata_are_refused_without_being_read_whole() {
    for (content, expected) in [
        ("[".repeat(1_000_000), "format"),
        (format!("[{}0]", "0,".repeat(20_000_001)), "limit"),
    ] {
        for file in ["ro-crate-metadata.json", "notebook.ipynb", "codemeta.json"] {
            let fixture = Fixture::folder();
            fs::write(fixture.path.join(file), &content).unwrap();
            sums_again(&fixture.path);
            let found = problems(&fixture.path);
            assert!(found.contains(&format!("{expected} {file}")), "{found:?}");
        }
    }
    let fixture = Fixture::folder();
    let mut lines = "x\n".repeat(100_000);
    lines.push('y');
    fs::write(fixture.path.join("SHA256SUMS"), lines).unwrap();
    assert!(verified(&fixture.path).problems.len() < 300);
}
