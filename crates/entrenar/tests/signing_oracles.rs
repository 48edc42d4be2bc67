//! Keys, signatures and statements judged by other programs: minisign in both directions, and
//! in-toto-attestation with securesystemslib. Tried with minisign 0.11, in-toto-attestation 0.9.3
//! and securesystemslib 1.6.0.
//!
//! * `ENTRENAR_PYTHON`: the Python that has the latter two (default `python3`)

#![cfg(feature = "signing")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of a test; what was skipped is said"
)]

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use entrenar::research::signing::in_toto::{Envelope, Statement, Subject};
use entrenar::research::signing::{
    LockedKey, PublicKey, SecretKey, Signature, SigningError, TrustedComment,
};

fn minisign_is_there() -> bool {
    let there = Command::new("minisign").arg("-v").output().is_ok();
    if !there {
        println!("SKIPPED: minisign is not installed");
    }
    there
}

fn run(program: &str, folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    child.wait_with_output().unwrap()
}

fn minisign(folder: &Path, arguments: &[&str], input: &str) -> Result<String, String> {
    let output = run("minisign", folder, arguments, input);
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        Ok(text.into_owned())
    } else {
        Err(text.into_owned())
    }
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    #[expect(clippy::disallowed_methods, reason = "a scratch file of a test")]
    fs::write(folder.join(name), bytes).unwrap();
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

const DATA: &[u8] = b"0a1b  metrics.csv\n";

#[test]
fn minisign_verifies_what_we_sign() {
    if !minisign_is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let key = SecretKey::generate().unwrap();
    write(folder, "f", DATA);
    write(folder, "our.pub", key.public_key().to_text().as_bytes());
    for name in ["f", "a name with spaces, äöü and 🦀", &"long ".repeat(100)] {
        let comment = TrustedComment::of_file(name, &[0xab; 32]).unwrap();
        let signature = key.sign(DATA, comment.clone()).unwrap();
        write(folder, "f.minisig", signature.to_text().as_bytes());
        let by_line =
            minisign(folder, &["-Vm", "f", "-P", &key.public_key().to_line()], "").unwrap();
        assert!(
            by_line.contains("Signature and comment signature verified"),
            "{by_line}"
        );
        assert!(
            by_line.contains(&format!("Trusted comment: {comment}")),
            "{by_line}"
        );
        minisign(folder, &["-VHm", "f", "-p", "our.pub"], "").unwrap();
    }
    write(folder, "f", b"0a1c  metrics.csv\n");
    minisign(folder, &["-Vm", "f", "-p", "our.pub"], "").unwrap_err();
}

#[test]
fn we_verify_what_minisign_signs_prehashed_and_not() {
    if !minisign_is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    minisign(folder, &["-GW", "-p", "a.pub", "-s", "a.key"], "").unwrap();
    let public = PublicKey::parse(&read(folder, "a.pub")).unwrap();
    assert_eq!(public.to_text(), read(folder, "a.pub"));
    let secret = LockedKey::parse(&read(folder, "a.key")).unwrap();
    assert!(!secret.is_encrypted());
    assert_eq!(secret.unlock(None).unwrap().public_key(), public);
    for data in [DATA, b"", &[7; 200_000]] {
        write(folder, "f", data);
        for arguments in [
            &["-Sm", "f", "-s", "a.key"][..],
            &["-Slm", "f", "-s", "a.key", "-t", "why"],
        ] {
            minisign(folder, arguments, "").unwrap();
            let signature = Signature::parse(&read(folder, "f.minisig")).unwrap();
            assert_eq!(signature.to_text(), read(folder, "f.minisig"));
            let comment = public
                .verify(File::open(folder.join("f")).unwrap(), &signature)
                .unwrap();
            assert!(comment.as_str() == "why" || comment.field("file") == Some("f"));
            let other = public.verify(&b"other"[..], &signature);
            assert!(matches!(other, Err(SigningError::BadSignature)));
        }
    }
}

#[test]
fn secret_keys_with_and_without_password_go_both_ways() {
    if !minisign_is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "f", DATA);
    let key = SecretKey::generate().unwrap();
    let sign = |name: &str, input: &str| {
        let made = minisign(folder, &["-Sm", "f", "-s", name], input)?;
        let signature = Signature::parse(&read(folder, "f.minisig")).unwrap();
        key.public_key().verify(DATA, &signature).unwrap();
        Ok::<_, String>(made)
    };
    write(folder, "open.key", key.to_text_unencrypted().as_bytes());
    sign("open.key", "").unwrap();
    let locked = key.to_text_encrypted("schlüssel 🔑".as_bytes()).unwrap();
    write(folder, "locked.key", locked.as_bytes());
    sign("locked.key", "schlüssel 🔑\n").unwrap();
    sign("locked.key", "guess\n").unwrap_err();

    // minisign's own keys ask for a gigabyte.
    minisign(
        folder,
        &["-G", "-p", "b.pub", "-s", "b.key"],
        "swordfish\nswordfish\n",
    )
    .unwrap();
    let theirs = LockedKey::parse(&read(folder, "b.key")).unwrap();
    assert!(theirs.is_encrypted());
    let public = PublicKey::parse(&read(folder, "b.pub")).unwrap();
    assert_eq!(
        theirs.unlock(Some(b"swordfish")).unwrap().public_key(),
        public
    );
}

#[test]
fn in_toto_and_securesystemslib_accept_the_envelope() {
    let python = std::env::var("ENTRENAR_PYTHON").unwrap_or_else(|_unset| "python3".into());
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let probe = run(
        &python,
        folder,
        &["-c", "import in_toto_attestation, securesystemslib"],
        "",
    );
    if !probe.status.success() {
        println!("SKIPPED: {python} has no in-toto-attestation or no securesystemslib");
        return;
    }
    let key = SecretKey::generate().unwrap();
    let names = [
        "metrics.csv",
        "a b/#%.txt",
        "ünï/🦀\".json",
        "source/lora.ipynb",
    ];
    let subjects: Vec<_> = names
        .iter()
        .zip(1..)
        .map(|(name, byte)| Subject::new(*name, [byte; 32]))
        .collect();
    let materials = vec![Subject::new("source/lora.ipynb", [4; 32])];
    let listed: String = names
        .iter()
        .zip(1_u8..)
        .map(|(name, byte)| format!("{}  {name}\n", format!("{byte:02x}").repeat(32)))
        .collect();
    let envelope = Envelope::sign(&Statement::link("preserve", subjects, materials), &key);
    write(folder, "e.json", &envelope.to_json());
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/oracle/check_envelope.py");
    let line = key.public_key().to_line();
    let output = run(
        &python,
        folder,
        &[script.to_str().unwrap(), "e.json", &line],
        &listed,
    );
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(
        text(&output.stdout).contains("\"name\": \"preserve\""),
        "{}",
        text(&output.stdout)
    );
}
