use super::*;

fn rules(text: &str) -> Vec<&'static str> {
    scan_text("text", text)
        .iter()
        .map(|found| found.rule.id)
        .collect()
}

/// Made up; put together here so that no scanner takes this file for a leak.
fn made_up(prefix: &str, length: usize) -> String {
    let random = "q7Zk2Wm9Xc4Vb1Nt8Lp3Rj6Hs5Gd0FyTaQeUiOzKxYw";
    format!(
        "{prefix}{}",
        random.chars().cycle().take(length).collect::<String>()
    )
}

fn hex(length: usize) -> String {
    "9f3ac1d07be25846fa10"
        .chars()
        .cycle()
        .take(length)
        .collect()
}

#[test]
fn forms_of_providers_are_found() {
    for (text, rule) in [
        (
            format!(
                "os.environ['K'] = '{}'",
                format_args!("AKIA{}", "Q7ZK2WM9XC4VB1NT")
            ),
            "aws-access-key",
        ),
        (made_up("ghp_", 36), "github-token"),
        (made_up("login(token='hf_", 34) + "')", "huggingface-token"),
        (made_up("key=sk-proj-", 48), "openai-key"),
        (made_up("AIza", 35), "google-api-key"),
        (made_up("xoxb-", 40), "slack-token"),
        (format!("wandb login {}", hex(40)), "login-password"),
        (
            format!("wandb: Paste your API key: {}", hex(40)),
            "named-secret",
        ),
        (
            format!(
                "{}.{}.{}",
                made_up("eyJ", 20),
                made_up("eyJ", 30),
                made_up("", 30)
            ),
            "jwt",
        ),
        (
            "postgresql://bob:s3cr-tpw9@db.example.org/x".into(),
            "address-password",
        ),
        ("password = \"hunter2!\"".into(), "named-password"),
        (format!("API_KEY: {}", made_up("", 32)), "named-secret"),
        (
            format!("{{\"client_secret\": \"{}\"}}", made_up("", 24)),
            "named-secret",
        ),
        (
            format!(
                "headers = {{'Authorization': 'Bearer {}'}}",
                made_up("", 40)
            ),
            "authorization-header",
        ),
        (
            format!("os.environ[\"X_TOKEN\"] = \"{}\"", made_up("", 32)),
            "named-secret",
        ),
        (
            format!("os.environ.setdefault('X_TOKEN', '{}')", made_up("", 32)),
            "named-secret",
        ),
        (
            format!("train.py --api-key {} --lr 3", made_up("", 32)),
            "named-secret",
        ),
        (
            format!("{{\"username\": \"ana\", \"key\": \"{}\"}}", hex(32)),
            "named-key",
        ),
        (
            "requests.get(url, auth=('ana', 'Tr0ub4dor'))".into(),
            "login-password",
        ),
        ("docker login -u ana -p Tr0ub4dor".into(), "login-password"),
        (
            "curl -u ana:Tr0ub4dor https://x.org".into(),
            "login-password",
        ),
        (format!("123456789:AA{}", made_up("", 33)), "telegram-token"),
    ] {
        assert_eq!(rules(&text), [rule], "{text}");
    }
}

#[test]
fn private_keys_are_found_however_they_stand() {
    let lines: Vec<String> = (0..12).map(|_| made_up("", 64)).collect();
    let key = format!(
        "-----BEGIN RSA {0}-----\n{1}\n-----END RSA {0}-----",
        "PRIVATE KEY",
        lines.join("\n")
    );
    let json = serde_json::to_string(&key).unwrap();
    let twice = serde_json::to_string(&json).unwrap();
    let list =
        serde_json::to_string_pretty(&key.split_inclusive('\n').collect::<Vec<_>>()).unwrap();
    let indented = key.replace('\n', "\n    ");
    let fingerprints: Vec<_> = [&key, &json, &twice, &list, &indented]
        .iter()
        .map(|text| {
            let found = scan_text("text", text);
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(found[0].rule.id, "private-key");
            found[0].fingerprint
        })
        .collect();
    assert!(
        fingerprints.windows(2).all(|pair| pair[0] == pair[1]),
        "{fingerprints:?}"
    );
    // The word alone, and a public key, are nothing.
    assert_eq!(
        rules(&format!("-----BEGIN {}-----", "PRIVATE KEY")),
        Vec::<&str>::new()
    );
    assert_eq!(rules(&key.replace("PRIVATE", "PUBLIC")), Vec::<&str>::new());
}

#[test]
fn ordinary_training_code_and_output_is_quiet() {
    for text in [
        "tokenizer = AutoTokenizer.from_pretrained('bert-base-uncased')",
        "pad_token = '[PAD]'; eos_token: '<|endoftext|>'",
        "token = tokens[i]  # token: Ġtransformer",
        "password = getpass.getpass()",
        "password = os.environ['DB_PASSWORD_PRODUCTION_1']",
        "api_key = os.environ.get(\"WANDB_API_KEY\")",
        "api_key=\"YOUR_API_KEY_HERE_123456\"",
        "AKIAIOSFODNN7EXAMPLE",
        "commit 0123456789abcdef0123456789abcdef01234567",
        "sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "https://user@example.org/x http://localhost:8888/?a=b",
        "mongodb://user:password@localhost/db",
        "sk-learn is not a key, nor is sk-something-with-many-words-but-no-digits-at-all",
        "secret = hash(password + salt)",
        "if password == 'a1b2c3d4e5': pass",
        "max_tokens: 4096, token_type_ids: [0, 1]",
        "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "login(token=\"hf_...\") --token ${HF_TOKEN} {{ token }} $TOKEN",
        "openai.api_key = userdata.get('OPENAI_API_KEY')",
        "key = jax.random.PRNGKey(42); key, subkey = random.split(key)",
        "df.sort_values(key='column_name_1', ascending=False)",
        "cache_key: 3a52ce780950d4d969792a2559cd519d7ee8c727",
        "keys = model.state_dict().keys()",
        "\"id\": \"8f14e45f-ceea-467f-9575-9f1e6c3b2a10\"",
    ] {
        assert_eq!(rules(text), Vec::<&str>::new(), "{text}");
    }
}

#[test]
fn a_secret_has_one_fingerprint_in_every_form() {
    let token = made_up("ghp_", 36);
    let plain = scan_text("a", &token)[0].fingerprint;
    for text in [
        format!("\u{1b}[31m{token}\u{1b}[0m"),
        format!(
            "\u{1b}[31m{}\u{1b}[1m{}\u{1b}[0m",
            &token[..10],
            &token[10..]
        ),
        serde_json::to_string(&format!("a\n{token}\n")).unwrap(),
        format!("&quot;{token}&quot;"),
        format!("\\u001b[1m{token}\\u001b[0m"),
    ] {
        let found = scan_text("a", &text);
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(found[0].fingerprint, plain, "{text}");
        assert_eq!(found[0].length, 40);
    }
    assert_eq!(plain.to_string().parse(), Ok(plain));
    assert!("xyz".parse::<Fingerprint>().is_err());
}

#[test]
fn places_are_lines_and_characters() {
    let text = format!("one\nzwölf: {}\n", made_up("ghp_", 36));
    let found = scan_text("cells[0].source", &text);
    assert_eq!((found[0].line, found[0].column), (2, 8));
}

#[test]
fn people_are_warned_of_folders_and_addresses() {
    let mut check = gate::SecretGate::new().own_email("ana@uni-x.de");
    check = check.allow(Fingerprint::of(b"x"));
    let mut check = check.check();
    check.text(
        "a",
        "/home/asilva/x C:\\Users\\Ana\\y /home/jovyan/z /Users/bob",
    );
    check.text(
        "a",
        "bo@uni-x.de ana@uni-x.de y = x@w.T a@b @torch.no_grad() git@github.com:x",
    );
    let report = check.finish();
    let found: Vec<_> = report
        .findings
        .iter()
        .map(|one| (one.rule.id, one.length))
        .collect();
    assert_eq!(
        found,
        [
            ("personal-path", 12),
            ("personal-path", 10),
            ("personal-path", 10),
            ("email", 11)
        ]
    );
    assert!(!report.blocks());
}

#[test]
fn a_file_of_many_windows_is_read_as_one() {
    let token = made_up("ghp_", 36);
    // One credential over the end of a window, one in the bytes that two windows share.
    let mut text = vec![b'a'; scanner::WINDOW - 20];
    text.push(b'\n');
    text.extend_from_slice(token.as_bytes());
    text.extend(vec![b'.'; 1000]);
    text.extend_from_slice(made_up("\nnpm_", 36).as_bytes());
    text.push(b' ');
    text.extend(vec![b'b'; scanner::WINDOW]);
    text.extend_from_slice(b"\npassword = \"hunter2!\"\n\xff\xfe");
    let gate = gate::SecretGate::new();
    let mut check = gate.check();
    check.read("log.txt", &mut text.as_slice()).unwrap();
    let report = check.finish();
    let places: Vec<_> = report
        .findings
        .iter()
        .map(|found| (found.rule.id, found.places[0].line, found.count))
        .collect();
    assert_eq!(
        places,
        [
            ("github-token", 2, 1),
            ("npm-token", 3, 1),
            ("named-password", 4, 1)
        ]
    );
}

#[test]
fn what_is_packed_is_said() {
    let gate = gate::SecretGate::new();
    let mut check = gate.check();
    check.bytes("a.gz", b"\x1f\x8b\x08\0");
    check.bytes("a.txt", b"x");
    let unseen = check.finish().unseen;
    assert_eq!(
        unseen,
        [gate::Unseen {
            path: "a.gz".into(),
            reason: "gzip"
        }]
    );
}

#[test]
fn a_long_line_takes_linear_time() {
    for piece in [
        "a://b:c@d=token:",
        "password",
        "eyJ",
        " -u ",
        "-----BEGIN RSA PRIVATE KEY-----",
        "\\\\\\\\",
        "key: ",
        "&#",
        "AKIA",
    ] {
        let long = piece.repeat(1_000_000 / piece.len());
        let started = std::time::Instant::now();
        rules(&long);
        assert!(
            started.elapsed().as_secs() < 20,
            "{piece}: {:?}",
            started.elapsed()
        );
    }
}
