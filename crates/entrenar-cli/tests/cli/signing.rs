//! `keygen`, `sign` and `preregister` as a user meets them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::support::Home;

/// A key of minisign 0.11 without a password, so that signatures are the same in each run.
const KEY: &str = "untrusted comment: minisign encrypted secret key\nRWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAma/JNT40MijsGP7/xIiq19OOHypU/MO4LI/sI0PhyqUE3qHoW7hDJZcj/Hxd6MVz+k4Vab7jXNtGz1KZePej8NqcKWzB6uNkAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
const PUBLIC: &str = "RWSZr8k1PjQyKJcj/Hxd6MVz+k4Vab7jXNtGz1KZePej8NqcKWzB6uNk";

const PLAN: &[u8] = b"# LoRA ranks\n\n## Hypothesis\n\nRank 64 beats rank 8.\n\n## Method\n\nThree seeds each.\n\n## Analysis\n\nWelch's t-test.\n";

fn home() -> Home {
    let home = Home::new();
    home.file("lab.key", KEY.as_bytes());
    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(home.work().join("lab.key"), private).unwrap();
    home
}

/// With the folder `lora`.
fn with_folder() -> Home {
    let home = home();
    home.recording("lib421_rec_train_gd.replay");
    let ran = home.run(&["preserve", "lib421_rec_train_gd.replay", "-o", "lora"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    home
}

fn openssl(home: &Home, arguments: &str) {
    let ran = Command::new("openssl")
        .args(arguments.split_whitespace())
        .env("OPENSSL_CONF", "/dev/null")
        .current_dir(home.work())
        .output()
        .unwrap();
    assert!(
        ran.status.success(),
        "{arguments}\n{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}

/// A timestamp authority; false where there is no openssl.
fn authority(home: &Home) -> bool {
    if Command::new("openssl").arg("version").output().is_err() {
        println!("SKIPPED: openssl is not installed");
        return false;
    }
    home.file("req.conf", b"[req]\ndistinguished_name=dn\nprompt=no\n[dn]\n[root]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n");
    home.file("tsa.ext", b"extendedKeyUsage=critical,timeStamping\n");
    home.file("ts.conf", b"[tsa]\ndefault_tsa=one\n[one]\nserial=serial\nsigner_digest=sha256\ndefault_policy=1.2.3\ndigests=sha256\n");
    home.file("serial", b"01\n");
    openssl(
        home,
        "req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -days 30 -subj /CN=root -config req.conf -extensions root",
    );
    openssl(
        home,
        "req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj /O=Lab/CN=clock -config req.conf",
    );
    openssl(
        home,
        "x509 -req -in tsa.csr -CA root.pem -CAkey root.key -CAcreateserial -days 20 -extfile tsa.ext -out tsa.pem",
    );
    true
}

fn stamp(home: &Home, query: &str) {
    openssl(
        home,
        &format!(
            "ts -reply -config ts.conf -queryfile {query} -signer tsa.pem -inkey tsa.key -out reply.tsr"
        ),
    );
}

#[test]
fn a_folder_is_signed_once_and_verified_by_all() {
    let home = with_folder();
    let first = home.transcript(&["sign", "lora", "--key", "lab.key"]);
    insta::assert_snapshot!(first);
    let files = ["SHA256SUMS.minisig", "SHA256SUMS.intoto.json"];
    let read = || files.map(|file| fs::read(home.work().join("lora").join(file)).unwrap());
    let before = read();
    assert_eq!(
        home.transcript(&["sign", "lora", "--key", "lab.key"]),
        first
    );
    assert_eq!(read(), before);
    let verified = home.run(&["verify", "lora", "--public-key", PUBLIC, "--json"]);
    assert_eq!(verified.code, Some(0), "{}", verified.out());
    assert_eq!(verified.json()["signatures"][0]["status"], "good");
    let minisign = Command::new("minisign")
        .args(["-Vm", "lora/SHA256SUMS", "-P", PUBLIC])
        .current_dir(home.work())
        .output();
    match minisign {
        Ok(ran) => assert!(ran.status.success(), "{ran:?}"),
        Err(_) => println!("SKIPPED: minisign is not installed"),
    }

    // Another key does not replace it unasked; a changed folder is not signed.
    let made = home.run(&["keygen", "-o", "other.key", "--no-password"]);
    assert_eq!(made.code, Some(0), "{}", made.err());
    let ran = home.run(&["sign", "lora", "--key", "other.key"]);
    assert_eq!(
        (ran.code, read() == before),
        (Some(5), true),
        "{}",
        ran.err()
    );
    home.file("lora/README.md", b"changed");
    let ran = home.run(&["sign", "lora", "--key", "lab.key", "--force"]);
    assert_eq!(ran.code, Some(6));
    assert!(
        ran.err()
            .contains("lora does not hold and is not signed: 1 problem"),
        "{}",
        ran.err()
    );
    assert_eq!(read(), before);
}

#[test]
fn a_timestamp_is_requested_attached_and_checked() {
    let home = with_folder();
    if !authority(&home) {
        return;
    }
    let ran = home.run(&["sign", "lora", "--key", "lab.key", "--timestamp-request"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    assert!(ran.out().contains("curl -sS"), "{}", ran.out());
    let query = fs::read(home.work().join("lora/SHA256SUMS.tsq")).unwrap();
    // The request that may be under way is kept.
    home.run(&["sign", "lora", "--timestamp-request", "--unsigned"]);
    assert_eq!(
        fs::read(home.work().join("lora/SHA256SUMS.tsq")).unwrap(),
        query
    );
    stamp(&home, "lora/SHA256SUMS.tsq");
    let ran = home.run(&[
        "sign",
        "lora",
        "--attach-timestamp",
        "reply.tsr",
        "--tsa-ca",
        "root.pem",
    ]);
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    assert!(
        ran.out().contains("by O=Lab, CN=clock: good"),
        "{}",
        ran.out()
    );
    openssl(
        &home,
        "ts -verify -data lora/SHA256SUMS -in lora/SHA256SUMS.tsr -CAfile root.pem",
    );
    let ran = home.run(&[
        "verify",
        "lora",
        "--tsa-ca",
        "root.pem",
        "--public-key",
        PUBLIC,
    ]);
    assert_eq!(ran.code, Some(0), "{}", ran.out());

    // A reply to another request, of another file, no reply at all: nothing is attached.
    fs::remove_file(home.work().join("lora/SHA256SUMS.tsr")).unwrap();
    let attach = |file: &str| {
        let ran = home.run(&["sign", "lora", "--attach-timestamp", file]);
        assert_eq!(ran.code, Some(1), "{}", ran.err());
        assert!(!home.work().join("lora/SHA256SUMS.tsr").exists());
        ran.err()
    };
    openssl(
        &home,
        "ts -query -data lora/SHA256SUMS -sha256 -cert -out other.tsq",
    );
    stamp(&home, "other.tsq");
    assert!(attach("reply.tsr").contains("its nonce is another one"));
    openssl(
        &home,
        "ts -query -data lora/README.md -sha256 -cert -out other.tsq",
    );
    stamp(&home, "other.tsq");
    assert!(attach("reply.tsr").contains("belongs to another file"));
    assert!(attach("lora/README.md").contains("timestamp reply: byte 0"));
}

#[test]
fn verify_tells_a_wrong_timestamp_from_a_good_one() {
    let home = with_folder();
    if !authority(&home) {
        return;
    }
    let at = |name: &str| home.work().join(name);
    let verify = |what: &str, root: &str| {
        let ran = home.run(&["verify", what, "--tsa-ca", root]);
        (ran.code, ran.out() + &ran.err())
    };
    let expect = |what: &str, root: &str, code: i32, message: &str| {
        let (found, told) = verify(what, root);
        assert_eq!(found, Some(code), "{told}");
        assert!(told.contains(message), "{message:?} is not in\n{told}");
    };
    expect("lora", "root.pem", 6, "there is no timestamp");

    openssl(
        &home,
        "ts -query -data lora/SHA256SUMS -sha256 -cert -out ours.tsq",
    );
    stamp(&home, "ours.tsq");
    fs::copy(at("reply.tsr"), at("lora/SHA256SUMS.tsr")).unwrap();
    expect("lora", "root.pem", 0, "by O=Lab, CN=clock: good");

    openssl(
        &home,
        "req -x509 -newkey rsa:2048 -nodes -keyout other.key -out other.pem -days 30 -subj /CN=other -config req.conf -extensions root",
    );
    let (code, told) = verify("lora", "other.pem");
    assert_eq!(code, Some(6), "{told}");

    let good = fs::read(at("reply.tsr")).unwrap();
    let mut last = good.clone();
    *last.last_mut().unwrap() ^= 1;
    home.file("lora/SHA256SUMS.tsr", &last);
    let (code, told) = verify("lora", "root.pem");
    assert_eq!(code, Some(6), "{told}");

    openssl(
        &home,
        "ts -query -data lora/README.md -sha256 -cert -out other.tsq",
    );
    stamp(&home, "other.tsq");
    fs::copy(at("reply.tsr"), at("lora/SHA256SUMS.tsr")).unwrap();
    expect("lora", "root.pem", 6, "a timestamp of other bytes");
    // That needs no authority to be seen.
    let ran = home.run(&["verify", "lora"]);
    assert_eq!(ran.code, Some(6), "{}", ran.out());

    home.file("lora/SHA256SUMS.tsr", &good);
    home.file("lora/SHA256SUMS.tsq", b"no request");
    let (code, told) = verify("lora", "root.pem");
    assert_eq!(code, Some(6), "{told}");
    fs::remove_file(at("lora/SHA256SUMS.tsq")).unwrap();
    home.file("lora/README.md", b"other words");
    expect("lora", "root.pem", 6, "README.md");

    // A zip has its timestamp beside it.
    let id = home.run(&["list", "--json"]);
    let list: serde_json::Value = serde_json::from_str(&id.out()).unwrap();
    let id = list.pointer("/0/id").unwrap().as_str().unwrap().to_owned();
    let ran = home.run(&["crate", &id, "-o", "lora.zip", "--date", "2026-03-04"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    openssl(&home, "ts -query -data lora.zip -sha256 -cert -out zip.tsq");
    stamp(&home, "zip.tsq");
    fs::copy(at("reply.tsr"), at("lora.zip.tsr")).unwrap();
    expect("lora.zip", "root.pem", 0, "by O=Lab, CN=clock: good");
    fs::copy(at("lora/SHA256SUMS"), at("other.zip.tsr")).unwrap();
    fs::copy(at("lora.zip"), at("other.zip")).unwrap();
    let (code, told) = verify("other.zip", "root.pem");
    assert_eq!(code, Some(6), "{told}");
}

#[test]
fn keys_are_private_and_passwords_come_from_files() {
    let home = home();
    home.file("pw", b"swordfish\n");
    let ran = home.run(&["keygen", "--password-file", "pw"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    let secret = home
        .work()
        .parent()
        .unwrap()
        .join(".config/entrenar/signing.key");
    let mode = fs::metadata(&secret).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!fs::read_to_string(&secret).unwrap().contains("swordfish"));
    // None is replaced.
    assert_eq!(home.run(&["keygen", "--password-file", "pw"]).code, Some(5));

    home.file("plan.md", PLAN);
    let ran = home.run(&["preregister", "plan.md"]);
    assert_eq!(ran.code, Some(2), "{}", ran.err());
    assert!(ran.err().contains("--password-file"), "{}", ran.err());
    home.file("guess", b"guess");
    let ran = home.run(&["preregister", "plan.md", "--password-file", "guess"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err().contains("the password is wrong"), "{}", ran.err());
    assert!(!ran.err().contains("guess\n"));
    assert_eq!(
        fs::read_dir(home.work()).unwrap().count(),
        4,
        "nothing was written"
    );
    assert_eq!(
        home.run(&["preregister", "plan.md", "--password-file", "pw"])
            .code,
        Some(0)
    );

    let open = fs::Permissions::from_mode(0o644);
    fs::set_permissions(home.work().join("lab.key"), open).unwrap();
    let ran = home.run(&[
        "preregister",
        "plan.md",
        "-o",
        "p2.json",
        "--key",
        "lab.key",
    ]);
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    assert!(ran.err().contains("chmod 600 lab.key"), "{}", ran.err());
    for (name, key, message) in [
        ("public.key", PUBLIC, "this is a public key"),
        ("cut.key", &KEY[..129], "158 bytes are expected"),
        (
            "text.key",
            "hello\nworld\n",
            "this should be `untrusted comment: …`",
        ),
    ] {
        home.file(name, key.as_bytes());
        let ran = home.run(&["preregister", "plan.md", "-o", "p3.json", "--key", name]);
        assert_eq!(ran.code, Some(1), "{}", ran.err());
        assert!(ran.err().contains(message), "{}", ran.err());
    }
    assert!(!home.work().join("p3.json").exists());
}

#[test]
fn a_plan_is_committed_to_opened_and_verified() {
    let home = home();
    home.file("plan.md", PLAN);
    let ran = home.run(&[
        "preregister",
        "plan.md",
        "--key",
        "lab.key",
        "--public-title",
        "Ranks",
        "--timestamp-request",
    ]);
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    let public = home.work().join("preregistration.json");
    let private = home.work().join("preregistration.opening.json");
    assert!(!fs::read_to_string(&public).unwrap().contains("Rank 64"));
    assert_eq!(
        fs::metadata(&private).unwrap().permissions().mode() & 0o777,
        0o600
    );
    // A commitment is not replaced.
    assert_eq!(
        home.run(&["preregister", "plan.md", "--key", "lab.key"])
            .code,
        Some(5)
    );

    let verify = [
        "preregister",
        "verify",
        "preregistration.json",
        "--public-key",
        PUBLIC,
    ];
    let ran = home.run(&verify);
    assert_eq!(ran.code, Some(0), "{}", ran.out());
    assert!(
        ran.out().contains("nothing proves when it was written"),
        "{}",
        ran.out()
    );
    if authority(&home) {
        stamp(&home, "preregistration.json.tsq");
        let attach = [
            "preregister",
            "attach",
            "preregistration.json",
            "reply.tsr",
            "--tsa-ca",
            "root.pem",
        ];
        let ran = home.run(&attach);
        assert_eq!(ran.code, Some(0), "{}", ran.err());
        assert_eq!(home.run(&attach).code, Some(5), "it is attached already");
        let ran = home.run(&[&verify[..], &["--tsa-ca", "root.pem", "--json"]].concat());
        assert_eq!(ran.json()["time_is_proven"], true, "{}", ran.out());
        assert_eq!(ran.json()["sections"][1]["status"], "sealed");
    }
    let ran = home.run(&[
        "preregister",
        "open",
        "preregistration.json",
        "--section",
        "Hypothesis",
    ]);
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    let text = fs::read_to_string(&public).unwrap();
    assert!(text.contains("Rank 64 beats rank 8.") && !text.contains("seeds"));
    assert_eq!(home.run(&verify).code, Some(0));

    home.file(
        "edited.json",
        text.replace("Rank 64 beats", "Rank 8 beats").as_bytes(),
    );
    let ran = home.run(&[
        "preregister",
        "verify",
        "edited.json",
        "--public-key",
        PUBLIC,
    ]);
    assert_eq!(ran.code, Some(6));
    assert!(
        ran.out()
            .contains("the text of section \"hypothesis\" is not the one"),
        "{}",
        ran.out()
    );
    let ran = home.run(&["preregister", "verify", "preregistration.opening.json"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err().contains("keep this one private"), "{}", ran.err());
}

#[test]
fn what_a_plan_lacks_is_told_at_once() {
    let home = home();
    home.file("plan.md", b"Notes\n## Hypothesis\n## Hypothesis\nx\n");
    insta::assert_snapshot!(home.transcript(&["preregister", "plan.md", "--unsigned"]));
    assert!(!home.work().join("preregistration.json").exists());
}

#[test]
fn the_crate_of_the_session_links_the_preregistration() {
    let home = home();
    home.file("plan.md", PLAN);
    let ran = home.run(&["preregister", "plan.md", "--key", "lab.key"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    home.recording("lib421_rec_train_gd.replay");
    let pack = |file: &str| {
        home.run(&[
            "crate",
            "lib421_rec_train_gd.replay",
            "-o",
            "lora",
            "--date",
            "2026-11-22",
            "--preregistration",
            file,
        ])
    };
    let ran = pack("preregistration.opening.json");
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.err().contains("this is the private opening"),
        "{}",
        ran.err()
    );
    let public = fs::read_to_string(home.work().join("preregistration.json")).unwrap();
    home.file(
        "edited.json",
        public.replace("method", "methods").as_bytes(),
    );
    let ran = pack("edited.json");
    assert_eq!(ran.code, Some(1));
    assert!(ran.err().contains("were edited"), "{}", ran.err());
    assert!(!home.work().join("lora").exists());
    let ran = pack("preregistration.json");
    assert_eq!(ran.code, Some(0), "{}", ran.err());
    let read = |name: &str| fs::read_to_string(home.work().join(name)).unwrap();
    assert_eq!(
        read("lora/preregistration.json"),
        read("preregistration.json")
    );
    let metadata: serde_json::Value =
        serde_json::from_str(&read("lora/ro-crate-metadata.json")).unwrap();
    let entity = |id: &str| {
        let entities = metadata["@graph"].as_array().unwrap();
        entities.iter().find(|entity| entity["@id"] == id).unwrap()
    };
    assert_eq!(entity("./")["isBasedOn"]["@id"], "preregistration.json");
    assert_eq!(entity("preregistration.json")["@type"], "File");
    let ran = home.run(&["verify", "lora"]);
    assert_eq!(ran.code, Some(0), "{}", ran.out());
    assert!(
        ran.out()
            .contains("no timestamp proves when it was written"),
        "{}",
        ran.out()
    );
}
