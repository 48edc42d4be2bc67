//! Credentials that are known by their structure: keys in armour, tokens in parts, passwords in
//! addresses and headers.

use std::ops::Range;

use super::formats::Alphabet;
use super::likely;
use super::names;
use super::{Rule, Severity};

/// What stands at a place.
pub(super) type Found = (Rule, Range<usize>);

const fn rule(id: &'static str, title: &'static str) -> Rule {
    Rule {
        id,
        title,
        severity: Severity::Blocks,
    }
}

pub(super) const PRIVATE_KEY: Rule = rule("private-key", "private key");
const JWT: Rule = rule("jwt", "JSON Web Token");
const ADDRESS: Rule = rule("address-password", "password in an address");
const HEADER: Rule = rule("authorization-header", "authorization header");
pub(super) const LOGIN: Rule = rule("login-password", "password of a login");
const AWS_SECRET: Rule = rule("aws-secret-key", "AWS secret key");
const SAS: Rule = rule("azure-sas", "Azure shared access signature");

/// Longest armour: keys of 16,384 bits have 13 KiB.
const LONGEST_ARMOUR: usize = 32 << 10;
/// Longest part of a token.
const LONGEST_PART: usize = 16 << 10;
/// Longest authority of an address, and line that is looked back into.
const LONGEST_AUTHORITY: usize = 512;

/// Which structure a keyword is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Armour,
    Putty,
    Jwt,
    Address,
    Bearer,
    Basic,
    Signature,
    AzureSecret,
    AzureDevOps,
    Terraform,
    Telegram,
    Mailchimp,
    DiscordHook,
    TeamsHook,
    Firebase,
    Maxmind,
    CurlUser,
    ShortFlag,
    Run,
    Login,
}

/// The keywords, and what they are part of.
pub(super) const ANCHORS: [(&str, Anchor); 27] = [
    ("-----BEGIN", Anchor::Armour),
    ("Private-Lines:", Anchor::Putty),
    ("eyJ", Anchor::Jwt),
    ("://", Anchor::Address),
    ("bearer ", Anchor::Bearer),
    ("authorization: token ", Anchor::Bearer),
    ("authorization\": \"token ", Anchor::Bearer),
    ("authorization': 'token ", Anchor::Bearer),
    ("basic ", Anchor::Basic),
    ("sig=", Anchor::Signature),
    ("-signature=", Anchor::Signature),
    ("Q~", Anchor::AzureSecret),
    ("AZDO", Anchor::AzureDevOps),
    (".atlasv1.", Anchor::Terraform),
    (":AA", Anchor::Telegram),
    ("-us", Anchor::Mailchimp),
    ("/api/webhooks/", Anchor::DiscordHook),
    ("/IncomingWebhook/", Anchor::TeamsHook),
    (":APA91b", Anchor::Firebase),
    ("_mmk", Anchor::Maxmind),
    (" -u", Anchor::CurlUser),
    (" --user ", Anchor::CurlUser),
    (" -p", Anchor::ShortFlag),
    (" login ", Anchor::ShortFlag),
    (".run(", Anchor::Run),
    (".start(", Anchor::Run),
    ("login(", Anchor::Login),
];

/// What stands around the keyword at `range`.
pub(super) fn found(text: &[u8], anchor: Anchor, range: Range<usize>) -> Option<Found> {
    match anchor {
        Anchor::Armour => armour(text, range),
        Anchor::Putty => putty(text, range.end),
        Anchor::Jwt => jwt(text, range.start),
        Anchor::Address => address(text, range),
        Anchor::Bearer => bearer(text, range.end),
        Anchor::Basic => basic(text, range),
        Anchor::Signature => signature(text, range.end),
        Anchor::AzureSecret => azure_secret(text, range),
        Anchor::AzureDevOps => {
            let rule = rule("azure-devops-token", "Azure DevOps token");
            around(text, range, rule, Alphabet::Alnum, 76..=76, 4..=4)
        }
        Anchor::Terraform => terraform(text, range),
        Anchor::Telegram => telegram(text, range),
        Anchor::Mailchimp => mailchimp(text, range),
        Anchor::DiscordHook => discord_hook(text, range.end),
        Anchor::TeamsHook => {
            let rule = rule("teams-webhook", "Microsoft Teams webhook");
            let length = Alphabet::Hex.run(text.get(range.end..)?, 32);
            (length == 32).then_some((rule, range.end..range.end + 32))
        }
        Anchor::Firebase => {
            let rule = rule("firebase-key", "Firebase Cloud Messaging key");
            around(text, range, rule, Alphabet::Url, 11..=30, 100..=200)
        }
        Anchor::Maxmind => {
            let rule = rule("maxmind-key", "MaxMind licence key");
            around(text, range, rule, Alphabet::Url, 36..=36, 0..=0)
        }
        Anchor::CurlUser => curl_user(text, range.end),
        Anchor::ShortFlag => short_flag(text, range),
        Anchor::Run => run(text, range.end),
        Anchor::Login => names::second_string(text, range.end - 1),
    }
}

/// `before` characters, the keyword, and `after` characters of one alphabet.
fn around(
    text: &[u8],
    keyword: Range<usize>,
    rule: Rule,
    alphabet: Alphabet,
    before: std::ops::RangeInclusive<usize>,
    after: std::ops::RangeInclusive<usize>,
) -> Option<Found> {
    let start =
        keyword.start - run_before(text, keyword.start, before.end() + 1, |b| alphabet.has(b));
    let end = keyword.end + alphabet.run(text.get(keyword.end..)?, *after.end());
    let is_it = before.contains(&(keyword.start - start))
        && after.contains(&(end - keyword.end))
        && !likely::is_made_up(text.get(start..end)?);
    is_it.then_some((rule, start..end))
}

/// Bytes before `at` that `has` accepts, `most` at most.
pub(super) fn run_before(text: &[u8], at: usize, most: usize, has: impl Fn(u8) -> bool) -> usize {
    text.get(..at)
        .unwrap_or_default()
        .iter()
        .rev()
        .take(most)
        .take_while(|byte| has(**byte))
        .count()
}

/// The bytes before `at` in its line, so many at most.
pub(super) fn line_before(text: &[u8], at: usize, most: usize) -> &[u8] {
    let before = text.get(at.saturating_sub(most)..at).unwrap_or_default();
    match memchr::memrchr(b'\n', before) {
        Some(end) => before.get(end + 1..).unwrap_or_default(),
        None => before,
    }
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, word)
}

/// A block of PEM (RFC 7468), OpenSSH or OpenPGP (RFC 9580, 6.2) with a private key in it, also
/// where its lines are strings of a list.
fn armour(text: &[u8], keyword: Range<usize>) -> Option<Found> {
    let rest = text.get(keyword.end..)?;
    let label = rest.get(..rest.len().min(64))?;
    let label = label.get(..find(label, b"-----")?)?;
    if !label.ends_with(b"PRIVATE KEY") && !label.ends_with(b"PRIVATE KEY BLOCK") {
        return None;
    }
    let begin = label.len() + 5;
    let body = rest.get(begin..rest.len().min(LONGEST_ARMOUR))?;
    let inside = find(body, b"-----");
    let (inside, end) = match inside {
        Some(at)
            if body
                .get(at..)
                .is_some_and(|rest| rest.starts_with(b"-----END")) =>
        {
            let after = body.get(at + 8..).unwrap_or_default();
            let tail = find(after.get(..after.len().min(64))?, b"-----").map_or(0, |end| end + 5);
            (at, at + 8 + tail)
        }
        // Cut off; what there is of it is one line of key at least.
        _ => {
            let body = body.get(..inside.unwrap_or(body.len()))?;
            let key = body.iter().take_while(|byte| is_armour(**byte)).count();
            (key, key)
        }
    };
    let key = body.get(..inside)?;
    let letters = key
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .count();
    let dots = key.iter().filter(|byte| **byte == b'.').count();
    if letters < 40 || dots * 4 > letters || likely::entropy(key) < 3.5 {
        return None;
    }
    Some((PRIVATE_KEY, keyword.start..keyword.end + begin + end))
}

fn is_armour(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() || b"+/=\"',:-#>".contains(&byte)
}

/// The private half of a PuTTY key file.
fn putty(text: &[u8], at: usize) -> Option<Found> {
    let rest = text.get(at..(at + LONGEST_ARMOUR).min(text.len()))?;
    let end = find(rest, b"Private-")
        .unwrap_or_else(|| rest.iter().take_while(|byte| is_armour(**byte)).count());
    let letters = rest
        .get(..end)?
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric());
    (letters.count() >= 40).then_some((PRIVATE_KEY, at..at + end))
}

/// Objects in base64url with dots between (RFC 7519; RFC 7516 for encrypted ones).
fn jwt(text: &[u8], at: usize) -> Option<Found> {
    if at
        .checked_sub(1)
        .and_then(|at| text.get(at))
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_-+/".contains(byte))
    {
        return None;
    }
    let mut end = at;
    let mut lengths = Vec::new();
    loop {
        let length = Alphabet::Url.run(text.get(end..)?, LONGEST_PART);
        lengths.push(length);
        end += length;
        if text.get(end) != Some(&b'.') || lengths.len() == 5 {
            break;
        }
        end += 1;
    }
    let [head, body, ..] = lengths.as_slice() else {
        return neptune(text, at..end);
    };
    let whole = text.get(at..end)?;
    let signature = whole
        .rsplit(|byte| *byte == b'.')
        .next()
        .unwrap_or_default();
    let is_it = lengths.len() >= 3
        && *head >= 16
        && (*body >= 10 || lengths.len() == 5)
        && signature.len() >= 16
        && !likely::is_made_up(signature);
    is_it.then_some((JWT, at..end))
}

/// An API token of Neptune: one object in base64 that begins with `api_address` and holds a key.
fn neptune(text: &[u8], range: Range<usize>) -> Option<Found> {
    const BEGIN: &[u8] = b"eyJhcGlf";
    let whole = text.get(range.clone())?;
    let padding = text
        .get(range.end..)?
        .iter()
        .take(2)
        .take_while(|byte| **byte == b'=')
        .count();
    (whole.starts_with(BEGIN) && whole.len() >= 80).then_some((
        rule("neptune-token", "Neptune API token"),
        range.start..range.end + padding,
    ))
}

/// `scheme://user:password@host`, and `scheme://token@host` where the token is random.
fn address(text: &[u8], keyword: Range<usize>) -> Option<Found> {
    if run_before(text, keyword.start, 1, |byte| byte.is_ascii_alphanumeric()) == 0 {
        return None;
    }
    let rest = text.get(keyword.end..)?;
    let rest = rest.get(..rest.len().min(LONGEST_AUTHORITY))?;
    let stop = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`<>\\,;|".contains(byte);
    let end = rest.iter().position(stop).unwrap_or(rest.len());
    let rest = rest.get(..end)?;
    // A password may hold a `/` that nobody escaped; then the last `@` before the path counts.
    let slash = rest
        .iter()
        .position(|byte| matches!(byte, b'/' | b'?' | b'#'))
        .unwrap_or(end);
    let at = match rest.get(..slash)?.iter().rposition(|byte| *byte == b'@') {
        Some(at) => at,
        None => {
            let first = rest.iter().position(|byte| *byte == b'@')?;
            let colon = rest.get(..slash)?.iter().position(|byte| *byte == b':')?;
            // `host:8080/path@x` is no password.
            if rest.get(colon + 1..slash)?.iter().all(u8::is_ascii_digit) {
                return None;
            }
            first
        }
    };
    let user = rest.get(..at)?;
    let host = rest.get(at + 1..)?;
    if !host
        .first()
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'[' | b'_'))
    {
        return None;
    }
    let (start, secret) = match user.iter().position(|byte| *byte == b':') {
        Some(colon) => (colon + 1, user.get(colon + 1..)?),
        None => (0, user),
    };
    let telling = if start == 0 {
        secret.len() >= 20
            && likely::is_mixed(secret)
            && !likely::is_wordy(secret)
            && !likely::is_made_up(secret)
    } else {
        is_address_password(user.get(..start - 1)?, secret)
    };
    telling.then_some((ADDRESS, keyword.end + start..keyword.end + at))
}

fn is_address_password(user: &[u8], password: &[u8]) -> bool {
    const USUAL: [&[u8]; 14] = [
        b"pass",
        b"pwd",
        b"pw",
        b"test",
        b"postgres",
        b"root",
        b"admin",
        b"user",
        b"guest",
        b"name",
        b"minio",
        b"minioadmin",
        b"1234",
        b"port",
    ];
    password.len() >= 4
        && !password.eq_ignore_ascii_case(user)
        && !USUAL
            .iter()
            .any(|usual| password.eq_ignore_ascii_case(usual))
        && !likely::is_placeholder(password)
        && !password
            .iter()
            .all(|byte| *byte == b'x' || *byte == b'X' || *byte == b'.')
}

/// What follows `Bearer`.
fn bearer(text: &[u8], at: usize) -> Option<Found> {
    let length = Alphabet::Base64
        .run(text.get(at..)?, LONGEST_PART)
        .max(Alphabet::Dotted.run(text.get(at..)?, LONGEST_PART));
    let value = text.get(at..at + length)?;
    let is_it = length >= 16
        && likely::is_mixed(value)
        && !likely::is_wordy(value)
        && !likely::is_placeholder(value)
        && !likely::is_made_up(value);
    is_it.then_some((HEADER, at..at + length))
}

/// What follows `Basic`: `user:password` in base64 (RFC 7617).
fn basic(text: &[u8], keyword: Range<usize>) -> Option<Found> {
    let length = Alphabet::Base64.run(text.get(keyword.end..)?, 512);
    let value = text.get(keyword.end..keyword.end + length)?;
    is_login(value).then_some((HEADER, keyword.end..keyword.end + length))
}

/// Whether it is `user:password` in base64.
pub(super) fn is_login(value: &[u8]) -> bool {
    if value.len() < 8 || !value.iter().any(u8::is_ascii_uppercase) {
        return false;
    }
    let Some(plain) = base64(value) else {
        return false;
    };
    let printable = plain.iter().all(|byte| (0x20..0x7f).contains(byte));
    let mut parts = plain.splitn(2, |byte| *byte == b':');
    match (parts.next(), parts.next()) {
        (Some(user), Some(password)) => printable && is_address_password(user, password),
        _ => false,
    }
}

/// Decodes base64, with or without padding.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut bits = 0_u32;
    let mut count = 0;
    for byte in text.iter().filter(|byte| **byte != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// A signature in an address: `sig=` of Azure, `X-Amz-Signature=`.
fn signature(text: &[u8], at: usize) -> Option<Found> {
    let rest = text.get(at..)?;
    let length = rest
        .iter()
        .take(200)
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"%+/=_-".contains(byte))
        .count();
    let value = rest.get(..length)?;
    let is_it =
        (40..200).contains(&length) && likely::is_mixed(value) && !likely::is_made_up(value);
    is_it.then_some((SAS, at..at + length))
}

/// Three characters, a digit, `Q~`, and 31 to 34 characters.
fn azure_secret(text: &[u8], keyword: Range<usize>) -> Option<Found> {
    let rule = rule("azure-client-secret", "Azure client secret");
    if text.get(keyword.clone())? != b"Q~" {
        return None;
    }
    let start = keyword.start.checked_sub(4)?;
    let end = keyword.end + Alphabet::Dotted.run(text.get(keyword.end..)?, 34);
    let before = start.checked_sub(1).and_then(|at| text.get(at));
    let is_it = text.get(start + 3)?.is_ascii_digit()
        && (31..=34).contains(&(end - keyword.end))
        && text
            .get(start..start + 3)?
            .iter()
            .all(|byte| Alphabet::Dotted.has(*byte))
        && !before.is_some_and(u8::is_ascii_alphanumeric);
    is_it.then_some((rule, start..end))
}

/// 14 characters, `.atlasv1.`, and 60 to 70 of a larger alphabet.
fn terraform(text: &[u8], keyword: Range<usize>) -> Option<Found> {
    let rule = rule("terraform-token", "Terraform Cloud token");
    let before = run_before(text, keyword.start, 15, |byte| byte.is_ascii_alphanumeric());
    let after = Alphabet::Wide.run(text.get(keyword.end..)?, 80);
    let is_it = before == 14 && (50..=80).contains(&after);
    is_it.then_some((rule, keyword.start - before..keyword.end + after))
}

fn telegram(text: &[u8], keyword: Range<usize>) -> Option<Found> {
    let digits = run_before(text, keyword.start, 17, |byte| byte.is_ascii_digit());
    let length = Alphabet::Url.run(text.get(keyword.start + 1..)?, 35);
    let start = keyword.start - digits;
    let before = start.checked_sub(1).and_then(|at| text.get(at));
    let is_it = (6..=16).contains(&digits)
        && (34..=35).contains(&length)
        // In the address of the API the word `bot` stands before it.
        && (!before.is_some_and(u8::is_ascii_alphanumeric) || text.get(..start)?.ends_with(b"bot"))
        && !likely::is_made_up(text.get(keyword.start + 3..keyword.start + 1 + length)?);
    let rule = rule("telegram-token", "Telegram bot token");
    is_it.then_some((rule, start..keyword.start + 1 + length))
}

fn mailchimp(text: &[u8], keyword: Range<usize>) -> Option<Found> {
    let digits = text
        .get(keyword.end..)?
        .iter()
        .take(3)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let hex = run_before(text, keyword.start, 33, |byte| byte.is_ascii_hexdigit());
    let start = keyword.start - hex;
    let is_it = (1..=2).contains(&digits)
        && hex == 32
        && !likely::is_made_up(text.get(start..keyword.start)?);
    is_it.then_some((
        rule("mailchimp-key", "Mailchimp API key"),
        start..keyword.end + digits,
    ))
}

fn discord_hook(text: &[u8], at: usize) -> Option<Found> {
    let id = text
        .get(at..)?
        .iter()
        .take(21)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if !(15..=20).contains(&id) || text.get(at + id) != Some(&b'/') {
        return None;
    }
    let start = at + id + 1;
    let length = Alphabet::Url.run(text.get(start..)?, 100);
    let is_it =
        (50..=100).contains(&length) && !likely::is_made_up(text.get(start..start + length)?);
    is_it.then_some((
        rule("discord-webhook", "Discord webhook"),
        start..start + length,
    ))
}

/// `curl -u user:password`.
fn curl_user(text: &[u8], at: usize) -> Option<Found> {
    let line = line_before(text, at, 256);
    if !["curl", "http", "wget", "docker", "skopeo"]
        .iter()
        .any(|name| find(line, name.as_bytes()).is_some())
    {
        return None;
    }
    let (start, end) = word(text, at)?;
    let value = text.get(start..end)?;
    let colon = value.iter().position(|byte| *byte == b':')?;
    let password = value.get(colon + 1..)?;
    is_address_password(value.get(..colon)?, password).then_some((LOGIN, start + colon + 1..end))
}

/// The word that begins at `at`, behind spaces, `=` and a quote.
fn word(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let spaces = text
        .get(at..)?
        .iter()
        .take(4)
        .take_while(|byte| matches!(byte, b' ' | b'='))
        .count();
    let mut start = at + spaces;
    let quote = text
        .get(start)
        .copied()
        .filter(|byte| matches!(byte, b'"' | b'\''));
    start += usize::from(quote.is_some());
    let length = text
        .get(start..)?
        .iter()
        .take(200)
        .position(|byte| match quote {
            Some(quote) => *byte == quote || *byte == b'\n',
            None => byte.is_ascii_whitespace() || b"\"'`;|&<>)".contains(byte),
        })
        .unwrap_or_else(|| text.len().saturating_sub(start).min(200));
    Some((start, start + length))
}

/// `docker login -p VALUE`, `mysql -pVALUE`, `sshpass -p VALUE`, `wandb login VALUE`.
fn short_flag(text: &[u8], keyword: Range<usize>) -> Option<Found> {
    let line = line_before(text, keyword.end, 256);
    let has = |name: &str| find(line, name.as_bytes()).is_some();
    let is_login = text.get(keyword.clone())?.eq_ignore_ascii_case(b" login ");
    if is_login {
        let end = keyword.end;
        // Flags of the command come before the key.
        let mut start = end;
        for _ in 0..4 {
            let (from, to) = word(text, start)?;
            let value = text.get(from..to)?;
            if !value.starts_with(b"--") {
                let telling = (32..=128).contains(&value.len())
                    && value.iter().all(|byte| Alphabet::Url.has(*byte))
                    && likely::is_mixed(value)
                    && !likely::is_wordy(value)
                    && !likely::is_made_up(value);
                return telling.then_some((LOGIN, from..to));
            }
            start = to;
        }
        return None;
    }
    if !(has("login")
        || has("mysql")
        || has("sshpass")
        || has("mariadb")
        || has("smbclient")
        || has("rabbitmqadmin"))
    {
        return None;
    }
    let (start, end) = word(text, keyword.end)?;
    let value = text.get(start..end)?;
    let telling = value.len() >= 6
        && (likely::is_mixed(value) || value.iter().any(u8::is_ascii_punctuation))
        && !value
            .iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b':')
        && !value.starts_with(b"-")
        && !likely::is_placeholder(value);
    telling.then_some((LOGIN, start..end))
}

/// `client.run("TOKEN")` of Discord's libraries: three parts with dots between.
fn run(text: &[u8], at: usize) -> Option<Found> {
    let (start, end) = word(text, at)?;
    let value = text.get(start..end)?;
    let lengths: Vec<usize> = value.split(|byte| *byte == b'.').map(<[u8]>::len).collect();
    let is_it = matches!(lengths.as_slice(), [23..=28, 5..=8, 25..=40])
        && value.iter().all(|byte| Alphabet::Dotted.has(*byte))
        && likely::is_mixed(value);
    is_it.then_some((rule("discord-token", "Discord bot token"), start..end))
}

/// A secret key that stands behind an access key of AWS: 40 characters of base64, near it.
pub(super) fn aws_secret(text: &[u8], at: usize) -> Option<Found> {
    let rest = text.get(at..text.len().min(at + 240))?;
    let mut start = 0;
    while start < rest.len() {
        let length = rest
            .get(start..)?
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte))
            .count();
        let value = rest.get(start..start + length)?;
        // Hexadecimal digits are the digest of something.
        if length == 40
            && likely::entropy(value) >= 4.2
            && value.iter().any(u8::is_ascii_uppercase)
            && value.iter().any(u8::is_ascii_lowercase)
            && likely::is_mixed(value)
            && !likely::is_placeholder(value)
        {
            return Some((AWS_SECRET, at + start..at + start + length));
        }
        start += length + 1;
    }
    None
}
