//! Timestamps of a real authority: `openssl ts` with certificates of a local one, judged by
//! [`Reply::verify`] and by `openssl ts -verify`. Tried with OpenSSL 3.0.19.

#![cfg(feature = "signing")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of a test; what was skipped is said"
)]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use entrenar::research::signing::timestamp::{
    Reply, Request, TimestampError, TimestampInfo, TrustAnchors, request,
};
use entrenar::session::Sha256Hash;

const DATA: &[u8] = b"every number of the run\n";

/// A folder in which `openssl` works, with a certificate authority.
struct Lab {
    folder: tempfile::TempDir,
}

/// What a certificate is for, and when it is valid.
#[derive(Clone, Copy)]
struct Wish<'a> {
    key: &'a str,
    usage: &'a str,
    from: &'a str,
    until: &'a str,
}

const GOOD: Wish<'_> = Wish {
    key: "rsa:2048",
    usage: "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature",
    from: "20200101000000Z",
    until: "20491231000000Z",
};

impl Lab {
    /// `None` where there is no `openssl`.
    fn new() -> Option<Self> {
        let version = Command::new("openssl").arg("version").output();
        let Ok(version) = version else {
            println!("SKIPPED: openssl is not installed");
            return None;
        };
        println!("{}", String::from_utf8_lossy(&version.stdout));
        let lab = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        lab.write("data", DATA);
        lab.write("index.txt", b"");
        lab.write("index.txt.attr", b"unique_subject = no\n");
        lab.write("serial", b"1000\n");
        lab.write("ts-serial", b"01\n");
        lab.write(
            "ca.conf",
            b"[req]\ndistinguished_name=dn\nprompt=no\n[dn]\n[ca]\ndefault_ca=main\n[main]\n\
              database=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=any\n\
              [any]\norganizationName=optional\ncommonName=optional\n\
              [root]\nbasicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\n\
              keyUsage=critical,keyCertSign,cRLSign\n",
        );
        for name in ["root", "stranger"] {
            lab.openssl(&format!(
                "req -x509 -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.pem -days 3650 \
                 -subj /O=Lab/CN={name} -config ca.conf -extensions root"
            ));
        }
        Some(lab)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        #[expect(clippy::disallowed_methods, reason = "a scratch file of a test")]
        fs::write(self.path(name), bytes).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    fn try_openssl(&self, arguments: &str) -> Result<String, String> {
        let output = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(&self.folder)
            .env("OPENSSL_CONF", "/dev/null")
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(text(&output.stderr) + &text(&output.stdout))
        }
    }

    fn openssl(&self, arguments: &str) -> String {
        self.try_openssl(arguments)
            .unwrap_or_else(|error| panic!("openssl {arguments}\n{error}"))
    }

    /// Key and certificate of a signer, issued by `issuer`.
    fn signer(&self, name: &str, issuer: &str, wish: Wish<'_>) {
        let Wish {
            key,
            usage,
            from,
            until,
        } = wish;
        self.write(
            "extensions",
            format!("subjectKeyIdentifier=hash\n{usage}\n").as_bytes(),
        );
        let key = match key.strip_prefix("ec:") {
            Some(curve) => format!("ec -pkeyopt ec_paramgen_curve:{curve}"),
            None => key.to_owned(),
        };
        self.openssl(&format!(
            "req -newkey {key} -nodes -keyout {name}.key -out {name}.csr -subj /O=Lab/CN={name} -config ca.conf"
        ));
        self.openssl(&format!(
            "ca -batch -notext -config ca.conf -in {name}.csr -out {name}.pem -cert {issuer}.pem \
             -keyfile {issuer}.key -extfile extensions -startdate {from} -enddate {until}"
        ));
    }

    /// A reply by `openssl ts -reply`.
    fn reply(&self, signer: &str, query: &str, options: &str, chain: &str) -> Vec<u8> {
        let digest = if options.contains("signer_digest") {
            ""
        } else {
            "signer_digest=sha256"
        };
        let configuration = format!(
            "[tsa]\ndefault_tsa=one\n[one]\nserial=ts-serial\n{digest}\n\
             default_policy=1.2.3.4.1\ndigests=sha256,sha512\naccuracy=secs:1,millisecs:500\n\
             ordering=yes\ntsa_name=yes\ness_cert_id_chain=no\n{options}\n"
        );
        self.write("ts.conf", configuration.as_bytes());
        self.openssl(&format!(
            "ts -reply -config ts.conf -queryfile {query} -signer {signer}.pem -inkey {signer}.key \
             -out reply.tsr {chain}"
        ));
        self.read("reply.tsr")
    }

    /// A reply with that time by `openssl cms`, which signs whatever it is given.
    fn forge(&self, signer: &str, template: &[u8], time: &str, options: &str) -> Vec<u8> {
        let info = edited_info(template, time);
        self.write("info.der", &info);
        self.openssl(&format!(
            "cms -sign -binary -nodetach -cades -econtent_type 1.2.840.113549.1.9.16.1.4 -md sha256 \
             -in info.der -signer {signer}.pem -inkey {signer}.key -outform DER -out token.der {options}"
        ));
        let token = self.read("token.der");
        sequence(&[&[0x30, 3, 2, 1, 0][..], &token].concat())
    }

    fn openssl_verifies(&self, reply: &[u8], anchors: &str, attime: Option<&str>) -> bool {
        self.write("check.tsr", reply);
        let attime = attime
            .map(|time| format!("-attime {time}"))
            .unwrap_or_default();
        self.try_openssl(&format!(
            "ts -verify -data data -in check.tsr -CAfile {anchors} {attime}"
        ))
        .is_ok()
    }

    fn anchors(&self, name: &str) -> TrustAnchors {
        TrustAnchors::parse(&self.read(name)).unwrap()
    }
}

fn sequence(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_le_bytes();
    [&[0x30, 0x82, length[1], length[0]], content].concat()
}

/// The TSTInfo of a reply with another time in it.
fn edited_info(reply: &[u8], time: &str) -> Vec<u8> {
    let start = reply
        .windows(6)
        .position(|window| window == [2, 1, 1, 6, 4, 0x2a])
        .unwrap();
    // The version is the first field of the sequence, whose header is two bytes or three.
    let header = if reply[start - 2] == 0x30 { 2 } else { 3 };
    let length = usize::from(reply[start - 1]);
    let mut info = reply[start - header..start + length].to_vec();
    let at = info
        .windows(2)
        .position(|window| window == [0x18, 15])
        .unwrap()
        + 2;
    info[at..at + 15].copy_from_slice(time.as_bytes());
    info
}

fn digest() -> [u8; 32] {
    *Sha256Hash::of(DATA).as_bytes()
}

fn verify(reply: &[u8], anchors: &TrustAnchors) -> Result<TimestampInfo, TimestampError> {
    Reply::parse(reply)?.verify(&digest(), anchors)
}

#[test]
fn what_openssl_stamps_holds_with_every_algorithm() {
    let Some(lab) = Lab::new() else { return };
    lab.write("query.tsq", &request(&digest(), 0xfedc_ba98_7654_3210));
    let text = lab.openssl("ts -query -in query.tsq -text");
    assert!(text.contains("Certificate required: yes"), "{text}");
    assert!(text.contains("Nonce: 0xFEDCBA9876543210"), "{text}");
    let query = Request::parse(&lab.read("query.tsq")).unwrap();
    let trusted = lab.anchors("root.pem");

    for (index, (key, options)) in [
        ("rsa:2048", "ess_cert_id_alg=sha1"),
        ("rsa:2048", "ess_cert_id_alg=sha256"),
        ("rsa:3072", "signer_digest=sha512\ness_cert_id_alg=sha512"),
        ("rsa:4096", "signer_digest=sha384\ness_cert_id_alg=sha384"),
        ("ec:prime256v1", ""),
        ("ec:secp384r1", "signer_digest=sha384"),
        ("ec:secp384r1", "signer_digest=sha256"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("tsa{index}");
        lab.signer(&name, "root", Wish { key, ..GOOD });
        let bytes = lab.reply(&name, "query.tsq", options, "-chain root.pem");
        assert!(
            lab.openssl_verifies(&bytes, "root.pem", None),
            "{key} {options}"
        );
        let info =
            verify(&bytes, &trusted).unwrap_or_else(|error| panic!("{key} {options}: {error}"));
        assert_eq!(info.tsa_name, format!("O=Lab, CN={name}"));
        assert_eq!(info.policy, "1.2.3.4.1");
        assert_eq!(info.accuracy_micros, Some(1_500_000));
        Reply::parse(&bytes).unwrap().check_request(&query).unwrap();
        assert!(matches!(
            verify(&bytes, &lab.anchors("stranger.pem")),
            Err(TimestampError::Untrusted { .. })
        ));
        assert!(matches!(
            verify(&bytes, &TrustAnchors::default()),
            Err(TimestampError::Untrusted { .. })
        ));
    }

    // What is not supported says so.
    let bytes = lab.reply("tsa5", "query.tsq", "signer_digest=sha512", "");
    let error = verify(&bytes, &trusted).unwrap_err();
    assert!(error.to_string().contains("ECDSA with SHA-512"), "{error}");
}

#[test]
fn a_request_without_nonce_and_an_intermediate_authority() {
    let Some(lab) = Lab::new() else { return };
    lab.openssl("ts -query -data data -sha256 -no_nonce -cert -out query.tsq");
    let query = Request::parse(&lab.read("query.tsq")).unwrap();
    assert_eq!(query.sha256, digest());
    let authority = Wish {
        usage: "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign",
        ..GOOD
    };
    lab.signer("middle", "root", authority);
    lab.signer("tsa", "middle", GOOD);
    let with = lab.reply("tsa", "query.tsq", "", "-chain middle.pem");
    verify(&with, &lab.anchors("root.pem")).unwrap();
    Reply::parse(&with).unwrap().check_request(&query).unwrap();
    // The user may trust the intermediate one, and DER will do.
    lab.openssl("x509 -in middle.pem -outform DER -out middle.der");
    verify(&with, &lab.anchors("middle.der")).unwrap();
    let without = lab.reply("tsa", "query.tsq", "", "");
    assert!(matches!(
        verify(&without, &lab.anchors("root.pem")),
        Err(TimestampError::Untrusted { .. })
    ));
    assert!(!lab.openssl_verifies(&without, "root.pem", None));

    lab.openssl("ts -query -data data -sha256 -out bare.tsq");
    let bare = lab.reply("tsa", "bare.tsq", "", "");
    assert_eq!(
        verify(&bare, &lab.anchors("root.pem")),
        Err(TimestampError::NoCertificate)
    );
}

#[test]
fn what_does_not_hold_is_told_apart() {
    let Some(lab) = Lab::new() else { return };
    let trusted = lab.anchors("root.pem");
    lab.write("query.tsq", &request(&digest(), 1));
    lab.signer("tsa", "root", GOOD);
    let good = lab.reply("tsa", "query.tsq", "", "");
    verify(&good, &trusted).unwrap();

    // Another file, another request.
    let reply = Reply::parse(&good).unwrap();
    let error = reply.verify(&[7; 32], &trusted).unwrap_err();
    assert!(
        matches!(error, TimestampError::OtherContent { .. }),
        "{error}"
    );
    let other = Request::parse(&request(&digest(), 2)).unwrap();
    assert!(matches!(
        reply.check_request(&other),
        Err(TimestampError::OtherRequest(_))
    ));
    let other = Request::parse(&request(&[7; 32], 1)).unwrap();
    assert!(matches!(
        reply.check_request(&other),
        Err(TimestampError::OtherContent { .. })
    ));

    // Any changed byte: openssl and we agree that it does not hold, except where the change is
    // in what nobody signs (the authority's status text; certificates beside the signer's).
    let mut differ = Vec::new();
    for at in (0..good.len()).step_by(11) {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        let (ours, theirs) = (
            verify(&bytes, &trusted).is_ok(),
            lab.openssl_verifies(&bytes, "root.pem", None),
        );
        if ours && !theirs {
            differ.push(at);
        }
    }
    assert_eq!(
        differ,
        Vec::<usize>::new(),
        "we are more lenient than openssl"
    );
    for end in 0..good.len() {
        assert!(verify(&good[..end], &trusted).is_err(), "cut at {end}");
    }

    // Certificates that may not sign timestamps.
    for (name, usage, reason) in [
        (
            "server",
            "extendedKeyUsage=critical,serverAuth",
            "timeStamping alone",
        ),
        (
            "both",
            "extendedKeyUsage=critical,timeStamping,codeSigning",
            "timeStamping alone",
        ),
        (
            "lax",
            "extendedKeyUsage=timeStamping",
            "not marked critical",
        ),
        (
            "none",
            "keyUsage=critical,digitalSignature",
            "no extended key usage",
        ),
        (
            "cipher",
            "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,keyEncipherment",
            "no signatures",
        ),
    ] {
        lab.signer(name, "root", Wish { usage, ..GOOD });
        let bytes = lab.forge(name, &good, "20261122120000Z", "");
        let error = verify(&bytes, &trusted).unwrap_err();
        assert!(
            matches!(error, TimestampError::WrongPurpose { .. }),
            "{name}: {error}"
        );
        assert!(error.to_string().contains(reason), "{name}: {error}");
        assert!(!lab.openssl_verifies(&bytes, "root.pem", None), "{name}");
    }

    // Times outside of the certificate's validity, however valid it is today, and inside,
    // although it has expired since.
    let short = Wish {
        from: "20200101000000Z",
        until: "20200201000000Z",
        ..GOOD
    };
    lab.signer("expired", "root", short);
    for (time, holds) in [
        ("20200115120000Z", true),
        ("20200301120000Z", false),
        ("20191231235959Z", false),
    ] {
        let bytes = lab.forge("expired", &good, time, "");
        match verify(&bytes, &trusted) {
            Ok(info) => assert!(holds && info.time.timestamp() == 1_579_089_600, "{time}"),
            Err(error) => {
                assert!(!holds, "{time}: {error}");
                assert!(
                    matches!(error, TimestampError::NotValidThen { .. }),
                    "{error}"
                );
            }
        }
    }

    // RSA-PSS and a signer that is named by its key id.
    let pss = lab.forge(
        "tsa",
        &good,
        "20261122120000Z",
        "-keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:32",
    );
    verify(&pss, &trusted).unwrap();
    let keyid = lab.forge("tsa", &good, "20261122120000Z", "-keyid");
    verify(&keyid, &trusted).unwrap();
    // A signature of the same content by a stranger's authority.
    lab.signer("strange", "stranger", GOOD);
    let strange = lab.forge("strange", &good, "20261122120000Z", "");
    assert!(matches!(
        verify(&strange, &trusted),
        Err(TimestampError::Untrusted { .. })
    ));
    verify(&strange, &lab.anchors("stranger.pem")).unwrap();

    // The authority refuses a digest that it does not know.
    lab.openssl("ts -query -data data -sha1 -cert -out sha1.tsq");
    assert!(matches!(
        Request::parse(&lab.read("sha1.tsq")),
        Err(TimestampError::Unsupported { .. })
    ));
    let refusal = lab.reply("tsa", "sha1.tsq", "", "");
    let error = Reply::parse(&refusal).unwrap_err();
    assert!(matches!(error, TimestampError::Refused(_)), "{error}");
    assert!(error.to_string().contains("algorithm"), "{error}");
}

#[test]
fn anchors_that_cannot_be_used_say_which() {
    for (bytes, message) in [
        (
            &b""[..],
            "trusted certificates, the file: there is no certificate in it",
        ),
        (
            b"\xff\xff",
            "trusted certificates, byte 0: this is neither PEM nor DER",
        ),
        (
            b"-----BEGIN CERTIFICATE-----\nMIIB",
            "trusted certificates, certificate 1: its END line is missing",
        ),
        (
            b"-----BEGIN CERTIFICATE-----\n??\n-----END CERTIFICATE-----",
            "trusted certificates, certificate 1: this is not base64",
        ),
        (
            b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----",
            "trusted certificates, certificate 1: BadDer",
        ),
    ] {
        assert_eq!(TrustAnchors::parse(bytes).unwrap_err().to_string(), message);
    }
}
