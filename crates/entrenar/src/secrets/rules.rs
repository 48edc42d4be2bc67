/// Reports the rules that a line matches, each at most once.
pub(super) fn line(line: &str, before: &str, mut report: impl FnMut(&'static str)) {
    let mut seen: Vec<&'static str> = Vec::new();
    let mut found = |rule: &'static str| {
        if !seen.contains(&rule) {
            seen.push(rule);
            report(rule);
        }
    };
    if line.contains("-----BEGIN") && line.contains("PRIVATE KEY") {
        found("private key");
    }
    let near_wandb = mentions_wandb(line) || mentions_wandb(before);
    for token in line.split(|c: char| !is_token(c)).filter(|t| t.len() >= 16) {
        if let Some(rule) = provider(token) {
            found(rule);
        }
        if near_wandb
            && token.len() == 40
            && token.bytes().all(|b| b.is_ascii_hexdigit())
            && mixed(token)
        {
            found("Weights & Biases API key");
        }
    }
    if has_jwt(line) {
        found("JSON Web Token");
    }
    if has_password_in_address(line) {
        found("password in an address");
    }
    if let Some(rule) = assignment(line) {
        found(rule);
    }
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

fn mentions_wandb(line: &str) -> bool {
    line.as_bytes()
        .windows(5)
        .any(|window| window.eq_ignore_ascii_case(b"wandb"))
}

/// Letters and digits both.
fn mixed(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit()) && text.bytes().any(|b| b.is_ascii_alphabetic())
}

/// Forms that providers document. A prefix must begin the token.
fn provider(token: &str) -> Option<&'static str> {
    let rest = |prefix: &str| token.strip_prefix(prefix);
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric());
    let random = |text: &str| mixed(text) && entropy(text) >= 3.0;
    for prefix in ["AKIA", "ASIA"] {
        if let Some(rest) = rest(prefix)
            && rest.len() == 16
            && rest
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            && !rest.ends_with("EXAMPLE")
        {
            return Some("AWS access key");
        }
    }
    for prefix in ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"] {
        if rest(prefix).is_some_and(|rest| rest.len() >= 36 && plain(rest) && random(rest)) {
            return Some("GitHub token");
        }
    }
    if rest("github_pat_").is_some_and(|rest| rest.len() >= 40 && random(rest)) {
        return Some("GitHub token");
    }
    if rest("glpat-").is_some_and(|rest| rest.len() >= 20 && random(rest)) {
        return Some("GitLab token");
    }
    if rest("hf_").is_some_and(|rest| rest.len() >= 30 && plain(rest) && entropy(rest) >= 3.0) {
        return Some("Hugging Face token");
    }
    if rest("sk-ant-").is_some_and(|rest| rest.len() >= 24 && random(rest)) {
        return Some("Anthropic API key");
    }
    if rest("sk-").is_some_and(|rest| {
        rest.len() >= 32 && random(rest) && rest.bytes().any(|b| b.is_ascii_uppercase())
    }) {
        return Some("OpenAI API key");
    }
    if rest("AIza").is_some_and(|rest| rest.len() == 35 && random(rest)) {
        return Some("Google API key");
    }
    for prefix in ["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxe-"] {
        if rest(prefix).is_some_and(|rest| rest.len() >= 20 && random(rest)) {
            return Some("Slack token");
        }
    }
    for prefix in ["sk_live_", "rk_live_"] {
        if rest(prefix).is_some_and(|rest| rest.len() >= 20 && random(rest)) {
            return Some("Stripe key");
        }
    }
    if rest("pypi-AgEIcHlwaS").is_some_and(|rest| rest.len() >= 40) {
        return Some("PyPI token");
    }
    if rest("npm_").is_some_and(|rest| rest.len() == 36 && plain(rest) && random(rest)) {
        return Some("npm token");
    }
    None
}

/// Two base64url objects that begin like JSON, and a signature (RFC 7519).
fn has_jwt(line: &str) -> bool {
    line.split(|c: char| !is_token(c) && c != '.')
        .filter(|word| word.starts_with("eyJ"))
        .any(|word| {
            let parts: Vec<_> = word.splitn(4, '.').collect();
            matches!(parts.as_slice(), [head, body, signature, ..]
                if head.len() >= 16 && body.len() >= 16 && body.starts_with("eyJ") && signature.len() >= 16)
        })
}

/// `scheme://user:password@host`.
fn has_password_in_address(line: &str) -> bool {
    line.match_indices("://").any(|(at, _)| {
        let rest = line.get(at + 3..).unwrap_or_default();
        // No authority is that long; the bound keeps the search linear.
        let end = rest
            .char_indices()
            .take(300)
            .find(|(_, c)| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '`' | '<' | '>'))
            .map_or_else(
                || rest.char_indices().nth(300).map_or(rest.len(), |(i, _)| i),
                |(i, _)| i,
            );
        let authority = rest.get(..end).unwrap_or_default();
        authority
            .rsplit_once('@')
            .and_then(|(user, host)| Some((user.split_once(':')?.1, host)))
            .is_some_and(|(password, host)| {
                !host.is_empty() && password.chars().count() >= 4 && !is_placeholder(password)
            })
    })
}

/// What documentation writes in place of a secret.
fn is_placeholder(value: &str) -> bool {
    const WORDS: [&str; 12] = [
        "password",
        "passwd",
        "secret",
        "token",
        "your",
        "example",
        "changeme",
        "placeholder",
        "xxxx",
        "redacted",
        "****",
        "....",
    ];
    let lower = value.to_ascii_lowercase();
    WORDS.iter().any(|word| lower.contains(word))
        || value.starts_with(['$', '{', '<', '%', '['])
        || value.contains(['(', '{', '$'])
}

/// How a name ends that holds a secret, and how long and random a value must be.
const NAMES: [(&str, usize, f64, &str); 12] = [
    ("password", 6, 2.3, "password"),
    ("passwd", 6, 2.3, "password"),
    ("passphrase", 6, 2.3, "password"),
    ("apikey", 16, 3.0, "API key"),
    ("secretkey", 16, 3.0, "secret key"),
    ("accesskey", 16, 3.0, "secret key"),
    ("accountkey", 16, 3.0, "secret key"),
    ("privatekey", 16, 3.0, "secret key"),
    ("clientsecret", 12, 3.0, "secret"),
    ("secret", 12, 3.0, "secret"),
    ("authorization", 20, 3.3, "token"),
    ("token", 20, 3.3, "token"),
];

/// `name = "value"` or `name: value`, where the name ends like one that holds a secret.
fn assignment(line: &str) -> Option<&'static str> {
    line.match_indices(['=', ':']).find_map(|(at, _)| {
        let after = line.get(at + 1..)?;
        // Not a comparison, not an address, not a path of Rust.
        if after.starts_with(['=', ':', '/']) {
            return None;
        }
        let before = line.get(..at)?;
        if before.ends_with(['=', ':', '!', '<', '>']) {
            return None;
        }
        let name = name_before(before);
        if !name.ends_with(['d', 'e', 'y', 't', 'n']) {
            return None;
        }
        let &(_, length, bits, rule) = NAMES.iter().find(|(end, ..)| name.ends_with(end))?;
        let value = value_after(after)?;
        let is_value = value.text.len() >= length
            && !is_placeholder(value.text)
            && entropy(value.text) >= bits
            && (mixed(value.text) || value.quoted && rule == "password" && has_symbol(value.text))
            // Unquoted, it may be an expression.
            && (value.quoted || value.text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-+/=~".contains(&b)));
        is_value.then_some(rule)
    })
}

fn has_symbol(text: &str) -> bool {
    text.bytes()
        .any(|b| b.is_ascii_punctuation() && b != b'_' && b != b'-')
}

/// The name that ends at the end of `before`, in lower case and without `_` and `-`.
fn name_before(before: &str) -> String {
    let trimmed = before
        .trim_end()
        .trim_end_matches(['"', '\'', ']', '\\'])
        .trim_end();
    let mut name: Vec<char> = trimmed
        .chars()
        .rev()
        .take_while(|c| is_token(*c))
        .take(40)
        .filter(|c| c.is_ascii_alphanumeric())
        .map(|c| c.to_ascii_lowercase())
        .collect();
    name.reverse();
    name.into_iter().collect()
}

struct Assigned<'a> {
    text: &'a str,
    quoted: bool,
}

fn value_after(after: &str) -> Option<Assigned<'_>> {
    // Longer values are texts, not credentials.
    const LONGEST: usize = 300;
    let after = after.trim_start();
    let unescaped = after.strip_prefix('\\').unwrap_or(after);
    let unprefixed = unescaped
        .strip_prefix(['b', 'r', 'f', 'u'])
        .filter(|rest| rest.starts_with(['"', '\'']))
        .unwrap_or(unescaped);
    let quote = unprefixed
        .chars()
        .next()
        .filter(|c| matches!(c, '"' | '\''));
    let body = match quote {
        Some(_) => unprefixed.get(1..)?,
        None => after,
    };
    let body = body.strip_prefix("Bearer ").unwrap_or(body);
    let end = body
        .char_indices()
        .take(LONGEST)
        .find(|(_, c)| match quote {
            Some(quote) => *c == quote || *c == '\\',
            None => c.is_whitespace() || matches!(c, ',' | ';' | ')' | '"' | '\'' | '&'),
        })
        .map(|(at, _)| at);
    let text = match end {
        Some(end) => body.get(..end)?,
        None if body.len() <= LONGEST => body,
        None => return None,
    };
    if text.contains(char::is_whitespace) {
        return None;
    }
    Some(Assigned {
        text,
        quoted: quote.is_some(),
    })
}

/// Shannon's entropy in bits a byte, of at most the first 300 bytes.
fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    let mut total = 0_u32;
    for byte in text.bytes().take(300) {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
        total += 1;
    }
    counts
        .into_iter()
        .filter(|count| *count > 0)
        .map(|count| {
            let share = f64::from(count) / f64::from(total);
            -share * share.log2()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Vec<&'static str> {
        let mut found = Vec::new();
        let mut before = "";
        for one in text.lines() {
            line(one, before, |rule| found.push(rule));
            before = one;
        }
        found
    }

    /// Made up; put together here so that no scanner takes this file for a leak.
    fn made_up(prefix: &str, length: usize) -> String {
        let random = "q7Zk2Wm9Xc4Vb1Nt8Lp3Rj6Hs5Gd0FyTaQeUiOzKxYw";
        format!(
            "{prefix}{}",
            random.chars().cycle().take(length).collect::<String>()
        )
    }

    #[test]
    fn forms_of_providers_are_found() {
        for (text, rule) in [
            (
                format!(
                    "os.environ['K'] = '{}'",
                    format_args!("AKIA{}", "Q7ZK2WM9XC4VB1NT")
                ),
                "AWS access key",
            ),
            (made_up("ghp_", 36), "GitHub token"),
            (made_up("login(token='hf_", 34) + "')", "Hugging Face token"),
            (made_up("key=sk-proj-", 48), "OpenAI API key"),
            (made_up("AIza", 35), "Google API key"),
            (made_up("xoxb-", 40), "Slack token"),
            (
                format!("-----BEGIN RSA {} KEY-----", "PRIVATE"),
                "private key",
            ),
            (
                format!("wandb login {}", "0123456789abcdef0123456789abcdef01234567"),
                "Weights & Biases API key",
            ),
            (
                format!(
                    "wandb: Paste your key:\n{}",
                    "0123456789abcdef0123456789abcdef01234567"
                ),
                "Weights & Biases API key",
            ),
            (
                format!(
                    "{}.{}.{}",
                    made_up("eyJ", 20),
                    made_up("eyJ", 30),
                    made_up("", 30)
                ),
                "JSON Web Token",
            ),
            (
                "postgresql://bob:s3cr-tpw9@db.example.org/x".into(),
                "password in an address",
            ),
            ("password = \"hunter2!\"".into(), "password"),
            (format!("API_KEY: {}", made_up("", 32)), "API key"),
            (
                format!("{{\"client_secret\": \"{}\"}}", made_up("", 24)),
                "secret",
            ),
            (
                format!(
                    "headers = {{'Authorization': 'Bearer {}'}}",
                    made_up("", 40)
                ),
                "token",
            ),
        ] {
            assert!(
                rules(&text).contains(&rule),
                "{rule}: {text} gave {:?}",
                rules(&text)
            );
        }
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
        ] {
            assert_eq!(rules(text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn a_long_line_takes_linear_time() {
        let long = "a://b:c@d=token:".repeat(20_000);
        let started = std::time::Instant::now();
        rules(&long);
        assert!(started.elapsed().as_secs() < 10);
    }
}
